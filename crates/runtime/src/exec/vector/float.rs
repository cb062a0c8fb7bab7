//! Float lanes by SSE2, beside the integer lanes.
//!
//! The machine's packed operators are those of its scalars, which `prova_num`'s operators are
//! compiled to, lane by lane: the same rounding, the same rules for NaNs. Where the machine's own
//! choice is not the specification's (minimum and maximum, conversions out of range) a mask puts
//! it right.

use super::integer::select;
use super::{aliases, operators};
use std::arch::x86_64::*;
use std::arch::x86_64::{__m128 as F32x4, __m128d as F64x2, __m128i as V128};

pub(in crate::exec) use super::integer::*;

operators! { ["sse2"]
    f32x4_splat(x: f32) -> F32x4 { _mm_set1_ps(x) }
    f32x4_replace_lane(a: V128, x: f32, lane: u8) -> V128 {
        select(lane_of_4(lane), _mm_castps_si128(_mm_set1_ps(x)), a)
    }
    f32x4_eq(a: F32x4, b: F32x4) -> F32x4 { _mm_cmpeq_ps(a, b) }
    f32x4_ne(a: F32x4, b: F32x4) -> F32x4 { _mm_cmpneq_ps(a, b) }
    f32x4_lt(a: F32x4, b: F32x4) -> F32x4 { _mm_cmplt_ps(a, b) }
    f32x4_gt(a: F32x4, b: F32x4) -> F32x4 { _mm_cmplt_ps(b, a) }
    f32x4_le(a: F32x4, b: F32x4) -> F32x4 { _mm_cmple_ps(a, b) }
    f32x4_ge(a: F32x4, b: F32x4) -> F32x4 { _mm_cmple_ps(b, a) }
    f32x4_abs(a: V128) -> V128 { _mm_and_si128(a, _mm_set1_epi32(i32::MAX)) }
    f32x4_neg(a: V128) -> V128 { _mm_xor_si128(a, _mm_set1_epi32(i32::MIN)) }
    f32x4_sqrt(a: F32x4) -> F32x4 { _mm_sqrt_ps(a) }
    f32x4_canonicalize(a: V128) -> V128 { select(is_nan_32(a), _mm_set1_epi32(0x7fc0_0000), a) }
    f32x4_add(a: F32x4, b: F32x4) -> F32x4 { _mm_add_ps(a, b) }
    f32x4_sub(a: F32x4, b: F32x4) -> F32x4 { _mm_sub_ps(a, b) }
    f32x4_mul(a: F32x4, b: F32x4) -> F32x4 { _mm_mul_ps(a, b) }
    f32x4_div(a: F32x4, b: F32x4) -> F32x4 { _mm_div_ps(a, b) }
    f32x4_min(a: F32x4, b: F32x4) -> V128 {
        or_nan_32(a, b, _mm_or_ps(_mm_min_ps(a, b), _mm_min_ps(b, a)))
    }
    f32x4_max(a: F32x4, b: F32x4) -> V128 {
        or_nan_32(a, b, _mm_and_ps(_mm_max_ps(a, b), _mm_max_ps(b, a)))
    }
    f32x4_pmin(a: F32x4, b: F32x4) -> F32x4 { _mm_min_ps(b, a) }
    f32x4_pmax(a: F32x4, b: F32x4) -> F32x4 { _mm_max_ps(b, a) }
    f32x4_relaxed_madd(a: F32x4, b: F32x4, c: F32x4) -> F32x4 { _mm_add_ps(_mm_mul_ps(a, b), c) }
    f32x4_relaxed_nmadd(a: F32x4, b: F32x4, c: F32x4) -> F32x4 {
        _mm_add_ps(_mm_mul_ps(_mm_xor_ps(a, _mm_set1_ps(-0.0)), b), c)
    }
    f32x4_convert_i32x4_s(a: V128) -> F32x4 { _mm_cvtepi32_ps(a) }
    f32x4_convert_i32x4_u(a: V128) -> F32x4 { from_u32(a) }
    f32x4_demote_f64x2_zero(a: F64x2) -> F32x4 { _mm_cvtpd_ps(a) }
    i32x4_trunc_sat_f32x4_s(a: F32x4) -> V128 {
        _mm_xor_si128(
            _mm_cvttps_epi32(_mm_and_ps(a, _mm_cmpord_ps(a, a))),
            _mm_castps_si128(_mm_cmple_ps(_mm_set1_ps(TWO_31), a)),
        )
    }
    i32x4_trunc_sat_f32x4_u(a: F32x4) -> V128 { to_u32(_mm_max_ps(a, _mm_setzero_ps())) }

    f64x2_splat(x: f64) -> F64x2 { _mm_set1_pd(x) }
    f64x2_replace_lane(a: V128, x: f64, lane: u8) -> V128 {
        select(lane_of_2(lane), _mm_castpd_si128(_mm_set1_pd(x)), a)
    }
    f64x2_eq(a: F64x2, b: F64x2) -> F64x2 { _mm_cmpeq_pd(a, b) }
    f64x2_ne(a: F64x2, b: F64x2) -> F64x2 { _mm_cmpneq_pd(a, b) }
    f64x2_lt(a: F64x2, b: F64x2) -> F64x2 { _mm_cmplt_pd(a, b) }
    f64x2_gt(a: F64x2, b: F64x2) -> F64x2 { _mm_cmplt_pd(b, a) }
    f64x2_le(a: F64x2, b: F64x2) -> F64x2 { _mm_cmple_pd(a, b) }
    f64x2_ge(a: F64x2, b: F64x2) -> F64x2 { _mm_cmple_pd(b, a) }
    f64x2_abs(a: V128) -> V128 { _mm_and_si128(a, _mm_set1_epi64x(i64::MAX)) }
    f64x2_neg(a: V128) -> V128 { _mm_xor_si128(a, _mm_set1_epi64x(i64::MIN)) }
    f64x2_sqrt(a: F64x2) -> F64x2 { _mm_sqrt_pd(a) }
    f64x2_canonicalize(a: V128) -> V128 { select(is_nan_64(a), _mm_set1_epi64x(QUIET_64), a) }
    f64x2_add(a: F64x2, b: F64x2) -> F64x2 { _mm_add_pd(a, b) }
    f64x2_sub(a: F64x2, b: F64x2) -> F64x2 { _mm_sub_pd(a, b) }
    f64x2_mul(a: F64x2, b: F64x2) -> F64x2 { _mm_mul_pd(a, b) }
    f64x2_div(a: F64x2, b: F64x2) -> F64x2 { _mm_div_pd(a, b) }
    f64x2_min(a: F64x2, b: F64x2) -> V128 {
        or_nan_64(a, b, _mm_or_pd(_mm_min_pd(a, b), _mm_min_pd(b, a)))
    }
    f64x2_max(a: F64x2, b: F64x2) -> V128 {
        or_nan_64(a, b, _mm_and_pd(_mm_max_pd(a, b), _mm_max_pd(b, a)))
    }
    f64x2_pmin(a: F64x2, b: F64x2) -> F64x2 { _mm_min_pd(b, a) }
    f64x2_pmax(a: F64x2, b: F64x2) -> F64x2 { _mm_max_pd(b, a) }
    f64x2_relaxed_madd(a: F64x2, b: F64x2, c: F64x2) -> F64x2 { _mm_add_pd(_mm_mul_pd(a, b), c) }
    f64x2_relaxed_nmadd(a: F64x2, b: F64x2, c: F64x2) -> F64x2 {
        _mm_add_pd(_mm_mul_pd(_mm_xor_pd(a, _mm_set1_pd(-0.0)), b), c)
    }
    f64x2_convert_low_i32x4_s(a: V128) -> F64x2 { _mm_cvtepi32_pd(a) }
    // The bits of 2^52 + x.
    f64x2_convert_low_i32x4_u(a: V128) -> F64x2 {
        _mm_sub_pd(
            _mm_castsi128_pd(_mm_unpacklo_epi32(a, _mm_set1_epi32(0x4330_0000))),
            _mm_set1_pd(TWO_52),
        )
    }
    f64x2_promote_low_f32x4(a: F32x4) -> F64x2 { _mm_cvtps_pd(a) }
    i32x4_trunc_sat_f64x2_s_zero(a: F64x2) -> V128 {
        _mm_cvttpd_epi32(_mm_min_pd(
            _mm_and_pd(a, _mm_cmpord_pd(a, a)),
            _mm_set1_pd(2_147_483_647.0),
        ))
    }
}

