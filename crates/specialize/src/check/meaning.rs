//! The meaning of intrinsics (S8, S9): the check's own opinion, apart from the specialiser's.

use super::error::{Rule, Verdict, demand};
use super::part::{Late, Part};
use crate::ask::intrinsic::Intrinsic;
use crate::ask::promise::Assumption;
use crate::ask::request::Argument;
use prova_module::Opcode;
use prova_ssa::Vn;
use prova_ssa::relate::walk::Simulate;
use prova_ssa::{Imm, Inst, InstData, Op};

/// The access of an intrinsic to a cell that is in memory.
#[derive(Clone, Copy)]
enum Access {
    Load,
    Store(Vn),
    /// Nothing: it puts off a store.
    None,
}

/// Whether an access has the immediates of one that stands for an intrinsic.
fn is_of_cell(imm: Imm) -> bool {
    let Imm::Access(access) = imm else { return false };
    (access.offset, access.memory, access.align_log2) == (0, 0, 0)
}

impl Part<'_> {
    /// One call of an intrinsic by the generic function; true if the part ends there.
    pub(super) fn meaning(
        &mut self,
        number: u32,
        data: &InstData,
        intrinsic: Intrinsic,
        args: &[Vn],
    ) -> Verdict<bool> {
        use Intrinsic as I;
        let result = match (intrinsic, args) {
            (
                I::PushContext
                | I::UpdateContext
                | I::PopContext
                | I::ContextBucket
                | I::TraceLine
                | I::Print
                | I::AbortSpecialization
                | I::AssertConst32
                | I::AssertConstMemory
                | I::AssertSpecialized,
                _,
            ) => None,
            (I::AssumeConstMemory | I::AssumeConstMemoryTransitive, &[value]) => Some(value),
            (I::ReadGlobal0 | I::ReadGlobal1, []) => {
                Some(self.read_global((intrinsic == I::ReadGlobal1).into())?)
            }
            (I::WriteGlobal0, &[_]) => self.write_global(0, args)?,
            (I::WriteGlobal1, &[_]) => self.write_global(1, args)?,
            (I::SpecializeValue, &[value, low, high]) => {
                if let Some(low) = self.is_cut(number, value, low)? {
                    self.cases(number, data, low, high)?;
                    return Ok(true);
                }
                Some(value)
            }
            (I::ReadSpecializationGlobal, &[index]) => {
                let index = self.number("the number of a global", index)?;
                let globals = &self.facts.question.request.globals;
                let found = usize::try_from(index).ok().and_then(|at| globals.get(at));
                let Some(&Argument::Constant(_, bits)) = found else {
                    return Err((Rule::Intrinsics, format!("global {index} is not constant")));
                };
                Some(self.at.numbers.constant(bits))
            }
            (I::ReadReg, &[index]) => {
                let index = self.number("the number of a register", index)?;
                let found = self.kept.regs.get(&index).copied();
                let what = || (Rule::Intrinsics, format!("register {index} is not written"));
                Some(found.ok_or_else(what)?)
            }
            (I::WriteReg, &[index, value]) => {
                let index = self.number("the number of a register", index)?;
                self.kept.regs.insert(index, value);
                None
            }
            (_, args) if self.facts.question.promises.cells_are_private => {
                self.cell(intrinsic, args)?
            }
            (_, args) => self.in_memory(intrinsic, args)?,
        };
        match (result, data.result()) {
            (Some(term), Some(value)) => {
                self.at.olds.set(value, Some(term));
            }
            (None, None) => {}
            (_, _) => return Err((Rule::Intrinsics, "results that do not fit".to_owned())),
        }
        Ok(false)
    }

    /// The next effect of the block reads or writes the added global of a number.
    fn global(&mut self, code: Opcode, number: u32, operands: &[Vn]) -> Verdict<Inst> {
        let Some(inst) = self.effect()? else {
            return Err((Rule::Effects, format!("`{}` is missing", code.mnemonic())));
        };
        let ours = self.facts.body.inst(inst);
        let index = Imm::Index(self.facts.question.intrinsics.global(number));
        let alike = ours.op == Op::Wasm(code) && ours.imm == index;
        demand!(alike, Effects, "{inst} is no `{}` of {index:?}", code.mnemonic());
        let found = self.ours(ours.args)?;
        demand!(*found == *operands, Operands, "{inst} has other operands");
        self.at.done();
        Ok(inst)
    }

    fn write_global(&mut self, number: u32, value: &[Vn]) -> Verdict<Option<Vn>> {
        self.global(Opcode::GlobalSet, number, value)?;
        Ok(None)
    }

    fn read_global(&mut self, number: u32) -> Verdict<Vn> {
        let inst = self.global(Opcode::GlobalGet, number, &[])?;
        let leaf = self.at.numbers.leaf();
        let result = self.facts.body.inst(inst).result();
        result.into_iter().for_each(|result| self.at.news.set(result, Some(leaf)));
        Ok(leaf)
    }

    /// The virtual stack and virtual locals.
    fn cell(&mut self, intrinsic: Intrinsic, args: &[Vn]) -> Verdict<Option<Vn>> {
        use Intrinsic as I;
        let late = |address, value| Late { address, value, done: false };
        Ok(match (intrinsic, args) {
            (I::PushStack, &[address, value]) => {
                self.assumptions.insert(Assumption::PrivateCells);
                self.kept.stack.push(late(address, value));
                None
            }
            (I::PopStack, &[address]) => {
                self.settle(self.kept.stack.last().copied(), address, Access::Load)?;
                let top = self.kept.stack.pop();
                Some(self.read(top, address)?)
            }
            (I::ReadStack, &[address, depth]) => {
                let entry = self.entry(depth)?.copied();
                self.settle(entry, address, Access::Load)?;
                let entry = self.entry(depth)?.copied();
                Some(self.read(entry, address)?)
            }
            (I::WriteStack, &[address, depth, value]) => {
                let entry = self.entry(depth)?.copied();
                self.settle(entry, address, Access::Store(value))?;
                match self.entry(depth)? {
                    Some(entry) => *entry = late(address, value),
                    None => {
                        self.access(Opcode::I64Store, &[address, value])?;
                        self.stored_cell(address)?;
                    }
                }
                None
            }
            (I::SyncStack, _) => {
                self.all_done()?;
                None
            }
            (I::ReadLocal, &[address, index]) => {
                let index = self.number("the number of a local", index)? as u32;
                self.settle(self.kept.locals.get(&index).copied(), address, Access::Load)?;
                let local = self.kept.locals.get(&index).copied();
                Some(self.read(local, address)?)
            }
            (I::WriteLocal, &[address, index, value]) => {
                let index = self.number("the number of a local", index)? as u32;
                self.assumptions.insert(Assumption::PrivateCells);
                let before = self.kept.locals.get(&index).copied();
                // A second write of the same value changes nothing: a store that comes next may be
                // a later one.
                if before.is_none_or(|it| (it.address, it.value) != (address, value)) {
                    self.settle(before, address, Access::None)?;
                    self.kept.locals.insert(index, late(address, value));
                }
                None
            }
            (intrinsic, _) => {
                return Err((Rule::Intrinsics, format!("{} has other operands", intrinsic.name())));
            }
        })
    }

    /// The virtual stack and virtual locals, where they are memory like any other.
    fn in_memory(&mut self, intrinsic: Intrinsic, args: &[Vn]) -> Verdict<Option<Vn>> {
        use Intrinsic as I;
        match (intrinsic, args) {
            (I::PushStack, &[address, value])
            | (I::WriteStack | I::WriteLocal, &[address, _, value]) => {
                self.access(Opcode::I64Store, &[address, value])?;
                self.stored_cell(address)?;
                Ok(None)
            }
            (I::PopStack, &[address]) | (I::ReadStack | I::ReadLocal, &[address, _]) => {
                self.read(None, address).map(Some)
            }
            (I::SyncStack, _) => Ok(None),
            (intrinsic, _) => {
                Err((Rule::Intrinsics, format!("{} has other operands", intrinsic.name())))
            }
        }
    }

    /// Checks the access of an intrinsic that has a cell. At another address than the cell's, all
    /// stores that were put off must be done first, so that memory has its right content; at the
    /// cell's address they may be (S9).
    fn settle(&mut self, cell: Option<Late>, address: Vn, access: Access) -> Verdict {
        let Some(cell) = cell else { return Ok(()) };
        if cell.address == address && !self.all_stand_next(address, access)? {
            return Ok(());
        }
        let undone = |(_, what)| (Rule::Cells, format!("a cell is at another address, and {what}"));
        self.all_done().map_err(undone)
    }

    /// Whether the next effects of the block are all stores that were put off, and then the access.
    fn all_stand_next(&mut self, address: Vn, access: Access) -> Verdict<bool> {
        let body = self.facts.body;
        self.spend(self.kept.late() + self.at.to_come().len())?;
        let late = self.kept.stack.iter().chain(self.kept.locals.values());
        let mut wanted: Vec<(Opcode, Vec<Vn>)> =
            late.map(|late| (Opcode::I64Store, vec![late.address, late.value])).collect();
        match access {
            Access::Load => wanted.push((Opcode::I64Load, vec![address])),
            Access::Store(value) => wanted.push((Opcode::I64Store, vec![address, value])),
            Access::None => {}
        }
        let Some(first) = self.effect()? else { return Ok(false) };
        let to_come = self.at.to_come().filter(|inst| !body.inst(*inst).op.effects().is_pure());
        let effects: Vec<Inst> = std::iter::once(first).chain(to_come).take(wanted.len()).collect();
        // An access that stands for an intrinsic has immediates of 0; most of the program's have
        // others.
        let alike = |(inst, wanted): (&Inst, &(Opcode, Vec<Vn>))| {
            let data = body.inst(*inst);
            data.op == Op::Wasm(wanted.0) && is_of_cell(data.imm)
        };
        if effects.len() < wanted.len() || !effects.iter().zip(&wanted).all(alike) {
            return Ok(false);
        }
        self.bind_ahead()?;
        for (inst, (_, wanted)) in effects.iter().zip(&wanted) {
            if *self.ours(body.inst(*inst).args)? != **wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The value of a cell, or a load at its address.
    fn read(&mut self, late: Option<Late>, address: Vn) -> Verdict<Vn> {
        if let Some(late) = late {
            demand!(late.address == address, Cells, "a cell is read at another address");
            return Ok(late.value);
        }
        let inst = self.access(Opcode::I64Load, &[address])?;
        let leaf = self.at.numbers.leaf();
        let result = self.facts.body.inst(inst).result();
        result.into_iter().for_each(|result| self.at.news.set(result, Some(leaf)));
        Ok(leaf)
    }

    /// The cell that was pushed `depth` pushes before the last one; none if there were not as many.
    fn entry(&mut self, depth: Vn) -> Verdict<Option<&mut Late>> {
        let depth = self.number("the depth", depth)?;
        let below = usize::try_from(depth).ok().and_then(|depth| depth.checked_add(1));
        let at = below.and_then(|below| self.kept.stack.len().checked_sub(below));
        Ok(at.and_then(|at| self.kept.stack.get_mut(at)))
    }

    fn number(&self, name: &str, term: Vn) -> Verdict<u64> {
        let what = || (Rule::Intrinsics, format!("{name} is not constant"));
        self.at.numbers.as_const(term).ok_or_else(what)
    }
}
