//! A table: references that grow in place (specification 4.2.9).
//!
//! The [`TableVm`] record that `store` keeps of each table equals [`Table::vm`], and its bytes are
//! within the store's budget. An element is a cell: store index + 1, or 0 for null. The elements
//! move only where the store asks for it ([`Table::relocate`]): the greatest size that type and
//! limits allow is reserved at the start, and a null element that nobody writes takes no memory.
//!
//! # Invariants
//! * T1. `size ≤ elements_max`, which fits the type, the index type and the store's limit;
//!   `8 × size ≤ reservation.committed`.
//! * T2. Every element of a table of functions is 0, or a function's address + 1 (V10).
//! * T3. A cell of the reservation from `size` on is 0.
//!
//! Worst case: growth costs one system call, and writes the new elements unless they are null.

use crate::lease::{Lease, Wanted};
use crate::limits::{self, LimitExceeded, Limits};
use crate::memory::{AllocError, RESERVATION_BYTES_MAX};
use crate::store::Spare;
use crate::vm::{Cell, TableVm};
use prova_module::TableType;
use std::sync::Arc;

/// The bytes of an element.
pub(crate) const ELEMENT_BYTES: u64 = size_of::<Cell>() as u64;

/// A table of a store.
#[derive(Debug)]
pub struct Table {
    ty: TableType,
    reservation: Lease,
    /// How its address space was asked for.
    wanted: Wanted,
    size: usize,
    elements_max: u64,
}

impl Table {
    /// A table of the type's minimal size, every element `init`.
    #[cfg(test)]
    pub(crate) fn new(ty: TableType, init: Cell, limits: &Limits) -> Result<Table, AllocError> {
        Table::within(ty, init, limits, None)
    }

    /// The same, where finished stores left address space.
    pub(crate) fn within(
        ty: TableType,
        init: Cell,
        limits: &Limits,
        spare: Option<&Arc<Spare>>,
    ) -> Result<Table, AllocError> {
        let min_bytes = Table::min_bytes(&ty, limits)?;
        let elements_max = Table::elements_max(limits)
            .min(ty.max.unwrap_or(u64::MAX))
            .min(if ty.table64 { u64::MAX } else { u64::from(u32::MAX) });
        let min = usize::try_from(min_bytes).map_err(|_| AllocError::OutOfMemory)?;
        let max = elements_max * ELEMENT_BYTES;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let keep = spare.map_or(0, |spare| spare.limits().table_keep_bytes);
        let wanted = Wanted { min, max, guard: None, committed: min, image: None, keep };
        let reservation = Lease::new(spare, &wanted).map_err(|_| AllocError::OutOfMemory)?;
        let mut table = Table { ty, reservation, wanted, size: 0, elements_max };
        table.resize(ty.min, init).ok_or(AllocError::OutOfMemory)?;
        Ok(table)
    }

    /// The limit of one table in elements.
    fn elements_max(limits: &Limits) -> u64 {
        limits.table_elements_max.min(RESERVATION_BYTES_MAX / ELEMENT_BYTES)
    }

    /// The bytes of the type's minimal size; refused beyond the limit.
    pub(crate) fn min_bytes(ty: &TableType, limits: &Limits) -> Result<u64, LimitExceeded> {
        limits::check("table_elements_max", Table::elements_max(limits), ty.min)?;
        Ok(ty.min.saturating_mul(ELEMENT_BYTES))
    }

    /// The type it was made with; its minimum is the size at the start.
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// The number of elements.
    pub fn size(&self) -> u64 {
        self.size as u64
    }

    /// The size in bytes.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.size() * ELEMENT_BYTES
    }

    /// The elements.
    pub fn elements(&self) -> &[Cell] {
        // SAFETY: T1, S1, S2: the cells are committed, aligned and ours; V9: other writers borrow
        // the store mutably.
        unsafe { std::slice::from_raw_parts(self.base(), self.size) }
    }

    /// The elements, to write (T2).
    pub(crate) fn elements_mut(&mut self) -> &mut [Cell] {
        // SAFETY: as in `elements`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.base(), self.size) }
    }

    /// Whether type and limits allow `delta` more elements.
    pub(crate) fn may_grow(&self, delta: u64) -> bool {
        self.size().checked_add(delta).is_some_and(|new| new <= self.elements_max)
    }

    /// Whether `delta` more elements are beyond the type's maximum or indices.
    pub(crate) fn exceeds_type(&self, delta: u64) -> bool {
        let indices = if self.ty.table64 { u64::MAX } else { u64::from(u32::MAX) };
        let most = self.ty.max.unwrap_or(u64::MAX).min(indices);
        self.size().checked_add(delta).is_none_or(|new| new > most)
    }

    /// Adds `delta` elements and gives the size before; `None` if it cannot grow so far.
    pub(crate) fn grow(&mut self, delta: u64, init: Cell) -> Option<u64> {
        let old = self.size();
        if !self.may_grow(delta) {
            return None;
        }
        self.resize(old + delta, init)?;
        Some(old)
    }

    /// Moves its elements to other address space; gives what it had before, where nothing can be
    /// accessed any more. `None`: it stays, since the system has no other.
    pub(crate) fn relocate(&mut self) -> Option<Lease> {
        let len = self.size * size_of::<Cell>();
        let wanted = Wanted { committed: len, ..self.wanted };
        self.reservation.relocate(&wanted, len)
    }

    /// Where its elements lie.
    #[cfg(test)]
    pub(crate) fn reservation(&self) -> &crate::sys::Reservation {
        &self.reservation
    }

    /// Takes back the elements from `size` on, which are null (T3).
    pub(crate) fn truncate(&mut self, size: usize) {
        debug_assert!(self.elements()[size..].iter().all(|&cell| cell == 0));
        self.size = size;
    }

    /// How handlers see it (V8).
    pub(crate) fn vm(&mut self) -> TableVm {
        TableVm { base: self.base(), len: self.size }
    }

    fn base(&self) -> *mut Cell {
        self.reservation.base().as_ptr().cast()
    }

    /// Makes the table greater.
    fn resize(&mut self, size: u64, init: Cell) -> Option<()> {
        let (old, size) = (self.size, usize::try_from(size).ok()?);
        self.reservation.commit(size.checked_mul(size_of::<Cell>())?).ok()?;
        self.size = size;
        // T3: null is there already.
        if init != 0 {
            self.elements_mut()[old..].fill(init);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
