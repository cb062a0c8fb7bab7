//! The pages of a heap, as they are known beside the region: what each holds, and which slots are
//! occupied, marked and pinned.
//!
//! Nothing here lies in the region, so no content of the region can damage it.

use prova_module::slots::{PAGE_BYTES, slot_bytes, slots};
use std::cell::Cell;
use std::ops::Range;

/// The use of a page.
pub(super) enum Page {
    /// Nothing: all its bytes are 0. The first page of the region is never used.
    Free,
    /// Objects of one size.
    Slots(Slots),
    /// The first page of an object that has pages for itself.
    Large(Large),
    /// Another page of such an object.
    Rest,
}

/// A page of slots.
pub(super) struct Slots {
    pub(super) class: u8,
    /// How many slots are occupied.
    pub(super) used: u32,
    /// Slots from here on have been free ever since the page was: their bytes are 0.
    pub(super) fresh: u32,
    /// No word of `occupied` before this has a free slot.
    hint: u32,
    occupied: Box<[u64]>,
    marked: Box<[u64]>,
    pinned: Box<[Cell<u64>]>,
}

/// An object with pages for itself.
pub(super) struct Large {
    pub(super) pages: u32,
    pub(super) marked: bool,
    pub(super) pinned: Cell<bool>,
}

/// The bytes that a page counts besides its content, at least those of its entry in the list of
/// pages. It is the same on every machine.
const ENTRY_BYTES: u64 = 72;

const _: () = assert!(size_of::<Page>() as u64 <= ENTRY_BYTES);

/// The bytes that a page of a class counts in the store's budget: its own, those of its bitmaps,
/// and of each slot the entry that it may have in the marker's list.
pub(super) fn cost_of_slots(class: u8) -> u64 {
    let slots = u64::from(slots(class));
    u64::from(PAGE_BYTES) + ENTRY_BYTES + 3 * 8 * slots.div_ceil(64) + 4 * slots
}

/// The same of an object that has `pages` pages.
pub(super) fn cost_of_large(pages: u64) -> u64 {
    pages * (u64::from(PAGE_BYTES) + ENTRY_BYTES) + 4
}

fn bit(slot: u32) -> (usize, u64) {
    (slot as usize / 64, 1 << (slot % 64))
}

impl Slots {
    pub(super) fn new(class: u8) -> Slots {
        let words = slots(class).div_ceil(64) as usize;
        let none = || vec![0; words].into_boxed_slice();
        let pinned = vec![Cell::new(0); words].into_boxed_slice();
        let (occupied, marked) = (none(), none());
        Slots { class, used: 0, fresh: 0, hint: 0, occupied, marked, pinned }
    }

    /// Occupies the first free slot; says whether it may have been used before. `None`: there is
    /// none.
    pub(super) fn occupy(&mut self) -> Option<(u32, bool)> {
        let all = slots(self.class);
        while let Some(word) = self.occupied.get_mut(self.hint as usize) {
            let slot = self.hint * 64 + word.trailing_ones();
            if *word != u64::MAX && slot < all {
                *word |= 1 << (slot % 64);
                self.used += 1;
                let used_before = slot < self.fresh;
                self.fresh = self.fresh.max(slot + 1);
                return Some((slot, used_before));
            }
            self.hint += 1;
        }
        None
    }

    /// Occupies the first free slots that follow each other, one and at most `most`; gives them,
    /// and the first of all slots that had been free ever since.
    pub(super) fn lend(&mut self, most: u32) -> Option<(Range<u32>, u32)> {
        let fresh = self.fresh;
        let (first, _) = self.occupy()?;
        let last = slots(self.class).min(first.saturating_add(most));
        let mut end = first + 1;
        while end < last {
            let (word, bit) = bit(end);
            if self.occupied[word] & bit != 0 {
                break;
            }
            self.occupied[word] |= bit;
            end += 1;
        }
        self.used += end - first - 1;
        self.fresh = self.fresh.max(end);
        Some((first..end, fresh))
    }

    /// Frees slots that were lent and not used; `fresh` is as [`Slots::lend`] gave it.
    pub(super) fn give_back(&mut self, slots: Range<u32>, fresh: u32) {
        for slot in slots.clone() {
            let (word, bit) = bit(slot);
            self.occupied[word] &= !bit;
        }
        self.used -= slots.end - slots.start;
        self.hint = self.hint.min(slots.start / 64);
        self.fresh = fresh.max(slots.start);
    }

    pub(super) fn is_full(&self) -> bool {
        self.used == slots(self.class)
    }

    /// The slot that begins at an offset of the page, if it is occupied.
    pub(super) fn at(&self, offset: u32) -> Option<u32> {
        let bytes = slot_bytes(self.class);
        let slot = offset / bytes;
        let (word, bit) = bit(slot);
        let occupied = self.occupied.get(word).is_some_and(|word| word & bit != 0);
        (occupied && slot * bytes == offset).then_some(slot)
    }

    /// Marks a slot; whether it was not marked.
    pub(super) fn mark(&mut self, slot: u32) -> bool {
        let (word, bit) = bit(slot);
        let before = self.marked[word];
        self.marked[word] = before | bit;
        before & bit == 0
    }

    pub(super) fn unmark(&mut self) {
        self.marked.fill(0);
    }

    pub(super) fn pin(&self, slot: u32) {
        let (word, bit) = bit(slot);
        self.pinned[word].set(self.pinned[word].get() | bit);
    }

    /// The first pinned slot from one on.
    pub(super) fn next_pinned(&self, from: u32) -> Option<u32> {
        let mut mask = u64::MAX << (from % 64);
        for word in from as usize / 64..self.pinned.len() {
            let found = self.pinned[word].get() & mask;
            if found != 0 {
                return Some(word as u32 * 64 + found.trailing_zeros());
            }
            mask = u64::MAX;
        }
        None
    }

    /// Frees the slots that are not marked, and takes the marks back; how many were freed.
    pub(super) fn sweep(&mut self) -> u32 {
        let before = self.used;
        self.used = 0;
        for (occupied, marked) in self.occupied.iter_mut().zip(&mut self.marked) {
            *occupied &= std::mem::take(marked);
            self.used += occupied.count_ones();
        }
        self.hint = 0;
        before - self.used
    }
}
