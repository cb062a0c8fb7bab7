//! N2: slices, extensions, and words made of parts.

use super::{Head, NONE, Node, Part, Prim, Word, Words, mask};

impl Words {
    /// The bits `[lo, lo + bits)` of `a`.
    ///
    /// The low bits of a sum or product are the sum or product of the low bits; any bits of and,
    /// or, exclusive or and a choice are those of the operands' bits; of an extension and of two
    /// parts they lie in the one or the other. Bits of `2^lo·x` from `lo` on are the low bits of
    /// `x`.
    pub fn slice(&mut self, a: Word, lo: u8, bits: u8) -> Word {
        let node = self.get(a);
        let width = node.bits;
        if lo == 0 && bits == width {
            return a;
        }
        // Beyond the word there is nothing, and nobody asks for it.
        if u16::from(lo).saturating_add(u16::from(bits)) > u16::from(width) || bits == 0 {
            return self.unknown(bits);
        }
        if let Some(n) = self.number(a) {
            return self.constant(bits, n.wrapping_shr(lo.into()));
        }
        match self.remembered(Part(false, a, lo, bits)) {
            Ok(made) => made,
            Err(number) => {
                let made = self.slice_of(a, lo, bits);
                self.remember(number, made);
                made
            }
        }
    }

    /// The lowest bits of `a`, if somebody took these before.
    pub fn taken(&self, a: Word, bits: u8) -> Option<Word> {
        let mut a = a;
        loop {
            let Node { op, bits: width, args: [x, y, _], .. } = self.get(a);
            let low = match op {
                _ if width == bits => return Some(a),
                Head::Zext | Head::Sext => x,
                Head::Cat => y,
                _ => a,
            };
            if low == a || self.bits(low) < bits {
                break;
            }
            a = low;
        }
        let made = self.made.get(self.parts.lookup(&Part(false, a, 0, bits))?);
        made.copied().filter(|&made| made != NONE)
    }

    fn slice_of(&mut self, a: Word, lo: u8, bits: u8) -> Word {
        let node = self.get(a);
        let width = node.bits;
        // Of the bits to the end of a quotient's product the low ones are asked for.
        let upper =
            if lo.saturating_add(bits) == width && lo > 0 { self.upper(a, lo) } else { None };
        if let Some(quotient) = upper {
            return self.slice(quotient, 0, bits);
        }
        self.deeper(|words| words.sliced(&node, lo, bits))
            .flatten()
            .unwrap_or_else(|| self.node(Head::Slice, bits, [a, NONE, NONE], lo.into()))
    }

    fn sliced(&mut self, node: &Node, lo: u8, bits: u8) -> Option<Word> {
        let [a, b, c] = node.args;
        let end = lo.saturating_add(bits);
        match node.op {
            Head::Slice => Some(self.slice(a, lo.saturating_add(node.n as u8), bits)),
            Head::Zext | Head::Sext => {
                let width = self.bits(a);
                let signed = node.op == Head::Sext;
                if end <= width {
                    Some(self.slice(a, lo, bits))
                } else if lo >= width && signed {
                    let sign = self.slice(a, width.saturating_sub(1), 1);
                    Some(self.sext(sign, bits))
                } else if lo >= width {
                    Some(self.constant(bits, 0))
                } else {
                    let part = self.slice(a, lo, width.saturating_sub(lo));
                    Some(if signed { self.sext(part, bits) } else { self.zext(part, bits) })
                }
            }
            Head::Cat => {
                let whole = self.node(Head::Cat, node.bits, [a, b, NONE], 0);
                Some(self.part_of_pieces(whole, lo, bits))
            }
            Head::And | Head::Or | Head::Xor => {
                let (a, b) = (self.slice(a, lo, bits), self.slice(b, lo, bits));
                Some(match node.op {
                    Head::And => self.and(a, b),
                    Head::Or => self.or(a, b),
                    _ => self.xor(a, b),
                })
            }
            Head::Ite => {
                let (b, c) = (self.slice(b, lo, bits), self.slice(c, lo, bits));
                Some(self.ite(a, b, c))
            }
            Head::Sum => self.part_of_sum(node, lo, bits),
            Head::Mul if lo == 0 => {
                let (a, b) = (self.slice(a, 0, bits), self.slice(b, 0, bits));
                Some(self.mul(a, b))
            }
            Head::Mul => self.part_of_product(node, lo, bits),
            _ => None,
        }
    }

