//! Sequences of integer instructions beside the operators that they stand for, on numbers, and as
//! one term where both sides have to be one.

use super::tests_templates::evaluate;
use super::{Word, Words, mask};
use alloc::format;
use prova_random::Rng;

/// A number whose bits are near an edge.
fn number(rng: &mut Rng, bits: u8) -> u128 {
    let n = u128::from(rng.bits()) >> rng.below(64);
    let n = if rng.below(3) == 0 { n.wrapping_neg() } else { n };
    n & mask(bits)
}

fn shifted(w: &mut Words, a: Word, left: u8, keep: u128) -> Word {
    let bits = w.bits(a);
    let keep = w.constant(bits, keep);
    let count = w.constant(bits, left.wrapping_rem(bits).into());
    let part = w.and(a, keep);
    w.shl(part, count)
}

/// Bytes in the other order, as compilers of C write it: by masks before shifts, in any order.
#[test]
fn bytes_are_swapped() {
    let mut rng = Rng::new(5);
    for bits in [16_u8, 32, 64] {
        for _ in 0..20 {
            let mut w = Words::new();
            let x = w.value(bits, 0);
            let swapped = w.swapped(x);
            let n = number(&mut rng, bits);
            let wanted = u128::from((n as u64).swap_bytes() >> (64 - bits));
            assert_eq!(evaluate(&w, swapped, &[n]), wanted);
            let count = bits / 8;
            let mut terms: alloc::vec::Vec<Word> = (0..count)
                .map(|i| {
                    let to = bits - 8 - 8 * i;
                    let keep = 0xff << (8 * i);
                    if to >= 8 * i {
                        return shifted(&mut w, x, to - 8 * i, keep);
                    }
                    // Right: the byte is there already.
                    let right = w.constant(bits, (8 * i - to).into());
                    let part = w.shr(x, right);
                    let keep = w.constant(bits, 0xff << to);
                    w.and(part, keep)
                })
                .collect();
            while terms.len() > 1 {
                let a = terms.swap_remove(rng.below(terms.len()));
                let b = terms.swap_remove(rng.below(terms.len()));
                terms.push(w.or(a, b));
            }
            let same = evaluate(&w, terms[0], &[n]);
            assert_eq!(same, wanted, "{}", w.show(terms[0]));
        }
        // Neighbours first, which is how it is written.
        let mut w = Words::new();
        let x = w.value(bits, 0);
        let mut made = None;
        for i in (0..bits / 8).rev() {
            let byte = w.slice(x, 8 * i, 8);
            let wide = w.zext(byte, bits);
            let place = w.scale(1 << (bits - 8 - 8 * i), wide);
            made = Some(made.map_or(place, |before| w.or(before, place)));
        }
        assert_eq!(made, Some(w.swapped(x)));
        // Not of two bytes that are exchanged.
        let (low, high) = (w.slice(x, 0, 8), w.slice(x, bits - 8, 8));
        assert_ne!(w.cat(low, high), w.swapped(x).min(w.cat(high, low)));
    }
}

#[test]
fn words_are_shifted_in() {
    for bits in [16_u8, 32, 64] {
        for k in 1..bits {
            let mut w = Words::new();
            let (x, y) = (w.value(bits, 0), w.value(bits, 1));
            let (left, right) = (w.constant(bits, k.into()), w.constant(bits, (bits - k).into()));
            let (high, low) = (w.shl(x, left), w.shr(y, right));
            let both = w.or(high, low);
            let (high, low) = (w.slice(x, 0, bits - k), w.slice(y, bits - k, k));
            assert_eq!(both, w.cat(high, low));
            // One bit less of the second word is another word.
            let low = w.slice(y, bits - k, k - (k > 1) as u8);
            let low = w.zext(low, k);
            let other = w.cat(high, low);
            assert_eq!(both == other, k == 1);
        }
    }
}

#[test]
fn halves_of_products() {
    let mut rng = Rng::new(9);
    for half in [32_u8, 64] {
        let bits = 2 * half;
        for _ in 0..2000 {
            let mut w = Words::new();
            let width = half - rng.below(3) as u8;
            let (x, y) = (w.value(width, 0), w.value(half, 1));
            let signed = rng.below(2) == 0;
            let wide = |w: &mut Words, a| if signed { w.sext(a, bits) } else { w.zext(a, bits) };
            let (a, b) = (wide(&mut w, x), wide(&mut w, y));
            let product = w.mul(a, b);
            let lo = rng.below(bits.into()) as u8;
            let part = w.slice(product, lo, 1 + rng.below((bits - lo).into()) as u8);
            let (n, m) = (number(&mut rng, width), number(&mut rng, half));
            let extended = |n: u128, from: u8| {
                let negative = signed && n >> (from - 1) == 1;
                if negative { n | (mask(bits) ^ mask(from)) } else { n }
            };
            let whole = extended(n, width).wrapping_mul(extended(m, half)) & mask(bits);
            let wanted = whole >> lo & mask(w.bits(part));
            assert_eq!(evaluate(&w, part, &[n, m]), wanted, "{}", w.show(part));
        }
    }
}

