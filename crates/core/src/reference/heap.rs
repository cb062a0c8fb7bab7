//! Collection, and what is said where there is no room for an object.

use crate::error::{Error, Result};
use crate::func::Caller;
use crate::store::{AsContextMut, Store, StoreContextMut};
use prova_runtime as rt;
use std::fmt;

/// A store has no room for an object that the host gave it, which is handed back; see
/// [`Store::gc`]. Values of the host are not limited in number; for structures and arrays, of which
/// the host has the values itself, it holds `()`.
#[derive(Clone, Copy, Debug)]
pub struct GcHeapOutOfMemory<V> {
    value: V,
}

impl<V> GcHeapOutOfMemory<V> {
    /// The object that there was no room for, and the error without it.
    pub fn take_inner(self) -> (V, GcHeapOutOfMemory<()>) {
        (self.value, GcHeapOutOfMemory { value: () })
    }
}

impl<V> fmt::Display for GcHeapOutOfMemory<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store has no room for the object")
    }
}

impl<V: fmt::Debug> std::error::Error for GcHeapOutOfMemory<V> {}

impl<T: 'static> Store<T> {
    /// Collects: the exceptions, structures and arrays go to which nothing refers. What the host
    /// holds stays ([`Rooted`](crate::Rooted)), and values of the host live as long as the store.
    /// It happens without being asked for, too, when a store has many.
    ///
    /// # Errors
    /// None today.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.as_context_mut().gc(why)
    }

    /// As [`Store::gc`]: nothing waits.
    ///
    /// # Errors
    /// As [`Store::gc`].
    pub async fn gc_async(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.gc(why)
    }
}

impl<T: 'static> Store<T> {
    /// Collects after every `n`-th structure or array, besides when it is time for that; 0: no
    /// more. For tests: what a program computes does not depend on it.
    #[doc(hidden)]
    pub fn gc_every(&mut self, n: u64) {
        self.as_context_mut().rt.collect_every(n);
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// See [`Store::gc`].
    ///
    /// # Errors
    /// As [`Store::gc`].
    pub fn gc(&mut self, _why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        let collected = self.rt.collect();
        collected.map_err(|kind| self.error_of_trap(kind.into()))
    }
    /// As [`Store::gc`]: nothing waits.
    ///
    /// # Errors
    /// As [`Store::gc`].
    pub async fn gc_async(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.gc(why)
    }
}

impl<T: 'static> Caller<'_, T> {
    /// See [`Store::gc`].
    ///
    /// # Errors
    /// As [`Store::gc`].
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.store.gc(why)
    }
}

/// The error of making an object of the host.
pub(super) fn error_of_making<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    kind: rt::TrapKind,
) -> Error {
    let error = store.error_of_trap(kind.into());
    if kind == rt::TrapKind::HeapFull {
        error.context(GcHeapOutOfMemory { value: () })
    } else {
        error
    }
}
