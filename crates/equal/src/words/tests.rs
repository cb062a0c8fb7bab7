//! Every constructor beside what it stands for, on numbers.
//!
//! A pool of terms grows by one constructor at a time. Of each term the values under some
//! assignments of its leaves are known: they are computed from the operands' values. The term that
//! the constructor made is evaluated by the meaning of its nodes, and has to give the same. So
//! every rewrite that is applied on the way is tried, at all widths; a rewrite that is never
//! applied is not (`seen` counts the forms that have to occur).
//!
//! A green run proves nothing of memories (`memory_is_what_was_stored`) and of floats, which have
//! no rewrites but `implies`.

#[path = "../../tests/meaning/integers.rs"]
mod integers;

use super::{Fixed, Head, Node, Prim, Word, Words, mask};
use crate::format::HEADS;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use integers::signed;
use prova_random::Rng;

/// Assignments that a term is tried under.
pub(super) const ASSIGNMENTS: usize = 4;

pub(super) type Values = [u128; ASSIGNMENTS];

/// The meaning of an operator of whole operands with these widths; by 0 anything.
pub(super) fn meaning(op: Head, bits: u8, n: u128, args: &[(u128, u8)]) -> u128 {
    match (integers::meaning(op, (bits, n), args), args) {
        (Some(made), _) => made,
        (None, &[_, (0, _)]) => 0,
        (None, _) => panic!("{op:?} {n} of {args:?}"),
    }
}

pub(super) struct Pool {
    pub(super) words: Words,
    pub(super) terms: Vec<(Word, Values)>,
    leaves: BTreeMap<u128, Values>,
    seen: BTreeMap<Head, usize>,
}

impl Pool {
    fn leaf(&mut self, rng: &mut Rng, bits: u8) {
        let number = self.leaves.len() as u32;
        let word = self.words.value(bits, number);
        let values = [(); ASSIGNMENTS].map(|()| number_of(rng, bits));
        self.leaves.insert(number.into(), values);
        self.terms.push((word, values));
    }

    /// The values of a term, by its nodes.
    pub(super) fn evaluate(&mut self, word: Word, memo: &mut BTreeMap<Word, Values>) -> Values {
        if let Some(values) = memo.get(&word) {
            return *values;
        }
        let Node { op, bits, args, n } = self.words.get(word);
        *self.seen.entry(op).or_default() += 1;
        let values = match op {
            Head::Const => [n; ASSIGNMENTS],
            Head::Value => self.leaves[&n],
            _ => {
                let operands: Vec<(Values, u8)> = args
                    .into_iter()
                    .filter(|&arg| arg != super::NONE)
                    .map(|arg| (self.evaluate(arg, memo), self.words.bits(arg)))
                    .collect();
                let mut values = [0; ASSIGNMENTS];
                for (i, value) in values.iter_mut().enumerate() {
                    let operands: Vec<(u128, u8)> =
                        operands.iter().map(|(values, bits)| (values[i], *bits)).collect();
                    *value = meaning(op, bits, n, &operands);
                }
                values
            }
        };
        memo.insert(word, values);
        values
    }

    pub(super) fn of_width(&self, rng: &mut Rng, bits: u8) -> Option<(Word, Values)> {
        let fit: Vec<_> =
            self.terms.iter().filter(|(word, _)| self.words.bits(*word) == bits).collect();
        if fit.is_empty() { None } else { Some(*fit[rng.below(fit.len())]) }
    }

    /// An operand: a term, or a number.
    fn operand(&mut self, rng: &mut Rng, bits: u8) -> Option<(Word, Values)> {
        if rng.below(3) == 0 {
            let n = number_of(rng, bits);
            return Some((self.words.constant(bits, n), [n; ASSIGNMENTS]));
        }
        self.of_width(rng, bits)
    }
}

