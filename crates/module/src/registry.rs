//! Run-time identity of function types: types of any number of modules → canonical [`TypeId`]s, so
//! that `call_indirect` and import matching compare two numbers (specification 4.5.3).
//!
//! A store owns one registry and interns each module's types at instantiation.
//!
//! 1. `intern(a) == intern(b)` exactly if `a == b`.
//! 2. Ids count from 0 in order of first interning, and stay valid as long as the registry.
//!
//! 3. *Resolved* types name other types by their identity: the index of a reference type in an
//!    interned type is a [`TypeId`], not an index of a module.
//!
//! Function types are interned one by one: in the modules accepted today each recursion group has
//! one type and names only types before it, so equality of resolved types is equality of groups.
//! With recursive types the key becomes the group, and the callers stay.
//!
//! Limits: [`TypeRegistry::TYPES_MAX`] types, so that a reference type can name each.

use crate::types::{FuncType, RefKind};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use wasmparser::{AbstractHeapType, HeapType, RefType, UnpackedIndex, ValType};

/// The identity of a function type in one registry.
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

/// Interns function types. A clone shares the types until one of both gets a new one.
#[derive(Clone, Debug)]
pub struct TypeRegistry {
    known: Arc<Known>,
    /// The greatest number of types that modules may have together.
    types_max: u32,
}

/// The types by identity, and the other way round.
#[derive(Clone, Debug, Default)]
struct Known {
    types: Vec<Arc<FuncType>>,
    ids: HashMap<Arc<FuncType>, TypeId>,
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

    /// The identities of all types of a module, in order; `None` if there would be more than
    /// [`TypeRegistry::TYPES_MAX`] types.
    pub fn intern_all(&mut self, types: &[FuncType]) -> Option<Vec<TypeId>> {
        let mut ids = Vec::with_capacity(types.len());
        for ty in types {
            let id = match resolved(ty, &ids) {
                Some(ty) => self.intern(&ty),
                None => self.intern(ty),
            };
            if id.0 >= self.types_max {
                return None;
            }
            ids.push(id);
        }
        Some(ids)
    }

    /// The identity of a resolved type, new if no equal type was interned before.
    pub fn intern(&mut self, ty: &FuncType) -> TypeId {
        if let Some(id) = self.find(ty) {
            return id;
        }
        let known = Arc::make_mut(&mut self.known);
        let id = u32::try_from(known.types.len()).expect("fewer than 2^32 types fit memory");
        let (id, ty) = (TypeId(id), Arc::new(ty.clone()));
        known.types.push(Arc::clone(&ty));
        known.ids.insert(ty, id);
        id
    }

    /// The identity of `ty`, if it was interned.
    pub fn find(&self, ty: &FuncType) -> Option<TypeId> {
        self.known.ids.get(ty).copied()
    }

    /// The type of an identity that this registry gave out.
    ///
    /// # Panics
    ///
    /// If `id` comes from another registry and is out of range here.
    pub fn get(&self, id: TypeId) -> &FuncType {
        &self.known.types[id.0 as usize]
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

/// A value type of a module whose types have these identities, resolved.
pub fn resolve(ty: ValType, ids: &[TypeId]) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(resolve_ref(ty, ids)),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty,
    }
}

/// A reference type of a module whose types have these identities, resolved.
pub fn resolve_ref(ty: RefType, ids: &[TypeId]) -> RefType {
    let index = ty.type_index().and_then(|index| index.as_module_index());
    match index.and_then(|index| ids.get(index as usize)) {
        // Identities are below `TYPES_MAX`, which fits.
        Some(&id) => ref_to_type(ty.is_nullable(), id).unwrap_or(ty),
        None => ty,
    }
}

/// The function type that a resolved reference type names; `None` for an abstract one.
pub fn type_of_ref(ty: RefType) -> Option<TypeId> {
    ty.type_index()?.as_module_index().map(TypeId)
}

/// A function type and all that it names, as a list in which each names only ones before it, and
/// which ends with the type itself.
///
/// `get` gives the types that `index` and reference types count in (those of a module, or the
/// resolved ones of a registry); each must name only ones before it. Time and memory are linear in
/// the list.
pub fn closure<'t>(index: u32, get: impl Fn(u32) -> &'t FuncType) -> Vec<FuncType> {
    let mut wanted = BTreeSet::from([index]);
    let mut indices = Vec::new();
    while let Some(index) = wanted.pop_last() {
        indices.push(index);
        let FuncType { params, results } = get(index);
        let named = params.iter().chain(results).filter_map(|&ty| match ty {
            ValType::Ref(ty) => type_of_ref(ty),
            _ => None,
        });
        wanted.extend(named.map(|id| id.0).filter(|&named| named < index));
    }
    indices.reverse();
    let place = |index: u32| indices.binary_search(&index).map_or(index, |place| place as u32);
    let renamed = |types: &[ValType]| types.iter().map(|&ty| renamed(ty, place)).collect();
    let types = indices.iter().map(|&index| {
        let FuncType { params, results } = get(index);
        FuncType { params: renamed(params), results: renamed(results) }
    });
    types.collect()
}

/// Whether the last types of two lists, as [`closure`] gives them, are equal.
pub fn equal_types(a: &[FuncType], b: &[FuncType]) -> bool {
    let mut registry = TypeRegistry::new();
    let (a, b) = (registry.intern_all(a), registry.intern_all(b));
    a.zip(b).is_some_and(|(a, b)| a.last() == b.last())
}

