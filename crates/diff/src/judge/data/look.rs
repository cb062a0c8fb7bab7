//! A run of bytes → what it looks like: text, padding, a length, chance, or bytes.
//!
//! The module above has the invariants (3 to 5).

use super::found::{DataDiff, Look};
use crate::judge::texts::Texts;
use crate::numbers::data::{Names, Pair, zeros};
use crate::numbers::shift::Shift;
use crate::numbers::strings::{Cut, Sort, is_text, sort, surrounding};
use std::ops::Range;

/// The look of a run, by its bytes and by the bytes around it.
pub(super) fn look(
    a: (&[u8], &Range<usize>),
    b: (&[u8], &Range<usize>),
    (pair, names): (&Pair<'_>, &Names<'_, '_>),
) -> Look {
    let (run_a, run_b) = (&a.0[a.1.clone()], &b.0[b.1.clone()]);
    if run_a.iter().chain(run_b).all(|byte| *byte == 0) {
        return match zeros(pair, a.1, b.1) {
            Some(zeros) => Look::Padding(names.names(zeros.a.1)),
            None => Look::Bytes,
        };
    }
    // Invariant 4.
    if !pair.active && run_a.len() != run_b.len() {
        return Look::Bytes;
    }
    let cuts = |a: &Range<usize>, b: &Range<usize>| names.cuts(pair, a, b);
    if let Some(sort) = sort(a, b, cuts(a.1, b.1)) {
        return Look::Text(sort, surrounding(a.0, a.1), surrounding(b.0, b.1));
    }
    if let Some(sort) = strings(a, b, cuts) {
        let text = |(bytes, run): (&[u8], &Range<usize>)| {
            let at = |at: usize| surrounding(bytes, &(at..at));
            format!("{}, {}", at(run.start), at(run.end))
        };
        return Look::Text(sort, text(a), text(b));
    }
    if looks_random(run_a, run_b) { Look::Random } else { Look::Bytes }
}

/// The sort of several strings that a run of one length is in, if their ends are where they were
/// and all are of one sort; of several sorts it is text.
fn strings(
    a: (&[u8], &Range<usize>),
    b: (&[u8], &Range<usize>),
    cuts: impl Fn(&Range<usize>, &Range<usize>) -> (Cut, Cut),
) -> Option<Sort> {
    let (run_a, run_b) = (&a.0[a.1.clone()], &b.0[b.1.clone()]);
    let ends = |run: &[u8]| -> Vec<usize> { (0..run.len()).filter(|at| run[*at] == 0).collect() };
    let at = ends(run_a);
    if run_a.len() != run_b.len() || at.is_empty() || at != ends(run_b) {
        return None;
    }
    let (mut found, mut start) = (None, 0);
    for end in at.into_iter().chain([run_a.len()]) {
        let piece = start..end;
        start = end + 1;
        if run_a[piece.clone()] == run_b[piece.clone()] {
            continue;
        }
        let of = |run: &Range<usize>| run.start + piece.start..run.start + piece.end;
        let (in_a, in_b) = (of(a.1), of(b.1));
        let one = sort((a.0, &in_a), (b.0, &in_b), cuts(&in_a, &in_b))?;
        found = Some(if found.is_none_or(|found| found == one) { one } else { Sort::Text });
    }
    found
}

/// Few bytes that are no text, nearly all different, about half of the bits flipped, and no small
/// number on either side.
fn looks_random(a: &[u8], b: &[u8]) -> bool {
    let len = a.len();
    if len != b.len() || !(3..=64).contains(&len) || is_text(a) && is_text(b) {
        return false;
    }
    let differ = a.iter().zip(b).filter(|(a, b)| a != b).count();
    let flipped: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    let bits = 8 * len as u32;
    let spread = |bytes: &[u8]| {
        let plain = bytes.iter().filter(|byte| matches!(**byte, 0 | 0xff)).count();
        4 * plain <= len
    };
    4 * differ >= 3 * len && (bits / 4..=bits * 3 / 4).contains(&flipped) && spread(a) && spread(b)
}

/// Finds the numbers that are lengths of strings that differ (invariant 5).
pub(super) fn classify(diff: &mut DataDiff, shift: &Shift, pairs: &[Pair<'_>]) {
    let texts = Texts::new(&diff.runs);
    let active: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.active).collect();
    let read = |address: u64, of_b: bool| -> Option<u64> {
        active.iter().find_map(|pair| {
            let (start, bytes) = match of_b {
                false => (pair.start.0, &pair.bytes.0),
                true => (pair.start.1, &pair.bytes.1),
            };
            let at = address.checked_sub(start)? as usize;
            let bytes = bytes.get(at..at.checked_add(4)?)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?).into())
        })
    };
    let mut found = Vec::new();
    for (index, run) in diff.runs.iter().enumerate() {
        let small = run.active && run.bytes_a.len() == run.bytes_b.len() && run.bytes_a.len() <= 4;
        if !small || !matches!(run.look, Look::Bytes | Look::Random | Look::Text(Sort::Text, ..)) {
            continue;
        }
        let (at_a, at_b) = (run.a & !3, run.b & !3);
        let (Some(a), Some(b)) = (read(at_a, false), read(at_b, true)) else { continue };
        let by = b.wrapping_sub(a) as i64;
        let before = |at: u64, of_b| at.checked_sub(4).and_then(|at| read(at, of_b));
        if let (Some(x), Some(y)) = (before(at_a, false), before(at_b, true))
            && let Some(sort) = texts.span(shift, (x, a), (y, b))
        {
            found.push((index, Look::Length(sort, by)));
        } else if !matches!(run.look, Look::Text(..)) && texts.grown(by) {
            found.push((index, Look::Grew(by)));
        }
    }
    for (index, look) in found {
        diff.runs[index].look = look;
    }
    diff.texts = texts;
}
