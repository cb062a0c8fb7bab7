//! N8: floats and conversions, where it is known which case it is.
//!
//! The processor has no instruction for some of Wasm's operators, so a compiler tests for cases and
//! has a sequence for each. Under the conditions of a case the operator is that sequence's term.
//! `t` is `ToSigned` of `w` bits, which is the least number for NaN and for what does not fit;
//! `c = 2^(w−1)`.
//!
//! *Bounds* of a float `x` that is known to be a number:
//! * C1. A comparison of `x` with a number that holds bounds it, and so does one that does not, as
//!   numbers are ordered.
//! * C2. `t(x)` is not the least number: `−c < x < c`, and `x` is no NaN.
//! * C3. `t(x) ≥ 0`: `−1 < x < c`, and `x` is no NaN.
//! * C4. `t(x) < 0` and `x < c`: `x ≤ −1`, since what lies between −1 and `c` fits and is not cut
//!   to less than 0.
//! * C5. `t(x)` is the least number: `x ≥ c` if `x > −1`, and `x ≤ −c` if `x < c`.
//! * C6. `x ≥ c`: `t(x − c) ≥ 0` exactly if `x < 2c`. Below `2c` the difference is exact (Sterbenz)
//!   and fits; else it is `c` or more, also rounded, and does not fit.
//! * C10. The sign of `t(x)` is set if `x ≤ −1`, and if `x ≥ c`; it is clear if `−1 < x < c`. By C6
//!   the sign of `t(x − c)` is clear if `c ≤ x < 2c`, and set if `x ≥ 2c`.
//! * C11. `t(x)` is the least number if `x` is NaN, if `x ≤ −c` and if `x ≥ c`, and is not if
//!   `−c < x < c`.
//!
//! *Operators* (NaN is any NaN that the processor's sum gives):
//! * C7. An unsigned truncation is `t(x)` if `−1 < x < c`, and `t(x − c) + c` if `c ≤ x < 2c`; one
//!   that saturates is 0 for NaN and `x ≤ −1`, and all ones for `x ≥ 2c`.
//! * C8. An unsigned word without sign is a signed one. With it, `x` becomes `y + y` for the float
//!   `y` of `(x >> 1) | (x & 1)`: the bit that is kept says to the rounding that there was more,
//!   since words of 63 bits lose ten or more of them; and twice a float is exact.
//!
//! The minimum and the maximum of two floats are cases too (`minimum`).

use super::{Head, Node, Prim, Word, Words, mask};

/// The bounds of a float: its least and greatest value, each with whether it is excluded.
#[derive(Clone, Copy, Debug)]
struct Range {
    /// Whether it is no NaN; without that nothing else holds.
    number: bool,
    low: (f64, bool),
    high: (f64, bool),
}

impl Range {
    fn above(&mut self, bound: f64, strict: bool) {
        if bound > self.low.0 || (bound == self.low.0 && strict) {
            self.low = (bound, strict);
        }
    }

    fn below(&mut self, bound: f64, strict: bool) {
        if bound < self.high.0 || (bound == self.high.0 && strict) {
            self.high = (bound, strict);
        }
    }

    /// Whether it is less than a number (or not more), if that is known.
    fn less(&self, than: f64, or_equal: bool) -> Option<bool> {
        let ((low, over), (high, under)) = (self.low, self.high);
        if !self.number {
            None
        } else if high < than || (high == than && (under || or_equal)) {
            Some(true)
        } else if low > than || (low == than && (over || !or_equal)) {
            Some(false)
        } else {
            None
        }
    }
}

/// `2^(bits − 1)`.
fn half(bits: u8) -> f64 {
    if bits == 32 { 2_147_483_648.0 } else { 9_223_372_036_854_775_808.0 }
}

impl Words {
    /// The float that a word is, if it is a number and no NaN.
    pub(super) fn float_number(&self, word: Word) -> Option<f64> {
        let n = self.number(word)?;
        let float = match self.bits(word) {
            32 => f64::from(f32::from_bits(n as u32)),
            64 => f64::from_bits(n as u64),
            _ => return None,
        };
        (!float.is_nan()).then_some(float)
    }

    /// A number as a float of a width; exact for powers of 2.
    fn float_constant(&mut self, bits: u8, float: f64) -> Word {
        let n = if bits == 32 { (float as f32).to_bits().into() } else { float.to_bits() };
        self.constant(bits, n.into())
    }

    /// Whether a condition is one of those that are known.
    fn told(&mut self, known: &[(Word, bool)], c: Word) -> Option<bool> {
        let (c, positive) = self.polarity(c);
        for &(fact, holds) in known {
            let (fact, sign) = self.polarity(fact);
            if fact == c {
                return Some((holds == sign) == positive);
            }
        }
        None
    }

