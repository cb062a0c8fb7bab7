//! Operators that native code leaves to the store: number and operands in cells → a cell.
//!
//! The operators are those of `exec::access`, with the same order of tests, charges and effects:
//! both call the operations of this folder.

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
use super::CHUNK_BYTES;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, MemoryAddr, TableAddr};
use prova_module::ops::Class;
use prova_module::{DataIdx, ElemIdx, MemoryIdx, Opcode, SharedAccess, TableIdx};

/// The operands and objects of an operator.
struct Performed<'a> {
    instance: InstanceAddr,
    first: u32,
    second: u32,
    args: &'a [u64; 8],
}

type Perform = fn(&Performed<'_>, &mut Store) -> Result<u64, TrapKind>;

/// The operators that native code may ask for.
const PERFORMED: [(Opcode, Perform); 14] = [
    (Opcode::MemorySize, |op, store| {
        // The bytes of a memory are fewer than 2^64, and so are its pages.
        Ok(store.memory(op.memory(store, op.first)?).pages())
    }),
    (Opcode::MemoryGrow, |op, store| {
        store.memory_grow_cell(op.memory(store, op.first)?, op.args[0])
    }),
    (Opcode::MemoryFill, |op, store| {
        let ([d, value, n, ..], memory) = (*op.args, op.memory(store, op.first)?);
        store.memory_fill(memory, d, value as u8, n).map(|()| 0)
    }),
    (Opcode::MemoryCopy, |op, store| {
        let (to, from) = (op.memory(store, op.first)?, op.memory(store, op.second)?);
        let [d, s, n, ..] = *op.args;
        store.memory_copy(to, from, d, s, n).map(|()| 0)
    }),
    (Opcode::MemoryInit, |op, store| {
        let (data, memory) = (op.data(store)?, op.memory(store, op.second)?);
        let [d, s, n, ..] = *op.args;
        store.memory_init(op.instance, memory, data, d, s, n).map(|()| 0)
    }),
    (Opcode::DataDrop, |op, store| {
        store.data_drop(op.instance, op.data(store)?);
        Ok(0)
    }),
    (Opcode::TableGrow, |op, store| {
        store.table_grow_cell(op.table(store, op.first)?, op.args[0], op.args[1])
    }),
    (Opcode::TableFill, |op, store| {
        let ([i, value, n, ..], table) = (*op.args, op.table(store, op.first)?);
        store.table_fill(table, i, value, n).map(|()| 0)
    }),
    (Opcode::TableCopy, |op, store| {
        let (to, from) = (op.table(store, op.first)?, op.table(store, op.second)?);
        let [d, s, n, ..] = *op.args;
        store.table_copy(to, from, d, s, n).map(|()| 0)
    }),
    (Opcode::TableInit, |op, store| {
        let (elem, table) = (op.elem(store)?, op.table(store, op.second)?);
        let [d, s, n, ..] = *op.args;
        store.table_init(op.instance, table, elem, d, s, n).map(|()| 0)
    }),
    (Opcode::ElemDrop, |op, store| {
        store.elem_drop(op.instance, op.elem(store)?);
        Ok(0)
    }),
    (Opcode::MemoryAtomicNotify, |op, store| {
        let ([p, offset, n, ..], memory) = (*op.args, op.memory(store, op.first)?);
        store.atomic_notify(memory, p, offset, n as u32).map(u64::from)
    }),
    (Opcode::MemoryAtomicWait32, |op, store| op.wait(store, 4)),
    (Opcode::MemoryAtomicWait64, |op, store| op.wait(store, 8)),
];

impl Store {
    /// Performs `memory.fill` or `memory.copy` of an instance, which give no result, on so few
    /// bytes that it is one piece; `None` for another operator, or more bytes. Operands are as in
    /// [`Store::perform`].
    ///
    /// # Errors
    /// Its trap; [`TrapKind::Bug`] for an index that the module does not have. Nothing has changed.
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    pub(crate) fn perform_on_bytes(
        &mut self,
        instance: InstanceAddr,
        opcode: u64,
        (first, second): (u32, u32),
        args: &[u64; 8],
    ) -> Option<Result<(), TrapKind>> {
        let op = Performed { instance, first, second, args };
        let [d, s, n, ..] = *args;
        if n > CHUNK_BYTES as u64 {
            return None;
        }
        if opcode == Opcode::MemoryCopy as u64 {
            let memories = op.memory(self, first).and_then(|to| Ok((to, op.memory(self, second)?)));
            return Some(memories.and_then(|(to, from)| self.memory_copy(to, from, d, s, n)));
        }
        if opcode == Opcode::MemoryFill as u64 {
            let memory = op.memory(self, first);
            return Some(memory.and_then(|memory| self.memory_fill(memory, d, s as u8, n)));
        }
        None
    }

    /// Performs an operator of an instance; `args` are its operands, bottom first, each in a cell.
    /// Gives its result, or 0.
    ///
    /// # Errors
    /// Its trap; [`TrapKind::Bug`] for an operator that is not performed here, and for an index
    /// that the module does not have.
    pub(crate) fn perform(
        &mut self,
        instance: InstanceAddr,
        opcode: u64,
        (first, second): (u32, u32),
        args: &[u64; 8],
    ) -> Result<u64, TrapKind> {
        let op = Performed { instance, first, second, args };
        if let Some((_, perform)) = PERFORMED.iter().find(|(known, _)| *known as u64 == opcode) {
            return perform(&op, self);
        }
        let access = u32::try_from(opcode).ok().and_then(SharedAccess::of_code);
        op.modify(self, access.ok_or(TrapKind::Bug)?)
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

    /// A modification of a shared memory.
    fn modify(&self, store: &Store, access: SharedAccess) -> Result<u64, TrapKind> {
        let memory = self.memory(store, self.first)?;
        let [p, offset, value, ..] = *self.args;
        let mut cells = [p, value];
        if access.opcode.class() != Class::atomic_rmw {
            return Err(TrapKind::Bug);
        }
        store.shared_access(memory, access, offset, &mut cells)?;
        Ok(cells[0])
    }

    fn wait(&self, store: &Store, size: usize) -> Result<u64, TrapKind> {
        let memory = self.memory(store, self.first)?;
        let [p, offset, expected, timeout, ..] = *self.args;
        store.atomic_wait(memory, (p, offset), size, expected, timeout as i64).map(u64::from)
    }
}

fn within(index: u32, count: usize) -> Result<u32, TrapKind> {
    ((index as usize) < count).then_some(index).ok_or(TrapKind::Bug)
}
