//! The value of the body for a local of the Wasm, at each place of the walk.
//!
//! ```text
//! local.set, parameters of blocks ─► writes of the local ─┐
//! regions of joins, loops ────────────────────────────────┼─ value(local, place) ─► a value, and what must hold for it: claims
//! edges into blocks ──────────────────────────────────────┘                         └ prove: every claim on every edge
//! ```
//!
//! A *claim* `(block, local, value)` says: whenever control enters the block, the local is that
//! value. It stands for the parameter that the block does not have because it would always be one
//! value. A claim is assumed where it is used and proved for each edge into the block at the end,
//! so all claims hold together by induction over the length of a run (`check`, soundness).
//!
//! Places are offsets of operators, which are in the order of the Wasm. Let `w` be the last write
//! of the local before a place `p`, where a parameter of a block for the local counts as a write at
//! the block's start. The value at `p` is
//! * W1. if `p` is in a loop that starts after `w` and in which the local may be written: the value
//!   of the claim for the innermost such loop;
//! * W2. if `w` is in the first arm of an `if` and `p` is in the second one: the value at the `if`;
//! * W3. if `w` is in a block (or `if`) that ends before `p` and whose label has edges: the value
//!   of the claim for the outermost such block;
//! * W4. else the value of `w`, which dominates `p`; without `w`, the parameter of the function or
//!   the zero of the local's type.
//!
//! W1 holds beside the others: it adds a claim, and the value is found by the rest.
//!
//! # Invariants
//! * J1. The writes of a local rise by place.
//! * J2. The value known of a local in an *era* (the walk between the boundaries of one region)
//!   holds until the local is written.
//! * J3. The facts' mask of a loop's writes names too many locals, never too few. While the loop is
//!   open it stands for the writes to come; of a loop that has ended the writes are known.
//!
//! Time: a search is logarithmic; searches for claims are counted and limited (C14).

use super::ancestry::{Ancestry, NONE};
use super::error::{Fault, Rule, Verdict};
use crate::body::{Body, Place};
use crate::budget::Budget;
use crate::entity::{Block, Value};
use crate::hash::Key;
use prova_module::ValType;
use std::collections::{BTreeSet, HashMap};

/// A place in the Wasm: before the operator at an offset, in a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) pos: u32,
    inside: u32,
}

/// Where an edge comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    Point(Point),
    /// The handler of a number.
    Handler(u32),
}

/// A write, or a parameter that stands for what a local is from there on.
struct Write {
    pos: u32,
    /// The last `local.set` or `local.tee` up to here.
    set: u32,
    value: Value,
    region: u32,
}

/// How control has left a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Not yet, or not to what comes after.
    No,
    /// By edges to a label's block.
    Joined(Block),
    /// It is the first arm of an `if`: not at all to the second one.
    Arm,
}

/// A block with a label that edges lead to, an `if`, or the first arm of an `if` that has two.
struct Region {
    opened: Point,
    end: u32,
    left: Left,
    era: u32,
}

/// A loop with edges back to its header.
struct Loop {
    start: u32,
    end: u32,
    mask: u64,
    header: Block,
    outer: Point,
    era: u32,
}

/// The operators of a `try_table`, for its handler.
struct Guarded {
    block: Option<Block>,
    start: Point,
    end: u32,
}

/// The facts about a block of the body.
#[derive(Clone, Copy)]
struct Entered {
    /// The first and the last edge into it.
    first: u32,
    last: u32,
    /// How many parameters it has before those for locals.
    values: u32,
    /// The loop whose header it is.
    header_of: u32,
}

const OPEN: u32 = u32::MAX;

/// The locals of one function.
pub(super) struct Locals<'b> {
    body: &'b Body,
    pub(super) types: Vec<ValType>,
    params: u32,
    zeros: HashMap<ValType, Value, Key>,
    /// The value of a local, and its era.
    known: Vec<(Value, u32)>,
    newest: Vec<u32>,
    writes: Ancestry<Write>,
    regions: Ancestry<Region>,
    loops: Ancestry<Loop>,
    guarded: Vec<Guarded>,
    region: u32,
    inside: u32,
    era: u32,
    eras: u32,
    blocks: Vec<Entered>,
    /// Edges, each with the next one into the same block.
    edges: Vec<(From, u32)>,
    /// By block or region ([`REGION`]), and local.
    claims: HashMap<(u32, u32), Value, Key>,
    unproved: Vec<(Block, u32, Value)>,
    pending: Vec<u32>,
    budget: Budget,
}

