//! P10: which bytes of registers and stack words the code has got or written, and that no other
//! byte decides what it does.
//!
//! What the host left in registers and below the stack pointer is nobody's to read: addresses, and
//! all that its functions worked on. So each location has a *mark*, the number of its lowest bytes
//! that hold an argument, what memory held, a constant, or a result of such.
//!
//! - U1. At the entry these are the context, arguments of functions as wide as their types, the
//!   stack pointer and frame pointer, nothing else. Words that the stack pointer adds are not
//!   written.
//! - U2. A copy has the mark of its source; a result is written where all that it depends on is; a
//!   narrow result leaves the bytes above it as they were. Of the flags an instruction writes those
//!   that the processor's manual defines; one that stays is as it was.
//! - U3. All bytes are written of what decides a branch, an address, a trap; of what goes to memory
//!   beside the frame; of arguments and results, as wide as their types.
//! - U4. Behind a call nothing is written but the results, as wide as their types, and registers
//!   that the callee gives back. Results in an array are there once the host has not failed.
//! - U5. At a claimed block a byte is written if it is on all ways there. Those backwards are not
//!   known yet, so each location gets a node, with its marks on all ways; when the code has ended,
//!   all nodes that something demands are looked through (`nodes`). There is no iteration: a node
//!   is as much as is demanded of it or the code is refused.
//!
//! What is refused here is said only of code in which nothing else is wrong.
//!
//! Limits: a mark counts the lowest bytes, so a word with a written upper half alone has none
//! (of vector registers each byte is known: `bytes`).
//! Which *values* a guest may see is not looked at: an address that the code got may be stored.

mod array;
mod bytes;
mod flags;
mod flow;
mod instructions;
mod nodes;
mod places;
mod vector;

use crate::error::{Fault, Rule, fault};
use crate::state::State;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Vectors;
use flags::Flags;
pub(crate) use nodes::Mark;
use nodes::Nodes;
use vector::Copies;

/// Nodes of claimed blocks at most, beside those that the code's size allows.
const NODES_BASE: usize = 1 << 16;
/// Nodes for each byte of the code.
const NODES_EACH: usize = 128;
/// Nodes of any code.
const NODES_MAX: usize = 1 << 22;
/// Registers of both kinds, and the flags.
const REGISTERS: usize = 33;

/// The bit of a general register.
fn bit(r: u8) -> u16 {
    1_u16.checked_shl(r.into()).unwrap_or(0)
}

/// The refusal.
pub(crate) fn unwritten<T>(what: &'static str) -> Result<T, Fault> {
    fault(Rule::Unwritten, what)
}

/// The marks at one point.
#[derive(Clone, Default)]
pub(crate) struct Marks {
    registers: [Mark; 16],
    vectors: [Mark; 16],
    flags: Flags,
    /// The registers, a bit each, with a result of `bsf` or `bsr` that is what was there before
    /// where the zero flag is set, and only there.
    scanned: u16,
    /// Vector registers of one number hold the same: one was copied to the other.
    copies: Copies,
    /// The bytes of vector registers that are written, one by one.
    bytes: Vectors,
    words: Vec<Mark>,
    /// The array in the frame that the host has answered in, by its type and where it begins, if
    /// it has not failed.
    answered: Option<(u32, i64)>,
    /// The parts of the array of a way in that were stored since the last call (`array`).
    filled: Vec<u64>,
}

impl Marks {
    /// Takes over what other marks are.
    pub(crate) fn become_like(&mut self, other: &Marks) {
        (self.registers, self.vectors) = (other.registers, other.vectors);
        (self.flags, self.scanned, self.copies) = (other.flags, other.scanned, other.copies);
        self.answered = other.answered;
        self.bytes.clone_from(&other.bytes);
        self.words.clone_from(&other.words);
        self.filled.clone_from(&other.filled);
    }

    /// Registers, vector registers, flags, words.
    fn locations(&self) -> impl Iterator<Item = Mark> + '_ {
        let flags = if self.flags.are_surely() { Mark::ALL } else { Mark::NONE };
        let registers = self.registers.iter().chain(&self.vectors).copied();
        registers.chain(Some(flags)).chain(self.words.iter().copied())
    }

    fn locations_mut(&mut self) -> impl Iterator<Item = &mut Mark> + '_ {
        let registers = self.registers.iter_mut().chain(&mut self.vectors);
        registers.chain(Some(&mut self.flags.mark)).chain(&mut self.words)
    }
}

