//! References: to functions, to values of the host, to exceptions, to structures, arrays and small
//! integers ↔ a cell.
//!
//! ```text
//! ExternRef            AnyRef ◄─ EqRef ◄┬─ StructRef      behind Rooted (to the end of a scope)
//!  (external)   (any)            (eq)   ├─ ArrayRef       or OwnedRooted (as long as it is held):
//!                                       └─ I31             `handle`, `rooted`
//! ```
//!
//! `value` has them among all values. What a cell means is said by `prova_runtime`; null is 0.
//!
//! 1. A reference is used with the store that it belongs to, and an object only as long as a root
//!    keeps it: everything that takes one compares first (`Handle::check`).

mod any;
pub(crate) mod array;
mod cells;
mod eq;
mod exn;
mod external;
mod handle;
pub(crate) mod heap;
mod i31;
pub(crate) mod rooted;
pub(crate) mod structure;

pub(crate) use cells::{cell_of_i31, i31_of};
pub use exn::ExnRef;
pub use handle::{
    AnyRef, ArrayRef, EqRef, ExternRef, GcRef, OwnedRooted, Rooted, RootedGcRef, StructRef,
};
pub use i31::I31;

use crate::error::{Result, misuse};
use crate::func::Func;
use crate::store::{AsContext, InStore, StoreId};
use crate::types::{FuncType, HeapType, RefType};
use prova_module::{self as module, RefKind};
use prova_runtime as rt;
use rt::{Cell, FuncAddr};

/// A reference: what a table holds.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Func::wrap(&mut store, || ());
/// let reference = Ref::from(func);
/// assert!(reference.is_func() && reference.unwrap_func() == Some(&func));
/// assert!(Ref::null(&HeapType::Extern).is_null());
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// To a function.
    Func(Option<Func>),
    /// To a value of the host.
    Extern(Option<Rooted<ExternRef>>),
    /// To an exception.
    Exn(Option<ExnRef>),
    /// To a structure, an array or a small integer.
    Any(Option<Rooted<AnyRef>>),
}

