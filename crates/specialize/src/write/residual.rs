//! The result of the search → the body of the specialised function and its certificate.
//!
//! ```text
//! Explored ─ order ─► numbers of blocks ─ walk each part again, writing ─► Body, Certificate
//! ```
//!
//! Every part that is reached from the entry becomes a block. Where one edge leads to it, it goes
//! on with the facts known there ([`super::inner`]). Else the values that a part needs ([`needed`])
//! and a run makes are parameters of its block, which has a row in the certificate; passes make
//! values of them again ([`super::emission`]).
//!
//! * G1. The first blocks compare the constants ([`super::entry`]); if one differs, the generic
//!   function is called in place of the specialised one.
//! * G2. Constants and pointers are written where they are used, never kept.
//! * G3. Where a block's successor knows fewer stores that were put off, the block does the rest.

use super::ends::imm;
use super::entry::guards;
use super::guard::{compared, relies};
use super::inner::{Bases, Waiting, ways};
use crate::ask::certificate::{Cell, Certificate, Known, Range, Role, Row, Window, Word};
use crate::ask::error::{Fault, Refused};
use crate::search::causes::Cause;
use crate::search::context::ALL;
use crate::search::explore::{Explored, Part};
use crate::search::generic::opcode;
use crate::search::needs::needed;
use crate::search::sink::{Key, Kind, LONG, Scratch, Sink, Subject};
use crate::search::state::{Late, Slot, State, Virtual};
use crate::search::walk::walk;
use prova_module::{FuncIdx, Opcode, ValType};
use prova_ssa::hash::Key as Hash;
use prova_ssa::{
    Arg, Assembler, Block, Body, Imm, Inst, Metering, Op, Origin, Place, Terminator, Value,
};
use std::collections::HashMap;

/// A specialised function that nobody has proved.
pub(crate) struct Residual {
    pub(crate) body: Body,
    pub(crate) certificate: Certificate,
}

/// The blocks of a body, and where the writer is.
pub(crate) struct Writer<'m> {
    pub(crate) subject: Subject<'m>,
    pub(crate) assembler: Assembler,
    /// The values of roots in the block that is written.
    pub(crate) bases: Bases,
    /// The number of each part.
    numbers: &'m HashMap<Key, usize, Hash>,
    /// By part: the values in its state.
    pub(crate) needed: &'m [Vec<Value>],
    /// By part: the roots of its state, rising.
    roots: &'m [Vec<u32>],
    /// By part: what goes on there, of one without a row.
    pub(super) waiting: Vec<Option<Waiting>>,
}

/// Where an edge leads.
pub(crate) struct Target<'t> {
    pub(super) part: usize,
    pub(super) block: Block,
    pub(super) known: &'t State<Cause>,
    /// Whether no other edge leads there.
    pub(super) is_alone: bool,
}

impl<'t> Target<'t> {
    /// A target has no row if only one edge leads to it and no fact is forgotten on the way.
    fn new(part: usize, block: Block, at: &'t Part, to: Key, is_one: bool) -> Target<'t> {
        Target { part, block, known: &at.state, is_alone: is_one && at.key == to }
    }
}

/// Which blocks have a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Those that need one.
    Needed,
    /// All: what tests edit.
    All,
}

