//! A linear memory: bytes that grow in place (specification 4.2.10).
//!
//! The [`MemoryVm`] record that `store` keeps of each memory equals [`Memory::vm`]. The bytes
//! move only where the store asks for it ([`Memory::relocate`]): the greatest size that type and
//! limits allow is reserved at the start; where the system has less, growth fails there. No limit
//! allows more than [`RESERVATION_BYTES_MAX`].
//!
//! # Invariants
//! * M1. `len_bytes = pages << page_size_log2 ≤ reservation.committed`.
//! * M2. `pages ≤ pages_max`, which fits the type, the address type and the store's limit.
//! * M3. While it is `untouched`, all bytes are 0: no instance has had it, and the host has not
//!   asked for its bytes to write them.
//! * M4. While it is `pending`, its bytes are not 0 but those of the image that was asked for
//!   ([`Room::image`]). Only an instantiation asks for one, and it ends this by
//!   [`Memory::map_image`] or [`Memory::settle`] before anyone sees a byte.
//! * M5. What is committed is `len_bytes`, rounded up to the system's pages, which are no larger
//!   than 64 KiB: so behind the length of a memory with such pages nothing can be accessed (S5),
//!   which machine code leans on.
//! * M6. A shared memory's bytes are not here but in [`SharedMemory`]: no slice of them is made,
//!   and its record has no bytes (V8), so that code which takes it for another memory accesses
//!   nothing. M1 to M5 are of the others.
//!
//! Worst case: growth costs one system call, and the pages that are then touched.

use crate::lease::{Lease, Wanted};
use crate::limits::{self, LimitExceeded, Limits};
use crate::shared::SharedMemory;
use crate::store::Spare;
use crate::sys::{Image, ImageId};
use crate::vm::MemoryVm;
use prova_module::MemoryType;
use std::sync::Arc;

/// The greatest size of one memory or table in bytes (64 GiB). Greater limits have no effect: its
/// address space is reserved.
pub(crate) const RESERVATION_BYTES_MAX: u64 = Limits::MEMORY_BYTES_MAX;

/// A linear memory of a store.
#[derive(Debug)]
pub struct Memory {
    ty: MemoryType,
    space: Space,
    /// How its address space was asked for, without an image.
    wanted: Wanted,
    pages: u64,
    pages_max: u64,
    guarded: bool,
    /// M3.
    untouched: bool,
    /// M4.
    pending: bool,
}

/// Where a memory's bytes are.
#[derive(Debug)]
enum Space {
    /// In the store alone.
    Own(Lease),
    /// M6.
    Shared(SharedMemory),
}

/// Where a memory or table may get its address space from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room<'s> {
    /// Finished stores.
    pub(crate) spare: Option<&'s Arc<Spare>>,
    /// The address space and the guard of memories that native code relies on.
    pub(crate) guard: Option<(u64, u64)>,
    /// The image that the memory is to get (M4).
    pub(crate) image: Option<ImageId>,
}

/// Why an object could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllocError {
    /// A limit of the store.
    Limit(LimitExceeded),
    /// The system has no more memory.
    OutOfMemory,
    /// No module could declare such a memory.
    NoSuchType,
}

impl From<LimitExceeded> for AllocError {
    fn from(limit: LimitExceeded) -> AllocError {
        AllocError::Limit(limit)
    }
}

impl Memory {
    /// A memory of the type's minimal size, zeroed, without a guard for native code.
    #[cfg(test)]
    pub(crate) fn new(ty: MemoryType, limits: &Limits) -> Result<Memory, AllocError> {
        Memory::within(ty, limits, Room::default())
    }

