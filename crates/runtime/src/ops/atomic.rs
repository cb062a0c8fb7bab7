//! Atomic operators that are more than an access (threads proposal), and all accesses of shared
//! memories.
//!
//! A misaligned address traps before one out of bounds. Tests: those of [`super`].

use super::range;
use crate::shared::WaitResult;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::MemoryAddr;
use std::time::Duration;

/// How long a wait sleeps before it looks at the epoch again: other threads move it without waking
/// anyone.
const EPOCH_PATIENCE: Duration = Duration::from_millis(10);

impl Store {
    /// `memory.atomic.notify` at `p + offset`: wakes at most `count` threads that wait there. No
    /// one waits on a memory that is not shared.
    ///
    /// # Errors
    ///
    /// [`TrapKind::HeapMisaligned`], [`TrapKind::MemoryOutOfBounds`].
    pub fn atomic_notify(
        &self,
        memory: MemoryAddr,
        p: u64,
        offset: u64,
        count: u32,
    ) -> Result<u32, TrapKind> {
        let at = self.atomic_check(memory, p, offset, 4)?;
        Ok(self.memory(memory).shared().map_or(0, |shared| shared.atomic_notify(at, count)))
    }

    /// `memory.atomic.wait32` (`size` 4) or `memory.atomic.wait64` (`size` 8) at `p + offset`:
    /// waits for a notification, or `timeout` nanoseconds; if that is negative, for ever. The epoch
    /// ends it. Where a hook is asked about the epoch ([`Store::set_epoch_hook`]), that happens
    /// afterwards.
    ///
    /// # Errors
    ///
    /// [`TrapKind::HeapMisaligned`], [`TrapKind::MemoryOutOfBounds`],
    /// [`TrapKind::ExpectedSharedMemory`], [`TrapKind::Interrupt`].
    pub fn atomic_wait(
        &self,
        memory: MemoryAddr,
        (p, offset): (u64, u64),
        size: usize,
        expected: u64,
        timeout: i64,
    ) -> Result<u32, TrapKind> {
        let at = self.atomic_check(memory, p, offset, size as u64)?;
        let Some(shared) = self.memory(memory).shared() else {
            return Err(TrapKind::ExpectedSharedMemory);
        };
        let timeout = u64::try_from(timeout).ok().map(Duration::from_nanos);
        let patience = self.settings().metering.has_epoch().then_some(EPOCH_PATIENCE);
        let waited = shared.atomic_wait((at, size), expected, timeout, patience, || self.poll());
        // It only grows, so that the bytes are still there.
        waited.unwrap_or(Err(TrapKind::MemoryOutOfBounds)).map(|result: WaitResult| result as u32)
    }

    /// Where an aligned access of `size` bytes at `p + offset` is, which lies in the memory.
    fn atomic_check(
        &self,
        memory: MemoryAddr,
        p: u64,
        offset: u64,
        size: u64,
    ) -> Result<u64, TrapKind> {
        let address = p.checked_add(offset).ok_or(TrapKind::MemoryOutOfBounds)?;
        if !address.is_multiple_of(size) {
            return Err(TrapKind::HeapMisaligned);
        }
        let found = range(address, size, self.memory(memory).len_bytes() as usize);
        found.map(|_| address).ok_or(TrapKind::MemoryOutOfBounds)
    }
}
