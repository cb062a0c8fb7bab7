//! The operating system: address space that is reserved once, filled as it is needed, and never
//! moves.
//!
//! `memory` and `table` reserve an object's greatest size, `store` the value stack and the frame
//! records. [`Reservation`] is one of two back ends with the same interface: `unix` (`mmap`,
//! `mprotect`) and `plain` (an ordinary allocation, for Miri and for other systems). An [`Image`]
//! is the initial content of pages, and `renew` makes a reservation that was used as good as new
//! (Linux alone).
//!
//! Behind each reservation lies a *guard* of [`GUARD_BYTES`] that nothing can ever read or write:
//! an access that a fault of ours lets go too far ends the process there and harms nothing. Machine
//! code leans on it for linear memories (L7 of its layout); nothing else does. The `plain` back end
//! has no guard: on such systems there is no machine code, and the checks stand alone.
//!
//! # Invariants
//! * S1. `base` is aligned to 4,096 bytes or more, and does not change until the reservation is
//!   dropped.
//! * S2. Bytes `0..committed` from `base` are one allocation, initialised, readable and writable,
//!   and no one else's.
//! * S3. A byte that was never written, or not since [`Reservation::renew`] or
//!   [`Reservation::discard`], is 0, or the byte of the image that was mapped there.
//! * S4. `committed ≤ reserved ≤ isize::MAX`; `committed` only grows, except where
//!   [`Reservation::withdraw`] takes bytes away that nobody uses.
//! * S5. In `unix`, bytes `committed..reserved + GUARD_BYTES` from `base` cannot be accessed, and
//!   are no one else's.
//! * S6. A reservation is the one owner of its memory, which no thread knows of but through it.
//!
//! Noticed by: the tests here, which run on both back ends.

#[cfg(all(target_os = "linux", not(miri)))]
mod image;
#[cfg(not(all(target_os = "linux", not(miri))))]
#[path = "no_image.rs"]
mod image;
#[cfg(all(unix, not(miri)))]
mod inherited;
#[cfg(any(miri, not(unix), test))]
mod plain;
#[cfg(all(target_os = "linux", not(miri)))]
mod renew;
#[cfg(all(unix, not(miri)))]
mod unix;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(miri))))]
mod absent;
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod x64;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(miri))))]
pub(crate) use absent::{
    CodeMemory, NativeStack, StackBytes, Stop, Waiting, builtins, enter, install, land,
    map_as_code, monotonic_nanos, resume,
};
pub(crate) use image::{Image, ImageId};
#[cfg(all(unix, not(miri)))]
pub use inherited::inherited_listener;
#[cfg(any(miri, not(unix)))]
pub(crate) use plain::Reservation;
#[cfg(all(unix, not(miri)))]
pub(crate) use unix::Reservation;
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
pub(crate) use x64::{
    CodeMemory, NativeStack, StackBytes, Stop, Waiting, builtins, enter, install, land,
    map_as_code, monotonic_nanos, resume,
};

/// The size of a guard (1 MiB): more than the greatest frame, whose slots have 16-bit indices, and
/// a multiple of every page size.
#[cfg(all(unix, not(miri)))]
pub(crate) const GUARD_BYTES: usize = 1 << 20;

/// The bytes of a page of the system.
pub(crate) fn page_bytes() -> usize {
    #[cfg(all(unix, not(miri)))]
    let bytes = rustix::param::page_size();
    #[cfg(any(miri, not(unix)))]
    let bytes = 4096;
    bytes
}

/// The least number of bytes from `bytes` on that is whole pages.
#[cfg(all(target_os = "linux", not(miri)))]
fn pages(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(page_bytes())
}

// SAFETY: S6: what the pointer leads to goes along with it, as with a box.
unsafe impl Send for Reservation {}

/// The system gives no more address space or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

#[cfg(test)]
pub(crate) mod tests;
