//! Pieces of both images in pairs.

use crate::numbers::shift::Shift;
use crate::pair::align::Equal;
use crate::pair::side::Side;
use std::borrow::Cow;
use std::ops::Range;

/// A pair of pieces; empty bytes for one that has no partner.
pub(crate) struct Pair<'m> {
    pub(crate) segment: u32,
    pub(crate) name: String,
    pub(crate) start: (u64, u64),
    pub(crate) bytes: (Cow<'m, [u8]>, Cow<'m, [u8]>),
    pub(crate) equal: Vec<Equal>,
    /// Whether it is part of the image of memory 0.
    pub(crate) active: bool,
    /// Whether it is a part of a piece, as parts stand in another order (`blocks`).
    pub(crate) part: bool,
    /// Whether it is a copy that one side has, and the other side's piece is empty.
    pub(crate) copied: bool,
}

impl<'m> Pair<'m> {
    /// Two whole pieces, of memory 0 if nothing else is said, not aligned yet.
    pub(super) fn whole(
        (segment, name): (u32, String),
        start: (u64, u64),
        bytes: (Cow<'m, [u8]>, Cow<'m, [u8]>),
    ) -> Pair<'m> {
        let equal = Vec::new();
        Pair { segment, name, start, bytes, equal, active: true, part: false, copied: false }
    }
}

/// A segment whose place differs: its index, and the place in A and in B.
pub(crate) type Place = (u32, [String; 2]);

/// Paired pieces with their equal ranges.
pub(crate) struct Aligned<'m> {
    pub(super) pairs: Vec<Pair<'m>>,
    pub(super) ends: (u64, u64),
    pub(crate) shift: Shift,
    pub(super) places: Vec<Place>,
    pub(super) recut: bool,
}

impl Aligned<'_> {
    /// Whether text may have grown into padding, or left some.
    pub(crate) fn pads(&self) -> bool {
        let gap = |bytes: &[u8], gap: Range<usize>| {
            let gap = bytes.get(gap).unwrap_or_default();
            gap.last() == Some(&0) && gap.iter().any(|byte| *byte != 0)
        };
        self.pairs.iter().filter(|pair| pair.active).any(|pair| {
            pair.equal.windows(2).any(|at| {
                let (x, y) = (&at[0], &at[1]);
                gap(&pair.bytes.0, x.a + x.len..y.a) || gap(&pair.bytes.1, x.b + x.len..y.b)
            })
        })
    }
}

/// Whether memory 0 is a module's own.
pub(super) fn own(side: &Side<'_>) -> bool {
    side.module.imported_memory_count() == 0
}

/// Where the data of a side ends.
pub(super) fn data_end(side: &Side<'_>) -> u64 {
    side.map.data().map_or(0, |data| data.end)
}
