//! Constant folding: operators on constants become constants, control that a constant decides
//! becomes a jump, and a branch by a comparison with 0 one by what is compared (64 bits: by
//! `i64.eqz`).
//!
//! An operator's result comes from its row (`number`, U1). Results that are a NaN of the machine's
//! choice, and operators that trap, stay. `select` by a constant, or of one value, is that value.
//!
//! Limits: in the order of blocks, once; parameters are not looked through (`params` does that).
//! Linear in the body.

use crate::plant::planted;
use crate::rebuild::{Plan, Stand, constant_of};
use cranelift_entity::EntityRef;
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_ssa::constants::evaluate;
use prova_ssa::{Block, Body, Def, Edge, Imm, Inst, Op, Terminator, Value};

/// Plans what is constant.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let mut plan = Plan::new(body);
    let mut bits: Vec<Option<u64>> = vec![None; body.value_count()];
    // Made when something asks for it.
    let mut uses: Option<Vec<u32>> = None;
    for (block, data) in body.blocks() {
        for inst in data.insts() {
            instruction(&mut plan, &mut bits, inst);
        }
        if let Some(edge) = decided(body, block, &bits) {
            plan.only[block.index()] = Some(edge);
            plan.changes = true;
        } else if let Terminator::Branch { condition, .. } = data.terminator {
            let (plain, negated) = plain(body, &bits, condition);
            let mut uses = || uses.get_or_insert_with(|| count(body))[plain.index()];
            let long = not_zero(body, &bits, plain).filter(|_| plain == condition);
            let long = long.filter(|_| uses() == 1);
            if let Some((inst, operand)) = long {
                plan.recast.insert(inst, (Opcode::I64Eqz, operand));
            }
            if plain != condition || long.is_some() {
                let flips = long.is_some() && !planted!(ComparisonKept);
                plan.conditions.insert(block, (plain, negated != flips));
                plan.changes = true;
            }
        }
    }
    plan
}

/// The value that a condition compares with 0, and whether the condition is its negation:
/// comparisons with 0 are looked through, and extensions that are compared.
fn plain(body: &Body, bits: &[Option<u64>], condition: Value) -> (Value, bool) {
    let (mut at, mut negated) = (condition, false);
    while let Some((code, first, second)) = made(body, at) {
        let zero = |value: Option<Value>| value.is_some_and(|it| bits[it.index()] == Some(0));
        let compared = match (zero(Some(first)), zero(second)) {
            (_, true) => Some(first),
            (true, false) => second,
            (false, false) => None,
        };
        let of_extended = |value: Value| match made(body, value) {
            Some((Opcode::I64ExtendI32U | Opcode::I64ExtendI32S, of, _)) => Some(of),
            Some(_) | None => None,
        };
        let next = if code == Opcode::I32Eqz {
            Some(first)
        } else if code == Opcode::I64Eqz {
            of_extended(first)
        } else if matches!(code, Opcode::I32Eq | Opcode::I32Ne) {
            compared
        } else if matches!(code, Opcode::I64Eq | Opcode::I64Ne) {
            compared.and_then(of_extended)
        } else {
            None
        };
        let Some(next) = next else { break };
        let flips = !matches!(code, Opcode::I32Ne | Opcode::I64Ne);
        at = next;
        negated ^= flips != planted!(NegationLost);
    }
    (at, negated)
}

/// The instruction that says whether a 64-bit value is other than 0, and the value: `i64.eqz` says
/// it with one operator less.
fn not_zero(body: &Body, bits: &[Option<u64>], condition: Value) -> Option<(Inst, Value)> {
    let Def::Result(inst, _) = body.value(condition).def else { return None };
    let Some((Opcode::I64Ne, first, Some(second))) = made(body, condition) else { return None };
    match (bits[first.index()], bits[second.index()]) {
        (_, Some(0)) => Some((inst, first)),
        (Some(0), _) => Some((inst, second)),
        (_, _) => None,
    }
}

