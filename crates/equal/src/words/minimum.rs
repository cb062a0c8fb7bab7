//! N8: the minimum and the maximum of floats, where it is known which case it is.
//!
//! * C9. Of two floats the minimum is their sum if one is NaN, their or if they are equal (−0 for 0
//!   and −0), and else `b < a ? b : a`; the maximum with and, and `a < b ? b : a`. (NaN is any NaN
//!   that the processor's sum gives.)
//! * C12. A float that is equal to a number that is not 0 is the word of that number: 0 alone has
//!   two.

use super::choose::Known;
use super::{Head, Node, Prim, Word, Words};

impl Words {
    /// C9.
    pub(super) fn extremum(
        &mut self,
        known: &[(Word, bool)],
        (a, b): (Word, Word),
        least: bool,
    ) -> Option<Word> {
        let bits = self.bits(a);
        let (nan, equal) =
            (self.prim(Prim::FloatNan, 1, &[a, b]), self.prim(Prim::FloatEq, 1, &[a, b]));
        if self.decide(known, nan)? {
            return Some(self.prim(Prim::FloatAdd, bits, &[b, a]));
        }
        if self.decide(known, equal)? {
            let number = [a, b].into_iter().find(|&x| self.is_nonzero_float(x));
            return Some(match number {
                Some(number) => number,
                None if least => self.or(b, a),
                None => self.and(b, a),
            });
        }
        let made = self.lesser(least, b, a);
        let Node { op: Head::Ite, args: [less, x, y], .. } = self.get(made) else {
            return Some(made);
        };
        Some(match self.decide(known, less) {
            Some(true) => x,
            Some(false) => y,
            None => made,
        })
    }

    /// Whether a word is a float that one word alone is equal to: a number that is not 0.
    fn is_nonzero_float(&self, word: Word) -> bool {
        self.float_number(word).is_some_and(|number| number != 0.0)
    }

    /// C12.
    pub(super) fn equal_number(&mut self, (known, numbers): Known<'_>, x: Word) -> Option<u128> {
        for &(fact, _) in numbers {
            let (fact, _) = self.polarity(fact);
            let Node { op, bits: 1, args: [a, b, _], .. } = self.get(fact) else { continue };
            let parts = if op == Head::And { [a, b] } else { [fact, fact] };
            for part in parts {
                let (equal, _) = self.polarity(part);
                let Node { op: Head::Prim, n, args: [a, b, _], bits: 1 } = self.get(equal) else {
                    continue;
                };
                let other = if a == x { b } else { a };
                if n == Prim::FloatEq as u128
                    && (a == x || b == x)
                    && self.bits(other) == self.bits(x)
                    && self.is_nonzero_float(other)
                    && self.holds(known, equal)
                {
                    return self.number(other);
                }
            }
        }
        None
    }

    /// Whether a condition follows from one or two that are known.
    fn holds(&mut self, known: &[(Word, bool)], c: Word) -> bool {
        let holds = self.by_implication(known, c);
        holds.or_else(|| self.by_other(known, c)) == Some(true)
    }

    /// The processor's minimum and maximum: the first operand where it is less, or more, and else
    /// the second.
    pub(crate) fn lesser(&mut self, least: bool, a: Word, b: Word) -> Word {
        let operands = if least { [a, b] } else { [b, a] };
        let less = self.prim(Prim::FloatLt, 1, &operands);
        self.ite(less, a, b)
    }
}
