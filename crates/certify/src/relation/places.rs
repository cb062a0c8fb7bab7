//! Code → the places that are live at each leader: those that may be read before they are written.
//!
//! That is a guess: an instruction may be mistaken for one that writes all of a register, and a
//! stack word may be reached in a way that is not seen. Backward data flow over the instructions
//! (Kildall, POPL 1973).

use super::related::Related;
use super::scan::scan;
use iced_x86::{
    FlowControl, Instruction, InstructionInfo, InstructionInfoFactory, OpAccess, Register,
    RflagsBits,
};
use prova_check::abi::CALLEE_SAVED;
use prova_equal::words::{Fixed, Head};
use prova_equal::{Claim, Expr, Place, Relation};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Rounds of the data flow at most.
const ROUNDS_MAX: u32 = 64;
/// Bytes of the caller's stack that a call may read.
const ARGUMENTS_BYTES: i64 = 128;

/// The places that may be read before they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// General registers, vector registers from bit 16 on, flags at bit 32.
    registers: u64,
    /// Stack words, by their numbers ([`Words`]).
    stack: Vec<u64>,
    /// Any stack word.
    all: bool,
}

/// Stack words of four bytes that code names, from the stack pointer at entry, sorted.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<i64>);

impl Words {
    /// The numbers of those that bytes touch.
    fn touched(&self, at: i64, bytes: i64) -> Range<usize> {
        self.range(at.div_euclid(4), (at + bytes - 1).div_euclid(4) + 1)
    }

    /// The numbers of those that lie in bytes.
    fn inside(&self, at: i64, bytes: i64) -> Range<usize> {
        self.range((at + 3).div_euclid(4), (at + bytes).div_euclid(4))
    }

    fn range(&self, from: i64, to: i64) -> Range<usize> {
        let number = |word: i64| self.0.partition_point(|&other| other < word);
        let start = number(from);
        start..number(to).max(start)
    }
}

const FLAGS: u64 = 1 << 32;
const VECTORS: u32 = 16;

impl Places {
    fn join(&mut self, other: &Places) {
        self.registers |= other.registers;
        self.all |= other.all;
        self.stack.resize(self.stack.len().max(other.stack.len()), 0);
        self.stack.iter_mut().zip(&other.stack).for_each(|(word, more)| *word |= more);
    }

    fn set(&mut self, numbers: Range<usize>, live: bool) {
        self.stack.resize(self.stack.len().max(numbers.end.div_ceil(64)), 0);
        for number in numbers {
            let bit = 1 << (number % 64);
            match live {
                true => self.stack[number / 64] |= bit,
                false => self.stack[number / 64] &= !bit,
            }
        }
    }

    fn is_live(&self, number: usize) -> bool {
        self.stack.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether what a claim speaks of is live.
    pub(super) fn has(&self, words: &Words, claim: &Claim) -> bool {
        match claim {
            Claim::Holds { place: Place::Register(r), .. } => self.registers >> r & 1 == 1,
            Claim::Holds { place: Place::Vector(r), .. } => {
                self.registers >> (u32::from(*r) + VECTORS) & 1 == 1
            }
            Claim::Holds { place: Place::Stack(at), bits, .. } => {
                let bytes = i64::from(bits / 8).max(1);
                self.all || words.touched(*at, bytes).any(|number| self.is_live(number))
            }
            Claim::Compared { .. } => self.registers & FLAGS != 0,
            Claim::Is { .. } | Claim::Known(..) | Claim::Reached { .. } => true,
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

/// The places that are live at each leader.
pub(super) fn places(relation: &Relation, code: &Related<'_>) -> (BTreeMap<u32, Places>, Words) {
    let steps = steps(relation, code);
    let reads = steps.iter().flat_map(|step| &step.stack_reads);
    let named = reads.flat_map(|&(at, bytes)| at.div_euclid(4)..=(at + bytes - 1).div_euclid(4));
    let named: BTreeSet<i64> = named.collect();
    let words = Words(named.into_iter().collect());
    let mut before: BTreeMap<u32, Places> = BTreeMap::new();
    let is_way: BTreeSet<u32> = steps.iter().flat_map(|step| step.next.iter().copied()).collect();
    for _ in 0..ROUNDS_MAX {
        let mut changed = false;
        let mut next = Places::default();
        let mut behind = None;
        for step in steps.iter().rev() {
            let mut now = Places::default();
            for to in &step.next {
                if behind == Some(*to) {
                    now.join(&next);
                } else if let Some(live) = before.get(to) {
                    now.join(live);
                }
            }
            step.back(&words, &mut now);
            if (is_way.contains(&step.at) || relation.leaders.contains_key(&step.at))
                && before.get(&step.at) != Some(&now)
            {
                before.insert(step.at, now.clone());
                changed = true;
            }
            (next, behind) = (now, Some(step.at));
        }
        if !changed {
            return (before, words);
        }
    }
    // Nothing is known.
    (BTreeMap::new(), words)
}

impl Step {
    /// From what is live behind it to what is live before it.
    fn back(&self, words: &Words, live: &mut Places) {
        if self.everything {
            *live = Places { registers: u64::MAX, stack: Vec::new(), all: true };
            return;
        }
        live.registers = live.registers & !self.writes | self.reads;
        for &(at, bytes) in &self.stack_writes {
            live.set(words.inside(at, bytes), false);
        }
        for &(at, bytes) in &self.stack_reads {
            live.set(words.touched(at, bytes), true);
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
            pointers = claimed(relation, at);
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
fn claimed(relation: &Relation, at: u32) -> Pointers {
    let claims = relation.leaders.get(&at).map(|leader| &leader.claims[..]).unwrap_or_default();
    let of = |r: u8| {
        claims.iter().find_map(|claim| match claim {
            Claim::Holds { place: Place::Register(of), expr, .. } if *of == r => above(expr),
            _ => None,
        })
    };
    (of(4), of(5))
}

/// The distance of an address from the stack pointer at entry.
fn above(expr: &Expr) -> Option<i64> {
    let Expr::Term(op, 64, n, operands) = expr else { return None };
    match (op, &operands[..]) {
        (Head::Fixed, []) => (*n == Fixed::Stack.number()).then_some(0),
        (Head::Sum, [base, Expr::Term(Head::Const, 64, n, _)]) => {
            (above(base) == Some(0)).then_some(*n as i64)
        }
        _ => None,
    }
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
