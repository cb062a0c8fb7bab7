//! `wasmtime_global_t`.

use crate::pointer::{In, Out};
use crate::store::Item;
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, done, handed, or_end};
use crate::wasmtime::handle::{Handle, wasmtime_context_t};
use crate::wasmtime::val::wasmtime_val_t;
use prova::Global;

#[unsafe(no_mangle)]
extern "C" fn wasmtime_global_new(
    context: In<wasmtime_context_t>,
    ty: In<wasm_externtype_t>,
    val: In<wasmtime_val_t>,
    mut out: Out<Handle>,
) -> MaybeError {
    let cell = context.want("context");
    let (ty, val) = (ty.want("globaltype").to_global(), *val.want("val"));
    let global = cell.with(|mut context| {
        let val = val.to_val(cell, &mut context)?;
        Global::new(context, ty, val)
    });
    handed(global.map(|global| Handle::of(cell, Item::Global(global))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_global_type(
    context: In<wasmtime_context_t>,
    global: In<Handle>,
) -> Option<Box<wasm_externtype_t>> {
    let cell = context.want("context");
    let ty = cell.with(|context| Ok(global.global(cell)?.ty(&context)));
    Some(wasm_externtype_t::of_global(&or_end(ty, "wasmtime_global_type")))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_global_get(
    context: In<wasmtime_context_t>,
    global: In<Handle>,
    mut out: Out<wasmtime_val_t>,
) {
    let cell = context.want("context");
    let val = cell.with(|context| {
        wasmtime_val_t::of_val(&global.global(cell)?.get(&context), cell, &context)
    });
    out.set(or_end(val, "wasmtime_global_get"));
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_global_set(
    context: In<wasmtime_context_t>,
    global: In<Handle>,
    val: In<wasmtime_val_t>,
) -> MaybeError {
    let (cell, val) = (context.want("context"), *val.want("val"));
    done(cell.with(|mut context| {
        let val = val.to_val(cell, &mut context)?;
        global.global(cell)?.set(context, val)
    }))
}
