//! Records that native code reads: of functions, and the words of instances.
//!
//! Their layout is the convention of `prova_check::offsets`, which the assertions here compare.

use crate::Limits;
use crate::fixed::Fixed;
use crate::vm::Vm;
use prova_check::offsets;
use std::mem::offset_of;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A function as native code sees it (R1, R2).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct FuncRecord {
    code: AtomicUsize,
    /// The words of its instance.
    vmctx: *const usize,
    type_id: u32,
    address: u32,
    _reserved: u64,
}

const _: () = {
    assert!(size_of::<FuncRecord>() == offsets::RECORD_BYTES as usize);
    assert!(offset_of!(FuncRecord, code) == offsets::RECORD_CODE as usize);
    assert!(offset_of!(FuncRecord, vmctx) == offsets::RECORD_VMCTX as usize);
    assert!(offset_of!(FuncRecord, type_id) == offsets::RECORD_TYPE as usize);
    assert!(offset_of!(FuncRecord, address) == offsets::RECORD_ADDRESS as usize);
    assert!(Limits::MEMORY_BYTES_MAX <= offsets::MEMORY_BYTES_MAX);
    // L7 of the layout, by S5 of `sys` and M5 of `memory`.
    #[cfg(all(unix, not(miri)))]
    assert!(crate::sys::GUARD_BYTES as u64 >= offsets::LENGTH_GUARD_BYTES);
    assert!(offset_of!(Vm, not_fuel) == offsets::STORE_FUEL as usize);
    assert!(offset_of!(Vm, epoch) == offsets::STORE_EPOCH as usize);
    assert!(offset_of!(Vm, epoch_deadline) == offsets::STORE_DEADLINE as usize);
    assert!(offset_of!(Vm, funcs) == offsets::STORE_FUNCS as usize);
    assert!(offset_of!(Vm, args) == offsets::STORE_ARGS as usize);
    assert!(offset_of!(Vm, nowhere) == offsets::STORE_NOWHERE as usize);
    assert!(offset_of!(Vm, funcs_len) == offsets::STORE_FUNCS_LEN as usize);
};

impl FuncRecord {
    /// A record that leads nowhere yet.
    pub(crate) fn new(vmctx: *const usize, type_id: u32, address: u32) -> FuncRecord {
        FuncRecord { code: AtomicUsize::new(0), vmctx, type_id, address, _reserved: 0 }
    }

    /// Where calls lead; 0 for nowhere.
    pub(crate) fn code(&self) -> usize {
        self.code.load(Ordering::Acquire)
    }

    /// Lets calls lead to code from now on (R2).
    pub(crate) fn set_code(&self, entry: usize) {
        self.code.store(entry, Ordering::Release);
    }

    /// The canonical id of its type.
    pub(crate) fn type_id(&self) -> u32 {
        self.type_id
    }

    /// Its address in the store.
    pub(crate) fn address(&self) -> u32 {
        self.address
    }
}

/// The words of an instance, behind one that says whose they are, and its functions' records
/// behind them.
pub(crate) struct Words {
    words: Fixed<usize>,
    /// Where the records begin, in bytes.
    records: u32,
    count: u32,
}

/// Words of a record.
const RECORD_WORDS: usize = size_of::<FuncRecord>() / size_of::<usize>();

const _: () = assert!(align_of::<FuncRecord>() == align_of::<usize>());

impl Words {
    /// Words for `records` bytes of a layout, and for `count` records behind them, of the instance
    /// with this address (`u32::MAX`: no instance). All are null except the store, the builtins,
    /// the types, and where the records begin.
    pub(crate) fn new(
        instance: u32,
        (records, count): (u32, u32),
        vm: *mut Vm,
        builtins: *const usize,
        types: *const u32,
    ) -> Words {
        let records = records.max(offsets::FIRST);
        let mut words = vec![0; 1 + (records / 8) as usize + RECORD_WORDS * count as usize];
        words[0] = instance as usize;
        let words = Words { words: Fixed::new(words), records, count };
        words.set(offsets::STORE, vm.expose_provenance());
        words.set(offsets::BUILTINS, builtins.expose_provenance());
        words.set(offsets::TYPES, types.expose_provenance());
        words.set(offsets::DEFINED, words.record(0).expose_provenance());
        words
    }

    /// The record of a defined function, counted among the defined ones; one behind the last leads
    /// nowhere.
    pub(crate) fn record(&self, index: u32) -> *mut FuncRecord {
        assert!(index <= self.count, "a record beyond the words");
        let at = 1 + (self.records / 8) as usize + RECORD_WORDS * index as usize;
        // SAFETY: F1: the words of that many records are there.
        unsafe { self.words.as_ptr().add(at).cast() }
    }

    /// How many records there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Writes the record of a defined function; only while the instance is made.
    pub(crate) fn set_record(&self, index: u32, record: FuncRecord) {
        assert!(index < self.count, "a record beyond the words");
        // SAFETY: F1, as in `set`; a record is as aligned as a word.
        unsafe { self.record(index).write(record) };
    }

    /// The word at an offset of the layout, for as long as the instance lives.
    pub(crate) fn word(&self, offset: u32) -> *mut usize {
        let at = 1 + (offset / 8) as usize;
        assert!(at < self.words.len(), "a word beyond the layout");
        // SAFETY: F1: the word exists.
        unsafe { self.words.as_ptr().add(at) }
    }

    /// Writes the word at an offset of the layout; only while the instance is made.
    pub(crate) fn set(&self, offset: u32, value: usize) {
        // SAFETY: F1: the word exists; nothing runs that reads it, and no reference to it is alive.
        unsafe { *self.word(offset) = value };
    }

    /// The pointer by which records and code name the instance.
    pub(crate) fn vmctx(&self) -> *const usize {
        // SAFETY: there are words behind the first.
        unsafe { self.words.as_ptr().add(1) }
    }

    /// The address of the instance that a vmctx belongs to.
    ///
    /// # Safety
    /// The instance belongs to a store that lives (R1).
    pub(crate) unsafe fn instance(vmctx: *const usize) -> u32 {
        if vmctx.is_null() {
            return u32::MAX;
        }
        // SAFETY: the caller's; the word before is of the same allocation.
        unsafe { *vmctx.sub(1) as u32 }
    }
}
