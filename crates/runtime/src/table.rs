//! A table: references that grow (specification 4.2.9).
//!
//! Neighbours: `store` keeps the [`TableVm`] record of each table equal to [`Table::vm`], `ops` works on the elements.
//! An element is a cell: store index + 1, or 0 for null.
//!
//! # Invariants
//! * A1. `elements.len() ≤ elements_max`, which fits the type, the index type and the store's limit.
//! * A2. Every element of a table of functions is 0, or a function's address + 1 (V10).
//!
//! Worst case: growth copies the table.

use crate::limits::{self, Limits};
use crate::memory::AllocError;
use crate::vm::{Cell, TableVm};
use prova_module::TableType;

/// A table of a store.
#[derive(Debug)]
pub struct Table {
    ty: TableType,
    elements: Vec<Cell>,
    elements_max: u64,
}

impl Table {
    /// A table of the type's minimal size, every element `init`.
    pub(crate) fn new(ty: TableType, init: Cell, limits: &Limits) -> Result<Table, AllocError> {
        limits::check("table_elements_max", limits.table_elements_max, ty.min)?;
        let elements_max = limits
            .table_elements_max
            .min(ty.max.unwrap_or(u64::MAX))
            .min(if ty.table64 { u64::MAX } else { u64::from(u32::MAX) });
        let mut table = Table { ty, elements: Vec::new(), elements_max };
        table.resize(ty.min, init).ok_or(AllocError::OutOfMemory)?;
        Ok(table)
    }

    /// The type it was made with; its minimum is the size at the start.
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// The number of elements.
    pub fn size(&self) -> u64 {
        self.elements.len() as u64
    }

    /// The elements.
    pub fn elements(&self) -> &[Cell] {
        &self.elements
    }

    /// The elements, to write (A2).
    pub(crate) fn elements_mut(&mut self) -> &mut [Cell] {
        &mut self.elements
    }

    /// Whether type and limits allow `delta` more elements.
    pub(crate) fn may_grow(&self, delta: u64) -> bool {
        self.size().checked_add(delta).is_some_and(|new| new <= self.elements_max)
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

    /// How handlers see it (V8).
    pub(crate) fn vm(&mut self) -> TableVm {
        TableVm { base: self.elements.as_mut_ptr(), len: self.elements.len() }
    }

    fn resize(&mut self, size: u64, init: Cell) -> Option<()> {
        let size = usize::try_from(size).ok()?;
        // Amortised: a program may grow its table one by one.
        self.elements.try_reserve(size - self.elements.len()).ok()?;
        self.elements.resize(size, init);
        Some(())
    }
}

#[cfg(test)]
mod tests;
