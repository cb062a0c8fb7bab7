//! The rules of floats on floats of 4 bytes and what lies between them, beside the processor's own
//! arithmetic: of the bit patterns one in [`STEP`], or all of them with `PROVA_FLOATS=all` (some
//! minutes).

use prova_check::rules::float::{
    difference, is_in, is_positive, is_whole, key_of, most_of_least, number, numbers, rounded_down,
    rounded_up,
};

/// A prime, so that patterns of all kinds come up.
const STEP: usize = 65_521;

/// The constants that differences are looked at with: ends of integers, and others.
const LESS: [f32; 5] = [1.0, 1.5, 2_147_483_648.0, 9_223_372_036_854_775_808.0, 3e38];

/// The patterns: some beside each power of 2, and one in [`STEP`] of all.
fn patterns() -> impl Iterator<Item = u32> {
    let all = std::env::var_os("PROVA_FLOATS").is_some();
    let step = if all { 1 } else { STEP };
    let ends = (0..=u32::MAX >> 23).flat_map(|top| (0..4).map(move |n| (top << 23) | n));
    let ends = ends.chain(
        (0..=u32::MAX >> 23).flat_map(|top| (1..4).map(move |n| (top << 23).wrapping_sub(n))),
    );
    ends.chain((0..=u32::MAX).step_by(step))
}

fn key(float: f64) -> u64 {
    key_of(float.to_bits())
}

#[test]
fn floats_of_4_bytes_agree_with_the_processor() {
    let mut numbers_seen = 0_u64;
    for float in patterns().map(f32::from_bits) {
        let wide = f64::from(float);
        let own = key(wide);
        assert_eq!(number(own), wide.to_bits());
        assert_eq!(is_in(numbers(), (own, own)), !float.is_nan(), "{float:e}");
        assert_eq!(is_whole(wide.to_bits()), float.is_finite() && float.trunc() == float);
        if float.is_nan() {
            continue;
        }
        numbers_seen += 1;
        lies_between(float);
        becomes_integers(wide);
        LESS.into_iter().for_each(|c| is_less(float, c));
    }
    assert!(numbers_seen > 60_000, "{numbers_seen}");
}

/// X1, X3: every key from a float of 4 bytes to the next one is rounded to these two.
fn lies_between(float: f32) {
    let (low, next) = (key(float.into()), float.next_up());
    assert_eq!((rounded_up(low), rounded_down(low)), (low, low), "{float:e}");
    // Both zeros lie beside the least floats; each is 0.
    if float.is_infinite() || next == 0.0 || float == 0.0 {
        return;
    }
    let high = key(next.into());
    assert!(low < high, "{float:e}");
    let middle = low + (high - low) / 2;
    for at in [low + 1, middle - 1, middle, middle + 1, high - 1] {
        assert_eq!((rounded_up(at), rounded_down(at)), (high, low), "{float:e}, {at:x}");
    }
}

/// X5, as x86-64 converts.
fn becomes_integers(wide: f64) {
    let own = (key(wide), key(wide));
    let whole = wide.trunc();
    let half =
        if (-2_147_483_648.0..2_147_483_648.0).contains(&whole) { whole as i32 } else { i32::MIN };
    let end = 9_223_372_036_854_775_808.0;
    let all = if (-end..end).contains(&whole) { whole as i64 } else { i64::MIN };
    assert_eq!(is_positive(own, 32), half >= 0 && wide > -1.0, "{wide:e}");
    assert_eq!(is_positive(own, 64), all >= 0 && wide > -1.0, "{wide:e}");
    for (bits, least) in [(32, half == i32::MIN), (64, all == i64::MIN)] {
        let most = most_of_least(own, bits);
        assert!(!least || most.is_none_or(|most| own.0 <= most), "{wide:e}, {bits}");
    }
}

/// X6: a difference that has bounds is exact, lies in them, and keeps the order.
fn is_less(float: f32, c: f32) {
    let (wide, next) = (f64::from(float), float.next_up());
    let own = (key(wide), key(wide));
    let Some((lo, hi)) = difference(own, f64::from(c).to_bits()) else { return };
    let (short, exact) = (float - c, wide - f64::from(c));
    assert_eq!(f64::from(short), exact, "{float:e} - {c:e}");
    assert!(is_in((lo, hi), (key(short.into()), key(short.into()))), "{float:e} - {c:e}");
    assert!(short <= next - c, "{float:e} - {c:e}");
}
