//! A memory that several threads share (threads proposal): its bytes, which any store may read and
//! write at any time, and the threads that wait at its addresses.
//!
//! A [`SharedMemory`] is a handle; each store that has it holds one ([`crate::Memory`]). The whole
//! maximum is reserved when it is made, so that its bytes never move, and growth makes more of it
//! accessible. One with 32-bit addresses gets the address space and the guard that machine code of
//! the usual shape leans on, where the system has them.
//!
//! A data race of the guest is no data race here: every access, of code or of the host, is made of
//! atomic accesses of aligned words of 8 bytes, and of no other size, since the language's memory
//! model does not define what atomic accesses of different sizes see of each other. A word that is
//! written in part is exchanged. An access that is not atomic in Wasm is relaxed, and may tear
//! between words; an atomic one lies in one word and is sequentially consistent. Machine code is no
//! part of that model: to it, these accesses are the instructions that they are compiled to, which
//! on x86-64 are atomic by aligned words beside accesses of any size.
//!
//! # Invariants
//! * SM1. `base` is the first byte of `reservation`, aligned to 8; it does not change.
//! * SM2. `len_bytes` only grows, under the lock of `reservation`, after so much was committed.
//!   With S2 the words up to it are initialised and accessible for as long as the value lives.
//! * SM3. Nothing but [`SharedMemory::words`] makes a reference to these bytes, and that one is to
//!   atomics. [`SharedMemory::data`] hands out cells, which its caller accesses at its own risk.
//! * SM4. A waiter is in the queue of its address from its comparison on until it is woken or gives
//!   up; both happen under the lock of `waiters`.
//! * SM5. Behind the length nothing can be accessed, up to `zone` bytes from `base`: the whole
//!   reservation and its guard are there as long as the value lives, what is not committed faults,
//!   and pages have 64 KiB or it is no memory for machine code.
//!
//! Worst case: growth costs one system call; waking *n* threads *n* of them; giving up as much as
//! there are waiters at the address.
//!
//! Noticed by: `tests` here.

mod bytes;
mod wait;

pub(crate) use bytes::Bytes;
pub use wait::WaitResult;

use crate::instantiate::CreateError;
use crate::lease::{Lease, Wanted};
use crate::memory::{AllocError, Memory, RESERVATION_BYTES_MAX, address_pages_max};
use prova_check::MemoryShape;
use prova_module::MemoryType;
use std::cell::UnsafeCell;
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wait::Waiters;

/// A memory that threads share.
#[derive(Clone)]
pub struct SharedMemory(Arc<Shared>);

struct Shared {
    ty: MemoryType,
    pages_max: u64,
    /// SM1.
    base: NonNull<u8>,
    /// SM2.
    len_bytes: AtomicUsize,
    /// SM5.
    zone: u64,
    reservation: Mutex<Lease>,
    waiters: Mutex<Waiters>,
}

