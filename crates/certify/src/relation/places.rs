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
use prova_check::{CallRow, Layout, Says, abi};
use prova_equal::{Claim, Place};
use prova_ssa::Body;
use std::iter::repeat;
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

/// Registers in which a call may have arguments.
const ARGUMENTS: u64 = 0xff << VECTORS | 1 << 7 | 1 << 6 | 1 << 2 | 1 << 1 | 1 << 8 | 1 << 9;

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

    fn clear(&mut self) {
        (self.registers, self.all) = (0, false);
        self.stack.clear();
    }

    /// Joins another; whether that says more.
    fn grows(&mut self, other: &Places) -> bool {
        let more = other.stack.iter().zip(self.stack.iter().copied().chain(repeat(0)));
        let grown = other.registers & !self.registers != 0
            || (other.all && !self.all)
            || more.into_iter().any(|(more, word)| more & !word != 0);
        if grown {
            self.join(other);
        }
        grown
    }

    fn has(&self, words: &Words, place: Place, bytes: i64) -> bool {
        match place {
            Place::Register(r) => self.registers >> r & 1 == 1,
            Place::Vector(r) => self.registers >> (u32::from(r) + VECTORS) & 1 == 1,
            Place::Stack(at) => {
                self.all || words.touched(at, bytes).any(|number| self.is_live(number))
            }
        }
    }
}

/// The registers in which a function gives its results.
pub(super) fn results(layout: &Layout, body: &Body) -> u64 {
    let signature = layout.func_type(body.func().0).and_then(|ty| layout.signature(ty));
    let places = signature.and_then(abi::results);
    places.into_iter().flatten().fold(0, |found, (_, place)| match place {
        abi::Place::Register(r) => found | 1 << r,
        abi::Place::Vector(r) => found | 1 << (u32::from(r) + VECTORS),
        abi::Place::Stack(_) => found,
    })
}

/// An instruction as the data flow sees it.
#[derive(Default)]
struct Step {
    at: u32,
    /// Whether control goes to the next instruction.
    falls: bool,
    /// Where else it goes.
    to: Option<u32>,
    /// The jump table that says where it goes, by its number.
    table: Option<usize>,
    reads: u64,
    writes: u64,
    /// Stack bytes that it reads and writes: the first, and how many.
    stack_read: Option<Bytes>,
    stack_write: Option<Bytes>,
    /// Whether it may read any place.
    everything: bool,
    /// Whether it may read any stack word.
    any_stack: bool,
}

/// Stack bytes: the first, and how many.
type Bytes = (i64, i64);

/// The places that are live at each offset that is jumped to.
#[derive(Debug, Default)]
pub(super) struct Lives {
    words: Words,
    /// By offset, in order.
    at: Vec<(u32, Places)>,
}

impl Lives {
    /// The places of code behind whose returns these registers are read.
    pub(super) fn of(code: &Related<'_>, results: u64, calls: Option<&[CallRow]>) -> Lives {
        // Where a call lands, and what the store reads of a frame, is not seen.
        let is_seen = |row: &CallRow| matches!(row.says, Says::Operator(_));
        if !calls.is_none_or(|calls| calls.iter().all(is_seen)) {
            return Lives::default();
        }
        let (steps, tables) = steps(code, results);
        let reads = steps.iter().filter_map(|step| step.stack_read);
        let touched = |(at, bytes): Bytes| at.div_euclid(4)..=(at + bytes - 1).div_euclid(4);
        let mut named: Vec<i64> = reads.flat_map(touched).collect();
        named.sort_unstable();
        named.dedup();
        let words = Words(named);
        let mut targets: Vec<u32> = steps.iter().filter_map(|step| step.to).collect();
        targets.extend(tables.iter().flatten());
        targets.sort_unstable();
        targets.dedup();
        let mut at: Vec<(u32, Places)> =
            targets.into_iter().map(|at| (at, Places::default())).collect();
        for _ in 0..ROUNDS_MAX {
            if !round((&steps, &tables), &words, &mut at) {
                return Lives { words, at };
            }
        }
        // Nothing is known.
        Lives::default()
    }

    /// Whether a place may be read before it is written, from an offset on.
    pub(super) fn has(&self, at: u32, place: Place, bytes: i64) -> bool {
        self.live(at).is_none_or(|live| live.has(&self.words, place, bytes))
    }

    /// Whether flags may be read before they are written, from an offset on.
    pub(super) fn has_flags(&self, at: u32) -> bool {
        self.live(at).is_none_or(|live| live.registers & FLAGS != 0)
    }

    fn live(&self, at: u32) -> Option<&Places> {
        let i = self.at.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        self.at.get(i).map(|(_, live)| live)
    }

    /// Whether what a claim speaks of is live.
    pub(super) fn has_claim(&self, at: u32, claim: &Claim) -> bool {
        match claim {
            Claim::Holds { place, bits, .. } => self.has(at, *place, i64::from(bits / 8).max(1)),
            Claim::Compared { .. } => self.has_flags(at),
            Claim::Is { .. } | Claim::Known(..) | Claim::Reached { .. } => true,
        }
    }
}

