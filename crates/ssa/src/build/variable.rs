//! Which value a local has at a place of the Wasm, and which blocks need a parameter for it.
//!
//! ```text
//! local.set ─► entry of the local ─┐
//! blocks, loops (positions) ───────┼─ value_at(local, position) ─► a value, or the parameter of a join (made on demand)
//! edges (positions) ───────────────┘                                       └ resolve: its arguments, once all edges are known
//! ```
//!
//! This is the construction of Braun and others (*Simple and efficient construction of SSA form*,
//! 2013): a parameter comes into being when a read needs it, and goes away if its arguments turn
//! out to be one value. The difference is the search: theirs goes backward block by block, which in
//! a function of many blocks and locals takes their product. In Wasm a definition reaches a read
//! through structure that can be skipped:
//!
//! Positions are offsets of operators. Let `w` be the last entry of the local before position `p`.
//! Then, in this order,
//! * L1. if `p` is in a loop that starts behind `w` and writes the local, the value is the
//!   parameter of the innermost such loop;
//! * L2. if `w` is in the first arm and `p` in the second arm of one `if`, it is the value at the
//!   `if`;
//! * L3. if `w` is in a block that ends before `p` and has a label with edges, it is the parameter
//!   of the outermost such block;
//! * L4. else it is the value of `w`.
//!
//! Each of these is found by a search in a [`Forest`]. While a function is walked, the later code
//! of a loop is not known, and the facts' masks stand in for it (L1); a local that shares a bit
//! gets a parameter that goes away again. A found value is remembered as a separate entry, so the
//! next read finds it at once.
//!
//! # Invariants
//! * V1. The entries of a local ascend by position. An entry's value is the local's from its
//!   position on, up to the next write, join, loop or arm.
//! * V2. `written` of an entry is the position of the last `local.set` or `local.tee` up to it.
//!
//! Cost: `O(log n)` for a read and for each argument of a parameter. Parameters and their arguments
//! can be more than linear in the Wasm (that is SSA's own worst case: nested loops that write many
//! locals), so [`Limits`](super::Limits) bounds them.

use super::forest::{Forest, NONE};
use crate::hash::Key;
use prova_module::ValType;
use std::collections::HashMap;

/// A value of the draft.
pub(super) type Id = u32;

/// The value of a local from a position on (V1, V2).
#[derive(Clone, Copy)]
struct Entry {
    pos: u32,
    written: u32,
    join: u32,
    value: Id,
}

/// A block with a label that edges lead to, or an `if`.
pub(super) struct Join {
    /// Where its operator is.
    pub(super) start: u32,
    /// Where its `else` is; [`NONE`] without one, and in the first arm.
    pub(super) else_: u32,
    /// Where its `end` is; [`NONE`] while it is open.
    pub(super) end: u32,
    /// The loop around it.
    pub(super) inside: u32,
    /// The block of its label.
    pub(super) block: u32,
}

/// A loop that branches go back to.
pub(super) struct Loop {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The mask of the locals that it writes.
    pub(super) mask: u64,
    /// The join around it.
    pub(super) join: u32,
    /// Its header.
    pub(super) block: u32,
}

/// A parameter of a block for a local.
#[derive(Clone, Copy)]
pub(super) struct Phi {
    pub(super) block: u32,
    pub(super) local: u32,
    pub(super) value: Id,
    /// The positions between which the block's Wasm lies, and the loop around it.
    pub(super) start: u32,
    pub(super) end_of: Region,
}

/// Whose end bounds a region.
#[derive(Clone, Copy)]
pub(super) enum Region {
    Join(u32),
    Loop(u32),
    /// The handler of a `try_table` that ends there, in a loop.
    Handler {
        end: u32,
        inside: u32,
    },
}

