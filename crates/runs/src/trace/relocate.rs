//! The bytes that the host wrote for one build of a program → their places in another build.
//!
//! `replay` asks, where a record is of another build; the table of `xref::watch` knows the
//! arguments of WASI's functions.
//!
//! Two builds keep their data at other addresses, so an argument that is an address is no
//! difference, and bytes that the host wrote behind one go behind the other's. What a call read in
//! pieces goes into the other's vectors in their order. The strings of `args_get` and
//! `environ_get` take their pointers along.
//!
//! Limit: what a call of a function without a row wrote stays where it was.

use crate::watch::effects::{Effect, of_name};

/// Most vectors of one call; the host takes no more.
const VECTORS_MAX: u64 = 1024;

/// Bytes at an address.
pub(super) type Write = (u64, Vec<u8>);

/// The positions of arguments that are addresses.
fn addresses(name: &str) -> Vec<usize> {
    if is_strings(name) {
        return vec![0, 1];
    }
    let effects = of_name(name).unwrap_or_default();
    let of = |effect: &Effect| match *effect {
        Effect::Reads { at, .. }
        | Effect::ReadsArray { at, .. }
        | Effect::Writes { at, .. }
        | Effect::Fills { at, .. } => vec![at],
        Effect::Gathers { at, done, .. } | Effect::Scatters { at, done, .. } => vec![at, done],
        Effect::Lists { at, used, .. } => vec![at, used],
    };
    effects.iter().flat_map(of).collect()
}

fn is_strings(name: &str) -> bool {
    matches!(name, "args_get" | "environ_get")
}

/// Whether two calls of a function of WASI are the same except for addresses.
pub(super) fn same(name: &str, a: &[u64], b: &[u64]) -> bool {
    let masked = addresses(name);
    let mut both = a.iter().zip(b).enumerate();
    a.len() == b.len() && both.all(|(at, (a, b))| a == b || masked.contains(&at))
}

/// The writes of a call with arguments `a`, for one with `b` in a program with this memory.
pub(super) fn moved(
    name: &str,
    (a, b): (&[u64], &[u64]),
    memory: &[u8],
    all: Vec<Write>,
) -> Vec<Write> {
    let addresses = addresses(name);
    let scatter = of_name(name).unwrap_or_default().iter().find_map(|effect| match *effect {
        Effect::Scatters { at, count, done } => Some((at, count, done)),
        _ => None,
    });
    let mut moved = Vec::new();
    let mut stream = Vec::new();
    for (start, bytes) in all {
        // It lies behind the nearest address at or below it.
        let behind = addresses.iter().filter(|at| a.get(**at).is_some_and(|a| *a <= start));
        let Some(&at) = behind.max_by_key(|at| a.get(**at)) else {
            moved.push((start, bytes));
            continue;
        };
        let is_count = scatter.is_some_and(|(_, _, done)| at == done && start == a[done]);
        if scatter.is_some() && !(is_count && bytes.len() == 4) {
            stream.extend(bytes);
            continue;
        }
        let shift = |value: u64, at: usize| match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => value.wrapping_sub(*a).wrapping_add(*b),
            _ => value,
        };
        let pointers = is_strings(name) && at == 0 && bytes.len() == 4;
        let bytes = match bytes.first_chunk::<4>() {
            Some(word) if pointers => {
                let value = shift(u64::from(u32::from_le_bytes(*word)), 1);
                (value as u32).to_le_bytes().to_vec()
            }
            _ => bytes,
        };
        moved.push((shift(start, at), bytes));
    }
    if let Some((at, count, done)) = scatter {
        // A piece may have been longer than what came.
        let came = moved.iter().find(|(start, _)| Some(start) == b.get(done));
        let came = came.and_then(|(_, bytes)| Some(u32::from_le_bytes(*bytes.first_chunk::<4>()?)));
        stream.truncate(came.map_or(0, |came| came as usize));
        let vectors = (b.get(at).copied().unwrap_or_default(), b.get(count).copied());
        scattered(vectors, memory, &stream, &mut moved);
    }
    moved
}

/// Distributes bytes to the vectors of a program.
fn scattered(
    (vectors, count): (u64, Option<u64>),
    memory: &[u8],
    mut stream: &[u8],
    moved: &mut Vec<Write>,
) {
    let word = |at: u64| {
        let bytes = usize::try_from(at).ok().and_then(|at| memory.get(at..)?.first_chunk::<4>());
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes).into())
    };
    for nth in 0..count.unwrap_or_default().min(VECTORS_MAX) {
        let vector = vectors.saturating_add(8 * nth);
        let (start, room): (u64, u64) = (word(vector), word(vector.saturating_add(4)));
        let (now, rest) = stream.split_at(stream.len().min(room as usize));
        if !now.is_empty() {
            moved.push((start, now.to_vec()));
        }
        stream = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_follow_their_arguments() {
        assert!(same("clock_time_get", &[0, 1, 64], &[0, 1, 80]));
        assert!(!same("clock_time_get", &[0, 1, 64], &[1, 1, 80]));
        assert!(!same("fd_close", &[3], &[4]));
        let time = moved("clock_time_get", (&[0, 1, 64], &[0, 1, 80]), &[], vec![(64, vec![1; 8])]);
        assert_eq!(time, [(80, vec![1; 8])]);
        let strings = vec![(8, vec![40, 0, 0, 0]), (40, b"ab\0".to_vec())];
        let moved = moved("args_get", (&[8, 40], &[16, 100]), &[], strings);
        assert_eq!(moved, [(16, vec![100, 0, 0, 0]), (100, b"ab\0".to_vec())]);
    }

    #[test]
    fn what_was_read_goes_into_the_vectors() {
        let mut memory = vec![0; 64];
        for (at, word) in [(0, 32_u32), (4, 2), (8, 40), (12, 9)] {
            memory[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        // Of a piece of six bytes five came.
        let all = vec![(200, b"abcdef".to_vec()), (300, vec![5, 0, 0, 0])];
        let (a, b) = ([3, 100, 1, 300], [3, 0, 2, 60]);
        let moved = moved("fd_read", (&a, &b), &memory, all);
        assert_eq!(moved, [(60, vec![5, 0, 0, 0]), (32, b"ab".to_vec()), (40, b"cde".to_vec())]);
    }
}
