//! N3: comparisons, as words of one bit.

use super::{Head, NONE, Node, Prim, Word, Words, mask};

/// The inverse of an odd number modulo 2^128, by Newton's iteration: each step doubles the bits
/// that are right, of which there are three before the first.
fn inverse(n: u128) -> u128 {
    (0..6).fold(n, |x, _| x.wrapping_mul(2_u128.wrapping_sub(n.wrapping_mul(x))))
}

impl Words {
    /// A condition that is known.
    pub fn truth(&mut self, holds: bool) -> Word {
        self.constant(1, holds.into())
    }

    /// `a = b`: whether the difference is 0.
    pub fn eq(&mut self, a: Word, b: Word) -> Word {
        let difference = self.sub(a, b);
        self.zero(difference)
    }

    /// `a ≠ 0`, of one bit the bit.
    pub fn nonzero(&mut self, a: Word) -> Word {
        let zero = self.zero(a);
        self.not(zero)
    }

    /// `a = 0`.
    pub fn zero(&mut self, a: Word) -> Word {
        let bits = self.bits(a);
        if let Some(n) = self.number(a) {
            return self.truth(n == 0);
        }
        if bits == 1 {
            return self.not(a);
        }
        if let Some(Some(made)) = self.deeper(|words| words.zeroed(a)) {
            return made;
        }
        // `d = 0` exactly if `−d = 0`: the one with the smaller first factor.
        let negated = self.neg(a);
        let first = |words: &Words, a| words.parts(a).atoms.first().map_or(0, |&(_, n)| n);
        let (n, m) = (first(self, a), first(self, negated));
        let a = if (n, a) <= (m, negated) { a } else { negated };
        self.node(Head::Zero, 1, [a, NONE, NONE], 0)
    }

