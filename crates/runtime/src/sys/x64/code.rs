//! Code memory: bytes are copied to private memory, made read-only, and only then checked and made
//! executable.
//!
//! All code of the process lies in one reserved arena, so that a signal handler can tell by two
//! comparisons whether an address is of native code ([`is_code`]). Pieces that are copied together
//! lie in the same pages, which are theirs alone; what is between them stops the processor. Pages
//! are never writable again, there is no second mapping of them, and they are never a file's.
//!
//! Functions that each begin a page would share the same few lines of the processor's caches, and
//! take an entry of its table of pages each: pieces follow each other, and where there is room the
//! first one begins at another line each time.
//!
//! Limits: [`ARENA_BYTES`], less where address space is short; beyond it there is no native code.

use crate::sys::OutOfMemory;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect};
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::fd::AsFd as _;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Nanoseconds of the clock that `perf record -k mono` uses.
pub(crate) fn monotonic_nanos() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}

/// Maps the first page of a file as code for as long as the process lives, so that `perf` learns of
/// the file. Nothing jumps there: the addresses are known to nobody.
pub(crate) fn map_as_code(file: &File) -> Option<()> {
    let access = ProtFlags::READ | ProtFlags::EXEC;
    // SAFETY: a new private mapping at a place that the system chooses; nothing refers to it.
    let mapped =
        unsafe { mmap(std::ptr::null_mut(), 1, access, MapFlags::PRIVATE, file.as_fd(), 0) };
    mapped.is_ok().then_some(())
}

/// Address space for code (2 GiB).
const ARENA_BYTES: usize = 2 << 30;
/// The least that is tried.
const ARENA_BYTES_MIN: usize = 64 << 20;
/// The alignment of a piece, in bytes: a line of the caches.
pub(crate) const ALIGN_BYTES: usize = 64;
/// `int3`, which is between pieces.
const BETWEEN: u8 = 0xCC;

/// Where the arena begins and ends, for the signal handler; 0 while there is none.
static START: AtomicUsize = AtomicUsize::new(0);
static END: AtomicUsize = AtomicUsize::new(0);

/// The free ranges of the arena.
struct Arena {
    /// The first byte that was never used.
    next: usize,
    end: usize,
    /// Pages that were given back, by size.
    free: BTreeMap<usize, Vec<usize>>,
    /// How often pages were taken.
    taken: usize,
}

impl Arena {
    /// Takes pages: where they begin, and how often that was done before.
    fn take(&mut self, mapped: usize) -> Result<(usize, usize), OutOfMemory> {
        let start = match self.free.get_mut(&mapped).and_then(Vec::pop) {
            Some(start) => start,
            None if self.end - self.next >= mapped => {
                self.next += mapped;
                self.next - mapped
            }
            None => return Err(OutOfMemory),
        };
        self.taken = self.taken.wrapping_add(1);
        Ok((start, self.taken))
    }
}

