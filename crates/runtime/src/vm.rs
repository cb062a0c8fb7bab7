//! The state that running bytecode sees: flat records behind raw pointers, with the layout that the
//! handlers read.
//!
//! A [`Store`](crate::Store) owns one [`Vm`] at a fixed address for its whole life. The safe side
//! of the store keeps the records true (an entry per function, a record per memory and table, a
//! cell pair per global); the executors read them through the pointers in [`Vm`].
//!
//! # Invariants (cited by number in every `SAFETY` comment of this crate)
//! * V1. `Vm::store` points to the store that owns this `Vm` whenever an executor runs.
//! * V2. `Vm::entries`, `memories`, `tables`, `globals` are the bases of the store's vectors of
//!   these records, as long as the store has objects; they are set again (`Store::publish`) after
//!   anything that may move a vector, before bytecode runs on.
//! * V3. `Vm::instance` points to the [`InstanceVm`] of the running function's instance, whose
//!   arrays have an element for each index of its module; the check proved that every index in the
//!   bytecode is in range (F-rules of `prova_bytecode::check`).
//! * V4. `FuncEntry::code` leads to the first word of checked bytecode of exactly this function in
//!   the settings of this store (linked, where its executor runs linked words), or to a stub; it is
//!   only ever replaced, in one store, by an entry of the same function ([`EntryWord`]). Code that
//!   was attached stays until the store ends, so `Frame::ip`, an instruction of the caller's
//!   bytecode, stays valid when calls of the caller lead to other code by then.
//! * V5. The value stack is `[stack_base, stack_base + stack_cells)`, initialised and never moved;
//!   a function is entered only with `charge_bytes` of the logical limit left, and
//!   `8 × frame_cells ≤ charge_bytes`, so a frame never leaves it.
//! * V6. The frame records are `[frames_base, frame_top)`, with room for one record per minimal
//!   charge (64 bytes) of the logical limit.
//! * V7. `mem0_base`/`mem0_len` handed to a handler are those of memory 0 of the current instance
//!   (0 bytes where there is none); they are read again after every operation that may change them
//!   and after every switch of instance.
//! * V8. `MemoryVm { base, len }`: `len` bytes from `base` are readable and writable until the
//!   record changes; same for `TableVm` in cells.
//! * V9. Everything here is used by one thread at a time: the store is `!Sync`.
//! * V10. A cell that holds a function reference is 0 or an address + 1 of a function of the store.
//!   Host values are compared with their types when they come in (`Store::call`, `call_host`,
//!   `global_set`, `table_set` …), so that executors need not.

use crate::exec::{Accumulators, Stub};
use crate::fixed::Fixed;
use crate::native::FuncRecord;
use crate::store::Store;
use prova_bytecode::Metering;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A value of the value stack: 8 bytes of bits. A v128 takes two, the low half first.
pub type Cell = u64;

/// Where calls of a function lead: the one word through which all code reaches it (V4).
///
/// No call site is ever patched; what a function's calls lead to changes by this word alone. It is
/// only set to an entry of the function itself: a stub, or the start of code that `Store::attach`
/// has compared with the function.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct EntryWord(AtomicPtr<u64>);

impl EntryWord {
    /// A word that leads to a stub.
    pub(crate) fn stub(stub: &'static Stub, linked: bool) -> EntryWord {
        EntryWord(AtomicPtr::new(stub.word(linked).cast_mut()))
    }

    /// Where calls lead now.
    #[inline(always)]
    pub(crate) fn get(&self) -> *const u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Lets calls lead to `code` from now on. A thread that reads the word sees the code behind it
    /// as it is now.
    pub(crate) fn set(&self, code: *const u64) {
        self.0.store(code.cast_mut(), Ordering::Release);
    }
}

/// The entry of one function in the store, indexed by its address. All but the word is fixed for
/// the store's life.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct FuncEntry {
    /// Where calls lead (V4).
    pub(crate) code: EntryWord,
    /// The logical stack charge of a frame, in bytes.
    pub(crate) charge_bytes: u32,
    /// Cells of the parameters.
    pub(crate) param_cells: u32,
    /// Cells of parameters and locals; the ones beyond the parameters are zeroed at entry.
    pub(crate) local_cells: u32,
    /// The instance that the function belongs to; `u32::MAX` for a host function.
    pub(crate) instance: u32,
    /// The canonical id of its type in the store.
    pub(crate) type_id: u32,
    /// Cells of the results.
    pub(crate) result_cells: u32,
}

