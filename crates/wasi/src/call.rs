//! One call in progress: the guest that made it, what it pays, and what it may still move.
//!
//! Made by `table` for each call and dropped at its end. Invariants:
//! 1. [`Call::pay`] asks whether the guest may go on each time it charges, so that work that is
//!    paid in pieces can be interrupted between them.
//! 2. Memory is written through [`Call::bytes_mut`] and [`Call::two_mut`] alone, which tell the
//!    guest where.
//! 3. [`Call::hold`] counts what the call makes the host keep or copy against
//!    [`WasiLimits::hostcall_fuel`], before it is kept.

use crate::fs_guard::Guard;
use crate::guest::{Exit, Guest, bytes, bytes_mut, index};
use crate::limits::WasiLimits;
use crate::types::Errno;
use std::sync::Arc;
use std::time::Duration;

/// A call's view of its guest.
pub(crate) struct Call<'a> {
    guest: &'a mut dyn Guest,
    limits: WasiLimits,
    /// Bytes that the call may still copy or have the host keep.
    bytes_left: u64,
    /// The part of the host's tree that no grant reaches.
    guarded: Option<Arc<dyn Guard>>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(guest: &'a mut dyn Guest, limits: WasiLimits) -> Self {
        Call { guest, limits, bytes_left: limits.hostcall_fuel, guarded: None }
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

    /// The guest's memory, to read.
    pub(crate) fn memory(&mut self) -> &[u8] {
        self.guest.memory()
    }

    /// The bytes at `ptr..ptr + len`, to write; notifies [`Guest::writes`].
    pub(crate) fn bytes_mut(&mut self, ptr: u32, len: u32) -> Result<&mut [u8], Errno> {
        bytes(self.guest.memory(), ptr, len)?;
        if len > 0 {
            self.guest.writes(ptr, len);
        }
        bytes_mut(self.guest.memory(), ptr, len)
    }

    /// The bytes of two ranges, to write, if they exist and share none; notifies [`Guest::writes`].
    pub(crate) fn two_mut(&mut self, ranges: [(u32, u32); 2]) -> Option<[&mut [u8]; 2]> {
        let found = ranges.map(|(ptr, len)| index(ptr)..index(ptr).saturating_add(index(len)));
        self.guest.memory().get_disjoint_mut(found.clone()).ok()?;
        for (ptr, len) in ranges {
            self.guest.writes(ptr, len);
        }
        self.guest.memory().get_disjoint_mut(found).ok()
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

    /// A guest with neither memory nor limits.
    pub(crate) struct NoGuest;

    impl Guest for NoGuest {
        fn memory(&mut self) -> &mut [u8] {
            &mut []
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
        let mut guest = NoGuest;
        let limits = WasiLimits { hostcall_fuel: 10, ..WasiLimits::default() };
        let mut call = Call::new(&mut guest, limits);
        assert_eq!(call.hold(7), Ok(()));
        assert_eq!(call.hold(4), Err(Errno::NoMem));
        assert_eq!(call.hold_part(5), Ok(3));
        assert_eq!(call.hold_part(0), Ok(0));
        assert_eq!(call.hold_part(1), Err(Errno::NoMem));
    }
}