/// Marks the number of a region among those of blocks.
const REGION: u32 = 0x8000_0000;

impl<'b> Locals<'b> {
    pub(super) fn new(
        body: &'b Body,
        types: Vec<ValType>,
        params: u32,
        budget: Budget,
        bytes: usize,
    ) -> Self {
        let entered = Entered { first: NONE, last: NONE, values: 0, header_of: NONE };
        Locals {
            body,
            params,
            zeros: HashMap::default(),
            known: vec![(Value::from_u32(0), 0); types.len()],
            newest: vec![NONE; types.len()],
            types,
            writes: Ancestry::with_room(bytes / 8),
            regions: Ancestry::with_room(bytes / 32),
            loops: Ancestry::default(),
            guarded: Vec::new(),
            region: NONE,
            inside: NONE,
            era: 1,
            eras: 1,
            blocks: vec![entered; body.block_count()],
            edges: Vec::with_capacity(2 * body.block_count()),
            claims: HashMap::default(),
            unproved: Vec::new(),
            pending: Vec::new(),
            budget,
        }
    }

    /// The value of the body that a zero of a type is; false if there is one.
    pub(super) fn zero(&mut self, ty: ValType, value: Value) -> bool {
        self.zeros.insert(ty, value).is_none()
    }

    pub(super) fn point(&self, pos: u32) -> Point {
        Point { pos, inside: self.inside }
    }

    fn next_era(&mut self) -> u32 {
        self.eras += 1;
        std::mem::replace(&mut self.era, self.eras)
    }

    /// Opens a region; gives its number.
    pub(super) fn open_region(&mut self, pos: u32, left: Left) -> u32 {
        let (opened, era) = (self.point(pos), self.next_era());
        let region = Region { opened, end: OPEN, left, era };
        self.region = self.regions.push(self.region, region);
        self.region
    }

    /// Closes the innermost region.
    pub(super) fn close_region(&mut self, end: u32, left: Left) {
        let outer = self.regions.before(self.region);
        if let Some(region) = self.regions.get_mut(self.region) {
            region.end = end;
            region.left = left;
            self.era = region.era;
        }
        self.region = outer;
    }

    /// Goes from the first arm of an `if` to the second one.
    pub(super) fn second_arm(&mut self, pos: u32) {
        self.close_region(pos, Left::Arm);
        self.next_era();
    }

    pub(super) fn open_loop(&mut self, start: u32, mask: u64, header: Block) {
        let (outer, era) = (self.point(start), self.next_era());
        let data = Loop { start, end: OPEN, mask, header, outer, era };
        self.inside = self.loops.push(self.inside, data);
        self.blocks[header.as_u32() as usize].header_of = self.inside;
    }

    pub(super) fn close_loop(&mut self, end: u32) {
        let outer = self.loops.before(self.inside);
        if let Some(data) = self.loops.get_mut(self.inside) {
            data.end = end;
            self.era = data.era;
        }
        self.inside = outer;
    }

    /// A `try_table` with clauses opens; its handlers are numbered in this order.
    pub(super) fn open_guarded(&mut self, start: u32) {
        let start = self.point(start);
        self.guarded.push(Guarded { block: None, start, end: OPEN });
    }

    /// The block of a handler, once an edge leads to it.
    pub(super) fn handler(&mut self, number: u32) -> &mut Option<Block> {
        &mut self.guarded[number as usize].block
    }

    pub(super) fn close_guarded(&mut self, number: u32, end: u32) {
        self.guarded[number as usize].end = end;
    }

    /// A block that is named has this many parameters before those for locals.
    pub(super) fn declare(&mut self, block: Block, values: u32) {
        self.blocks[block.as_u32() as usize].values = values;
    }

    pub(super) fn values_of(&self, block: Block) -> u32 {
        self.blocks[block.as_u32() as usize].values
    }

    pub(super) fn add_edge(&mut self, block: Block, from: From) {
        let id = self.edges.len() as u32;
        self.edges.push((from, NONE));
        let entered = &mut self.blocks[block.as_u32() as usize];
        match self.edges.get_mut(entered.last as usize) {
            Some((_, next)) => *next = id,
            None => entered.first = id,
        }
        entered.last = id;
    }

