//! Forwarding: a load of bytes that the block has stored or loaded, or the one block that leads to
//! it, becomes that value, and a read of a global that was written or read becomes what that was.
//!
//! * A store ends what is known of all bytes that it may touch: those by another root or in another
//!   memory all, by the same root those whose ranges meet its own. The root of a sum with a
//!   constant is what the constant is added to.
//! * Only loads of whole values take what a store has written; another load takes what the same
//!   operator has loaded.
//! * Whatever else writes memories or globals ends what is known of them.
//!
//! Limits: bases are the same value or equal constants (`gvn` makes equal bases one), roots are
//! found through [`SUMS_MAX`] sums; the newest [`KNOWN_MAX`] accesses are known, and at most
//! [`WAITING_MAX`] blocks wait for what others know; values of other types than the load's stay.
//! Linear in the body, times that number.

use super::dead::constant;
use super::number::SUMS_MAX;
use super::plant::planted;
use super::rebuild::{Plan, Stand};
use super::ways::Ways;
use crate::body::{Access, Body, Def, Imm, Op};
use crate::effect::State;
use crate::entity::{Block, Inst, Value};
use crate::hash::Key;
use prova_module::ops::Class;
use prova_module::{Module, Opcode};
use std::collections::HashMap;

/// Accesses and globals that are known at a time.
const KNOWN_MAX: usize = 48;

/// Blocks that wait for what another one has known.
const WAITING_MAX: usize = 256;

/// The address of an access but for its offset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Value(Value),
    /// The constant is part of the offset.
    Zero,
}

#[derive(Clone, Copy)]
struct Bytes {
    memory: u32,
    base: Base,
    offset: u64,
    /// What the base is so far from, modulo 2³², and where the bytes are from there.
    root: Base,
    at: u64,
    width: u64,
    /// The operator that loads the value again; whole values have one for each type.
    load: Opcode,
    value: Value,
}

impl Bytes {
    /// Whether a store to these bytes leaves others as they are.
    fn spares(&self, other: &Bytes) -> bool {
        let apart = self.at + self.width <= other.at
            || other.at + other.width <= self.at
            || planted!(StoreSparesOverlap);
        let other_memory = planted!(OtherMemorySpared) && self.memory != other.memory;
        self.memory == other.memory && self.root == other.root && apart
            || planted!(StoreSparesAll)
            || other_memory
    }
}

#[derive(Clone)]
struct Known<'m> {
    module: &'m Module,
    bytes: Vec<Bytes>,
    globals: Vec<(u32, Value)>,
}

/// Plans which loads and reads go.
pub(super) fn plan<'b>(module: &Module, body: &'b Body) -> Plan<'b> {
    let mut plan = Plan::new(body);
    let ways = Ways::new(body);
    let mut waiting: HashMap<Block, Known<'_>, Key> = HashMap::default();
    for (block, data) in body.blocks() {
        let mut known = waiting.remove(&block).unwrap_or_else(|| Known {
            module,
            bytes: Vec::new(),
            globals: Vec::new(),
        });
        data.insts().for_each(|inst| known.inst(&mut plan, inst));
        if known.bytes.is_empty() && known.globals.is_empty() {
            continue;
        }
        for to in ways.from(body, block) {
            if waiting.len() < WAITING_MAX {
                waiting.insert(to, known.clone());
            }
        }
        if planted!(JoinsKeepBytes) {
            let all = body.successors(block).map(|edge| edge.block);
            all.filter(|&to| to > block).for_each(|to| {
                waiting.entry(to).or_insert_with(|| known.clone());
            });
        }
    }
    plan
}

/// The load of the value that a store has stored, if it stores a whole value.
fn load_of(store: Opcode) -> Option<Opcode> {
    let whole = [
        (Opcode::I32Store, Opcode::I32Load),
        (Opcode::I64Store, Opcode::I64Load),
        (Opcode::F32Store, Opcode::F32Load),
        (Opcode::F64Store, Opcode::F64Load),
        (Opcode::V128Store, Opcode::V128Load),
    ];
    if planted!(NarrowAsWhole) && store == Opcode::I32Store8 {
        return Some(Opcode::I32Load8U);
    }
    whole.into_iter().find(|(of, _)| *of == store).map(|(_, load)| load)
}

