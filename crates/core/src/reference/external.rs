//! References to values of the host.

use super::handle::{AnyRef, ExternRef, Rooted};
use crate::error::{Result, misuse};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use std::any::Any;

impl ExternRef {
    /// Gives `value` to the store, and a reference to it.
    ///
    /// # Errors
    /// None today; a store may limit their number.
    pub fn new<V: Any + Send + Sync>(
        mut store: impl AsContextMut,
        value: V,
    ) -> Result<Rooted<ExternRef>> {
        let store = store.as_context_mut();
        let cell = store.rt.extern_new(Box::new(value));
        Ok(Rooted::of_cell(cell, store.inside()))
    }

    /// The reference that `extern.convert_any` makes of a reference. The object is kept as any that
    /// a [`Rooted`] refers to; once code gets the reference, as long as the store.
    ///
    /// # Errors
    /// If the reference belongs to another store, or its scope has ended.
    pub fn convert_any(
        store: impl AsContext,
        reference: Rooted<AnyRef>,
    ) -> Result<Rooted<ExternRef>> {
        let store = store.as_context();
        let cell = reference.handle().check(store.inside())?;
        match store.rt.externalize_for_host(cell) {
            Ok(cell) => Ok(Rooted::of_cell(cell, store.inside())),
            Err(_) => misuse!("an anyref to an object that is not there"),
        }
    }

    /// The value; `None` where the reference is to something else than a value of the host: what
    /// `extern.convert_any` made of a structure, array or small integer.
    ///
    /// # Errors
    /// If the reference belongs to another store, or its scope has ended.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into();
        let cell = self.0.check(store.inside())?;
        Ok(store.rt.extern_get(cell))
    }

    /// The value, to change.
    ///
    /// # Errors
    /// As `data`.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let store = store.into();
        let cell = self.0.check(store.inside())?;
        Ok(store.rt.extern_get_mut(cell))
    }
}
