//! Run-time identity of types: types of any number of modules → canonical [`TypeId`]s, so that
//! `call_indirect` and import matching compare numbers (specification 3.1.3, 4.5.3).
//!
//! A store owns one registry and interns each module's types at instantiation.
//!
//! 1. Two recursion groups get the same identities exactly if they are equal up to the numbers of
//!    the types inside (*iso-recursive* equivalence). Their keys (`write_group`) say that: types
//!    outside are named by identity, types inside by their place in the group.
//! 2. Ids count from 0 in order of first interning, those of a group follow each other, and they
//!    stay valid as long as the registry.
//! 3. *Resolved* types name other types by their identity: the index of a reference type in an
//!    interned type is a [`TypeId`], not an index of a module. They are marked (`groups`, 3).
//! 4. A supertype's id is below those of its subtypes. So a walk along a chain ends; validation
//!    bounds it by 63.
//!
//! Identities are a process's own: nothing that is written down holds one.
//!
//! Limits: [`TypeRegistry::TYPES_MAX`] types, so that a reference type can name each. Interning is
//! linear in the types given. Noticed by: the tests below, `tests/types.rs`.

use crate::func_type::FuncType;
use crate::groups::{
    Composite, Group, TypeDef, Types, mark, named_by, rename, renamed, renamed_ref,
};
use crate::index::TypeIdx;
use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use wasmparser::{
    AbstractHeapType, FieldType, HeapType, RefType, StorageType, UnpackedIndex, ValType,
};

/// The identity of a type in one registry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

impl fmt::Debug for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "typeid{}", self.0)
    }
}

impl fmt::Display for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Interns types. A clone shares the types until one of both gets a new one.
#[derive(Clone, Debug)]
pub struct TypeRegistry {
    known: Arc<Known>,
    /// The greatest number of types that modules may have together.
    types_max: u32,
}

/// The groups by key, and their types by identity.
#[derive(Clone, Debug, Default)]
struct Known {
    groups: HashSet<ByKey>,
    /// The group of each type.
    types: Vec<Arc<Interned>>,
    /// For each type the identity of its supertype + 1, or 0.
    supertypes: Vec<u32>,
}

/// A group with resolved types.
#[derive(Debug)]
struct Interned {
    first: u32,
    key: Box<[u32]>,
    funcs: Box<[FuncType]>,
    defs: Box<[TypeDef]>,
}

/// A group that is found by its key.
#[derive(Clone, Debug)]
struct ByKey(Arc<Interned>);

impl Borrow<[u32]> for ByKey {
    fn borrow(&self) -> &[u32] {
        &self.0.key
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &ByKey) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for ByKey {}

impl Hash for ByKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

impl Default for TypeRegistry {
    fn default() -> TypeRegistry {
        TypeRegistry { known: Arc::default(), types_max: TypeRegistry::TYPES_MAX }
    }
}

impl TypeRegistry {
    /// The greatest number of types that modules may have together.
    pub const TYPES_MAX: u32 = 1 << 20;

    /// An empty registry.
    pub fn new() -> TypeRegistry {
        TypeRegistry::default()
    }

    /// The identities of all types of a list, in order; `None` if there would be more than
    /// [`TypeRegistry::TYPES_MAX`] types.
    pub fn intern_all(&mut self, types: &Types) -> Option<Vec<TypeId>> {
        let mut ids: Vec<TypeId> = Vec::with_capacity(types.len());
        let mut key = Vec::new();
        for &group in types.groups() {
            let group = types.group(group);
            key.clear();
            let id_of = |index: u32| ids.get(index as usize).map_or(index, |id| id.0);
            write_group(&mut key, group, id_of);
            let first = match self.known.groups.get(&key[..]) {
                Some(known) => known.0.first,
                None if self.known.types.len() + group.defs.len() > self.types_max as usize => {
                    return None;
                }
                None => self.add(&key, group, id_of),
            };
            // Functions of the host may have brought more.
            if first as usize + group.defs.len() > self.types_max as usize {
                return None;
            }
            ids.extend((first..).take(group.defs.len()).map(TypeId));
        }
        Some(ids)
    }