/// Writes the function that has a number in the module to be.
///
/// # Errors
/// Never, but by a fault of ours.
pub(crate) fn write(
    subject: Subject<'_>,
    explored: &mut Explored,
    func: FuncIdx,
    rows: Rows,
) -> Result<Residual, Refused> {
    let order = explored.order();
    let relies = relies(explored);
    let compared = compared(subject.request, explored, &relies);
    let needed = needed(subject, explored);
    let Explored { contexts, parts, numbers } = explored;
    parts.iter_mut().zip(&needed).for_each(|(part, needed)| keep_needed(subject, part, needed));
    let roots: Vec<Vec<u32>> = parts.iter().map(|part| part.state.roots()).collect();
    let memory = !compared.words.is_empty();
    let guards = guards(subject.request);
    let falls = memory || !guards.is_empty();
    let first = 1 + u32::from(falls) + u32::from(memory);
    let mut blocks = vec![None; parts.len()];
    for (number, &part) in (first..).zip(&order) {
        blocks[part] = Some(Block::from_u32(number));
    }
    let trap = Block::from_u32(first + order.len() as u32);
    let assembler = Assembler::new(func, Metering::NONE);
    let (bases, needed, roots) = (Bases::default(), needed.as_slice(), roots.as_slice());
    let ways = ways(parts, &order);
    let waiting = parts.iter().map(|_| None).collect();
    let mut writer = Writer { subject, assembler, bases, numbers, needed, roots, waiting };
    let mut certificate = Certificate { roles: vec![Role::Entry] };
    writer.entry(&parts[0].state, &guards, &compared, Block::from_u32(first));
    if falls {
        writer.fallback()?;
        certificate.roles.push(Role::Fallback);
    }
    if memory {
        writer.memory(&parts[0].state, &compared, Block::from_u32(first));
        certificate.roles.push(Role::Memory(compared));
    }
    let (mut traps, mut scratch) = (false, Scratch::default());
    for &part in &order {
        let Part { key, ref state, .. } = parts[part];
        let (role, state) = match writer.waiting[part].take() {
            Some(waiting) => (Role::Inner(key.start), writer.go_on(key, waiting)),
            None => {
                let ranges = contexts.ranges(key.fresh).iter().filter(|_| relies[part]);
                let fresh = (key.fresh == ALL && relies[part], ranges.copied().collect());
                let (row, state) = writer.start(key, state, fresh);
                (Role::Copy(row), state)
            }
        };
        certificate.roles.push(role);
        let leave = walk(subject, contexts, &mut writer, &mut scratch, key, state)?;
        let target = |to: Key| {
            let part = *numbers.get(&to)?;
            let is_one = ways[part] == 1 || planted!(InnerOfMany) && part != 0;
            Some(Target::new(part, blocks[part]?, &parts[part], to, is_one && rows == Rows::Needed))
        };
        let targets: Vec<Target<'_>> =
            leave.edges.iter().filter_map(|(to, _)| target(*to)).collect();
        if targets.len() != leave.edges.len() {
            return Err(Refused::new(Fault::Bug, "an edge leads to what was not found"));
        }
        traps |= matches!(leave.kind, Kind::Cases(..) | Kind::Refreshed(_));
        writer.end(key, &leave, &targets, trap)?;
    }
    if traps {
        certificate.roles.push(writer.broken());
    }
    Ok(Residual { body: writer.assembler.finish(), certificate })
}

/// Makes a part's state tell of what it needs alone.
fn keep_needed(subject: Subject<'_>, part: &mut Part, needed: &[Value]) {
    let mut live = subject.generic.live_at(part.key.block, part.key.start).iter();
    // Both rise, and every needed value is live.
    let mut needed = needed.iter().peekable();
    part.state.values.retain(|_| {
        let value = live.next();
        let is_needed = value.is_some() && value == needed.peek().copied();
        is_needed && needed.next().is_some()
    });
}

/// The operator that makes a constant of a type.
pub(crate) fn constant_of(ty: ValType) -> Option<Opcode> {
    match ty {
        ValType::I32 => Some(Opcode::I32Const),
        ValType::I64 => Some(Opcode::I64Const),
        ValType::F32 => Some(Opcode::F32Const),
        ValType::F64 => Some(Opcode::F64Const),
        ValType::V128 | ValType::Ref(_) => None,
    }
}

impl<'m> Writer<'m> {
    pub(crate) fn value(
        &mut self,
        code: Opcode,
        imm: Imm,
        args: &[Value],
        ty: ValType,
        offset: u32,
    ) -> Value {
        let inst = self.assembler.inst(Op::Wasm(code), imm, args, [ty], offset);
        let result = self.assembler.body().inst(inst).result();
        result.unwrap_or_else(|| unreachable!("an instruction of one type has one result"))
    }

