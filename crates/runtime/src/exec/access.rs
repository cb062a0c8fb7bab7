//! The objects that instructions reach through the [`Vm`]: memories beyond memory 0, globals, and
//! the operations of the store.
//!
//! Operations of the store are calls of its safe methods; afterwards memory 0 is read again from
//! its record (V7).
//!
//! # Invariants
//! * I1. The index that a function here takes is one of the running function's module, in the index
//!   space that the function names: the check proved it of every index in the bytecode (C-rules of
//!   `prova_bytecode::check`), and the arrays of the running instance have an element for each
//!   (V3).
//! * I2. The reference to the store that an operation borrows ends before anything else reaches the
//!   store or its records (V9).

use crate::heap::Bits;
use crate::ops::Refused;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, MemoryAddr, TableAddr};
use crate::vm::{Cell, InstanceVm, MemoryVm, Vm};
use prova_module::{DataIdx, ElemIdx, Opcode, SharedAccess};

/// The start of `size` bytes at `base + offset` of memory `k`, or `None` where they are not all
/// inside it.
///
/// # Safety
/// V2, V3, V8; I1 of `k`.
#[inline(always)]
pub(super) unsafe fn far(
    vm: *mut Vm,
    k: u32,
    base: u64,
    offset: u64,
    size_bytes: usize,
) -> Option<*mut u8> {
    #[cfg(prova_plant)]
    let (k, base) = (
        if planted!(WrongMemory) { 0 } else { k },
        if planted!(AddressCut) { base & 0xffff_ffff } else { base },
    );
    // SAFETY: V3, I1: the array has an element for the index.
    let address = unsafe { *(*(*vm).instance).memories.add(k as usize) };
    // SAFETY: V2: the element is the address of a memory of the store.
    let memory = unsafe { *(*vm).memories.add(address as usize) };
    let start = base.checked_add(offset)?;
    let end = start.checked_add(size_bytes as u64)?;
    if end > memory.len_bytes as u64 {
        return None;
    }
    // SAFETY: V8: `start <= end <= len_bytes`.
    Some(unsafe { memory.base.add(start as usize) })
}

/// Whether an atomic access is not aligned to its width, a power of two; an address beyond 64 bits
/// is left to [`far`].
#[inline(always)]
pub(super) fn misaligned(base: u64, offset: u64, size_bytes: usize) -> bool {
    base.checked_add(offset).is_some_and(|address| address % size_bytes as u64 != 0)
        && !planted!(MisalignedAllowed)
}

/// The runtime as the expressions of the op table see it; passed by value, so that no handler keeps
/// it in memory (S3).
#[derive(Clone, Copy)]
pub(super) struct Runtime {
    vm: *mut Vm,
}

/// How an operator on objects went; a trap's kind is in [`Vm::trap`](crate::vm::Vm).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Objects {
    Done,
    Trap,
    Collect,
}

/// The first cell of a window.
///
/// # Safety
/// V5; the window lies in the frame at `fp` (F10 of the check).
#[inline(always)]
pub(super) unsafe fn window(fp: *mut Cell, window: u32) -> *mut Cell {
    // SAFETY: the caller's.
    unsafe { fp.add(window as usize) }
}

/// Immediates, and 0 for those that an op has not.
#[inline(always)]
pub(super) fn two<const N: usize>(immediates: [u32; N]) -> [u32; 2] {
    const { assert!(N <= 2, "an operator on objects has two immediates at most") };
    let mut both = [0; 2];
    both[..N].copy_from_slice(&immediates);
    both
}

/// Operators on objects.
impl Runtime {
    /// Executes one on a window.
    ///
    /// # Safety
    /// V5; the window lies in the running frame, with as many cells as the operator's shape says
    /// (F10 of the check).
    #[inline(never)]
    pub(super) unsafe fn aggregate(
        self,
        opcode: Opcode,
        window: *mut Cell,
        [first, second]: [u32; 2],
    ) -> Objects {
        let instance = self.instance();
        // SAFETY: I2.
        let store = unsafe { self.store() };
        let cells = store.window_cells(instance, opcode, (first, second));
        // SAFETY: the caller's: the check compared as many cells with the frame; nothing else
        // refers to the value stack now.
        let window = unsafe { std::slice::from_raw_parts_mut(window, cells) };
        match store.aggregate(instance, opcode, (first, second), window) {
            Ok(()) => Objects::Done,
            Err(Refused::Collect) => Objects::Collect,
            Err(Refused::Trap(kind)) => {
                // SAFETY: V1.
                unsafe { (*self.vm).trap = kind };
                Objects::Trap
            }
        }
    }

    /// `ref.test`; a number that is no code, which no checked bytecode has, tests nothing.
    #[inline(never)]
    pub(super) fn ref_test(self, reference: Cell, code: u32) -> u32 {
        let instance = self.instance();
        // SAFETY: I2.
        let store = unsafe { self.store() };
        store.ref_test(instance, reference, code).unwrap_or(false).into()
    }

