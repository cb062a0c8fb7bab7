//! Dead stores: a store goes if what it writes is overwritten before anything sees it.
//!
//! Blocks are read backward with the ranges that are *dying*: overwritten on every way from here,
//! before a load of what may be the same bytes, a call, a trap or the end. At first nothing is
//! dying at the starts of blocks; each round finds more, by what the one before has found.
//!
//! * A store or load that may trap shows all of memory. It cannot where an access by the same base
//!   has reached as far on every way there.
//! * Ranges are by a root and distances from it, as in `forward`.
//! * A store stays where the next effect is the same one again: the check could not tell which of
//!   both is gone.
//!
//! Limits: [`DYING_MAX`] ranges at a place, at the starts of short blocks fewer; [`ROUNDS_MAX`]
//! rounds; a body that needs more is left as it is.

use super::dead::constant;
use super::near::{Reached, root};
use super::plant::planted;
use super::rebuild::Plan;
use super::witness::Dying;
use crate::body::{Access, Body, Def, Imm, InstData, Op};
use crate::entity::{Block, Inst, Value};
use crate::terminator::Terminator;
use crate::verify::Dominators;
use cranelift_entity::EntityRef;
use prova_module::Opcode;
use prova_module::ops::Class;

/// Ranges at a place.
const DYING_MAX: usize = 32;

/// Ranges that are compared at the ends and starts of blocks, for each instruction, block and value
/// of a body: where blocks are short or edges many, less is known at their starts.
const COMPARED_PER_ITEM: usize = 48;

/// Rounds until nothing changes.
const ROUNDS_MAX: usize = 8;

/// A range of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Range {
    memory: u32,
    /// None is address 0, from which constant addresses are.
    root: Option<Value>,
    at: u64,
    to: u64,
}

impl Range {
    fn holds(&self, other: &Range) -> bool {
        let same = (self.memory, self.root) == (other.memory, other.root);
        same && self.at <= other.at && other.to <= self.to
    }

    fn spares(&self, other: &Range) -> bool {
        let same = (self.memory, self.root) == (other.memory, other.root);
        same && (self.to <= other.at || other.to <= self.at)
    }
}

/// What an instruction does to what is dying before it.
#[derive(Clone, Copy)]
enum Sight {
    /// Nothing.
    None,
    /// It writes bytes, and cannot trap.
    Writes(Range),
    /// It reads bytes, and cannot trap.
    Reads(Range),
    /// It may show all of memory.
    All,
}

struct Stores<'b> {
    body: &'b Body,
    dominators: Dominators,
    /// By instruction.
    sights: Vec<Sight>,
    /// By instruction.
    block_of: Vec<Block>,
    /// By block: what is dying at its start.
    dying: Vec<Vec<Range>>,
    /// The most ranges at the start of a block.
    most: usize,
}

/// Plans which stores go.
pub(super) fn plan(body: &Body) -> Plan<'_> {
    let mut plan = Plan::new(body);
    let sights = sights(body);
    if !sights.iter().any(|sight| matches!(sight, Sight::Writes(_))) {
        return plan;
    }
    let mut block_of = vec![body.entry(); body.inst_count()];
    for (block, data) in body.blocks() {
        data.insts().for_each(|inst| block_of[inst.index()] = block);
    }
    let dominators = Dominators::new(body);
    let dying = vec![Vec::new(); body.block_count()];
    let mut stores = Stores { body, dominators, sights, block_of, dying, most: most(body) };
    if !stores.settle() {
        return plan;
    }
    for (block, _) in body.blocks() {
        let gone = stores.block(block).1;
        gone.iter().for_each(|&inst| plan.remove(inst));
        plan.overwritten.extend(gone);
    }
    for ((block, _), ranges) in body.blocks().zip(&stores.dying).filter(|_| plan.changes) {
        plan.dying.extend(ranges.iter().map(|range| Dying {
            block,
            memory: range.memory,
            root: range.root,
            at: range.at,
            to: range.to,
        }));
    }
    plan
}

/// The most ranges at the start of a block.
fn most(body: &Body) -> usize {
    let ends: usize = body.blocks().map(|(block, _)| 1 + body.successors(block).count()).sum();
    let items = body.block_count() + body.inst_count() + body.value_count();
    (COMPARED_PER_ITEM * items / ends.max(1)).isqrt().clamp(1, DYING_MAX)
}

