//! Bytes of constant memory that are known, as ranges in order.
//!
//! * O1. Ranges are not empty, rise by argument and place, and two of one argument do not touch. So
//!   what is known is in one range, which is found by halves.

use super::budget::Steps;
use super::error::{Verdict, demand};
use crate::ask::certificate::{Range, Word};

/// Ranges in order (O1).
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges(Vec<Range>);

/// Whether ranges are in order (O1).
pub(super) fn in_order(ranges: &[Range]) -> bool {
    let rise = |pair: &[Range]| (pair[0].arg, pair[0].to) < (pair[1].arg, pair[1].from);
    ranges.iter().all(|range| range.from < range.to) && ranges.windows(2).all(rise)
}

/// Whether ranges in order have all of one.
fn have(ranges: &[Range], range: Range) -> bool {
    let at = ranges.partition_point(|known| (known.arg, known.to) < (range.arg, range.to));
    let known = ranges.get(at);
    known.is_some_and(|known| {
        known.arg == range.arg && known.from <= range.from && range.to <= known.to
    })
}

/// Whether ranges in order have a word.
pub(super) fn have_word(ranges: &[Range], word: Word) -> bool {
    let Word { arg, offset, bytes } = word;
    let to = offset.checked_add(bytes);
    to.is_some_and(|to| have(ranges, Range { arg, from: offset, to }))
}

impl Ranges {
    /// The ranges of a row, which are in order by S1.
    pub(super) fn of_row(ranges: &[Range]) -> Ranges {
        Ranges(ranges.to_vec())
    }

    pub(super) fn all(&self) -> &[Range] {
        &self.0
    }

    /// Whether all of a range is known.
    pub(super) fn has(&self, range: Range) -> bool {
        have(&self.0, range)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A range more, which is not empty.
    pub(super) fn insert(&mut self, steps: &Steps, range: Range) -> Verdict {
        demand!(range.from < range.to, Memory, "{range:?} is empty");
        steps.spend(self.0.len())?;
        let Range { arg, from, to } = range;
        // Those that touch it are one with it.
        let first = self.0.partition_point(|known| (known.arg, known.to) < (arg, from));
        let behind = self.0.partition_point(|known| (known.arg, known.from) <= (arg, to));
        let touched = &self.0[first..behind];
        let from = touched.first().map_or(from, |known| known.from.min(from));
        let to = touched.last().map_or(to, |known| known.to.max(to));
        self.0.splice(first..behind, [Range { arg, from, to }]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All ways to put three of the ranges below 6 in, beside a set of bytes.
    #[test]
    fn ranges_are_their_bytes() {
        let ends = (0..6).flat_map(|from| (from + 1..=6).map(move |to| (from, to)));
        let some: Vec<Range> = (0..2)
            .flat_map(|arg| ends.clone().map(move |(from, to)| Range { arg, from, to }))
            .collect();
        let steps = Steps::of(0);
        // A bit for each byte.
        let bytes = |range: &Range| {
            (range.from..range.to).fold(0_u32, |bits, at| bits | 1 << (8 * range.arg + at))
        };
        for a in &some {
            for b in &some {
                for c in &some {
                    let (mut ranges, mut known) = (Ranges::default(), 0);
                    for range in [a, b, c] {
                        ranges.insert(&steps, *range).expect("there are steps left");
                        known |= bytes(range);
                        assert!(in_order(&ranges.0), "{ranges:?}");
                    }
                    for asked in &some {
                        assert_eq!(ranges.has(*asked), bytes(asked) & !known == 0);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_in_order_is_seen() {
        let range = |arg, from, to| Range { arg, from, to };
        for (ranges, right) in [
            (vec![], true),
            (vec![range(0, 0, 1), range(0, 2, 3), range(1, 0, 1)], true),
            (vec![range(0, 1, 1)], false),
            (vec![range(0, 2, 1)], false),
            (vec![range(0, 0, 1), range(0, 1, 2)], false),
            (vec![range(0, 0, 3), range(0, 2, 4)], false),
            (vec![range(0, 4, 5), range(0, 1, 2)], false),
            (vec![range(1, 0, 1), range(0, 2, 3)], false),
        ] {
            assert_eq!(in_order(&ranges), right, "{ranges:?}");
        }
        let all = [range(1, 0, 8)];
        let word = |arg, offset, bytes| Word { arg, offset, bytes };
        assert!(have_word(&all, word(1, 0, 8)) && have_word(&all, word(1, 7, 1)));
        assert!(!have_word(&all, word(1, 7, 2)) && !have_word(&all, word(0, 0, 8)));
        assert!(!have_word(&all, word(1, u32::MAX, 1)));
    }
}