/// A value type with another index for the type that it names.
fn renamed(ty: ValType, place: impl Fn(u32) -> u32) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(match type_of_ref(ty) {
            Some(TypeId(index)) => {
                ref_to_type(ty.is_nullable(), TypeId(place(index))).unwrap_or(ty)
            }
            None => ty,
        }),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty,
    }
}

/// The resolved reference type that names a type; `None` for an identity of
/// [`TypeRegistry::TYPES_MAX`] or more.
pub fn ref_to_type(nullable: bool, id: TypeId) -> Option<RefType> {
    RefType::new(nullable, HeapType::Concrete(UnpackedIndex::Module(id.0)))
}

/// A type that names others, resolved; `None` for one that names none.
fn resolved(ty: &FuncType, ids: &[TypeId]) -> Option<FuncType> {
    let names = |ty: &ValType| matches!(ty, ValType::Ref(ty) if ty.is_concrete_type_ref());
    if !ty.params.iter().any(names) && !ty.results.iter().any(names) {
        return None;
    }
    let resolve_all = |types: &[ValType]| types.iter().map(|&ty| resolve(ty, ids)).collect();
    Some(FuncType { params: resolve_all(&ty.params), results: resolve_all(&ty.results) })
}

/// Whether every value of the resolved type `sub` is one of `sup` (specification 3.3, *matching*).
pub fn val_matches(sub: ValType, sup: ValType) -> bool {
    match (sub, sup) {
        (ValType::Ref(sub), ValType::Ref(sup)) => ref_matches(sub, sup),
        _ => sub == sup,
    }
}

/// Whether every reference of the resolved type `sub` is one of `sup`.
pub fn ref_matches(sub: RefType, sup: RefType) -> bool {
    if sub.is_nullable() && !sup.is_nullable() {
        return false;
    }
    let (sub, sup) = (sub.heap_type(), sup.heap_type());
    if sub == sup {
        return true;
    }
    let bottom = matches!(
        sub,
        HeapType::Abstract {
            ty: AbstractHeapType::NoFunc | AbstractHeapType::NoExtern | AbstractHeapType::NoExn,
            ..
        }
    );
    let top = matches!(
        sup,
        HeapType::Abstract {
            ty: AbstractHeapType::Func | AbstractHeapType::Extern | AbstractHeapType::Exn,
            ..
        }
    );
    (bottom || top) && RefKind::of(sub) == RefKind::of(sup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::ValType::{F64, I32};

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
        let ids = registry.intern_all(&all[..3]).expect("as many as there may be");
        assert_eq!(registry.intern_all(&all[1..3]), Some(ids[1..].to_vec()), "none is new");
        assert_eq!(registry.intern_all(&all), None);
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
        let one = registry.intern_all(&[i.clone(), takes(0)]).expect("few types");
        let two = registry.intern_all(&[f, i, takes(1), takes(0)]).expect("few types");
        assert_eq!((one[0], one[1]), (two[1], two[2]));
        assert_ne!(two[2], two[3]);
        let first = ValType::Ref(named(false, 1));
        assert_eq!(resolve(first, &two), ValType::Ref(named(false, one[0].0)));
        assert_eq!(type_of_ref(resolve_ref(named(false, 1), &two)), Some(one[0]));
    }

    #[test]
    fn a_closure_has_what_a_type_names_and_nothing_else() {
        let takes = |index| FuncType::new([ValType::Ref(named(true, index))], []);
        let (i, f) = (FuncType::new([I32], []), FuncType::new([F64], []));
        let module = [f.clone(), i.clone(), takes(0), takes(1), takes(3)];
        let get = |index: u32| &module[index as usize];
        assert_eq!(closure(0, get), std::slice::from_ref(&f));
        assert_eq!(closure(4, get), [i.clone(), takes(0), takes(1)]);
        let other = [i.clone(), i, takes(1), takes(2), f, takes(4)];
        let get = |index: u32| &other[index as usize];
        let four = closure(4, |index| &module[index as usize]);
        assert!(equal_types(&four, &closure(3, get)));
        assert!(!equal_types(&four, &closure(5, get)) && !equal_types(&four, &closure(2, get)));
    }

    /// Each type names the one before it twice: as trees they have 2^60 nodes.
    #[test]
    fn types_that_share_are_compared_in_linear_time() {
        let both = |index| FuncType::new([ValType::Ref(named(true, index)); 2], []);
        let types: Vec<FuncType> =
            std::iter::once(FuncType::new([], [])).chain((0..60).map(both)).collect();
        let last = || closure(60, |index| &types[index as usize]);
        assert!(equal_types(&last(), &last()));
        assert!(!equal_types(&last(), &last()[..60]));
    }

    #[test]
    fn references_match_by_nullability_and_heap_type() {
        let (func, exn) = (RefType::FUNCREF, RefType::EXN);
        assert!(ref_matches(named(false, 3), func) && ref_matches(named(true, 3), func));
        assert!(ref_matches(named(false, 3), named(true, 3)));
        assert!(!ref_matches(named(true, 3), named(false, 3)), "null is no value of it");
        assert!(!ref_matches(named(false, 3), named(false, 4)));
        assert!(!ref_matches(func, named(true, 3)) && !ref_matches(func, exn));
        assert!(!ref_matches(named(true, 3), RefType::EXTERNREF));
        assert!(val_matches(I32, I32) && !val_matches(I32, F64));
    }
}
