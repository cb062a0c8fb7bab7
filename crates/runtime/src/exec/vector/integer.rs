//! Integer lanes, and lanes moved, by SSE2.
//!
//! Operators without a short SSE2 sequence stay with `prova_num`. Unsigned comparisons of bytes and
//! 16-bit lanes use unsigned minima or differences that SSE2 has. Those of 32-bit lanes compare
//! signed, with the operands' top bits flipped. A lane that an immediate names is found by
//! comparing its number with the numbers of all lanes.

use super::{aliases, operators};
pub(in crate::exec) use prova_num::*;
use std::arch::x86_64::__m128i as V128;
use std::arch::x86_64::*;

operators! { ["sse2"]
    v128_not(a: V128) -> V128 { not(a) }
    v128_and(a: V128, b: V128) -> V128 { _mm_and_si128(a, b) }
    v128_andnot(a: V128, b: V128) -> V128 { _mm_andnot_si128(b, a) }
    v128_or(a: V128, b: V128) -> V128 { _mm_or_si128(a, b) }
    v128_xor(a: V128, b: V128) -> V128 { _mm_xor_si128(a, b) }
    v128_bitselect(a: V128, b: V128, mask: V128) -> V128 { select(mask, a, b) }
    v128_any_true(a: V128) -> u32 {
        u32::from(_mm_movemask_epi8(_mm_cmpeq_epi8(a, zero())) != 0xffff)
    }

    i8x16_eq(a: V128, b: V128) -> V128 { _mm_cmpeq_epi8(a, b) }
    i8x16_ne(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi8(a, b)) }
    i8x16_lt_s(a: V128, b: V128) -> V128 { _mm_cmplt_epi8(a, b) }
    i8x16_lt_u(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi8(_mm_max_epu8(a, b), a)) }
    i8x16_gt_s(a: V128, b: V128) -> V128 { _mm_cmpgt_epi8(a, b) }
    i8x16_gt_u(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi8(_mm_min_epu8(a, b), a)) }
    i8x16_le_s(a: V128, b: V128) -> V128 { not(_mm_cmpgt_epi8(a, b)) }
    i8x16_le_u(a: V128, b: V128) -> V128 { _mm_cmpeq_epi8(_mm_min_epu8(a, b), a) }
    i8x16_ge_s(a: V128, b: V128) -> V128 { not(_mm_cmplt_epi8(a, b)) }
    i8x16_ge_u(a: V128, b: V128) -> V128 { _mm_cmpeq_epi8(_mm_max_epu8(a, b), a) }
    i8x16_abs(a: V128) -> V128 { _mm_min_epu8(a, _mm_sub_epi8(zero(), a)) }
    i8x16_neg(a: V128) -> V128 { _mm_sub_epi8(zero(), a) }
    i8x16_all_true(a: V128) -> u32 {
        u32::from(_mm_movemask_epi8(_mm_cmpeq_epi8(a, zero())) == 0)
    }
    i8x16_bitmask(a: V128) -> u32 { _mm_movemask_epi8(a) as u32 }
    i8x16_narrow_i16x8_s(a: V128, b: V128) -> V128 { _mm_packs_epi16(a, b) }
    i8x16_narrow_i16x8_u(a: V128, b: V128) -> V128 { _mm_packus_epi16(a, b) }
    i8x16_shl(a: V128, count: u32) -> V128 {
        _mm_and_si128(_mm_sll_epi16(a, by(count & 7)), _mm_set1_epi8((0xff << (count & 7)) as i8))
    }
    i8x16_shr_s(a: V128, count: u32) -> V128 {
        _mm_packs_epi16(
            _mm_sra_epi16(_mm_unpacklo_epi8(a, a), by((count & 7) + 8)),
            _mm_sra_epi16(_mm_unpackhi_epi8(a, a), by((count & 7) + 8)),
        )
    }
    i8x16_shr_u(a: V128, count: u32) -> V128 {
        _mm_and_si128(_mm_srl_epi16(a, by(count & 7)), _mm_set1_epi8((0xff >> (count & 7)) as i8))
    }
    i8x16_add(a: V128, b: V128) -> V128 { _mm_add_epi8(a, b) }
    i8x16_add_sat_s(a: V128, b: V128) -> V128 { _mm_adds_epi8(a, b) }
    i8x16_add_sat_u(a: V128, b: V128) -> V128 { _mm_adds_epu8(a, b) }
    i8x16_sub(a: V128, b: V128) -> V128 { _mm_sub_epi8(a, b) }
    i8x16_sub_sat_s(a: V128, b: V128) -> V128 { _mm_subs_epi8(a, b) }
    i8x16_sub_sat_u(a: V128, b: V128) -> V128 { _mm_subs_epu8(a, b) }
    i8x16_min_s(a: V128, b: V128) -> V128 { select(_mm_cmplt_epi8(a, b), a, b) }
    i8x16_min_u(a: V128, b: V128) -> V128 { _mm_min_epu8(a, b) }
    i8x16_max_s(a: V128, b: V128) -> V128 { select(_mm_cmpgt_epi8(a, b), a, b) }
    i8x16_max_u(a: V128, b: V128) -> V128 { _mm_max_epu8(a, b) }
    i8x16_avgr_u(a: V128, b: V128) -> V128 { _mm_avg_epu8(a, b) }
    i8x16_splat(x: u32) -> V128 { _mm_set1_epi8(x as i8) }
    i8x16_replace_lane(a: V128, x: u32, lane: u8) -> V128 {
        select(lane_of_16(lane), _mm_set1_epi8(x as i8), a)
    }

    i16x8_eq(a: V128, b: V128) -> V128 { _mm_cmpeq_epi16(a, b) }
    i16x8_ne(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi16(a, b)) }
    i16x8_lt_s(a: V128, b: V128) -> V128 { _mm_cmplt_epi16(a, b) }
    i16x8_lt_u(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi16(_mm_subs_epu16(b, a), zero())) }
    i16x8_gt_s(a: V128, b: V128) -> V128 { _mm_cmpgt_epi16(a, b) }
    i16x8_gt_u(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi16(_mm_subs_epu16(a, b), zero())) }
    i16x8_le_s(a: V128, b: V128) -> V128 { not(_mm_cmpgt_epi16(a, b)) }
    i16x8_le_u(a: V128, b: V128) -> V128 { _mm_cmpeq_epi16(_mm_subs_epu16(a, b), zero()) }
    i16x8_ge_s(a: V128, b: V128) -> V128 { not(_mm_cmplt_epi16(a, b)) }
    i16x8_ge_u(a: V128, b: V128) -> V128 { _mm_cmpeq_epi16(_mm_subs_epu16(b, a), zero()) }
    i16x8_abs(a: V128) -> V128 { _mm_max_epi16(a, _mm_sub_epi16(zero(), a)) }
    i16x8_neg(a: V128) -> V128 { _mm_sub_epi16(zero(), a) }
    i16x8_all_true(a: V128) -> u32 {
        u32::from(_mm_movemask_epi8(_mm_cmpeq_epi16(a, zero())) == 0)
    }
    i16x8_bitmask(a: V128) -> u32 { _mm_movemask_epi8(_mm_packs_epi16(a, zero())) as u32 }
    i16x8_narrow_i32x4_s(a: V128, b: V128) -> V128 { _mm_packs_epi32(a, b) }
    i16x8_extend_low_i8x16_s(a: V128) -> V128 { low_8_s(a) }
    i16x8_extend_low_i8x16_u(a: V128) -> V128 { _mm_unpacklo_epi8(a, zero()) }
    i16x8_extend_high_i8x16_s(a: V128) -> V128 { high_8_s(a) }
    i16x8_extend_high_i8x16_u(a: V128) -> V128 { _mm_unpackhi_epi8(a, zero()) }
    i16x8_extadd_pairwise_i8x16_s(a: V128) -> V128 { _mm_add_epi16(even_8_s(a), odd_8_s(a)) }
    i16x8_extadd_pairwise_i8x16_u(a: V128) -> V128 {
        _mm_add_epi16(_mm_and_si128(a, _mm_set1_epi16(0xff)), _mm_srli_epi16::<8>(a))
    }
    i16x8_shl(a: V128, count: u32) -> V128 { _mm_sll_epi16(a, by(count & 15)) }
    i16x8_shr_s(a: V128, count: u32) -> V128 { _mm_sra_epi16(a, by(count & 15)) }
    i16x8_shr_u(a: V128, count: u32) -> V128 { _mm_srl_epi16(a, by(count & 15)) }
    i16x8_add(a: V128, b: V128) -> V128 { _mm_add_epi16(a, b) }
    i16x8_add_sat_s(a: V128, b: V128) -> V128 { _mm_adds_epi16(a, b) }
    i16x8_add_sat_u(a: V128, b: V128) -> V128 { _mm_adds_epu16(a, b) }
    i16x8_sub(a: V128, b: V128) -> V128 { _mm_sub_epi16(a, b) }
    i16x8_sub_sat_s(a: V128, b: V128) -> V128 { _mm_subs_epi16(a, b) }
    i16x8_sub_sat_u(a: V128, b: V128) -> V128 { _mm_subs_epu16(a, b) }
    i16x8_mul(a: V128, b: V128) -> V128 { _mm_mullo_epi16(a, b) }
    i16x8_min_s(a: V128, b: V128) -> V128 { _mm_min_epi16(a, b) }
    i16x8_min_u(a: V128, b: V128) -> V128 { _mm_sub_epi16(a, _mm_subs_epu16(a, b)) }
    i16x8_max_s(a: V128, b: V128) -> V128 { _mm_max_epi16(a, b) }
    i16x8_max_u(a: V128, b: V128) -> V128 { _mm_add_epi16(b, _mm_subs_epu16(a, b)) }
    i16x8_avgr_u(a: V128, b: V128) -> V128 { _mm_avg_epu16(a, b) }
    i16x8_extmul_low_i8x16_s(a: V128, b: V128) -> V128 { _mm_mullo_epi16(low_8_s(a), low_8_s(b)) }
    i16x8_extmul_low_i8x16_u(a: V128, b: V128) -> V128 {
        _mm_mullo_epi16(_mm_unpacklo_epi8(a, zero()), _mm_unpacklo_epi8(b, zero()))
    }
    i16x8_extmul_high_i8x16_s(a: V128, b: V128) -> V128 {
        _mm_mullo_epi16(high_8_s(a), high_8_s(b))
    }
    i16x8_extmul_high_i8x16_u(a: V128, b: V128) -> V128 {
        _mm_mullo_epi16(_mm_unpackhi_epi8(a, zero()), _mm_unpackhi_epi8(b, zero()))
    }
    i16x8_relaxed_dot_i8x16_i7x16_s(a: V128, b: V128) -> V128 { dot_8(a, b) }
    i16x8_splat(x: u32) -> V128 { _mm_set1_epi16(x as i16) }
    i16x8_replace_lane(a: V128, x: u32, lane: u8) -> V128 {
        select(lane_of_8(lane), _mm_set1_epi16(x as i16), a)
    }

    i32x4_eq(a: V128, b: V128) -> V128 { _mm_cmpeq_epi32(a, b) }
    i32x4_ne(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi32(a, b)) }
    i32x4_lt_s(a: V128, b: V128) -> V128 { _mm_cmplt_epi32(a, b) }
    i32x4_lt_u(a: V128, b: V128) -> V128 { _mm_cmplt_epi32(turned(a), turned(b)) }
    i32x4_gt_s(a: V128, b: V128) -> V128 { _mm_cmpgt_epi32(a, b) }
    i32x4_gt_u(a: V128, b: V128) -> V128 { _mm_cmpgt_epi32(turned(a), turned(b)) }
    i32x4_le_s(a: V128, b: V128) -> V128 { not(_mm_cmpgt_epi32(a, b)) }
    i32x4_le_u(a: V128, b: V128) -> V128 { not(_mm_cmpgt_epi32(turned(a), turned(b))) }
    i32x4_ge_s(a: V128, b: V128) -> V128 { not(_mm_cmplt_epi32(a, b)) }
    i32x4_ge_u(a: V128, b: V128) -> V128 { not(_mm_cmplt_epi32(turned(a), turned(b))) }
    i32x4_abs(a: V128) -> V128 {
        _mm_sub_epi32(_mm_xor_si128(a, _mm_srai_epi32::<31>(a)), _mm_srai_epi32::<31>(a))
    }
    i32x4_neg(a: V128) -> V128 { _mm_sub_epi32(zero(), a) }
    i32x4_all_true(a: V128) -> u32 {
        u32::from(_mm_movemask_epi8(_mm_cmpeq_epi32(a, zero())) == 0)
    }
    i32x4_bitmask(a: V128) -> u32 { _mm_movemask_ps(_mm_castsi128_ps(a)) as u32 }
    i32x4_extend_low_i16x8_s(a: V128) -> V128 { _mm_srai_epi32::<16>(_mm_unpacklo_epi16(a, a)) }
    i32x4_extend_low_i16x8_u(a: V128) -> V128 { _mm_unpacklo_epi16(a, zero()) }
    i32x4_extend_high_i16x8_s(a: V128) -> V128 { _mm_srai_epi32::<16>(_mm_unpackhi_epi16(a, a)) }
    i32x4_extend_high_i16x8_u(a: V128) -> V128 { _mm_unpackhi_epi16(a, zero()) }
    i32x4_extadd_pairwise_i16x8_s(a: V128) -> V128 { _mm_madd_epi16(a, _mm_set1_epi16(1)) }
    i32x4_extadd_pairwise_i16x8_u(a: V128) -> V128 {
        _mm_add_epi32(_mm_and_si128(a, _mm_set1_epi32(0xffff)), _mm_srli_epi32::<16>(a))
    }
    i32x4_shl(a: V128, count: u32) -> V128 { _mm_sll_epi32(a, by(count & 31)) }
    i32x4_shr_s(a: V128, count: u32) -> V128 { _mm_sra_epi32(a, by(count & 31)) }
    i32x4_shr_u(a: V128, count: u32) -> V128 { _mm_srl_epi32(a, by(count & 31)) }
    i32x4_add(a: V128, b: V128) -> V128 { _mm_add_epi32(a, b) }
    i32x4_sub(a: V128, b: V128) -> V128 { _mm_sub_epi32(a, b) }
    i32x4_mul(a: V128, b: V128) -> V128 {
        _mm_unpacklo_epi32(
            _mm_shuffle_epi32::<0b1000>(_mm_mul_epu32(a, b)),
            _mm_shuffle_epi32::<0b1000>(_mm_mul_epu32(
                _mm_srli_epi64::<32>(a),
                _mm_srli_epi64::<32>(b),
            )),
        )
    }
    i32x4_min_s(a: V128, b: V128) -> V128 { select(_mm_cmplt_epi32(a, b), a, b) }
    i32x4_min_u(a: V128, b: V128) -> V128 { select(_mm_cmplt_epi32(turned(a), turned(b)), a, b) }
    i32x4_max_s(a: V128, b: V128) -> V128 { select(_mm_cmpgt_epi32(a, b), a, b) }
    i32x4_max_u(a: V128, b: V128) -> V128 { select(_mm_cmpgt_epi32(turned(a), turned(b)), a, b) }
    i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 { _mm_madd_epi16(a, b) }
    i32x4_extmul_low_i16x8_s(a: V128, b: V128) -> V128 {
        _mm_unpacklo_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b))
    }
    i32x4_extmul_low_i16x8_u(a: V128, b: V128) -> V128 {
        _mm_unpacklo_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epu16(a, b))
    }
    i32x4_extmul_high_i16x8_s(a: V128, b: V128) -> V128 {
        _mm_unpackhi_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b))
    }
    i32x4_extmul_high_i16x8_u(a: V128, b: V128) -> V128 {
        _mm_unpackhi_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epu16(a, b))
    }
    i32x4_relaxed_dot_i8x16_i7x16_add_s(a: V128, b: V128, c: V128) -> V128 {
        _mm_add_epi32(_mm_madd_epi16(dot_8(a, b), _mm_set1_epi16(1)), c)
    }
    i32x4_splat(x: u32) -> V128 { _mm_set1_epi32(x as i32) }
    i32x4_replace_lane(a: V128, x: u32, lane: u8) -> V128 {
        select(lane_of_4(lane), _mm_set1_epi32(x as i32), a)
    }

    i64x2_eq(a: V128, b: V128) -> V128 { eq_64(a, b) }
    i64x2_ne(a: V128, b: V128) -> V128 { not(eq_64(a, b)) }
    i64x2_abs(a: V128) -> V128 { _mm_sub_epi64(_mm_xor_si128(a, signs_64(a)), signs_64(a)) }
    i64x2_neg(a: V128) -> V128 { _mm_sub_epi64(zero(), a) }
    i64x2_all_true(a: V128) -> u32 { u32::from(_mm_movemask_epi8(eq_64(a, zero())) == 0) }
    i64x2_bitmask(a: V128) -> u32 { _mm_movemask_pd(_mm_castsi128_pd(a)) as u32 }
    i64x2_extend_low_i32x4_s(a: V128) -> V128 { _mm_unpacklo_epi32(a, _mm_srai_epi32::<31>(a)) }
    i64x2_extend_low_i32x4_u(a: V128) -> V128 { _mm_unpacklo_epi32(a, zero()) }
    i64x2_extend_high_i32x4_s(a: V128) -> V128 { _mm_unpackhi_epi32(a, _mm_srai_epi32::<31>(a)) }
    i64x2_extend_high_i32x4_u(a: V128) -> V128 { _mm_unpackhi_epi32(a, zero()) }
    i64x2_shl(a: V128, count: u32) -> V128 { _mm_sll_epi64(a, by(count & 63)) }
    i64x2_shr_s(a: V128, count: u32) -> V128 {
        _mm_or_si128(
            _mm_srl_epi64(a, by(count & 63)),
            // The signs, above the bits that have stayed.
            _mm_xor_si128(signs_64(a), _mm_srl_epi64(signs_64(a), by(count & 63))),
        )
    }
    i64x2_shr_u(a: V128, count: u32) -> V128 { _mm_srl_epi64(a, by(count & 63)) }
    i64x2_add(a: V128, b: V128) -> V128 { _mm_add_epi64(a, b) }
    i64x2_sub(a: V128, b: V128) -> V128 { _mm_sub_epi64(a, b) }
    i64x2_mul(a: V128, b: V128) -> V128 {
        _mm_add_epi64(
            _mm_mul_epu32(a, b),
            _mm_slli_epi64::<32>(_mm_add_epi64(
                _mm_mul_epu32(_mm_srli_epi64::<32>(a), b),
                _mm_mul_epu32(a, _mm_srli_epi64::<32>(b)),
            )),
        )
    }
    i64x2_extmul_low_i32x4_u(a: V128, b: V128) -> V128 {
        _mm_mul_epu32(_mm_unpacklo_epi32(a, a), _mm_unpacklo_epi32(b, b))
    }
    i64x2_extmul_high_i32x4_u(a: V128, b: V128) -> V128 {
        _mm_mul_epu32(_mm_unpackhi_epi32(a, a), _mm_unpackhi_epi32(b, b))
    }
    i64x2_splat(x: u64) -> V128 { _mm_set1_epi64x(x as i64) }
    i64x2_replace_lane(a: V128, x: u64, lane: u8) -> V128 {
        select(lane_of_2(lane), _mm_set1_epi64x(x as i64), a)
    }

    v128_load8x8_s(bits: u64) -> V128 { low_8_s(low_64(bits)) }
    v128_load8x8_u(bits: u64) -> V128 { _mm_unpacklo_epi8(low_64(bits), zero()) }
    v128_load16x4_s(bits: u64) -> V128 {
        _mm_srai_epi32::<16>(_mm_unpacklo_epi16(low_64(bits), low_64(bits)))
    }
    v128_load16x4_u(bits: u64) -> V128 { _mm_unpacklo_epi16(low_64(bits), zero()) }
    v128_load32x2_s(bits: u64) -> V128 {
        _mm_unpacklo_epi32(low_64(bits), _mm_srai_epi32::<31>(low_64(bits)))
    }
    v128_load32x2_u(bits: u64) -> V128 { _mm_unpacklo_epi32(low_64(bits), zero()) }
    v128_load32_zero(bits: u32) -> V128 { by(bits) }
    v128_load64_zero(bits: u64) -> V128 { low_64(bits) }
}

