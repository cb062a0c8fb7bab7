//! Parts that finished stores leave to new ones of the same engine: address space, with the bytes
//! that an image has put there, the entries of a module's functions, and their records for native
//! code. A store that finds them costs as much as the one before has changed.
//!
//! An embedder gives the stores of one engine the same [`Spare`] in their configuration.
//!
//! # Invariants
//! * Q1. The vectors of a [`Room`] are without length: a store sees nothing there that it has not
//!   pushed, or found by Q2; of the native side, no more than R6 of `native` says.
//! * Q2. Where a room has a [`Tail`], memory behind its first `tail.first` entries has those of the
//!   tail's functions as a new instance of its prototype has them, each leading to its stub. They
//!   are there as long as the capacity is `tail.capacity`, for nothing moves a vector but a greater
//!   capacity.
//! * Q3. Address space here is nobody's, and its bytes are 0, or those of the image that is noted
//!   with it: who gets it sees nothing of an object before.
//! * Q4. A lease of it has as many committed bytes as were asked for (rounded up to pages),
//!   for each owner that it had before: what lies behind cannot be accessed (S5), which guards
//!   of native code rely on.
//!
//! Limits: [`SpareLimits`], rooms of at most [`ENTRIES_MAX`] entries, and records where there were
//! at most [`RECORDS_MAX`] of a kind; what is more is freed.
//!
//! Noticed by: the tests here, `crates/core/tests/instances.rs`.

use super::Store;
use crate::exec::STUB_ATTACH;
use crate::lease::{Held, Wanted};
use crate::native::Native;
use crate::sys::{NativeStack, StackBytes};
use crate::vm::{EntryWord, FuncEntry, GlobalVm, MemoryVm, OfStore, TableVm};
use std::sync::{Mutex, PoisonError};

/// The entries that a room has at most (2 MiB, and with records of native code 4.5 MiB).
const ENTRIES_MAX: usize = 1 << 16;

/// The memories, tables and globals of a store whose records' memory is kept: as many of each.
const RECORDS_MAX: usize = 1 << 12;

/// The limits of a [`Spare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpareLimits {
    /// Stores whose parts are kept at most: as many of each size of address space, and of entries.
    pub stores_max: usize,
    /// Bytes of a memory without an image that stay in memory: they are written, not given back.
    pub memory_keep_bytes: usize,
    /// The same of a table.
    pub table_keep_bytes: usize,
}

impl Default for SpareLimits {
    fn default() -> SpareLimits {
        SpareLimits { stores_max: 16, memory_keep_bytes: 0, table_keep_bytes: 16 << 10 }
    }
}

/// The sizes of address space of which there may be as many as [`SpareLimits::stores_max`] says.
const SIZES_MAX: usize = 8;

/// Parts of finished stores.
#[derive(Default)]
pub struct Spare {
    limits: SpareLimits,
    rooms: Mutex<Vec<Room>>,
    spaces: Mutex<Vec<Held>>,
    stacks: Mutex<Vec<NativeStack>>,
}

/// Room for the function entries of a store, and for what goes with each (Q1).
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) entries: Vec<FuncEntry>,
    pub(crate) slots: Vec<u32>,
    pub(crate) memories: OfStore<Vec<MemoryVm>>,
    pub(crate) tables: OfStore<Vec<TableVm>>,
    pub(crate) globals: Vec<GlobalVm>,
    pub(crate) tail: Option<Tail>,
    pub(crate) native: Option<Box<Native>>,
}

/// The entries of an instance's functions behind those of the host (Q2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The prototype's name.
    pub(crate) prototype: u64,
    /// The instance.
    pub(crate) instance: u32,
    /// The address of the first function.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// Whether the store's executor runs linked words.
    pub(crate) linked: bool,
    /// The capacity of the room's entries.
    pub(crate) capacity: usize,
}

impl Spare {
    /// Nothing yet, and at most as much as usual.
    pub fn new() -> Spare {
        Spare::default()
    }

    /// Nothing yet, within these limits.
    pub fn with_limits(limits: SpareLimits) -> Spare {
        Spare { limits, ..Spare::default() }
    }

    /// Its limits.
    pub(crate) fn limits(&self) -> &SpareLimits {
        &self.limits
    }

    /// The room that was left last, without entries.
    pub(crate) fn take_room(&self) -> Room {
        lock(&self.rooms).pop().unwrap_or_default()
    }

