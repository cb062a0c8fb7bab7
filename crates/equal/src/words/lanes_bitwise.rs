//! N7: bitwise operators on words above 64 bits, piece by piece.

use super::{Head, NONE, Node, Word, Words, mask};
use alloc::vec::Vec;

/// Runs of a number that a mask is taken apart at, at most.
const RUNS_MAX: usize = 40;

impl Words {
    /// And, or, exclusive or of words above 64 bits.
    pub(crate) fn bitwise(&mut self, op: Head, a: Word, b: Word) -> Word {
        let made = self.deeper(|words| {
            let (p, q) = (words.cut(op, a, b), words.cut(op, b, a));
            words.by_pieces(op, p, q)
        });
        made.unwrap_or_else(|| self.ordered_pair(op, a, b))
    }

    /// The pieces of an operand, the lowest first; of a number the runs of equal bits, where the
    /// operator makes numbers or parts of these.
    fn cut(&mut self, op: Head, a: Word, other: Word) -> Vec<Word> {
        let bits = self.bits(a);
        let Some(n) = self.number(a) else {
            let mut pieces = self.pieces(a);
            pieces.reverse();
            return pieces;
        };
        if op == Head::Xor || self.number(other).is_some() {
            return alloc::vec![a];
        }
        let (mut made, mut at) = (Vec::new(), 0_u8);
        while at < bits {
            let rest = n.wrapping_shr(at.into());
            let run = if rest & 1 == 1 { rest.trailing_ones() } else { rest.trailing_zeros() };
            let width = u8::try_from(run).unwrap_or(128).min(bits.saturating_sub(at));
            made.push(self.constant(width, rest));
            at = at.saturating_add(width);
        }
        if made.len() > RUNS_MAX { alloc::vec![a] } else { made }
    }

    /// An operator on words that are given as pieces, the lowest first.
    fn by_pieces(&mut self, op: Head, p: Vec<Word>, q: Vec<Word>) -> Word {
        let (mut p, mut q) = (p.into_iter(), q.into_iter());
        let (mut left, mut right) = (p.next(), q.next());
        let mut made = None;
        while let (Some(x), Some(y)) = (left, right) {
            let (wide, other) = (self.bits(x), self.bits(y));
            let width = wide.min(other);
            let (a, b) = (self.slice(x, 0, width), self.slice(y, 0, width));
            let part = self.piece(op, a, b);
            made = Some(match made {
                Some(low) => self.cat(part, low),
                None => part,
            });
            let above = |words: &mut Words, word, whole: u8| {
                let rest = whole.saturating_sub(width);
                (rest > 0).then(|| words.slice(word, width, rest))
            };
            left = above(self, x, wide).or_else(|| p.next());
            right = above(self, y, other).or_else(|| q.next());
        }
        made.unwrap_or_else(|| self.unknown(0))
    }

    /// An operator on one piece of each operand.
    ///
    /// `x & sext(c)` is `x` if `c`, else 0; `x | sext(c)` is −1 if `c`, else `x`. Operators on two
    /// choices by one condition, and on a choice of numbers and a number, are inside.
    pub(crate) fn piece(&mut self, op: Head, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let all = mask(bits);
        let (a, b) = if self.number(a).is_some() { (b, a) } else { (a, b) };
        if a == b {
            return if op == Head::Xor { self.constant(bits, 0) } else { a };
        }
        match (op, self.number(b)) {
            (Head::And, Some(0)) => return b,
            (Head::And, Some(n)) if n == all => return a,
            (Head::Or | Head::Xor, Some(0)) => return a,
            (Head::Or, Some(n)) if n == all => return b,
            _ => {}
        }
        if op == Head::And && (self.is_complement(a, b) || self.is_complement(b, a)) {
            return self.constant(bits, 0);
        }
        let made = self.deeper(|words| match op {
            _ if bits == 1 => None,
            Head::And => words.choices(op, a, b).or_else(|| words.cleared_table(a, b)),
            _ => words.choices(op, a, b),
        });
        if let Some(made) = made.flatten() {
            return made;
        }
        if bits > 64 {
            return self.ordered_pair(op, a, b);
        }
        match op {
            Head::And => self.and(a, b),
            Head::Or => self.or(a, b),
            _ => self.xor(a, b),
        }
    }