    /// A memory of the type's minimal size, zeroed; one that [takes one](Memory::takes_guard) gets
    /// the address space and the guard that this needs, if the system has them.
    pub(crate) fn within(
        ty: MemoryType,
        limits: &Limits,
        room: Room<'_>,
    ) -> Result<Memory, AllocError> {
        let min_bytes = Memory::min_bytes(&ty, limits)?;
        if ty.shared {
            let shared = SharedMemory::within(ty, Memory::bytes_max(limits))?;
            return Ok(Memory::of_shared(shared));
        }
        let pages_max = (Memory::bytes_max(limits) >> ty.page_size_log2)
            .min(address_pages_max(&ty))
            .min(ty.max.unwrap_or(u64::MAX));
        let max_bytes = (pages_max << ty.page_size_log2).max(min_bytes);
        let min = usize::try_from(min_bytes).map_err(|_| AllocError::OutOfMemory)?;
        let max = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let keep = room.spare.map_or(0, |spare| spare.limits().memory_keep_bytes);
        let image = room.image;
        let wanted = Wanted { min, max, guard: None, committed: min, image, keep };
        let guard = room.guard.filter(|_| Memory::takes_guard(&ty));
        let guarded = guard.and_then(|(bytes, guard)| {
            let (bytes, guard) = (usize::try_from(bytes).ok()?, usize::try_from(guard).ok()?);
            let wanted = Wanted { max: bytes.max(max), guard: Some(guard), ..wanted };
            Some((wanted, Lease::new(room.spare, &wanted).ok()?))
        });
        let (guarded, wanted, reservation) = match guarded {
            Some((wanted, reservation)) => (true, wanted, Ok(reservation)),
            None => (false, wanted, Lease::new(room.spare, &wanted)),
        };
        let wanted = Wanted { image: None, ..wanted };
        let reservation = reservation.map_err(|_| AllocError::OutOfMemory)?;
        let (untouched, pending) = (true, reservation.has_image());
        Ok(Memory {
            ty,
            space: Space::Own(reservation),
            wanted,
            pages: ty.min,
            pages_max,
            guarded,
            untouched,
            pending,
        })
    }

    /// A memory that other stores may have, too.
    pub(crate) fn of_shared(shared: SharedMemory) -> Memory {
        let ty = *shared.ty();
        let wanted = Wanted { min: 0, max: 0, guard: None, committed: 0, image: None, keep: 0 };
        Memory {
            ty,
            space: Space::Shared(shared),
            wanted,
            pages: 0,
            pages_max: 0,
            guarded: false,
            untouched: false,
            pending: false,
        }
    }

    /// The memory that threads share, if it is one.
    pub fn shared(&self) -> Option<&SharedMemory> {
        match &self.space {
            Space::Own(_) => None,
            Space::Shared(shared) => Some(shared),
        }
    }

    /// The address space of a memory that is not shared.
    fn own(&mut self) -> Option<&mut Lease> {
        match &mut self.space {
            Space::Own(lease) => Some(lease),
            Space::Shared(_) => None,
        }
    }

    /// Whether accesses of a memory of this type may rely on a guard: 32-bit addresses and pages of
    /// 64 KiB.
    pub(crate) fn takes_guard(ty: &MemoryType) -> bool {
        !ty.memory64 && ty.page_size_log2 == 16
    }

    /// Whether it has the address space and the guard that its store's native code relies on.
    pub(crate) fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// The limit of one memory in bytes.
    fn bytes_max(limits: &Limits) -> u64 {
        limits.memory_bytes_max.min(RESERVATION_BYTES_MAX)
    }

    /// The bytes of the type's minimal size; refused beyond the limit.
    pub(crate) fn min_bytes(ty: &MemoryType, limits: &Limits) -> Result<u64, LimitExceeded> {
        let bytes = u128::from(ty.min) << ty.page_size_log2;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        limits::check("memory_bytes_max", Memory::bytes_max(limits), bytes).map(|()| bytes)
    }

    /// The type it was made with; its minimum is the size at the start.
    pub fn ty(&self) -> &MemoryType {
        &self.ty
    }

    /// The size in pages; of a shared one, now.
    pub fn pages(&self) -> u64 {
        self.shared().map_or(self.pages, SharedMemory::pages)
    }

    /// The size in bytes; of a shared one, now.
    pub fn len_bytes(&self) -> u64 {
        self.shared().map_or(self.pages << self.ty.page_size_log2, SharedMemory::len_bytes)
    }

