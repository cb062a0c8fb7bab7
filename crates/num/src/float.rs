//! `f32` and `f64` operands → `f32`, `f64` or truth: core specification 4.3.3, "Floating-Point
//! Operations".
//!
//! The machine's arithmetic is IEEE 754's and is used as it is. Written by hand are the points on
//! which machines and languages disagree: signs of NaNs, zeros in `min` and `max`, quieting.
//! `vector_float.rs` does the same in lanes.
//!
//! Quieting sets the quiet bit by hand: the compiler may fold `a + 0.0` or `a * 1.0` into `a`,
//! which keeps a signalling NaN, and a rounding function of the C library may hand it through. For
//! `+ - * /` and `sqrt` the machine quiets. Noticed by: the tables below.
//!
//! Canonicalization looks at the bits: of `if a.is_nan() { CANONICAL } else { a }` the compiler
//! leaves only `a` where `a` is a square root, because to it one NaN is as good as another.

use crate::operators::operators;

const SIGN_32: u32 = 1 << 31;
const SIGN_64: u64 = 1 << 63;

operators! { [inline(always)]
    /// Clears the sign, of a NaN too.
    "f32.abs": f32_abs(a: f32) -> f32 { f32::from_bits(a.to_bits() & !SIGN_32) }
    /// Flips the sign, of a NaN too.
    "f32.neg": f32_neg(a: f32) -> f32 { f32::from_bits(a.to_bits() ^ SIGN_32) }
    /// The first operand with the sign of the second, of NaNs too.
    "f32.copysign": f32_copysign(a: f32, b: f32) -> f32 {
        f32::from_bits(a.to_bits() & !SIGN_32 | b.to_bits() & SIGN_32)
    }
    "f32.ceil": f32_ceil(a: f32) -> f32 { if a.is_nan() { quiet_f32(a) } else { a.ceil() } }
    "f32.floor": f32_floor(a: f32) -> f32 { if a.is_nan() { quiet_f32(a) } else { a.floor() } }
    "f32.trunc": f32_trunc(a: f32) -> f32 { if a.is_nan() { quiet_f32(a) } else { a.trunc() } }
    /// Rounds to an integer, ties to even.
    "f32.nearest": f32_nearest(a: f32) -> f32 {
        if a.is_nan() {
            quiet_f32(a)
        } else {
            a.round_ties_even()
        }
    }
    "f32.sqrt": f32_sqrt(a: f32) -> f32 { a.sqrt() }
    "f32.add": f32_add(a: f32, b: f32) -> f32 { a + b }
    "f32.sub": f32_sub(a: f32, b: f32) -> f32 { a - b }
    "f32.mul": f32_mul(a: f32, b: f32) -> f32 { a * b }
    "f32.div": f32_div(a: f32, b: f32) -> f32 { a / b }
    /// A NaN if either operand is one; -0 is less than +0.
    "f32.min": f32_min(a: f32, b: f32) -> f32 { minimum_f32(a, b) }
    /// A NaN if either operand is one; +0 is greater than -0.
    "f32.max": f32_max(a: f32, b: f32) -> f32 { maximum_f32(a, b) }
    /// A NaN is unequal to everything, itself included.
    "f32.eq": f32_eq(a: f32, b: f32) -> u32 { u32::from(a == b) }
    "f32.ne": f32_ne(a: f32, b: f32) -> u32 { u32::from(a != b) }
    "f32.lt": f32_lt(a: f32, b: f32) -> u32 { u32::from(a < b) }
    "f32.gt": f32_gt(a: f32, b: f32) -> u32 { u32::from(a > b) }
    "f32.le": f32_le(a: f32, b: f32) -> u32 { u32::from(a <= b) }
    "f32.ge": f32_ge(a: f32, b: f32) -> u32 { u32::from(a >= b) }
    /// Not an instruction: any NaN becomes the positive canonical NaN, everything else stays.
    "f32 canonicalization": f32_canonicalize(a: f32) -> f32 {
        let bits = a.to_bits();
        let is_nan = bits & !SIGN_32 > 0x7f80_0000;
        f32::from_bits(if is_nan { 0x7fc0_0000 } else { bits })
    }
    /// Clears the sign, of a NaN too.
    "f64.abs": f64_abs(a: f64) -> f64 { f64::from_bits(a.to_bits() & !SIGN_64) }
    /// Flips the sign, of a NaN too.
    "f64.neg": f64_neg(a: f64) -> f64 { f64::from_bits(a.to_bits() ^ SIGN_64) }
    /// The first operand with the sign of the second, of NaNs too.
    "f64.copysign": f64_copysign(a: f64, b: f64) -> f64 {
        f64::from_bits(a.to_bits() & !SIGN_64 | b.to_bits() & SIGN_64)
    }
    "f64.ceil": f64_ceil(a: f64) -> f64 { if a.is_nan() { quiet_f64(a) } else { a.ceil() } }
    "f64.floor": f64_floor(a: f64) -> f64 { if a.is_nan() { quiet_f64(a) } else { a.floor() } }
    "f64.trunc": f64_trunc(a: f64) -> f64 { if a.is_nan() { quiet_f64(a) } else { a.trunc() } }
    /// Rounds to an integer, ties to even.
    "f64.nearest": f64_nearest(a: f64) -> f64 {
        if a.is_nan() {
            quiet_f64(a)
        } else {
            a.round_ties_even()
        }
    }
    "f64.sqrt": f64_sqrt(a: f64) -> f64 { a.sqrt() }
    "f64.add": f64_add(a: f64, b: f64) -> f64 { a + b }
    "f64.sub": f64_sub(a: f64, b: f64) -> f64 { a - b }
    "f64.mul": f64_mul(a: f64, b: f64) -> f64 { a * b }
    "f64.div": f64_div(a: f64, b: f64) -> f64 { a / b }
    /// A NaN if either operand is one; -0 is less than +0.
    "f64.min": f64_min(a: f64, b: f64) -> f64 { minimum_f64(a, b) }
    /// A NaN if either operand is one; +0 is greater than -0.
    "f64.max": f64_max(a: f64, b: f64) -> f64 { maximum_f64(a, b) }
    /// A NaN is unequal to everything, itself included.
    "f64.eq": f64_eq(a: f64, b: f64) -> u32 { u32::from(a == b) }
    "f64.ne": f64_ne(a: f64, b: f64) -> u32 { u32::from(a != b) }
    "f64.lt": f64_lt(a: f64, b: f64) -> u32 { u32::from(a < b) }
    "f64.gt": f64_gt(a: f64, b: f64) -> u32 { u32::from(a > b) }
    "f64.le": f64_le(a: f64, b: f64) -> u32 { u32::from(a <= b) }
    "f64.ge": f64_ge(a: f64, b: f64) -> u32 { u32::from(a >= b) }
    /// Not an instruction: any NaN becomes the positive canonical NaN, everything else stays.
    "f64 canonicalization": f64_canonicalize(a: f64) -> f64 {
        let bits = a.to_bits();
        let is_nan = bits & !SIGN_64 > 0x7ff0_0000_0000_0000;
        f64::from_bits(if is_nan { 0x7ff8_0000_0000_0000 } else { bits })
    }
}

