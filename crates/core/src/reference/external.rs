//! References to values of the host.

use super::any::AnyRef;
use super::rooted::{Handle, Rooted, gc_refs};
use crate::error::{Result, misuse};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use std::any::Any;

/// A value of the host as WebAssembly refers to it; met behind a [`Rooted`] or
/// [`OwnedRooted`](crate::OwnedRooted).
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let echo = Func::wrap(&mut store, |x: Option<Rooted<ExternRef>>| x);
/// let value = ExternRef::new(&mut store, 5u8)?;
/// let echo = echo.typed::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&store)?;
/// let back = echo.call(&mut store, Some(value))?.expect("it is not null");
/// assert!(back.data(&store)?.is_some_and(|data| data.downcast_ref() == Some(&5u8)));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ExternRef(Handle);

gc_refs! { ExternRef Extern Extern; }

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

    /// The reference that `extern.convert_any` makes of a reference. The object is kept as that of
    /// any [`Rooted`]; once code gets the reference, it is kept as long as the store.
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
    /// As [`Rooted::data`].
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let store = store.into();
        let cell = self.0.check(store.inside())?;
        Ok(store.rt.extern_get_mut(cell))
    }
}
