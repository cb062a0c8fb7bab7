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
use prova_check::rules::place::{WordOf, by_word};
use prova_check::word::{Int, Word};
use prova_check::x64::Condition;
use prova_check::{Base, Flags, Sym, Value};

/// The right side of an edge: a symbol, or the extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Sym(Sym),
    Extent,
}

/// An edge: the symbol on its left, its shift, the distance, the right side.
type Edged<W> = (Sym, u8, <W as Word>::Int, Side);

/// A number as an integer, and its bounds.
type Whole<W> = (Reading<<W as Word>::Int>, (<W as Word>::Int, <W as Word>::Int));

/// The known facts: definitions of symbols (with whether they are lengths of the extent), edges.
#[derive(Clone, Debug)]
pub struct Engine<W: Word> {
    defs: Vec<(Sym, (W, W), bool)>,
    /// Edges, each with the next symbol's number when it was found: it serves older ones alone.
    edges: Vec<(Edged<W>, Option<u32>)>,
    /// The words of sums that may wrap, and the number of the next symbol; none: no word gets one.
    words: Vec<(Sym, WordOf<W>)>,
    pub next: Option<u32>,
    /// The least that the extent is.
    pub least: W,
}

impl<W: Word> Engine<W> {
    /// Nothing is known but the extent's least.
    pub fn new(least: W) -> Engine<W> {
        Engine { defs: Vec::new(), edges: Vec::new(), words: Vec::new(), next: None, least }
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
        let edges = self.edges.iter().rev().filter_map(|&((a, shift, d, b), _)| match b {
            Side::Sym(b) if a == sym => Some(Edge::Above { hi: self.def(b).0.1, d, shift }),
            Side::Sym(b) if b == sym => Some(Edge::Below { lo: self.def(a).0.0, d, shift }),
            Side::Sym(_) | Side::Extent => None,
        });
        bounds(self.def(sym).0, edges)
    }

    /// As `Facts::range`.
    pub fn range(&self, value: Value<W>) -> Range<W> {
        self.whole(value).map(|(_, range)| range)
    }

    /// As `Facts::reading`.
    pub fn reading(&self, value: Value<W>) -> Option<Reading<W::Int>> {
        if value.base == Base::None && value.sym == Sym::ZERO {
            return Some(Reading { sym: Sym::ZERO, shift: 0, add: value.add.unsigned() });
        }
        self.whole(value).map(|(reading, _)| reading)
    }

    /// As `Facts::whole`.
    fn whole(&self, value: Value<W>) -> Option<Whole<W>> {
        if value.base != Base::None {
            return None;
        }
        self.whole_by_symbol(value).or_else(|| self.wholes_by_words(value).next())
    }

    fn whole_by_symbol(&self, value: Value<W>) -> Option<Whole<W>> {
        let whole = whole(self.bounds(value.sym), value.shift, value.add)?;
        let reading = Reading { sym: value.sym, shift: value.shift, add: whole.add };
        Some((reading, (whole.lo, whole.hi)))
    }

