//! How a block of the specialised function ends: its terminator, the stores that are done before it
//! (G3 of [`super::residual`]), and the arguments of its edges.
//!
//! An edge carries the values that its target's row names, in the row's order; an edge to an inner
//! block carries none.

use super::guard::words;
use super::residual::{Target, Writer};
use crate::ask::error::{Fault, Refused};
use crate::ask::intrinsic::Intrinsics;
use crate::search::causes::Cause;
use crate::search::sink::{Key, Kind, Leave, Sink};
use crate::search::state::{Slot, State};
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, Opcode, ValType};
use prova_ssa::{Arg, Block, Edge, Imm, Terminator, Value};

impl Writer<'_> {
    /// Ends the block of a part.
    pub(super) fn end(
        &mut self,
        key: Key,
        leave: &Leave<Arg>,
        targets: &[Target<'_>],
        trap: Block,
    ) -> Result<(), Refused> {
        let offset = leave.offset;
        self.spill(leave, targets);
        let mut edges: Vec<Edge> = Vec::new();
        for ((to, state), target) in leave.edges.iter().zip(targets) {
            edges.push(self.edge(*to, state, target, offset)?);
        }
        let i32 = ValType::I32;
        let terminator = match (&leave.kind, edges.as_slice()) {
            (Kind::Jump, &[edge]) => Terminator::Jump(edge),
            (&Kind::Branch(condition), &[then, otherwise]) => {
                let condition = self.operand(condition, i32, offset);
                match planted!(ArmsTurned) {
                    true => Terminator::Branch { condition, then: otherwise, otherwise: then },
                    false => Terminator::Branch { condition, then, otherwise },
                }
            }
            (&Kind::Table(index), edges) => self.table(key, index, edges)?,
            (&Kind::Null(reference), &[null, non_null]) => {
                let ty = ValType::FUNCREF;
                let reference = self.operand(reference, ty, offset);
                Terminator::Null { reference, null, non_null }
            }
            (&Kind::Cases(value, low), edges) => {
                let mut index = self.operand(value, i32, offset);
                if low != 0 && !planted!(LeastNotSubtracted) {
                    let low = Imm::Bits(low.into());
                    let low = self.value(Opcode::I32Const, low, &[], i32, offset);
                    index = self.value(Opcode::I32Sub, Imm::None, &[index, low], i32, offset);
                }
                let mut all = edges.to_vec();
                match edges.last().filter(|_| planted!(BeyondIsLastCase)) {
                    Some(last) => all.push(*last),
                    None => all.push(self.assembler.edge(trap, &[])),
                }
                let targets: Vec<u32> = (0..all.len() as u32).collect();
                let (edges, targets) =
                    (self.assembler.edges(&all), self.assembler.targets(&targets));
                Terminator::Table { index, edges, targets }
            }
            (&Kind::Refreshed(range), &[otherwise]) => {
                let base = self.bases.get(range.arg).ok_or_else(|| {
                    Refused::new(Fault::Bug, "constant memory is compared without a pointer to it")
                })?;
                let words: Vec<_> = words(range).into_iter().map(|word| (word, base)).collect();
                let then = self.assembler.edge(trap, &[]);
                match self.any_differs(&words, offset).filter(|_| !planted!(TextUnread)) {
                    Some(condition) => Terminator::Branch { condition, then, otherwise },
                    None => Terminator::Jump(otherwise),
                }
            }
            (Kind::Out(operands), []) => self.out(key.block, operands)?,
            (_, _) => return Err(Refused::new(Fault::Bug, "a part's end has other edges")),
        };
        self.assembler.end(terminator, offset);
        Ok(())
    }

    pub(super) fn table(
        &mut self,
        key: Key,
        index: Slot<Arg>,
        edges: &[Edge],
    ) -> Result<Terminator, Refused> {
        let body = self.subject.body();
        let data = body.block(key.block);
        let Terminator::Table { targets, .. } = data.terminator else {
            return Err(Refused::new(Fault::Bug, "a table of a block without"));
        };
        let index = self.operand(index, ValType::I32, data.end);
        let mut targets = body.targets(targets).to_vec();
        if planted!(TableTurned) {
            targets.reverse();
        }
        let targets = self.assembler.targets(&targets);
        Ok(Terminator::Table { index, edges: self.assembler.edges(edges), targets })
    }

    /// Out of the function, as the generic block.
    pub(super) fn out(
        &mut self,
        block: Block,
        operands: &[Slot<Arg>],
    ) -> Result<Terminator, Refused> {
        let body = self.subject.body();
        let data = body.block(block);
        let types = body.terminator_operands(&data.terminator).iter();
        let types: Vec<ValType> = types.map(|&value| body.value(value).ty).collect();
        let operands: Vec<Value> = operands
            .iter()
            .zip(types)
            .map(|(&slot, ty)| self.operand(slot, ty, data.end))
            .collect();
        let list = self.assembler.operands(&operands);
        Ok(match data.terminator {
            Terminator::Return(_) => Terminator::Return(list),
            Terminator::TailCall(call) => {
                let imm = imm(self.subject.intrinsics, call.opcode, call.imm)?;
                Terminator::TailCall(prova_ssa::Call { imm, args: list, ..call })
            }
            Terminator::Throw { opcode, imm, .. } => {
                Terminator::Throw { opcode, imm, args: list, handler: None }
            }
            _ => Terminator::Unreachable,
        })
    }

    /// Does the stores that a successor does not know of (G3).
    pub(super) fn spill(&mut self, leave: &Leave<Arg>, targets: &[Target<'_>]) {
        let Some((_, state)) = leave.edges.first() else { return };
        let kept = state.kept.clone();
        let depth = targets.iter().map(|to| to.known.kept.stack.len()).min().unwrap_or(0);
        let depth = if planted!(SpillForgotten) { kept.stack.len() } else { depth };
        let depth = if planted!(SpillMore) { 0 } else { depth };
        for late in &kept.stack[..kept.stack.len().saturating_sub(depth)] {
            self.store(leave.offset, late);
        }
        for (number, late) in &kept.locals {
            if targets.iter().any(|to| !to.known.kept.locals.contains_key(number)) {
                self.store(leave.offset, late);
            }
        }
    }

    pub(super) fn edge(
        &mut self,
        to: Key,
        state: &State<Arg>,
        target: &Target<'_>,
        offset: u32,
    ) -> Result<Edge, Refused> {
        let Target { part, block, known, is_alone } = *target;
        if is_alone && let Some(waiting) = self.inner(to, state, known) {
            self.waiting[part] = Some(waiting);
            return Ok(self.assembler.edge(block, &[]));
        }
        let body = self.subject.body();
        let bug = || Refused::new(Fault::Bug, "an edge brings what its end does not expect");
        let mut args = Vec::new();
        let mut one = |writer: &mut Writer<'_>, slot: Slot<Arg>, known: &Slot<Cause>, ty| {
            match known {
                Slot::Run(_) => args.push(writer.slot(slot, ty, offset)),
                known if slot.is_like(known) => {}
                _known => return Err(bug()),
            }
            Ok(())
        };
        let live = self.needed_of(to).iter();
        for ((&value, &slot), known) in live.zip(&state.values).zip(&known.values) {
            one(self, slot, known, body.value(value).ty)?;
        }
        for &root in self.roots_of(to) {
            let base = self.bases.get(root).ok_or_else(bug)?;
            one(self, Slot::Run(base.into()), &Slot::Run(Cause::Param(root)), ValType::I32)?;
        }
        for (number, known) in &known.kept.regs {
            let slot = *state.kept.regs.get(number).ok_or_else(bug)?;
            one(self, slot, known, ValType::I64)?;
        }
        let (ours, theirs) = (&state.kept.stack, &known.kept.stack);
        let deeper = ours.len().checked_sub(theirs.len()).ok_or_else(bug)?;
        for (late, known) in ours[deeper..].iter().zip(theirs) {
            one(self, late.address, &known.address, ValType::I32)?;
            one(self, late.value, &known.value, ValType::I64)?;
        }
        for (number, known) in &known.kept.locals {
            let late = *state.kept.locals.get(number).ok_or_else(bug)?;
            one(self, late.address, &known.address, ValType::I32)?;
            one(self, late.value, &known.value, ValType::I64)?;
        }
        if planted!(ArgumentsTurned) {
            args.reverse();
        }
        Ok(self.assembler.edge(block, &args))
    }
}

/// A function's number once intrinsics are gone.
pub(crate) fn renumbered(intrinsics: &Intrinsics, func: FuncIdx) -> Result<FuncIdx, Refused> {
    let what = || Refused::new(Fault::Annotation, "an intrinsic is used as a value");
    intrinsics.renumbered(func).ok_or_else(what)
}

/// The immediates of an operator once intrinsics are gone.
pub(crate) fn imm(intrinsics: &Intrinsics, code: Opcode, imm: Imm) -> Result<Imm, Refused> {
    match imm.index(code, Immediate::func).filter(|_| !planted!(NotRenumbered)) {
        Some(func) => Ok(Imm::Index(renumbered(intrinsics, FuncIdx(func))?.0)),
        None => Ok(imm),
    }
}
