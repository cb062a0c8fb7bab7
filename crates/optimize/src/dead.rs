//! Dead code: instructions that nothing observes go (a mark from effects and control, backwards
//! along uses).
//!
//! * Instructions that are not pure stay, and so do their operands. The exceptions are reads that
//!   cannot trap (`global.get`, `memory.size`, `table.size`) and operators that constant operands
//!   keep from trapping.
//! * A parameter stays if something that stays reads it; then the arguments for it stay.
//! * Blocks that nothing reaches go.
//!
//! Limits: loads and other traps stay, though nothing reads them. Linear in the body.

use crate::plant::planted;
use crate::rebuild::Plan;
use cranelift_entity::EntityRef;
use prova_module::ops::Class;
use prova_ssa::relate::number::cannot_trap;
use prova_ssa::{Block, Body, Def, Imm, Inst, Op, Value};

/// The marks of live values and instructions.
struct Marks<'b> {
    body: &'b Body,
    values: Vec<bool>,
    insts: Vec<bool>,
    open: Vec<Value>,
}

/// Plans what goes.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let mut marks = Marks {
        body,
        values: vec![false; body.value_count()],
        insts: vec![false; body.inst_count()],
        open: Vec::new(),
    };
    let reached = reached(body);
    for (_, data) in body.blocks().filter(|(block, _)| reached[block.index()]) {
        for inst in data.insts().filter(|&inst| must_stay(body, inst)) {
            marks.inst(inst);
        }
        marks.values(body.terminator_operands(&data.terminator));
    }
    let arguments = arguments(body, &reached);
    while let Some(value) = marks.open.pop() {
        match body.value(value).def {
            Def::Result(inst, _) => marks.inst(inst),
            Def::Param(..) => marks.values(arguments.of(value)),
        }
    }
    let mut plan = Plan::new(body);
    plan.changes = reached.contains(&false);
    for inst in body.insts().filter(|inst| !marks.insts[inst.index()]) {
        plan.remove(inst);
    }
    for (block, data) in body.blocks().filter(|&(block, _)| block != body.entry()) {
        for param in data.params().filter(|param| !marks.values[param.index()]) {
            plan.unread[param.index()] = true;
            plan.changes |= reached[block.index()];
        }
    }
    plan
}

impl Marks<'_> {
    fn inst(&mut self, inst: Inst) {
        if !std::mem::replace(&mut self.insts[inst.index()], true) {
            self.values(self.body.operands(self.body.inst(inst).args));
        }
    }

    fn values(&mut self, values: &[Value]) {
        for &value in values {
            if !std::mem::replace(&mut self.values[value.index()], true) {
                self.open.push(value);
            }
        }
    }
}

/// Whether an instruction is observed, even if nothing reads its results.
fn must_stay(body: &Body, inst: Inst) -> bool {
    let data = body.inst(inst);
    let Op::Wasm(opcode) = data.op else { return true };
    if data.op.effects().is_pure() || matches!(opcode.class(), Class::global_get | Class::quick) {
        return false;
    }
    let class = opcode.class();
    let planted = [
        (Class::trap, planted!(TrapsAreDead)),
        (Class::load, planted!(LoadsAreDead)),
        (Class::store, planted!(StoresAreDead)),
        (Class::global_set, planted!(WritesAreDead)),
        (Class::call, planted!(CallsAreDead)),
    ];
    if planted.contains(&(class, true)) {
        return false;
    }
    if class != Class::trap {
        return true;
    }
    let operands = body.operands(data.args).iter();
    let constants: Vec<Option<u64>> = operands.map(|&value| constant(body, value)).collect();
    !cannot_trap(opcode, &constants)
}

/// The bits of a value that a constant's instruction makes.
pub(super) fn constant(body: &Body, value: Value) -> Option<u64> {
    let Def::Result(inst, _) = body.value(value).def else { return None };
    let data = body.inst(inst);
    match (data.op, data.imm) {
        (Op::Wasm(opcode), Imm::Bits(bits)) if opcode.class() == Class::constant => Some(bits),
        (_, _) => None,
    }
}

/// The blocks that the entry reaches.
pub(super) fn reached(body: &Body) -> Vec<bool> {
    let mut reached = vec![false; body.block_count()];
    let mut open: Vec<Block> = vec![body.entry()];
    while let Some(block) = open.pop() {
        if !std::mem::replace(&mut reached[block.index()], true) {
            open.extend(body.successors(block).map(|edge| edge.block));
        }
    }
    reached
}

/// The arguments that edges bring to parameters.
pub(super) struct Arguments {
    /// By value: where its arguments begin; the next value's begin where they end.
    first: Vec<u32>,
    all: Vec<Value>,
}

impl Arguments {
    /// The values that edges bring to a parameter.
    pub(super) fn of(&self, param: Value) -> &[Value] {
        let at = param.index();
        &self.all[self.first[at] as usize..self.first[at + 1] as usize]
    }
}

/// The arguments that edges from reached blocks bring.
pub(super) fn arguments(body: &Body, reached: &[bool]) -> Arguments {
    // By value one further on: first how many arguments it has, then where the next one belongs.
    let mut first = vec![0; body.value_count() + 2];
    each_argument(body, reached, |param, _| first[param.index() + 2] += 1);
    let mut sum = 0;
    for count in &mut first {
        sum += *count;
        *count = sum;
    }
    let mut all = vec![Value::from_u32(0); sum as usize];
    each_argument(body, reached, |param, arg| {
        let next = &mut first[param.index() + 1];
        all[*next as usize] = arg;
        *next += 1;
    });
    Arguments { first, all }
}

fn each_argument(body: &Body, reached: &[bool], mut visit: impl FnMut(Value, Value)) {
    for (block, _) in body.blocks().filter(|(block, _)| reached[block.index()]) {
        for edge in body.successors(block) {
            for (param, arg) in body.block(edge.block).params().zip(body.args(&edge)) {
                arg.value().into_iter().for_each(|arg| visit(param, arg));
            }
        }
    }
}
