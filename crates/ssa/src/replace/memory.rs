//! The facts about memories and globals in a block, and in the blocks that it alone leads to:
//! accesses and writes in order → values of later loads and reads, and loads that cannot trap.
//!
//! * X1. *A whole load* (`i32.load`, …) of the bytes that a whole load or store of the same width
//!   had, with nothing written to them since, is its value: a value is its bits (R5 of
//!   `prova-terms`). Any other load is the earlier load of the same operator there.
//! * X2. *Addresses.* An access that does not trap lies where its root and a distance add up to,
//!   modulo 2³²: a base plus an offset never wraps, a 32-bit sum as base may, and is its own root
//!   and distance. So two accesses of one memory by one root touch different bytes if their ranges
//!   of distances, none of which wraps, do not meet, and the same bytes if these are the same. A
//!   constant base is an offset. All other pairs of accesses may touch the same bytes, those of two
//!   memories too (two imports may be one memory).
//! * X3. *Reach.* An access traps exactly if its end lies beyond the memory's size, which never
//!   shrinks: after one by the same base (a sum is a separate base, since it may wrap) that ends at
//!   least as far, a load cannot trap.
//! * X7. *Reach of roots.* The same holds of an access in a block that dominates (`reach`), and
//!   of one by the root that ends at least as far as the sum of distance and offset does, where
//!   none of them wraps: the root and that sum do not exceed the memory's size, which is at most
//!   2³², so the base is not wrapped and the access is where the root and the sum are.
//! * X4. *Globals.* A read is the last write or read, unless another one that may be the same
//!   global has been written: imported globals may be one, defined ones are not.
//! * X5. Any other instruction that may write ([`Effects`]) ends these facts; so does a poll, in
//!   which the host may act.
//! * X6. *Blocks.* A block into which all edges lead from one other, whose end has no effect,
//!   starts with what is known at that end: control came from there, and nothing was done since.

use crate::body::{Access, Body, Imm};
use crate::effect::{Effects, State};
use crate::entity::Block;
use crate::hash::Key;
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_terms::Vn;
use std::collections::{BTreeMap, HashMap};

use super::ways::Ways;
use crate::relate::number::{Numbers, is_whole};

/// A base in a memory.
pub type Base = (u32, Vn);

/// How bytes are known: as a whole value, or as what an operator loads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum As {
    Whole(u8),
    Loaded(Opcode),
}

/// The known bytes behind a base: by offset and form, their number and value.
type Bytes = BTreeMap<(u64, As), (u8, Vn)>;

/// The facts inside a block.
#[derive(Clone, Default)]
pub(super) struct Known {
    values: HashMap<Base, Bytes, Key>,
    ends: HashMap<Base, u64, Key>,
    imported: HashMap<u32, Vn, Key>,
    defined: HashMap<u32, Vn, Key>,
}

/// The most that is known in a block and passed on to others.
const PASSED_MAX: usize = 64;

/// Widest access.
const WIDTH_MAX: u64 = 16;

/// Bytes of a memory: a root, and a range of distances from it that does not wrap (X2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The root.
    pub root: Base,
    /// The first distance.
    pub at: u64,
    /// The distance behind the last one.
    pub to: u64,
}

/// Where an access is.
pub struct Place {
    /// Its bytes.
    pub range: Range,
    /// The base, and the end of the range of offsets (X3).
    pub(super) base: Base,
    pub(super) end: u64,
    /// The end of the range of distances from the root if nothing wraps (X7).
    pub(super) far: u64,
}

/// Where an access is; `None` where that cannot be said.
pub fn place(numbers: &mut Numbers, opcode: Opcode, access: Access, base: Vn) -> Option<Place> {
    let width = opcode.row().width;
    let width = u64::from(width);
    let of = |vn| (access.memory, vn);
    if let Some(bits) = numbers.as_const(base) {
        let (root, at) = (of(numbers.constant(0)), bits.checked_add(access.offset)?);
        let to = at.checked_add(width)?;
        return Some(Place { range: Range { root, at, to }, base: root, end: to, far: to });
    }
    let end = access.offset.checked_add(width)?;
    let (root, by) = numbers.root(base);
    if by == 0 {
        let range = Range { root: of(root), at: access.offset, to: end };
        return Some(Place { range, base: of(base), end, far: end });
    }
    let at = u64::from(by.wrapping_add(u32::try_from(access.offset).ok()?));
    let to = at + width;
    let is_plain = to <= 1 << 32;
    let (range, far) = (Range { root: of(root), at, to }, u64::from(by).checked_add(end)?);
    is_plain.then_some(Place { range, base: of(base), end, far })
}

/// How an operator knows the bytes that it loads or stores.
fn form(opcode: Opcode) -> As {
    if is_whole(opcode) { As::Whole(opcode.row().width) } else { As::Loaded(opcode) }
}

/// Tables with room for more are not emptied but made anew.
const KEPT_MAX: usize = 256;

/// Empties a table, in time that what was put in has paid for: to clear one takes as long as it has
/// room, however little is in it.
fn empty<K, V>(table: &mut HashMap<K, V, Key>) {
    if table.capacity() > KEPT_MAX {
        *table = HashMap::default();
    } else {
        table.clear();
    }
}

