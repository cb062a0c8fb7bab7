//! Objects by address: making those of the host, and reading all.
//!
//! Values and types of the host are looked at before they get in (V10, T2). Accessors by address
//! panic if the store has no such object.
//!
//! Noticed by: `tests/store`.

use super::Store;
use crate::func::{FuncKind, host_entry};
use crate::host::HostFunc;
use crate::instance::Instance;
use crate::instantiate::CreateError;
use crate::limits::{self, Limits};
use crate::memory::{Memory, address_pages_max};
use crate::shared::SharedMemory;
use crate::table::Table;
use crate::trap::{TraceFrame, TrapKind};
use crate::value::{FuncAddr, GlobalAddr, InstanceAddr, MemoryAddr, TableAddr};
use crate::vm::{Cell, FuncEntry, GlobalVm};
use prova_bytecode::CheckedBytecode;
use prova_module::{FuncType, GlobalType, MemoryType, TableType, TypeId, TypeRegistry, Types};
use std::any::Any;
use std::sync::Arc;

/// Objects of the host.
impl Store {
    /// Adds a host function.
    ///
    /// # Panics
    ///
    /// If there are [`Limits::FUNCS_MAX`] functions.
    pub fn func_new(&mut self, ty: FuncType, host: HostFunc) -> FuncAddr {
        let type_id = self.types.intern(&ty);
        self.func_of_type(type_id, host)
    }

    /// The same of a type that the store knows.
    ///
    /// # Panics
    ///
    /// If there are [`Limits::FUNCS_MAX`] functions, or no such type.
    pub fn func_of_type(&mut self, type_id: TypeId, host: HostFunc) -> FuncAddr {
        assert!((self.entries.len() as u64) < Limits::FUNCS_MAX, "too many host functions");
        let entry = host_entry(self.types.get(type_id), type_id, self.runs_linked());
        self.push_host(entry, host)
    }

    /// Adds a memory.
    ///
    /// # Errors
    ///
    /// If a limit or the system refuses it, or no module could declare its type.
    pub fn memory_new(&mut self, ty: MemoryType) -> Result<MemoryAddr, CreateError> {
        if !matches!(ty.page_size_log2, 0 | 16) || ty.shared && ty.max.is_none() {
            return Err(CreateError::Misuse("a memory type that no module could have"));
        }
        let address_max = address_pages_max(&ty);
        if ty.min > address_max || ty.max.is_some_and(|max| max < ty.min || max > address_max) {
            return Err(CreateError::Misuse("a memory type with invalid limits"));
        }
        let count = self.memories.len() as u64 + 1;
        limits::check("memories_max", self.limits().memories_max, count)?;
        self.check_new(&[ty], &[])?;
        self.may_make(&[ty], &[])?;
        if !self.native_room(1, 0, 0) {
            return Err(CreateError::OutOfMemory);
        }
        let memory = Memory::within(ty, self.limits(), self.room())?;
        Ok(self.push_memory(memory))
    }

    /// Adds a memory that other stores may have, or finds it.
    ///
    /// # Errors
    ///
    /// If a limit refuses it.
    pub fn memory_shared(&mut self, shared: &SharedMemory) -> Result<MemoryAddr, CreateError> {
        let is = |at: &&MemoryAddr| self.memory(**at).shared().is_some_and(|it| it.is(shared));
        if let Some(&found) = self.shared_memories.iter().find(is) {
            return Ok(found);
        }
        let count = self.memories.len() as u64 + 1;
        limits::check("memories_max", self.limits().memories_max, count)?;
        let ty = MemoryType { min: shared.pages(), ..*shared.ty() };
        self.check_new(&[ty], &[])?;
        self.may_make(&[ty], &[])?;
        if !self.native_room(1, 0, 0) {
            return Err(CreateError::OutOfMemory);
        }
        Ok(self.push_memory(Memory::of_shared(shared.clone())))
    }

