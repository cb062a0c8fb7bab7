//! The bytes of types.

use super::bytes::{Reader, put};
use prova_module::{AbstractHeapType as A, HeapType, RefType, UnpackedIndex, ValType};

/// The abstract heap types, by number.
const ABSTRACT: [A; 14] = [
    A::Func,
    A::Extern,
    A::Exn,
    A::NoFunc,
    A::NoExtern,
    A::NoExn,
    A::Any,
    A::None,
    A::Eq,
    A::Struct,
    A::Array,
    A::I31,
    A::Cont,
    A::NoCont,
];

/// Writes a type; `None` if it has no bytes.
pub(super) fn write(out: &mut Vec<u8>, ty: ValType) -> Option<()> {
    match ty {
        ValType::I32 => out.push(0),
        ValType::I64 => out.push(1),
        ValType::F32 => out.push(2),
        ValType::F64 => out.push(3),
        ValType::V128 => out.push(4),
        ValType::Ref(ty) => {
            out.push(if ty.is_nullable() { 6 } else { 5 });
            write_heap(out, ty.heap_type())?;
        }
    }
    Some(())
}

/// Writes a heap type; `None` if it has no bytes.
pub(super) fn write_heap(out: &mut Vec<u8>, heap: HeapType) -> Option<()> {
    let number = match heap {
        HeapType::Abstract { shared: false, ty } => {
            ABSTRACT.iter().position(|other| *other == ty)? as u64
        }
        HeapType::Concrete(UnpackedIndex::Module(index)) => {
            ABSTRACT.len() as u64 + u64::from(index)
        }
        HeapType::Abstract { shared: true, .. } | HeapType::Concrete(_) | HeapType::Exact(_) => {
            return None;
        }
    };
    put(out, number);
    Some(())
}

/// Reads a type.
#[inline]
pub(super) fn read(from: &mut Reader<'_>) -> Option<ValType> {
    Some(match from.byte()? {
        0 => ValType::I32,
        1 => ValType::I64,
        2 => ValType::F32,
        3 => ValType::F64,
        4 => ValType::V128,
        null @ (5 | 6) => ValType::Ref(RefType::new(null == 6, read_heap(from)?)?),
        _other => return None,
    })
}

/// Reads a heap type.
pub(super) fn read_heap(from: &mut Reader<'_>) -> Option<HeapType> {
    let number = from.number()?;
    if let Some(&ty) = usize::try_from(number).ok().and_then(|number| ABSTRACT.get(number)) {
        return Some(HeapType::Abstract { shared: false, ty });
    }
    let index = u32::try_from(number - ABSTRACT.len() as u64).ok()?;
    Some(HeapType::Concrete(UnpackedIndex::Module(index)))
}
