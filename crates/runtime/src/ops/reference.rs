//! Operations on references (specification 4.6.5): cells → what they refer to.
//!
//! Tests: those of [`super`].

use crate::store::Store;
use crate::value::{FuncAddr, InstanceAddr, NULL_REF, func_ref};
use crate::vm::Cell;
use prova_module::{FuncIdx, RefType};

impl Store {
    /// `ref.func`.
    pub fn ref_func(&self, instance: InstanceAddr, func: FuncIdx) -> Cell {
        func_ref(self.instance(instance).func_addr(func))
    }

    /// The function that a cell refers to; `None` for null and for a cell that is no function reference of this store.
    pub fn func_of_ref(&self, cell: Cell) -> Option<FuncAddr> {
        let index = cell.checked_sub(1)?;
        (index < self.entries.len() as u64).then_some(FuncAddr(index as u32))
    }

    /// Whether a cell is null or a reference of this type of this store.
    pub fn is_ref(&self, ty: RefType, cell: Cell) -> bool {
        // V10: the executors believe a function reference.
        let count = if ty.is_extern_ref() { self.externs.len() } else { self.entries.len() };
        cell == NULL_REF || cell <= count as u64
    }
}
