//! Operators that native code leaves to the store: number and operands in cells → a cell.
//!
//! The operators are those of `exec::access`, with the same order of tests, charges and effects:
//! both call the operations of this folder.

use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::InstanceAddr;
use prova_module::{DataIdx, ElemIdx, MemoryIdx, Opcode, TableIdx};

impl Store {
    /// Performs an operator of the running instance; `args` are its operands, bottom first, each in
    /// a cell. Gives its result, or 0.
    ///
    /// # Errors
    /// Its trap; [`TrapKind::Bug`] for an operator that is not performed here, and for an index that
    /// the module does not have.
    pub(crate) fn perform(
        &mut self,
        opcode: u64,
        (first, second): (u32, u32),
        args: &[u64; 8],
    ) -> Result<u64, TrapKind> {
        // SAFETY: V9.
        let instance = InstanceAddr::from_index(unsafe { (*self.vm()).instance_addr });
        let [a, b, c, ..] = *args;
        // The code says which indices; nobody has compared them with the module.
        let module = self.instance(instance).module();
        let (memories, tables) = (module.memories().len(), module.tables().len());
        let (datas, elems) = (module.data().len(), module.elements().len());
        let within = |index: u32, count: usize| {
            ((index as usize) < count).then_some(index).ok_or(TrapKind::Bug)
        };
        let memory = |store: &Store, index| {
            within(index, memories).map(|i| store.instance(instance).memory_addr(MemoryIdx(i)))
        };
        let table = |store: &Store, index| {
            within(index, tables).map(|i| store.instance(instance).table_addr(TableIdx(i)))
        };
        let of = |opcode: Opcode| u64::from(opcode as u16);
        let done = |result: Result<(), TrapKind>| result.map(|()| 0);
        match opcode {
            op if op == of(Opcode::MemoryGrow) => {
                let memory = memory(self, first)?;
                self.memory_grow_cell(memory, a)
            }
            op if op == of(Opcode::MemoryFill) => {
                let memory = memory(self, first)?;
                done(self.memory_fill(memory, a, b as u8, c))
            }
            op if op == of(Opcode::MemoryCopy) => {
                let (to, from) = (memory(self, first)?, memory(self, second)?);
                done(self.memory_copy(to, from, a, b, c))
            }
            op if op == of(Opcode::MemoryInit) => {
                let memory = memory(self, second)?;
                done(self.memory_init(instance, memory, DataIdx(within(first, datas)?), a, b, c))
            }
            op if op == of(Opcode::DataDrop) => {
                self.data_drop(instance, DataIdx(within(first, datas)?));
                Ok(0)
            }
            op if op == of(Opcode::TableGrow) => {
                let table = table(self, first)?;
                self.table_grow_cell(table, a, b)
            }
            op if op == of(Opcode::TableFill) => {
                let table = table(self, first)?;
                done(self.table_fill(table, a, b, c))
            }
            op if op == of(Opcode::TableCopy) => {
                let (to, from) = (table(self, first)?, table(self, second)?);
                done(self.table_copy(to, from, a, b, c))
            }
            op if op == of(Opcode::TableInit) => {
                let table = table(self, second)?;
                done(self.table_init(instance, table, ElemIdx(within(first, elems)?), a, b, c))
            }
            op if op == of(Opcode::ElemDrop) => {
                self.elem_drop(instance, ElemIdx(within(first, elems)?));
                Ok(0)
            }
            op if op == of(Opcode::MemoryAtomicNotify) => {
                let memory = memory(self, first)?;
                self.atomic_notify(memory, a, b, c as u32).map(u64::from)
            }
            op if op == of(Opcode::MemoryAtomicWait32) => {
                let memory = memory(self, first)?;
                self.atomic_wait(memory, a, b, 4).map(u64::from)
            }
            op if op == of(Opcode::MemoryAtomicWait64) => {
                let memory = memory(self, first)?;
                self.atomic_wait(memory, a, b, 8).map(u64::from)
            }
            _ => Err(TrapKind::Bug),
        }
    }
}
