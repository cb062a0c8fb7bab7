//! A backward slice by locations: which of them an obligation reads at the beginning of a block.
//!
//! An address, a callee, a comparison needs the locations that it reads; a location that is needed
//! behind an instruction that writes it needs the instruction's sources before it. It looks at
//! instructions only, so it runs before anything is executed, and the fixpoint carries what is
//! needed and nothing else. It may leave out too much; then there is a fixpoint without it.

use crate::graph::{Block, Graph, View};
use crate::set::Set;
use iced_x86::Mnemonic;
use prova_check::Loc;
use prova_check::abi::regs::{RAX, RBP, RDI, RDX, RSI, RSP};
use prova_check::abi::{CALLEE_SAVED, OPERANDS};
use prova_check::x64::{Address, Alu, Class, Insn, Operand};
use std::collections::BTreeMap;

/// How much counts as needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Comparisons before a conditional move or through a 32-bit register need nothing before.
    Addresses,
    /// Operands of all comparisons are needed.
    Comparisons,
}

/// The needed locations at each block, by its offset. Those of the frame's chain are needed
/// everywhere: where code calls or stops, they are asked for, and they seldom change.
pub(crate) fn needs(graph: &Graph, chain: &[Loc]) -> BTreeMap<u32, Set> {
    let blocks = &graph.blocks;
    let end = blocks.last().map_or(0, |block| block.start as usize + 1);
    let mut places = vec![0_u32; end];
    for (place, block) in (1..).zip(blocks) {
        places[block.start as usize] = place;
    }
    let find = |at: u32| (places.get(at as usize).copied()? as usize).checked_sub(1);
    let next = |block: &Block| graph.ways.get(block.next.clone()).unwrap_or(&[]);
    let from = ways_to(blocks.len(), || {
        blocks.iter().enumerate().flat_map(|(i, block)| {
            next(block).iter().filter_map(move |&to| Some((find(to)?, i as u32)))
        })
    });
    let mut needs = vec![Set::default(); blocks.len()];
    let mut work = Work::all(blocks.len());
    let mut need = Set::default();
    while let Some(i) = work.pop() {
        let block = &blocks[i];
        let transfers = graph.transfers.get(block.transfers.clone()).unwrap_or(&[]);
        need.clear();
        for &to in next(block) {
            // A branch out of the middle of the block is looked at where it stands.
            if transfers.last().is_some_and(|last| to == block.end || last.branch == NOWHERE)
                && let Some(to) = find(to)
            {
                need.add(&needs[to]);
            }
        }
        for transfer in transfers.iter().rev() {
            if transfer.branch != NOWHERE
                && let Some(to) = find(transfer.branch)
            {
                need.add(&needs[to]);
            }
            transfer.back(&mut need);
        }
        if needs[i] != need {
            needs[i].clone_from(&need);
            from.to(i).iter().for_each(|&i| work.push(i as usize));
        }
    }
    let chain: Set = chain.iter().copied().collect();
    needs.iter_mut().for_each(|need| need.add(&chain));
    blocks.iter().map(|block| block.start).zip(needs).collect()
}

/// Blocks that are to be looked at, the last one first.
struct Work {
    waits: Vec<bool>,
    /// No block from here on waits.
    end: usize,
}

impl Work {
    fn all(blocks: usize) -> Work {
        Work { waits: vec![true; blocks], end: blocks }
    }

    fn push(&mut self, block: usize) {
        self.waits[block] = true;
        self.end = self.end.max(block + 1);
    }

    fn pop(&mut self) -> Option<usize> {
        let last = self.waits[..self.end].iter().rposition(|&waits| waits)?;
        self.waits[last] = false;
        self.end = last;
        Some(last)
    }
}

/// For each block those that lead to it, one behind the other.
struct Ways {
    ends: Vec<u32>,
    from: Vec<u32>,
}

impl Ways {
    fn to(&self, block: usize) -> &[u32] {
        let start = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.from[start as usize..self.ends[block] as usize]
    }
}

