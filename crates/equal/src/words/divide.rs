//! N6: quotients and remainders by numbers.
//!
//! A compiler multiplies instead (Granlund and Montgomery, *Division by invariant integers using
//! multiplication*, PLDI 1994). Which numbers it takes is not believed: from the number `m` and the
//! shift `s` that are found follows the only divisor `d` that they can be for, and the condition of
//! the theorem is computed for these three.
//!
//! * D1. `0 ≤ x < 2^N` and `2^(w+s) ≤ m·d ≤ 2^(w+s) + 2^(w+s−N)`: `⌊m·x / 2^(w+s)⌋ = ⌊x / d⌋`. For
//!   `m·d = 2^(w+s) + e` the left side is `⌊x/d + x·e/(d·2^(w+s))⌋`, and `x·e < 2^(w+s)`, so what
//!   is added is below `1/d`.
//! * D2. `−2^(w−1) ≤ x < 2^(w−1)`, `d > 0` and `2^(w+s) < m·d ≤ 2^(w+s) + 2^(s+1)`:
//!   `⌊m·x / 2^(w+s)⌋ + [x < 0]` is the quotient, rounded to zero. The deviation from `x/d` has the
//!   sign of `x`; it is below `1/d` in size for `x ≥ 0`, and at most `1/d` for `x < 0`, where
//!   `⌈y⌉ − 1` is wanted of `y` in `(q, q + 1]`.
//! * D3. The same with `−x` for `x`, where `−x` may be `2^(w−1)`: there `x·e` stays below
//!   `2^(w+s)` if `m·d < 2^(w+s) + 2^(s+1)`. The quotient of `−x` by `d` is the one of `x` by `−d`.
//!   The factor of `x` is `−m` then, and `[−x < 0]` is the sign of `⌊−m·x / 2^w⌋`.

use super::sum::Parts;
use super::{Head, Node, Prim, Word, Words, mask};
use alloc::vec::Vec;

/// Steps of rewriting that it takes to look at a sign and a half.
const PAIR_STEPS: u64 = 4;

/// `y >> s`, where an atom of `y` is an upper half.
#[derive(Clone, Copy)]
struct Half {
    y: Word,
    s: u32,
    high: Word,
}

/// D2, or D3 where `−x` is divided: the number by which `⌊m·x / 2^(w+s)⌋ + [x < 0]` is the quotient
/// of all words of `w` bits, if there is one. It is the least `d` with `2^(w+s) < m·d`.
pub(super) fn signed_divisor((bits, s): (u8, u32), m: u128, less: bool) -> Option<u128> {
    let power = 1_u128.checked_shl(u32::from(bits).checked_add(s)?)?;
    let d = power.checked_div(m)?.checked_add(1)?;
    let product = m.checked_mul(d)?;
    let beyond = power.checked_add(1_u128.checked_shl(s.checked_add(1)?)?)?;
    let strict = planted!(OppositeIsAlike, less, false);
    let beyond = if strict { beyond.checked_sub(1)? } else { beyond };
    (product <= beyond && d <= mask(bits) >> 1 && d >= 2).then_some(d)
}

/// D1: the number by which `⌊m·x / 2^(w+s)⌋` is the quotient of all words of `w` bits below
/// `2^width`, if there is one. It is the least `d` with `2^(w+s) ≤ m·d`.
pub(super) fn unsigned_divisor((bits, s): (u8, u32), m: u128, width: u8) -> Option<u128> {
    let shift = u32::from(bits).checked_add(s)?;
    let power = 1_u128.checked_shl(shift)?;
    let d = power.checked_add(m)?.checked_sub(1)?.checked_div(m)?;
    let product = m.checked_mul(d)?;
    let slack = 1_u128.checked_shl(shift.checked_sub(width.into())?)?;
    (product <= power.checked_add(slack)? && d <= mask(bits) && d >= 2).then_some(d)
}

impl Words {
    /// `⌊a / b⌋`, unsigned, for `b` that is not 0.
    pub fn div_u(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        match (self.number(a), self.number(b)) {
            (Some(n), Some(d)) if d != 0 => {
                return self.constant(bits, n.checked_div(d).unwrap_or(0));
            }
            (None, Some(d)) if d.is_power_of_two() => {
                let k = self.constant(bits, d.trailing_zeros().into());
                return self.shr(a, k);
            }
            // `⌊⌊x / 2^k⌋ / d⌋ = ⌊x / (2^k·d)⌋`.
            (None, Some(d)) if d != 0 => {
                if let Some((x, k)) = self.shifted_right(a)
                    && d.leading_zeros() > u32::from(k)
                    && d.wrapping_shl(k.into()) <= mask(bits)
                {
                    let d = self.constant(bits, d.wrapping_shl(k.into()));
                    return self.prim(Prim::DivU, bits, &[x, d]);
                }
            }
            _ => {}
        }
        self.prim(Prim::DivU, bits, &[a, b])
    }

