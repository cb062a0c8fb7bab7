//! Operators on lanes: what one lane of an operator's result is, as a term of lanes.
//!
//! Both sides come here with an operator of this list and the width of its lanes: which Wasm
//! operator is which of them is said in `demand/vector.rs`, which instruction in `step/lanes.rs`,
//! and nothing of that is shared. Each is a formula over scalar words, so it can be computed: the
//! tests of `prova-native` hold the operators of Wasm against `prova-num`.

use super::{Head, Node, Prim, Word, Words, mask};
use alloc::vec::Vec;

/// An operator on two lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Upper half of a signed product.
    HighS,
    /// Upper half of an unsigned product.
    HighU,
    /// `⌊(⌊a·b / 2^14⌋ + 1) / 2⌋` of lanes of 16 bits, which may wrap.
    HighRounded,
    /// Signed product of the lower halves.
    LowHalvesS,
    /// Unsigned product of the lower halves.
    LowHalvesU,
    /// Sum, signed, saturated.
    AddSatS,
    /// Sum, unsigned, saturated.
    AddSatU,
    /// Difference, signed, saturated.
    SubSatS,
    /// Difference, unsigned, saturated.
    SubSatU,
    /// The lesser one, signed.
    MinS,
    /// The lesser one, unsigned.
    MinU,
    /// The greater one, signed.
    MaxS,
    /// The greater one, unsigned.
    MaxU,
    /// `⌊(a + b + 1) / 2⌋`.
    Average,
    /// All ones if equal.
    Eq,
    /// All ones if greater, signed.
    GtS,
    /// All ones if greater, unsigned.
    GtU,
    /// All ones if floats are equal.
    FloatEq,
    /// All ones if a float is less.
    FloatLt,
    /// All ones if a float is less or equal.
    FloatLe,
    /// All ones if one of two floats is NaN.
    FloatNan,
    /// Sum of floats.
    FloatAdd,
    /// Difference of floats.
    FloatSub,
    /// Product of floats.
    FloatMul,
    /// Quotient of floats.
    FloatDiv,
    /// `a` if less than `b`, else `b`.
    FloatLesser,
    /// `a` if greater than `b`, else `b`.
    FloatGreater,
}

impl Words {
    /// The lanes of a vector, the lowest first.
    pub fn lanes(&mut self, a: Word, width: u8) -> Vec<Word> {
        let bits = self.bits(a);
        let mut made = Vec::new();
        let mut at = 0_u8;
        while width > 0 && at.saturating_add(width) <= bits {
            made.push(self.slice(a, at, width));
            at = at.saturating_add(width);
        }
        made
    }

    /// A vector of lanes, the lowest first.
    pub fn vector_of(&mut self, lanes: &[Word]) -> Word {
        let mut lanes = lanes.iter().copied();
        let Some(mut made) = lanes.next() else { return self.unknown(128) };
        for lane in lanes {
            made = self.cat(lane, made);
        }
        made
    }

    /// A lane in all lanes of a vector of 128 bits.
    pub fn splat(&mut self, lane: Word) -> Word {
        let count = 128_u8.checked_div(self.bits(lane)).unwrap_or(0);
        let lanes = alloc::vec![lane; count.into()];
        self.vector_of(&lanes)
    }

    /// A function of each lane.
    pub fn each_lane(
        &mut self,
        a: Word,
        width: u8,
        mut f: impl FnMut(&mut Words, Word) -> Word,
    ) -> Word {
        let lanes: Vec<Word> = self.lanes(a, width).into_iter().map(|x| f(self, x)).collect();
        self.vector_of(&lanes)
    }

    /// A function of each pair of lanes.
    pub fn each_pair(
        &mut self,
        (a, b): (Word, Word),
        width: u8,
        mut f: impl FnMut(&mut Words, Word, Word) -> Word,
    ) -> Word {
        let (a, b) = (self.lanes(a, width), self.lanes(b, width));
        let lanes: Vec<Word> = a.into_iter().zip(b).map(|(x, y)| f(self, x, y)).collect();
        self.vector_of(&lanes)
    }

    /// An operator on the lanes of two vectors.
    pub fn lane_wise(&mut self, lane: Lane, width: u8, a: Word, b: Word) -> Word {
        self.each_pair((a, b), width, |words, x, y| words.lane(lane, x, y))
    }

