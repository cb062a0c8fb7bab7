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
//! - W3. Under metering, a jump backwards has passed a charge or a poll since the header of a loop
//!   that it or an outer jump leads to; so every cycle passes one.
//!
//! - W4. Every way to what stands behind the frame leads through it: control reaches it, no claimed
//!   block was reached before, and no state waits. So what it keeps is compared on every edge to a
//!   claimed block, and what is known there of the height at entry holds for ever after.
//!
//! Time: linear in the code plus claims times edges and what queries walk, which [`WORK_MAX`]
//! bounds.

use crate::abi::regs::{RBP, RSP};
use crate::certificate::{Certificate, From, base_code};
use crate::claims::{Claim, Name};
use crate::error::{Fault, Rejection, Rule, fault};
use crate::machine::Machine;
use crate::metadata::Rows;
use crate::state::{Loc, State};
use crate::step::{Faults, Flow};
use crate::value::{Sym, Value};
use crate::x64::{Insn, Instructions};
use crate::{Code, Layout};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
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

/// Facts that queries may walk in the place of a claim.
const WALKED_EACH: u64 = 64;

/// What a pass found beside accepting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) frame_bytes: u32,
    pub(crate) charge: Option<u64>,
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

/// The work that a code of so many bytes may take, in facts walked.
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
    Ok(Found { frame_bytes: pass.machine.frame_bytes(), charge: pass.machine.charge })
}

struct Pass<'a> {
    machine: Machine<'a>,
    bytes: &'a [u8],
    insns: Instructions<'a>,
    rows: Rows<'a>,
    blocks: Blocks,
    /// The state, where control reaches the instruction.
    state: Option<Box<State>>,
    starts: Vec<u64>,
    must_start: Vec<u32>,
    waiting: BTreeMap<u32, Box<State>>,
    /// The first offset in `waiting`.
    next_waiting: u32,
    /// States that are used again.
    #[allow(clippy::vec_box, reason = "a state goes from here to the map without being moved")]
    spare: Vec<Box<State>>,
    waiting_words: usize,
    /// What is left of the work that the code's size allows, in facts walked.
    work: u64,
}

/// Claimed blocks: their claims as ranges of one list of numbers.
struct Blocks {
    certificate: Certificate,
    /// The values that the locations had at the frame, those that are the same in the whole
    /// function; none before the frame.
    frame: Option<Vec<Option<Value>>>,
    /// What stack pointer, frame pointer and stack words hold at the frame and at every claimed
    /// block, but for those that the certificate names.
    kept: Vec<(Loc, Value)>,
    ends: Vec<usize>,
    active: Vec<u32>,
    /// The claims with the least numbers.
    table: Vec<Claim>,
    most: u64,
}

/// What stands for a claim that is none: it says nothing.
const NO_CLAIM: Claim = Claim::Range { name: Name::Fixed(Sym::ZERO), lo: 0, hi: u64::MAX };

