//! Code memory: bytes are copied to private memory, made read-only, and only then checked and made
//! executable.
//!
//! All code of the process lies in one reserved arena, so that a signal handler can tell by two
//! comparisons whether an address is of native code ([`is_code`]). A piece has pages of its own; it
//! is never writable again, there is no second mapping of it, and it is never a file's.
//!
//! Limits: [`ARENA_BYTES`], less where address space is short; beyond it there is no native code.

use crate::sys::OutOfMemory;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Address space for code (2 GiB).
const ARENA_BYTES: usize = 2 << 30;
/// The least that is tried.
const ARENA_BYTES_MIN: usize = 64 << 20;

/// Where the arena begins and ends, for the signal handler; 0 while there is none.
static START: AtomicUsize = AtomicUsize::new(0);
static END: AtomicUsize = AtomicUsize::new(0);

/// What is free of the arena.
struct Arena {
    /// The first byte that was never used.
    next: usize,
    end: usize,
    /// Pieces that were given back, by size.
    free: BTreeMap<usize, Vec<usize>>,
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
                let arena = Arena { next, end: next + bytes, free: BTreeMap::new() };
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

/// A piece of code, see above.
#[derive(Debug)]
pub(crate) struct CodeMemory {
    start: NonNull<u8>,
    len: usize,
    mapped: usize,
}

// SAFETY: N1: the bytes never change once the value exists.
unsafe impl Send for CodeMemory {}
// SAFETY: as above.
unsafe impl Sync for CodeMemory {}

impl CodeMemory {
    /// A read-only copy of code, not executable.
    pub(crate) fn copy(bytes: &[u8]) -> Result<CodeMemory, OutOfMemory> {
        let page = rustix::param::page_size();
        let mapped = bytes.len().max(1).checked_next_multiple_of(page).ok_or(OutOfMemory)?;
        let start = {
            let mut arena = arena()?;
            match arena.free.get_mut(&mapped).and_then(Vec::pop) {
                Some(start) => start,
                None if arena.end - arena.next >= mapped => {
                    arena.next += mapped;
                    arena.next - mapped
                }
                None => return Err(OutOfMemory),
            }
        };
        let start = std::ptr::with_exposed_provenance_mut::<u8>(start);
        let start = NonNull::new(start).ok_or(OutOfMemory)?;
        let memory = CodeMemory { start, len: bytes.len(), mapped };
        // SAFETY: the range is a piece of the arena that nobody else has.
        unsafe {
            mprotect(start.as_ptr().cast(), mapped, MprotectFlags::READ | MprotectFlags::WRITE)
        }
        .map_err(|_| OutOfMemory)?;
        // SAFETY: as above; it is writable now, and `bytes` lie elsewhere.
        unsafe { start.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        // SAFETY: as above.
        unsafe { mprotect(start.as_ptr().cast(), mapped, MprotectFlags::READ) }
            .map_err(|_| OutOfMemory)?;
        Ok(memory)
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: N1: they are readable and never change.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Makes it executable.
    pub(crate) fn seal(&mut self) -> Result<(), OutOfMemory> {
        let access = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: the range is ours; it stays readable and is not written.
        unsafe { mprotect(self.start.as_ptr().cast(), self.mapped, access) }
            .map_err(|_| OutOfMemory)
    }

    /// The address of the first byte.
    pub(crate) fn start(&self) -> usize {
        self.start.as_ptr().addr()
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        let (start, mapped) = (self.start.as_ptr(), self.mapped);
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: the range is ours, and whoever drops it lets nothing lead there any more (A2);
        // new pages take the place of the old ones, without access.
        let cleared = unsafe { mmap_anonymous(start.cast(), mapped, ProtFlags::empty(), flags) };
        if cleared.is_ok()
            && let Ok(mut arena) = arena()
        {
            arena.free.entry(mapped).or_default().push(start.addr());
        }
    }
}
