//! The stack of native code: reserved once, with guards on both sides.
//!
//! It is sized so that the logical stack limit stops the code first; its guards are there for
//! faults of ours. Pages cost memory when they are first touched.

use crate::sys::OutOfMemory;
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap,
};
use std::ptr::NonNull;

/// Inaccessible bytes on each side: more than a frame can skip.
const GUARD_BYTES: usize = 1 << 20;

/// The highest bytes, which stay in memory for the next store: a multiple of every page size up to
/// this one.
const KEEP_BYTES: usize = 16 << 10;

/// A stack, see above.
#[derive(Debug)]
pub(crate) struct NativeStack {
    base: NonNull<u8>,
    mapped: usize,
    /// As they were asked for.
    bytes: usize,
}

// SAFETY: S6: it owns its mapping.
unsafe impl Send for NativeStack {}

impl NativeStack {
    /// A stack of at least `bytes` bytes.
    pub(crate) fn new(bytes: usize) -> Result<NativeStack, OutOfMemory> {
        let (page, asked) = (rustix::param::page_size(), bytes);
        let bytes = bytes.checked_next_multiple_of(page).ok_or(OutOfMemory)?;
        let mapped = bytes.checked_add(2 * GUARD_BYTES).ok_or(OutOfMemory)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: S1: a new anonymous mapping at a place that the system chooses replaces nothing.
        let base =
            unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, ProtFlags::empty(), flags) };
        let base = NonNull::new(base.map_err(|_| OutOfMemory)?.cast()).ok_or(OutOfMemory)?;
        let stack = NativeStack { base, mapped, bytes: asked };
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: the range lies in the mapping, which nobody uses yet.
        unsafe { mprotect(base.as_ptr().add(GUARD_BYTES).cast(), bytes, access) }
            .map_err(|_| OutOfMemory)?;
        Ok(stack)
    }

    /// One past its highest byte, a multiple of the page size: where it begins.
    pub(crate) fn top(&self) -> usize {
        self.base.as_ptr().addr() + self.mapped - GUARD_BYTES
    }

    /// The bytes that it was made for.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes all bytes 0, as they were; says whether it did.
    pub(crate) fn renew(&mut self) -> bool {
        let len = self.mapped - 2 * GUARD_BYTES;
        let keep = KEEP_BYTES.min(len);
        // SAFETY: S6: the bytes between the guards are ours and writable, and nobody uses them; the
        // highest of them stay, and the others are given back.
        unsafe {
            let first = self.base.as_ptr().add(GUARD_BYTES);
            first.add(len - keep).write_bytes(0, keep);
            madvise(first.cast(), len - keep, Advice::LinuxDontNeed).is_ok()
        }
    }
}

impl Drop for NativeStack {
    fn drop(&mut self) {
        // SAFETY: S6: the mapping is ours alone; no code waits on the stack of a store that goes.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.mapped) };
        debug_assert!(unmapped.is_ok(), "unmapping a whole mapping");
    }
}
