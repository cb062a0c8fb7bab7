//! A backward slice by locations: which of them an obligation reads at the beginning of a block.
//!
//! An address, a callee, a comparison needs the locations that it reads; a location that is needed
//! behind an instruction that writes it needs the instruction's sources before it. It looks at
//! instructions only, so it runs before anything is executed, and the fixpoint carries what is
//! needed and nothing else. It may leave out too much; then there is a fixpoint without it.

use crate::graph::{Graph, Step};
use prova_check::Loc;
use prova_check::abi::regs::{RAX, RBP, RDI, RSI, RSP};
use prova_check::abi::{CALLEE_SAVED, OPERANDS};
use prova_check::x64::{Address, Alu, Class, Insn, Operand};
use std::collections::{BTreeMap, BTreeSet};

/// How much counts as needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Comparisons before a conditional move or through a 32-bit register need nothing before.
    Addresses,
    /// Operands of all comparisons are needed.
    Comparisons,
}

/// A set of locations: the first 64 numbers, and the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set {
    low: u64,
    high: Vec<u64>,
}

impl Set {
    /// The word with a location's bit, and the bit.
    fn word(&self, loc: Loc) -> (u64, u64) {
        let n = loc.number();
        let word = match (n >> 6).checked_sub(1) {
            None => self.low,
            Some(at) => self.high.get(at as usize).copied().unwrap_or(0),
        };
        (word, 1 << (n & 63))
    }

    pub(crate) fn contains(&self, loc: Loc) -> bool {
        let (word, bit) = self.word(loc);
        word & bit != 0
    }

    fn insert(&mut self, loc: Loc) {
        let (_, bit) = self.word(loc);
        let Some(at) = (loc.number() >> 6).checked_sub(1) else {
            self.low |= bit;
            return;
        };
        if at as usize >= self.high.len() {
            self.high.resize(at as usize + 1, 0);
        }
        self.high[at as usize] |= bit;
    }

    fn remove(&mut self, loc: Loc) -> bool {
        let (word, bit) = self.word(loc);
        match (loc.number() >> 6).checked_sub(1) {
            None => self.low &= !bit,
            Some(at) => self.high.get_mut(at as usize).into_iter().for_each(|word| *word &= !bit),
        }
        word & bit != 0
    }

    fn extend(&mut self, locs: impl IntoIterator<Item = Loc>) {
        locs.into_iter().for_each(|loc| self.insert(loc));
    }

    fn add(&mut self, other: &Set) {
        self.low |= other.low;
        if other.high.len() > self.high.len() {
            self.high.resize(other.high.len(), 0);
        }
        self.high.iter_mut().zip(&other.high).for_each(|(a, b)| *a |= b);
    }

    fn clear(&mut self) {
        self.low = 0;
        self.high.clear();
    }
}

impl FromIterator<Loc> for Set {
    fn from_iter<I: IntoIterator<Item = Loc>>(locs: I) -> Set {
        let mut set = Set::default();
        set.extend(locs);
        set
    }
}