    /// `local.set` and `local.tee`.
    pub(super) fn set(&mut self, local: u32, pos: u32, value: Value) {
        self.write(local, pos, pos, value);
    }

    /// From a place on the local is a parameter.
    pub(super) fn param(&mut self, local: u32, pos: u32, value: Value) {
        let newest = self.newest[local as usize];
        let set = self.writes.get(newest).map_or(0, |write| write.set);
        self.write(local, pos, set, value);
    }

    fn write(&mut self, local: u32, pos: u32, set: u32, value: Value) {
        let region = self.region;
        let newest = &mut self.newest[local as usize];
        *newest = self.writes.push(*newest, Write { pos, set, value, region });
        self.known[local as usize] = (value, self.era);
    }

    /// The value of a local at the place of the walk.
    #[inline]
    pub(super) fn get(&mut self, local: u32, pos: u32) -> Verdict<Value> {
        if let Some(&(value, era)) = self.known.get(local as usize)
            && era == self.era
        {
            return Ok(value);
        }
        let value = self.value(local, From::Point(self.point(pos)))?;
        self.known[local as usize] = (value, self.era);
        Ok(value)
    }

    /// The value of a local along an edge from the place of the walk or from a handler.
    pub(super) fn along(&mut self, local: u32, from: From) -> Verdict<Value> {
        match from {
            From::Point(point) => self.get(local, point.pos),
            From::Handler(_) => self.value(local, from),
        }
    }

    /// W1 to W4.
    fn value(&mut self, local: u32, from: From) -> Verdict<Value> {
        self.pending.clear();
        let mut from = from;
        let value = loop {
            self.budget.spend(1)?;
            let at = match from {
                From::Point(at) => at,
                From::Handler(number) => match self.through(local, number)? {
                    Way::Known(value) => break value,
                    Way::From(From::Point(at)) => at,
                    Way::From(other) => {
                        from = other;
                        continue;
                    }
                },
            };
            let last = self.last_before(local, at.pos);
            let write = self.writes.get(last);
            let (pos, region) = write.map_or((0, NONE), |write| (write.pos, write.region));
            // W1
            let around = self.loops.skip(at.inside, |data| !self.may_write(local, data));
            if let Some(data) = self.loops.get(around).filter(|data| data.start > pos) {
                let header = data.header.as_u32();
                if let Some(&value) = self.claims.get(&(header, local)) {
                    break value;
                }
                self.pending.push(header);
            }
            let Some(closed) = self.regions.last(region, |region| region.end < at.pos) else {
                // W4
                break match write {
                    Some(write) => write.value,
                    None => self.initial(local)?,
                };
            };
            match self.out_of(local, closed)? {
                Way::Known(value) => break value,
                Way::From(other) => from = other,
            }
        };
        for at in 0..self.pending.len() {
            let key = self.pending[at];
            if self.claims.insert((key, local), value).is_none() && key & REGION == 0 {
                self.unproved.push((Block::from_u32(key), local, value));
            }
        }
        Ok(value)
    }

    /// W2, W3: the value behind a region in which the local was written.
    fn out_of(&mut self, local: u32, closed: u32) -> Verdict<Way> {
        let nothing =
            || Fault::new(Rule::Locals, format!("local {local} behind a region without end"));
        let region = self.regions.get(closed).ok_or_else(nothing)?;
        let way = match region.left {
            Left::No => return Err(nothing()),
            Left::Joined(block) => return self.entering(local, block),
            Left::Arm => From::Point(region.opened),
        };
        if let Some(&value) = self.claims.get(&(REGION | closed, local)) {
            return Ok(Way::Known(value));
        }
        self.pending.push(REGION | closed);
        Ok(Way::From(way))
    }

    /// The value where a handler goes on: the one before the `try_table`, unless there is a write
    /// in it. A loop that code may begin at has a parameter for a local that nobody sets, which is
    /// one.
    fn through(&mut self, local: u32, number: u32) -> Verdict<Way> {
        let guarded = &self.guarded[number as usize];
        let last = self.writes.get(self.last_before(local, guarded.end));
        if last.is_none_or(|write| write.pos <= guarded.start.pos) {
            return Ok(Way::From(From::Point(guarded.start)));
        }
        match guarded.block {
            Some(block) => self.entering(local, block),
            None => Err(Fault::new(Rule::Handlers, "a handler without block")),
        }
    }

