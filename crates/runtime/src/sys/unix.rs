//! Reservations by `mmap` and `mprotect`: inaccessible address space, made readable and writable
//! from its start on.
//!
//! The invariants are those of [`super`]. A reservation costs address space alone (`PROT_NONE`,
//! `MAP_NORESERVE`); pages cost memory when they are first written. The guard is the end of the
//! mapping, which is never committed.

use super::{GUARD_BYTES, OutOfMemory};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ptr::NonNull;

/// Reserved address space, see [`super`].
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    reserved: usize,
    committed: usize,
    guard: usize,
}

impl Reservation {
    /// Reserves `bytes` of address space, none of it committed.
    pub(crate) fn reserve(bytes: usize) -> Result<Reservation, OutOfMemory> {
        Reservation::reserve_guarded(bytes, GUARD_BYTES)
    }

    /// The same with a guard of at least `guard` bytes.
    pub(crate) fn reserve_guarded(bytes: usize, guard: usize) -> Result<Reservation, OutOfMemory> {
        let page = rustix::param::page_size();
        let reserved = bytes.checked_next_multiple_of(page).ok_or(OutOfMemory)?;
        let guard = guard.max(GUARD_BYTES).checked_next_multiple_of(page).ok_or(OutOfMemory)?;
        let mapped = reserved.checked_add(guard).ok_or(OutOfMemory)?;
        if mapped > isize::MAX as usize {
            return Err(OutOfMemory);
        }
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: S1, S2, S5: a new anonymous mapping at a place that the system chooses replaces
        // nothing.
        let base =
            unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, ProtFlags::empty(), flags) };
        let base = NonNull::new(base.map_err(|_| OutOfMemory)?.cast()).ok_or(OutOfMemory)?;
        Ok(Reservation { base, reserved, committed: 0, guard })
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
        // SAFETY: S4: `committed < reserved`, so this is an address of the mapping.
        let start = unsafe { self.base.as_ptr().add(self.committed) };
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: S4: `committed < end <= reserved`, and both are multiples of the page size, so
        // the range lies in the mapping before the guard, and nothing has been able to use it
        // before (S5).
        unsafe { mprotect(start.cast(), end - self.committed, access) }.map_err(|_| OutOfMemory)?;
        self.committed = end;
        Ok(())
    }

    /// Makes bytes that nobody needs any more 0, and gives their pages back where the system takes
    /// them; whole pages of 64 KiB.
    pub(crate) fn discard(&mut self, range: std::ops::Range<usize>) {
        if range.end > self.committed || range.is_empty() {
            return;
        }
        // SAFETY: S2, S4: the range is committed, so that it is ours and writable.
        let start = unsafe { self.base.as_ptr().add(range.start) };
        #[cfg(target_os = "linux")]
        {
            let advice = rustix::mm::Advice::LinuxDontNeed;
            // SAFETY: S2: the pages are ours, anonymous and private, and the caller, who has the
            // reservation for itself, keeps no reference into them; they read as 0 from now on.
            if unsafe { rustix::mm::madvise(start.cast(), range.len(), advice) }.is_ok() {
                return;
            }
        }
        // SAFETY: S2, as above.
        unsafe { start.write_bytes(0, range.len()) };
    }

    /// The first byte (S1).
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The size of the address space in bytes, without the guard.
    #[cfg(test)]
    pub(crate) fn reserved(&self) -> usize {
        self.reserved
    }

    /// How many bytes can be used (S2).
    pub(crate) fn committed(&self) -> usize {
        self.committed
    }

    /// Bytes were taken away again.
    #[cfg(target_os = "linux")]
    pub(super) fn set_committed(&mut self, bytes: usize) {
        self.committed = bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mapped = self.reserved + self.guard;
        // SAFETY: S6: the mapping is ours alone, and the owner that drops it keeps no pointer into
        // it.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), mapped) };
        debug_assert!(unmapped.is_ok(), "unmapping a whole mapping");
    }
}
