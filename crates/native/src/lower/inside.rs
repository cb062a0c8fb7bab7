//! Accesses that are in their memory because an earlier one was.
//!
//! A memory only grows, so behind the comparison of `index + end` with its length, an access by the
//! same index with no greater end needs none, and an access at a constant needs none where the
//! memory has the bytes from the beginning. Nothing here is trusted: the check has to find the
//! same facts.
//!
//! - I1. Of a block counts what is compared in it, and in at most [`BLOCKS_MAX`] blocks that
//!   dominate it, back to an exception handler at most, behind which the check knows less.
//!
//! Noticed by: `tests/inside.rs`, on both sides of each bound.

use crate::lower::Lowering;
use crate::lower::exception::is_handler;
use cranelift_codegen::ir::Value;
use prova_module::MemoryIdx;
use prova_ssa::{Block, Body, Dominators};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Blocks in which an earlier comparison is looked for, the access's included.
const BLOCKS_MAX: usize = 16;

/// The comparisons of a function.
#[derive(Debug)]
pub(crate) struct Inside {
    /// For each block the one that dominates it, unless that is a handler; found when it is asked
    /// for first, as most functions in the guard shape compare nothing.
    from: OnceCell<Vec<Option<Block>>>,
    /// The greatest end that was compared, in bytes, by block, memory and index.
    compared: BTreeMap<(Block, u32, Value), u64>,
    /// The index with 64 bits, where it was compared: what the check knows is of this value, which
    /// without Cranelift's optimiser no other one is known to be.
    wide: BTreeMap<(Block, u32, Value), Value>,
    /// In the masked shape the pointer by block, memory and index whose end is the greatest, and
    /// that end.
    pointers: BTreeMap<(Block, u32, Value), (u64, Value)>,
    /// The block that is lowered.
    block: Block,
}

impl Inside {
    /// Before the first block.
    pub(crate) fn new(body: &Body) -> Inside {
        let (compared, wide, pointers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Inside { from: OnceCell::new(), compared, wide, pointers, block: body.entry() }
    }

    /// A block begins.
    pub(crate) fn begins(&mut self, block: Block) {
        self.block = block;
    }

    /// The greatest end that was compared of an index.
    fn greatest(&self, body: &Body, (memory, index): (u32, Value)) -> Option<u64> {
        let compared = |block| self.compared.get(&(block, memory, index)).copied();
        self.dominating(body).filter_map(compared).max()
    }

    /// The index with 64 bits, as it was compared for its greatest end.
    pub(crate) fn wide(&self, body: &Body, (memory, index): (u32, Value)) -> Option<Value> {
        let compared = |block| {
            let key = (block, memory, index);
            Some((*self.compared.get(&key)?, *self.wide.get(&key)?))
        };
        let found = self.dominating(body).filter_map(compared);
        found.max_by_key(|&(end, _)| end).map(|(_, wide)| wide)
    }

    /// An index has this value with 64 bits, where it is compared.
    pub(crate) fn widens(&mut self, (memory, index): (u32, Value), wide: Value) {
        self.wide.insert((self.block, memory, index), wide);
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
    /// Whether the bytes up to `index + end` are in the memory from the beginning, as the index is
    /// a constant.
    pub(crate) fn is_at_constant(&self, memory: u32, index: Value, end: u64) -> bool {
        let ty = self.module.memory(MemoryIdx(memory));
        let least = ty.map_or(0, |ty| ty.min.saturating_mul(1 << ty.page_size_log2));
        let last = self.emit.constant(index).and_then(|index| index.checked_add(end));
        last.is_some_and(|last| last <= least)
    }

    /// Whether an access by `index` that ends at `index + end` needs no comparison. If it needs
    /// one, that is noted, since it follows.
    pub(crate) fn is_inside(&mut self, memory: u32, index: Value, end: u64) -> bool {
        if self.is_at_constant(memory, index, end) {
            return true;
        }
        if self.inside.greatest(self.body, (memory, index)).is_some_and(|most| end <= most) {
            return true;
        }
        self.inside.compared.insert((self.inside.block, memory, index), end);
        false
    }
}
