//! Relaxed vector operators → one meaning on every machine: core specification 4.3.6, "Relaxed
//! Operations".
//!
//! The specification leaves each a choice between listed results, named by a global parameter R.
//! Prova takes the first of each list, R = 0, which is what the deterministic profile prescribes,
//! in every mode and on every machine: a program's result must not depend on where it runs, and
//! the unfused multiply-add needs no machine with FMA. Each row names its parameter.
//!
//! Most rows are another name for a strict operator of `vector_integer.rs`, `vector_float.rs` or
//! `vector_lane.rs`. Noticed by: the tests below on the points where the listed results differ, and
//! the `either` assertions of the specification's suite.

use crate::lanes::{zip_pairs, zip3};
use crate::operators::operators;
use crate::{float::*, vector_float::*, vector_integer::*, vector_lane::*};

operators! { [inline]
    /// R_swizzle = 0: an index from 16 on gives 0.
    "i8x16.relaxed_swizzle": i8x16_relaxed_swizzle(a: u128, b: u128) -> u128 { i8x16_swizzle(a, b) }
    /// R_trunc_s = 0: saturates, NaN gives 0.
    "i32x4.relaxed_trunc_f32x4_s": i32x4_relaxed_trunc_f32x4_s(a: u128) -> u128 {
        i32x4_trunc_sat_f32x4_s(a)
    }
    /// R_trunc_u = 0: saturates, NaN gives 0.
    "i32x4.relaxed_trunc_f32x4_u": i32x4_relaxed_trunc_f32x4_u(a: u128) -> u128 {
        i32x4_trunc_sat_f32x4_u(a)
    }
    /// R_trunc_s = 0: saturates, NaN gives 0.
    "i32x4.relaxed_trunc_f64x2_s_zero": i32x4_relaxed_trunc_f64x2_s_zero(a: u128) -> u128 {
        i32x4_trunc_sat_f64x2_s_zero(a)
    }
    /// R_trunc_u = 0: saturates, NaN gives 0.
    "i32x4.relaxed_trunc_f64x2_u_zero": i32x4_relaxed_trunc_f64x2_u_zero(a: u128) -> u128 {
        i32x4_trunc_sat_f64x2_u_zero(a)
    }
    /// R_fmadd = 0: a * b + c with two roundings.
    "f32x4.relaxed_madd": f32x4_relaxed_madd(a: u128, b: u128, c: u128) -> u128 {
        zip3(a, b, c, |x, y, z| f32_add(f32_mul(x, y), z))
    }
    /// R_fmadd = 0: -a * b + c with two roundings.
    "f32x4.relaxed_nmadd": f32x4_relaxed_nmadd(a: u128, b: u128, c: u128) -> u128 {
        zip3(a, b, c, |x, y, z| f32_add(f32_mul(f32_neg(x), y), z))
    }
    /// R_fmadd = 0: a * b + c with two roundings.
    "f64x2.relaxed_madd": f64x2_relaxed_madd(a: u128, b: u128, c: u128) -> u128 {
        zip3(a, b, c, |x, y, z| f64_add(f64_mul(x, y), z))
    }
    /// R_fmadd = 0: -a * b + c with two roundings.
    "f64x2.relaxed_nmadd": f64x2_relaxed_nmadd(a: u128, b: u128, c: u128) -> u128 {
        zip3(a, b, c, |x, y, z| f64_add(f64_mul(f64_neg(x), y), z))
    }
    /// R_laneselect = 0: selects bit by bit.
    "i8x16.relaxed_laneselect": i8x16_relaxed_laneselect(a: u128, b: u128, mask: u128) -> u128 {
        v128_bitselect(a, b, mask)
    }
    /// R_laneselect = 0: selects bit by bit.
    "i16x8.relaxed_laneselect": i16x8_relaxed_laneselect(a: u128, b: u128, mask: u128) -> u128 {
        v128_bitselect(a, b, mask)
    }
    /// R_laneselect = 0: selects bit by bit.
    "i32x4.relaxed_laneselect": i32x4_relaxed_laneselect(a: u128, b: u128, mask: u128) -> u128 {
        v128_bitselect(a, b, mask)
    }
    /// R_laneselect = 0: selects bit by bit.
    "i64x2.relaxed_laneselect": i64x2_relaxed_laneselect(a: u128, b: u128, mask: u128) -> u128 {
        v128_bitselect(a, b, mask)
    }
    /// R_fmin = 0: as `f32x4.min`.
    "f32x4.relaxed_min": f32x4_relaxed_min(a: u128, b: u128) -> u128 { f32x4_min(a, b) }
    /// R_fmax = 0: as `f32x4.max`.
    "f32x4.relaxed_max": f32x4_relaxed_max(a: u128, b: u128) -> u128 { f32x4_max(a, b) }
    /// R_fmin = 0: as `f64x2.min`.
    "f64x2.relaxed_min": f64x2_relaxed_min(a: u128, b: u128) -> u128 { f64x2_min(a, b) }
    /// R_fmax = 0: as `f64x2.max`.
    "f64x2.relaxed_max": f64x2_relaxed_max(a: u128, b: u128) -> u128 { f64x2_max(a, b) }
    /// R_iq15mulr = 0: saturates.
    "i16x8.relaxed_q15mulr_s": i16x8_relaxed_q15mulr_s(a: u128, b: u128) -> u128 {
        i16x8_q15mulr_sat_s(a, b)
    }
    /// R_idot = 0: both operands are signed; the sum of two products saturates.
    "i16x8.relaxed_dot_i8x16_i7x16_s": i16x8_relaxed_dot_i8x16_i7x16_s(a: u128, b: u128) -> u128 {
        zip_pairs(a, b, dot)
    }
    /// The dot product, its neighbouring lanes added, plus `c`.
    "i32x4.relaxed_dot_i8x16_i7x16_add_s":
    i32x4_relaxed_dot_i8x16_i7x16_add_s(a: u128, b: u128, c: u128) -> u128 {
        i32x4_add(i32x4_extadd_pairwise_i16x8_s(i16x8_relaxed_dot_i8x16_i7x16_s(a, b)), c)
    }
}

/// The sum of two signed products, saturated: it leaves the range only if all four are -128.
#[inline(always)]
fn dot(x: [i8; 2], y: [i8; 2]) -> i16 {
    let product = |lane: usize| i16::from(x[lane]) * i16::from(y[lane]);
    product(0).saturating_add(product(1))
}

#[cfg(test)]
mod tests;
