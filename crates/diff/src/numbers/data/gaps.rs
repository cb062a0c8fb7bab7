//! The space between the pieces of an image → runs of zeros that differ.
//!
//! The module above has the invariants (3). Tools leave out zeros at the ends of segments. So the
//! space between two segments may be the end of a string or of an array as well as padding: it is
//! judged like the zeros inside a segment.
//!
//! 1. Only in a memory that the module defines are unwritten bytes zero.
//! 2. Pieces that have other neighbours in B keep the zeros behind them, up to [`KEPT`], or it is
//!    an assumption that nobody reads them.

use super::fill::{Filled, Gap, Seen};
use super::padding::explained;
use super::piece::Pair;
use crate::numbers::strings::is_printable;
use crate::numbers::uses::Roles;
use crate::pair::side::Side;

/// Zeros behind a piece that something in it may need: the end of a string, the rest of a word.
const KEPT: u64 = 16;
/// Most zeros of a run that are kept as bytes.
const ZEROS_MAX: u64 = 1 << 16;

/// The zeros at the end or the start of bytes.
fn zeros<'b>(bytes: impl Iterator<Item = &'b u8>) -> u64 {
    bytes.take_while(|byte| **byte == 0).count() as u64
}

/// Whether a part ends a word on both sides, and no text that a zero behind it ends.
fn whole(part: &Pair<'_>) -> bool {
    let end = |start: u64, bytes: &[u8]| {
        let text = bytes.last().is_some_and(|last| is_printable(*last));
        (start + bytes.len() as u64).is_multiple_of(4) && !text
    };
    end(part.start.0, &part.bytes.0) && end(part.start.1, &part.bytes.1)
}

/// Compares the zeros between two pieces that follow each other on both sides. `end_a` and `end_b`
/// are where the first piece ends.
fn between(
    roles: &Roles,
    (before, behind): (&Pair<'_>, &Pair<'_>),
    (end_a, end_b): (u64, u64),
    filled: &mut Filled,
) -> Seen {
    let low = |end: u64, bytes: &[u8]| end - zeros(bytes.iter().rev());
    let high = |start: u64, bytes: &[u8]| start + zeros(bytes.iter());
    let all_a = (low(end_a, &before.bytes.0), high(behind.start.0, &behind.bytes.0));
    let all_b = (low(end_b, &before.bytes.1), high(behind.start.1, &behind.bytes.1));
    // Without a zero on one side, the zeros of the other may have ended the text or array before
    // them.
    let one_sided = (all_a.0 == all_a.1) != (all_b.0 == all_b.1);
    match explained(all_a, all_b) {
        Some(_) if one_sided => Seen::Padding(false),
        Some(zeros) => {
            filled.zeros.push(zeros);
            Seen::Padding(roles.names(zeros.a.1) || roles.names(behind.start.0))
        }
        None => Seen::Bytes,
    }
}

/// Adds the gaps of the image that differ.
pub(super) fn gaps(
    sides: (&Side<'_>, &Side<'_>),
    roles: &Roles,
    pairs: &[Pair<'_>],
    filled: &mut Filled,
) {
    let own = |side: &Side<'_>| side.module.imported_memory_count() == 0;
    if !own(sides.0) || !own(sides.1) {
        return;
    }
    let both =
        |pair: &Pair<'_>| pair.active && !pair.bytes.0.is_empty() && !pair.bytes.1.is_empty();
    let mut in_a: Vec<(usize, &Pair<'_>)> =
        pairs.iter().enumerate().filter(|(_, pair)| both(pair)).collect();
    in_a.sort_by_key(|(_, pair)| pair.start.0);
    let mut starts: Vec<u64> = in_a.iter().map(|(_, pair)| pair.start.1).collect();
    starts.sort_unstable();
    for (at, (pair, before)) in in_a.iter().enumerate() {
        let behind = in_a.get(at + 1).map(|(_, behind)| behind.start.0);
        let Some(behind_a) = behind.or(before.part.then_some(u64::MAX)) else { continue };
        let end_a = before.start.0 + before.bytes.0.len() as u64;
        let end_b = before.start.1 + before.bytes.1.len() as u64;
        // The next piece of B, whichever that is.
        let next = starts.get(starts.partition_point(|start| *start < end_b));
        let gap_a = behind_a.saturating_sub(end_a);
        let gap_b = next.map_or(u64::MAX, |next| next - end_b);
        let behind = in_a.get(at + 1).filter(|(_, behind)| next == Some(&behind.start.1));
        let together = behind.is_some();
        let same = match together {
            true => gap_a == gap_b,
            false => gap_a.min(KEPT) == gap_b.min(KEPT) || before.part && whole(before),
        };
        if same {
            continue;
        }
        let seen = match behind {
            Some((_, behind)) => between(roles, (before, behind), (end_a, end_b), filled),
            None => Seen::Padding(false),
        };
        // Between other neighbours, zeros beyond [`KEPT`] are not compared.
        let (gap_a, gap_b) = match together {
            true => (gap_a, gap_b),
            false => (gap_a.min(KEPT), gap_b.min(KEPT)),
        };
        let shorter = gap_a.min(gap_b);
        let bytes = |gap: u64| (gap - shorter).min(ZEROS_MAX) as usize;
        filled.gaps.push(Gap::Between {
            pair: *pair,
            at: (end_a, end_b),
            zeros: (bytes(gap_a), bytes(gap_b)),
            seen,
        });
    }
}
