//! Function types: lists of value types, some of which name other function types.
//!
//! A [`FuncType`] is a place in a list of types in groups: the types of a module as they stand
//! there, or a separate list. So it is made from a module in constant time, for types of any size,
//! and there is no tree of types that could be deep. Two are equal if their recursion groups are,
//! wherever they stand.
//!
//! A store's registry has the identities of its objects' types.

use super::ValType;
use crate::error::OrBug;
use prova_module::{self as module, TypeId, TypeIdx, closure, equal_types};
use prova_runtime as rt;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The type of a function.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let ty = FuncType::new(&engine, [ValType::I32, ValType::EXTERNREF], [ValType::F64]);
/// assert_eq!((ty.params().len(), ty.results().len()), (2, 1));
/// ```
#[derive(Clone)]
pub struct FuncType {
    list: List,
    index: u32,
}

/// Types in groups.
#[derive(Clone)]
pub(crate) enum List {
    /// Those of a module.
    Module(module::Module),
    /// Others.
    Own(Arc<module::Types>),
}

impl Deref for List {
    type Target = module::Types;

    fn deref(&self) -> &module::Types {
        match self {
            List::Module(module) => module.types(),
            List::Own(types) => types,
        }
    }
}

impl FuncType {
    /// The type from `params` to `results`.
    ///
    /// # Panics
    /// If they name more than 2^20 types together.
    pub fn new(
        _engine: &crate::Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        FuncType::of(params, results)
    }

    pub(crate) fn of(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        let mut registry = module::TypeRegistry::new();
        let mut intern = |ty: &FuncType| intern(&mut registry, ty.closure());
        let params: Vec<_> = params.into_iter().map(|ty| ty.resolved(&mut intern)).collect();
        let results: Vec<_> = results.into_iter().map(|ty| ty.resolved(&mut intern)).collect();
        let mut types = registry.types();
        types.push_plain(module::FuncType::new(params, results));
        FuncType { index: types.len() as u32 - 1, list: List::Own(types.into()) }
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.raw().params.iter().map(|&ty| ValType::of_list(ty, &self.list))
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.raw().results.iter().map(|&ty| ValType::of_list(ty, &self.list))
    }

    /// The type as the list has it: what it names are indices there.
    pub(crate) fn raw(&self) -> &module::FuncType {
        &self.list[self.index as usize]
    }

    /// A type of a module.
    pub(crate) fn of_module(module: &module::Module, ty: TypeIdx) -> FuncType {
        FuncType { list: List::Module(module.clone()), index: ty.0 }
    }

    /// A type of a list.
    pub(super) fn of_list(list: &List, index: u32) -> FuncType {
        FuncType { list: list.clone(), index }
    }

    /// The type of this identity in a store.
    pub(crate) fn of_store(rt: &rt::Store, id: TypeId) -> FuncType {
        let (types, TypeIdx(index)) = closure(id.0, |id| rt.types().group_of(TypeId(id)));
        FuncType { index, list: List::Own(types.into()) }
    }

    /// Its identity in a store.
    ///
    /// # Panics
    /// If the store has more than 2^20 types then.
    pub(crate) fn id_in(&self, rt: &mut rt::Store) -> TypeId {
        if self.names_none() {
            return rt.type_id(self.raw());
        }
        let (types, at) = self.closure();
        let ids = rt.type_ids(&types);
        *ids.as_ref().and_then(|ids| ids.get(at.index())).or_bug("a store has at most 2^20 types")
    }

    /// The type's group with all that it names, and its place there.
    fn closure(&self) -> (module::Types, TypeIdx) {
        closure(self.index, |index| self.list.group_of(TypeIdx(index)))
    }

    /// Whether it names no other type and is alone, final and without supertype.
    pub(crate) fn names_none(&self) -> bool {
        self.list.names_none(TypeIdx(self.index))
    }

