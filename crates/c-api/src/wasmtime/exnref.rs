//! `wasmtime_exnref_t`: exceptions in the hands of the program, and the one that a call ended with.
//!
//! A handle names a tag and values, which the store keeps until it ends: the engine collects its
//! own exceptions alone. As a value the handle becomes a new exception; code cannot tell exceptions
//! of the same tag and values apart.

use crate::pointer::{Give, In, Out};
use crate::store::{Context, Item, StoreCell};
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::trap::trap_of;
use crate::wasmtime::error::{MaybeError, handed, or_end};
use crate::wasmtime::handle::{Handle, wasmtime_context_t};
use crate::wasmtime::val::{to_vals, wasmtime_val_t};
use prova::{Error, Result, ThrownException, format_err};

/// The handle of an exception.
pub(crate) fn handle_of_exn(cell: &StoreCell, thrown: ThrownException) -> Handle {
    let number = cell.handles.borrow_mut().keep_exception(thrown);
    Handle { store_id: cell.id, number }
}

/// The exception of a handle; `None` is null.
///
/// # Errors
/// If it is of another store, or of no exception.
pub(crate) fn exn_of_handle(handle: Handle, cell: &StoreCell) -> Result<Option<ThrownException>> {
    if handle.store_id == 0 {
        return Ok(None);
    }
    if handle.store_id != cell.id {
        return Err(format_err!("an exception belongs to another store"));
    }
    let thrown = cell.handles.borrow().exception(handle.number);
    thrown.map(Some).ok_or_else(|| format_err!("a handle names no exception of its store"))
}

impl In<Handle> {
    /// The exception of the handle in this store.
    ///
    /// # Errors
    /// As [`exn_of_handle`], and for null.
    fn exn(&self, cell: &StoreCell) -> Result<ThrownException> {
        let thrown = exn_of_handle(*self.want("exnref"), cell)?;
        thrown.ok_or_else(|| format_err!("a reference to an exception is null"))
    }
}

/// Keeps the exception that a call ended with, for the program to take.
pub(crate) fn keep_exception<T>(cell: &StoreCell, called: &Result<T>) {
    if let Some(thrown) = called.as_ref().err().and_then(|error| error.downcast_ref()) {
        cell.pending.replace(Some(ThrownException::clone(thrown)));
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_exnref_new(
    context: In<wasmtime_context_t>,
    tag: In<Handle>,
    fields: In<wasmtime_val_t>,
    nfields: usize,
    mut out: Out<Handle>,
) -> MaybeError {
    let cell = context.want("context");
    let thrown = cell.with(|mut context: Context<'_>| {
        let tag = tag.tag(cell)?;
        let wanted = tag.ty(&context).params().len();
        if nfields != wanted {
            return Err(format_err!("expected {wanted} values, got {nfields}"));
        }
        let values = to_vals(fields.slice(nfields), cell, &mut context)?;
        ThrownException::new(context, tag, &values)
    });
    handed(thrown.map(|thrown| handle_of_exn(cell, thrown)), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_exnref_tag(
    context: In<wasmtime_context_t>,
    exn: In<Handle>,
    mut out: Out<Handle>,
) -> MaybeError {
    let cell = context.want("context");
    let thrown = exn.exn(cell);
    handed(thrown.map(|thrown| Handle::of(cell, Item::Tag(thrown.tag()))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_exnref_field_count(
    context: In<wasmtime_context_t>,
    exn: In<Handle>,
) -> usize {
    let cell = context.want("context");
    or_end(exn.exn(cell).map(|thrown| thrown.values().len()), "wasmtime_exnref_field_count")
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_exnref_field(
    context: In<wasmtime_context_t>,
    exn: In<Handle>,
    index: usize,
    mut out: Out<wasmtime_val_t>,
) -> MaybeError {
    let cell = context.want("context");
    let field = cell.with(|context| {
        let thrown = exn.exn(cell)?;
        let Some(value) = thrown.values().get(index) else {
            return Err(format_err!("the exception has {} values", thrown.values().len()));
        };
        wasmtime_val_t::of_val(value, cell, &context)
    });
    handed(field, &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_exnref_clone(exn: In<Handle>, mut out: Out<Handle>) {
    out.set(*exn.want("exnref"));
}

/// There is nothing to do: the exception lives as long as its store.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_exnref_unroot(_exn: Give<Handle>) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_set_exception(
    context: In<wasmtime_context_t>,
    exn: In<Handle>,
) -> Option<Box<wasm_ref_t>> {
    let cell = context.want("context");
    let thrown = or_end(exn.exn(cell), "wasmtime_context_set_exception");
    cell.pending.replace(Some(thrown.clone()));
    Some(trap_of(Error::from(thrown)))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_take_exception(
    context: In<wasmtime_context_t>,
    mut out: Out<Handle>,
) -> bool {
    let cell = context.want("context");
    match cell.pending.take() {
        Some(thrown) => {
            out.set(handle_of_exn(cell, thrown));
            true
        }
        None => false,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_has_exception(context: In<wasmtime_context_t>) -> bool {
    context.want("context").pending.borrow().is_some()
}
