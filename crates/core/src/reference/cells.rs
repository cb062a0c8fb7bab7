//! Cells of the `any` hierarchy ↔ what they are.

use super::i31::I31;
use crate::inside::InStore;
use crate::types::{ArrayType, HeapType, StructType};
use prova_module::Composite;
use prova_runtime as rt;
use rt::{AnyKind, Cell};

/// The type of a reference of this store that is not null.
pub(crate) fn type_of(cell: Cell, rt: &rt::Store) -> HeapType {
    let Some(id) = rt.object_type(cell) else {
        let is_i31 = matches!(AnyKind::of(cell), Some(AnyKind::I31(_)));
        return if is_i31 { HeapType::I31 } else { HeapType::Any };
    };
    match rt.types().def(id).map(|def| &def.composite) {
        Some(Composite::Struct(_)) => HeapType::ConcreteStruct(StructType::of_store(rt, id)),
        Some(Composite::Array(_)) => HeapType::ConcreteArray(ArrayType::of_store(rt, id)),
        // Machine code may have written another header.
        Some(Composite::Func) | None => HeapType::Any,
    }
}

/// The small integer that a cell is.
pub(crate) fn i31_of(cell: Cell) -> Option<I31> {
    match AnyKind::of(cell) {
        Some(AnyKind::I31(value)) => Some(I31::wrapping_u32(value)),
        Some(AnyKind::Null | AnyKind::Object(_) | AnyKind::Host(_)) | None => None,
    }
}

/// The cell of a small integer.
pub(crate) fn cell_of_i31(value: I31) -> Cell {
    AnyKind::I31(value.get_u32()).cell()
}

/// Whether a cell is a reference of an abstract type.
pub(crate) fn is_of(cell: Cell, ty: &HeapType, store: InStore<'_>) -> bool {
    let ty = match ty {
        HeapType::Eq => prova_module::RefType::EQ,
        HeapType::Struct => prova_module::RefType::STRUCT,
        HeapType::Array => prova_module::RefType::ARRAY,
        _ => return false,
    };
    store.rt.is_ref(ty, cell)
}
