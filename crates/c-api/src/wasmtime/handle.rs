//! Plain handles: `wasmtime_func_t` and the others, which C copies and never deletes.
//!
//! A handle is the number of its store and the number of the object there. Handles of another
//! store, and numbers that no object has, are refused; nothing follows them.
//!
//! Shared memories belong to no store: an external has a pointer to one, which its program deletes.

use crate::pointer::In;
use crate::store::{Item, StoreCell};
use crate::wasmtime::sharedmemory::wasmtime_sharedmemory_t;
use prova::{Extern, Result, format_err};
use std::sync::Arc;

/// A handle; `store_id` 0 is null.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle {
    pub(crate) store_id: u64,
    pub(crate) number: u64,
}

pub(crate) const WASMTIME_EXTERN_FUNC: u8 = 0;
pub(crate) const WASMTIME_EXTERN_GLOBAL: u8 = 1;
pub(crate) const WASMTIME_EXTERN_TABLE: u8 = 2;
pub(crate) const WASMTIME_EXTERN_MEMORY: u8 = 3;
pub(crate) const WASMTIME_EXTERN_SHAREDMEMORY: u8 = 4;
pub(crate) const WASMTIME_EXTERN_TAG: u8 = 5;

/// An object of a store, or a shared memory.
#[repr(C)]
#[derive(Clone, Copy)]
union Of {
    handle: Handle,
    shared: *mut wasmtime_sharedmemory_t,
}

/// An object with its kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct wasmtime_extern_t {
    kind: u8,
    of: Of,
}

impl Handle {
    /// The null of references.
    pub(crate) const NULL: Handle = Handle { store_id: 0, number: 0 };

    /// The handle of an object.
    pub(crate) fn of(cell: &StoreCell, item: Item) -> Handle {
        Handle { store_id: cell.id, number: cell.handles.borrow_mut().number(item) }
    }

    /// Its object.
    ///
    /// # Errors
    /// If it is of another store, or of no object.
    pub(crate) fn item(self, cell: &StoreCell) -> Result<Item> {
        if self.store_id != cell.id {
            return Err(format_err!("an object was used with a store that it does not belong to"));
        }
        let item = cell.handles.borrow().item(self.number);
        item.ok_or_else(|| format_err!("a handle names no object of its store"))
    }
}

impl wasmtime_extern_t {
    /// The handle of something that was exported.
    pub(crate) fn of(cell: &StoreCell, item: Extern) -> wasmtime_extern_t {
        let kind = match item {
            Extern::SharedMemory(memory) => {
                let shared = Box::into_raw(Box::new(wasmtime_sharedmemory_t { memory }));
                return wasmtime_extern_t { kind: WASMTIME_EXTERN_SHAREDMEMORY, of: Of { shared } };
            }
            Extern::Global(_) => WASMTIME_EXTERN_GLOBAL,
            Extern::Table(_) => WASMTIME_EXTERN_TABLE,
            Extern::Memory(_) => WASMTIME_EXTERN_MEMORY,
            Extern::Tag(_) => WASMTIME_EXTERN_TAG,
            // `Extern` may get more; all that there are else are functions.
            _ => WASMTIME_EXTERN_FUNC,
        };
        wasmtime_extern_t { kind, of: Of { handle: Handle::of(cell, Item::of_extern(item)) } }
    }

    /// The shared memory, if it is one; null is none.
    fn shared(&self) -> Option<*mut wasmtime_sharedmemory_t> {
        if self.kind != WASMTIME_EXTERN_SHAREDMEMORY {
            return None;
        }
        // SAFETY: C1: of this kind, there is a pointer.
        let shared = unsafe { self.of.shared };
        (!shared.is_null()).then_some(shared)
    }

    /// Deletes what does not live as long as its store, once.
    pub(crate) fn delete(&mut self) {
        if let Some(shared) = self.shared() {
            self.of = Of { shared: std::ptr::null_mut() };
            // SAFETY: C1: the pointer came from `of`, and the program gives it up.
            drop(unsafe { Box::from_raw(shared) });
        }
    }

    /// The object.
    ///
    /// # Errors
    /// Those of [`Handle::item`], if it is of another kind than the handle says, and if it is no
    /// shared memory any more.
    pub(crate) fn item(self, cell: &StoreCell) -> Result<Extern> {
        if let Some(shared) = self.shared() {
            // SAFETY: C1: a live shared memory.
            return Ok(unsafe { &*shared }.memory.clone().into());
        }
        if self.kind == WASMTIME_EXTERN_SHAREDMEMORY {
            return Err(format_err!("a shared memory that was deleted, or is null"));
        }
        // SAFETY: C1: of all other kinds, there is a handle.
        let item = unsafe { self.of.handle }.item(cell)?;
        let kind = match item {
            Item::Func(_) => WASMTIME_EXTERN_FUNC,
            Item::Global(_) => WASMTIME_EXTERN_GLOBAL,
            Item::Table(_) => WASMTIME_EXTERN_TABLE,
            Item::Memory(_) => WASMTIME_EXTERN_MEMORY,
            Item::Tag(_) => WASMTIME_EXTERN_TAG,
            Item::Instance(_) => u8::MAX,
        };
        match item.to_extern() {
            Some(found) if kind == self.kind => Ok(found),
            Some(_) | None => Err(format_err!("a handle is of another kind than it says")),
        }
    }
}

/// Declares how functions of one kind of object get the object of a handle.
macro_rules! wanted {
    ($($method:ident $kind:ident $name:literal)*) => {
        impl In<Handle> {$(
            #[doc = concat!("The ", $name, " of the handle in this store.")]
            ///
            /// # Errors
            /// If it is of another kind or store.
            pub(crate) fn $method(&self, cell: &StoreCell) -> Result<prova::$kind> {
                match self.want($name).item(cell)? {
                    Item::$kind(object) => Ok(object),
                    _ => Err(format_err!(concat!("a handle that is none of a ", $name))),
                }
            }
        )*}
    };
}

wanted! {
    func Func "function"
    global Global "global"
    table Table "table"
    memory Memory "memory"
    tag Tag "tag"
    instance Instance "instance"
}

/// A context as C programs have it: the cell of its store.
pub(crate) type wasmtime_context_t = StoreCell;

/// A store, which its program alone owns.
pub(crate) struct wasmtime_store_t {
    pub(crate) cell: Arc<StoreCell>,
}
