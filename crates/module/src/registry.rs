//! Run-time identity of function types: types of any number of modules → canonical [`TypeId`]s, so
//! that `call_indirect` and import matching compare two numbers (specification 4.5.3).
//!
//! Neighbours: a store owns one registry and interns each module's types at instantiation.
//!
//! 1. `intern(a) == intern(b)` exactly if `a == b`.
//! 2. Ids count from 0 in order of first interning, and stay valid as long as the registry.
//!
//! Function types are interned one by one: in the modules accepted today each recursion group has
//! one type and names no other, so equality of groups is equality of types. With typed references
//! the key becomes the group, and the callers stay.

use crate::types::FuncType;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

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

/// Interns function types.
#[derive(Clone, Debug, Default)]
pub struct TypeRegistry {
    types: Vec<Arc<FuncType>>,
    ids: HashMap<Arc<FuncType>, TypeId>,
}

impl TypeRegistry {
    /// An empty registry.
    pub fn new() -> TypeRegistry {
        TypeRegistry::default()
    }

    /// The identity of `ty`, new if no equal type was interned before.
    pub fn intern(&mut self, ty: &FuncType) -> TypeId {
        if let Some(&id) = self.ids.get(ty) {
            return id;
        }
        let id = TypeId(u32::try_from(self.types.len()).expect("fewer than 2^32 types fit memory"));
        let ty = Arc::new(ty.clone());
        self.types.push(Arc::clone(&ty));
        self.ids.insert(ty, id);
        id
    }

    /// The identity of `ty`, if it was interned.
    pub fn find(&self, ty: &FuncType) -> Option<TypeId> {
        self.ids.get(ty).copied()
    }

    /// The type of an identity that this registry gave out.
    ///
    /// # Panics
    ///
    /// If `id` comes from another registry and is out of range here.
    pub fn get(&self, id: TypeId) -> &FuncType {
        &self.types[id.0 as usize]
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
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
}