aliases! { ["sse2"]
    f32x4_relaxed_max(a, b) = f32x4_max
    f32x4_relaxed_min(a, b) = f32x4_min
    f64x2_relaxed_max(a, b) = f64x2_max
    f64x2_relaxed_min(a, b) = f64x2_min
    i32x4_relaxed_trunc_f32x4_s(a) = i32x4_trunc_sat_f32x4_s
    i32x4_relaxed_trunc_f32x4_u(a) = i32x4_trunc_sat_f32x4_u
    i32x4_relaxed_trunc_f64x2_s_zero(a) = i32x4_trunc_sat_f64x2_s_zero
}

const TWO_31: f32 = 2_147_483_648.0;
pub(super) const TWO_52: f64 = 4_503_599_627_370_496.0;
/// The canonical NaN.
const QUIET_64: i64 = 0x7ff8_0000_0000_0000;

#[inline]
#[target_feature(enable = "sse2")]
fn is_nan_32(a: V128) -> V128 {
    let a = _mm_castsi128_ps(a);
    _mm_castps_si128(_mm_cmpunord_ps(a, a))
}

#[inline]
#[target_feature(enable = "sse2")]
fn is_nan_64(a: V128) -> V128 {
    let a = _mm_castsi128_pd(a);
    _mm_castpd_si128(_mm_cmpunord_pd(a, a))
}