/// By instruction what it shows.
fn sights(body: &Body) -> Vec<Sight> {
    let dominators = Dominators::new(body);
    let mut reached = Reached::default();
    let mut sights = vec![Sight::All; body.inst_count()];
    for (block, data) in body.blocks() {
        for inst in data.insts() {
            let data = body.inst(inst);
            sights[inst.index()] = match (data.op, data.imm) {
                (Op::Wasm(opcode), Imm::Access(access))
                    if matches!(opcode.class(), Class::load | Class::store) =>
                {
                    let base = body.operands(data.args).first();
                    let range = base.and_then(|&base| range(body, opcode, access, base));
                    let mut far = |base: Option<Value>, to: u64| {
                        let base = (access.memory, base);
                        let is_far = reached.is_far(base, to, block, &dominators);
                        if !is_far {
                            reached.record(base, to, block);
                        }
                        is_far || planted!(StoresTrapUnseen)
                    };
                    let end = access.offset.saturating_add(opcode.row().width.into());
                    // What wraps is known of neither here nor by the check.
                    let is_far = match (base, range) {
                        (_, Some(Range { root: None, to, .. })) => far(None, to),
                        (Some(&base), Some(_)) => far(Some(base), end),
                        (_, None) | (None, _) => false,
                    };
                    match (is_far, range) {
                        (true, Some(range)) if opcode.class() == Class::load => Sight::Reads(range),
                        (true, Some(range)) => Sight::Writes(range),
                        (_, _) => Sight::All,
                    }
                }
                (Op::Wasm(_) | Op::Charge | Op::Poll, _) => other(data),
            };
        }
    }
    sights
}

/// What an instruction shows that is no plain access.
fn other(data: &InstData) -> Sight {
    let Op::Wasm(opcode) = data.op else { return Sight::All };
    let class = opcode.class();
    let harmless = matches!(class, Class::global_get | Class::global_set | Class::quick);
    let calls = planted!(CallsSeeNothing) && class == Class::call;
    let unseen = calls || (planted!(TrapsSeeNothing) && class == Class::trap);
    if data.op.effects().is_pure() || harmless || unseen { Sight::None } else { Sight::All }
}

/// Where an access is, from its root; `None` if that wraps.
fn range(body: &Body, opcode: Opcode, access: Access, base: Value) -> Option<Range> {
    let (memory, width) = (access.memory, u64::from(opcode.row().width));
    let (root, by) = root(body, base);
    if let Some(bits) = constant(body, root) {
        let bits = if by == 0 { bits } else { u64::from(by.wrapping_add(bits as u32)) };
        let at = bits.checked_add(access.offset)?;
        return Some(Range { memory, root: None, at, to: at.checked_add(width)? });
    }
    let at = match by {
        0 => access.offset,
        _ => u64::from(by.wrapping_add(u32::try_from(access.offset).ok()?)),
    };
    let to = at.checked_add(width)?;
    (by == 0 || to <= 1 << 32).then_some(Range { memory, root: Some(root), at, to })
}

impl Stores<'_> {
    /// Finds what is dying at the starts of blocks; whether it was found.
    fn settle(&mut self) -> bool {
        // What is found by what is known so far holds, so each round knows as much or more.
        for round in 0..ROUNDS_MAX {
            let mut changes = false;
            for block in (0..self.body.block_count() as u32).rev().map(Block::from_u32) {
                let mut found = self.block(block).0;
                found.retain(|range| range.root.is_none_or(|root| self.is_above(root, block)));
                found.truncate(self.most);
                let now = &mut self.dying[block.index()];
                if round + 1 < ROUNDS_MAX / 2 {
                    changes |= *now != found;
                    *now = found;
                } else {
                    let before = now.len();
                    now.retain(|range| found.iter().any(|other| other.holds(range)));
                    changes |= now.len() != before;
                }
            }
            if !changes {
                return true;
            }
        }
        false
    }

    /// Whether a value is made on every way to a block, before its start.
    fn is_above(&self, value: Value, block: Block) -> bool {
        let home = match self.body.value(value).def {
            Def::Param(home, ..) => home,
            Def::Result(inst, _) => self.block_of[inst.index()],
        };
        home != block && self.dominators.dominates(home, block)
    }

    /// What is dying at the end of a block.
    fn end(&self, block: Block) -> Vec<Range> {
        match self.body.block(block).terminator {
            Terminator::Jump(_)
            | Terminator::Branch { .. }
            | Terminator::Table { .. }
            | Terminator::Null { .. } => {}
            Terminator::Return(_) if planted!(ReturnsSeeNothing) => {
                let all = self.sights.iter().filter_map(|sight| match sight {
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
        let mut dying = self.dying[first.index()].clone();
        for to in targets.filter(|_| !planted!(OtherWayUnseen)) {
            let there = &self.dying[to.index()];
            dying.retain(|range| there.iter().any(|other| other.holds(range)));
        }
        dying
    }

    /// What is dying at the start of a block, and the stores of it that go.
    fn block(&self, block: Block) -> (Vec<Range>, Vec<Inst>) {
        let (mut dying, mut gone) = (self.end(block), Vec::new());
        // The next effect that stays.
        let mut next: Option<Inst> = None;
        for inst in self.body.block(block).insts().rev() {
            match self.sights[inst.index()] {
                Sight::None => {}
                Sight::Writes(range) => {
                    let is_again = next.is_some_and(|next| self.is_same(inst, next));
                    if !is_again && dying.iter().any(|other| other.holds(&range)) {
                        gone.push(inst);
                        continue;
                    }
                    if dying.len() < 4 * DYING_MAX {
                        dying.push(range);
                    }
                }
                Sight::Reads(range) => {
                    dying.retain(|other| range.spares(other) || planted!(LoadsSeeNothing));
                }
                Sight::All => dying.clear(),
            }
            if !self.body.inst(inst).op.effects().is_pure() {
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
