//! Instances as native code sees them: words and records, made or taken from the store before, and
//! the ways to functions that their code may call.
//!
//! ```text
//! instance, NativeModule ─┬─ Kept (of the same prototype and ways) ─┬─► Words ─ fill ─► NativeInstance
//!                         └─ new words, a record for each function ─┘
//! ```
//!
//! The invariants are R1 to R6 of [`super`].

use super::code::{NativeCode, NativeModule, Thunks};
use super::kept::Kept;
use super::records::{FuncRecord, Words};
use super::state::{Native, NativeInstance};
use crate::memory::Memory;
use crate::store::Store;
use crate::sys;
use crate::value::InstanceAddr;
use prova_check::{Layout, MemoryShape};
use prova_module::{Composite, FuncIdx, Module, TypeIdx};
use std::sync::Arc;

impl Store {
    /// Makes words and records of an instance that was just added, with what its module has of
    /// native code. `found`: its entries are those that the store before has left (Q2 of `spare`).
    pub(crate) fn push_native_instance(&mut self, address: InstanceAddr, found: bool) {
        if self.native.is_none() {
            return;
        }
        let module = self.instance(address).module().clone();
        let support = self.native_support(address, &module);
        let support = support.filter(|support| self.has_heap_for(support.layout()));
        if support.as_ref().is_some_and(|support| support.layout().heap().is_some()) {
            self.set_displays(address, &module);
        }
        let Some(mut native) = self.native.take() else { return };
        let kept = native.kept.take();
        let settings = self.settings();
        let fits = |kept: &Kept| kept.is_with(support.as_ref(), settings);
        let kept = kept.filter(|kept| found && native.instances.is_empty() && fits(kept));
        let words = match kept {
            Some(kept) => {
                let (vm, types) = (self.vm(), self.instance(address).types());
                let first = self.instance(address).first_defined();
                let (words, codes) = native.take_kept(kept, vm, types, first);
                self.find_codes(codes);
                words
            }
            None => {
                native.forget_found();
                self.new_words(address, &module, support.as_deref(), &mut native)
            }
        };
        let has_ways = support.as_ref().is_some_and(|support| support.thunks().is_some());
        let mut layout_digest = None;
        if let Some(support) = &support {
            let layout = support.layout();
            self.fill_words(address, &module, layout, &words, &mut native);
            layout_digest = Some(layout.digest());
        }
        native.instances.push(NativeInstance {
            words,
            support: support.as_ref().map(Arc::downgrade),
            layout: layout_digest,
            has_ways,
            taken: 0,
        });
        self.native = Some(native);
    }

    /// The words of an instance, with the records of its functions, which lead to the ways that
    /// come with it.
    fn new_words(
        &self,
        address: InstanceAddr,
        module: &Module,
        support: Option<&NativeModule>,
        native: &mut Native,
    ) -> Words {
        let instance = self.instance(address);
        self.take_ways(address, native, support.and_then(NativeModule::thunks));
        let way_out = |ty: u32| native.way_out(instance.type_id(TypeIdx(ty)).0);
        let ways: Vec<usize> = (0..module.types().len() as u32).map(way_out).collect();
        let before = support.map_or(0, |support| support.layout().defined_func(0));
        let count = module.defined_funcs().count() as u32;
        let (vm, types) = (self.vm(), instance.types());
        let words = Words::new(address.as_u32(), (before, count), vm, sys::builtins(), types);
        for (at, func) in (0..count).zip(module.defined_funcs()) {
            let ty = module.func_type_idx(func);
            let func = instance.func_addr(func);
            let type_id = instance.type_id(ty).0;
            let record = FuncRecord::new(words.vmctx(), type_id, func.as_u32());
            record.set_code(ways[ty.index()]);
            words.set_record(at, record);
            native.records[func.index()] = words.record(at);
        }
        words
    }