/// The locals of a function.
pub(super) struct Locals {
    pub(super) types: Vec<ValType>,
    params: u32,
    /// The newest entry of each.
    newest: Vec<u32>,
    entries: Forest<Entry>,
    pub(super) joins: Forest<Join>,
    pub(super) loops: Forest<Loop>,
    /// The innermost open ones.
    pub(super) join: u32,
    pub(super) inside: u32,
    pub(super) phis: Vec<Phi>,
    index: HashMap<(u32, u32), u32, Key>,
    /// The value of a local at an `if`, by join and local, where a search went by many of them.
    at_if: HashMap<(u32, u32), Id, Key>,
    /// The `if`s that a search went by (L2).
    passed: Vec<u32>,
    /// The zero of each type that a local starts with.
    pub(super) zeros: Vec<(ValType, Id)>,
    zero: HashMap<ValType, Id, Key>,
    /// Whether the whole function has been walked.
    pub(super) done: bool,
    /// The block whose parameters stay, though some are other values.
    pub(super) forced: u32,
}

/// A search that goes by more `if`s than this remembers what the local was at each, so that chains
/// of `if`s in `else`s are gone through once and short searches pay nothing.
const PASSED: usize = 4;

/// A local without a default value is read where it has none, which validation excludes.
pub(super) struct Unset;

impl Locals {
    /// The locals of a function of `bytes` bytes.
    pub(super) fn new(types: Vec<ValType>, params: u32, bytes: usize) -> Locals {
        let newest = vec![NONE; types.len()];
        Locals {
            types,
            params,
            newest,
            entries: Forest::with_room(bytes / 8),
            joins: Forest::with_room(bytes / 32),
            loops: Forest::with_room(0),
            join: NONE,
            inside: NONE,
            phis: Vec::new(),
            index: HashMap::default(),
            at_if: HashMap::default(),
            passed: Vec::new(),
            zeros: Vec::new(),
            zero: HashMap::default(),
            done: false,
            forced: NONE,
        }
    }

    /// Opens a join at the current position.
    pub(super) fn open_join(&mut self, start: u32, block: u32) {
        let join = Join { start, else_: NONE, end: NONE, inside: self.inside, block };
        self.join = self.joins.push(self.join, join);
    }

    /// The second arm of the innermost join, an `if`, starts.
    pub(super) fn alternate(&mut self, else_: u32) {
        if let Some(join) = self.joins.get_mut(self.join) {
            join.else_ = else_;
        }
    }

    pub(super) fn close_join(&mut self, end: u32) {
        if let Some(join) = self.joins.get_mut(self.join) {
            join.end = end;
        }
        self.join = self.joins.parent(self.join);
    }

    pub(super) fn open_loop(&mut self, start: u32, mask: u64, block: u32) {
        let data = Loop { start, end: NONE, mask, join: self.join, block };
        self.inside = self.loops.push(self.inside, data);
    }

    pub(super) fn close_loop(&mut self, end: u32) {
        if let Some(data) = self.loops.get_mut(self.inside) {
            data.end = end;
        }
        self.inside = self.loops.parent(self.inside);
    }

    /// A local is written.
    pub(super) fn write(&mut self, local: u32, pos: u32, value: Id) {
        self.enter(local, Entry { pos, written: pos, join: self.join, value });
    }

    fn enter(&mut self, local: u32, entry: Entry) {
        let newest = self.newest[local as usize];
        self.newest[local as usize] = self.entries.push(newest, entry);
    }

    /// The value of a local at the current position.
    pub(super) fn read(&mut self, local: u32, new: &mut Fresh<'_>) -> Result<Id, Unset> {
        // The common case: written, or read, since the last join.
        let newest = self.entries.get(self.newest[local as usize]);
        if let Some(&Entry { join, value, pos, .. }) = newest
            && join == self.join
            && self.loops.get(self.inside).is_none_or(|data| data.start <= pos)
            && self.joins.get(join).is_none_or(|join| join.else_ == NONE || join.else_ <= pos)
        {
            return Ok(value);
        }
        self.value_at(local, NONE, self.inside, new)
    }

