//! Operators that native code leaves to the store: number and operands in cells → a cell.
//!
//! The operators are those of `exec::access`, with the same order of tests, charges and effects:
//! both call the operations of this folder.

use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, MemoryAddr, TableAddr};
use prova_module::{DataIdx, ElemIdx, MemoryIdx, Opcode, TableIdx};

/// An operator and what it works on.
struct Performed<'a> {
    instance: InstanceAddr,
    opcode: Opcode,
    first: u32,
    second: u32,
    args: &'a [u64; 8],
}

/// What native code may ask for.
const PERFORMED: [Opcode; 13] = [
    Opcode::MemoryGrow,
    Opcode::MemoryFill,
    Opcode::MemoryCopy,
    Opcode::MemoryInit,
    Opcode::DataDrop,
    Opcode::TableGrow,
    Opcode::TableFill,
    Opcode::TableCopy,
    Opcode::TableInit,
    Opcode::ElemDrop,
    Opcode::MemoryAtomicNotify,
    Opcode::MemoryAtomicWait32,
    Opcode::MemoryAtomicWait64,
];

impl Store {
    /// Performs an operator of the running instance; `args` are its operands, bottom first, each in
    /// a cell. Gives its result, or 0.
    ///
    /// # Errors
    /// Its trap; [`TrapKind::Bug`] for an operator that is not performed here, and for an index
    /// that the module does not have.
    pub(crate) fn perform(
        &mut self,
        opcode: u64,
        (first, second): (u32, u32),
        args: &[u64; 8],
    ) -> Result<u64, TrapKind> {
        // SAFETY: V9.
        let instance = InstanceAddr::from_index(unsafe { (*self.vm()).instance_addr });
        let opcode = PERFORMED.into_iter().find(|&known| known as u64 == opcode);
        let opcode = opcode.ok_or(TrapKind::Bug)?;
        let performed = Performed { instance, opcode, first, second, args };
        match opcode {
            Opcode::TableGrow
            | Opcode::TableFill
            | Opcode::TableCopy
            | Opcode::TableInit
            | Opcode::ElemDrop => performed.on_tables(self),
            _ => performed.on_memories(self),
        }
    }
}

/// The code says which indices; nobody has compared them with the module.
impl Performed<'_> {
    fn memory(&self, store: &Store, index: u32) -> Result<MemoryAddr, TrapKind> {
        let instance = store.instance(self.instance);
        let count = instance.module().memories().len();
        within(index, count).map(|index| instance.memory_addr(MemoryIdx(index)))
    }

    fn table(&self, store: &Store, index: u32) -> Result<TableAddr, TrapKind> {
        let instance = store.instance(self.instance);
        let count = instance.module().tables().len();
        within(index, count).map(|index| instance.table_addr(TableIdx(index)))
    }

    fn data(&self, store: &Store) -> Result<DataIdx, TrapKind> {
        let count = store.instance(self.instance).module().data().len();
        within(self.first, count).map(DataIdx)
    }

    fn elem(&self, store: &Store) -> Result<ElemIdx, TrapKind> {
        let count = store.instance(self.instance).module().elements().len();
        within(self.first, count).map(ElemIdx)
    }

    fn on_memories(&self, store: &mut Store) -> Result<u64, TrapKind> {
        let [a, b, c, ..] = *self.args;
        if self.opcode == Opcode::DataDrop {
            let data = self.data(store)?;
            store.data_drop(self.instance, data);
            return Ok(0);
        }
        if self.opcode == Opcode::MemoryInit {
            let (data, memory) = (self.data(store)?, self.memory(store, self.second)?);
            return store.memory_init(self.instance, memory, data, a, b, c).map(|()| 0);
        }
        let memory = self.memory(store, self.first)?;
        match self.opcode {
            Opcode::MemoryGrow => store.memory_grow_cell(memory, a),
            Opcode::MemoryFill => store.memory_fill(memory, a, b as u8, c).map(|()| 0),
            Opcode::MemoryCopy => {
                let from = self.memory(store, self.second)?;
                store.memory_copy(memory, from, a, b, c).map(|()| 0)
            }
            Opcode::MemoryAtomicNotify => {
                store.atomic_notify(memory, a, b, c as u32).map(u64::from)
            }
            Opcode::MemoryAtomicWait32 => store.atomic_wait(memory, a, b, 4).map(u64::from),
            Opcode::MemoryAtomicWait64 => store.atomic_wait(memory, a, b, 8).map(u64::from),
            _ => Err(TrapKind::Bug),
        }
    }

    fn on_tables(&self, store: &mut Store) -> Result<u64, TrapKind> {
        let [a, b, c, ..] = *self.args;
        if self.opcode == Opcode::ElemDrop {
            let elem = self.elem(store)?;
            store.elem_drop(self.instance, elem);
            return Ok(0);
        }
        if self.opcode == Opcode::TableInit {
            let (elem, table) = (self.elem(store)?, self.table(store, self.second)?);
            return store.table_init(self.instance, table, elem, a, b, c).map(|()| 0);
        }
        let table = self.table(store, self.first)?;
        match self.opcode {
            Opcode::TableGrow => store.table_grow_cell(table, a, b),
            Opcode::TableFill => store.table_fill(table, a, b, c).map(|()| 0),
            Opcode::TableCopy => {
                let from = self.table(store, self.second)?;
                store.table_copy(table, from, a, b, c).map(|()| 0)
            }
            _ => Err(TrapKind::Bug),
        }
    }
}

fn within(index: u32, count: usize) -> Result<u32, TrapKind> {
    ((index as usize) < count).then_some(index).ok_or(TrapKind::Bug)
}
