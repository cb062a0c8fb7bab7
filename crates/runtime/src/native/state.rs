//! The native side of a store: records, words, thunks, the stack, and which code is where.

use super::code::{NativeCode, NativeModule, Thunks};
use super::records::{FuncRecord, Words};
use crate::fixed::Fixed;
use crate::lease::StackLease;
use crate::memory::Memory;
use crate::store::{Spare, Store};
use crate::sys;
use crate::value::{FuncAddr, InstanceAddr, MemoryAddr};
use crate::vm::{Cell, NativeVm, Vm};
use prova_check::{Config, Layout, MemoryShape, offsets};
use prova_module::Module;
use std::collections::BTreeMap;
use std::ptr;
use std::sync::Arc;

/// Native stack beyond the bound of the logical limit: for signal frames, and for thunks and the
/// entries between native code and bytecode.
const STACK_SLACK_BYTES: u64 = 1 << 20;

/// Memories and tables, and globals, that a store with native code may have: their records never
/// move (R1).
const OBJECTS_MAX: u64 = 1 << 20;
const GLOBALS_MAX: u64 = 1 << 24;

/// A run of native code that was entered and has not returned; the ones above wait for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// The function that was entered, whose frame is at `Vm::fp`.
    pub(crate) func: FuncAddr,
    /// The native stack before it.
    pub(crate) native_sp: usize,
    /// The stack limit left, in bytes, after the function's charge.
    pub(crate) height_left: u64,
}

/// An instance as native code sees it.
struct NativeInstance {
    _words: Words,
    /// The digest of its layout, if it takes native code.
    layout: Option<[u8; 32]>,
    /// Whether there are ways to the functions that its code may call (R2); without, it has no code
    /// yet.
    has_ways: bool,
    /// How many functions it was given by looks (`exec::heat`).
    taken: usize,
}

/// The native side of a store.
pub(crate) struct Native {
    config: Config,
    _stack: StackLease,
    /// Values on their way (`offsets::STORE_ARGS`).
    args: Fixed<Cell>,
    /// The words of what belongs to no instance.
    nobody: Words,
    /// The record of each function, by address.
    records: Vec<*const FuncRecord>,
    hosts: Vec<Fixed<FuncRecord>>,
    instances: Vec<NativeInstance>,
    /// The words of instances that copy the length of a memory, by its address (R3).
    lens: BTreeMap<u32, Vec<*mut usize>>,
    /// By canonical id of the type.
    thunks: BTreeMap<u32, Thunks>,
    /// Pieces of code by their first byte: their end, and the function.
    pieces: BTreeMap<usize, Piece>,
    /// Those that have not returned, the newest last.
    pub(crate) segments: Vec<Segment>,
}

/// A piece of code that this store keeps.
pub(crate) struct Piece {
    /// The function; `None` for a thunk.
    pub(crate) func: Option<FuncAddr>,
    /// The code.
    pub(crate) code: Arc<NativeCode>,
}

// SAFETY: what its pointers lead to belongs to the same store (R1), and goes along with it (V9).
unsafe impl Send for Native {}

impl Native {
    /// The native side of a store with this stack limit; `None` where there is no native code.
    pub(crate) fn new(
        config: Config,
        stack_bytes: u64,
        vm: *mut Vm,
        spare: Option<&Arc<Spare>>,
    ) -> Option<Native> {
        if config.signals && !sys::install() {
            return None;
        }
        // Half as much again for thunks.
        let bytes = (offsets::FRAME_RATIO + offsets::FRAME_RATIO / 2) * stack_bytes;
        let bytes = usize::try_from(bytes + STACK_SLACK_BYTES).ok()?;
        let stack = StackLease::new(spare, bytes).ok()?;
        let args = Fixed::new(vec![0; offsets::ARGS_CELLS as usize]);
        let nobody = Words::new(u32::MAX, (0, 0), vm, sys::builtins(), ptr::null());
        // SAFETY: F1, V9: the store is being made.
        unsafe {
            (*vm).args = args.as_ptr();
            (*vm).native.native_sp = stack.top();
        }
        Some(Native {
            config,
            _stack: stack,
            args,
            nobody,
            records: Vec::new(),
            hosts: Vec::new(),
            instances: Vec::new(),
            lens: BTreeMap::new(),
            thunks: BTreeMap::new(),
            pieces: BTreeMap::new(),
            segments: Vec::new(),
        })
    }

    /// The records by address, for `Vm::funcs`.
    pub(crate) fn records(&self) -> *const *const FuncRecord {
        self.records.as_ptr()
    }

    /// The cells through which values go.
    pub(crate) fn args(&self) -> *mut Cell {
        self.args.as_ptr()
    }

    /// The record of a function.
    pub(crate) fn record(&self, func: FuncAddr) -> *const FuncRecord {
        self.records[func.index()]
    }

    /// The shape of memories.
    pub(crate) fn memory_shape(&self) -> MemoryShape {
        self.config.memory
    }