impl Known<'_> {
    fn inst(&mut self, plan: &mut Plan<'_>, inst: Inst) {
        let body = plan.body;
        let data = body.inst(inst);
        let Op::Wasm(opcode) = data.op else {
            (self.bytes, self.globals) = (Vec::new(), Vec::new());
            return;
        };
        match (opcode.class(), data.imm, body.operands(data.args)) {
            (Class::load, Imm::Access(access), &[base]) => {
                let Some(value) = data.result() else { return };
                let found = bytes(plan, opcode, access, base, (opcode, value));
                let Some(found) = found else { return };
                let same = |known: &&Bytes| {
                    known.memory == found.memory
                        && known.base == found.base
                        && known.offset == found.offset
                        && (known.load == found.load || planted!(OperatorIgnored))
                };
                match self.bytes.iter().find(same).map(|known| known.value) {
                    Some(known) => replace(plan, inst, value, known),
                    None => self.learn(found),
                }
            }
            (Class::store, Imm::Access(access), &[base, value]) => {
                let load = load_of(opcode);
                let as_load = (load.unwrap_or(opcode), value);
                match bytes(plan, opcode, access, base, as_load) {
                    Some(stored) => {
                        self.bytes.retain(|known| stored.spares(known));
                        if load.is_some() {
                            self.learn(stored);
                        }
                    }
                    None => self.bytes.clear(),
                }
            }
            (Class::global_get, Imm::Index(global), _) => {
                let Some(value) = data.result() else { return };
                match self.globals.iter().find(|(known, _)| *known == global) {
                    Some(&(_, known)) => replace(plan, inst, value, known),
                    None => self.globals.push((global, value)),
                }
            }
            (Class::global_set, Imm::Index(global), &[value]) => {
                let imported = self.module.imported_global_count();
                let is_imported = |global: u32| (global as usize) < imported;
                self.globals.retain(|&(known, _)| {
                    let both = is_imported(known) && is_imported(global);
                    known != global && (!both || planted!(ImportsApart))
                });
                self.globals.push((global, value));
            }
            (_, _, _) => {
                let forgets = !planted!(CallsForgetNothing);
                let writes = if forgets { data.op.effects().writes } else { State::NONE };
                if writes.meets(State::MEMORY) {
                    self.bytes.clear();
                }
                if writes.meets(State::GLOBAL) {
                    self.globals.clear();
                }
            }
        }
        self.globals.truncate(KNOWN_MAX);
    }

    fn learn(&mut self, bytes: Bytes) {
        if self.bytes.len() == KNOWN_MAX {
            self.bytes.remove(0);
        }
        self.bytes.push(bytes);
    }
}

/// The bytes of an access, whose value an operator would load again.
fn bytes(
    plan: &Plan<'_>,
    opcode: Opcode,
    access: Access,
    base: Value,
    (load, value): (Opcode, Value),
) -> Option<Bytes> {
    let base = match plan.resolve(base) {
        Stand::Value(base) => base,
        Stand::Constant(_) | Stand::Itself => base,
    };
    let (base, offset) = match constant(plan.body, base) {
        Some(bits) => (Base::Zero, bits.checked_add(access.offset)?),
        None => (Base::Value(base), access.offset),
    };
    let width = u64::from(opcode.row().width);
    offset.checked_add(width)?;
    let (root, at) = match base {
        Base::Zero => (base, offset),
        Base::Value(base) => match sum(plan, base) {
            (_, 0) => (Base::Value(base), offset),
            (root, by) => {
                let at = u64::from(by.wrapping_add(u32::try_from(offset).ok()?));
                // A range of distances that wraps is not spoken of.
                let is_plain = at + width <= 1 << 32;
                is_plain.then_some((Base::Value(root), at))?
            }
        },
    };
    let at = if planted!(DistanceDropped) { offset } else { at };
    Some(Bytes { memory: access.memory, base, offset, root, at, width, load, value })
}

/// A 32-bit sum with constants as what they are added to and how much; else itself and 0.
fn sum(plan: &Plan<'_>, value: Value) -> (Value, u32) {
    let body = plan.body;
    let now = |value: Value| match plan.resolve(value) {
        Stand::Value(value) => value,
        Stand::Constant(_) | Stand::Itself => value,
    };
    let (mut at, mut by) = (value, 0u32);
    for _ in 0..SUMS_MAX {
        let Def::Result(inst, _) = body.value(at).def else { break };
        let data = body.inst(inst);
        let (Op::Wasm(Opcode::I32Add), &[a, b]) = (data.op, body.operands(data.args)) else {
            break;
        };
        let (a, b) = (now(a), now(b));
        let (next, more) = match (constant(body, a), constant(body, b)) {
            (_, Some(bits)) => (a, bits),
            (Some(bits), None) => (b, bits),
            (None, None) => break,
        };
        (at, by) = (next, by.wrapping_add(more as u32));
    }
    (at, by)
}

/// An instruction gives a value that is known, if the types are the same.
fn replace(plan: &mut Plan<'_>, inst: Inst, value: Value, known: Value) {
    if plan.body.value(value).ty == plan.body.value(known).ty {
        plan.stand(value, Stand::Value(known));
        plan.remove(inst);
    }
}
