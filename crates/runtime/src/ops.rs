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

use crate::limits::Limits;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{FuncAddr, InstanceAddr, MemoryAddr, NULL_REF, TableAddr, func_ref};
use crate::vm::Cell;
use prova_bytecode::Metering;
use prova_module::{DataIdx, ElemIdx, FuncIdx, RefType, TypeId, memory_cost, table_cost};
use std::ops::Range;

/// The part of `0..len` that starts at `start` and has `n` items, if it exists.
fn range(start: u64, n: u64, len: usize) -> Option<Range<usize>> {
    let end = start.checked_add(n)?;
    // `end <= len` makes both fit `usize`.
    (end <= len as u64).then_some(start as usize..end as usize)
}

/// Memories.
impl Store {
    /// `memory.size`: the size in pages.
    pub fn memory_size(&self, memory: MemoryAddr) -> u64 {
        self.memory(memory).pages()
    }

    /// Adds `delta` pages, gives the size before, in pages; `None` if the memory cannot grow so far.
    pub fn memory_grow(&mut self, memory: MemoryAddr, delta: u64) -> Option<u64> {
        let old = self.memories[memory.index()].grow(delta)?;
        self.update_memory(memory);
        Some(old)
    }

    /// `memory.grow`: the size before, or −1 in the memory's address type.
    ///
    /// # Errors
    ///
    /// [`TrapKind::GrowthFailed`] in place of −1 where the store's configuration asks for it.
    pub fn memory_grow_cell(&mut self, memory: MemoryAddr, delta: Cell) -> Result<Cell, TrapKind> {
        let memory64 = self.memory(memory).ty().memory64;
        match self.memory_grow(memory, delta) {
            Some(old) => Ok(old),
            None => self.growth_failed(memory64),
        }
    }

    /// `memory.fill`: `n` bytes from `d` on become `byte`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::MemoryOutOfBounds`], [`TrapKind::OutOfFuel`].
    pub fn memory_fill(
        &mut self,
        memory: MemoryAddr,
        d: u64,
        byte: u8,
        n: u64,
    ) -> Result<(), TrapKind> {
        let bytes = range(d, n, self.memory(memory).data().len());
        let bytes = bytes.ok_or(TrapKind::MemoryOutOfBounds)?;
        self.charge(memory_cost(n))?;
        self.memory_data_mut(memory)[bytes].fill(byte);
        Ok(())
    }

    /// `memory.copy`: `n` bytes from `s` of `src` to `d` of `dst`, as if all were read before any is written.
    ///
    /// # Errors
    ///
    /// [`TrapKind::MemoryOutOfBounds`], [`TrapKind::OutOfFuel`].
    pub fn memory_copy(
        &mut self,
        dst: MemoryAddr,
        src: MemoryAddr,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        let to = range(d, n, self.memory(dst).data().len());
        let from = range(s, n, self.memory(src).data().len());
        let (Some(to), Some(from)) = (to, from) else {
            return Err(TrapKind::MemoryOutOfBounds);
        };
        self.charge(memory_cost(n))?;
        match self.memories.get_disjoint_mut([dst.index(), src.index()]) {
            Ok([dst, src]) => dst.data_mut()[to].copy_from_slice(&src.data()[from]),
            Err(_) => self.memory_data_mut(dst).copy_within(from, to.start),
        }
        Ok(())
    }

    /// `memory.init`: `n` bytes from `s` of a data segment of `instance` to `d`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::MemoryOutOfBounds`], [`TrapKind::OutOfFuel`].
    pub fn memory_init(
        &mut self,
        instance: InstanceAddr,
        memory: MemoryAddr,
        data: DataIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        self.init_ranges(instance, memory, data, d, s, n)?;
        self.charge(memory_cost(n))?;
        self.memory_init_unmetered(instance, memory, data, d, s, n)
    }

    pub(crate) fn memory_init_unmetered(
        &mut self,
        instance: InstanceAddr,
        memory: MemoryAddr,
        data: DataIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        let (to, from) = self.init_ranges(instance, memory, data, d, s, n)?;
        let segment = &self.instances[instance.index()].data(data)[from];
        self.memories[memory.index()].data_mut()[to].copy_from_slice(segment);
        Ok(())
    }

