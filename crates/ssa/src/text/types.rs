//! Types in the text: `i32`, `(ref null func)`, `(ref 3)`.

use prova_module::{AbstractHeapType, HeapType, RefType, UnpackedIndex, ValType};
use std::fmt;

/// The abstract heap types by name.
const ABSTRACT: [(&str, AbstractHeapType); 14] = [
    ("func", AbstractHeapType::Func),
    ("extern", AbstractHeapType::Extern),
    ("exn", AbstractHeapType::Exn),
    ("nofunc", AbstractHeapType::NoFunc),
    ("noextern", AbstractHeapType::NoExtern),
    ("noexn", AbstractHeapType::NoExn),
    ("any", AbstractHeapType::Any),
    ("none", AbstractHeapType::None),
    ("eq", AbstractHeapType::Eq),
    ("struct", AbstractHeapType::Struct),
    ("array", AbstractHeapType::Array),
    ("i31", AbstractHeapType::I31),
    ("cont", AbstractHeapType::Cont),
    ("nocont", AbstractHeapType::NoCont),
];

/// A type as it is printed.
pub(super) struct Type(pub(super) ValType);

/// A heap type as it is printed.
pub(super) struct Heap(pub(super) HeapType);

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => {
                let null = if ty.is_nullable() { "null " } else { "" };
                write!(f, "(ref {null}{})", Heap(ty.heap_type()))
            }
        }
    }
}

impl fmt::Display for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            HeapType::Abstract { ty, .. } => {
                let name = ABSTRACT.iter().find(|(_, other)| *other == ty);
                f.write_str(name.map_or("?", |(name, _)| name))
            }
            HeapType::Concrete(UnpackedIndex::Module(index)) => write!(f, "{index}"),
            // A decoded module has neither.
            HeapType::Concrete(_) | HeapType::Exact(_) => f.write_str("?"),
        }
    }
}

/// A number type by its name.
pub(super) fn number_type(name: &str) -> Option<ValType> {
    Some(match name {
        "i32" => ValType::I32,
        "i64" => ValType::I64,
        "f32" => ValType::F32,
        "f64" => ValType::F64,
        "v128" => ValType::V128,
        _ => return None,
    })
}

/// A heap type by its name or index.
pub(super) fn heap_type(name: &str) -> Option<HeapType> {
    if let Some((_, ty)) = ABSTRACT.iter().find(|(other, _)| *other == name) {
        return Some(HeapType::Abstract { shared: false, ty: *ty });
    }
    Some(HeapType::Concrete(UnpackedIndex::Module(name.parse().ok()?)))
}

/// A reference type.
pub(super) fn ref_type(nullable: bool, heap: HeapType) -> Option<ValType> {
    RefType::new(nullable, heap).map(ValType::Ref)
}