/// How often each value is read.
fn count(body: &Body) -> Vec<u32> {
    let mut uses = vec![0; body.value_count()];
    for inst in body.insts() {
        body.operands(body.inst(inst).args).iter().for_each(|value| uses[value.index()] += 1);
    }
    for (block, data) in body.blocks() {
        let operands = body.terminator_operands(&data.terminator).iter();
        operands.for_each(|value| uses[value.index()] += 1);
        for edge in body.successors(block) {
            let args = body.args(&edge).iter().filter_map(|arg| arg.value());
            args.for_each(|value| uses[value.index()] += 1);
        }
    }
    uses
}

/// The operator that makes a value, with its first operands.
fn made(body: &Body, value: Value) -> Option<(Opcode, Value, Option<Value>)> {
    let Def::Result(inst, _) = body.value(value).def else { return None };
    let data = body.inst(inst);
    let (Op::Wasm(opcode), args) = (data.op, body.operands(data.args)) else { return None };
    Some((opcode, *args.first()?, args.get(1).copied()))
}

fn instruction(plan: &mut Plan<'_>, bits: &mut [Option<u64>], inst: Inst) {
    let body = plan.body;
    let data = body.inst(inst);
    let (Op::Wasm(opcode), Some(result)) = (data.op, data.result()) else { return };
    let args = body.operands(data.args);
    match (opcode.class(), data.imm, args) {
        (Class::constant, Imm::Bits(own), _) => bits[result.index()] = Some(own),
        (Class::select, _, &[a, b, condition]) => {
            let chosen = match bits[condition.index()] {
                Some(0) => Some(if planted!(SelectInverted) { a } else { b }),
                Some(_) => Some(a),
                None => (plan.resolve(a) == plan.resolve(b)).then_some(a),
            };
            let Some(chosen) = chosen else { return };
            if body.value(chosen).ty == body.value(result).ty {
                bits[result.index()] = bits[chosen.index()];
                plan.stand(result, Stand::Value(chosen));
                plan.remove(inst);
            }
        }
        (Class::pure | Class::trap, _, _) => {
            let operands: Option<Vec<u64>> = args.iter().map(|arg| bits[arg.index()]).collect();
            let found = operands.and_then(|operands| on(opcode, &operands));
            if found.is_some() && constant_of(body.value(result).ty).is_some() {
                bits[result.index()] = found;
                found.iter().for_each(|&found| plan.stand(result, Stand::Constant(found)));
            }
        }
        (_, _, _) => {}
    }
}

/// The result of an operator with one result, for constants.
pub(super) fn on(opcode: Opcode, operands: &[u64]) -> Option<u64> {
    if planted!(CountUnmasked) && opcode == Opcode::I32Shl && operands.get(1) > Some(&31) {
        return Some(0);
    }
    if planted!(NanChosen) && opcode == Opcode::F32Div {
        return Some(0x7fc0_0000);
    }
    let signless = planted!(SignLost) && opcode == Opcode::I32LtS;
    match evaluate(if signless { Opcode::I32LtU } else { opcode }, operands)? {
        Ok([first, _]) => Some(first),
        Err(_) => planted!(DivisionByZero).then_some(0),
    }
}

/// The edge by which a block always leaves though it could branch.
fn decided(body: &Body, block: Block, bits: &[Option<u64>]) -> Option<Edge> {
    match body.block(block).terminator {
        Terminator::Branch { condition, then, otherwise } => {
            let taken = bits[condition.index()]? as u32 != 0;
            Some(if taken != planted!(BranchInverted) { then } else { otherwise })
        }
        Terminator::Table { index, edges, targets } => {
            let (index, targets) = (bits[index.index()]? as u32, body.targets(targets));
            let target = targets.get(index as usize).or(targets.last())?;
            body.edges(edges).get(*target as usize).copied()
        }
        Terminator::Jump(_)
        | Terminator::Null { .. }
        | Terminator::Cast { .. }
        | Terminator::Invoke { .. }
        | Terminator::Throw { .. }
        | Terminator::Catch { .. }
        | Terminator::Return(_)
        | Terminator::TailCall(_)
        | Terminator::Unreachable => None,
    }
}