    /// The way into functions of a type.
    pub(crate) fn way_in(&self, type_id: u32) -> Option<usize> {
        self.thunks.get(&type_id).map(|thunks| thunks.into.entry())
    }

    /// The piece of code that an address lies in.
    pub(crate) fn piece_at(&self, pc: usize) -> Option<&Piece> {
        let (&start, piece) = self.pieces.range(..=pc).next_back()?;
        (pc - start < piece.code.len_bytes()).then_some(piece)
    }

    fn set_code(&self, func: FuncAddr, entry: usize) {
        let record = self.records[func.index()];
        if !record.is_null() {
            // SAFETY: R1.
            unsafe { (*record).set_code(entry) };
        }
    }

    /// R2: fills in the code of records whose type has a way out now.
    fn lead_out(&self) {
        for &record in &self.records {
            // SAFETY: R1.
            let Some(record) = (unsafe { record.as_ref() }) else { continue };
            if record.code() == 0
                && let Some(thunks) = self.thunks.get(&record.type_id())
            {
                record.set_code(thunks.out.entry());
            }
        }
    }

    fn keep(&mut self, func: Option<FuncAddr>, code: &Arc<NativeCode>) {
        let piece = Piece { func, code: Arc::clone(code) };
        self.pieces.insert(code.entry(), piece);
    }
}

impl Store {
    /// Gives the store its native side, before there is any object.
    pub(crate) fn start_native(&mut self, config: Config) {
        let limits = self.limits();
        let room = |max: u64, most: u64| max.min(most) as usize;
        let (memories, tables) =
            (room(limits.memories_max, OBJECTS_MAX), room(limits.tables_max, OBJECTS_MAX));
        let globals = room(limits.globals_max, GLOBALS_MAX);
        // Address space: what is not used takes no memory.
        let reserved = self.memory_vms.try_reserve_exact(memories).is_ok()
            && self.table_vms.try_reserve_exact(tables).is_ok()
            && self.global_vms.try_reserve_exact(globals).is_ok();
        if reserved {
            let spare = self.spare.as_ref();
            let native = Native::new(config, self.config.stack_bytes, self.vm(), spare);
            self.native = native.map(Box::new);
            self.publish();
        }
    }

