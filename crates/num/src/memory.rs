//! Bits in memory → the value a load pushes; the value a store pops → bits in memory: core 4.6.9
//! ("Memory Instructions").
//!
//! The caller reads and writes little-endian words of the access's width; here they are widened,
//! narrowed, spread over lanes. Every load and store instruction has a function, the trivial ones
//! too, so that tables need no exceptions. Nothing here is partial: bounds are the caller's.
//! Noticed by: the table below.

use crate::lanes::{get, low, set, splat};
use crate::operators::operators;

operators! { [inline(always)]
    "i32.load": i32_load(bits: u32) -> u32 { bits }
    "i64.load": i64_load(bits: u64) -> u64 { bits }
    "f32.load": f32_load(bits: u32) -> f32 { f32::from_bits(bits) }
    "f64.load": f64_load(bits: u64) -> f64 { f64::from_bits(bits) }
    "v128.load": v128_load(bits: u128) -> u128 { bits }
    "i32.load8_s": i32_load8_s(bits: u8) -> u32 { bits as i8 as u32 }
    "i32.load8_u": i32_load8_u(bits: u8) -> u32 { u32::from(bits) }
    "i32.load16_s": i32_load16_s(bits: u16) -> u32 { bits as i16 as u32 }
    "i32.load16_u": i32_load16_u(bits: u16) -> u32 { u32::from(bits) }
    "i64.load8_s": i64_load8_s(bits: u8) -> u64 { bits as i8 as u64 }
    "i64.load8_u": i64_load8_u(bits: u8) -> u64 { u64::from(bits) }
    "i64.load16_s": i64_load16_s(bits: u16) -> u64 { bits as i16 as u64 }
    "i64.load16_u": i64_load16_u(bits: u16) -> u64 { u64::from(bits) }
    "i64.load32_s": i64_load32_s(bits: u32) -> u64 { bits as i32 as u64 }
    "i64.load32_u": i64_load32_u(bits: u32) -> u64 { u64::from(bits) }
    "i32.store": i32_store(value: u32) -> u32 { value }
    "i64.store": i64_store(value: u64) -> u64 { value }
    "f32.store": f32_store(value: f32) -> u32 { value.to_bits() }
    "f64.store": f64_store(value: f64) -> u64 { value.to_bits() }
    "v128.store": v128_store(value: u128) -> u128 { value }
    "i32.store8": i32_store8(value: u32) -> u8 { value as u8 }
    "i32.store16": i32_store16(value: u32) -> u16 { value as u16 }
    "i64.store8": i64_store8(value: u64) -> u8 { value as u8 }
    "i64.store16": i64_store16(value: u64) -> u16 { value as u16 }
    "i64.store32": i64_store32(value: u64) -> u32 { value as u32 }
    "v128.load8x8_s": v128_load8x8_s(bits: u64) -> u128 {
        low(u128::from(bits), |x: i8| i16::from(x))
    }
    "v128.load8x8_u": v128_load8x8_u(bits: u64) -> u128 {
        low(u128::from(bits), |x: u8| u16::from(x))
    }
    "v128.load16x4_s": v128_load16x4_s(bits: u64) -> u128 {
        low(u128::from(bits), |x: i16| i32::from(x))
    }
    "v128.load16x4_u": v128_load16x4_u(bits: u64) -> u128 {
        low(u128::from(bits), |x: u16| u32::from(x))
    }
    "v128.load32x2_s": v128_load32x2_s(bits: u64) -> u128 {
        low(u128::from(bits), |x: i32| i64::from(x))
    }
    "v128.load32x2_u": v128_load32x2_u(bits: u64) -> u128 {
        low(u128::from(bits), |x: u32| u64::from(x))
    }
    "v128.load8_splat": v128_load8_splat(bits: u8) -> u128 { splat(bits) }
    "v128.load16_splat": v128_load16_splat(bits: u16) -> u128 { splat(bits) }
    "v128.load32_splat": v128_load32_splat(bits: u32) -> u128 { splat(bits) }
    "v128.load64_splat": v128_load64_splat(bits: u64) -> u128 { splat(bits) }
    "v128.load32_zero": v128_load32_zero(bits: u32) -> u128 { u128::from(bits) }
    "v128.load64_zero": v128_load64_zero(bits: u64) -> u128 { u128::from(bits) }
    "v128.load8_lane": v128_load8_lane(a: u128, bits: u8, lane: u8) -> u128 { set(a, lane, bits) }
    "v128.load16_lane": v128_load16_lane(a: u128, bits: u16, lane: u8) -> u128 {
        set(a, lane, bits)
    }
    "v128.load32_lane": v128_load32_lane(a: u128, bits: u32, lane: u8) -> u128 {
        set(a, lane, bits)
    }
    "v128.load64_lane": v128_load64_lane(a: u128, bits: u64, lane: u8) -> u128 {
        set(a, lane, bits)
    }
    "v128.store8_lane": v128_store8_lane(a: u128, lane: u8) -> u8 { get(a, lane) }
    "v128.store16_lane": v128_store16_lane(a: u128, lane: u8) -> u16 { get(a, lane) }
    "v128.store32_lane": v128_store32_lane(a: u128, lane: u8) -> u32 { get(a, lane) }
    "v128.store64_lane": v128_store64_lane(a: u128, lane: u8) -> u64 { get(a, lane) }
}

#[cfg(test)]
mod tests;
