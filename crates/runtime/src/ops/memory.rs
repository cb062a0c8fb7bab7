//! Operations on memories (specification 4.6.9): sizes, growth, fill, copy, and data segments.
//!
//! [`super`] defines the order of check, charge and effect, and has the tests.

use super::{CHUNK_BYTES, Order, part, range};
use crate::store::{Growing, Growth, GrowthFailure, Store};
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, MemoryAddr};
use crate::vm::Cell;
use prova_module::{DataIdx, memory_cost, memory_growth_cost};
use std::ops::Range;

/// Memories.
impl Store {
    /// `memory.size`: the size in pages.
    pub fn memory_size(&self, memory: MemoryAddr) -> u64 {
        self.memory(memory).pages()
    }

    /// Adds `delta` pages, gives the size before, in pages; `None` if the memory cannot grow so
    /// far.
    pub fn memory_grow(&mut self, memory: MemoryAddr, delta: u64) -> Option<u64> {
        self.grow_memory(memory, delta)
    }

    /// The same, and the [`GrowthHook`](crate::GrowthHook) is asked before; the
    /// [`GrowthFailedHook`](crate::GrowthFailedHook) learns of growth that fails otherwise.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Host`] if one of them stops the program.
    pub fn memory_grow_asking(
        &mut self,
        memory: MemoryAddr,
        delta: u64,
    ) -> Result<Option<u64>, TrapKind> {
        if !self.may_grow_memory(memory, delta) {
            self.memory_cannot_grow(memory, delta)?;
            return Ok(None);
        }
        if !self.memory_may_grow(memory, delta)? {
            return Ok(None);
        }
        let grown = self.grow_memory(memory, delta);
        if grown.is_none() {
            self.tell_failed(Growing::Memory, delta, GrowthFailure::System)?;
        }
        Ok(grown)
    }

    /// Tells of growth that type or limits forbid.
    fn memory_cannot_grow(&mut self, memory: MemoryAddr, delta: u64) -> Result<(), TrapKind> {
        let why = match self.memory(memory).exceeds_type(delta) {
            true => GrowthFailure::Maximum,
            false => GrowthFailure::Limit,
        };
        self.tell_failed(Growing::Memory, delta, why)
    }

    /// Asks the hook about growth that the limits allow.
    fn memory_may_grow(&mut self, memory: MemoryAddr, delta: u64) -> Result<bool, TrapKind> {
        let (ty, current) = (*self.memory(memory).ty(), self.memory(memory).len_bytes());
        let desired = current.saturating_add(delta << ty.page_size_log2);
        let maximum = ty.max.map(|max| max.saturating_mul(1 << ty.page_size_log2));
        self.may_grow(Growth { of: Growing::Memory, current, desired, maximum })
    }

    /// `memory.grow`: the size before, or −1 in the memory's address type. Growth that type and
    /// limits allow is charged, and only the system can refuse it then: −1 too, but the end of a
    /// program that is to be deterministic.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`]; [`TrapKind::GrowthFailed`] in place of −1
    /// where the store's configuration asks for it; [`TrapKind::Host`] if a hook stops the program.
    pub fn memory_grow_cell(&mut self, memory: MemoryAddr, delta: Cell) -> Result<Cell, TrapKind> {
        let ty = self.memory(memory).ty();
        let (memory64, page_size_log2) = (ty.memory64, ty.page_size_log2);
        if !self.may_grow_memory(memory, delta) {
            self.memory_cannot_grow(memory, delta)?;
            return self.growth_failed(memory64);
        }
        if !self.memory_may_grow(memory, delta)? {
            return self.growth_failed(memory64);
        }
        // The bytes fit 64 bits, since growth to them is allowed.
        self.meter(memory_growth_cost(delta << page_size_log2))?;
        match self.memory_grow(memory, delta) {
            Some(old) => Ok(old),
            None => {
                self.tell_failed(Growing::Memory, delta, GrowthFailure::System)?;
                self.growth_refused(memory64)
            }
        }
    }

    /// `memory.fill`: `n` bytes from `d` on become `byte`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::MemoryOutOfBounds`], [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`].
    pub fn memory_fill(
        &mut self,
        memory: MemoryAddr,
        d: u64,
        byte: u8,
        n: u64,
    ) -> Result<(), TrapKind> {
        let bytes = range(d, n, self.len_of(memory));
        let bytes = bytes.ok_or(TrapKind::MemoryOutOfBounds)?;
        self.meter(memory_cost(n))?;
        self.in_chunks(bytes.len(), CHUNK_BYTES, Order::Up, |store, piece| {
            store.fill_bytes(memory, part(&bytes, &piece), byte);
        })
    }

    /// `memory.copy`: `n` bytes from `s` of `src` to `d` of `dst`, as if all were read before any
    /// is written.
    ///
    /// # Errors
    ///
    /// [`TrapKind::MemoryOutOfBounds`], [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`].
    pub fn memory_copy(
        &mut self,
        dst: MemoryAddr,
        src: MemoryAddr,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        let to = range(d, n, self.len_of(dst));
        let from = range(s, n, self.len_of(src));
        let (Some(to), Some(from)) = (to, from) else {
            return Err(TrapKind::MemoryOutOfBounds);
        };
        self.meter(memory_cost(n))?;
        let order = if to.start > from.start && dst == src { Order::Down } else { Order::Up };
        self.in_chunks(to.len(), CHUNK_BYTES, order, |store, piece| {
            store.copy_bytes((dst, part(&to, &piece)), (src, part(&from, &piece)));
        })
    }

    /// `memory.init`: `n` bytes from `s` of a data segment of `instance` to `d`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::MemoryOutOfBounds`], [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`].
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
        self.meter(memory_cost(n))?;
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
        self.in_chunks(to.len(), CHUNK_BYTES, Order::Up, |store, piece| {
            let segment = &store.instances[instance.index()].data(data)[part(&from, &piece)];
            let to = part(&to, &piece);
            let memory = &mut store.memories[memory.index()];
            match memory.shared() {
                Some(shared) => {
                    let written = shared.write(to.start as u64, segment);
                    debug_assert!(written, "it only grows");
                }
                None => memory.data_mut()[to].copy_from_slice(segment),
            }
        })
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
        let to = range(d, n, self.len_of(memory));
        let from = range(s, n, self.instance(instance).data(data).len());
        to.zip(from).ok_or(TrapKind::MemoryOutOfBounds)
    }

    /// The length of a memory in bytes.
    fn len_of(&self, memory: MemoryAddr) -> usize {
        self.memory(memory).len_bytes() as usize
    }

    /// `data.drop`.
    pub fn data_drop(&mut self, instance: InstanceAddr, data: DataIdx) {
        self.instances[instance.index()].drop_data(data);
    }
}
