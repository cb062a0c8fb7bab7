//! Green says: bytes and lanes end where their index says, counted from the low end, and an index
//! beyond the lanes wraps instead of panicking. It does not say that immediates are decoded right.

use super::*;
use crate::testing::{FLOATS_32, FLOATS_64, from_integers, integers, vectors};

const A: u128 = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100;
const B: u128 = 0x1f1e_1d1c_1b1a_1918_1716_1514_1312_1110;

#[test]
fn shuffles_number_the_bytes_of_both_operands() {
    assert_eq!(i8x16_shuffle(A, B, A), A);
    assert_eq!(i8x16_shuffle(A, B, B), B);
    let mixed = 0x1f00_1e01_1d02_1c03_1b04_1a05_1906_1807;
    assert_eq!(i8x16_shuffle(A, B, mixed), mixed);
    assert_eq!(i8x16_shuffle(A, B, u128::MAX), u128::MAX / 255 * 0x1f);
}

#[test]
fn swizzles_give_zero_beyond_the_bytes() {
    let bytes = 0xff80_7f40_2010_0804_0201_aabb_ccdd_eeff;
    assert_eq!(i8x16_swizzle(bytes, A), bytes);
    assert_eq!(i8x16_swizzle(bytes, B), 0);
    assert_eq!(i8x16_swizzle(bytes, 0xff80_100f << 96), u128::MAX >> 24);
    for (a, b) in vectors().into_iter().flat_map(|a| vectors().into_iter().map(move |b| (a, b))) {
        let bytes = a.to_le_bytes();
        let expected = b.to_le_bytes().map(|i| if i < 16 { bytes[usize::from(i)] } else { 0 });
        assert_eq!(i8x16_swizzle(a, b).to_le_bytes(), expected, "{a:#x} {b:#x}");
    }
}

/// Splat, extraction and replacement of one integer shape, lane by lane.
macro_rules! check_shape {
    ($test:ident, $word:ty, $bits:literal, $splat:ident, $replace:ident,
     $($extract:ident $signed:literal),*) => {
        #[test]
        fn $test() {
            let count = 128 / $bits;
            for a in vectors() {
                for lane in 0..2 * count {
                    let index = usize::from(lane % count);
                    $(
                        let expected = integers(a, $bits, $signed)[index] as $word;
                        assert_eq!($extract(a, lane), expected, "{a:#x} {lane}");
                    )*
                    let x = a as $word;
                    let mut expected = integers(a, $bits, false);
                    expected[index] = i128::from(x);
                    let expected = from_integers(expected, $bits);
                    assert_eq!($replace(a, x, lane), expected, "{a:#x} {lane}");
                    let expected = from_integers([i128::from(x); 128 / $bits], $bits);
                    assert_eq!($splat(x), expected, "{x:#x}");
                }
            }
        }
    };
}

check_shape!(i8x16_lanes, u32, 8, i8x16_splat, i8x16_replace_lane,
    i8x16_extract_lane_s true, i8x16_extract_lane_u false);
check_shape!(i16x8_lanes, u32, 16, i16x8_splat, i16x8_replace_lane,
    i16x8_extract_lane_s true, i16x8_extract_lane_u false);
check_shape!(i32x4_lanes, u32, 32, i32x4_splat, i32x4_replace_lane, i32x4_extract_lane false);
check_shape!(i64x2_lanes, u64, 64, i64x2_splat, i64x2_replace_lane, i64x2_extract_lane false);

#[test]
fn float_lanes_keep_nan_bits() {
    for bits in FLOATS_32 {
        let x = f32::from_bits(bits);
        assert_eq!(f32x4_splat(x), i32x4_splat(bits));
        for lane in 0..4 {
            assert_eq!(f32x4_replace_lane(A, x, lane), i32x4_replace_lane(A, bits, lane));
            assert_eq!(f32x4_extract_lane(i32x4_replace_lane(A, bits, lane), lane).to_bits(), bits);
        }
    }
    for bits in FLOATS_64 {
        let x = f64::from_bits(bits);
        assert_eq!(f64x2_splat(x), i64x2_splat(bits));
        for lane in 0..2 {
            assert_eq!(f64x2_replace_lane(A, x, lane), i64x2_replace_lane(A, bits, lane));
            assert_eq!(f64x2_extract_lane(i64x2_replace_lane(A, bits, lane), lane).to_bits(), bits);
        }
    }
}
