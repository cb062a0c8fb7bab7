//! N1: sums modulo 2^w.
//!
//! A sum is a list `n·x + (n·x + … + c)` with falling numbers of atoms, and no factor 0, so equal
//! polynomials of degree 1 have one list. Everything follows from the ring of words modulo 2^w.

use super::{Head, NONE, Node, Word, Words, mask};
use smallvec::SmallVec;

/// Atoms of a sum at most.
pub const SUM_MAX: usize = 24;

/// Atoms of most sums to which a number is added.
const FEW_ATOMS: usize = 4;

/// Atoms with their factors; most sums have few.
pub type Atoms = SmallVec<[(Word, u128); 2]>;

/// A sum taken apart: atoms with their factors, falling, and the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Atoms and factors.
    pub atoms: Atoms,
    /// The number that is added.
    pub number: u128,
}

impl Words {
    /// A word as a sum.
    pub fn parts(&self, word: Word) -> Parts {
        let mut parts = Parts { atoms: Atoms::new(), number: 0 };
        let mut at = word;
        loop {
            let Node { op, args: [a, b, _], n, .. } = self.get(at);
            match op {
                Head::Const => {
                    parts.number = n;
                    return parts;
                }
                Head::Sum => {
                    parts.atoms.push((a, n));
                    at = b;
                }
                _ => {
                    match self.denied(at).filter(|_| at == word) {
                        Some(bit) => {
                            parts.atoms.push((bit, mask(self.bits(at))));
                            parts.number = 1;
                        }
                        None => parts.atoms.push((at, 1)),
                    }
                    return parts;
                }
            }
        }
    }

    /// The word `zext(c)` of which `zext(¬c)` is `1 − zext(c)`, if there is one.
    fn denied(&self, a: Word) -> Option<Word> {
        let Node { op: Head::Zext, bits, args: [not, ..], .. } = self.get(a) else { return None };
        let Node { op: Head::Sum, bits: 1, args: [c, rest, _], .. } = self.get(not) else {
            return None;
        };
        self.number(rest).filter(|&n| n == 1)?;
        let bit = Node { op: Head::Zext, bits, args: [c, NONE, NONE], n: 0 };
        Some(Word(u32::try_from(self.table.lookup(&bit)?).ok()?))
    }

    /// The number that is added in a sum.
    pub(super) fn addend(&self, word: Word) -> u128 {
        let mut at = word;
        loop {
            let Node { op, args: [_, rest, _], n, .. } = self.get(at);
            match op {
                Head::Const => return n,
                Head::Sum => at = rest,
                _ => return 0,
            }
        }
    }

    /// `a − b`, or else `a + b`, of one width, if that is a number by the atoms.
    pub(super) fn distance(&self, a: Word, b: Word) -> Option<u128> {
        let all = mask(self.bits(a));
        let (mut same, mut opposite) = (true, true);
        let (mut a, mut b) = (a, b);
        while same || opposite {
            let (x, p, next_a) = self.first(a);
            let (y, q, next_b) = self.first(b);
            if (x, y) == (NONE, NONE) {
                let same = planted!(SumIsDifference, same, true);
                let n = if same { p.wrapping_sub(q) } else { p.wrapping_add(q) };
                return Some(n & all);
            }
            same &= planted!(FactorIsAny, p == q, true) && planted!(AtomIsAny, x == y, true);
            opposite &= x == y && p.wrapping_add(q) & all == 0;
            (a, b) = (next_a, next_b);
        }
        None
    }

    /// The first atom of a sum with its factor, and the rest; none, the number that is left.
    fn first(&self, word: Word) -> (Word, u128, Word) {
        let Node { op, args: [atom, rest, _], n, .. } = self.get(word);
        match op {
            Head::Const => (NONE, n, word),
            Head::Sum => (atom, n, rest),
            _ => (word, 1, NONE),
        }
    }

    /// The word of a sum.
    pub fn sum_of(&mut self, bits: u8, parts: &Parts) -> Word {
        let all = mask(bits);
        let number = parts.number & all;
        // `1 − zext(c) = zext(¬c)` for one bit `c`: both are 1 − c over the integers.
        if let [(atom, factor)] = *parts.atoms.as_slice()
            && (number, factor) == (1, all)
            && bits > 1
            && let Node { op: Head::Zext, args: [c, ..], .. } = self.get(atom)
            && self.bits(c) == 1
        {
            let not = self.not(c);
            return self.zext(not, bits);
        }
        let mut word = self.constant(bits, number);
        for &(atom, factor) in parts.atoms.iter().rev() {
            let alone = factor == 1 && self.number(word) == Some(0);
            word =
                if alone { atom } else { self.node(Head::Sum, bits, [atom, word, NONE], factor) };
        }
        word
    }

