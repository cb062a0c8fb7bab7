//! Green says: widening repeats the sign or zeros, narrowing keeps the low bits, floats keep their
//! NaN bits. It does not say that the caller reads the right number of bytes, in little-endian
//! order.

use super::*;
use crate::testing::{EDGES_32, EDGES_64, FLOATS_32, FLOATS_64};

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