    /// Takes the ways to functions of an instance's types; records of functions that are there lead
    /// to those that are new (R2).
    fn take_ways(
        &self,
        address: InstanceAddr,
        native: &mut Native,
        thunks: Option<&[Option<Thunks>]>,
    ) {
        let known = native.thunks.len();
        let instance = self.instance(address);
        let mut take = |type_id: u32, thunks: &Thunks| {
            if !native.thunks.contains_key(&type_id) {
                native.keep(None, &thunks.into);
                native.keep(None, &thunks.out);
                native.thunks.insert(type_id, thunks.clone());
            }
        };
        let thunks = thunks.unwrap_or_default();
        for (ty, thunks) in thunks.iter().enumerate() {
            let Some(thunks) = thunks else { continue };
            take(instance.type_id(TypeIdx(ty as u32)).0, thunks);
        }
        // A function that is imported may be of a subtype, which the module does not have; its
        // parameters and results are passed alike, so the ways of the import's type lead there too.
        for func in (0..instance.module().imported_func_count() as u32).map(FuncIdx) {
            let ty = instance.module().func_type_idx(func);
            let Some(Some(thunks)) = thunks.get(ty.index()) else { continue };
            take(self.func_type_id(instance.func_addr(func)).0, thunks);
        }
        if native.thunks.len() > known {
            native.lead_out();
        }
    }

    /// Takes the ways that an instance was made without; false if they are not of its layout.
    pub(crate) fn add_ways(&mut self, address: InstanceAddr, support: &Arc<NativeModule>) -> bool {
        let digest = support.layout().digest();
        let of_instance = |native: &Native| {
            let instance = native.instances.get(address.index());
            instance.and_then(|instance| instance.layout) == Some(digest)
        };
        let right = self.native.as_deref().is_some_and(of_instance);
        if !right || support.thunks().is_none() || !self.ways_fit(support) {
            return false;
        }
        let Some(mut native) = self.native.take() else { return false };
        if !native.instances[address.index()].has_ways {
            self.take_ways(address, &mut native, support.thunks());
            let instance = &mut native.instances[address.index()];
            instance.has_ways = true;
            instance.support = Some(Arc::downgrade(support));
        }
        self.native = Some(native);
        true
    }

    /// Whether ways are of the layout that they come with, in the settings of the store (R2).
    fn ways_fit(&self, support: &NativeModule) -> bool {
        let digest = support.layout().digest();
        let fits = |code: &NativeCode| {
            *code.layout_digest() == digest && *code.settings() == self.settings()
        };
        let mut thunks = support.thunks().unwrap_or_default().iter().flatten();
        thunks.all(|thunks| fits(&thunks.into) && fits(&thunks.out))
    }

    /// Whether the heap is what a layout says of it; its record is (R9).
    fn has_heap_for(&mut self, layout: &Layout) -> bool {
        if layout.heap().is_none() {
            return true;
        }
        let MemoryShape::Guard { reservation_bytes, guard_bytes } = layout.config().memory else {
            // Nothing of it can be accessed.
            return true;
        };
        let zone = reservation_bytes.saturating_add(guard_bytes);
        let Some(base) = self.heap.base_for_code(zone) else { return false };
        let Some(native) = &mut self.native else { return false };
        // SAFETY: F1: the record is ours, and no code runs.
        unsafe { (*native.heap.as_ptr()).base = base };
        true
    }

    /// Leaves the supertypes of a module's types of objects to its code.
    fn set_displays(&mut self, address: InstanceAddr, module: &Module) {
        let mut supertypes = Vec::new();
        for ty in (0..module.types().len() as u32).map(TypeIdx) {
            let is_object =
                module.types().def(ty).is_some_and(|def| def.composite != Composite::Func);
            if !is_object {
                continue;
            }
            let id = self.instance(address).type_id(ty).0;
            let up = |id: &u32| self.types().supertypes().get(*id as usize)?.checked_sub(1);
            supertypes.clear();
            supertypes.extend(std::iter::successors(Some(id), up));
            supertypes.reverse();
            self.heap.set_display(id, &supertypes);
        }
    }

