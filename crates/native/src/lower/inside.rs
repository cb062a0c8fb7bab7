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
use std::collections::BTreeMap;

/// Blocks in which an earlier comparison is looked for, the access's included.
const BLOCKS_MAX: usize = 16;

/// The greatest end that was compared, in bytes, by memory and index.
type Compared = BTreeMap<(u32, Value), u64>;

/// The comparisons of a function.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    /// For each block the one that dominates it, unless that is a handler.
    from: Vec<Option<Block>>,
    /// For each block that is lowered its comparisons.
    compared: Vec<Compared>,
    /// The block that is lowered.
    block: usize,
}

impl Inside {
    /// Before the first block.
    pub(crate) fn new(body: &Body) -> Inside {
        let entry = body.entry().as_u32() as usize;
        let dominators = Dominators::new(body);
        let from = body
            .blocks()
            .map(|(block, data)| dominators.idom(block).filter(|_| !is_handler(data)))
            .collect();
        let compared = vec![Compared::new(); body.block_count()];
        Inside { from, compared, block: entry }
    }

    /// A block begins.
    pub(crate) fn begins(&mut self, block: Block) {
        self.block = block.as_u32() as usize;
    }

    /// The greatest end that was compared of an index.
    fn greatest(&self, key: &(u32, Value)) -> Option<u64> {
        let before = |&at: &usize| self.from[at].map(|from| from.as_u32() as usize);
        let blocks = std::iter::successors(Some(self.block), before).take(BLOCKS_MAX);
        blocks.filter_map(|at| self.compared[at].get(key).copied()).max()
    }
}

impl Lowering<'_> {
    /// Whether an access by `index` that ends at `index + end` needs no comparison. If it needs
    /// one, that is noted, since it follows.
    pub(crate) fn is_inside(&mut self, memory: u32, index: Value, end: u64) -> bool {
        let ty = self.module.memory(MemoryIdx(memory));
        let least = ty.map_or(0, |ty| ty.min.saturating_mul(1 << ty.page_size_log2));
        let last = self.emit.constant(index).and_then(|index| index.checked_add(end));
        if last.is_some_and(|last| last <= least) {
            return true;
        }
        let key = (memory, index);
        if self.inside.greatest(&key).is_some_and(|most| end <= most) {
            return true;
        }
        self.inside.compared[self.inside.block].insert(key, end);
        false
    }
}