    /// `n·a + m·b`.
    pub(super) fn combine(&mut self, bits: u8, (a, n): (Word, u128), (b, m): (Word, u128)) -> Word {
        let all = mask(bits);
        // Of two numbers the sum is one; an atom and 0 are the atom.
        let is_atom = |words: &Words, a: Word| words.get(a).op != Head::Sum;
        let is_zero = |n: u128| planted!(AddendIsZero, n & all == 0, true);
        match (self.number(a), self.number(b)) {
            (Some(p), Some(q)) => {
                return self.constant(bits, p.wrapping_mul(n).wrapping_add(q.wrapping_mul(m)));
            }
            (None, Some(q)) if n & all == 1 && is_zero(q.wrapping_mul(m)) && is_atom(self, a) => {
                return a;
            }
            (Some(p), None) if m & all == 1 && is_zero(p.wrapping_mul(n)) && is_atom(self, b) => {
                return b;
            }
            (None, Some(q)) if n & all == 1 => {
                if let Some(made) = self.moved_by(bits, a, q.wrapping_mul(m)) {
                    return made;
                }
            }
            (Some(p), None) if m & all == 1 => {
                if let Some(made) = self.moved_by(bits, b, p.wrapping_mul(n)) {
                    return made;
                }
            }
            _ => {}
        }
        let (left, right) = (self.parts(a), self.parts(b));
        // Long sums are work by their length.
        let length = left.atoms.len().saturating_add(right.atoms.len()) as u64;
        self.steps = self.steps.saturating_sub(length >> 2);
        let mut atoms = Atoms::new();
        let (mut left_at, mut right_at) =
            (left.atoms.iter().peekable(), right.atoms.iter().peekable());
        loop {
            let (atom, factor) = match (left_at.peek(), right_at.peek()) {
                (None, None) => break,
                (Some(&&(x, p)), None) => {
                    left_at.next();
                    (x, p.wrapping_mul(n))
                }
                (None, Some(&&(y, q))) => {
                    right_at.next();
                    (y, q.wrapping_mul(m))
                }
                (Some(&&(x, p)), Some(&&(y, q))) => {
                    if x >= y {
                        left_at.next();
                    }
                    if y >= x {
                        right_at.next();
                    }
                    let p = if x >= y { p.wrapping_mul(n) } else { 0 };
                    let q = if y >= x { q.wrapping_mul(m) } else { 0 };
                    (x.max(y), p.wrapping_add(q))
                }
            };
            if factor & all != 0 {
                atoms.push((atom, factor & all));
            }
        }
        if atoms.len() > SUM_MAX {
            return self.long(bits, (a, n), (b, m));
        }
        let number = left.number.wrapping_mul(n).wrapping_add(right.number.wrapping_mul(m)) & all;
        self.reduced(bits, Parts { atoms, number })
    }

    /// `a + number` for a sum of few atoms of which no rewrite knows anything: the same atoms, and
    /// the sum of both numbers.
    fn moved_by(&mut self, bits: u8, a: Word, number: u128) -> Option<Word> {
        let mut atoms = [(NONE, 0); FEW_ATOMS];
        let (mut at, mut count) = (a, 0_usize);
        let before = loop {
            let Node { op, args: [first, rest, _], n, .. } = self.get(at);
            let (atom, factor, next) = match op {
                Head::Const => break n,
                Head::Sum => (first, n, rest),
                _ => (at, 1, NONE),
            };
            if self.rewrites(atom, factor) {
                return None;
            }
            *atoms.get_mut(count)? = (atom, factor);
            count = count.saturating_add(1);
            if next == NONE {
                break 0;
            }
            at = next;
        };
        let mut word = self.constant(bits, before.wrapping_add(number));
        let mut is_zero = self.number(word) == Some(0);
        for &(atom, factor) in atoms.get(..count)?.iter().rev() {
            let alone = factor == 1 && is_zero;
            word =
                if alone { atom } else { self.node(Head::Sum, bits, [atom, word, NONE], factor) };
            is_zero = false;
        }
        Some(word)
    }

    /// Whether an atom with its factor may have another form in a sum: a condition that is
    /// extended, or what may be narrower.
    fn rewrites(&self, atom: Word, factor: u128) -> bool {
        let Node { op, args: [x, ..], .. } = self.get(atom);
        match op {
            Head::Zext => factor & 1 == 0 || self.bits(x) == 1,
            Head::Sext | Head::And | Head::Or | Head::Xor | Head::Slice => factor & 1 == 0,
            _ => false,
        }
    }