/// Ways by what they lead to; `ways` gives each with where it comes from.
fn ways_to<I: Iterator<Item = (usize, u32)>>(blocks: usize, ways: impl Fn() -> I) -> Ways {
    let mut ends = vec![0; blocks];
    ways().for_each(|(to, _)| ends[to] += 1);
    let mut sum = 0;
    for end in &mut ends {
        sum += std::mem::replace(end, sum);
    }
    let mut from = vec![0; sum as usize];
    for (to, block) in ways() {
        from[ends[to] as usize] = block;
        ends[to] += 1;
    }
    Ways { ends, from }
}

/// A few locations: those with the first 64 numbers, and one more by its number; 0: none.
#[derive(Clone, Copy, Debug, Default)]
struct Few {
    low: u64,
    more: u32,
}

impl Few {
    /// The set of these registers.
    const fn registers(registers: &[u8]) -> Few {
        let (mut low, mut rest) = (0, registers);
        while let [register, behind @ ..] = rest {
            low |= 1 << *register;
            rest = behind;
        }
        Few { low, more: 0 }
    }

    fn insert(&mut self, loc: Loc) {
        match loc.number() {
            n @ 0..64 => self.low |= 1 << n,
            n => self.more = n,
        }
    }

    /// The other ones too; of those beyond the first 64 one is forgotten, if both have one.
    fn add(&mut self, other: Few) {
        self.low |= other.low;
        if other.more != 0 {
            self.more = other.more;
        }
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

/// The locations needed before an instruction, as a function of those needed behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    /// Where it branches to, or [`NOWHERE`].
    pub(crate) branch: u32,
    /// The number of what it writes, or [`NOWHERE`].
    to: u32,
    /// The locations that it writes or overwrites whole: not needed before it, unless said
    /// otherwise.
    ends: Few,
    /// The locations needed before it.
    always: Few,
    /// The locations needed before it where `to` is needed behind it.
    then: Few,
}

/// Operands by their numbers, a bit each.
#[derive(Clone, Copy, Debug)]
struct Operands(u8);

impl Operands {
    const NONE: Operands = Operands(0);
    const FIRST: Operands = Operands(1);
    const FIRST_TWO: Operands = Operands(3);
    const BEHIND_FIRST: Operands = Operands(0xe);
    const THIRD: Operands = Operands(4);
    const ALL: Operands = Operands(0xf);

