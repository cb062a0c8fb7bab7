//! Parameters that are always one value, or always one constant, become it.
//!
//! A parameter goes if each edge brings it the same value, or itself (Braun et al., *Simple and
//! efficient construction of static single assignment form*, 2013, 3.1: trivial phi functions); or
//! if each brings a constant with the same bits, unless its block is a handler. Where one goes,
//! those that it was an argument of are looked at again.
//!
//! Limits: circles of parameters that are one value stay. A payload is no value, so its parameter
//! stays. Each parameter is looked at once, and once again for each argument of it that goes:
//! linear in the arguments, times those of a parameter.

use crate::dead::{arguments, constant, reached};
use crate::plant::planted;
use crate::rebuild::{Plan, Stand, constant_of};
use cranelift_entity::EntityRef;
use prova_ssa::{ArgKind, Body, Def, Terminator, Value};

/// How often one parameter is looked at.
const LOOKS_MAX: u32 = 8;

/// Plans which parameters go.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let reached = reached(body);
    let arguments = arguments(body, &reached);
    let payloads = payloads(body);
    let mut readers: Vec<Vec<Value>> = vec![Vec::new(); body.value_count()];
    let mut open = Vec::new();
    for (block, data) in body.blocks() {
        if block == body.entry() || !reached[block.index()] {
            continue;
        }
        for param in data.params().filter(|param| !payloads[param.index()]) {
            open.push(param);
            for arg in arguments.of(param) {
                if matches!(body.value(*arg).def, Def::Param(..)) {
                    readers[arg.index()].push(param);
                }
            }
        }
    }
    open.reverse();
    let mut looks = vec![0; body.value_count()];
    let mut plan = Plan::new(body);
    while let Some(param) = open.pop() {
        looks[param.index()] += 1;
        if plan.stands[param.index()] != Stand::Itself || looks[param.index()] > LOOKS_MAX {
            continue;
        }
        if let Some(stand) = single(&plan, param, arguments.of(param)) {
            plan.stand(param, stand);
            open.extend(&readers[param.index()]);
        }
    }
    plan
}

/// The value or constant that all arguments of a parameter are, if they are one.
fn single(plan: &Plan<'_>, param: Value, arguments: &[Value]) -> Option<Stand> {
    let ty = plan.body.value(param).ty;
    let own = |&argument: &Value| plan.resolve(argument);
    let mut all = arguments.iter().map(own).filter(|&stand| stand != Stand::Value(param));
    let first = all.clone().next()?;
    let bits = bits(plan, first);
    let same_bits = || all.clone().all(|other| self::bits(plan, other) == bits);
    // A handler has no instructions, so none of its parameters becomes one.
    let scalar = constant_of(ty).is_some() && !is_handlers(plan.body, param);
    if bits.is_some() && scalar && (same_bits() || planted!(FirstConstant)) {
        return bits.map(Stand::Constant);
    }
    let Stand::Value(value) = first else { return None };
    let same = all.all(|other| other == first) || planted!(FirstArgument);
    (same && plan.body.value(value).ty == ty).then_some(first)
}

/// Whether a parameter is one of a handler.
fn is_handlers(body: &Body, param: Value) -> bool {
    let Def::Param(block, ..) = body.value(param).def else { return false };
    matches!(body.block(block).terminator, Terminator::Catch { .. })
}

/// The bits of a constant.
fn bits(plan: &Plan<'_>, stand: Stand) -> Option<u64> {
    match stand {
        Stand::Constant(bits) => Some(bits),
        Stand::Value(value) => constant(plan.body, value),
        Stand::Itself => None,
    }
}

/// By value: parameters that some edge brings a payload.
fn payloads(body: &Body) -> Vec<bool> {
    let mut payloads = vec![false; body.value_count()];
    for (block, _) in body.blocks() {
        for edge in body.successors(block) {
            for (param, arg) in body.block(edge.block).params().zip(body.args(&edge)) {
                payloads[param.index()] |= matches!(arg.kind(), ArgKind::Payload(_));
            }
        }
    }
    payloads
}