/// A number with few ones, few zeros, in a run, near a power, or any.
fn number_of(rng: &mut Rng, bits: u8) -> u128 {
    let any = u128::from(rng.bits()) << 64 | u128::from(rng.bits());
    let shift = rng.below(bits.into()) as u32;
    let n = match rng.below(6) {
        0 => rng.below(4) as u128,
        1 => mask(bits) - (rng.below(4) as u128).min(mask(bits)),
        2 => 1 << shift,
        3 => (1_u128 << shift).wrapping_sub(1),
        4 => ((1_u128 << shift).wrapping_sub(1)) << rng.below(bits.into()),
        _ => any,
    };
    n & mask(bits)
}

/// One more term of a width, with what it has to be.
fn grow(pool: &mut Pool, rng: &mut Rng, bits: u8) -> Option<(Word, Values)> {
    let (a, x) = pool.operand(rng, bits)?;
    let (b, y) = pool.operand(rng, bits)?;
    let each = |f: &dyn Fn(usize) -> u128| -> Values { core::array::from_fn(f) };
    let two = |op: Head, n: u128| each(&|i| meaning(op, bits, n, &[(x[i], bits), (y[i], bits)]));
    let wide = bits.is_power_of_two() && bits >= 8;
    let w = &mut pool.words;
    Some(match rng.below(24) {
        0 => (w.add(a, b), two(Head::Sum, 1)),
        1 => (w.sub(a, b), each(&|i| x[i].wrapping_sub(y[i]) & mask(bits))),
        2 => (w.mul(a, b), two(Head::Mul, 0)),
        3 => (w.and(a, b), two(Head::And, 0)),
        4 => (w.or(a, b), two(Head::Or, 0)),
        5 => (w.xor(a, b), two(Head::Xor, 0)),
        6 if wide => shifted(w, rng, (a, x), (b, y)),
        7 if bits > 1 => {
            let lo = rng.below(bits.into()) as u8;
            let width = 1 + rng.below((bits - lo).into()) as u8;
            (w.slice(a, lo, width), each(&|i| x[i] >> lo & mask(width)))
        }
        8 | 9 => {
            let to = [8, 16, 32, 64, bits.saturating_add(1)][rng.below(5)].max(bits);
            if rng.below(2) == 0 {
                (w.zext(a, to), x)
            } else {
                (w.sext(a, to), each(&|i| signed(x[i], bits) as u128 & mask(to)))
            }
        }
        10 if bits <= 32 => (w.cat(a, b), each(&|i| x[i] << bits | y[i])),
        11 => {
            let (c, z) = pool.operand(rng, 1)?;
            (pool.words.ite(c, a, b), each(&|i| if z[i] == 1 { x[i] } else { y[i] }))
        }
        12 => (w.eq(a, b), each(&|i| u128::from(x[i] == y[i]))),
        13 => (w.ult(a, b), each(&|i| meaning(Head::Ult, 1, 0, &[(x[i], bits), (y[i], bits)]))),
        14 => (w.slt(a, b), each(&|i| meaning(Head::Slt, 1, 0, &[(x[i], bits), (y[i], bits)]))),
        15 => (w.not(a), each(&|i| !x[i] & mask(bits))),
        16 if matches!(bits, 32 | 64) && x.iter().chain(&y).all(|n| *n != 0) => {
            quotient(w, rng, (a, b), (x, y))
        }
        17 if matches!(bits, 32 | 64) => magic(w, rng, (a, x)),
        18 if bits > 1 => extreme(w, rng, (a, x), (b, y)),
        // A part above another, with room between them or without.
        19 if bits > 2 && bits < 60 => {
            let to = bits.saturating_add(1 + rng.below(4) as u8);
            let k = rng.below(to.into()) as u8;
            let (high, low) = (w.zext(a, to), w.zext(b, to));
            let high = w.scale(1 << k, high);
            (w.or(high, low), each(&|i| (x[i] << k | y[i]) & mask(to)))
        }
        20 if bits > 1 => counted(w, rng, (a, x)),
        21 => sum_of_choice(pool, rng, (b, y))?,
        22 if bits > 1 => bits_compared(pool, rng, bits)?,
        23 if bits > 1 => extreme_part(w, rng, (a, x), (b, y)),
        _ => return None,
    })
}