/// The needed locations at each block, by its offset. Those of the frame's chain are needed
/// everywhere: where code calls or stops, they are asked for, and they seldom change.
pub(crate) fn needs(graph: &Graph, reads: Reads, chain: &[Loc]) -> BTreeMap<u32, Set> {
    let blocks = &graph.blocks;
    let end = blocks.last().map_or(0, |block| block.start as usize + 1);
    let mut places = vec![0_u32; end];
    for (place, block) in (1..).zip(blocks) {
        places[block.start as usize] = place;
    }
    let find = |at: u32| (places.get(at as usize).copied()? as usize).checked_sub(1);
    let mut ways: Vec<Vec<usize>> = vec![Vec::new(); blocks.len()];
    for (i, block) in blocks.iter().enumerate() {
        for to in block.next.iter().filter_map(|&to| find(to)) {
            ways[to].push(i);
        }
    }
    let transfers = graph.steps.iter().map(|step| Slice { reads, step }.transfer(step.insn));
    let transfers: Vec<Transfer> = transfers.collect();
    let mut needs = vec![Set::default(); blocks.len()];
    let mut work: BTreeSet<usize> = (0..blocks.len()).collect();
    let mut need = Set::default();
    while let Some(i) = work.pop_last() {
        let block = &blocks[i];
        let steps = graph.steps.get(block.steps.clone()).unwrap_or(&[]);
        need.clear();
        let last = steps.last().map(|step| (step.insn.end(), step.insn.class));
        for &to in &block.next {
            // A branch out of the middle of the block is looked at where it stands.
            if last.is_some_and(|(end, class)| to == end || !matches!(class, Class::Branch(_)))
                && let Some(to) = find(to)
            {
                need.add(&needs[to]);
            }
        }
        let transfers = transfers.get(block.steps.clone()).unwrap_or(&[]);
        for (step, transfer) in steps.iter().zip(transfers).rev() {
            if matches!(step.insn.class, Class::Branch(_))
                && let Some(to) = find(step.insn.target())
            {
                need.add(&needs[to]);
            }
            transfer.back(&mut need);
        }
        if needs[i] != need {
            needs[i].clone_from(&need);
            work.extend(ways[i].iter().copied());
        }
    }
    needs.iter_mut().for_each(|need| need.extend(chain.iter().copied()));
    blocks.iter().map(|block| block.start).zip(needs).collect()
}

/// A few locations: those with the first 64 numbers, and one more.
#[derive(Clone, Copy, Debug, Default)]
struct Few {
    low: u64,
    more: Option<Loc>,
}

impl Few {
    fn insert(&mut self, loc: Loc) {
        match loc.number() {
            n @ 0..64 => self.low |= 1 << n,
            _ => self.more = Some(loc),
        }
    }

    fn extend(&mut self, locs: impl IntoIterator<Item = Loc>) {
        locs.into_iter().for_each(|loc| self.insert(loc));
    }

    /// The registers of an address.
    fn address(&mut self, address: &Address) {
        if let Some(base) = address.base
            && base != RSP
        {
            self.insert(Loc::Register(base));
        }
        if let Some((index, _)) = address.index {
            self.insert(Loc::Register(index));
        }
    }
}

/// What is needed before an instruction, by what is needed behind it.
#[derive(Clone, Copy, Debug, Default)]
struct Transfer {
    /// What it writes.
    to: Option<Loc>,
    /// What is not needed before it, unless said otherwise: what it writes or overwrites whole.
    ends: Few,
    /// What is needed before it.
    always: Few,
    /// What is needed where what it writes is needed.
    then: Few,
}

impl Transfer {
    fn back(&self, need: &mut Set) {
        let needed = self.to.is_some_and(|to| need.contains(to));
        need.low &= !self.ends.low;
        if let Some(more) = self.ends.more {
            need.remove(more);
        }
        let add = |need: &mut Set, few: Few| {
            need.low |= few.low;
            need.extend(few.more);
        };
        add(need, self.always);
        if needed {
            add(need, self.then);
        }
        need.remove(Loc::Register(RSP));
    }
}

struct Slice<'a> {
    reads: Reads,
    step: &'a Step,
}

