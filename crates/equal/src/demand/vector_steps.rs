//! Operators of `v128` that are several instructions: formulas over whole vectors.
//!
//! Each is what the operator says, for the reason above it. That is not taken from what emits code:
//! another sequence would be another formula, and the code that has it would be refused.

use super::vector::{pairs, products};
use crate::words::{Head, Lane, Prim, Word, Words};

fn ones_of(w: &mut Words) -> Word {
    w.constant(128, u128::MAX)
}

/// A number in all lanes.
fn all(w: &mut Words, width: u8, n: u128) -> Word {
    let lane = w.constant(width, n);
    w.splat(lane)
}

/// The complement.
pub(super) fn complement(w: &mut Words, a: Word) -> Word {
    let ones = ones_of(w);
    w.xor(a, ones)
}

/// All signs flipped.
pub(super) fn negated(w: &mut Words, width: u8, a: Word) -> Word {
    let sign = 1_u128.wrapping_shl(u32::from(width.saturating_sub(1)));
    let signs = all(w, width, sign);
    w.xor(a, signs)
}

/// The bits below the quiet bit of a NaN, where the mask says NaN.
fn payloads(w: &mut Words, width: u8, nan: Word) -> Word {
    // Sign, exponent and quiet bit stay.
    let count = if width == 32 { 10 } else { 13 };
    let count = w.constant(32, count);
    w.each_lane(nan, width, |w, x| w.lane_shift(Head::Shr, x, count))
}

/// The minimum of floats.
///
/// `p = a < b ? a : b` and `q = b < a ? b : a` are equal, and the minimum, unless both are zeros or
/// one is NaN. Of zeros `p | q` has the sign −, if one has it. Of a NaN `p` is the second operand
/// and `q` the first, so `p | q` has the exponent of a NaN and no bit less than the one that is:
/// it is a NaN; then all bits are set and those of the payload cleared: the canonical one, with
/// some sign.
pub(super) fn minimum(w: &mut Words, width: u8, a: Word, b: Word) -> Word {
    let p = w.lane_wise(Lane::FloatLesser, width, a, b);
    let q = w.lane_wise(Lane::FloatLesser, width, b, a);
    let both = w.or(p, q);
    // Of 64 bits p and q are compared: one of them is NaN exactly if an operand is.
    let tested = if width == 32 { both } else { p };
    let nan = w.lane_wise(Lane::FloatNan, width, tested, q);
    let filled = w.or(both, nan);
    let payload = payloads(w, width, nan);
    let kept = complement(w, payload);
    w.and(kept, filled)
}

/// The maximum of floats.
///
/// `p = b < a ? a : b` and `q = a < b ? b : a` are equal, and the maximum, unless both are zeros or
/// one is NaN. Then `d = p ^ q` is 0, and nothing changes. Of zeros with two signs `d` is −0 and so
/// is `p | d`; −0 − −0 is +0. With a NaN, `p | d` has all bits of both: a NaN; the difference is
/// one too, and loses its payload.
pub(super) fn maximum(w: &mut Words, width: u8, a: Word, b: Word) -> Word {
    let p = w.lane_wise(Lane::FloatGreater, width, a, b);
    let q = w.lane_wise(Lane::FloatGreater, width, b, a);
    let apart = w.xor(p, q);
    let both = w.or(p, apart);
    let positive = w.lane_wise(Lane::FloatSub, width, both, apart);
    let nan = w.lane_wise(Lane::FloatNan, width, both, both);
    let payload = payloads(w, width, nan);
    let kept = complement(w, payload);
    w.and(kept, positive)
}

/// `(a·b + 2^14) >> 15`, saturated: only −2^15 times itself does not fit, and is −2^15 then, which
/// no other product is; its complement is 2^15 − 1.
pub(super) fn rounded_product(w: &mut Words, a: Word, b: Word) -> Word {
    let product = w.lane_wise(Lane::HighRounded, 16, a, b);
    let least = all(w, 16, 0x8000);
    let wrapped = w.lane_wise(Lane::Eq, 16, product, least);
    w.xor(product, wrapped)
}

