//! The native side that a finished store leaves to the next one, with the words and records of its
//! first instance, which the next store's first instance takes if it is of the same prototype, with
//! the same ways. So a store costs as much as the one before has changed.
//!
//! ```text
//! Store ─ leave_native ─► Native, with Kept, without a stack ─ Room of `spare` ─► Native::new
//!                                   └─────────── push_native_instance ─ take_kept ─► NativeInstance
//! ```
//!
//! The invariants are R1, R2 and R6 of [`super`], and Q2 of `store::spare`.
//!
//! Noticed by: the tests here, `crates/prova/tests/bulk.rs`.

use super::code::{NativeModule, Thunks};
use super::records::Words;
use super::state::{Native, NativeInstance, Piece};
use crate::store::{Store, Tail};
use crate::vm::Vm;
use prova_check::offsets;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};

/// The words and records of an instance of a store that is gone (R6).
pub(crate) struct Kept {
    words: Words,
    /// The data of its module's native code: an address that no other has as long as this is here.
    support: Option<Weak<NativeModule>>,
    /// The ways that its records lead to, by canonical id of the type.
    thunks: BTreeMap<u32, Thunks>,
    /// Their pieces.
    pieces: BTreeMap<usize, Piece>,
}

impl Kept {
    /// Whether its layout and ways are those of this support.
    pub(super) fn is_with(&self, support: Option<&Arc<NativeModule>>) -> bool {
        let own = self.support.as_ref().map(Weak::as_ptr);
        own == support.map(Arc::as_ptr)
    }
}

impl Native {
    /// Takes the words and records of the store before for its first instance, whose functions
    /// begin at `first`. What depends on the module's objects is to be written yet.
    pub(super) fn take_kept(
        &mut self,
        kept: Kept,
        vm: *mut Vm,
        types: *const u32,
        first: u32,
    ) -> Words {
        let Kept { words, thunks, pieces, .. } = kept;
        debug_assert!(self.thunks.is_empty() && self.pieces.is_empty(), "it is the first instance");
        (self.thunks, self.pieces) = (thunks, pieces);
        // R2: of the host's functions.
        self.lead_out();
        words.set(offsets::STORE, vm.expose_provenance());
        words.set(offsets::TYPES, types.expose_provenance());
        let (records, count) = (words.record(0).cast_const(), words.count() as usize);
        let places = self.records.iter_mut().skip(first as usize).take(count);
        for (at, place) in places.enumerate() {
            *place = records.wrapping_add(at);
        }
        words
    }
}

impl Store {
    /// The native side of a store that goes, for the next one. `tail`: the first instance's
    /// functions; `changed`: the functions that have got code.
    pub(crate) fn leave_native(
        &mut self,
        tail: Option<Tail>,
        changed: &[u32],
    ) -> Option<Box<Native>> {
        let mut native = self.native.take()?;
        // It goes to the stacks of `spare`, which must not own itself.
        native.stack = None;
        let alone = native.instances.len() == 1;
        let instance = native.instances.pop().filter(|_| alone);
        let thunks = std::mem::take(&mut native.thunks);
        let pieces = std::mem::take(&mut native.pieces);
        native.kept = tail.zip(instance).map(|(tail, NativeInstance { words, support, .. })| {
            let kept = Kept { words, support, thunks, pieces };
            kept.renew(tail, changed);
            kept
        });
        if let Some(kept) = &mut native.kept {
            kept.pieces.retain(|_, piece| piece.func.is_none());
        }
        native.records.clear();
        native.hosts.clear();
        native.instances.clear();
        native.lens.clear();
        native.segments.clear();
        // SAFETY: F1: these cells are ours, and no code of the store runs any more.
        unsafe { native.args.as_ptr().write_bytes(0, native.args.len()) };
        Some(native)
    }
}

impl Kept {
    /// Lets records of functions that have got code lead to the ways again (R6).
    fn renew(&self, tail: Tail, changed: &[u32]) {
        let indices = changed.iter().filter_map(|&func| (func as usize).checked_sub(tail.first));
        for index in indices.filter(|&index| index < tail.count) {
            // SAFETY: R1: the words are here, and have a record for each function of the tail.
            let record = unsafe { &*self.words.record(index as u32) };
            let out = self.thunks.get(&record.type_id()).map_or(0, |thunks| thunks.out.entry());
            record.set_code(out);
        }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native").field("instances", &self.instances.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64", not(miri)))]
mod tests;
