//! The theorems of quotients (`divide`, D1 to D3), for all numbers of few bits; and sums in which
//! quotients of both widths stand beside what they are nearly made of.
//!
//! The conditions are computed for words of any width, though the rewrites are made at 32 and 64
//! bits only; so they can be tried with every factor, shift and word of up to 7 bits, of which each
//! bound that is off by one has a counterexample.

use super::divide::{signed_divisor, unsigned_divisor};
use super::tests_templates::evaluate;
use super::{Prim, Word, Words, mask};
use alloc::format;
use prova_random::Rng;

/// D1, with products up to twice the width, as where `x` is added to the upper half.
#[test]
fn unsigned_quotients_of_all_small_words() {
    let mut found = 0;
    for bits in 2_u8..=7 {
        for s in 0..=u32::from(bits) {
            for m in 1..2 << bits {
                for width in 1..=bits {
                    let Some(d) = unsigned_divisor((bits, s), m, width) else { continue };
                    found += 1;
                    for x in 0..1_u128 << width {
                        let wanted = x / d;
                        assert_eq!((m * x) >> (u32::from(bits) + s), wanted, "{m}·{x} {bits} {s}");
                    }
                }
            }
        }
    }
    assert!(found > 1_000, "{found}");
}

/// D2 and D3: on words, with the upper half as it is computed.
#[test]
fn signed_quotients_of_all_small_words() {
    let mut found = [0, 0];
    for bits in 2_u8..=7 {
        let least = -(1_i128 << (bits - 1));
        for s in 0..u32::from(bits) {
            for m in 1..1_i128 << bits {
                for less in [false, true] {
                    let Some(d) = signed_divisor((bits, s), m as u128, less) else { continue };
                    found[usize::from(less)] += 1;
                    let (d, factor) = (d as i128, m);
                    let (d, factor) = if less { (-d, -factor) } else { (d, factor) };
                    for x in least..-least {
                        let half = wrapped(bits, (factor * x) >> bits);
                        let negative = half < 0;
                        assert!(less || negative == (x < 0), "{m}·{x} {bits}");
                        let quotient = wrapped(bits, (half >> s) + i128::from(negative));
                        assert_eq!(quotient, x / d, "{m}·{x} / {d}, {bits} {s} {less}");
                    }
                }
            }
        }
    }
    assert!(found.iter().all(|found| *found > 100), "{found:?}");
}

/// The conditions are as weak as they can be: of most factors beyond them some word is refused by
/// numbers too, so nothing here is true for want of cases.
#[test]
fn refused_factors_have_other_quotients() {
    let (mut refused, mut wrong) = (0, 0);
    let bits = 6_u8;
    for s in 0..3_u32 {
        for m in 1..1_i128 << bits {
            if signed_divisor((bits, s), m as u128, false).is_some() {
                continue;
            }
            let d = (1_i128 << (u32::from(bits) + s)) / m + 1;
            if !(2..32).contains(&d) {
                continue;
            }
            refused += 1;
            let other = |x: i128| ((m * x) >> (u32::from(bits) + s)) + i128::from(x < 0) != x / d;
            wrong += usize::from((-32..32).any(other));
        }
    }
    assert!(refused > 20 && wrong * 10 > refused * 9, "{wrong} of {refused}");
}

/// A factor near one that divides, made of the number that an upper half takes and of what `x` is
/// taken times beside it.
struct Near {
    bits: u8,
    s: u32,
    m: i128,
    more: i128,
}

fn near(rng: &mut Rng, bits: u8) -> Near {
    let s = rng.below(6) as u32;
    let any = i128::from(rng.bits() >> 34) + 2;
    let d = if rng.below(3) == 0 { any } else { 2 + rng.below(40) as i128 };
    let least = ((1_i128 << (u32::from(bits) + s)) + d - 1) / d;
    let least = least + [0, 0, 0, 0, 1, -1][rng.below(6)];
    let factor = if rng.below(2) == 0 { least } else { -least };
    let m = wrapped(bits, factor);
    Near { bits, s, m, more: (factor - m) >> bits }
}

/// A number as a signed word.
fn wrapped(bits: u8, n: i128) -> i128 {
    let shift = 128 - u32::from(bits);
    (n << shift) >> shift
}