/// A word shifted or rotated by another.
fn shifted(
    w: &mut Words,
    rng: &mut Rng,
    (a, x): (Word, Values),
    (b, y): (Word, Values),
) -> (Word, Values) {
    let bits = w.bits(a);
    let log = bits.trailing_zeros() as u8;
    let modulo = |op: Head| -> Values {
        core::array::from_fn(|i| meaning(op, bits, 0, &[(x[i], bits), (y[i] & mask(log), log)]))
    };
    match rng.below(4) {
        0 => (w.shl(a, b), modulo(Head::Shl)),
        1 => (w.shr(a, b), modulo(Head::Shr)),
        2 => (w.sar(a, b), modulo(Head::Sar)),
        _ => (w.rotl(a, b), modulo(Head::Rotl)),
    }
}

/// One of two words by a comparison of one with the other, or with a number near it.
fn extreme(
    w: &mut Words,
    rng: &mut Rng,
    (a, x): (Word, Values),
    (b, y): (Word, Values),
) -> (Word, Values) {
    let bits = w.bits(a);
    let near = rng.below(3) as u128;
    let bound = w.plus(b, near);
    let turned = rng.below(2) == 0;
    let (p, q) = if turned { (bound, a) } else { (a, bound) };
    let (op, c) =
        if rng.below(2) == 0 { (Head::Ult, w.ult(p, q)) } else { (Head::Slt, w.slt(p, q)) };
    let first = rng.below(2) == 0;
    let word = if first { w.ite(c, a, b) } else { w.ite(c, b, a) };
    let mut values = [0; ASSIGNMENTS];
    for (i, value) in values.iter_mut().enumerate() {
        let bound = y[i].wrapping_add(near) & mask(bits);
        let (p, q) = if turned { (bound, x[i]) } else { (x[i], bound) };
        let holds = meaning(op, 1, 0, &[(p, bits), (q, bits)]) == 1;
        *value = if holds == first { x[i] } else { y[i] };
    }
    (word, values)
}

/// Bits of one of two words, by a comparison of both or by the borrow of their difference.
fn extreme_part(
    w: &mut Words,
    rng: &mut Rng,
    (a, x): (Word, Values),
    (b, y): (Word, Values),
) -> (Word, Values) {
    let bits = w.bits(a);
    let lo = rng.below(bits.into()) as u8;
    let width = 1 + rng.below((bits - lo).into()) as u8;
    let difference = w.sub(a, b);
    let (b, turned) = if rng.below(3) == 0 { (difference, true) } else { (b, false) };
    let y: Vec<u128> = (x.iter().zip(&y))
        .map(|(x, y)| if turned { x.wrapping_sub(*y) & mask(bits) } else { *y })
        .collect();
    let op = [Head::Ult, Head::Slt][rng.below(2)];
    let c = if op == Head::Ult { w.ult(a, b) } else { w.slt(a, b) };
    let (p, q) = (w.slice(a, lo, width), w.slice(b, lo, width));
    let to = width.saturating_add([0, 3][rng.below(2)]);
    let (p, q) = (w.zext(p, to), w.zext(q, to));
    let first = rng.below(2) == 0;
    let word = if first { w.ite(c, p, q) } else { w.ite(c, q, p) };
    let values = core::array::from_fn(|i| {
        let holds = meaning(op, 1, 0, &[(x[i], bits), (y[i], bits)]) == 1;
        (if holds == first { x[i] } else { y[i] }) >> lo & mask(width)
    });
    (word, values)
}

