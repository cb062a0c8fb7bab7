//! N4: choices by a condition, and what is known of conditions.

use super::{Head, NONE, Node, Prim, Word, Words, mask};
use smallvec::SmallVec;

/// Depth of what is looked for conditions.
const PLAIN_DEPTH: u32 = 32;

/// Conditions that are known, and those of them by which a word may be a number.
pub(super) type Known<'k> = (&'k [(Word, bool)], &'k [(Word, bool)]);

impl Words {
    /// Whether a condition is the negation of a condition that is none, and that one.
    pub(crate) fn polarity(&mut self, c: Word) -> (Word, bool) {
        let Node { op: Head::Sum, bits: 1, .. } = self.get(c) else { return (c, true) };
        if self.addend(c) == 1 {
            (self.not(c), planted!(NegationIsLost, false, true))
        } else {
            (c, true)
        }
    }

    /// `a` if `c`, else `b`.
    ///
    /// `ite(¬c, a, b) = ite(c, b, a)`, `ite(c, a, a) = a`; of numbers `ite(c, n, m) = m + (n −
    /// m)·zext(c)`; of extended conditions it is their choice, extended. In one bit
    /// `ite(c, a, b) = ¬(¬(c & a) & ¬(¬c & b))`, and `ite(c, ¬a, b) = ¬ite(c, a, ¬b)`.
    pub fn ite(&mut self, c: Word, a: Word, b: Word) -> Word {
        if a == b {
            return a;
        }
        match self.number(c) {
            Some(0) => return b,
            Some(_) => return a,
            None => {}
        }
        let (c, positive) = self.polarity(c);
        let (a, b) = if positive { (a, b) } else { (b, a) };
        let bits = self.bits(a);
        // Of two numbers it is the second, and the difference where the condition holds.
        if let (Some(n), Some(m)) = (self.number(a), self.number(b)) {
            let wide = self.zext(c, bits);
            return self.combine(bits, (wide, n.wrapping_sub(m)), (b, 1));
        }
        if bits == 1 {
            if self.number(a).is_none() && self.number(b).is_none() {
                let (a, positive) = self.polarity(a);
                if !positive {
                    let b = self.not(b);
                    let made = self.ite(c, a, b);
                    return self.not(made);
                }
            }
            let not = self.not(c);
            let (a, b) = (self.and(c, a), self.and(not, b));
            return self.or(a, b);
        }
        if let (Some(x), Some(y)) = (self.bit_of(a), self.bit_of(b)) {
            let bit = self.ite(c, x, y);
            return self.zext(bit, bits);
        }
        // What is chosen by the same condition inside is decided.
        let inner = |words: &Words, x: Word, holds: bool| match words.get(x) {
            Node { op: Head::Ite, args: [d, p, q], .. } if d == c => {
                if holds {
                    p
                } else {
                    q
                }
            }
            _ => x,
        };
        let (a, b) = (inner(self, a, true), inner(self, b, false));
        if a == b {
            return a;
        }
        if let Some(Some(made)) = self.deeper(|words| words.extreme(c, a, b)) {
            return made;
        }
        self.node(Head::Ite, bits, [c, a, b], 0)
    }

    /// The smaller or larger of two words, in one form: `x < k + 1 ? x : k` is `x < k ? x : k`, and
    /// `x < y ? x : y` is `y < x ? y : x`; where they differ in the condition, both words are
    /// equal. They may be extensions of what is compared.
    fn extreme(&mut self, c: Word, a: Word, b: Word) -> Option<Word> {
        let Node { op, args: [x, y, _], .. } = self.get(c);
        if matches!(op, Head::Ult | Head::Slt) {
            let (p, q) = (self.inner(op, x, a), self.inner(op, x, b));
            // `x < y` may be there as `x < x − y`.
            let other = if op == Head::Ult { self.sub(x, y) } else { y };
            let pair = if p == x { b } else { a };
            let y = if self.inner(op, other, pair) == other { other } else { y };
            let numbers = self.number(x).is_some() || self.number(y).is_some();
            if (p == x && self.inner(op, y, b) == y) || (q == x && self.inner(op, y, a) == y) {
                return if x > y && !numbers {
                    let other = if op == Head::Ult { self.ult(y, x) } else { self.slt(y, x) };
                    Some(self.ite(other, b, a))
                } else {
                    None
                };
            }
            if !numbers && let Some(y) = self.parts_of(op, (x, y), (a, b)) {
                let swaps = x > y;
                let other = if op == Head::Ult { self.ult(y, x) } else { self.slt(y, x) };
                return swaps.then(|| self.ite(other, b, a));
            }
        }
        // `z < k + 1` may have another form; it is made again.
        let (z, other) = if self.number(a).is_some() { (b, a) } else { (a, b) };
        let (None, Some(k)) = (self.number(z), self.number(other)) else { return None };
        let bits = self.bits(z);
        let next = self.constant(bits, k.wrapping_add(1));
        for signed in [false, true] {
            let most = if signed { mask(bits) >> 1 } else { mask(bits) };
            if k == most {
                continue;
            }
            let less = if signed { self.slt(z, next) } else { self.ult(z, next) };
            let (less, positive) = self.polarity(less);
            if less == c {
                let closer = if signed { self.slt(z, other) } else { self.ult(z, other) };
                // Of an even word both are one condition.
                if self.polarity(closer).0 == c {
                    return None;
                }
                return Some(if positive {
                    self.ite(closer, a, b)
                } else {
                    self.ite(closer, b, a)
                });
            }
        }
        None
    }

