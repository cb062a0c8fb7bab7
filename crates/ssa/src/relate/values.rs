//! The numbers of a body's values, while the blocks of a proof are walked; with a way back to an
//! earlier state.

use crate::entity::Value;
use prova_terms::Vn;
use std::ops::Deref;

/// A number for each value that is known, and since when it is.
#[derive(Debug, Default)]
pub struct Values {
    /// [`Vn::UNDEF`] for what is not known.
    known: Vec<(Vn, u32)>,
    /// The changes, in order: the value and what was known before.
    trail: Vec<(Value, (Vn, u32))>,
    /// Whether there is a way back.
    is_kept: bool,
    now: u32,
}

impl Values {
    /// A table for `count` values, none of which is known.
    pub fn new(count: usize) -> Values {
        Values { is_kept: true, trail: Vec::with_capacity(count), ..Values::forward(count) }
    }

    /// The same without a way back.
    pub(crate) fn forward(count: usize) -> Values {
        let known = vec![(Vn::UNDEF, 0); count];
        Values { known, trail: Vec::new(), is_kept: false, now: 0 }
    }

    /// The number of a value, if that is known.
    #[inline]
    pub fn get(&self, value: Value) -> Option<Vn> {
        self.since(value).map(|(vn, _)| vn)
    }

    /// The same, and the time at which it was set.
    #[inline]
    pub fn since(&self, value: Value) -> Option<(Vn, u32)> {
        self.known.get(value.as_u32() as usize).copied().filter(|known| known.0 != Vn::UNDEF)
    }

    /// Says what a value is; of one that does not exist nothing is ever known.
    #[inline]
    pub fn set(&mut self, value: Value, vn: Option<Vn>) {
        if let Some(place) = self.known.get_mut(value.as_u32() as usize) {
            let known = (vn.unwrap_or(Vn::UNDEF), self.now);
            let before = std::mem::replace(place, known);
            if self.is_kept {
                self.trail.push((value, before));
            }
        }
    }

    /// The time of what is set from here on.
    pub fn begin(&mut self, now: u32) {
        self.now = now;
    }

    /// A place to come back to.
    pub fn mark(&self) -> usize {
        self.trail.len()
    }

    /// The values that were set since then, each with what is known of it now.
    pub fn changes(&self, mark: usize) -> impl Iterator<Item = (Value, Option<Vn>)> {
        let changed = self.trail.get(mark..).unwrap_or_default().iter();
        changed.map(|&(value, _)| (value, self.get(value)))
    }

    /// Makes everything what it was there.
    pub fn back(&mut self, mark: usize) {
        while self.trail.len() > mark {
            let Some((value, before)) = self.trail.pop() else { break };
            self.known[value.as_u32() as usize] = before;
        }
    }
}

/// The most operands of an operator that is pure.
const FEW: usize = 4;

/// The numbers of operands, which are mostly few.
#[derive(Clone, Debug)]
pub enum Operands {
    /// At most four.
    Few([Vn; FEW], usize),
    /// More.
    Many(Vec<Vn>),
}

impl Default for Operands {
    fn default() -> Operands {
        Operands::Few([Vn::UNDEF; FEW], 0)
    }
}

impl Operands {
    /// One more, behind the others.
    pub fn push(&mut self, vn: Vn) {
        match self {
            Operands::Few(few, count) if *count < FEW => {
                few[*count] = vn;
                *count += 1;
            }
            Operands::Few(few, _) => {
                let mut many = few.to_vec();
                many.push(vn);
                *self = Operands::Many(many);
            }
            Operands::Many(many) => many.push(vn),
        }
    }
}

impl Deref for Operands {
    type Target = [Vn];

    fn deref(&self) -> &[Vn] {
        match self {
            Operands::Few(few, count) => &few[..*count],
            Operands::Many(many) => many,
        }
    }
}
