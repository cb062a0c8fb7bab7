//! Fuel, epoch and the logical stack limit: counters in the [`Vm`](crate::vm::Vm), which handlers change too.
//!
//! Neighbours: `ops` charges bulk operations, the reference tier charges frames and segments, handlers do the same on
//! the record itself. A counter that would fall below 0 stays, and the operation traps.
//!
//! Noticed by: `tests/store/calls.rs`.

use super::Store;
use crate::host::ExecutorKind;
use crate::trap::TrapKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Metering and the stack limit.
impl Store {
    /// Units of fuel left.
    pub fn fuel(&self) -> u64 {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).fuel }
    }

    /// Sets the fuel.
    pub fn set_fuel(&mut self, fuel: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).fuel = fuel };
    }

    /// Takes `n` units of fuel.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`] if fewer are left; nothing is taken then.
    pub fn consume_fuel(&mut self, n: u64) -> Result<(), TrapKind> {
        let left = self.fuel().checked_sub(n).ok_or(TrapKind::OutOfFuel)?;
        self.set_fuel(left);
        Ok(())
    }

    /// The counter that [`Store::poll`] compares with the deadline; anyone may raise it from any thread.
    pub fn epoch(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.epoch)
    }

    /// Replaces the counter by one that other stores share.
    pub fn set_epoch(&mut self, epoch: Arc<AtomicU64>) {
        // SAFETY: F1, V9; the store keeps the counter alive.
        unsafe { (*self.vm()).epoch = Arc::as_ptr(&epoch) };
        self.epoch = epoch;
    }

    /// Sets the epoch from which on running code traps; `u64::MAX` at the start.
    pub fn set_epoch_deadline(&mut self, deadline: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).epoch_deadline = deadline };
    }

    /// Tests the epoch, at function entries and loop headers of a store metered by epoch.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Interrupt`] from the deadline on.
    pub fn poll(&self) -> Result<(), TrapKind> {
        // SAFETY: F1, V9.
        let deadline = unsafe { (*self.vm()).epoch_deadline };
        if self.epoch.load(Ordering::Relaxed) >= deadline {
            Err(TrapKind::Interrupt)
        } else {
            Ok(())
        }
    }

    /// Charges a frame against the logical stack limit.
    ///
    /// # Errors
    ///
    /// [`TrapKind::StackOverflow`] if fewer bytes are left; nothing is charged then.
    pub fn enter_frame(&mut self, charge_bytes: u64) -> Result<(), TrapKind> {
        let left = self.height_left().checked_sub(charge_bytes).ok_or(TrapKind::StackOverflow)?;
        self.set_height_left(left);
        Ok(())
    }

    /// Gives back what [`Store::enter_frame`] charged: for executors from outside. In a store that runs bytecode it does
    /// nothing, since the size of the value stack depends on the charges there (V5).
    pub fn leave_frame(&mut self, charge_bytes: u64) {
        if !matches!(self.executor, ExecutorKind::External(_)) {
            return;
        }
        let left = self.height_left().saturating_add(charge_bytes);
        self.set_height_left(left.min(self.config.stack_bytes));
    }

    /// Bytes of the logical stack limit that are left.
    pub fn height_left(&self) -> u64 {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).height_left }
    }

    fn set_height_left(&mut self, bytes: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).height_left = bytes };
    }
}
