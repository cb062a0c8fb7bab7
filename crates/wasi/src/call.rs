//! One call in progress: the guest that made it, what it pays, and what it may still move.
//!
//! Made by `table` for each call and dropped at its end. Invariants:
//! 1. [`Call::pay`] asks whether the guest may go on each time it charges, so that work that is
//!    paid in pieces can be interrupted between them.
//! 2. Memory is written through [`Call::write`], [`Call::fill`] and [`Call::two_mut`] alone, which
//!    tell the guest where. Bytes that threads share are copied, and the host sees the copy alone.
//! 3. [`Call::hold`] counts what the call makes the host keep or copy against
//!    [`WasiLimits::hostcall_fuel`], before it is kept.

use crate::fs_guard::Guard;
use crate::guest::{Exit, Guest, GuestMemory, Iovec, Outcome, index, range};
use crate::limits::WasiLimits;
use crate::types::Errno;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Slices handed to the host at a time.
const BATCH_VECTORS: usize = 16;

/// A call's view of its guest.
pub(crate) struct Call<'a> {
    guest: &'a mut dyn Guest,
    limits: WasiLimits,
    /// Bytes that the call may still copy or have the host keep.
    bytes_left: u64,
    /// The part of the host's tree that no grant reaches.
    guarded: Option<Arc<dyn Guard>>,
    /// Copies on their way from or to bytes that threads share.
    buffer: Vec<u8>,
}

/// The first `len` bytes of a buffer that grows to them.
fn room(buffer: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    buffer.get_mut(..len).unwrap_or_default()
}

/// The error of a copy that was not possible.
const fn copied(done: bool) -> Result<(), Errno> {
    if done { Ok(()) } else { Err(Errno::Fault) }
}

impl<'a> Call<'a> {
    pub(crate) fn new(guest: &'a mut dyn Guest, limits: WasiLimits) -> Self {
        Call { guest, limits, bytes_left: limits.hostcall_fuel, guarded: None, buffer: Vec::new() }
    }

    /// The same where a part of the host's tree is out of reach.
    pub(crate) fn with_guarded(self, guarded: Option<Arc<dyn Guard>>) -> Self {
        Call { guarded, ..self }
    }

    pub(crate) fn guarded(&self) -> Option<&dyn Guard> {
        self.guarded.as_deref()
    }

    pub(crate) fn limits(&self) -> &WasiLimits {
        &self.limits
    }

    /// The size of the guest's memory, which only grows.
    pub(crate) fn memory_bytes(&mut self) -> usize {
        match self.guest.memory() {
            GuestMemory::Own(memory) => memory.len(),
            GuestMemory::Shared(memory) => memory.size(),
        }
    }

    /// Fills `buffer` with the bytes at `ptr`.
    pub(crate) fn read(&mut self, ptr: u32, buffer: &mut [u8]) -> Result<(), Errno> {
        let len = u32::try_from(buffer.len()).map_err(|_| Errno::Fault)?;
        let place = range(self.memory_bytes(), ptr, len)?;
        match self.guest.memory() {
            GuestMemory::Own(memory) => {
                buffer.copy_from_slice(memory.get(place).ok_or(Errno::Fault)?);
                Ok(())
            }
            GuestMemory::Shared(memory) => copied(memory.read(place.start, buffer)),
        }
    }

    /// The `N` bytes at `ptr`.
    pub(crate) fn read_array<const N: usize>(&mut self, ptr: u32) -> Result<[u8; N], Errno> {
        let mut array = [0; N];
        self.read(ptr, &mut array)?;
        Ok(array)
    }

    /// Reads the vectors at `ptr`.
    pub(crate) fn read_vectors(&mut self, ptr: u32, vectors: &mut [Iovec]) -> Result<(), Errno> {
        // At most 1,024 of them.
        let len = 8 * vectors.len() as u32;
        let bytes = match self.guest.memory() {
            GuestMemory::Own(memory) => {
                let place = range(memory.len(), ptr, len)?;
                memory.get(place).unwrap_or_default()
            }
            GuestMemory::Shared(memory) => {
                let place = range(memory.size(), ptr, len)?;
                let room = room(&mut self.buffer, place.len());
                copied(memory.read(place.start, room))?;
                room
            }
        };
        for (vector, bytes) in vectors.iter_mut().zip(bytes.as_chunks().0) {
            *vector = Iovec::new(*bytes);
        }
        Ok(())
    }