/// A count of bits, or whether it is a small number.
fn counted(w: &mut Words, rng: &mut Rng, (a, x): (Word, Values)) -> (Word, Values) {
    let bits = w.bits(a);
    let prim = [Prim::LeadingZeros, Prim::TrailingZeros, Prim::Ones][rng.below(3)];
    let count = w.prim(prim, bits, &[a]);
    let counts = x.map(|x| meaning(Head::Prim, bits, prim as u128, &[(x, bits)]));
    if rng.below(3) == 0 {
        return (count, counts);
    }
    let n = rng.below(2) as u128;
    let number = w.constant(bits, n);
    (w.eq(count, number), counts.map(|count| u128::from(count == n)))
}

/// A choice of two numbers, some times, and a number and something else.
fn sum_of_choice(pool: &mut Pool, rng: &mut Rng, (b, y): (Word, Values)) -> Option<(Word, Values)> {
    let bits = pool.words.bits(b);
    let (c, z) = pool.of_width(rng, 1)?;
    let [p, q, times, more] = [(); 4].map(|()| number_of(rng, bits));
    let w = &mut pool.words;
    let (first, second) = (w.constant(bits, p), w.constant(bits, q));
    let choice = w.ite(c, first, second);
    let choice = w.scale(times, choice);
    let alone = rng.below(2) == 0;
    let sum = if alone { choice } else { w.add(choice, b) };
    let mut values = [0; ASSIGNMENTS];
    for (i, value) in values.iter_mut().enumerate() {
        let chosen = (if z[i] == 1 { p } else { q }).wrapping_mul(times);
        let other = if alone { 0 } else { y[i] };
        *value = chosen.wrapping_add(other).wrapping_add(more) & mask(bits);
    }
    Some((w.plus(sum, more), values))
}

/// Whether one of two conditions, as a word, is a number.
fn bits_compared(pool: &mut Pool, rng: &mut Rng, bits: u8) -> Option<(Word, Values)> {
    let (c, z) = pool.of_width(rng, 1)?;
    let ((p, x), (q, y)) = (pool.of_width(rng, 1)?, pool.of_width(rng, 1)?);
    let w = &mut pool.words;
    let (p, q) = (w.zext(p, bits), w.zext(q, bits));
    let choice = w.ite(c, p, q);
    let n = number_of(rng, bits) & mask(2);
    let number = w.constant(bits, n);
    let values = core::array::from_fn(|i| u128::from((if z[i] == 1 { x[i] } else { y[i] }) == n));
    Some((w.eq(choice, number), values))
}

fn quotient(
    w: &mut Words,
    rng: &mut Rng,
    (a, b): (Word, Word),
    (x, y): (Values, Values),
) -> (Word, Values) {
    let bits = w.bits(a);
    let (prim, word) = match rng.below(4) {
        0 => (Prim::DivU, w.div_u(a, b)),
        1 => (Prim::RemU, w.rem_u(a, b)),
        2 => (Prim::DivS, w.div_s(a, b)),
        _ => (Prim::RemS, w.rem_s(a, b)),
    };
    let mut values = [0; ASSIGNMENTS];
    for (i, value) in values.iter_mut().enumerate() {
        *value = meaning(Head::Prim, bits, prim as u128, &[(x[i], bits), (y[i], bits)]);
    }
    (word, values)
}

