//! Function types and kinds of references as data, with wasmparser's value types (specification
//! 2.3): what the type section (`groups`) and the identities of types (`registry`) are made of.
//!
//! It uses nothing else of this crate.

use std::fmt;
use wasmparser::{AbstractHeapType, HeapType, RefType, UnpackedIndex, ValType};

/// A function type: parameters to results.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// Parameter types in order.
    pub params: Box<[ValType]>,
    /// Result types in order.
    pub results: Box<[ValType]>,
}

impl FuncType {
    /// A function type of these parameters and results.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        FuncType { params: params.into_iter().collect(), results: results.into_iter().collect() }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("[")?;
            for (i, ty) in types.iter().enumerate() {
                write!(f, "{}{}", if i == 0 { "" } else { " " }, Written(*ty))?;
            }
            f.write_str("]")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}

/// A value type as the text format has it; a type without a name there stands by its number.
#[derive(Clone, Copy, Debug)]
pub struct Written(pub ValType);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |ty: RefType| match ty.type_index()?.unpack() {
            UnpackedIndex::Module(index) | UnpackedIndex::RecGroup(index) => Some(index),
            UnpackedIndex::Id(_) => None,
        };
        let Written(ty) = *self;
        match ty {
            ValType::Ref(of) => match number(of) {
                Some(index) if of.is_nullable() => write!(f, "(ref null {index})"),
                Some(index) => write!(f, "(ref {index})"),
                None => write!(f, "{ty}"),
            },
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => {
                write!(f, "{ty}")
            }
        }
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The kind of a reference's referents, without the rest of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefKind {
    /// A function.
    Func,
    /// A value of the host.
    Extern,
    /// An exception.
    Exn,
    /// A structure, an array, a small integer, or what the host gave as one of these.
    Any,
}

impl RefKind {
    /// The kind of a [marked](crate::Types::marked) heap type; of a type as it stands in a module
    /// see [`Types::ref_kind`](crate::Types::ref_kind).
    pub fn of(ty: HeapType) -> RefKind {
        use AbstractHeapType as A;
        match ty {
            HeapType::Abstract { ty, .. } => match ty {
                // No valid module has continuations.
                A::Func | A::NoFunc | A::Cont | A::NoCont => RefKind::Func,
                A::Extern | A::NoExtern => RefKind::Extern,
                A::Exn | A::NoExn => RefKind::Exn,
                A::Any | A::None | A::Eq | A::Struct | A::Array | A::I31 => RefKind::Any,
            },
            HeapType::Concrete(UnpackedIndex::RecGroup(_)) => RefKind::Any,
            HeapType::Concrete(_) | HeapType::Exact(_) => RefKind::Func,
        }
    }
}
