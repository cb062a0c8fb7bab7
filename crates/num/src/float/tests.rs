//! Green says: signs, zeros, NaNs and ties come out as the specification has them, for all pairs of
//! edge values. It does not say that the machine's `+ - * /` and `sqrt` round correctly, which is
//! the machine's promise, nor that they quiet a NaN when the compiler folds them: the operands here
//! are unknown to it.

use std::hint::black_box;

use super::*;
use crate::testing::{FLOATS_32, FLOATS_64};

/// The tests of one width; the widths differ in the names, the table and the quiet bit.
macro_rules! check_width {
    ($module:ident, $float:ty, $table:ident, $quiet:literal, $canonical:literal, $sign:ident, {
        $abs:ident $neg:ident $copysign:ident $ceil:ident $floor:ident $trunc:ident $nearest:ident
        $sqrt:ident
        $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident $eq:ident $ne:ident
        $lt:ident $gt:ident
        $le:ident $ge:ident $canonicalize:ident
    }) => {
        mod $module {
            use super::*;

            fn values() -> impl Iterator<Item = $float> {
                $table.into_iter().map(<$float>::from_bits)
            }

            fn is_quiet_nan(x: $float) -> bool {
                x.is_nan() && x.to_bits() & $quiet != 0
            }

            #[test]
            fn sign_operators_touch_the_sign_alone() {
                for a in values() {
                    assert_eq!($abs(a).to_bits(), a.to_bits() & !$sign);
                    assert_eq!($neg(a).to_bits(), a.to_bits() ^ $sign);
                    for b in values() {
                        let expected = if b.is_sign_negative() { $neg($abs(a)) } else { $abs(a) };
                        assert_eq!($copysign(a, b).to_bits(), expected.to_bits());
                    }
                }
            }

            #[test]
            fn computed_nans_are_quiet() {
                let unary: [fn($float) -> $float; 5] = [$ceil, $floor, $trunc, $nearest, $sqrt];
                let binary: [fn($float, $float) -> $float; 6] =
                    [$add, $sub, $mul, $div, $min, $max];
                for a in values() {
                    for operator in unary {
                        let result = black_box(operator)(a);
                        assert_eq!(result.is_nan(), is_quiet_nan(result), "{:#x}", a.to_bits());
                        assert!(!a.is_nan() || result.is_nan());
                    }
                    for b in values() {
                        for operator in binary {
                            let result = black_box(operator)(a, b);
                            assert_eq!(
                                result.is_nan(),
                                is_quiet_nan(result),
                                "{:#x} {:#x}",
                                a.to_bits(),
                                b.to_bits()
                            );
                            assert!(!(a.is_nan() || b.is_nan()) || result.is_nan());
                        }
                    }
                }
            }

            #[test]
            fn minimum_and_maximum_order_the_zeros() {
                for (a, b) in values().flat_map(|a| values().map(move |b| (a, b))) {
                    if a.is_nan() || b.is_nan() {
                        continue;
                    }
                    let (least, greatest) = if a.total_cmp(&b).is_le() { (a, b) } else { (b, a) };
                    assert_eq!($min(a, b).to_bits(), least.to_bits(), "{a} {b}");
                    assert_eq!($max(a, b).to_bits(), greatest.to_bits(), "{a} {b}");
                }
            }

            #[test]
            fn canonical_operands_give_canonical_nans() {
                let nan = <$float>::from_bits($canonical);
                for b in values().filter(|b| !b.is_nan()).chain([nan, -nan]) {
                    for result in [
                        $min(nan, b),
                        $min(b, nan),
                        $max(nan, b),
                        $max(b, nan),
                        $add(nan, b),
                        $div(b, nan),
                    ] {
                        assert_eq!($abs(result).to_bits(), $canonical);
                    }
                }
                assert_eq!($abs($ceil(nan)).to_bits(), $canonical);
            }

            #[test]
            fn rounding_goes_where_its_name_says() {
                // (operand, ceil, floor, trunc, nearest)
                let rows: &[[$float; 5]] = &[
                    [0.5, 1.0, 0.0, 0.0, 0.0],
                    [-0.5, -0.0, -1.0, -0.0, -0.0],
                    [1.5, 2.0, 1.0, 1.0, 2.0],
                    [-1.5, -1.0, -2.0, -1.0, -2.0],
                    [2.5, 3.0, 2.0, 2.0, 2.0],
                    [-2.5, -2.0, -3.0, -2.0, -2.0],
                    [0.75, 1.0, 0.0, 0.0, 1.0],
                    [-0.75, -0.0, -1.0, -0.0, -1.0],
                    [0.0, 0.0, 0.0, 0.0, 0.0],
                    [-0.0, -0.0, -0.0, -0.0, -0.0],
                    [<$float>::MIN_POSITIVE, 1.0, 0.0, 0.0, 0.0],
                    [-<$float>::MIN_POSITIVE, -0.0, -1.0, -0.0, -0.0],
                    [<$float>::MAX; 5],
                    [
                        <$float>::INFINITY,
                        <$float>::INFINITY,
                        <$float>::INFINITY,
                        <$float>::INFINITY,
                        <$float>::INFINITY,
                    ],
                ];
                for [a, ceil, floor, trunc, nearest] in rows {
                    for (result, expected) in [
                        ($ceil(*a), ceil),
                        ($floor(*a), floor),
                        ($trunc(*a), trunc),
                        ($nearest(*a), nearest),
                    ] {
                        assert_eq!(result.to_bits(), expected.to_bits(), "{a}");
                    }
                }
                let odd = 8_388_609.0;
                assert_eq!($nearest(odd), odd);
            }

            #[test]
            fn arithmetic_by_hand() {
                let (zero, infinity): ($float, $float) = (0.0, <$float>::INFINITY);
                assert_eq!($add(1.5, 2.0), 3.5);
                assert_eq!($sub(1.5, 2.0), -0.5);
                assert_eq!($mul(1.5, -2.0), -3.0);
                assert_eq!($div(3.0, 2.0), 1.5);
                assert_eq!($div(1.0, -zero), -infinity);
                assert_eq!($sqrt(2.25), 1.5);
                assert_eq!($sqrt(-zero).to_bits(), (-zero).to_bits());
                assert_eq!($add(zero, -zero).to_bits(), zero.to_bits());
                for nan in
                    [$div(zero, zero), $sub(infinity, infinity), $mul(zero, infinity), $sqrt(-1.0)]
                {
                    assert_eq!($abs(nan).to_bits(), $canonical);
                }
            }

            #[test]
            fn comparisons_are_false_for_nans_except_ne() {
                for (a, b) in values().flat_map(|a| values().map(move |b| (a, b))) {
                    let order = a.partial_cmp(&b);
                    let truth = |holds: bool| u32::from(holds);
                    assert_eq!($eq(a, b), truth(order.is_some_and(|order| order.is_eq())));
                    assert_eq!($ne(a, b), truth(order.is_none_or(|order| order.is_ne())));
                    assert_eq!($lt(a, b), truth(order.is_some_and(|order| order.is_lt())));
                    assert_eq!($gt(a, b), truth(order.is_some_and(|order| order.is_gt())));
                    assert_eq!($le(a, b), truth(order.is_some_and(|order| order.is_le())));
                    assert_eq!($ge(a, b), truth(order.is_some_and(|order| order.is_ge())));
                }
            }

            #[test]
            fn canonicalization_changes_nans_alone() {
                for a in values() {
                    let expected = if a.is_nan() { $canonical } else { a.to_bits() };
                    assert_eq!($canonicalize(a).to_bits(), expected);
                }
                // The compiler sees where this operand comes from, and must not drop the choice.
                assert_eq!($canonicalize($sqrt(black_box(-1.0))).to_bits(), $canonical);
            }
        }
    };
}

check_width!(single, f32, FLOATS_32, 0x0040_0000, 0x7fc0_0000, SIGN_32, {
    f32_abs f32_neg f32_copysign f32_ceil f32_floor f32_trunc f32_nearest f32_sqrt f32_add f32_sub
    f32_mul f32_div
    f32_min f32_max f32_eq f32_ne f32_lt f32_gt f32_le f32_ge f32_canonicalize
});
check_width!(double, f64, FLOATS_64, 0x0008_0000_0000_0000, 0x7ff8_0000_0000_0000, SIGN_64, {
    f64_abs f64_neg f64_copysign f64_ceil f64_floor f64_trunc f64_nearest f64_sqrt f64_add f64_sub
    f64_mul f64_div
    f64_min f64_max f64_eq f64_ne f64_lt f64_gt f64_le f64_ge f64_canonicalize
});
