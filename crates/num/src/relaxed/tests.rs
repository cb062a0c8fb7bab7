//! Green says: where the specification lists several results, the first is taken. It does not say
//! that other engines agree; they may take any on the list.

use super::*;
use crate::testing::{float_vectors, vectors};

#[test]
fn multiply_add_rounds_twice() {
    // (1 + e)^2 - (1 + 2e) is e^2 with one rounding and 0 with two.
    let (x, y) = (1.0 + f32::EPSILON, -1.0 - 2.0 * f32::EPSILON);
    let (a, c) = (f32x4_splat(x), f32x4_splat(y));
    assert_eq!(f32x4_relaxed_madd(a, a, c), 0);
    assert_eq!(f32x4_relaxed_nmadd(f32x4_neg(a), a, c), 0);
    assert_ne!(x.mul_add(x, y), 0.0);
    let (x, y) = (1.0 + f64::EPSILON, -1.0 - 2.0 * f64::EPSILON);
    let (a, c) = (f64x2_splat(x), f64x2_splat(y));
    assert_eq!(f64x2_relaxed_madd(a, a, c), 0);
    assert_eq!(f64x2_relaxed_nmadd(f64x2_neg(a), a, c), 0);
    assert_ne!(x.mul_add(x, y), 0.0);
}

#[test]
fn multiply_add_is_multiply_and_add() {
    for (a, b) in float_vectors(32).into_iter().zip(float_vectors(32).into_iter().rev()) {
        let c = f32x4_neg(i8x16_swizzle(a, 0x0706_0504_0302_0100_0f0e_0d0c_0b0a_0908));
        let sum = f32x4_canonicalize(f32x4_add(f32x4_mul(a, b), c));
        assert_eq!(f32x4_canonicalize(f32x4_relaxed_madd(a, b, c)), sum, "{a:#x} {b:#x}");
        let difference = f32x4_canonicalize(f32x4_sub(c, f32x4_mul(a, b)));
        assert_eq!(f32x4_canonicalize(f32x4_relaxed_nmadd(a, b, c)), difference, "{a:#x} {b:#x}");
    }
    for (a, b) in float_vectors(64).into_iter().zip(float_vectors(64).into_iter().rev()) {
        let c = f64x2_neg(a.rotate_left(64));
        let sum = f64x2_canonicalize(f64x2_add(f64x2_mul(a, b), c));
        assert_eq!(f64x2_canonicalize(f64x2_relaxed_madd(a, b, c)), sum, "{a:#x} {b:#x}");
        let difference = f64x2_canonicalize(f64x2_sub(c, f64x2_mul(a, b)));
        assert_eq!(f64x2_canonicalize(f64x2_relaxed_nmadd(a, b, c)), difference, "{a:#x} {b:#x}");
    }
}

#[test]
fn dot_products_are_signed_and_saturate() {
    assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(0x8080, 0x8181), 32_512);
    assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(0x8080, 0x8080), 0x7fff);
    assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(0x8080, 0x7f7f), 0x8100);
    assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(0x0302_0100, 0x0302_0100), 0x000d_0001);
    let c = 0x0000_0004_0000_0003_0000_0002_0000_0001;
    let expected = c + 65_024;
    assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s(0x8080_8080, 0x8181_8181, c), expected);
    assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s(0x8080_8080, 0x8080_8080, c), c + 65_534);
    assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s(1, 1, 0xffff_ffff), 0);
}

#[test]
fn strict_operators_stand_behind_relaxed_names() {
    for (a, b) in vectors().into_iter().zip(vectors().into_iter().rev()) {
        assert_eq!(i8x16_relaxed_swizzle(a, b), i8x16_swizzle(a, b));
        assert_eq!(i16x8_relaxed_q15mulr_s(a, b), i16x8_q15mulr_sat_s(a, b));
        for select in [
            i8x16_relaxed_laneselect,
            i16x8_relaxed_laneselect,
            i32x4_relaxed_laneselect,
            i64x2_relaxed_laneselect,
        ] {
            assert_eq!(select(a, b, a ^ b), v128_bitselect(a, b, a ^ b));
        }
    }
    for a in float_vectors(32) {
        assert_eq!(i32x4_relaxed_trunc_f32x4_s(a), i32x4_trunc_sat_f32x4_s(a));
        assert_eq!(i32x4_relaxed_trunc_f32x4_u(a), i32x4_trunc_sat_f32x4_u(a));
        let b = f32x4_neg(a);
        assert_eq!(f32x4_relaxed_min(a, b), f32x4_min(a, b));
        assert_eq!(f32x4_relaxed_max(a, b), f32x4_max(a, b));
    }
    for a in float_vectors(64) {
        assert_eq!(i32x4_relaxed_trunc_f64x2_s_zero(a), i32x4_trunc_sat_f64x2_s_zero(a));
        assert_eq!(i32x4_relaxed_trunc_f64x2_u_zero(a), i32x4_trunc_sat_f64x2_u_zero(a));
        let b = f64x2_neg(a);
        assert_eq!(f64x2_relaxed_min(a, b), f64x2_min(a, b));
        assert_eq!(f64x2_relaxed_max(a, b), f64x2_max(a, b));
    }
    assert_eq!(i16x8_relaxed_q15mulr_s(0x8000, 0x8000), 0x7fff);
}