    const fn has(self, n: u32) -> bool {
        self.0 >> (n & 7) & 1 == 1
    }
}

/// The accesses of an instruction, other than of control and of the stack, to its operands and to
/// registers that are no operands. Invariant: they are those of the decoder's table (`tests.rs`).
#[derive(Clone, Copy, Debug)]
struct Access {
    reads: Operands,
    writes: Operands,
    /// Registers that are read and no operands.
    sources: Few,
    /// Registers that are written whole and no operands.
    results: Few,
}

impl Access {
    fn of(insn: &Insn) -> Access {
        let none = Few::default();
        let access = |reads, writes| Access { reads, writes, sources: none, results: none };
        let wide = |from: &[u8], to: &[u8], wide: bool| Access {
            sources: Few::registers(from),
            results: if wide { Few::registers(to) } else { none },
            ..access(Operands::ALL, Operands::NONE)
        };
        // The bytes of the one operand of a division or product.
        let bytes = insn.place(0).1.map_or(8, |(_, bytes)| bytes);
        let mnemonic = insn.raw().mnemonic();
        match insn.class {
            Class::Move
            | Class::Lea
            | Class::ZeroExtend
            | Class::SignExtend
            | Class::SetByte(_)
            | Class::Vector => access(Operands::BEHIND_FIRST, Operands::FIRST),
            // `imul` of two operands reads the first one too.
            Class::Define if mnemonic != Mnemonic::Imul || insn.operands() > 2 => {
                access(Operands::BEHIND_FIRST, Operands::FIRST)
            }
            Class::Define | Class::Alu(_) | Class::Select(_) | Class::Scan => {
                access(Operands::ALL, Operands::FIRST)
            }
            Class::Compare | Class::Test | Class::BitTest | Class::VectorFlags => {
                access(Operands::ALL, Operands::NONE)
            }
            Class::Exchange | Class::ExchangeAdd => access(Operands::ALL, Operands::FIRST_TWO),
            Class::CompareExchange => {
                Access { sources: Few::registers(&[RAX]), ..access(Operands::ALL, Operands::FIRST) }
            }
            Class::MultiplyPair => Access {
                sources: Few::registers(&[RDX]),
                ..access(Operands::THIRD, Operands::FIRST_TWO)
            },
            Class::Divide if bytes > 1 => wide(&[RAX, RDX], &[RAX, RDX], bytes > 2),
            Class::MultiplyWide | Class::Divide => wide(&[RAX], &[RAX, RDX], bytes > 2),
            Class::ExtendLow => wide(&[RAX], &[RAX], mnemonic != Mnemonic::Cbw),
            Class::ExtendHigh => wide(&[RAX], &[RDX], mnemonic != Mnemonic::Cwd),
            Class::Branch(_)
            | Class::Jump
            | Class::Leave
            | Class::JumpTo
            | Class::Call
            | Class::CallTo
            | Class::Return
            | Class::Push
            | Class::Pop
            | Class::Trap
            | Class::Nop
            | Class::Fence => access(Operands::NONE, Operands::NONE),
        }
    }
}

/// The number that is no offset and no location.
const NOWHERE: u32 = u32::MAX;

impl Transfer {
    const NOTHING: Transfer = {
        let none = Few { low: 0, more: 0 };
        Transfer { branch: NOWHERE, to: NOWHERE, ends: none, always: none, then: none }
    };

    fn back(&self, need: &mut Set) {
        let needed = self.to != NOWHERE && need.has(self.to);
        need.low &= !self.ends.low;
        if self.ends.more != 0 {
            need.remove(self.ends.more);
        }
        let add = |need: &mut Set, few: Few| {
            need.low |= few.low;
            if few.more != 0 {
                need.insert(few.more);
            }
        };
        add(need, self.always);
        if needed {
            add(need, self.then);
        }
        need.low &= !(1 << RSP);
    }
}

/// The locations that a return or tail call needs in addition to its operands: callee-saved
/// registers and a result.
const LEAVING: Few = {
    let [a, b, c, d, e, f] = CALLEE_SAVED;
    Few::registers(&[a, b, c, d, e, f, RAX])
};
/// The locations that a call changes.
const CHANGED: Few = Few { low: 0xffff & !Few::registers(&CALLEE_SAVED).low, more: 0 };

/// General registers that an instruction without memory reads, and those that it overwrites whole,
/// a bit each: what the slice takes them for.
pub fn registers(insn: &Insn) -> (u16, u16) {
    let (memory, word, top) = (None, None, None);
    let view = View { memory, word, top, outside: true, table: false };
    let transfer = Slice { reads: Reads::Comparisons, view: &view }.transfer(insn);
    (transfer.always.low as u16, transfer.ends.low as u16)
}

/// An instruction's view, and what counts as needed.
pub(crate) struct Slice<'a> {
    pub(crate) reads: Reads,
    pub(crate) view: &'a View,
}