    /// A sum whose atoms are as narrow as their factors allow: of `2^k·x` only the low w − k bits
    /// of `x` count, so `2^k·sext(y)` is `2^k·zext(y[..w − k])` where `y` has w − k bits. Parts
    /// and bitwise operators are narrowed too, which their operands may be by themselves.
    fn reduced(&mut self, bits: u8, mut parts: Parts) -> Word {
        let narrows = |words: &Words, &(atom, factor): &(Word, u128)| {
            let k = factor.trailing_zeros().min(127) as u8;
            let rest = bits.checked_sub(k)?;
            let Node { op, args: [y, ..], .. } = words.get(atom);
            let width = words.bits(y);
            let (fits, y) = match op {
                Head::Sext => (width >= rest, y),
                Head::Zext => (width > rest, y),
                Head::And | Head::Or | Head::Xor | Head::Slice => (true, atom),
                _ => (false, y),
            };
            (k > 0 && fits && rest > 0).then_some((y, rest))
        };
        let found = parts.atoms.iter().enumerate().find_map(|(i, atom)| {
            let (y, rest) = narrows(self, atom)?;
            Some((i, atom.1, y, rest))
        });
        let Some((i, factor, y, rest)) = found else { return self.quotient(bits, &parts) };
        parts.atoms.remove(i);
        let made = self.deeper(|words| {
            let low = words.slice(y, 0, rest);
            let wide = words.zext(low, bits);
            let others = words.reduced(bits, parts);
            words.combine(bits, (wide, factor), (others, 1))
        });
        made.unwrap_or_else(|| self.unknown(bits))
    }

    /// A sum of too many atoms: both operands are atoms.
    fn long(&mut self, bits: u8, (a, n): (Word, u128), (b, m): (Word, u128)) -> Word {
        let all = mask(bits);
        let zero = self.constant(bits, 0);
        let ((x, p), (y, q)) = if a >= b { ((a, n), (b, m)) } else { ((b, m), (a, n)) };
        let rest = self.node(Head::Sum, bits, [y, zero, NONE], q & all);
        self.node(Head::Sum, bits, [x, rest, NONE], p & all)
    }

    /// `a + b`.
    pub fn add(&mut self, a: Word, b: Word) -> Word {
        self.combine(self.bits(a), (a, 1), (b, 1))
    }

    /// `a − b`.
    pub fn sub(&mut self, a: Word, b: Word) -> Word {
        self.combine(self.bits(a), (a, 1), (b, u128::MAX))
    }

    /// `−a`.
    pub fn neg(&mut self, a: Word) -> Word {
        self.scale(u128::MAX, a)
    }

    /// The complement, `−1 − a`; in one bit, the negation.
    pub fn not(&mut self, a: Word) -> Word {
        let node = self.get(a);
        let one = self.constant(node.bits, u128::MAX);
        let is_one = |rest: Word| planted!(RestIsOne, rest == one, true);
        match node {
            // `1 + x` in one bit.
            Node { op: Head::Sum, bits: 1, args: [x, rest, _], .. } if is_one(rest) => x,
            Node { op, bits: 1, .. } if !matches!(op, Head::Sum | Head::Const) => {
                self.node(Head::Sum, 1, [a, one, NONE], 1)
            }
            _ => self.sub(one, a),
        }
    }

    /// `n·a`.
    pub fn scale(&mut self, n: u128, a: Word) -> Word {
        let bits = self.bits(a);
        let zero = self.constant(bits, 0);
        self.combine(bits, (a, n), (zero, 0))
    }

    /// `a + n`.
    pub fn plus(&mut self, a: Word, n: u128) -> Word {
        let n = self.constant(self.bits(a), n);
        self.add(a, n)
    }

    /// `a·b`. Numbers and the factors of single atoms go outside: `(n·x)·(m·y) = nm·(x·y)`. A
    /// product with `1 << s` is a shift.
    pub fn mul(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        if let Some(n) = self.number(a) {
            return self.scale(n, b);
        }
        if let Some(n) = self.number(b) {
            return self.scale(n, a);
        }
        let (x, n) = self.factored(a);
        let (y, m) = self.factored(b);
        let (x, y) = (x.max(y), x.min(y));
        for (x, power) in [(x, y), (y, x)] {
            if let Node { op: Head::Shl, args: [one, s, _], .. } = self.get(power)
                && self.number(one) == Some(1)
            {
                let shifted = self.shl(x, s);
                return self.scale(n.wrapping_mul(m), shifted);
            }
        }
        let product = self.node(Head::Mul, bits, [x, y, NONE], 0);
        self.scale(n.wrapping_mul(m), product)
    }

    pub(super) fn factored(&self, a: Word) -> (Word, u128) {
        let parts = self.parts(a);
        match parts.atoms.as_slice() {
            &[(atom, n)] if parts.number == 0 => (atom, n),
            _ => (a, 1),
        }
    }
}
