//! Fuel, epoch and the logical stack limit: counters in the [`Vm`](crate::vm::Vm), which handlers
//! change too.
//!
//! `ops` charges and interrupts bulk operations here, [`Search`] the unwinding of a throw, and the
//! reference tier frames and segments; handlers do the same on the record itself. A counter that
//! would fall below 0 stays, and the operation traps.
//!
//! Where both are due at one place, the epoch is tested before fuel is charged.
//!
//! Noticed by: `tests/store/calls.rs`, `ops/tests.rs`, `tests/run/fuel.wast`.

use super::Store;
use crate::host::ExecutorKind;
use crate::trap::TrapKind;
use crate::value::FuncAddr;
use prova_module::{CLAUSE_ASKED_COST, FRAME_LEFT_COST, catch_cost, host_call_cost};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The epoch from which on code stops for any deadline, without asking a hook: no engine comes so
/// far by counting.
pub const EPOCH_OVER: u64 = 1 << 62;

/// Metering and the stack limit.
impl Store {
    /// Units of fuel left.
    pub fn fuel(&self) -> u64 {
        // SAFETY: F1, V9.
        unsafe { !(*self.vm()).not_fuel }
    }

    /// Sets the fuel.
    pub fn set_fuel(&mut self, fuel: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).not_fuel = !fuel };
    }

    /// Takes `n` units of fuel.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`] if fewer are left; nothing is taken then.
    pub fn consume_fuel(&mut self, n: u64) -> Result<(), TrapKind> {
        let Some(left) = self.fuel().checked_sub(n) else {
            self.fuel_needed.set(n);
            return Err(TrapKind::OutOfFuel);
        };
        self.set_fuel(left);
        Ok(())
    }

    /// The fuel that the newest charge asked for and did not find.
    pub(crate) fn fuel_needed(&self) -> u64 {
        self.fuel_needed.get()
    }

    /// Takes `n` units of fuel in a store metered by fuel.
    ///
    /// # Errors
    ///
    /// As [`Store::consume_fuel`].
    pub fn charge(&mut self, n: u64) -> Result<(), TrapKind> {
        if self.settings().metering.has_fuel() { self.consume_fuel(n) } else { Ok(()) }
    }

    /// Charges a call of a host function, whose frame is charged against the stack limit, before it
    /// runs.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`].
    pub fn charge_host_call(&mut self, func: FuncAddr) -> Result<(), TrapKind> {
        let (param_cells, result_cells) = self.func_cells(func);
        self.charge(host_call_cost(param_cells as u64, result_cells as u64))
    }

    /// The counter that [`Store::poll`] compares with the deadline; anyone may raise it from any
    /// thread.
    pub fn epoch(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.epoch)
    }

    /// Replaces the counter by one that other stores share. The replaced counter lives as long as
    /// the store: native code that waits for a host function may keep its address.
    pub fn set_epoch(&mut self, epoch: Arc<AtomicU64>) {
        // SAFETY: F1, V9; the store keeps the counter alive.
        unsafe { (*self.vm()).epoch = Arc::as_ptr(&epoch) };
        self.replaced_epochs.push(std::mem::replace(&mut self.epoch, epoch));
    }

    /// Sets the epoch from which on running code traps, at the latest [`EPOCH_OVER`]; `u64::MAX`
    /// at the start.
    pub fn set_epoch_deadline(&mut self, deadline: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).epoch_deadline = deadline.min(EPOCH_OVER) };
    }

    /// The epoch from which on running code traps.
    pub fn epoch_deadline(&self) -> u64 {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).epoch_deadline }
    }

    /// Whether the epoch stops code without asking anyone.
    pub(crate) fn is_over(&self) -> bool {
        self.epoch.load(Ordering::Relaxed) >= EPOCH_OVER
    }

    /// Tests the epoch in a store metered by epoch: at function entries and loop headers, after
    /// each host call, in bulk operators and in the search for a handler. Where a hook is asked
    /// ([`Store::set_epoch_hook`]), that happens elsewhere ([`Store::poll_asking`]).
    ///
    /// # Errors
    ///
    /// [`TrapKind::Interrupt`] from the deadline on.
    pub fn poll(&self) -> Result<(), TrapKind> {
        if !self.settings().metering.has_epoch() {
            return Ok(());
        }
        if self.has_epoch_hook() {
            return if self.is_over() { Err(TrapKind::Interrupt) } else { Ok(()) };
        }
        #[cfg(test)]
        if let Some(left) = self.polls_until_due.get() {
            self.polls_until_due.set(Some(left.saturating_sub(1)));
            return if left == 0 { Err(TrapKind::Interrupt) } else { Ok(()) };
        }
        if self.epoch.load(Ordering::Relaxed) >= self.epoch_deadline() {
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

    /// Gives back what [`Store::enter_frame`] charged: for executors from outside. In a store that
    /// runs bytecode it does nothing, since the size of the value stack depends on the charges
    /// there (V5).
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

/// The search for the handler of an exception: it pays as it goes, so that it ends with the fuel.
///
/// It belongs to one throw. Frames and clauses are those of the Wasm, asked from the inside out:
/// each tier takes the same steps. The fuel is taken at the end, all or nothing.
#[derive(Debug)]
#[must_use]
pub struct Search {
    cost: u64,
    steps_until_poll: u32,
}

/// Steps of a search between two tests of the epoch.
pub const SEARCH_CHUNK: u32 = 1 << 16;

impl Default for Search {
    fn default() -> Search {
        Search::new()
    }
}

impl Search {
    /// The search of a throw.
    pub fn new() -> Search {
        Search { cost: 0, steps_until_poll: SEARCH_CHUNK }
    }

    /// A clause is asked.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`] if the search so far costs more than there is;
    /// [`TrapKind::Interrupt`].
    #[inline]
    pub fn ask(&mut self, store: &Store) -> Result<(), TrapKind> {
        self.step(store, CLAUSE_ASKED_COST)
    }

    /// No clause of a frame catches: the search goes on in its caller.
    ///
    /// # Errors
    ///
    /// As [`Search::ask`].
    #[inline]
    pub fn leave_frame(&mut self, store: &Store) -> Result<(), TrapKind> {
        self.step(store, FRAME_LEFT_COST)
    }

    #[inline]
    fn step(&mut self, store: &Store, cost: u64) -> Result<(), TrapKind> {
        self.steps_until_poll -= 1;
        if self.steps_until_poll == 0 {
            self.steps_until_poll = SEARCH_CHUNK;
            store.poll()?;
        }
        self.cost += cost;
        if self.cost > store.fuel() && store.settings().metering.has_fuel() {
            store.fuel_needed.set(self.cost);
            return Err(TrapKind::OutOfFuel);
        }
        Ok(())
    }

    /// Pays for a search that is over. The clause that it found, if any, gets `value_cells` cells
    /// of values by its tag, and a reference if `made`; then the exceptions that are dropped before
    /// are paid for, too.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`].
    pub fn pay(self, store: &mut Store, value_cells: u64, made: bool) -> Result<(), TrapKind> {
        self.pay_at(store, value_cells, made.then(|| store.height_left()))
    }

    /// The same; where a reference is made, so much of the stack is left at the throw.
    pub(crate) fn pay_at(
        self,
        store: &mut Store,
        value_cells: u64,
        made: Option<u64>,
    ) -> Result<(), TrapKind> {
        let forgetting = made.map_or(0, |height_left| store.forgetting_cost(height_left));
        store.charge(self.cost + catch_cost(value_cells) + forgetting)
    }
}
