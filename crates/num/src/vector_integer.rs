//! Integer lanes and whole-vector bits → the same: core specification 4.3.5, "Vector Operations".
//!
//! A row is the lane's operator and the walk over lanes (`lanes.rs`), where the lane type says
//! shape and signedness; rows of narrow lanes that need no wider results are computed in place
//! (`packed.rs`). Everything is total. Noticed by: the recomputation from bytes below, in 128-bit
//! integers.

use crate::lanes::{
    all, bits, compare, high, low, map, narrow, pairs, zip, zip_high, zip_low, zip_pairs,
};
use crate::operators::operators;
use crate::packed;

operators! { [inline]
    "v128.not": v128_not(a: u128) -> u128 { !a }
    "v128.and": v128_and(a: u128, b: u128) -> u128 { a & b }
    "v128.andnot": v128_andnot(a: u128, b: u128) -> u128 { a & !b }
    "v128.or": v128_or(a: u128, b: u128) -> u128 { a | b }
    "v128.xor": v128_xor(a: u128, b: u128) -> u128 { a ^ b }
    /// Bits of the first operand where the mask is set, of the second elsewhere.
    "v128.bitselect": v128_bitselect(a: u128, b: u128, mask: u128) -> u128 { a & mask | b & !mask }
    "v128.any_true": v128_any_true(a: u128) -> u32 { u32::from(a != 0) }
    "i8x16.eq": i8x16_eq(a: u128, b: u128) -> u128 { packed::eq::<8>(a, b) }
    "i8x16.ne": i8x16_ne(a: u128, b: u128) -> u128 { !packed::eq::<8>(a, b) }
    "i8x16.lt_s": i8x16_lt_s(a: u128, b: u128) -> u128 { packed::lt_s::<8>(a, b) }
    "i8x16.lt_u": i8x16_lt_u(a: u128, b: u128) -> u128 { packed::lt_u::<8>(a, b) }
    "i8x16.gt_s": i8x16_gt_s(a: u128, b: u128) -> u128 { packed::lt_s::<8>(b, a) }
    "i8x16.gt_u": i8x16_gt_u(a: u128, b: u128) -> u128 { packed::lt_u::<8>(b, a) }
    "i8x16.le_s": i8x16_le_s(a: u128, b: u128) -> u128 { !packed::lt_s::<8>(b, a) }
    "i8x16.le_u": i8x16_le_u(a: u128, b: u128) -> u128 { !packed::lt_u::<8>(b, a) }
    "i8x16.ge_s": i8x16_ge_s(a: u128, b: u128) -> u128 { !packed::lt_s::<8>(a, b) }
    "i8x16.ge_u": i8x16_ge_u(a: u128, b: u128) -> u128 { !packed::lt_u::<8>(a, b) }
    /// The minimum stays.
    "i8x16.abs": i8x16_abs(a: u128) -> u128 { packed::abs::<8>(a) }
    "i8x16.neg": i8x16_neg(a: u128) -> u128 { packed::neg::<8>(a) }
    "i8x16.popcnt": i8x16_popcnt(a: u128) -> u128 { packed::count_ones_in_bytes(a) }
    "i8x16.all_true": i8x16_all_true(a: u128) -> u32 { u32::from(packed::eq::<8>(a, 0) == 0) }
    "i8x16.bitmask": i8x16_bitmask(a: u128) -> u32 { packed::top_bits_of_bytes(a) }
    "i8x16.narrow_i16x8_s": i8x16_narrow_i16x8_s(a: u128, b: u128) -> u128 {
        narrow(a, b, |x: i16| x.clamp(-0x80, 0x7f) as i8)
    }
    /// Reads signed lanes, as do all narrowings.
    "i8x16.narrow_i16x8_u": i8x16_narrow_i16x8_u(a: u128, b: u128) -> u128 {
        narrow(a, b, |x: i16| x.clamp(0, 0xff) as u8)
    }
    /// The count is taken modulo the lane's width, as in all shifts.
    "i8x16.shl": i8x16_shl(a: u128, count: u32) -> u128 { packed::shl::<8>(a, count) }
    "i8x16.shr_s": i8x16_shr_s(a: u128, count: u32) -> u128 { packed::shr_s::<8>(a, count) }
    "i8x16.shr_u": i8x16_shr_u(a: u128, count: u32) -> u128 { packed::shr_u::<8>(a, count) }
    "i8x16.add": i8x16_add(a: u128, b: u128) -> u128 { packed::add::<8>(a, b) }
    "i8x16.add_sat_s": i8x16_add_sat_s(a: u128, b: u128) -> u128 { packed::add_sat_s::<8>(a, b) }
    "i8x16.add_sat_u": i8x16_add_sat_u(a: u128, b: u128) -> u128 { packed::add_sat_u::<8>(a, b) }
    "i8x16.sub": i8x16_sub(a: u128, b: u128) -> u128 { packed::sub::<8>(a, b) }
    "i8x16.sub_sat_s": i8x16_sub_sat_s(a: u128, b: u128) -> u128 { packed::sub_sat_s::<8>(a, b) }
    "i8x16.sub_sat_u": i8x16_sub_sat_u(a: u128, b: u128) -> u128 { packed::sub_sat_u::<8>(a, b) }
    "i8x16.min_s": i8x16_min_s(a: u128, b: u128) -> u128 { packed::min_s::<8>(a, b) }
    "i8x16.min_u": i8x16_min_u(a: u128, b: u128) -> u128 { packed::min_u::<8>(a, b) }
    "i8x16.max_s": i8x16_max_s(a: u128, b: u128) -> u128 { packed::max_s::<8>(a, b) }
    "i8x16.max_u": i8x16_max_u(a: u128, b: u128) -> u128 { packed::max_u::<8>(a, b) }
    /// The mean, halves rounded up.
    "i8x16.avgr_u": i8x16_avgr_u(a: u128, b: u128) -> u128 { packed::avgr_u::<8>(a, b) }
    "i16x8.eq": i16x8_eq(a: u128, b: u128) -> u128 { packed::eq::<16>(a, b) }
    "i16x8.ne": i16x8_ne(a: u128, b: u128) -> u128 { !packed::eq::<16>(a, b) }
    "i16x8.lt_s": i16x8_lt_s(a: u128, b: u128) -> u128 { packed::lt_s::<16>(a, b) }
    "i16x8.lt_u": i16x8_lt_u(a: u128, b: u128) -> u128 { packed::lt_u::<16>(a, b) }
    "i16x8.gt_s": i16x8_gt_s(a: u128, b: u128) -> u128 { packed::lt_s::<16>(b, a) }
    "i16x8.gt_u": i16x8_gt_u(a: u128, b: u128) -> u128 { packed::lt_u::<16>(b, a) }
    "i16x8.le_s": i16x8_le_s(a: u128, b: u128) -> u128 { !packed::lt_s::<16>(b, a) }
    "i16x8.le_u": i16x8_le_u(a: u128, b: u128) -> u128 { !packed::lt_u::<16>(b, a) }
    "i16x8.ge_s": i16x8_ge_s(a: u128, b: u128) -> u128 { !packed::lt_s::<16>(a, b) }
    "i16x8.ge_u": i16x8_ge_u(a: u128, b: u128) -> u128 { !packed::lt_u::<16>(a, b) }
    "i16x8.abs": i16x8_abs(a: u128) -> u128 { packed::abs::<16>(a) }
    "i16x8.neg": i16x8_neg(a: u128) -> u128 { packed::neg::<16>(a) }
    "i16x8.all_true": i16x8_all_true(a: u128) -> u32 { u32::from(packed::eq::<16>(a, 0) == 0) }
    "i16x8.bitmask": i16x8_bitmask(a: u128) -> u32 { bits(a, |x: i16| x < 0) }
    "i16x8.narrow_i32x4_s": i16x8_narrow_i32x4_s(a: u128, b: u128) -> u128 {
        narrow(a, b, |x: i32| x.clamp(-0x8000, 0x7fff) as i16)
    }
    "i16x8.narrow_i32x4_u": i16x8_narrow_i32x4_u(a: u128, b: u128) -> u128 {
        narrow(a, b, |x: i32| x.clamp(0, 0xffff) as u16)
    }
    "i16x8.extend_low_i8x16_s": i16x8_extend_low_i8x16_s(a: u128) -> u128 {
        low(a, |x: i8| i16::from(x))
    }
    "i16x8.extend_low_i8x16_u": i16x8_extend_low_i8x16_u(a: u128) -> u128 {
        low(a, |x: u8| u16::from(x))
    }
    "i16x8.extend_high_i8x16_s": i16x8_extend_high_i8x16_s(a: u128) -> u128 {
        high(a, |x: i8| i16::from(x))
    }
    "i16x8.extend_high_i8x16_u": i16x8_extend_high_i8x16_u(a: u128) -> u128 {
        high(a, |x: u8| u16::from(x))
    }
    "i16x8.extadd_pairwise_i8x16_s": i16x8_extadd_pairwise_i8x16_s(a: u128) -> u128 {
        pairs(a, |x: i8, y| i16::from(x) + i16::from(y))
    }
    "i16x8.extadd_pairwise_i8x16_u": i16x8_extadd_pairwise_i8x16_u(a: u128) -> u128 {
        pairs(a, |x: u8, y| u16::from(x) + u16::from(y))
    }
    "i16x8.shl": i16x8_shl(a: u128, count: u32) -> u128 { packed::shl::<16>(a, count) }
    "i16x8.shr_s": i16x8_shr_s(a: u128, count: u32) -> u128 { packed::shr_s::<16>(a, count) }
    "i16x8.shr_u": i16x8_shr_u(a: u128, count: u32) -> u128 { packed::shr_u::<16>(a, count) }
    "i16x8.add": i16x8_add(a: u128, b: u128) -> u128 { packed::add::<16>(a, b) }
    "i16x8.add_sat_s": i16x8_add_sat_s(a: u128, b: u128) -> u128 { packed::add_sat_s::<16>(a, b) }
    "i16x8.add_sat_u": i16x8_add_sat_u(a: u128, b: u128) -> u128 { packed::add_sat_u::<16>(a, b) }
    "i16x8.sub": i16x8_sub(a: u128, b: u128) -> u128 { packed::sub::<16>(a, b) }
    "i16x8.sub_sat_s": i16x8_sub_sat_s(a: u128, b: u128) -> u128 { packed::sub_sat_s::<16>(a, b) }
    "i16x8.sub_sat_u": i16x8_sub_sat_u(a: u128, b: u128) -> u128 { packed::sub_sat_u::<16>(a, b) }
    "i16x8.mul": i16x8_mul(a: u128, b: u128) -> u128 { zip(a, b, u16::wrapping_mul) }
    "i16x8.min_s": i16x8_min_s(a: u128, b: u128) -> u128 { packed::min_s::<16>(a, b) }
    "i16x8.min_u": i16x8_min_u(a: u128, b: u128) -> u128 { packed::min_u::<16>(a, b) }
    "i16x8.max_s": i16x8_max_s(a: u128, b: u128) -> u128 { packed::max_s::<16>(a, b) }
    "i16x8.max_u": i16x8_max_u(a: u128, b: u128) -> u128 { packed::max_u::<16>(a, b) }
    "i16x8.avgr_u": i16x8_avgr_u(a: u128, b: u128) -> u128 { packed::avgr_u::<16>(a, b) }
    /// Fixed-point product with 15 fraction bits; only -1 times -1 saturates.
    "i16x8.q15mulr_sat_s": i16x8_q15mulr_sat_s(a: u128, b: u128) -> u128 { zip(a, b, q15_multiply) }
    "i16x8.extmul_low_i8x16_s": i16x8_extmul_low_i8x16_s(a: u128, b: u128) -> u128 {
        zip_low(a, b, |x: i8, y| i16::from(x) * i16::from(y))
    }
    "i16x8.extmul_low_i8x16_u": i16x8_extmul_low_i8x16_u(a: u128, b: u128) -> u128 {
        zip_low(a, b, |x: u8, y| u16::from(x) * u16::from(y))
    }
    "i16x8.extmul_high_i8x16_s": i16x8_extmul_high_i8x16_s(a: u128, b: u128) -> u128 {
        zip_high(a, b, |x: i8, y| i16::from(x) * i16::from(y))
    }
    "i16x8.extmul_high_i8x16_u": i16x8_extmul_high_i8x16_u(a: u128, b: u128) -> u128 {
        zip_high(a, b, |x: u8, y| u16::from(x) * u16::from(y))
    }
    "i32x4.eq": i32x4_eq(a: u128, b: u128) -> u128 { compare(a, b, |x: u32, y| x == y) }
    "i32x4.ne": i32x4_ne(a: u128, b: u128) -> u128 { compare(a, b, |x: u32, y| x != y) }
    "i32x4.lt_s": i32x4_lt_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i32, y| x < y) }
    "i32x4.lt_u": i32x4_lt_u(a: u128, b: u128) -> u128 { compare(a, b, |x: u32, y| x < y) }
    "i32x4.gt_s": i32x4_gt_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i32, y| x > y) }
    "i32x4.gt_u": i32x4_gt_u(a: u128, b: u128) -> u128 { compare(a, b, |x: u32, y| x > y) }
    "i32x4.le_s": i32x4_le_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i32, y| x <= y) }
    "i32x4.le_u": i32x4_le_u(a: u128, b: u128) -> u128 { compare(a, b, |x: u32, y| x <= y) }
    "i32x4.ge_s": i32x4_ge_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i32, y| x >= y) }
    "i32x4.ge_u": i32x4_ge_u(a: u128, b: u128) -> u128 { compare(a, b, |x: u32, y| x >= y) }
    "i32x4.abs": i32x4_abs(a: u128) -> u128 { map(a, i32::wrapping_abs) }
    "i32x4.neg": i32x4_neg(a: u128) -> u128 { map(a, i32::wrapping_neg) }
    "i32x4.all_true": i32x4_all_true(a: u128) -> u32 { all(a, |x: u32| x != 0) }
    "i32x4.bitmask": i32x4_bitmask(a: u128) -> u32 { bits(a, |x: i32| x < 0) }
    "i32x4.extend_low_i16x8_s": i32x4_extend_low_i16x8_s(a: u128) -> u128 {
        low(a, |x: i16| i32::from(x))
    }
    "i32x4.extend_low_i16x8_u": i32x4_extend_low_i16x8_u(a: u128) -> u128 {
        low(a, |x: u16| u32::from(x))
    }
    "i32x4.extend_high_i16x8_s": i32x4_extend_high_i16x8_s(a: u128) -> u128 {
        high(a, |x: i16| i32::from(x))
    }
    "i32x4.extend_high_i16x8_u": i32x4_extend_high_i16x8_u(a: u128) -> u128 {
        high(a, |x: u16| u32::from(x))
    }
    "i32x4.extadd_pairwise_i16x8_s": i32x4_extadd_pairwise_i16x8_s(a: u128) -> u128 {
        pairs(a, |x: i16, y| i32::from(x) + i32::from(y))
    }
    "i32x4.extadd_pairwise_i16x8_u": i32x4_extadd_pairwise_i16x8_u(a: u128) -> u128 {
        pairs(a, |x: u16, y| u32::from(x) + u32::from(y))
    }
    "i32x4.shl": i32x4_shl(a: u128, count: u32) -> u128 { map(a, |x: u32| x.wrapping_shl(count)) }
    "i32x4.shr_s": i32x4_shr_s(a: u128, count: u32) -> u128 {
        map(a, |x: i32| x.wrapping_shr(count))
    }
    "i32x4.shr_u": i32x4_shr_u(a: u128, count: u32) -> u128 {
        map(a, |x: u32| x.wrapping_shr(count))
    }
    "i32x4.add": i32x4_add(a: u128, b: u128) -> u128 { zip(a, b, u32::wrapping_add) }
    "i32x4.sub": i32x4_sub(a: u128, b: u128) -> u128 { zip(a, b, u32::wrapping_sub) }
    "i32x4.mul": i32x4_mul(a: u128, b: u128) -> u128 { zip(a, b, u32::wrapping_mul) }
    "i32x4.min_s": i32x4_min_s(a: u128, b: u128) -> u128 { zip(a, b, i32::min) }
    "i32x4.min_u": i32x4_min_u(a: u128, b: u128) -> u128 { zip(a, b, u32::min) }
    "i32x4.max_s": i32x4_max_s(a: u128, b: u128) -> u128 { zip(a, b, i32::max) }
    "i32x4.max_u": i32x4_max_u(a: u128, b: u128) -> u128 { zip(a, b, u32::max) }
    /// Wraps where all four lanes are the minimum.
    "i32x4.dot_i16x8_s": i32x4_dot_i16x8_s(a: u128, b: u128) -> u128 {
        zip_pairs(a, b, |x: [i16; 2], y: [i16; 2]| {
            product(x[0], y[0]).wrapping_add(product(x[1], y[1]))
        })
    }
    "i32x4.extmul_low_i16x8_s": i32x4_extmul_low_i16x8_s(a: u128, b: u128) -> u128 {
        zip_low(a, b, |x: i16, y| i32::from(x) * i32::from(y))
    }
    "i32x4.extmul_low_i16x8_u": i32x4_extmul_low_i16x8_u(a: u128, b: u128) -> u128 {
        zip_low(a, b, |x: u16, y| u32::from(x) * u32::from(y))
    }
    "i32x4.extmul_high_i16x8_s": i32x4_extmul_high_i16x8_s(a: u128, b: u128) -> u128 {
        zip_high(a, b, |x: i16, y| i32::from(x) * i32::from(y))
    }
    "i32x4.extmul_high_i16x8_u": i32x4_extmul_high_i16x8_u(a: u128, b: u128) -> u128 {
        zip_high(a, b, |x: u16, y| u32::from(x) * u32::from(y))
    }
    "i64x2.eq": i64x2_eq(a: u128, b: u128) -> u128 { compare(a, b, |x: u64, y| x == y) }
    "i64x2.ne": i64x2_ne(a: u128, b: u128) -> u128 { compare(a, b, |x: u64, y| x != y) }
    "i64x2.lt_s": i64x2_lt_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i64, y| x < y) }
    "i64x2.gt_s": i64x2_gt_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i64, y| x > y) }
    "i64x2.le_s": i64x2_le_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i64, y| x <= y) }
    "i64x2.ge_s": i64x2_ge_s(a: u128, b: u128) -> u128 { compare(a, b, |x: i64, y| x >= y) }
    "i64x2.abs": i64x2_abs(a: u128) -> u128 { map(a, i64::wrapping_abs) }
    "i64x2.neg": i64x2_neg(a: u128) -> u128 { map(a, i64::wrapping_neg) }
    "i64x2.all_true": i64x2_all_true(a: u128) -> u32 { all(a, |x: u64| x != 0) }
    "i64x2.bitmask": i64x2_bitmask(a: u128) -> u32 { bits(a, |x: i64| x < 0) }
    "i64x2.extend_low_i32x4_s": i64x2_extend_low_i32x4_s(a: u128) -> u128 {
        low(a, |x: i32| i64::from(x))
    }
    "i64x2.extend_low_i32x4_u": i64x2_extend_low_i32x4_u(a: u128) -> u128 {
        low(a, |x: u32| u64::from(x))
    }
    "i64x2.extend_high_i32x4_s": i64x2_extend_high_i32x4_s(a: u128) -> u128 {
        high(a, |x: i32| i64::from(x))
    }
    "i64x2.extend_high_i32x4_u": i64x2_extend_high_i32x4_u(a: u128) -> u128 {
        high(a, |x: u32| u64::from(x))
    }
    "i64x2.shl": i64x2_shl(a: u128, count: u32) -> u128 { map(a, |x: u64| x.wrapping_shl(count)) }
    "i64x2.shr_s": i64x2_shr_s(a: u128, count: u32) -> u128 {
        map(a, |x: i64| x.wrapping_shr(count))
    }
    "i64x2.shr_u": i64x2_shr_u(a: u128, count: u32) -> u128 {
        map(a, |x: u64| x.wrapping_shr(count))
    }
    "i64x2.add": i64x2_add(a: u128, b: u128) -> u128 { zip(a, b, u64::wrapping_add) }
    "i64x2.sub": i64x2_sub(a: u128, b: u128) -> u128 { zip(a, b, u64::wrapping_sub) }
    "i64x2.mul": i64x2_mul(a: u128, b: u128) -> u128 { zip(a, b, u64::wrapping_mul) }
    "i64x2.extmul_low_i32x4_s": i64x2_extmul_low_i32x4_s(a: u128, b: u128) -> u128 {
        zip_low(a, b, |x: i32, y| i64::from(x) * i64::from(y))
    }
    "i64x2.extmul_low_i32x4_u": i64x2_extmul_low_i32x4_u(a: u128, b: u128) -> u128 {
        zip_low(a, b, |x: u32, y| u64::from(x) * u64::from(y))
    }
    "i64x2.extmul_high_i32x4_s": i64x2_extmul_high_i32x4_s(a: u128, b: u128) -> u128 {
        zip_high(a, b, |x: i32, y| i64::from(x) * i64::from(y))
    }
    "i64x2.extmul_high_i32x4_u": i64x2_extmul_high_i32x4_u(a: u128, b: u128) -> u128 {
        zip_high(a, b, |x: u32, y| u64::from(x) * u64::from(y))
    }
}

/// `(x * y + 2^14) / 2^15`, rounded down, saturated.
#[inline(always)]
fn q15_multiply(x: i16, y: i16) -> i16 {
    ((product(x, y) + 0x4000) >> 15).min(0x7fff) as i16
}

/// The exact product.
#[inline(always)]
fn product(x: i16, y: i16) -> i32 {
    i32::from(x) * i32::from(y)
}

#[cfg(test)]
mod tests;
