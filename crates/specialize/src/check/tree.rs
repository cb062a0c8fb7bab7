//! Inner blocks: those without a row, which only one edge leads to (S11).
//!
//! ```text
//! row ─► block ─┬─ edge to a block with a row: what it says holds (`edge`)
//!               └─ edge to an inner block: what is known goes on there
//! ```
//!
//! A block with a row and the inner blocks behind it are a tree, which is walked with one table of
//! terms: a value means the same in all blocks that come after it, since control goes through the
//! tree from its root, each block once. On the way to another branch of the tree what was learnt in
//! the first one is forgotten.

use super::error::{Rule, Verdict, demand};
use super::part::{Kept, Part};
use crate::certificate::Role;
use prova_ssa::Vn;
use prova_ssa::{Block, Edge, Inst, Value};
use std::ops::Range;

/// An inner block that is still to be walked.
pub(super) struct Open {
    block: Block,
    generic: Block,
    start: u32,
    kept: Kept,
    moved: bool,
    /// Where the tables of values were at the edge.
    marks: (usize, usize),
    /// The terms that values of the generic function get on the edge.
    bound: Vec<(Value, Option<Vn>)>,
}

/// The numbers of a block's instructions.
pub(super) fn insts_of(body: &prova_ssa::Body, block: Block) -> Range<u32> {
    let mut insts = body.block(block).insts();
    let count = insts.len() as u32;
    let first = insts.next().map_or(0, |inst| inst.as_u32());
    first..first + count
}

impl<'c> Part<'c> {
    /// Checks an edge to the place of the generic function where `start` instructions of a block
    /// are done (S6). `bound`, by rising values, has the values that become something else on the
    /// way.
    pub(super) fn lead(
        &mut self,
        our: &Edge,
        (generic, start): (Block, u32),
        bound: Vec<(Value, Option<Vn>)>,
    ) -> Verdict {
        let place = || format!("{generic}, {start} instructions done");
        match self.facts.role(our.block) {
            Some(Role::Copy(row)) => {
                let there = row.block == Some(generic) && row.start == start;
                demand!(there, Targets, "an edge to {} for one to {}", our.block, place());
                self.arrive(our, row, &bound)
            }
            Some(Role::Inner(done)) => {
                demand!(*done == start, Targets, "{} for {}", our.block, place());
                self.spend(self.kept.len())?;
                let marks = (self.ours.mark(), self.theirs.mark());
                let kept = self.kept.anew();
                let block = our.block;
                let moved = self.moved;
                self.open.push(Open { block, generic, start, kept, moved, marks, bound });
                Ok(())
            }
            _other => Err((Rule::Targets, format!("{} is no copy of a part", our.block))),
        }
    }

    /// Goes on in an inner block.
    pub(super) fn enter(&mut self, open: Open) {
        let Open { block, generic, start, kept, moved, marks, bound } = open;
        self.moved = moved;
        self.ours.back(marks.0);
        self.theirs.back(marks.1);
        for (value, term) in bound {
            self.theirs.set(value, term);
        }
        (self.block, self.generic, self.start, self.kept) = (block, generic, start, kept);
        self.left = insts_of(self.facts.body, block);
        self.next = None;
    }

    /// The instructions of the block that are still to come.
    pub(super) fn to_come(&self) -> impl ExactSizeIterator<Item = Inst> + use<> {
        self.left.clone().map(Inst::from_u32)
    }
}
