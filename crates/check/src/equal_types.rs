//! Which types of a module are equal, and which are subtypes of which: its type section → for each
//! type the first that is equal, and its supertype (Wasm 3.0: *type equivalence*, *matching*).
//!
//! 1. Two recursion groups are equal if their keys are (`write_type`): a key names types of the
//!    group by place, and others by the first that is equal.
//! 2. Equal types stand for one another in all that the check knows, so the ids that the runtime
//!    gives them are equal as well; types with equal parameters and results alone are not.
//! 3. A supertype's number is below its subtypes', so a walk along a chain ends.
//!
//! Written apart from the module crate's `registry`, which the runtime's ids come from. A fault is
//! noticed by the tests below, whose cases stand in `crates/module/tests/types.rs` as well, and by
//! the family *equal types* of `tests/hostile.tsv`.
//! Time is linear in the types, and logarithmic in their number for each group.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use wasmparser::{
    AbstractHeapType, CompositeInnerType, FieldType, HeapType, RefType, StorageType, SubType,
    UnpackedIndex, ValType,
};

/// The types read so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct EqualTypes {
    /// The first type that is equal to each.
    firsts: Vec<u32>,
    /// The first type that is equal to each one's supertype.
    supertypes: Vec<Option<u32>>,
    /// The first group of each key, by its first type.
    groups: BTreeMap<Vec<u32>, u32>,
}

impl EqualTypes {
    /// The first type that is equal to a type.
    pub(crate) fn first(&self, ty: u32) -> u32 {
        self.firsts.get(ty as usize).copied().unwrap_or(ty)
    }

    /// Whether the type `sub` is `sup` or a subtype of it; both are firsts.
    pub(crate) fn is_subtype(&self, sub: u32, sup: u32) -> bool {
        let (mut ty, sup) = planted!(SubtypesAreTurned, (sub, sup), (sup, sub));
        while ty > sup {
            match self.supertypes.get(ty as usize) {
                Some(&Some(next)) if next < ty => ty = next,
                _ => return planted!(AnyIsSubtype, false, true),
            }
        }
        planted!(AnyIsSubtype, ty == sup, true)
    }

