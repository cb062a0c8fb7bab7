//! `wasmtime_func_t`: functions, callbacks, and the caller that a callback sees.

use crate::callback::{Data, Finalizer};
use crate::pointer::{In, Out, end};
use crate::store::{self, Item, StoreCell};
use crate::wasm::func::{cell_of, compare_counts};
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::trap::error_of;
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, TrapOut, or_end, ran};
use crate::wasmtime::exnref::keep_exception;
use crate::wasmtime::handle::{Handle, wasmtime_context_t, wasmtime_extern_t};
use crate::wasmtime::val::{to_vals, wasmtime_val_t};
use prova::{AsContextMut, Caller, Func, Result, Val};
use std::ffi::{c_char, c_void};

/// The caller of a callback; lives as long as the callback runs.
pub(crate) struct wasmtime_caller_t {
    cell: *const StoreCell,
    caller: *mut Caller<'static, store::Data>,
}

impl wasmtime_caller_t {
    /// The caller of a host function of a store.
    pub(crate) fn new(
        cell: *const StoreCell,
        caller: *mut Caller<'static, store::Data>,
    ) -> wasmtime_caller_t {
        wasmtime_caller_t { cell, caller }
    }
}

/// A callback of the header.
type Function = extern "C" fn(
    *mut c_void,
    *mut wasmtime_caller_t,
    *const wasmtime_val_t,
    usize,
    *mut wasmtime_val_t,
    usize,
) -> Option<Box<wasm_ref_t>>;

/// A callback that may be null, as C has it.
pub(crate) type wasmtime_func_callback_t = Option<Function>;

/// A callback of the program as a host function.
pub(crate) fn host_function(
    callback: wasmtime_func_callback_t,
    data: *mut c_void,
    finalizer: Finalizer,
) -> impl Fn(Caller<'_, store::Data>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static {
    let Some(callback) = callback else { end("the parameter `callback` is NULL") };
    let data = Data::new(data, finalizer);
    move |mut caller, params, results| {
        call_back(callback, data.pointer(), &mut caller, params, results)
    }
}

fn call_back(
    callback: Function,
    data: *mut c_void,
    caller: &mut Caller<'_, store::Data>,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let cell = &*cell_of(caller)?;
    let context = caller.as_context_mut();
    let args = params.iter().map(|val| wasmtime_val_t::of_val(val, cell, &context));
    let args = args.collect::<Result<Vec<_>>>()?;
    let mut given = vec![wasmtime_val_t::ZERO; results.len()];
    let trap = cell.lend(caller, |caller| {
        let mut seen = wasmtime_caller_t::new(cell, caller);
        let (places, count) = (given.as_mut_ptr(), given.len());
        callback(data, &raw mut seen, args.as_ptr(), args.len(), places, count)
    })?;
    if let Some(trap) = trap {
        // An exception is on its way now.
        cell.pending.take();
        return Err(error_of(*trap));
    }
    for (result, val) in results.iter_mut().zip(given) {
        *result = val.to_val(cell, &mut caller.as_context_mut())?;
    }
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_func_new(
    context: In<wasmtime_context_t>,
    ty: In<wasm_externtype_t>,
    callback: wasmtime_func_callback_t,
    data: *mut c_void,
    finalizer: Finalizer,
    mut out: Out<Handle>,
) {
    let (cell, ty) = (context.want("context"), ty.want("functype"));
    let host = host_function(callback, data, finalizer);
    let func = cell.with(|context| Ok(Func::new(context, ty.to_func(cell.engine()), host)));
    out.set(Handle::of(cell, Item::Func(or_end(func, "wasmtime_func_new"))));
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_func_type(
    context: In<wasmtime_context_t>,
    func: In<Handle>,
) -> Option<Box<wasm_externtype_t>> {
    let cell = context.want("context");
    let ty = cell.with(|context| Ok(func.func(cell)?.ty(&context)));
    Some(wasm_externtype_t::of_func(&or_end(ty, "wasmtime_func_type")))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_func_call(
    context: In<wasmtime_context_t>,
    func: In<Handle>,
    args: In<wasmtime_val_t>,
    nargs: usize,
    mut results: Out<wasmtime_val_t>,
    nresults: usize,
    mut trap: TrapOut,
) -> MaybeError {
    let cell = context.want("context");
    let called = cell.with(|mut context| {
        let func = func.func(cell)?;
        compare_counts(&context, func, nargs, nresults)?;
        let params = to_vals(args.slice(nargs), cell, &mut context)?;
        let mut values = vec![Val::I32(0); nresults];
        func.call(&mut context, &params, &mut values)?;
        let values = values.iter().map(|val| wasmtime_val_t::of_val(val, cell, &context));
        values.collect::<Result<Vec<_>>>()
    });
    keep_exception(cell, &called);
    ran(called, &mut trap, |values| {
        for (slot, value) in results.slots(nresults).iter_mut().zip(values) {
            slot.write(value);
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_caller_context(caller: In<wasmtime_caller_t>) -> *const wasmtime_context_t {
    caller.want("caller").cell
}

/// False too for the caller of another callback than the innermost that runs.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_caller_export_get(
    caller: In<wasmtime_caller_t>,
    name: In<c_char>,
    name_len: usize,
    mut out: Out<wasmtime_extern_t>,
) -> bool {
    let caller = caller.want("caller");
    // SAFETY: the cell outlives the callback, which holds it in `call_back`.
    let cell = unsafe { &*caller.cell };
    let Ok(name) = name.text(name_len) else { return false };
    let found = cell.with_caller(caller.caller, |caller| caller.get_export(name));
    match found.flatten() {
        Some(item) => {
            out.set(wasmtime_extern_t::of(cell, item));
            true
        }
        None => false,
    }
}
