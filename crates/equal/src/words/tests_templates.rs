//! Conversions, minima and maxima by the conditions that are known: both sides on numbers.
//!
//! Of a float some conditions are taken, each with its truth for that float; what `decide` says
//! under these has to be true of it, and what `under` makes of an operator has to be its result. So
//! a bound that is off by one is seen at the number where it is. Each case has to occur.
//!
//! A green run says nothing of the bits of a NaN, which are not claimed.

use super::tests::meaning;
use super::{Head, NONE, Node, Prim, Word, Words, mask};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use prova_random::Rng;

const LEAST_32: u128 = 1 << 31;
const LEAST_64: u128 = 1 << 63;

fn float(bits: u8, n: u128) -> f64 {
    if bits == 32 { f32::from_bits(n as u32).into() } else { f64::from_bits(n as u64) }
}

/// The bits of a float of a width, rounded.
fn bits_of(bits: u8, float: f64) -> u128 {
    if bits == 32 { (float as f32).to_bits().into() } else { float.to_bits().into() }
}

/// `cvttsd2si`.
fn truncated(bits: u8, x: f64) -> u128 {
    let half = if bits == 32 { 2_147_483_648.0 } else { 9_223_372_036_854_775_808.0 };
    let x = x.trunc();
    if (-half..half).contains(&x) { x as i64 as u128 & mask(bits) } else { 1 << (bits - 1) }
}

/// A sum in the width, rounded once.
fn sum(bits: u8, a: f64, b: f64) -> u128 {
    if bits == 32 { (a as f32 + b as f32).to_bits().into() } else { (a + b).to_bits().into() }
}

fn operator(prim: Prim, bits: u8, args: &[(u128, u8)]) -> u128 {
    let x = |i: usize| float(args[i].1, args[i].0);
    let is = |holds: bool| u128::from(holds);
    match prim {
        Prim::FloatEq => is(x(0) == x(1)),
        Prim::FloatLt => is(x(0) < x(1)),
        Prim::FloatLe => is(x(0) <= x(1)),
        Prim::FloatNan => is(x(0).is_nan() || x(1).is_nan()),
        Prim::FloatAdd => sum(bits, x(0), x(1)),
        Prim::FloatSub => sum(bits, x(0), -x(1)),
        Prim::ToSigned => truncated(bits, x(0)),
        Prim::ToSignedSat if bits == 32 => x(0) as i32 as u128,
        Prim::ToSignedSat => x(0) as i64 as u128,
        Prim::ToUnsignedSat if bits == 32 => (x(0) as u32).into(),
        Prim::ToUnsignedSat => (x(0) as u64).into(),
        Prim::FromSigned => {
            let n = if args[0].1 == 32 { i64::from(args[0].0 as i32) } else { args[0].0 as i64 };
            if bits == 32 { (n as f32).to_bits().into() } else { (n as f64).to_bits().into() }
        }
        Prim::FromUnsigned if bits == 32 => (args[0].0 as u64 as f32).to_bits().into(),
        Prim::FromUnsigned => (args[0].0 as u64 as f64).to_bits().into(),
        Prim::FloatMin | Prim::FloatMax => {
            let (a, b) = (x(0), x(1));
            let least = prim == Prim::FloatMin;
            if a.is_nan() || b.is_nan() {
                return bits_of(bits, f64::NAN);
            }
            // Of two zeros the one with the sign is less.
            let a_less = if a == b { a.is_sign_negative() } else { a < b };
            args[usize::from(a_less != least)].0
        }
        _ => meaning(Head::Prim, bits, prim as u128, args),
    }
}

/// The value of a term under values of its leaves.
pub(super) fn evaluate(w: &Words, word: Word, leaves: &[u128]) -> u128 {
    let Node { op, bits, args, n } = w.get(word);
    let operands: Vec<(u128, u8)> = args
        .into_iter()
        .filter(|&arg| arg != NONE)
        .map(|arg| (evaluate(w, arg, leaves), w.bits(arg)))
        .collect();
    let found = match op {
        Head::Const => n,
        Head::Value => leaves[n as usize],
        Head::Prim => operator(Prim::numbered(n).expect("an operator"), bits, &operands),
        _ => meaning(op, bits, n, &operands),
    };
    found & mask(bits)
}

