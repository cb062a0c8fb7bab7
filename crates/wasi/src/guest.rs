//! A call's view of its guest: the [`Guest`] trait, and bounds-checked access to its memory.
//!
//! Guest pointer and length → memory slice or [`Errno::Fault`], which `table` makes a trap. Used by
//! every call; knows no engine. Invariants:
//! 1. No function of this file panics, for any pointer, length or size of the memory.
//! 2. Addresses are computed in `usize` of at least 32 bits with checked addition, so that nothing
//!    wraps around.
//!
//! The hostile-argument campaign in `tests/wasi/hostile.rs` would notice a missing check.

use crate::call::Call;
use crate::limits::IOVECS_MAX;
use crate::types::Errno;
use std::io;
use std::time::Duration;

/// The parts of a guest that a WASI call may use.
pub trait Guest {
    /// The bytes of the guest's exported memory (whole linear memory).
    fn memory(&mut self) -> &mut [u8];
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

/// The bytes at `ptr..ptr + len`; nothing lies anywhere.
pub(crate) fn bytes(memory: &[u8], ptr: u32, len: u32) -> Result<&[u8], Errno> {
    if len == 0 {
        return Ok(&[]);
    }
    let start = index(ptr);
    let end = start.checked_add(index(len)).ok_or(Errno::Fault)?;
    memory.get(start..end).ok_or(Errno::Fault)
}

/// The bytes at `ptr..ptr + len`, writable.
pub(crate) fn bytes_mut(memory: &mut [u8], ptr: u32, len: u32) -> Result<&mut [u8], Errno> {
    if len == 0 {
        return Ok(&mut []);
    }
    let start = index(ptr);
    let end = start.checked_add(index(len)).ok_or(Errno::Fault)?;
    memory.get_mut(start..end).ok_or(Errno::Fault)
}

/// Fails unless `len` bytes at `ptr` exist.
pub(crate) fn probe(call: &mut Call<'_>, ptr: u32, len: u32) -> Result<(), Errno> {
    bytes(call.memory(), ptr, len).map(drop)
}

/// Copies `value` to `ptr`.
pub(crate) fn write(call: &mut Call<'_>, ptr: u32, value: &[u8]) -> Result<(), Errno> {
    let len = u32::try_from(value.len()).map_err(|_| Errno::Fault)?;
    call.bytes_mut(ptr, len)?.copy_from_slice(value);
    Ok(())
}

/// Writes a `u32` at `ptr`.
pub(crate) fn write_u32(call: &mut Call<'_>, ptr: u32, value: u32) -> Result<(), Errno> {
    write(call, ptr, &value.to_le_bytes())
}

/// Writes a `u64` at `ptr`.
pub(crate) fn write_u64(call: &mut Call<'_>, ptr: u32, value: u64) -> Result<(), Errno> {
    write(call, ptr, &value.to_le_bytes())
}

/// Reads `N` bytes at `ptr`.
pub(crate) fn read_array<const N: usize>(memory: &[u8], ptr: u32) -> Result<[u8; N], Errno> {
    let start = index(ptr);
    memory.get(start..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or(Errno::Fault)
}

/// One `iovec` or `ciovec` of a guest, not yet checked against its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Iovec {
    pub(crate) ptr: u32,
    pub(crate) len: u32,
}

/// The position and number of a guest's vectors; at most [`IOVECS_MAX`].
#[derive(Clone, Copy)]
pub(crate) struct Iovecs {
    ptr: u32,
    count: u32,
}

impl Iovecs {
    /// Checks the number, where the array lies and each vector's bounds; returns also the sum of
    /// their lengths.
    pub(crate) fn check(memory: &[u8], ptr: u32, count: u32) -> Result<(Iovecs, u64), Errno> {
        if count > IOVECS_MAX {
            return Err(Errno::Inval);
        }
        if count > 0 && !ptr.is_multiple_of(4) {
            return Err(Errno::Fault);
        }
        let vectors = Iovecs { ptr, count };
        let mut total: u64 = 0;
        for n in 0..count {
            let vector = vectors.get(memory, n)?;
            bytes(memory, vector.ptr, vector.len)?;
            total += u64::from(vector.len);
        }
        // The results of reads and writes are 32-bit counts.
        if total > u64::from(u32::MAX) { Err(Errno::Inval) } else { Ok((vectors, total)) }
    }

    pub(crate) const fn count(self) -> u32 {
        self.count
    }

    /// The size in bytes of the array itself.
    pub(crate) fn array_bytes(self) -> u64 {
        8 * u64::from(self.count)
    }

    /// Vector `n`.
    pub(crate) fn get(self, memory: &[u8], n: u32) -> Result<Iovec, Errno> {
        let at =
            n.checked_mul(8).and_then(|offset| self.ptr.checked_add(offset)).ok_or(Errno::Fault)?;
        let cell: [u8; 8] = read_array(memory, at)?;
        let [a, b, c, d, e, f, g, h] = cell;
        Ok(Iovec { ptr: u32::from_le_bytes([a, b, c, d]), len: u32::from_le_bytes([e, f, g, h]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_stop_at_the_end_of_memory() {
        let mut memory = vec![0u8; 16];
        assert_eq!(bytes(&memory, 8, 8).map(<[u8]>::len), Ok(8));
        assert_eq!(bytes(&memory, 16, 0).map(<[u8]>::len), Ok(0));
        assert_eq!(bytes(&memory, 8, 9), Err(Errno::Fault));
        assert_eq!(bytes(&memory, 17, 0).map(<[u8]>::len), Ok(0));
        assert_eq!(bytes(&memory, 17, 1), Err(Errno::Fault));
        assert_eq!(bytes_mut(&mut memory, 17, 0).map(|bytes| bytes.len()), Ok(0));
        assert_eq!(bytes_mut(&mut memory, u32::MAX, u32::MAX), Err(Errno::Fault));
        assert_eq!(read_array(&memory, 12), Ok([0; 4]));
        assert_eq!(read_array::<4>(&memory, 13), Err(Errno::Fault));
    }

    #[test]
    fn vectors_are_counted_and_bounded() {
        let mut memory = vec![0u8; 64];
        memory[0..4].copy_from_slice(&32u32.to_le_bytes());
        memory[4..8].copy_from_slice(&32u32.to_le_bytes());
        assert_eq!(Iovecs::check(&memory, 0, 1).map(|(_, total)| total), Ok(32));
        assert_eq!(Iovecs::check(&memory, 60, 1).map(|(_, total)| total), Err(Errno::Fault));
        assert_eq!(
            Iovecs::check(&memory, 0, IOVECS_MAX + 1).map(|(_, total)| total),
            Err(Errno::Inval)
        );
        assert_eq!(Iovecs::check(&memory, 2, 0).map(|(_, total)| total), Ok(0));
        assert_eq!(Iovecs::check(&memory, 2, 1).map(|(_, total)| total), Err(Errno::Fault));
        memory[4..8].copy_from_slice(&33u32.to_le_bytes());
        assert_eq!(Iovecs::check(&memory, 0, 1).map(|(_, total)| total), Err(Errno::Fault));
    }
}