impl Blocks {
    fn new(certificate: Certificate, most: u64) -> Result<Blocks, Fault> {
        let mut last = None;
        for block in &certificate.blocks {
            if last.is_some_and(|last| last >= block.offset) {
                return fault(Rule::Certificate, "blocks that are not sorted");
            }
            last = Some(block.offset);
        }
        let (kept, ends, active) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Blocks { certificate, frame: None, kept, ends, active, table: Vec::new(), most })
    }

    fn find(&self, offset: u32) -> Option<usize> {
        self.certificate.blocks.binary_search_by_key(&offset, |block| block.offset).ok()
    }

    fn offset(&self, i: usize) -> Option<u32> {
        self.certificate.blocks.get(i).map(|block| block.offset)
    }

    fn metered(&self, i: usize) -> bool {
        self.certificate.blocks.get(i).is_some_and(|block| block.metered)
    }

    /// The frame stands: what it holds can be claimed, and the differences between blocks can be
    /// expanded.
    fn expand(&mut self, state: &State) -> Result<(), Fault> {
        let words = u32::try_from(state.words.len()).unwrap_or(0);
        let held = |n| {
            let value = state.get(Loc::numbered(n))?;
            (value.sym.0 < Sym::FIRST && base_code(value.base).is_some()).then_some(value)
        };
        let frame: Vec<Option<Value>> = (0..words.saturating_add(17)).map(held).collect();
        let entries = u32::try_from(self.certificate.dictionary.len()).unwrap_or(u32::MAX);
        let number = |n: u32| n.saturating_mul(2).saturating_add(entries);
        let mut all = Vec::new();
        for (n, value) in (0_u32..).zip(&frame) {
            let Some(value) = *value else { continue };
            if keeps(n) && self.certificate.changed.binary_search(&n).is_err() {
                self.kept.push((Loc::numbered(n), value));
            } else {
                all.push(number(n));
            }
        }
        self.frame = Some(frame);
        for (i, block) in self.certificate.blocks.iter().enumerate() {
            let start = self.active.len();
            let from = match block.from {
                From::Nothing => 0..0,
                From::Frame => {
                    self.active.extend_from_slice(&all);
                    start..self.active.len()
                }
                From::Back(n) => match i.checked_sub(n as usize) {
                    Some(from) => range(&self.ends, from),
                    None => return fault(Rule::Certificate, "a block before the first one"),
                },
            };
            let (a, b) = (block.toggles.0 as usize, block.toggles.1 as usize);
            let toggles = self.certificate.toggles.get(a..b).unwrap_or(&[]);
            if toggles.is_empty() {
                if from.start != start {
                    self.active.extend_from_within(from);
                }
            } else {
                let end = self.active.len();
                toggle(&mut self.active, from, toggles);
                if end != start {
                    self.active.drain(start..end);
                }
            }
            if self.active.len() as u64 > self.most {
                return fault(Rule::Certificate, "more claims than the code's size allows");
            }
            self.ends.push(self.active.len());
        }
        let known = |&n: &u32| self.claim(n).is_some();
        if !self.certificate.toggles.iter().all(known) {
            return fault(Rule::Certificate, "a claim that is not in the dictionary");
        }
        let numbers = entries.saturating_add(words.saturating_add(17).saturating_mul(2));
        self.table = (0..numbers).map(|n| self.claim(n).unwrap_or(NO_CLAIM)).collect();
        Ok(())
    }

    /// The claim with a number: one of the dictionary; behind those, for each location, that it
    /// holds what it held at the frame, and that it holds a number below 2^32.
    fn claim(&self, n: u32) -> Option<Claim> {
        let entries = &self.certificate.dictionary;
        if let Some(&claim) = entries.get(n as usize) {
            return Some(claim);
        }
        let n = (n as usize).checked_sub(entries.len())?;
        let at = Loc::numbered(u32::try_from(n >> 1).ok()?);
        if n & 1 == 1 {
            return Some(Claim::Number { at, hi: 0xffff_ffff });
        }
        let value = self.frame.as_ref()?.get(n >> 1).copied().flatten()?;
        let Value { base, sym, shift, add } = value;
        Some(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add })
    }

    fn claims(&self, i: usize) -> impl ExactSizeIterator<Item = Claim> + Clone + '_ {
        let active = self.active.get(range(&self.ends, i)).unwrap_or(&[]);
        // Every number was looked up before.
        active.iter().map(move |&n| match self.table.get(n as usize) {
            Some(&claim) => claim,
            None => self.claim(n).unwrap_or(NO_CLAIM),
        })
    }
}

/// Whether a location keeps what it holds at the frame, if nothing else is said.
pub const fn keeps(n: u32) -> bool {
    n == RSP as u32 || n == RBP as u32 || n > 16
}

/// The places of the claims of a block.
fn range(ends: &[usize], i: usize) -> core::ops::Range<usize> {
    let start = i.checked_sub(1).and_then(|i| ends.get(i)).copied().unwrap_or(0);
    start..ends.get(i).copied().unwrap_or(start)
}

/// Puts behind `list` the symmetric difference of its part `a` and of `b`, both sorted.
fn toggle(list: &mut Vec<u32>, a: core::ops::Range<usize>, b: &[u32]) {
    let mut a = a;
    let mut b = b.iter().copied().peekable();
    loop {
        let x = if a.is_empty() { None } else { list.get(a.start).copied() };
        let y = b.peek().copied();
        let order = match (x, y) {
            (Some(x), Some(y)) => x.cmp(&y),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return,
        };
        if order != Ordering::Greater {
            a.start = a.start.saturating_add(1);
        }
        if order != Ordering::Less {
            b.next();
        }
        match order {
            Ordering::Less => list.extend(x),
            Ordering::Greater => list.extend(y),
            Ordering::Equal => {}
        }
    }
}

