//! The driver: one pass over a body, metering, the map, and the emission that all families share.
//!
//! The family files each translate their operators and say whether an operator is theirs. `fuse`
//! takes the last instruction back where a branch can do its work.
//!
//! # Invariants
//! * E1. `recent` are the instructions just before the current position, the newest last, each one
//!   with a single result, if control comes to the current position through all of them. Every
//!   other emission, every label and every hint forgets them.
//! * E2. The map has an entry where the operator changes; taking an instruction back takes its
//!   entries back.
//!
//! Tests: `shape` in `tests/support/mod.rs` looks at code, map and hints of every translation in a
//! test, and hands each candidate to the check.

use crate::accumulate::{Accumulated, AllHeld};
use crate::control::{Fixup, Frame};
use crate::error::TranslateError;
use crate::exception::{Catch, Try};
use crate::fuse::Combined;
use crate::moves::{Move, Moves, Source, source};
use crate::stack::{Entry, Place, Stack};
use prova_bytecode::encode::{VALUES_MAX, WORDS_MAX};
use prova_bytecode::{
    Candidate, CodeBuffer, ControlHint, Handler, Kind, MapEntry, Marks, Metering, Op, RegClass,
    Role, Settings,
};
use prova_module::{FuncFacts, FuncIdx, Limits, Module, Segment, ValType, cells};

/// The greatest number of cells of a frame, so that every slot has a 16-bit index: no module has a
/// function of more.
pub const FRAME_CELLS_MAX: u32 = Limits::FUNCTION_CELLS_MAX as u32;

/// Translates functions; keeps its buffers from one to the next.
#[derive(Debug, Default)]
pub struct Translator {
    buffers: Buffers,
    heat: bool,
}

impl Translator {
    /// A translator with empty buffers.
    pub fn new() -> Translator {
        Translator::default()
    }

    /// A translator whose code counts ([`Op::Heat`]): at the start of a function and of each loop,
    /// before a poll and a charge there.
    pub fn with_heat() -> Translator {
        Translator { heat: true, ..Translator::default() }
    }

    /// Translates one function.
    ///
    /// # Errors
    /// If the function needs code beyond the limits of the bytecode. Anything else, an imported
    /// `func` included, is a fault of the caller or of the translator and says so.
    pub fn translate(
        &mut self,
        module: &Module,
        func: FuncIdx,
        settings: &Settings,
    ) -> Result<Candidate, TranslateError> {
        let Some(facts) = module.facts(func) else {
            return Err(TranslateError::Bug { func, offset: 0, what: "a function without a body" });
        };
        let mut cx = Cx::new(module, facts, func, settings, core::mem::take(&mut self.buffers));
        cx.heat = self.heat;
        let result = cx.run();
        self.buffers = cx.b;
        result
    }
}

/// The memory kept from one function to the next.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) code: CodeBuffer,
    /// E1.
    pub(crate) recent: Vec<Produced>,
    map: Vec<MapEntry>,
    controls: Vec<ControlHint>,
    runs: Vec<Run>,
    pub(crate) stack: Stack,
    pub(crate) moves: Moves,
    pub(crate) frames: Vec<Frame>,
    pub(crate) fixups: Vec<Fixup>,
    pub(crate) targets: Vec<u32>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) tries: Vec<Try>,
    pub(crate) catches: Vec<Catch>,
}

/// Adjacent locals of equal size.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The first local.
    first: u32,
    /// Its slot.
    slot: u32,
    wide: bool,
}

/// An instruction with one result (E1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Produced {
    /// Its first word.
    pub(crate) at: u32,
    pub(crate) op: Op,
    /// The slot of its result.
    pub(crate) dst: u16,
    /// Whether that is a home slot, which a later instruction may consume.
    pub(crate) home: bool,
    /// Its marks, and what they did.
    accumulated: Accumulated,
    /// The contents of accumulators before it.
    held: AllHeld,
}

/// The translation of one function.
pub(crate) struct Cx<'m> {
    pub(crate) module: &'m Module,
    func: FuncIdx,
    pub(crate) facts: &'m FuncFacts,
    pub(crate) metering: Metering,
    /// Whether the code counts.
    pub(crate) heat: bool,
    /// Whether a memory of the module is shared.
    pub(crate) shares: bool,
    deterministic: bool,
    pub(crate) b: Buffers,
    /// The number of results of the function.
    pub(crate) results: usize,
    /// Offset of the current operator.
    pub(crate) offset: u32,
    /// Whether the current operator can be reached.
    pub(crate) live: bool,
    /// Open blocks that began in unreachable code.
    pub(crate) dead_depth: u32,
    /// Whether the next operator is the first of a body or loop.
    pub(crate) poll_due: bool,
    next_segment: usize,
    /// The one-cell copy just before the current position that a further copy may join.
    pairable: Option<(u32, u16, u16)>,
    /// The contents of accumulators (A1 of `accumulate`).
    pub(crate) held: AllHeld,
    /// How many `br_table`s there were.
    pub(crate) stamp: u32,
    fault: Option<&'static str>,
}