    /// Whether two words are the same bits of two that are compared, so that their choice is bits
    /// of the smaller or larger one; and the second of these: `x < y` may be `x < x − y`.
    fn parts_of(&mut self, op: Head, (x, y): (Word, Word), (a, b): (Word, Word)) -> Option<Word> {
        let low = |words: &Words, a: Word| match words.get(a) {
            Node { op: Head::Slice, n, .. } => Some(n as u8),
            Node { op: Head::Zext, args: [part, ..], .. } => match words.get(part) {
                Node { op: Head::Slice, n, .. } => Some(n as u8),
                _ => None,
            },
            _ => None,
        };
        let (lo, bits) = (low(self, a).or(low(self, b))?, self.bits(a));
        let other = if op == Head::Ult { self.sub(x, y) } else { y };
        let part = self.slice(x, lo, bits);
        for y in [y, other] {
            let second = self.slice(y, lo, bits);
            if (part, second) == (a, b) || (part, second) == (b, a) {
                return Some(y);
            }
        }
        None
    }

    /// The word of the width of `x` that a word is the extension of, by zeros for unsigned
    /// comparisons and by signs for others: both compare alike.
    fn inner(&mut self, op: Head, x: Word, a: Word) -> Word {
        let (width, bits) = (self.bits(x), self.bits(a));
        if width >= bits {
            return a;
        }
        let low = self.slice(a, 0, width);
        let wide = if op == Head::Ult { self.zext(low, bits) } else { self.sext(low, bits) };
        if wide == a { low } else { a }
    }

    /// Whether a condition holds, if these do or do not.
    pub fn decide(&mut self, known: &[(Word, bool)], c: Word) -> Option<bool> {
        if let Some(n) = self.number(c) {
            return Some(n == 1);
        }
        let (c, positive) = self.polarity(c);
        let found = self.decided(known, c)?;
        Some(found == positive)
    }

    /// Whether one of the conditions that are known implies a condition, or its negation.
    pub(super) fn by_implication(&mut self, known: &[(Word, bool)], c: Word) -> Option<bool> {
        // Of two conditions that are no operators of conditions, one implies the other only if they
        // are one (`implies`).
        let plain = |words: &Words, c: Word| !matches!(words.get(c).op, Head::And | Head::Prim);
        let c_is_plain = plain(self, c);
        let mut not = None;
        for &(p, holds) in known {
            let (p, p_holds) = self.polarity(p);
            let holds = holds == p_holds;
            if p == c {
                return Some(holds);
            }
            if c_is_plain && plain(self, p) {
                continue;
            }
            let fact = if holds { p } else { self.not(p) };
            if self.implies(fact, c) {
                return Some(true);
            }
            let not = *not.get_or_insert_with(|| self.not(c));
            if self.implies(fact, not) {
                return Some(false);
            }
            // Contrapositives.
            let denied = self.not(fact);
            if self.implies(c, denied) {
                return Some(false);
            }
            if self.implies(not, denied) {
                return Some(true);
            }
        }
        None
    }

