//! The uses of values of a body: what asks for all of them asks here.

use prova_module::ops::Class;
use prova_module::{Module, Opcode, RefKind, ValType};
use prova_ssa::{Block, Body, List, Op, Terminator, Value};

/// Visits each use of a value: the block that uses it, the value, and whether it is the function
/// that a call by reference calls. A handler's own edges are uses too: its parameters may be
/// arguments of the edges of another one, which it dominates.
pub(super) fn uses(body: &Body, mut visit: impl FnMut(Block, Value, bool)) {
    for (block, data) in body.blocks() {
        let mut operands = |opcode: Option<Opcode>, args: List<Value>| {
            let (args, class) = (body.operands(args), opcode.map(Opcode::class));
            let by_reference = matches!(class, Some(Class::call_ref | Class::return_call_ref));
            for (behind, &value) in (0..args.len()).rev().zip(args) {
                visit(block, value, by_reference && behind == 0);
            }
        };
        for inst in data.insts().map(|inst| body.inst(inst)) {
            let opcode = match inst.op {
                Op::Wasm(opcode) => Some(opcode),
                Op::Charge | Op::Poll => None,
            };
            operands(opcode, inst.args);
        }
        match &data.terminator {
            Terminator::Invoke { call, .. } | Terminator::TailCall(call) => {
                operands(Some(call.opcode), call.args);
            }
            terminator => {
                let values = body.terminator_operands(terminator);
                values.iter().for_each(|&value| visit(block, value, false));
            }
        }
        for edge in body.successors(block) {
            let values = body.args(&edge).iter().filter_map(|arg| arg.value());
            values.for_each(|value| visit(block, value, false));
        }
    }
}

/// By value: whether it is a reference to a function out of an object, and all that uses it are
/// calls by reference, as the function that they call (A5 of `aggregate`). Empty where no value is.
pub(super) fn callees(module: &Module, body: &Body) -> Vec<bool> {
    let is_func = |value: &Value| match body.value(*value).ty {
        ValType::Ref(ty) => module.types().ref_kind(ty) == RefKind::Func,
        _ => false,
    };
    let insts = body.blocks().flat_map(|(_, data)| data.insts());
    let read = insts.filter_map(|inst| {
        let Op::Wasm(Opcode::StructGet | Opcode::ArrayGet) = body.inst(inst).op else {
            return None;
        };
        body.inst(inst).result()
    });
    let mut callees = Vec::new();
    for value in read.filter(is_func) {
        callees.resize(body.value_count(), false);
        callees[value.as_u32() as usize] = true;
    }
    if !callees.is_empty() {
        uses(body, |_, value, is_callee| callees[value.as_u32() as usize] &= is_callee);
    }
    callees
}