    /// Bits of the upper half of a product of extended halves.
    fn part_of_product(&mut self, node: &Node, lo: u8, bits: u8) -> Option<Word> {
        let [a, b, _] = node.args;
        let half = node.bits.wrapping_shr(1);
        if lo < half || !matches!(half, 32 | 64) {
            return None;
        }
        let (x, y) = (self.slice(a, 0, half), self.slice(b, 0, half));
        let is = |words: &mut Words, signed: bool| {
            [(x, a), (y, b)].into_iter().all(|(low, whole)| {
                let wide =
                    if signed { words.sext(low, node.bits) } else { words.zext(low, node.bits) };
                wide == whole
            })
        };
        let prim = if is(self, false) {
            Prim::HighU
        } else if is(self, true) {
            Prim::HighS
        } else {
            return None;
        };
        let high = self.prim(prim, half, &[x, y]);
        Some(self.slice(high, lo.saturating_sub(half), bits))
    }

    fn part_of_sum(&mut self, node: &Node, lo: u8, bits: u8) -> Option<Word> {
        let Node { args: [atom, rest, _], n, bits: width, .. } = *node;
        let whole = self.node(Head::Sum, width, [atom, rest, NONE], n);
        let mut parts = self.parts(whole);
        let low = mask(lo);
        let divisible = parts.number & low == 0 && parts.atoms.iter().all(|&(_, n)| n & low == 0);
        // Bits of `¬x = −x − 1` are those of `x`, inverted.
        if let [(atom, factor)] = *parts.atoms.as_slice()
            && factor == mask(width)
            && parts.number == mask(width)
        {
            let part = self.slice(atom, lo, bits);
            return Some(self.not(part));
        }
        if !divisible {
            let end = lo.saturating_add(bits);
            if let Some(made) = self.part_of_choice(whole, lo, bits) {
                return Some(made);
            }
            // What lies above has no part in the bits below.
            let narrow = (end < width).then(|| self.slice(whole, 0, end))?;
            return Some(self.slice(narrow, lo, bits));
        }
        let mut sum = self.constant(bits, parts.number.wrapping_shr(lo.into()));
        for (atom, factor) in parts.atoms.drain(..) {
            let part = self.slice(atom, 0, bits);
            let part = self.scale(factor.wrapping_shr(lo.into()), part);
            sum = self.add(sum, part);
        }
        Some(sum)
    }

    /// Zero-extension to `bits` bits. It goes inside of a choice.
    pub fn zext(&mut self, a: Word, bits: u8) -> Word {
        let node = self.get(a);
        if node.bits >= bits {
            return self.slice(a, 0, bits);
        }
        match node.op {
            Head::Const => self.constant(bits, node.n),
            Head::Zext => self.zext(node.args[0], bits),
            Head::Slice if self.is_whole(&node, bits) => node.args[0],
            Head::Ite => self.choice_extended(a, (Head::Zext, bits)),
            Head::Sum if let Some(made) = self.sum_extended(a, (Head::Zext, bits)) => made,
            _ => {
                // Sums have `zext(c)` for what is negated (`denied`).
                if node.op == Head::Sum && node.bits == 1 {
                    self.node(Head::Zext, bits, [node.args[0], NONE, NONE], 0);
                }
                self.node(Head::Zext, bits, [a, NONE, NONE], 0)
            }
        }
    }

    /// A choice, extended: the choice of both, extended.
    fn choice_extended(&mut self, a: Word, (op, bits): (Head, u8)) -> Word {
        let number = match self.remembered(Part(op == Head::Sext, a, 0, bits)) {
            Ok(made) => return made,
            Err(number) => number,
        };
        let Node { args: [c, x, y], .. } = self.get(a);
        let made = self.deeper(|words| {
            let [x, y] = match op {
                Head::Sext => [words.sext(x, bits), words.sext(y, bits)],
                _ => [words.zext(x, bits), words.zext(y, bits)],
            };
            words.ite(c, x, y)
        });
        let made = made.unwrap_or_else(|| self.node(op, bits, [a, NONE, NONE], 0));
        self.remember(number, made);
        made
    }

