//! A call's view of its guest: the [`Guest`] trait, and bounds-checked access to its memory.
//!
//! Guest pointer and length → a range that exists, or [`Errno::Fault`], which `table` makes a trap.
//! Used by every call; knows no engine. Invariants:
//! 1. No function of this file panics, for any pointer, length or size of the memory.
//! 2. Addresses are computed in `usize` of at least 32 bits with checked addition, so that nothing
//!    wraps around.
//! 3. What a call reads of its guest it reads once and keeps: other threads of the guest may change
//!    it afterwards, and a read of a file may.
//!
//! The hostile-argument campaign in `tests/wasi/hostile.rs` would notice a missing check.

use crate::call::Call;
use crate::limits::IOVECS_MAX;
use crate::types::Errno;
use std::io;
use std::ops::Range;
use std::time::Duration;

/// The parts of a guest that a WASI call may use.
pub trait Guest {
    /// The guest's exported memory (whole linear memory).
    fn memory(&mut self) -> GuestMemory<'_>;
    /// Charges `units` to the guest's fuel, before the work they stand for or after one piece of
    /// it; `docs/semantics.md` has the price of each call.
    ///
    /// # Errors
    /// [`Exit::OutOfFuel`] when less is left.
    fn charge(&mut self, units: u64) -> Result<(), Exit>;
    /// Whether the guest may go on: asked at the beginning of each call, and after each piece of
    /// long work or of waiting.
    ///
    /// # Errors
    /// [`Exit::Interrupt`] when the guest's deadline has passed or its embedder interrupts it.
    fn poll(&mut self) -> Result<(), Exit>;
    /// How long a call may wait before it asks [`Guest::poll`] again. `None`: for ever, because
    /// nothing interrupts this guest.
    fn patience(&self) -> Option<Duration>;
    /// A call is about to write to these bytes of the memory, which exist. It may write fewer of
    /// them, but no others, so an implementation can note the changed ranges.
    fn writes(&mut self, _start: u32, _length: u32) {}
}

/// The memory of a guest.
pub enum GuestMemory<'a> {
    /// Bytes that nobody else sees while the call runs.
    Own(&'a mut [u8]),
    /// Bytes that threads of the guest read and write meanwhile.
    Shared(&'a dyn SharedBytes),
}

impl std::fmt::Debug for GuestMemory<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            GuestMemory::Own(bytes) => write!(f, "Own({} bytes)", bytes.len()),
            GuestMemory::Shared(bytes) => write!(f, "Shared({} bytes)", bytes.size()),
        }
    }
}

/// Bytes that others may change at any time. They are only ever copied.
pub trait SharedBytes {
    /// Their number, which only grows.
    fn size(&self) -> usize;
    /// Fills `buffer` with the bytes from `at` on; false, and nothing, if they are not all there.
    #[must_use]
    fn read(&self, at: usize, buffer: &mut [u8]) -> bool;
    /// Writes `bytes` from `at` on; false, and nothing, if they are not all there.
    #[must_use]
    fn write(&self, at: usize, bytes: &[u8]) -> bool;
}

/// Why the guest does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The guest called `proc_exit` with this code.
    Proc(u32),
    /// The guest's fuel ran out.
    OutOfFuel,
    /// The guest's deadline has passed, or its embedder interrupts it.
    Interrupt,
    /// The call traps, for this reason.
    Trap(String),
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Proc(code) => write!(f, "exited with code {code}"),
            Exit::OutOfFuel => write!(f, "out of fuel"),
            Exit::Interrupt => write!(f, "interrupt"),
            Exit::Trap(reason) => write!(f, "{reason}"),
        }
    }
}

impl std::error::Error for Exit {}

/// Why a call does not succeed: an error code for the guest, or the end of its run.
#[derive(Debug)]
pub(crate) enum Stop {
    Errno(Errno),
    Exit(Exit),
}

/// The result of a call.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Stop::Errno(errno)
    }
}

impl From<Exit> for Stop {
    fn from(exit: Exit) -> Self {
        Stop::Exit(exit)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Errno(error.into())
    }
}

/// The low 32 bits of an argument cell.
pub(crate) const fn low(cell: u64) -> u32 {
    cell as u32
}

/// A guest length or offset as a host index; hosts have at least 32-bit addresses.
pub(crate) const fn index(value: u32) -> usize {
    value as usize
}

/// The range `ptr..ptr + len` of a memory of `size_bytes`; nothing lies anywhere.
pub(crate) fn range(size_bytes: usize, ptr: u32, len: u32) -> Result<Range<usize>, Errno> {
    if len == 0 {
        return Ok(0..0);
    }
    let start = index(ptr);
    let end = start.checked_add(index(len)).ok_or(Errno::Fault)?;
    if end <= size_bytes { Ok(start..end) } else { Err(Errno::Fault) }
}

/// Fails unless `len` bytes at `ptr` exist, from now on: memories only grow.
pub(crate) fn probe(call: &mut Call<'_>, ptr: u32, len: u32) -> Result<(), Errno> {
    range(call.memory_bytes(), ptr, len).map(drop)
}

/// Copies `value` to `ptr`.
pub(crate) fn write(call: &mut Call<'_>, ptr: u32, value: &[u8]) -> Result<(), Errno> {
    call.write(ptr, value)
}

