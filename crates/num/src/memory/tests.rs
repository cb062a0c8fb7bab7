//! Green says: widening repeats the sign or zeros, narrowing keeps the low bits, floats keep their
//! NaN bits. It does not say that the caller reads the right number of bytes, in little-endian
//! order.

use super::*;
use crate::testing::{EDGES_32, EDGES_64, FLOATS_32, FLOATS_64, from_integers, integers, vectors};

#[test]
fn loads_widen() {
    for bits in EDGES_64 {
        let (byte, half, word) = (bits as u8, bits as u16, bits as u32);
        assert_eq!(i32_load8_s(byte) as i32, i32::from(byte as i8));
        assert_eq!(i32_load8_u(byte), u32::from(byte));
        assert_eq!(i32_load16_s(half) as i32, i32::from(half as i16));
        assert_eq!(i32_load16_u(half), u32::from(half));
        assert_eq!(i64_load8_s(byte) as i64, i64::from(byte as i8));
        assert_eq!(i64_load8_u(byte), u64::from(byte));
        assert_eq!(i64_load16_s(half) as i64, i64::from(half as i16));
        assert_eq!(i64_load16_u(half), u64::from(half));
        assert_eq!(i64_load32_s(word) as i64, i64::from(word as i32));
        assert_eq!(i64_load32_u(word), u64::from(word));
    }
    assert_eq!(i32_load8_s(0x80), 0xffff_ff80);
    assert_eq!(i64_load32_s(0x8000_0000), 0xffff_ffff_8000_0000);
}

#[test]
fn stores_narrow() {
    for value in EDGES_64 {
        assert_eq!(u64::from(i64_store8(value)), value % (1 << 8));
        assert_eq!(u64::from(i64_store16(value)), value % (1 << 16));
        assert_eq!(u64::from(i64_store32(value)), value % (1 << 32));
    }
    for value in EDGES_32 {
        assert_eq!(u32::from(i32_store8(value)), value % (1 << 8));
        assert_eq!(u32::from(i32_store16(value)), value % (1 << 16));
    }
}

#[test]
fn whole_values_keep_their_bits() {
    for bits in FLOATS_32 {
        assert_eq!(f32_store(f32_load(bits)), bits);
        assert_eq!(i32_store(i32_load(bits)), bits);
    }
    for bits in FLOATS_64 {
        assert_eq!(f64_store(f64_load(bits)), bits);
        assert_eq!(i64_store(i64_load(bits)), bits);
        assert_eq!(v128_store(v128_load(u128::from(bits) << 17)), u128::from(bits) << 17);
    }
}

#[test]
fn vector_loads_widen_each_lane() {
    type Load = fn(u64) -> u128;
    let rows: [(u32, bool, Load); 6] = [
        (8, true, v128_load8x8_s),
        (8, false, v128_load8x8_u),
        (16, true, v128_load16x4_s),
        (16, false, v128_load16x4_u),
        (32, true, v128_load32x2_s),
        (32, false, v128_load32x2_u),
    ];
    for vector in vectors() {
        let bits = vector as u64;
        for (width, signed, load) in rows {
            let lanes = integers(u128::from(bits), width, signed);
            assert_eq!(load(bits), from_integers(lanes, 2 * width), "{width} {signed} {bits:#x}");
        }
    }
    assert_eq!(v128_load8x8_s(0x80), 0xff80);
    assert_eq!(v128_load32x2_u(0x8000_0000_0000_0001), 0x8000_0000_0000_0000_0000_0001);
}

#[test]
fn vector_loads_fill_lanes() {
    assert_eq!(v128_load8_splat(0x80), u128::MAX / 0xff * 0x80);
    assert_eq!(v128_load16_splat(0x8001), u128::MAX / 0xffff * 0x8001);
    assert_eq!(v128_load32_splat(0x8000_0001), u128::MAX / 0xffff_ffff * 0x8000_0001);
    assert_eq!(v128_load64_splat(1 << 63), 1 << 127 | 1 << 63);
    assert_eq!(v128_load32_zero(u32::MAX), 0xffff_ffff);
    assert_eq!(v128_load64_zero(u64::MAX), 0xffff_ffff_ffff_ffff);
}

/// One lane replaced by a load and read back by a store, for each lane of one width.
macro_rules! check_lanes {
    ($bits:literal, $word:ty, $load:ident, $store:ident) => {
        for a in vectors() {
            for lane in 0..128 / $bits {
                let word = !a as $word;
                let mut expected = integers(a, $bits, false);
                expected[usize::from(lane)] = i128::from(word);
                assert_eq!($load(a, word, lane), from_integers(expected, $bits), "{a:#x} {lane}");
                let stored = integers(a, $bits, false)[usize::from(lane)];
                assert_eq!(i128::from($store(a, lane)), stored, "{a:#x} {lane}");
            }
        }
    };
}

#[test]
fn lane_loads_and_stores_touch_one_lane() {
    check_lanes!(8, u8, v128_load8_lane, v128_store8_lane);
    check_lanes!(16, u16, v128_load16_lane, v128_store16_lane);
    check_lanes!(32, u32, v128_load32_lane, v128_store32_lane);
    check_lanes!(64, u64, v128_load64_lane, v128_store64_lane);
}
