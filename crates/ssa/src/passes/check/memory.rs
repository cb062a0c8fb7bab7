//! What is known of memories and globals inside one block: accesses and writes in order → values of
//! later loads and reads, and loads that cannot trap.
//!
//! * X1. *A whole load* (`i32.load`, …) of the bytes that a whole load or store of the same width
//!   had, with nothing written to them since, is its value: a value is its bits (R5 of
//!   `prova-terms`). Any other load is the earlier load of the same operator there.
//! * X2. *Addresses.* Two accesses of one memory by one base touch different bytes if their ranges
//!   of offsets do not meet: a base plus an offset never wraps. A constant base is an offset. All
//!   other pairs of accesses may touch the same bytes, those of two memories too (two imports may
//!   be one memory).
//! * X3. *Reach.* An access traps exactly if its end lies beyond the memory's size, which never
//!   shrinks: after one by the same base that ends at least as far, a load cannot trap.
//! * X4. *Globals.* A read is the last write or read, unless another one that may be the same
//!   global has been written: imported globals may be one, defined ones are not.
//! * X5. Whatever else may write ([`Effects`]) ends what is known; so does a poll, in which the
//!   host may act.

use crate::body::{Access, Imm};
use crate::effect::{Effects, State};
use crate::hash::Key;
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_terms::Vn;
use std::collections::{BTreeMap, HashMap};

use super::super::number::{Numbers, is_whole};

/// A base in a memory.
type Base = (u32, Vn);

/// How bytes are known: as a whole value, or as what an operator loads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum As {
    Whole(u8),
    Loaded(Opcode),
}

/// What is known of the bytes behind a base: by offset and form, how many there are and their
/// value.
type Bytes = BTreeMap<(u64, As), (u8, Vn)>;

/// What is known inside a block.
#[derive(Default)]
pub(super) struct Known {
    values: HashMap<Base, Bytes, Key>,
    ends: HashMap<Base, u64, Key>,
    imported: HashMap<u32, Vn, Key>,
    defined: HashMap<u32, Vn, Key>,
}

/// Widest access.
const WIDTH_MAX: u64 = 16;

/// Where an access is: its base, its offset and the end of its range; `None` where that cannot be
/// said.
fn place(numbers: &mut Numbers, access: Access, base: Vn, width: u8) -> Option<(Base, u64, u64)> {
    let (base, offset) = match numbers.as_const(base) {
        Some(bits) => (numbers.constant(0), bits.checked_add(access.offset)?),
        None => (base, access.offset),
    };
    Some(((access.memory, base), offset, offset.checked_add(width.into())?))
}

/// How an operator knows the bytes that it loads or stores.
fn form(opcode: Opcode) -> As {
    if is_whole(opcode) { As::Whole(opcode.row().width) } else { As::Loaded(opcode) }
}

/// Tables with room for more are not emptied for the next block but made anew.
const KEPT_MAX: usize = 256;

impl Known {
    /// Forgets all, for the next block.
    pub(super) fn forget(&mut self) {
        if self.values.capacity().max(self.ends.capacity()) > KEPT_MAX {
            *self = Known::default();
        }
        self.values.clear();
        self.ends.clear();
        self.imported.clear();
        self.defined.clear();
    }

    /// A load: the value that is known (else it is `own`), and whether it cannot trap (X1, X3).
    pub(super) fn load(
        &mut self,
        numbers: &mut Numbers,
        (opcode, access): (Opcode, Access),
        base: Vn,
        own: Vn,
    ) -> (Vn, bool) {
        let width = opcode.row().width;
        let Some((base, offset, end)) = place(numbers, access, base, width) else {
            return (own, false);
        };
        let reached = self.reach(base, end);
        let entry = self.values.entry(base).or_default().entry((offset, form(opcode)));
        (entry.or_insert((width, own)).1, reached)
    }

    /// A store (X2, X3).
    pub(super) fn store(
        &mut self,
        numbers: &mut Numbers,
        (opcode, access): (Opcode, Access),
        base: Vn,
        value: Vn,
    ) {
        let width = opcode.row().width;
        let Some((base, offset, end)) = place(numbers, access, base, width) else {
            self.values.clear();
            return;
        };
        self.reach(base, end);
        let mut own = self.values.remove(&base).unwrap_or_default();
        self.values.clear();
        let first = (offset.saturating_sub(WIDTH_MAX), As::Whole(0));
        let near = own.range(first..(end, As::Whole(0)));
        let meets = near.filter(|((at, _), (width, _))| at + u64::from(*width) > offset);
        let gone: Vec<(u64, As)> = meets.map(|(&key, _)| key).collect();
        gone.iter().for_each(|key| {
            own.remove(key);
        });
        if let form @ As::Whole(_) = form(opcode) {
            own.insert((offset, form), (width, value));
        }
        self.values.insert(base, own);
    }

    /// Records that an access reached so far; whether one did before.
    fn reach(&mut self, base: Base, end: u64) -> bool {
        let known = self.ends.entry(base).or_insert(0);
        let reached = *known >= end;
        *known = end.max(*known);
        reached
    }

    /// `global.get`: the value that is known, else `own` (X4).
    pub(super) fn get(&mut self, global: u32, is_imported: bool, own: Vn) -> Vn {
        let known = if is_imported { &mut self.imported } else { &mut self.defined };
        *known.entry(global).or_insert(own)
    }

    /// `global.set` (X4).
    pub(super) fn set(&mut self, global: u32, is_imported: bool, value: Vn) {
        if is_imported {
            self.imported.clear();
            self.imported.insert(global, value);
        } else {
            self.defined.insert(global, value);
        }
    }

    /// Anything else (X5).
    pub(super) fn other(&mut self, effects: Effects, is_poll: bool) {
        if effects.writes.meets(State::MEMORY) || is_poll {
            self.values.clear();
        }
        if effects.writes.meets(State::GLOBAL) || is_poll {
            self.imported.clear();
            self.defined.clear();
        }
    }
}

/// The access of a plain load or store, with whether it is a load.
pub(super) fn plain(opcode: Opcode, imm: Imm) -> Option<(Access, bool)> {
    match (opcode.class(), imm) {
        (Class::load, Imm::Access(access)) => Some((access, true)),
        (Class::store, Imm::Access(access)) => Some((access, false)),
        (_, _) => None,
    }
}
