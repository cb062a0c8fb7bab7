//! Branch threading: an edge to a block that only decides where to go on leads there at once.
//!
//! A block can be passed over if its instructions are pure, nothing outside of it reads its values,
//! and it is no loop's header (so that reducible flow stays reducible) and no handler. An edge
//! passes over it if, with the edge's arguments, control leaves it one way, and the arguments of
//! that way are values outside of it, or arguments of the edge. Empty blocks are the simplest case.
//! A branch or table whose edges all lead to one place with the same arguments becomes a jump.
//!
//! Limits: an edge passes over at most [`HOPS_MAX`] blocks, of at most [`INSTS_MAX`] instructions
//! each; nothing is copied. Linear in the body, times these.

use crate::dead::{constant, reached};
use crate::fold;
use crate::plant::planted;
use crate::rebuild::Plan;
use cranelift_entity::EntityRef;
use prova_ssa::hash::Key;
use prova_ssa::{Arg, Block, Body, Def, Dominators, Edge, Op, Terminator, Value};
use std::collections::HashMap;

/// Blocks that one edge passes over.
const HOPS_MAX: usize = 8;

/// Instructions of a block that can be passed over.
const INSTS_MAX: usize = 8;

/// Plans where edges lead.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let reached = reached(body);
    let passable = passable(body, &reached);
    let mut plan = Plan::new(body);
    let mut threaded = vec![false; body.block_count()];
    for (block, _) in body.blocks().filter(|(block, _)| reached[block.index()]) {
        for (at, edge) in (0..).zip(body.successors(block)) {
            if !passable[edge.block.index()] {
                continue;
            }
            let mut way = (edge.block, body.args(&edge).to_vec());
            let mut moved = false;
            for _ in 0..HOPS_MAX {
                if !passable[way.0.index()] {
                    break;
                }
                let Some(next) = onward(body, &way) else { break };
                threaded[way.0.index()] = true;
                (way, moved) = (next, true);
            }
            if moved {
                plan.elsewhere.insert((block, at), way);
                plan.changes = true;
            }
        }
        if let Some(edge) = alike(&plan, block) {
            plan.only[block.index()] = Some(edge);
            plan.changes = true;
        }
    }
    if planted!(ThreadedUnsaid) {
        return plan;
    }
    plan.threaded = body.blocks().map(|(block, _)| block).filter(|b| threaded[b.index()]).collect();
    plan
}

/// By block: whether an edge may pass over it.
fn passable(body: &Body, reached: &[bool]) -> Vec<bool> {
    let dominators = Dominators::new(body);
    let mut block_of = vec![body.entry(); body.inst_count()];
    let mut passable = vec![true; body.block_count()];
    passable[body.entry().index()] = false;
    for (block, data) in body.blocks() {
        data.insts().for_each(|inst| block_of[inst.index()] = block);
        let pure = data.insts().all(|inst| body.inst(inst).op.effects().is_pure());
        let decides = match data.terminator {
            Terminator::Jump(_) | Terminator::Branch { .. } | Terminator::Table { .. } => true,
            Terminator::Null { .. }
            | Terminator::Cast { .. }
            | Terminator::Invoke { .. }
            | Terminator::Throw { .. }
            | Terminator::Catch { .. }
            | Terminator::Return(_)
            | Terminator::TailCall(_)
            | Terminator::Unreachable => false,
        };
        let pure = pure || planted!(EffectsPassed);
        passable[block.index()] &= pure && decides && data.insts().len() <= INSTS_MAX;
    }
    let home = |value: Value| match body.value(value).def {
        Def::Param(block, ..) => block,
        Def::Result(inst, _) => block_of[inst.index()],
    };
    for (block, data) in body.blocks() {
        let mut read = |value: Value| {
            let home = home(value);
            passable[home.index()] &= home == block || planted!(ValuesEscape);
        };
        let operands = data.insts().flat_map(|inst| body.operands(body.inst(inst).args));
        operands.for_each(|&value| read(value));
        body.terminator_operands(&data.terminator).iter().for_each(|&value| read(value));
        for edge in body.successors(block) {
            body.args(&edge).iter().filter_map(|arg| arg.value()).for_each(&mut read);
        }
        for edge in body.successors(block).filter(|_| reached[block.index()]) {
            let is_back = dominators.dominates(edge.block, block);
            passable[edge.block.index()] &= !is_back;
        }
    }
    passable
}

/// Where a way goes on from a block that can be passed over.
fn onward(body: &Body, (block, args): &(Block, Vec<Arg>)) -> Option<(Block, Vec<Arg>)> {
    let data = body.block(*block);
    let along: HashMap<Value, Arg, Key> = data.params().zip(args.iter().copied()).collect();
    let edge = match data.terminator {
        Terminator::Jump(edge) => edge,
        Terminator::Branch { condition, then, otherwise } => {
            let taken = bits(body, *block, &along, condition)? as u32 != 0;
            if taken != planted!(OtherArm) { then } else { otherwise }
        }
        Terminator::Table { index, edges, targets } => {
            let (index, targets) = (bits(body, *block, &along, index)?, body.targets(targets));
            let target = targets.get(index as u32 as usize).or(targets.last())?;
            *body.edges(edges).get(*target as usize)?
        }
        Terminator::Null { .. }
        | Terminator::Cast { .. }
        | Terminator::Invoke { .. }
        | Terminator::Throw { .. }
        | Terminator::Catch { .. }
        | Terminator::Return(_)
        | Terminator::TailCall(_)
        | Terminator::Unreachable => return None,
    };
    let is_own = |value: Value| {
        let mut results = data.insts().flat_map(|inst| body.inst(inst).results());
        results.any(|own| own == value)
    };
    let args = body.args(&edge).iter().map(|arg| match arg.value() {
        Some(value) => match along.get(&value) {
            Some(&arg) => Some(arg),
            None => (!is_own(value)).then_some(*arg),
        },
        None => None,
    });
    let mut args = args.collect::<Option<Vec<Arg>>>()?;
    if planted!(ArgumentsMixed) {
        args.reverse();
    }
    Some((edge.block, args))
}

/// The bits of a value of a block that is passed over, if they are constant along a way.
fn bits(body: &Body, block: Block, along: &HashMap<Value, Arg, Key>, wanted: Value) -> Option<u64> {
    let mut known: HashMap<Value, u64, Key> = HashMap::default();
    let of = |value: Value, known: &HashMap<Value, u64, Key>| match along.get(&value) {
        Some(arg) => constant(body, arg.value()?),
        None => known.get(&value).copied().or_else(|| constant(body, value)),
    };
    for inst in body.block(block).insts() {
        let data = body.inst(inst);
        let (Op::Wasm(opcode), Some(result)) = (data.op, data.result()) else { continue };
        let operands = body.operands(data.args).iter().map(|&value| of(value, &known));
        if let Some(operands) = operands.collect::<Option<Vec<u64>>>()
            && let Some(found) = fold::on(opcode, &operands)
        {
            known.insert(result, found);
        }
    }
    of(wanted, &known)
}

/// The edge of a branch or table that leads where all its edges lead, with the same arguments.
fn alike(plan: &Plan<'_>, block: Block) -> Option<Edge> {
    let terminator = plan.body.block(block).terminator;
    let divides = matches!(terminator, Terminator::Branch { .. } | Terminator::Table { .. });
    let mut edges = plan.edges(block).filter(|_| divides);
    let first = edges.next()?;
    let same = edges.all(|edge| edge == first);
    same.then(|| plan.body.successors(block).next()).flatten()
}
