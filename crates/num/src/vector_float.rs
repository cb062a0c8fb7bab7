//! Float lanes → float lanes, masks and integer lanes: core specification 4.3.5, "Vector
//! Operations".
//!
//! Lanes are computed by the scalar operators of `float.rs` and `conversion.rs`, whose invariants
//! on NaNs therefore hold in every lane. `relaxed.rs` reuses these operators. Everything is total.
//! Noticed by: the comparison with scalars below.

use crate::lanes::{compare, low, map, narrow_zero, zip};
use crate::operators::operators;
use crate::{conversion::*, float::*};

operators! { [inline]
    "f32x4.eq": f32x4_eq(a: u128, b: u128) -> u128 { compare(a, b, |x: f32, y| x == y) }
    "f32x4.ne": f32x4_ne(a: u128, b: u128) -> u128 { compare(a, b, |x: f32, y| x != y) }
    "f32x4.lt": f32x4_lt(a: u128, b: u128) -> u128 { compare(a, b, |x: f32, y| x < y) }
    "f32x4.gt": f32x4_gt(a: u128, b: u128) -> u128 { compare(a, b, |x: f32, y| x > y) }
    "f32x4.le": f32x4_le(a: u128, b: u128) -> u128 { compare(a, b, |x: f32, y| x <= y) }
    "f32x4.ge": f32x4_ge(a: u128, b: u128) -> u128 { compare(a, b, |x: f32, y| x >= y) }
    "f32x4.abs": f32x4_abs(a: u128) -> u128 { map(a, f32_abs) }
    "f32x4.neg": f32x4_neg(a: u128) -> u128 { map(a, f32_neg) }
    "f32x4.sqrt": f32x4_sqrt(a: u128) -> u128 { map(a, f32_sqrt) }
    "f32x4.ceil": f32x4_ceil(a: u128) -> u128 { map(a, f32_ceil) }
    "f32x4.floor": f32x4_floor(a: u128) -> u128 { map(a, f32_floor) }
    "f32x4.trunc": f32x4_trunc(a: u128) -> u128 { map(a, f32_trunc) }
    "f32x4.nearest": f32x4_nearest(a: u128) -> u128 { map(a, f32_nearest) }
    "f32x4.add": f32x4_add(a: u128, b: u128) -> u128 { zip(a, b, f32_add) }
    "f32x4.sub": f32x4_sub(a: u128, b: u128) -> u128 { zip(a, b, f32_sub) }
    "f32x4.mul": f32x4_mul(a: u128, b: u128) -> u128 { zip(a, b, f32_mul) }
    "f32x4.div": f32x4_div(a: u128, b: u128) -> u128 { zip(a, b, f32_div) }
    "f32x4.min": f32x4_min(a: u128, b: u128) -> u128 { zip(a, b, f32_min) }
    "f32x4.max": f32x4_max(a: u128, b: u128) -> u128 { zip(a, b, f32_max) }
    /// The second operand if it is less, else the first, bit for bit.
    "f32x4.pmin": f32x4_pmin(a: u128, b: u128) -> u128 {
        zip(a, b, |x: f32, y| if y < x { y } else { x })
    }
    /// The second operand if it is greater, else the first, bit for bit.
    "f32x4.pmax": f32x4_pmax(a: u128, b: u128) -> u128 {
        zip(a, b, |x: f32, y| if x < y { y } else { x })
    }
    "f32x4.convert_i32x4_s": f32x4_convert_i32x4_s(a: u128) -> u128 { map(a, |x: i32| x as f32) }
    "f32x4.convert_i32x4_u": f32x4_convert_i32x4_u(a: u128) -> u128 { map(a, |x: u32| x as f32) }
    "f32x4.demote_f64x2_zero": f32x4_demote_f64x2_zero(a: u128) -> u128 {
        narrow_zero(a, f32_demote_f64)
    }
    "f64x2.eq": f64x2_eq(a: u128, b: u128) -> u128 { compare(a, b, |x: f64, y| x == y) }
    "f64x2.ne": f64x2_ne(a: u128, b: u128) -> u128 { compare(a, b, |x: f64, y| x != y) }
    "f64x2.lt": f64x2_lt(a: u128, b: u128) -> u128 { compare(a, b, |x: f64, y| x < y) }
    "f64x2.gt": f64x2_gt(a: u128, b: u128) -> u128 { compare(a, b, |x: f64, y| x > y) }
    "f64x2.le": f64x2_le(a: u128, b: u128) -> u128 { compare(a, b, |x: f64, y| x <= y) }
    "f64x2.ge": f64x2_ge(a: u128, b: u128) -> u128 { compare(a, b, |x: f64, y| x >= y) }
    "f64x2.abs": f64x2_abs(a: u128) -> u128 { map(a, f64_abs) }
    "f64x2.neg": f64x2_neg(a: u128) -> u128 { map(a, f64_neg) }
    "f64x2.sqrt": f64x2_sqrt(a: u128) -> u128 { map(a, f64_sqrt) }
    "f64x2.ceil": f64x2_ceil(a: u128) -> u128 { map(a, f64_ceil) }
    "f64x2.floor": f64x2_floor(a: u128) -> u128 { map(a, f64_floor) }
    "f64x2.trunc": f64x2_trunc(a: u128) -> u128 { map(a, f64_trunc) }
    "f64x2.nearest": f64x2_nearest(a: u128) -> u128 { map(a, f64_nearest) }
    "f64x2.add": f64x2_add(a: u128, b: u128) -> u128 { zip(a, b, f64_add) }
    "f64x2.sub": f64x2_sub(a: u128, b: u128) -> u128 { zip(a, b, f64_sub) }
    "f64x2.mul": f64x2_mul(a: u128, b: u128) -> u128 { zip(a, b, f64_mul) }
    "f64x2.div": f64x2_div(a: u128, b: u128) -> u128 { zip(a, b, f64_div) }
    "f64x2.min": f64x2_min(a: u128, b: u128) -> u128 { zip(a, b, f64_min) }
    "f64x2.max": f64x2_max(a: u128, b: u128) -> u128 { zip(a, b, f64_max) }
    /// The second operand if it is less, else the first, bit for bit.
    "f64x2.pmin": f64x2_pmin(a: u128, b: u128) -> u128 {
        zip(a, b, |x: f64, y| if y < x { y } else { x })
    }
    /// The second operand if it is greater, else the first, bit for bit.
    "f64x2.pmax": f64x2_pmax(a: u128, b: u128) -> u128 {
        zip(a, b, |x: f64, y| if x < y { y } else { x })
    }
    "f64x2.convert_low_i32x4_s": f64x2_convert_low_i32x4_s(a: u128) -> u128 {
        low(a, |x: i32| f64::from(x))
    }
    "f64x2.convert_low_i32x4_u": f64x2_convert_low_i32x4_u(a: u128) -> u128 {
        low(a, |x: u32| f64::from(x))
    }
    "f64x2.promote_low_f32x4": f64x2_promote_low_f32x4(a: u128) -> u128 { low(a, f64_promote_f32) }
    "i32x4.trunc_sat_f32x4_s": i32x4_trunc_sat_f32x4_s(a: u128) -> u128 {
        map(a, |x: f32| x as i32)
    }
    "i32x4.trunc_sat_f32x4_u": i32x4_trunc_sat_f32x4_u(a: u128) -> u128 {
        map(a, |x: f32| x as u32)
    }
    "i32x4.trunc_sat_f64x2_s_zero": i32x4_trunc_sat_f64x2_s_zero(a: u128) -> u128 {
        narrow_zero(a, |x: f64| x as i32)
    }
    "i32x4.trunc_sat_f64x2_u_zero": i32x4_trunc_sat_f64x2_u_zero(a: u128) -> u128 {
        narrow_zero(a, |x: f64| x as u32)
    }
    /// Not an instruction: every NaN lane becomes the positive canonical NaN, the others stay.
    "f32x4 canonicalization": f32x4_canonicalize(a: u128) -> u128 { map(a, f32_canonicalize) }
    /// Not an instruction: every NaN lane becomes the positive canonical NaN, the others stay.
    "f64x2 canonicalization": f64x2_canonicalize(a: u128) -> u128 { map(a, f64_canonicalize) }
}

#[cfg(test)]
mod tests;