impl Slice<'_> {
    /// The transfer function of an instruction.
    pub(crate) fn transfer(&self, insn: &Insn) -> Transfer {
        let class = insn.class;
        if matches!(class, Class::Return | Class::JumpTo | Class::Leave) {
            return self.leave(insn);
        } else if class.is_call() {
            return self.call(insn);
        } else if matches!(class, Class::Push | Class::Pop) {
            return self.stack(insn);
        } else if matches!(class, Class::Branch(_) | Class::Jump | Class::Trap | Class::Nop) {
            return Transfer::NOTHING;
        }
        let mut transfer = Transfer::NOTHING;
        let compares = matches!(insn.class, Class::Compare | Class::Test);
        let Access { reads, writes, mut sources, results } = Access::of(insn);
        transfer.ends = results;
        for n in 0..insn.operands() {
            let (Some(loc), narrow) = self.location(insn, n, &mut transfer) else { continue };
            if writes.has(n) {
                if n == 0 {
                    transfer.to = loc.number();
                }
                if !narrow || insn.class == Class::Move {
                    transfer.ends.insert(loc);
                }
            }
            if reads.has(n) {
                sources.insert(loc);
            }
        }
        let all = self.reads == Reads::Comparisons;
        let exact = matches!(insn.class, Class::Move | Class::Alu(_));
        let selects = matches!(insn.class, Class::Select(_) | Class::Alu(Alu::ShiftLeft));
        if (compares && (all || self.wide(insn))) || self.view.outside {
            transfer.always.add(sources);
        } else if (exact && (all || self.keeps(insn))) || selects {
            transfer.then.add(sources);
        }
        transfer
    }

    /// The location that an operand is, and whether it is a part of a register. The needs of its
    /// address are put into the transfer.
    #[inline(always)]
    fn location(&self, insn: &Insn, n: u32, transfer: &mut Transfer) -> (Option<Loc>, bool) {
        match insn.place(n) {
            (false, Some((r, bytes))) => (Some(Loc::Register(r)), bytes < 4),
            (false, None) => (None, false),
            (true, _) => {
                let Some(address) = &self.view.memory else { return (None, false) };
                if insn.class == Class::Lea {
                    transfer.then.address(address);
                    return (None, false);
                }
                transfer.always.address(address);
                (self.view.word, false)
            }
        }
    }

    /// A return, a tail call, an indexed jump.
    fn leave(&self, insn: &Insn) -> Transfer {
        let mut transfer = Transfer::NOTHING;
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            transfer.always.insert(Loc::Register(r));
            if self.view.table {
                return transfer;
            }
            transfer.always.add(Few::registers(&[RDI, RSI]));
        }
        if insn.class == Class::Leave {
            transfer.always.add(Few::registers(&[RDI, RSI]));
        }
        transfer.always.add(LEAVING);
        if let Some(top) = self.view.top {
            transfer.always.insert(top);
        }
        transfer
    }

    fn call(&self, insn: &Insn) -> Transfer {
        let mut transfer = Transfer::NOTHING;
        transfer.ends = CHANGED;
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            transfer.always.insert(Loc::Register(r));
        }
        transfer.always.add(Few::registers(&[RDI, RSI]));
        if self.view.outside || self.reads == Reads::Comparisons {
            transfer.always.add(Few::registers(&OPERANDS));
        }
        transfer
    }

    /// A comparison of 64 bits, as bounds checks are.
    fn wide(&self, insn: &Insn) -> bool {
        self.is_wide(insn, 0) || self.is_wide(insn, 1)
    }

    /// Whether the result depends on more than the operation's width.
    fn keeps(&self, insn: &Insn) -> bool {
        self.is_wide(insn, 0)
    }

    /// Whether an operand has 8 bytes.
    fn is_wide(&self, insn: &Insn, n: u32) -> bool {
        match insn.place(n) {
            (true, _) => self.view.memory.is_some_and(|address| address.size == 8),
            (false, register) => matches!(register, Some((_, 8))),
        }
    }

    fn stack(&self, insn: &Insn) -> Transfer {
        let mut transfer = Transfer::NOTHING;
        let (Ok(Operand::Register(r, _)), Some(word)) = (insn.operand(0), self.view.top) else {
            return transfer;
        };
        let push = insn.class == Class::Push;
        let (to, from) = if push { (word, Loc::Register(r)) } else { (Loc::Register(r), word) };
        transfer.to = to.number();
        transfer.ends.insert(to);
        transfer.then.insert(from);
        if r == RBP && push {
            transfer.always.insert(from);
        }
        transfer
    }
}
