//! The terms of a body's values, while a block and those that follow it alone are proved; with a
//! way back to an earlier state.

use crate::entity::Value;
use prova_terms::Vn;
use std::ops::Deref;

/// A term for each value that is known.
#[derive(Debug, Default)]
pub struct Values {
    terms: Vec<Option<Vn>>,
    /// The changes, in order: the value and its term before.
    trail: Vec<(Value, Option<Vn>)>,
}

impl Values {
    /// A table for `count` values, none of which is known.
    pub fn new(count: usize) -> Values {
        Values { terms: vec![None; count], trail: Vec::new() }
    }

    /// The term of a value, if that is known.
    #[inline]
    pub fn get(&self, value: Value) -> Option<Vn> {
        self.terms.get(value.as_u32() as usize).copied().flatten()
    }

    /// Says what a value is; of one that does not exist nothing is ever known.
    #[inline]
    pub fn set(&mut self, value: Value, term: Option<Vn>) {
        if let Some(place) = self.terms.get_mut(value.as_u32() as usize) {
            self.trail.push((value, std::mem::replace(place, term)));
        }
    }

    /// A place to come back to.
    pub fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Makes everything what it was there.
    pub fn back(&mut self, mark: usize) {
        while self.trail.len() > mark {
            let Some((value, before)) = self.trail.pop() else { break };
            self.terms[value.as_u32() as usize] = before;
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