/// The dot product of pairs of bytes: only twice −2^7·−2^7 leaves 16 bits, as −2^15, which no other
/// sum is; its complement is 2^15 − 1.
pub(super) fn relaxed_dot(w: &mut Words, a: Word, b: Word) -> Word {
    let products = products(w, (a, b), 8);
    let sums = pairs(w, &products);
    let least = all(w, 16, 0x8000);
    let wrapped = w.lane_wise(Lane::Eq, 16, sums, least);
    w.xor(sums, wrapped)
}

/// Bytes by numbers that may be beyond: `s + 112`, saturated, has its highest bit exactly if `s` is
/// above 15, and else the low four bits of `s`.
pub(super) fn swizzle(w: &mut Words, a: Word, s: Word) -> Word {
    let more = all(w, 8, 0x70);
    let s = w.lane_wise(Lane::AddSatU, 8, s, more);
    w.bytes_by(a, s)
}

/// The bits that are set of each byte: those of its halves, from a table.
pub(super) fn ones(w: &mut Words, a: Word) -> Word {
    const COUNTS: u128 = 0x0403_0302_0302_0201_0302_0201_0201_0100;
    let table = w.constant(128, COUNTS);
    w.each_lane(a, 8, |w, x| {
        let (low, high) = (w.slice(x, 0, 4), w.slice(x, 4, 4));
        let (low, high) = (w.byte_at(table, low), w.byte_at(table, high));
        w.add(low, high)
    })
}

/// `|a|` of lanes of 64 bits: `−a` unless that is negative; the least number is its own negation.
pub(super) fn magnitude(w: &mut Words, a: Word) -> Word {
    w.each_lane(a, 64, |w, x| {
        let negative = w.neg(x);
        let sign = w.sign(negative);
        w.ite(sign, x, negative)
    })
}

/// Lanes of 64 bits shifted right with their signs: `((a >> n) ^ m) − m` for `m = 2^63 >> n`, the
/// place of the sign then: of `a >> n` the bits above it are 0, and the difference fills them with
/// what is at that place.
pub(super) fn shift_signed(w: &mut Words, a: Word, count: Word) -> Word {
    let signs = all(w, 64, 1 << 63);
    let place = w.each_lane(signs, 64, |w, x| w.lane_shift(Head::Shr, x, count));
    let shifted = w.each_lane(a, 64, |w, x| w.lane_shift(Head::Shr, x, count));
    let flipped = w.xor(place, shifted);
    w.lane_wise(planted!(SignIsAdded, Lane::Sub, Lane::Add), 64, flipped, place)
}

/// Unsigned words of 32 bits as floats: `2·(h / 2) + l` of the halves `h = a − l` and `l` below
/// 2^16, where `h / 2` is a multiple of 2^15 below 2^31, so that both conversions and the doubling
/// are exact, and the sum rounds once.
pub(super) fn from_unsigned(w: &mut Words, a: Word) -> Word {
    w.each_lane(a, 32, |w, x| {
        let low = w.slice(x, 0, 16);
        let low = w.zext(low, 32);
        let high = w.sub(x, low);
        let half = w.slice(high, 1, 31);
        let half = w.zext(half, 32);
        let (low, half) =
            (w.prim(Prim::FromSigned, 32, &[low]), w.prim(Prim::FromSigned, 32, &[half]));
        let high = w.prim(Prim::FloatAdd, 32, &[half, half]);
        w.prim(Prim::FloatAdd, 32, &[high, low])
    })
}

