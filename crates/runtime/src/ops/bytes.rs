//! Bytes of memories of either kind, for those who have a store: reads, writes, fills and copies of
//! ranges that exist.
//!
//! A memory that is not shared is a slice, a shared one words ([`crate::shared`]). Ranges are
//! compared with the memory's length here; of those who compared them before, a shared memory is at
//! least as long now.
//!
//! Tests: those of [`super`].

use super::range;
use crate::store::Store;
use crate::value::MemoryAddr;
use std::ops::Range;

impl Store {
    /// Fills `buffer` with the bytes of a memory from `at` on; false, and nothing, if they are not
    /// all there.
    #[must_use]
    pub fn memory_read(&self, memory: MemoryAddr, at: u64, buffer: &mut [u8]) -> bool {
        let memory = self.memory(memory);
        if let Some(shared) = memory.shared() {
            return shared.read(at, buffer);
        }
        let data = memory.data();
        let Some(found) = range(at, buffer.len() as u64, data.len()) else { return false };
        buffer.copy_from_slice(&data[found]);
        true
    }

    /// Writes the bytes of a memory from `at` on; false, and nothing, if they are not all there.
    #[must_use]
    pub fn memory_write(&mut self, memory: MemoryAddr, at: u64, bytes: &[u8]) -> bool {
        if let Some(shared) = self.memory(memory).shared() {
            return shared.write(at, bytes);
        }
        let data = self.memory_data_mut(memory);
        let Some(found) = range(at, bytes.len() as u64, data.len()) else { return false };
        data[found].copy_from_slice(bytes);
        true
    }

    /// Makes bytes of a memory, which are there, `byte`.
    pub(super) fn fill_bytes(&mut self, memory: MemoryAddr, at: Range<usize>, byte: u8) {
        match self.memory(memory).shared() {
            Some(shared) => {
                let filled = shared.bytes().fill(at.start as u64, byte, at.len());
                debug_assert!(filled.is_some(), "it only grows");
            }
            None => self.memory_data_mut(memory)[at].fill(byte),
        }
    }

    /// Copies bytes of `src` to as many of `dst`, all of which are there, as if all were read
    /// before any is written.
    pub(super) fn copy_bytes(
        &mut self,
        (dst, to): (MemoryAddr, Range<usize>),
        (src, from): (MemoryAddr, Range<usize>),
    ) {
        let (d, s) = (to.start as u64, from.start as u64);
        let shared = |memory: MemoryAddr| self.memory(memory).shared().cloned();
        let copied = match (shared(dst), shared(src)) {
            (None, None) => {
                match self.memories.get_disjoint_mut([dst.index(), src.index()]) {
                    Ok([dst, src]) => dst.data_mut()[to].copy_from_slice(&src.data()[from]),
                    Err(_) => self.memory_data_mut(dst).copy_within(from, to.start),
                }
                true
            }
            (Some(dst), Some(src)) => dst.bytes().copy(d, &src.bytes(), s, from.len()).is_some(),
            (Some(dst), None) => dst.write(d, &self.memory(src).data()[from]),
            (None, Some(src)) => src.read(s, &mut self.memory_data_mut(dst)[to]),
        };
        debug_assert!(copied, "it only grows");
    }
}