    /// `ref.cast`, likewise.
    #[inline(always)]
    pub(super) fn ref_cast(self, reference: Cell, code: u32) -> Result<(), TrapKind> {
        if self.ref_test(reference, code) != 0 { Ok(()) } else { Err(TrapKind::CastFailure) }
    }
}

/// Fields and elements: the object is named by any number, and bytes outside of the heap are
/// [`TrapKind::Bug`] (G4 of `ops::aggregate`).
impl Runtime {
    #[inline(always)]
    pub(super) fn object_load<T: Bits>(self, object: Cell, at: u64) -> Result<T, TrapKind> {
        // SAFETY: I2.
        unsafe { self.store() }.object_load(object, at)
    }

    #[inline(always)]
    pub(super) fn object_store<T: Bits>(
        self,
        object: Cell,
        at: u64,
        bits: T,
    ) -> Result<(), TrapKind> {
        // SAFETY: I2.
        unsafe { self.store() }.object_store(object, at, bits)
    }

    #[inline(always)]
    pub(super) fn array_load<T: Bits>(self, array: Cell, index: u32) -> Result<T, TrapKind> {
        // SAFETY: I2.
        unsafe { self.store() }.array_load(array, index)
    }

    #[inline(always)]
    pub(super) fn array_store<T: Bits>(
        self,
        array: Cell,
        index: u32,
        bits: T,
    ) -> Result<(), TrapKind> {
        // SAFETY: I2.
        unsafe { self.store() }.array_store(array, index, bits)
    }
}

/// Operations without an index. V1 to V9 hold as long as there is a [`Runtime`]: its constructor
/// requires them.
impl Runtime {
    /// The runtime behind a handler's `cx`.
    ///
    /// # Safety
    /// V1 to V9 as long as the value lives.
    #[inline(always)]
    pub(super) unsafe fn new(vm: *mut Vm) -> Runtime {
        Runtime { vm }
    }

    #[inline(always)]
    pub(super) fn ref_as_non_null(self, reference: Cell) -> Result<(), TrapKind> {
        if reference == 0 { Err(TrapKind::NullReference) } else { Ok(()) }
    }

    fn instance(self) -> InstanceAddr {
        // SAFETY: V1.
        InstanceAddr::from_index(unsafe { (*self.vm).instance_addr })
    }

    /// The store, for one operation.
    ///
    /// # Safety
    /// I2.
    unsafe fn store<'a>(self) -> &'a mut Store {
        // SAFETY: V1, V9: no other reference to the store is alive while an executor runs; I2.
        unsafe { &mut *(*self.vm).store }
    }

    /// Leaves a result where the handler finds it: in the [`Vm`], since a result in memory of the
    /// handler's own would keep its last call from being a jump (P3). False: it is a trap.
    fn keep(self, result: Result<impl Into<u64>, TrapKind>) -> bool {
        match result {
            Ok(value) => {
                // SAFETY: V1.
                unsafe { (*self.vm).value = value.into() };
                true
            }
            Err(kind) => {
                // SAFETY: V1.
                unsafe { (*self.vm).trap = kind };
                false
            }
        }
    }

    /// The value or trap that [`keep`](Runtime::keep) stored.
    #[inline(always)]
    fn kept(self, done: bool) -> Result<u64, TrapKind> {
        if done {
            // SAFETY: V1.
            Ok(unsafe { (*self.vm).value })
        } else {
            // SAFETY: V1.
            Err(unsafe { (*self.vm).trap })
        }
    }

    #[inline(never)]
    pub(super) fn data_drop(self, x: u32) -> Result<(), TrapKind> {
        let instance = self.instance();
        // SAFETY: I2. That the segment exists the store tests.
        unsafe { self.store() }.data_drop(instance, DataIdx(x));
        Ok(())
    }

    #[inline(never)]
    pub(super) fn elem_drop(self, x: u32) -> Result<(), TrapKind> {
        let instance = self.instance();
        // SAFETY: I2. That the segment exists the store tests.
        unsafe { self.store() }.elem_drop(instance, ElemIdx(x));
        Ok(())
    }
}

/// Objects of the running instance by index.
impl Runtime {
    /// The two cells of a global.
    ///
    /// # Safety
    /// I1.
    #[inline(always)]
    unsafe fn global(self, global: u32) -> *mut Cell {
        // SAFETY: V3, I1: the array has an element for the index.
        let address = unsafe { *(*(*self.vm).instance).globals.add(global as usize) };
        // SAFETY: V2: the element is the address of a global of the store.
        let record = unsafe { (*self.vm).globals.add(address as usize) };
        // SAFETY: V2: the record exists.
        unsafe { (&raw mut (*record).cells).cast() }
    }

