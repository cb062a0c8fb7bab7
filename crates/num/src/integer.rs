//! `i32` and `i64` operands → `i32` and `i64` results: core specification 4.3.2, "Integer
//! Operations".
//!
//! Values are the unsigned words; a signed operator reads them as two's complement. `conversion.rs`
//! changes width or type, `vector_integer.rs` does the same in lanes. Only divisions and remainders
//! are partial. Noticed by: the tables below, and the recomputation in 128-bit integers.

use crate::NumError;
use crate::operators::operators;

operators! { [inline(always)]
    /// The width for 0.
    "i32.clz": i32_clz(a: u32) -> u32 { a.leading_zeros() }
    /// The width for 0.
    "i32.ctz": i32_ctz(a: u32) -> u32 { a.trailing_zeros() }
    "i32.popcnt": i32_popcnt(a: u32) -> u32 { a.count_ones() }
    "i32.add": i32_add(a: u32, b: u32) -> u32 { a.wrapping_add(b) }
    "i32.sub": i32_sub(a: u32, b: u32) -> u32 { a.wrapping_sub(b) }
    "i32.mul": i32_mul(a: u32, b: u32) -> u32 { a.wrapping_mul(b) }
    /// Traps for a zero divisor, and for the minimum divided by -1, whose quotient does not fit.
    "i32.div_s": i32_div_s(a: u32, b: u32) -> Result<u32, NumError> {
        divide_i32(a as i32, b as i32)
    }
    /// Traps for a zero divisor.
    "i32.div_u": i32_div_u(a: u32, b: u32) -> Result<u32, NumError> {
        a.checked_div(b).ok_or(NumError::DivisionByZero)
    }
    /// Traps for a zero divisor; the minimum modulo -1 is 0.
    "i32.rem_s": i32_rem_s(a: u32, b: u32) -> Result<u32, NumError> {
        if b == 0 {
            Err(NumError::DivisionByZero)
        } else {
            Ok((a as i32).wrapping_rem(b as i32) as u32)
        }
    }
    /// Traps for a zero divisor.
    "i32.rem_u": i32_rem_u(a: u32, b: u32) -> Result<u32, NumError> {
        a.checked_rem(b).ok_or(NumError::DivisionByZero)
    }
    "i32.and": i32_and(a: u32, b: u32) -> u32 { a & b }
    "i32.or": i32_or(a: u32, b: u32) -> u32 { a | b }
    "i32.xor": i32_xor(a: u32, b: u32) -> u32 { a ^ b }
    /// The count is taken modulo the width, as in all shifts and rotations.
    "i32.shl": i32_shl(a: u32, b: u32) -> u32 { a.wrapping_shl(b) }
    "i32.shr_s": i32_shr_s(a: u32, b: u32) -> u32 { (a as i32).wrapping_shr(b) as u32 }
    "i32.shr_u": i32_shr_u(a: u32, b: u32) -> u32 { a.wrapping_shr(b) }
    "i32.rotl": i32_rotl(a: u32, b: u32) -> u32 { a.rotate_left(b & 31) }
    "i32.rotr": i32_rotr(a: u32, b: u32) -> u32 { a.rotate_right(b & 31) }
    "i32.eqz": i32_eqz(a: u32) -> u32 { u32::from(a == 0) }
    "i32.eq": i32_eq(a: u32, b: u32) -> u32 { u32::from(a == b) }
    "i32.ne": i32_ne(a: u32, b: u32) -> u32 { u32::from(a != b) }
    "i32.lt_s": i32_lt_s(a: u32, b: u32) -> u32 { u32::from((a as i32) < b as i32) }
    "i32.lt_u": i32_lt_u(a: u32, b: u32) -> u32 { u32::from(a < b) }
    "i32.gt_s": i32_gt_s(a: u32, b: u32) -> u32 { u32::from((a as i32) > b as i32) }
    "i32.gt_u": i32_gt_u(a: u32, b: u32) -> u32 { u32::from(a > b) }
    "i32.le_s": i32_le_s(a: u32, b: u32) -> u32 { u32::from((a as i32) <= b as i32) }
    "i32.le_u": i32_le_u(a: u32, b: u32) -> u32 { u32::from(a <= b) }
    "i32.ge_s": i32_ge_s(a: u32, b: u32) -> u32 { u32::from((a as i32) >= b as i32) }
    "i32.ge_u": i32_ge_u(a: u32, b: u32) -> u32 { u32::from(a >= b) }
    "i32.extend8_s": i32_extend8_s(a: u32) -> u32 { a as i8 as u32 }
    "i32.extend16_s": i32_extend16_s(a: u32) -> u32 { a as i16 as u32 }
    /// The width for 0.
    "i64.clz": i64_clz(a: u64) -> u64 { u64::from(a.leading_zeros()) }
    /// The width for 0.
    "i64.ctz": i64_ctz(a: u64) -> u64 { u64::from(a.trailing_zeros()) }
    "i64.popcnt": i64_popcnt(a: u64) -> u64 { u64::from(a.count_ones()) }
    "i64.add": i64_add(a: u64, b: u64) -> u64 { a.wrapping_add(b) }
    "i64.sub": i64_sub(a: u64, b: u64) -> u64 { a.wrapping_sub(b) }
    "i64.mul": i64_mul(a: u64, b: u64) -> u64 { a.wrapping_mul(b) }
    /// Traps for a zero divisor, and for the minimum divided by -1, whose quotient does not fit.
    "i64.div_s": i64_div_s(a: u64, b: u64) -> Result<u64, NumError> {
        divide_i64(a as i64, b as i64)
    }
    /// Traps for a zero divisor.
    "i64.div_u": i64_div_u(a: u64, b: u64) -> Result<u64, NumError> {
        a.checked_div(b).ok_or(NumError::DivisionByZero)
    }
    /// Traps for a zero divisor; the minimum modulo -1 is 0.
    "i64.rem_s": i64_rem_s(a: u64, b: u64) -> Result<u64, NumError> {
        if b == 0 {
            Err(NumError::DivisionByZero)
        } else {
            Ok((a as i64).wrapping_rem(b as i64) as u64)
        }
    }
    /// Traps for a zero divisor.
    "i64.rem_u": i64_rem_u(a: u64, b: u64) -> Result<u64, NumError> {
        a.checked_rem(b).ok_or(NumError::DivisionByZero)
    }
    "i64.and": i64_and(a: u64, b: u64) -> u64 { a & b }
    "i64.or": i64_or(a: u64, b: u64) -> u64 { a | b }
    "i64.xor": i64_xor(a: u64, b: u64) -> u64 { a ^ b }
    /// The count is taken modulo the width, as in all shifts and rotations.
    "i64.shl": i64_shl(a: u64, b: u64) -> u64 { a.wrapping_shl(b as u32) }
    "i64.shr_s": i64_shr_s(a: u64, b: u64) -> u64 { (a as i64).wrapping_shr(b as u32) as u64 }
    "i64.shr_u": i64_shr_u(a: u64, b: u64) -> u64 { a.wrapping_shr(b as u32) }
    "i64.rotl": i64_rotl(a: u64, b: u64) -> u64 { a.rotate_left((b & 63) as u32) }
    "i64.rotr": i64_rotr(a: u64, b: u64) -> u64 { a.rotate_right((b & 63) as u32) }
    "i64.eqz": i64_eqz(a: u64) -> u32 { u32::from(a == 0) }
    "i64.eq": i64_eq(a: u64, b: u64) -> u32 { u32::from(a == b) }
    "i64.ne": i64_ne(a: u64, b: u64) -> u32 { u32::from(a != b) }
    "i64.lt_s": i64_lt_s(a: u64, b: u64) -> u32 { u32::from((a as i64) < b as i64) }
    "i64.lt_u": i64_lt_u(a: u64, b: u64) -> u32 { u32::from(a < b) }
    "i64.gt_s": i64_gt_s(a: u64, b: u64) -> u32 { u32::from((a as i64) > b as i64) }
    "i64.gt_u": i64_gt_u(a: u64, b: u64) -> u32 { u32::from(a > b) }
    "i64.le_s": i64_le_s(a: u64, b: u64) -> u32 { u32::from((a as i64) <= b as i64) }
    "i64.le_u": i64_le_u(a: u64, b: u64) -> u32 { u32::from(a <= b) }
    "i64.ge_s": i64_ge_s(a: u64, b: u64) -> u32 { u32::from((a as i64) >= b as i64) }
    "i64.ge_u": i64_ge_u(a: u64, b: u64) -> u32 { u32::from(a >= b) }
    "i64.extend8_s": i64_extend8_s(a: u64) -> u64 { a as i8 as u64 }
    "i64.extend16_s": i64_extend16_s(a: u64) -> u64 { a as i16 as u64 }
    "i64.extend32_s": i64_extend32_s(a: u64) -> u64 { a as i32 as u64 }
}

/// The quotient rounded toward zero, unless there is none or it does not fit.
#[inline(always)]
fn divide_i32(a: i32, b: i32) -> Result<u32, NumError> {
    match a.checked_div(b) {
        Some(quotient) => Ok(quotient as u32),
        None if b == 0 => Err(NumError::DivisionByZero),
        None => Err(NumError::IntegerOverflow),
    }
}

/// The quotient rounded toward zero, unless there is none or it does not fit.
#[inline(always)]
fn divide_i64(a: i64, b: i64) -> Result<u64, NumError> {
    match a.checked_div(b) {
        Some(quotient) => Ok(quotient as u64),
        None if b == 0 => Err(NumError::DivisionByZero),
        None => Err(NumError::IntegerOverflow),
    }
}

#[cfg(test)]
mod tests;