/// An upper half with a number that is near one that divides, and a shift.
fn magic(w: &mut Words, rng: &mut Rng, (a, x): (Word, Values)) -> (Word, Values) {
    let bits = w.bits(a);
    let most = [10, 1000][rng.below(2)];
    let d = 2 + (rng.below(most) as u128);
    let s = rng.below(8) as u32;
    let m = ((1_u128 << (u32::from(bits) + s)) / d).wrapping_add(rng.below(3) as u128);
    let m = m & mask(bits);
    let number = w.constant(bits, m);
    let unsigned = rng.below(2) == 0;
    let prim = if unsigned { Prim::HighU } else { Prim::HighS };
    let high = w.prim(prim, bits, &[a, number]);
    let s = w.constant(bits, s.into());
    let more = rng.below(2) == 0;
    let high = if more && !unsigned { w.add(high, a) } else { high };
    let sign = w.sign(if rng.below(2) == 0 { a } else { high });
    let (word, shift) = if unsigned { (w.shr(high, s), 0) } else { (w.sar(high, s), 1) };
    let sign = w.zext(sign, bits);
    let of_a = w.sign(a);
    let of_a = w.zext(of_a, bits) == sign;
    let word = if shift == 1 { w.add(word, sign) } else { word };
    let mut values = [0; ASSIGNMENTS];
    let s = w.number(s).unwrap_or(0);
    for (i, value) in values.iter_mut().enumerate() {
        let high = meaning(Head::Prim, bits, prim as u128, &[(x[i], bits), (m, bits)]);
        let high = if more && !unsigned { high.wrapping_add(x[i]) & mask(bits) } else { high };
        let top = if of_a { x[i] } else { high } >> (bits - 1);
        *value = if unsigned {
            high >> s
        } else {
            ((signed(high, bits) >> s) as u128).wrapping_add(top)
        };
        *value &= mask(bits);
    }
    (word, values)
}

pub(super) fn has_unknown(w: &Words, word: Word) -> bool {
    let Node { op, args, .. } = w.get(word);
    let inside = |&arg: &Word| arg != super::NONE && has_unknown(w, arg);
    op == Head::Unknown || args.iter().any(inside)
}

fn run(seed: u64, widths: &[u8], terms: usize, steps: u64) -> BTreeMap<Head, usize> {
    grown(&mut Rng::new(seed), widths, terms, steps).seen
}

/// A pool that grew by some terms, each of which means what it has to.
pub(super) fn grown(rng: &mut Rng, widths: &[u8], terms: usize, steps: u64) -> Pool {
    let seed = rng.clone();
    let mut pool = Pool {
        words: Words::within(steps),
        terms: Vec::new(),
        leaves: BTreeMap::new(),
        seen: BTreeMap::new(),
    };
    for &bits in widths {
        pool.leaf(rng, bits);
        pool.leaf(rng, bits);
    }
    pool.leaf(rng, 1);
    for _ in 0..terms {
        let bits = widths[rng.below(widths.len())];
        let Some((word, values)) = grow(&mut pool, rng, bits) else { continue };
        // Where the steps end, there may be a word that nothing is known of.
        if steps != u64::MAX && has_unknown(&pool.words, word) {
            continue;
        }
        let found = pool.evaluate(word, &mut BTreeMap::new());
        let width = pool.words.bits(word);
        assert_eq!(found, values, "{seed:?}, {width} bits: {}", pool.words.show(word));
        if pool.terms.len() < 60 {
            pool.terms.push((word, values));
        } else {
            let at = rng.below(60);
            pool.terms[at] = (word, values);
        }
    }
    pool
}

#[test]
fn constructors_mean_what_they_say() {
    let mut seen: BTreeMap<Head, usize> = BTreeMap::new();
    for seed in 0..600 {
        let widths: &[u8] = match seed % 6 {
            0 => &[1, 2, 3, 4, 5],
            1 => &[1, 8, 16, 32],
            2 => &[1, 32, 64],
            3 => &[3, 5, 8],
            4 => &[32],
            _ => &[1, 5, 16, 64],
        };
        for (op, count) in run(seed, widths, 120, u64::MAX) {
            *seen.entry(op).or_default() += count;
        }
    }
    // The others are leaves, or read memory.
    let others = [Head::Const, Head::Fixed, Head::Load, Head::Read];
    for op in HEADS.into_iter().filter(|op| !others.contains(op)) {
        assert!(seen.get(&op).is_some_and(|count| *count > 50), "{op:?}: {:?}", seen.get(&op));
    }
}

/// All assignments of two leaves of few bits, under every pair of constructors.
#[test]
fn small_words_are_right_everywhere() {
    for seed in 1000..2000 {
        run(seed, &[1, 2, 3], 60, u64::MAX);
    }
}

