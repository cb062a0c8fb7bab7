//! The stacks of a store with native code, in one mapping:
//!
//! ```text
//! guard │ values ─► … │ inaccessible │ … ◄─ native │ guard
//! ```
//!
//! The value stack grows up and the stack of native code down, so that what a store has touched of
//! both, except for the first page of each, goes back to the system by one call. The system looks
//! at each 2 MiB of a GiB in which a page is there, so the pages that stay lie in other GiB than
//! the greatest part of what goes back, where there is address space for that.
//!
//! The native one is sized so that the logical stack limit stops the code first; its guards are
//! there for faults of ours, and so are those of values. Pages cost memory when they are first
//! touched.

use crate::sys::{GUARD_BYTES, OutOfMemory};
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap,
};
use std::ptr::NonNull;

/// The first bytes of each stack, which stay in memory for the next store: a page.
const KEEP_BYTES: usize = 4 << 10;

/// The bytes that a page of the system's third level of tables describes.
const GIB: usize = 1 << 30;

/// The sizes of the two stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StackBytes {
    pub(crate) native: usize,
    pub(crate) values: usize,
}

/// Two stacks, see above.
#[derive(Debug)]
pub(crate) struct NativeStack {
    mapping: Mapping,
    /// Both in whole pages.
    bytes: StackBytes,
    /// As they were asked for.
    asked: StackBytes,
}

impl NativeStack {
    /// Stacks of at least these bytes.
    pub(crate) fn new(asked: StackBytes) -> Result<NativeStack, OutOfMemory> {
        let page = rustix::param::page_size();
        let whole = |bytes: usize| bytes.checked_next_multiple_of(page).ok_or(OutOfMemory);
        let bytes = StackBytes { native: whole(asked.native)?, values: whole(asked.values)? };
        let mapping = Mapping::apart(bytes).or_else(|OutOfMemory| Mapping::together(bytes))?;
        let stack = NativeStack { mapping, bytes, asked };
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        for (from, to) in [stack.values_range(), stack.native_range()] {
            let at = stack.mapping.at(from);
            // SAFETY: the range lies in the mapping, which nobody uses yet.
            unsafe { mprotect(at.as_ptr().cast(), to - from, access) }.map_err(|_| OutOfMemory)?;
        }
        Ok(stack)
    }

    /// Where they lie in the mapping: behind its first guard, and before its last one.
    fn values_range(&self) -> (usize, usize) {
        (GUARD_BYTES, GUARD_BYTES + self.bytes.values)
    }

    fn native_range(&self) -> (usize, usize) {
        let end = self.mapping.len - GUARD_BYTES;
        (end - self.bytes.native, end)
    }

    /// One past the highest byte of the native stack, a multiple of the page size: where it begins.
    pub(crate) fn top(&self) -> usize {
        self.mapping.at(self.native_range().1).addr().get()
    }

    /// The lowest byte of the value stack, where it begins, and how many there are.
    pub(crate) fn values(&self) -> (NonNull<u8>, usize) {
        (self.mapping.at(self.values_range().0), self.bytes.values)
    }

    /// The bytes that it was made for.
    pub(crate) fn asked(&self) -> StackBytes {
        self.asked
    }

    /// Makes all bytes 0, as they were; says whether it did.
    pub(crate) fn renew(&mut self) -> bool {
        let (values, native) = (self.values_range(), self.native_range());
        let first = values.1.min(values.0 + KEEP_BYTES);
        let last = native.1 - KEEP_BYTES.min(native.1 - native.0);
        // SAFETY: S6: the bytes of both stacks are ours and writable, and nobody uses them. The
        // first ones of each stay; what lies between, with the guards there, is given back.
        unsafe {
            self.mapping.at(values.0).write_bytes(0, first - values.0);
            self.mapping.at(last).write_bytes(0, native.1 - last);
            let between = self.mapping.at(first).as_ptr().cast();
            madvise(between, last - first, Advice::LinuxDontNeed).is_ok()
        }
    }
}

/// Address space that goes when this does.
#[derive(Debug)]
struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: S6: it owns its mapping.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Inaccessible bytes.
    fn new(len: usize) -> Result<Mapping, OutOfMemory> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: S1: a new anonymous mapping at a place that the system chooses replaces nothing.
        let base = unsafe { mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::empty(), flags) };
        let base = NonNull::new(base.map_err(|_| OutOfMemory)?.cast()).ok_or(OutOfMemory)?;
        Ok(Mapping { base, len })
    }

    /// Room for both stacks with a guard between them.
    fn together(bytes: StackBytes) -> Result<Mapping, OutOfMemory> {
        let both = bytes.native.checked_add(bytes.values).ok_or(OutOfMemory)?;
        Mapping::new(both.checked_add(3 * GUARD_BYTES).ok_or(OutOfMemory)?)
    }

    /// Room for both around a GiB that has all of the native stack but its first page, and no other
    /// page that is used: values lie below it, and that page above.
    fn apart(bytes: StackBytes) -> Result<Mapping, OutOfMemory> {
        let above = KEEP_BYTES + GUARD_BYTES;
        let below = GUARD_BYTES.checked_add(bytes.values).ok_or(OutOfMemory)?;
        if bytes.native < KEEP_BYTES || bytes.native - KEEP_BYTES > GIB - GUARD_BYTES {
            return Err(OutOfMemory);
        }
        let len = below.checked_add(GIB + above).ok_or(OutOfMemory)?;
        let mut mapping = Mapping::new(len.checked_add(GIB).ok_or(OutOfMemory)?)?;
        let at = mapping.base.addr().get() + below;
        let skipped = at.next_multiple_of(GIB) - at;
        mapping.cut(skipped, len)?;
        Ok(mapping)
    }

    /// Gives back all but `len` bytes from `from` on, whole pages.
    fn cut(&mut self, from: usize, len: usize) -> Result<(), OutOfMemory> {
        for (at, until) in [(from + len, self.len), (0, from)] {
            let start = self.at(at).as_ptr().cast();
            // SAFETY: S6: whole pages of the mapping, which nobody uses yet.
            let unmapped = until == at || unsafe { munmap(start, until - at) }.is_ok();
            if !unmapped {
                return Err(OutOfMemory);
            }
            if at > 0 {
                self.len = at;
            }
        }
        (self.base, self.len) = (self.at(from), len);
        Ok(())
    }

    /// The byte at an offset, at most the length.
    fn at(&self, offset: usize) -> NonNull<u8> {
        assert!(offset <= self.len, "a place beyond the mapping");
        // SAFETY: S6: it lies in the mapping, or at its end.
        unsafe { self.base.add(offset) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: S6: the mapping is ours alone; no code waits on the stack of a store that goes.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "unmapping a whole mapping");
    }
}
