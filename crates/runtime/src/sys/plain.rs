//! Reservations by ordinary allocation, for Miri and for systems without `mmap`: reserved is
//! committed.
//!
//! The invariants are those of [`super`]. A reservation beyond [`BYTES_MAX`] is refused, so that
//! [`Reservation::reserve_between`] settles below it. There is no guard.

use super::OutOfMemory;
use std::alloc::Layout;
use std::ptr::NonNull;

/// The greatest reservation in bytes.
pub(crate) const BYTES_MAX: usize = if cfg!(miri) { 16 << 20 } else { 1 << 30 };

const ALIGN: usize = 4096;

/// Reserved memory, see [`super`].
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    reserved: usize,
    committed: usize,
}

impl Reservation {
    /// Reserves `bytes`, none of it committed.
    pub(crate) fn reserve(bytes: usize) -> Result<Reservation, OutOfMemory> {
        if bytes > BYTES_MAX {
            return Err(OutOfMemory);
        }
        let reserved = bytes.next_multiple_of(ALIGN);
        let layout = layout(reserved)?;
        if reserved == 0 {
            let base = NonNull::without_provenance(
                std::num::NonZero::new(layout.align()).ok_or(OutOfMemory)?,
            );
            return Ok(Reservation { base, reserved, committed: 0 });
        }
        // SAFETY: S2, S3: the size is not 0.
        let base = unsafe { std::alloc::alloc_zeroed(layout) };
        let base = NonNull::new(base).ok_or(OutOfMemory)?;
        Ok(Reservation { base, reserved, committed: 0 })
    }

    /// There are no guards here.
    #[cfg(any(miri, not(unix)))]
    pub(crate) fn reserve_guarded(_: usize, _: usize) -> Result<Reservation, OutOfMemory> {
        Err(OutOfMemory)
    }

    /// Makes at least the first `bytes` readable and writable; what is new is 0.
    pub(crate) fn commit(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        let end = bytes.checked_next_multiple_of(ALIGN).ok_or(OutOfMemory)?;
        if end > self.reserved {
            return Err(OutOfMemory);
        }
        self.committed = self.committed.max(end);
        Ok(())
    }

    /// Makes bytes that nobody needs any more 0.
    #[cfg(any(miri, not(unix)))]
    pub(crate) fn discard(&mut self, range: std::ops::Range<usize>) {
        if range.end <= self.committed {
            // SAFETY: S2, S4: the range is committed, so that it is ours and writable.
            unsafe { self.base.as_ptr().add(range.start).write_bytes(0, range.len()) };
        }
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

fn layout(bytes: usize) -> Result<Layout, OutOfMemory> {
    Layout::from_size_align(bytes, ALIGN).map_err(|_| OutOfMemory)
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.reserved == 0 {
            return;
        }
        if let Ok(layout) = layout(self.reserved) {
            // SAFETY: S2: allocated with this layout in `reserve`, and the owner that drops it
            // keeps no pointer into it.
            unsafe { std::alloc::dealloc(self.base.as_ptr(), layout) };
        }
    }
}