/// Where the steps end, what was made before and what is made then mean what they say.
#[test]
fn terms_without_steps_are_right() {
    for seed in 3000..3600 {
        let widths: &[u8] = if seed % 2 == 0 { &[1, 2, 3] } else { &[1, 8, 32] };
        run(seed, widths, 80, 10 * (seed % 60));
    }
}

/// Terms that share parts: to a part behind n others lead 2^n ways.
#[test]
fn steps_are_bounded() {
    // Without the limit this does not end.
    let mut w = Words::within(10_000);
    let (mut a, b) = (w.value(64, 0), w.value(64, 1));
    for i in 2..40 {
        let c = w.value(1, i);
        let (x, y) = (w.xor(a, b), w.or(a, b));
        a = w.ite(c, x, y);
    }
    let low = w.slice(a, 0, 32);
    assert_eq!(w.bits(low), 32);
    let mut w = Words::within(0);
    let (a, b) = (w.value(64, 0), w.value(64, 1));
    let both = w.and(a, b);
    let low = w.slice(both, 0, 8);
    assert_eq!(w.get(low).op, Head::Slice);
    let mut w = Words::within(100);
    let (a, b) = (w.value(64, 0), w.value(64, 1));
    let both = w.and(a, b);
    let low = w.slice(both, 0, 8);
    assert_eq!(w.get(low).op, Head::And);
}

#[test]
fn memory_is_what_was_stored() {
    let mut w = Words::new();
    let (memory, a, b) = (w.memory(), w.value(64, 0), w.value(64, 1));
    let x = w.value(32, 2);
    let stored = w.store(memory, a, x);
    assert_eq!(w.load(stored, a, 32), x);
    let low = w.slice(x, 0, 8);
    assert_eq!(w.load(stored, a, 8), low);
    // More than was stored, elsewhere by an unknown distance, or overlapping: a load of the store.
    for (at, bits) in [(0, 64), (1, 32), (3, 8), (u64::MAX, 16)] {
        let place = w.plus(a, at.into());
        let found = w.load(stored, place, bits);
        assert_eq!(w.get(found).args[0], stored, "{at} {bits}");
    }
    let found = w.load(stored, b, 32);
    assert_eq!(w.get(found).args[0], stored);
    // Beside it, on both sides: a load of what was before.
    for (at, bits) in [(4, 32), (8, 64), (u64::MAX, 8), (u64::MAX - 3, 32)] {
        let place = w.plus(a, at.into());
        let found = w.load(stored, place, bits);
        assert_eq!(w.get(found).args[0], memory, "{at} {bits}");
    }
}

/// The cases of a saturating truncation are those of `f64 as i64` and of the processor's.
#[test]
fn saturation_has_four_cases() {
    let powers = [0.5, 1.0, 1.5, 4.0e9, 9.2e18, 9.3e18, 1.0e19, 1.0e300, f64::INFINITY];
    let signed = powers.iter().flat_map(|x| [*x, -*x]);
    let mut seen = [0; 4];
    for x in signed.chain([0.0, -0.0, f64::NAN, -f64::NAN, i64::MIN as f64, -9.3e18]) {
        let fits = (i64::MIN as f64..-(i64::MIN as f64)).contains(&x);
        let truncated = if fits { x as i64 } else { i64::MIN };
        let (case, word) = if x.is_nan() {
            (0, 0)
        } else if truncated != i64::MIN {
            (1, truncated)
        } else if x < 0.0 {
            (2, i64::MIN)
        } else {
            (3, i64::MAX)
        };
        assert_eq!(word, x as i64, "{x}");
        seen[case] += 1;
    }
    assert!(seen.iter().all(|count| *count > 1), "{seen:?}");
    let mut w = Words::new();
    let x = w.value(64, 0);
    let all = w.prim(Prim::ToSignedSat, 64, &[x]);
    let truncated = w.prim(Prim::ToSigned, 64, &[x]);
    let (least, most, zero) =
        (w.constant(64, 1 << 63), w.constant(64, (1 << 63) - 1), w.constant(64, 0));
    let (is_least, nan) = (w.eq(truncated, least), w.prim(Prim::FloatNan, 1, &[x, x]));
    let up = w.prim(Prim::FloatLe, 1, &[x, zero]);
    assert_eq!(w.under(&[(is_least, false)], all), truncated);
    assert_eq!(w.under(&[(nan, true)], all), zero);
    assert_eq!(w.under(&[(is_least, true), (nan, false), (up, true)], all), least);
    assert_eq!(w.under(&[(is_least, true), (nan, false), (up, false)], all), most);
    for less in
        [&[(nan, false), (up, false)][..], &[(is_least, true), (up, false)], &[(is_least, true)]]
    {
        assert_eq!(w.under(less, all), all);
    }
}

