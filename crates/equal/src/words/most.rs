//! The most that a word is, by its form.

use super::{Head, Node, Word, Words, mask};

/// Operators that are looked through, one inside the other.
const DEPTH: u32 = 8;

impl Words {
    /// A number that a word of 64 bits or less is at most, unsigned. A sum is at most the sum over
    /// the integers.
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
                sum.unwrap_or(all).min(all)
            }
            _ => all,
        }
    }
}
