//! And, or, exclusive or; shifts and rotations.

use super::{Head, NONE, Node, Word, Words, mask};

/// The place and length of a run of ones, if a number is one run.
fn run(n: u128) -> Option<(u8, u8)> {
    if n == 0 {
        return None;
    }
    let low = n.trailing_zeros();
    let length = n.wrapping_shr(low).trailing_ones();
    let whole = n.wrapping_shr(low) == mask(length as u8);
    (whole && low < 128).then_some((low as u8, length as u8))
}

impl Words {
    /// `a & b`.
    ///
    /// `x & x = x`; with a run of ones `m` at `k`: `x & m·2^k = zext(x[k..]) · 2^k`; one number
    /// only, on the right; `zext(x) & y = zext(x & y[..])`. In one bit `x & ¬x = 0`, and
    /// `x & ¬(p & x) = x & ¬p`.
    pub fn and(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let (a, b) = if self.number(a).is_some() { (b, a) } else { (a, b) };
        if a == b {
            return a;
        }
        if bits > 64 {
            return self.bitwise(Head::And, a, b);
        }
        if let Some(n) = self.number(b) {
            return self.masked(a, n);
        }
        if bits == 1 {
            return self.both(a, b);
        }
        for (x, y) in [(a, b), (b, a)] {
            if let Node { op: Head::Zext, args: [narrow, ..], .. } = self.get(x) {
                let width = self.bits(narrow);
                let made = self.deeper(|words| {
                    let other = words.slice(y, 0, width);
                    let both = words.and(narrow, other);
                    words.zext(both, bits)
                });
                if let Some(made) = made {
                    return made;
                }
            }
        }
        // `(x & n) & y = (x & y) & n`.
        for (x, y) in [(a, b), (b, a)] {
            if let Node { op: Head::And, args: [inner, n, _], .. } = self.get(x)
                && let Some(n) = self.number(n)
                && let Some(both) = self.deeper(|words| words.and(inner, y))
            {
                return self.masked(both, n);
            }
        }
        self.node(Head::And, bits, [a.max(b), a.min(b), NONE], 0)
    }

    fn masked(&mut self, a: Word, n: u128) -> Word {
        let bits = self.bits(a);
        if let Some(m) = self.number(a) {
            return self.constant(bits, n & m);
        }
        if n == 0 {
            return self.constant(bits, 0);
        }
        if n == mask(bits) {
            return a;
        }
        let made = self.deeper(|words| {
            if let Some((k, length)) = run(n) {
                let part = words.slice(a, k, length);
                let wide = words.zext(part, bits);
                return Some(words.scale(1_u128.wrapping_shl(k.into()), wide));
            }
            match words.get(a) {
                Node { op: Head::Zext, args: [x, ..], .. } => {
                    let width = words.bits(x);
                    let part = words.masked(x, n & mask(width));
                    Some(words.zext(part, bits))
                }
                Node { op: Head::And, args: [x, m, _], .. } => {
                    let m = words.number(m)?;
                    Some(words.masked(x, n & m))
                }
                Node { op: Head::Ite, args: [c, x, y], .. }
                    if words.number(x).is_some() || words.number(y).is_some() =>
                {
                    let (x, y) = (words.masked(x, n), words.masked(y, n));
                    Some(words.ite(c, x, y))
                }
                Node { op: Head::Sum, .. } if let Some((c, x, y)) = words.choice(a) => {
                    let (x, y) = (words.masked(x, n), words.masked(y, n));
                    Some(words.ite(c, x, y))
                }
                // Only the bits up to the highest one of `n` count.
                _ => {
                    let top = 128_u32.saturating_sub(n.leading_zeros()) as u8;
                    let width = planted!(MaskIsOfByte, top, top.min(8));
                    if width >= bits {
                        return None;
                    }
                    let low = words.slice(a, 0, width);
                    let part = words.masked(low, n);
                    Some(words.zext(part, bits))
                }
            }
        });
        if let Some(Some(made)) = made {
            return made;
        }
        let n = self.constant(bits, n);
        self.node(Head::And, bits, [a, n, NONE], 0)
    }