    /// The layout and the thunks of an instance, if it takes native code.
    fn native_support(&self, address: InstanceAddr, module: &Module) -> Option<Arc<NativeModule>> {
        let native = self.native.as_ref()?;
        let (metering, own) = (native.config.metering, self.settings().metering);
        if (metering.fuel, metering.epoch) != (own.has_fuel(), own.has_epoch()) {
            return None;
        }
        let support = self.instance(address).attacher().native(module)?;
        // R3: a layout of this module and these settings, which nobody but its constructor makes.
        if !support.is_of(module, &native.config) {
            return None;
        }
        // R2: a module without ways has none of the types that its code may call, or gets them
        // before its first code (`add_ways`).
        if !self.ways_fit(&support) {
            return None;
        }
        // R4.
        let memories = 0..module.memories().len() as u32;
        let shaped = memories.map(prova_module::MemoryIdx).all(|index| {
            let memory = self.instance(address).memory_addr(index);
            self.memory(memory).has_shape(native.config.memory)
        });
        shaped.then_some(support)
    }

    /// Writes the words of an instance that depend on its module (R3).
    fn fill_words(
        &self,
        address: InstanceAddr,
        module: &Module,
        layout: &Layout,
        words: &Words,
        native: &mut Native,
    ) {
        let instance = self.instance(address);
        for index in 0..module.imported_func_count() as u32 {
            let func = instance.func_addr(prova_module::FuncIdx(index));
            words.set(layout.imported_func(index), native.record(func).expose_provenance());
        }
        for index in 0..module.memories().len() as u32 {
            let memory = instance.memory_addr(prova_module::MemoryIdx(index));
            let record = &raw const self.memory_vms[memory.index()];
            words.set(layout.memory(index), record.expose_provenance());
            let base = self.memory_vms[memory.index()].base;
            words.set(layout.memory_base(index), base.expose_provenance());
            if layout.moves() {
                native.bases.push(memory.as_u32(), words.word(layout.memory_base(index)));
            }
            let len = layout.memory_len(index);
            match self.memory(memory).shared() {
                // Others change its length: what is behind it faults (SM5).
                Some(shared) => words.set(len, shared.bytes_max()),
                None => {
                    words.set(len, self.memory_vms[memory.index()].len_bytes);
                    native.lens.push(memory.as_u32(), words.word(len));
                }
            }
        }
        if let Some(heap) = layout.heap() {
            let base = native.heap[0].base;
            words.set(layout.memory(heap), native.heap.as_ptr().expose_provenance());
            words.set(layout.memory_base(heap), base.expose_provenance());
            words.set(layout.memory_len(heap), 0);
        }
        for index in 0..module.tables().len() as u32 {
            let table = instance.table_addr(prova_module::TableIdx(index));
            let record = &raw const self.table_vms[table.index()];
            words.set(layout.table(index), record.expose_provenance());
            let base = self.table_vms[table.index()].base;
            words.set(layout.table_base(index), base.expose_provenance());
            if layout.moves() {
                native.table_bases.push(table.as_u32(), words.word(layout.table_base(index)));
            }
        }
        for index in 0..module.globals().len() as u32 {
            let global = instance.global_addr(prova_module::GlobalIdx(index));
            let cells = &raw const self.global_vms[global.index()];
            words.set(layout.global(index), cells.expose_provenance());
        }
    }
}

impl Memory {
    /// Whether accesses of code for a shape stay inside or fault: true where the shape does not
    /// matter to the memory.
    fn has_shape(&self, shape: MemoryShape) -> bool {
        match shape {
            MemoryShape::Explicit | MemoryShape::Masked => true,
            MemoryShape::Guard { .. } if !Memory::takes_guard(self.ty()) => true,
            MemoryShape::Guard { reservation_bytes, guard_bytes } => match self.shared() {
                Some(shared) => shared.zone() >= reservation_bytes.saturating_add(guard_bytes),
                None => self.is_guarded(),
            },
        }
    }
}
