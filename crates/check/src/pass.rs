//! The one forward pass over a code's bytes, in address order.
//!
//! Every byte is data, as the certificate says, or part of one decoded instruction. A state goes
//! from instruction to instruction. At a claimed block the state starts afresh from its claims; a
//! block with one way to it, from before it, inherits the state of that way; every other target is
//! refused. `ud2` needs no state. There is no iteration and no fixpoint: a claim that does not hold
//! on an edge is a rejection.
//!
//! - W1. At each instruction, the state describes every execution that reaches it: by induction
//!   over the execution's length, since each edge establishes the state at its target.
//! - W2. Every jump leads to the start of an instruction of this pass.
//! - W3. Under metering, each way carries how many jumps backwards may follow up to the next charge
//!   or poll: none at the entry, [`JUMPS`](crate::certificate::JUMPS) behind each. A jump backwards
//!   takes one; a claimed block may say fewer than its ways have, never more. So on a cycle without
//!   a charge or a poll the number would fall at a jump backwards, which each cycle has, and rise
//!   nowhere: every cycle passes one. Where it is above 0, one was passed since the entry.
//!
//! - W4. Every way to what stands behind the frame leads through it: control reaches it, no claimed
//!   block was reached before, and no state waits. So what it keeps is compared on every edge to a
//!   claimed block, and what is known there of the height at entry holds for ever after.
//!
//! Time: linear in the code plus claims times edges and what queries walk, which [`WORK_MAX`]
//! bounds.

use crate::blocks::Blocks;
use crate::certificate::Certificate;
use crate::contract::Callee;
use crate::error::{Fault, Rejection, Rule, fault};
use crate::machine::Machine;
use crate::metadata::{CallRow, Rows, Says};
use crate::state::State;
use crate::step::{Effect, Faults, Flow};
use crate::written::{Marks, Written};
use crate::x64::{Class, Insn, Instructions};
use crate::{Code, Layout};
use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Bytes of one code at most.
pub const CODE_BYTES_MAX: usize = 1 << 26;
/// Claims that all edges check at most, for each byte of the code on top of [`KNOWN_BASE`]; 64
/// facts that a query walks and 16 words of a state that is copied count as one.
pub const WORK_MAX: u64 = 32;
/// Symbols and facts at most, for each byte of the code on top of [`KNOWN_BASE`]. Real code has a
/// third of one.
pub const KNOWN_MAX: usize = 16;
/// Symbols and facts that any code may have.
pub const KNOWN_BASE: usize = 1 << 16;
/// Stack words that states of waiting blocks hold at most.
pub const WAITING_WORDS_MAX: usize = 1 << 22;
/// As many stack words as a state takes without any.
const STATE_WORDS: usize = 24;

/// States that are kept to be used again, at most. Each has the space of the largest frame that it
/// was the state of.
const SPARE_MAX: usize = 32;

/// An offset that no code has.
const NOWHERE: u32 = u32::MAX;

/// Facts that queries may walk in the place of a claim.
const WALKED_EACH: u64 = 64;

/// The results of a pass that accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) frame_bytes: u32,
    pub(crate) charge: Option<u64>,
    pub(crate) arg_cells: u32,
}

/// Judges code; `work` is set to what that took, in facts walked.
pub(crate) fn pass(layout: &Layout, code: &Code<'_>, work: &mut u64) -> Result<Found, Rejection> {
    let mut at = 0;
    let kind = code.kind;
    run(layout, code, (&mut at, work)).map_err(|Fault { rule, what }| Rejection {
        kind,
        offset: at,
        rule,
        what,
    })
}

/// Maximum work for a code of `bytes` bytes, in facts walked.
pub(crate) fn work_max(bytes: usize) -> u64 {
    let most = (bytes as u64).saturating_mul(WORK_MAX).saturating_add(KNOWN_BASE as u64);
    most.saturating_mul(WALKED_EACH)
}

fn run(layout: &Layout, code: &Code<'_>, (at, work): (&mut u32, &mut u64)) -> Result<Found, Fault> {
    if code.bytes.len() > CODE_BYTES_MAX {
        return fault(Rule::Limit, "the code is too large");
    }
    let certificate = Certificate::read(code.certificate)?;
    let mut pass = Pass::new(layout, code, certificate)?;
    let walked = pass.walk(at);
    *work = work_max(code.bytes.len()).saturating_sub(pass.work);
    walked?;
    *at = 0;
    pass.finish()?;
    pass.machine.frame_is_charged()?;
    pass.written.finish(at)?;
    let machine = &pass.machine;
    let (frame_bytes, charge) = (machine.frame_bytes(), machine.charge);
    Ok(Found { frame_bytes, charge, arg_cells: machine.arg_cells })
}

