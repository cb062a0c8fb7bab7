//! 128-bit integers as two `i64` halves → two `i64` halves: the wide-arithmetic proposal.
//!
//! Operands and results are pairs (low, high), low first, as on the operand stack. All four are
//! total. Noticed by: the recomputation from 32-bit limbs below, and the proposal's own suite.

use crate::operators::operators;

operators! { [inline(always)]
    "i64.add128": i64_add128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) {
        halves(join(a_low, a_high).wrapping_add(join(b_low, b_high)))
    }
    "i64.sub128": i64_sub128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) {
        halves(join(a_low, a_high).wrapping_sub(join(b_low, b_high)))
    }
    "i64.mul_wide_s": i64_mul_wide_s(a: u64, b: u64) -> (u64, u64) {
        halves((i128::from(a as i64) * i128::from(b as i64)) as u128)
    }
    "i64.mul_wide_u": i64_mul_wide_u(a: u64, b: u64) -> (u64, u64) {
        halves(u128::from(a) * u128::from(b))
    }
}

#[inline(always)]
fn join(low: u64, high: u64) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

#[inline(always)]
fn halves(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}

#[cfg(test)]
mod tests;
