//! The intrinsics of registers, of the virtual stack and of virtual locals in a walk: kept state →
//! kept state, and the loads and stores that a run must do.
//!
//! A store that is put off is kept with its address until [`Walk::flush`]; a cell that is not kept
//! is read and written in memory. Where a cell is asked for at another address than it was written
//! at (an interpreter with two stacks does that), all stores are done first, and so is this access.
//! Where cells are memory like any other, none is kept.

use super::results::{near, window};
use super::sink::LONG;
use super::sink::Sink;
use super::state::{Late, Slot};
use super::walk::Walk;
use crate::ask::error::{Fault, Refused};
use crate::ask::intrinsic::Intrinsic;
use crate::ask::request::Argument;
use prova_module::Opcode;
use prova_ssa::Inst;

impl<S: Sink> Walk<'_, '_, S> {
    /// Registers, and stores that are put off.
    pub(crate) fn kept_by(
        &mut self,
        inst: Inst,
        intrinsic: Intrinsic,
        args: &[Slot<S::V>],
    ) -> Result<Option<Slot<S::V>>, Refused> {
        use Intrinsic as I;
        let offset = self.subject.body().inst(inst).offset;
        Ok(match (intrinsic, args) {
            (I::ReadSpecializationGlobal, &[number]) => {
                let number = self.constant(inst, "the number of a global", number)? as usize;
                let number = number + usize::from(planted!(GlobalOfNext));
                match self.subject.request.globals.get(number) {
                    Some(&Argument::Constant(_, bits)) => Some(Slot::Bits(bits)),
                    _ => return Err(self.refused(inst, format!("no global {number} is constant"))),
                }
            }
            (I::ReadReg, &[number]) => {
                let number = self.constant(inst, "the number of a register", number)?;
                let found = self.kept.regs.get(&number).copied();
                let what = || format!("register {number} is not written on every way here");
                Some(found.ok_or_else(|| self.refused(inst, what()))?)
            }
            (I::WriteReg, &[number, value]) => {
                let number = self.constant(inst, "the number of a register", number)?;
                if !planted!(RegisterStays) || !self.kept.regs.contains_key(&number) {
                    self.kept.regs.insert(number, value);
                }
                None
            }
            (I::ReadGlobal0 | I::ReadGlobal1, _) => {
                let number = u32::from(intrinsic == I::ReadGlobal1);
                Some(Slot::Run(self.sink.read_global(inst, number)))
            }
            (I::WriteGlobal0 | I::WriteGlobal1, &[value]) => {
                self.sink.write_global(inst, u32::from(intrinsic == I::WriteGlobal1), value);
                None
            }
            (_, args) if !self.subject.promises.cells_are_private => {
                self.in_memory(inst, intrinsic, args)?
            }
            (I::SyncStack, _) => {
                if planted!(SyncForgets) {
                    self.kept.clear_late();
                }
                self.flush(offset);
                None
            }
            (I::ReadLocal | I::WriteLocal, args) => self.local(inst, intrinsic, args)?,
            (intrinsic, args) => self.stack(inst, intrinsic, args)?,
        })
    }

    /// The virtual stack.
    fn stack(
        &mut self,
        inst: Inst,
        intrinsic: Intrinsic,
        args: &[Slot<S::V>],
    ) -> Result<Option<Slot<S::V>>, Refused> {
        use Intrinsic as I;
        let offset = self.subject.body().inst(inst).offset;
        Ok(match (intrinsic, args) {
            (I::PushStack, &[address, value]) => {
                self.kept.stack.push(Late { address, value });
                None
            }
            (I::PopStack, &[address]) => {
                let top = self.kept.stack.last().copied();
                self.settle(offset, top, address);
                Some(match self.popped() {
                    Some(late) => late.value,
                    None => Slot::Run(self.sink.load(inst, address)),
                })
            }
            (I::ReadStack, &[address, depth]) => {
                let depth = self.constant(inst, "the depth", depth)? as usize;
                let entry = self.entry(depth).copied();
                self.settle(offset, entry, address);
                Some(match self.entry(depth) {
                    Some(late) => late.value,
                    None => Slot::Run(self.sink.load(inst, address)),
                })
            }
            (I::WriteStack, &[address, depth, value]) => {
                let depth = self.constant(inst, "the depth", depth)? as usize;
                let entry = self.entry(depth).copied();
                self.settle(offset, entry, address);
                match self.entry(depth) {
                    Some(_) if planted!(WriteStackLost) => {}
                    Some(late) => late.value = value,
                    None => {
                        self.store_now(offset, Late { address, value });
                    }
                }
                None
            }
            (intrinsic, _) => {
                let what = format!("{} has other operands", intrinsic.name());
                return Err(Refused::new(Fault::Bug, what));
            }
        })
    }

