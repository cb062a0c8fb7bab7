//! The budget of a store: the bytes of all its memories, tables, exceptions and objects together,
//! compared before any of them is made or grows.
//!
//! [`Limits::store_bytes_max`](crate::Limits) is the limit. A byte counts from when its memory or
//! table has it, written or not: a program may touch all that it was given. An exception counts 8
//! bytes for each of its cells ([`crate::exception`]) until it is forgotten. Objects count by the
//! pages in which they lie, with what is kept beside each page, until a collection has found such a
//! page empty ([`crate::heap`]).
//!
//! # Invariants
//! * B1. The field `Store::bytes` is the sum of the lengths of all memories and tables but shared
//!   ones, which other stores may grow; with theirs, the exceptions' and the objects' it exceeds
//!   the limit only if the limit was lowered, or another store grew a shared one, afterwards.
//!
//! Noticed by: `tests/store/limits.rs`.

use super::Store;
use crate::exception::WEIGHT_MAX;
use crate::limits::{self, LimitExceeded};
use crate::memory::Memory;
use crate::table::{ELEMENT_BYTES, Table};
use crate::value::{MemoryAddr, TableAddr};
use crate::vm::Cell;
use prova_module::{MemoryType, TableType};

/// The bytes of a cell.
const CELL_BYTES: u64 = size_of::<Cell>() as u64;

/// The budget.
impl Store {
    /// Bytes of all memories, tables, exceptions and objects together: pages and elements as they
    /// are now, 8 bytes for an element and for a cell of an exception.
    pub fn bytes(&self) -> u64 {
        let exceptions = self.exception_cells() as u64 * CELL_BYTES;
        self.space_bytes().saturating_add(exceptions).saturating_add(self.heap.bytes())
    }

    /// Bytes of all memories and tables.
    fn space_bytes(&self) -> u64 {
        let shared = self.shared_memories.iter().map(|at| self.memory(*at).len_bytes());
        shared.fold(self.bytes, u64::saturating_add)
    }

    /// How many more bytes objects may take.
    pub(crate) fn heap_room(&self) -> u64 {
        let own = self.limits().heap_bytes_max.saturating_sub(self.heap.bytes());
        own.min(self.limits().store_bytes_max.saturating_sub(self.bytes()))
    }

    /// The cells that all exceptions together may take: what the budget leaves them.
    pub(crate) fn exception_room(&self) -> usize {
        let others = self.space_bytes().saturating_add(self.heap.bytes());
        let left = self.limits().store_bytes_max.saturating_sub(others) / CELL_BYTES;
        usize::try_from(left).map_or(WEIGHT_MAX, |left| left.min(WEIGHT_MAX))
    }

    /// Refuses memories and tables if the least size of one is beyond its own limit, or the sum
    /// beyond the budget.
    pub(crate) fn check_new(
        &self,
        memories: &[MemoryType],
        tables: &[TableType],
    ) -> Result<(), LimitExceeded> {
        let mut more = 0u64;
        for ty in memories {
            more = more.saturating_add(Memory::min_bytes(ty, self.limits())?);
        }
        for ty in tables {
            more = more.saturating_add(Table::min_bytes(ty, self.limits())?);
        }
        self.check_bytes(more)
    }

    fn check_bytes(&self, more: u64) -> Result<(), LimitExceeded> {
        let bytes = self.bytes().saturating_add(more);
        limits::check("store_bytes_max", self.limits().store_bytes_max, bytes)
    }

    /// Grows a memory by `delta` pages within its own limits and the budget; gives the size before.
    pub(crate) fn grow_memory(&mut self, memory: MemoryAddr, delta: u64) -> Option<u64> {
        if !self.may_grow_memory(memory, delta) {
            return None;
        }
        if let Some(shared) = self.memory(memory).shared() {
            // Others may have grown it since it was compared.
            let others = self.bytes().saturating_sub(shared.len_bytes());
            let limits = self.limits();
            let room = limits.store_bytes_max.saturating_sub(others);
            return shared.grow(delta, limits.memory_bytes_max.min(room));
        }
        let old = self.memories[memory.index()].grow(delta)?;
        self.bytes += delta << self.memory(memory).ty().page_size_log2;
        if self.moves() {
            let left = self.memories[memory.index()].relocate();
            self.leave_behind(left);
        }
        self.update_memory(memory);
        Some(old)
    }

    /// Whether a memory's own limits and the budget allow `delta` more pages.
    pub(crate) fn may_grow_memory(&self, memory: MemoryAddr, delta: u64) -> bool {
        let memory = self.memory(memory);
        let more = u64::try_from(u128::from(delta) << memory.ty().page_size_log2);
        memory.may_grow(delta) && more.is_ok_and(|more| self.check_bytes(more).is_ok())
    }

    /// Whether a table's own limits and the budget allow `delta` more elements.
    pub(crate) fn may_grow_table(&self, table: TableAddr, delta: u64) -> bool {
        let more = delta.checked_mul(ELEMENT_BYTES);
        self.table(table).may_grow(delta) && more.is_some_and(|more| self.check_bytes(more).is_ok())
    }

    /// Grows a table by `delta` elements within its own limits and the budget; gives the size
    /// before.
    pub(crate) fn grow_table(&mut self, table: TableAddr, delta: u64, init: Cell) -> Option<u64> {
        if !self.may_grow_table(table, delta) {
            return None;
        }
        let old = self.tables[table.index()].grow(delta, init)?;
        self.bytes += delta * ELEMENT_BYTES;
        if self.moves() {
            let left = self.tables[table.index()].relocate();
            self.leave_behind(left);
        }
        self.update_table(table);
        Some(old)
    }

    /// Takes back the elements of a table from `size` on, which are null.
    pub(crate) fn truncate_table(&mut self, table: TableAddr, size: usize) {
        let taken = (self.table(table).elements().len() - size) as u64;
        self.tables[table.index()].truncate(size);
        self.bytes -= taken * ELEMENT_BYTES;
        self.update_table(table);
    }
}