    /// Adds a group, and gives the identity of its first type.
    fn add(&mut self, key: &[u32], group: Group<'_>, id_of: impl Fn(u32) -> u32) -> u32 {
        let first =
            u32::try_from(self.known.types.len()).expect("fewer than 2^32 types fit memory");
        let place = |index: u32| {
            let (id, def) = match index.checked_sub(group.start) {
                Some(own) => (first + own, group.defs.get(own as usize)),
                None => (id_of(index), self.def(TypeId(id_of(index)))),
            };
            mark(def.is_none_or(TypeDef::is_func), id)
        };
        let types = group.funcs.iter().zip(group.defs).map(|(func, def)| rename(func, def, place));
        let (funcs, defs): (Vec<_>, Vec<_>) = types.unzip();
        let known = Arc::make_mut(&mut self.known);
        known.supertypes.extend(defs.iter().map(|def| def.supertype.map_or(0, |ty| ty.0 + 1)));
        let (funcs, defs) = (funcs.into(), defs.into());
        let group = Arc::new(Interned { first, key: key.into(), funcs, defs });
        known.types.extend(group.defs.iter().map(|_| Arc::clone(&group)));
        known.groups.insert(ByKey(group));
        first
    }

    /// The identity of a resolved function type that is alone in its group, final and without
    /// supertype; new if no equal type was interned before.
    pub fn intern(&mut self, ty: &FuncType) -> TypeId {
        let mut key = Vec::new();
        let group = plain(ty);
        write_group(&mut key, group, |id| id);
        let known = self.known.groups.get(&key[..]).map(|known| known.0.first);
        TypeId(known.unwrap_or_else(|| self.add(&key, group, |id| id)))
    }

    /// The identity of such a type, if it was interned.
    pub fn find(&self, ty: &FuncType) -> Option<TypeId> {
        let mut key = Vec::new();
        write_group(&mut key, plain(ty), |id| id);
        self.known.groups.get(&key[..]).map(|known| TypeId(known.0.first))
    }

    /// The function type of an identity that this registry gave out; an empty one for what is no
    /// function type.
    ///
    /// # Panics
    ///
    /// If `id` comes from another registry and is out of range here.
    pub fn get(&self, id: TypeId) -> &FuncType {
        let group = &self.known.types[id.0 as usize];
        &group.funcs[(id.0 - group.first) as usize]
    }

    /// The rest of a type of this registry.
    pub fn def(&self, id: TypeId) -> Option<&TypeDef> {
        let group = self.known.types.get(id.0 as usize)?;
        group.defs.get((id.0 - group.first) as usize)
    }

    /// The group of a type of this registry, resolved.
    pub fn group_of(&self, id: TypeId) -> Option<Group<'_>> {
        let group = self.known.types.get(id.0 as usize)?;
        Some(Group { start: group.first, funcs: &group.funcs, defs: &group.defs })
    }

    /// All types by identity, marked.
    pub fn types(&self) -> Types {
        let mut types = Types::default();
        let mut next = 0;
        while let Some(group) = self.group_of(TypeId(next)) {
            next += group.defs.len() as u32;
            types.push_group(group.funcs.iter().cloned().zip(group.defs.iter().cloned()));
        }
        types
    }

    /// For each type the identity of its supertype + 1, or 0; ascending along no chain (4).
    pub fn supertypes(&self) -> &[u32] {
        &self.known.supertypes
    }

    /// Whether every value of the type `sub` is one of the type `sup`.
    #[inline]
    pub fn is_subtype(&self, sub: TypeId, sup: TypeId) -> bool {
        let mut ty = sub.0;
        while ty > sup.0 {
            match self.known.supertypes.get(ty as usize).and_then(|next| next.checked_sub(1)) {
                Some(next) => ty = next,
                None => return false,
            }
        }
        ty == sup.0
    }

    /// Whether every value of the resolved type `sub` is one of `sup` (specification 3.3,
    /// *matching*).
    pub fn val_matches(&self, sub: ValType, sup: ValType) -> bool {
        match (sub, sup) {
            (ValType::Ref(sub), ValType::Ref(sup)) => self.ref_matches(sub, sup),
            _ => sub == sup,
        }
    }

