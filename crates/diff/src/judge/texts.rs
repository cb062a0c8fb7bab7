//! Text of data that differs → whether an address and a number are such a text and its length.
//!
//! 1. A number is the length of a text only if the text starts at the same place on both sides, all
//!    differences lie inside it, and it grew by exactly as much as the number did. So both end at
//!    the same place.
//! 2. It is the text's *own* length only if a zero byte ends the text there on both sides, or if
//!    the bytes that the number spans are a path by themselves. Where a path differs, it may also
//!    be the length of a part of a longer text; the length of a part of other text does not count.

use crate::judge::data::{Look, Run};
use crate::numbers::shift::Shift;
use crate::numbers::strings::{Sort, UNCUT, is_printable, sort};
use crate::pair::side::{Side, bytes};
use std::collections::{BTreeMap, BTreeSet};

/// Longest text that is read to see whether it is a path.
const TEXT_MAX: u64 = 4096;

/// A run of text that differs.
#[derive(Clone, Copy, Debug)]
struct Text {
    growth: i64,
    sort: Sort,
    /// Bytes in A.
    bytes: u64,
    /// B's address.
    b: u64,
}

/// All text of the initial memory that differs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// By A's address.
    texts: BTreeMap<u64, Text>,
    growths: BTreeSet<i64>,
}

impl Texts {
    pub(crate) fn new(runs: &[Run]) -> Texts {
        let mut found = Texts::default();
        for run in runs.iter().filter(|run| run.active) {
            let Look::Text(sort, ..) = run.look else { continue };
            let (growth, bytes) = (run.growth(), run.bytes_a.len() as u64);
            found.texts.insert(run.a, Text { growth, sort, bytes, b: run.b });
            found.growths.insert(growth);
        }
        found
    }

    /// Whether some text grew by this, which is not nothing.
    pub(crate) fn grown(&self, by: i64) -> bool {
        by != 0 && self.growths.contains(&by)
    }

    /// Whether any length may have changed.
    pub(crate) fn any_grew(&self) -> bool {
        self.growths.iter().any(|growth| *growth != 0)
    }

    /// Whether a text that differs starts here on both sides, or its first byte that differs is
    /// here.
    pub(crate) fn starts(&self, a: u64, b: u64) -> bool {
        self.texts.get(&a).is_some_and(|text| text.b == b)
    }

    /// Whether `a` bytes from `x` in A, and `b` bytes from `y` in B, are one text that differs: its
    /// sort (invariant 1).
    pub(crate) fn span(
        &self,
        shift: &Shift,
        (x, a): (u64, u64),
        (y, b): (u64, u64),
    ) -> Option<Sort> {
        let starts = self.starts(x, y) || shift.delta_at(x) == Some(y.wrapping_sub(x) as i64);
        let end = x.checked_add(a)?;
        if !starts || a == b {
            return None;
        }
        let grown = b.wrapping_sub(a) as i64;
        let mut growth = 0;
        let mut sort = None;
        for (at, text) in self.texts.range(x..end) {
            if at + text.bytes > end {
                return None;
            }
            growth += text.growth;
            sort.get_or_insert(text.sort);
        }
        // Bytes added at the end may belong to this text or to the next.
        let behind = self.texts.get(&end).filter(|text| growth != grown && text.bytes == 0);
        if let Some(text) = behind {
            growth += text.growth;
            sort.get_or_insert(text.sort);
        }
        sort.filter(|_| growth == grown)
    }

    /// As [`Texts::span`], if the numbers are the text's length; and whether they are its own
    /// (invariant 2). Where the text ends in no zero and is no path, only the numbers say that it
    /// ends there.
    pub(crate) fn length(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        shift: &Shift,
        (x, a): (u64, u64),
        (y, b): (u64, u64),
    ) -> Option<(Sort, bool)> {
        let found = self.span(shift, (x, a), (y, b))?;
        if a.max(b) > TEXT_MAX {
            return None;
        }
        let (text_a, text_b) = (bytes(sides.0, x, a)?, bytes(sides.1, y, b)?);
        let zero = |side: &Side<'_>, at: u64| bytes(side, at, 1).is_some_and(|byte| byte == [0]);
        let inside = |text: &[u8]| !text[..text.len().saturating_sub(1)].contains(&0);
        let last = |text: &[u8]| text.last() == Some(&0);
        let ended = match (last(text_a), last(text_b)) {
            (true, true) => true,
            (false, false) => zero(sides.0, x + a) && zero(sides.1, y + b),
            _ => false,
        };
        let path = || sort((text_a, &(0..text_a.len())), (text_b, &(0..text_b.len())), UNCUT);
        let printable = |text: &[u8]| text.iter().all(|byte| is_printable(*byte));
        let own = ended || path() == Some(Sort::Path);
        let text = own || found == Sort::Path && printable(text_a) && printable(text_b);
        (inside(text_a) && inside(text_b) && text).then_some((found, own))
    }
}