    /// And of two conditions that are no numbers.
    fn both(&mut self, a: Word, b: Word) -> Word {
        let not = self.not(a);
        if not == b {
            return self.constant(1, 0);
        }
        for (x, y) in [(a, b), (b, a)] {
            // `y = ¬(p & q)` with `p = x`: `x & ¬q`.
            let negated = self.not(y);
            if let Node { op: Head::And, bits: 1, args: [p, q, _], .. } = self.get(negated) {
                let rest = if p == x {
                    Some(q)
                } else if q == x {
                    Some(p)
                } else {
                    None
                };
                if let Some(made) = rest.and_then(|rest| {
                    let rest = self.not(rest);
                    self.deeper(|words| words.and(x, rest))
                }) {
                    return made;
                }
            }
            // `x & (x & q) = x & q`.
            if let Node { op: Head::And, bits: 1, args: [p, q, _], .. } = self.get(y)
                && (p == x || q == x)
            {
                return y;
            }
            // Of two comparisons one of which implies the other, the stronger.
            if self.implies(x, y) {
                return x;
            }
        }
        self.node(Head::And, 1, [a.max(b), a.min(b), NONE], 0)
    }

    /// `a | b`; in one bit `¬(¬a & ¬b)`.
    pub fn or(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        if a == b {
            return a;
        }
        if bits > 64 {
            return self.bitwise(Head::Or, a, b);
        }
        if bits == 1 {
            let (a, b) = (self.not(a), self.not(b));
            let neither = self.and(a, b);
            return self.not(neither);
        }
        let (a, b) = if self.number(a).is_some() { (b, a) } else { (a, b) };
        if let Some(n) = self.number(b) {
            if let Some(m) = self.number(a) {
                return self.constant(bits, n | m);
            }
            if n == 0 {
                return a;
            }
            if n == mask(bits) {
                return b;
            }
            // `(x | m) | n = x | (m | n)`.
            if let Node { op: Head::Or, args: [x, m, _], .. } = self.get(a)
                && let Some(m) = self.number(m)
            {
                let both = self.constant(bits, m | n);
                return self.or(x, both);
            }
        }
        for (high, low) in [(a, b), (b, a)] {
            if let Some(made) = self.stacked(high, low) {
                return made;
            }
        }
        if let Some(made) = self.shifted_both(a, b) {
            return made;
        }
        if let Some(made) = self.outward(Head::Or, a, b) {
            return made;
        }
        self.ordered(Head::Or, a, b)
    }

    /// `2^k·x | 2^k·y = 2^k·(x | y)`, of the bits of `x` and `y` that stay.
    fn shifted_both(&mut self, a: Word, b: Word) -> Option<Word> {
        let bits = self.bits(a);
        let k = self.low_zeros(a).min(self.low_zeros(b));
        let rest = bits.checked_sub(k).filter(|&rest| k > 0 && rest > 0)?;
        self.deeper(|words| {
            let (x, y) = (words.slice(a, k, rest), words.slice(b, k, rest));
            let both = words.or(x, y);
            let wide = words.zext(both, bits);
            words.scale(1_u128.wrapping_shl(k.into()), wide)
        })
    }

    /// The number of low bits that are 0 since all factors of a sum are multiples of a power of 2.
    fn low_zeros(&self, a: Word) -> u8 {
        let parts = self.parts(a);
        let zeros = |k: u32, n: u128| k.min(n.trailing_zeros());
        let k = parts.atoms.iter().fold(zeros(128, parts.number), |k, &(_, n)| zeros(k, n));
        k as u8
    }

    /// `x | zext(l)` with `l` of at most `k` bits, and `x` with zeros there (a sum whose factors
    /// are multiples of `2^k`), is the rest of `x` above `l`.
    fn stacked(&mut self, high: Word, low: Word) -> Option<Word> {
        let bits = self.bits(high);
        let k = Some(self.low_zeros(high)).filter(|&k| k > 0 && k < bits)?;
        let l = match (self.number(low), self.get(low)) {
            (Some(n), _) if n <= mask(k) => self.constant(k, n),
            (None, Node { op: Head::Zext, args: [l, ..], .. }) if self.bits(l) <= k => {
                self.zext(l, k)
            }
            _ => return None,
        };
        self.deeper(|words| {
            let rest = words.slice(high, k, bits.saturating_sub(k));
            words.cat(rest, l)
        })
    }

