//! Memory that finished stores leave to new ones: the room of their function entries, which are
//! most of the memory that an instance of a big module writes. Room that was written to before
//! costs no page faults.
//!
//! An embedder gives the stores of one engine the same [`Spare`] in their configuration.
//!
//! # Invariants
//! * Q1. Memory here has no entries: a store cannot see anything of one before it.
//!
//! Limits: [`ROOMS_MAX`] rooms of at most [`ENTRIES_MAX`] entries each; what is more is freed.

use crate::vm::FuncEntry;
use std::sync::{Mutex, PoisonError};

/// The rooms that are kept at most.
const ROOMS_MAX: usize = 16;

/// The entries that a room has at most (2 MiB).
const ENTRIES_MAX: usize = 1 << 16;

/// Room for the entries of stores.
#[derive(Default)]
pub struct Spare {
    rooms: Mutex<Vec<Vec<FuncEntry>>>,
}

impl Spare {
    /// No room yet.
    pub fn new() -> Spare {
        Spare::default()
    }

    /// The room that was left last, without entries.
    pub(crate) fn take(&self) -> Vec<FuncEntry> {
        self.rooms().pop().unwrap_or_default()
    }

    /// Leaves the room of some entries (Q1).
    pub(crate) fn leave(&self, mut entries: Vec<FuncEntry>) {
        entries.clear();
        if !(1..=ENTRIES_MAX).contains(&entries.capacity()) {
            return;
        }
        let mut rooms = self.rooms();
        if rooms.len() < ROOMS_MAX {
            rooms.push(entries);
        }
    }

    fn rooms(&self) -> std::sync::MutexGuard<'_, Vec<Vec<FuncEntry>>> {
        // Nothing panics while it is locked.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Spare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spare").field("rooms", &self.rooms().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreConfig};
    use std::sync::Arc;

    #[test]
    fn rooms_come_back_empty_and_few() {
        let spare = Spare::new();
        spare.leave(Vec::new());
        assert_eq!(spare.rooms().len(), 0, "no room is none");
        spare.leave(Vec::with_capacity(ENTRIES_MAX + 1));
        assert_eq!(spare.rooms().len(), 0, "too great");
        for _ in 0..=ROOMS_MAX {
            spare.leave(Vec::with_capacity(3));
        }
        assert_eq!(spare.rooms().len(), ROOMS_MAX);
        let room = spare.take();
        assert!(room.is_empty() && room.capacity() >= 3);
    }

    #[test]
    fn a_store_leaves_its_room_and_not_its_functions() {
        let spare = Arc::new(Spare::new());
        let config = || StoreConfig {
            stack_bytes: 1 << 12,
            spare: Some(Arc::clone(&spare)),
            ..StoreConfig::default()
        };
        let mut store = Store::new(config());
        let host: crate::HostFunc = Arc::new(|_, _, _| crate::HostOutcome::Done);
        store.func_new(prova_module::FuncType::new([], []), host);
        drop(store);
        assert_eq!(spare.rooms().len(), 1);
        let store = Store::new(config());
        assert!(store.entries.is_empty() && store.entries.capacity() > 0);
        assert_eq!(spare.rooms().len(), 0);
    }
}
