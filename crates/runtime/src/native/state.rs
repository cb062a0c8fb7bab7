//! The native side of a store: records, words, thunks, the stack, and which code is where.

use super::code::{NativeCode, NativeModule, Thunks};
use super::kept::Kept;
use super::records::{FuncRecord, Words};
use crate::fixed::Fixed;
use crate::lease::Lease;
use crate::store::Store;
use crate::sys::{self, Reservation};
use crate::value::{FuncAddr, InstanceAddr, MemoryAddr, TableAddr};
use crate::vm::{Cell, MemoryVm, NativeVm, Vm};
use prova_check::{Bases, Config, MemoryShape, offsets};
use std::collections::{BTreeMap, VecDeque};
use std::ptr;
use std::sync::{Arc, OnceLock, Weak};

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
pub(super) struct NativeInstance {
    pub(super) words: Words,
    /// The data of its module's native code, with the ways if it has them.
    pub(super) support: Option<Weak<NativeModule>>,
    /// The digest of its layout, if it takes native code.
    pub(super) layout: Option<[u8; 32]>,
    /// Whether there are ways to the functions that its code may call (R2); without, it has no code
    /// yet.
    pub(super) has_ways: bool,
    /// How many functions it was given by looks (`exec::heat`).
    pub(super) taken: usize,
}

/// The native side of a store.
pub(crate) struct Native {
    pub(super) config: Config,
    /// The record of the heap as a memory (R9).
    pub(super) heap: Fixed<MemoryVm>,
    /// Values on their way (`offsets::STORE_ARGS`).
    pub(super) args: Fixed<Cell>,
    /// How many of them may have been written, by code that the store keeps or by the runtime (R7).
    pub(super) args_used: u32,
    /// The words of what belongs to no instance.
    pub(super) nobody: Words,
    /// The record of functions whose instance is still to come.
    unfilled: Fixed<FuncRecord>,
    /// The record of each function, by address.
    pub(super) records: Vec<*const FuncRecord>,
    pub(super) hosts: Vec<Fixed<FuncRecord>>,
    pub(super) instances: Vec<NativeInstance>,
    /// The words of instances that copy the length of a memory, by its address (R3).
    pub(super) lens: Copies,
    /// Where bases may move, the words that copy the base of a memory and of a table.
    pub(super) bases: Copies,
    pub(super) table_bases: Copies,
    /// Address space that memories and tables have left, in which nothing is accessible (R8).
    pub(super) left: VecDeque<Lease>,
    /// By canonical id of the type.
    pub(super) thunks: BTreeMap<u32, Thunks>,
    /// Pieces of code by their first byte: their end, and the function.
    pub(super) pieces: BTreeMap<usize, Piece>,
    /// The first instance's parts of the store before (R6).
    pub(super) kept: Option<Kept>,
    /// Those that have not returned, the newest last.
    pub(crate) segments: Vec<Segment>,
}

/// Words that copy a field of a memory or a table: most have one.
#[derive(Default)]
pub(super) struct Copies {
    /// The first one, by address of the memory; null where there is none.
    first: Vec<*mut usize>,
    more: BTreeMap<u32, Vec<*mut usize>>,
}

impl Copies {
    pub(super) fn push(&mut self, object: u32, word: *mut usize) {
        let at = object as usize;
        if self.first.len() <= at {
            self.first.resize(at + 1, ptr::null_mut());
        }
        if self.first[at].is_null() {
            self.first[at] = word;
        } else {
            self.more.entry(object).or_default().push(word);
        }
    }

    pub(super) fn of(&self, object: u32) -> impl Iterator<Item = *mut usize> {
        let first = self.first.get(object as usize).copied().filter(|word| !word.is_null());
        first.into_iter().chain(self.more.get(&object).into_iter().flatten().copied())
    }

    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.more.clear();
    }
}

/// Address spaces that are kept of what has moved.
const LEFT_MAX: usize = 256;

/// Writes a field's copies.
fn publish(copies: &Copies, object: u32, value: usize) {
    for copy in copies.of(object) {
        // SAFETY: R1: the word is as old as its instance; no code runs.
        unsafe { *copy = value };
    }
}

/// A piece of code that this store keeps.
pub(crate) struct Piece {
    /// The function; `None` for a thunk.
    pub(crate) func: Option<FuncAddr>,
    /// The code.
    pub(crate) code: Arc<NativeCode>,
}