    fn wholes_by_words(&self, value: Value<W>) -> impl Iterator<Item = Whole<W>> + '_ {
        let words = self.words.iter().rev().filter(move |word| word.0 == value.sym).take(4);
        let values = words.filter_map(move |&(_, word)| by_word(value, word));
        values.filter_map(move |value| self.whole_by_symbol(value))
    }

    /// As `Symbols::name_word`.
    fn name_word(&mut self, value: Value<W>) {
        if let (Some(next), Base::None) = (self.next, value.base) {
            let of = WordOf { shift: value.shift, add: value.add, word: Sym(next) };
            self.words.push((value.sym, of));
            self.next = Some(next + 1);
        }
    }

    /// As `Machine::sides`: a sum without a reading that is compared with a length or a constant
    /// gets a symbol for its word.
    fn name_words(&mut self, (a, b): (Value<W>, Value<W>)) {
        let (one, other) = (self.whole(a), self.whole(b));
        for (value, whole, with) in [(a, one, other), (b, other, one)] {
            let compared = with.is_some_and(|(r, _)| r.sym == Sym::ZERO || self.def(r.sym).1);
            if compared && whole.is_none() {
                self.name_word(value);
            }
        }
    }

    /// Takes the words that another engine has named, among them all of this one's.
    pub fn take_words(&mut self, of: &Engine<W>) {
        (self.words, self.next) = (of.words.clone(), of.next);
    }

    /// As `Facts::at_most`.
    fn at_most(&mut self, a: Reading<W::Int>, more: W::Int, b: Reading<W::Int>) {
        let mut d = distance(a, more, b);
        if b.shift != 0 && a.sym == Sym::ZERO {
            d = unshifted(d, b.shift);
        } else if a.sym == b.sym || b.shift != 0 {
            return;
        }
        let is_length = self.def(b.sym).1;
        if is_length && a.sym == Sym::ZERO {
            self.edges.push(((a.sym, a.shift, d, Side::Sym(b.sym)), self.next));
        }
        let side = if is_length { Side::Extent } else { Side::Sym(b.sym) };
        self.edges.push(((a.sym, a.shift, d, side), self.next));
    }

    /// As `Facts::within`.
    pub fn within(&self, of: Reading<W::Int>) -> bool {
        let (_, hi) = self.bounds(of.sym);
        let mut edges =
            self.edges.iter().rev().filter(|(_, next)| next.is_none_or(|n| n > of.sym.0));
        within_least(of, hi, self.least)
            || (self.def(of.sym).1 && within_length(of))
            || edges.any(|&((a, shift, d, b), _)| {
                b == Side::Extent && within_edge(of, hi, (a, shift, d))
            })
    }

    /// As `Machine::assume`: whether it can be so.
    pub fn assume(&mut self, flags: Flags<W>, condition: Condition, holds: bool) -> bool {
        let said = said(flags, condition, holds);
        if let (Flags::Compare(a, b), true) = (flags, said != Said::Nothing) {
            self.name_words((a, b));
        }
        match said {
            Said::Nothing => true,
            Said::Order(a, more, b) => self.order(a, more, b),
            Said::Equal(a, b) => self.order_once(a, 0, b) && self.order_once(b, 0, a),
            Said::Unequal(a, b) => self.unequal(a, b),
            Said::NoCarry(a, b) => {
                if let Some((value, most)) = without_carry(a, b) {
                    if self.next.is_some() && self.whole(value).is_none() {
                        self.name_word(value);
                    }
                    if let (Some(value), Some(most)) = (self.reading(value), self.reading(most)) {
                        self.at_most(value, W::Int::number(0), most);
                    }
                }
                true
            }
        }
    }

    fn order(&mut self, a: Value<W>, more: i64, b: Value<W>) -> bool {
        let (more, with) = (W::Int::number(more), self.whole(b));
        let known = self.whole(a);
        if !self.order_of(known, more, with) {
            return false;
        }
        let others: Vec<_> = self.wholes_by_words(a).collect();
        others.into_iter().all(|other| {
            known.is_some_and(|known| known.0 == other.0) || self.order_of(Some(other), more, with)
        })
    }

    /// An order of which only one reading is kept.
    fn order_once(&mut self, a: Value<W>, more: i64, b: Value<W>) -> bool {
        self.order_of(self.whole(a), W::Int::number(more), self.whole(b))
    }

    fn order_of(&mut self, a: Option<Whole<W>>, more: W::Int, b: Option<Whole<W>>) -> bool {
        let (Some((a, (lo, _))), Some((b, (_, hi)))) = (a, b) else { return true };
        if cannot(lo, more, hi) || never(a, more, b) {
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
            self.order_once(Value::constant(constant), 1, number)
        } else if most == constant.unsigned() {
            self.order_once(number, 1, Value::constant(constant))
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