    /// The value of a local before the operator at a position, which lies in a loop.
    pub(super) fn value_at(
        &mut self,
        local: u32,
        pos: u32,
        inside: u32,
        new: &mut Fresh<'_>,
    ) -> Result<Id, Unset> {
        let (mut pos, mut inside) = (pos, inside);
        let newest = self.newest[local as usize];
        let written = self.entries.get(newest).map_or(0, |entry| entry.written);
        // Where what is found is remembered; only at the current position.
        let mut note: Option<(u32, u32)> = None;
        self.passed.clear();
        let value = loop {
            let entry = self.entries.lowest_without(newest, |entry| entry.pos >= pos);
            let entry = self.entries.get(entry).copied();
            let (at, join) = entry.map_or((0, NONE), |entry| (entry.pos, entry.join));
            // L1
            let around = self.loop_of(local, inside);
            if let Some(data) = self.loops.get(around).filter(|data| data.start > at) {
                note.get_or_insert((data.start, data.join));
                let (block, start) = (data.block, data.start);
                break self.phi(block, local, start, Region::Loop(around), new);
            }
            let closed = self.joins.highest(join, |join| join.end < pos);
            let around = closed.map_or(join, |closed| self.joins.parent(closed));
            // L2
            if let Some(if_) = self.joins.get(around)
                && if_.else_ < pos
                && at < if_.else_
            {
                note.get_or_insert((if_.else_, around));
                (pos, inside) = (if_.start, if_.inside);
                if self.passed.len() >= PASSED
                    && let Some(&value) = self.at_if.get(&(around, local))
                {
                    break value;
                }
                self.passed.push(around);
                continue;
            }
            // L3
            if let Some(closed) = closed
                && let Some(data) = self.joins.get(closed)
            {
                note.get_or_insert((data.end, around));
                let (block, start) = (data.block, data.start);
                break self.phi(block, local, start, Region::Join(closed), new);
            }
            // L4
            break match entry {
                Some(entry) => entry.value,
                None => self.initial(local, new)?,
            };
        };
        if self.passed.len() > PASSED {
            let passed = self.passed.iter().map(|&around| ((around, local), value));
            self.at_if.extend(passed);
        }
        if !self.done
            && let Some((pos, join)) = note
        {
            self.enter(local, Entry { pos, written, join, value });
        }
        Ok(value)
    }

    /// The innermost loop around a place that writes a local, as known so far.
    fn loop_of(&self, local: u32, inside: u32) -> u32 {
        let unmasked = |data: &Loop| data.mask >> (local % 64) & 1 == 0;
        if !self.done {
            return self.loops.lowest_without(inside, unmasked);
        }
        let unwritten = |data: &Loop| !self.is_written(local, data.start, data.end);
        self.loops.lowest_without(inside, |data| unmasked(data) || unwritten(data))
    }

    /// Whether a local is written between two positions; known once all has been walked.
    pub(super) fn is_written(&self, local: u32, start: u32, end: u32) -> bool {
        let newest = self.newest[local as usize];
        let last = self.entries.lowest_without(newest, |entry| entry.pos >= end);
        self.entries.get(last).is_some_and(|entry| entry.written > start)
    }

    /// The parameter of a block for a local.
    pub(super) fn phi(
        &mut self,
        block: u32,
        local: u32,
        start: u32,
        end_of: Region,
        new: &mut Fresh<'_>,
    ) -> Id {
        if let Some(&phi) = self.index.get(&(block, local)) {
            return self.phis[phi as usize].value;
        }
        let value = new.value(self.types[local as usize]);
        self.index.insert((block, local), self.phis.len() as u32);
        self.phis.push(Phi { block, local, value, start, end_of });
        value
    }

    /// The value of a local when the function starts.
    fn initial(&mut self, local: u32, new: &mut Fresh<'_>) -> Result<Id, Unset> {
        if local < self.params {
            return Ok(local);
        }
        let ty = self.types[local as usize];
        if matches!(ty, ValType::Ref(ty) if !ty.is_nullable()) {
            return Err(Unset);
        }
        Ok(*self.zero.entry(ty).or_insert_with(|| {
            let value = new.value(ty);
            self.zeros.push((ty, value));
            value
        }))
    }
}

/// New values of the draft, by their types; the first are the parameters.
pub(super) struct Fresh<'d>(pub(super) &'d mut Vec<ValType>);

impl Fresh<'_> {
    pub(super) fn value(&mut self, ty: ValType) -> Id {
        self.0.push(ty);
        self.0.len() as Id - 1
    }
}
