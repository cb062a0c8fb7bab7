//! The name of a store, and a store as handles see it: what they need to be compared and read.

use prova_runtime as rt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a store, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoreId(u64);

impl StoreId {
    /// The name of no store.
    #[cfg(test)]
    pub(crate) const NONE: StoreId = StoreId(0);

    pub(crate) fn fresh() -> StoreId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        StoreId(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Refuses a handle of another store.
    ///
    /// # Panics
    /// If the handle belongs to another store.
    #[track_caller]
    pub(crate) fn expect(self, store: StoreId) {
        assert!(self == store, "an object was used with a store that it does not belong to");
    }
}

/// A store as far as references lead into it.
#[derive(Clone, Copy)]
pub struct InStore<'a> {
    pub(crate) rt: &'a rt::Store,
    pub(crate) id: StoreId,
}