fn arena() -> Result<MutexGuard<'static, Arena>, OutOfMemory> {
    static ARENA: OnceLock<Option<Mutex<Arena>>> = OnceLock::new();
    let arena = ARENA.get_or_init(|| {
        let mut bytes = ARENA_BYTES;
        while bytes >= ARENA_BYTES_MIN {
            let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
            // SAFETY: S1: a new anonymous mapping at a place that the system chooses replaces
            // nothing.
            let base =
                unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, ProtFlags::empty(), flags) };
            if let Ok(base) = base {
                let next = base.addr();
                // The end first: who sees the start sees the end.
                END.store(next + bytes, Ordering::Release);
                START.store(next, Ordering::Release);
                let arena = Arena { next, end: next + bytes, free: BTreeMap::new(), taken: 0 };
                base.expose_provenance();
                return Some(Mutex::new(arena));
            }
            bytes /= 2;
        }
        None
    });
    let arena = arena.as_ref().ok_or(OutOfMemory)?;
    // Nothing panics while it is locked.
    Ok(arena.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whether an address is one of native code (N1). May be asked by a signal handler.
pub(crate) fn is_code(address: usize) -> bool {
    let start = START.load(Ordering::Acquire);
    start != 0 && (start..END.load(Ordering::Acquire)).contains(&address)
}

/// Pieces of code in separate pages, see above.
#[derive(Debug)]
pub(crate) struct CodeMemory {
    start: NonNull<u8>,
    mapped: usize,
    /// Where each piece lies, from `start`, in order.
    pieces: Vec<Range<usize>>,
}

// SAFETY: N1: the bytes never change once the value exists.
unsafe impl Send for CodeMemory {}
// SAFETY: as above.
unsafe impl Sync for CodeMemory {}

impl CodeMemory {
    /// A read-only copy of pieces of code, not executable.
    pub(crate) fn copy(pieces: &[&[u8]]) -> Result<CodeMemory, OutOfMemory> {
        let page = rustix::param::page_size();
        let places = places(pieces)?;
        let used = places.last().map_or(0, |last| last.end);
        let mapped = used.max(1).checked_next_multiple_of(page).ok_or(OutOfMemory)?;
        let (start, taken) = arena()?.take(mapped)?;
        let room = mapped - used.next_multiple_of(ALIGN_BYTES);
        let first = taken % (room / ALIGN_BYTES + 1) * ALIGN_BYTES;
        let start = std::ptr::with_exposed_provenance_mut::<u8>(start);
        let start = NonNull::new(start).ok_or(OutOfMemory)?;
        let moved = places.into_iter().map(|place| place.start + first..place.end + first);
        let memory = CodeMemory { start, mapped, pieces: moved.collect() };
        // SAFETY: the range is a part of the arena that nobody else has.
        unsafe {
            mprotect(start.as_ptr().cast(), mapped, MprotectFlags::READ | MprotectFlags::WRITE)
        }
        .map_err(|_| OutOfMemory)?;
        // SAFETY: as above; it is writable now.
        unsafe { start.as_ptr().write_bytes(BETWEEN, mapped) };
        for (bytes, place) in pieces.iter().zip(&memory.pieces) {
            // SAFETY: as above; the place is as long as `bytes`, which lie elsewhere, and ends
            // within the range, since `first` is at most what the last one leaves.
            unsafe {
                let to = start.as_ptr().add(place.start);
                to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            }
        }
        // SAFETY: as above.
        unsafe { mprotect(start.as_ptr().cast(), mapped, MprotectFlags::READ) }
            .map_err(|_| OutOfMemory)?;
        Ok(memory)
    }

    /// The bytes of a piece; none if there is no such piece.
    pub(crate) fn bytes(&self, piece: usize) -> &[u8] {
        let place = self.pieces.get(piece).cloned().unwrap_or(0..0);
        // SAFETY: N1: they are readable and never change.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(place.start), place.len()) }
    }

    /// Makes it executable.
    pub(crate) fn seal(&mut self) -> Result<(), OutOfMemory> {
        let access = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: the range is ours; it stays readable and is not written.
        unsafe { mprotect(self.start.as_ptr().cast(), self.mapped, access) }
            .map_err(|_| OutOfMemory)
    }
}

/// Where pieces lie that follow each other from 0 on, each at the next multiple.
fn places(pieces: &[&[u8]]) -> Result<Vec<Range<usize>>, OutOfMemory> {
    let mut next = 0_usize;
    let place = |bytes: &&[u8]| {
        let end = next.checked_add(bytes.len())?;
        let place = next..end;
        next = end.checked_next_multiple_of(ALIGN_BYTES)?;
        Some(place)
    };
    pieces.iter().map(place).collect::<Option<_>>().ok_or(OutOfMemory)
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        let (start, mapped) = (self.start.as_ptr(), self.mapped);
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: the range is ours, and the owner that drops it lets nothing lead there any more
        // (A2); new pages take the place of the old ones, without access.
        let cleared = unsafe { mmap_anonymous(start.cast(), mapped, ProtFlags::empty(), flags) };
        if cleared.is_ok()
            && let Ok(mut arena) = arena()
        {
            arena.free.entry(mapped).or_default().push(start.addr());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces lie at the addresses reported, apart, each on separate cache lines, and nothing that
    /// runs is between them.
    #[test]
    #[cfg(not(miri))]
    fn pieces_share_pages_and_nothing_else() {
        let of = |n: usize| vec![n as u8 + 1; 1 + n * 37 % 301];
        let all: Vec<Vec<u8>> = (0..100).map(of).collect();
        let pieces: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        for count in [1, 2, 3, 100] {
            let mut memory = CodeMemory::copy(&pieces[..count]).expect("there is memory");
            memory.seal().expect("it can be sealed");
            // SAFETY: N1: the whole range is readable.
            let bytes = unsafe {
                std::slice::from_raw_parts(memory.start.as_ptr().cast_const(), memory.mapped)
            };
            let mut expected = vec![BETWEEN; memory.mapped];
            let mut end = 0;
            for (n, place) in memory.pieces.iter().enumerate() {
                assert!(place.start >= end && place.start % ALIGN_BYTES == 0);
                expected[place.clone()].copy_from_slice(pieces[n]);
                assert_eq!(memory.bytes(n), pieces[n]);
                assert!(is_code(memory.bytes(n).as_ptr().addr()));
                end = place.end;
            }
            assert!(end <= memory.mapped);
            assert_eq!(bytes, expected);
            assert!(memory.bytes(count).is_empty(), "there is no such piece");
        }
    }

    /// Small pieces that are copied alone do not all begin at the same line.
    #[test]
    #[cfg(not(miri))]
    fn pieces_alone_begin_at_different_lines() {
        let memories: Vec<CodeMemory> =
            (0..8).map(|_| CodeMemory::copy(&[&[0xC3]]).expect("there is memory")).collect();
        let lines: std::collections::BTreeSet<usize> =
            memories.iter().map(|memory| memory.pieces[0].start).collect();
        assert!(lines.len() > 1, "{lines:?}");
    }
}
