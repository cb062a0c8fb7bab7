//! Dead stores: a store goes if what it writes is overwritten before anything sees it.
//!
//! Blocks are read backward with the ranges that are *dying*: overwritten on every way from here,
//! before a load of what may be the same bytes, a call, a trap or the end. At first nothing is
//! dying at the starts of blocks; each round finds more, by what the one before has found.
//!
//! * What an instruction sees of memory, and which range is dying before it, is what the check says
//!   of it (X8 to X10 of `replace/dying`): a store or load that may trap shows all of memory.
//! * A range that is dying at the start of a block is named by a value that is its root there.
//! * A store stays where the next effect is the same one again: the check could not tell which of
//!   both is gone.
//!
//! Limits: [`NAMES_MAX`] values of a root, [`DYING_MAX`] ranges at the starts of blocks, of short
//! blocks fewer; [`ROUNDS_MAX`] rounds; a body that needs more is left as it is.

use crate::plant::planted;
use crate::rebuild::Plan;
use cranelift_entity::EntityRef;
use prova_module::Module;
use prova_module::ops::Class;
use prova_ssa::Vn;
use prova_ssa::hash::Key;
use prova_ssa::relate::number::Numbers;
use prova_ssa::replace::Dying;
use prova_ssa::replace::facts::{Before, Range, Sight, plain, step};
use prova_ssa::{Block, Body, Inst, InstData, Op, Terminator, Value};
use std::collections::HashMap;

/// Ranges at the start of a block.
const DYING_MAX: usize = 32;

/// Values that are asked whether they name a root at the start of a block.
const NAMES_MAX: usize = 8;

/// Ranges that are compared at the ends and starts of blocks, for each instruction, block and value
/// of a body: where blocks are short or edges many, less is known at their starts.
const COMPARED_PER_ITEM: usize = 48;

/// Rounds until nothing changes.
const ROUNDS_MAX: usize = 8;

struct Stores<'b> {
    body: &'b Body,
    before: Before<'b>,
    /// Address 0, from which constant addresses are.
    zero: Vn,
    /// By root: values that are it.
    names: HashMap<Vn, Vec<Value>, Key>,
    /// By block: what is dying at its start, each range with the value that is its root there.
    dying: Vec<Vec<(Range, Option<Value>)>>,
    /// The most ranges at the start of a block.
    most: usize,
}

/// Plans which stores go.
pub(super) fn plan<'b>(module: &Module, body: &'b Body) -> Plan<'b> {
    let mut plan = Plan::new(body);
    let mut numbers = Numbers::default();
    let Some(mut before) = Before::alone(module, body, &mut numbers) else { return plan };
    misjudge(&mut before, &mut numbers);
    if !before.sights.iter().any(|sight| matches!(sight, Sight::Writes(_))) {
        return plan;
    }
    let dying = vec![Vec::new(); body.block_count()];
    let (names, zero) = (names(&before), numbers.constant(0));
    let mut stores = Stores { body, before, zero, names, dying, most: most(body) };
    if !stores.settle() {
        return plan;
    }
    for (block, _) in body.blocks() {
        let gone = stores.block(block).1;
        gone.iter().for_each(|&inst| plan.remove(inst));
        plan.overwritten.extend(gone);
    }
    for ((block, _), ranges) in body.blocks().zip(&stores.dying).filter(|_| plan.changes) {
        plan.dying.extend(ranges.iter().map(|&(range, root)| {
            let (memory, _) = range.root;
            Dying { block, memory, root, at: range.at, to: range.to }
        }));
    }
    plan
}

/// Makes instructions see less than they do, where that is planted.
fn misjudge(before: &mut Before<'_>, numbers: &mut Numbers) {
    let body = before.body;
    for inst in body.insts() {
        let data = body.inst(inst);
        let Op::Wasm(opcode) = data.op else { continue };
        let class = opcode.class();
        let calls = planted!(CallsSeeNothing) && class == Class::call;
        if calls || (planted!(TrapsSeeNothing) && class == Class::trap) {
            before.sights[inst.index()] = Sight::None;
        }
        if planted!(StoresTrapUnseen)
            && let Some((access, false)) = plain(opcode, data.imm)
        {
            let base = before.number[body.operands(data.args)[0].index()];
            if let Some(place) = prova_ssa::replace::facts::place(numbers, opcode, access, base) {
                before.sights[inst.index()] = Sight::Writes(place.range);
            }
        }
    }
}