#[test]
fn what_is_known_decides() {
    let mut w = Words::new();
    let (a, b) = (w.value(64, 0), w.value(64, 1));
    let (nan, equal) = (w.prim(Prim::FloatNan, 1, &[a, b]), w.prim(Prim::FloatEq, 1, &[a, b]));
    let less = w.prim(Prim::FloatLt, 1, &[a, b]);
    let most = w.prim(Prim::FloatLe, 1, &[b, a]);
    assert_eq!(w.decide(&[(nan, true)], equal), Some(false));
    assert_eq!(w.decide(&[(nan, false)], equal), None);
    assert_eq!(w.decide(&[(equal, true)], nan), Some(false));
    assert_eq!(w.decide(&[(less, true)], most), Some(false));
    assert_eq!(w.decide(&[(less, false)], most), None);
    let either = w.or(equal, nan);
    assert_eq!(w.decide(&[(either, false)], equal), Some(false));
    assert_eq!(w.decide(&[(either, true)], equal), None);
    let under = w.under(&[(nan, false)], either);
    assert_eq!(under, equal);
    // Of words of which one is 0, by their difference or sum.
    let (p, q) = (w.value(32, 4), w.value(32, 5));
    let (next, turned) = (w.plus(p, 1), w.sub(q, p));
    let (zero, last) = (w.zero(p), w.zero(next));
    assert_eq!(w.decide(&[(last, true)], zero), Some(false));
    assert_eq!(w.decide(&[(last, false)], zero), None);
    let (equal_p, other) = (w.eq(p, q), w.zero(turned));
    assert_eq!(w.decide(&[(equal_p, true)], other), Some(true));
    assert_eq!(w.decide(&[(equal_p, true)], zero), None);
    let minus = w.constant(32, u32::MAX.into());
    assert_eq!((w.under(&[(last, true)], p), w.under(&[(last, false)], p)), (minus, p));
    // The remainder by −1, and by what is not known to be.
    let rest = w.rem_s(q, p);
    let nothing = w.constant(32, 0);
    assert_eq!(w.under(&[(last, true)], rest), nothing);
    assert_eq!(w.under(&[(last, false)], rest), rest);
    // A choice that is decided, and one that is not.
    let (x, y) = (w.value(32, 2), w.value(32, 3));
    let choice = w.ite(less, x, y);
    assert_eq!(w.under(&[(less, true)], choice), x);
    assert_eq!(w.under(&[(less, false)], choice), y);
    assert_eq!(w.under(&[(nan, true)], choice), y);
    assert_eq!(w.under(&[(equal, false)], choice), choice);
}

/// No two fixed words have one number.
#[test]
fn fixed_words_are_apart() {
    let registers = (0..16).flat_map(|r| [Fixed::Register(r), Fixed::Vector(r)]);
    let above = [0, 1, 2, 8, 16, 0x100, 0x201, u32::MAX].map(Fixed::Above);
    let others = [Fixed::Context, Fixed::Height, Fixed::Stack, Fixed::Code];
    let all: Vec<Fixed> = registers.chain(above).chain(others).collect();
    let numbers: BTreeMap<u128, Fixed> = all.iter().map(|&of| (of.number(), of)).collect();
    assert_eq!(numbers.len(), all.len());
}
