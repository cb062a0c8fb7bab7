//! The most that a word is, by its form, and comparisons that others decide.

use super::{Head, Node, Word, Words, mask};

/// Operators that are looked through, one inside the other.
const DEPTH: u32 = 8;

impl Words {
    /// A number that a word of 64 bits or less is at most, unsigned. A sum is at most the sum over
    /// the integers; and a number less `m·a` is at most the number, if it is `m·a` at least.
    pub fn most(&self, word: Word) -> u128 {
        self.most_within(word, DEPTH)
    }

    fn most_within(&self, word: Word, depth: u32) -> u128 {
        let Node { op, bits, args: [a, b, c], n } = self.get(word);
        let all = mask(bits);
        let Some(depth) = depth.checked_sub(1) else { return all };
        let most = |word| self.most_within(word, depth);
        match op {
            Head::Const => n,
            Head::Zext => most(a),
            Head::And => most(a).min(most(b)),
            Head::Ite => most(b).max(most(c)),
            Head::Sum => {
                let sum = most(a).checked_mul(n).and_then(|product| product.checked_add(most(b)));
                let sum = sum.filter(|sum| *sum <= all);
                sum.or_else(|| self.most_less((n, bits), most(a), b)).unwrap_or(all)
            }
            _ => all,
        }
    }

    /// The number `b` for `n·a + b` with a negative `n`, if no more than that is taken off it.
    fn most_less(&self, (n, bits): (u128, u8), most: u128, b: Word) -> Option<u128> {
        let number = self.number(b)?;
        let taken = (n.wrapping_neg() & mask(bits)).checked_mul(most)?;
        planted!(TakenIsLess, taken <= number, true).then_some(number)
    }

    /// N9: whether `a < b` by known comparisons of `a` with `b` and a number more or less.
    ///
    /// Where the sum has no carry, `b ≤ b + n`, so `b + n ≤ a` says `b ≤ a`; and `c ≤ c + m = b`,
    /// so `a < c` says `a < b`.
    pub(super) fn less_by(&mut self, known: &[(Word, bool)], (a, b): (Word, Word)) -> Option<bool> {
        let all = mask(self.bits(b));
        for &(fact, holds) in known {
            let (fact, positive) = self.polarity(fact);
            let Node { op: Head::Ult, args: [x, c, _], .. } = self.get(fact) else { continue };
            if x != a {
                continue;
            }
            let less = holds == positive;
            let (from, to) = if less { (c, b) } else { (b, c) };
            let difference = self.sub(to, from);
            let Some(more) = self.number(difference) else { continue };
            let sum = self.most(from).checked_add(more);
            if planted!(CarriesAnyhow, sum.is_some_and(|sum| sum <= all), true) {
                return Some(less);
            }
        }
        None
    }
}
