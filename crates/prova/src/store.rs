//! [`Store`]: one of `prova_core` whose default is a store of this crate's default engine.

use crate::engine::Engine;
use prova_core::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Instances and their objects, with data of type `T` that host functions see.
///
/// It has all methods of `prova_core::Store`, and stands wherever a store is asked for.
///
/// ```
/// use prova::*;
///
/// let mut store: Store<u32> = Store::default();
/// let module = Module::new(store.engine(), "(module (memory (export \"memory\") 2))")?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let memory = instance.get_memory(&store, "memory").expect("it is exported");
/// *store.data_mut() += memory.size(&store) as u32;
/// assert_eq!(store.into_data(), 2);
/// # Ok::<(), prova::Error>(())
/// ```
pub struct Store<T: 'static>(prova_core::Store<T>);

impl<T: 'static> Store<T> {
    /// An empty store.
    ///
    /// # Panics
    /// If the system gives no address space for the stack.
    pub fn new(engine: &prova_core::Engine, data: T) -> Store<T> {
        Store(prova_core::Store::new(engine, data))
    }

    /// The embedder's data, without the store.
    pub fn into_data(self) -> T {
        self.0.into_data()
    }
}

/// A store of a new [`Engine::default`].
impl<T: 'static + Default> Default for Store<T> {
    fn default() -> Store<T> {
        Store::new(&Engine::default(), T::default())
    }
}

impl<T: 'static> Deref for Store<T> {
    type Target = prova_core::Store<T>;

    fn deref(&self) -> &prova_core::Store<T> {
        &self.0
    }
}

impl<T: 'static> DerefMut for Store<T> {
    fn deref_mut(&mut self) -> &mut prova_core::Store<T> {
        &mut self.0
    }
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.0.as_context()
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.0.as_context_mut()
    }
}

impl<T: 'static + fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
