//! Saturation of lanes, and bounds of words.
//!
//! Saturation is on a word that is wide enough for the exact result: `nearest_signed(s, w)` is the
//! nearest number of `w` bits. Where the bounds of `s` show that it fits ([`Words::bounds`]), it is
//! the low bits of `s`.

use super::{Head, Lane, Node, Word, Words, mask};
use alloc::vec::Vec;

impl Words {
    /// Sums and differences that saturate.
    pub(super) fn saturating(&mut self, lane: Lane, a: Word, b: Word) -> Word {
        let bits = self.bits(a);
        let signed = matches!(lane, Lane::AddSatS | Lane::SubSatS);
        let wide = bits.saturating_add(1);
        let (a, b) = if signed {
            (self.sext(a, wide), self.sext(b, wide))
        } else {
            (self.zext(a, wide), self.zext(b, wide))
        };
        let adds = matches!(lane, Lane::AddSatS | Lane::AddSatU);
        let exact = if adds { self.add(a, b) } else { self.sub(a, b) };
        if signed {
            return self.nearest_signed(exact, bits);
        }
        // The highest bit says that the sum or difference does not fit.
        let beyond = self.slice(exact, bits, 1);
        let limit = self.constant(bits, if adds { u128::MAX } else { 0 });
        let low = self.slice(exact, 0, bits);
        self.ite(beyond, limit, low)
    }

    /// The nearest signed number of `bits` bits to a signed word.
    pub fn nearest_signed(&mut self, s: Word, bits: u8) -> Word {
        let wide = self.bits(s);
        let low = self.slice(s, 0, bits);
        let most = mask(bits) >> 1;
        let (from, to) = self.bounds(s);
        let fits = from >= (!most as i128) && to <= most as i128;
        if fits || self.sext(low, wide) == s {
            return low;
        }
        let (least, greatest) = (self.constant(wide, !most), self.constant(wide, most));
        let (below, above) = (self.slt(s, least), self.slt(greatest, s));
        let (least, greatest) = (self.constant(bits, !most), self.constant(bits, most));
        let not_below = self.ite(above, greatest, low);
        self.ite(below, least, not_below)
    }

    /// The nearest unsigned number of `bits` bits to a signed word.
    pub fn nearest_unsigned(&mut self, s: Word, bits: u8) -> Word {
        let wide = self.bits(s);
        let low = self.slice(s, 0, bits);
        let (from, to) = self.bounds(s);
        let fits = from >= 0 && u128::try_from(to).is_ok_and(|to| to <= mask(bits));
        if fits || self.zext(low, wide) == s {
            return low;
        }
        let greatest = self.constant(wide, mask(bits));
        let (below, above) = (self.sign(s), self.slt(greatest, s));
        let (zero, greatest) = (self.constant(bits, 0), self.constant(bits, mask(bits)));
        let not_below = self.ite(above, greatest, low);
        self.ite(below, zero, not_below)
    }

    /// Bounds of a signed word, over the integers: of a sum the sum of the bounds, if it cannot
    /// wrap; of a product the least and greatest one.
    pub fn bounds(&self, a: Word) -> (i128, i128) {
        self.bounds_at(a, 0)
    }

    fn bounds_at(&self, a: Word, depth: u32) -> (i128, i128) {
        let Node { op, bits, args: [x, y, z], n } = self.get(a);
        let most = (mask(bits) >> 1) as i128;
        let all = (most.wrapping_neg().saturating_sub(1), most);
        if depth > 6 || bits > 64 || bits == 0 {
            return all;
        }
        let next = depth.saturating_add(1);
        let signed = |n: u128| {
            let n = n & mask(bits);
            if n > mask(bits) >> 1 {
                (n as i128).saturating_sub((mask(bits) as i128).saturating_add(1))
            } else {
                n as i128
            }
        };
        let found = match op {
            Head::Const => Some((signed(n), signed(n))),
            Head::Zext => match self.bounds_at(x, next) {
                (low, high) if low >= 0 => Some((low, high)),
                _ => Some((0, mask(self.bits(x)) as i128)),
            },
            Head::Sext => Some(self.bounds_at(x, next)),
            Head::Ite => {
                let ((a, b), (c, d)) = (self.bounds_at(y, next), self.bounds_at(z, next));
                Some((a.min(c), b.max(d)))
            }
            Head::Mul => {
                let ((a, b), (c, d)) = (self.bounds_at(x, next), self.bounds_at(y, next));
                let products =
                    [a.checked_mul(c), a.checked_mul(d), b.checked_mul(c), b.checked_mul(d)];
                let products: Option<Vec<i128>> = products.into_iter().collect();
                products.and_then(|all| Some((*all.iter().min()?, *all.iter().max()?)))
            }
            Head::Sum => {
                let parts = self.parts(a);
                let number = signed(parts.number);
                parts.atoms.iter().try_fold((number, number), |(low, high), &(atom, factor)| {
                    let (from, to) = self.bounds_at(atom, next);
                    let factor = signed(factor);
                    let (p, q) = (from.checked_mul(factor)?, to.checked_mul(factor)?);
                    Some((low.checked_add(p.min(q))?, high.checked_add(p.max(q))?))
                })
            }
            _ => None,
        };
        match found {
            Some((low, high)) if low >= all.0 && high <= all.1 => (low, high),
            _ => all,
        }
    }
}