    /// An operator on two lanes.
    pub fn lane(&mut self, lane: Lane, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        match lane {
            Lane::Add => self.add(a, b),
            Lane::Sub => self.sub(a, b),
            Lane::Mul => self.lane_product(a, b),
            Lane::HighS | Lane::HighU => {
                let product = self.wide_product(lane == Lane::HighS, a, b);
                self.slice(product, bits, bits)
            }
            Lane::HighRounded => {
                let product = self.wide_product(true, a, b);
                let shifted = self.slice(product, 14, 18);
                let rounded = self.plus(shifted, 1);
                self.slice(rounded, 1, 16)
            }
            Lane::LowHalvesS | Lane::LowHalvesU => {
                let half = bits >> 1;
                let (a, b) = (self.slice(a, 0, half), self.slice(b, 0, half));
                self.wide_product(lane == Lane::LowHalvesS, a, b)
            }
            Lane::AddSatS | Lane::AddSatU | Lane::SubSatS | Lane::SubSatU => {
                self.saturating(lane, a, b)
            }
            Lane::MinS | Lane::MinU | Lane::MaxS | Lane::MaxU => self.extreme_of(lane, a, b),
            Lane::Average => {
                let (a, b) =
                    (self.zext(a, bits.saturating_add(1)), self.zext(b, bits.saturating_add(1)));
                let sum = self.add(a, b);
                let sum = self.plus(sum, 1);
                self.slice(sum, 1, bits)
            }
            Lane::Eq => {
                let equal = self.lanes_equal(a, b);
                self.sext(equal, bits)
            }
            Lane::GtS | Lane::GtU => {
                let more = if lane == Lane::GtS { self.slt(b, a) } else { self.ult(b, a) };
                self.sext(more, bits)
            }
            Lane::FloatEq | Lane::FloatLt | Lane::FloatLe | Lane::FloatNan => {
                let prim = match lane {
                    Lane::FloatEq => Prim::FloatEq,
                    Lane::FloatLt => Prim::FloatLt,
                    Lane::FloatLe => Prim::FloatLe,
                    _ => Prim::FloatNan,
                };
                let holds = self.prim(prim, 1, &[a, b]);
                self.sext(holds, bits)
            }
            Lane::FloatAdd => self.prim(Prim::FloatAdd, bits, &[a, b]),
            Lane::FloatSub => self.prim(Prim::FloatSub, bits, &[a, b]),
            Lane::FloatMul => self.prim(Prim::FloatMul, bits, &[a, b]),
            Lane::FloatDiv => self.prim(Prim::FloatDiv, bits, &[a, b]),
            Lane::FloatLesser => {
                let less = self.prim(Prim::FloatLt, 1, &[a, b]);
                self.ite(less, a, b)
            }
            Lane::FloatGreater => {
                let more = self.prim(Prim::FloatLt, 1, &[b, a]);
                self.ite(more, a, b)
            }
        }
    }

    /// The product of lanes. One of 64 bits is made of products of halves, as modulo 2^64
    /// `a·b = l·m + 2^32·(h·m + l·k)` for `a = 2^32·h + l` and `b = 2^32·k + m`.
    fn lane_product(&mut self, a: Word, b: Word) -> Word {
        if self.bits(a) != 64 {
            return self.mul(a, b);
        }
        let (l, h) = (self.slice(a, 0, 32), self.slice(a, 32, 32));
        let (m, k) = (self.slice(b, 0, 32), self.slice(b, 32, 32));
        let (first, second) = (self.wide_product(false, h, m), self.wide_product(false, l, k));
        let (crossed, low) = (self.add(first, second), self.wide_product(false, l, m));
        let crossed = self.shifted_left(crossed, 32);
        self.add(low, crossed)
    }

    /// The product of two words in twice their width.
    pub fn wide_product(&mut self, signed: bool, a: Word, b: Word) -> Word {
        let bits = self.bits(a).saturating_mul(2);
        let (a, b) = (self.extended(signed, a, bits), self.extended(signed, b, bits));
        self.mul(a, b)
    }

    /// An extension. With its sign `x ^ 2^(w−1)` is `zext(x) − 2^(w−1)`: both are the number that
    /// the bits of `x` are, moved down.
    pub fn extended(&mut self, signed: bool, a: Word, bits: u8) -> Word {
        if !signed {
            return self.zext(a, bits);
        }
        let width = self.bits(a);
        let sign = mask(width) ^ (mask(width) >> 1);
        let parts = self.parts(a);
        if let [(x, 1)] = *parts.atoms.as_slice()
            && parts.number == sign
            && width > 1
        {
            let wide = self.zext(x, bits);
            return self.plus(wide, sign.wrapping_neg());
        }
        self.sext(a, bits)
    }

    /// The lesser or greater one of two lanes.
    fn extreme_of(&mut self, lane: Lane, a: Word, b: Word) -> Word {
        let (a, b) = if self.number(a).is_some() { (b, a) } else { (a, b) };
        let all = mask(self.bits(a));
        // The least and the greatest number are below and above all words.
        let (least, most) = match lane {
            Lane::MinS | Lane::MaxS => (all ^ (all >> 1), all >> 1),
            _ => (0, all),
        };
        let lesser = matches!(lane, Lane::MinS | Lane::MinU);
        match self.number(b) {
            Some(n) if n == least => return if lesser { b } else { a },
            Some(n) if n == most => return if lesser { a } else { b },
            _ => {}
        }
        let less = match lane {
            Lane::MinS => self.slt(a, b),
            Lane::MaxS => self.slt(b, a),
            Lane::MinU => self.ult(a, b),
            _ => self.ult(b, a),
        };
        self.ite(less, a, b)
    }