/// Floats of a width around the numbers that matter, as bits.
fn floats(bits: u8) -> Vec<u128> {
    let mut found = Vec::new();
    let powers = [0.0, 0.5, 1.0, 1.5, 2.0, 2_147_483_648.0, 4_294_967_296.0];
    let large = [9_223_372_036_854_775_808.0, 18_446_744_073_709_551_616.0, f64::INFINITY];
    for power in powers.into_iter().chain(large) {
        let n = bits_of(bits, power);
        for near in [
            n.wrapping_sub(1),
            n,
            n + 1,
            bits_of(bits, power + 0.5),
            bits_of(bits, power + 1.0),
            bits_of(bits, power - 1.0),
        ] {
            let near = near & mask(bits - 1);
            found.extend([near, near | 1 << (bits - 1)]);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Conditions of `x`, and operators of it.
fn about(w: &mut Words, x: Word) -> (Vec<Word>, Vec<Word>) {
    let width = w.bits(x);
    let mut conditions = alloc::vec![w.prim(Prim::FloatNan, 1, &[x, x])];
    for bound in [
        0.0,
        -1.0,
        2_147_483_648.0,
        4_294_967_296.0,
        9_223_372_036_854_775_808.0,
        18_446_744_073_709_551_616.0,
        -2_147_483_648.0,
        -2_147_483_649.0,
        -9_223_372_036_854_775_808.0,
    ] {
        let bound = w.constant(width, bits_of(width, bound));
        for prim in [Prim::FloatLt, Prim::FloatLe, Prim::FloatEq] {
            conditions.extend([w.prim(prim, 1, &[x, bound]), w.prim(prim, 1, &[bound, x])]);
        }
    }
    let mut operators = Vec::new();
    for (bits, least) in [(32, LEAST_32), (64, LEAST_64)] {
        let half = w.constant(width, bits_of(width, least as f64));
        let rest = w.prim(Prim::FloatSub, width, &[x, half]);
        let (t, u) = (w.prim(Prim::ToSigned, bits, &[x]), w.prim(Prim::ToSigned, bits, &[rest]));
        let number = w.constant(bits, least);
        conditions.extend([w.eq(t, number), w.sign(t), w.sign(u)]);
        operators.extend([Prim::ToSignedSat, Prim::ToUnsignedSat].map(|p| w.prim(p, bits, &[x])));
    }
    (conditions, operators)
}

/// Some true statements out of conditions.
fn told(w: &Words, rng: &mut Rng, conditions: &[Word], leaves: &[u128]) -> Vec<(Word, bool)> {
    let count = 1 + rng.below(4);
    let some = (0..count).map(|_| conditions[rng.below(conditions.len())]);
    some.map(|c| (c, evaluate(w, c, leaves) == 1)).collect()
}

#[test]
fn bounds_are_those_of_numbers() {
    let mut rng = Rng::new(7);
    let mut cases: BTreeMap<(Prim, Head, u8), usize> = BTreeMap::new();
    let mut decided = 0;
    for bits in [32, 64] {
        let mut w = Words::new();
        let x = w.value(bits, 0);
        let (conditions, operators) = about(&mut w, x);
        for n in floats(bits) {
            for _ in 0..120 {
                let known = told(&w, &mut rng, &conditions, &[n]);
                for &c in &conditions {
                    if let Some(holds) = w.decide(&known, c) {
                        let truth = evaluate(&w, c, &[n]) == 1;
                        decided += usize::from(known.iter().all(|(other, _)| *other != c));
                        assert_eq!(holds, truth, "{n:#x} {}: {known:?}", w.show(c));
                    }
                }
                for &a in &operators {
                    let made = w.under(&known, a);
                    let (found, wanted) = (evaluate(&w, made, &[n]), evaluate(&w, a, &[n]));
                    assert_eq!(found, wanted, "{n:#x} {}: {}", w.show(a), w.show(made));
                    let of = Prim::numbered(w.get(a).n).expect("an operator");
                    if made != a {
                        *cases.entry((of, w.get(made).op, w.bits(a))).or_default() += 1;
                    }
                }
            }
        }
    }
    assert!(decided > 10_000, "{decided}");
    for bits in [32, 64] {
        for op in [Head::Const, Head::Prim, Head::Sum] {
            let case = (Prim::ToUnsignedSat, op, bits);
            assert!(cases.get(&case).is_some_and(|n| *n > 20), "{case:?}: {cases:?}");
        }
    }
}

/// The ways of the sequence for truncations: each is decided, and what is one condition short is
/// not.
#[test]
fn truncations_are_decided_on_each_way() {
    let mut w = Words::new();
    let x = w.value(64, 0);
    let (least, c) = (w.constant(32, LEAST_32), w.constant(64, bits_of(64, LEAST_32 as f64)));
    let (two_c, minus) =
        (w.constant(64, bits_of(64, 4_294_967_296.0)), w.constant(64, bits_of(64, -1.0)));
    let (low, zero) = (w.constant(64, bits_of(64, -2_147_483_649.0)), w.constant(64, 0));
    let rest = w.prim(Prim::FloatSub, 64, &[x, c]);
    let (t, u) = (w.prim(Prim::ToSigned, 32, &[x]), w.prim(Prim::ToSigned, 32, &[rest]));
    let less = |w: &mut Words, a, b| w.prim(Prim::FloatLt, 1, &[a, b]);
    let (below, above) = (less(&mut w, x, c), less(&mut w, low, x));
    let (under, over) = (less(&mut w, x, two_c), less(&mut w, minus, x));
    let is_least = w.eq(t, least);
    let (large, positive) =
        (w.prim(Prim::FloatLe, 1, &[c, x]), w.prim(Prim::FloatLe, 1, &[x, zero]));
    let nan = w.prim(Prim::FloatNan, 1, &[x, x]);
    let (t_sign, u_sign) = (w.sign(t), w.sign(u));
    // Known, asked, the answer.
    type Case<'a> = (&'a [(Word, bool)], Word, Option<bool>);
    let cases: &[Case<'_>] = &[
        (&[(is_least, false)], nan, Some(false)),
        (&[(is_least, false)], below, Some(true)),
        (&[(is_least, false)], above, Some(true)),
        (&[(is_least, true)], nan, None),
        (&[(is_least, true), (nan, false)], below, None),
        (&[(is_least, true), (nan, false), (positive, true)], below, Some(true)),
        (&[(is_least, true), (nan, false), (positive, false)], below, Some(false)),
        (&[(is_least, true), (positive, false)], below, None),
        (&[(above, false), (nan, false)], above, Some(false)),
        // Unsigned.
        (&[(large, false), (nan, false), (t_sign, false)], over, Some(true)),
        (&[(large, false), (nan, false), (t_sign, false)], under, Some(true)),
        (&[(large, false), (nan, false), (t_sign, true)], over, Some(false)),
        (&[(nan, false), (t_sign, true)], over, None),
        (&[(large, true), (u_sign, false)], under, Some(true)),
        (&[(large, true), (u_sign, true)], under, Some(false)),
        (&[(u_sign, false), (nan, false)], under, None),
    ];
    for (i, &(known, asked, answer)) in cases.iter().enumerate() {
        assert_eq!(w.decide(known, asked), answer, "{i}");
    }
    let all = w.prim(Prim::ToUnsignedSat, 32, &[x]);
    let high = w.plus(u, LEAST_32);
    let (nothing, most) = (w.constant(32, 0), w.constant(32, u128::MAX));
    let cases: &[(&[(Word, bool)], Word)] = &[
        (&[(nan, true)], nothing),
        (&[(large, false), (nan, false), (t_sign, false)], t),
        (&[(large, false), (nan, false), (t_sign, true)], nothing),
        (&[(large, true), (u_sign, false)], high),
        (&[(large, true), (u_sign, true)], most),
        (&[(large, false), (nan, false)], all),
        (&[(large, true)], all),
    ];
    for (i, &(known, wanted)) in cases.iter().enumerate() {
        assert_eq!(w.under(known, all), wanted, "{i}");
    }
}

#[test]
fn unsigned_words_become_floats_by_halves() {
    let mut rng = Rng::new(3);
    let mut w = Words::new();
    let x = w.value(64, 0);
    let sign = w.sign(x);
    for bits in [32, 64] {
        let a = w.prim(Prim::FromUnsigned, bits, &[x]);
        assert_eq!(w.under(&[], a), a);
        for (holds, op) in [(false, Prim::FromSigned), (true, Prim::FloatAdd)] {
            let made = w.under(&[(sign, holds)], a);
            assert_eq!(w.get(made).n, op as u128);
            for i in 0..4000 {
                // Words near those that lie in the middle of two floats.
                let any = rng.bits() >> rng.below(64);
                let high = u64::from(holds) << 63;
                let middle = high | 1 << rng.below(63) | any & (3 << rng.below(50));
                let n = if i % 2 == 0 {
                    any | high
                } else {
                    middle.wrapping_add(rng.below(3) as u64).wrapping_sub(1)
                };
                if n >> 63 != high >> 63 {
                    continue;
                }
                let (found, wanted) =
                    (evaluate(&w, made, &[n.into()]), evaluate(&w, a, &[n.into()]));
                assert_eq!(found, wanted, "{n:#x}");
            }
        }
    }
}

#[test]
fn minima_have_three_cases() {
    let mut rng = Rng::new(11);
    for bits in [32, 64] {
        let mut w = Words::new();
        let (a, b) = (w.value(bits, 0), w.value(bits, 1));
        let mut conditions = Vec::new();
        for prim in [Prim::FloatEq, Prim::FloatNan, Prim::FloatLt, Prim::FloatLe] {
            conditions.extend([w.prim(prim, 1, &[a, b]), w.prim(prim, 1, &[b, a])]);
        }
        let either = w.or(conditions[0], conditions[2]);
        conditions.push(either);
        let all = [Prim::FloatMin, Prim::FloatMax].map(|prim| w.prim(prim, bits, &[a, b]));
        let mut forms: BTreeMap<Word, usize> = BTreeMap::new();
        let floats = floats(bits);
        for _ in 0..20_000 {
            let pick = |rng: &mut Rng| floats[rng.below(floats.len())];
            let x = pick(&mut rng);
            let y = match rng.below(3) {
                0 => x,
                1 => x ^ 1 << (bits - 1),
                _ => pick(&mut rng),
            };
            let known = told(&w, &mut rng, &conditions, &[x, y]);
            for &of in &all {
                let made = w.under(&known, of);
                let (found, wanted) = (evaluate(&w, made, &[x, y]), evaluate(&w, of, &[x, y]));
                let nan = float(bits, found).is_nan() && float(bits, wanted).is_nan();
                assert!(found == wanted || nan, "{x:#x} {y:#x}: {}", w.show(made));
                *forms.entry(made).or_default() += 1;
            }
        }
        // Each as it is, and by its three cases; the sum is one of both. The third may be decided:
        // it is the one operand or the other then, of both.
        assert_eq!(forms.len(), 9, "{forms:?}");
        assert!(forms.values().all(|n| *n > 100), "{forms:?}");
    }
}

/// Of a float and a number: under conditions of both each operator and each part of the float is
/// right, and a float that is equal to a number that is not 0 is the number.
#[test]
fn minima_of_numbers() {
    let mut rng = Rng::new(13);
    for (bits, number) in [(32, 1.0), (64, -1.0), (32, 0.0), (64, -0.0), (64, f64::INFINITY)] {
        let mut w = Words::new();
        let n = bits_of(bits, number);
        let (a, b) = (w.value(bits, 0), w.constant(bits, n));
        let mut conditions = Vec::new();
        for prim in [Prim::FloatEq, Prim::FloatNan, Prim::FloatLt, Prim::FloatLe] {
            conditions.extend([w.prim(prim, 1, &[a, b]), w.prim(prim, 1, &[b, a])]);
        }
        conditions.push(w.or(conditions[0], conditions[2]));
        let low = w.slice(a, 0, bits - 1);
        let all = [w.prim(Prim::FloatMin, bits, &[a, b]), w.prim(Prim::FloatMax, bits, &[b, a])];
        let (mut decided, mut equal) = (0, 0);
        let floats = floats(bits);
        for _ in 0..20_000 {
            let x = if rng.below(3) == 0 { n } else { floats[rng.below(floats.len())] };
            let known = told(&w, &mut rng, &conditions, &[x]);
            for of in [all[0], all[1], low] {
                let made = w.under(&known, of);
                let (found, wanted) = (evaluate(&w, made, &[x]), evaluate(&w, of, &[x]));
                let nan = of != low && float(bits, found).is_nan() && float(bits, wanted).is_nan();
                assert!(found == wanted || nan, "{x:#x} {number}: {}", w.show(made));
                decided += usize::from(of != low && w.get(made).op != Head::Prim);
                equal += usize::from(of == low && w.number(made).is_some());
            }
        }
        assert!(decided > 1_000 && (equal > 100) == (number != 0.0), "{number} {decided} {equal}");
    }
}
