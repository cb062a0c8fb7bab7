//! The reference type that a cast asks for as a number: instructions of bytecode have numbers as
//! immediates.
//!
//! A code is `heap << 1 | nullable`. `heap` is the number of an abstract heap type below
//! [`CONCRETE`], or [`CONCRETE`] and the index of a type of the module. A number that is no code
//! decodes to nothing.

use crate::index::TypeIdx;
use wasmparser::{AbstractHeapType, HeapType, RefType, UnpackedIndex};

/// The first number of a type of the module.
const CONCRETE: u32 = 16;

/// The abstract heap types by number.
static ABSTRACT: [AbstractHeapType; 12] = {
    use AbstractHeapType as A;
    [
        A::Any,
        A::Eq,
        A::I31,
        A::Struct,
        A::Array,
        A::None,
        A::Func,
        A::NoFunc,
        A::Extern,
        A::NoExtern,
        A::Exn,
        A::NoExn,
    ]
};

/// The code of a reference type of a module; `None` for one that no module here has.
pub fn heap_code(nullable: bool, ty: HeapType) -> Option<u32> {
    let heap = match ty {
        HeapType::Abstract { shared: false, ty } => {
            ABSTRACT.iter().position(|&of| of == ty)? as u32
        }
        HeapType::Concrete(UnpackedIndex::Module(index)) => CONCRETE.checked_add(index)?,
        HeapType::Abstract { shared: true, .. } | HeapType::Concrete(_) | HeapType::Exact(_) => {
            return None;
        }
    };
    (heap <= u32::MAX >> 1).then_some(heap << 1 | u32::from(nullable))
}

/// The heap type that a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coded {
    /// A type that every module knows.
    Abstract(AbstractHeapType),
    /// A type of the module, if it has that many.
    Concrete(TypeIdx),
}

/// Whether a code stands for a type with null, and its heap type: what a test looks at each time.
#[inline]
pub fn coded(code: u32) -> Option<(bool, Coded)> {
    let heap = code >> 1;
    let ty = match heap.checked_sub(CONCRETE) {
        Some(index) => Coded::Concrete(TypeIdx(index)),
        None => Coded::Abstract(*ABSTRACT.get(heap as usize)?),
    };
    Some((code & 1 == 1, ty))
}

/// The reference type that a code stands for.
pub fn ref_of_code(code: u32) -> Option<RefType> {
    let (nullable, ty) = coded(code)?;
    let ty = match ty {
        Coded::Concrete(index) => HeapType::Concrete(UnpackedIndex::Module(index.0)),
        Coded::Abstract(ty) => HeapType::Abstract { shared: false, ty },
    };
    RefType::new(nullable, ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_types_and_no_others() {
        let mut known = 0;
        for code in 0..100 {
            let Some(ty) = ref_of_code(code) else { continue };
            known += 1;
            assert_eq!(heap_code(ty.is_nullable(), ty.heap_type()), Some(code));
        }
        assert_eq!(known, 2 * 12 + 100 - 2 * CONCRETE);
        // More types than a reference type can name.
        assert_eq!(ref_of_code(u32::MAX), None);
    }
}
