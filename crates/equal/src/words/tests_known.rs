//! Words under conditions that are known: they are right wherever these hold.
//!
//! Conditions of a pool of terms are taken with their truth under one assignment of the leaves.
//! What `decide` says of another condition, and what `under` makes of a term, has to be right under
//! each assignment under which all of them are so; at small widths that is tried for most pairs of
//! conditions and terms that there are.
//!
//! A green run says nothing of floats (`tests_templates`), and of terms of other shapes.

use super::tests::{ASSIGNMENTS, Pool, Values, grown, has_unknown};
use super::{Head, Word};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use prova_random::Rng;

/// How often something was decided, and a term became another.
#[derive(Debug, Default)]
struct Seen {
    decided: usize,
    changed: BTreeMap<Head, usize>,
}

/// Some conditions with their truth under one assignment, and under which assignments all are so.
fn told(pool: &mut Pool, rng: &mut Rng, widths: &[u8]) -> (Vec<(Word, bool)>, [bool; ASSIGNMENTS]) {
    let i = rng.below(ASSIGNMENTS);
    let (mut known, mut so) = (Vec::new(), [true; ASSIGNMENTS]);
    for _ in 0..1 + rng.below(4) {
        let Some((word, values)) = condition(pool, rng, widths, i) else { continue };
        known.push((word, values[i] == 1));
        for (so, value) in so.iter_mut().zip(values) {
            *so &= value == values[i];
        }
    }
    (known, so)
}

/// A condition of the pool or two of them, or that a word is what it is under an assignment, or
/// what another is.
fn condition(pool: &mut Pool, rng: &mut Rng, widths: &[u8], i: usize) -> Option<(Word, Values)> {
    if rng.below(2) == 0 {
        let (mut a, mut x) = pool.of_width(rng, 1)?;
        if rng.below(3) == 0 {
            let (b, y) = pool.of_width(rng, 1)?;
            let w = &mut pool.words;
            let (b, y) = if rng.below(2) == 0 { (w.not(b), y.map(|y| y ^ 1)) } else { (b, y) };
            a = w.and(a, b);
            x = core::array::from_fn(|i| x[i] & y[i]);
        }
        return Some((a, x));
    }
    let bits = widths[rng.below(widths.len())];
    let ((a, x), (b, y)) = (pool.of_width(rng, bits)?, pool.of_width(rng, bits)?);
    let w = &mut pool.words;
    if rng.below(2) == 0 {
        let number = w.constant(bits, x[i]);
        return Some((w.eq(a, number), x.map(|n| u128::from(n == x[i]))));
    }
    Some((w.eq(a, b), core::array::from_fn(|i| u128::from(x[i] == y[i]))))
}

/// Tries what is made under conditions of a pool.
fn tried(seed: u64, widths: &[u8], seen: &mut Seen) {
    let mut rng = Rng::new(seed);
    let mut pool = grown(&mut rng, widths, 60, u64::MAX);
    for _ in 0..40 {
        let (known, so) = told(&mut pool, &mut rng, widths);
        for at in 0..pool.terms.len() {
            let (word, values) = pool.terms[at];
            let w = &mut pool.words;
            let bits = w.bits(word);
            let text = alloc::format!("seed {seed}: {} of {known:?}", w.show(word));
            if bits == 1
                && let Some(holds) = w.decide(&known, word)
            {
                seen.decided += 1;
                let right = |(so, value): (&bool, u128)| !so || value == u128::from(holds);
                assert!(so.iter().zip(values).all(right), "{text} is {holds}");
            }
            let made = w.under(&known, word);
            assert_eq!(w.bits(made), bits, "{text}");
            if made == word || has_unknown(w, made) {
                continue;
            }
            *seen.changed.entry(w.get(word).op).or_default() += 1;
            let text = alloc::format!("{text}: {}", w.show(made));
            let found = pool.evaluate(made, &mut BTreeMap::new());
            for (i, _) in so.iter().enumerate().filter(|(_, so)| **so) {
                assert_eq!(found[i], values[i], "{text}");
            }
        }
    }
}

#[test]
fn what_is_made_under_conditions_is_right_where_they_hold() {
    let mut seen = Seen::default();
    for seed in 0..300 {
        let widths: &[u8] = match seed % 4 {
            0 => &[1, 2, 3],
            1 => &[1, 3, 5],
            2 => &[1, 8, 16, 32],
            _ => &[1, 32, 64],
        };
        tried(seed, widths, &mut seen);
    }
    let changed = |op: Head| seen.changed.get(&op).copied().unwrap_or(0);
    for op in [Head::Sum, Head::Ite, Head::Zext, Head::Sext, Head::Slice, Head::Cat, Head::And] {
        assert!(changed(op) > 50, "{op:?}: {seen:?}");
    }
    assert!(seen.decided > 10_000, "{seen:?}");
}

/// Bounds of words. A green run says nothing of bounds that are too high, so some forms have to be
/// bounded at all.
#[test]
fn no_word_is_more_than_what_it_is_at_most() {
    let mut bounded: BTreeMap<Head, usize> = BTreeMap::new();
    for seed in 0..300 {
        let widths: &[u8] = if seed % 2 == 0 { &[1, 2, 3, 5] } else { &[1, 8, 32, 64] };
        let mut rng = Rng::new(seed);
        let mut pool = grown(&mut rng, widths, 60, u64::MAX);
        for at in 0..pool.terms.len() {
            let (mut word, mut values) = pool.terms[at];
            let bits = pool.words.bits(word);
            if bits == 1 && rng.below(2) == 0 {
                // A number less a multiple of a bit.
                let (n, m) = (rng.below(8) as u128, rng.below(8) as u128);
                let wide = pool.words.zext(word, 8);
                let taken = pool.words.scale(m.wrapping_neg() & 0xff, wide);
                word = pool.words.plus(taken, n);
                values = values.map(|bit| n.wrapping_sub(m * bit) & 0xff);
            }
            let most = pool.words.most(word);
            assert!(values.iter().all(|value| *value <= most), "seed {seed}: {most}");
            let node = pool.words.get(word);
            let all = super::mask(node.bits);
            *bounded.entry(node.op).or_default() += usize::from(most < all);
        }
    }
    let bounded = |op: Head| bounded.get(&op).copied().unwrap_or(0);
    for op in [Head::Sum, Head::Ite, Head::Zext, Head::And] {
        assert!(bounded(op) > 20, "{op:?}: {}", bounded(op));
    }
}

/// `2x < 2` and `2x < 1` are one condition, so the larger of 1 and `2x` has no form that is closer.
#[test]
fn the_larger_of_one_and_an_even_word_is_decided() {
    let mut w = crate::words::Words::within(1_000);
    let x = w.value(32, 0);
    let even = w.scale(2, x);
    let (wide, one) = (w.zext(even, 64), w.constant(64, 1));
    let more = w.ult(one, wide);
    let larger = w.ite(more, wide, one);
    let zero = w.zero(even);
    assert_eq!(w.under(&[(zero, false)], larger), wide);
    assert_eq!(w.under(&[(zero, true)], larger), one);
    let odd = w.plus(wide, 1);
    let more = w.ult(one, odd);
    let larger = w.ite(more, odd, one);
    assert_eq!(larger, odd, "it is 1 at least");
}