    /// The word that is shifted right, unsigned, and how far.
    fn shifted_right(&self, a: Word) -> Option<(Word, u8)> {
        let Node { op: Head::Zext, args: [part, ..], bits, .. } = self.get(a) else { return None };
        let Node { op: Head::Slice, args: [x, ..], n, bits: width } = self.get(part) else {
            return None;
        };
        let k = u8::try_from(n).ok()?;
        let whole = self.bits(x) == bits && k.checked_add(width) == Some(bits);
        whole.then_some((x, k))
    }

    /// The quotient of signed words, for `b` that is not 0; by −1 it is the negation.
    pub fn div_s(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        match self.number(b) {
            Some(1) => a,
            Some(d) if d == mask(bits) => self.neg(a),
            // Rounded to zero, `x / −d = −(x / d)`; the least number has no opposite.
            Some(d) if d > (mask(bits) >> 1).wrapping_add(1) => {
                let d = self.constant(bits, d.wrapping_neg());
                let quotient = self.div_s(a, d);
                self.neg(quotient)
            }
            // Rounded to zero: `(x + (2^k − 1)·[x < 0]) >> k`.
            Some(d) if d.is_power_of_two() && d <= mask(bits) >> 1 => {
                let k = d.trailing_zeros() as u8;
                let sign = self.sign(a);
                let bias = self.sext(sign, k);
                let bias = self.zext(bias, bits);
                let sum = self.add(a, bias);
                let count = self.constant(bits, k.into());
                self.sar(sum, count)
            }
            _ => self.prim(Prim::DivS, bits, &[a, b]),
        }
    }

    /// The remainder of unsigned words: by a number, `a − b·⌊a / b⌋`.
    pub fn rem_u(&mut self, a: Word, b: Word) -> Word {
        match self.number(b) {
            Some(d) if d != 0 => {
                let quotient = self.div_u(a, b);
                let product = self.scale(d, quotient);
                self.sub(a, product)
            }
            _ => self.prim(Prim::RemU, self.bits(a), &[a, b]),
        }
    }

    /// The remainder of signed words.
    pub fn rem_s(&mut self, a: Word, b: Word) -> Word {
        match self.number(b) {
            Some(d) if d != 0 => {
                let quotient = self.div_s(a, b);
                let product = self.scale(d, quotient);
                self.sub(a, product)
            }
            _ => self.prim(Prim::RemS, self.bits(a), &[a, b]),
        }
    }

    /// A sum of which two atoms with one factor are a signed quotient by a number (D2, D3), or the
    /// sum.
    pub(super) fn quotient(&mut self, bits: u8, parts: &Parts) -> Word {
        let atoms = &parts.atoms;
        if !atoms.iter().any(|&(atom, _)| self.is_bit(atom)) {
            return self.sum_of(bits, parts);
        }
        let halves: Vec<(Half, Word, u128)> = (atoms.iter())
            .filter_map(|&(atom, factor)| Some((self.half(bits, atom)?, atom, factor)))
            .collect();
        for &(sign, factor) in atoms.iter().filter(|_| !halves.is_empty()) {
            if !self.is_bit(sign) {
                continue;
            }
            for &(half, shifted, other) in &halves {
                if factor != other {
                    continue;
                }
                let Some(made) = self.signed(bits, half, sign) else { continue };
                let mut rest = parts.clone();
                rest.atoms.retain(|&mut (atom, _)| atom != sign && atom != shifted);
                let sum = self.deeper(|words| {
                    let rest = words.sum_of(bits, &rest);
                    words.combine(bits, (made, factor), (rest, 1))
                });
                return sum.unwrap_or_else(|| self.unknown(bits));
            }
        }
        self.sum_of(bits, parts)
    }

    /// `y >> s`, with `y` the upper half of `m·x`, or that and more.
    fn half(&self, bits: u8, shifted: Word) -> Option<Half> {
        if !matches!(bits, 32 | 64) {
            return None;
        }
        let (y, s) = match self.get(shifted) {
            Node { op: Head::Sext, args: [part, ..], .. } => match self.get(part) {
                Node { op: Head::Slice, args: [y, ..], n, bits: width }
                    if n.wrapping_add(width.into()) == u128::from(bits) =>
                {
                    (y, n as u32)
                }
                _ => return None,
            },
            _ => (shifted, 0),
        };
        if self.bits(y) != bits {
            return None;
        }
        let atoms = self.parts(y).atoms;
        let high = atoms.iter().find(|&&(atom, n)| n == 1 && self.is_high(atom))?.0;
        Some(Half { y, s, high })
    }

