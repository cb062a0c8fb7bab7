//! A type by its place in a list of types in groups: the types of a module as they stand there, or
//! a separate list. `func` and `object` give it names.
//!
//! So a type is made from a module in constant time, for types of any size, and there is no tree of
//! types that could be deep. Two are equal if their recursion groups are, wherever they stand. A
//! store's registry has the identities of its objects' types.
//!
//! Limits: a chain of supertypes has at most [`SUPERTYPES_MAX`] types, as in a module.

use super::{Finality, ValType};
use crate::error::{OrBug, Result, misuse};
use prova_module::{self as module, Composite, StorageType, TypeDef, TypeId, TypeIdx};
use prova_module::{closure, equal_types};
use prova_runtime as rt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The greatest number of supertypes above a type.
const SUPERTYPES_MAX: usize = 63;

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

/// A type of a list.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(super) list: List,
    pub(super) index: u32,
}

impl Listed {
    /// A type of a module.
    pub(crate) fn of_module(module: &module::Module, ty: TypeIdx) -> Listed {
        Listed { list: List::Module(module.clone()), index: ty.0 }
    }

    /// A type of a list.
    pub(super) fn of_list(list: &List, index: u32) -> Listed {
        Listed { list: list.clone(), index }
    }

    /// The type of this identity in a store.
    pub(crate) fn of_store(rt: &rt::Store, id: TypeId) -> Listed {
        let (types, TypeIdx(index)) = closure(id.0, |id| rt.types().group_of(TypeId(id)));
        Listed { index, list: List::Own(types.into()) }
    }

    /// Parameters and results as the list has them: what they name are indices there.
    pub(crate) fn raw(&self) -> &module::FuncType {
        &self.list[self.index as usize]
    }

    /// The rest of it.
    pub(crate) fn def(&self) -> &TypeDef {
        self.list.def(TypeIdx(self.index)).or_bug("a type stands in its list")
    }

    /// A value type that this type names.
    pub(super) fn val_type(&self, ty: module::ValType) -> ValType {
        ValType::of_list(ty, &self.list)
    }

    /// Whether it may have subtypes.
    pub(super) fn finality(&self) -> Finality {
        if self.def().is_final { Finality::Final } else { Finality::NonFinal }
    }

    /// The type that it is declared to be a subtype of.
    pub(super) fn supertype(&self) -> Option<Listed> {
        self.def().supertype.map(|ty| Listed::of_list(&self.list, ty.0))
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

    /// Whether it is a function type that names no other type and is alone, final and without
    /// supertype.
    pub(crate) fn names_none(&self) -> bool {
        self.list.names_none(TypeIdx(self.index))
    }

    /// Whether it is another type or one of its subtypes.
    pub(super) fn matches(&self, other: &Listed) -> bool {
        if self.names_none() || other.names_none() {
            return self == other;
        }
        let mut types = Draft::default();
        let (this, other) = (types.id(self), types.id(other));
        types.registry.is_subtype(this, other)
    }
}

impl PartialEq for Listed {
    fn eq(&self, other: &Listed) -> bool {
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

impl Eq for Listed {}

impl Hash for Listed {
    /// Of what it says without what it names.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let one = |ty: module::ValType, state: &mut H| match ty {
            module::ValType::Ref(ty) => (ty.is_nullable(), self.list.ref_kind(ty)).hash(state),
            other => other.hash(state),
        };
        let field = |of: &module::FieldType, state: &mut H| {
            of.mutable.hash(state);
            match of.element_type {
                StorageType::I8 => 8.hash(state),
                StorageType::I16 => 16.hash(state),
                StorageType::Val(ty) => one(ty, state),
            }
        };
        match &self.def().composite {
            Composite::Func => {
                let module::FuncType { params, results } = self.raw();
                for types in [params, results] {
                    types.len().hash(state);
                    types.iter().for_each(|&ty| one(ty, state));
                }
            }
            Composite::Struct(fields) => fields.iter().for_each(|of| field(of, state)),
            Composite::Array(of) => field(of, state),
        }
    }
}

/// The types that a new one names.
#[derive(Default)]
pub(super) struct Draft {
    registry: module::TypeRegistry,
}

impl Draft {
    /// The identity of a type that the new one names.
    ///
    /// # Panics
    /// If there are more than 2^20.
    pub(super) fn id(&mut self, ty: &Listed) -> TypeId {
        let (types, at) = ty.closure();
        let ids = self.registry.intern_all(&types);
        let id = ids.as_ref().and_then(|ids| ids.get(at.index()));
        *id.or_bug("a type names at most 2^20 others")
    }

    /// A value type that the new one names.
    pub(super) fn val_type(&mut self, ty: &ValType) -> module::ValType {
        ty.resolved(&mut |ty| self.id(ty))
    }

    /// Refuses a supertype that no module could declare; `fits` says whether the contents match
    /// those of the supertype.
    pub(super) fn supertype(
        &mut self,
        ty: &Listed,
        fits: impl FnOnce(&module::TypeRegistry, TypeId) -> bool,
    ) -> Result<TypeIdx> {
        if ty.finality() == Finality::Final {
            misuse!("the supertype is final");
        }
        let mut above = std::iter::successors(ty.supertype(), Listed::supertype);
        if above.nth(SUPERTYPES_MAX - 1).is_some() {
            misuse!("there are more than {SUPERTYPES_MAX} supertypes");
        }
        let id = self.id(ty);
        if !fits(&self.registry, id) {
            misuse!("the type does not match its supertype");
        }
        Ok(TypeIdx(id.0))
    }

    /// The new type, alone in its group.
    pub(super) fn finish(self, func: module::FuncType, def: TypeDef) -> Listed {
        let mut types = self.registry.types();
        types.push_alone(func, def);
        Listed { index: types.len() as u32 - 1, list: List::Own(types.into()) }
    }
}
