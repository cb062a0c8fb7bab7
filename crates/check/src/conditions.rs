//! Flags and a condition → the path on which the condition holds, or none if it cannot hold.
//!
//! Both operands of a comparison are read as integers once, whichever ways are asked for
//! ([`Machine::branch`]): what a way adds to the path says nothing of the other way. Of the two
//! orders that an equality is, the first one changes what the second one looks at only where a
//! symbol is shifted: there a bound is rounded.
//!
//! - B1. An order that the bounds of both sides show already adds no fact: bounds say it as long as
//!   the path does. Orders with lengths that were read are kept (F3 of `facts`).
//! - B2. A sum that may wrap has no reading. Where indices may have 64 bits and it is compared with
//!   a length or a constant, its *word* gets a symbol (S3 of `symbols`), of which the comparison
//!   says something; and where its sum with a constant is known to have no carry. An order is kept
//!   of each word that its left side reads as.

use crate::facts::{Fact, Path, Reading};
use crate::machine::Machine;
use crate::rules::condition::{Said, said, without_carry};
use crate::rules::order;
use crate::state::{Flags, State};
use crate::symbols::Kind;
use crate::value::{Base, Sym, Value};
use crate::x64::Condition;
use alloc::vec::Vec;

/// A number as an integer, and its bounds, if it does not wrap.
type Whole = Option<(Reading, (i128, i128))>;

/// The operands of a comparison, as integers.
struct Sides {
    operands: (Value, Value),
    wholes: (Whole, Whole),
}

