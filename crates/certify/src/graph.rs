//! Blocks by the bytes alone: instructions, ways between them, and where the stack pointer stands.
//!
//! These results guide the slice and nothing else, so they may be guesses: a jump table is taken to
//! stand behind its jump, which a `lea` before it names, and to end before the next instruction; a
//! callee is taken to pop what the caller takes back behind the call; rsp and rbp are followed
//! along the first way to a block. A wrong guess costs a second fixpoint.

use crate::flow::{Insns, clauses, ways};
use crate::slice::{Reads, Slice, Transfer};
use prova_check::abi::regs::{RBP, RSP};
use prova_check::x64::{Address, Alu, Class, Insn, Operand};
use prova_check::{CallRow, Loc, Machine};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The inputs of the slice for an instruction: its memory operand and the state before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// The address of its memory operand.
    pub(crate) memory: Option<Address>,
    /// The stack word of its memory operand.
    pub(crate) word: Option<Loc>,
    /// The stack word that `push`, `pop` or a return uses.
    pub(crate) top: Option<Loc>,
    /// Whether it may access the fuel, call a builtin, or compare a type's id that was loaded
    /// elsewhere.
    pub(crate) outside: bool,
    /// Whether it jumps through a table.
    pub(crate) table: bool,
}

/// A block: where it begins and ends, its instructions in the list of all, and where its ways lead,
/// in the list of those.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) transfers: Range<usize>,
    pub(crate) next: Range<usize>,
}

/// The blocks of a code, by offset.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) blocks: Vec<Block>,
    pub(crate) transfers: Vec<Transfer>,
    /// Where blocks lead, in any order.
    pub(crate) ways: Vec<u32>,
    /// Where jump tables lead.
    pub(crate) tables: Vec<u32>,
}

/// Where stack pointer and frame pointer stand, counted from the stack pointer at entry.
#[derive(Clone, Copy, Debug)]
struct Pointers {
    rsp: i64,
    rbp: Option<i64>,
}

/// Where instructions lead.
struct Found {
    /// Whether a block begins at an offset.
    starts: Vec<bool>,
    seen: Vec<bool>,
    tables: BTreeMap<u32, Vec<u32>>,
    /// By the offset behind a call its landings, each once.
    landings: BTreeMap<u32, Vec<u32>>,
}

impl Found {
    fn starts(&self, at: u32) -> bool {
        self.starts.get(at as usize) == Some(&true)
    }

    fn start(&mut self, at: u32) {
        if let Some(start) = self.starts.get_mut(at as usize) {
            *start = true;
        }
    }
}

/// The graph of a code, whose obligations count as needed as `reads` says.
pub(crate) fn graph(
    insns: &mut Insns<'_>,
    machine: &Machine<'_>,
    (calls, reads): (&[CallRow], Reads),
) -> Graph {
    let found = find(insns, machine.bytes, calls);
    let mut transfers = Vec::with_capacity(insns.len());
    let mut places = Vec::new();
    let (mut blocks, mut made) = (Vec::new(), vec![false; machine.bytes.len() + 1]);
    let mut todo = vec![(0, Pointers { rsp: 0, rbp: None })];
    let mut ways = Vec::new();
    while let Some((start, pointers)) = todo.pop() {
        if std::mem::replace(&mut made[start as usize], true) {
            continue;
        }
        let (first, waiting, way) = (transfers.len(), todo.len(), ways.len());
        places.clear();
        let all = (machine, &found, reads);
        let end = block(insns, all, (&mut transfers, &mut places), (start, pointers), &mut todo);
        ways.extend(todo[waiting..].iter().map(|&(to, _)| to));
        let (transfers, next) = (first..transfers.len(), way..ways.len());
        blocks.push(Block { start, end, transfers, next });
    }
    blocks.sort_unstable_by_key(|block| block.start);
    Graph { blocks, transfers, ways, tables: found.tables.into_values().flatten().collect() }
}

