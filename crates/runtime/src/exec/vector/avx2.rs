//! The operators for which SSSE3 to AVX2 have shorter sequences; all others are those of SSE2.
//!
//! The whole of AVX2 is asked for because machines that have SSSE3 and SSE4.1 mostly have it, and
//! because its instructions of three operands save the moves in all operators, those of SSE2 too.
//! A byte index for the machine's byte shuffle names a byte by its low four bits, or gives zero if
//! its top bit is set.

use super::float::TWO_52;
use super::{aliases, operators};
use std::arch::x86_64::*;
use std::arch::x86_64::{__m128 as F32x4, __m128d as F64x2, __m128i as V128};

pub(in crate::exec) use super::float::*;

operators! { ["avx2"]
    // Bit 4 of an index, shifted to the top of its byte, chooses between the vectors.
    i8x16_shuffle(a: V128, b: V128, lanes: V128) -> V128 {
        shuffle(a, b, _mm_and_si128(lanes, _mm_set1_epi8(31)))
    }
    // The sum has its top bit set from 16 on.
    i8x16_swizzle(a: V128, b: V128) -> V128 {
        _mm_shuffle_epi8(a, _mm_adds_epu8(b, _mm_set1_epi8(0x70)))
    }
    i8x16_extract_lane_s(a: V128, lane: u8) -> u32 { first_32(byte(a, lane)) as i8 as u32 }
    i8x16_extract_lane_u(a: V128, lane: u8) -> u32 { first_32(byte(a, lane)) & 0xff }
    i16x8_extract_lane_s(a: V128, lane: u8) -> u32 { first_32(half(a, lane)) as i16 as u32 }
    i16x8_extract_lane_u(a: V128, lane: u8) -> u32 { first_32(half(a, lane)) & 0xffff }
    i32x4_extract_lane(a: F32x4, lane: u8) -> u32 { first_32(_mm_castps_si128(word(a, lane))) }
    i64x2_extract_lane(a: F64x2, lane: u8) -> u64 {
        _mm_cvtsi128_si64(_mm_castpd_si128(long(a, lane))) as u64
    }
    f32x4_extract_lane(a: F32x4, lane: u8) -> f32 { _mm_cvtss_f32(word(a, lane)) }
    f64x2_extract_lane(a: F64x2, lane: u8) -> f64 { _mm_cvtsd_f64(long(a, lane)) }
    i8x16_popcnt(a: V128) -> V128 {
        _mm_add_epi8(
            ones_of_4(_mm_and_si128(a, _mm_set1_epi8(15))),
            ones_of_4(_mm_and_si128(_mm_srli_epi16::<4>(a), _mm_set1_epi8(15))),
        )
    }
    i8x16_abs(a: V128) -> V128 { _mm_abs_epi8(a) }
    i8x16_min_s(a: V128, b: V128) -> V128 { _mm_min_epi8(a, b) }
    i8x16_max_s(a: V128, b: V128) -> V128 { _mm_max_epi8(a, b) }
    i16x8_abs(a: V128) -> V128 { _mm_abs_epi16(a) }
    i16x8_min_u(a: V128, b: V128) -> V128 { _mm_min_epu16(a, b) }
    i16x8_max_u(a: V128, b: V128) -> V128 { _mm_max_epu16(a, b) }
    i16x8_narrow_i32x4_u(a: V128, b: V128) -> V128 { _mm_packus_epi32(a, b) }
    // 2^15 is only the product of -1 and -1.
    i16x8_q15mulr_sat_s(a: V128, b: V128) -> V128 {
        _mm_xor_si128(
            _mm_mulhrs_epi16(a, b),
            _mm_cmpeq_epi16(_mm_mulhrs_epi16(a, b), _mm_set1_epi16(i16::MIN)),
        )
    }
    i32x4_lt_u(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi32(_mm_max_epu32(a, b), a)) }
    i32x4_gt_u(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi32(_mm_min_epu32(a, b), a)) }
    i32x4_le_u(a: V128, b: V128) -> V128 { _mm_cmpeq_epi32(_mm_min_epu32(a, b), a) }
    i32x4_ge_u(a: V128, b: V128) -> V128 { _mm_cmpeq_epi32(_mm_max_epu32(a, b), a) }
    i32x4_abs(a: V128) -> V128 { _mm_abs_epi32(a) }
    i32x4_mul(a: V128, b: V128) -> V128 { _mm_mullo_epi32(a, b) }
    i32x4_min_s(a: V128, b: V128) -> V128 { _mm_min_epi32(a, b) }
    i32x4_min_u(a: V128, b: V128) -> V128 { _mm_min_epu32(a, b) }
    i32x4_max_s(a: V128, b: V128) -> V128 { _mm_max_epi32(a, b) }
    i32x4_max_u(a: V128, b: V128) -> V128 { _mm_max_epu32(a, b) }
    i32x4_trunc_sat_f64x2_u_zero(a: F64x2) -> V128 {
        to_u32(_mm_min_pd(_mm_max_pd(a, _mm_setzero_pd()), _mm_set1_pd(4_294_967_295.0)))
    }
    i64x2_eq(a: V128, b: V128) -> V128 { _mm_cmpeq_epi64(a, b) }
    i64x2_ne(a: V128, b: V128) -> V128 { not(_mm_cmpeq_epi64(a, b)) }
    i64x2_lt_s(a: V128, b: V128) -> V128 { _mm_cmpgt_epi64(b, a) }
    i64x2_gt_s(a: V128, b: V128) -> V128 { _mm_cmpgt_epi64(a, b) }
    i64x2_le_s(a: V128, b: V128) -> V128 { not(_mm_cmpgt_epi64(a, b)) }
    i64x2_ge_s(a: V128, b: V128) -> V128 { not(_mm_cmpgt_epi64(b, a)) }
    i64x2_extmul_low_i32x4_s(a: V128, b: V128) -> V128 {
        _mm_mul_epi32(_mm_unpacklo_epi32(a, a), _mm_unpacklo_epi32(b, b))
    }
    i64x2_extmul_high_i32x4_s(a: V128, b: V128) -> V128 {
        _mm_mul_epi32(_mm_unpackhi_epi32(a, a), _mm_unpackhi_epi32(b, b))
    }
    f32x4_ceil(a: F32x4) -> F32x4 { _mm_ceil_ps(a) }
    f32x4_floor(a: F32x4) -> F32x4 { _mm_floor_ps(a) }
    f32x4_trunc(a: F32x4) -> F32x4 { _mm_round_ps::<TO_ZERO>(a) }
    f32x4_nearest(a: F32x4) -> F32x4 { _mm_round_ps::<TO_NEAREST>(a) }
    f64x2_ceil(a: F64x2) -> F64x2 { _mm_ceil_pd(a) }
    f64x2_floor(a: F64x2) -> F64x2 { _mm_floor_pd(a) }
    f64x2_trunc(a: F64x2) -> F64x2 { _mm_round_pd::<TO_ZERO>(a) }
    f64x2_nearest(a: F64x2) -> F64x2 { _mm_round_pd::<TO_NEAREST>(a) }
}