    /// Whether every reference of the resolved type `sub` is one of `sup`.
    pub fn ref_matches(&self, sub: RefType, sup: RefType) -> bool {
        (sup.is_nullable() || !sub.is_nullable()) && self.heap_matches(sub, sup)
    }

    fn heap_matches(&self, sub: RefType, sup: RefType) -> bool {
        use AbstractHeapType as A;
        let composite = |id| self.def(id).map(|def| &def.composite);
        let (low, high) = (sub.heap_type(), sup.heap_type());
        match (type_of_ref(sub), type_of_ref(sup), low, high) {
            _ if low == high => true,
            (Some(sub), Some(sup), ..) => self.is_subtype(sub, sup),
            (Some(sub), None, _, HeapType::Abstract { ty: high, .. }) => {
                matches!(
                    (composite(sub), high),
                    (Some(Composite::Func), A::Func)
                        | (Some(Composite::Struct(_)), A::Struct | A::Eq | A::Any)
                        | (Some(Composite::Array(_)), A::Array | A::Eq | A::Any)
                )
            }
            (None, Some(sup), HeapType::Abstract { ty: low, .. }, _) => matches!(
                (low, composite(sup)),
                (A::NoFunc, Some(Composite::Func))
                    | (A::None, Some(Composite::Struct(_) | Composite::Array(_)))
            ),
            (
                None,
                None,
                HeapType::Abstract { ty: low, .. },
                HeapType::Abstract { ty: high, .. },
            ) => {
                matches!(
                    (low, high),
                    (A::NoFunc, A::Func)
                        | (A::NoExtern, A::Extern)
                        | (A::NoExn, A::Exn)
                        | (A::None, A::Any | A::Eq | A::I31 | A::Struct | A::Array)
                        | (A::I31 | A::Struct | A::Array, A::Eq | A::Any)
                        | (A::Eq, A::Any)
                )
            }
            _ => false,
        }
    }

    /// A value type of a module whose types have these identities here, resolved.
    pub fn resolve(&self, ty: ValType, ids: &[TypeId]) -> ValType {
        renamed(ty, |index| self.named(index, ids.get(index as usize)))
    }

    /// A reference type of a module whose types have these identities here, resolved.
    pub fn resolve_ref(&self, ty: RefType, ids: &[TypeId]) -> RefType {
        renamed_ref(ty, |index| self.named(index, ids.get(index as usize)))
    }

    fn named(&self, index: u32, id: Option<&TypeId>) -> UnpackedIndex {
        let id = id.map_or(index, |id| id.0);
        mark(self.def(TypeId(id)).is_none_or(TypeDef::is_func), id)
    }

    /// Whether both share their types: each identity names the same type in both.
    pub fn shares(&self, other: &TypeRegistry) -> bool {
        Arc::ptr_eq(&self.known, &other.known)
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.known.types.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.types.is_empty()
    }
}

/// A group of one final function type that names nothing inside.
fn plain(ty: &FuncType) -> Group<'_> {
    let funcs = std::slice::from_ref(ty);
    Group { start: u32::MAX, funcs, defs: &[TypeDef::PLAIN] }
}

/// Writes a group's key: for each type its form and supertype, then its values or fields. Types are
/// named by identity, or by the place in the group; `id_of` gives the identity of one outside.
///
/// Each list begins with its length, so keys are equal exactly if the groups are.
fn write_group(key: &mut Vec<u32>, group: Group<'_>, id_of: impl Fn(u32) -> u32) {
    let named = |index: u32| match index.checked_sub(group.start) {
        Some(own) => own << 1 | 1,
        None => id_of(index) << 1,
    };
    for (func, def) in group.funcs.iter().zip(group.defs) {
        let form = match &def.composite {
            Composite::Func => 0,
            Composite::Struct(_) => 1,
            Composite::Array(_) => 2,
        };
        key.push(form << 1 | u32::from(def.is_final));
        key.push(def.supertype.map_or(0, |ty| named(ty.0) + 1));
        let field = |key: &mut Vec<u32>, field: &FieldType| {
            let code = match field.element_type {
                StorageType::I8 => 8,
                StorageType::I16 => 9,
                StorageType::Val(ty) => value_code(ty, named),
            };
            key.extend([code, field.mutable.into()]);
        };
        match &def.composite {
            Composite::Func => {
                for types in [&func.params, &func.results] {
                    key.push(types.len() as u32);
                    key.extend(types.iter().map(|&ty| value_code(ty, named)));
                }
            }
            Composite::Struct(fields) => {
                key.push(fields.len() as u32);
                fields.iter().for_each(|of| field(key, of));
            }
            Composite::Array(element) => field(key, element),
        }
    }
}