// SAFETY: SM3: the bytes behind `base` are accessed as atomics alone; the other fields may be
// shared, and the reservation may be dropped by any thread (S6).
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// A lock that a thread which panicked gave up leaves what it guards as it is: each change is one
/// step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SharedMemory {
    /// A memory of the type's least size, zeroed.
    ///
    /// # Errors
    /// If the type is not one of a shared memory, or there is no address space.
    pub fn new(ty: MemoryType) -> Result<SharedMemory, CreateError> {
        SharedMemory::within(ty, RESERVATION_BYTES_MAX).map_err(CreateError::from)
    }

    /// The same of at most `bytes_max` bytes, however far the type lets it grow.
    pub(crate) fn within(ty: MemoryType, bytes_max: u64) -> Result<SharedMemory, AllocError> {
        let most = address_pages_max(&ty);
        let max = ty.max.filter(|&max| ty.shared && max >= ty.min && max <= most);
        let log2 = Some(ty.page_size_log2).filter(|log2| matches!(log2, 0 | 16));
        let (Some(max), Some(log2)) = (max, log2) else { return Err(AllocError::NoSuchType) };
        let pages_max = max.min(bytes_max >> log2);
        let bytes = |pages: u64| usize::try_from(pages << log2).ok();
        let sizes = bytes(ty.min.min(pages_max)).zip(bytes(pages_max));
        let Some((min, max)) = sizes.filter(|_| ty.min <= pages_max) else {
            return Err(AllocError::OutOfMemory);
        };
        let wanted = Wanted { min, max, guard: None, committed: min, image: None, keep: 0 };
        let guarded = guarded(&ty, &wanted);
        let zone = guarded.as_ref().map_or(max as u64, |(_, zone)| *zone);
        let lease = match guarded {
            Some((lease, _)) => lease,
            None => Lease::new(None, &wanted).map_err(|_| AllocError::OutOfMemory)?,
        };
        let base = lease.base();
        Ok(SharedMemory(Arc::new(Shared {
            ty,
            pages_max,
            base,
            len_bytes: AtomicUsize::new(min),
            zone,
            reservation: Mutex::new(lease),
            waiters: Mutex::default(),
        })))
    }

    /// The type that it was made with; its minimum is the size at the start.
    pub fn ty(&self) -> &MemoryType {
        &self.0.ty
    }

    /// The size in pages, now: it may have grown when the caller looks at it.
    pub fn pages(&self) -> u64 {
        self.len_bytes() >> self.0.ty.page_size_log2
    }

    /// The size in bytes, now.
    pub fn len_bytes(&self) -> u64 {
        self.0.len_bytes.load(Ordering::SeqCst) as u64
    }

    /// The size in bytes that it may get: machine code compares with it, and faults behind the
    /// length (SM5).
    pub(crate) fn bytes_max(&self) -> usize {
        (self.0.pages_max << self.0.ty.page_size_log2) as usize
    }

    /// How many bytes from the first one are its own or fault (SM5).
    pub(crate) fn zone(&self) -> u64 {
        self.0.zone
    }

    /// Whether the type and what is reserved allow this number of pages.
    pub(crate) fn may_have(&self, pages: u64) -> bool {
        pages <= self.0.pages_max
    }

    /// Adds `delta` zeroed pages and gives the size before, in pages; `None` if it cannot grow so
    /// far, or to more than `bytes_max`.
    pub fn grow(&self, delta: u64, bytes_max: u64) -> Option<u64> {
        let mut reservation = lock(&self.0.reservation);
        let old = self.pages();
        let new = old.checked_add(delta).filter(|&new| self.may_have(new))?;
        // At most `pages_max`, whose bytes fit 64 bits.
        let bytes = new << self.0.ty.page_size_log2;
        if bytes > bytes_max && delta > 0 {
            return None;
        }
        let bytes = usize::try_from(bytes).ok()?;
        reservation.commit(bytes).ok()?;
        // SM2.
        self.0.len_bytes.store(bytes, Ordering::SeqCst);
        Some(old)
    }

    /// Its bytes, for a host that knows how to race: others may write them at any time, and do so
    /// by atomic accesses of aligned words of 8 bytes.
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        let len = self.len_bytes() as usize;
        // SAFETY: SM1, SM2; cells may change behind a shared reference.
        unsafe { std::slice::from_raw_parts(self.0.base.as_ptr().cast::<UnsafeCell<u8>>(), len) }
    }

    /// All words that have a byte of the memory as it is now. Bytes of the last one behind the
    /// memory's end are there, since whole pages of the system are committed.
    fn words(&self, len_bytes: usize) -> &[AtomicU64] {
        let base = self.0.base.as_ptr().cast::<AtomicU64>();
        // SAFETY: SM1: aligned; SM2: `len_bytes` was the length, so that these words are committed,
        // whose number of bytes is a multiple of a page (M1); SM3.
        unsafe { std::slice::from_raw_parts(base, len_bytes.div_ceil(size_of::<u64>())) }
    }

    /// Its bytes as they are now.
    pub(crate) fn bytes(&self) -> Bytes<'_> {
        let len = self.len_bytes() as usize;
        Bytes::new(self.words(len), len)
    }

    /// Fills `buffer` with the bytes from `at` on; false, and nothing, if they are not all there.
    #[must_use]
    pub fn read(&self, at: u64, buffer: &mut [u8]) -> bool {
        self.bytes().read(at, buffer).is_some()
    }

    /// Writes the bytes from `at` on; false, and nothing, if they are not all there.
    #[must_use]
    pub fn write(&self, at: u64, bytes: &[u8]) -> bool {
        self.bytes().write(at, bytes).is_some()
    }

    /// The bits of an aligned atomic load of `size` bytes, 1, 2, 4 or 8; `None` if they are not
    /// there or not aligned.
    pub fn atomic_load(&self, at: u64, size: usize) -> Option<u64> {
        self.bytes().update(at, size, |_| None)
    }

    /// Replaces the bits of an aligned word of `size` bytes by what `new` makes of them, as one
    /// step; gives the bits before. `None`: they are not there, or not aligned; where `new` gives
    /// none, nothing is written.
    pub fn atomic_update(
        &self,
        at: u64,
        size: usize,
        new: impl FnMut(u64) -> Option<u64>,
    ) -> Option<u64> {
        self.bytes().update(at, size, new)
    }

    /// Whether both are handles of the same memory.
    pub fn is(&self, other: &SharedMemory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The first byte, for machine code that does not access it (V8).
    pub(crate) fn base(&self) -> *mut u8 {
        self.0.base.as_ptr()
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        lock(&self.0.waiters)
    }
}

/// The address space and the guard of [`MemoryShape::GUARD`], and how many bytes both are; `None`
/// for a memory that takes none, and if the system has no room for it.
fn guarded(ty: &MemoryType, wanted: &Wanted) -> Option<(Lease, u64)> {
    let MemoryShape::Guard { reservation_bytes, guard_bytes } = MemoryShape::GUARD else {
        return None;
    };
    let (bytes, guard) = (usize::try_from(reservation_bytes), usize::try_from(guard_bytes));
    let (bytes, guard) = (bytes.ok()?, guard.ok()?);
    let wanted = Wanted { max: bytes.max(wanted.max), guard: Some(guard), ..*wanted };
    let lease = Memory::takes_guard(ty).then(|| Lease::new(None, &wanted))?.ok()?;
    Some((lease, reservation_bytes.saturating_add(guard_bytes)))
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory")
            .field("ty", &self.0.ty)
            .field("pages", &self.pages())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