    /// # Safety
    /// I1.
    #[inline(always)]
    pub(super) unsafe fn global_get(self, global: u32) -> Cell {
        // SAFETY: I1; `global` points to two cells.
        unsafe { *self.global(global) }
    }

    /// # Safety
    /// I1.
    #[inline(always)]
    pub(super) unsafe fn global_get_v128(self, global: u32) -> u128 {
        // SAFETY: I1; `global` points to two cells.
        unsafe { self.global(global).cast::<u128>().read_unaligned() }
    }

    /// # Safety
    /// I1.
    #[inline(always)]
    pub(super) unsafe fn global_set(self, global: u32, value: Cell) {
        // SAFETY: I1; `global` points to two cells.
        unsafe { *self.global(global) = value }
    }

    /// # Safety
    /// I1.
    #[inline(always)]
    pub(super) unsafe fn global_set_v128(self, global: u32, value: u128) {
        #[cfg(prova_plant)]
        if planted!(HalfAGlobal) {
            // SAFETY: as below.
            return unsafe { *self.global(global) = value as u64 };
        }
        // SAFETY: I1; `global` points to two cells.
        unsafe { self.global(global).cast::<u128>().write_unaligned(value) }
    }

    /// # Safety
    /// I1.
    #[inline(always)]
    pub(super) unsafe fn ref_func(self, func: u32) -> Cell {
        // SAFETY: V3, I1.
        u64::from(unsafe { *(*(*self.vm).instance).funcs.add(func as usize) }) + 1
    }

    /// # Safety
    /// I1.
    unsafe fn memory(self, k: u32) -> MemoryAddr {
        // SAFETY: V3, I1.
        MemoryAddr::from_index(unsafe { *(*(*self.vm).instance).memories.add(k as usize) })
    }

    /// # Safety
    /// I1.
    unsafe fn table(self, t: u32) -> TableAddr {
        // SAFETY: V3, I1.
        TableAddr::from_index(unsafe { *(*(*self.vm).instance).tables.add(t as usize) })
    }
}

/// Declares operations of the store that give a value. Each operation is a separate function, and
/// its result is [kept](Runtime::keep).
macro_rules! operations {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty, |$r:ident| $operation:expr;)*) => {
        /// Operations of the store that give a value.
        impl Runtime {$(
            /// # Safety
            /// I1 of each index.
            #[inline(always)]
            pub(super) unsafe fn $name(self, $($arg: $ty),*) -> Result<$result, TrapKind> {
                /// # Safety
                /// As of the method.
                #[inline(never)]
                unsafe fn apart($r: Runtime, $($arg: $ty),*) -> bool {
                    $r.keep($operation)
                }
                // SAFETY: the caller's.
                let done = unsafe { apart(self, $($arg),*) };
                self.kept(done).map(|value| value as $result)
            }
        )*}
    };
}

operations! {
    memory_size(k: u32) -> u64, |r| {
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (r.memory(k), r.store()) };
        Ok(store.memory_size(memory))
    };
    memory_grow(k: u32, delta_pages: u64) -> u64, |r| {
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (r.memory(k), r.store()) };
        let size = store.memory_grow_cell(memory, delta_pages);
        // SAFETY: V1 to V3; the store is not used any more.
        unsafe { refresh_memory(r.vm) };
        size
    };
    table_get(t: u32, i: u64) -> u64, |r| {
        // SAFETY: I1; I2.
        let (table, store) = unsafe { (r.table(t), r.store()) };
        store.table_get(table, i)
    };
    table_size(t: u32) -> u64, |r| {
        // SAFETY: I1; I2.
        let (table, store) = unsafe { (r.table(t), r.store()) };
        Ok(store.table_size(table))
    };
    table_grow(t: u32, value: Cell, n: u64) -> u64, |r| {
        // SAFETY: I1; I2.
        let (table, store) = unsafe { (r.table(t), r.store()) };
        store.table_grow_cell(table, value, n)
    };
    atomic_notify(k: u32, p: u64, o: u64, n: u32) -> u32, |r| {
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (r.memory(k), r.store()) };
        store.atomic_notify(memory, p, o, n)
    };
    atomic_wait32(k: u32, p: u64, o: u64, x: u32, timeout: u64) -> u32, |r| {
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (r.memory(k), r.store()) };
        store.atomic_wait(memory, (p, o), 4, x.into(), timeout as i64)
    };
    atomic_wait64(k: u32, p: u64, o: u64, x: u64, timeout: u64) -> u32, |r| {
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (r.memory(k), r.store()) };
        store.atomic_wait(memory, (p, o), 8, x, timeout as i64)
    };
}