/// A block with one way to it, and the state that it inherits. The first one is the greatest.
struct Waiting {
    at: u32,
    state: Box<State>,
    marks: Box<Marks>,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.at == other.at
    }
}

impl Eq for Waiting {}

struct Pass<'a> {
    machine: Machine<'a>,
    bytes: &'a [u8],
    insns: Instructions<'a>,
    rows: Rows<'a>,
    blocks: Blocks,
    /// P10, where control reaches the instruction.
    written: Written,
    /// The state, where control reaches the instruction.
    state: Option<Box<State>>,
    starts: Vec<u64>,
    must_start: Vec<u32>,
    /// Where `ud2` that no state reaches may have no row: nothing may lead there.
    unreached: Vec<u32>,
    waiting: BinaryHeap<Waiting>,
    /// The first offset in `waiting`.
    next_waiting: u32,
    /// States that are used again.
    #[allow(clippy::vec_box, reason = "a state goes from here to the map without being moved")]
    spare: Vec<Box<State>>,
    #[allow(clippy::vec_box, reason = "marks go from here to what waits without being moved")]
    spare_marks: Vec<Box<Marks>>,
    waiting_words: usize,
    /// The work that is left of what the code's size allows, in facts walked.
    work: u64,
}

impl<'a> Pass<'a> {
    fn new(
        layout: &'a Layout,
        code: &Code<'a>,
        mut certificate: Certificate,
    ) -> Result<Pass<'a>, Fault> {
        let len = u32::try_from(code.bytes.len()).unwrap_or(u32::MAX);
        let mut end = 0;
        for &(a, b) in &certificate.data {
            if a < end || b <= a || b > len {
                return fault(Rule::Certificate, "data that is not sorted, or not in the code");
            }
            end = b;
        }
        let data = core::mem::take(&mut certificate.data);
        let mut machine = Machine::new(layout, code.kind, code.bytes, data)?;
        let most = u64::from(len).saturating_mul(WORK_MAX).saturating_add(KNOWN_BASE as u64);
        let state = Box::new(machine.entry());
        let mut written = Written::new(code.bytes.len(), certificate.blocks.len());
        written.begin(&machine, &state);
        Ok(Pass {
            written,
            machine,
            bytes: code.bytes,
            insns: Instructions::new(code.bytes),
            rows: Rows::new(code.traps, code.calls, layout),
            blocks: Blocks::new(certificate, most)?,
            state: Some(state),
            starts: alloc::vec![0; (code.bytes.len() >> 6).saturating_add(1)],
            must_start: Vec::new(),
            unreached: Vec::new(),
            waiting: BinaryHeap::new(),
            next_waiting: NOWHERE,
            spare: Vec::new(),
            spare_marks: Vec::new(),
            waiting_words: 0,
            work: work_max(code.bytes.len()),
        })
    }

    fn walk(&mut self, at: &mut u32) -> Result<(), Fault> {
        let len = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let range = |pass: &Self, i: usize| pass.machine.data.get(i).copied();
        let start = |range: Option<(u32, u32)>| range.map_or(len, |(start, _)| start);
        // No instruction begins at `NOWHERE`: codes are shorter.
        let (mut block, mut next_block) = (0, self.blocks.offset(0));
        let mut frame = if next_block.is_some() { self.blocks.certificate.frame } else { NOWHERE };
        let (mut data, mut limit) = (0, start(range(self, 0)));
        let mut insn = Insn::default();
        while *at < len {
            let pos = *at;
            if pos == limit
                && let Some((_, end)) = range(self, data)
            {
                if self.state.is_some() {
                    return fault(Rule::Target, "the code runs into its data");
                }
                data = data.saturating_add(1);
                (*at, limit) = (end, start(range(self, data)));
                continue;
            }
            if pos == frame {
                frame = NOWHERE;
                self.frame()?;
            }
            if Some(pos) == next_block {
                self.claimed(block)?;
                block = block.saturating_add(1);
                next_block = self.blocks.offset(block);
            } else if pos == self.next_waiting {
                self.inherit(pos)?;
            }
            self.insns.decode(pos, &mut insn)?;
            if insn.end() > limit {
                return fault(Rule::Instruction, "an instruction that runs into data");
            }
            if let Some(word) = self.starts.get_mut((pos >> 6) as usize) {
                *word |= 1_u64 << (pos & 63);
            }
            self.instruction(&insn)?;
            self.walked()?;
            *at = insn.end();
        }
        if self.state.is_some() {
            return fault(Rule::Target, "the code runs off its end");
        }
        let left = next_block;
        if planted!(BlockInInstruction, left.is_some(), left.is_some_and(|at| at >= len)) {
            return fault(Rule::Target, "a claimed block does not begin at an instruction");
        }
        Ok(())
    }

    /// The frame: control reaches it, and everything behind it is reached through it. So what the
    /// height is at least here, it is at least in all states to come.
    fn frame(&mut self) -> Result<(), Fault> {
        let alone = planted!(FrameBesideWays, self.waiting.is_empty(), true);
        let Some(state) = self.state.as_ref().filter(|_| alone) else {
            return fault(Rule::Certificate, "not all ways lead through the frame");
        };
        self.blocks.expand(state)?;
        self.machine.keep_height(state.path);
        self.blocks.begin(&mut self.machine)?;
        self.spend(self.blocks.active.len() as u64 >> 4)
    }

    /// A claimed block begins.
    fn claimed(&mut self, block: usize) -> Result<(), Fault> {
        if let Some(mut state) = self.state.take() {
            self.machine.is_not_trapped(&state)?;
            self.enter_block(&mut state, block, None)?;
            self.done(state);
        }
        let mut state = self.spare.pop().unwrap_or_default();
        self.blocks.enter(&mut self.machine, &mut state, block)?;
        self.written.enter(block, state.words.len())?;
        let weight = state.weight();
        self.state = Some(state);
        let known = self.machine.symbols.len().saturating_add(self.machine.facts.len());
        if known > self.bytes.len().saturating_mul(KNOWN_MAX).saturating_add(KNOWN_BASE) {
            return fault(Rule::Limit, "more is claimed than the code's size allows");
        }
        self.spend(weight as u64 >> 4)?;
        Ok(())
    }

    /// A block with one way to it begins.
    fn inherit(&mut self, pos: u32) -> Result<(), Fault> {
        if self.state.is_some() {
            return fault(Rule::Claim, "a merge that the certificate does not claim");
        }
        if let Some(Waiting { state, marks, .. }) = self.waiting.pop() {
            self.state = Some(state);
            let used = core::mem::replace(&mut self.written.marks, marks);
            if self.spare_marks.len() < SPARE_MAX {
                self.spare_marks.push(used);
            }
        }
        let words = self.state.as_ref().map_or(0, |state| waits(state));
        self.waiting_words = self.waiting_words.saturating_sub(words);
        self.next_waiting = self.waiting.peek().map_or(NOWHERE, |waiting| waiting.at);
        // Two ways lead to it.
        if self.next_waiting == pos {
            return fault(Rule::Claim, "a merge that the certificate does not claim");
        }
        Ok(())
    }

    /// One instruction: the state behind it, if control goes on there.
    #[inline]
    fn instruction(&mut self, insn: &Insn) -> Result<(), Fault> {
        let Some(state) = self.state.as_deref_mut() else {
            // Behind the builtin that unwinds there is no row.
            let layout = self.machine.layout;
            let unwinds =
                self.machine.way_of().is_some() || layout.contexts() && !layout.config.signals;
            if self.rows.dead(insn, unwinds)? {
                self.unreached.push(insn.offset);
            }
            return Ok(());
        };
        self.machine.may_fault = self.rows.says_memory(insn);
        let mut effect = Effect::NONE;
        let leaves = matches!(insn.class, Class::Return | Class::Leave | Class::JumpTo);
        let calls = insn.class.is_call();
        let rsp = if calls || leaves { state.rsp() } else { None };
        self.written.step(&self.machine, state, insn);
        self.machine.callee = Callee::Nothing;
        self.machine.execute(state, insn, &mut effect)?;
        let at = (insn.offset, rsp.unwrap_or(0));
        if calls {
            self.written.calls(&self.machine, state, at);
        } else if leaves && effect.flow == Flow::Stop {
            self.written.leaves(&self.machine, state, (at, effect.tail));
        }
        self.written.resize(state);
        let stops = match effect.faults {
            Faults::HarmlessTable | Faults::HarmlessNull => false,
            Faults::Memory | Faults::Table | Faults::Null | Faults::Division | Faults::Trap => true,
            Faults::Never | Faults::Harmless => false,
        };
        if stops {
            self.machine.stops_in_chain(state)?;
        }
        let rows = self.rows.live(insn, &effect)?;
        if !rows.is_empty() {
            self.landings(insn, rsp, rows)?;
        }
        match effect.flow {
            Flow::Next => Ok(()),
            flow => self.leave(insn, flow),
        }
    }

    /// P14: the ways from a call to where exceptions land, and where its frame holds references to
    /// exceptions; `rsp` is the stack pointer before the call.
    fn landings(&mut self, insn: &Insn, rsp: Option<i64>, rows: &[CallRow]) -> Result<(), Fault> {
        for row in rows {
            if let (Says::Root(below), Some(state)) = (row.says, self.state.as_deref_mut()) {
                self.machine.root(state, below)?;
            }
        }
        for row in rows {
            let Some(state) = self.state.as_deref() else { return Ok(()) };
            match row.says {
                Says::Operator(_) | Says::Root(_) => {}
                Says::Clause(clause) => {
                    self.spend(state.weight() as u64 >> 4)?;
                    let Some(state) = self.state.as_deref() else { return Ok(()) };
                    let mut copy = self.spare.pop().unwrap_or_default();
                    copy.become_like(state);
                    self.machine.land(&mut copy, &clause, rsp)?;
                    let marks = self.written.lands(&self.machine, &copy);
                    let before = core::mem::replace(&mut *self.written.marks, marks);
                    self.edge(&mut copy, clause.landing, insn.offset)?;
                    *self.written.marks = before;
                    self.done(copy);
                }
            }
        }
        Ok(())
    }

    /// Control goes elsewhere than to the next instruction alone.
    fn leave(&mut self, insn: &Insn, flow: Flow) -> Result<(), Fault> {
        let Some(mut state) = self.state.take() else { return Ok(()) };
        if flow != Flow::Stop {
            self.machine.is_not_trapped(&state)?;
        }
        match flow {
            Flow::Next => {
                self.state = Some(state);
                return Ok(());
            }
            Flow::Stop => {}
            Flow::Jump(target) => self.edge(&mut state, target, insn.offset)?,
            Flow::Branch(target, condition) => {
                // Nothing needs to hold behind a branch that cannot be taken, nor behind one that
                // traps.
                let (taken, other) = if self.traps_at(target) {
                    self.machine.stops_in_chain(&state)?;
                    (None, self.machine.assume(&state, condition, false))
                } else {
                    self.machine.branch(&state, condition)
                };
                match taken {
                    Some(path) if state.knows_length() => {
                        self.spend(state.weight() as u64 >> 4)?;
                        let mut copy = self.spare.pop().unwrap_or_default();
                        copy.become_like(&state);
                        self.machine.go_on(&mut copy, path);
                        self.edge(&mut copy, target, insn.offset)?;
                        self.done(copy);
                    }
                    Some(path) => {
                        state.path = path;
                        self.edge(&mut state, target, insn.offset)?;
                    }
                    None => self.must_start.push(target),
                }
                if let Some(path) = other {
                    self.machine.go_on(&mut state, path);
                    self.state = Some(state);
                    return Ok(());
                }
            }
            Flow::Table { table, first, count } => {
                self.spend(u64::from(count))?;
                let mut targets = self.table(table, first, count)?;
                targets.sort_unstable();
                targets.dedup();
                for target in targets {
                    self.edge(&mut state, target, insn.offset)?;
                }
            }
        }
        self.done(state);
        Ok(())
    }

    /// A state that is not needed any more is used again.
    fn done(&mut self, state: Box<State>) {
        if self.spare.len() < SPARE_MAX {
            self.spare.push(state);
        }
    }

    /// The targets of a jump table, whose bytes are known to be data.
    fn table(&self, table: u32, first: u32, count: u32) -> Result<Vec<u32>, Fault> {
        let mut targets = Vec::new();
        for i in 0..count {
            let at = first.saturating_add(i.saturating_mul(4)) as usize;
            let Some(entry) = self.bytes.get(at..).and_then(|b| b.first_chunk::<4>()) else {
                return fault(Rule::JumpTable, "a jump table outside the code");
            };
            let target = i64::from(table).saturating_add(i64::from(i32::from_le_bytes(*entry)));
            match u32::try_from(target) {
                Ok(target) => targets.push(target),
                Err(_) => return fault(Rule::JumpTable, "an entry outside the code"),
            }
        }
        Ok(targets)
    }

    /// Whether there is a `ud2` that needs no state: with signals it may be executed in any.
    fn traps_at(&self, target: u32) -> bool {
        if !self.machine.layout.config.signals {
            return false;
        }
        let bytes = self.bytes.get(target as usize..).unwrap_or(&[]);
        bytes.starts_with(&[0x0f, 0x0b]) && self.blocks.find(target).is_none()
    }

    /// An edge from the instruction at `from` to `target`. The state does not change, except that
    /// unknown locations get symbols.
    fn edge(&mut self, state: &mut State, target: u32, from: u32) -> Result<(), Fault> {
        if self.traps_at(target) {
            self.machine.stops_in_chain(state)?;
            self.must_start.push(target);
            return Ok(());
        }
        if let Some(block) = self.blocks.find(target) {
            return self.enter_block(state, block, Some((target, from)));
        }
        if target <= from || target as usize >= self.bytes.len() {
            return fault(Rule::Target, "a jump to what is no claimed block");
        }
        self.spend(state.weight() as u64 >> 4)?;
        self.waiting_words = self.waiting_words.saturating_add(waits(state));
        if self.waiting_words > WAITING_WORDS_MAX {
            return fault(Rule::Limit, "too many blocks wait with their states");
        }
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.become_like(state);
        let mut marks = self.spare_marks.pop().unwrap_or_default();
        marks.become_like(&self.written.marks);
        self.waiting.push(Waiting { at: target, state: copy, marks });
        self.next_waiting = self.next_waiting.min(target);
        Ok(())
    }

    /// An edge into a claimed block; `jump` is none where control falls into it.
    fn enter_block(
        &mut self,
        state: &mut State,
        block: usize,
        jump: Option<(u32, u32)>,
    ) -> Result<(), Fault> {
        let before = self.blocks.frame.is_none();
        if planted!(BranchOverFrame, before, before && jump.is_none()) {
            return fault(Rule::Certificate, "a claimed block is reached before the frame");
        }
        let back = jump.is_some_and(|(target, from)| target <= from);
        self.machine.way_goes(state, back)?;
        let claims = self.blocks.claims(block);
        let kept = &self.blocks.kept;
        let words = state.words.len() as u64;
        let work = (claims.len() as u64).saturating_add(1).saturating_add(kept.len() as u64 >> 2);
        let work = work.saturating_add(words >> 4);
        self.written.goes(block)?;
        spend(&mut self.work, &self.machine, work)?;
        if self.machine.is_metered() {
            let taken = planted!(JumpsAreFree, u8::from(back), 0);
            let Some(left) = state.jumps.checked_sub(taken) else {
                return fault(Rule::Metering, "a way without a charge or a poll");
            };
            if planted!(JumpsAreBelieved, self.blocks.jumps(block) > left, false) {
                return fault(Rule::Metering, "a block with more jumps backwards than a way to it");
            }
        }
        let keeps = self.blocks.is_kept(state);
        if !planted!(KeptIsBelieved, keeps, true) {
            return fault(Rule::Claim, "a location does not keep what it held at the frame");
        }
        let implied = self.machine.implies(state, claims);
        spend(&mut self.work, &self.machine, 0)?;
        planted!(ClaimsAreBelieved, implied, Ok(()))
    }

    /// Takes off the work what queries have walked.
    fn walked(&mut self) -> Result<(), Fault> {
        if self.machine.facts.has_walked() { self.spend(0) } else { Ok(()) }
    }

    /// Takes work off what the code's size allows.
    fn spend(&mut self, work: u64) -> Result<(), Fault> {
        spend(&mut self.work, &self.machine, work)
    }

    fn finish(&mut self) -> Result<(), Fault> {
        if !planted!(TargetAnywhere, self.waiting.is_empty(), true) {
            return fault(Rule::Target, "a jump into an instruction or into data");
        }
        for &target in &self.must_start {
            let word = self.starts.get((target >> 6) as usize).copied().unwrap_or(0);
            if word >> (target & 63) & 1 == 0 {
                return fault(Rule::Target, "a jump into an instruction or into data");
            }
            let without = self.unreached.binary_search(&target).is_ok();
            if planted!(RowlessIsReached, without, false) {
                return fault(Rule::Metadata, "a jump to a trap that has no row");
            }
        }
        self.rows.finish()
    }
}

/// The words that a state takes while it waits: what a copy takes, and some for itself.
fn waits(state: &State) -> usize {
    state.weight().saturating_add(STATE_WORDS)
}

/// Takes work off what is left, and what queries have walked since.
fn spend(left: &mut u64, machine: &Machine<'_>, work: u64) -> Result<(), Fault> {
    let work = work.saturating_mul(WALKED_EACH).saturating_add(machine.facts.walked());
    match left.checked_sub(planted!(WorkIsFree, work, 0)) {
        Some(rest) => *left = rest,
        None => return fault(Rule::Limit, "more work than the code's size allows"),
    }
    machine.facts.allow(*left);
    Ok(())
}
