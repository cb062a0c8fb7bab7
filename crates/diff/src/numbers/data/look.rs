//! A run of bytes → what it looks like: text, padding, a length, chance, or bytes.
//!
//! The module above has the invariants (3 to 5).

use super::names::Names;
use super::{ALIGNMENT_MAX, DataDiff, Look, Pair};
use crate::judge::texts::Texts;
use crate::numbers::shift::Zeros;
use crate::numbers::strings::{Cut, Sort, is_printable, is_text, sort, surrounding};
use std::ops::Range;

/// Zeros to each side of a run that may be padding.
const ZEROS_MAX: usize = 256;

/// The look of a run, by its bytes and by the bytes around it.
pub(super) fn look(
    a: (&[u8], &Range<usize>),
    b: (&[u8], &Range<usize>),
    (pair, names): (&Pair<'_>, &Names<'_, '_>),
) -> Look {
    let (run_a, run_b) = (&a.0[a.1.clone()], &b.0[b.1.clone()]);
    if run_a.iter().chain(run_b).all(|byte| *byte == 0) {
        let padding = pair.active && padding(a, b, pair.start).is_some();
        return if padding { Look::Padding(false) } else { Look::Bytes };
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

/// Invariant 3: the zeros around the run are `tail`, padding, `head`, where tail and head are the
/// same on both sides, and the padding is what one alignment asks for. Gives all these zeros.
pub(super) fn padding(
    a: (&[u8], &Range<usize>),
    b: (&[u8], &Range<usize>),
    start: (u64, u64),
) -> Option<Zeros> {
    // Zeros that are equal on both sides: the first zero bytes of an address that moved are none of
    // them.
    let before = a.0[..a.1.start].iter().rev().zip(b.0[..b.1.start].iter().rev());
    let after = a.0[a.1.end..].iter().zip(&b.0[b.1.end..]);
    let zero = |(x, y): &(&u8, &u8)| **x == 0 && **y == 0;
    let before = before.take(ZEROS_MAX).take_while(zero).count();
    let after = after.take(ZEROS_MAX).take_while(zero).count();
    let zeros = |run: &Range<usize>, start: u64| {
        (start + (run.start - before) as u64, start + (run.end + after) as u64)
    };
    explained(zeros(a.1, start.0), zeros(b.1, start.1))
}

/// Checks invariant 3 for all zeros between an end and a start, by their addresses on both sides.
pub(super) fn explained(in_a: (u64, u64), in_b: (u64, u64)) -> Option<Zeros> {
    let lengths = (in_a.1 - in_a.0, in_b.1 - in_b.0);
    let (more, shorter) = (lengths.0.abs_diff(lengths.1), lengths.0.min(lengths.1));
    // The shorter padding is `shorter - tail - head` at most; the other is longer by `more`.
    let mut alignments = std::iter::successors(Some(2), |alignment| Some(2 * alignment));
    let explains = |alignment: u64| {
        let head = in_a.1 % alignment;
        more < alignment && in_b.1 % alignment == head && head <= shorter
    };
    let found =
        alignments.by_ref().take_while(|alignment| *alignment <= ALIGNMENT_MAX).any(explains);
    found.then_some(Zeros { a: in_a, b: in_b })
}

/// Where the text of a run ends on both sides, if zeros follow, of which one ends it and the others
/// are padding.
pub(super) fn into_padding(
    a: (&[u8], &Range<usize>),
    b: (&[u8], &Range<usize>),
    (pair, names): (&Pair<'_>, &Names<'_, '_>),
) -> Option<(usize, usize)> {
    let text = |(bytes, run): (&[u8], &Range<usize>)| {
        let zeros = bytes[run.clone()].iter().rev().take_while(|byte| **byte == 0).count();
        let end = run.end - zeros;
        (bytes.get(end) == Some(&0)).then_some(run.start..end)
    };
    let (text_a, text_b) = (text(a)?, text(b)?);
    let whole = (text_a.end, text_b.end) == (a.1.end, b.1.end);
    if !pair.active || whole || text_a.is_empty() && text_b.is_empty() {
        return None;
    }
    let cuts = names.cuts(pair, &text_a, &text_b);
    sort((a.0, &text_a), (b.0, &text_b), cuts)?;
    let (rest_a, rest_b) = (text_a.end..a.1.end, text_b.end..b.1.end);
    padding((a.0, &rest_a), (b.0, &rest_b), pair.start)?;
    Some((text_a.end, text_b.end))
}

/// Whether bytes have this text, with no letter before or behind it.
pub(super) fn has_text(bytes: &[u8], text: &[u8]) -> bool {
    let letter =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|byte| is_printable(*byte));
    let whole = |at: usize| !letter(at.checked_sub(1)) && !letter(Some(at + text.len()));
    let places = bytes.windows(text.len().max(1)).enumerate();
    places.filter(|(_, here)| *here == text).any(|(at, _)| whole(at))
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
pub(super) fn classify(diff: &mut DataDiff, pairs: &[Pair<'_>]) {
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
            && let Some(sort) = texts.span(&diff.shift, (x, a), (y, b))
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