    /// Leaves a room (Q1).
    fn leave_room(&self, mut room: Room) {
        room.entries.clear();
        room.slots.clear();
        empty(&mut room.memories);
        empty(&mut room.tables);
        empty(&mut room.globals);
        if !(1..=ENTRIES_MAX).contains(&room.entries.capacity()) {
            return;
        }
        let mut rooms = lock(&self.rooms);
        // Code goes with its module.
        for native in rooms.iter_mut().filter_map(|room| room.native.as_mut()) {
            native.forget_past();
        }
        if rooms.len() < self.limits.stores_max {
            rooms.push(room);
        }
    }

    /// The best address space that was left of a size: one with the image that is wanted, or with
    /// none, or any.
    pub(crate) fn take_space(&self, wanted: &Wanted) -> Option<Held> {
        let mut spaces = lock(&self.spaces);
        let of_size = spaces.iter().enumerate();
        let of_size = of_size.filter(|(_, held)| held.shape == Some((wanted.max, wanted.guard)));
        let (best, _) = of_size.max_by_key(|(_, held)| held.suits(wanted))?;
        Some(spaces.swap_remove(best))
    }

    /// Whether address space would be kept.
    pub(crate) fn takes_space(&self, held: &Held) -> bool {
        self.has_place(&lock(&self.spaces), held)
    }

    /// Leaves address space as good as new (Q3).
    pub(crate) fn leave_space(&self, held: Held) {
        let mut spaces = lock(&self.spaces);
        if self.has_place(&spaces, &held) {
            spaces.push(held);
        }
    }

    fn has_place(&self, spaces: &[Held], held: &Held) -> bool {
        let of_size = spaces.iter().filter(|other| other.shape == held.shape).count();
        held.shape.is_some()
            && of_size < self.limits.stores_max
            && spaces.len() < self.limits.stores_max.saturating_mul(SIZES_MAX)
    }

    /// Stacks of a store with native code that were left, of these sizes.
    pub(crate) fn take_stack(&self, bytes: StackBytes) -> Option<NativeStack> {
        let mut stacks = lock(&self.stacks);
        let of_size = stacks.iter().rposition(|stack| stack.asked() == bytes)?;
        Some(stacks.swap_remove(of_size))
    }

    /// Leaves stacks of a store with native code as good as new (Q3); those too many go.
    pub(crate) fn leave_stack(&self, mut stack: NativeStack) {
        if lock(&self.stacks).len() < self.limits.stores_max && stack.renew() {
            lock(&self.stacks).push(stack);
        }
    }

    /// Gives all address space back to the system; says whether there was any.
    pub(crate) fn clear(&self) -> bool {
        let spaces = std::mem::take(&mut *lock(&self.spaces));
        let stacks = std::mem::take(&mut *lock(&self.stacks));
        !spaces.is_empty() || !stacks.is_empty()
    }
}

impl Store {
    /// Leaves the room of the store's entries, those of its first module as they were at first.
    pub(super) fn leave_room(&mut self) {
        let Some(spare) = self.spare.take() else { return };
        let (slots, codes) = self.funcs.take();
        let mut room = Room {
            entries: std::mem::take(&mut self.entries),
            slots,
            memories: std::mem::take(&mut self.memory_vms),
            tables: std::mem::take(&mut self.table_vms),
            globals: std::mem::take(&mut self.global_vms),
            tail: None,
            native: None,
        };
        if let Some(tail) = self.tail {
            for at in codes.changed().iter().map(|&func| func as usize) {
                if (tail.first..tail.first + tail.count).contains(&at) {
                    room.entries[at].code = EntryWord::stub(&STUB_ATTACH, tail.linked);
                }
            }
            room.tail = Some(Tail { capacity: room.entries.capacity(), ..tail });
        }
        room.native = self.leave_native(self.tail, codes);
        spare.leave_room(room);
    }
}

/// Empties a vector, and gives its memory back if that may be much.
fn empty<T>(records: &mut Vec<T>) {
    if records.len() > RECORDS_MAX {
        *records = Vec::new();
    }
    records.clear();
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing panics while it is locked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Spare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rooms, spaces) = (lock(&self.rooms).len(), lock(&self.spaces).len());
        f.debug_struct("Spare").field("rooms", &rooms).field("spaces", &spaces).finish()
    }
}

#[cfg(test)]
mod tests;
