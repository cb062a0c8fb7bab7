//! Lanes moved, not computed: splats, extractions, replacements, shuffles (core specification
//! 4.3.5).
//!
//! Lane indices are immediates that validation has bounded; here they count modulo the number of
//! lanes, so that nothing is partial. NaN bits stay. Noticed by: the tests below, which place bytes
//! by hand.

use crate::lanes::{get, map, set, splat};
use crate::operators::operators;

operators! { [inline]
    /// Byte `i` of the result is the byte of `a` then `b` that byte `i` of `lanes` numbers, modulo
    /// 32.
    "i8x16.shuffle": i8x16_shuffle(a: u128, b: u128, lanes: u128) -> u128 { shuffle(a, b, lanes) }
    /// Byte `i` of the result is the byte of `a` that byte `i` of `b` numbers, or 0 from 16 on.
    "i8x16.swizzle": i8x16_swizzle(a: u128, b: u128) -> u128 { swizzle(a, b) }
    "i8x16.splat": i8x16_splat(x: u32) -> u128 { splat(x as u8) }
    "i8x16.extract_lane_s": i8x16_extract_lane_s(a: u128, lane: u8) -> u32 {
        get::<_, i8>(a, lane) as u32
    }
    "i8x16.extract_lane_u": i8x16_extract_lane_u(a: u128, lane: u8) -> u32 {
        u32::from(get::<_, u8>(a, lane))
    }
    "i8x16.replace_lane": i8x16_replace_lane(a: u128, x: u32, lane: u8) -> u128 {
        set(a, lane, x as u8)
    }
    "i16x8.splat": i16x8_splat(x: u32) -> u128 { splat(x as u16) }
    "i16x8.extract_lane_s": i16x8_extract_lane_s(a: u128, lane: u8) -> u32 {
        get::<_, i16>(a, lane) as u32
    }
    "i16x8.extract_lane_u": i16x8_extract_lane_u(a: u128, lane: u8) -> u32 {
        u32::from(get::<_, u16>(a, lane))
    }
    "i16x8.replace_lane": i16x8_replace_lane(a: u128, x: u32, lane: u8) -> u128 {
        set(a, lane, x as u16)
    }
    "i32x4.splat": i32x4_splat(x: u32) -> u128 { splat(x) }
    "i32x4.extract_lane": i32x4_extract_lane(a: u128, lane: u8) -> u32 { get(a, lane) }
    "i32x4.replace_lane": i32x4_replace_lane(a: u128, x: u32, lane: u8) -> u128 { set(a, lane, x) }
    "i64x2.splat": i64x2_splat(x: u64) -> u128 { splat(x) }
    "i64x2.extract_lane": i64x2_extract_lane(a: u128, lane: u8) -> u64 { get(a, lane) }
    "i64x2.replace_lane": i64x2_replace_lane(a: u128, x: u64, lane: u8) -> u128 { set(a, lane, x) }
    "f32x4.splat": f32x4_splat(x: f32) -> u128 { splat(x) }
    "f32x4.extract_lane": f32x4_extract_lane(a: u128, lane: u8) -> f32 { get(a, lane) }
    "f32x4.replace_lane": f32x4_replace_lane(a: u128, x: f32, lane: u8) -> u128 { set(a, lane, x) }
    "f64x2.splat": f64x2_splat(x: f64) -> u128 { splat(x) }
    "f64x2.extract_lane": f64x2_extract_lane(a: u128, lane: u8) -> f64 { get(a, lane) }
    "f64x2.replace_lane": f64x2_replace_lane(a: u128, x: f64, lane: u8) -> u128 { set(a, lane, x) }
}

/// The bytes of `a` numbered by the bytes of `indices`; 0 from 16 on, as if zeros followed.
#[inline(always)]
fn swizzle(a: u128, indices: u128) -> u128 {
    let bytes = table(a, 0);
    map(indices, |index: u8| bytes[usize::from(index.min(31))])
}

/// The bytes of `a` and `b`, numbered 0 to 31 by the low five bits of each byte of `indices`.
#[inline(always)]
fn shuffle(a: u128, b: u128, indices: u128) -> u128 {
    let bytes = table(a, b);
    map(indices, |index: u8| bytes[usize::from(index & 31)])
}

/// The bytes of two vectors in a row.
#[inline(always)]
fn table(a: u128, b: u128) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&a.to_le_bytes());
    bytes[16..].copy_from_slice(&b.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests;