    /// Copies `bytes` to `ptr`; notifies [`Guest::writes`].
    pub(crate) fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), Errno> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::Fault)?;
        let place = self.place_to_write(ptr, len)?;
        match self.guest.memory() {
            GuestMemory::Own(memory) => {
                memory.get_mut(place).ok_or(Errno::Fault)?.copy_from_slice(bytes);
                Ok(())
            }
            GuestMemory::Shared(memory) => copied(memory.write(place.start, bytes)),
        }
    }

    /// Lets `source` fill the `len` bytes at `ptr` from their beginning, and gives the number that
    /// it filled; notifies [`Guest::writes`]. At most [`PIECE_BYTES`](crate::price::PIECE_BYTES),
    /// since bytes that threads share go through a buffer of as many.
    pub(crate) fn fill(
        &mut self,
        ptr: u32,
        len: u32,
        source: impl FnOnce(&mut [u8]) -> Outcome<usize>,
    ) -> Outcome<usize> {
        let place = self.place_to_write(ptr, len)?;
        match self.guest.memory() {
            GuestMemory::Own(memory) => {
                let room = memory.get_mut(place).ok_or(Errno::Fault)?;
                Ok(source(room)?.min(index(len)))
            }
            GuestMemory::Shared(memory) => {
                let room = room(&mut self.buffer, index(len));
                let filled = source(room)?;
                let filled = room.get(..filled).unwrap_or(room);
                copied(memory.write(place.start, filled))?;
                Ok(filled.len())
            }
        }
    }

    /// Hands the bytes of `vectors` from `done` of the first one on, at most `bytes_max`, to `sink`
    /// in slices; some of them, if there are many vectors.
    pub(crate) fn gather<R>(
        &mut self,
        vectors: &[Iovec],
        done: u32,
        bytes_max: usize,
        sink: impl FnOnce(&[IoSlice<'_>]) -> Outcome<R>,
    ) -> Outcome<R> {
        let mut slices = [IoSlice::new(&[]); BATCH_VECTORS];
        let (mut used, mut left) = (0, bytes_max);
        let places = vectors.iter().zip(std::iter::once(done).chain(std::iter::repeat(0)));
        let places = places.map(|(vector, done)| {
            (vector.ptr.saturating_add(done), vector.len.saturating_sub(done))
        });
        match self.guest.memory() {
            GuestMemory::Own(memory) => {
                for (slot, (ptr, len)) in slices.iter_mut().zip(places) {
                    if left == 0 {
                        break;
                    }
                    let whole = range(memory.len(), ptr, len)?;
                    let part = whole.start..whole.end.min(whole.start.saturating_add(left));
                    *slot = IoSlice::new(memory.get(part).ok_or(Errno::Fault)?);
                    (used, left) = (used + 1, left - slot.len());
                }
                sink(slices.get(..used).unwrap_or_default())
            }
            GuestMemory::Shared(memory) => {
                let wanted = places.clone().map(|(_, len)| index(len)).sum::<usize>().min(left);
                let room = room(&mut self.buffer, wanted);
                let mut filled = 0;
                for (ptr, len) in places {
                    if filled == wanted {
                        break;
                    }
                    let end = wanted.min(filled.saturating_add(index(len)));
                    copied(memory.read(index(ptr), room.get_mut(filled..end).unwrap_or_default()))?;
                    filled = end;
                }
                sink(&[IoSlice::new(room)])
            }
        }
    }

    /// The bytes of two ranges, to write, if they exist, share none, and no thread has them too;
    /// notifies [`Guest::writes`].
    pub(crate) fn two_mut(&mut self, ranges: [(u32, u32); 2]) -> Option<[&mut [u8]; 2]> {
        let found = ranges.map(|(ptr, len)| index(ptr)..index(ptr).saturating_add(index(len)));
        let GuestMemory::Own(memory) = self.guest.memory() else { return None };
        memory.get_disjoint_mut(found.clone()).ok()?;
        for (ptr, len) in ranges {
            self.guest.writes(ptr, len);
        }
        let GuestMemory::Own(memory) = self.guest.memory() else { return None };
        memory.get_disjoint_mut(found).ok()
    }

    /// The place of `len` bytes at `ptr` that are about to be written.
    fn place_to_write(&mut self, ptr: u32, len: u32) -> Result<Range<usize>, Errno> {
        let place = range(self.memory_bytes(), ptr, len)?;
        if len > 0 {
            self.guest.writes(ptr, len);
        }
        Ok(place)
    }

    /// Asks whether the guest may go on, and charges for work.
    pub(crate) fn pay(&mut self, units: u64) -> Result<(), Exit> {
        self.guest.poll()?;
        self.guest.charge(units)
    }

    /// Asks whether the guest may go on.
    pub(crate) fn poll(&mut self) -> Result<(), Exit> {
        self.guest.poll()
    }

    /// How long the call may wait before it asks again; `None` is for ever.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.guest.patience()
    }

    /// Counts bytes that the host is about to copy or keep; fails when they are too many.
    pub(crate) fn hold(&mut self, bytes: u64) -> Result<(), Errno> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Errno::NoMem)?;
        Ok(())
    }

    /// Counts as many of `bytes` as the call may still copy; fails when none may, but some are
    /// wanted.
    pub(crate) fn hold_part(&mut self, bytes: u64) -> Result<u64, Errno> {
        let part = bytes.min(self.bytes_left);
        if part == 0 && bytes > 0 {
            return Err(Errno::NoMem);
        }
        self.bytes_left -= part;
        Ok(part)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A guest without limits, of this memory.
    pub(crate) struct Bytes(pub(crate) Vec<u8>);

    impl Guest for Bytes {
        fn memory(&mut self) -> GuestMemory<'_> {
            GuestMemory::Own(&mut self.0)
        }
        fn charge(&mut self, _: u64) -> Result<(), Exit> {
            Ok(())
        }
        fn poll(&mut self) -> Result<(), Exit> {
            Ok(())
        }
        fn patience(&self) -> Option<Duration> {
            None
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut guest = Bytes(Vec::new());
        let limits = WasiLimits { hostcall_fuel: 10, ..WasiLimits::default() };
        let mut call = Call::new(&mut guest, limits);
        assert_eq!(call.hold(7), Ok(()));
        assert_eq!(call.hold(4), Err(Errno::NoMem));
        assert_eq!(call.hold_part(5), Ok(3));
        assert_eq!(call.hold_part(0), Ok(0));
        assert_eq!(call.hold_part(1), Err(Errno::NoMem));
    }
}
