//! A relation → one with fewer claims, by which the same code is proved.
//!
//! ```text
//! code ─ live places at each leader ─► claims on others go
//! claims on values and conditions ─ halves of them are tried without ─► those without which the proof fails
//! ```
//!
//! What is live is a guess: an instruction may be mistaken for one that writes all of a register, a
//! stack word may be reached in a way that is not seen. So every result is tried, and the relation
//! is given back as it was where the proof needs more. Backward data flow over the instructions
//! (Kildall, POPL 1973), then the delta debugging of Zeller and Hildebrandt (2002), bounded.

use super::related::Related;
use super::scan::scan;
use iced_x86::{
    FlowControl, Instruction, InstructionInfo, InstructionInfoFactory, OpAccess, Register,
    RflagsBits,
};
use prova_check::abi::CALLEE_SAVED;
use prova_equal::{Claim, Place, Relation};
use std::collections::{BTreeMap, BTreeSet};

/// Proofs that are tried at most, for each function.
const TRIALS_MAX: u32 = 48;
/// Rounds of the data flow at most.
const ROUNDS_MAX: u32 = 64;
/// Bytes of the caller's stack that a call may read.
const ARGUMENTS_BYTES: i64 = 128;

/// The places that may be read before they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Live {
    /// General registers, vector registers from bit 16 on, flags at bit 32.
    registers: u64,
    /// Stack words of four bytes, from the stack pointer at entry.
    stack: BTreeSet<i64>,
    /// Any stack word.
    all: bool,
}

const FLAGS: u64 = 1 << 32;
const VECTORS: u32 = 16;

impl Live {
    fn join(&mut self, other: &Live) {
        self.registers |= other.registers;
        self.stack.extend(&other.stack);
        self.all |= other.all;
    }

    fn reads(&mut self, at: i64, bytes: i64) {
        self.stack.extend(at.div_euclid(4)..=(at + bytes - 1).div_euclid(4));
    }

    fn has(&self, claim: &Claim) -> bool {
        match claim {
            Claim::Holds { place: Place::Register(r), .. } => self.registers >> r & 1 == 1,
            Claim::Holds { place: Place::Vector(r), .. } => {
                self.registers >> (u32::from(*r) + VECTORS) & 1 == 1
            }
            Claim::Holds { place: Place::Stack(at), bits, .. } => {
                let end = (at + i64::from(bits / 8).max(1) - 1).div_euclid(4);
                self.all || self.stack.range(at.div_euclid(4)..=end).next().is_some()
            }
            Claim::Compared { .. } => self.registers & FLAGS != 0,
            Claim::Is { .. } | Claim::Known(..) => true,
        }
    }
}

/// An instruction as the data flow sees it.
struct Step {
    at: u32,
    next: Vec<u32>,
    reads: u64,
    writes: u64,
    /// Stack bytes that it reads and writes: the first, and how many.
    stack_reads: Vec<(i64, i64)>,
    stack_writes: Vec<(i64, i64)>,
    /// Whether it may read any place.
    everything: bool,
    /// Whether it may read any stack word.
    any_stack: bool,
}

/// A relation with fewer claims, for which `proves` says yes, as it does for this one.
pub fn pruned(
    relation: &Relation,
    code: &Related<'_>,
    mut proves: impl FnMut(&Relation) -> bool,
) -> Relation {
    let live = live(relation, code);
    let mut fewer = relation.clone();
    for (at, leader) in &mut fewer.leaders {
        if let Some(live) = live.get(at) {
            leader.claims.retain(|claim| live.has(claim));
        }
    }
    let mut best = if proves(&fewer) { fewer } else { relation.clone() };
    let mut trials = TRIALS_MAX;
    // Each claim on values or conditions, wherever it stands, is one thing to be without.
    let mut open: Vec<Vec<Claim>> = vec![of_values(&best)];
    while let Some(some) = open.pop() {
        if some.is_empty() || trials == 0 {
            continue;
        }
        trials -= 1;
        let mut without = best.clone();
        for leader in without.leaders.values_mut() {
            leader.claims.retain(|claim| !some.contains(claim));
        }
        if proves(&without) {
            best = without;
        } else if some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            open.extend([second.to_vec(), first.to_vec()]);
        }
    }
    best
}