#[test]
fn a_bit_is_tested() {
    let mut rng = Rng::new(13);
    for bits in [8_u8, 16, 32, 64] {
        let mut w = Words::new();
        let (x, s) = (w.value(bits, 0), w.value(8, 1));
        let one = w.constant(bits, 1);
        let two = w.constant(bits, 2);
        let (power, twice) = (w.shl(one, s), w.shl(two, s));
        let both = w.and(power, x);
        let zero = w.zero(both);
        let shifted = w.shr(x, s);
        let bit = w.slice(shifted, 0, 1);
        assert_eq!(zero, w.not(bit));
        let both = w.and(twice, x);
        let other = w.zero(both);
        assert_ne!(other, zero);
        for _ in 0..200 {
            let (n, k) = (number(&mut rng, bits), number(&mut rng, 8));
            let wanted = n >> (k % u128::from(bits)) & 1 == 0;
            assert_eq!(evaluate(&w, zero, &[n, k]), wanted.into());
            let wanted = n & (2 << (k % u128::from(bits))) & mask(bits) == 0;
            assert_eq!(evaluate(&w, other, &[n, k]), wanted.into());
        }
    }
}

/// The smaller or larger of extended words, by comparisons of them or of what is extended.
#[test]
fn extrema_of_extensions() {
    let mut joined = 0;
    for width in 1..5_u8 {
        for bits in width..6 {
            for near in 0..(3 << width) {
                for form in 0..8 {
                    let (signed, turned, first) = (form & 1 == 1, form & 2 == 2, form & 4 == 4);
                    let mut w = Words::new();
                    let (x, y) = (w.value(width, 0), w.value(width, 1));
                    // Another word, or one of the numbers around each.
                    let (bound, other) = if near < 1 << width {
                        let n: u32 = near;
                        (w.constant(width, (n + 1).into()), w.constant(width, n.into()))
                    } else {
                        (y, y)
                    };
                    let wide =
                        |w: &mut Words, a| if signed { w.sext(a, bits) } else { w.zext(a, bits) };
                    let (a, b) = (wide(&mut w, x), wide(&mut w, other));
                    let (p, q) = if turned { (bound, x) } else { (x, bound) };
                    let c = if signed { w.slt(p, q) } else { w.ult(p, q) };
                    let made = if first { w.ite(c, a, b) } else { w.ite(c, b, a) };
                    let closer = if signed { w.slt(x, other) } else { w.ult(x, other) };
                    let form = if first { w.ite(closer, a, b) } else { w.ite(closer, b, a) };
                    joined += usize::from(form == made);
                    for n in 0..1 << width {
                        for m in 0..1 << width {
                            let leaves = [n, m];
                            let holds = evaluate(&w, c, &leaves) == 1;
                            let of = if holds == first { a } else { b };
                            let wanted = evaluate(&w, of, &leaves);
                            assert_eq!(evaluate(&w, made, &leaves), wanted, "{}", w.show(made));
                        }
                    }
                }
            }
        }
    }
    assert!(joined > 100, "{joined}");
}

/// A comparison of words that are numbers by another that is 0.
#[test]
fn numbers_by_others_are_compared() {
    let mut w = Words::new();
    let (x, y) = (w.value(8, 0), w.value(8, 1));
    let at = w.plus(x, 212);
    let zero = w.zero(at);
    let (rest, ten) = (w.plus(x, 208), w.constant(8, 10));
    let (digit, other) = (w.ult(rest, ten), w.ult(y, ten));
    let less = w.slt(rest, ten);
    // `x = 44`: 252 is no digit, and −4 is less.
    assert_eq!(w.decide(&[(zero, true)], digit), Some(false));
    assert_eq!(w.decide(&[(zero, true)], less), Some(true));
    assert_eq!(w.decide(&[(zero, false)], digit), None);
    assert_eq!(w.decide(&[(zero, true)], other), None);
}

/// A difference wraps exactly if what is taken away is more.
#[test]
fn borrows_are_comparisons() {
    let mut rng = Rng::new(17);
    for bits in [3_u8, 8, 32, 64] {
        let mut w = Words::new();
        let (x, y) = (w.value(bits, 0), w.value(bits, 1));
        let (less, rest, sum) = (w.ult(x, y), w.sub(x, y), w.add(x, y));
        assert_eq!(w.ult(x, rest), less);
        let more = w.ult(rest, x);
        assert_ne!(more, w.not(less));
        let (carry, other) = (w.ult(sum, x), w.ult(sum, y));
        assert_eq!(carry, other);
        assert_ne!(carry, less);
        let three = w.plus(x, 3);
        let bound = w.constant(bits, 3);
        assert_eq!(w.ult(three, x), w.ult(three, bound));
        for _ in 0..200 {
            let leaves @ [n, m] = [number(&mut rng, bits), number(&mut rng, bits)];
            let rest = n.wrapping_sub(m) & mask(bits);
            assert_eq!(evaluate(&w, more, &leaves), u128::from(rest < n));
            assert_eq!(evaluate(&w, less, &leaves), u128::from(n < m));
            assert_eq!(evaluate(&w, carry, &leaves), u128::from(n + m > mask(bits)));
        }
    }
}

