//! Green says: each float lane holds what the scalar operator gives on lanes read from bytes, each
//! in its place; NaNs that are computed agree up to their bits, the others exactly. It does not say
//! that the scalar operators are right; `float.rs` and `conversion.rs` test those.

use std::hint::black_box;

use super::*;
use crate::testing::{float_vectors, from_integers, integers, vectors};

type Unary = fn(u128) -> u128;
type Binary = fn(u128, u128) -> u128;

/// The lanes of a vector as floats, and back, read from bytes.
macro_rules! float_lanes {
    ($lanes:ident, $float:ty, $word:ty, $bits:literal) => {
        fn $lanes(vector: u128) -> Vec<$float> {
            let words = integers(vector, $bits, false).into_iter();
            words.map(|word| <$float>::from_bits(word as $word)).collect()
        }
    };
}

float_lanes!(singles, f32, u32, 32);
float_lanes!(doubles, f64, u64, 64);

fn from_singles(lanes: impl IntoIterator<Item = f32>) -> u128 {
    from_integers(lanes.into_iter().map(|x| i128::from(x.to_bits())), 32)
}

fn from_doubles(lanes: impl IntoIterator<Item = f64>) -> u128 {
    from_integers(lanes.into_iter().map(|x| i128::from(x.to_bits())), 64)
}

/// All operators of one shape against the scalars of its lane type.
macro_rules! check_shape {
    ($test:ident, $bits:literal, $lanes:ident, $from:ident, $canonicalize:ident,
     exact_unary { $($exact_unary:ident $exact_scalar:ident)* }
     unary { $($unary:ident $unary_scalar:ident)* }
     binary { $($binary:ident $binary_scalar:ident)* }
     compare { $($compare:ident $compare_scalar:ident)* }) => {
        #[test]
        fn $test() {
            for a in float_vectors($bits) {
                $(
                    let expected = $from($lanes(a).into_iter().map($exact_scalar));
                    assert_eq!($exact_unary(a), expected, "{} {a:#x}", stringify!($exact_unary));
                )*
                $(
                    let expected = $from($lanes(a).into_iter().map($unary_scalar));
                    let (result, expected) = ($canonicalize($unary(a)), $canonicalize(expected));
                    assert_eq!(result, expected, "{} {a:#x}", stringify!($unary));
                )*
                for b in float_vectors($bits) {
                    let lanes = || $lanes(a).into_iter().zip($lanes(b));
                    $(
                        let expected = $from(lanes().map(|(x, y)| $binary_scalar(x, y)));
                        let expected = $canonicalize(expected);
                        let name = stringify!($binary);
                        let result = $canonicalize($binary(a, b));
                        assert_eq!(result, expected, "{name} {a:#x} {b:#x}");
                    )*
                    $(
                        let masks = lanes().map(|(x, y)| -i128::from($compare_scalar(x, y)));
                        let expected = from_integers(masks, $bits);
                        let name = stringify!($compare);
                        assert_eq!($compare(a, b), expected, "{name} {a:#x} {b:#x}");
                    )*
                }
            }
        }
    };
}

check_shape! { f32x4_matches_f32, 32, singles, from_singles, f32x4_canonicalize,
    exact_unary { f32x4_abs f32_abs f32x4_neg f32_neg f32x4_canonicalize f32_canonicalize }
    unary {
        f32x4_sqrt f32_sqrt f32x4_ceil f32_ceil f32x4_floor f32_floor f32x4_trunc f32_trunc
        f32x4_nearest f32_nearest
    }
    binary {
        f32x4_add f32_add f32x4_sub f32_sub f32x4_mul f32_mul f32x4_div f32_div
        f32x4_min f32_min f32x4_max f32_max
    }
    compare {
        f32x4_eq f32_eq f32x4_ne f32_ne f32x4_lt f32_lt f32x4_gt f32_gt f32x4_le f32_le
        f32x4_ge f32_ge
    }
}

check_shape! { f64x2_matches_f64, 64, doubles, from_doubles, f64x2_canonicalize,
    exact_unary { f64x2_abs f64_abs f64x2_neg f64_neg f64x2_canonicalize f64_canonicalize }
    unary {
        f64x2_sqrt f64_sqrt f64x2_ceil f64_ceil f64x2_floor f64_floor f64x2_trunc f64_trunc
        f64x2_nearest f64_nearest
    }
    binary {
        f64x2_add f64_add f64x2_sub f64_sub f64x2_mul f64_mul f64x2_div f64_div
        f64x2_min f64_min f64x2_max f64_max
    }
    compare {
        f64x2_eq f64_eq f64x2_ne f64_ne f64x2_lt f64_lt f64x2_gt f64_gt f64x2_le f64_le
        f64x2_ge f64_ge
    }
}