fn of_values(relation: &Relation) -> Vec<Claim> {
    let all = relation.leaders.values().flat_map(|leader| &leader.claims);
    let mut found: Vec<Claim> = Vec::new();
    for claim in all.filter(|claim| matches!(claim, Claim::Is { .. } | Claim::Known(..))) {
        if !found.contains(claim) {
            found.push(claim.clone());
        }
    }
    found
}

/// The places that are live at each leader.
fn live(relation: &Relation, code: &Related<'_>) -> BTreeMap<u32, Live> {
    let steps = steps(relation, code);
    let mut before: BTreeMap<u32, Live> = BTreeMap::new();
    let is_way: BTreeSet<u32> = steps.iter().flat_map(|step| step.next.iter().copied()).collect();
    for _ in 0..ROUNDS_MAX {
        let mut changed = false;
        let mut next = Live::default();
        let mut behind = None;
        for step in steps.iter().rev() {
            let mut now = Live::default();
            for to in &step.next {
                if behind == Some(*to) {
                    now.join(&next);
                } else if let Some(live) = before.get(to) {
                    now.join(live);
                }
            }
            step.back(&mut now);
            if (is_way.contains(&step.at) || relation.leaders.contains_key(&step.at))
                && before.get(&step.at) != Some(&now)
            {
                before.insert(step.at, now.clone());
                changed = true;
            }
            (next, behind) = (now, Some(step.at));
        }
        if !changed {
            return before;
        }
    }
    // Nothing is known.
    BTreeMap::new()
}

impl Step {
    /// From what is live behind it to what is live before it.
    fn back(&self, live: &mut Live) {
        if self.everything {
            *live = Live { registers: u64::MAX, stack: BTreeSet::new(), all: true };
            return;
        }
        live.registers = live.registers & !self.writes | self.reads;
        for &(at, bytes) in &self.stack_writes {
            for word in (at + 3).div_euclid(4)..(at + bytes).div_euclid(4) {
                live.stack.remove(&word);
            }
        }
        for &(at, bytes) in &self.stack_reads {
            live.reads(at, bytes);
        }
        live.all |= self.any_stack;
    }
}

/// Stack pointer and frame pointer, from the stack pointer at entry.
type Pointers = (Option<i64>, Option<i64>);

fn steps(relation: &Relation, code: &Related<'_>) -> Vec<Step> {
    let mut factory = InstructionInfoFactory::new();
    let mut steps = Vec::new();
    let mut pointers: Pointers = (Some(0), None);
    // The frame does not change between where it is made and where it is left.
    let mut frame: Pointers = pointers;
    scan(code, |insn, _| {
        let (at, end) = (insn.offset, insn.end());
        let raw = *insn.raw();
        if relation.leaders.contains_key(&at) {
            pointers = claimed(relation, at, frame);
        }
        let mut step = step(&raw, factory.info(&raw), at, pointers);
        match raw.flow_control() {
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                step.next.push(end);
            }
            FlowControl::ConditionalBranch => {
                step.next.extend([end, raw.near_branch_target() as u32]);
            }
            FlowControl::UnconditionalBranch => step.next.push(raw.near_branch_target() as u32),
            FlowControl::IndirectBranch => step.everything = true,
            FlowControl::Return => step.everything = true,
            FlowControl::Interrupt | FlowControl::XbeginXabortXend | FlowControl::Exception => {}
        }
        pointers = moved(&raw, pointers);
        if pointers.0.is_some() && raw.flow_control() == FlowControl::Next {
            frame = if pointers.0 < frame.0 { pointers } else { frame };
        }
        if !matches!(raw.flow_control(), FlowControl::Next | FlowControl::ConditionalBranch) {
            let calls = matches!(raw.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
            pointers = if calls { pointers } else { frame };
        }
        steps.push(step);
    });
    steps
}