#[test]
fn numbers_are_shifted() {
    let mut w = Words::new();
    let (x, s) = (w.value(32, 0), w.value(32, 1));
    let (one, twelve) = (w.constant(32, 1), w.constant(32, 12));
    let (power, shifted) = (w.shl(one, s), w.shl(twelve, s));
    assert_eq!(shifted, w.scale(12, power));
    let (by, wide) = (w.shl(x, s), w.scale(6, x));
    assert_eq!(w.mul(x, power), by);
    assert_eq!(w.mul(power, wide), w.scale(6, by));
    let (right, again) = (w.shr(twelve, s), w.shr(one, s));
    assert_ne!(right, w.scale(12, again));
    for (n, k) in [(7, 3), (0x8000_0001, 31), (5, 33)] {
        let wanted = u128::from((12_u32).wrapping_shl(k));
        assert_eq!(evaluate(&w, shifted, &[n, k.into()]), wanted);
    }
}

/// Quotients of a sum, whose magic number takes the sum once more.
#[test]
fn quotients_of_sums() {
    let mut w = Words::new();
    let (p, q) = (w.value(32, 0), w.value(32, 1));
    let x = w.add(p, q);
    // 365: −1282606671 and a shift by 8.
    let m = w.constant(32, (-1_282_606_671_i32) as u32 as u128);
    let high = w.prim(super::Prim::HighS, 32, &[x, m]);
    for (extra, equal) in [(x, true), (p, false)] {
        let y = w.add(high, extra);
        let eight = w.constant(32, 8);
        let (shifted, sign) = (w.sar(y, eight), w.sign(y));
        let sign = w.zext(sign, 32);
        let found = w.add(shifted, sign);
        let d = w.constant(32, 365);
        assert_eq!(found == w.div_s(x, d), equal);
    }
}

/// Upper halves of products with numbers that are near one that divides, by positive and negative
/// divisors: what a sum of such parts is taken for, it is on numbers near the edges.
#[test]
fn signed_quotients_are_what_they_are_made_of() {
    let (mut rng, mut quotients) = (Rng::new(29), 0);
    for _ in 0..4_000 {
        let (mut w, s) = (Words::new(), rng.below(8) as u32);
        let d = 2 + rng.below(6 << s) as i64;
        // The least `m` with `2^(32+s) <= m·d`, or one near it.
        let m = ((1_i64 << (32 + s)) + d - 1) / d + [0, 0, 0, 1, -1][rng.below(5)];
        let factor = if rng.below(2) == 0 { m } else { -m };
        let m = factor as u32 as i32;
        // What makes the factor of the signed number.
        let more = (factor - i64::from(m)) >> 32;
        let more = if rng.below(4) == 0 { rng.below(3) as i32 - 1 } else { more as i32 };
        let (x, z) = (w.value(32, 0), w.value(32, 1));
        let factor = w.constant(32, m as u32 as u128);
        let high = w.prim(super::Prim::HighS, 32, &[x, factor]);
        let part = w.scale(more as u128, x);
        let y = w.add(high, part);
        let (of_x, beside) = (rng.below(3) == 0, rng.below(2) as i32);
        let sign = w.sign(if of_x { x } else { y });
        let (sign, count) = (w.zext(sign, 32), w.constant(32, s.into()));
        let shifted = w.sar(y, count);
        let other = w.scale(beside as u128, z);
        let sum = w.add(shifted, other);
        let found = w.add(sum, sign);
        quotients +=
            usize::from(w.show(found).contains(&format!("p{}.", super::Prim::DivS as u32)));
        for _ in 0..24 {
            let edge = [i32::MIN, i32::MAX, 0, -1][rng.below(4)];
            let step = (rng.below(5) as i32 - 2).wrapping_mul(rng.below(3) as i32 * d as i32 + 1);
            let x = edge.wrapping_add(step);
            let high = ((i64::from(x) * i64::from(m)) >> 32) as i32;
            let y = high.wrapping_add(x.wrapping_mul(more));
            let negative = i32::from(if of_x { x < 0 } else { y < 0 });
            let wanted = (y >> s).wrapping_add(7 * beside).wrapping_add(negative);
            let leaves = [x as u32 as u128, 7];
            assert_eq!(evaluate(&w, found, &leaves), wanted as u32 as u128, "{x}·{m} >> {s}");
        }
    }
    assert!(quotients > 300, "{quotients} quotients");
}