    fn zeroed(&mut self, a: Word) -> Option<Word> {
        let bits = self.bits(a);
        if let Some(all) = self.zero_pieces(a) {
            return Some(all);
        }
        // `x & (1 << s) = 0` exactly if bit `s` of `x` is 0.
        if let Node { op: Head::And, args: [x, y, _], .. } = self.get(a) {
            for (x, power) in [(x, y), (y, x)] {
                if let Node { op: Head::Shl, args: [one, s, _], .. } = self.get(power)
                    && self.number(one) == Some(1)
                {
                    let shifted = self.shr(x, s);
                    let bit = self.slice(shifted, 0, 1);
                    return Some(self.not(bit));
                }
            }
        }
        let parts = self.parts(a);
        // `2^k·x = 0` exactly if the low w − k bits of `x` are 0.
        let common = parts.atoms.iter().fold(128, |k, &(_, n)| k.min(n.trailing_zeros())) as u8;
        if common > 0 && common < bits {
            if parts.number & mask(common) != 0 {
                return Some(self.truth(false));
            }
            let rest = self.slice(a, common, bits.saturating_sub(common));
            return Some(self.zero(rest));
        }
        let minus = mask(bits);
        // `n·x = 0` exactly if `x = 0` for an odd `n`, which has an inverse.
        if let Some(&(_, n)) = parts.atoms.first()
            && n & 1 == 1
            && n != 1
            && n != minus
        {
            let divided = self.scale(inverse(n), a);
            let scaled = planted!(NumberStays, divided, {
                let number = parts.number.wrapping_mul(inverse(n).wrapping_sub(1));
                self.plus(divided, number.wrapping_neg())
            });
            return Some(self.zero(scaled));
        }
        match *parts.atoms.as_slice() {
            [(atom, n)] if n == 1 || n == minus => {
                let number = if n == 1 { parts.number.wrapping_neg() } else { parts.number };
                self.is_number(atom, number & minus)
            }
            // `zext(x) = zext(y)` exactly if `x = y`; sext too.
            [(a, n), (b, m)]
                if parts.number == 0 && n.wrapping_add(m) & minus == 0 && (n == 1 || m == 1) =>
            {
                match (self.get(a), self.get(b)) {
                    (Node { op: p, args: [x, ..], .. }, Node { op: q, args: [y, ..], .. })
                        if p == q
                            && matches!(p, Head::Zext | Head::Sext)
                            && self.bits(x) == self.bits(y) =>
                    {
                        Some(self.eq(x, y))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `a = n`, if that is simpler.
    fn is_number(&mut self, a: Word, n: u128) -> Option<Word> {
        match self.get(a) {
            Node { op: op @ (Head::Zext | Head::Sext), args: [x, ..], bits, .. } => {
                let width = self.bits(x);
                let part = self.constant(width, n);
                let again =
                    if op == Head::Zext { self.zext(part, bits) } else { self.sext(part, bits) };
                if self.number(again) != Some(n) {
                    return Some(self.truth(false));
                }
                Some(self.eq(x, part))
            }
            Node { op: Head::Ite, args: [c, x, y], bits, .. }
                if self.number(x).is_some()
                    || self.number(y).is_some()
                    || (self.is_bit(x) && self.is_bit(y)) =>
            {
                let n = self.constant(bits, n);
                let (x, y) = (self.eq(x, n), self.eq(y, n));
                Some(self.ite(c, x, y))
            }
            // No zeros below the lowest one: it is bit 0; none above the highest one: the sign.
            // No ones at all: 0.
            Node { op: Head::Prim, args: [x, ..], n: prim, bits }
                if n == 0 && bits == self.bits(x) =>
            {
                match Prim::numbered(prim) {
                    Some(Prim::TrailingZeros) => Some(self.slice(x, 0, 1)),
                    Some(Prim::LeadingZeros) => Some(self.sign(x)),
                    Some(Prim::Ones) => Some(self.zero(x)),
                    _ => None,
                }
            }
            // `sext(c) = −zext(c)` is no node, and `Cat(h, l) = n` is two comparisons.
            _ => None,
        }
    }

    /// The condition that a word is the extension of; of 0 and 1 whether they are 1.
    pub(super) fn bit_of(&mut self, a: Word) -> Option<Word> {
        match self.get(a) {
            Node { op: Head::Const, n: n @ (0 | 1), .. } => Some(self.truth(n == 1)),
            Node { op: Head::Zext, args: [x, ..], .. } if self.bits(x) == 1 => Some(x),
            _ => None,
        }
    }

    /// Whether a word is a condition, extended.
    pub(super) fn is_bit(&self, a: Word) -> bool {
        let Node { op, args: [x, ..], .. } = self.get(a);
        op == Head::Zext && self.bits(x) == 1
    }

    /// `a < b`, unsigned.
    ///
    /// `n < x` is `¬(x < n + 1)`; `x < 0` never, `x < 1` is `x = 0`, `x < 2^k` is that the bits
    /// from `k` on are 0; extensions of words of one width compare as these. `a < b` is
    /// `a < a − b`: the difference wraps, and is more than `a`, exactly if `b` is. Of `b` and
    /// `a − b` the number is taken, or the one that is there longer.
    pub fn ult(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let all = mask(bits);
        match (self.number(a), self.number(b)) {
            (Some(a), Some(b)) => return self.truth(a < b),
            (Some(n), None) if n == all => return self.truth(false),
            (Some(n), None) => {
                let next = self.constant(bits, n.wrapping_add(1));
                let below = self.ult(b, next);
                return self.not(below);
            }
            (None, Some(n)) => return self.below(a, n),
            (None, None) => {}
        }
        if a == b {
            return self.truth(false);
        }
        let other = self.sub(a, b);
        if let Some(n) = self.number(other) {
            return self.below(a, n);
        }
        for b in [b, other] {
            if let (
                Node { op: Head::Zext, args: [x, ..], .. },
                Node { op: Head::Zext, args: [y, ..], .. },
            ) = (self.get(a), self.get(b))
            {
                let width = self.bits(x).max(self.bits(y));
                if width < bits {
                    let (x, y) = (self.zext(x, width), self.zext(y, width));
                    return self.ult(x, y);
                }
            }
        }
        let b = b.min(other);
        self.node(Head::Ult, 1, [a, b, NONE], 0)
    }

    /// `a < n`, unsigned.
    fn below(&mut self, a: Word, n: u128) -> Word {
        let bits = self.bits(a);
        if n == 0 {
            return self.truth(false);
        }
        if n == 1 {
            return self.zero(a);
        }
        if n.is_power_of_two() {
            let k = n.trailing_zeros() as u8;
            let above = self.slice(a, k, bits.saturating_sub(k));
            return self.zero(above);
        }
        if let Node { op: Head::Zext, args: [x, ..], .. } = self.get(a) {
            let width = self.bits(x);
            if n > mask(width) {
                return self.truth(true);
            }
            let n = self.constant(width, n);
            return self.ult(x, n);
        }
        // `x < −1` is `x ≠ −1`.
        if n == mask(bits) {
            let next = self.plus(a, 1);
            return self.nonzero(next);
        }
        let n = self.constant(bits, n);
        self.node(Head::Ult, 1, [a, n, NONE], 0)
    }

    /// The sign.
    pub fn sign(&mut self, a: Word) -> Word {
        let bits = self.bits(a);
        self.slice(a, bits.saturating_sub(1), 1)
    }

    /// `a < b`, signed.
    ///
    /// `x < 0` is the sign, `n < x` is `¬(x < n + 1)`; extensions of words of one width compare as
    /// these; two words without sign compare as unsigned ones.
    pub fn slt(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let most = mask(bits) >> 1;
        let least = most.wrapping_add(1);
        let flip = |n: u128| n ^ least;
        match (self.number(a), self.number(b)) {
            (Some(a), Some(b)) => return self.truth(flip(a) < flip(b)),
            (Some(n), None) if n == most => return self.truth(false),
            (Some(n), None) => {
                let next = self.constant(bits, n.wrapping_add(1));
                let below = self.slt(b, next);
                return self.not(below);
            }
            (None, Some(0)) => return self.sign(a),
            (None, Some(n)) if n == least => return self.truth(false),
            // `x < most` is `x ≠ most`; `x < least + 1` is `x = least`.
            (None, Some(n)) if n == most => {
                let equal = self.eq(a, b);
                return self.not(equal);
            }
            (None, Some(n)) if n == least.wrapping_add(1) => {
                let least = self.constant(bits, least);
                return self.eq(a, least);
            }
            _ => {}
        }
        if a == b {
            return self.truth(false);
        }
        let sign = self.sign(a);
        let other = self.sign(b);
        match (self.number(sign), self.number(other)) {
            (Some(s), Some(t)) if s == t => return self.ult(a, b),
            (Some(s), Some(_)) => return self.truth(s == 1),
            _ => {}
        }
        if let Node { op: Head::Sext, args: [x, ..], .. } = self.get(a) {
            let width = self.bits(x);
            let narrow = self.slice(b, 0, width);
            if self.sext(narrow, bits) == b {
                return self.slt(x, narrow);
            }
        }
        if let Node { op: Head::Sext, args: [y, ..], .. } = self.get(b) {
            let width = self.bits(y);
            let narrow = self.slice(a, 0, width);
            if self.sext(narrow, bits) == a {
                return self.slt(narrow, y);
            }
        }
        self.node(Head::Slt, 1, [a, b, NONE], 0)
    }

    /// Whether a condition holds, by two of which at most one does, if the other one does.
    pub(super) fn by_other(&mut self, known: &[(Word, bool)], c: Word) -> Option<bool> {
        for &(both, holds) in known {
            let (both, positive) = self.polarity(both);
            let Node { op: Head::And, bits: 1, args: [a, b, _], .. } = self.get(both) else {
                continue;
            };
            if holds == positive {
                continue;
            }
            for (one, other) in [(a, b), (b, a)] {
                let (one, one_holds) = self.polarity(one);
                if one != c {
                    continue;
                }
                let (other, other_holds) = self.polarity(other);
                if self.by_implication(known, other) == Some(other_holds) {
                    return Some(!one_holds);
                }
            }
        }
        None
    }

    /// Whether a condition implies another, for pairs that one comparison makes: of floats that are
    /// equal, less, or not more, none is NaN; less and equal are not more. Conditions that hold
    /// together imply what each does.
    pub fn implies(&mut self, p: Word, q: Word) -> bool {
        if p == q {
            return true;
        }
        let Node { op, bits: 1, n: prim, args: [a, b, _] } = self.get(p) else { return false };
        // Both of what is and-ed hold.
        if op == Head::And {
            return self.deeper(|words| words.implies(a, q) || words.implies(b, q)) == Some(true);
        }
        if op != Head::Prim {
            return false;
        }
        let pairs = |x: Word, y: Word| (x, y) == (a, b) || (x, y) == (b, a);
        let is = |prim: Prim, n: u128| prim as u128 == n;
        let among = |x: Word| x == a || x == b;
        // A float that is no number is one of two of which one is none.
        if is(Prim::FloatNan, prim)
            && let Node { op: Head::Prim, n, args: [x, y, _], .. } = self.get(q)
        {
            return a == b && is(Prim::FloatNan, n) && (x == a || y == a);
        }
        let orders = is(Prim::FloatEq, prim) || is(Prim::FloatLt, prim) || is(Prim::FloatLe, prim);
        if !orders {
            return false;
        }
        let negated = self.not(q);
        if let Node { op: Head::Prim, n, args: [x, y, _], .. } = self.get(negated) {
            let less = is(Prim::FloatLt, prim) && is(Prim::FloatLe, n) && (x, y) == (b, a);
            let not_more = is(Prim::FloatLe, prim) && is(Prim::FloatLt, n) && (x, y) == (b, a);
            let equal = is(Prim::FloatEq, prim) && is(Prim::FloatLt, n) && pairs(x, y);
            let strict = is(Prim::FloatLt, prim) && is(Prim::FloatEq, n) && pairs(x, y);
            let converse = is(Prim::FloatLt, prim) && is(Prim::FloatLt, n) && (x, y) == (b, a);
            return (is(Prim::FloatNan, n) && among(x) && among(y))
                || less
                || not_more
                || equal
                || strict
                || converse;
        }
        if let Node { op: Head::Prim, n, args: [x, y, _], .. } = self.get(q) {
            let le = is(Prim::FloatLe, n);
            return le
                && ((is(Prim::FloatLt, prim) && (x, y) == (a, b))
                    || (is(Prim::FloatEq, prim) && pairs(x, y)));
        }
        false
    }
}