impl Slice<'_> {
    fn transfer(&self, insn: Insn) -> Transfer {
        if matches!(insn.class, Class::Return | Class::JumpTo) {
            return self.leave(insn);
        }
        if insn.class == Class::CallTo {
            return self.call(insn);
        }
        if matches!(insn.class, Class::Push | Class::Pop) {
            return self.stack(insn);
        }
        let mut transfer = Transfer::default();
        let mut sources = Few::default();
        let compares = matches!(insn.class, Class::Compare | Class::Test);
        for n in 0..insn.operands() {
            let Ok(operand) = insn.operand(n) else { continue };
            let loc = match operand {
                Operand::Register(r, _) => Some(Loc::Register(r)),
                Operand::Memory(address) if insn.class == Class::Lea => {
                    transfer.then.address(&address);
                    None
                }
                Operand::Memory(address) => {
                    transfer.always.address(&address);
                    self.step.word
                }
                Operand::Vector | Operand::Immediate(_) => None,
            };
            let Some(loc) = loc else { continue };
            if n == 0 && !compares {
                transfer.to = Some(loc);
                let narrow = matches!(operand, Operand::Register(_, 1 | 2));
                if !narrow || insn.class == Class::Move {
                    transfer.ends.insert(loc);
                }
                if Self::reads_first(insn.class) {
                    sources.insert(loc);
                }
            } else {
                sources.insert(loc);
            }
        }
        let all = self.reads == Reads::Comparisons;
        let exact = matches!(insn.class, Class::Move | Class::Alu(_));
        let selects = matches!(insn.class, Class::Select(_) | Class::Alu(Alu::ShiftLeft));
        if (compares && (all || self.wide(insn))) || self.step.outside {
            transfer.always.low |= sources.low;
            transfer.always.extend(sources.more);
        } else if (exact && (all || self.keeps(insn))) || selects {
            transfer.then.low |= sources.low;
            transfer.then.extend(sources.more);
        }
        transfer
    }

    /// A return, a tail call, an indexed jump.
    fn leave(&self, insn: Insn) -> Transfer {
        let mut transfer = Transfer::default();
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            transfer.always.insert(Loc::Register(r));
            if self.step.table {
                return transfer;
            }
            transfer.always.extend([RDI, RSI].map(Loc::Register));
        }
        transfer.always.extend(CALLEE_SAVED.map(Loc::Register));
        transfer.always.insert(Loc::Register(RAX));
        transfer.always.extend(self.step.top);
        transfer
    }

    fn call(&self, insn: Insn) -> Transfer {
        let mut transfer = Transfer::default();
        let changed = (0..16).filter(|r| !CALLEE_SAVED.contains(r));
        transfer.ends.extend(changed.map(Loc::Register));
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            transfer.always.insert(Loc::Register(r));
        }
        transfer.always.extend([RDI, RSI].map(Loc::Register));
        if self.step.outside || self.reads == Reads::Comparisons {
            transfer.always.extend(OPERANDS.map(Loc::Register));
        }
        transfer
    }

    /// Whether operand 0 is read as well.
    fn reads_first(class: Class) -> bool {
        !matches!(
            class,
            Class::Move | Class::Lea | Class::ZeroExtend | Class::SignExtend | Class::Define
        )
    }

    /// A comparison of 64 bits, as bounds checks are.
    fn wide(&self, insn: Insn) -> bool {
        (0..2).any(|n| match insn.operand(n) {
            Ok(Operand::Register(_, bytes)) => bytes == 8,
            Ok(Operand::Memory(address)) => address.size == 8,
            _ => false,
        })
    }

    /// Whether the result depends on more than the operation's width.
    fn keeps(&self, insn: Insn) -> bool {
        match insn.operand(0) {
            Ok(Operand::Register(_, bytes)) => bytes == 8,
            Ok(Operand::Memory(address)) => address.size == 8,
            _ => false,
        }
    }

    fn stack(&self, insn: Insn) -> Transfer {
        let mut transfer = Transfer::default();
        let (Ok(Operand::Register(r, _)), Some(word)) = (insn.operand(0), self.step.top) else {
            return transfer;
        };
        let push = insn.class == Class::Push;
        let (to, from) = if push { (word, Loc::Register(r)) } else { (Loc::Register(r), word) };
        transfer.to = Some(to);
        transfer.ends.insert(to);
        transfer.then.insert(from);
        if r == RBP && push {
            transfer.always.insert(from);
        }
        transfer
    }
}