impl<'a> Pass<'a> {
    fn new(
        layout: &'a Layout,
        code: &Code<'a>,
        certificate: Certificate,
    ) -> Result<Pass<'a>, Fault> {
        let len = u32::try_from(code.bytes.len()).unwrap_or(u32::MAX);
        let mut end = 0;
        for &(a, b) in &certificate.data {
            if a < end || b <= a || b > len {
                return fault(Rule::Certificate, "data that is not sorted, or not in the code");
            }
            end = b;
        }
        let data = certificate.data.clone();
        let mut machine = Machine::new(layout, code.kind, code.bytes, data)?;
        let most = u64::from(len).saturating_mul(WORK_MAX).saturating_add(KNOWN_BASE as u64);
        let state = Some(Box::new(machine.entry()));
        Ok(Pass {
            machine,
            bytes: code.bytes,
            insns: Instructions::new(code.bytes),
            rows: Rows::new(code.traps, code.calls, layout.config()),
            blocks: Blocks::new(certificate, most)?,
            state,
            starts: alloc::vec![0; (code.bytes.len() >> 6).saturating_add(1)],
            must_start: Vec::new(),
            waiting: BTreeMap::new(),
            next_waiting: u32::MAX,
            spare: Vec::new(),
            waiting_words: 0,
            work: work_max(code.bytes.len()),
        })
    }

    fn walk(&mut self, at: &mut u32) -> Result<(), Fault> {
        let len = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let ranges = self.machine.data.clone();
        let mut ranges = ranges.into_iter().peekable();
        let (mut block, mut next_block) = (0, self.blocks.offset(0));
        let frame = next_block.map(|_| self.blocks.certificate.frame);
        let mut insn = Insn::default();
        while *at < len {
            let pos = *at;
            if let Some(&(start, end)) = ranges.peek()
                && start == pos
            {
                if self.state.is_some() {
                    return fault(Rule::Target, "the code runs into its data");
                }
                ranges.next();
                *at = end;
                continue;
            }
            if frame == Some(pos) {
                self.frame()?;
            }
            if next_block == Some(pos) {
                self.claimed(block)?;
                block = block.saturating_add(1);
                next_block = self.blocks.offset(block);
            } else if self.next_waiting == pos {
                self.inherit(pos)?;
            }
            self.insns.decode(pos, &mut insn)?;
            let limit = ranges.peek().map_or(len, |&(start, _)| start);
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
        if next_block.is_some() {
            return fault(Rule::Target, "a claimed block does not begin at an instruction");
        }
        Ok(())
    }

    /// The frame: control reaches it, and everything behind it is reached through it. So what the
    /// height is at least here, it is at least in all states to come.
    fn frame(&mut self) -> Result<(), Fault> {
        let Some(state) = self.state.as_ref().filter(|_| self.waiting.is_empty()) else {
            return fault(Rule::Certificate, "not all ways lead through the frame");
        };
        self.blocks.expand(state)?;
        self.machine.keep_height(state.path);
        self.spend(self.blocks.active.len() as u64 >> 4)
    }

    /// A claimed block begins.
    fn claimed(&mut self, block: usize) -> Result<(), Fault> {
        if let Some(mut state) = self.state.take() {
            self.enter_block(&mut state, block, None)?;
            self.spare.push(state);
        }
        let mut state = self.spare.pop().unwrap_or_default();
        let (claims, kept) = (self.blocks.claims(block), &self.blocks.kept);
        self.machine.renew(&mut state, self.blocks.metered(block));
        self.machine.hold(&mut state, kept, claims)?;
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
        self.state = self.waiting.remove(&pos);
        let words = self.state.as_ref().map_or(0, |state| waits(state));
        self.waiting_words = self.waiting_words.saturating_sub(words);
        self.next_waiting = self.waiting.keys().next().copied().unwrap_or(u32::MAX);
        Ok(())
    }

    /// One instruction: the state behind it, if control goes on there.
    fn instruction(&mut self, insn: &Insn) -> Result<(), Fault> {
        let Some(mut state) = self.state.take() else {
            return self.rows.dead(insn);
        };
        let effect = self.machine.step(&mut state, insn)?;
        if matches!(effect.faults, Faults::Memory | Faults::Division | Faults::Trap) {
            self.machine.stops_in_chain(&state)?;
        }
        self.rows.live(insn, &effect)?;
        match effect.flow {
            Flow::Next => {
                self.state = Some(state);
                return Ok(());
            }
            Flow::Stop => {}
            Flow::Jump(target) => self.edge(&mut state, target, insn.offset)?,
            Flow::Branch(target, condition) => {
                let other = self.machine.assume(&state, condition, false);
                let traps = self.traps_at(target);
                if traps {
                    self.machine.stops_in_chain(&state)?;
                }
                // A way that cannot be taken needs nothing behind it.
                let taken = if traps { None } else { self.machine.assume(&state, condition, true) };
                match taken {
                    Some(path) => {
                        state.path = path;
                        self.edge(&mut state, target, insn.offset)?;
                    }
                    None => self.must_start.push(target),
                }
                if let Some(path) = other {
                    state.path = path;
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
        self.spare.push(state);
        Ok(())
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

    /// An edge from the instruction at `from` to `target`. The state stays what it was, but for
    /// symbols of unknown locations.
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
        let copy = match self.spare.pop() {
            Some(mut spare) => {
                spare.become_like(state);
                spare
            }
            None => Box::new(state.clone()),
        };
        if self.waiting.insert(target, copy).is_some() {
            return fault(Rule::Claim, "a merge that the certificate does not claim");
        }
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
        if self.blocks.frame.is_none() {
            return fault(Rule::Certificate, "a claimed block is reached before the frame");
        }
        let claims = self.blocks.claims(block);
        let kept = &self.blocks.kept;
        let work = (claims.len() as u64).saturating_add(1).saturating_add(kept.len() as u64 >> 2);
        spend(&mut self.work, &self.machine, work)?;
        let metered = self.blocks.metered(block);
        if self.machine.is_metered() {
            let back = jump.is_some_and(|(target, from)| target <= from);
            if (metered || back) && !state.metered {
                return fault(Rule::Metering, "a way without a charge or a poll");
            }
            if back && metered {
                return fault(Rule::Metering, "the header of a loop claims a charge");
            }
        }
        let keeps = kept.iter().all(|&(at, value)| state.get(at) == Some(value));
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
