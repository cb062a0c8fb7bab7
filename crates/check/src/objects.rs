//! Objects in a layout: the values of structures and arrays, and the heap, which
//! code takes for a memory (L8 of `layout`).
//!
//! Where functions get contexts ([`crate::Contract::Contexts`]) the derivation says what a heap is,
//! and references to objects are no numbers.

use crate::layout::{Form, Layout, Memory, MemoryShape, Ty, push};
use crate::symbols::{Heap, RefKind, RefType};
use alloc::vec::Vec;
use wasmparser::{CompositeInnerType, FieldType, StorageType};

impl Layout {
    /// The number of the memory that is the heap of objects, if the module has types of objects
    /// (L8).
    pub fn heap(&self) -> Option<u32> {
        self.heap
    }

    /// Whether a reference of a type is a number to code, which may be any (L8).
    pub(crate) fn is_number(&self, ty: RefType) -> bool {
        planted!(ReferencesAreNumbers, ty.kind == RefKind::Any, true) && !self.contexts()
    }

    /// The reference type that a cast asks for, from its code: twice the number of a heap type, and
    /// 1 for null. From [`CODE_OF_TYPES`] on numbers are those of the module's types.
    pub(crate) fn ref_of_code(&self, code: u32) -> Option<RefType> {
        let (number, nullable) = (code >> 1, code & 1 == 1);
        let (kind, heap) = match number.checked_sub(CODE_OF_TYPES) {
            Some(ty) if (ty as usize) < self.types.len() => {
                let is_func = self.form(ty) == Form::Func;
                let kind = if is_func { RefKind::Func } else { RefKind::Any };
                (kind, Heap::Type(self.canonical(ty)))
            }
            Some(_) => return None,
            None => *HEAPS_BY_CODE.get(planted!(CastsGiveFunctions, number as usize, 6))?,
        };
        Some(RefType { kind, heap, nullable })
    }

    /// The values of a type's objects.
    pub(crate) fn object(&self, ty: u32) -> &[Ty] {
        self.objects.get(ty as usize).map_or(&[], |values| values)
    }

    /// The values of objects of a type.
    pub(crate) fn values(&self, ty: &CompositeInnerType) -> Result<Vec<Ty>, &'static str> {
        let value = |field: &FieldType| match field.element_type {
            StorageType::I8 | StorageType::I16 => Ok(Ty::I32),
            StorageType::Val(ty) => self.value(ty),
        };
        match ty {
            CompositeInnerType::Struct(of) => of.fields.iter().map(value).collect(),
            CompositeInnerType::Array(of) => Ok(alloc::vec![value(&of.0)?]),
            CompositeInnerType::Func(_) | CompositeInnerType::Cont(_) => Ok(Vec::new()),
        }
    }

    /// The heap of objects, behind all memories of the module (L8).
    pub(crate) fn push_heap(&mut self) -> Result<(), &'static str> {
        if self.forms.iter().all(|&form| form == Form::Func) {
            return Ok(());
        }
        let zone_bytes = match self.config.memory {
            MemoryShape::Guard { reservation_bytes, guard_bytes } => {
                reservation_bytes.saturating_add(guard_bytes)
            }
            MemoryShape::Explicit | MemoryShape::Masked => planted!(HeapHasZone, 0, 1 << 33),
        };
        self.heap = u32::try_from(self.memories.len()).ok();
        let heap = Memory { min_bytes: 0, max_bytes: 0, zone_bytes, guard_bytes: 0, moves: false };
        push(&mut self.memories, heap)
    }
}

/// The first number of a heap type in a code that is a type of the module.
const CODE_OF_TYPES: u32 = 16;

/// The heap types below by their numbers in codes.
const HEAPS_BY_CODE: [(RefKind, Heap); 12] = [
    (RefKind::Any, Heap::Any),
    (RefKind::Any, Heap::Eq),
    (RefKind::Any, Heap::I31),
    (RefKind::Any, Heap::Struct),
    (RefKind::Any, Heap::Array),
    (RefKind::Any, Heap::Nothing),
    (RefKind::Func, Heap::Any),
    (RefKind::Func, Heap::Nothing),
    (RefKind::Extern, Heap::Any),
    (RefKind::Extern, Heap::Nothing),
    (RefKind::Exn, Heap::Any),
    (RefKind::Exn, Heap::Nothing),
];

#[cfg(test)]
mod tests {
    use crate::layout::{Config, Layout};

    #[test]
    fn the_heap_stands_behind_the_memories() {
        for (text, heap) in [
            ("(module (memory 1))", None),
            ("(module (type (func)))", None),
            ("(module (type (struct)))", Some(0)),
            ("(module (memory 1) (memory 2) (type (func)) (type (array i8)))", Some(2)),
        ] {
            let bytes = wat::parse_str(text).expect("valid text");
            let layout = Layout::derive(&bytes, &Config::default()).expect("a layout");
            assert_eq!(layout.heap(), heap, "{text}");
            let memories = heap.map_or(layout.memories.len(), |heap| heap as usize + 1);
            assert_eq!(layout.memories.len(), memories, "{text}");
        }
    }
}