    /// Adds a group; then [`EqualTypes::first`] knows its types.
    ///
    /// # Errors
    ///
    /// For types of proposals that the check does not know.
    pub(crate) fn push(&mut self, group: &[SubType]) -> Result<(), &'static str> {
        let start = u32::try_from(self.firsts.len()).unwrap_or(u32::MAX);
        let mut key = Vec::new();
        for ty in planted!(KeyOfFirstType, group, group.get(..1).unwrap_or(group)) {
            self.write_type(&mut key, start, ty)?;
        }
        let first = *self.groups.entry(key).or_insert(start);
        let len = u32::try_from(group.len()).unwrap_or(u32::MAX);
        let same = |at: u32| first.saturating_add(at);
        self.firsts.extend((0..len).map(same));
        for ty in group {
            let index = ty.supertype_idxs.first().and_then(|index| index.as_module_index());
            let supertype = index.map(|index| self.first(index));
            self.supertypes.push(supertype);
        }
        Ok(())
    }

    /// Adds a type that is equal to `first`, which may be itself, and has no supertype.
    pub(crate) fn push_alone(&mut self, first: Option<u32>) -> u32 {
        let own = u32::try_from(self.firsts.len()).unwrap_or(u32::MAX);
        self.firsts.push(first.unwrap_or(own));
        self.supertypes.push(None);
        own
    }

    /// Writes what a type of the group that begins at `start` says; no text is the beginning of
    /// another, since each list begins with its length.
    fn write_type(&self, key: &mut Vec<u32>, start: u32, ty: &SubType) -> Result<(), &'static str> {
        let composite = &ty.composite_type;
        if composite.shared
            || composite.descriptor_idx.is_some()
            || composite.describes_idx.is_some()
        {
            return Err("shared type");
        }
        key.push(u32::from(planted!(KeyForgetsFinal, ty.is_final, true)));
        let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let supertypes = planted!(KeyForgetsSupertype, &ty.supertype_idxs[..], &[]);
        key.push(length(supertypes.len()));
        for index in supertypes {
            self.write_index(key, start, index.unpack())?;
        }
        match &composite.inner {
            CompositeInnerType::Func(func) => {
                key.push(0);
                for types in [func.params(), func.results()] {
                    key.push(length(types.len()));
                    for &ty in types {
                        self.write_value(key, start, ty)?;
                    }
                }
            }
            CompositeInnerType::Struct(fields) => {
                key.extend([1, length(fields.fields.len())]);
                for field in &fields.fields {
                    self.write_field(key, start, field)?;
                }
            }
            CompositeInnerType::Array(element) => {
                key.push(2);
                self.write_field(key, start, &element.0)?;
            }
            CompositeInnerType::Cont(_) => return Err("continuation type"),
        }
        Ok(())
    }

    fn write_field(
        &self,
        key: &mut Vec<u32>,
        start: u32,
        field: &FieldType,
    ) -> Result<(), &'static str> {
        key.push(u32::from(planted!(KeyForgetsMutable, field.mutable, true)));
        match field.element_type {
            StorageType::I8 => key.push(8),
            StorageType::I16 => key.push(planted!(PackedIsByte, 9, 8)),
            StorageType::Val(ty) => self.write_value(key, start, ty)?,
        }
        Ok(())
    }

    fn write_value(&self, key: &mut Vec<u32>, start: u32, ty: ValType) -> Result<(), &'static str> {
        match ty {
            ValType::I32 => key.push(0),
            ValType::I64 => key.push(1),
            ValType::F32 => key.push(2),
            ValType::F64 => key.push(3),
            ValType::V128 => key.push(4),
            ValType::Ref(ty) => self.write_reference(key, start, ty)?,
        }
        Ok(())
    }

    fn write_reference(
        &self,
        key: &mut Vec<u32>,
        start: u32,
        ty: RefType,
    ) -> Result<(), &'static str> {
        key.push(if ty.is_nullable() { 17 } else { 16 });
        match ty.heap_type() {
            HeapType::Abstract { ty, shared: false } => {
                key.extend([0, abstract_number(ty).ok_or("reference type")?]);
            }
            HeapType::Concrete(index) => self.write_index(key, start, index)?,
            HeapType::Abstract { shared: true, .. } | HeapType::Exact(_) => {
                return Err("reference type");
            }
        }
        Ok(())
    }

    fn write_index(
        &self,
        key: &mut Vec<u32>,
        start: u32,
        index: UnpackedIndex,
    ) -> Result<(), &'static str> {
        let named = index.as_module_index().ok_or("reference type")?;
        let index = planted!(KeyForgetsNamed, named, start);
        match index.checked_sub(start) {
            Some(own) => key.extend([1, own]),
            None => key.extend([planted!(OutsideIsInside, 2, 1), self.first(index)]),
        }
        Ok(())
    }
}