    /// The value where control enters a block: its parameter, or its claim, whose value the first
    /// edge gives.
    fn entering(&mut self, local: u32, block: Block) -> Verdict<Way> {
        if let Some(value) = self.param_of(block, local) {
            return Ok(Way::Known(value));
        }
        if let Some(&value) = self.claims.get(&(block.as_u32(), local)) {
            return Ok(Way::Known(value));
        }
        let entered = self.blocks[block.as_u32() as usize];
        let Some(&(from, _)) = self.edges.get(entered.first as usize) else {
            return Err(Fault::new(Rule::Locals, format!("{block} is not entered")));
        };
        self.pending.push(block.as_u32());
        Ok(Way::From(from))
    }

    /// The parameter of a block for a local; those of a block rise (C10).
    fn param_of(&self, block: Block, local: u32) -> Option<Value> {
        let mut params = self.body.block(block).params();
        let first = params.nth(self.values_of(block) as usize)?.as_u32();
        let (mut low, mut high) = (first, first + 1 + params.len() as u32);
        while low < high {
            let middle = low.midpoint(high);
            let value = Value::from_u32(middle);
            match super::place(self.body, value) {
                Place::Local(other) if other == local => return Some(value),
                Place::Local(other) if other > local => high = middle,
                Place::Local(_) | Place::Stack(_) | Place::None => low = middle + 1,
            }
        }
        None
    }

    fn initial(&self, local: u32) -> Verdict<Value> {
        if local < self.params {
            return Ok(Value::from_u32(local));
        }
        let zero = self.types.get(local as usize).and_then(|ty| self.zeros.get(ty));
        zero.copied().ok_or_else(|| {
            Fault::new(Rule::Locals, format!("no zero for local {local}, which is not written"))
        })
    }

    fn last_before(&self, local: u32, pos: u32) -> u32 {
        let newest = self.newest.get(local as usize).copied().unwrap_or(NONE);
        self.writes.skip(newest, |write| write.pos >= pos)
    }

    /// Whether a local is set between two places that have been walked.
    fn is_set(&self, local: u32, start: u32, end: u32) -> bool {
        let last = self.writes.get(self.last_before(local, end));
        last.is_some_and(|write| write.set > start)
    }

    /// Whether a local may be set in a loop (J3).
    fn may_write(&self, local: u32, data: &Loop) -> bool {
        let masked = data.mask >> (local % 64) & 1 == 1;
        masked && (data.end == OPEN || self.is_set(local, data.start, data.end))
    }

    /// Proves all claims. The walk is at its end.
    pub(super) fn prove(&mut self) -> Verdict {
        while let Some((block, local, value)) = self.unproved.pop() {
            self.prove_claim(block, local, value)?;
        }
        Ok(())
    }

    /// The locals of which a claim does not hold. The walk is at its end.
    pub(super) fn disproved(&mut self) -> BTreeSet<u32> {
        let mut locals = BTreeSet::new();
        while let Some((block, local, value)) = self.unproved.pop() {
            if self.prove_claim(block, local, value).is_err() {
                locals.insert(local);
            }
        }
        locals
    }

    fn prove_claim(&mut self, block: Block, local: u32, value: Value) -> Verdict {
        let entered = self.blocks[block.as_u32() as usize];
        if let Some(data) = self.loops.get(entered.header_of)
            && !self.may_write(local, data)
        {
            // The value before the loop is the value in every round.
            let before = self.value(local, From::Point(data.outer))?;
            demand!(
                before == value,
                Locals,
                "local {local} before {block} is {before}, not {value}"
            );
            return Ok(());
        }
        let mut at = entered.first;
        while let Some(&(from, next)) = self.edges.get(at as usize) {
            let along = self.value(local, from)?;
            demand!(
                along == value,
                Locals,
                "local {local} has no parameter of {block}, and is {value} on one edge, {along} on another"
            );
            at = next;
        }
        Ok(())
    }
}

/// The result of a step on the way to a value.
enum Way {
    Known(Value),
    From(From),
}