aliases! { ["sse2"]
    i8x16_relaxed_laneselect(a, b, c) = v128_bitselect
    i16x8_relaxed_laneselect(a, b, c) = v128_bitselect
    i32x4_relaxed_laneselect(a, b, c) = v128_bitselect
    i64x2_relaxed_laneselect(a, b, c) = v128_bitselect
}

/// Functions of machine registers.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident ($($a:ident: $ty:ty),*) -> $result:ty { $e:expr })*) => {$(
        $(#[$doc])*
        #[inline]
        #[target_feature(enable = "sse2")]
        pub(super) fn $name($($a: $ty),*) -> $result {
            $e
        }
    )*};
}

steps! {
    zero() -> V128 { _mm_setzero_si128() }
    not(a: V128) -> V128 { _mm_xor_si128(a, _mm_set1_epi8(-1)) }
    /// The bits of `a` where the mask is set, of `b` elsewhere.
    select(mask: V128, a: V128, b: V128) -> V128 {
        _mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b))
    }
    /// A count of bits to shift by, or the only lane above zeros.
    by(count: u32) -> V128 { _mm_cvtsi32_si128(count as i32) }
    low_64(bits: u64) -> V128 { _mm_cvtsi64_si128(bits as i64) }
    /// The 32-bit lanes with their top bits turned.
    turned(a: V128) -> V128 { _mm_xor_si128(a, _mm_set1_epi32(i32::MIN)) }
    /// The lower bytes, with their signs.
    low_8_s(a: V128) -> V128 { _mm_srai_epi16::<8>(_mm_unpacklo_epi8(a, a)) }
    /// The higher bytes, with their signs.
    high_8_s(a: V128) -> V128 { _mm_srai_epi16::<8>(_mm_unpackhi_epi8(a, a)) }
    /// The bytes 0, 2, …, with their signs.
    even_8_s(a: V128) -> V128 { _mm_srai_epi16::<8>(_mm_slli_epi16::<8>(a)) }
    /// The bytes 1, 3, …, with their signs.
    odd_8_s(a: V128) -> V128 { _mm_srai_epi16::<8>(a) }
    /// The sums of two products of signed bytes each, saturated.
    dot_8(a: V128, b: V128) -> V128 {
        _mm_adds_epi16(
            _mm_mullo_epi16(even_8_s(a), even_8_s(b)),
            _mm_mullo_epi16(odd_8_s(a), odd_8_s(b)),
        )
    }
    /// Equal in both halves of a lane.
    eq_64(a: V128, b: V128) -> V128 {
        _mm_and_si128(
            _mm_cmpeq_epi32(a, b),
            _mm_shuffle_epi32::<0b1011_0001>(_mm_cmpeq_epi32(a, b)),
        )
    }
    /// The sign of each 64-bit lane in all of its bits.
    signs_64(a: V128) -> V128 { _mm_shuffle_epi32::<0b1111_0101>(_mm_srai_epi32::<31>(a)) }
    lane_of_16(lane: u8) -> V128 {
        _mm_cmpeq_epi8(
            _mm_set1_epi8((lane & 15) as i8),
            _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        )
    }
    lane_of_8(lane: u8) -> V128 {
        _mm_cmpeq_epi16(_mm_set1_epi16((lane & 7).into()), _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7))
    }
    lane_of_4(lane: u8) -> V128 {
        _mm_cmpeq_epi32(_mm_set1_epi32((lane & 3).into()), _mm_setr_epi32(0, 1, 2, 3))
    }
    lane_of_2(lane: u8) -> V128 {
        _mm_cmpeq_epi32(_mm_set1_epi32((lane & 1).into()), _mm_setr_epi32(0, 0, 1, 1))
    }
}