fn abstract_number(ty: AbstractHeapType) -> Option<u32> {
    Some(match ty {
        AbstractHeapType::Func => 0,
        AbstractHeapType::NoFunc => 1,
        AbstractHeapType::Extern => 2,
        AbstractHeapType::NoExtern => 3,
        AbstractHeapType::Exn => 4,
        AbstractHeapType::NoExn => 5,
        AbstractHeapType::Any => 6,
        AbstractHeapType::None => 7,
        AbstractHeapType::Eq => 8,
        AbstractHeapType::Struct => 9,
        AbstractHeapType::Array => 10,
        AbstractHeapType::I31 => 11,
        AbstractHeapType::Cont | AbstractHeapType::NoCont => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::layout::{Config, Layout, Ty};
    use alloc::format;
    use alloc::vec::Vec;
    use wasmparser::{RefType, SubType, ValType};

    fn layout(text: &str) -> Layout {
        let bytes = wat::parse_str(format!("(module {text})")).expect("valid text");
        Layout::derive(&bytes, &Config::default()).expect("a layout")
    }

    fn firsts(text: &str, types: u32) -> Vec<u32> {
        let layout = layout(text);
        (0..types).map(|ty| layout.canonical(ty)).collect()
    }

    #[test]
    fn groups_are_equal_up_to_the_numbers_of_their_own_types() {
        let group = "(rec (type (sub (func (param (ref 1))))) (type (func (result (ref 0)))))";
        let other = "(rec (type (sub (func (param (ref 3))))) (type (func (result (ref 2)))))";
        assert_eq!(firsts(&format!("{group} {other}"), 4), [0, 1, 0, 1]);
        let outside = "(rec (type (sub (func (param (ref 3))))) (type (func (result (ref 0)))))";
        assert_eq!(firsts(&format!("{group} {outside}"), 4), [0, 1, 2, 3]);
        assert_eq!(firsts("(type (func)) (type (func)) (type (func (param i32)))", 3), [0, 0, 2]);
        let named = "(type (func)) (type (func (param (ref 0)))) (type (func))
                     (type (func (param (ref 2))))";
        assert_eq!(firsts(named, 4), [0, 1, 0, 1]);
    }

    /// Equal parameters and results are not enough.
    #[test]
    fn types_that_differ_in_one_thing_differ() {
        for text in [
            "(type (func)) (type (sub (func)))",
            "(type (sub (func))) (type (sub final 0 (func)))",
            "(type (func)) (rec (type (func)) (type (func (param i32))))",
            "(rec (type (func)) (type (func (param i32)))) (rec (type (func (param i32))) (type (func)))",
            "(type (func (param (ref 0)))) (type (func (param (ref 0))))",
            "(type (struct (field i8))) (type (struct (field i16)))",
            "(type (struct (field i8))) (type (struct (field (mut i8))))",
            "(type (struct)) (type (func))",
            "(type (array i32)) (type (struct (field i32)))",
            "(type (array anyref)) (type (array eqref))",
            "(type (array anyref)) (type (array (ref any)))",
        ] {
            let types = if text.contains("rec") { 3 } else { 2 };
            assert_eq!(firsts(text, types), (0..types).collect::<Vec<_>>(), "{text}");
        }
    }

    /// The parameters of a function type of a module of these types.
    fn references(text: &str, at: usize) -> Vec<RefType> {
        let bytes = wat::parse_str(format!("(module {text})")).expect("valid text");
        let mut found = Vec::new();
        for payload in wasmparser::Parser::new(0).parse_all(&bytes) {
            let Ok(wasmparser::Payload::TypeSection(reader)) = payload else { continue };
            let types: Vec<SubType> =
                reader.into_iter().flat_map(|group| group.unwrap().into_types()).collect();
            let params = types[at].unwrap_func().params().iter();
            found.extend(params.filter_map(|ty| match ty {
                ValType::Ref(ty) => Some(*ty),
                _ => None,
            }));
        }
        found
    }

    /// Rows: which parameter's type takes which.
    #[test]
    fn references_match_along_the_hierarchies() {
        let text = "(type (sub (struct))) (type (sub 0 (struct (field i32)))) (type (array i8))
             (type (sub (func))) (type (sub final 3 (func)))
             (type (func (param anyref eqref i31ref structref arrayref nullref
               (ref null 0) (ref null 1) (ref null 2) funcref nullfuncref (ref null 3) (ref null 4)
               externref (ref 1))))";
        let layout = layout(text);
        let types = references(text, 5);
        let types: Vec<_> =
            types.iter().map(|&ty| layout.reference(ty).expect("a known type")).collect();
        let takes: [&[usize]; 15] = [
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 14],
            &[1, 2, 3, 4, 5, 6, 7, 8, 14],
            &[2, 5],
            &[3, 5, 6, 7, 14],
            &[4, 5, 8],
            &[5],
            &[5, 6, 7, 14],
            &[5, 7, 14],
            &[5, 8],
            &[9, 10, 11, 12],
            &[10],
            &[10, 11, 12],
            &[10, 12],
            &[13],
            &[14],
        ];
        for (wanted, takes) in types.iter().zip(takes) {
            for (at, &given) in types.iter().enumerate() {
                let takes = takes.contains(&at);
                assert_eq!(layout.takes_ref(*wanted, given), takes, "{wanted:?} {given:?}");
            }
        }
        assert!(!layout.takes(Ty::I32, Ty::I64));
    }

    #[test]
    fn types_of_other_proposals_have_no_layout() {
        let bytes = wat::parse_str("(module (type (func)) (type (cont 0)))").expect("valid text");
        assert!(Layout::derive(&bytes, &Config::default()).is_err());
    }
}