    /// The value that a slot is (G2).
    pub(super) fn slot(&mut self, slot: Slot<Arg>, ty: ValType, offset: u32) -> Arg {
        match slot {
            Slot::Run(arg) => arg,
            Slot::Bits(bits) => {
                let code = constant_of(ty).unwrap_or(Opcode::I64Const);
                self.value(code, Imm::Bits(bits), &[], ty, offset).into()
            }
            Slot::Pointer { root, offset: distance } => {
                let base = self.bases.get(root);
                let base = base.unwrap_or_else(|| unreachable!("a pointer without its root"));
                if distance == 0 || planted!(DistanceDropped) {
                    return base.into();
                }
                let by = Imm::Bits(distance.into());
                let by = self.value(Opcode::I32Const, by, &[], ty, offset);
                self.value(Opcode::I32Add, Imm::None, &[base, by], ty, offset).into()
            }
        }
    }

    /// The same, of an operand, which is no payload.
    pub(super) fn operand(&mut self, slot: Slot<Arg>, ty: ValType, offset: u32) -> Value {
        let arg = self.slot(slot, ty, offset);
        arg.value().unwrap_or_else(|| unreachable!("payloads exist on edges alone"))
    }

    /// The block where a promise is broken.
    fn broken(&mut self) -> Role {
        self.assembler.block(Origin::None, 0);
        self.assembler.end(Terminator::Unreachable, 0);
        Role::Broken
    }

    /// The values in a part's state.
    pub(super) fn needed_of(&self, key: Key) -> &'m [Value] {
        self.numbers.get(&key).map_or(&[], |&part| &self.needed[part])
    }

    /// The roots of a part's state.
    pub(crate) fn roots_of(&self, key: Key) -> &'m [u32] {
        self.numbers.get(&key).map_or(&[], |&part| &self.roots[part])
    }

    /// Starts the block of a part: its parameters, its row, and the state that the walk starts
    /// with.
    fn start(
        &mut self,
        key: Key,
        known: &State<Cause>,
        (fresh, ranges): (bool, Vec<Range>),
    ) -> (Row, State<Arg>) {
        let body = self.subject.body();
        self.assembler.block(Origin::None, body.block(key.block).offset);
        let live = self.needed_of(key);
        let mut count = 0;
        let roots = self.roots_of(key);
        let mut row = Row { block: Some(key.block), start: key.start, ..Row::default() };
        let assembler = &mut self.assembler;
        let mut one = |slot: &Slot<Cause>, ty| {
            let known = slot.known(|| count);
            let slot = match *slot {
                Slot::Bits(bits) => Slot::Bits(bits),
                Slot::Pointer { root, offset } => Slot::Pointer { root, offset },
                Slot::Run(_) => {
                    count += 1;
                    Slot::Run(Arg::from(assembler.param(ty, Place::None)))
                }
            };
            (known, slot)
        };
        let mut values = Vec::with_capacity(live.len());
        row.values.reserve_exact(live.len());
        for (&value, slot) in live.iter().zip(&known.values) {
            let (known, slot) = one(slot, body.value(value).ty);
            row.values.push((value, known));
            values.push(slot);
        }
        row.fresh = fresh;
        row.known = ranges;
        let mut kept = Virtual::default();
        let mut bases = Bases::default();
        // The bases stand between the values and what intrinsics keep.
        for &root in roots {
            let (known, slot) = one(&Slot::Run(Cause::Param(root)), ValType::I32);
            if let (Known::Param(number), Slot::Run(arg)) = (known, slot) {
                row.bases.push((root, number));
                arg.value().into_iter().for_each(|value| bases.insert(root, value));
            }
        }
        for (&number, slot) in &known.kept.regs {
            let (known, slot) = one(slot, ValType::I64);
            row.regs.push((number, known));
            kept.regs.insert(number, slot);
        }
        let mut late = |late: &Late<Cause>| {
            let (address, a) = one(&late.address, ValType::I32);
            let (value, v) = one(&late.value, ValType::I64);
            (Cell { address, value }, Late { address: a, value: v })
        };
        for entry in &known.kept.stack {
            let (cell, entry) = late(entry);
            row.stack.push(cell);
            kept.stack.push(entry);
        }
        for (&number, entry) in &known.kept.locals {
            let (cell, entry) = late(entry);
            row.locals.push((number, cell));
            kept.locals.insert(number, entry);
        }
        self.bases = bases;
        (row, State { values, kept })
    }
}

