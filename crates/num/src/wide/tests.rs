//! Green says: carries, borrows and signs are right at the edges and on 1,000 random operands. It
//! does not say that the tiers put low and high in the right slots.

use super::*;
use crate::testing::EDGES_64;

/// The 128-bit product by schoolbook multiplication of 32-bit limbs.
fn product_by_limbs(a: u64, b: u64) -> (u64, u64) {
    let limbs = |x: u64| [x & 0xffff_ffff, x >> 32];
    let ([a0, a1], [b0, b1]) = (limbs(a), limbs(b));
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 32);
    let middle2 = a0 * b1 + (middle & 0xffff_ffff);
    (middle2 << 32 | low & 0xffff_ffff, a1 * b1 + (middle >> 32) + (middle2 >> 32))
}

fn check(a: u64, b: u64, c: u64, d: u64) {
    let (low, carry) = a.overflowing_add(c);
    assert_eq!(
        i64_add128(a, b, c, d),
        (low, b.wrapping_add(d).wrapping_add(u64::from(carry))),
        "{a} {b} {c} {d}"
    );
    let (low, borrow) = a.overflowing_sub(c);
    assert_eq!(
        i64_sub128(a, b, c, d),
        (low, b.wrapping_sub(d).wrapping_sub(u64::from(borrow))),
        "{a} {b} {c} {d}"
    );
    let (low, high) = product_by_limbs(a, c);
    assert_eq!(i64_mul_wide_u(a, c), (low, high), "{a} {c}");
    // A negative operand is 2^64 too large when read as unsigned: take 2^64 times the other off.
    let correction =
        if (a as i64) < 0 { c } else { 0 }.wrapping_add(if (c as i64) < 0 { a } else { 0 });
    assert_eq!(i64_mul_wide_s(a, c), (low, high.wrapping_sub(correction)), "{a} {c}");
}

#[test]
fn wide_arithmetic_matches_its_limbs() {
    for a in EDGES_64 {
        for b in EDGES_64 {
            check(a, b, b, a);
            check(a, 0, b, u64::MAX);
        }
    }
    let mut random = prova_random::Rng::new(1);
    for _ in 0..1000 {
        check(random.bits(), random.bits(), random.bits(), random.bits());
    }
}

#[test]
fn wide_arithmetic_by_hand() {
    assert_eq!(i64_add128(u64::MAX, 0, 1, 0), (0, 1));
    assert_eq!(i64_sub128(0, 1, 1, 0), (u64::MAX, 0));
    assert_eq!(i64_mul_wide_s(u64::MAX, u64::MAX), (1, 0));
    assert_eq!(i64_mul_wide_u(u64::MAX, u64::MAX), (1, u64::MAX - 1));
    assert_eq!(i64_mul_wide_s(1 << 63, 1 << 63), (0, 1 << 62));
}