/// Values that are roots of what is written.
fn names(before: &Before<'_>) -> HashMap<Vn, Vec<Value>, Key> {
    let mut names: HashMap<Vn, Vec<Value>, Key> = HashMap::default();
    for sight in &before.sights {
        if let Sight::Writes(range) = sight {
            names.entry(range.root.1).or_default();
        }
    }
    for (at, number) in before.number.iter().enumerate() {
        if let Some(values) = names.get_mut(number).filter(|values| values.len() < NAMES_MAX) {
            values.push(Value::new(at));
        }
    }
    names
}

/// The most ranges at the start of a block.
fn most(body: &Body) -> usize {
    let ends: usize = body.blocks().map(|(block, _)| 1 + body.successors(block).count()).sum();
    let items = body.block_count() + body.inst_count() + body.value_count();
    (COMPARED_PER_ITEM * items / ends.max(1)).isqrt().clamp(1, DYING_MAX)
}

impl Stores<'_> {
    /// Finds what is dying at the starts of blocks; whether it was found.
    fn settle(&mut self) -> bool {
        // Ranges found from facts that hold do hold, so each round knows as much or more.
        for round in 0..ROUNDS_MAX {
            let mut changes = false;
            for block in (0..self.body.block_count() as u32).rev().map(Block::from_u32) {
                let found = self.named(block, &self.block(block).0);
                let now = &mut self.dying[block.index()];
                if round + 1 < ROUNDS_MAX / 2 {
                    changes |= *now != found;
                    *now = found;
                } else {
                    let before = now.len();
                    now.retain(|(range, _)| found.iter().any(|(other, _)| other.holds(range)));
                    changes |= now.len() != before;
                }
            }
            if !changes {
                return true;
            }
        }
        false
    }

    /// The ranges that a witness can state as dying at the start of a block: those whose root is
    /// made on every way to it.
    fn named(&self, block: Block, found: &[Range]) -> Vec<(Range, Option<Value>)> {
        let mut named = Vec::new();
        for &range in found {
            if named.len() == self.most {
                break;
            }
            let (_, root) = range.root;
            if root == self.zero {
                named.push((range, None));
                continue;
            }
            let mut values = self.names.get(&root).into_iter().flatten();
            let above = values.find(|&&value| self.before.is_above(value, block));
            named.extend(above.map(|&value| (range, Some(value))));
        }
        named
    }

    /// The ranges dying at the end of a block.
    fn end(&self, block: Block) -> Vec<Range> {
        match self.body.block(block).terminator {
            Terminator::Jump(_)
            | Terminator::Branch { .. }
            | Terminator::Table { .. }
            | Terminator::Null { .. }
            | Terminator::Cast { .. } => {}
            Terminator::Return(_) if planted!(ReturnsSeeNothing) => {
                let all = self.before.sights.iter().filter_map(|sight| match sight {
                    Sight::Writes(range) => Some(*range),
                    Sight::None | Sight::Reads(_) | Sight::All => None,
                });
                return all.collect();
            }
            Terminator::Invoke { .. }
            | Terminator::Throw { .. }
            | Terminator::Catch { .. }
            | Terminator::Return(_)
            | Terminator::TailCall(_)
            | Terminator::Unreachable => return Vec::new(),
        }
        let mut targets = self.body.successors(block).map(|edge| edge.block);
        let Some(first) = targets.next() else { return Vec::new() };
        let mut dying: Vec<Range> =
            self.dying[first.index()].iter().map(|&(range, _)| range).collect();
        for to in targets.filter(|_| !planted!(OtherWayUnseen)) {
            let there = &self.dying[to.index()];
            dying.retain(|range| there.iter().any(|(other, _)| other.holds(range)));
        }
        dying
    }

    /// The ranges dying at the start of a block, and the stores of it that go.
    fn block(&self, block: Block) -> (Vec<Range>, Vec<Inst>) {
        let (mut dying, mut gone) = (self.end(block), Vec::new());
        // The next effect that stays.
        let mut next: Option<Inst> = None;
        for inst in self.body.block(block).insts().rev() {
            let sight = self.before.sights[inst.index()];
            let is_hidden = planted!(LoadsSeeNothing) && matches!(sight, Sight::Reads(_));
            let may_go = !is_hidden && step(sight, &mut dying);
            let is_again = || next.is_some_and(|next| self.is_same(inst, next));
            if may_go && !is_again() {
                gone.push(inst);
            } else if !self.body.inst(inst).op.effects().is_pure() {
                next = Some(inst);
            }
        }
        (dying, gone)
    }

    fn is_same(&self, one: Inst, other: Inst) -> bool {
        let (a, b) = (self.body.inst(one), self.body.inst(other));
        let operands = |data: &InstData| self.body.operands(data.args).to_vec();
        (a.op, a.imm, a.offset) == (b.op, b.imm, b.offset) && operands(a) == operands(b)
    }
}
