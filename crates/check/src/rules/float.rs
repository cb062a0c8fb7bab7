//! The arithmetic of floats by their keys (X1 to X6 of `floats`).
//!
//! A float of 8 bytes is a word; its *key* is another one, whose order is the order of floats as
//! numbers. A float of 4 bytes is one of the floats of 8 bytes, its *wide* one.

use crate::word::Word;

/// Words that are read as floats: a sign, an exponent, a fraction.
pub trait Floats: Word {
    /// Bits of the fraction of a float of 8 bytes.
    const FRACTION: u32;
    /// The float 1.
    const ONE: Self;
    /// The float beyond all numbers.
    const INFINITY: Self;
    /// The sign of a float of 4 bytes.
    const SHORT_SIGN: Self;

    /// The float of 4 bytes that is nearest.
    fn short(self) -> Self;
    /// The float of 8 bytes that these bits of one of 4 bytes stand for.
    fn wide(self) -> Self;
    /// The difference of two floats of 8 bytes, rounded to the nearest.
    fn less(self, other: Self) -> Self;
}

/// The sign of a float of 8 bytes.
#[inline]
fn sign<W: Floats>() -> W {
    W::MAX.wrapping_sub(W::MAX.shr(1))
}

/// The key of a float (X1).
#[inline]
pub fn key_of<W: Floats>(bits: W) -> W {
    let positive = bits < sign();
    if planted!(KeysForgetSigns, positive, true) {
        bits.wrapping_add(sign())
    } else {
        W::MAX.wrapping_sub(bits)
    }
}

/// The float with a key.
#[inline]
pub fn number<W: Floats>(key: W) -> W {
    if key < sign() { W::MAX.wrapping_sub(key) } else { key.wrapping_sub(sign()) }
}

/// The least and the most key of floats that are no NaNs.
#[inline]
pub fn numbers<W: Floats>() -> (W, W) {
    let most = planted!(NanIsNumber, W::INFINITY, W::INFINITY.wrapping_add(W::number(1)));
    (key_of(W::INFINITY.wrapping_add(sign())), key_of(most))
}

/// The key of 2^`n`, for an `n` that an exponent can be.
#[inline]
pub fn power<W: Floats>(n: u32) -> W {
    key_of(W::ONE.wrapping_add(W::number(n.into()).shl(W::FRACTION)))
}

/// The key of -2^`n`: of the opposite number it has all bits turned.
#[inline]
pub fn power_below<W: Floats>(n: u32) -> W {
    W::MAX.wrapping_sub(power(n))
}

/// The least and the most key of floats that are equal to the one with this key: 0 has two.
#[inline]
pub fn zeros<W: Floats>(key: W) -> (W, W) {
    let below = sign::<W>().wrapping_sub(W::number(1));
    let zero = key == sign() || key == below;
    if planted!(ZerosAreTwo, zero, false) { (below, sign()) } else { (key, key) }
}

/// Whether one range lies in another.
#[inline]
pub fn is_in<W: Word>(all: (W, W), (lo, hi): (W, W)) -> bool {
    all.0 <= lo && hi <= all.1
}

/// X3: the least of the one and the most of the other → what is then the most of the first and the
/// least of the second, if the first is below the second (equal, if that is not strict); none if
/// that cannot be. Both are no NaNs.
#[inline]
pub fn ordered<W: Floats>(least: W, strict: bool, most: W) -> Option<(W, W)> {
    let (low, high) = (zeros(least), zeros(most));
    let one = W::number(1);
    if low.0 > high.1 || strict && low.1 >= high.0 {
        return None;
    }
    if planted!(EqualIsLess, strict, true) {
        // Neither wraps: one is above `low.1`, the other below `high.0`.
        Some((high.0.wrapping_sub(one), low.1.wrapping_add(one)))
    } else {
        Some((high.1, low.0))
    }
}

/// X4: whether an order of what was rounded towards 0 and of another float is one of the float
/// itself and that one, which may be a whole number.
#[inline]
pub fn rounded_is_it(strict: bool, whole: bool) -> bool {
    planted!(RoundedIsIt, strict && whole, true)
}

/// X3: the key of the least float of 4 bytes that is no less.
#[inline]
pub fn rounded_up<W: Floats>(key: W) -> W {
    let near = number(key).short();
    let wide = key_of(near.wide());
    if planted!(NearestIsAbove, wide < key, true) { key_of(next_up(near).wide()) } else { wide }
}

/// X3: the key of the greatest float of 4 bytes that is no more.
#[inline]
pub fn rounded_down<W: Floats>(key: W) -> W {
    // The opposite of what is no less than the opposite.
    W::MAX.wrapping_sub(rounded_up(W::MAX.wrapping_sub(key)))
}

/// The next float of 4 bytes, of one that is below infinity and not -0, which is the nearest to
/// nothing that is above it.
#[inline]
fn next_up<W: Floats>(short: W) -> W {
    let one = W::number(1);
    if short < W::SHORT_SIGN { short.wrapping_add(one) } else { short.wrapping_sub(one) }
}

