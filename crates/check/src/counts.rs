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
//! - K4. Elements of a segment lie 16 bytes apart. No number is shifted so far but in their
//!   addresses, so `16 x` is the sum of `8 x` and `8 x`, which does not wrap, and `base + 16 x` and
//!   it are `base + 16 (x + y)`, also modulo 2^64.
//! - K5. Where code counts rounds from a start that stays, an address is the start and a number of
//!   rounds: a sum, which is at most its one part and the most of the other.
//!
//! Lengths only grow, and a call that may move a table makes its addresses unknown (`calls`); a
//! table of another base has another length.

use crate::facts::{Fact, Node, Path, Reading};
use crate::machine::Machine;
use crate::rules::sums;
use crate::symbols::{Extent, Kind, Summand};
use crate::value::{Base, Sym, Value};
use crate::x64::Alu;

impl Machine<'_> {
    /// K2: the sum of the address of an element and a number of elements.
    pub(crate) fn element_sum(
        &mut self,
        path: &mut Path,
        base: Value,
        (index, shift): (Value, u8),
    ) -> Option<Value> {
        let index = index.shifted(u32::from(shift))?;
        let place = sums::elements(base, index)?;
        let sum = self.sum(path, Value::symbol(base.sym), Value::symbol(index.sym))?;
        Some(Value { sym: sum.as_symbol()?, ..place })
    }

    /// K4: what an instruction makes of a number by 16, or of the address of an element of a
    /// segment and such a number.
    pub(crate) fn by_16(
        &mut self,
        path: &mut Path,
        (alu, bytes): (Alu, u32),
        (a, b): (Value, Value),
    ) -> Option<Value> {
        match (alu, bytes, b.as_constant()) {
            (Alu::ShiftLeft, 8, Some(4)) => self.times_16(path, a),
            (Alu::Add, 8, None) => self.segment_sum(path, a, b),
            _ => None,
        }
    }

    /// K4: a number by 16, which is the sum of it by 8 and the same, where there are segments.
    pub(crate) fn times_16(&mut self, path: &mut Path, number: Value) -> Option<Value> {
        if self.layout.elements.is_empty() || number.shift != 0 {
            return None;
        }
        let half = number.shifted(3)?;
        self.sum(path, half, half)
    }

    /// C4: the number that one is by 16.
    pub(crate) fn sixteenth(&self, number: Value) -> Option<Value> {
        if let Some(k) = number.as_constant() {
            return Some(Value::constant(k >> 4));
        }
        let (part, _) = self.symbols.summands(number.sym)?;
        Some(Value::symbol(part.0).plus(number.add >> 4))
    }

    /// K4: the sum of the address of an element of a segment and a number by 16.
    pub(crate) fn segment_sum(&mut self, path: &mut Path, a: Value, b: Value) -> Option<Value> {
        let (base, number) = if a.base == Base::None { (b, a) } else { (a, b) };
        if !sums::is_segment(base.base) {
            return None;
        }
        let parts = self.symbols.summands(number.sym).filter(|_| number.base == Base::None)?;
        let to = sums::segment_sum(base, number, parts)?;
        if base.sym == Sym::ZERO {
            return Some(to);
        }
        let index = Value::symbol(parts.0.0);
        let sum = self.sum(path, Value::symbol(base.sym), index)?;
        Some(Value { sym: sum.as_symbol()?, ..to })
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
        let steps = sums::steps(whole.add.wrapping_sub(part.add), whole.shift)?;
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
        sums::rest(sum, part, self.symbols.beside(sum.sym, (part.sym, 0))?)
    }

    /// K3: `path`, where a sum is at least one part and the least of the other.
    pub(crate) fn above_part(
        &mut self,
        path: Path,
        sum: Sym,
        ((part, shift), (other, by)): (Summand, Summand),
    ) -> Path {
        let (lo, _) = self.facts.ends(&self.symbols, other);
        let Some(d) = sums::above_part(shift, (lo, by)) else { return path };
        self.facts.push(path, &self.symbols, Fact::Le { a: part, shift: 0, d, b: Node::Sym(sum) })
    }

    /// K5: whether a number is at most a length, since it is a sum, of which one part is that much
    /// below the length as the other one is at most.
    pub(crate) fn within_by_part(&self, path: Path, of: Reading, extent: Extent) -> bool {
        let Some((a, b)) = self.symbols.summands(of.sym) else { return false };
        [(a, b), (b, a)].into_iter().any(|(part, (other, shift))| {
            let (_, hi) = self.facts.bounds(path, &self.symbols, other);
            sums::by_part(of, part, (hi, shift))
                .is_some_and(|reading| self.within(path, reading, extent))
        })
    }

    /// K3: whether a number is at most a length, since a sum is that is no less.
    pub(crate) fn within_by_sum(&self, path: Path, of: Reading, extent: Extent) -> bool {
        self.facts.of(path, of.sym).any(|fact| match fact {
            Fact::Le { a, shift: 0, d, b: Node::Sym(sum) }
                if planted!(SumOfAnother, (a, of.shift) == (of.sym, 0), true)
                    && self.symbols.def(sum).kind == Kind::Sum =>
            {
                self.within(path, sums::by_sum(of, (sum, d)), extent)
            }
            Fact::Le { .. } | Fact::Apart { .. } | Fact::Whole { .. } | Fact::Type { .. } => false,
        })
    }
}