/// Writes a `u32` at `ptr`.
pub(crate) fn write_u32(call: &mut Call<'_>, ptr: u32, value: u32) -> Result<(), Errno> {
    write(call, ptr, &value.to_le_bytes())
}

/// Writes a `u64` at `ptr`.
pub(crate) fn write_u64(call: &mut Call<'_>, ptr: u32, value: u64) -> Result<(), Errno> {
    write(call, ptr, &value.to_le_bytes())
}

/// The `N` bytes at `at` of what was read before.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Errno> {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or(Errno::Fault)
}

/// One `iovec` or `ciovec` of a guest; its bytes exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Iovec {
    pub(crate) ptr: u32,
    pub(crate) len: u32,
}

/// The most vectors for which nothing is allocated.
const FEW: usize = 4;

/// A guest's vectors, at most [`IOVECS_MAX`], as they were at one moment: read once, since they may
/// change while the call runs.
pub(crate) struct Iovecs {
    few: [Iovec; FEW],
    /// All of them, where they are more than few.
    many: Vec<Iovec>,
    count: u32,
}

impl Iovec {
    /// A vector as it lies in memory.
    pub(crate) const fn new([a, b, c, d, e, f, g, h]: [u8; 8]) -> Iovec {
        Iovec { ptr: u32::from_le_bytes([a, b, c, d]), len: u32::from_le_bytes([e, f, g, h]) }
    }
}

impl Iovecs {
    /// Reads the vectors and checks their number, where the array lies and each one's bounds;
    /// returns also the sum of their lengths.
    pub(crate) fn read(call: &mut Call<'_>, ptr: u32, count: u32) -> Result<(Iovecs, u64), Errno> {
        if count > IOVECS_MAX {
            return Err(Errno::Inval);
        }
        if count > 0 && !ptr.is_multiple_of(4) {
            return Err(Errno::Fault);
        }
        let mut vectors = Iovecs { few: [Iovec::default(); FEW], many: Vec::new(), count };
        if index(count) > FEW {
            // No more than 8 KiB.
            vectors.many = vec![Iovec::default(); index(count)];
        }
        call.read_vectors(ptr, vectors.all_mut())?;
        let size_bytes = call.memory_bytes();
        let mut total: u64 = 0;
        for vector in vectors.all() {
            range(size_bytes, vector.ptr, vector.len)?;
            total += u64::from(vector.len);
        }
        // The results of reads and writes are 32-bit counts.
        if total > u64::from(u32::MAX) { Err(Errno::Inval) } else { Ok((vectors, total)) }
    }

    fn all_mut(&mut self) -> &mut [Iovec] {
        let count = index(self.count);
        if count > FEW { &mut self.many } else { self.few.get_mut(..count).unwrap_or_default() }
    }

    /// The vectors, in their order.
    pub(crate) fn all(&self) -> &[Iovec] {
        let count = index(self.count);
        if count > FEW { &self.many } else { self.few.get(..count).unwrap_or_default() }
    }

    /// The size in bytes of the guest's array.
    pub(crate) fn array_bytes(&self) -> u64 {
        8 * u64::from(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::tests::Bytes;
    use crate::limits::WasiLimits;

    #[test]
    fn ranges_stop_at_the_end_of_memory() {
        assert_eq!(range(16, 8, 8), Ok(8..16));
        assert_eq!(range(16, 16, 0), Ok(0..0));
        assert_eq!(range(16, 8, 9), Err(Errno::Fault));
        assert_eq!(range(16, 17, 0), Ok(0..0));
        assert_eq!(range(16, 17, 1), Err(Errno::Fault));
        assert_eq!(range(16, u32::MAX, u32::MAX), Err(Errno::Fault));
        assert_eq!(array_at(&[0; 16], 12), Ok([0; 4]));
        assert_eq!(array_at::<4>(&[0; 16], 13), Err(Errno::Fault));
    }

    #[test]
    fn vectors_are_counted_and_bounded() {
        let mut guest = Bytes(vec![0; 64]);
        guest.0[0..4].copy_from_slice(&32u32.to_le_bytes());
        guest.0[4..8].copy_from_slice(&32u32.to_le_bytes());
        let mut read = |ptr, count| {
            let mut call = Call::new(&mut guest, WasiLimits::default());
            Iovecs::read(&mut call, ptr, count).map(|(vectors, total)| {
                assert_eq!(vectors.all().len(), index(count));
                total
            })
        };
        assert_eq!(read(0, 1), Ok(32));
        assert_eq!(read(0, 8), Ok(32), "more than few");
        assert_eq!(read(60, 1), Err(Errno::Fault));
        assert_eq!(read(0, 9), Err(Errno::Fault));
        assert_eq!(read(0, IOVECS_MAX + 1), Err(Errno::Inval));
        assert_eq!(read(2, 0), Ok(0));
        assert_eq!(read(2, 1), Err(Errno::Fault));
        guest.0[4..8].copy_from_slice(&33u32.to_le_bytes());
        let mut call = Call::new(&mut guest, WasiLimits::default());
        assert_eq!(Iovecs::read(&mut call, 0, 1).map(|(_, total)| total), Err(Errno::Fault));
    }
}