/// X6: the bounds of a number with these keys less the constant `c`, which is at least 1. The
/// difference is exact where the number lies between half of that and its double, so it is the same
/// one in floats of 4 bytes.
#[inline]
pub fn difference<W: Floats>((lo, hi): (W, W), c: W) -> Option<(W, W)> {
    let one = W::number(1).shl(W::FRACTION);
    let large = W::INFINITY.wrapping_sub(one);
    let usual = W::ONE <= c && c < large;
    // Half of it, and its double.
    let half = key_of(c.wrapping_sub(one));
    let double = key_of(c.wrapping_add(one));
    let exact = usual && lo >= half && hi <= double;
    if !planted!(AnyDifferenceIsExact, exact, true) {
        return None;
    }
    let key = |key: W| zeros(key_of(number(key).less(c)));
    Some((key(lo).0, key(hi).1))
}

/// X5: whether an integer of `bits` bits that a float between these keys becomes is not negative.
#[inline]
pub fn is_positive<W: Floats>((lo, hi): (W, W), bits: u32) -> bool {
    let none = key_of(W::ONE.wrapping_add(sign()));
    is_below((lo, hi), bits) && planted!(MinusOneIsAbove, lo > none, lo >= none)
}

/// X5: the most key of a float between these that becomes the least integer of `bits` bits.
#[inline]
pub fn most_of_least<W: Floats>(bounds: (W, W), bits: u32) -> Option<W> {
    let below = is_below(bounds, bits);
    planted!(LeastIsNoOther, below, true).then(|| power_below(bits.saturating_sub(1)))
}

/// Whether floats between these keys are numbers below the integers of `bits` bits.
#[inline]
fn is_below<W: Floats>((lo, hi): (W, W), bits: u32) -> bool {
    let end = power(bits.saturating_sub(1));
    lo >= numbers().0 && planted!(EndIsBelow, hi < end, hi <= end)
}

impl Floats for u64 {
    const FRACTION: u32 = 52;
    const ONE: u64 = 1023 << 52;
    const INFINITY: u64 = 0x7ff << 52;
    const SHORT_SIGN: u64 = 1 << 31;

    #[inline]
    fn short(self) -> u64 {
        (f64::from_bits(self) as f32).to_bits().into()
    }
    #[inline]
    fn wide(self) -> u64 {
        f64::from(f32::from_bits(self as u32)).to_bits()
    }
    #[inline]
    fn less(self, other: u64) -> u64 {
        (f64::from_bits(self) - f64::from_bits(other)).to_bits()
    }
}

/// Whether a float of 8 bytes is a whole number.
pub fn is_whole(bits: u64) -> bool {
    let number = bits & (u64::MAX >> 1);
    match number >> 52 {
        0x7ff => false,
        exponent @ 1023.. => {
            let fraction = 1075_u64.saturating_sub(exponent);
            number & 1_u64.checked_shl(fraction as u32).unwrap_or(0).wrapping_sub(1) == 0
                || fraction == 0
        }
        _ => number == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_in, is_whole, key_of, number, numbers, power, power_below};
    use super::{rounded_down, rounded_up, zeros};

    /// Floats in their order.
    const ORDER: [f64; 14] = [
        f64::NEG_INFINITY,
        f64::MIN,
        -9_223_372_036_854_775_808.0,
        -2_147_483_648.5,
        -1.0,
        -f64::MIN_POSITIVE,
        -0.0,
        0.0,
        5e-324,
        0.5,
        4_294_967_295.0,
        18_446_744_073_709_551_616.0,
        f64::MAX,
        f64::INFINITY,
    ];

    #[test]
    fn keys_have_the_order_of_floats() {
        for (i, a) in ORDER.iter().enumerate() {
            let key = key_of(a.to_bits());
            assert_eq!(number(key), a.to_bits(), "{a}");
            assert!(is_in(numbers::<u64>(), (key, key)), "{a}");
            for b in &ORDER[i + 1..] {
                let other = key_of(b.to_bits());
                assert!(key < other, "{a} and {b}");
                assert_eq!(zeros(key) == zeros(other), a == b, "{a} and {b}");
            }
        }
        for nan in [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)] {
            let key = key_of(nan.to_bits());
            assert!(!is_in(numbers::<u64>(), (key, key)), "{nan}");
        }
        assert_eq!(power::<u64>(31), key_of(2_147_483_648_f64.to_bits()));
        assert_eq!(power_below::<u64>(63), key_of((-9_223_372_036_854_775_808_f64).to_bits()));
    }

    #[test]
    fn bounds_are_rounded_inwards() {
        let key = |at: f64| key_of(at.to_bits());
        for (at, up, down) in [
            (-2_147_483_648.5, -2_147_483_648.0, -2_147_483_904.0),
            (4_294_967_295.0, 4_294_967_296.0, 4_294_967_040.0),
            (0.5, 0.5, 0.5),
            (-0.0, -0.0, -0.0),
            (1e300, f64::INFINITY, f64::from(f32::MAX)),
            (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY),
        ] {
            assert_eq!((rounded_up(key(at)), rounded_down(key(at))), (key(up), key(down)), "{at}");
        }
    }

    #[test]
    fn whole_numbers_are_told() {
        let big = 4_503_599_627_370_496_f64;
        for whole in [0.0, -0.0, 1.0, -1.0, 6.0, -2_147_483_649.0, big, big + 1.0, 1e300] {
            assert!(is_whole(whole.to_bits()), "{whole}");
        }
        let halves = [0.5, -0.5, 1.5, -2_147_483_648.5, big / 2.0 + 0.5, 5e-324];
        for other in halves.into_iter().chain([f64::INFINITY, f64::NAN]) {
            assert!(!is_whole(other.to_bits()), "{other}");
        }
    }
}
