//! The rules put together as the check puts them together, on any words: symbols with bounds, a
//! path of facts, branches.
//!
//! `Facts` and `Machine` do the same on `u64`: what is computed is in the rules, which are called
//! here in the same order. `machine` holds this one against them.

use crate::proof::{Proof, int, number};
use prova_check::rules::condition::{Said, said, without_carry};
use prova_check::rules::numeric::Range;
use prova_check::rules::order::{
    Edge, Reading, apart, bounds, cannot, distance, never, unshifted, whole, within_edge,
    within_least, within_length,
};
use prova_check::word::{Int, Word};
use prova_check::x64::Condition;
use prova_check::{Base, Flags, Sym, Value};

/// The right side of an edge: a symbol, or the extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Sym(Sym),
    Extent,
}

/// The known facts: definitions of symbols (with whether they are lengths of the extent), edges.
#[derive(Clone, Debug)]
pub struct Engine<W: Word> {
    defs: Vec<(Sym, (W, W), bool)>,
    edges: Vec<(Sym, u8, W::Int, Side)>,
    /// The least that the extent is.
    pub least: W,
}

impl<W: Word> Engine<W> {
    /// Nothing is known but the extent's least.
    pub fn new(least: W) -> Engine<W> {
        Engine { defs: Vec::new(), edges: Vec::new(), least }
    }

    /// A symbol with bounds.
    pub fn define(&mut self, sym: Sym, bounds: (W, W), length: bool) {
        self.defs.push((sym, bounds, length));
    }

    fn def(&self, sym: Sym) -> ((W, W), bool) {
        if sym == Sym::ZERO {
            return ((W::ZERO, W::ZERO), false);
        }
        let found = self.defs.iter().find(|def| def.0 == sym);
        found.map_or(((W::ZERO, W::MAX), false), |def| (def.1, def.2))
    }

    /// As `Facts::bounds`.
    pub fn bounds(&self, sym: Sym) -> (W, W) {
        if sym == Sym::ZERO {
            return (W::ZERO, W::ZERO);
        }
        let edges = self.edges.iter().rev().filter_map(|&(a, shift, d, b)| match b {
            Side::Sym(b) if a == sym => Some(Edge::Above { hi: self.def(b).0.1, d, shift }),
            Side::Sym(b) if b == sym => Some(Edge::Below { lo: self.def(a).0.0, d, shift }),
            Side::Sym(_) | Side::Extent => None,
        });
        bounds(self.def(sym).0, edges)
    }

    /// As `Facts::range`.
    pub fn range(&self, value: Value<W>) -> Range<W> {
        if value.base != Base::None {
            return None;
        }
        let whole = whole(self.bounds(value.sym), value.shift, value.add)?;
        Some((whole.lo, whole.hi))
    }

    /// As `Facts::reading`.
    pub fn reading(&self, value: Value<W>) -> Option<Reading<W::Int>> {
        if value.base != Base::None {
            return None;
        }
        if value.sym == Sym::ZERO {
            return Some(Reading { sym: Sym::ZERO, shift: 0, add: value.add.unsigned() });
        }
        let add = whole(self.bounds(value.sym), value.shift, value.add)?.add;
        Some(Reading { sym: value.sym, shift: value.shift, add })
    }

    /// As `Facts::at_most`.
    fn at_most(&mut self, a: Value<W>, more: W::Int, b: Value<W>) {
        let (Some(a), Some(b)) = (self.reading(a), self.reading(b)) else { return };
        let mut d = distance(a, more, b);
        if b.shift != 0 && a.sym == Sym::ZERO {
            d = unshifted(d, b.shift);
        } else if a.sym == b.sym || b.shift != 0 {
            return;
        }
        let is_length = self.def(b.sym).1;
        if is_length && a.sym == Sym::ZERO {
            self.edges.push((a.sym, a.shift, d, Side::Sym(b.sym)));
        }
        let side = if is_length { Side::Extent } else { Side::Sym(b.sym) };
        self.edges.push((a.sym, a.shift, d, side));
    }

    /// As `Facts::within`.
    pub fn within(&self, of: Reading<W::Int>) -> bool {
        let (_, hi) = self.bounds(of.sym);
        within_least(of, hi, self.least)
            || (self.def(of.sym).1 && within_length(of))
            || self
                .edges
                .iter()
                .rev()
                .any(|&(a, shift, d, b)| b == Side::Extent && within_edge(of, hi, (a, shift, d)))
    }

    /// As `Machine::assume`: whether it can be so.
    pub fn assume(&mut self, flags: Flags<W>, condition: Condition, holds: bool) -> bool {
        match said(flags, condition, holds) {
            Said::Nothing => true,
            Said::Order(a, more, b) => self.order(a, more, b),
            Said::Equal(a, b) => self.order(a, 0, b) && self.order(b, 0, a),
            Said::Unequal(a, b) => self.unequal(a, b),
            Said::NoCarry(a, b) => {
                if let Some((value, most)) = without_carry(a, b) {
                    self.at_most(value, W::Int::number(0), most);
                }
                true
            }
        }
    }

    fn order(&mut self, a: Value<W>, more: i64, b: Value<W>) -> bool {
        let more = W::Int::number(more);
        if let (Some((lo, _)), Some((_, hi))) = (self.range(a), self.range(b))
            && cannot(lo, more, hi)
        {
            return false;
        }
        if let (Some(a), Some(b)) = (self.reading(a), self.reading(b))
            && never(a, more, b)
        {
            return false;
        }
        self.at_most(a, more, b);
        true
    }

    fn unequal(&mut self, a: Value<W>, b: Value<W>) -> bool {
        let (number, constant) = match (a.as_constant(), b.as_constant()) {
            (Some(a), Some(b)) => return a != b,
            (None, Some(k)) => (a, k),
            (Some(k), None) => (b, k),
            (None, None) => return true,
        };
        let (number, constant) = apart(number, constant);
        let none = W::Int::number(0);
        let (least, most) = self.range(number).unwrap_or((none, none));
        if least == constant.unsigned() {
            self.order(Value::constant(constant), 1, number)
        } else if most == constant.unsigned() {
            self.order(number, 1, Value::constant(constant))
        } else {
            true
        }
    }
}

impl<W: Proof> Engine<W> {
    /// A symbol that lies between these bounds.
    pub fn bounded(&mut self, sym: Sym, (lo, hi): (W, W)) -> Option<()> {
        let s = number::<W>(sym);
        given!(lo <= s, s <= hi);
        self.define(sym, (lo, hi), false);
        Some(())
    }

    /// A length that was read: between the least and the most, and at most the extent.
    pub fn length(&mut self, sym: Sym, most: W, extent: W::Int) -> Option<()> {
        let s = number::<W>(sym);
        given!(self.least <= s, s <= most, s.unsigned().plus(int::<W>(0)) <= extent);
        self.define(sym, (self.least, most), true);
        Some(())
    }
}
