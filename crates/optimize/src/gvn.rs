//! Global value numbering: a pure operator whose value another one has made on every way there
//! becomes that one (Alpern, Wegman and Zadeck, *Detecting equality of variables in programs*,
//! 1988, in the dominator-scoped form of Click, *Global code motion, global value numbering*,
//! 1995).
//!
//! The dominator tree is walked from its root; the first value with a number is the *leader* of
//! those below it (`leaders`). An operator that may trap joins in: behind an equal one it cannot
//! trap, and the witness names the one that covers it. Loads and other reads are not looked at
//! (`forward` does, inside one block), constants stay where they are used.
//!
//! Limits: parameters equal themselves only. Linear in the body.

use crate::leaders::Leaders;
use crate::plant::planted;
use crate::rebuild::{Plan, Stand};
use cranelift_entity::EntityRef;
use prova_module::ops::Class;
use prova_ssa::Vn;
use prova_ssa::relate::number::Numbers;
use prova_ssa::{Block, Body, Def, Inst, Op, Value};

struct Numbering<'b> {
    plan: Plan<'b>,
    leaders: Leaders<'b>,
    numbers: Numbers,
    number: Vec<Vn>,
    /// The numbers of an instruction's operands, kept between instructions.
    args: Vec<Vn>,
}

/// Plans what becomes its leader.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let mut numbering = Numbering {
        plan: Plan::new(body),
        leaders: Leaders::new(body),
        numbers: Numbers::default(),
        number: vec![Vn::UNDEF; body.value_count()],
        args: Vec::new(),
    };
    for block in numbering.leaders.tree() {
        numbering.block(block);
    }
    numbering.plan
}

impl Numbering<'_> {
    fn block(&mut self, block: Block) {
        let body = self.plan.body;
        for (at, param) in (0..).zip(body.block(block).params()) {
            self.lead(param, Vn::phi(block.as_u32(), at));
        }
        for inst in body.block(block).insts() {
            self.inst(inst, block);
        }
    }

    fn lead(&mut self, value: Value, vn: Vn) {
        self.number[value.index()] = vn;
        self.leaders.lead(value, vn);
    }

    fn inst(&mut self, inst: Inst, block: Block) {
        let body = self.plan.body;
        let data = body.inst(inst);
        let Op::Wasm(opcode) = data.op else { return };
        let is_value = data.op.effects().is_pure() || opcode.class() == Class::trap;
        let found = if is_value {
            let args = body.operands(data.args).iter();
            self.args.clear();
            self.args.extend(args.map(|value| self.number[value.index()]));
            self.numbers.of(opcode, data.imm, &self.args)
        } else {
            None
        };
        let Some(found) = found else {
            for (at, value) in (0..).zip(data.results()) {
                self.lead(value, Vn::effect(inst.as_u32(), at));
            }
            return;
        };
        let stays = matches!(opcode.class(), Class::constant | Class::null | Class::quick);
        let leaders: Option<Vec<Value>> =
            data.results().zip(found).map(|(value, vn)| self.leader(value, vn, block)).collect();
        match leaders.filter(|leaders| !stays && self.may_go(inst, leaders)) {
            Some(leaders) => {
                for ((value, leader), vn) in data.results().zip(leaders).zip(found) {
                    self.number[value.index()] = vn;
                    self.plan.stand(value, Stand::Value(leader));
                }
                self.plan.remove(inst);
            }
            None => data.results().zip(found).for_each(|(value, vn)| self.lead(value, vn)),
        }
    }

    /// The leader of a value where the walk is.
    fn leader(&self, value: Value, vn: Vn, block: Block) -> Option<Value> {
        if self.numbers.as_const(vn).is_some() {
            return None;
        }
        self.leaders.of(vn, self.plan.body.value(value).ty, block)
    }

    /// Whether an instruction may go if others lead its results; one that may trap needs a cover.
    fn may_go(&mut self, inst: Inst, leaders: &[Value]) -> bool {
        let body = self.plan.body;
        let op = body.inst(inst).op;
        if op.effects().is_pure() {
            return true;
        }
        let Some(Def::Result(by, _)) = leaders.first().map(|&leader| body.value(leader).def) else {
            return false;
        };
        let covered = body.inst(by).op == op;
        if covered && !planted!(Uncovered) {
            self.plan.covers.push((inst, by));
        }
        covered
    }
}
