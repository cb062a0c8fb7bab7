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
//! Time: linear in the code plus claims times edges, which [`EDGE_WORK_MAX`] bounds.

use crate::certificate::Certificate;
use crate::claims::Claim;
use crate::error::{Fault, Rejection, Rule, fault};
use crate::facts::WALK_MAX;
use crate::machine::Machine;
use crate::metadata::Rows;
use crate::state::State;
use crate::step::Flow;
use crate::x64::Insn;
use crate::{Code, Layout};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Bytes of one code at most.
pub const CODE_BYTES_MAX: usize = 1 << 26;
/// Claims that all edges check at most, for each byte of the code; where the facts of a path are
/// many, or a state is large, they count for several.
pub const EDGE_WORK_MAX: u64 = 256;
/// Stack words that states of waiting blocks hold at most.
pub const WAITING_WORDS_MAX: usize = 1 << 22;

/// What a pass found beside accepting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) frame_bytes: u32,
    pub(crate) charge: Option<u64>,
}

pub(crate) fn pass(layout: &Layout, code: &Code<'_>) -> Result<Found, Rejection> {
    let mut at = 0;
    let kind = code.kind;
    run(layout, code, &mut at).map_err(|Fault { rule, what }| Rejection {
        kind,
        offset: at,
        rule,
        what,
    })
}

fn run(layout: &Layout, code: &Code<'_>, at: &mut u32) -> Result<Found, Fault> {
    if code.bytes.len() > CODE_BYTES_MAX {
        return fault(Rule::Limit, "the code is too large");
    }
    let certificate = Certificate::read(code.certificate)?;
    let mut pass = Pass::new(layout, code, certificate)?;
    pass.walk(at)?;
    *at = 0;
    pass.finish()?;
    pass.machine.frame_is_charged()?;
    Ok(Found { frame_bytes: pass.machine.frame_bytes(), charge: pass.machine.charge })
}

struct Pass<'a> {
    machine: Machine<'a>,
    bytes: &'a [u8],
    rows: Rows<'a>,
    blocks: Blocks,
    starts: Vec<u64>,
    must_start: Vec<u32>,
    waiting: BTreeMap<u32, State>,
    waiting_words: usize,
    edge_work: u64,
}

/// Claimed blocks: their claims as ranges of one list of numbers of dictionary entries.
struct Blocks {
    dictionary: Vec<Claim>,
    offsets: Vec<u32>,
    metered: Vec<bool>,
    ends: Vec<usize>,
    active: Vec<u32>,
}

impl Blocks {
    /// Expands the differences between blocks.
    fn new(certificate: Certificate, most: u64) -> Result<Blocks, Fault> {
        let mut blocks = Blocks {
            dictionary: certificate.dictionary,
            offsets: Vec::new(),
            metered: Vec::new(),
            ends: Vec::new(),
            active: Vec::new(),
        };
        for (i, block) in certificate.blocks.iter().enumerate() {
            if blocks.offsets.last().is_some_and(|&last| last >= block.offset) {
                return fault(Rule::Certificate, "blocks that are not sorted");
            }
            let from = match block.from {
                0 => 0..0,
                n => match i.checked_sub(n as usize) {
                    Some(from) => blocks.range(from),
                    None => return fault(Rule::Certificate, "a block before the first one"),
                },
            };
            let start = blocks.active.len();
            let before = blocks.active.get(from).unwrap_or(&[]).to_vec();
            toggle(&before, &block.toggles, &mut blocks.active);
            let known = blocks.dictionary.len();
            let new = blocks.active.get(start..).unwrap_or(&[]);
            if new.iter().any(|&n| n as usize >= known) {
                return fault(Rule::Certificate, "a claim that is not in the dictionary");
            }
            if blocks.active.len() as u64 > most {
                return fault(Rule::Certificate, "more claims than the code's size allows");
            }
            blocks.offsets.push(block.offset);
            blocks.metered.push(block.metered);
            blocks.ends.push(blocks.active.len());
        }
        Ok(blocks)
    }