    /// `y >> s` and the sign of `y`, or of `x`, with `y` the upper half of `m·x`, or that and `x`.
    fn signed(&mut self, bits: u8, Half { y, s, high }: Half, sign: Word) -> Option<Word> {
        // A sum may have many such pairs, and is made again with each word that is added to it.
        self.steps = self.steps.checked_sub(PAIR_STEPS)?;
        let Node { op: Head::Zext, args: [bit, ..], .. } = self.get(sign) else { return None };
        let Node { op: Head::Prim, args: [p, q, _], n, .. } = self.get(high) else { return None };
        if n != Prim::HighS as u128 {
            return None;
        }
        let (x, m) = match (self.number(p), self.number(q)) {
            (None, Some(m)) => (p, m),
            (Some(m), None) => (q, m),
            _ => return None,
        };
        let (top, own) = (self.sign(y), self.sign(x));
        if bit != top && bit != own {
            return None;
        }
        let more = self.sub(y, high);
        let more = (self.number(more) != Some(0)).then_some(more);
        // The upper half is of the signed number; where `x` is added, that is 2^w more, and less
        // where it is taken away.
        let negative = m > mask(bits) >> 1;
        let minus_x = self.neg(x);
        let opposite = 1_u128.wrapping_shl(bits.into()).wrapping_sub(m);
        let (m, less) = match (negative, more) {
            (false, None) => (m, false),
            (true, Some(more)) if more == x => (m, false),
            (true, None) => (opposite, true),
            (false, Some(more)) if more == minus_x => (opposite, true),
            _ => return None,
        };
        // Of `x` the quotient's sign, as `d` is positive; else of `y`, which is below 0 with `x`.
        if planted!(SignOfDivided, less, false) && bit != top {
            return None;
        }
        let d = signed_divisor((bits, s), m, less)?;
        let d = self.constant(bits, if less { d.wrapping_neg() } else { d });
        Some(self.div_s(x, d))
    }

    fn is_high(&self, a: Word) -> bool {
        matches!(self.get(a), Node { op: Head::Prim, n, .. } if n == Prim::HighS as u128)
    }

    /// The bits of a word from `lo` to its end that are an unsigned quotient by a number (D1), or
    /// nothing.
    pub(super) fn upper(&mut self, a: Word, lo: u8) -> Option<Word> {
        let bits = self.bits(a);
        if !matches!(bits, 32 | 64) {
            return None;
        }
        if let Some((x, m)) = self.product(a) {
            return self.unsigned(x, m, lo.into());
        }
        // `(((x − h) >> 1) + h) >> s` with `h = ⌊m·x / 2^w⌋` is `⌊(2^w + m)·x / 2^(w+1+s)⌋`.
        let parts = self.parts(a);
        let (&[(p, 1), (q, 1)], 0) = (parts.atoms.as_slice(), parts.number) else { return None };
        for (half, high) in [(p, q), (q, p)] {
            let Some((x, m)) = self.product(high) else { continue };
            let rest = self.sub(x, high);
            let one = self.constant(bits, 1);
            if self.shr(rest, one) == half {
                let m = (1_u128.wrapping_shl(bits.into())).wrapping_add(m);
                return self.unsigned(x, m, u32::from(lo).saturating_add(1));
            }
        }
        None
    }

    /// The operand and the number of an unsigned upper half.
    fn product(&self, a: Word) -> Option<(Word, u128)> {
        let Node { op: Head::Prim, args: [p, q, _], n, .. } = self.get(a) else { return None };
        if n != Prim::HighU as u128 {
            return None;
        }
        match (self.number(p), self.number(q)) {
            (None, Some(m)) => Some((p, m)),
            (Some(m), None) => Some((q, m)),
            _ => None,
        }
    }

    /// `⌊m·x / 2^(w+s)⌋` as a quotient of `x`.
    fn unsigned(&mut self, x: Word, m: u128, s: u32) -> Option<Word> {
        let bits = self.bits(x);
        let width = match self.get(x) {
            Node { op: Head::Zext, args: [y, ..], .. } => self.bits(y),
            _ => bits,
        };
        let d = unsigned_divisor((bits, s), m, width)?;
        let d = self.constant(bits, d);
        Some(self.div_u(x, d))
    }
}