    /// Before an access at an address: does all stores that were put off, if the cell that stands
    /// for it is known to be another one. (Of two addresses that a run makes, neither of which has
    /// a name, nothing is known; if they differ, the check will refuse.)
    fn settle(&mut self, offset: u32, cell: Option<Late<S::V>>, address: Slot<S::V>) {
        let is_other = cell.is_some_and(|cell| match (cell.address, address) {
            (Slot::Run(_), Slot::Run(_)) => false,
            (known, asked) => !known.is_like(&asked),
        });
        if is_other && !planted!(OtherCellTaken) {
            self.flush(offset);
        }
    }

    /// A store that is not put off.
    fn store_now(&mut self, offset: u32, late: Late<S::V>) {
        self.sink.store(offset, &late);
        let near = near(self.subject.request, late.address);
        if planted!(CellKeepsText) {
            return;
        }
        self.store_to(near.and_then(|near| window(Opcode::I64Store, LONG, near)));
    }

    /// The virtual stack and locals as what they stand for: stores and loads.
    fn in_memory(
        &mut self,
        inst: Inst,
        intrinsic: Intrinsic,
        args: &[Slot<S::V>],
    ) -> Result<Option<Slot<S::V>>, Refused> {
        use Intrinsic as I;
        match (intrinsic, args) {
            (I::PushStack, &[address, value])
            | (I::WriteStack | I::WriteLocal, &[address, _, value]) => {
                let offset = self.subject.body().inst(inst).offset;
                self.store_now(offset, Late { address, value });
                Ok(None)
            }
            (I::PopStack, &[address]) | (I::ReadStack | I::ReadLocal, &[address, _]) => {
                Ok(Some(Slot::Run(self.sink.load(inst, address))))
            }
            (I::SyncStack, _) => Ok(None),
            (intrinsic, _) => {
                let what = format!("{} has other operands", intrinsic.name());
                Err(Refused::new(Fault::Bug, what))
            }
        }
    }

    /// Virtual locals.
    fn local(
        &mut self,
        inst: Inst,
        intrinsic: Intrinsic,
        args: &[Slot<S::V>],
    ) -> Result<Option<Slot<S::V>>, Refused> {
        let offset = self.subject.body().inst(inst).offset;
        match (intrinsic, args) {
            (Intrinsic::ReadLocal, &[address, number]) => {
                let number = self.constant(inst, "the number of a local", number)? as u32;
                let number = number + u32::from(planted!(LocalOfNext));
                let before = self.kept.locals.get(&number).copied();
                self.settle(offset, before, address);
                Ok(Some(match self.kept.locals.get(&number) {
                    Some(late) => late.value,
                    None => Slot::Run(self.sink.load(inst, address)),
                }))
            }
            (Intrinsic::WriteLocal, &[address, number, value]) => {
                let number = self.constant(inst, "the number of a local", number)? as u32;
                let before = self.kept.locals.get(&number).copied();
                self.settle(offset, before, address);
                self.kept.locals.insert(number, Late { address, value });
                Ok(None)
            }
            (intrinsic, _) => {
                let what = format!("{} has other operands", intrinsic.name());
                Err(Refused::new(Fault::Bug, what))
            }
        }
    }

    /// The cell that was pushed last.
    fn popped(&mut self) -> Option<Late<S::V>> {
        let stack = &mut self.kept.stack;
        if planted!(PopFromBelow) && !stack.is_empty() {
            return Some(stack.remove(0));
        }
        stack.pop()
    }

    /// The entry pushed `depth` pushes before the last one.
    fn entry(&mut self, depth: usize) -> Option<&mut Late<S::V>> {
        let depth = depth + usize::from(planted!(DepthIsOneMore));
        let at = self.kept.stack.len().checked_sub(depth.checked_add(1)?)?;
        self.kept.stack.get_mut(at)
    }
}