    /// C1 to C6.
    fn range(&mut self, known: &[(Word, bool)], x: Word) -> Range {
        let mut range =
            Range { number: false, low: (f64::NEG_INFINITY, false), high: (f64::INFINITY, false) };
        let nan = self.prim(Prim::FloatNan, 1, &[x, x]);
        range.number = self.by_implication(known, nan) == Some(false);
        for &(fact, holds) in known {
            let (fact, positive) = self.polarity(fact);
            self.compared(&mut range, x, (fact, holds == positive));
        }
        for bits in [32, 64] {
            self.truncated(&mut range, known, (x, bits));
        }
        range
    }

    /// C1. What follows from a comparison that does not hold is taken only of numbers, since
    /// `Range` says nothing else of others.
    fn compared(&mut self, range: &mut Range, x: Word, (fact, holds): (Word, bool)) {
        let Node { op: Head::Prim, n, args: [a, b, _], bits: 1 } = self.get(fact) else { return };
        let is = |prim: Prim| n == prim as u128;
        let (less, at_most, equal) = (is(Prim::FloatLt), is(Prim::FloatLe), is(Prim::FloatEq));
        if (a != x && b != x) || !(less || at_most || equal) {
            return;
        }
        range.number |= holds;
        let Some(bound) = self.float_number(if a == x { b } else { a }) else { return };
        if equal && holds {
            range.above(bound, false);
            range.below(bound, false);
        } else if !equal {
            // `x < b`, or `¬(x < b)`, which is `b ≤ x`.
            let strict = less == holds;
            if (a == x) == holds {
                range.below(bound, strict);
            } else {
                range.above(bound, strict);
            }
        }
    }

    /// C2 to C6.
    fn truncated(&mut self, range: &mut Range, known: &[(Word, bool)], (x, bits): (Word, u8)) {
        let c = half(bits);
        let t = self.prim(Prim::ToSigned, bits, &[x]);
        let least = self.constant(bits, (mask(bits) >> 1).wrapping_add(1));
        let (is_least, negative) = (self.eq(t, least), self.sign(t));
        let (is_least, negative) = (self.told(known, is_least), self.told(known, negative));
        if is_least == Some(false) {
            range.number = true;
            range.above(-c, true);
            range.below(c, true);
        }
        if negative == Some(false) {
            range.number = true;
            range.above(-1.0, true);
            range.below(c, true);
        }
        if !range.number {
            return;
        }
        if negative == Some(true) && range.less(c, false) == Some(true) {
            range.below(-1.0, false);
        }
        if is_least == Some(true) {
            if range.less(-1.0, true) == Some(false) {
                range.above(c, false);
            } else if range.less(c, false) == Some(true) {
                range.below(-c, false);
            }
        }
        if range.less(c, false) == Some(false) {
            let t = self.above_half(x, bits);
            let negative = self.sign(t);
            match self.told(known, negative) {
                Some(false) => range.below(2.0 * c, true),
                Some(true) => range.above(2.0 * c, false),
                None => {}
            }
        }
    }

    /// `t(x − c)`.
    fn above_half(&mut self, x: Word, bits: u8) -> Word {
        let width = self.bits(x);
        let c = self.float_constant(width, half(bits));
        let rest = self.prim(Prim::FloatSub, width, &[x, c]);
        self.prim(Prim::ToSigned, bits, &[rest])
    }

    /// A comparison of floats by the bounds of one that is compared with a number.
    pub(super) fn float_by(&mut self, known: &[(Word, bool)], c: Word) -> Option<bool> {
        let Node { op: Head::Prim, n, args: [a, b, _], bits: 1 } = self.get(c) else { return None };
        let is = |prim: Prim| n == prim as u128;
        if is(Prim::FloatNan) && a == b {
            return self.range(known, a).number.then_some(false);
        }
        let or_equal = is(Prim::FloatLe);
        if !or_equal && !is(Prim::FloatLt) {
            return None;
        }
        match (self.float_number(a), self.float_number(b)) {
            (None, Some(bound)) => self.range(known, a).less(bound, or_equal),
            // `a < x` is `¬(x ≤ a)` of numbers.
            (Some(bound), None) => self.range(known, b).less(bound, !or_equal).map(|less| !less),
            _ => None,
        }
    }