aliases! { ["avx2"]
    i8x16_relaxed_swizzle(a, b) = i8x16_swizzle
    i16x8_relaxed_q15mulr_s(a, b) = i16x8_q15mulr_sat_s
    i32x4_relaxed_trunc_f64x2_u_zero(a) = i32x4_trunc_sat_f64x2_u_zero
}

const TO_ZERO: i32 = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
const TO_NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

/// The bytes of `a` and `b` that indices below 32 name.
#[inline]
#[target_feature(enable = "avx2")]
fn shuffle(a: V128, b: V128, indices: V128) -> V128 {
    let (from_a, from_b) = (_mm_shuffle_epi8(a, indices), _mm_shuffle_epi8(b, indices));
    _mm_blendv_epi8(from_a, from_b, _mm_slli_epi16::<3>(indices))
}

#[inline]
#[target_feature(enable = "avx2")]
fn first_32(a: V128) -> u32 {
    _mm_cvtsi128_si32(a) as u32
}

/// The byte of this number, in the first place.
#[inline]
#[target_feature(enable = "avx2")]
fn byte(a: V128, lane: u8) -> V128 {
    _mm_shuffle_epi8(a, _mm_cvtsi32_si128((lane & 15).into()))
}

/// The 16-bit lane of this number, in the first place: its lower byte, then its higher one.
#[inline]
#[target_feature(enable = "avx2")]
fn half(a: V128, lane: u8) -> V128 {
    _mm_shuffle_epi8(a, _mm_cvtsi32_si128(i32::from(lane & 7) * 0x0202 + 0x0100))
}

/// The 32-bit lane of this number, in the first place: the machine reads the low two bits.
#[inline]
#[target_feature(enable = "avx2")]
fn word(a: F32x4, lane: u8) -> F32x4 {
    _mm_permutevar_ps(a, _mm_cvtsi32_si128(lane.into()))
}

/// The 64-bit lane of this number, in the first place: the machine reads bit 1.
#[inline]
#[target_feature(enable = "avx2")]
fn long(a: F64x2, lane: u8) -> F64x2 {
    _mm_permutevar_pd(a, _mm_cvtsi32_si128(i32::from(lane) << 1))
}

/// The number of ones in each byte, of bytes below 16.
#[inline]
#[target_feature(enable = "avx2")]
fn ones_of_4(a: V128) -> V128 {
    let ones = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    _mm_shuffle_epi8(ones, a)
}

/// The integral parts of lanes between 0 and 2^32, from the low bits of 2^52 + x, below zeros.
#[inline]
#[target_feature(enable = "avx2")]
fn to_u32(a: F64x2) -> V128 {
    let sum = _mm_add_pd(_mm_round_pd::<TO_ZERO>(a), _mm_set1_pd(TWO_52));
    _mm_castps_si128(_mm_shuffle_ps::<0b1000>(_mm_castpd_ps(sum), _mm_setzero_ps()))
}
