//! What instructions reach through the [`Vm`]: memories beyond memory 0, globals, and the operations of the store.
//!
//! Operations of the store are calls of its safe methods; afterwards memory 0 is read again from its record (V7).

use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, MemoryAddr, TableAddr};
use crate::vm::{Cell, MemoryVm, Vm};
use prova_module::{DataIdx, ElemIdx};

/// The start of `size` bytes at `base + offset` of memory `k`, or `None` where they are not all inside it.
///
/// # Safety
/// V2, V3, V8; the check proved `k` in range.
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
    // SAFETY: V3, V2.
    let memory =
        unsafe { *(*vm).memories.add(*(*(*vm).instance).memories.add(k as usize) as usize) };
    let start = base.checked_add(offset)?;
    let end = start.checked_add(size_bytes as u64)?;
    if end > memory.len_bytes as u64 {
        return None;
    }
    // SAFETY: V8.
    Some(unsafe { memory.base.add(start as usize) })
}

/// Whether an atomic access is not aligned to its width, a power of two; an address beyond 64 bits is left to [`far`].
#[inline(always)]
pub(super) fn misaligned(base: u64, offset: u64, size_bytes: usize) -> bool {
    base.checked_add(offset).is_some_and(|address| address % size_bytes as u64 != 0)
        && !planted!(MisalignedAllowed)
}