    fn init_ranges(
        &self,
        instance: InstanceAddr,
        memory: MemoryAddr,
        data: DataIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(Range<usize>, Range<usize>), TrapKind> {
        let to = range(d, n, self.memory(memory).data().len());
        let from = range(s, n, self.instance(instance).data(data).len());
        to.zip(from).ok_or(TrapKind::MemoryOutOfBounds)
    }

    /// `data.drop`.
    pub fn data_drop(&mut self, instance: InstanceAddr, data: DataIdx) {
        self.instances[instance.index()].drop_data(data);
    }

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
    /// Always: [`TrapKind::HeapMisaligned`], [`TrapKind::MemoryOutOfBounds`], and for a good address
    /// [`TrapKind::ExpectedSharedMemory`], as no memory is shared.
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

/// Tables.
impl Store {
    /// `table.get`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`].
    pub fn table_get(&self, table: TableAddr, i: u64) -> Result<Cell, TrapKind> {
        let elements = self.table(table).elements();
        let i = usize::try_from(i).map_err(|_| TrapKind::TableOutOfBounds)?;
        elements.get(i).copied().ok_or(TrapKind::TableOutOfBounds)
    }

    /// `table.set`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`]; [`TrapKind::Misuse`] for a cell that is no reference of this store.
    pub fn table_set(&mut self, table: TableAddr, i: u64, value: Cell) -> Result<(), TrapKind> {
        self.check_element(table, value)?;
        let elements = self.tables[table.index()].elements_mut();
        let i = usize::try_from(i).map_err(|_| TrapKind::TableOutOfBounds)?;
        *elements.get_mut(i).ok_or(TrapKind::TableOutOfBounds)? = value;
        Ok(())
    }

    /// `table.size`.
    pub fn table_size(&self, table: TableAddr) -> u64 {
        self.table(table).size()
    }

    /// Adds `delta` elements, gives the size before; `None` if the table cannot grow so far. Charges nothing.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Misuse`] for a cell that is no reference of this store.
    pub fn table_grow(
        &mut self,
        table: TableAddr,
        delta: u64,
        init: Cell,
    ) -> Result<Option<u64>, TrapKind> {
        self.check_element(table, init)?;
        let old = self.tables[table.index()].grow(delta, init);
        self.update_table(table);
        Ok(old)
    }

    /// `table.grow`: the size before, or −1 in the table's index type. Growth that type and limits allow is charged.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`]; [`TrapKind::GrowthFailed`] in place of −1 where the store's configuration asks for it.
    pub fn table_grow_cell(
        &mut self,
        table: TableAddr,
        init: Cell,
        delta: Cell,
    ) -> Result<Cell, TrapKind> {
        let table64 = self.table(table).ty().table64;
        if !self.table(table).may_grow(delta) {
            return self.growth_failed(table64);
        }
        self.charge(table_cost(delta))?;
        match self.table_grow(table, delta, init)? {
            Some(old) => Ok(old),
            None => self.growth_failed(table64),
        }
    }

    /// `table.fill`: `n` elements from `i` on become `value`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`], [`TrapKind::OutOfFuel`]; [`TrapKind::Misuse`] for a cell that is no reference.
    pub fn table_fill(
        &mut self,
        table: TableAddr,
        i: u64,
        value: Cell,
        n: u64,
    ) -> Result<(), TrapKind> {
        self.check_element(table, value)?;
        let elements = range(i, n, self.table(table).elements().len());
        let elements = elements.ok_or(TrapKind::TableOutOfBounds)?;
        self.charge(table_cost(n))?;
        self.tables[table.index()].elements_mut()[elements].fill(value);
        Ok(())
    }

    /// `table.copy`: `n` elements from `s` of `src` to `d` of `dst`, as if all were read before any is written.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`], [`TrapKind::OutOfFuel`]; [`TrapKind::Misuse`] for tables of different types.
    pub fn table_copy(
        &mut self,
        dst: TableAddr,
        src: TableAddr,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        if self.table(dst).ty().ref_type != self.table(src).ty().ref_type {
            return Err(TrapKind::Misuse);
        }
        let to = range(d, n, self.table(dst).elements().len());
        let from = range(s, n, self.table(src).elements().len());
        let (Some(to), Some(from)) = (to, from) else {
            return Err(TrapKind::TableOutOfBounds);
        };
        self.charge(table_cost(n))?;
        match self.tables.get_disjoint_mut([dst.index(), src.index()]) {
            Ok([dst, src]) => dst.elements_mut()[to].copy_from_slice(&src.elements()[from]),
            Err(_) => self.tables[dst.index()].elements_mut().copy_within(from, to.start),
        }
        Ok(())
    }

    /// `table.init`: `n` elements from `s` of an element segment of `instance` to `d`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`], [`TrapKind::OutOfFuel`]; [`TrapKind::Misuse`] for another type of references.
    pub fn table_init(
        &mut self,
        instance: InstanceAddr,
        table: TableAddr,
        elem: ElemIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        self.table_init_ranges(instance, table, elem, d, s, n)?;
        self.charge(table_cost(n))?;
        self.table_init_unmetered(instance, table, elem, d, s, n)
    }

    pub(crate) fn table_init_unmetered(
        &mut self,
        instance: InstanceAddr,
        table: TableAddr,
        elem: ElemIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        let (to, from) = self.table_init_ranges(instance, table, elem, d, s, n)?;
        let segment = &self.instances[instance.index()].elem(elem)[from];
        self.tables[table.index()].elements_mut()[to].copy_from_slice(segment);
        Ok(())
    }

    fn table_init_ranges(
        &self,
        instance: InstanceAddr,
        table: TableAddr,
        elem: ElemIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(Range<usize>, Range<usize>), TrapKind> {
        let (instance, table) = (self.instance(instance), self.table(table));
        if instance.module().elements()[elem.index()].ref_type() != table.ty().ref_type {
            return Err(TrapKind::Misuse);
        }
        let to = range(d, n, table.elements().len());
        let from = range(s, n, instance.elem(elem).len());
        to.zip(from).ok_or(TrapKind::TableOutOfBounds)
    }

    /// `elem.drop`.
    pub fn elem_drop(&mut self, instance: InstanceAddr, elem: ElemIdx) {
        self.instances[instance.index()].drop_elem(elem);
    }

    /// The function that an indirect call calls.
    ///
    /// # Errors
    ///
    /// [`TrapKind::UndefinedElement`], [`TrapKind::UninitializedElement`], [`TrapKind::IndirectCallTypeMismatch`],
    /// compared in this order.
    pub fn indirect_callee(
        &self,
        table: TableAddr,
        i: u64,
        ty: TypeId,
    ) -> Result<FuncAddr, TrapKind> {
        let cell = self.table_get(table, i).map_err(|_| TrapKind::UndefinedElement)?;
        let func = self.func_of_ref(cell).ok_or(TrapKind::UninitializedElement)?;
        if self.func_type_id(func) == ty {
            Ok(func)
        } else {
            Err(TrapKind::IndirectCallTypeMismatch)
        }
    }

    /// Refuses a cell that is no reference of the table's type in this store (A2).
    fn check_element(&self, table: TableAddr, value: Cell) -> Result<(), TrapKind> {
        if self.is_ref(self.table(table).ty().ref_type, value) {
            Ok(())
        } else {
            Err(TrapKind::Misuse)
        }
    }
}

/// References, and what all operations share.
impl Store {
    /// `ref.func`.
    pub fn ref_func(&self, instance: InstanceAddr, func: FuncIdx) -> Cell {
        func_ref(self.instance(instance).func_addr(func))
    }

    /// The function that a cell refers to; `None` for null and for a cell that is no function reference of this store.
    pub fn func_of_ref(&self, cell: Cell) -> Option<FuncAddr> {
        let index = cell.checked_sub(1)?;
        (index < self.entries.len() as u64).then_some(FuncAddr(index as u32))
    }

    /// Whether a cell is null or a reference of this type of this store.
    pub fn is_ref(&self, ty: RefType, cell: Cell) -> bool {
        // V10: the executors believe a function reference.
        let count = if ty.is_extern_ref() { self.externs.len() } else { self.entries.len() };
        cell == NULL_REF || cell <= count as u64
    }

    /// −1 in the address type, or the trap that replaces it.
    fn growth_failed(&self, address64: bool) -> Result<Cell, TrapKind> {
        if self.config.trap_on_grow_failure {
            return Err(TrapKind::GrowthFailed);
        }
        Ok(if address64 { u64::MAX } else { u64::from(u32::MAX) })
    }

    /// Charges the dynamic cost of an operation, where the store is metered by fuel.
    fn charge(&mut self, cost: u64) -> Result<(), TrapKind> {
        match self.settings().metering {
            Metering::Fuel => self.consume_fuel(cost),
            Metering::None | Metering::Epoch => Ok(()),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }
}

#[cfg(test)]
mod tests;