    /// `a ^ b`. `x ^ x = 0`, `x ^ −1 = −1 − x`, `x ^ 2^(w−1) = x + 2^(w−1)`.
    pub fn xor(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        if bits == 1 {
            return self.add(a, b);
        }
        if a == b {
            return self.constant(bits, 0);
        }
        if bits > 64 {
            return self.bitwise(Head::Xor, a, b);
        }
        let (a, b) = if self.number(a).is_some() { (b, a) } else { (a, b) };
        if let Some(n) = self.number(b) {
            if let Some(m) = self.number(a) {
                return self.constant(bits, n ^ m);
            }
            let all = mask(bits);
            if n == 0 {
                return a;
            }
            if n == all {
                return self.not(a);
            }
            if n == all ^ (all >> 1) {
                return self.plus(a, n);
            }
            // `(x ^ m) ^ n = x ^ (m ^ n)`.
            if let Node { op: Head::Xor, args: [x, m, _], .. } = self.get(a)
                && let Some(m) = self.number(m)
            {
                let both = self.constant(bits, m ^ n);
                return self.xor(x, both);
            }
        }
        if let Some(made) = self.outward(Head::Xor, a, b) {
            return made;
        }
        self.ordered(Head::Xor, a, b)
    }

    /// Operands in one order; a number comes last.
    fn ordered(&mut self, op: Head, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let args = if self.number(b).is_some() { [a, b, NONE] } else { [a.max(b), a.min(b), NONE] };
        self.node(op, bits, args, 0)
    }

    /// `zext(x) ∘ zext(y) = zext(x ∘ y)` for or and exclusive or; a number that fits is one too.
    fn outward(&mut self, op: Head, a: Word, b: Word) -> Option<Word> {
        let bits = self.bits(a);
        let Node { op: Head::Zext, args: [x, ..], .. } = self.get(a) else { return None };
        let width = self.bits(x);
        let y = match self.get(b) {
            Node { op: Head::Zext, args: [y, ..], .. } if self.bits(y) == width => y,
            Node { op: Head::Const, n, .. } if n <= mask(width) => self.constant(width, n),
            _ => return None,
        };
        self.deeper(|words| {
            let both = if op == Head::Or { words.or(x, y) } else { words.xor(x, y) };
            words.zext(both, bits)
        })
    }

    /// The count of a shift of words of `bits` bits: modulo the width, which is a power of two.
    pub fn count_of(&mut self, bits: u8, count: Word) -> Word {
        let log = bits.trailing_zeros() as u8;
        if self.bits(count) >= log { self.slice(count, 0, log) } else { self.zext(count, log) }
    }

    /// `a << b`, `b` modulo the width.
    pub fn shl(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let count = self.count_of(bits, b);
        match self.number(count) {
            Some(k) => self.scale(1_u128.wrapping_shl(k as u32), a),
            None => self.shifted(Head::Shl, a, count),
        }
    }

    /// `a >> b`, unsigned, `b` modulo the width.
    pub fn shr(&mut self, a: Word, b: Word) -> Word {
        self.shift_right(Head::Shr, a, b)
    }

    /// `a >> b`, signed, `b` modulo the width.
    pub fn sar(&mut self, a: Word, b: Word) -> Word {
        self.shift_right(Head::Sar, a, b)
    }

    /// By a number, the upper bits, extended by zeros (`Shr`) or the sign (`Sar`).
    fn shift_right(&mut self, op: Head, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let count = self.count_of(bits, b);
        let Some(k) = self.number(count) else { return self.shifted(op, a, count) };
        let k = k as u8;
        let part = self.slice(a, k, bits.saturating_sub(k));
        if op == Head::Sar { self.sext(part, bits) } else { self.zext(part, bits) }
    }

    /// `a` rotated left by `b` modulo the width: by a number, two parts.
    pub fn rotl(&mut self, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let count = self.count_of(bits, b);
        match self.number(count) {
            Some(0) => a,
            Some(k) => {
                let k = k as u8;
                let rest = bits.saturating_sub(k);
                let (low, high) = (self.slice(a, rest, k), self.slice(a, 0, rest));
                self.cat(high, low)
            }
            None => self.shifted(Head::Rotl, a, count),
        }
    }

    fn shifted(&mut self, op: Head, a: Word, count: Word) -> Word {
        if self.number(a) == Some(0) {
            return a;
        }
        let bits = self.bits(a);
        if op == Head::Shl {
            // `(n·x) << s = n·(x << s)`, and a number is that times 1.
            let (x, n) = match self.number(a) {
                Some(n) => (self.constant(bits, 1), n),
                None => self.factored(a),
            };
            let shifted = self.node(op, bits, [x, count, NONE], 0);
            return self.scale(n, shifted);
        }
        self.node(op, bits, [a, count, NONE], 0)
    }
}