/// Everything that control may reach.
fn find(insns: &mut Insns<'_>, bytes: &[u8], calls: &[CallRow]) -> Found {
    let mut found = Found {
        starts: vec![false; bytes.len()],
        seen: vec![false; bytes.len()],
        tables: BTreeMap::new(),
        landings: BTreeMap::new(),
    };
    found.start(0);
    let (mut todo, mut named, mut jumps) = (vec![0], BTreeSet::new(), Vec::new());
    loop {
        while let Some(start) = todo.pop() {
            let mut at: u32 = start;
            while found.seen.get(at as usize) == Some(&false) {
                let Ok(place) = insns.decode(at) else { break };
                found.seen[at as usize] = true;
                let insn = insns.at(place);
                let ((jump, falls), end) = (ways(insn), insn.end());
                if insn.class == Class::Lea
                    && let Ok(Operand::Memory(Address { code: true, disp, .. })) = insn.operand(1)
                {
                    named.insert(disp);
                }
                if insn.class == Class::JumpTo {
                    jumps.push((at, end));
                }
                if insn.class.is_call() {
                    let landings = clauses(calls, end).map(|clause| clause.landing);
                    let landings = landings.filter(|&to| (to as usize) < bytes.len());
                    let landings: BTreeSet<u32> = landings.collect();
                    if !landings.is_empty() {
                        // The call ends its block.
                        found.start(end);
                        landings.iter().for_each(|&to| found.start(to));
                        todo.extend(&landings);
                        found.landings.insert(end, landings.into_iter().collect());
                    }
                }
                if let Some(to) = jump
                    && insns.decode(to).is_ok_and(|place| insns.at(place).class != Class::Trap)
                {
                    found.start(to);
                    todo.push(to);
                }
                if !falls {
                    break;
                }
                at = end;
            }
        }
        let has_table = |&(_, end): &(u32, u32)| named.contains(&u64::from(end));
        let Some(i) = jumps.iter().position(has_table) else { return found };
        let (at, end) = jumps.swap_remove(i);
        let targets = table(bytes, &found.seen, end);
        targets.iter().for_each(|&to| found.start(to));
        todo.extend(targets.iter().copied());
        found.tables.insert(at, targets);
    }
}

/// The targets of the table that begins at `first`.
fn table(bytes: &[u8], seen: &[bool], first: u32) -> Vec<u32> {
    let behind = seen.iter().skip(first as usize).position(|&seen| seen);
    let mut end = behind.map_or(bytes.len(), |n| first as usize + n);
    let (mut at, mut targets) = (first as usize, BTreeSet::new());
    while at + 4 <= end {
        let Some(entry) = bytes.get(at..).and_then(|b| b.first_chunk::<4>()) else { break };
        let target = i64::from(first) + i64::from(i32::from_le_bytes(*entry));
        let Some(target) = u32::try_from(target).ok().filter(|&t| (t as usize) < bytes.len())
        else {
            break;
        };
        if target >= first {
            end = end.min(target as usize);
        }
        targets.insert(target);
        at += 4;
    }
    targets.into_iter().collect()
}

