//! The types of a type section, in their recursion groups (specification 2.3.8, 2.5.1; Wasm 3.0):
//! wasmparser's groups → [`Types`], and the part of it that one type needs → another [`Types`].
//!
//! 1. A type names types of its group, and of groups before it; a supertype comes before its
//!    subtypes. So chains of supertypes end, and groups can be treated in order.
//! 2. Groups follow each other without gaps and hold all types.
//!
//! [`Types`] is, to a reader who wants function types alone, the list of them by [`TypeIdx`]: a
//! structure or array has an empty function type there, which no valid module calls, imports or
//! gives a block. [`Types::def`] says what a type is.
//!
//! 3. In *marked* types, which closures and registries hold, a reference type that names what is no
//!    function type has an index of the kind `UnpackedIndex::RecGroup`: so [`RefKind::of`] needs no
//!    list of types. Types as they stand in a module have no marks.
//!
//! Limits: as many types as [`Limits::types`](crate::Limits); fields, supertypes and the depth of
//! chains as wasmparser has them (10,000, 1, 63). All work is linear in the types that it reads.
//! Tests: `tests/types.rs`, and `registry`.

use crate::func_type::{FuncType, RefKind};
use crate::index::TypeIdx;
use std::collections::BTreeSet;
use std::ops::Deref;
use wasmparser::{FieldType, HeapType, RefType, StorageType, UnpackedIndex, ValType};

/// A recursion group of the type section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecGroup {
    /// Its first type.
    pub start: TypeIdx,
    /// How many types it has; they follow each other.
    pub len: u32,
}

/// A type without its parameters and results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeDef {
    /// Whether it has no subtypes.
    pub is_final: bool,
    /// The type that it is declared to be a subtype of.
    pub supertype: Option<TypeIdx>,
    /// The kind of its values.
    pub composite: Composite,
}

/// The kind of a type's values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Composite {
    /// Functions.
    Func,
    /// Structures of these fields.
    Struct(Box<[FieldType]>),
    /// Arrays of these elements.
    Array(FieldType),
}

impl TypeDef {
    /// Of a function type that is alone, without supertype, and has no subtypes.
    pub const PLAIN: TypeDef =
        TypeDef { is_final: true, supertype: None, composite: Composite::Func };

    /// Whether it is a function type.
    pub fn is_func(&self) -> bool {
        self.composite == Composite::Func
    }

    /// Whether it is [`TypeDef::PLAIN`].
    pub fn is_plain(&self) -> bool {
        self.is_final && self.supertype.is_none() && self.is_func()
    }
}

/// Types by [`TypeIdx`], in groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types {
    funcs: Vec<FuncType>,
    defs: Vec<TypeDef>,
    groups: Vec<RecGroup>,
}

/// The types of one group.
#[derive(Clone, Copy, Debug)]
pub struct Group<'t> {
    /// The number of the first.
    pub start: u32,
    /// Parameters and results; empty for what is no function type.
    pub funcs: &'t [FuncType],
    /// The rest of each.
    pub defs: &'t [TypeDef],
}

impl Deref for Types {
    type Target = [FuncType];

    fn deref(&self) -> &[FuncType] {
        &self.funcs
    }
}

impl FromIterator<FuncType> for Types {
    /// Types each of which is alone in its group, final and without supertype.
    fn from_iter<I: IntoIterator<Item = FuncType>>(types: I) -> Types {
        let mut all = Types::default();
        types.into_iter().for_each(|ty| all.push_plain(ty));
        all
    }
}

impl Types {
    /// The groups in order.
    pub fn groups(&self) -> &[RecGroup] {
        &self.groups
    }

    /// A type without its parameters and results.
    pub fn def(&self, ty: TypeIdx) -> Option<&TypeDef> {
        self.defs.get(ty.index())
    }

    /// The parameters and results of a type, if it is a function's.
    pub fn func(&self, ty: TypeIdx) -> Option<&FuncType> {
        self.def(ty).filter(|def| def.is_func())?;
        self.funcs.get(ty.index())
    }

