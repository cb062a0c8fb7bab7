//! Two byte strings → equal ranges in order, found by sampled windows that are unique in both.
//!
//! Windows of [`WINDOW`] bytes are chosen by their content, so that an insertion moves the choice
//! along. Unique windows are paired, and the longest increasing sequence of pairs is kept and
//! extended. Time O(n log n), memory a few bytes for each sampled window; bytes that are not unique
//! are left to the gaps.
//!
//! A window of zeros around one small number may be unique on each side and yet be two different
//! things. So strings of one length are compared in place, unless windows explain more of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Bytes of a window.
pub(crate) const WINDOW: usize = 16;
/// One window in `SAMPLE` is sampled.
const SAMPLE: u64 = 4;

/// `len` equal bytes at `a` and `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Equal {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) len: usize,
}

/// Equal ranges in order, without overlap; the common prefix and suffix are always among them.
pub(crate) fn align(x: &[u8], y: &[u8]) -> Vec<Equal> {
    let prefix = x.iter().zip(y).take_while(|(x, y)| x == y).count();
    let (rest_x, rest_y) = (&x[prefix..], &y[prefix..]);
    let suffix = rest_x.iter().rev().zip(rest_y.iter().rev()).take_while(|(x, y)| x == y).count();
    let (mid_x, mid_y) = (&rest_x[..rest_x.len() - suffix], &rest_y[..rest_y.len() - suffix]);
    let mut found = vec![Equal { a: 0, b: 0, len: prefix }];
    for anchor in increasing(anchors(mid_x, mid_y)) {
        extend(&mut found, (x, y), (anchor.0 + prefix, anchor.1 + prefix), suffix);
    }
    let end = Equal { a: x.len() - suffix, b: y.len() - suffix, len: suffix };
    let moved = found.iter().any(|range| range.a != range.b);
    if moved && x.len() == y.len() {
        let explained: usize = found[1..].iter().map(|range| range.len).sum();
        if mid_x.iter().zip(mid_y).filter(|(x, y)| x == y).count() >= explained {
            found.truncate(1);
            in_place(&mut found, (mid_x, mid_y), prefix);
        }
    }
    found.push(end);
    found
}

/// Adds the equal ranges of two strings of one length that are as long as a window.
fn in_place(found: &mut Vec<Equal>, (x, y): (&[u8], &[u8]), start: usize) {
    let mut at = 0;
    while at < x.len() {
        let len = x[at..].iter().zip(&y[at..]).take_while(|(x, y)| x == y).count();
        if len >= WINDOW {
            found.push(Equal { a: start + at, b: start + at, len });
        }
        at += len + 1;
    }
}

/// Extends an anchor both ways, within what the ranges so far and the suffix leave.
fn extend(found: &mut Vec<Equal>, (x, y): (&[u8], &[u8]), (a, b): (usize, usize), suffix: usize) {
    let (low_a, low_b) = found.last().map_or((0, 0), |last| (last.a + last.len, last.b + last.len));
    if a < low_a || b < low_b {
        return;
    }
    let back =
        x[low_a..a].iter().rev().zip(y[low_b..b].iter().rev()).take_while(|(x, y)| x == y).count();
    let (end_a, end_b) = (x.len() - suffix, y.len() - suffix);
    let forward = x[a..end_a].iter().zip(&y[b..end_b]).take_while(|(x, y)| x == y).count();
    found.push(Equal { a: a - back, b: b - back, len: back + forward });
}

/// Pairs of windows that are unique on both sides, in order of `x`.
fn anchors(x: &[u8], y: &[u8]) -> Vec<(usize, usize)> {
    let (in_x, in_y) = (windows(x), windows(y));
    let mut pairs: Vec<(usize, usize)> = in_x
        .iter()
        .filter_map(|(hash, at)| Some(((*at)?, (*in_y.get(hash)?)?)))
        .filter(|(a, b)| x[*a..*a + WINDOW] == y[*b..*b + WINDOW])
        .collect();
    pairs.sort_unstable();
    pairs
}

/// The sampled windows by hash; `None` for one that occurs twice.
fn windows(bytes: &[u8]) -> HashMap<u64, Option<usize>> {
    const BASE: u64 = 0x0100_0000_01b3;
    let mut found = HashMap::new();
    if bytes.len() < WINDOW {
        return found;
    }
    let out = (0..WINDOW).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = 0u64;
    for (i, byte) in bytes.iter().enumerate() {
        hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(*byte) + 1);
        if i >= WINDOW {
            hash = hash.wrapping_sub(out.wrapping_mul(u64::from(bytes[i - WINDOW]) + 1));
        }
        if i + 1 < WINDOW
            || (hash ^ hash >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & (SAMPLE - 1) != 0
        {
            continue;
        }
        let at = i + 1 - WINDOW;
        match found.entry(hash) {
            Entry::Vacant(entry) => {
                entry.insert(Some(at));
            }
            Entry::Occupied(mut entry) => {
                entry.insert(None);
            }
        }
    }
    found
}

/// The longest sequence of pairs that increases on both sides (patience sorting).
pub(crate) fn increasing(pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (i, pair) in pairs.iter().enumerate() {
        let at = tails.partition_point(|&tail| pairs[tail].1 < pair.1);
        before.push(at.checked_sub(1).map(|at| tails[at]));
        if at == tails.len() { tails.push(i) } else { tails[at] = i }
    }
    let mut chain = Vec::with_capacity(tails.len());
    let mut at = tails.last().copied();
    while let Some(i) = at {
        chain.push(pairs[i]);
        at = before[i];
    }
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<u8> {
        (0..count as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8).collect()
    }

    #[test]
    fn an_insertion_leaves_two_ranges_with_one_delta_each() {
        let x = noise(4000);
        let mut y = x.clone();
        y.splice(1000..1000, *b"inserted");
        let ranges: Vec<Equal> = align(&x, &y).into_iter().filter(|range| range.len > 0).collect();
        assert_eq!(ranges.iter().map(|range| range.len).sum::<usize>(), 4000);
        assert!(ranges.iter().all(|range| range.b - range.a == if range.a < 1000 { 0 } else { 8 }));
    }

    #[test]
    fn a_window_of_zeros_and_a_small_number_moves_nothing() {
        let (mut x, mut y) = (vec![0; 256], vec![0; 256]);
        x[40] = 2;
        for at in (2..256).step_by(48) {
            (x[at], y[at]) = (1, 2);
        }
        y[40] = 3;
        assert!(align(&x, &y).iter().all(|range| range.a == range.b), "{:?}", align(&x, &y));
    }

    #[test]
    fn unrelated_strings_have_nothing_in_common_and_time_stays_linear() {
        let zeros = vec![0; 1 << 20];
        let other = vec![1; 1 << 20];
        assert_eq!(align(&zeros, &other).iter().map(|range| range.len).sum::<usize>(), 0);
    }
}
