//! Green says: every integer operator is right at the edges and on random operands, against 128-bit
//! integers and bit loops. It does not say that an executor reads the right operands.

use super::*;
use crate::testing::{EDGES_32, EDGES_64};

/// Recomputes all binary and unary operators of one width in `i128`, where nothing overflows.
macro_rules! check_width {
    ($check:ident, $unsigned:ty, $signed:ty, $bits:literal, {
        $clz:ident $ctz:ident $popcnt:ident $add:ident $sub:ident $mul:ident $div_s:ident
        $div_u:ident $rem_s:ident
        $rem_u:ident $and:ident $or:ident $xor:ident $shl:ident $shr_s:ident $shr_u:ident
        $rotl:ident $rotr:ident
        $eqz:ident $eq:ident $ne:ident $lt_s:ident $lt_u:ident $gt_s:ident $gt_u:ident $le_s:ident
        $le_u:ident
        $ge_s:ident $ge_u:ident
    }) => {
        fn $check(a: $unsigned, b: $unsigned) {
            let (sa, sb) = (i128::from(a as $signed), i128::from(b as $signed));
            let (ua, ub) = (i128::from(a), i128::from(b));
            let bit = |i: u32| (a >> i & 1) == 1;
            assert_eq!(
                $clz(a),
                (0..$bits).rev().take_while(|i| !bit(*i)).count() as $unsigned,
                "clz {a:#x}"
            );
            assert_eq!(
                $ctz(a),
                (0..$bits).take_while(|i| !bit(*i)).count() as $unsigned,
                "ctz {a:#x}"
            );
            assert_eq!(
                $popcnt(a),
                (0..$bits).filter(|i| bit(*i)).count() as $unsigned,
                "popcnt {a:#x}"
            );
            assert_eq!($eqz(a), u32::from(ua == 0), "eqz {a:#x}");

            assert_eq!($add(a, b), (ua + ub) as $unsigned, "add {a:#x} {b:#x}");
            assert_eq!($sub(a, b), (ua - ub) as $unsigned, "sub {a:#x} {b:#x}");
            assert_eq!($mul(a, b), sa.wrapping_mul(sb) as $unsigned, "mul {a:#x} {b:#x}");
            let signed = |quotient: i128| match <$signed>::try_from(quotient) {
                Ok(quotient) => Ok(quotient as $unsigned),
                Err(_) => Err(NumError::IntegerOverflow),
            };
            if b == 0 {
                for result in [$div_s(a, b), $div_u(a, b), $rem_s(a, b), $rem_u(a, b)] {
                    assert_eq!(result, Err(NumError::DivisionByZero), "{a:#x} / 0");
                }
            } else {
                assert_eq!($div_s(a, b), signed(sa / sb), "div_s {a:#x} {b:#x}");
                assert_eq!($div_u(a, b), Ok((ua / ub) as $unsigned), "div_u {a:#x} {b:#x}");
                assert_eq!($rem_s(a, b), signed(sa % sb), "rem_s {a:#x} {b:#x}");
                assert_eq!($rem_u(a, b), Ok((ua % ub) as $unsigned), "rem_u {a:#x} {b:#x}");
            }
            let by_bits = |f: fn(bool, bool) -> bool| {
                (0..$bits).fold(0, |word: $unsigned, i| {
                    word | <$unsigned>::from(f(bit(i), b >> i & 1 == 1)) << i
                })
            };
            assert_eq!($and(a, b), by_bits(|x, y| x && y), "and {a:#x} {b:#x}");
            assert_eq!($or(a, b), by_bits(|x, y| x || y), "or {a:#x} {b:#x}");
            assert_eq!($xor(a, b), by_bits(|x, y| x != y), "xor {a:#x} {b:#x}");

            let count = (b % $bits) as u32;
            assert_eq!($shl(a, b), (ua << count) as $unsigned, "shl {a:#x} {b:#x}");
            assert_eq!($shr_s(a, b), (sa >> count) as $unsigned, "shr_s {a:#x} {b:#x}");
            assert_eq!($shr_u(a, b), (ua >> count) as $unsigned, "shr_u {a:#x} {b:#x}");
            let twice = u128::from(a) << $bits | u128::from(a);
            assert_eq!($rotl(a, b), (twice >> ($bits - count)) as $unsigned, "rotl {a:#x} {b:#x}");
            assert_eq!($rotr(a, b), (twice >> count) as $unsigned, "rotr {a:#x} {b:#x}");

            assert_eq!($eq(a, b), u32::from(ua == ub), "eq {a:#x} {b:#x}");
            assert_eq!($ne(a, b), u32::from(ua != ub), "ne {a:#x} {b:#x}");
            assert_eq!($lt_s(a, b), u32::from(sa < sb), "lt_s {a:#x} {b:#x}");
            assert_eq!($lt_u(a, b), u32::from(ua < ub), "lt_u {a:#x} {b:#x}");
            assert_eq!($gt_s(a, b), u32::from(sa > sb), "gt_s {a:#x} {b:#x}");
            assert_eq!($gt_u(a, b), u32::from(ua > ub), "gt_u {a:#x} {b:#x}");
            assert_eq!($le_s(a, b), u32::from(sa <= sb), "le_s {a:#x} {b:#x}");
            assert_eq!($le_u(a, b), u32::from(ua <= ub), "le_u {a:#x} {b:#x}");
            assert_eq!($ge_s(a, b), u32::from(sa >= sb), "ge_s {a:#x} {b:#x}");
            assert_eq!($ge_u(a, b), u32::from(ua >= ub), "ge_u {a:#x} {b:#x}");
        }
    };
}