/// A NaN with the quiet bit set. Means nothing for other values.
#[inline(always)]
pub(crate) fn quiet_f32(nan: f32) -> f32 {
    f32::from_bits(nan.to_bits() | 0x0040_0000)
}

/// The smaller operand. Equal operands have equal bits, except the zeros: there the sign bit of
/// either wins.
#[inline(always)]
fn minimum_f32(a: f32, b: f32) -> f32 {
    if a < b {
        a
    } else if b < a {
        b
    } else if a == b {
        f32::from_bits(a.to_bits() | b.to_bits())
    } else {
        quiet_f32(if a.is_nan() { a } else { b })
    }
}

/// The greater operand. Equal operands have equal bits, except the zeros: there the sign bit must
/// be set in both.
#[inline(always)]
fn maximum_f32(a: f32, b: f32) -> f32 {
    if a > b {
        a
    } else if b > a {
        b
    } else if a == b {
        f32::from_bits(a.to_bits() & b.to_bits())
    } else {
        quiet_f32(if a.is_nan() { a } else { b })
    }
}

/// A NaN with the quiet bit set. Means nothing for other values.
#[inline(always)]
pub(crate) fn quiet_f64(nan: f64) -> f64 {
    f64::from_bits(nan.to_bits() | 0x0008_0000_0000_0000)
}

/// The smaller operand. Equal operands have equal bits, except the zeros: there the sign bit of
/// either wins.
#[inline(always)]
fn minimum_f64(a: f64, b: f64) -> f64 {
    if a < b {
        a
    } else if b < a {
        b
    } else if a == b {
        f64::from_bits(a.to_bits() | b.to_bits())
    } else {
        quiet_f64(if a.is_nan() { a } else { b })
    }
}

/// The greater operand. Equal operands have equal bits, except the zeros: there the sign bit must
/// be set in both.
#[inline(always)]
fn maximum_f64(a: f64, b: f64) -> f64 {
    if a > b {
        a
    } else if b > a {
        b
    } else if a == b {
        f64::from_bits(a.to_bits() & b.to_bits())
    } else {
        quiet_f64(if a.is_nan() { a } else { b })
    }
}

#[cfg(test)]
mod tests;
