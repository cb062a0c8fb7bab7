//! Marks and sweeps: `collect` says which objects stay, and each page drops the rest (HP3, HP4,
//! HP6).

use super::Heap;
use super::pages::{Page, cost_of_large, cost_of_slots};
use prova_module::slots::{PAGE_BYTES, slot_bytes};

/// The entries of a piece of the marker's list.
const PIECE: usize = 1 << 14;

/// How many runs of empty pages wait until they are given back.
const EMPTIED_MAX: usize = 1 << 12;

/// Collection.
impl Heap {
    /// Marks an object; whether it was not marked.
    #[inline]
    pub(crate) fn mark(&mut self, object: u32) -> bool {
        self.marking = true;
        match self.pages.get_mut((object / PAGE_BYTES) as usize) {
            Some(Page::Slots(slots)) => {
                slots.at(object % PAGE_BYTES).is_some_and(|slot| slots.mark(slot))
            }
            Some(Page::Large(large)) => !std::mem::replace(&mut large.marked, true),
            Some(Page::Free | Page::Rest) | None => false,
        }
    }

    /// Puts an object that was just marked into the list of those to be looked into (HP4).
    #[inline]
    pub(crate) fn push(&mut self, object: u32) {
        match self.pending.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(object),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(object);
                self.pending.push(piece);
            }
        }
    }

    /// Takes one out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<u32> {
        let piece = self.pending.last_mut()?;
        let object = piece.pop();
        if piece.is_empty() {
            self.pending.pop();
        }
        object
    }

    /// Takes all marks back, and empties the list.
    pub(crate) fn clear_marks(&mut self) {
        self.pending = Vec::new();
        if !std::mem::take(&mut self.marking) {
            return;
        }
        for page in &mut self.pages {
            match page {
                Page::Slots(slots) => slots.unmark(),
                Page::Large(large) => large.marked = false,
                Page::Free | Page::Rest => {}
            }
        }
    }

    /// Drops the objects of a page that are not marked, and takes its marks back.
    pub(crate) fn sweep_page(&mut self, at: usize) {
        let (freed, bytes, pages) = match self.pages.get_mut(at) {
            Some(Page::Slots(slots)) => {
                let freed = slots.sweep();
                let class = slots.class;
                let empty = slots.used == 0;
                let cost = if empty { cost_of_slots(class) } else { 0 };
                self.bytes -= cost;
                (freed, u64::from(freed) * u64::from(slot_bytes(class)), u32::from(empty))
            }
            Some(Page::Large(large)) => {
                if std::mem::take(&mut large.marked) {
                    return;
                }
                self.bytes -= cost_of_large(large.pages.into());
                (1, u64::from(large.pages) * u64::from(PAGE_BYTES), large.pages)
            }
            Some(Page::Free | Page::Rest) | None => return,
        };
        self.objects -= u64::from(freed);
        self.live_bytes -= bytes;
        if pages > 0 {
            self.pages[at..at + pages as usize].fill_with(|| Page::Free);
            self.emptied.push((at as u32, pages));
            self.settle();
        }
    }

    /// Gives the pages back that were found empty, where they are many.
    fn settle(&mut self) {
        if self.emptied.len() >= EMPTIED_MAX {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        let mut emptied = std::mem::take(&mut self.emptied).into_iter().peekable();
        while let Some((first, mut count)) = emptied.next() {
            // They were found in their order.
            while let Some((_, more)) = emptied.next_if(|&(next, _)| next == first + count) {
                count += more;
            }
            let bytes = |page: u32| page as usize * PAGE_BYTES as usize;
            if let Some(region) = &mut self.region {
                region.discard(bytes(first)..bytes(first + count));
            }
            self.free.add(first, count);
        }
    }

    /// Ends a sweep of some or all pages: slots and pages that were freed are used again.
    pub(crate) fn finish_sweep(&mut self) {
        self.give_back();
        // What is free at the end is one with the address space behind it.
        if let Some(first) = self.free.take_last(self.pages.len() as u32) {
            self.pages.truncate(first as usize);
        }
        self.pending = Vec::new();
        self.partial.iter_mut().for_each(Vec::clear);
        for (at, page) in self.pages.iter().enumerate().rev() {
            if let Page::Slots(slots) = page
                && !slots.is_full()
            {
                self.partial[usize::from(slots.class)].push(at as u32);
            }
        }
    }
}
