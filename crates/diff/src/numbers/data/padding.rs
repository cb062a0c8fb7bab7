//! Zeros that differ in number → whether they are padding, which one alignment asks for.
//!
//! The module above has the invariants (3).

use super::names::Names;
use super::piece::Pair;
use crate::numbers::shift::Zeros;
use crate::numbers::strings::sort;
use std::ops::Range;

/// Widest alignment that padding is explained by.
const ALIGNMENT_MAX: u64 = 32;
/// Zeros to each side of a run that may be padding.
const ZEROS_MAX: usize = 256;

/// Invariant 3: the zeros around the run are `tail`, padding, `head`, where tail and head are the
/// same on both sides, and the padding is what one alignment asks for. Gives all these zeros.
pub(crate) fn padding(
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
