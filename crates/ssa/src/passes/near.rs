//! Near accesses: a load or store by a sum with a constant becomes one by what is added to, with
//! the constant as its offset.
//!
//! A sum may wrap and an effective address never does, so that is right only where an access by the
//! same base, on every way there, has reached as far: then the sum does not wrap, since a memory
//! ends at 2³² at most.
//!
//! Limits: 32-bit sums through [`SUMS_MAX`] of them; of a base the first [`SEEN_MAX`] accesses that
//! reached further are known. Linear in the body.

use super::dead::constant;
use super::number::SUMS_MAX;
use super::plant::planted;
use super::rebuild::Plan;
use crate::body::{Body, Def, Imm, Op};
use crate::entity::{Block, Value};
use crate::hash::Key;
use crate::verify::Dominators;
use prova_module::Opcode;
use prova_module::ops::Class;
use std::collections::HashMap;

/// Accesses by a base that are known.
const SEEN_MAX: usize = 8;

/// A memory and a base in it; none is address 0, which constants are distances from.
type Base = (u32, Option<Value>);

/// How far accesses by each base have reached, and in which blocks.
#[derive(Default)]
pub(super) struct Reached(HashMap<Base, Vec<(Block, u64)>, Key>);

impl Reached {
    /// Whether an access by a base has reached so far on every way to a block.
    pub(super) fn is_far(
        &self,
        base: Base,
        to: u64,
        block: Block,
        dominators: &Dominators,
    ) -> bool {
        let all = self.0.get(&base).into_iter().flatten();
        let mut far = all.filter(|(_, end)| *end >= to || planted!(ReachIgnored));
        far.any(|&(at, _)| dominators.dominates(at, block) || planted!(SiblingsReach))
    }

    /// An access by a base in a block has not trapped.
    pub(super) fn record(&mut self, base: Base, to: u64, block: Block) {
        let all = self.0.entry(base).or_default();
        if all.len() < SEEN_MAX {
            all.push((block, to));
        }
    }
}

/// Plans which accesses have another base.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let mut plan = Plan::new(body);
    let dominators = Dominators::new(body);
    let mut reached = Reached::default();
    for (block, data) in body.blocks() {
        for inst in data.insts() {
            let data = body.inst(inst);
            let (Op::Wasm(opcode), Imm::Access(access)) = (data.op, data.imm) else { continue };
            let is_plain = matches!(opcode.class(), Class::load | Class::store);
            let Some(&base) = body.operands(data.args).first().filter(|_| is_plain) else {
                continue;
            };
            let (root, by) = root(body, base);
            let width = u64::from(opcode.row().width);
            let at = u64::from(by).saturating_add(access.offset);
            let is_sum = by != 0 && constant(body, root).is_none();
            let is_offset = is_sum && u32::try_from(at).is_ok();
            let key = (access.memory, Some(root));
            if is_offset && reached.is_far(key, at.saturating_add(width), block, &dominators) {
                plan.accesses.insert(inst, (root, at));
                plan.changes = true;
                continue;
            }
            let (key, to) = ((access.memory, Some(base)), access.offset.saturating_add(width));
            if !wraps(by, access.offset, width) && !reached.is_far(key, to, block, &dominators) {
                reached.record(key, to, block);
            }
        }
    }
    plan
}

/// Whether the distances of an access from its root wrap: then the check knows nothing of it.
pub(super) fn wraps(by: u32, offset: u64, width: u64) -> bool {
    let at = u32::try_from(offset).map(|offset| by.wrapping_add(offset));
    by != 0 && at.map_or(true, |at| u64::from(at) + width > 1 << 32)
}

/// A 32-bit sum or difference with constants as what they are added to and how much, as the check
/// has it; else itself and 0.
pub(super) fn root(body: &Body, value: Value) -> (Value, u32) {
    let (mut at, mut by) = (value, 0u32);
    for _ in 0..SUMS_MAX {
        let Def::Result(inst, _) = body.value(at).def else { break };
        let data = body.inst(inst);
        let (Op::Wasm(opcode), &[a, b]) = (data.op, body.operands(data.args)) else { break };
        let is_difference = opcode == Opcode::I32Sub;
        if !is_difference && opcode != Opcode::I32Add {
            break;
        }
        let (next, more) = match (constant(body, a), constant(body, b)) {
            (_, Some(bits)) if is_difference => (a, (bits as u32).wrapping_neg()),
            (_, Some(bits)) => (a, bits as u32),
            (Some(bits), None) if !is_difference => (b, bits as u32),
            (Some(_) | None, None) => break,
        };
        (at, by) = (next, by.wrapping_add(more));
    }
    (at, by)
}