impl Machine<'_> {
    /// The path behind a condition that holds (or does not, for `holds` false); none if it cannot
    /// be so, for a branch that goes as predicted.
    pub fn assume(&mut self, state: &State, condition: Condition, holds: bool) -> Option<Path> {
        let on = (state.path, state.flags);
        let sides = self.sides(on, condition);
        let way = self.way(on, (condition, holds), &sides);
        self.goes_there(state, way)
    }

    /// The paths behind a branch's condition that holds, and behind one that does not; none where
    /// that is impossible, for a branch that goes as predicted.
    pub fn branch(&mut self, state: &State, condition: Condition) -> (Option<Path>, Option<Path>) {
        let (taken, other) = self.ways((state.path, state.flags), condition);
        (self.goes_there(state, taken), self.goes_there(state, other))
    }

    /// F4: in the masked shape nothing that a branch says makes a way impossible.
    fn goes_there(&self, state: &State, way: Option<Path>) -> Option<Path> {
        let any = planted!(BranchGoesAsPredicted, self.masks(), false);
        if any { way.or(Some(state.path)) } else { way }
    }

    /// The paths behind a condition on data that holds, and behind one that does not.
    pub(crate) fn ways(
        &mut self,
        on: (Path, Flags),
        condition: Condition,
    ) -> (Option<Path>, Option<Path>) {
        let sides = self.sides(on, condition);
        let taken = self.way(on, (condition, true), &sides);
        (taken, self.way(on, (condition, false), &sides))
    }

    /// The operands that the flags came from, where the condition says something of them.
    fn sides(&mut self, (path, flags): (Path, Flags), condition: Condition) -> Option<Sides> {
        let (Flags::Compare(a, b) | Flags::Converted(a, b)) = flags else { return None };
        if said(flags, condition, true) == Said::Nothing {
            return None;
        }
        let whole = |this: &Self, value| this.facts.whole(path, &this.symbols, value);
        let wholes = match (whole(self, a), whole(self, b)) {
            (None, Some(with)) => (self.word_beside((path, a), with), Some(with)),
            (Some(with), None) => (Some(with), self.word_beside((path, b), with)),
            wholes => wholes,
        };
        Some(Sides { operands: (a, b), wholes })
    }

    /// B2: the word of a number without a reading, which is compared with one that has it.
    fn word_beside(
        &mut self,
        (path, value): (Path, Value),
        (with, _): (Reading, (i128, i128)),
    ) -> Whole {
        let length = matches!(self.symbols.def(with.sym).kind, Kind::Length(_));
        if !self.layout.wide || with.sym != Sym::ZERO && !length {
            return None;
        }
        self.symbols.name_word(value);
        self.facts.whole(path, &self.symbols, value)
    }

    fn way(
        &mut self,
        (path, flags): (Path, Flags),
        (condition, holds): (Condition, bool),
        sides: &Option<Sides>,
    ) -> Option<Path> {
        let whole = |machine: &Self, value| match sides {
            Some(Sides { operands, wholes }) if operands.0 == value => {
                planted!(SidesExchanged, wholes.0, wholes.1)
            }
            Some(Sides { operands, wholes }) if operands.1 == value => wholes.1,
            _ => machine.facts.whole(path, &machine.symbols, value),
        };
        let path = self.float_way((path, flags), (condition, holds))?;
        match said(flags, condition, holds) {
            Said::Nothing => Some(path),
            Said::Order(a, more, b) => {
                let (x, y) = (whole(self, a), whole(self, b));
                let path = self.order(path, (x, y), more.into())?;
                self.order_by_words(path, (a, x), (y, more.into()))
            }
            Said::Equal(a, b) => {
                if self.are_apart(path, a, b) {
                    return None;
                }
                let (x, y) = (whole(self, a), whole(self, b));
                let path = self.order(path, (x, y), 0)?;
                let (x, y) = if a.shift == 0 && b.shift == 0 {
                    (x, y)
                } else {
                    let whole = |value| self.facts.whole(path, &self.symbols, value);
                    (whole(a), whole(b))
                };
                let path = self.order(path, (y, x), 0)?;
                Some(self.equal(path, a, b))
            }
            Said::Unequal(a, b) => match self.steps_apart(a, b) {
                Some(numbers) => self.unequal(path, numbers, whole),
                None => self.unequal(path, (a, b), whole),
            },
            Said::NoCarry(a, b) => Some(self.no_carry(path, a, b)),
        }
    }

    /// `path` and `a + more ≤ b`.
    fn order(&mut self, path: Path, (a, b): (Whole, Whole), more: i128) -> Option<Path> {
        let (Some((a, (lo, most))), Some((b, (least, hi)))) = (a, b) else {
            return Some(path);
        };
        if order::cannot(lo, more, hi) || order::never(a, more, b) {
            return None;
        }
        // B1: `most + more ≤ least`.
        let shown = !order::cannot(most, more, least);
        if shown && !matches!(self.symbols.def(b.sym).kind, Kind::Length(_)) {
            return Some(path);
        }
        Some(self.facts.at_most(path, &self.symbols, (a, more, b)))
    }

    /// B2: what an order says of the words that its left side is sums of, beside one reading.
    fn order_by_words(
        &mut self,
        path: Path,
        (value, known): (Value, Whole),
        (with, more): (Whole, i128),
    ) -> Option<Path> {
        if !self.symbols.has_words() {
            return Some(path);
        }
        let others = self.facts.wholes_by_words(path, &self.symbols, value);
        let others: Vec<_> = others.filter(|other| Some(*other) != known).collect();
        let least = planted!(WordsAreLess, more, more.saturating_add(1));
        let mut ways = others.into_iter();
        ways.try_fold(path, |path, other| self.order(path, (Some(other), with), least))
    }

    /// `path` and what the equality of two words says beside their order.
    fn equal(&mut self, path: Path, a: Value, b: Value) -> Path {
        if let (Some(a), Some(b)) = (a.as_symbol(), b.as_symbol())
            && let (Kind::TypeOf(record), Kind::TypeId(ty))
            | (Kind::TypeId(ty), Kind::TypeOf(record)) =
                (self.symbols.def(a).kind, self.symbols.def(b).kind)
        {
            return self.facts.push(path, &self.symbols, Fact::Type { record, ty });
        }
        path
    }

    /// A number that is not its least is more than that; one that is not its greatest is less.
    fn unequal(
        &mut self,
        path: Path,
        (a, b): (Value, Value),
        whole: impl Fn(&Self, Value) -> Whole,
    ) -> Option<Path> {
        let (number, constant) = match (a.as_constant(), b.as_constant()) {
            (Some(a), Some(b)) => return (a != b).then_some(path),
            (None, Some(k)) => (a, k),
            (Some(k), None) => (b, k),
            (None, None) => return Some(path),
        };
        let (number, constant) = order::apart(number, constant);
        let (of, word) = (number, constant);
        let number = if number.base == Base::None { whole(self, number) } else { None };
        let Some((_, (least, most))) = number else {
            return Some(self.apart(path, (of, word)));
        };
        let end = whole(self, Value::constant(constant));
        let constant = i128::from(constant);
        if least == constant {
            self.order(path, (end, number), 1)
        } else if planted!(NotGreatestIsAny, most == constant, most > constant) {
            self.order(path, (number, end), 1)
        } else {
            Some(self.apart(path, (of, word)))
        }
    }

    /// `path`, where the sum of `a` and a constant had no carry.
    fn no_carry(&mut self, path: Path, a: Value, b: Value) -> Path {
        let Some((value, most)) = without_carry(a, b) else { return self.whole(path, a, b) };
        let Some(most) = self.facts.reading(path, &self.symbols, most) else { return path };
        if self.layout.wide && self.facts.reading(path, &self.symbols, value).is_none() {
            self.symbols.name_word(value);
        }
        match self.facts.reading(path, &self.symbols, value) {
            Some(value) => self.facts.at_most(path, &self.symbols, (value, 0, most)),
            None => path,
        }
    }
}