    fn range(&self, i: usize) -> core::ops::Range<usize> {
        let start = i.checked_sub(1).and_then(|i| self.ends.get(i)).copied().unwrap_or(0);
        start..self.ends.get(i).copied().unwrap_or(start)
    }

    fn claims(&self, i: usize) -> Vec<Claim> {
        let active = self.active.get(self.range(i)).unwrap_or(&[]);
        active.iter().filter_map(|&n| self.dictionary.get(n as usize).copied()).collect()
    }
}

/// The symmetric difference of two sorted lists.
fn toggle(a: &[u32], b: &[u32], out: &mut Vec<u32>) {
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    loop {
        match (a.peek().copied(), b.peek().copied()) {
            (Some(x), Some(y)) if x == y => {
                a.next();
                b.next();
            }
            (Some(x), Some(y)) if x < y => {
                out.push(x);
                a.next();
            }
            (_, Some(y)) => {
                out.push(y);
                b.next();
            }
            (Some(x), None) => {
                out.push(x);
                a.next();
            }
            (None, None) => return,
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
        let machine = Machine::new(layout, code.kind, code.bytes, certificate.data.clone())?;
        let most = u64::from(len).saturating_mul(EDGE_WORK_MAX);
        Ok(Pass {
            machine,
            bytes: code.bytes,
            rows: Rows::new(code.traps, code.calls, layout.config()),
            blocks: Blocks::new(certificate, most)?,
            starts: alloc::vec![0; (code.bytes.len() >> 6).saturating_add(1)],
            must_start: Vec::new(),
            waiting: BTreeMap::new(),
            waiting_words: 0,
            edge_work: most,
        })
    }

    fn walk(&mut self, at: &mut u32) -> Result<(), Fault> {
        let len = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let mut state = Some(self.machine.entry());
        let mut ranges = self.machine.data.clone().into_iter().peekable();
        let mut block = 0;
        while *at < len {
            let pos = *at;
            if let Some(&(start, end)) = ranges.peek()
                && start == pos
            {
                if state.is_some() {
                    return fault(Rule::Target, "the code runs into its data");
                }
                ranges.next();
                *at = end;
                continue;
            }
            if self.blocks.offsets.get(block) == Some(&pos) {
                if let Some(mut state) = state.take() {
                    self.enter_block(&mut state, block, None)?;
                }
                let claims = self.blocks.claims(block);
                let metered = self.blocks.metered.get(block) == Some(&true);
                let claimed = self.machine.instantiate(&claims, metered)?;
                self.spend(claimed.weight() as u64 >> 4)?;
                state = Some(claimed);
                block = block.saturating_add(1);
            } else if let Some(inherited) = self.waiting.remove(&pos) {
                if state.is_some() {
                    return fault(Rule::Claim, "a merge that the certificate does not claim");
                }
                self.waiting_words = self.waiting_words.saturating_sub(inherited.weight());
                state = Some(inherited);
            }
            let insn = Insn::decode(self.bytes, pos)?;
            let limit = ranges.peek().map_or(len, |&(start, _)| start);
            if insn.end() > limit {
                return fault(Rule::Instruction, "an instruction that runs into data");
            }
            let word = self.starts.get_mut((pos >> 6) as usize);
            if let Some(word) = word {
                *word |= 1_u64 << (pos & 63);
            }
            state = self.instruction(state, &insn)?;
            *at = insn.end();
        }
        if state.is_some() {
            return fault(Rule::Target, "the code runs off its end");
        }
        if block != self.blocks.offsets.len() {
            return fault(Rule::Target, "a claimed block does not begin at an instruction");
        }
        Ok(())
    }

    /// One instruction: the state behind it, if control goes on there.
    fn instruction(&mut self, state: Option<State>, insn: &Insn) -> Result<Option<State>, Fault> {
        let Some(mut state) = state else {
            self.rows.dead(insn)?;
            return Ok(None);
        };
        let effect = self.machine.step(&mut state, insn)?;
        self.rows.live(insn, &effect)?;
        match effect.flow {
            Flow::Next => Ok(Some(state)),
            Flow::Stop => Ok(None),
            Flow::Jump(target) => {
                self.edge(state, target, insn.offset)?;
                Ok(None)
            }
            Flow::Branch(target, condition) => {
                let taken = self.machine.assume(&state, condition, true);
                let other = self.machine.assume(&state, condition, false);
                // A way that cannot be taken needs nothing behind it.
                if taken.is_none() || self.traps_at(target) {
                    self.must_start.push(target);
                } else {
                    let path = taken.unwrap_or(state.path);
                    self.spend(state.weight() as u64 >> 4)?;
                    let taken = State { path, ..state.clone() };
                    self.edge(taken, target, insn.offset)?;
                }
                let Some(path) = other else { return Ok(None) };
                state.path = path;
                Ok(Some(state))
            }
            Flow::Table { table, count } => {
                self.spend(u64::from(count))?;
                let mut targets = self.table(table, count)?;
                targets.sort_unstable();
                targets.dedup();
                for target in targets {
                    self.spend(state.weight() as u64 >> 4)?;
                    self.edge(state.clone(), target, insn.offset)?;
                }
                Ok(None)
            }
        }
    }

    /// The targets of a jump table, whose bytes are known to be data.
    fn table(&self, table: u32, count: u32) -> Result<Vec<u32>, Fault> {
        let mut targets = Vec::new();
        for i in 0..count {
            let at = table.saturating_add(i.saturating_mul(4)) as usize;
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

    fn traps_at(&self, target: u32) -> bool {
        let bytes = self.bytes.get(target as usize..).unwrap_or(&[]);
        bytes.starts_with(&[0x0f, 0x0b]) && self.blocks.offsets.binary_search(&target).is_err()
    }

    /// An edge from the instruction at `from` to `target`.
    fn edge(&mut self, mut state: State, target: u32, from: u32) -> Result<(), Fault> {
        if self.traps_at(target) {
            self.must_start.push(target);
            return Ok(());
        }
        if let Ok(block) = self.blocks.offsets.binary_search(&target) {
            return self.enter_block(&mut state, block, Some((target, from)));
        }
        if target <= from || target as usize >= self.bytes.len() {
            return fault(Rule::Target, "a jump to what is no claimed block");
        }
        self.waiting_words = self.waiting_words.saturating_add(state.weight());
        if self.waiting_words > WAITING_WORDS_MAX {
            return fault(Rule::Limit, "too many blocks wait with their states");
        }
        if self.waiting.insert(target, state).is_some() {
            return fault(Rule::Claim, "a merge that the certificate does not claim");
        }
        Ok(())
    }

    /// An edge into a claimed block; `jump` is none where control falls into it.
    fn enter_block(
        &mut self,
        state: &mut State,
        block: usize,
        jump: Option<(u32, u32)>,
    ) -> Result<(), Fault> {
        let claims = self.blocks.claims(block);
        // What is looked up walks along the path's facts: 64 of them are as much as a claim.
        let length = u64::from(self.machine.facts.length(state.path)).min(WALK_MAX as u64);
        let each = (length >> 6).saturating_add(1);
        self.spend((claims.len() as u64).saturating_add(1).saturating_mul(each))?;
        let metered = self.blocks.metered.get(block) == Some(&true);
        if self.machine.is_metered() {
            let back = jump.is_some_and(|(target, from)| target <= from);
            if (metered || back) && !state.metered {
                return fault(Rule::Metering, "a way without a charge or a poll");
            }
            if back && metered {
                return fault(Rule::Metering, "the header of a loop claims a charge");
            }
        }
        self.machine.implies(state, &claims)
    }

    /// Takes work at an edge off what the code's size allows.
    fn spend(&mut self, work: u64) -> Result<(), Fault> {
        match self.edge_work.checked_sub(work) {
            Some(left) => self.edge_work = left,
            None => return fault(Rule::Limit, "more work at edges than the code's size allows"),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Fault> {
        if !self.waiting.is_empty() {
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
