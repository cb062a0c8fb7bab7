//! A value of one scalar type → a value of another: core specification 4.3.4, "Conversions".
//!
//! Truncation compares in the source's own type, with bounds that the type represents: a value is
//! truncated if it lies strictly between the nearest values outside, which are -2^31 - 1 and 2^31
//! for `i32` from `f64`, but -2^31 - 2^8 and 2^31 from `f32`, which has nothing nearer below -2^31.
//! Saturating truncation and integer-to-float conversion are Rust's `as` (saturating, NaN to 0;
//! rounding ties to even). Noticed by: the tables below, which hold both neighbours of every bound.

use crate::NumError;
use crate::operators::operators;

operators! { [inline(always)]
    "i32.wrap_i64": i32_wrap_i64(a: u64) -> u32 { a as u32 }
    "i64.extend_i32_s": i64_extend_i32_s(a: u32) -> u64 { a as i32 as u64 }
    "i64.extend_i32_u": i64_extend_i32_u(a: u32) -> u64 { u64::from(a) }
    "i32.trunc_f32_s": i32_trunc_f32_s(a: f32) -> Result<u32, NumError> {
        truncated(a.is_nan(), a > -2_147_483_904.0 && a < 2_147_483_648.0, a as i32 as u32)
    }
    "i32.trunc_f32_u": i32_trunc_f32_u(a: f32) -> Result<u32, NumError> {
        truncated(a.is_nan(), a > -1.0 && a < 4_294_967_296.0, a as u32)
    }
    "i32.trunc_f64_s": i32_trunc_f64_s(a: f64) -> Result<u32, NumError> {
        truncated(a.is_nan(), a > -2_147_483_649.0 && a < 2_147_483_648.0, a as i32 as u32)
    }
    "i32.trunc_f64_u": i32_trunc_f64_u(a: f64) -> Result<u32, NumError> {
        truncated(a.is_nan(), a > -1.0 && a < 4_294_967_296.0, a as u32)
    }
    "i64.trunc_f32_s": i64_trunc_f32_s(a: f32) -> Result<u64, NumError> {
        let fits = a > -9_223_373_136_366_403_584.0 && a < 9_223_372_036_854_775_808.0;
        truncated(a.is_nan(), fits, a as i64 as u64)
    }
    "i64.trunc_f32_u": i64_trunc_f32_u(a: f32) -> Result<u64, NumError> {
        truncated(a.is_nan(), a > -1.0 && a < 18_446_744_073_709_551_616.0, a as u64)
    }
    "i64.trunc_f64_s": i64_trunc_f64_s(a: f64) -> Result<u64, NumError> {
        let fits = a > -9_223_372_036_854_777_856.0 && a < 9_223_372_036_854_775_808.0;
        truncated(a.is_nan(), fits, a as i64 as u64)
    }
    "i64.trunc_f64_u": i64_trunc_f64_u(a: f64) -> Result<u64, NumError> {
        truncated(a.is_nan(), a > -1.0 && a < 18_446_744_073_709_551_616.0, a as u64)
    }
    /// The nearest integer that fits; 0 for a NaN (so in the whole family).
    "i32.trunc_sat_f32_s": i32_trunc_sat_f32_s(a: f32) -> u32 { a as i32 as u32 }
    "i32.trunc_sat_f32_u": i32_trunc_sat_f32_u(a: f32) -> u32 { a as u32 }
    "i32.trunc_sat_f64_s": i32_trunc_sat_f64_s(a: f64) -> u32 { a as i32 as u32 }
    "i32.trunc_sat_f64_u": i32_trunc_sat_f64_u(a: f64) -> u32 { a as u32 }
    "i64.trunc_sat_f32_s": i64_trunc_sat_f32_s(a: f32) -> u64 { a as i64 as u64 }
    "i64.trunc_sat_f32_u": i64_trunc_sat_f32_u(a: f32) -> u64 { a as u64 }
    "i64.trunc_sat_f64_s": i64_trunc_sat_f64_s(a: f64) -> u64 { a as i64 as u64 }
    "i64.trunc_sat_f64_u": i64_trunc_sat_f64_u(a: f64) -> u64 { a as u64 }
    "f32.convert_i32_s": f32_convert_i32_s(a: u32) -> f32 { a as i32 as f32 }
    "f32.convert_i32_u": f32_convert_i32_u(a: u32) -> f32 { a as f32 }
    "f32.convert_i64_s": f32_convert_i64_s(a: u64) -> f32 { a as i64 as f32 }
    "f32.convert_i64_u": f32_convert_i64_u(a: u64) -> f32 { a as f32 }
    "f64.convert_i32_s": f64_convert_i32_s(a: u32) -> f64 { f64::from(a as i32) }
    "f64.convert_i32_u": f64_convert_i32_u(a: u32) -> f64 { f64::from(a) }
    "f64.convert_i64_s": f64_convert_i64_s(a: u64) -> f64 { a as i64 as f64 }
    "f64.convert_i64_u": f64_convert_i64_u(a: u64) -> f64 { a as f64 }
    "f32.demote_f64": f32_demote_f64(a: f64) -> f32 { a as f32 }
    "f64.promote_f32": f64_promote_f32(a: f32) -> f64 { f64::from(a) }
    "i32.reinterpret_f32": i32_reinterpret_f32(a: f32) -> u32 { a.to_bits() }
    "i64.reinterpret_f64": i64_reinterpret_f64(a: f64) -> u64 { a.to_bits() }
    "f32.reinterpret_i32": f32_reinterpret_i32(a: u32) -> f32 { f32::from_bits(a) }
    "f64.reinterpret_i64": f64_reinterpret_i64(a: u64) -> f64 { f64::from_bits(a) }
}

/// A truncated value, or why there is none.
#[inline(always)]
fn truncated<T>(is_nan: bool, fits: bool, value: T) -> Result<T, NumError> {
    if fits {
        Ok(value)
    } else if is_nan {
        Err(NumError::InvalidConversionToInteger)
    } else {
        Err(NumError::IntegerOverflow)
    }
}

#[cfg(test)]
mod tests;
