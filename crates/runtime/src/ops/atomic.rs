//! Atomic operations that are more than an access (threads proposal), on memories that are never
//! shared.
//!
//! A misaligned address traps before one out of bounds. Tests: those of [`super`].

use super::range;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::MemoryAddr;

impl Store {
    /// `memory.atomic.notify` at `p + offset`: no one waits on a memory that is not shared.
    ///
    /// # Errors
    ///
    /// [`TrapKind::HeapMisaligned`], [`TrapKind::MemoryOutOfBounds`].
    pub fn atomic_notify(
        &self,
        memory: MemoryAddr,
        p: u64,
        offset: u64,
        _count: u32,
    ) -> Result<u32, TrapKind> {
        self.atomic_check(memory, p, offset, 4)?;
        Ok(0)
    }

    /// `memory.atomic.wait32` (`size` 4) or `memory.atomic.wait64` (`size` 8) at `p + offset`.
    ///
    /// # Errors
    ///
    /// Always: [`TrapKind::HeapMisaligned`], [`TrapKind::MemoryOutOfBounds`], and for a good
    /// address [`TrapKind::ExpectedSharedMemory`], as no memory is shared.
    pub fn atomic_wait(
        &self,
        memory: MemoryAddr,
        p: u64,
        offset: u64,
        size: u64,
    ) -> Result<u32, TrapKind> {
        self.atomic_check(memory, p, offset, size)?;
        Err(TrapKind::ExpectedSharedMemory)
    }

    /// An aligned access of `size` bytes at `p + offset` that lies in the memory.
    fn atomic_check(
        &self,
        memory: MemoryAddr,
        p: u64,
        offset: u64,
        size: u64,
    ) -> Result<(), TrapKind> {
        let address = p.checked_add(offset).ok_or(TrapKind::MemoryOutOfBounds)?;
        if !address.is_multiple_of(size) {
            return Err(TrapKind::HeapMisaligned);
        }
        let found = range(address, size, self.memory(memory).data().len());
        found.map(|_| ()).ok_or(TrapKind::MemoryOutOfBounds)
    }
}
