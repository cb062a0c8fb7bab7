//! The rule *inherit*: what is known of old values at the end of a block of the new body → what of
//! it is known at the starts of the blocks that it dominates.
//!
//! ```text
//! A ─────────► B        at the start of B a row says what some old values are;
//! │            ▲        the others are what they were at the end of A, if nothing
//! └─► X ─► Y ──┘        that may run between has made them again
//! ```
//!
//! Each block of the new body is a *copy* of one block of the old one: while control is in it, the
//! old body runs that block, and the old block's parameters are made on the edges into its copies.
//! An old block may have any number of copies.
//!
//! * I5. *Only way.* Where one block alone leads to B, all that is known at its end holds at the
//!   start of B, except of parameters of the old block that B is a copy of.
//! * I6. *No copy below.* Elsewhere, with A the immediate dominator of B: a value of an old block D
//!   is what it was at the end of A if A strictly dominates no copy of D.
//! * I7. *Constants.* A pure instruction without operands makes the same each time.
//!
//! # Proof
//! Let a run come to B, which A strictly dominates, and look at what it went through since it left
//! A for the last time.
//!
//! 1. *All of it is strictly dominated by A.* Say it went through X that is not. Then a way leads
//!    from the entry to X without A, and the run goes on from X to B without A: a way to B without
//!    A. It makes no difference which edges these are: dominators are those of all edges of the
//!    body, back edges, edges of exceptions, and edges that a constant excludes.
//! 2. *Terms keep their value.* A term that is known at the end of A has leaves of A and of blocks
//!    that dominate A (a new value is only read where its definition dominates). By 1, what ran
//!    since then makes none of them.
//! 3. *Old values keep theirs.* A value of D is made while control is in a copy of D, or its
//!    parameters on an edge into one. If A strictly dominates no copy of D then by 1 no copy of D
//!    was entered since, so the value is the one that was made last before. With 2 this is I6.
//! 4. *The only way.* If A alone leads to B then nothing ran between, and the edge has made the
//!    parameters of one old block, of which the row speaks or nothing is known. This is I5.
//! 5. *From block to block.* What is known at the end of a dominator further above holds if each
//!    step between is one of I5 or I6. All that a block strictly dominates, its dominators do too:
//!    so of the steps of I6 the first one decides. ∎
//!
//! Dominance of definitions alone would not do: the old body may run D *again* on a way that leaves
//! A and comes back, in another copy, and then reads what that made. In a turned loop the copy of
//! the header at the latch is such a D, below the copy before the loop.
//!
//! Every block is reached (S3 of `verify`) and stands behind its dominator (S4).
//!
//! # Asked before or behind
//! [`Inherit`] is given the copies and answers at once. [`Later`] finds out while blocks are walked
//! which old blocks run where: it notes what is inherited, by which step, and judges all of it when
//! nothing is left to walk. There a new block may stand for several old ones, one after the other
//! or in part, or for none: it is a copy of each that runs while control is in it or on an edge
//! into it, and the proof above asks for no more. It also asks of A only that it strictly dominates
//! B: so A may be the next dominator that has a state, where those between have none.
//!
//! Time: the logarithm of the number of copies for each question. Noticed by: planted faults of
//! each rule (`plants.txt`; of [`Later`] by those of emission).

use super::plant::planted;
use crate::body::{Body, InstData, Op};
use crate::dominance::Dominators;
use crate::entity::Block;
use crate::terminator::Terminator;
use cranelift_entity::EntityRef;
use prova_module::Opcode;

/// The operator of an instruction that makes the same each time (I7).
pub fn constant(data: &InstData) -> Option<Opcode> {
    match data.op {
        Op::Wasm(opcode) if data.args.is_empty() && data.op.effects().is_pure() => Some(opcode),
        Op::Wasm(_) | Op::Charge | Op::Poll => None,
    }
}

/// By value of a body: the block that makes it; `None` for a constant (I7).
pub fn homes(body: &Body) -> Vec<Option<Block>> {
    let mut homes = vec![None; body.value_count()];
    for (block, data) in body.blocks() {
        let insts = data.insts().map(|inst| body.inst(inst));
        let made = insts.filter(|inst| constant(inst).is_none()).flat_map(InstData::results);
        data.params().chain(made).for_each(|value| homes[value.index()] = Some(block));
    }
    homes
}

/// The blocks of the new body from its entry to where a walk over its dominator tree is.
#[derive(Default)]
struct Path {
    /// Each dominates the next one.
    blocks: Vec<Block>,
    /// Positions from which a step of I6 leads on, rising, with the blocks there.
    joins: Vec<(u32, Block)>,
}

impl Path {
    /// Goes on to a block, which the block at the depth above dominates, by a step of I6 or of I5.
    fn enter(&mut self, block: Block, depth: u32, is_join: bool) {
        self.blocks.truncate(depth as usize);
        let above = self.blocks.last().copied();
        self.blocks.push(block);
        let (Some(at), Some(above)) = (depth.checked_sub(1), above) else { return };
        while self.joins.last().is_some_and(|join| join.0 >= at) {
            self.joins.pop();
        }
        if is_join {
            self.joins.push((at, above));
        }
    }

    /// The block from which the first step of I6 leads on since a depth.
    fn join(&self, since: u32) -> Option<Block> {
        let first = self.joins.partition_point(|join| join.0 < since);
        self.joins.get(first).map(|join| join.1)
    }
}

/// The rule where all copies are known before the walk.
pub struct Inherit {
    dominators: Dominators,
    /// By old block: when a walk over the tree enters each of its copies, rising.
    copies: Vec<Vec<u32>>,
    /// By new block: whether one block alone leads to it (I5).
    is_only_way: Vec<bool>,
    /// Each block is the immediate dominator of the next one.
    path: Path,
}

