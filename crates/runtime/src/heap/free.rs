//! Free pages of a heap, as runs of consecutive ones.
//!
//! Both maps have the same runs, none of which touches another. Each operation is logarithmic in
//! their number.

use std::collections::{BTreeMap, BTreeSet};

/// The runs of free pages.
#[derive(Debug, Default)]
pub(super) struct FreePages {
    /// By the first page, how many there are.
    runs: BTreeMap<u32, u32>,
    /// Number and first page.
    by_len: BTreeSet<(u32, u32)>,
}

impl FreePages {
    pub(super) const fn new() -> FreePages {
        FreePages { runs: BTreeMap::new(), by_len: BTreeSet::new() }
    }

    fn insert(&mut self, start: u32, len: u32) {
        self.runs.insert(start, len);
        self.by_len.insert((len, start));
    }

    fn remove(&mut self, start: u32, len: u32) {
        self.runs.remove(&start);
        self.by_len.remove(&(len, start));
    }

    /// Adds pages that are free now, none of which was.
    pub(super) fn add(&mut self, mut start: u32, mut len: u32) {
        if let Some((&before, &of_before)) = self.runs.range(..start).next_back()
            && before + of_before == start
        {
            self.remove(before, of_before);
            (start, len) = (before, of_before + len);
        }
        if let Some(&of_after) = self.runs.get(&(start + len)) {
            self.remove(start + len, of_after);
            len += of_after;
        }
        self.insert(start, len);
    }

    /// Takes as many consecutive pages out of the smallest run that has them, of these the lowest.
    pub(super) fn take(&mut self, pages: u32) -> Option<u32> {
        let &(len, start) = self.by_len.range((pages, 0)..).next()?;
        self.remove(start, len);
        if len > pages {
            self.insert(start + pages, len - pages);
        }
        Some(start)
    }

    /// Takes the run that ends at `end`, and gives its first page.
    pub(super) fn take_last(&mut self, end: u32) -> Option<u32> {
        let (&start, &len) = self.runs.last_key_value()?;
        if start + len != end {
            return None;
        }
        self.remove(start, len);
        Some(start)
    }

    /// Whether there are `pages` consecutive pages.
    pub(super) fn has(&self, pages: u32) -> bool {
        self.by_len.range((pages, 0)..).next().is_some()
    }
}