    /// Lets a store without instances take no native code.
    pub(crate) fn stop_native(&mut self) {
        debug_assert!(self.instances.is_empty(), "nothing runs as native code yet");
        self.native = None;
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).native = NativeVm::NONE };
        self.publish();
    }

    /// Whether the native side has room for this many more memories, tables and globals, whose
    /// records do not move (R1).
    pub(crate) fn native_room(&self, memories: usize, tables: usize, globals: usize) -> bool {
        self.native.is_none()
            || (self.memory_vms.capacity() - self.memory_vms.len() >= memories
                && self.table_vms.capacity() - self.table_vms.len() >= tables
                && self.global_vms.capacity() - self.global_vms.len() >= globals)
    }

    /// Makes room for the records of a module's functions that were just added; they come with
    /// their instance.
    pub(crate) fn push_no_records(&mut self, count: usize) {
        if let Some(native) = &mut self.native {
            native.records.resize(native.records.len() + count, ptr::null());
        }
    }

    /// Adds the record of a host function that is about to be added.
    pub(crate) fn push_host_record(&mut self, func: FuncAddr, type_id: u32) {
        let Some(native) = &mut self.native else { return };
        let record = FuncRecord::new(native.nobody.vmctx(), type_id, func.as_u32());
        let out = native.thunks.get(&type_id).map(|thunks| thunks.out.entry());
        record.set_code(out.unwrap_or(0));
        let record = Fixed::new([record]);
        native.records.push(record.as_ptr());
        native.hosts.push(record);
    }

    /// Makes words and records of an instance that was just added, with what its module has of
    /// native code.
    pub(crate) fn push_native_instance(&mut self, address: InstanceAddr) {
        if self.native.is_none() {
            return;
        }
        let module = self.instance(address).module().clone();
        let support = self.native_support(address, &module);
        let vm = self.vm();
        let Some(mut native) = self.native.take() else { return };
        let before = support.as_ref().map_or(0, |support| support.layout().defined_func(0));
        let types = self.instance(address).types();
        let count = module.defined_funcs().count() as u32;
        let words = Words::new(address.as_u32(), (before, count), vm, sys::builtins(), types);
        for (at, func) in (0..count).zip(module.defined_funcs()) {
            let func = self.instance(address).func_addr(func);
            let type_id = self.entry(func).type_id;
            words.set_record(at, FuncRecord::new(words.vmctx(), type_id, func.as_u32()));
            native.records[func.index()] = words.record(at);
        }
        let mut layout_digest = None;
        let has_ways = support.as_ref().is_some_and(|support| support.thunks().is_some());
        if let Some(support) = support {
            let layout = support.layout();
            self.fill_words(address, &module, layout, &words, &mut native);
            self.take_ways(address, &mut native, support.thunks());
            layout_digest = Some(layout.digest());
        }
        native.instances.push(NativeInstance {
            _words: words,
            layout: layout_digest,
            has_ways,
            taken: 0,
        });
        native.lead_out();
        self.native = Some(native);
    }

    /// Takes the ways to functions of an instance's types.
    fn take_ways(
        &self,
        address: InstanceAddr,
        native: &mut Native,
        thunks: Option<&[Option<Thunks>]>,
    ) {
        for (ty, thunks) in thunks.unwrap_or_default().iter().enumerate() {
            let Some(thunks) = thunks else { continue };
            let type_id = self.instance(address).type_id(prova_module::TypeIdx(ty as u32)).0;
            if !native.thunks.contains_key(&type_id) {
                native.keep(None, &thunks.into);
                native.keep(None, &thunks.out);
                native.thunks.insert(type_id, thunks.clone());
            }
        }
    }

    /// Takes the ways that an instance was made without; false if they are not of its layout.
    pub(crate) fn add_ways(&mut self, address: InstanceAddr, support: &NativeModule) -> bool {
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
            native.instances[address.index()].has_ways = true;
            native.lead_out();
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

    /// How many functions an instance was given by looks, and whether it has ways; `None` if it
    /// takes no native code.
    pub(crate) fn native_taken(&self, instance: InstanceAddr) -> Option<(usize, bool)> {
        let instance = self.native.as_ref()?.instances.get(instance.index())?;
        instance.layout.map(|_| (instance.taken, instance.has_ways))
    }

    /// An instance was given `count` functions more.
    pub(crate) fn take_native(&mut self, instance: InstanceAddr, count: usize) {
        let native = self.native.as_mut();
        if let Some(instance) = native.and_then(|native| native.instances.get_mut(instance.index()))
        {
            instance.taken += count;
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
            let len = layout.memory_len(index);
            words.set(len, self.memory_vms[memory.index()].len_bytes);
            native.lens.entry(memory.as_u32()).or_default().push(words.word(len));
        }
        for index in 0..module.tables().len() as u32 {
            let table = instance.table_addr(prova_module::TableIdx(index));
            let record = &raw const self.table_vms[table.index()];
            words.set(layout.table(index), record.expose_provenance());
            let base = self.table_vms[table.index()].base;
            words.set(layout.table_base(index), base.expose_provenance());
        }
        for index in 0..module.globals().len() as u32 {
            let global = instance.global_addr(prova_module::GlobalIdx(index));
            let cells = &raw const self.global_vms[global.index()];
            words.set(layout.global(index), cells.expose_provenance());
        }
    }

    /// Makes the copies of a memory's length follow its record (R3).
    pub(crate) fn publish_len(&self, memory: MemoryAddr) {
        let copies = self.native.as_ref().and_then(|native| native.lens.get(&memory.as_u32()));
        let len = self.memory_vms[memory.index()].len_bytes;
        for &copy in copies.into_iter().flatten() {
            // SAFETY: R1: the word is as old as its instance; no code runs.
            unsafe { *copy = len };
        }
    }

    /// How many runs of native code have not returned.
    pub(crate) fn segments(&self) -> usize {
        self.native.as_ref().map_or(0, |native| native.segments.len())
    }

    /// One of them.
    pub(crate) fn segment(&self, at: usize) -> Option<Segment> {
        self.native.as_ref()?.segments.get(at).copied()
    }

    /// The function of the newest.
    pub(crate) fn segment_func(&self) -> Option<FuncAddr> {
        self.native.as_ref()?.segments.last().map(|segment| segment.func)
    }

    /// Whether native code may be attached to a function of an instance: the digest of its layout.
    pub(crate) fn native_layout(&self, instance: InstanceAddr) -> Option<&[u8; 32]> {
        let instance = self.native.as_ref()?.instances.get(instance.index())?;
        instance.layout.as_ref().filter(|_| instance.has_ways)
    }

    /// Whether a piece of code is attached to another function of this store already (R5).
    pub(crate) fn is_attached(&self, code: &NativeCode) -> bool {
        self.native.as_ref().is_some_and(|native| native.pieces.contains_key(&code.entry()))
    }

    /// Keeps a piece of code of a function, to which no call leads.
    pub(crate) fn keep_piece(&mut self, func: FuncAddr, code: &Arc<NativeCode>) {
        if let Some(native) = &mut self.native {
            native.keep(Some(func), code);
        }
    }

    /// Lets calls of native code lead to code of a function that was compared with it.
    pub(crate) fn enter_code(&mut self, func: FuncAddr, code: &Arc<NativeCode>) {
        if let Some(native) = &mut self.native {
            native.keep(Some(func), code);
            native.set_code(func, code.entry());
        }
    }
}

impl Memory {
    /// Whether accesses of code for a shape stay inside or fault: true where the shape does not
    /// matter to the memory.
    fn has_shape(&self, shape: MemoryShape) -> bool {
        match shape {
            MemoryShape::Explicit => true,
            MemoryShape::Guard { .. } => !Memory::takes_guard(self.ty()) || self.is_guarded(),
        }
    }
}
