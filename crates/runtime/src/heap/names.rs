//! Names of objects: the object that a number names, if there is one, and those that stay for ever.

use super::Heap;
use super::pages::Page;
use prova_module::objects::HEADER_BYTES;
use prova_module::slots::{PAGE_BYTES, slot_bytes};

/// Names.
impl Heap {
    /// The object that a cell names, if there is one; the cell may be any number.
    #[inline]
    pub(crate) fn object(&self, cell: u64) -> Option<u32> {
        let object = u32::try_from(cell).ok()?;
        match self.pages.get((object / PAGE_BYTES) as usize)? {
            Page::Slots(slots) => slots.at(object % PAGE_BYTES).map(|_| object),
            Page::Large(_) => object.is_multiple_of(PAGE_BYTES).then_some(object),
            Page::Free | Page::Rest => None,
        }
    }

    /// The bytes of an object behind its header, those of its slot or pages that it does not need
    /// among them; 0 for what is no object.
    pub(crate) fn bytes_behind(&self, object: u32) -> u64 {
        let bytes = match self.pages.get((object / PAGE_BYTES) as usize) {
            Some(Page::Slots(slots)) => slot_bytes(slots.class).into(),
            Some(Page::Large(large)) => u64::from(large.pages) * u64::from(PAGE_BYTES),
            Some(Page::Free | Page::Rest) | None => return 0,
        };
        bytes - u64::from(HEADER_BYTES)
    }

    /// Keeps an object for ever: [`Heap::pinned_after`] names it.
    pub(crate) fn pin(&self, object: u32) {
        let offset = object % PAGE_BYTES;
        match self.pages.get((object / PAGE_BYTES) as usize) {
            Some(Page::Slots(slots)) => {
                if let Some(slot) = slots.at(offset) {
                    slots.pin(slot);
                }
            }
            Some(Page::Large(large)) if offset == 0 => large.pinned.set(true),
            Some(Page::Large(_) | Page::Free | Page::Rest) | None => return,
        }
        self.pinned.set(self.pinned.get() + 1);
    }

    /// Whether an object is kept for ever.
    pub(crate) fn is_pinned(&self, object: u32) -> bool {
        self.pinned.get() > 0
            && self.next_pinned_in_page(object / PAGE_BYTES, object % PAGE_BYTES)
                == Some(object % PAGE_BYTES)
    }

    /// The pinned object that comes next behind one, or the first.
    pub(crate) fn pinned_after(&self, object: Option<u32>) -> Option<u32> {
        let from = match object {
            // Nothing comes behind the last 8 bytes of 4 GiB.
            Some(object) => object.checked_add(8)?,
            None => 0,
        };
        self.next_pinned(from)
    }

    /// The first pinned object from an offset on.
    pub(super) fn next_pinned(&self, from: u32) -> Option<u32> {
        if self.pinned.get() == 0 {
            return None;
        }
        let (first, mut offset) = (from / PAGE_BYTES, from % PAGE_BYTES);
        for page in first..self.pages.len() as u32 {
            if let Some(found) = self.next_pinned_in_page(page, offset) {
                return Some(page * PAGE_BYTES + found);
            }
            offset = 0;
        }
        None
    }

    /// The same in a page, from an offset in it on.
    fn next_pinned_in_page(&self, page: u32, offset: u32) -> Option<u32> {
        match self.pages.get(page as usize)? {
            Page::Slots(slots) => {
                let bytes = slot_bytes(slots.class);
                slots.next_pinned(offset.div_ceil(bytes)).map(|slot| slot * bytes)
            }
            Page::Large(large) => (offset == 0 && large.pinned.get()).then_some(0),
            Page::Free | Page::Rest => None,
        }
    }
}