impl Ref {
    /// The null reference of a type.
    pub fn null(heap_type: &HeapType) -> Ref {
        match heap_type.top() {
            HeapType::Func => Ref::Func(None),
            HeapType::Extern => Ref::Extern(None),
            HeapType::Exn => Ref::Exn(None),
            _ => Ref::Any(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None) | Ref::Exn(None) | Ref::Any(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// Whether it is a reference to a function, null included.
    pub fn is_func(&self) -> bool {
        matches!(self, Ref::Func(_))
    }

    /// Whether it is a reference to a value of the host, null included.
    pub fn is_extern(&self) -> bool {
        matches!(self, Ref::Extern(_))
    }

    /// Whether it is a reference to an exception, null included.
    pub fn is_exn(&self) -> bool {
        matches!(self, Ref::Exn(_))
    }

    /// Whether it is a reference to a structure, an array or a small integer, null included.
    pub fn is_any(&self) -> bool {
        matches!(self, Ref::Any(_))
    }

    /// The structure, array or small integer referred to; `None` for another kind of reference.
    pub fn as_any(&self) -> Option<Option<&Rooted<AnyRef>>> {
        if let Ref::Any(value) = self { Some(value.as_ref()) } else { None }
    }

    /// The structure, array or small integer referred to.
    ///
    /// # Panics
    /// For another kind of reference.
    pub fn unwrap_any(&self) -> Option<&Rooted<AnyRef>> {
        let value = self.as_any();
        value.unwrap_or_else(|| panic!("expected a reference to an object, got {self:?}"))
    }

    /// The function referred to; `None` for another kind of reference.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        if let Ref::Func(func) = self { Some(func.as_ref()) } else { None }
    }

    /// The value of the host referred to; `None` for another kind of reference.
    pub fn as_extern(&self) -> Option<Option<&Rooted<ExternRef>>> {
        if let Ref::Extern(value) = self { Some(value.as_ref()) } else { None }
    }

    /// The exception referred to; `None` for another kind of reference.
    pub fn as_exn(&self) -> Option<Option<&ExnRef>> {
        if let Ref::Exn(exception) = self { Some(exception.as_ref()) } else { None }
    }

    /// The function referred to.
    ///
    /// # Panics
    /// For another kind of reference.
    pub fn unwrap_func(&self) -> Option<&Func> {
        self.as_func().unwrap_or_else(|| panic!("expected a reference to a function, got {self:?}"))
    }

    /// The value of the host referred to.
    ///
    /// # Panics
    /// For another kind of reference.
    pub fn unwrap_extern(&self) -> Option<&Rooted<ExternRef>> {
        let value = self.as_extern();
        value.unwrap_or_else(|| panic!("expected a reference to a host's value, got {self:?}"))
    }

    /// The exception referred to.
    ///
    /// # Panics
    /// For another kind of reference.
    pub fn unwrap_exn(&self) -> Option<&ExnRef> {
        let exception = self.as_exn();
        exception.unwrap_or_else(|| panic!("expected a reference to an exception, got {self:?}"))
    }

    /// Its type; of a reference to a function, with the function's own type.
    ///
    /// # Errors
    /// If it refers to an object of another store, or the scope has ended that keeps the object.
    pub fn ty(&self, store: impl AsContext) -> Result<RefType> {
        let store = store.as_context();
        if !self.belongs_to(store.state.id) {
            misuse!("the reference is to an object of another store");
        }
        if !self.is_kept(store.inside()) {
            misuse!("the reference is to an object whose scope has ended");
        }
        Ok(self.type_in(store.rt))
    }

    /// Its type, for a reference of this store.
    pub(crate) fn type_in(&self, rt: &rt::Store) -> RefType {
        match self {
            Ref::Func(None) => RefType::FUNCREF,
            Ref::Func(Some(func)) => {
                let ty = FuncType::of_store(rt, rt.func_type_id(func.addr));
                RefType::new(false, HeapType::ConcreteFunc(ty))
            }
            Ref::Extern(value) => RefType::new(value.is_none(), HeapType::Extern),
            Ref::Exn(value) => RefType::new(value.is_none(), HeapType::Exn),
            Ref::Any(None) => RefType::ANYREF,
            Ref::Any(Some(value)) => RefType::new(false, cells::type_of(value.handle().cell, rt)),
        }
    }

    /// Whether it is a reference of a resolved type of this store.
    pub(crate) fn is(&self, ty: module::RefType, rt: &rt::Store) -> bool {
        let kind = match self {
            Ref::Func(_) => RefKind::Func,
            Ref::Extern(_) => RefKind::Extern,
            Ref::Exn(_) => RefKind::Exn,
            Ref::Any(_) => RefKind::Any,
        };
        kind == RefKind::of(ty.heap_type()) && rt.is_ref(ty, self.raw_cell())
    }

    pub(crate) fn of_cell(ty: module::RefType, cell: Cell, store: InStore<'_>) -> Ref {
        Ref::of_kind(RefKind::of(ty.heap_type()), cell, store)
    }

    /// The reference of a kind; the object is kept to the end of the innermost scope.
    pub(crate) fn of_kind(kind: RefKind, cell: Cell, store: InStore<'_>) -> Ref {
        let id = store.id;
        match kind {
            // Invariant 3 of `value`; a store has fewer than 2^32 functions.
            RefKind::Func => Ref::Func(
                cell.checked_sub(1)
                    .map(|addr| Func { store: id, addr: FuncAddr::from_index(addr as u32) }),
            ),
            RefKind::Extern => Ref::Extern((cell != 0).then(|| Rooted::of_cell(cell, store))),
            RefKind::Exn => Ref::Exn((cell != 0).then_some(ExnRef { store: id, cell })),
            RefKind::Any => Ref::Any((cell != 0).then(|| Rooted::of_cell(cell, store))),
        }
    }

    /// The cell for code of the store that it belongs to. An object behind an `externref` stays as
    /// long as the store from now on: nobody follows it there.
    pub(crate) fn to_cell(self, rt: &rt::Store) -> Cell {
        match self {
            Ref::Extern(Some(value)) => value.to_cell(rt),
            other => other.raw_cell(),
        }
    }

    fn raw_cell(&self) -> Cell {
        match self {
            Ref::Func(func) => func.map_or(0, |func| rt::func_ref(func.addr)),
            Ref::Extern(value) => value.map_or(0, |value| value.handle().cell),
            Ref::Exn(value) => value.map_or(0, |value| value.cell),
            Ref::Any(value) => value.map_or(0, |value| value.handle().cell),
        }
    }

    /// Whether its object is still kept, for a reference of this store.
    pub(crate) fn is_kept(&self, store: InStore<'_>) -> bool {
        let handle = match self {
            Ref::Extern(Some(value)) => value.handle(),
            Ref::Any(Some(value)) => value.handle(),
            Ref::Func(_) | Ref::Exn(_) | Ref::Extern(None) | Ref::Any(None) => return true,
        };
        handle.is_rooted(store)
    }

    pub(crate) fn belongs_to(&self, store: StoreId) -> bool {
        match self {
            Ref::Func(func) => func.is_none_or(|func| func.store == store),
            Ref::Extern(value) => value.is_none_or(|value| value.handle().store == store),
            Ref::Exn(value) => value.is_none_or(|value| value.store == store),
            Ref::Any(value) => value.is_none_or(|value| value.handle().store == store),
        }
    }
}

/// Declares `From` for one kind of reference.
macro_rules! from {
    ($($ty:ty => $variant:ident($x:ident => $value:expr);)*) => {$(
        impl From<$ty> for Ref {
            fn from($x: $ty) -> Ref {
                Ref::$variant($value)
            }
        }
    )*};
}

from! {
    Func => Func(x => Some(x));
    Option<Func> => Func(x => x);
    Rooted<ExternRef> => Extern(x => Some(x));
    Option<Rooted<ExternRef>> => Extern(x => x);
    ExnRef => Exn(x => Some(x));
    Option<ExnRef> => Exn(x => x);
    Rooted<AnyRef> => Any(x => Some(x));
    Option<Rooted<AnyRef>> => Any(x => x);
    Rooted<EqRef> => Any(x => Some(x.into()));
    Option<Rooted<EqRef>> => Any(x => x.map(Into::into));
    Rooted<StructRef> => Any(x => Some(x.into()));
    Option<Rooted<StructRef>> => Any(x => x.map(Into::into));
    Rooted<ArrayRef> => Any(x => Some(x.into()));
    Option<Rooted<ArrayRef>> => Any(x => x.map(Into::into));
}
