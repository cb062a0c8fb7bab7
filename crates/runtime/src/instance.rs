//! An instance: the addresses behind a module's indices, and which of its segments are still there.
//!
//! `exec` reads the [`InstanceVm`] (V3); embedders ask for exports.

use crate::attach::Attach;
use crate::fixed::Fixed;
use crate::value::{Extern, FuncAddr, GlobalAddr, InstanceAddr, MemoryAddr, TableAddr, TagAddr};
use crate::vm::{Cell, InstanceVm, OfStore};
use prova_module::{
    DataIdx, ElemIdx, Export, ExternKind, FuncIdx, GlobalIdx, MemoryIdx, Module, TableIdx, TagIdx,
    TypeId, TypeIdx,
};
use std::fmt;
use std::sync::Arc;

/// An instance of a module.
pub struct Instance {
    module: Module,
    attach: Arc<dyn Attach>,
    spaces: Spaces,
    /// The values of each element segment; `None` once it is dropped.
    elems: Vec<Option<Box<[Cell]>>>,
    /// Whether each data segment is dropped.
    data_dropped: Vec<bool>,
    /// One record, at a fixed address (V3).
    vm: OfStore<Fixed<InstanceVm>>,
}

/// The index spaces: for each index of the module, the address in the store.
pub(crate) struct Spaces {
    pub(crate) funcs: Fixed<u32>,
    pub(crate) tables: Fixed<u32>,
    pub(crate) memories: Fixed<u32>,
    pub(crate) globals: Fixed<u32>,
    pub(crate) tags: Fixed<u32>,
    /// The canonical id of each type.
    pub(crate) types: Fixed<u32>,
}

impl Instance {
    /// An instance whose segments are all there.
    pub(crate) fn new(
        address: InstanceAddr,
        module: Module,
        attach: Arc<dyn Attach>,
        spaces: Spaces,
        elems: Vec<Option<Box<[Cell]>>>,
        first_defined: u32,
    ) -> Instance {
        let vm = InstanceVm {
            funcs: spaces.funcs.as_ptr(),
            tables: spaces.tables.as_ptr(),
            memories: spaces.memories.as_ptr(),
            globals: spaces.globals.as_ptr(),
            types: spaces.types.as_ptr(),
            first_defined,
            imported_funcs: module.imported_func_count() as u32,
            memory_count: module.memories().len() as u32,
            address: address.as_u32(),
        };
        let data_dropped = vec![false; module.data().len()];
        let vm = OfStore::new(Fixed::new([vm]));
        Instance { module, attach, spaces, elems, data_dropped, vm }
    }

    /// Its module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The address of a function.
    ///
    /// # Panics
    ///
    /// Like all accessors by index: if the module has no such index.
    pub fn func_addr(&self, func: FuncIdx) -> FuncAddr {
        FuncAddr(self.spaces.funcs[func.index()])
    }

    /// The address of a table.
    ///
    /// # Panics
    ///
    /// If there is no such table.
    pub fn table_addr(&self, table: TableIdx) -> TableAddr {
        TableAddr(self.spaces.tables[table.index()])
    }

    /// The address of a memory.
    ///
    /// # Panics
    ///
    /// If there is no such memory.
    pub fn memory_addr(&self, memory: MemoryIdx) -> MemoryAddr {
        MemoryAddr(self.spaces.memories[memory.index()])
    }

    /// The address of a global.
    ///
    /// # Panics
    ///
    /// If there is no such global.
    pub fn global_addr(&self, global: GlobalIdx) -> GlobalAddr {
        GlobalAddr(self.spaces.globals[global.index()])
    }

    /// The address of a tag.
    ///
    /// # Panics
    ///
    /// If there is no such tag.
    pub fn tag_addr(&self, tag: TagIdx) -> TagAddr {
        TagAddr(self.spaces.tags[tag.index()])
    }