/// A number for a value type, different for different types; `named` gives one below 2^22 for the
/// type that it names.
fn value_code(ty: ValType, named: impl Fn(u32) -> u32) -> u32 {
    let ty = match ty {
        ValType::I32 => return 0,
        ValType::I64 => return 1,
        ValType::F32 => return 2,
        ValType::F64 => return 3,
        ValType::V128 => return 4,
        ValType::Ref(ty) => ty,
    };
    let nullable = u32::from(ty.is_nullable()) << 30;
    match (named_by(ty), ty.heap_type()) {
        (Some(index), _) => 1 << 31 | nullable | named(index),
        (None, HeapType::Abstract { ty, .. }) => 16 | nullable | heap_code(ty),
        // No type that was read has any other.
        (None, HeapType::Concrete(_) | HeapType::Exact(_)) => 15,
    }
}

fn heap_code(ty: AbstractHeapType) -> u32 {
    match ty {
        AbstractHeapType::Func => 0,
        AbstractHeapType::Extern => 1,
        AbstractHeapType::Any => 2,
        AbstractHeapType::None => 3,
        AbstractHeapType::NoExtern => 4,
        AbstractHeapType::NoFunc => 5,
        AbstractHeapType::Eq => 6,
        AbstractHeapType::Struct => 7,
        AbstractHeapType::Array => 8,
        AbstractHeapType::I31 => 9,
        AbstractHeapType::Exn => 10,
        AbstractHeapType::NoExn => 11,
        AbstractHeapType::Cont => 12,
        AbstractHeapType::NoCont => 13,
    }
}

/// The type that a resolved reference type names; `None` for an abstract one.
pub fn type_of_ref(ty: RefType) -> Option<TypeId> {
    named_by(ty).map(TypeId)
}

/// Whether two types of lists, as [`closure`](crate::closure) gives them, are equal.
pub fn equal_types((a, at_a): (&Types, TypeIdx), (b, at_b): (&Types, TypeIdx)) -> bool {
    let mut registry = TypeRegistry::new();
    let (a, b) = (registry.intern_all(a), registry.intern_all(b));
    let same = |(a, b): (Vec<_>, Vec<_>)| {
        let (a, b) = (a.get(at_a.index()), b.get(at_b.index()));
        a.is_some() && a == b
    };
    a.zip(b).is_some_and(same)
}

/// The resolved reference type that names a type; `None` for an identity of
/// [`TypeRegistry::TYPES_MAX`] or more.
pub fn ref_to_type(nullable: bool, id: TypeId) -> Option<RefType> {
    marked_ref_to_type(nullable, id, true)
}