/// A frame record: how to go on in the caller. The callee's entry has its charge.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Frame {
    /// The instruction of the caller to go on at (V4); null for the host.
    pub(crate) ip: *const u64,
    /// The address of the caller, [`Frame::HOST`] for the host.
    pub(crate) func: u32,
    /// The window: the callee's frame starts this many cells above the caller's, or, where that is
    /// the host, above the stack's base; with [`Frame::SWITCHED`] in the top bit.
    pub(crate) window: u32,
}

impl Frame {
    /// Set in `window` where the callee may run in another instance than the caller.
    pub(crate) const SWITCHED: u32 = 1 << 31;
    /// The caller of the bottom frame of an activation.
    pub(crate) const HOST: u32 = u32::MAX;
    /// In place of the caller's address: the caller is native code, which waits at `ip` on the
    /// native stack; the frame below belongs to its [`Segment`](crate::native::Segment).
    pub(crate) const NATIVE: u32 = u32::MAX - 1;
}

/// A linear memory as handlers see it (V8).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct MemoryVm {
    pub(crate) base: *mut u8,
    pub(crate) len_bytes: usize,
}

/// A table as handlers see it (V8).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct TableVm {
    pub(crate) base: *mut Cell,
    pub(crate) len: usize,
}

/// A global: one cell, or two for a v128.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct GlobalVm {
    pub(crate) cells: [Cell; 2],
}

/// The index spaces of an instance, each mapping an index of the module to an address in the store
/// (V3).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct InstanceVm {
    pub(crate) funcs: *const u32,
    pub(crate) tables: *const u32,
    pub(crate) memories: *const u32,
    pub(crate) globals: *const u32,
    /// The canonical id of each type of the module.
    pub(crate) types: *const u32,
    /// The address of the first function that the module defines; the defined ones are consecutive.
    pub(crate) first_defined: u32,
    /// The number of imported functions.
    pub(crate) imported_funcs: u32,
    /// The number of memories.
    pub(crate) memory_count: u32,
    /// The instance's own address.
    pub(crate) address: u32,
}

/// Why an executor came back to the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum ExitCode {
    /// The running function returns to a caller in another instance or to the host; its record is
    /// still there.
    Leave = 0,
    /// A function of another instance or of the host has been entered.
    Enter = 1,
    /// The running function has no bytecode yet.
    Attach = 2,
    /// A trap, described by `Vm::trap`.
    Trap = 3,
    /// The instruction at `ip` throws.
    Throw = 4,
    /// The `heat` at `ip` has counted to 0.
    Hot = 5,
    /// The store is to collect before the instruction at `ip`.
    Collect = 6,
}

/// Where native code and the host are while the other runs (N2 to N4 of `sys::x64`).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct NativeVm {
    /// The host's stack pointer while native code runs.
    pub(crate) host_sp: usize,
    /// The native stack's end while the host runs: where the newest code waits, or the stack's top.
    pub(crate) native_sp: usize,
    /// Of the newest builtin: the instance of who called, or of the function called.
    pub(crate) vmctx: *const usize,
    /// Its operands.
    pub(crate) operands: [u64; 3],
    /// Of the newest fault: the instruction.
    pub(crate) trap_pc: usize,
    /// The general registers there, in the order of their numbers.
    pub(crate) trap_registers: [u64; 16],
}

impl NativeVm {
    /// Before there is any.
    pub(crate) const NONE: NativeVm = NativeVm {
        host_sp: 0,
        native_sp: 0,
        vmctx: std::ptr::null(),
        operands: [0; 3],
        trap_pc: 0,
        trap_registers: [0; 16],
    };
}