impl Known {
    /// Forgets all, for the next block.
    pub(super) fn forget(&mut self) {
        let Known { values, ends, imported, defined } = self;
        empty(values);
        empty(ends);
        empty(imported);
        empty(defined);
    }

    /// Whether it is little enough to be known in other blocks too.
    pub(super) fn is_small(&self) -> bool {
        let values: usize = self.values.values().map(BTreeMap::len).sum();
        values + self.ends.len() + self.imported.len() + self.defined.len() <= PASSED_MAX
    }

    fn is_empty(&self) -> bool {
        let Known { values, ends, imported, defined } = self;
        values.is_empty() && ends.is_empty() && imported.is_empty() && defined.is_empty()
    }

    /// A load: the value that is known, else `own` (X1).
    pub(super) fn load(&mut self, opcode: Opcode, place: Option<&Place>, own: Vn) -> Vn {
        let Some(Place { range, .. }) = place else { return own };
        let width = opcode.row().width;
        let entry = self.values.entry(range.root).or_default().entry((range.at, form(opcode)));
        entry.or_insert((width, own)).1
    }

    /// A store (X2).
    pub(super) fn store(&mut self, opcode: Opcode, place: Option<&Place>, value: Vn) {
        let Some(Place { range, .. }) = place else {
            empty(&mut self.values);
            return;
        };
        let mut own = self.values.remove(&range.root).unwrap_or_default();
        empty(&mut self.values);
        let first = (range.at.saturating_sub(WIDTH_MAX), As::Whole(0));
        let near = own.range(first..(range.to, As::Whole(0)));
        let meets = near.filter(|((at, _), (width, _))| at + u64::from(*width) > range.at);
        let gone: Vec<(u64, As)> = meets.map(|(&key, _)| key).collect();
        gone.iter().for_each(|key| {
            own.remove(key);
        });
        if let form @ As::Whole(_) = form(opcode) {
            own.insert((range.at, form), (opcode.row().width, value));
        }
        self.values.insert(range.root, own);
    }

    /// Records that an access reached so far; whether one did before.
    pub(super) fn reach(&mut self, base: Base, end: u64) -> bool {
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
            empty(&mut self.imported);
            self.imported.insert(global, value);
        } else {
            self.defined.insert(global, value);
        }
    }

    /// Anything else (X5).
    pub(super) fn other(&mut self, effects: Effects, is_poll: bool) {
        if effects.writes.meets(State::MEMORY) || is_poll {
            empty(&mut self.values);
        }
        if effects.writes.meets(State::GLOBAL) || is_poll {
            empty(&mut self.imported);
            empty(&mut self.defined);
        }
    }
}

/// The most blocks that wait for what another one has known.
const WAITING_MAX: usize = 256;

/// The facts at the starts of blocks to come (X6).
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) known: HashMap<Block, Known, Key>,
}

impl Waiting {
    /// Passes on what is known at the end of a block, to those that stand behind it.
    pub(super) fn pass(&mut self, body: &Body, ways: &Ways, block: Block, known: &Known) {
        if !known.is_small() || known.is_empty() {
            return;
        }
        for to in ways.from(body, block) {
            if self.known.len() < WAITING_MAX && !self.known.contains_key(&to) {
                self.known.insert(to, known.clone());
            }
        }
    }
}

/// The access of a plain load or store, with whether it is a load.
pub fn plain(opcode: Opcode, imm: Imm) -> Option<(Access, bool)> {
    match (opcode.class(), imm) {
        (Class::load, Imm::Access(access)) => Some((access, true)),
        (Class::store, Imm::Access(access)) => Some((access, false)),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: u32 = 10_000;

    /// Else each of many stores would take as long as all loads before it. (`examples/linear.rs`
    /// measures it.)
    #[test]
    fn what_empties_a_large_table_leaves_a_small_one() {
        let (mut known, mut numbers) = (Known::default(), Numbers::default());
        let access = Access { memory: 0, offset: 0, align_log2: 0, lane: 0 };
        let load = |known: &mut Known, numbers: &mut Numbers| {
            for inst in 0..COUNT {
                let [base, own] = [0, 1].map(|at| Vn::effect(inst, at));
                let place = place(numbers, Opcode::I32Load, access, base);
                known.load(Opcode::I32Load, place.as_ref(), own);
            }
            assert!(known.values.capacity() > KEPT_MAX);
        };
        load(&mut known, &mut numbers);
        let store = place(&mut numbers, Opcode::I32Store, access, Vn::effect(0, 0));
        known.store(Opcode::I32Store, store.as_ref(), Vn::effect(0, 1));
        assert!(known.values.capacity() <= KEPT_MAX);
        load(&mut known, &mut numbers);
        known.other(Effects::ALL, false);
        assert!(known.values.capacity() <= KEPT_MAX);
        for is_imported in [true, false] {
            for at in 0..COUNT {
                known.get(at, is_imported, Vn::effect(at, 0));
            }
        }
        known.set(0, true, Vn::effect(0, 0));
        assert!(known.imported.capacity() <= KEPT_MAX);
        known.forget();
        assert!(known.defined.capacity().max(known.ends.capacity()) <= KEPT_MAX);
    }
}