/// Goes back over all steps; whether more is live at a target than before.
fn round((steps, tables): (&[Step], &[Vec<u32>]), words: &Words, at: &mut [(u32, Places)]) -> bool {
    let mut changed = false;
    let mut now = Places::default();
    let mut left = at.len();
    for step in steps.iter().rev() {
        if !step.falls {
            now.clear();
        }
        let table = step.table.and_then(|table| tables.get(table));
        for to in step.to.iter().chain(table.into_iter().flatten()) {
            if let Ok(i) = at.binary_search_by_key(to, |(at, _)| *at) {
                now.join(&at[i].1);
            }
        }
        step.back(words, &mut now);
        while left > 0 && at[left - 1].0 > step.at {
            left -= 1;
        }
        if left > 0 && at[left - 1].0 == step.at {
            changed |= at[left - 1].1.grows(&now);
        }
    }
    changed
}

impl Step {
    /// From what is live behind it to what is live before it.
    fn back(&self, words: &Words, live: &mut Places) {
        if self.everything {
            live.registers = u64::MAX;
            live.all = true;
            return;
        }
        live.registers = live.registers & !self.writes | self.reads;
        if let Some((at, bytes)) = self.stack_write {
            live.set(words.inside(at, bytes), false);
        }
        if let Some((at, bytes)) = self.stack_read {
            live.set(words.touched(at, bytes), true);
        }
        live.all |= self.any_stack;
    }
}

/// Stack pointer and frame pointer, from the stack pointer at entry.
type Pointers = (Option<i64>, Option<i64>);

/// The steps of code, and its jump tables.
fn steps(code: &Related<'_>, results: u64) -> (Vec<Step>, Vec<Vec<u32>>) {
    let mut factory = InstructionInfoFactory::new();
    let (mut steps, mut tables) = (Vec::new(), Vec::new());
    let mut pointers: Pointers = (Some(0), None);
    // The frame does not change between where it is made and where it is left.
    let mut frame: Pointers = pointers;
    let mut called = false;
    scan(code, |insn, _| {
        let (at, end) = (insn.offset, insn.end());
        let raw = *insn.raw();
        let mut step = step(&raw, factory.info(&raw), at, pointers);
        match raw.flow_control() {
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => step.falls = true,
            FlowControl::ConditionalBranch => {
                (step.falls, step.to) = (true, Some(raw.near_branch_target() as u32));
            }
            FlowControl::UnconditionalBranch => step.to = Some(raw.near_branch_target() as u32),
            FlowControl::IndirectBranch => match table(code, end) {
                Some(table) => {
                    step.table = Some(tables.len());
                    tables.push(table);
                }
                None => step.everything = true,
            },
            FlowControl::Return => step.reads = results | 1 << 4,
            FlowControl::Interrupt | FlowControl::XbeginXabortXend | FlowControl::Exception => {}
        }
        // Behind a call the frame takes back what the callee took off.
        if !(called && takes(&raw)) {
            pointers = moved(&raw, pointers);
        }
        called |= matches!(raw.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
        if pointers.0.is_some() && raw.flow_control() == FlowControl::Next {
            frame = if pointers.0 < frame.0 { pointers } else { frame };
        }
        if !matches!(raw.flow_control(), FlowControl::Next | FlowControl::ConditionalBranch) {
            let calls = matches!(raw.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
            pointers = if calls { pointers } else { frame };
        }
        steps.push(step);
    });
    (steps, tables)
}

/// The targets of the jump table right behind a jump: offsets from where it begins.
fn table(code: &Related<'_>, start: u32) -> Option<Vec<u32>> {
    let i = code.data.binary_search_by_key(&start, |&(start, _)| start).ok()?;
    let bytes = code.bytes.get(start as usize..code.data[i].1 as usize)?;
    let entries = bytes.chunks_exact(4).map(|entry| <[u8; 4]>::try_from(entry).ok());
    let targets = entries.flatten().map(|entry| start.wrapping_add(u32::from_le_bytes(entry)));
    let mut targets: Vec<u32> =
        targets.filter(|&target| (target as usize) < code.bytes.len()).collect();
    targets.sort_unstable();
    targets.dedup();
    (!targets.is_empty()).then_some(targets)
}

/// Whether an instruction makes room on the stack.
fn takes(raw: &Instruction) -> bool {
    raw.mnemonic() == iced_x86::Mnemonic::Sub && raw.op0_register() == Register::RSP
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
    let mut step = Step { at, ..Step::default() };
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
                step.stack_write = Some((base.wrapping_add(used.displacement() as i64), bytes));
            }
            (Some(base), OpAccess::NoMemAccess) => step.any_stack |= base != 0,
            (Some(base), _) => {
                let read = (base.wrapping_add(used.displacement() as i64), bytes);
                step.any_stack |= step.stack_read.replace(read).is_some();
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
        // Of what a callee need not give back its arguments alone are live before it.
        let kept = CALLEE_SAVED.into_iter().chain([4]).map(|r| 1_u64 << r).sum::<u64>();
        step.reads |= ARGUMENTS;
        step.writes |= 0xffff_ffff & !kept & !step.reads;
        step.reads |= 1 << 4;
        if let Some(rsp) = rsp {
            step.any_stack |= step.stack_read.replace((rsp, ARGUMENTS_BYTES)).is_some();
        } else {
            step.any_stack = true;
        }
    }
    step
}