    /// C10.
    pub(super) fn sign_by(&mut self, known: &[(Word, bool)], c: Word) -> Option<bool> {
        let Node { op: Head::Slice, bits: 1, n: low, args: [t, ..] } = self.get(c) else {
            return None;
        };
        let Node { op: Head::Prim, bits, n, args: [x, ..] } = self.get(t) else { return None };
        let width = self.bits(x);
        if n != Prim::ToSigned as u128
            || low.wrapping_add(1) != u128::from(bits)
            || !matches!((bits, width), (32 | 64, 32 | 64))
        {
            return None;
        }
        let c = half(bits);
        if let Node { op: Head::Prim, n, args: [y, less, _], .. } = self.get(x)
            && n == Prim::FloatSub as u128
            && self.bits(y) == width
            && less == self.float_constant(width, c)
        {
            let range = self.range(known, y);
            return if range.less(c, false) == Some(false) {
                range.less(2.0 * c, false).map(|fits| !fits)
            } else {
                None
            };
        }
        let range = self.range(known, x);
        if range.less(-1.0, true)? { Some(true) } else { range.less(c, false).map(|fits| !fits) }
    }

    /// C11.
    pub(super) fn least_by(&mut self, known: &[(Word, bool)], difference: Word) -> Option<bool> {
        let bits = self.bits(difference);
        let parts = self.parts(difference);
        let &[(t, 1)] = parts.atoms.as_slice() else { return None };
        let Node { op: Head::Prim, n, args: [x, ..], .. } = self.get(t) else { return None };
        if n != Prim::ToSigned as u128
            || parts.number != (mask(bits) >> 1).wrapping_add(1)
            || !matches!((bits, self.bits(x)), (32 | 64, 32 | 64))
        {
            return None;
        }
        let nan = self.prim(Prim::FloatNan, 1, &[x, x]);
        if self.by_implication(known, nan) == Some(true) {
            return Some(true);
        }
        let (c, range) = (half(bits), self.range(known, x));
        if range.less(-c, true)? { Some(true) } else { range.less(c, false).map(|fits| !fits) }
    }

    /// C7 to C9: an operator as the term of its case, or as it is. Of widths that none has, which
    /// only a claim can name, nothing is known.
    pub(super) fn case(&mut self, known: &[(Word, bool)], a: Word) -> Word {
        let Node { n, bits, args: [x, y, _], .. } = self.get(a);
        let is = |prim: Prim| n == prim as u128;
        let width = self.bits(x);
        if !matches!((bits, width), (32 | 64, 32 | 64)) {
            a
        } else if is(Prim::FromUnsigned) {
            self.of_unsigned(known, a, x)
        } else if is(Prim::ToUnsigned) || is(Prim::ToUnsignedSat) {
            let saturates = is(Prim::ToUnsignedSat);
            self.fitted_unsigned(known, (x, bits), saturates).unwrap_or(a)
        } else if (is(Prim::FloatMin) || is(Prim::FloatMax))
            && bits == width
            && bits == self.bits(y)
        {
            self.extremum(known, (x, y), is(Prim::FloatMin)).unwrap_or(a)
        } else {
            a
        }
    }

    /// C7.
    fn fitted_unsigned(
        &mut self,
        known: &[(Word, bool)],
        (x, bits): (Word, u8),
        saturates: bool,
    ) -> Option<Word> {
        let c = half(bits);
        if saturates {
            let nan = self.prim(Prim::FloatNan, 1, &[x, x]);
            if self.by_implication(known, nan) == Some(true) {
                return Some(self.constant(bits, 0));
            }
        }
        let range = self.range(known, x);
        if range.less(-1.0, true)? {
            return saturates.then(|| self.constant(bits, 0));
        }
        if range.less(c, false)? {
            return Some(self.prim(Prim::ToSigned, bits, &[x]));
        }
        if range.less(2.0 * c, false)? {
            let t = self.above_half(x, bits);
            return Some(self.plus(t, (mask(bits) >> 1).wrapping_add(1)));
        }
        saturates.then(|| self.constant(bits, u128::MAX))
    }

    /// C8.
    fn of_unsigned(&mut self, known: &[(Word, bool)], a: Word, x: Word) -> Word {
        let bits = self.bits(a);
        let sign = self.sign(x);
        match self.decide(known, sign) {
            Some(false) => self.prim(Prim::FromSigned, bits, &[x]),
            Some(true) if self.bits(x) == 64 => {
                let one = self.constant(64, 1);
                let (half, low) = (self.shr(x, one), self.and(x, one));
                let both = self.or(half, low);
                let y = self.prim(Prim::FromSigned, bits, &[both]);
                self.prim(Prim::FloatAdd, bits, &[y, y])
            }
            _ => a,
        }
    }

    /// A conversion of a signed word depends on its value alone: the narrowest word that has it.
    pub(super) fn narrowest(&mut self, x: Word) -> Word {
        let Node { op, args: [y, ..], .. } = self.get(x);
        let width = self.bits(y);
        match op {
            Head::Zext if width < 32 => self.zext(y, 32),
            Head::Zext if width < 64 => self.zext(y, 64),
            Head::Sext if width <= 32 => self.sext(y, 32),
            _ => x,
        }
    }
}