/// Two unsigned words of 32 bits as floats of 64: the word below the exponent of 2^52 is the float
/// `2^52 + a`, and the difference is exact.
pub(super) fn from_unsigned_low(w: &mut Words, a: Word) -> Word {
    let low = w.slice(a, 0, 64);
    w.each_lane(low, 32, |w, x| {
        let exponent = w.constant(32, 0x4330_0000);
        let float = w.cat(exponent, x);
        let least = w.constant(64, 0x4330_0000 << 32);
        w.prim(Prim::FloatSub, 64, &[float, least])
    })
}

fn truncated(w: &mut Words, width: u8, a: Word) -> Word {
    w.each_lane(a, width, |w, x| w.prim(Prim::ToSigned, 32, &[x]))
}

/// Floats as signed words, saturating: NaN becomes +0; what does not fit is truncated to the least
/// number, and complemented if the float was not negative: then the mask of what is no NaN, with
/// the signs flipped, keeps the sign bit of that number.
pub(super) fn to_signed(w: &mut Words, a: Word) -> Word {
    let numbers = w.lane_wise(Lane::FloatEq, 32, a, a);
    let a = w.and(a, numbers);
    let positive = w.xor(numbers, a);
    let words = truncated(w, 32, a);
    let beyond = w.and(words, positive);
    let count = w.constant(32, 31);
    let beyond = w.each_lane(beyond, 32, |w, x| w.lane_shift(Head::Sar, x, count));
    w.xor(beyond, words)
}

/// Floats as unsigned words, saturating: what is not above 0 becomes +0, or −0. Below 2^31 the
/// truncation is the result, and what is left of `a − 2^31` is negative, so 0. From there to 2^32
/// the truncation is 2^31, and the one of `a − 2^31` the rest. Beyond, the rest is 2^31 − 1: its
/// truncation, −2^31, complemented.
pub(super) fn to_unsigned(w: &mut Words, a: Word) -> Word {
    let zero = w.constant(128, 0);
    let a = w.lane_wise(Lane::FloatGreater, 32, a, zero);
    let limit = all(w, 32, 0x7fff_ffff);
    let limit = w.each_lane(limit, 32, |w, x| w.prim(Prim::FromSigned, 32, &[x]));
    let words = truncated(w, 32, a);
    let rest = w.lane_wise(Lane::FloatSub, 32, a, limit);
    let beyond = w.lane_wise(Lane::FloatLe, 32, limit, rest);
    let rest = truncated(w, 32, rest);
    let rest = w.xor(rest, beyond);
    let rest = w.lane_wise(Lane::MaxS, 32, rest, zero);
    w.lane_wise(Lane::Add, 32, rest, words)
}

/// Floats of 64 bits as signed words: the lesser one of them and the greatest word, or of NaN and
/// +0, which is the second; what is below the least word is truncated to it.
pub(super) fn to_signed_low(w: &mut Words, a: Word) -> Word {
    let numbers = w.lane_wise(Lane::FloatEq, 64, a, a);
    let greatest = all(w, 64, 0x41df_ffff_ffc0_0000);
    let greatest = w.and(numbers, greatest);
    let a = w.lane_wise(Lane::FloatLesser, 64, a, greatest);
    let low = truncated(w, 64, a);
    w.zext(low, 128)
}

/// Floats of 64 bits as unsigned words: between 0 (also of NaN) and the greatest word, truncated,
/// and 2^52 added: then the word is the low half.
pub(super) fn to_unsigned_low(w: &mut Words, a: Word) -> Word {
    let zero = w.constant(128, 0);
    let a = w.lane_wise(Lane::FloatGreater, 64, a, zero);
    let greatest = all(w, 64, 0x41ef_ffff_ffe0_0000);
    let a = w.lane_wise(Lane::FloatLesser, 64, a, greatest);
    let a = w.each_lane(a, 64, |w, x| w.prim(Prim::FloatTrunc, 64, &[x]));
    let exponent = all(w, 64, 0x4330_0000 << 32);
    let a = w.lane_wise(Lane::FloatAdd, 64, a, exponent);
    let low = w.each_lane(a, 64, |w, x| w.slice(x, 0, 32));
    w.zext(low, 128)
}
