//! Accesses that need no comparison with their memory's length.
//!
//! A memory only grows, so behind the comparison of `index + end` with its length, an access by the
//! same index with no greater end needs none. Neither does one whose index is at most so much that
//! the memory has the bytes from the beginning. Nothing here is trusted: the check has to find the
//! same facts.
//!
//! - I1. Of a block counts what is compared in it, and in at most [`BLOCKS_MAX`] blocks that
//!   dominate it, back to an exception handler at most, behind which the check knows less.
//!
//! Noticed by: `tests/inside.rs`, on both sides of each bound.

use crate::lower::Lowering;
use crate::lower::exception::is_handler;
use crate::reach::{Reach, Reached, Reaches};
use cranelift_codegen::ir::Value;
use prova_module::MemoryIdx;
use prova_ssa::{Block, Body, Dominators, Inst};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Blocks in which an earlier comparison is looked for, the access's included.
const BLOCKS_MAX: usize = 16;

/// A comparison of an index.
#[derive(Clone, Copy, Debug)]
struct Compared {
    /// The end that was compared for, in bytes.
    end: u64,
    /// The index with 64 bits: what the check knows is of this value, which without Cranelift's
    /// optimiser no other one is known to be.
    wide: Value,
}

/// The comparisons of a function.
#[derive(Debug)]
pub(crate) struct Inside {
    /// For each block the one that dominates it, unless that is a handler; found when it is asked
    /// for first, as most functions in the guard shape compare nothing.
    from: OnceCell<Vec<Option<Block>>>,
    /// The comparison for the greatest end, by block, memory and index.
    compared: BTreeMap<(Block, u32, Value), Compared>,
    /// In the masked shape the pointer by block, memory and index whose end is the greatest, and
    /// that end.
    pointers: BTreeMap<(Block, u32, Value), (u64, Value)>,
    /// The block that is lowered.
    block: Block,
    /// The instruction that is lowered.
    pub(crate) at: Option<Inst>,
    /// The accesses so far.
    pub(crate) reaches: Reaches,
}

impl Inside {
    /// Before the first block.
    pub(crate) fn new(body: &Body) -> Inside {
        Inside {
            from: OnceCell::new(),
            compared: BTreeMap::new(),
            pointers: BTreeMap::new(),
            block: body.entry(),
            at: None,
            reaches: Reaches::new(),
        }
    }

    /// A block begins.
    pub(crate) fn begins(&mut self, block: Block) {
        self.block = block;
    }

    /// The comparison of an index for the greatest end.
    fn greatest(&self, body: &Body, (memory, index): (u32, Value)) -> Option<Compared> {
        let compared = |block| self.compared.get(&(block, memory, index)).copied();
        self.dominating(body).filter_map(compared).max_by_key(|compared| compared.end)
    }

    /// An index is compared.
    fn compares(&mut self, (memory, index): (u32, Value), compared: Compared) {
        self.compared.insert((self.block, memory, index), compared);
    }

    /// A masked pointer for an index that was compared for no smaller end.
    pub(crate) fn pointer(
        &self,
        body: &Body,
        (memory, index): (u32, Value),
        end: u64,
    ) -> Option<Value> {
        let pointers = |block| self.pointers.get(&(block, memory, index)).copied();
        let mut found = self.dominating(body).filter_map(pointers);
        found.find(|&(most, _)| end <= most).map(|(_, pointer)| pointer)
    }

    /// A masked pointer was made for an index.
    pub(crate) fn points(&mut self, (memory, index): (u32, Value), pointer: (u64, Value)) {
        self.pointers.insert((self.block, memory, index), pointer);
    }

    /// The blocks whose comparisons count (I1).
    fn dominating(&self, body: &Body) -> impl Iterator<Item = Block> {
        let from = self.from.get_or_init(|| {
            let dominators = Dominators::new(body);
            let idom = |(block, data)| dominators.idom(block).filter(|_| !is_handler(data));
            body.blocks().map(idom).collect()
        });
        let before = |block: &Block| from[block.as_u32() as usize];
        std::iter::successors(Some(self.block), before).take(BLOCKS_MAX)
    }
}

impl Lowering<'_> {
    /// The bytes that a memory has from the beginning.
    pub(crate) fn least_bytes(&self, memory: u32) -> u64 {
        let ty = self.module.memory(MemoryIdx(memory));
        ty.map_or(0, |ty| ty.min.saturating_mul(1 << ty.page_size_log2))
    }

    /// Whether the bytes up to `index + end` are in the memory from the beginning, as the index is
    /// a constant.
    pub(crate) fn is_at_constant(&self, memory: u32, index: Value, end: u64) -> bool {
        let last = self.emit.constant(index).and_then(|index| index.checked_add(end));
        last.is_some_and(|last| last <= self.least_bytes(memory))
    }

    /// Whether the bytes up to `index + end` are in the memory from the beginning, by the most that
    /// the index is.
    fn is_bounded(&self, memory: u32, index: Value, end: u64) -> bool {
        let last = self.emit.most(index).checked_add(end);
        last.is_some_and(|last| last <= self.least_bytes(memory))
    }

    /// Whether an access by `index` that ends at `index + end` needs a comparison.
    pub(crate) fn reach(&mut self, memory: u32, index: Value, end: u64) -> Reached {
        let compared = self.inside.greatest(self.body, (memory, index));
        let (reach, found) = match compared.filter(|compared| end <= compared.end) {
            _ if self.is_at_constant(memory, index, end) => {
                (Reach::Constant, Reached::Inside(compared.map(|compared| compared.wide)))
            }
            Some(Compared { wide, .. }) => (Reach::Earlier, Reached::Inside(Some(wide))),
            None if self.is_bounded(memory, index, end) => (Reach::Bounded, Reached::Inside(None)),
            None => (Reach::Compared, Reached::Not),
        };
        self.inside.reaches.push((self.offset(), reach));
        found
    }

    /// The offset in the module of the operator that is lowered.
    fn offset(&self) -> u32 {
        self.inside.at.map_or(0, |at| self.body.inst(at).offset)
    }

    /// An index is compared for an end, and is this with 64 bits.
    pub(crate) fn was_compared(&mut self, at: (u32, Value), end: u64, wide: Value) {
        self.inside.compares(at, Compared { end, wide });
    }
}