/// The pointers that a leader claims.
fn claimed(relation: &Relation, at: u32, frame: Pointers) -> Pointers {
    use prova_equal::format::above;
    use prova_equal::words::Fixed;
    let claims = relation.leaders.get(&at).map(|leader| &leader.claims[..]).unwrap_or_default();
    let of = |r: u8, guess: Option<i64>| {
        let held = claims.iter().find_map(|claim| match claim {
            Claim::Holds { place: Place::Register(of), expr, .. } if *of == r => Some(expr),
            _ => None,
        })?;
        let is = |&n: &i64| *held == above(Fixed::Stack, n);
        guess.filter(is).or_else(|| (-8192..=64).map(|n| n * 8).find(is))
    };
    (of(4, frame.0), of(5, frame.1))
}

fn moved(raw: &Instruction, (rsp, rbp): Pointers) -> Pointers {
    use iced_x86::Mnemonic;
    let by = i64::from(raw.stack_pointer_increment());
    let immediate = || {
        let is = raw.op_count() == 2
            && raw.op0_register() == Register::RSP
            && raw.op1_kind() != iced_x86::OpKind::Register
            && raw.op1_kind() != iced_x86::OpKind::Memory;
        is.then(|| raw.immediate(1) as i64)
    };
    match raw.mnemonic() {
        Mnemonic::Call => (rsp, rbp),
        Mnemonic::Sub => (rsp.map(|at| at - immediate().unwrap_or(0)), rbp),
        Mnemonic::Add => (rsp.map(|at| at + immediate().unwrap_or(0)), rbp),
        Mnemonic::Mov if raw.op0_register() == Register::RSP => (rbp, rbp),
        Mnemonic::Mov if raw.op0_register() == Register::RBP => {
            (rsp, if raw.op1_register() == Register::RSP { rsp } else { None })
        }
        Mnemonic::Pop if raw.op0_register() == Register::RBP => (rsp.map(|at| at + by), None),
        _ => (rsp.map(|at| at + by), rbp),
    }
}

/// The bit of a register.
fn bit(register: Register) -> u64 {
    if register.is_gpr() {
        1 << register.full_register().number()
    } else if register.is_vector_register() {
        1 << (register.number() as u32 + VECTORS)
    } else {
        0
    }
}

fn step(raw: &Instruction, info: &InstructionInfo, at: u32, (rsp, rbp): Pointers) -> Step {
    let mut step = Step {
        at,
        next: Vec::new(),
        reads: 0,
        writes: 0,
        stack_reads: Vec::new(),
        stack_writes: Vec::new(),
        everything: false,
        any_stack: false,
    };
    for used in info.used_registers() {
        let register = used.register();
        // A write of a part keeps the rest.
        let whole = !register.is_gpr8() && !register.is_gpr16();
        match used.access() {
            OpAccess::Write if whole => step.writes |= bit(register),
            _ => step.reads |= bit(register),
        }
    }
    step.writes &= !step.reads;
    for used in info.used_memory() {
        let base = match used.base() {
            Register::RSP => rsp,
            Register::RBP => rbp,
            // An address that was taken may lead anywhere on the stack.
            _ => continue,
        };
        let bytes = used.memory_size().size().max(1) as i64;
        let place = base.filter(|_| used.index() == Register::None);
        match (place, used.access()) {
            (Some(base), OpAccess::Write) => {
                step.stack_writes.push((base.wrapping_add(used.displacement() as i64), bytes));
            }
            (Some(base), OpAccess::NoMemAccess) => step.any_stack |= base != 0,
            (Some(base), _) => {
                step.stack_reads.push((base.wrapping_add(used.displacement() as i64), bytes));
            }
            (None, OpAccess::Write) => {}
            (None, _) => step.any_stack = true,
        }
    }
    if raw.rflags_read() != RflagsBits::NONE {
        step.reads |= FLAGS;
    } else if raw.rflags_modified() != RflagsBits::NONE {
        step.writes |= FLAGS;
    }
    if matches!(raw.flow_control(), FlowControl::Call | FlowControl::IndirectCall) {
        let kept = CALLEE_SAVED.into_iter().chain([4, 5]).map(|r| 1_u64 << r).sum::<u64>();
        // Arguments may be anywhere.
        step.reads |= 0xffff_ffff & !kept;
        step.reads |= 1 << 4;
        if let Some(rsp) = rsp {
            step.stack_reads.push((rsp, ARGUMENTS_BYTES));
        } else {
            step.any_stack = true;
        }
    }
    step
}