/// `(y >> s) + [y < 0]`, or with the sign of `x`, of the upper half `y` of `m·x` and `x` itself.
fn made(w: &mut Words, of: &Near, x: Word, own: bool) -> Word {
    let Near { bits, s, m, more } = *of;
    let number = w.constant(bits, m as u128);
    let high = w.prim(Prim::HighS, bits, &[x, number]);
    let part = w.scale(more as u128, x);
    let y = w.add(high, part);
    let (sign, count) = (w.sign(if own { x } else { y }), w.constant(bits, s.into()));
    let (sign, shifted) = (w.zext(sign, bits), w.sar(y, count));
    w.add(shifted, sign)
}

/// The same on a number.
fn computed(of: &Near, x: i128, own: bool) -> i128 {
    let Near { bits, s, m, more } = *of;
    let y = wrapped(bits, ((m * x) >> bits) + more * x);
    (y >> s) + i128::from(if own { x < 0 } else { y < 0 })
}

#[test]
fn quotients_inside_of_longer_sums() {
    let (mut rng, mut quotients) = (Rng::new(7), 0);
    for _ in 0..6_000 {
        let mut w = Words::new();
        let bits = [32, 64][rng.below(2)];
        let (first, second) = (near(&mut rng, bits), near(&mut rng, bits));
        let (x, z) = (w.value(bits, 0), w.value(bits, 1));
        let own = [rng.below(2) == 0, rng.below(2) == 0];
        let of_x = rng.below(2) == 0;
        let a = made(&mut w, &first, x, own[0]);
        let b = made(&mut w, &second, if of_x { x } else { z }, own[1]);
        let (p, q) = ([1, 1, 3, -1, 10][rng.below(5)], [0, 1, -1, 5][rng.below(4)]);
        let (a, b) = (w.scale(p as u128, a), w.scale(q as u128, b));
        let sum = w.add(a, b);
        let sum = w.add(sum, z);
        quotients += usize::from(w.show(sum).contains(&format!("p{}.", Prim::DivS as u32)));
        for _ in 0..24 {
            let edge = [1_i128 << (bits - 1), (1 << (bits - 1)) - 1, 0, -1, 12_345][rng.below(5)];
            let x = wrapped(bits, edge + rng.below(9) as i128 - 4);
            let z = wrapped(bits, rng.bits().into());
            let y = if of_x { x } else { z };
            let wanted = p * computed(&first, x, own[0]) + q * computed(&second, y, own[1]) + z;
            let leaves = [x as u128 & mask(bits), z as u128 & mask(bits)];
            assert_eq!(evaluate(&w, sum, &leaves), wanted as u128 & mask(bits), "{x} {z} {p} {q}");
        }
    }
    assert!(quotients > 500, "{quotients}");
}

/// A sum of many signs and many halves is tried by pairs, again with each word that is added: that
/// is work by the number of pairs, and ends where the steps do.
#[test]
fn pairs_of_signs_and_halves_are_steps() {
    let sum_of = |w: &mut Words| {
        let mut sum = w.constant(64, 0);
        for i in 0..12 {
            let (bit, x) = (w.value(1, 100 + i), w.value(64, i));
            let factor = w.constant(64, 0x6666_6666_6666_6667 + u128::from(i));
            let half = w.prim(Prim::HighS, 64, &[x, factor]);
            let bit = w.zext(bit, 64);
            let both = w.add(half, bit);
            sum = w.add(sum, both);
        }
        sum
    };
    let mut w = Words::within(1 << 20);
    let sum = sum_of(&mut w);
    let before = w.steps();
    w.plus(sum, 1);
    assert!(w.steps() - before > 12 * 12, "{}", w.steps() - before);
    // Without steps a sum stays as it is.
    let mut w = Words::within(0);
    let x = w.value(32, 0);
    let seven = Near { bits: 32, s: 2, m: -0x6db6_db6d, more: 1 };
    let word = made(&mut w, &seven, x, false);
    assert_eq!(w.parts(word).atoms.len(), 2);
    let mut w = Words::new();
    let (x, d) = (w.value(32, 0), w.constant(32, 7));
    let (word, quotient) = (made(&mut w, &seven, x, false), w.div_s(x, d));
    assert_eq!(word, quotient);
}