/// Shared memories.
impl Runtime {
    /// `atomic.fence`: machine code and this thread's other accesses are in its order.
    #[inline(always)]
    pub(super) fn atomic_fence(self) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    }

    /// An access of a shared memory on a window; false: a trap, whose kind is in the `Vm`.
    ///
    /// # Safety
    /// V5, I1 of `k`; the window lies in the running frame, with as many cells as the access has
    /// (F10 of the check).
    #[inline(never)]
    pub(super) unsafe fn shared(self, k: u32, code: u32, offset: u64, window: *mut Cell) -> bool {
        let Some(access) = SharedAccess::of_code(code) else {
            return self.keep_unit(Err(TrapKind::Bug));
        };
        let cells = access.operand_cells().max(access.result_cells()) as usize;
        // SAFETY: the caller's: the check compared as many cells with the frame; nothing else
        // refers to the value stack now.
        let window = unsafe { std::slice::from_raw_parts_mut(window, cells) };
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (self.memory(k), self.store()) };
        self.keep_unit(store.shared_access(memory, access, offset, window))
    }

    /// Leaves a trap where the handler finds it; false: it is one.
    fn keep_unit(self, result: Result<(), TrapKind>) -> bool {
        self.keep(result.map(|()| 0u64))
    }
}

/// Operations of the store that give nothing.
impl Runtime {
    /// # Safety
    /// I1 of `k`.
    #[inline(never)]
    pub(super) unsafe fn memory_fill(
        self,
        k: u32,
        d: u64,
        value: u32,
        n: u64,
    ) -> Result<(), TrapKind> {
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (self.memory(k), self.store()) };
        store.memory_fill(memory, d, value as u8, n)
    }

    /// # Safety
    /// I1 of `k` and `j`.
    #[inline(never)]
    pub(super) unsafe fn memory_copy(
        self,
        k: u32,
        j: u32,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        // SAFETY: I1.
        let (to, from) = unsafe { (self.memory(k), self.memory(j)) };
        // SAFETY: I2.
        unsafe { self.store() }.memory_copy(to, from, d, s, n)
    }

    /// # Safety
    /// I1 of `k`.
    #[inline(never)]
    pub(super) unsafe fn memory_init(
        self,
        k: u32,
        x: u32,
        d: u64,
        s: u32,
        n: u32,
    ) -> Result<(), TrapKind> {
        let instance = self.instance();
        // SAFETY: I1; I2.
        let (memory, store) = unsafe { (self.memory(k), self.store()) };
        store.memory_init(instance, memory, DataIdx(x), d, s.into(), n.into())
    }

    /// # Safety
    /// I1 of `t`.
    #[inline(never)]
    pub(super) unsafe fn table_set(self, t: u32, i: u64, value: Cell) -> Result<(), TrapKind> {
        // SAFETY: I1; I2.
        let (table, store) = unsafe { (self.table(t), self.store()) };
        store.table_set(table, i, value)
    }

    /// # Safety
    /// I1 of `t`.
    #[inline(never)]
    pub(super) unsafe fn table_fill(
        self,
        t: u32,
        i: u64,
        value: Cell,
        n: u64,
    ) -> Result<(), TrapKind> {
        // SAFETY: I1; I2.
        let (table, store) = unsafe { (self.table(t), self.store()) };
        store.table_fill(table, i, value, n)
    }

    /// # Safety
    /// I1 of `t` and `u`.
    #[inline(never)]
    pub(super) unsafe fn table_copy(
        self,
        t: u32,
        u: u32,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        // SAFETY: I1.
        let (to, from) = unsafe { (self.table(t), self.table(u)) };
        // SAFETY: I2.
        unsafe { self.store() }.table_copy(to, from, d, s, n)
    }

    /// # Safety
    /// I1 of `t`.
    #[inline(never)]
    pub(super) unsafe fn table_init(
        self,
        t: u32,
        x: u32,
        d: u64,
        s: u32,
        n: u32,
    ) -> Result<(), TrapKind> {
        let instance = self.instance();
        // SAFETY: I1; I2.
        let (table, store) = unsafe { (self.table(t), self.store()) };
        store.table_init(instance, table, ElemIdx(x), d, s.into(), n.into())
    }
}

/// Sets `Vm::mem0` from the running instance (V7).
///
/// # Safety
/// V1 to V3.
pub(crate) unsafe fn refresh_memory(vm: *mut Vm) {
    // SAFETY: V1, V3.
    let InstanceVm { memory_count, memories, .. } = unsafe { *(*vm).instance };
    let record = if memory_count == 0 {
        MemoryVm { base: std::ptr::NonNull::dangling().as_ptr(), len_bytes: 0 }
    } else {
        // SAFETY: V3: memory 0 has an element; V2: its address has a record.
        unsafe { *(*vm).memories.add(*memories as usize) }
    };
    // SAFETY: V1.
    unsafe { (*vm).mem0 = record };
}
