//! Near accesses: a load or store by a sum with a constant becomes one by what is added to, with
//! the constant as its offset.
//!
//! A sum may wrap and an effective address never does, so that is right only where an access by the
//! same base, on every way there, has reached as far: then the sum does not wrap, since a memory
//! ends at 2³² at most. The check knows which ends were reached, and the sum that an address is (X7
//! of `replace/memory`).
//!
//! Limits: 32-bit sums through [`SUMS_MAX`] of them. Linear in the body.

use crate::dead::constant;
use crate::plant::planted;
use crate::rebuild::Plan;
use cranelift_entity::EntityRef;
use prova_module::{Module, Opcode};
use prova_ssa::relate::number::Numbers;
use prova_ssa::replace::facts::{Before, plain};
use prova_ssa::{Body, Def, Op, Value};

/// Sums of sums that are looked through for an address.
const SUMS_MAX: usize = 64;

/// Plans which accesses have another base.
pub(super) fn plan<'b>(module: &Module, body: &'b Body) -> Plan<'b> {
    let mut plan = Plan::new(body);
    let mut numbers = Numbers::default();
    let Some(before) = Before::alone(module, body, &mut numbers) else { return plan };
    for inst in body.insts() {
        let data = body.inst(inst);
        let Op::Wasm(opcode) = data.op else { continue };
        let (Some((access, _)), Some(&base)) =
            (plain(opcode, data.imm), body.operands(data.args).first())
        else {
            continue;
        };
        let (root, by) = root(body, base);
        let at = u64::from(by).saturating_add(access.offset);
        if by == 0 || constant(body, root).is_some() || u32::try_from(at).is_err() {
            continue;
        }
        // Both say the same place for the check too, which may know that the root is a sum.
        let mut place = |value: Value, offset: u64| {
            let (root, by) = numbers.root(before.number[value.index()]);
            (root, u64::from(by).checked_add(offset))
        };
        let is_same = place(base, access.offset) == place(root, at);
        if is_same && before.is_near[inst.index()] || planted!(ReachIgnored) {
            plan.accesses.insert(inst, (root, at));
            plan.changes = true;
        }
    }
    plan
}

/// A 32-bit sum or difference with constants as what they are added to and how much; else itself
/// and 0.
fn root(body: &Body, value: Value) -> (Value, u32) {
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