    /// Writes it; a type that it names is written out if `deep`, and `..` otherwise.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        write_list(f, self.params(), deep)?;
        f.write_str(" -> ")?;
        write_list(f, self.results(), deep)
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    types: impl Iterator<Item = ValType>,
    deep: bool,
) -> fmt::Result {
    f.write_str("(")?;
    for (i, ty) in types.enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        ty.write(f, deep)?;
    }
    f.write_str(")")
}

/// The identity of a type of a list as [`closure`] gives it.
fn intern(registry: &mut module::TypeRegistry, (types, at): (module::Types, TypeIdx)) -> TypeId {
    let ids = registry.intern_all(&types);
    let id = ids.as_ref().and_then(|ids| ids.get(at.index()));
    *id.or_bug("a function type names at most 2^20 others")
}

impl PartialEq for FuncType {
    fn eq(&self, other: &FuncType) -> bool {
        match (self.names_none(), other.names_none()) {
            (true, true) => self.raw() == other.raw(),
            (false, false) => {
                let ((a, at_a), (b, at_b)) = (self.closure(), other.closure());
                equal_types((&a, at_a), (&b, at_b))
            }
            (true, false) | (false, true) => false,
        }
    }
}

impl Eq for FuncType {}

impl Hash for FuncType {
    /// Of what it says without what it names.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let module::FuncType { params, results } = self.raw();
        for types in [params, results] {
            types.len().hash(state);
            for &ty in types {
                match ty {
                    module::ValType::Ref(ty) => {
                        (ty.is_nullable(), self.list.ref_kind(ty)).hash(state);
                    }
                    other => other.hash(state),
                }
            }
        }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, HeapType, RefType};

    fn module(text: &str) -> module::Module {
        let bytes = wat::parse_str(text).expect("valid text");
        module::Module::decode(bytes, &Default::default(), &Default::default()).expect("valid")
    }

    #[test]
    fn types_are_equal_by_what_they_say_wherever_they_stand() {
        let one = module(
            "(module (type $i (func (param i32))) (type $takes (func (param (ref null $i)))))",
        );
        let two = module(
            "(module (type $f (func (param f32))) (type $i (func (param i32)))
               (type $other (func (param (ref null $f)))) (type $takes (func (param (ref null $i)))))",
        );
        let engine = Engine::default();
        let i = FuncType::new(&engine, [ValType::I32], []);
        let named = HeapType::ConcreteFunc(i.clone());
        let takes = FuncType::new(&engine, [ValType::Ref(RefType::new(true, named.clone()))], []);
        let strict = FuncType::new(&engine, [ValType::Ref(RefType::new(false, named))], []);
        let of = |module, index| FuncType::of_module(module, TypeIdx(index));
        assert_eq!((of(&one, 0), of(&one, 1)), (i.clone(), takes.clone()));
        assert_eq!((of(&two, 1), of(&two, 3)), (i, takes.clone()));
        for other in [of(&two, 2), strict, FuncType::new(&engine, [ValType::FUNCREF], [])] {
            assert_ne!(other, takes);
        }
        assert_eq!(takes.to_string(), "((ref null (i32) -> ())) -> ()");
        assert_eq!(takes.params().next(), of(&one, 1).params().next());
    }

    #[test]
    fn a_store_gives_back_the_type_that_it_was_given() {
        let engine = Engine::default();
        let mut rt = rt::Store::new(rt::StoreConfig::default());
        let named =
            |ty: &FuncType| ValType::Ref(RefType::new(true, HeapType::ConcreteFunc(ty.clone())));
        let mut ty = FuncType::new(&engine, [ValType::I64], []);
        for _ in 0..50 {
            ty = FuncType::new(&engine, [named(&ty), named(&ty)], [named(&ty)]);
            let id = ty.id_in(&mut rt);
            assert_eq!(FuncType::of_store(&rt, id), ty);
            assert_eq!(ty.id_in(&mut rt), id);
        }
        assert!(ty.to_string().len() < 1_000, "{ty}");
    }
}