/// The instructions of one block with their places in the list of all, and where they lead, with
/// the pointers there; gives the block's end.
fn block(
    insns: &mut Insns<'_>,
    (machine, found, reads): (&Machine<'_>, &Found, Reads),
    (transfers, places): (&mut Vec<Transfer>, &mut Vec<u32>),
    (start, mut pointers): (u32, Pointers),
    next: &mut Vec<(u32, Pointers)>,
) -> u32 {
    let mut at = start;
    while let Ok(place) = insns.decode(at) {
        let insn = insns.at(place);
        let table = if insn.class == Class::JumpTo { found.tables.get(&at) } else { None };
        let view = view(machine, (insns, insn), &pointers, (places, table.is_some()));
        let before = places.last().map(|&place| insns.at(place as usize).class);
        pointers.pass(insn, before.is_some_and(Class::is_call));
        let mut transfer = Slice { reads, view: &view }.transfer(insn);
        let (jump, falls) = ways(insn);
        if let (Class::Branch(_), Some(to)) = (insn.class, jump) {
            transfer.branch = to;
        }
        transfers.push(transfer);
        places.push(place as u32);
        if let Some(to) = jump.filter(|&to| found.starts(to)) {
            next.push((to, pointers));
        }
        if let Some(targets) = table {
            next.extend(targets.iter().map(|&to| (to, pointers)));
        }
        let calls = insn.class.is_call();
        at = insn.end();
        if !falls {
            break;
        }
        if calls && let Some(landings) = found.landings.get(&at) {
            next.extend(landings.iter().map(|&to| (to, pointers)));
        }
        if found.starts(at) {
            next.push((at, pointers));
            break;
        }
    }
    at
}

/// The slice's view of an instruction behind others of its block.
fn view(
    machine: &Machine<'_>,
    (insns, insn): (&Insns<'_>, &Insn),
    pointers: &Pointers,
    (before, table): (&[u32], bool),
) -> View {
    let memory = insn.memory();
    let word = memory.and_then(|address| pointers.place(&address));
    let top = if insn.class == Class::Push {
        Some(pointers.rsp.wrapping_sub(8))
    } else {
        let pops = matches!(insn.class, Class::Pop | Class::Return | Class::JumpTo | Class::Leave);
        pops.then_some(pointers.rsp)
    };
    let plain = |a: Address| a.index.is_none() && a.disp == 0 && a.base.is_some();
    let outside = if insn.class.is_call() {
        calls_builtin(insns, insn, before)
    } else if insn.class == Class::Compare && machine.layout.contexts() {
        compares_id(insns, insn, before)
    } else {
        let accesses = insn.class != Class::Lea && word.is_none();
        machine.layout.config().metering.fuel && accesses && memory.is_some_and(plain)
    };
    let at = |at| machine.word(at).map(Loc::Word);
    View { memory, word: word.and_then(at), top: top.and_then(at), outside, table }
}

/// Whether a call may be one of a builtin: its register was not loaded from the first word of
/// something, as records have the code of their functions.
fn calls_builtin(insns: &Insns<'_>, insn: &Insn, before: &[u32]) -> bool {
    let Some(callee) = insn.first_register() else { return true };
    let insn = |&place: &u32| insns.at(place as usize);
    let def = before.iter().rev().map(insn).find(|insn| insn.first_register() == Some(callee));
    let first = |insn: &Insn| {
        let source = (insn.class == Class::Move).then(|| insn.operand(1));
        matches!(
            source,
            Some(Ok(Operand::Memory(Address { disp: 0, index: None, code: false, .. })))
        )
    };
    !def.is_some_and(first)
}

/// Whether a comparison of registers may be one of a function's type with an id that was loaded
/// once, as ids are where functions get contexts: one of both was loaded from a field.
fn compares_id(insns: &Insns<'_>, insn: &Insn, before: &[u32]) -> bool {
    let insn_at = |&place: &u32| insns.at(place as usize);
    let loaded = |n: u32| {
        let (_, Some(register)) = insn.place(n) else { return false };
        let mut defs = before.iter().rev().map(insn_at);
        let def = defs.find(|def| def.first_register() == Some(register));
        def.filter(|def| def.class == Class::Move).and_then(Insn::memory).is_some_and(|address| {
            let Address { base, code, index, size, .. } = address;
            let plain = base.is_some_and(|r| r != RSP && r != RBP) && index.is_none() && !code;
            plain && size == 4
        })
    };
    insn.operands() == 2 && insn.memory().is_none() && (loaded(0) || loaded(1))
}

impl Pointers {
    /// Where an address lies in the frame.
    fn place(&self, address: &Address) -> Option<i64> {
        let base = match address.base? {
            RSP => self.rsp,
            RBP => self.rbp?,
            _ => return None,
        };
        address.index.is_none().then(|| base.wrapping_add(address.disp as i64))
    }

    /// Applies an instruction to the positions of rsp and rbp.
    fn pass(&mut self, insn: &Insn, behind_call: bool) {
        if insn.class == Class::Push {
            self.rsp = self.rsp.wrapping_sub(8);
            return;
        }
        if insn.class == Class::Pop {
            self.rsp = self.rsp.wrapping_add(8);
        } else if matches!(insn.class, Class::Compare | Class::Test) {
            return;
        }
        let Some((register @ (RSP | RBP), 8)) = insn.first_register() else { return };
        if register == RBP {
            self.rbp = self.moved(insn);
        } else {
            let sum = || self.sum(insn, behind_call);
            self.rsp = self.moved(insn).or_else(sum).unwrap_or(self.rsp);
        }
    }

    /// Where what a move or `lea` copies points to.
    fn moved(&self, insn: &Insn) -> Option<i64> {
        let source = if insn.operands() > 1 { insn.operand(1).ok()? } else { return None };
        if let (Class::Lea, Operand::Memory(address)) = (insn.class, source) {
            return self.place(&address);
        }
        if insn.class != Class::Move {
            return None;
        }
        if source == Operand::Register(RBP, 8) {
            return self.rbp;
        }
        (source == Operand::Register(RSP, 8)).then_some(self.rsp)
    }

    /// The stack pointer plus or minus a constant. The bytes taken off behind a call are those that
    /// the callee has popped.
    fn sum(&self, insn: &Insn, behind_call: bool) -> Option<i64> {
        let source = if insn.operands() > 1 { insn.operand(1).ok()? } else { return None };
        let Operand::Immediate(n) = source else { return None };
        if insn.class == Class::Alu(Alu::Add) {
            return Some(self.rsp.wrapping_add(n as i64));
        }
        if insn.class != Class::Alu(Alu::Sub) {
            return None;
        }
        Some(if behind_call { self.rsp } else { self.rsp.wrapping_sub(n as i64) })
    }
}
