//! Two sequences of pass names → which entries belong together.
//!
//! [`compare`](super::compare) aligns the parts of one function. The method is a longest common
//! subsequence by Myers' greedy algorithm ("An O(ND) difference algorithm and its variations",
//! 1986) with its trace kept; for sequences further apart than [`EDITS_MAX`] the k-th run of a pass
//! on one side is the k-th on the other, and of these pairs a longest increasing chain is taken.
//!
//! 1. Pairs increase on both sides, and each joins equal keys.
//! 2. Memory: at most [`EDITS_MAX`]² words for the trace, and a few words for each entry.
//!
//! The tests below compare with the textbook's table.

use std::collections::HashMap;

/// The number of insertions and deletions up to which the alignment is a longest one.
pub const EDITS_MAX: usize = 1000;

/// Pairs of positions with equal keys.
pub fn align(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[head..], &b[head..]);
    let tail = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle_a = &rest_a[..rest_a.len() - tail];
    let middle_b = &rest_b[..rest_b.len() - tail];
    let mut pairs: Vec<_> = (0..head).map(|i| (i, i)).collect();
    let middle = myers(middle_a, middle_b).unwrap_or_else(|| by_occurrence(middle_a, middle_b));
    pairs.extend(middle.into_iter().map(|(i, j)| (head + i, head + j)));
    let (tail_a, tail_b) = (a.len() - tail, b.len() - tail);
    pairs.extend((0..tail).map(|i| (tail_a + i, tail_b + i)));
    pairs
}

/// A longest common subsequence, unless that takes more than [`EDITS_MAX`] edits.
fn myers(a: &[u64], b: &[u64]) -> Option<Vec<(usize, usize)>> {
    if a.is_empty() || b.is_empty() {
        return Some(Vec::new());
    }
    let most = (a.len() + b.len()).min(EDITS_MAX);
    // `reach[k + most]` is how far along `a` the diagonal k has come; row d of the trace has the
    // diagonals -d..=d before step d.
    let mut reach = vec![0usize; 2 * most + 2];
    let mut trace: Vec<Vec<usize>> = Vec::new();
    for d in 0..=most {
        trace.push(reach[most - d..=most + d].to_vec());
        for k in (0..=2 * d).step_by(2) {
            let at = most + k - d;
            let down = k == 0 || (k != 2 * d && reach[at - 1] < reach[at + 1]);
            let mut x = if d == 0 {
                0
            } else if down {
                reach[at + 1]
            } else {
                reach[at - 1] + 1
            };
            // Diagonal k - d is x - y.
            let mut y = (x + d).wrapping_sub(k);
            while x < a.len() && y < b.len() && a[x] == b[y] {
                x += 1;
                y += 1;
            }
            reach[at] = x;
            if x >= a.len() && y >= b.len() {
                return Some(back(&trace, d, k, a.len()));
            }
        }
    }
    None
}

/// Walks the trace back from the end on diagonal `k - d` after `d` edits.
fn back(trace: &[Vec<usize>], d: usize, k: usize, end: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut x, mut diagonal) = (end, k as isize - d as isize);
    for step in (0..=d).rev() {
        // Row `step` holds the diagonals -step..=step; those of the step before lie within.
        let before = |k: isize| trace[step].get((k + step as isize) as usize).copied().unwrap_or(0);
        let (start, previous) = if step == 0 {
            (0, 0)
        } else if diagonal == -(step as isize)
            || (diagonal != step as isize && before(diagonal - 1) < before(diagonal + 1))
        {
            (before(diagonal + 1), diagonal + 1)
        } else {
            (before(diagonal - 1) + 1, diagonal - 1)
        };
        while x > start {
            x -= 1;
            pairs.push((x, (x as isize - diagonal) as usize));
        }
        if step > 0 {
            x = before(previous);
            diagonal = previous;
        }
    }
    pairs.reverse();
    pairs
}

/// The k-th occurrence of a key with the k-th, as long as the positions increase.
fn by_occurrence(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let mut places: HashMap<(u64, u32), usize> = HashMap::new();
    for (at, key) in occurrences(b).into_iter().enumerate() {
        places.insert(key, at);
    }
    let pairs: Vec<(usize, usize)> = occurrences(a)
        .into_iter()
        .enumerate()
        .filter_map(|(at, key)| Some((at, *places.get(&key)?)))
        .collect();
    // Patience: `ends[l]` is the pair that ends the best chain of length l + 1.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![usize::MAX; pairs.len()];
    for (i, &(_, at)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].1 < at);
        if length > 0 {
            before[i] = ends[length - 1];
        }
        if length == ends.len() {
            ends.push(i);
        } else {
            ends[length] = i;
        }
    }
    let mut chain = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(i) = at {
        chain.push(pairs[i]);
        at = (before[i] != usize::MAX).then_some(before[i]);
    }
    chain.reverse();
    chain
}

fn occurrences(keys: &[u64]) -> Vec<(u64, u32)> {
    let mut seen: HashMap<u64, u32> = HashMap::new();
    keys.iter()
        .map(|&key| {
            let count = seen.entry(key).or_default();
            *count += 1;
            (key, *count)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &[u64], b: &[u64], pairs: &[(usize, usize)]) {
        assert!(
            pairs.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1),
            "{pairs:?}"
        );
        assert!(pairs.iter().all(|&(i, j)| a[i] == b[j]), "{a:?} {b:?} {pairs:?}");
    }

    fn longest(a: &[u64], b: &[u64]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut corner = 0;
            for (j, y) in b.iter().enumerate() {
                let up = row[j + 1];
                row[j + 1] = if x == y { corner + 1 } else { up.max(row[j]) };
                corner = up;
            }
        }
        row[b.len()]
    }

    fn random(state: &mut u64, below: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below
    }

    #[test]
    fn the_alignment_is_a_longest_one() {
        let mut state = 0x5eed;
        for round in 0..2000 {
            let alphabet = 1 + random(&mut state, 6);
            let mut sequence = || {
                let length = random(&mut state, 24);
                (0..length).map(|_| random(&mut state, alphabet)).collect::<Vec<_>>()
            };
            let (a, b) = (sequence(), sequence());
            let pairs = align(&a, &b);
            check(&a, &b, &pairs);
            assert_eq!(pairs.len(), longest(&a, &b), "round {round}: {a:?} {b:?}");
            check(&a, &b, &by_occurrence(&a, &b));
        }
    }

    #[test]
    fn far_apart_is_aligned_too_and_stays_small() {
        let a: Vec<u64> = (0..40_000).collect();
        let b: Vec<u64> = (0..40_000).map(|i| if i % 3 == 0 { i } else { i + 1_000_000 }).collect();
        let pairs = align(&a, &b);
        check(&a, &b, &pairs);
        assert_eq!(pairs.len(), 13_334);
    }
}
