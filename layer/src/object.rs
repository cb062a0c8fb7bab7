//! Handles of objects, each with the key of its store.
//!
//! Prova's handles know their store too, but tell by a panic. A key is compared first wherever an
//! error can be returned.

use prova::{Result, bail};
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a store of this crate, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreKey(u64);

impl StoreKey {
    pub(crate) fn fresh() -> StoreKey {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        StoreKey(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A handle of an object of a store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<H> {
    store: StoreKey,
    handle: H,
}

impl<H> Object<H> {
    pub(crate) fn new(store: StoreKey, handle: H) -> Object<H> {
        Object { store, handle }
    }

    /// The handle, for a use with the store of this key.
    ///
    /// # Errors
    /// If the object belongs to another store.
    pub(crate) fn of(&self, store: StoreKey) -> Result<&H> {
        if self.store != store {
            bail!("an object was used with a store that it does not belong to");
        }
        Ok(&self.handle)
    }

    /// The handle, for a use that returns no error: Prova panics if the store is another one.
    pub(crate) fn handle(&self) -> &H {
        &self.handle
    }
}