    /// A sum of a condition and a number, extended: a choice of both numbers, extended.
    fn sum_extended(&mut self, a: Word, (op, bits): (Head, u8)) -> Option<Word> {
        let (c, x, y) = self.choice(a)?;
        let [x, y] = match op {
            Head::Sext => [self.sext(x, bits), self.sext(y, bits)],
            _ => [self.zext(x, bits), self.zext(y, bits)],
        };
        Some(self.ite(c, x, y))
    }

    /// Whether the low bits of a quotient by a number are all that it can have.
    fn is_whole(&self, node: &Node, bits: u8) -> bool {
        let [quotient, ..] = node.args;
        let Node { op: Head::Prim, args: [_, d, _], n, bits: width } = self.get(quotient) else {
            return false;
        };
        let most = self.number(d).and_then(|d| mask(width).checked_div(d));
        let fits = most.is_some_and(|most| most <= mask(node.bits));
        n == Prim::DivU as u128 && node.n == 0 && width == bits && fits
    }

    /// Sign-extension to `bits` bits. Of what is zero-extended it is a zero-extension, of one bit
    /// `c` it is `−zext(c)`.
    pub fn sext(&mut self, a: Word, bits: u8) -> Word {
        let node = self.get(a);
        if node.bits >= bits {
            return self.slice(a, 0, bits);
        }
        match node.op {
            Head::Const => {
                let negative = node.n > mask(node.bits) >> 1;
                let above = mask(bits) ^ mask(node.bits);
                self.constant(bits, if negative { node.n | above } else { node.n })
            }
            Head::Zext => self.zext(node.args[0], bits),
            Head::Sext => self.sext(node.args[0], bits),
            _ if node.bits == 1 => {
                let wide = self.zext(a, bits);
                self.neg(wide)
            }
            Head::Ite => self.choice_extended(a, (Head::Sext, bits)),
            Head::Sum if let Some(made) = self.sum_extended(a, (Head::Sext, bits)) => made,
            _ => self.node(Head::Sext, bits, [a, NONE, NONE], 0),
        }
    }

    /// `high` above `low`. Zeros above are an extension, neighbouring parts of a word are a part;
    /// of three the lower two are one.
    pub fn cat(&mut self, high: Word, low: Word) -> Word {
        let width = self.bits(low);
        let bits = self.bits(high).saturating_add(width);
        if self.number(high) == Some(0) {
            return self.zext(low, bits);
        }
        if let Some(made) = self.joined(high, low) {
            return made;
        }
        if let Node { op: Head::Cat, args: [p, q, _], .. } = self.get(high)
            && let Some(made) = self.deeper(|words| {
                let low = words.cat(q, low);
                words.cat(p, low)
            })
        {
            return made;
        }
        if let Node { op: Head::Cat, args: [p, q, _], .. } = self.get(low)
            && let Some(above) = self.joined(high, p)
            && let Some(made) = self.deeper(|words| words.cat(above, q))
        {
            return made;
        }
        if let Some(Some(made)) = self.deeper(|words| words.stacked_pieces(high, low)) {
            return made;
        }
        // `zext(x)` above `y` is what `x` above `y` is, extended.
        if let Node { op: Head::Zext, args: [x, ..], .. } = self.get(high) {
            let inner = self.cat(x, low);
            return self.zext(inner, bits);
        }
        self.node(Head::Cat, bits, [high, low, NONE], 0)
    }

    /// A word with its bytes in the other order.
    pub fn swapped(&mut self, a: Word) -> Word {
        let bits = self.bits(a);
        let mut made = self.slice(a, bits.saturating_sub(8), 8);
        for lo in (0..bits.saturating_sub(8)).step_by(8).rev() {
            let byte = self.slice(a, lo, 8);
            made = self.cat(byte, made);
        }
        made
    }

    /// Two words that are one, if they are numbers or parts of one word.
    fn joined(&mut self, high: Word, low: Word) -> Option<Word> {
        let width = self.bits(low);
        if let (Some(h), Some(l)) = (self.number(high), self.number(low)) {
            let bits = self.bits(high).saturating_add(width);
            return Some(self.constant(bits, h.wrapping_shl(width.into()) | l));
        }
        let part = |words: &Words, a| match words.get(a) {
            Node { op: Head::Slice, args: [of, ..], n, .. } => (of, n as u8),
            _ => (a, 0),
        };
        let ((x, from), (y, below)) = (part(self, high), part(self, low));
        let bits = self.bits(high).saturating_add(width);
        (x == y && from == below.saturating_add(width)).then(|| self.slice(x, below, bits))
    }
}
