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

/// The needed locations at each block, by its offset.
pub(crate) fn needs(graph: &Graph, reads: Reads) -> BTreeMap<u32, Set> {
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
        for step in steps.iter().rev() {
            if matches!(step.insn.class, Class::Branch(_))
                && let Some(to) = find(step.insn.target())
            {
                need.add(&needs[to]);
            }
            Slice { reads, step }.back(step.insn, &mut need);
        }
        if needs[i] != need {
            needs[i].clone_from(&need);
            work.extend(ways[i].iter().copied());
        }
    }
    blocks.iter().map(|block| block.start).zip(needs).collect()
}

struct Slice<'a> {
    reads: Reads,
    step: &'a Step,
}

impl Slice<'_> {
    fn address(&self, address: &Address, need: &mut Set) {
        if let Some(base) = address.base
            && base != RSP
        {
            need.insert(Loc::Register(base));
        }
        if let Some((index, _)) = address.index {
            need.insert(Loc::Register(index));
        }
    }

    fn back(&self, insn: Insn, need: &mut Set) {
        if matches!(insn.class, Class::Return | Class::JumpTo) {
            return self.leave(insn, need);
        }
        if insn.class == Class::CallTo {
            return self.call(insn, need);
        }
        if matches!(insn.class, Class::Push | Class::Pop) {
            return self.stack(insn, need);
        }
        let mut sources = Set::default();
        let mut needed = false;
        for n in 0..insn.operands() {
            let Ok(operand) = insn.operand(n) else { continue };
            let loc = match operand {
                Operand::Register(r, _) => Some(Loc::Register(r)),
                Operand::Memory(address) => {
                    if insn.class != Class::Lea {
                        self.address(&address, need);
                    }
                    self.step.word
                }
                Operand::Vector | Operand::Immediate(_) => None,
            };
            let Some(loc) = loc else { continue };
            let compares = matches!(insn.class, Class::Compare | Class::Test);
            if n == 0 && !compares {
                let narrow = matches!(operand, Operand::Register(_, 1 | 2));
                needed = need.contains(loc);
                if !narrow || insn.class == Class::Move {
                    need.remove(loc);
                }
                if Self::reads_first(insn.class) {
                    sources.insert(loc);
                }
            } else {
                sources.insert(loc);
            }
        }
        if let (Class::Lea, true, Ok(Operand::Memory(address))) =
            (insn.class, needed, insn.operand(1))
        {
            self.address(&address, need);
        }
        let all = self.reads == Reads::Comparisons;
        let compares = matches!(insn.class, Class::Compare | Class::Test);
        let exact = matches!(insn.class, Class::Move | Class::Alu(_));
        let selects = matches!(insn.class, Class::Select(_) | Class::Alu(Alu::ShiftLeft));
        if (compares && (all || self.wide(insn)))
            || (needed && exact && (all || self.keeps(insn)))
            || (needed && selects)
            || self.step.outside
        {
            need.add(&sources);
        }
        need.remove(Loc::Register(RSP));
    }

    /// A return, a tail call, an indexed jump.
    fn leave(&self, insn: Insn, need: &mut Set) {
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            need.insert(Loc::Register(r));
            if self.step.table {
                return;
            }
            need.extend([RDI, RSI].map(Loc::Register));
        }
        need.extend(CALLEE_SAVED.map(Loc::Register));
        need.insert(Loc::Register(RAX));
        need.extend(self.step.top);
    }

    fn call(&self, insn: Insn, need: &mut Set) {
        for r in (0..16).filter(|r| !CALLEE_SAVED.contains(r)) {
            need.remove(Loc::Register(r));
        }
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            need.insert(Loc::Register(r));
        }
        need.extend([RDI, RSI].map(Loc::Register));
        if self.step.outside || self.reads == Reads::Comparisons {
            need.extend(OPERANDS.map(Loc::Register));
        }
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

    fn stack(&self, insn: Insn, need: &mut Set) {
        let Ok(Operand::Register(r, _)) = insn.operand(0) else { return };
        let push = insn.class == Class::Push;
        let Some(word) = self.step.top else { return };
        let (to, from) = if push { (word, Loc::Register(r)) } else { (Loc::Register(r), word) };
        if need.remove(to) {
            need.insert(from);
        }
        if r == RBP && push {
            need.insert(from);
        }
    }
}