/// The registers and tables of a store's executor.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Vm {
    /// `!f`, where `f` is the units of fuel left (metering by fuel): a charge is a sum, and what is
    /// not left is its carry. The fields up to `funcs_len` are what native code sees of a store, at
    /// the offsets of `prova_check::offsets`.
    pub(crate) not_fuel: u64,
    /// The counter that `poll` compares with `epoch_deadline`.
    pub(crate) epoch: *const AtomicU64,
    /// The epoch from which a `poll` traps.
    pub(crate) epoch_deadline: u64,
    /// The record of each function by address, where the store has native code (R1 of `native`).
    pub(crate) funcs: *const *const FuncRecord,
    /// The cells through which values come to and from native code.
    pub(crate) args: *mut Cell,
    /// The first byte of a zone that is never mapped, where native code masks; else 0.
    pub(crate) nowhere: usize,
    /// How many records there are at `funcs` (L9 of the check's layout).
    pub(crate) funcs_len: u64,
    /// The fields that native code and its driver exchange.
    pub(crate) native: NativeVm,
    /// Bytes of the logical stack limit left.
    pub(crate) height_left: u64,
    /// How many `heat`s are left before the next look at the program (`store::heat`).
    pub(crate) heat: u64,
    /// One past the newest frame record (V6).
    pub(crate) frame_top: *mut Frame,
    /// The address of the running function.
    pub(crate) func: u32,
    /// The address of the running function's instance.
    pub(crate) instance_addr: u32,
    /// The entry of function `f` of the running module is `defined + f`, for every `f` that the
    /// module defines.
    pub(crate) defined: *const FuncEntry,
    /// The running instance (V3).
    pub(crate) instance: *const InstanceVm,
    /// All functions by address (V2).
    pub(crate) entries: *mut FuncEntry,
    /// The number of functions.
    pub(crate) entry_count: u64,
    /// For each type of the store the identity of its supertype + 1, or 0 (V2).
    pub(crate) supertypes: *const u32,
    /// All memories by address (V2).
    pub(crate) memories: *const MemoryVm,
    /// All tables by address (V2).
    pub(crate) tables: *const TableVm,
    /// All globals by address (V2).
    pub(crate) globals: *mut GlobalVm,
    /// Memory 0 of the running instance (V7).
    pub(crate) mem0: MemoryVm,
    /// The instruction at which the executor left.
    pub(crate) ip: *const u64,
    /// The frame at which the executor left; while the host runs, the first free cell of the value
    /// stack.
    pub(crate) fp: *mut Cell,
    /// The trap at which it left.
    pub(crate) trap: crate::trap::TrapKind,
    /// The result of the newest operation of the store; at a memory fault, the integer accumulator
    /// (P2 of `exec::step`).
    pub(crate) value: u64,
    /// The accumulators at a trap other than a memory fault.
    pub(crate) acc: Accumulators,
    /// The owner (V1).
    pub(crate) store: *mut Store,
    /// The value stack (V5).
    pub(crate) stack_base: *mut Cell,
    /// The size of the value stack in cells.
    pub(crate) stack_cells: usize,
    /// The frame records (V6).
    pub(crate) frames_base: *mut Frame,
    /// How running code is metered.
    pub(crate) metering: Metering,
}

/// Records with raw pointers, as the store holds them: they may go to another thread with it.
///
/// Every pointer in them leads to memory that the same store owns (its vectors, reservations and
/// fixed records, V2, V3, V5, V6, V8), to a static, to code and a counter that the store keeps
/// alive and that change by atomic operations only (V4), or to data that is lent to it while it
/// cannot be moved (`store::hooks`). So the owner of the store owns all of it,
/// and a host function that moves the store to another thread and back leaves running code
/// untouched in between (V9). Shared between threads they are not: the pointers are not `Sync`.
#[derive(Debug, Default)]
pub(crate) struct OfStore<T: Records>(T);

/// Types that [`OfStore`] may hold.
pub(crate) trait Records {}

impl Records for Fixed<Vm> {}
impl Records for Fixed<InstanceVm> {}
impl Records for Vec<MemoryVm> {}
impl Records for Vec<TableVm> {}

// SAFETY: V9, for the reason that the type gives.
unsafe impl<T: Records> Send for OfStore<T> {}

impl<T: Records> OfStore<T> {
    /// Records of the store that this becomes part of.
    pub(crate) fn new(records: T) -> OfStore<T> {
        OfStore(records)
    }
}

impl<T: Records> Deref for OfStore<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Records> DerefMut for OfStore<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
