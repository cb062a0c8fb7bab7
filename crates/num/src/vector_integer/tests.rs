//! Green says: every integer lane operator agrees with exact integers on edge and random lanes,
//! each lane in its place. It does not say that float lanes or moved lanes are right, nor that the
//! sums below are the specification's; they were written from it.

use super::*;
use crate::testing::{from_integers, integers, vectors};

type Unary = fn(u128) -> u128;
type Binary = fn(u128, u128) -> u128;

/// The range of a lane, from which the rows take their bounds.
#[derive(Clone, Copy)]
struct Lane {
    bits: u32,
    signed: bool,
}

impl Lane {
    fn saturate(self, x: i128) -> i128 {
        if self.signed {
            x.clamp(-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1)
        } else {
            x.clamp(0, (1 << self.bits) - 1)
        }
    }
}

/// Whether lanes are read as signed, the exact operator, the operators by lane width.
type UnaryRow = (bool, fn(i128) -> i128, &'static [(u32, Unary)]);
type BinaryRow = (bool, fn(i128, i128, Lane) -> i128, &'static [(u32, Binary)]);

const UNARY: &[UnaryRow] = &[
    (true, i128::abs, &[(8, i8x16_abs), (16, i16x8_abs), (32, i32x4_abs), (64, i64x2_abs)]),
    (true, |x| -x, &[(8, i8x16_neg), (16, i16x8_neg), (32, i32x4_neg), (64, i64x2_neg)]),
    (false, |x| i128::from(x.count_ones()), &[(8, i8x16_popcnt)]),
    (false, |x| !x, &[(8, v128_not)]),
];

#[rustfmt::skip]
const BINARY: &[BinaryRow] = &[
    (false, |x, y, _| x & y, &[(8, v128_and), (64, v128_and)]),
    (false, |x, y, _| x & !y, &[(8, v128_andnot), (64, v128_andnot)]),
    (false, |x, y, _| x | y, &[(8, v128_or), (64, v128_or)]),
    (false, |x, y, _| x ^ y, &[(8, v128_xor), (64, v128_xor)]),
    (true, |x, y, _| x + y, &[(8, i8x16_add), (16, i16x8_add), (32, i32x4_add), (64, i64x2_add)]),
    (true, |x, y, _| x - y, &[(8, i8x16_sub), (16, i16x8_sub), (32, i32x4_sub), (64, i64x2_sub)]),
    (true, |x, y, _| x * y, &[(16, i16x8_mul), (32, i32x4_mul), (64, i64x2_mul)]),
    (true, |x, y, lane| lane.saturate(x + y), &[(8, i8x16_add_sat_s), (16, i16x8_add_sat_s)]),
    (false, |x, y, lane| lane.saturate(x + y), &[(8, i8x16_add_sat_u), (16, i16x8_add_sat_u)]),
    (true, |x, y, lane| lane.saturate(x - y), &[(8, i8x16_sub_sat_s), (16, i16x8_sub_sat_s)]),
    (false, |x, y, lane| lane.saturate(x - y), &[(8, i8x16_sub_sat_u), (16, i16x8_sub_sat_u)]),
    (true, |x, y, _| x.min(y), &[(8, i8x16_min_s), (16, i16x8_min_s), (32, i32x4_min_s)]),
    (false, |x, y, _| x.min(y), &[(8, i8x16_min_u), (16, i16x8_min_u), (32, i32x4_min_u)]),
    (true, |x, y, _| x.max(y), &[(8, i8x16_max_s), (16, i16x8_max_s), (32, i32x4_max_s)]),
    (false, |x, y, _| x.max(y), &[(8, i8x16_max_u), (16, i16x8_max_u), (32, i32x4_max_u)]),
    (false, |x, y, _| (x + y + 1) >> 1, &[(8, i8x16_avgr_u), (16, i16x8_avgr_u)]),
    (true, |x, y, lane| lane.saturate((x * y + 0x4000) >> 15), &[(16, i16x8_q15mulr_sat_s)]),
    (true, |x, y, _| mask(x == y), &[
        (8, i8x16_eq), (16, i16x8_eq), (32, i32x4_eq), (64, i64x2_eq),
    ]),
    (true, |x, y, _| mask(x != y), &[
        (8, i8x16_ne), (16, i16x8_ne), (32, i32x4_ne), (64, i64x2_ne),
    ]),
    (true, |x, y, _| mask(x < y), &[
        (8, i8x16_lt_s), (16, i16x8_lt_s), (32, i32x4_lt_s), (64, i64x2_lt_s),
    ]),
    (true, |x, y, _| mask(x > y), &[
        (8, i8x16_gt_s), (16, i16x8_gt_s), (32, i32x4_gt_s), (64, i64x2_gt_s),
    ]),
    (true, |x, y, _| mask(x <= y), &[
        (8, i8x16_le_s), (16, i16x8_le_s), (32, i32x4_le_s), (64, i64x2_le_s),
    ]),
    (true, |x, y, _| mask(x >= y), &[
        (8, i8x16_ge_s), (16, i16x8_ge_s), (32, i32x4_ge_s), (64, i64x2_ge_s),
    ]),
    (false, |x, y, _| mask(x < y), &[(8, i8x16_lt_u), (16, i16x8_lt_u), (32, i32x4_lt_u)]),
    (false, |x, y, _| mask(x > y), &[(8, i8x16_gt_u), (16, i16x8_gt_u), (32, i32x4_gt_u)]),
    (false, |x, y, _| mask(x <= y), &[(8, i8x16_le_u), (16, i16x8_le_u), (32, i32x4_le_u)]),
    (false, |x, y, _| mask(x >= y), &[(8, i8x16_ge_u), (16, i16x8_ge_u), (32, i32x4_ge_u)]),
];

fn mask(holds: bool) -> i128 {
    -i128::from(holds)
}

#[test]
fn unary_operators_match_exact_integers() {
    for (row, (signed, exact, operators)) in UNARY.iter().enumerate() {
        for (bits, operator) in *operators {
            for a in vectors() {
                let expected =
                    from_integers(integers(a, *bits, *signed).into_iter().map(exact), *bits);
                assert_eq!(operator(a), expected, "row {row}, width {bits}: {a:#x}");
            }
        }
    }
}

#[test]
fn binary_operators_match_exact_integers() {
    for (row, (signed, exact, operators)) in BINARY.iter().enumerate() {
        for (bits, operator) in *operators {
            let lane = Lane { bits: *bits, signed: *signed };
            for (a, b) in
                vectors().into_iter().flat_map(|a| vectors().into_iter().map(move |b| (a, b)))
            {
                let lanes =
                    integers(a, *bits, *signed).into_iter().zip(integers(b, *bits, *signed));
                let expected = from_integers(lanes.map(|(x, y)| exact(x, y, lane)), *bits);
                assert_eq!(operator(a, b), expected, "row {row}, width {bits}: {a:#x} {b:#x}");
            }
        }
    }
}

/// Lanes of 8 and 16 bits are computed in place, where a fault could leak into a neighbour: all
/// pairs of bytes, each between lanes of all ones and of all zeros.
#[test]
fn narrow_lanes_match_exact_integers_for_all_pairs_of_bytes() {
    for (row, (signed, exact, operators)) in BINARY.iter().enumerate() {
        for (bits, operator) in operators.iter().filter(|(bits, _)| *bits <= 16) {
            let (lane, shift) = (Lane { bits: *bits, signed: *signed }, bits / 2);
            let ones = u128::MAX >> (128 - bits);
            for (x, y) in
                (0..256).flat_map(|x| (0..256).map(move |y| (x << (bits - 8), y << (bits - 8))))
            {
                let (a, b) = (ones << (2 * bits) | x << bits | ones, y << bits | ones >> shift);
                let lanes =
                    integers(a, *bits, *signed).into_iter().zip(integers(b, *bits, *signed));
                let expected = from_integers(lanes.map(|(x, y)| exact(x, y, lane)), *bits);
                assert_eq!(operator(a, b), expected, "row {row}, width {bits}: {a:#x} {b:#x}");
            }
        }
    }
}

#[test]
fn shifts_count_modulo_the_width() {
    type Shift = fn(u128, u32) -> u128;
    let rows: [(u32, [Shift; 3]); 4] = [
        (8, [i8x16_shl, i8x16_shr_s, i8x16_shr_u]),
        (16, [i16x8_shl, i16x8_shr_s, i16x8_shr_u]),
        (32, [i32x4_shl, i32x4_shr_s, i32x4_shr_u]),
        (64, [i64x2_shl, i64x2_shr_s, i64x2_shr_u]),
    ];
    for (bits, [shl, shr_s, shr_u]) in rows {
        for a in vectors() {
            for count in [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1 << 31, u32::MAX] {
                let shift = |signed: bool, f: fn(i128, u32) -> i128| {
                    let lanes = integers(a, bits, signed).into_iter();
                    from_integers(lanes.map(|x| f(x, count % bits)), bits)
                };
                assert_eq!(
                    shl(a, count),
                    shift(false, |x, count| x << count),
                    "{bits} {a:#x} {count}"
                );
                assert_eq!(
                    shr_s(a, count),
                    shift(true, |x, count| x >> count),
                    "{bits} {a:#x} {count}"
                );
                assert_eq!(
                    shr_u(a, count),
                    shift(false, |x, count| x >> count),
                    "{bits} {a:#x} {count}"
                );
            }
        }
    }
}

#[test]
fn tests_and_masks_see_every_lane() {
    type Test = fn(u128) -> u32;
    let rows: [(u32, Test, Test); 4] = [
        (8, i8x16_all_true, i8x16_bitmask),
        (16, i16x8_all_true, i16x8_bitmask),
        (32, i32x4_all_true, i32x4_bitmask),
        (64, i64x2_all_true, i64x2_bitmask),
    ];
    for (bits, all_true, bitmask) in rows {
        let one_lane = (0..128 / bits).map(|lane| 1_u128 << (lane * bits) << (bits - 1));
        for a in one_lane.clone().chain(one_lane.map(|lane| !lane)).chain(vectors()) {
            let lanes = integers(a, bits, true);
            assert_eq!(all_true(a), u32::from(!lanes.contains(&0)), "{bits} {a:#x}");
            let expected: u32 = lanes.iter().enumerate().map(|(i, x)| u32::from(*x < 0) << i).sum();
            assert_eq!(bitmask(a), expected, "{bits} {a:#x}");
        }
        assert_eq!(all_true(u128::MAX ^ (u128::MAX >> (128 - bits) << (128 - bits))), 0);
    }
    for (a, expected) in [(0, 0), (1, 1), (1 << 127, 1), (u128::MAX, 1)] {
        assert_eq!(v128_any_true(a), expected);
    }
}

#[test]
fn bitselect_takes_bits_of_the_first_where_the_mask_is_set() {
    assert_eq!(v128_bitselect(0b1100, 0b1010, 0b0110), 0b1100);
    assert_eq!(v128_bitselect(u128::MAX, 0, 0x1234), 0x1234);
    assert_eq!(v128_bitselect(0, u128::MAX, 0x1234), !0x1234);
}

/// Extensions, pairwise additions: width and sign of the source lane, operators.
#[test]
fn extensions_match_exact_integers() {
    let rows: [(u32, bool, Unary, Unary); 6] = [
        (8, true, i16x8_extend_low_i8x16_s, i16x8_extend_high_i8x16_s),
        (8, false, i16x8_extend_low_i8x16_u, i16x8_extend_high_i8x16_u),
        (16, true, i32x4_extend_low_i16x8_s, i32x4_extend_high_i16x8_s),
        (16, false, i32x4_extend_low_i16x8_u, i32x4_extend_high_i16x8_u),
        (32, true, i64x2_extend_low_i32x4_s, i64x2_extend_high_i32x4_s),
        (32, false, i64x2_extend_low_i32x4_u, i64x2_extend_high_i32x4_u),
    ];
    for (bits, signed, low, high) in rows {
        for a in vectors() {
            let lanes = integers(a, bits, signed);
            let (lower, upper) = lanes.split_at(lanes.len() / 2);
            assert_eq!(low(a), from_integers(lower.iter().copied(), 2 * bits), "{bits} {a:#x}");
            assert_eq!(high(a), from_integers(upper.iter().copied(), 2 * bits), "{bits} {a:#x}");
        }
    }
    let rows: [(u32, bool, Unary); 4] = [
        (8, true, i16x8_extadd_pairwise_i8x16_s),
        (8, false, i16x8_extadd_pairwise_i8x16_u),
        (16, true, i32x4_extadd_pairwise_i16x8_s),
        (16, false, i32x4_extadd_pairwise_i16x8_u),
    ];
    for (bits, signed, extadd) in rows {
        for a in vectors() {
            let sums = integers(a, bits, signed);
            let expected = from_integers(sums.chunks(2).map(|pair| pair[0] + pair[1]), 2 * bits);
            assert_eq!(extadd(a), expected, "{bits} {a:#x}");
        }
    }
}

#[test]
fn extended_products_match_exact_integers() {
    let rows: [(u32, bool, Binary, Binary); 6] = [
        (8, true, i16x8_extmul_low_i8x16_s, i16x8_extmul_high_i8x16_s),
        (8, false, i16x8_extmul_low_i8x16_u, i16x8_extmul_high_i8x16_u),
        (16, true, i32x4_extmul_low_i16x8_s, i32x4_extmul_high_i16x8_s),
        (16, false, i32x4_extmul_low_i16x8_u, i32x4_extmul_high_i16x8_u),
        (32, true, i64x2_extmul_low_i32x4_s, i64x2_extmul_high_i32x4_s),
        (32, false, i64x2_extmul_low_i32x4_u, i64x2_extmul_high_i32x4_u),
    ];
    for (a, b) in vectors().into_iter().flat_map(|a| vectors().into_iter().map(move |b| (a, b))) {
        for (bits, signed, low, high) in rows {
            let lanes = integers(a, bits, signed).into_iter().zip(integers(b, bits, signed));
            let products: Vec<i128> = lanes.map(|(x, y)| x * y).collect();
            let (lower, upper) = products.split_at(products.len() / 2);
            assert_eq!(low(a, b), from_integers(lower.iter().copied(), 2 * bits), "{a:#x} {b:#x}");
            assert_eq!(high(a, b), from_integers(upper.iter().copied(), 2 * bits), "{a:#x} {b:#x}");
        }
        let lanes = integers(a, 16, true).into_iter().zip(integers(b, 16, true));
        let products: Vec<i128> = lanes.map(|(x, y)| x * y).collect();
        let dot = from_integers(products.chunks(2).map(|pair| pair[0] + pair[1]), 32);
        assert_eq!(i32x4_dot_i16x8_s(a, b), dot, "{a:#x} {b:#x}");
    }
}

#[test]
fn narrowing_saturates_and_keeps_the_first_operand_low() {
    let rows: [(u32, bool, Binary); 4] = [
        (16, true, i8x16_narrow_i16x8_s),
        (16, false, i8x16_narrow_i16x8_u),
        (32, true, i16x8_narrow_i32x4_s),
        (32, false, i16x8_narrow_i32x4_u),
    ];
    for (a, b) in vectors().into_iter().flat_map(|a| vectors().into_iter().map(move |b| (a, b))) {
        for (bits, signed, narrow) in rows {
            let lane = Lane { bits: bits / 2, signed };
            let lanes = integers(a, bits, true).into_iter().chain(integers(b, bits, true));
            let expected = from_integers(lanes.map(|x| lane.saturate(x)), bits / 2);
            assert_eq!(narrow(a, b), expected, "{bits} {signed} {a:#x} {b:#x}");
        }
    }
    assert_eq!(i8x16_narrow_i16x8_u(0xffff_0100_00ff, 0) & 0xff_ffff, 0xffff);
}

#[test]
fn vector_integers_by_hand() {
    assert_eq!(i8x16_add(0xff01, 0x01ff), 0x0000);
    assert_eq!(i16x8_add(0xff01, 0x01ff), 0x0100);
    assert_eq!(i16x8_q15mulr_sat_s(0x8000, 0x8000), 0x7fff);
    assert_eq!(i16x8_q15mulr_sat_s(0x4000, 0x4000), 0x2000);
    assert_eq!(i8x16_avgr_u(0xff, 0xfe), 0xff);
    assert_eq!(i32x4_dot_i16x8_s(0x8000_8000, 0x8000_8000), 0x8000_0000);
    assert_eq!(i64x2_lt_s(1 << 63, 0), u128::from(u64::MAX));
}