/// The result where neither operand is a NaN, else the first one that is, made quiet.
#[inline]
#[target_feature(enable = "sse2")]
fn or_nan_32(a: F32x4, b: F32x4, result: F32x4) -> V128 {
    let ordered = _mm_castps_si128(_mm_cmpord_ps(a, b));
    let (a, b) = (_mm_castps_si128(a), _mm_castps_si128(b));
    let nan = _mm_or_si128(select(is_nan_32(a), a, b), _mm_set1_epi32(0x0040_0000));
    select(ordered, _mm_castps_si128(result), nan)
}

/// As [`or_nan_32`].
#[inline]
#[target_feature(enable = "sse2")]
fn or_nan_64(a: F64x2, b: F64x2, result: F64x2) -> V128 {
    let ordered = _mm_castpd_si128(_mm_cmpord_pd(a, b));
    let (a, b) = (_mm_castpd_si128(a), _mm_castpd_si128(b));
    let nan = _mm_or_si128(select(is_nan_64(a), a, b), _mm_set1_epi64x(0x0008_0000_0000_0000));
    select(ordered, _mm_castpd_si128(result), nan)
}

/// Each half of a lane becomes a float exactly (the bits of 2^23 + low, and of 2^39 + 2^16 high);
/// only the last sum rounds.
#[inline]
#[target_feature(enable = "sse2")]
fn from_u32(a: V128) -> F32x4 {
    let low = _mm_or_si128(_mm_and_si128(a, _mm_set1_epi32(0xffff)), _mm_set1_epi32(0x4b00_0000));
    let high = _mm_or_si128(_mm_srli_epi32::<16>(a), _mm_set1_epi32(0x5300_0000));
    let biases = _mm_castsi128_ps(_mm_set1_epi32(0x5300_0080)); // 2^39 + 2^23
    _mm_add_ps(_mm_sub_ps(_mm_castsi128_ps(high), biases), _mm_castsi128_ps(low))
}

/// Of lanes from 0 on. A lane from 2^31 on is 2^31, which is what the machine says of all that is
/// too large, and the rest, which saturates by itself.
#[inline]
#[target_feature(enable = "sse2")]
fn to_u32(a: F32x4) -> V128 {
    let two_31 = _mm_set1_ps(TWO_31);
    let rest = _mm_sub_ps(a, two_31);
    let too_large = _mm_castps_si128(_mm_cmple_ps(two_31, rest));
    let rest = _mm_xor_si128(_mm_cvttps_epi32(rest), too_large);
    let has_rest = _mm_castps_si128(_mm_cmple_ps(two_31, a));
    _mm_add_epi32(_mm_cvttps_epi32(a), _mm_and_si128(rest, has_rest))
}