/// The nodes of a claimed block: the first one, and how many there are.
#[derive(Clone, Copy, Debug, Default)]
struct Range {
    first: u32,
    count: u32,
}

/// The marks where the pass is, and the nodes of claimed blocks.
pub(crate) struct Written {
    /// Where control reaches.
    pub(crate) marks: Box<Marks>,
    nodes: Nodes,
    blocks: Vec<Range>,
    nodes_max: usize,
    /// The first refusal, and where.
    refused: Option<(u32, Fault)>,
    accesses: iced_x86::InstructionInfoFactory,
}

impl Written {
    /// Marks for code of this number of bytes and claimed blocks; none is set.
    pub(crate) fn new(bytes: usize, blocks: usize) -> Written {
        let most = bytes.saturating_mul(NODES_EACH).saturating_add(NODES_BASE).min(NODES_MAX);
        Written {
            marks: Box::default(),
            nodes: Nodes::default(),
            blocks: alloc::vec![Range::default(); blocks],
            nodes_max: most,
            refused: None,
            accesses: iced_x86::InstructionInfoFactory::new(),
        }
    }

    /// Behind an instruction: words that the stack pointer adds are not written (U1).
    #[inline]
    pub(crate) fn resize(&mut self, state: &State) {
        let words = state.words.len();
        if self.marks.words.len() != words {
            let added = planted!(StackIsWritten, Mark::NONE, Mark::ALL);
            self.marks.words.resize(words, added);
            self.marks.answered = None;
        }
    }

    /// Demands the lowest `bytes` bytes of a location.
    #[inline]
    pub(crate) fn demand(
        &mut self,
        at: u32,
        (mark, bytes): (Mark, u8),
        what: &'static str,
    ) -> Result<(), Fault> {
        if mark.is_surely(bytes) {
            return Ok(());
        }
        self.nodes.demand(at, (mark, bytes), what)
    }

    /// U5: a way to a claimed block.
    pub(crate) fn goes(&mut self, block: usize) -> Result<(), Fault> {
        let Range { first, count } = self.range(block, self.marks.words.len())?;
        let Written { marks, nodes, .. } = self;
        let mut locations = marks.locations();
        for node in first..first.saturating_add(count) {
            // Words that a way does not have are written by nobody.
            let mark = locations.next().unwrap_or(Mark::NONE);
            planted!(MergeIsWritten, nodes.joins(node, mark), ());
        }
        Ok(())
    }

    /// The nodes of a claimed block with this number of words.
    fn range(&mut self, block: usize, words: usize) -> Result<Range, Fault> {
        let Written { nodes, blocks, nodes_max, .. } = self;
        let Some(range) = blocks.get_mut(block) else { return Ok(Range::default()) };
        let count = REGISTERS.saturating_add(words);
        if nodes.len().saturating_add(count) > *nodes_max {
            return fault(Rule::Limit, "more words at claimed blocks than the code's size allows");
        }
        if range.count == 0 {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            *range = Range { first: nodes.begin(count), count };
        }
        Ok(*range)
    }

    /// U5: a claimed block begins, with this number of words.
    pub(crate) fn enter(&mut self, block: usize, words: usize) -> Result<(), Fault> {
        let Range { first, count } = self.range(block, words)?;
        let Written { marks, nodes, .. } = self;
        marks.words.clear();
        marks.words.resize(words, Mark::NONE);
        (marks.scanned, marks.copies) = (0, Copies::default());
        marks.filled.clear();
        (marks.flags, marks.answered) = (Flags::at(Mark::NONE), None);
        let mut of_block = (first..first.saturating_add(count)).map(|node| nodes.mark(node));
        for mark in marks.locations_mut() {
            *mark = of_block.next().unwrap_or(Mark::NONE);
        }
        marks.bytes = Vectors::default();
        Ok(())
    }

    /// Looks whether each node has what is demanded of it.
    ///
    /// # Errors
    ///
    /// [`Rule::Unwritten`] with the offset of the instruction that demands what is not written.
    pub(crate) fn finish(&mut self, at: &mut u32) -> Result<(), Fault> {
        if let Some((offset, fault)) = self.refused {
            *at = offset;
            return Err(fault);
        }
        self.nodes.finish(at)
    }

    /// Keeps the first refusal.
    fn judged(&mut self, at: u32, judged: Result<(), Fault>) {
        if let (Err(fault), None) = (judged, self.refused) {
            self.refused = Some((at, fault));
        }
    }
}
