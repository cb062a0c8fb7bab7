//! Operations on memories (specification 4.6.9): sizes, growth, fill, copy, and data segments.
//!
//! The order of check, charge and effect is that of [`super`]; so are the tests.

use super::range;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, MemoryAddr};
use crate::vm::Cell;
use prova_module::{DataIdx, memory_cost};
use std::ops::Range;

/// Memories.
impl Store {
    /// `memory.size`: the size in pages.
    pub fn memory_size(&self, memory: MemoryAddr) -> u64 {
        self.memory(memory).pages()
    }

    /// Adds `delta` pages, gives the size before, in pages; `None` if the memory cannot grow so far.
    pub fn memory_grow(&mut self, memory: MemoryAddr, delta: u64) -> Option<u64> {
        self.grow_memory(memory, delta)
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
}
