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
use crate::ask::certificate::Role;
use prova_ssa::relate::walk::{Bound, Simulate};
use prova_ssa::{Block, Edge};

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
    bound: Bound,
}

impl<'c> Part<'c> {
    /// Checks an edge to the place of the generic function where `start` instructions of a block
    /// are done (S6). `bound`, by rising values, has the values that become something else on the
    /// way.
    pub(super) fn lead(
        &mut self,
        our: &Edge,
        (generic, start): (Block, u32),
        bound: Bound,
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
                let marks = (self.at.news.mark(), self.at.olds.mark());
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
        self.at.news.back(marks.0);
        self.at.olds.back(marks.1);
        for (value, term) in bound {
            self.at.olds.set(value, term);
        }
        self.kept = kept;
        self.at.enter(block, (generic, start));
    }
}