/// The runtime as the expressions of the op table see it; passed by value, so that no handler keeps it in memory (S3).
#[derive(Clone, Copy)]
pub(super) struct Runtime {
    vm: *mut Vm,
}

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
    fn global(self, global: u32) -> *mut Cell {
        // SAFETY: V3, V2.
        unsafe {
            let address = *(*(*self.vm).instance).globals.add(global as usize);
            (&raw mut (*(*self.vm).globals.add(address as usize)).cells).cast()
        }
    }

    #[inline(always)]
    pub(super) fn global_get(self, global: u32) -> Cell {
        // SAFETY: `global` points to two cells.
        unsafe { *self.global(global) }
    }

    #[inline(always)]
    pub(super) fn global_get_v128(self, global: u32) -> u128 {
        // SAFETY: `global` points to two cells.
        unsafe { self.global(global).cast::<u128>().read_unaligned() }
    }

    #[inline(always)]
    pub(super) fn global_set(self, global: u32, value: Cell) {
        // SAFETY: `global` points to two cells.
        unsafe { *self.global(global) = value }
    }

    #[inline(always)]
    pub(super) fn global_set_v128(self, global: u32, value: u128) {
        // SAFETY: `global` points to two cells.
        unsafe {
            #[cfg(prova_plant)]
            if planted!(HalfAGlobal) {
                return *self.global(global) = value as u64;
            }
            self.global(global).cast::<u128>().write_unaligned(value)
        }
    }

    #[inline(always)]
    pub(super) fn ref_func(self, func: u32) -> Cell {
        // SAFETY: V3.
        unsafe { u64::from(*(*(*self.vm).instance).funcs.add(func as usize)) + 1 }
    }

    #[inline(always)]
    pub(super) fn ref_as_non_null(self, reference: Cell) -> Result<(), TrapKind> {
        if reference == 0 { Err(TrapKind::NullReference) } else { Ok(()) }
    }

    fn memory(self, k: u32) -> MemoryAddr {
        // SAFETY: V3.
        MemoryAddr::from_index(unsafe { *(*(*self.vm).instance).memories.add(k as usize) })
    }

    fn table(self, t: u32) -> TableAddr {
        // SAFETY: V3.
        TableAddr::from_index(unsafe { *(*(*self.vm).instance).tables.add(t as usize) })
    }

    fn instance(self) -> InstanceAddr {
        // SAFETY: V1.
        InstanceAddr::from_index(unsafe { (*self.vm).instance_addr })
    }

    /// The store, for one operation: the reference ends before anything else reaches the store.
    fn store<'a>(self) -> &'a mut Store {
        // SAFETY: V1, V9: no other reference to the store is alive while an executor runs, and every method below drops
        // this one at its end.
        unsafe { &mut *(*self.vm).store }
    }

    /// Leaves a result where the handler finds it: in the [`Vm`], since a result in memory of the handler's own would keep its
    /// last call from being a jump (S3). False: it is a trap.
    fn keep(self, result: Result<impl Into<u64>, TrapKind>) -> bool {
        // SAFETY: V1.
        unsafe {
            match result {
                Ok(value) => {
                    (*self.vm).value = value.into();
                    true
                }
                Err(kind) => {
                    (*self.vm).trap = kind;
                    false
                }
            }
        }
    }

    #[inline(always)]
    fn kept(self) -> u64 {
        // SAFETY: V1.
        unsafe { (*self.vm).value }
    }

    #[inline(always)]
    fn trap(self) -> TrapKind {
        // SAFETY: V1.
        unsafe { (*self.vm).trap }
    }

    /// V7: reads memory 0's record again.
    fn refresh(self) {
        // SAFETY: V1, V3.
        unsafe { refresh_memory(self.vm) }
    }

    #[inline(always)]
    pub(super) fn memory_size(self, k: u32) -> Result<u64, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, k: u32) -> bool {
            runtime.keep(runtime.memory_size_slow(k))
        }
        if slow(self, k) { Ok(self.kept()) } else { Err(self.trap()) }
    }

    fn memory_size_slow(self, k: u32) -> Result<u64, TrapKind> {
        Ok(self.store().memory_size(self.memory(k)))
    }

    #[inline(always)]
    pub(super) fn memory_grow(self, k: u32, delta_pages: u64) -> Result<u64, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, k: u32, delta_pages: u64) -> bool {
            runtime.keep(runtime.memory_grow_slow(k, delta_pages))
        }
        if slow(self, k, delta_pages) { Ok(self.kept()) } else { Err(self.trap()) }
    }

    fn memory_grow_slow(self, k: u32, delta_pages: u64) -> Result<u64, TrapKind> {
        let memory = self.memory(k);
        let size = self.store().memory_grow_cell(memory, delta_pages)?;
        self.refresh();
        Ok(size)
    }

    #[inline(never)]
    pub(super) fn memory_fill(self, k: u32, d: u64, value: u32, n: u64) -> Result<(), TrapKind> {
        let memory = self.memory(k);
        self.store().memory_fill(memory, d, value as u8, n)
    }

    #[inline(never)]
    pub(super) fn memory_copy(
        self,
        k: u32,
        j: u32,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        let (to, from) = (self.memory(k), self.memory(j));
        self.store().memory_copy(to, from, d, s, n)
    }

    #[inline(never)]
    pub(super) fn memory_init(
        self,
        k: u32,
        x: u32,
        d: u64,
        s: u32,
        n: u32,
    ) -> Result<(), TrapKind> {
        let (instance, memory) = (self.instance(), self.memory(k));
        self.store().memory_init(instance, memory, DataIdx(x), d, s.into(), n.into())
    }

    #[inline(never)]
    pub(super) fn data_drop(self, x: u32) -> Result<(), TrapKind> {
        let instance = self.instance();
        self.store().data_drop(instance, DataIdx(x));
        Ok(())
    }

    #[inline(always)]
    pub(super) fn table_get(self, t: u32, i: u64) -> Result<Cell, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, t: u32, i: u64) -> bool {
            runtime.keep(runtime.table_get_slow(t, i))
        }
        if slow(self, t, i) { Ok(self.kept()) } else { Err(self.trap()) }
    }

    fn table_get_slow(self, t: u32, i: u64) -> Result<Cell, TrapKind> {
        let table = self.table(t);
        self.store().table_get(table, i)
    }

    #[inline(never)]
    pub(super) fn table_set(self, t: u32, i: u64, value: Cell) -> Result<(), TrapKind> {
        let table = self.table(t);
        self.store().table_set(table, i, value)
    }

    #[inline(always)]
    pub(super) fn table_size(self, t: u32) -> Result<u64, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, t: u32) -> bool {
            runtime.keep(runtime.table_size_slow(t))
        }
        if slow(self, t) { Ok(self.kept()) } else { Err(self.trap()) }
    }

    fn table_size_slow(self, t: u32) -> Result<u64, TrapKind> {
        let table = self.table(t);
        Ok(self.store().table_size(table))
    }

    #[inline(always)]
    pub(super) fn table_grow(self, t: u32, value: Cell, n: u64) -> Result<u64, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, t: u32, value: Cell, n: u64) -> bool {
            runtime.keep(runtime.table_grow_slow(t, value, n))
        }
        if slow(self, t, value, n) { Ok(self.kept()) } else { Err(self.trap()) }
    }

    fn table_grow_slow(self, t: u32, value: Cell, n: u64) -> Result<u64, TrapKind> {
        let table = self.table(t);
        self.store().table_grow_cell(table, value, n)
    }

    #[inline(never)]
    pub(super) fn table_fill(self, t: u32, i: u64, value: Cell, n: u64) -> Result<(), TrapKind> {
        let table = self.table(t);
        self.store().table_fill(table, i, value, n)
    }

    #[inline(never)]
    pub(super) fn table_copy(self, t: u32, u: u32, d: u64, s: u64, n: u64) -> Result<(), TrapKind> {
        let (to, from) = (self.table(t), self.table(u));
        self.store().table_copy(to, from, d, s, n)
    }

    #[inline(never)]
    pub(super) fn table_init(self, t: u32, x: u32, d: u64, s: u32, n: u32) -> Result<(), TrapKind> {
        let (instance, table) = (self.instance(), self.table(t));
        self.store().table_init(instance, table, ElemIdx(x), d, s.into(), n.into())
    }

    #[inline(never)]
    pub(super) fn elem_drop(self, x: u32) -> Result<(), TrapKind> {
        let instance = self.instance();
        self.store().elem_drop(instance, ElemIdx(x));
        Ok(())
    }

    /// A notification on an unshared memory wakes nobody, but is checked as an access.
    #[inline(always)]
    pub(super) fn atomic_notify(self, k: u32, p: u64, o: u64, n: u32) -> Result<u32, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, k: u32, p: u64, o: u64, n: u32) -> bool {
            runtime.keep(runtime.atomic_notify_slow(k, p, o, n))
        }
        if slow(self, k, p, o, n) { Ok(self.kept() as u32) } else { Err(self.trap()) }
    }

    fn atomic_notify_slow(self, k: u32, p: u64, o: u64, n: u32) -> Result<u32, TrapKind> {
        let memory = self.memory(k);
        self.store().atomic_notify(memory, p, o, n)
    }

    #[inline(always)]
    pub(super) fn atomic_wait32(
        self,
        k: u32,
        p: u64,
        o: u64,
        _x: u32,
        _timeout: u64,
    ) -> Result<u32, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, k: u32, p: u64, o: u64, _x: u32, _timeout: u64) -> bool {
            runtime.keep(runtime.atomic_wait32_slow(k, p, o, _x, _timeout))
        }
        if slow(self, k, p, o, _x, _timeout) { Ok(self.kept() as u32) } else { Err(self.trap()) }
    }

    fn atomic_wait32_slow(
        self,
        k: u32,
        p: u64,
        o: u64,
        _x: u32,
        _timeout: u64,
    ) -> Result<u32, TrapKind> {
        let memory = self.memory(k);
        self.store().atomic_wait(memory, p, o, 4)
    }

    #[inline(always)]
    pub(super) fn atomic_wait64(
        self,
        k: u32,
        p: u64,
        o: u64,
        _x: u64,
        _timeout: u64,
    ) -> Result<u32, TrapKind> {
        #[inline(never)]
        fn slow(runtime: Runtime, k: u32, p: u64, o: u64, _x: u64, _timeout: u64) -> bool {
            runtime.keep(runtime.atomic_wait64_slow(k, p, o, _x, _timeout))
        }
        if slow(self, k, p, o, _x, _timeout) { Ok(self.kept() as u32) } else { Err(self.trap()) }
    }

    fn atomic_wait64_slow(
        self,
        k: u32,
        p: u64,
        o: u64,
        _x: u64,
        _timeout: u64,
    ) -> Result<u32, TrapKind> {
        let memory = self.memory(k);
        self.store().atomic_wait(memory, p, o, 8)
    }
}

/// Sets `Vm::mem0` from the running instance (V7).
///
/// # Safety
/// V1 to V3.
pub(crate) unsafe fn refresh_memory(vm: *mut Vm) {
    // SAFETY: the caller's.
    unsafe {
        let instance = (*vm).instance;
        (*vm).mem0 = if (*instance).memory_count == 0 {
            MemoryVm { base: std::ptr::NonNull::dangling().as_ptr(), len_bytes: 0 }
        } else {
            *(*vm).memories.add(*(*instance).memories as usize)
        };
    }
}