    /// Adds a table, every element `init`.
    ///
    /// # Errors
    ///
    /// If a limit or the system refuses it, no module could declare its type, or `init` is no
    /// reference of its type.
    pub fn table_new(&mut self, ty: TableType, init: Cell) -> Result<TableAddr, CreateError> {
        if !self.is_ref(ty.ref_type, init) {
            return Err(CreateError::Misuse("an element that is no reference of this store"));
        }
        let index_max = if ty.table64 { u64::MAX } else { u64::from(u32::MAX) };
        if ty.min > index_max || ty.max.is_some_and(|max| max < ty.min || max > index_max) {
            return Err(CreateError::Misuse("a table type with invalid limits"));
        }
        let count = self.tables.len() as u64 + 1;
        limits::check("tables_max", self.limits().tables_max, count)?;
        self.check_new(&[], &[ty])?;
        self.may_make(&[], &[ty])?;
        if !self.native_room(0, 1, 0) {
            return Err(CreateError::OutOfMemory);
        }
        let table = Table::within(ty, init, self.limits(), self.spare.as_ref())?;
        Ok(self.push_table(table))
    }

    /// Adds a global; the second cell counts only for a v128.
    ///
    /// # Errors
    ///
    /// If a limit refuses it, or the cells do not fit the type.
    pub fn global_new(
        &mut self,
        ty: GlobalType,
        cells: [Cell; 2],
    ) -> Result<GlobalAddr, CreateError> {
        if !self.cells_fit(&[ty.val], &cells) {
            return Err(CreateError::Misuse("a value that does not fit the type"));
        }
        let count = self.globals.len() as u64 + 1;
        limits::check("globals_max", self.limits().globals_max, count)?;
        if !self.native_room(0, 0, 1) {
            return Err(CreateError::OutOfMemory);
        }
        Ok(self.push_global(ty, GlobalVm { cells }))
    }

    /// Adds a host object and gives a reference to it. It lives as long as the store.
    pub fn extern_new(&mut self, object: Box<dyn Any + Send + Sync>) -> Cell {
        self.externs.push(object);
        self.externs.len() as Cell
    }

    /// The host object that a cell refers to; `None` for null and for a cell that is no reference
    /// of this store.
    pub fn extern_get(&self, cell: Cell) -> Option<&(dyn Any + Send + Sync)> {
        let index = usize::try_from(cell.checked_sub(1)?).ok()?;
        self.externs.get(index).map(|object| &**object)
    }

    /// The same to change it.
    pub fn extern_get_mut(&mut self, cell: Cell) -> Option<&mut (dyn Any + Send + Sync)> {
        let index = usize::try_from(cell.checked_sub(1)?).ok()?;
        self.externs.get_mut(index).map(|object| &mut **object)
    }
}

/// Objects by address. Each panics if the store has no such object.
impl Store {
    /// The type of a function.
    pub fn func_type(&self, func: FuncAddr) -> &FuncType {
        self.types.get(self.func_type_id(func))
    }

    /// The identity of a function's type.
    pub fn func_type_id(&self, func: FuncAddr) -> TypeId {
        TypeId(self.entries[func.index()].type_id)
    }

    /// The identity of a function type in this store, new if it was not known.
    pub fn type_id(&mut self, ty: &FuncType) -> TypeId {
        self.types.intern(ty)
    }

    /// The identities in this store of a list of types, by index; `None` if there would be more
    /// than [`TypeRegistry::TYPES_MAX`].
    pub fn type_ids(&mut self, types: &Types) -> Option<Vec<TypeId>> {
        self.types.intern_all(types)
    }

    /// All types by identity.
    pub fn types(&self) -> &TypeRegistry {
        &self.types
    }

    /// Where a function comes from.
    pub fn func_kind(&self, func: FuncAddr) -> FuncKind {
        if self.funcs.is_host(func) {
            return FuncKind::Host;
        }
        let instance = InstanceAddr(self.entries[func.index()].instance);
        FuncKind::Wasm { instance, func: self.instance(instance).defined_func(func) }
    }

