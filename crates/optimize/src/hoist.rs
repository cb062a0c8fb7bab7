//! Hoisting: a pure operator that gives the same in every round of a loop is computed before it.
//!
//! A loop is a header with the blocks that lead back to it and that it dominates (natural loops; a
//! graph that is entered in several places has none there). An operator moves to the end of the
//! header's immediate dominator, and on from there while the dominator is in a loop too, if
//!
//! * its operands are made outside of the loop, or moved out of it, or are constants, which move
//!   along;
//! * its block dominates one that leads back, so that each round computes it: what only a slow way
//!   needs stays there.
//!
//! Limits: at most [`MOVED_MAX`] operators of a body, and what may trap stays. Linear in the body,
//! times the depth of loops and the blocks that lead back ([`LATCHES_MAX`] are looked at).

use crate::plant::planted;
use crate::rebuild::Plan;
use cranelift_entity::EntityRef;
use prova_module::ops::Class;
use prova_ssa::{Block, Body, Def, Dominators, Inst, Op, Terminator, Value};

/// Operators that move.
const MOVED_MAX: usize = 256;

/// Blocks that lead back to a header, of those that are looked at.
const LATCHES_MAX: usize = 16;

/// The natural loops of a body.
struct Loops {
    /// By block: the header of the innermost loop that it is in.
    innermost: Vec<Option<Block>>,
    /// By header: the header of the next loop around it.
    around: Vec<Option<Block>>,
    /// By header: blocks that lead back.
    latches: Vec<Vec<Block>>,
    /// By header: itself, or the header of a loop around, as far out as is known.
    outer: Vec<Block>,
}

impl Loops {
    fn new(body: &Body, dominators: &Dominators) -> Loops {
        let count = body.block_count();
        let mut preds: Vec<Vec<Block>> = vec![Vec::new(); count];
        let mut latches: Vec<Vec<Block>> = vec![Vec::new(); count];
        for (block, _) in body.blocks().filter(|&(block, _)| dominators.reaches(block)) {
            for edge in body.successors(block) {
                preds[edge.block.index()].push(block);
                if dominators.dominates(edge.block, block) {
                    latches[edge.block.index()].push(block);
                }
            }
        }
        let outer = (0..count as u32).map(Block::from_u32).collect();
        let (innermost, around) = (vec![None; count], vec![None; count]);
        let mut loops = Loops { innermost, around, latches, outer };
        // A block stands behind its immediate dominator, so inner headers come first.
        for header in (0..count as u32).rev().map(Block::from_u32) {
            let mut open = loops.latches[header.index()].clone();
            while let Some(block) = open.pop() {
                let outermost = loops.outermost(block);
                if outermost == Some(header) {
                    continue;
                }
                let entered = match outermost {
                    Some(inner) => {
                        loops.around[inner.index()] = Some(header);
                        loops.outer[inner.index()] = header;
                        inner
                    }
                    None => {
                        loops.innermost[block.index()] = Some(header);
                        block
                    }
                };
                if entered != header {
                    open.extend(&preds[entered.index()]);
                }
            }
            let is_header = !loops.latches[header.index()].is_empty();
            if is_header && loops.innermost[header.index()].is_none() {
                loops.innermost[header.index()] = Some(header);
            }
        }
        loops
    }

    /// The outermost loop so far in which a block is; ways that are long become shorter.
    fn outermost(&mut self, block: Block) -> Option<Block> {
        let mut at = self.innermost[block.index()]?;
        while self.outer[at.index()] != at {
            let next = self.outer[at.index()];
            self.outer[at.index()] = self.outer[next.index()];
            at = next;
        }
        Some(at)
    }
}

/// The moves of operators.
struct Hoisting<'b> {
    body: &'b Body,
    dominators: Dominators,
    loops: Loops,
    /// By instruction: the block in which it is computed.
    place: Vec<Block>,
}

/// Plans what moves.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let mut plan = Plan::new(body);
    let dominators = Dominators::new(body);
    let loops = Loops::new(body, &dominators);
    if loops.latches.iter().all(Vec::is_empty) {
        return plan;
    }
    let mut place = vec![body.entry(); body.inst_count()];
    for (block, data) in body.blocks() {
        data.insts().for_each(|inst| place[inst.index()] = block);
    }
    let own = place.clone();
    let mut hoisting = Hoisting { body, dominators, loops, place };
    let mut moved = 0;
    for (block, data) in body.blocks() {
        for inst in data.insts() {
            if moved < MOVED_MAX && hoisting.may_move(inst) && hoisting.inst(inst, block) {
                moved += 1;
            }
        }
    }
    for inst in body.insts() {
        let (from, to) = (own[inst.index()], hoisting.place[inst.index()]);
        if from != to {
            plan.hoist(inst, to);
        }
    }
    plan
}

impl Hoisting<'_> {
    /// Whether an operator gives the same wherever its operands are the same, and is none that
    /// stays where it is used.
    fn may_move(&self, inst: Inst) -> bool {
        let data = self.body.inst(inst);
        let Op::Wasm(opcode) = data.op else { return false };
        let class = opcode.class();
        let pure = data.op.effects().is_pure() || planted!(TrapsHoisted) && class == Class::trap;
        pure && !matches!(class, Class::constant | Class::null | Class::quick)
    }

    /// Moves an operator as far out as it pays; whether it moves at all.
    fn inst(&mut self, inst: Inst, block: Block) -> bool {
        let mut at = block;
        while let Some(header) = self.loops.innermost[at.index()]
            && let Some(to) = self.dominators.idom(header)
            && !matches!(self.body.block(to).terminator, Terminator::Catch { .. })
            && self.is_each_round(at, header)
            && self.operands(inst).all(|value| self.is_made(value, to))
        {
            at = to;
        }
        if at == block {
            return false;
        }
        self.place[inst.index()] = at;
        let constants: Vec<Inst> =
            self.operands(inst).filter_map(|value| self.constant(value)).collect();
        for constant in constants {
            if !self.dominators.dominates(self.place[constant.index()], at) {
                self.place[constant.index()] = at;
            }
        }
        true
    }

    fn operands(&self, inst: Inst) -> impl Iterator<Item = Value> {
        self.body.operands(self.body.inst(inst).args).iter().copied()
    }

    /// The instruction of a constant.
    fn constant(&self, value: Value) -> Option<Inst> {
        let Def::Result(inst, _) = self.body.value(value).def else { return None };
        let Op::Wasm(opcode) = self.body.inst(inst).op else { return None };
        matches!(opcode.class(), Class::constant | Class::null).then_some(inst)
    }

    /// Whether each round of a loop goes through a block.
    fn is_each_round(&self, block: Block, header: Block) -> bool {
        let latches = &self.loops.latches[header.index()];
        let mut looked = latches.iter().take(LATCHES_MAX);
        looked.any(|&latch| self.dominators.dominates(block, latch))
    }

    /// Whether a value can be read at the end of a block.
    fn is_made(&self, value: Value, at: Block) -> bool {
        let home = match self.body.value(value).def {
            Def::Param(home, ..) => home,
            Def::Result(inst, _) => self.place[inst.index()],
        };
        self.dominators.dominates(home, at)
            || self.constant(value).is_some()
            || planted!(HoistedTooFar)
    }
}