// SAFETY: what its pointers lead to belongs to the same store (R1), and goes along with it (V9);
// between two stores it has those of `kept` alone, into words that it owns (R6).
unsafe impl Send for Native {}

/// The bytes of the native stack for a logical stack limit: half as much again for thunks.
pub(crate) fn stack_bytes(limit: u64) -> u64 {
    (offsets::FRAME_RATIO + offsets::FRAME_RATIO / 2) * limit + STACK_SLACK_BYTES
}

/// The zone that is never mapped, for all stores of the process: reserved once, and nothing commits
/// or gives back what no owner is left of. `None`: there is no address space for it.
fn nowhere() -> Option<usize> {
    static ZONE: OnceLock<Option<usize>> = OnceLock::new();
    *ZONE.get_or_init(|| {
        let zone = Reservation::reserve(offsets::NOWHERE_BYTES as usize).ok()?;
        let at = zone.base().as_ptr().expose_provenance();
        std::mem::forget(zone);
        Some(at)
    })
}

impl Native {
    /// The native side of a store whose native stack begins at `top`; `None` where there is no
    /// native code. `left`: a former store's, which is used if it is for the same configuration.
    pub(crate) fn new(
        config: Config,
        top: usize,
        vm: *mut Vm,
        left: Option<Box<Native>>,
    ) -> Option<Box<Native>> {
        if config.signals && !sys::install() {
            return None;
        }
        let nowhere = match config.memory {
            MemoryShape::Masked => nowhere()?,
            MemoryShape::Guard { .. } | MemoryShape::Explicit => 0,
        };
        let left = left.filter(|left| left.config == config);
        let native = left.unwrap_or_else(|| Box::new(Native::of_no_store(config, vm)));
        // R6: this word is another one in each store.
        native.nobody.set(offsets::STORE, vm.expose_provenance());
        // SAFETY: F1, V9: the store is being made.
        unsafe {
            (*vm).args = native.args.as_ptr();
            (*vm).nowhere = nowhere;
            (*vm).native.native_sp = top;
        }
        Some(native)
    }

    fn of_no_store(config: Config, vm: *mut Vm) -> Native {
        let nobody = Words::new(u32::MAX, (0, 0), vm, sys::builtins(), ptr::null());
        let unfilled = FuncRecord::new(nobody.vmctx(), u32::MAX, u32::MAX);
        Native {
            config,
            unfilled: Fixed::new([unfilled]),
            heap: Fixed::new([MemoryVm { base: ptr::null_mut(), len_bytes: 0 }]),
            args: Fixed::new(vec![0; offsets::ARGS_CELLS as usize]),
            args_used: 0,
            nobody,
            records: Vec::new(),
            hosts: Vec::new(),
            instances: Vec::new(),
            lens: Copies::default(),
            bases: Copies::default(),
            table_bases: Copies::default(),
            left: VecDeque::new(),
            thunks: BTreeMap::new(),
            pieces: BTreeMap::new(),
            kept: None,
            segments: Vec::new(),
        }
    }

    /// The records by address, for `Vm::funcs`.
    pub(crate) fn records(&self) -> &[*const FuncRecord] {
        &self.records
    }

    /// The cells through which values go, to be read.
    pub(crate) fn args(&self) -> *const Cell {
        self.args.as_ptr()
    }

