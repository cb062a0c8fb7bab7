//! Loops over elements of tables, which end where one address equals another.
//!
//! Code fills, copies and initialises elements by addresses that it moves by an element a round; it
//! compares before the first round how many there are, and behind each one whether an address is
//! the end. So nothing in the loop bounds the address that is accessed, but a number that no
//! location holds: the *count* of rounds that are left. With symbols `p` of the address and `q` of
//! the end, in elements, a block claims `q = p + count`, `1 ≤ count`, and `q ≤ length` (sums and
//! bounds as of any numbers, C4 of `claims`). An address that moves beside the one that is compared
//! has a sum with the same count, which no location need hold.
//!
//! All of this is over the integers, and of the symbols: words that wrap are none of their values.
//! - K1. Addresses `base + 8x + c` and `base + 8y + d` of one base whose words are not equal have
//!   `x + (c - d) / 8 ≠ y`, if 8 divides `c - d`: otherwise the words would be equal. Where `y` is
//!   the sum of `x` and a count, the count is not that quotient. Nothing is said of other bases,
//!   and nothing of the order of words.
//! - K2. `base + 8x + 8y` is `base + 8(x + y)`, also modulo 2^64.
//! - K3. A sum is at least one part and the least of the other one. An element is in its table
//!   where such a sum that is more than its index is at most the length.
//!
//! Elements of a segment lie 16 bytes apart: no number is shifted so far but in their addresses.
//! Lengths only grow, and a call that may move a table makes its addresses unknown (`calls`); a
//! table of another base has another length.

use crate::facts::{Fact, Node, Path, Reading};
use crate::machine::Machine;
use crate::symbols::{Extent, Kind, Summand};
use crate::value::{Base, Sym, Value};

impl Value {
    /// The address that is as many elements as this number says, and some bytes, behind the first
    /// element of an element segment.
    pub(crate) fn passive_element(self, base: Base, add: u64) -> Option<Value> {
        let whole = planted!(ShiftedIsNumber, self.shift == 0, true);
        let plain = matches!(base, Base::Elements(_)) && self.base == Base::None && whole;
        let shift = if self.sym == Sym::ZERO { 0 } else { 4 };
        let add = (self.add << 4).wrapping_add(add);
        plain.then_some(Value { base, sym: self.sym, shift, add })
    }

    /// The number of elements that this address is behind the first one and these bytes.
    pub(crate) fn passive_number(self, base: Base, add: u64) -> Option<Value> {
        let is = matches!(base, Base::Elements(_)) && self.base == base;
        let whole = self.sym == Sym::ZERO || planted!(AnyShiftIsElements, self.shift == 4, true);
        let rest = self.add.wrapping_sub(add);
        let number = Value::symbol(self.sym).plus((rest as i64 >> 4) as u64);
        (is && whole && planted!(SolvedIsCut, rest.is_multiple_of(16), true)).then_some(number)
    }
}

impl Machine<'_> {
    /// K2: the sum of the address of an element and a number of elements.
    pub(crate) fn element_sum(
        &mut self,
        path: &mut Path,
        base: Value,
        (index, shift): (Value, u8),
    ) -> Option<Value> {
        let index = index.shifted(u32::from(shift))?;
        let same = planted!(SumForgetsShift, base.shift == index.shift, true);
        if !matches!(base.base, Base::Table(_)) || index.base != Base::None || !same {
            return None;
        }
        let sum = self.sum(path, Value::symbol(base.sym), Value::symbol(index.sym))?;
        let add = base.add.wrapping_add(index.add);
        Some(Value { sym: sum.as_symbol()?, add, ..base })
    }

    /// K1: the numbers that are not equal where these addresses are not.
    pub(crate) fn steps_apart(&self, a: Value, b: Value) -> Option<(Value, Value)> {
        let same = planted!(OtherTableIsSame, a.base == b.base, true);
        if !same || !matches!(a.base, Base::Table(_) | Base::Elements(_)) {
            return None;
        }
        let (part, whole) = match (a.sym, b.sym) {
            (Sym::ZERO, _) => (a, b),
            (_, Sym::ZERO) => (b, a),
            (x, sum) if self.symbols.beside(sum, (x, 0)).is_some() => (a, b),
            (_, _) => (b, a),
        };
        // whole - part = (count << shift) + more
        let count = if part.sym == Sym::ZERO {
            Value::symbol(whole.sym)
        } else {
            self.rest(Value::symbol(whole.sym), Value::symbol(part.sym))?
        };
        let alike = part.sym == Sym::ZERO || part.shift == whole.shift;
        let number = count.as_symbol().filter(|_| planted!(StepsOfTwoSizes, alike, true))?;
        let more = whole.add.wrapping_sub(part.add) as i64;
        let unit = 1_i64.checked_shl(whole.shift.into())?;
        if planted!(StepIsCut, more.rem_euclid(unit) != 0, false) {
            return None;
        }
        let steps = more.wrapping_neg().checked_div_euclid(unit)?;
        let steps = u64::try_from(planted!(StepBackIsStep, steps, steps.saturating_abs())).ok()?;
        Some((Value::symbol(number), Value::constant(steps)))
    }

    /// The rest of a number that is a sum, beside one part.
    pub fn rest(&self, sum: Value, part: Value) -> Option<Value> {
        let numbers = (sum.base, part.base) == (Base::None, Base::None);
        if !numbers || sum.shift != 0 || part.shift != 0 {
            return None;
        }
        if let Some(rest) = sum.difference(part) {
            return Some(rest);
        }
        let (other, shift) = self.symbols.beside(sum.sym, (part.sym, 0))?;
        let add = sum.add.wrapping_sub(part.add);
        (shift == 0).then(|| Value::symbol(other).plus(add))
    }

    /// K3: `path`, where a sum is at least one part and the least of the other.
    pub(crate) fn above_part(
        &mut self,
        path: Path,
        sum: Sym,
        ((part, shift), (other, by)): (Summand, Summand),
    ) -> Path {
        let (lo, _) = self.facts.ends(&self.symbols, other);
        if lo == 0 || shift != 0 || by != 0 {
            return path;
        }
        let d = i128::from(planted!(SumIsFarAbove, lo, lo.saturating_add(1)));
        self.facts.push(path, &self.symbols, Fact::Le { a: part, shift: 0, d, b: Node::Sym(sum) })
    }

    /// K3: whether a number is at most a length, since a sum is that is no less.
    pub(crate) fn within_by_sum(&self, path: Path, of: Reading, extent: Extent) -> bool {
        self.facts.of(path, of.sym).any(|fact| match fact {
            Fact::Le { a, shift: 0, d, b: Node::Sym(sum) }
                if (a, of.shift) == (of.sym, 0) && self.symbols.def(sum).kind == Kind::Sum =>
            {
                let add = of.add.saturating_sub(planted!(SumIsBesideIt, d, d.saturating_add(1)));
                self.within(path, Reading { sym: sum, shift: 0, add }, extent)
            }
            Fact::Le { .. } | Fact::Apart { .. } | Fact::Whole { .. } | Fact::Type { .. } => false,
        })
    }
}
