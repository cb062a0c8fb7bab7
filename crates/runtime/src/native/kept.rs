//! The native side that a finished store leaves to the next one, with the words and records of its
//! first instance, which the next store's first instance takes if it is of the same prototype, with
//! the same ways. So a store costs as much as the one before has changed.
//!
//! ```text
//! Store ─ leave_native ─► Native, with Kept             ─ Room of `spare` ─► Native::new
//!                                   └─────────── push_native_instance ─ take_kept ─► NativeInstance
//! ```
//!
//! The invariants are R1, R2 and R6 of [`super`], and Q2 of `store::spare`.
//!
//! Noticed by: the tests here, `crates/prova/tests/bulk.rs`.

use super::code::{NativeModule, Thunks};
use super::records::Words;
use super::state::{Native, NativeInstance, Piece};
use crate::func::Left;
use crate::store::{Store, Tail};
use crate::vm::Vm;
use prova_bytecode::Settings;
use prova_check::{CodeKind, offsets};
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
    /// Their pieces, and those of `codes`.
    pieces: BTreeMap<usize, Piece>,
    /// The native code of functions, in these settings.
    codes: Left,
    settings: Settings,
}

impl Kept {
    /// Whether its layout and ways are those of this support, in these settings.
    pub(super) fn is_with(&self, support: Option<&Arc<NativeModule>>, settings: Settings) -> bool {
        let own = self.support.as_ref().map(Weak::as_ptr);
        own == support.map(Arc::as_ptr) && self.settings == settings
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
    ) -> (Words, Left) {
        let Kept { words, thunks, pieces, codes, .. } = kept;
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
        (words, codes)
    }

    /// Begins without code of a store before: all argument cells are 0 (R7).
    pub(super) fn forget_found(&mut self) {
        if self.instances.is_empty() {
            debug_assert!(self.pieces.is_empty(), "it is the first instance");
            self.args_used = 0;
        }
    }

    /// Lets the words and code go if their module is gone.
    pub(crate) fn forget_past(&mut self) {
        let is_past = |kept: &mut Kept| {
            kept.support.as_ref().is_some_and(|support| support.strong_count() == 0)
        };
        self.kept.take_if(is_past);
    }
}

impl Store {
    /// The native side of a store that goes, for the next one. `tail`: the first instance's
    /// functions; `codes`: those of all functions.
    pub(crate) fn leave_native(&mut self, tail: Option<Tail>, codes: Left) -> Option<Box<Native>> {
        let mut native = self.native.take()?;
        let alone = native.instances.len() == 1;
        let instance = native.instances.pop().filter(|_| alone);
        let thunks = std::mem::take(&mut native.thunks);
        let pieces = std::mem::take(&mut native.pieces);
        let settings = self.settings();
        native.kept = tail.zip(instance).map(|(tail, NativeInstance { words, support, .. })| {
            let mut kept = Kept { words, support, thunks, pieces, codes, settings };
            kept.renew(tail);
            kept
        });
        native.records.clear();
        native.hosts.clear();
        native.instances.clear();
        native.lens.clear();
        native.bases.clear();
        native.table_bases.clear();
        native.left.clear();
        native.segments.clear();
        let used = native.args.len().min(native.args_used as usize);
        // SAFETY: F1: these cells are ours, and no code of the store runs any more. R7: the others
        // are 0.
        unsafe { native.args.as_ptr().write_bytes(0, used) };
        Some(native)
    }
}

impl Kept {
    /// Leaves native code of functions alone: records of the others that have got code lead to the
    /// ways again (R6).
    fn renew(&mut self, tail: Tail) {
        let Kept { words, thunks, pieces, codes, .. } = self;
        if codes.changed().is_empty() {
            return;
        }
        let is_of_a_loop = |piece: &Piece| matches!(piece.code.kind(), CodeKind::Loop { .. });
        pieces.retain(|_, piece| !is_of_a_loop(piece));
        codes.settle(|func| {
            let index = (func as usize).checked_sub(tail.first).filter(|&at| at < tail.count);
            let Some(index) = index else { return };
            // SAFETY: R1: the words are here, and have a record for each function of the tail.
            let record = unsafe { &*words.record(index as u32) };
            let out = thunks.get(&record.type_id()).map_or(0, |thunks| thunks.out.entry());
            record.set_code(out);
        });
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native").field("instances", &self.instances.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64", not(miri)))]
mod tests;
