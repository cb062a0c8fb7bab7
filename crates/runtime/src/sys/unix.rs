//! Reservations by `mmap` and `mprotect`: inaccessible address space, made readable and writable from its start on.
//!
//! The invariants are those of [`super`]. A reservation costs address space alone (`PROT_NONE`, `MAP_NORESERVE`);
//! pages cost memory when they are first written.

use super::OutOfMemory;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ptr::NonNull;

/// Reserved address space, see [`super`].
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    reserved: usize,
    committed: usize,
}

impl Reservation {
    /// Reserves `bytes` of address space, none of it committed.
    pub(crate) fn reserve(bytes: usize) -> Result<Reservation, OutOfMemory> {
        let page = rustix::param::page_size();
        let reserved = bytes.checked_next_multiple_of(page).ok_or(OutOfMemory)?;
        if reserved > isize::MAX as usize {
            return Err(OutOfMemory);
        }
        if reserved == 0 {
            // S1, S2 hold of the empty range at any aligned address.
            let base = NonNull::without_provenance(PAGE);
            return Ok(Reservation { base, reserved, committed: 0 });
        }
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: S1, S2: a new anonymous mapping at a place that the system chooses replaces nothing.
        let base =
            unsafe { mmap_anonymous(std::ptr::null_mut(), reserved, ProtFlags::empty(), flags) };
        let base = NonNull::new(base.map_err(|_| OutOfMemory)?.cast()).ok_or(OutOfMemory)?;
        Ok(Reservation { base, reserved, committed: 0 })
    }

    /// Makes at least the first `bytes` readable and writable; what is new is 0.
    pub(crate) fn commit(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        if bytes <= self.committed {
            return Ok(());
        }
        let page = rustix::param::page_size();
        let end = bytes.checked_next_multiple_of(page).ok_or(OutOfMemory)?;
        if end > self.reserved {
            return Err(OutOfMemory);
        }
        // SAFETY: S4: `committed < end <= reserved`, and both are multiples of the page size, so the range lies in the
        // mapping, and nothing has been able to use it before.
        unsafe {
            let start = self.base.as_ptr().add(self.committed);
            mprotect(start.cast(), end - self.committed, MprotectFlags::READ | MprotectFlags::WRITE)
        }
        .map_err(|_| OutOfMemory)?;
        self.committed = end;
        Ok(())
    }

    /// The first byte (S1).
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The size of the address space in bytes.
    #[cfg(test)]
    pub(crate) fn reserved(&self) -> usize {
        self.reserved
    }

    /// How many bytes can be used (S2).
    pub(crate) fn committed(&self) -> usize {
        self.committed
    }
}

/// An alignment that every page size has.
const PAGE: std::num::NonZero<usize> = std::num::NonZero::new(4096).unwrap();

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.reserved == 0 {
            return;
        }
        // SAFETY: S2: the mapping is ours alone, and whoever drops it has no pointer into it any more.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.reserved) };
        debug_assert!(unmapped.is_ok(), "unmapping a whole mapping");
    }
}