impl<'m> Cx<'m> {
    fn new(
        module: &'m Module,
        facts: &'m FuncFacts,
        func: FuncIdx,
        settings: &Settings,
        mut b: Buffers,
    ) -> Cx<'m> {
        b.code.clear();
        b.recent.clear();
        b.map.clear();
        b.controls.clear();
        b.runs.clear();
        b.frames.clear();
        b.fixups.clear();
        b.handlers.clear();
        b.tries.clear();
        b.catches.clear();
        Cx {
            module,
            func,
            facts,
            metering: settings.metering,
            heat: false,
            shares: module.has_shared_memory(),
            deterministic: settings.deterministic,
            b,
            results: module.func_type(func).results.len(),
            offset: 0,
            live: true,
            dead_depth: 0,
            poll_due: true,
            next_segment: 0,
            pairable: None,
            held: AllHeld::NONE,
            stamp: 0,
            fault: None,
        }
    }

    fn run(&mut self) -> Result<Candidate, TranslateError> {
        let Some(body) = self.module.body(self.func) else {
            return Err(self.bug_here("a function without a body"));
        };
        let frame_cells = self.facts.local_cells.saturating_add(self.facts.max_height_cells);
        if frame_cells > FRAME_CELLS_MAX {
            return Err(self.bug_here("a frame that the limits of modules exclude"));
        }
        let ty = self.module.func_type(self.func);
        self.declare_locals(ty.params.iter().map(|&ty| (1, ty)).chain(body.locals()));
        self.b.stack.reset(self.facts.local_cells as u16);
        self.enter_body(self.module.func_type_idx(self.func));
        let mut operators = body.operators_quick();
        while !operators.eof() {
            self.offset = operators.original_position() as u32;
            if operators.visit(self).is_err() {
                return Err(self.bug_here("an operator that does not decode"));
            }
            if self.fault.is_some() || self.b.stack.underflow {
                return Err(self.bug_here(self.fault.unwrap_or("an empty operand stack")));
            }
            if self.b.code.position() as usize > WORDS_MAX {
                let actual = self.b.code.position().into();
                return Err(self.limit("words", WORDS_MAX as u64, actual));
            }
        }
        if !self.b.frames.is_empty() {
            return Err(self.bug_here("a block without end"));
        }
        Ok(Candidate {
            func: self.func,
            words: self.b.code.words().to_vec(),
            frame_cells,
            map: self.b.map.clone(),
            controls: self.b.controls.clone(),
            handlers: self.b.handlers.clone(),
        })
    }

    /// The count, the poll and the charge that are due before the current operator.
    pub(crate) fn meter(&mut self) {
        if self.poll_due && self.heat {
            self.emit(Op::Heat, &[]);
        }
        if self.poll_due && self.metering.has_epoch() {
            self.emit(Op::Poll, &[]);
        }
        let offset = self.offset;
        let due = |s: &&Segment| s.offset == offset;
        if let Some(segment) = self.facts.segments.get(self.next_segment).filter(due) {
            self.next_segment += 1;
            if self.metering.has_fuel() {
                self.emit(Op::Charge, &[segment.cost.into()]);
            }
        }
    }

    fn declare_locals(&mut self, groups: impl Iterator<Item = (u32, ValType)>) {
        let (mut first, mut slot) = (0, 0);
        for (count, ty) in groups.filter(|&(count, _)| count != 0) {
            let wide = cells(ty) == 2;
            if self.b.runs.last().is_none_or(|run| run.wide != wide) {
                self.b.runs.push(Run { first, slot, wide });
            }
            first += count;
            slot += count * cells(ty);
        }
    }

    /// The slot of a local and whether it has two cells.
    #[inline]
    pub(crate) fn local(&self, index: u32) -> (u16, bool) {
        let runs = &self.b.runs;
        let at = if runs.len() == 1 { 1 } else { runs.partition_point(|run| run.first <= index) };
        match runs.get(at.wrapping_sub(1)) {
            Some(run) => {
                let slot = run.slot + (index - run.first) * (1 + u32::from(run.wide));
                (slot as u16, run.wide)
            }
            None => (0, false),
        }
    }

    /// Notes that the translator met something impossible; the translation ends after this
    /// operator.
    #[cold]
    pub(crate) fn bug(&mut self, what: &'static str) {
        self.fault.get_or_insert(what);
    }

    fn bug_here(&self, what: &'static str) -> TranslateError {
        TranslateError::Bug { func: self.func, offset: self.offset, what }
    }

    fn limit(&self, name: &'static str, max: u64, actual: u64) -> TranslateError {
        TranslateError::Limit { func: self.func, offset: self.offset, name, max, actual }
    }
}