impl Sink for Writer<'_> {
    type V = Arg;

    fn op(&mut self, inst: Inst, args: &[Slot<Arg>]) -> Vec<Arg> {
        let body = self.subject.body();
        let data = body.inst(inst);
        let operands = args.iter().zip(body.operands(data.args));
        let args: Vec<Value> = operands
            .map(|(&slot, &value)| self.operand(slot, body.value(value).ty, data.offset))
            .collect();
        // A call of an intrinsic does not come here, so each function has a number.
        let imm = imm(self.subject.intrinsics, opcode(data.op), data.imm).unwrap_or(data.imm);
        let results = data.results().map(|value| body.value(value).ty);
        let made = self.assembler.inst(data.op, imm, &args, results, data.offset);
        self.assembler.body().inst(made).results().map(Arg::from).collect()
    }

    fn load(&mut self, inst: Inst, address: Slot<Arg>) -> Arg {
        let offset = self.subject.body().inst(inst).offset;
        let address = self.operand(address, ValType::I32, offset);
        self.value(Opcode::I64Load, LONG, &[address], ValType::I64, offset).into()
    }

    fn store(&mut self, offset: u32, late: &Late<Arg>) {
        let address = self.operand(late.address, ValType::I32, offset);
        let value = self.operand(late.value, ValType::I64, offset);
        if planted!(StoredTwice) {
            self.assembler.inst(Op::Wasm(Opcode::I64Store), LONG, &[address, value], [], offset);
        }
        self.assembler.inst(Op::Wasm(Opcode::I64Store), LONG, &[address, value], [], offset);
    }

    fn read_global(&mut self, inst: Inst, number: u32) -> Arg {
        let offset = self.subject.body().inst(inst).offset;
        let imm = Imm::Index(self.subject.intrinsics.global(number));
        self.value(Opcode::GlobalGet, imm, &[], ValType::I64, offset).into()
    }

    fn write_global(&mut self, inst: Inst, number: u32, value: Slot<Arg>) {
        let offset = self.subject.body().inst(inst).offset;
        let value = self.operand(value, ValType::I64, offset);
        let number = number ^ u32::from(planted!(OtherGlobal));
        let imm = Imm::Index(self.subject.intrinsics.global(number));
        self.assembler.inst(Op::Wasm(Opcode::GlobalSet), imm, &[value], [], offset);
    }

    fn live(&self, key: Key) -> &[Value] {
        self.needed_of(key)
    }

    // The comparisons are decided before anything is written.
    fn folded(&mut self, _: Option<Word>) {}

    fn refreshed(&mut self, _: Range) {}

    fn apart(&mut self, _: Window) {}

    fn payload(&mut self, _: Block, number: u32) -> Arg {
        Arg::payload(number)
    }

    fn has_root(&self, root: u32) -> bool {
        self.bases.get(root).is_some()
    }

    fn set_root(&mut self, root: u32, value: Arg) {
        value.value().into_iter().for_each(|value| self.bases.insert(root, value));
    }

    fn why(&self, _: Arg) -> String {
        "it comes at run time".to_owned()
    }

    fn why_root(&self, _: u32) -> String {
        "it comes at run time".to_owned()
    }
}