    /// The types of the group that a type is in.
    pub fn group_of(&self, ty: TypeIdx) -> Option<Group<'_>> {
        let after = self.groups.partition_point(|group| group.start <= ty);
        let group = self.groups.get(after.checked_sub(1)?)?;
        (ty.0 < group.start.0 + group.len).then(|| self.group(*group))
    }

    /// The types of one of [`Types::groups`].
    pub(crate) fn group(&self, RecGroup { start, len }: RecGroup) -> Group<'_> {
        let range = start.index()..start.index() + len as usize;
        Group { start: start.0, funcs: &self.funcs[range.clone()], defs: &self.defs[range] }
    }

    /// The kind of a reference type's referents.
    pub fn ref_kind(&self, ty: RefType) -> RefKind {
        RefKind::of(self.marked_ref(ty).heap_type())
    }

    /// A value type of these types, marked (3).
    pub fn marked(&self, ty: ValType) -> ValType {
        renamed(ty, |index| self.mark(index, index))
    }

    fn marked_ref(&self, ty: RefType) -> RefType {
        renamed_ref(ty, |index| self.mark(index, index))
    }

    /// The number `named` for a type, marked.
    fn mark(&self, ty: u32, named: u32) -> UnpackedIndex {
        mark(self.func(TypeIdx(ty)).is_some(), named)
    }

    /// Whether a type is alone in its group, final, without supertype, and names no type.
    pub fn names_none(&self, ty: TypeIdx) -> bool {
        let alone = self.group_of(ty).filter(|group| group.defs.len() == 1);
        alone.is_some_and(|group| {
            let mut named = false;
            named_types(&group.funcs[0], &group.defs[0], |_| named = true);
            group.defs[0].is_plain() && !named
        })
    }

    /// Adds a function type that is alone in its group, final and without supertype.
    pub fn push_plain(&mut self, ty: FuncType) {
        self.push_group([(ty, TypeDef::PLAIN)]);
    }

    /// Adds a type that is alone in its group, and names types before it alone.
    pub fn push_alone(&mut self, func: FuncType, def: TypeDef) {
        self.push_group([(func, def)]);
    }

    /// Adds a group.
    pub(crate) fn push_group(&mut self, group: impl IntoIterator<Item = (FuncType, TypeDef)>) {
        let start = TypeIdx(self.funcs.len() as u32);
        for (func, def) in group {
            self.funcs.push(func);
            self.defs.push(def);
        }
        self.groups.push(RecGroup { start, len: self.funcs.len() as u32 - start.0 });
    }

    pub(crate) fn reserve(&mut self, count: usize) {
        self.funcs.reserve_exact(count);
        self.defs.reserve_exact(count);
        self.groups.reserve_exact(count);
    }
}

/// A type's group and all groups that it needs, renumbered in their order; and the type's index
/// there.
///
/// `group_of` gives the group of an index, by the numbers that its types name others by (those of a
/// module, or the identities of a registry). Linear in the result.
pub fn closure<'t>(index: u32, group_of: impl Fn(u32) -> Option<Group<'t>>) -> (Types, TypeIdx) {
    let start_of = |index: u32| group_of(index).map(|group| group.start);
    let mut wanted: BTreeSet<u32> = start_of(index).into_iter().collect();
    let mut groups = Vec::new();
    while let Some(start) = wanted.pop_last() {
        let Some(group) = group_of(start) else { continue };
        for (func, def) in group.funcs.iter().zip(group.defs) {
            named_types(func, def, |named| {
                if named < start {
                    wanted.extend(start_of(named));
                }
            });
        }
        groups.push(group);
    }
    groups.reverse();
    // Old and new number of each group's first type, ascending.
    let mut starts: Vec<(u32, u32)> = Vec::with_capacity(groups.len());
    let mut types = Types::default();
    for group in groups {
        starts.push((group.start, types.len() as u32));
        let place = |index: u32| {
            let after = starts.partition_point(|&(old, _)| old <= index);
            let (old, new) = starts[after.saturating_sub(1)];
            let new = index - old + new;
            let def = match index.checked_sub(group.start) {
                Some(own) => group.defs.get(own as usize),
                None => types.def(TypeIdx(new)),
            };
            mark(def.is_none_or(TypeDef::is_func), new)
        };
        let renamed =
            group.funcs.iter().zip(group.defs).map(|(func, def)| rename(func, def, place));
        let renamed: Vec<_> = renamed.collect();
        types.push_group(renamed);
    }
    let after = starts.partition_point(|&(old, _)| old <= index);
    let at = starts.get(after.wrapping_sub(1)).map_or(index, |&(old, new)| index - old + new);
    (types, TypeIdx(at))
}