/// Emission.
impl Cx<'_> {
    /// The index of the next word.
    #[inline]
    pub(crate) fn position(&self) -> u32 {
        self.b.code.position()
    }

    /// Emits an instruction of the current operator; forgets the ones before (E1).
    #[inline]
    pub(crate) fn emit<const N: usize>(&mut self, op: Op, values: &[u64; N]) -> u32 {
        self.emit_padded(op, &padded(values))
    }

    /// The same from all values that an instruction may have: those beyond the op's are 0.
    pub(crate) fn emit_padded(&mut self, op: Op, values: &Values) -> u32 {
        self.forget();
        let held = self.held;
        let (at, accumulated) = self.emit_accumulated(op, values);
        if joins_branches(op) {
            let (dst, home) = (values[0] as u16, false);
            self.b.recent.push(Produced { at, op, dst, home, accumulated, held });
        }
        at
    }

    #[inline(always)]
    fn emit_accumulated(&mut self, op: Op, values: &Values) -> (u32, Accumulated) {
        if self.b.map.last().is_none_or(|entry| entry.offset != self.offset) {
            self.b.map.push(MapEntry { word: self.position(), offset: self.offset });
        }
        let accumulated = self.accumulate(op, values);
        let at = self.b.code.emit_padded(op, accumulated.marks, values);
        self.hold(at, op, accumulated.marks, values);
        (at, accumulated)
    }

    /// Emits an instruction whose one result is operand 0, a home slot that a later instruction may
    /// consume.
    pub(crate) fn emit_to(&mut self, op: Op, values: &Values) {
        self.pairable = None;
        if self.b.recent.len() == RECENT_MAX {
            self.b.recent.clear();
        }
        let held = self.held;
        let (at, accumulated) = self.emit_accumulated(op, values);
        let (dst, home) = (values[0] as u16, true);
        self.b.recent.push(Produced { at, op, dst, home, accumulated, held });
    }

    /// Emits an instruction with one result and pushes the result; `sources` are the operands after
    /// it.
    #[inline]
    pub(crate) fn emit_push<const N: usize>(&mut self, op: Op, wide: bool, sources: [u64; N]) {
        const { assert!(N < VALUES_MAX, "a row has fewer operands") };
        let mut values = [0; VALUES_MAX];
        values[0] = self.b.stack.next_home().into();
        values[1..=N].copy_from_slice(&sources);
        self.emit_to(op, &values);
        self.b.stack.push_home(wide);
    }

    /// Emits two operators in one and pushes the result.
    pub(crate) fn emit_combined(&mut self, combined: &Combined) {
        let Combined { op, values: [a, b, c, d], count } = *combined;
        if count == 4 {
            self.emit_push(op, false, [a, b, c, d]);
        } else {
            self.emit_push(op, false, [a, b, c]);
        }
    }

    /// Makes the float on top canonical where the settings want results that are the same
    /// everywhere.
    #[inline]
    pub(crate) fn canonical(&mut self, canonicalize: Op) {
        if self.deterministic
            && let Some(top) = self.b.stack.top()
        {
            self.emit_to(canonicalize, &padded(&[top.home.into(), top.home.into()]));
        }
    }

    /// Control may come to the current position from elsewhere (E1).
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.b.recent.clear();
        self.pairable = None;
    }

    /// The last instruction, if its one result is in slot `dst`, a home slot.
    #[inline]
    pub(crate) fn last_into(&self, dst: u16) -> Option<Produced> {
        self.b.recent.last().filter(|last| last.home && last.dst == dst).copied()
    }

    /// The operand values of an instruction of this function.
    pub(crate) fn values(&self, produced: &Produced) -> Values {
        let mut values = self.b.code.values(produced.at, produced.op);
        let marks = produced.accumulated.marks;
        if let Some((value, slot)) = Cx::accumulated_slot(produced.op, marks, &produced.held) {
            values[value] = slot.into();
        }
        values
    }

    /// The last instruction, wherever its result is, if it is one of `op`.
    pub(crate) fn last_of(&self, op: Op) -> Option<Produced> {
        self.b.recent.last().filter(|last| last.op == op).copied()
    }

    /// Takes the last instruction back (E2).
    pub(crate) fn take_back(&mut self) {
        let Some(last) = self.b.recent.pop() else { return };
        self.b.code.truncate(last.at);
        self.unaccumulate(&last.accumulated, &last.held);
        while self.b.map.last().is_some_and(|entry| entry.word >= last.at) {
            self.b.map.pop();
        }
        self.pairable = None;
    }

    /// Takes the last instruction, `last`, back; gives its operand values.
    pub(crate) fn take_values_back(&mut self, last: &Produced) -> [u64; VALUES_MAX] {
        let mut values = self.values(last);
        values[0] = last.dst.into();
        self.take_back();
        values
    }

    /// Emits what takes the place of the last instruction, `last`, as code of that one's operator.
    pub(crate) fn emit_in_place_of_last<const N: usize>(&mut self, op: Op, sources: [u64; N]) {
        let current = self.offset;
        self.offset = self.b.map.last().map_or(current, |entry| entry.offset);
        self.take_back();
        self.emit_push(op, false, sources);
        self.offset = current;
    }

    /// Sets the branch offset of an instruction, its last operand.
    pub(crate) fn patch(&mut self, at: u32, op: Op, offset: i64) {
        self.b.code.patch(at, op, op.operands().len() - 1, offset as u64);
    }

    /// Appends a target word of a `br_table`.
    pub(crate) fn emit_target(&mut self) {
        self.b.code.emit_target(0);
    }

    /// Sets a target word of a `br_table`.
    pub(crate) fn patch_target(&mut self, word: u32, offset: i64) {
        self.b.code.patch_target(word, offset as i32);
    }

    /// Renames the result of `last`, the last instruction, to the local in `slot`. R1's copies come
    /// before it; they belong to the current operator, `last` still to its own.
    pub(crate) fn rename_last(&mut self, last: Produced, slot: u16) {
        if self.b.stack.has_alias(slot) {
            let mut values = self.values(&last);
            values[0] = slot.into();
            let current = self.offset;
            let own = self.b.map.last().map_or(current, |entry| entry.offset);
            self.take_back();
            self.preserve(slot);
            self.offset = own;
            self.emit_padded(last.op, &values);
            self.forget();
            self.offset = current;
        } else {
            self.b.code.patch(last.at, last.op, 0, slot.into());
            self.rename_held(last.at, slot);
            self.forget();
            self.b.recent.push(Produced { dst: slot, home: false, ..last });
        }
    }

    /// The slot in which an entry that was popped can be read; a constant goes to its home slot.
    #[inline]
    pub(crate) fn operand(&mut self, entry: &Entry) -> u64 {
        match entry.place {
            Place::Home => entry.home.into(),
            Place::Local(slot) => slot.into(),
            Place::Const { bits, narrow } => {
                self.emit_const(entry.home, bits, narrow);
                entry.home.into()
            }
        }
    }

    /// The slot of the value on top, which stays; a constant goes to its home slot.
    pub(crate) fn peek_operand(&mut self) -> u64 {
        if self.b.stack.top().is_some_and(|top| matches!(top.place, Place::Const { .. })) {
            self.home_top(1);
        }
        match self.b.stack.top() {
            Some(Entry { place: Place::Local(slot), .. }) => slot.into(),
            Some(entry) => entry.home.into(),
            None => {
                self.bug("an empty operand stack");
                0
            }
        }
    }

    /// Pops a value into a slot.
    #[inline]
    pub(crate) fn pop_operand(&mut self) -> u64 {
        let entry = self.b.stack.pop();
        self.operand(&entry)
    }

    /// Emits a constant into a slot.
    pub(crate) fn emit_const(&mut self, dst: u16, bits: u64, narrow: bool) {
        let op = match narrow {
            true => Op::Const32,
            false if i32::try_from(bits as i64).is_ok() => Op::Const64S32,
            false => Op::Const64,
        };
        self.emit_to(op, &padded(&[dst.into(), bits]));
    }

    /// Emits a copy; two one-cell copies become one instruction if the second does not read what
    /// the first writes.
    pub(crate) fn emit_copy(&mut self, dst: u16, src: u16, wide: bool) {
        if wide {
            self.emit(Op::CopyV128, &[dst.into(), src.into()]);
            return;
        }
        match self.pairable.take() {
            Some((at, d, s)) if d != src && d != dst => {
                self.b.code.truncate(at);
                // The first copy, which may have read an accumulator, has written one.
                self.held.clear(RegClass::Int);
                let values = padded(&[d.into(), dst.into(), s.into(), src.into()]);
                self.b.code.emit_padded(Op::Copy2, Marks::NONE, &values);
                self.hold(at, Op::Copy2, Marks::NONE, &values);
                self.fix();
                self.forget();
            }
            _ => {
                let op = self.copy_of(src);
                let at = self.emit(op, &[dst.into(), src.into()]);
                self.pairable = (op == Op::Copy).then_some((at, dst, src));
            }
        }
    }

    /// Emits the copy that preserves an alias; alone, so that its count is the count of preserved
    /// values.
    pub(crate) fn emit_preserve(&mut self, home: u16, local: u16, wide: bool) {
        self.emit(if wide { Op::CopyV128 } else { Op::Copy }, &[home.into(), local.into()]);
    }

    /// Emits one move.
    pub(crate) fn emit_move(&mut self, step: Move) {
        match step.src {
            Source::Slot(src) => self.emit_copy(step.dst, src, step.wide),
            Source::Const { bits, narrow } => self.emit_const(step.dst, bits, narrow),
        }
    }

    /// Brings the top `count` values to their home slots.
    pub(crate) fn home_top(&mut self, count: usize) {
        let height = self.b.stack.height();
        let Some(from) = height.checked_sub(count) else {
            return self.bug("an empty operand stack");
        };
        for p in from..height {
            if self.b.stack.get(p).place != Place::Home {
                let entry = self.b.stack.set_home(p);
                self.emit_move(Move { dst: entry.home, src: source(&entry), wide: entry.wide });
            }
        }
    }

    /// Emits a plain instruction by its row: slots are popped for its sources, `immediates` fill
    /// the rest in order, and a result is pushed.
    pub(crate) fn plain(&mut self, op: Op, immediates: &[u64]) {
        let row = op.operands();
        let mut values = [0; VALUES_MAX];
        let results = row.iter().filter(|o| o.role == Role::Result).count();
        let sources = row[results..].iter().filter(|o| o.kind.cells() != 0).count();
        let mut popped = [0; VALUES_MAX];
        for slot in popped[..sources].iter_mut().rev() {
            *slot = self.pop_operand();
        }
        let (mut slots, mut immediates) = (popped.iter().copied(), immediates.iter().copied());
        let mut n = results;
        for operand in &row[results..] {
            let width = if operand.kind == Kind::v128c { 2 } else { 1 };
            for _ in 0..width {
                let value =
                    if operand.kind.cells() != 0 { slots.next() } else { immediates.next() };
                values[n] = value.unwrap_or_default();
                n += 1;
            }
        }
        match results {
            0 => _ = self.emit_padded(op, &values),
            1 => {
                values[0] = self.b.stack.next_home().into();
                self.emit_to(op, &values);
                self.b.stack.push_home(row[0].kind == Kind::v128);
            }
            _ => {
                // R7 renames no instruction with two results, so this one is not noted as `last`.
                values[0] = self.b.stack.next_home().into();
                self.b.stack.push_home(row[0].kind == Kind::v128);
                values[1] = self.b.stack.next_home().into();
                self.b.stack.push_home(row[1].kind == Kind::v128);
                self.emit_padded(op, &values);
            }
        }
    }

    /// Adds the hint of the current operator, whose code ends at the current position: the code
    /// before it is final.
    pub(crate) fn hint(&mut self) {
        self.forget();
        self.fix();
        let (offset, word) = (self.offset, self.position());
        self.b.controls.push(ControlHint { offset, word });
    }
}

/// How many instructions of one straight line are kept.
const RECENT_MAX: usize = 32;

/// Whether a branch behind an instruction of `op`, or a `global.set`, may become one with it.
fn joins_branches(op: Op) -> bool {
    matches!(op, Op::I32AddImm | Op::Copy | Op::Const32)
}

/// The values that an instruction is emitted from; those that its op has not are 0.
pub(crate) type Values = [u64; VALUES_MAX];

/// Some values, and 0 for the rest.
#[inline(always)]
fn padded<const N: usize>(values: &[u64; N]) -> Values {
    const { assert!(N <= VALUES_MAX, "a row has fewer operands") };
    let mut all = [0; VALUES_MAX];
    all[..N].copy_from_slice(values);
    all
}
