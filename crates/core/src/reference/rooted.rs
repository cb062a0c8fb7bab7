//! How the host keeps objects: [`Rooted`] to the end of a scope, [`OwnedRooted`] as long as it is
//! held.
//!
//! A host function is a scope, a [`RootScope`] is one, and around all is the store's.

use super::handle::{GcRef, OwnedRooted, Rooted, RootedGcRef};
use crate::error::Result;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use std::fmt;
use std::hash::{Hash, Hasher};

impl<T: GcRef> Rooted<T> {
    /// The same reference, kept as long as the result is held.
    ///
    /// # Errors
    /// If it belongs to another store, or its scope has ended.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let store = store.as_context_mut();
        let cell = self.handle().check(store.inside())?;
        Ok(OwnedRooted::of_cell(cell, store.inside()))
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    /// If one belongs to another store, or its scope has ended.
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        let store = store.as_context();
        Ok(a.handle().check(store.inside())? == b.handle().check(store.inside())?)
    }

    /// Hashes the object's name.
    ///
    /// # Errors
    /// If it belongs to another store, or its scope has ended.
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        self.handle().check(store.as_context().inside())?.hash(state);
        Ok(())
    }
}

impl<T: GcRef> OwnedRooted<T> {
    /// The same reference, kept to the end of the innermost scope.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let store = store.as_context_mut();
        self.handle().store.expect(store.state.id);
        Rooted::of_cell(self.handle().cell, store.inside())
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    /// If one belongs to another store, or its scope has ended.
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        Rooted::ref_eq(store, a, b)
    }

    /// Hashes the root.
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        self.handle().hash(state);
    }

    /// Hashes the object's name.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        self.handle().check(store.as_context().inside())?.hash(state);
        Ok(())
    }
}

/// A scope of [`Rooted`] references: those that are made in it keep their objects until it is
/// dropped.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = StructType::new(&engine, [FieldType::new(Mutability::Const, ValType::I32.into())])?;
/// let pre = StructRefPre::new(&mut store, ty);
/// let object = {
///     let mut scope = RootScope::new(&mut store);
///     let object = StructRef::new(&mut scope, &pre, &[Val::I32(7)])?;
///     assert_eq!(object.field(&mut scope, 0)?.unwrap_i32(), 7);
///     object
/// };
/// assert!(object.field(&mut store, 0).is_err(), "its scope has ended");
/// # Ok::<(), prova_core::Error>(())
/// ```
pub struct RootScope<C: AsContextMut> {
    store: C,
    roots: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// A scope that begins now.
    pub fn new(store: C) -> RootScope<C> {
        let roots = store.as_context().rt.rooted();
        RootScope { store, roots }
    }

    /// Makes room for `additional` references more.
    pub fn reserve(&mut self, additional: usize) {
        self.store.as_context().rt.reserve_roots(additional);
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        self.store.as_context().rt.unroot(self.roots);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}

impl<C: AsContextMut> fmt::Debug for RootScope<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootScope").field("roots", &self.roots).finish_non_exhaustive()
    }
}