    /// The same, to write as many of them (R7).
    pub(crate) fn args_for(&mut self, cells: usize) -> *mut Cell {
        let cells = u32::try_from(cells).unwrap_or(u32::MAX);
        self.args_used = self.args_used.max(cells);
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

    /// Whether code makes objects in slots that are lent to it: it reaches the heap.
    pub(crate) fn makes_objects(&self) -> bool {
        let guarded = matches!(self.config.memory, MemoryShape::Guard { .. });
        guarded && self.config.signals
    }

    /// The way into functions of a type.
    pub(crate) fn way_in(&self, type_id: u32) -> Option<usize> {
        self.thunks.get(&type_id).map(|thunks| thunks.into.entry())
    }

    /// Where calls of functions of a type lead that have no native code; 0: there is no way.
    pub(super) fn way_out(&self, type_id: u32) -> usize {
        self.thunks.get(&type_id).map_or(0, |thunks| thunks.out.entry())
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
    pub(super) fn lead_out(&self) {
        for &record in &self.records {
            // SAFETY: R1.
            let Some(record) = (unsafe { record.as_ref() }) else { continue };
            if record.code() == 0 {
                record.set_code(self.way_out(record.type_id()));
            }
        }
    }

    pub(super) fn keep(&mut self, func: Option<FuncAddr>, code: &Arc<NativeCode>) {
        self.args_for(code.arg_cells() as usize);
        let piece = Piece { func, code: Arc::clone(code) };
        self.pieces.insert(code.entry(), piece);
    }
}

impl Store {
    /// Gives the store its native side, before there is any object; `left`: a former store's.
    pub(crate) fn start_native(&mut self, config: Config, left: Option<Box<Native>>) {
        let limits = self.limits();
        let room = |max: u64, most: u64| max.min(most) as usize;
        let (memories, tables) =
            (room(limits.memories_max, OBJECTS_MAX), room(limits.tables_max, OBJECTS_MAX));
        let globals = room(limits.globals_max, GLOBALS_MAX);
        // Address space: what is not used takes no memory.
        let reserved = self.memory_vms.try_reserve_exact(memories).is_ok()
            && self.table_vms.try_reserve_exact(tables).is_ok()
            && self.global_vms.try_reserve_exact(globals).is_ok();
        if let Some(top) = self.stacks.native_top().filter(|_| reserved) {
            self.native = Native::new(config, top, self.vm(), left);
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
    /// their instance. Until then there is one in their place whose type no function has (L9).
    pub(crate) fn push_no_records(&mut self, count: usize) {
        if let Some(native) = &mut self.native {
            let unfilled = native.unfilled.as_ptr().cast_const();
            native.records.resize(native.records.len() + count, unfilled);
        }
    }

    /// Adds the record of a host function that is about to be added.
    pub(crate) fn push_host_record(&mut self, func: FuncAddr, type_id: u32) {
        let Some(native) = &mut self.native else { return };
        let record = FuncRecord::new(native.nobody.vmctx(), type_id, func.as_u32());
        record.set_code(native.way_out(type_id));
        let record = Fixed::new([record]);
        native.records.push(record.as_ptr());
        native.hosts.push(record);
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

    /// Makes the copies of a memory's length and base follow its record (R3).
    pub(crate) fn publish_memory(&self, memory: MemoryAddr) {
        let Some(native) = &self.native else { return };
        let MemoryVm { base, len_bytes } = self.memory_vms[memory.index()];
        publish(&native.lens, memory.as_u32(), len_bytes);
        publish(&native.bases, memory.as_u32(), base.expose_provenance());
    }

    /// Makes the copies of a table's base follow its record (R3).
    pub(crate) fn publish_table(&self, table: TableAddr) {
        let Some(native) = &self.native else { return };
        let base = self.table_vms[table.index()].base;
        publish(&native.table_bases, table.as_u32(), base.expose_provenance());
    }

    /// Whether memories and tables move whenever they grow.
    pub(crate) fn moves(&self) -> bool {
        self.native.as_ref().is_some_and(|native| native.config.bases == Bases::MayMove)
    }

    /// Keeps the address space that a memory or a table has left, so that an address that somebody
    /// still had would fault; the oldest goes back to the system (R8).
    pub(crate) fn leave_behind(&mut self, left: Option<Lease>) {
        let Some(native) = &mut self.native else { return };
        native.left.extend(left);
        if native.left.len() > LEFT_MAX {
            native.left.pop_front();
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

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    /// One zone for the process, in which the system finds no page that can be read or written.
    #[test]
    fn nowhere_is_never_mapped() {
        let at = nowhere().expect("address space");
        assert_eq!(nowhere(), Some(at), "reserved once");
        let end = at + offsets::NOWHERE_BYTES as usize;
        let maps = std::fs::read_to_string("/proc/self/maps").expect("the system's list");
        let mut covered = at;
        for line in maps.lines() {
            let (range, rest) = line.split_once(' ').expect("a range and rights");
            let (from, to) = range.split_once('-').expect("two ends");
            let [from, to] = [from, to].map(|end| usize::from_str_radix(end, 16).expect("an end"));
            if from < end && at < to {
                assert!(rest.starts_with("---"), "{line}");
                assert!(from <= covered, "a gap before {line}, which another mapping may fill");
                covered = to;
            }
        }
        assert!(covered >= end, "nobody else gets a part of the zone");
    }
}