    fn decided(&mut self, known: &[(Word, bool)], c: Word) -> Option<bool> {
        if let Some(holds) = self.by_implication(known, c).or_else(|| self.by_other(known, c)) {
            return Some(holds);
        }
        if let Node { op: Head::Zero, args: [x, ..], .. } = self.get(c) {
            return self.zero_by(known, x).or_else(|| self.least_by(known, x));
        }
        if self.get(c).op == Head::Prim {
            return self.float_by(known, c);
        }
        if let Some(holds) = self.sign_by(known, c) {
            return Some(holds);
        }
        if let Node { op: Head::Ult, args: [a, b, _], .. } = self.get(c)
            && let Some(less) = self.less_by(known, (a, b))
        {
            return Some(less);
        }
        // A comparison of words that are numbers by others.
        if let Node { op: op @ (Head::Ult | Head::Slt), args: [a, b, _], .. } = self.get(c) {
            let bits = self.bits(a);
            let [a, b] = [a, b].map(|x| match self.number_by(known, x) {
                Some(n) => self.constant(bits, n),
                None => x,
            });
            let less = if op == Head::Ult { self.ult(a, b) } else { self.slt(a, b) };
            return self.number(less).map(|n| n == 1);
        }
        if let Node { op: Head::And, bits: 1, args: [a, b, _], .. } = self.get(c) {
            let (a, b) = self.deeper(|words| (words.decide(known, a), words.decide(known, b)))?;
            return match (a, b) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        None
    }

    /// A float as a signed word, saturating, where it is known which case it is: the truncation, if
    /// that is not the least number (which it also is for what does not fit); else 0 for NaN, the
    /// least number for what is not above 0, and the greatest for the rest.
    fn saturated(&mut self, known: &[(Word, bool)], a: Word, x: Word) -> Word {
        let bits = self.bits(a);
        let truncated = self.prim(Prim::ToSigned, bits, &[x]);
        let most = mask(bits) >> 1;
        let (least, most) = (self.constant(bits, most.wrapping_add(1)), self.constant(bits, most));
        let is_least = self.eq(truncated, least);
        let nan = self.prim(Prim::FloatNan, 1, &[x, x]);
        let zero = self.constant(self.bits(x), 0);
        let (below, at_most) =
            (self.prim(Prim::FloatLt, 1, &[x, zero]), self.prim(Prim::FloatLe, 1, &[x, zero]));
        if self.decide(known, nan) == Some(true) {
            return self.constant(bits, 0);
        }
        match (self.decide(known, is_least), self.decide(known, nan)) {
            (Some(false), _) => truncated,
            (Some(true), Some(false)) => {
                match self.decide(known, below).or(self.decide(known, at_most)) {
                    Some(true) => least,
                    Some(false) => most,
                    None => a,
                }
            }
            _ => a,
        }
    }

    /// Whether a word is 0, by another that is.
    fn zero_by(&mut self, known: &[(Word, bool)], x: Word) -> Option<bool> {
        self.number_by(known, x).map(|n| n == 0)
    }

    /// The number that a word is, by a word that is 0: if the difference or sum of both is a
    /// number, it is that.
    fn number_by(&mut self, known: &[(Word, bool)], x: Word) -> Option<u128> {
        let bits = self.bits(x);
        for &(fact, holds) in known {
            let (fact, positive) = self.polarity(fact);
            let Node { op: Head::Zero, args: [y, ..], .. } = self.get(fact) else { continue };
            if holds == positive
                && self.bits(y) == bits
                && let Some(n) = self.distance(x, y)
            {
                return Some(n);
            }
        }
        None
    }

    /// A word with the choices decided that these conditions decide; equal to it where they hold.
    pub fn under(&mut self, known: &[(Word, bool)], a: Word) -> Word {
        if known.is_empty() {
            return a;
        }
        let mut fuel = 64_u32;
        // Of most conditions no word is seen to be a number.
        let mut numbers: SmallVec<[(Word, bool); 8]> = SmallVec::new();
        for &(fact, holds) in known {
            let (fact, positive) = self.polarity(fact);
            let is = match self.get(fact).op {
                Head::Zero => holds == positive,
                Head::And | Head::Prim => true,
                _ => false,
            };
            if is {
                numbers.push((fact, holds == positive));
            }
        }
        if numbers.is_empty() && self.is_plain(a, 0) {
            return a;
        }
        self.decide_in((known, &numbers), a, &mut fuel)
    }

    /// Whether there is no condition in a word that [`Words::under`] comes to: no choice, nothing
    /// of one bit, and no operator without rules, some of which have cases.
    fn is_plain(&mut self, a: Word, depth: u32) -> bool {
        let number = a.0 as usize;
        if let Some(Some(plain)) = self.plain.get(number) {
            return *plain;
        }
        let Node { op, bits, args, .. } = self.get(a);
        let inside: &[Word] = match op {
            _ if bits == 1 || depth > PLAIN_DEPTH => return false,
            Head::Ite | Head::Prim => &[],
            Head::Sum | Head::Cat => args.get(..2).unwrap_or_default(),
            Head::Zext | Head::Sext | Head::Slice => args.get(..1).unwrap_or_default(),
            Head::Const
            | Head::Value
            | Head::Fixed
            | Head::Unknown
            | Head::Mul
            | Head::And
            | Head::Or
            | Head::Xor
            | Head::Shl
            | Head::Shr
            | Head::Sar
            | Head::Rotl
            | Head::Zero
            | Head::Ult
            | Head::Slt
            | Head::Load
            | Head::Read
            | Head::Store => &[],
        };
        let mut plain = !matches!(op, Head::Ite | Head::Prim);
        for &word in inside {
            plain = plain && self.is_plain(word, depth.saturating_add(1));
        }
        if self.plain.len() <= number {
            self.plain.resize(number.saturating_add(1), None);
        }
        // What was too deep may be plain elsewhere.
        if let Some(slot) = self.plain.get_mut(number).filter(|_| plain || depth == 0) {
            *slot = Some(plain);
        }
        plain
    }

    fn decide_in(&mut self, (known, numbers): Known<'_>, a: Word, fuel: &mut u32) -> Word {
        let node = self.get(a);
        if *fuel == 0 || node.op == Head::Const {
            return a;
        }
        *fuel = fuel.saturating_sub(1);
        if node.bits > 1
            && !numbers.is_empty()
            && let Some(n) =
                self.number_by(numbers, a).or_else(|| self.equal_number((known, numbers), a))
        {
            return self.constant(node.bits, n);
        }
        let [x, y, z] = node.args;
        let made = self.deeper(|words| match node.op {
            _ if node.bits == 1 => words.bit_in((known, numbers), a, fuel),
            Head::Ite => match words.decide(known, x) {
                Some(true) => words.decide_in((known, numbers), y, fuel),
                Some(false) => words.decide_in((known, numbers), z, fuel),
                None => {
                    let x = words.decide_in((known, numbers), x, fuel);
                    let (y, z) = (
                        words.decide_in((known, numbers), y, fuel),
                        words.decide_in((known, numbers), z, fuel),
                    );
                    words.ite(x, y, z)
                }
            },
            Head::Sum => {
                let (x, y) = (
                    words.decide_in((known, numbers), x, fuel),
                    words.decide_in((known, numbers), y, fuel),
                );
                let x = words.scale(node.n, x);
                words.add(x, y)
            }
            Head::Zext => {
                let x = words.decide_in((known, numbers), x, fuel);
                words.zext(x, node.bits)
            }
            Head::Sext => {
                let x = words.decide_in((known, numbers), x, fuel);
                planted!(SignIsLost, words.sext(x, node.bits), words.zext(x, node.bits))
            }
            Head::Slice => {
                let x = words.decide_in((known, numbers), x, fuel);
                words.slice(x, planted!(PartIsLowest, node.n as u8, 0), node.bits)
            }
            Head::Prim if node.n == Prim::ToSignedSat as u128 => words.saturated(known, a, x),
            // The remainder by −1 is 0.
            Head::Prim if node.n == Prim::RemS as u128 => {
                let next = words.plus(y, 1);
                let minus = words.zero(next);
                match words.decide(known, minus) {
                    Some(true) => words.constant(node.bits, 0),
                    _ => a,
                }
            }
            Head::Prim => words.case(known, a),
            Head::Cat => {
                let (x, y) = (
                    words.decide_in((known, numbers), x, fuel),
                    words.decide_in((known, numbers), y, fuel),
                );
                words.cat(x, y)
            }
            _ => a,
        });
        made.unwrap_or(a)
    }

    /// The same of a condition.
    fn bit_in(&mut self, (known, numbers): Known<'_>, a: Word, fuel: &mut u32) -> Word {
        let Node { op, n, args: [x, y, _], .. } = self.get(a);
        match (self.decide(known, a), op) {
            (Some(holds), _) => self.truth(holds),
            (None, Head::And) => {
                let (x, y) = (
                    self.decide_in((known, numbers), x, fuel),
                    self.decide_in((known, numbers), y, fuel),
                );
                self.and(x, y)
            }
            (None, Head::Sum) => {
                let (x, y) = (
                    self.decide_in((known, numbers), x, fuel),
                    self.decide_in((known, numbers), y, fuel),
                );
                self.add(x, y)
            }
            (None, Head::Slice) => {
                let x = self.decide_in((known, numbers), x, fuel);
                self.slice(x, n as u8, 1)
            }
            (None, _) => self.equal_or_nan(known, a),
        }
    }

    /// Floats of which it is known that they are equal or one is NaN are equal exactly if none is.
    fn equal_or_nan(&mut self, known: &[(Word, bool)], a: Word) -> Word {
        let Node { op: Head::Prim, n, args: [x, y, _], .. } = self.get(a) else { return a };
        if n != Prim::FloatEq as u128 {
            return a;
        }
        let nan = self.prim(Prim::FloatNan, 1, &[x, y]);
        let either = self.or(a, nan);
        if self.by_implication(known, either) == Some(true) { self.not(nan) } else { a }
    }

    /// A term without operands of an operator.
    pub(crate) fn no_operand() -> Word {
        NONE
    }
}