    /// The charge of a frame of the function against the logical stack limit, in bytes.
    pub fn func_charge(&self, func: FuncAddr) -> u64 {
        u64::from(self.entries[func.index()].charge_bytes)
    }

    /// The cells of the parameters and of the results of a function.
    pub fn func_cells(&self, func: FuncAddr) -> (usize, usize) {
        let entry = &self.entries[func.index()];
        (entry.param_cells as usize, entry.result_cells as usize)
    }

    /// An instance.
    pub fn instance(&self, instance: InstanceAddr) -> &Instance {
        &self.instances[instance.index()]
    }

    /// A memory.
    pub fn memory(&self, memory: MemoryAddr) -> &Memory {
        &self.memories[memory.index()]
    }

    /// The bytes of a memory, to write. It grows by [`Store::memory_grow`].
    pub fn memory_data_mut(&mut self, memory: MemoryAddr) -> &mut [u8] {
        self.memories[memory.index()].data_mut()
    }

    /// The type of a memory, with its present size for the minimum.
    pub fn memory_type(&self, memory: MemoryAddr) -> MemoryType {
        let memory = self.memory(memory);
        MemoryType { min: memory.pages(), ..*memory.ty() }
    }

    /// A table. It changes by [`Store::table_set`] and its like.
    pub fn table(&self, table: TableAddr) -> &Table {
        &self.tables[table.index()]
    }

    /// The type of a table, with its present size for the minimum.
    pub fn table_type(&self, table: TableAddr) -> TableType {
        let table = self.table(table);
        TableType { min: table.size(), ..*table.ty() }
    }

    /// The type of a global.
    pub fn global_type(&self, global: GlobalAddr) -> &GlobalType {
        &self.globals[global.index()]
    }

    /// The cells of a global; the second one counts only for a v128.
    pub fn global_get(&self, global: GlobalAddr) -> [Cell; 2] {
        self.global_vms[global.index()].cells
    }

    /// Sets a global.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Misuse`] if it is immutable, or the cells do not fit its type.
    pub fn global_set(&mut self, global: GlobalAddr, cells: [Cell; 2]) -> Result<(), TrapKind> {
        let GlobalType { val, mutable } = *self.global_type(global);
        if !mutable || !self.cells_fit(&[val], &cells) {
            return Err(TrapKind::Misuse);
        }
        self.global_vms[global.index()].cells = cells;
        Ok(())
    }

    /// The bytecode of a function, once it is attached.
    pub fn bytecode(&self, func: FuncAddr) -> Option<&Arc<CheckedBytecode>> {
        self.codes(func)?.bytecode()
    }

    /// The record of a function that running bytecode reads.
    pub(crate) fn entry(&self, func: FuncAddr) -> &FuncEntry {
        &self.entries[func.index()]
    }

    /// The frame of a backtrace for a function at a module offset; `None` for a host function.
    pub fn trace_frame(&self, func: FuncAddr, offset: Option<u32>) -> Option<TraceFrame> {
        match self.func_kind(func) {
            FuncKind::Wasm { instance, func } => {
                let module = self.instance(instance).module().clone();
                Some(TraceFrame { instance, module, func, offset })
            }
            FuncKind::Host => None,
        }
    }

    /// The word of a function's bytecode that an instruction pointer is at; `None` where it is at a
    /// stub.
    pub(crate) fn word_at(&self, func: FuncAddr, ip: *const u64) -> Option<u32> {
        let words = self.running_words(self.bytecode(func)?)?;
        let word = ip.addr().checked_sub(words.as_ptr().addr())? / size_of::<u64>();
        (word < words.len()).then_some(word as u32)
    }

    /// The frame of a backtrace for a function at a word of its bytecode.
    pub(crate) fn trace_frame_at(&self, func: FuncAddr, word: Option<u32>) -> Option<TraceFrame> {
        let offset = word.and_then(|word| Some(self.bytecode(func)?.offset_of(word)));
        self.trace_frame(func, offset)
    }
}
