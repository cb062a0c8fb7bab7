//! Plain handles: `wasmtime_func_t` and the others, which C copies and never deletes.
//!
//! A handle is the number of its store and the number of the object there. Handles of another
//! store, and numbers that no object has, are refused; nothing follows them.

use crate::pointer::In;
use crate::store::{Item, StoreCell};
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
pub(crate) const WASMTIME_EXTERN_TAG: u8 = 5;

/// A handle with the kind of its object.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct wasmtime_extern_t {
    pub(crate) kind: u8,
    pub(crate) of: Handle,
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
            Extern::Global(_) => WASMTIME_EXTERN_GLOBAL,
            Extern::Table(_) => WASMTIME_EXTERN_TABLE,
            Extern::Memory(_) => WASMTIME_EXTERN_MEMORY,
            Extern::Tag(_) => WASMTIME_EXTERN_TAG,
            // `Extern` may get more; all that there are else are functions.
            _ => WASMTIME_EXTERN_FUNC,
        };
        wasmtime_extern_t { kind, of: Handle::of(cell, Item::of_extern(item)) }
    }

    /// The object.
    ///
    /// # Errors
    /// Those of [`Handle::item`], and if it is of another kind than the handle says.
    pub(crate) fn item(self, cell: &StoreCell) -> Result<Extern> {
        let item = self.of.item(cell)?;
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
