//! Forwarding: a load of bytes that the block has stored or loaded, or the one block that leads to
//! it, becomes that value; a read of a global that was written or read becomes the value written or
//! read.
//!
//! The check knows the result of a load or read (X1 to X6 of `replace/memory`): its number belongs
//! to an earlier value, or is a constant. It goes if it cannot trap and a value with this number
//! and its type is in scope (`leaders`).
//!
//! Limits: those of the check; values of other types than the load's stay. Linear in the body.

use crate::leaders::Leaders;
use crate::plant::planted;
use crate::rebuild::{Plan, Stand, constant_of};
use cranelift_entity::EntityRef;
use prova_module::Module;
use prova_module::ops::Class;
use prova_ssa::relate::number::Numbers;
use prova_ssa::replace::facts::{Before, plain};
use prova_ssa::{Block, Body, Def, Inst, InstData, Op, Value};

/// Plans which loads and reads go.
pub(super) fn plan<'b>(module: &Module, body: &'b Body) -> Plan<'b> {
    let mut plan = Plan::new(body);
    let mut numbers = Numbers::default();
    let Some(before) = Before::alone(module, body, &mut numbers) else { return plan };
    let mut leaders = Leaders::new(body);
    for block in leaders.tree() {
        for param in body.block(block).params() {
            leaders.lead(param, before.number[param.index()]);
        }
        for inst in body.block(block).insts() {
            let data = body.inst(inst);
            if reads(data)
                && before.removable[inst.index()]
                && let Some(value) = data.result()
                && let Some(by) = stand(&before, &numbers, &leaders, value, block)
            {
                plan.stand(value, by);
                if let Stand::Value(_) = by {
                    plan.remove(inst);
                }
                continue;
            }
            for value in data.results() {
                let vn = before.number[value.index()];
                if leaders.of(vn, body.value(value).ty, block).is_none() {
                    leaders.lead(value, vn);
                }
            }
        }
    }
    plan
}

/// Whether it reads memory or a global, and does nothing else.
fn reads(data: &InstData) -> bool {
    let Op::Wasm(opcode) = data.op else { return false };
    let loads = plain(opcode, data.imm).is_some_and(|(_, is_load)| is_load);
    loads || opcode.class() == Class::global_get
}

/// The value or constant that a read gives, if it is known.
fn stand(
    before: &Before<'_>,
    numbers: &Numbers,
    leaders: &Leaders<'_>,
    value: Value,
    block: Block,
) -> Option<Stand> {
    let body = before.body;
    if planted!(BarriersIgnored) {
        return stale(body, value).map(Stand::Value);
    }
    let (vn, ty) = (before.number[value.index()], body.value(value).ty);
    match numbers.as_const(vn) {
        Some(bits) if constant_of(ty).is_some() => Some(Stand::Constant(bits)),
        Some(_) | None => leaders.of(vn, ty, block).map(Stand::Value),
    }
}

/// The value that the last access by the same base and offset has stored or loaded, ignoring
/// everything between: a fault, to be planted.
fn stale(body: &Body, value: Value) -> Option<Value> {
    let Def::Result(inst, _) = body.value(value).def else { return None };
    let data = body.inst(inst);
    let base = body.operands(data.args).first()?;
    let before = (0..inst.as_u32()).rev().map(|at| body.inst(Inst::from_u32(at)));
    let mut same =
        before.filter(|it| it.imm == data.imm && body.operands(it.args).first() == Some(base));
    let last = same.next()?;
    last.result().or_else(|| body.operands(last.args).get(1).copied())
}
