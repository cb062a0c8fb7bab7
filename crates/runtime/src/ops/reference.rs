//! Operations on references (specification 4.6.5): cells → what they refer to.
//!
//! Tests: those of [`super`].

use super::aggregate::{AnyKind, INTERNAL};
use crate::store::Store;
use crate::value::{FuncAddr, InstanceAddr, NULL_REF, func_ref};
use crate::vm::Cell;
use prova_module::{AbstractHeapType, FuncIdx, HeapType, RefKind, RefType, TypeId, type_of_ref};

impl Store {
    /// `ref.func`.
    pub fn ref_func(&self, instance: InstanceAddr, func: FuncIdx) -> Cell {
        func_ref(self.instance(instance).func_addr(func))
    }

    /// The function that a cell refers to; `None` for null and for a cell that is no function
    /// reference of this store.
    pub fn func_of_ref(&self, cell: Cell) -> Option<FuncAddr> {
        let index = cell.checked_sub(1)?;
        (index < self.entries.len() as u64).then_some(FuncAddr(index as u32))
    }

    /// Whether a cell is a reference of this resolved type of this store.
    pub fn is_ref(&self, ty: RefType, cell: Cell) -> bool {
        if cell == NULL_REF {
            return ty.is_nullable();
        }
        let of = match ty.heap_type() {
            HeapType::Abstract { ty, .. } => return self.is_abstract(ty, cell),
            of @ (HeapType::Concrete(_) | HeapType::Exact(_)) => of,
        };
        let id = type_of_ref(ty);
        match RefKind::of(of) {
            RefKind::Any => id.is_some_and(|id| self.is_object_of(id, cell)),
            // V10: the executors believe a function reference.
            RefKind::Func => self
                .func_of_ref(cell)
                .is_some_and(|func| id.is_none_or(|id| self.func_is(func, id))),
            RefKind::Extern | RefKind::Exn => false,
        }
    }

    /// Whether a cell, which is not null, is a reference of a type that every store knows.
    pub(crate) fn is_abstract(&self, ty: AbstractHeapType, cell: Cell) -> bool {
        use AbstractHeapType as A;
        match ty {
            A::None | A::NoFunc | A::NoExtern | A::NoExn => false,
            A::Any | A::Eq | A::I31 | A::Struct | A::Array => self.is_any(ty, cell),
            A::Extern => self.is_extern(cell),
            A::Exn => self.exceptions.get(cell).is_some(),
            // V10. No valid module has continuations.
            A::Func | A::Cont | A::NoCont => self.func_of_ref(cell).is_some(),
        }
    }

    /// Whether a cell, which is not null, is what the host gave, or an object or small integer that
    /// was given to it.
    fn is_extern(&self, cell: Cell) -> bool {
        if cell & INTERNAL == 0 {
            return cell <= self.externs.len() as u64;
        }
        match AnyKind::of(cell & !INTERNAL) {
            Some(AnyKind::I31(_)) => true,
            Some(AnyKind::Object(_)) => self.object_type(cell & !INTERNAL).is_some(),
            Some(AnyKind::Null | AnyKind::Host(_)) | None => false,
        }
    }

    /// Whether a function is of a type or of one of its subtypes.
    pub fn func_is(&self, func: FuncAddr, ty: TypeId) -> bool {
        self.types().is_subtype(self.func_type_id(func), ty)
    }
}
