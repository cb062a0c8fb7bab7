//! Green says: both neighbours of every bound of every truncation are on their side, and
//! conversions round to even. It does not say that an executor turns the error into the right trap.

use super::*;
use crate::testing::{EDGES_32, EDGES_64, FLOATS_32, FLOATS_64};

/// Least and greatest operand with a result, with those results, for one truncation; their outer
/// neighbours have none.
macro_rules! check_bounds {
    ($trunc:ident, $sat:ident, $least:expr => $low:expr, $greatest:expr => $high:expr) => {
        assert_eq!($trunc($least), Ok($low), stringify!($trunc));
        assert_eq!($trunc($greatest), Ok($high), stringify!($trunc));
        assert_eq!($trunc($least.next_down()), Err(NumError::IntegerOverflow), stringify!($trunc));
        assert_eq!($trunc($greatest.next_up()), Err(NumError::IntegerOverflow), stringify!($trunc));
        assert_eq!($trunc($greatest / 0.0), Err(NumError::IntegerOverflow), stringify!($trunc));
        assert_eq!($trunc(-$greatest / 0.0), Err(NumError::IntegerOverflow), stringify!($trunc));
        assert_eq!(
            $trunc($greatest * 0.0 / 0.0),
            Err(NumError::InvalidConversionToInteger),
            stringify!($trunc)
        );
        assert_eq!($trunc(-0.0), Ok(0), stringify!($trunc));
        assert_eq!($trunc(2.9), Ok(2), stringify!($trunc));
        assert_eq!($trunc(-0.9), Ok(0), stringify!($trunc));
        assert_eq!($sat($least), $low, stringify!($sat));
        assert_eq!($sat($greatest), $high, stringify!($sat));
        assert_eq!($sat($greatest * 0.0 / 0.0), 0, stringify!($sat));
        assert_eq!($sat(-0.9), 0, stringify!($sat));
    };
}

#[test]
fn truncation_has_exact_bounds() {
    let (two_31_s, two_63_s) = (2_147_483_648.0_f32, 9_223_372_036_854_775_808.0_f32);
    let (two_32_s, two_64_s) = (4_294_967_296.0_f32, 18_446_744_073_709_551_616.0_f32);
    let (two_63_d, two_64_d) = (f64::from(two_63_s), f64::from(two_64_s));
    let (min_32, min_64) = (1_u32 << 31, 1_u64 << 63);
    check_bounds!(i32_trunc_f32_s, i32_trunc_sat_f32_s,
        -two_31_s => min_32, two_31_s.next_down() => 0x7fff_ff80);
    check_bounds!(i32_trunc_f32_u, i32_trunc_sat_f32_u,
        (-1.0_f32).next_up() => 0, two_32_s.next_down() => 0xffff_ff00);
    check_bounds!(i32_trunc_f64_s, i32_trunc_sat_f64_s,
        (-2_147_483_649.0_f64).next_up() => min_32, 2_147_483_648.0_f64.next_down() => 0x7fff_ffff);
    check_bounds!(i32_trunc_f64_u, i32_trunc_sat_f64_u,
        (-1.0_f64).next_up() => 0, 4_294_967_296.0_f64.next_down() => u32::MAX);
    check_bounds!(i64_trunc_f32_s, i64_trunc_sat_f32_s,
        -two_63_s => min_64, two_63_s.next_down() => 0x7fff_ff80_0000_0000);
    check_bounds!(i64_trunc_f32_u, i64_trunc_sat_f32_u,
        (-1.0_f32).next_up() => 0, two_64_s.next_down() => 0xffff_ff00_0000_0000);
    check_bounds!(i64_trunc_f64_s, i64_trunc_sat_f64_s,
        -two_63_d => min_64, two_63_d.next_down() => 0x7fff_ffff_ffff_fc00);
    check_bounds!(i64_trunc_f64_u, i64_trunc_sat_f64_u,
        (-1.0_f64).next_up() => 0, two_64_d.next_down() => 0xffff_ffff_ffff_f800);
}

#[test]
fn saturating_truncation_stops_at_the_bounds() {
    for (big, negative) in [(f32::MAX, f32::MIN), (f32::INFINITY, f32::NEG_INFINITY)] {
        let (big_d, negative_d) = (f64::from(big), f64::from(negative));
        assert_eq!([i32_trunc_sat_f32_s(big), i32_trunc_sat_f64_s(big_d)], [0x7fff_ffff; 2]);
        assert_eq!(
            [i32_trunc_sat_f32_s(negative), i32_trunc_sat_f64_s(negative_d)],
            [0x8000_0000; 2]
        );
        assert_eq!([i32_trunc_sat_f32_u(big), i32_trunc_sat_f64_u(big_d)], [u32::MAX; 2]);
        assert_eq!([i32_trunc_sat_f32_u(negative), i32_trunc_sat_f64_u(negative_d)], [0; 2]);
        assert_eq!([i64_trunc_sat_f32_s(big), i64_trunc_sat_f64_s(big_d)], [u64::MAX >> 1; 2]);
        assert_eq!([i64_trunc_sat_f32_s(negative), i64_trunc_sat_f64_s(negative_d)], [1 << 63; 2]);
        assert_eq!([i64_trunc_sat_f32_u(big), i64_trunc_sat_f64_u(big_d)], [u64::MAX; 2]);
        assert_eq!([i64_trunc_sat_f32_u(negative), i64_trunc_sat_f64_u(negative_d)], [0; 2]);
    }
}