/// Pseudo-minimum and -maximum choose an operand bit for bit: the first unless the order is strict.
#[test]
fn pseudo_minimum_and_maximum_choose_an_operand() {
    let check = |bits: u32, pmin: Binary, pmax: Binary, less: fn(i128, i128) -> bool| {
        for a in float_vectors(bits) {
            for b in float_vectors(bits) {
                let choose = |second: &dyn Fn(i128, i128) -> bool| {
                    let lanes = integers(a, bits, false).into_iter().zip(integers(b, bits, false));
                    from_integers(lanes.map(|(x, y)| if second(x, y) { y } else { x }), bits)
                };
                assert_eq!(pmin(a, b), choose(&|x, y| less(y, x)), "{a:#x} {b:#x}");
                assert_eq!(pmax(a, b), choose(&less), "{a:#x} {b:#x}");
            }
        }
    };
    check(32, f32x4_pmin, f32x4_pmax, |x, y| f32::from_bits(x as u32) < f32::from_bits(y as u32));
    check(64, f64x2_pmin, f64x2_pmax, |x, y| f64::from_bits(x as u64) < f64::from_bits(y as u64));
}

#[test]
fn signalling_nans_are_quieted_in_lanes() {
    // Hidden, because the compiler folds arithmetic on constants without quieting.
    let (signalling, zero) = (black_box(0x7f80_0001), black_box(0));
    let unary: [Unary; 5] = [f32x4_sqrt, f32x4_ceil, f32x4_floor, f32x4_trunc, f32x4_nearest];
    for operator in unary {
        assert_eq!(operator(signalling) & 0x7fc0_0000, 0x7fc0_0000);
    }
    let binary: [Binary; 6] = [f32x4_add, f32x4_sub, f32x4_mul, f32x4_div, f32x4_min, f32x4_max];
    for operator in binary {
        assert_eq!(operator(signalling, zero) & 0x7fc0_0000, 0x7fc0_0000);
        assert_eq!(operator(zero, signalling) & 0x7fc0_0000, 0x7fc0_0000);
    }
}

#[test]
fn lanes_convert_like_scalars() {
    for a in vectors().into_iter().chain(float_vectors(32)).chain(float_vectors(64)) {
        let signed = || integers(a, 32, true).into_iter();
        let unsigned = || integers(a, 32, false).into_iter();
        assert_eq!(f32x4_convert_i32x4_s(a), from_singles(signed().map(|x| x as i32 as f32)));
        assert_eq!(f32x4_convert_i32x4_u(a), from_singles(unsigned().map(|x| x as u32 as f32)));
        assert_eq!(f64x2_convert_low_i32x4_s(a), from_doubles(signed().map(|x| x as f64)));
        assert_eq!(f64x2_convert_low_i32x4_u(a), from_doubles(unsigned().map(|x| x as f64)));

        let promoted = from_doubles(singles(a).into_iter().map(f64_promote_f32));
        assert_eq!(f64x2_canonicalize(f64x2_promote_low_f32x4(a)), f64x2_canonicalize(promoted));
        let demoted = from_singles(doubles(a).into_iter().map(f32_demote_f64));
        assert_eq!(f32x4_canonicalize(f32x4_demote_f64x2_zero(a)), f32x4_canonicalize(demoted));
        assert_eq!(f32x4_demote_f64x2_zero(a) >> 64, 0);

        let truncated = |lanes: Vec<u32>| from_integers(lanes.into_iter().map(i128::from), 32);
        let singles = || singles(a).into_iter();
        let doubles = || doubles(a).into_iter();
        let expected = truncated(singles().map(i32_trunc_sat_f32_s).collect());
        assert_eq!(i32x4_trunc_sat_f32x4_s(a), expected, "{a:#x}");
        let expected = truncated(singles().map(i32_trunc_sat_f32_u).collect());
        assert_eq!(i32x4_trunc_sat_f32x4_u(a), expected, "{a:#x}");
        let expected = truncated(doubles().map(i32_trunc_sat_f64_s).collect());
        assert_eq!(i32x4_trunc_sat_f64x2_s_zero(a), expected, "{a:#x}");
        let expected = truncated(doubles().map(i32_trunc_sat_f64_u).collect());
        assert_eq!(i32x4_trunc_sat_f64x2_u_zero(a), expected, "{a:#x}");
    }
}