/// Tells the types that a type names.
pub(crate) fn named_types(func: &FuncType, def: &TypeDef, mut tell: impl FnMut(u32)) {
    let mut of = |ty: ValType| {
        if let ValType::Ref(ty) = ty
            && let Some(index) = named_by(ty)
        {
            tell(index);
        }
    };
    func.params.iter().chain(&func.results).for_each(|&ty| of(ty));
    let mut of_field = |field: &FieldType| {
        if let StorageType::Val(ty) = field.element_type {
            of(ty);
        }
    };
    match &def.composite {
        Composite::Func => {}
        Composite::Struct(fields) => fields.iter().for_each(of_field),
        Composite::Array(field) => of_field(field),
    }
    if let Some(supertype) = def.supertype {
        tell(supertype.0);
    }
}

/// The type with other numbers for those that it names.
pub(crate) fn rename(
    func: &FuncType,
    def: &TypeDef,
    place: impl Fn(u32) -> UnpackedIndex,
) -> (FuncType, TypeDef) {
    let ty = |ty: ValType| renamed(ty, &place);
    let all = |types: &[ValType]| types.iter().map(|&of| ty(of)).collect();
    let field = |field: &FieldType| FieldType {
        element_type: match field.element_type {
            StorageType::Val(of) => StorageType::Val(ty(of)),
            packed @ (StorageType::I8 | StorageType::I16) => packed,
        },
        mutable: field.mutable,
    };
    let composite = match &def.composite {
        Composite::Func => Composite::Func,
        Composite::Struct(fields) => Composite::Struct(fields.iter().map(field).collect()),
        Composite::Array(element) => Composite::Array(field(element)),
    };
    let supertype = def.supertype.map(|ty| TypeIdx(number(place(ty.0)).unwrap_or(ty.0)));
    let func = FuncType { params: all(&func.params), results: all(&func.results) };
    (func, TypeDef { is_final: def.is_final, supertype, composite })
}

/// A value type with another number for the type that it names.
pub(crate) fn renamed(ty: ValType, place: impl Fn(u32) -> UnpackedIndex) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(renamed_ref(ty, place)),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty,
    }
}

/// A reference type with another number for the type that it names.
pub(crate) fn renamed_ref(ty: RefType, place: impl Fn(u32) -> UnpackedIndex) -> RefType {
    match named_by(ty) {
        Some(index) => {
            let heap_type = HeapType::Concrete(place(index));
            // Numbers are below 2^20, which fits.
            RefType::new(ty.is_nullable(), heap_type).unwrap_or(ty)
        }
        None => ty,
    }
}

/// The number of the type that a reference type names.
pub(crate) fn named_by(ty: RefType) -> Option<u32> {
    number(ty.type_index()?.unpack())
}

/// The number of a type, marked or not.
fn number(index: UnpackedIndex) -> Option<u32> {
    match index {
        UnpackedIndex::Module(index) | UnpackedIndex::RecGroup(index) => Some(index),
        UnpackedIndex::Id(_) => None,
    }
}

/// A number for a type, marked.
pub(crate) fn mark(is_func: bool, index: u32) -> UnpackedIndex {
    if is_func { UnpackedIndex::Module(index) } else { UnpackedIndex::RecGroup(index) }
}
