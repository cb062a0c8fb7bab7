//! Exceptions in the hands of the host: thrown by it, caught by it, and behind references.
//!
//! `func` turns the error of a host function that carries one into a throw, `trap` turns an
//! exception that nothing catches into the error of the call.
//!
//! 1. An error carries a [`ThrownException`] exactly if it is one on its way: a host function that
//!    returns the error throws the exception into the code that called it, and one that keeps the
//!    error has caught it.
//!
//! A [`ThrownException`] holds values, no object of the store: references to other exceptions among
//! them keep nothing alive.

use crate::error::{Error, Result, misuse};
use crate::externals::Tag;
use crate::func::Caller;
use crate::reference::ExnRef;
use crate::store::{AsContext, AsContextMut, InStore, Store, StoreContextMut, StoreId};
use crate::trap::Trap;
use crate::value::{Val, cells_of_vals, vals_of_cells};
use prova_runtime as rt;
use std::fmt;

/// An exception that is thrown: a tag, and values that fit the tag's type.
///
/// As an error it has [`Trap::UncaughtException`] at its root.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, &FuncType::new(&engine, [ValType::I32], []))?;
/// let fail = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
///     caller.throw(tag, &[Val::I32(7)])
/// });
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "" "e" (tag $e (param i32))) (import "" "fail" (func $fail))
///          (func (export "caught") (result i32)
///            (block $h (result i32) (try_table (catch $e $h) (call $fail)) (i32.const 0)))
///          (func (export "escapes") (throw $e (i32.const 8))))"#,
/// )?)?;
/// let instance = Instance::new(&mut store, &module, &[tag.into(), fail.into()])?;
/// let caught = instance.get_typed_func::<(), i32>(&mut store, "caught")?;
/// assert_eq!(caught.call(&mut store, ())?, 7);
///
/// let escapes = instance.get_typed_func::<(), ()>(&mut store, "escapes")?;
/// let error = escapes.call(&mut store, ()).unwrap_err();
/// let thrown = error.downcast_ref::<ThrownException>().unwrap();
/// assert_eq!((thrown.tag(), thrown.values()[0].unwrap_i32()), (tag, 8));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ThrownException {
    tag: Tag,
    values: Vec<Val>,
}

impl ThrownException {
    /// An exception to throw.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if the values do not fit the tag's type.
    ///
    /// # Panics
    /// If the tag belongs to another store.
    pub fn new(store: impl AsContext, tag: Tag, values: &[Val]) -> Result<ThrownException> {
        let store = store.as_context();
        tag.store.expect(store.state.id);
        let types = &store.rt.tag_type(tag.addr).params;
        cells_of_vals(values, types, store.inside(), "value")?;
        Ok(ThrownException { tag, values: values.to_vec() })
    }

    /// The tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The values.
    pub fn values(&self) -> &[Val] {
        &self.values
    }

    pub(crate) fn of_rt(
        exception: &rt::Exception,
        rt: &rt::Store,
        store: StoreId,
    ) -> ThrownException {
        let types = &rt.tag_type(exception.tag).params;
        let mut values = vec![Val::I32(0); types.len()];
        vals_of_cells(&exception.cells, types, InStore { rt, id: store }, &mut values);
        ThrownException { tag: Tag { store, addr: exception.tag }, values }
    }

    /// The exception for the runtime, which refuses it if a reference among its values is to an
    /// exception that is gone; `None` for one of another store, and where the scope of a value has
    /// ended.
    pub(crate) fn to_rt(&self, store: InStore<'_>) -> Option<rt::Exception> {
        if self.tag.store != store.id || !self.values.iter().all(|value| value.is_kept(store)) {
            return None;
        }
        let mut cells = Vec::new();
        for value in &self.values {
            let at = cells.len();
            cells.resize(at + value.cells(), 0);
            value.to_cells(&mut cells[at..], store.rt);
        }
        Some(rt::Exception { tag: self.tag.addr, cells: cells.into() })
    }
}

impl fmt::Display for ThrownException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("exception with (")?;
        for (i, value) in self.values.iter().enumerate() {
            write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}

impl From<ThrownException> for Error {
    fn from(exception: ThrownException) -> Error {
        Error::new(Trap::UncaughtException).context(exception)
    }
}

impl<T: 'static> Store<T> {
    /// Throws: gives the error that a host function returns for it.
    ///
    /// # Errors
    /// Always: [`ThrownException`], or [`Misuse`](crate::Misuse) if the values do not fit the tag's
    /// type.
    ///
    /// # Panics
    /// If the tag belongs to another store.
    pub fn throw<R>(&mut self, tag: Tag, values: &[Val]) -> Result<R> {
        Err(ThrownException::new(self, tag, values)?.into())
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// See [`Store::throw`].
    pub fn throw<R>(&mut self, tag: Tag, values: &[Val]) -> Result<R> {
        Err(ThrownException::new(self, tag, values)?.into())
    }
}

impl<T: 'static> Caller<'_, T> {
    /// See [`Store::throw`].
    pub fn throw<R>(&mut self, tag: Tag, values: &[Val]) -> Result<R> {
        self.store.throw(tag, values)
    }
}

impl ExnRef {
    /// A reference to a new exception.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if the values do not fit the tag's type;
    /// [`Trap::TooManyExceptions`].
    ///
    /// # Panics
    /// If the tag belongs to another store.
    pub fn new(mut store: impl AsContextMut, tag: Tag, values: &[Val]) -> Result<ExnRef> {
        let mut store = store.as_context_mut();
        let id = store.state.id;
        tag.store.expect(id);
        let types = &store.rt.tag_type(tag.addr).params;
        let cells = cells_of_vals(values, types, store.inside(), "value")?;
        match store.rt.exception_new(tag.addr, &cells) {
            Ok(cell) => Ok(ExnRef { store: id, cell }),
            Err(kind) => Err(store.error_of_trap(kind.into())),
        }
    }

    /// The exception.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if it is gone, or belongs to another store.
    pub fn exception(&self, store: impl AsContext) -> Result<ThrownException> {
        let store = store.as_context();
        if self.store != store.state.id {
            misuse!("the reference is to an exception of another store");
        }
        let Some((tag, cells)) = store.rt.exception(self.cell) else {
            misuse!("the reference is to an exception that is gone");
        };
        let exception = rt::Exception { tag, cells: cells.into() };
        Ok(ThrownException::of_rt(&exception, store.rt, self.store))
    }
}