    /// The bytes; of a shared one none (M6).
    pub fn data(&self) -> &[u8] {
        let Space::Own(lease) = &self.space else { return &[] };
        let len = (self.pages << self.ty.page_size_log2) as usize;
        // SAFETY: M1, S2: the bytes are committed and ours; V9: other writers borrow the store
        // mutably.
        unsafe { std::slice::from_raw_parts(lease.base().as_ptr(), len) }
    }

    /// The bytes, to write; of a shared one none (M6).
    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        self.untouched = false;
        let len = (self.pages << self.ty.page_size_log2) as usize;
        let Space::Own(lease) = &mut self.space else { return &mut [] };
        // SAFETY: as in `data`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(lease.base().as_ptr(), len) }
    }

    /// Gives it to an instance, whose code may write to it; says whether all bytes were 0 (M3).
    pub(crate) fn touch(&mut self) -> bool {
        std::mem::take(&mut self.untouched)
    }

    /// Puts an image at `start`, or finds it there (M4); says whether it is. For a memory that was
    /// untouched.
    pub(crate) fn map_image(&mut self, start: usize, image: &Image) -> bool {
        let pending = self.pending;
        let Some(lease) = self.own() else { return false };
        if pending && lease.is_mapped(start, image.id()) {
            self.pending = false;
            return true;
        }
        self.settle();
        self.own().is_some_and(|lease| lease.map_image(start, image))
    }

    /// Makes the bytes 0 that an image is at which the memory came with and has not got (M4).
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.pending)
            && let Some(lease) = self.own()
        {
            lease.clear_image();
        }
    }

    /// Whether type and limits allow `delta` more pages.
    pub(crate) fn may_grow(&self, delta: u64) -> bool {
        let may_have = |new| match self.shared() {
            Some(shared) => shared.may_have(new),
            None => new <= self.pages_max,
        };
        self.pages().checked_add(delta).is_some_and(may_have)
    }

    /// Whether `delta` more pages are beyond the type's maximum or addresses.
    pub(crate) fn exceeds_type(&self, delta: u64) -> bool {
        let most = self.ty.max.unwrap_or(u64::MAX).min(address_pages_max(&self.ty));
        self.pages().checked_add(delta).is_none_or(|new| new > most)
    }

    /// Adds `delta` zeroed pages to one that is not shared and gives the size before, in pages;
    /// `None` if it cannot grow so far.
    pub(crate) fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.pages;
        if !self.may_grow(delta) {
            return None;
        }
        let new = old + delta;
        // M2: `new <= pages_max`, whose bytes fit 64 bits.
        let bytes = usize::try_from(new << self.ty.page_size_log2).ok()?;
        self.own()?.commit(bytes).ok()?;
        self.pages = new;
        Some(old)
    }

    /// Moves its bytes to other address space; gives what it had before, where nothing can be
    /// accessed any more. `None`: it stays, since the system has no other.
    pub(crate) fn relocate(&mut self) -> Option<Lease> {
        self.settle();
        let len = self.len_bytes() as usize;
        let wanted = Wanted { committed: len, ..self.wanted };
        self.own()?.relocate(&wanted, len)
    }

    /// Where its bytes lie.
    #[cfg(test)]
    pub(crate) fn reservation(&self) -> &crate::sys::Reservation {
        match &self.space {
            Space::Own(lease) => lease,
            Space::Shared(_) => panic!("the reservation of a shared memory is behind its lock"),
        }
    }

    /// How handlers see it (V8, M6).
    pub(crate) fn vm(&self) -> MemoryVm {
        match &self.space {
            Space::Own(lease) => {
                let len_bytes = self.len_bytes() as usize;
                MemoryVm { base: lease.base().as_ptr(), len_bytes }
            }
            Space::Shared(shared) => MemoryVm { base: shared.base(), len_bytes: 0 },
        }
    }
}

/// The greatest number of pages that addresses of the type reach and that `memory.size` can return.
pub(crate) fn address_pages_max(ty: &MemoryType) -> u64 {
    match (ty.memory64, ty.page_size_log2) {
        (false, 0) => u64::from(u32::MAX),
        (false, log2) => (1 << 32) >> log2,
        (true, 0) => u64::MAX,
        (true, log2) => 1 << (64 - log2),
    }
}

#[cfg(test)]
mod tests;