    /// The identity of a type in the store.
    ///
    /// # Panics
    ///
    /// If there is no such type.
    pub fn type_id(&self, ty: TypeIdx) -> TypeId {
        TypeId(self.spaces.types[ty.index()])
    }

    /// The same; `None` for one that the module has not.
    pub(crate) fn type_id_of(&self, ty: TypeIdx) -> Option<TypeId> {
        self.spaces.types.get(ty.index()).map(|&id| TypeId(id))
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<Extern> {
        Some(self.extern_of(self.module.export(name)?))
    }

    /// All exports in the module's order.
    pub fn exports(&self) -> impl Iterator<Item = (&str, Extern)> {
        let exports = self.module.exports().iter();
        exports.map(|export| (&*export.name, self.extern_of(export)))
    }

    fn extern_of(&self, export: &Export) -> Extern {
        match export.kind {
            ExternKind::Func => Extern::Func(self.func_addr(FuncIdx(export.index))),
            ExternKind::Table => Extern::Table(self.table_addr(TableIdx(export.index))),
            ExternKind::Memory => Extern::Memory(self.memory_addr(MemoryIdx(export.index))),
            ExternKind::Global => Extern::Global(self.global_addr(GlobalIdx(export.index))),
            ExternKind::Tag => Extern::Tag(self.tag_addr(TagIdx(export.index))),
        }
    }

    /// The canonical id of each type.
    pub(crate) fn types(&self) -> *const u32 {
        self.spaces.types.as_ptr()
    }

    pub(crate) fn attacher(&self) -> &Arc<dyn Attach> {
        &self.attach
    }

    /// The addresses of functions and globals by index.
    pub(crate) fn funcs_and_globals(&self) -> (&[u32], &[u32]) {
        (&self.spaces.funcs, &self.spaces.globals)
    }

    /// The record that handlers see (V3).
    pub(crate) fn vm(&self) -> *const InstanceVm {
        self.vm.as_ptr()
    }

    /// The address of the first function that the module defines.
    pub(crate) fn first_defined(&self) -> u32 {
        self.vm[0].first_defined
    }

    /// The index of a function that the module defines, by its address.
    pub(crate) fn defined_func(&self, func: FuncAddr) -> FuncIdx {
        FuncIdx(func.as_u32() - self.first_defined() + self.imported_funcs())
    }

    /// The number of imported functions.
    pub(crate) fn imported_funcs(&self) -> u32 {
        self.vm[0].imported_funcs
    }

    /// The address of memory 0, if there is one.
    pub(crate) fn memory0(&self) -> Option<MemoryAddr> {
        self.spaces.memories.first().map(|&address| MemoryAddr(address))
    }

    /// Sets an element of a segment that is there.
    pub(crate) fn set_elem(&mut self, elem: usize, at: usize, value: Cell) {
        if let Some(Some(elems)) = self.elems.get_mut(elem)
            && let Some(element) = elems.get_mut(at)
        {
            *element = value;
        }
    }

    /// The bytes of a data segment; none once it is dropped.
    pub(crate) fn data(&self, data: DataIdx) -> &[u8] {
        if self.data_dropped[data.index()] { &[] } else { self.module.data_bytes(data) }
    }

    pub(crate) fn drop_data(&mut self, data: DataIdx) {
        self.data_dropped[data.index()] = true;
    }

    /// The values of an element segment; none once it is dropped.
    pub(crate) fn elem(&self, elem: ElemIdx) -> &[Cell] {
        self.elems[elem.index()].as_deref().unwrap_or(&[])
    }

    pub(crate) fn drop_elem(&mut self, elem: ElemIdx) {
        self.elems[elem.index()] = None;
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("module", &self.module)
            .field("funcs", &&*self.spaces.funcs)
            .field("tables", &&*self.spaces.tables)
            .field("memories", &&*self.spaces.memories)
            .field("globals", &&*self.spaces.globals)
            .finish_non_exhaustive()
    }
}