    /// `|a|`, modulo 2^w: `−a` if `a` is negative, so the least number is its own. `||x||` and
    /// `|−x|` are `|x|`, the least number's too.
    pub fn magnitude(&mut self, a: Word) -> Word {
        if let Node { op: Head::Ite, args: [_, _, x], .. } = self.get(a)
            && self.not_negated(x) == a
        {
            return a;
        }
        let parts = self.parts(a);
        match *parts.atoms.as_slice() {
            [(x, n)] if parts.number == 0 && n == mask(self.bits(a)) => self.not_negated(x),
            _ => self.not_negated(a),
        }
    }

    fn not_negated(&mut self, a: Word) -> Word {
        let (negative, sign) = (self.neg(a), self.sign(a));
        self.ite(sign, negative, a)
    }

    /// Whether two lanes are equal. The lesser of `a` and `b` is `a` exactly if `b` is not less,
    /// and the greater one if `a` is not.
    fn lanes_equal(&mut self, a: Word, b: Word) -> Word {
        for (p, a) in [(a, b), (b, a)] {
            let Node { op: Head::Ite, args: [_, x, y], .. } = self.get(p) else { continue };
            if a != x && a != y {
                continue;
            }
            let b = if a == x { y } else { x };
            for lane in [Lane::MinS, Lane::MinU, Lane::MaxS, Lane::MaxU] {
                if self.extreme_of(lane, a, b) == p {
                    let other = match lane {
                        Lane::MinS => self.slt(b, a),
                        Lane::MinU => self.ult(b, a),
                        Lane::MaxS => self.slt(a, b),
                        _ => self.ult(a, b),
                    };
                    return self.not(other);
                }
            }
        }
        self.eq(a, b)
    }

    /// `a` shifted left by a number below its width: its low bits above zeros.
    pub fn shifted_left(&mut self, a: Word, count: u8) -> Word {
        let bits = self.bits(a);
        if count == 0 || count >= bits {
            return if count == 0 { a } else { self.constant(bits, 0) };
        }
        let (low, zeros) = (self.slice(a, 0, bits.saturating_sub(count)), self.constant(count, 0));
        self.cat(low, zeros)
    }

    /// A lane shifted by a count of which the low log₂ w bits count: left, or right with zeros or
    /// the sign.
    ///
    /// `x >> (8 + c)` of 16 bits, signed, for `c` below 8 is `x[8, 16) >> c`, extended: only bits
    /// of the upper byte are left.
    pub fn lane_shift(&mut self, op: Head, a: Word, count: Word) -> Word {
        let bits = self.bits(a);
        let count = self.count_of(bits, count);
        if op == Head::Shl {
            return match self.number(count) {
                Some(n) => self.shifted_left(a, n as u8),
                None => self.shl(a, count),
            };
        }
        if op == Head::Shr {
            return self.shr(a, count);
        }
        let parts = self.parts(count);
        if bits == 16
            && let [(atom, 1)] = *parts.atoms.as_slice()
            && parts.number == 8
            && let Node { op: Head::Zext, args: [c, ..], .. } = self.get(atom)
            && self.bits(c) == 3
        {
            let byte = self.slice(a, 8, 8);
            let byte = self.sar(byte, c);
            return self.sext(byte, 16);
        }
        self.sar(a, count)
    }

    /// The byte of a vector that four bits say.
    pub fn byte_at(&mut self, vector: Word, index: Word) -> Word {
        let count = self.zext(index, 7);
        let count = self.scale(8, count);
        let shifted = self.shr(vector, count);
        self.slice(shifted, 0, 8)
    }

    /// `pshufb`: for each byte of the second word the byte of the first that its low four bits say,
    /// or 0 if its highest bit is set.
    pub fn bytes_by(&mut self, vector: Word, numbers: Word) -> Word {
        self.each_lane(numbers, 8, |words, n| {
            let (sign, index) = (words.sign(n), words.slice(n, 0, 4));
            let zero = words.constant(8, 0);
            if words.number(sign) == Some(1) {
                return zero;
            }
            let byte = words.byte_at(vector, index);
            words.ite(sign, zero, byte)
        })
    }

    /// `b` where the highest bit of a lane of the mask is set, else `a`, by pieces of the mask that
    /// are all ones or zeros, else by lanes.
    pub fn blend(&mut self, (a, b): (Word, Word), selector: Word, width: u8) -> Word {
        let mut starts = Vec::new();
        let mut at = 0_u8;
        for piece in self.pieces(selector).into_iter().rev() {
            let bits = self.bits(piece);
            let whole = at.is_multiple_of(width) && bits.is_multiple_of(width);
            if let Some(c) = self.mask_of(piece).filter(|_| whole) {
                starts.push((at, bits, c));
            }
            at = at.saturating_add(bits);
        }
        let (mut at, mut made) = (0_u8, Vec::new());
        while at < 128 && width > 0 {
            let (step, c) = match starts.iter().find(|(start, ..)| *start == at) {
                Some(&(_, bits, c)) => (bits, c),
                None => {
                    let sign = at.saturating_add(width).saturating_sub(1);
                    (width, self.slice(selector, sign, 1))
                }
            };
            let (x, y) = (self.slice(a, at, step), self.slice(b, at, step));
            made.push(self.ite(c, y, x));
            at = at.saturating_add(step);
        }
        self.vector_of(&made)
    }
}