/// The same, marked as one to a type that is a function's or not.
pub fn marked_ref_to_type(nullable: bool, id: TypeId, is_func: bool) -> Option<RefType> {
    RefType::new(nullable, HeapType::Concrete(mark(is_func, id.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::closure;
    use wasmparser::ValType::{F64, I32};

    fn list(types: impl IntoIterator<Item = FuncType>) -> Types {
        types.into_iter().collect()
    }

    #[test]
    fn equal_types_get_equal_ids_and_different_types_different_ones() {
        let mut registry = TypeRegistry::new();
        assert!(registry.is_empty());
        let a = registry.intern(&FuncType::new([I32], [F64]));
        let b = registry.intern(&FuncType::new([], [I32, F64]));
        assert_eq!(registry.intern(&FuncType::new([I32], [F64])), a);
        assert_ne!(a, b);
        assert_eq!(registry.get(b), &FuncType::new([], [I32, F64]));
        assert_eq!(registry.find(&FuncType::new([I32, F64], [])), None);
        assert_eq!((registry.len(), a.to_string().as_str()), (2, "typeid0"));
    }

    #[test]
    fn a_clone_shares_its_types_until_one_is_new() {
        let mut one = TypeRegistry::new();
        let a = one.intern(&FuncType::new([I32], []));
        let mut two = one.clone();
        assert_eq!(two.intern(&FuncType::new([I32], [])), a);
        assert!(one.shares(&two) && !one.shares(&TypeRegistry::new()));
        let b = two.intern(&FuncType::new([F64], []));
        assert!(!one.shares(&two));
        assert_eq!((one.len(), two.len(), two.get(a)), (1, 2, one.get(a)));
        assert_eq!(one.intern(&FuncType::new([], [F64])), b, "each counts by itself");
    }

    #[test]
    fn a_registry_holds_as_many_types_as_references_can_name() {
        let last = TypeId(TypeRegistry::TYPES_MAX - 1);
        assert!(
            ref_to_type(true, last).is_some() && ref_to_type(true, TypeId(last.0 + 1)).is_none()
        );
        let mut registry = TypeRegistry { types_max: 3, ..TypeRegistry::new() };
        let all = [I32, F64, ValType::I64, ValType::F32].map(|ty| FuncType::new([ty], []));
        let ids = registry.intern_all(&list(all[..3].to_vec())).expect("as many as there may be");
        assert_eq!(registry.intern_all(&list(all[1..3].to_vec())), Some(ids[1..].to_vec()), "old");
        assert_eq!(registry.intern_all(&list(all.clone())), None);
        registry.intern(&all[3]);
        assert_eq!(registry.intern_all(&list(all[3..].to_vec())), None, "no reference can name it");
        assert_eq!(TypeRegistry::new().types_max, TypeRegistry::TYPES_MAX);
    }

    fn named(nullable: bool, index: u32) -> RefType {
        let heap_type = HeapType::Concrete(UnpackedIndex::Module(index));
        RefType::new(nullable, heap_type).expect("a small index")
    }

    #[test]
    fn types_that_name_others_are_equal_by_what_they_name() {
        let mut registry = TypeRegistry::new();
        let takes = |index| FuncType::new([ValType::Ref(named(true, index))], []);
        let (i, f) = (FuncType::new([I32], []), FuncType::new([F64], []));
        let one = registry.intern_all(&list([i.clone(), takes(0)])).expect("few types");
        let two = registry.intern_all(&list([f, i, takes(1), takes(0)])).expect("few types");
        assert_eq!((one[0], one[1]), (two[1], two[2]));
        assert_ne!(two[2], two[3]);
        let first = ValType::Ref(named(false, 1));
        assert_eq!(registry.resolve(first, &two), ValType::Ref(named(false, one[0].0)));
        assert_eq!(type_of_ref(registry.resolve_ref(named(false, 1), &two)), Some(one[0]));
    }

    /// Each type names the one before it twice: as trees they have 2^60 nodes.
    #[test]
    fn types_that_share_are_compared_in_linear_time() {
        let both = |index| FuncType::new([ValType::Ref(named(true, index)); 2], []);
        let types = list(std::iter::once(FuncType::new([], [])).chain((0..60).map(both)));
        let of = |index| closure(index, |index| types.group_of(TypeIdx(index)));
        let ((a, at), (b, before)) = (of(60), of(59));
        assert!(equal_types((&a, at), (&a, at)));
        assert!(!equal_types((&a, at), (&b, before)));
    }

    #[test]
    fn references_match_by_nullability_and_heap_type() {
        let mut registry = TypeRegistry::new();
        let i = registry.intern(&FuncType::new([I32], [])).0;
        let f = registry.intern(&FuncType::new([F64], [])).0;
        let (func, exn) = (RefType::FUNCREF, RefType::EXN);
        let matches = |sub, sup| registry.ref_matches(sub, sup);
        assert!(matches(named(false, i), func) && matches(named(true, i), func));
        assert!(matches(named(false, i), named(true, i)));
        assert!(!matches(named(true, i), named(false, i)), "null is no value of it");
        assert!(!matches(named(false, i), named(false, f)));
        assert!(!matches(func, named(true, i)) && !matches(func, exn));
        assert!(!matches(named(true, i), RefType::EXTERNREF));
        assert!(registry.val_matches(I32, I32) && !registry.val_matches(I32, F64));
    }
}
