//! `wasmtime_externref_t`: data of the program that code holds. It lives as long as its store.

use crate::callback::{Data, Finalizer};
use crate::pointer::{Give, In, Out};
use crate::wasmtime::error::or_end;
use crate::wasmtime::handle::{Handle, wasmtime_context_t};
use crate::wasmtime::val::{extern_of_handle, handle_of_extern};
use prova::ExternRef;
use std::ffi::c_void;

#[unsafe(no_mangle)]
extern "C" fn wasmtime_externref_new(
    context: In<wasmtime_context_t>,
    data: *mut c_void,
    finalizer: Finalizer,
    mut out: Out<Handle>,
) -> bool {
    let cell = context.want("context");
    let data = Data::new(data, finalizer);
    match cell.with(|context| ExternRef::new(context, data)) {
        Ok(value) => {
            out.set(handle_of_extern(cell, value));
            true
        }
        Err(_) => false,
    }
}

/// Null for the null reference.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_externref_data(
    context: In<wasmtime_context_t>,
    handle: In<Handle>,
) -> *mut c_void {
    let (cell, handle) = (context.want("context"), *handle.want("externref"));
    let data = cell.with(|context| {
        let Some(value) = extern_of_handle(handle, cell)? else { return Ok(None) };
        let data = value.data(&context)?.and_then(|data| data.downcast_ref::<Data>());
        Ok(data.map(Data::pointer))
    });
    or_end(data, "wasmtime_externref_data").unwrap_or(std::ptr::null_mut())
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_externref_clone(handle: In<Handle>, mut out: Out<Handle>) {
    out.set(*handle.want("externref"));
}

/// There is nothing to do: the data lives as long as its store.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_externref_unroot(_handle: Give<Handle>) {}