impl Inherit {
    /// A walk that has not begun; `of` has for each block of the new body the old block that it is
    /// a copy of, if it is one.
    pub fn new(new: &Body, old_blocks: usize, of: impl Fn(Block) -> Option<Block>) -> Inherit {
        let dominators = Dominators::new(new);
        let mut copies = vec![Vec::new(); old_blocks];
        let mut from = vec![None; new.block_count()];
        let mut is_only_way = vec![true; new.block_count()];
        for (block, _) in new.blocks() {
            if let Some(copies) = of(block).and_then(|old| copies.get_mut(old.index())) {
                copies.push(dominators.span(block).0);
            }
            for edge in new.successors(block) {
                let to = new.block(edge.block).terminator;
                if planted!(HandlersLeftOut) && matches!(to, Terminator::Catch { .. }) {
                    continue;
                }
                let first = from[edge.block.index()].get_or_insert(block);
                is_only_way[edge.block.index()] &= *first == block;
            }
        }
        copies.iter_mut().for_each(|copies: &mut Vec<u32>| copies.sort_unstable());
        Inherit { dominators, copies, is_only_way, path: Path::default() }
    }

    /// The blocks of a body in an order in which each comes behind its immediate dominator, and
    /// what that dominates between them, each with its depth in the tree.
    pub fn order(&self, new: &Body) -> Vec<(Block, u32)> {
        let mut first = vec![None; new.block_count()];
        let mut next = vec![None; new.block_count()];
        let mut order = Vec::with_capacity(new.block_count());
        for block in (1..new.block_count() as u32).rev().map(Block::from_u32) {
            if let Some(above) = self.dominators.idom(block) {
                next[block.index()] = first[above.index()].replace(block);
            }
        }
        let mut open = vec![(new.entry(), 0)];
        while let Some((block, depth)) = open.pop() {
            order.push((block, depth));
            open.extend(next[block.index()].map(|sibling| (sibling, depth)));
            open.extend(first[block.index()].map(|child| (child, depth + 1)));
        }
        order
    }

    /// Goes on to a block, whose immediate dominator is the block of the path at the depth above.
    pub fn enter(&mut self, block: Block, depth: u32) {
        let is_join = !self.is_only_way[block.index()] && !planted!(OnlyWayEverywhere);
        self.path.enter(block, depth, is_join);
    }

    /// Whether a value of an old block, known since the block at a depth of the path, is not known
    /// any more (I5, I6).
    pub fn is_lost(&self, since: u32, old: Block) -> bool {
        self.path.join(since).is_some_and(|above| self.has_below(above, old))
    }

    /// Whether a block strictly dominates a copy of an old block.
    fn has_below(&self, above: Block, old: Block) -> bool {
        let (enter, leave) = self.dominators.span(above);
        let Some(copies) = self.copies.get(old.index()) else { return true };
        if planted!(OneCopyLooked) {
            return copies.first().is_some_and(|&at| enter < at && at <= leave);
        }
        let at = copies.partition_point(|&at| at <= enter);
        copies.get(at).is_some_and(|&at| at <= leave)
    }
}

/// The rule where only the end of a walk shows which old blocks run where.
pub struct Later {
    dominators: Dominators,
    /// Blocks that have a state.
    path: Path,
    /// Old blocks, each with when a walk over the tree enters a copy of it.
    copies: Vec<(Block, u32)>,
    /// By old block: the last of these.
    ran: Vec<Option<u32>>,
    /// Old blocks with values that were inherited, each with the first block of a step of I6.
    relied: Vec<(Block, Block)>,
    /// By old block: the last such step.
    last: Vec<Option<Block>>,
}

impl Later {
    /// A walk that has not begun.
    pub fn new(new: &Body, old_blocks: usize) -> Later {
        Later {
            dominators: Dominators::new(new),
            path: Path::default(),
            copies: Vec::with_capacity(new.block_count()),
            ran: vec![None; old_blocks],
            relied: Vec::new(),
            last: vec![None; old_blocks],
        }
    }

    /// The immediate dominator of a block of the new body.
    pub fn above(&self, block: Block) -> Option<Block> {
        self.dominators.idom(block)
    }

    /// Goes on to a block, which the block of the path at the depth above strictly dominates, by a
    /// step of I6 or of I5.
    pub fn enter(&mut self, block: Block, depth: u32, is_join: bool) {
        self.path.enter(block, depth, is_join);
    }

    /// An old block runs while control is in a new one, or on an edge into it.
    pub fn runs(&mut self, old: Block, new: Block) {
        let copy = self.dominators.span(new).0;
        let is_known = self.ran.get_mut(old.index()).and_then(|ran| ran.replace(copy));
        if is_known != Some(copy) {
            self.copies.push((old, copy));
        }
    }

    /// A value of an old block, known since the block at a depth of the path, is known here.
    #[inline]
    pub fn inherits(&mut self, since: u32, old: Block) {
        let Some(above) = self.path.join(since) else { return };
        if let Some(last) = self.last.get_mut(old.index())
            && last.replace(above) != Some(above)
        {
            self.relied.push((old, above));
        }
    }

    /// An old block with a value that was inherited and that may have been made again (I6), with
    /// the block behind which it may; `None` if there is none.
    pub fn broken(&mut self) -> Option<(Block, Block)> {
        if self.relied.is_empty() {
            return None;
        }
        self.copies.sort_unstable();
        for &(old, above) in &self.relied {
            let (enter, leave) = self.dominators.span(above);
            let first = self.copies.partition_point(|&copy| copy <= (old, enter));
            let next = self.copies.get(first).filter(|copy| copy.0 == old);
            if next.is_some_and(|copy| copy.1 <= leave) {
                return Some((old, above));
            }
        }
        None
    }
}
