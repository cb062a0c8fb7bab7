//! The operations on memories, tables and references that every tier executes: check, charge, do.
//!
//! The executors call these for every operator that is more than a load or a store, the reference
//! tier too, so that all tiers trap, charge and grow alike. The order is: (1) the bounds check
//! traps, (2) the epoch is tested and fuel charged, as the store is metered
//! ([`prova_module::memory_cost`], [`prova_module::table_cost`],
//! [`prova_module::memory_growth_cost`]), (3) the effect.
//!
//! In a store metered by epoch the effect is had in chunks, between which the epoch is tested; an
//! interrupt leaves the chunks before it done. Growth is all or nothing.
//!
//! Addresses, indices and lengths are `u64`, 32-bit ones zero-extended; no sum of them overflows.
//! Accessors by address panic if the store has no such object.
//!
//! Worst case: linear in the bytes or elements, which fuel bounds; the epoch is tested again within
//! a chunk's time.

pub(crate) mod aggregate;
mod atomic;
mod bytes;
mod memory;
mod perform;
mod reference;
mod shared;
mod table;

pub(crate) use aggregate::is_traced;
pub use aggregate::{AnyKind, Elements, INTERNAL, Refused};

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

/// Bytes that an operation on memories handles between two tests of the epoch (1 MiB): some tenths
/// of a millisecond where the system has to find the pages first.
pub const CHUNK_BYTES: usize = 1 << 20;

/// Elements that an operation on tables handles between two tests of the epoch (1 MiB of cells).
pub(crate) const CHUNK_ELEMENTS: usize = CHUNK_BYTES / size_of::<Cell>();

/// From which end an operation begins: a copy to higher addresses of the same object begins at the
/// end, so that it never writes what it has still to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Up,
    Down,
}

/// `0..n` in pieces of at most `chunk` items.
fn chunks(n: usize, chunk: usize, order: Order) -> impl Iterator<Item = Range<usize>> {
    let count = n.div_ceil(chunk);
    (0..count).map(move |i| {
        let i = if order == Order::Up { i } else { count - 1 - i };
        i * chunk..n.min((i + 1) * chunk)
    })
}

/// The part of `whole` that a piece of `0..whole.len()` names.
fn part(whole: &Range<usize>, piece: &Range<usize>) -> Range<usize> {
    whole.start + piece.start..whole.start + piece.end
}

/// Helpers that the operations share.
impl Store {
    /// −1 in the address type, or the trap that replaces it.
    fn growth_failed(&self, address64: bool) -> Result<Cell, TrapKind> {
        if self.config.trap_on_grow_failure {
            return Err(TrapKind::GrowthFailed);
        }
        Ok(if address64 { u64::MAX } else { u64::from(u32::MAX) })
    }

    /// The same where the limits allow the growth, and the system has no room: a program that is to
    /// be deterministic ends.
    fn growth_refused(&self, address64: bool) -> Result<Cell, TrapKind> {
        if self.settings().deterministic {
            return Err(TrapKind::GrowthFailed);
        }
        self.growth_failed(address64)
    }

    /// The step between the bounds check of an operation and its effect: the epoch, then its
    /// dynamic cost.
    fn meter(&mut self, cost: u64) -> Result<(), TrapKind> {
        self.poll()?;
        self.charge(cost)
    }

    /// Has an effect on `0..n` piece by piece in order, with the epoch tested before each piece but
    /// the first; without epochs in one piece.
    fn in_chunks(
        &mut self,
        n: usize,
        chunk: usize,
        order: Order,
        mut effect: impl FnMut(&mut Store, Range<usize>),
    ) -> Result<(), TrapKind> {
        if n <= chunk || !self.settings().metering.has_epoch() {
            effect(self, 0..n);
            return Ok(());
        }
        for (i, piece) in chunks(n, chunk, order).enumerate() {
            if i > 0 {
                self.poll()?;
            }
            effect(self, piece);
        }
        Ok(())
    }

    /// Tests the epoch as often as writing `n` bytes does.
    pub(crate) fn poll_chunks(&mut self, n: usize) -> Result<(), TrapKind> {
        self.in_chunks(n, CHUNK_BYTES, Order::Up, |_, _| {})
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }
}

#[cfg(test)]
mod interrupt_tests;
#[cfg(test)]
mod tests;