check_width!(check_32, u32, i32, 32, {
    i32_clz i32_ctz i32_popcnt i32_add i32_sub i32_mul i32_div_s i32_div_u i32_rem_s i32_rem_u
    i32_and i32_or i32_xor
    i32_shl i32_shr_s i32_shr_u i32_rotl i32_rotr i32_eqz i32_eq i32_ne i32_lt_s i32_lt_u i32_gt_s
    i32_gt_u i32_le_s
    i32_le_u i32_ge_s i32_ge_u
});
check_width!(check_64, u64, i64, 64, {
    i64_clz i64_ctz i64_popcnt i64_add i64_sub i64_mul i64_div_s i64_div_u i64_rem_s i64_rem_u
    i64_and i64_or i64_xor
    i64_shl i64_shr_s i64_shr_u i64_rotl i64_rotr i64_eqz i64_eq i64_ne i64_lt_s i64_lt_u i64_gt_s
    i64_gt_u i64_le_s
    i64_le_u i64_ge_s i64_ge_u
});

#[test]
fn integer_operators_match_wider_integers() {
    for a in EDGES_32 {
        for b in EDGES_32 {
            check_32(a, b);
        }
    }
    for a in EDGES_64 {
        for b in EDGES_64 {
            check_64(a, b);
        }
    }
    let mut random = prova_random::Rng::new(2);
    for _ in 0..2000 {
        check_32(random.bits() as u32, random.bits() as u32);
        check_64(random.bits(), random.bits());
    }
}

#[test]
fn signed_division_overflows_and_its_remainder_does_not() {
    assert_eq!(i32_div_s(1 << 31, u32::MAX), Err(NumError::IntegerOverflow));
    assert_eq!(i64_div_s(1 << 63, u64::MAX), Err(NumError::IntegerOverflow));
    assert_eq!(i32_rem_s(1 << 31, u32::MAX), Ok(0));
    assert_eq!(i64_rem_s(1 << 63, u64::MAX), Ok(0));
    assert_eq!(i32_rem_s(-7_i32 as u32, 2), Ok(u32::MAX));
}

#[test]
fn sign_extension_repeats_the_top_bit() {
    assert_eq!(i32_extend8_s(0x1234_567f), 0x7f);
    assert_eq!(i32_extend8_s(0x1234_5680), 0xffff_ff80);
    assert_eq!(i32_extend16_s(0x1234_7fff), 0x7fff);
    assert_eq!(i32_extend16_s(0x1234_8000), 0xffff_8000);
    assert_eq!(i64_extend8_s(0x1234_567f), 0x7f);
    assert_eq!(i64_extend8_s(0x1234_5680), 0xffff_ffff_ffff_ff80);
    assert_eq!(i64_extend16_s(0x1234_7fff), 0x7fff);
    assert_eq!(i64_extend16_s(0x1234_8000), 0xffff_ffff_ffff_8000);
    assert_eq!(i64_extend32_s(0x1_7fff_ffff), 0x7fff_ffff);
    assert_eq!(i64_extend32_s(0x1_8000_0000), 0xffff_ffff_8000_0000);
}
