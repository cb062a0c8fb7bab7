//! A pair of pieces whose parts stand in another order in B → a pair for each part.
//!
//! 1. Parts are cut at addresses that code names on both sides, or that a word of data names which
//!    is reached from there. Addresses that follow each other on both sides stay in one part. A
//!    copy, which one side alone has, is a part by itself.
//! 2. Each byte of both pieces is in one part, except zeros at the end of a part that the other
//!    side does not have. They are between parts, where `gaps` looks at them.

use super::named::Named;
use super::piece::Pair;
use crate::numbers::shift::Copied;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

/// Maximum number of bytes before a named address that are looked at.
const SHARED_MAX: u64 = 16;

/// A part: its bytes in A and in B.
type Part = (Range<u64>, Range<u64>);

/// The parts of a pair (invariant 1); none if they stand in the same order.
fn parts(pair: &Pair<'_>, named: &Named) -> Vec<Part> {
    let (a, b) = (
        (pair.start.0, pair.start.0 + pair.bytes.0.len() as u64),
        (pair.start.1, pair.start.1 + pair.bytes.1.len() as u64),
    );
    let cuts = named.within(a, b);
    let copied = |range: (u64, u64), in_b: bool| -> Vec<u64> {
        let own = named.copied().iter().filter(|copy| copy.in_b == in_b);
        let mut all: Vec<u64> = own.map(|copy| if in_b { copy.b } else { copy.a }).collect();
        all.retain(|at| (range.0..range.1).contains(at));
        all.sort_unstable();
        all.dedup();
        all
    };
    let (copies_a, copies_b) = (copied(a, false), copied(b, true));
    if cuts.is_sorted_by_key(|(_, y)| *y) && copies_a.is_empty() && copies_b.is_empty() {
        return Vec::new();
    }
    let mut order: Vec<u64> = cuts.iter().map(|(_, y)| *y).chain(copies_b.clone()).collect();
    order.sort_unstable();
    let mut starts: Vec<u64> = cuts.iter().map(|(x, _)| *x).chain(copies_a.clone()).collect();
    starts.sort_unstable();
    let next_a = |x: u64| starts.get(starts.partition_point(|at| *at <= x)).copied().unwrap_or(a.1);
    let next = |y: u64| order.get(order.partition_point(|at| *at <= y)).copied().unwrap_or(b.1);
    // The bytes before the first address of each side stand there on both.
    let least = order.first().copied().unwrap_or(b.1);
    let head = (a.0..starts.first().copied().unwrap_or(a.1), b.0..least);
    let mut parts: Vec<Part> = vec![head];
    for (x, y) in &cuts {
        let end = next_a(*x);
        match parts.last_mut() {
            Some(last) if (last.0.end, last.1.end) == (*x, *y) => {
                (last.0.end, last.1.end) = (end, next(*y))
            }
            _ => parts.push((*x..end, *y..next(*y))),
        }
    }
    shared(pair, &mut parts);
    // A copy has no partner on the other side.
    parts.extend(copies_a.iter().map(|x| (*x..next_a(*x), b.1..b.1)));
    parts.extend(copies_b.iter().map(|y| (a.1..a.1, *y..next(*y))));
    parts.retain(|(a, b)| !a.is_empty() || !b.is_empty());
    parts
}

/// Moves bytes at the end of parts that the other side does not have there to the parts behind them
/// on both sides: code may name a place inside an object, and not its first byte.
fn shared(pair: &Pair<'_>, parts: &mut [Part]) {
    let in_a = |at: u64| pair.bytes.0.get((at - pair.start.0) as usize).copied();
    let in_b = |at: u64| pair.bytes.1.get((at - pair.start.1) as usize).copied();
    // How many bytes at the end the other side has not.
    let rest = |(a, b): &Part| {
        let same = a.clone().zip(b.clone()).take_while(|(x, y)| in_a(*x) == in_b(*y)).count();
        (a.end - a.start - same as u64, b.end - b.start - same as u64)
    };
    let by_end: BTreeMap<u64, usize> =
        parts.iter().enumerate().map(|(at, (_, b))| (b.end, at)).collect();
    for at in 1..parts.len() {
        let (x, y) = (parts[at].0.start, parts[at].1.start);
        let Some(before) = by_end.get(&y).copied().filter(|before| *before != at) else { continue };
        if parts[at - 1].0.end != x || parts[before].1.end != y {
            continue;
        }
        let most = rest(&parts[at - 1]).0.min(rest(&parts[before]).1).min(SHARED_MAX);
        let same = |by: &u64| {
            let byte = in_a(x - by);
            byte == in_b(y - by) && byte != Some(0)
        };
        let by = (1..=most).take_while(same).count() as u64;
        (parts[at].0.start, parts[at].1.start) = (x - by, y - by);
        (parts[at - 1].0.end, parts[before].1.end) = (x - by, y - by);
    }
}

/// Cuts the pairs whose parts stand in another order.
pub(super) fn cut<'m>(pairs: Vec<Pair<'m>>, named: &Named) -> Vec<Pair<'m>> {
    let mut all = Vec::with_capacity(pairs.len());
    let start = |copy: &Copied| (copy.in_b, if copy.in_b { copy.b } else { copy.a });
    let starts: HashSet<(bool, u64)> = named.copied().iter().map(start).collect();
    for pair in pairs {
        let parts = match pair.active && !pair.bytes.0.is_empty() && !pair.bytes.1.is_empty() {
            true => parts(&pair, named),
            false => Vec::new(),
        };
        if parts.is_empty() {
            all.push(pair);
            continue;
        }
        let copied = |(a, b): &Part| match (a.is_empty(), b.is_empty()) {
            (true, _) => starts.contains(&(true, b.start)),
            (_, true) => starts.contains(&(false, a.start)),
            (false, false) => false,
        };
        let copies: Vec<bool> = parts.iter().map(copied).collect();
        all.extend(parts.into_iter().zip(copies).map(|(part, copied)| one(&pair, part, copied)));
    }
    all
}

/// One part (invariant 2).
fn one<'m>(pair: &Pair<'m>, (a, b): Part, copied: bool) -> Pair<'m> {
    let x = bytes(&pair.bytes.0, pair.start.0, &a);
    let y = bytes(&pair.bytes.1, pair.start.1, &b);
    let zeros = |bytes: &[u8]| bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let (more, other) = (zeros(&x), zeros(&y));
    let kept = more.min(other);
    let (x, y) = (shortened(x, more - kept), shortened(y, other - kept));
    Pair {
        segment: pair.segment,
        name: pair.name.clone(),
        start: (a.start, b.start),
        bytes: (x, y),
        equal: Vec::new(),
        active: true,
        part: true,
        copied,
    }
}

fn bytes<'m>(all: &Cow<'m, [u8]>, start: u64, range: &Range<u64>) -> Cow<'m, [u8]> {
    let range = (range.start - start) as usize..(range.end - start) as usize;
    match all {
        Cow::Borrowed(all) => Cow::Borrowed(&all[range]),
        Cow::Owned(all) => Cow::Owned(all[range].to_vec()),
    }
}

fn shortened(bytes: Cow<'_, [u8]>, by: usize) -> Cow<'_, [u8]> {
    let len = bytes.len() - by;
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..len]),
        Cow::Owned(mut bytes) => {
            bytes.truncate(len);
            Cow::Owned(bytes)
        }
    }
}