    /// Whether a word is written as the complement of another.
    fn is_complement(&self, a: Word, b: Word) -> bool {
        self.flipped(a) == (b, mask(self.bits(a)))
    }

    /// Operators on choices.
    fn choices(&mut self, op: Head, a: Word, b: Word) -> Option<Word> {
        let bits = self.bits(a);
        let (left, right) = (self.choice(a), self.choice(b));
        match (left, right) {
            (Some((c, x, y)), Some((d, p, q))) if c == d => {
                let (with, without) = (self.piece(op, x, p), self.piece(op, y, q));
                return Some(self.ite(c, with, without));
            }
            (Some((c, x, y)), None)
                if self.number(x).is_some()
                    && self.number(y).is_some()
                    && self.number(b).is_some() =>
            {
                let (with, without) = (self.piece(op, x, b), self.piece(op, y, b));
                return Some(self.ite(c, with, without));
            }
            _ => {}
        }
        if let (Some(c), Some(d)) = (self.mask_of(a), self.mask_of(b)) {
            let both = match op {
                Head::And => self.and(c, d),
                Head::Or => self.or(c, d),
                _ => self.xor(c, d),
            };
            return Some(self.sext(both, bits));
        }
        for (x, y) in [(a, b), (b, a)] {
            let Some(c) = self.mask_of(y) else { continue };
            match op {
                Head::And => {
                    let zero = self.constant(bits, 0);
                    return Some(self.ite(c, x, zero));
                }
                Head::Or => return Some(self.filled(c, x)),
                _ => {}
            }
        }
        None
    }

    /// All ones if `c`, else `x`.
    fn filled(&mut self, c: Word, x: Word) -> Word {
        let ones = self.constant(self.bits(x), u128::MAX);
        self.ite(c, ones, x)
    }

    /// A shift of words of 16 bits by `c` below 8, of which the bits that come from the other byte
    /// are cleared, is a shift of the byte: for `j` of 0 and 8 and bytes `b = x[j, j + 8)`
    /// * `(x << c)[j, j + 8) & (255 << c) = b << c`: the lowest `c` bits are another byte's, or 0;
    /// * `(x >> c)[j, j + 8) & (255 >> c) = b >> c`: so are the highest.
    fn cleared_table(&mut self, a: Word, b: Word) -> Option<Word> {
        if self.bits(a) != 8 {
            return None;
        }
        for (shifted, cleared) in [(a, b), (b, a)] {
            // `255 << c` is `255·(1 << c)`.
            let (power, factor) = self.factored(cleared);
            let Node { op, args: [ones, c, _], .. } = self.get(power);
            let is_mask = match op {
                Head::Shl => factor == 255 && self.number(ones) == Some(1),
                Head::Shr => factor == 1 && self.number(ones) == Some(255),
                _ => false,
            };
            if !is_mask {
                continue;
            }
            let Node { op: Head::Slice, args: [wide, ..], n, .. } = self.get(shifted) else {
                continue;
            };
            let Node { op: way, bits: 16, args: [x, count, _], .. } = self.get(wide) else {
                continue;
            };
            if way == op && (n == 0 || n == 8) && self.zext(c, 4) == count {
                let byte = self.slice(x, n as u8, 8);
                return Some(if op == Head::Shl { self.shl(byte, c) } else { self.shr(byte, c) });
            }
        }
        None
    }

    /// The operator on two operands, in one order, a number last; `(x ^ m) ^ n = x ^ (m ^ n)`.
    fn ordered_pair(&mut self, op: Head, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let (a, b) = if self.number(a).is_some() { (b, a) } else { (a, b) };
        if let Some(n) = self.number(b) {
            if let Some(m) = self.number(a) {
                let both = match op {
                    Head::And => n & m,
                    Head::Or => n | m,
                    _ => n ^ m,
                };
                return self.constant(bits, both);
            }
            if let (Head::Xor, Node { op: Head::Xor, args: [x, m, _], .. }) = (op, self.get(a))
                && let Some(m) = self.number(m)
            {
                let both = self.constant(bits, m ^ n);
                return if m == n { x } else { self.node(op, bits, [x, both, NONE], 0) };
            }
            return self.node(op, bits, [a, b, NONE], 0);
        }
        self.node(op, bits, [a.max(b), a.min(b), NONE], 0)
    }
}