#[test]
fn trapping_and_saturating_truncation_agree_inside_the_bounds() {
    for x in FLOATS_32.map(f32::from_bits) {
        assert_eq!(i32_trunc_f32_s(x).unwrap_or(i32_trunc_sat_f32_s(x)), i32_trunc_sat_f32_s(x));
        assert_eq!(i32_trunc_f32_u(x).unwrap_or(i32_trunc_sat_f32_u(x)), i32_trunc_sat_f32_u(x));
        assert_eq!(i64_trunc_f32_s(x).unwrap_or(i64_trunc_sat_f32_s(x)), i64_trunc_sat_f32_s(x));
        assert_eq!(i64_trunc_f32_u(x).unwrap_or(i64_trunc_sat_f32_u(x)), i64_trunc_sat_f32_u(x));
    }
    for x in FLOATS_64.map(f64::from_bits) {
        assert_eq!(i32_trunc_f64_s(x).unwrap_or(i32_trunc_sat_f64_s(x)), i32_trunc_sat_f64_s(x));
        assert_eq!(i32_trunc_f64_u(x).unwrap_or(i32_trunc_sat_f64_u(x)), i32_trunc_sat_f64_u(x));
        assert_eq!(i64_trunc_f64_s(x).unwrap_or(i64_trunc_sat_f64_s(x)), i64_trunc_sat_f64_s(x));
        assert_eq!(i64_trunc_f64_u(x).unwrap_or(i64_trunc_sat_f64_u(x)), i64_trunc_sat_f64_u(x));
    }
}

#[test]
fn integers_convert_with_ties_to_even() {
    assert_eq!(f32_convert_i32_s(0x0100_0001), 16_777_216.0);
    assert_eq!(f32_convert_i32_s(0x0100_0003), 16_777_220.0);
    assert_eq!(f32_convert_i32_s(u32::MAX), -1.0);
    assert_eq!(f32_convert_i32_u(u32::MAX), 4_294_967_296.0);
    assert_eq!(f64_convert_i32_s(1 << 31), -2_147_483_648.0);
    assert_eq!(f64_convert_i32_u(u32::MAX), 4_294_967_295.0);
    assert_eq!(f32_convert_i64_s(1 << 63), -9_223_372_036_854_775_808.0);
    assert_eq!(f32_convert_i64_u(u64::MAX), 18_446_744_073_709_551_616.0);
    // Rounding to f64 first and then to f32 would give a tie here, and the wrong neighbour.
    assert_eq!(f32_convert_i64_u(0x8000_0080_0000_0001).to_bits(), 0x5f00_0001);
    assert_eq!(f32_convert_i64_s(0x4000_0040_0000_0001).to_bits(), 0x5e80_0001);
    assert_eq!(f64_convert_i64_s(0x0020_0000_0000_0001), 9_007_199_254_740_992.0);
    assert_eq!(f64_convert_i64_s(0x0020_0000_0000_0003), 9_007_199_254_740_996.0);
    assert_eq!(f64_convert_i64_u(0x8000_0000_0000_0401).to_bits(), 0x43e0_0000_0000_0001);
    assert_eq!(f64_convert_i64_u(u64::MAX), 18_446_744_073_709_551_616.0);
    assert_eq!(f64_convert_i64_s(u64::MAX), -1.0);
}

#[test]
fn floats_change_width() {
    assert_eq!(f32_demote_f64(1.0 + f64::EPSILON), 1.0);
    assert_eq!(f32_demote_f64(f64::MAX), f32::INFINITY);
    assert_eq!(f32_demote_f64(f64::MIN_POSITIVE).to_bits(), 0);
    assert_eq!(f32_demote_f64(f64::from_bits(0x36a0_0000_0000_0000)).to_bits(), 1);
    assert_eq!(f64_promote_f32(f32::from_bits(1)).to_bits(), 0x36a0_0000_0000_0000);
    for bits in FLOATS_32 {
        let (x, wide) = (f32::from_bits(bits), f64_promote_f32(f32::from_bits(bits)));
        if x.is_nan() {
            assert_ne!(
                wide.to_bits() & 0x0008_0000_0000_0000,
                0,
                "{bits:#x} is promoted to a signalling NaN"
            );
        } else {
            assert_eq!(f32_demote_f64(wide).to_bits(), bits);
        }
    }
    for x in FLOATS_64.map(f64::from_bits).into_iter().filter(|x| x.is_nan()) {
        assert_ne!(
            f32_demote_f64(x).to_bits() & 0x0040_0000,
            0,
            "{:#x} is demoted to a signalling NaN",
            x.to_bits()
        );
    }
    assert_eq!(f32_demote_f64(f64::from_bits(0x7ff8_0000_0000_0000)).to_bits(), 0x7fc0_0000);
    assert_eq!(f64_promote_f32(f32::from_bits(0x7fc0_0000)).to_bits(), 0x7ff8_0000_0000_0000);
}

#[test]
fn integers_change_width_and_bits_stay() {
    for bits in EDGES_64 {
        assert_eq!(u64::from(i32_wrap_i64(bits)), bits % (1 << 32));
        assert_eq!(i64_reinterpret_f64(f64_reinterpret_i64(bits)), bits);
    }
    for bits in EDGES_32.into_iter().chain(FLOATS_32) {
        assert_eq!(i64_extend_i32_u(bits), u64::from(bits));
        assert_eq!(i64_extend_i32_s(bits) as i64, i64::from(bits as i32));
        assert_eq!(i32_reinterpret_f32(f32_reinterpret_i32(bits)), bits);
    }
}
