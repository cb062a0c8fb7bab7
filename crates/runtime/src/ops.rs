//! The operations on memories, tables and references that every tier executes: check, charge, do.
//!
//! Neighbours: the executors call these for every operator that is more than a load or a store, the reference tier
//! too, so that all tiers trap, charge and grow alike. The order is: (1) the bounds check traps, (2) fuel is charged
//! where the store is metered by fuel ([`prova_module::memory_cost`], [`prova_module::table_cost`]), (3) the effect.
//!
//! Addresses, indices and lengths are `u64`, 32-bit ones zero-extended; no sum of them overflows.
//! Accessors by address panic if the store has no such object.
//!
//! Worst case: linear in the bytes or elements, which fuel bounds and an epoch does not.

mod atomic;
mod memory;
mod reference;
mod table;

use crate::limits::Limits;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::vm::Cell;
use std::ops::Range;

/// The part of `0..len` that starts at `start` and has `n` items, if it exists.
fn range(start: u64, n: u64, len: usize) -> Option<Range<usize>> {
    let end = start.checked_add(n)?;
    // `end <= len` makes both fit `usize`.
    (end <= len as u64).then_some(start as usize..end as usize)
}

/// What the operations share.
impl Store {
    /// −1 in the address type, or the trap that replaces it.
    fn growth_failed(&self, address64: bool) -> Result<Cell, TrapKind> {
        if self.config.trap_on_grow_failure {
            return Err(TrapKind::GrowthFailed);
        }
        Ok(if address64 { u64::MAX } else { u64::from(u32::MAX) })
    }

    /// Charges the dynamic cost of an operation, where the store is metered by fuel.
    fn charge(&mut self, cost: u64) -> Result<(), TrapKind> {
        if self.settings().metering.has_fuel() { self.consume_fuel(cost) } else { Ok(()) }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }
}

#[cfg(test)]
mod tests;
