//! `wasmtime_linker_t`: imports by name.

use crate::callback::Finalizer;
use crate::engine::wasm_engine_t;
use crate::pointer::{Give, In, Out};
use crate::store::{Context, Data, Item, guarded};
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, TrapOut, done, handed, or_end, ran};
use crate::wasmtime::exnref::keep_exception;
use crate::wasmtime::func::{host_function, wasmtime_func_callback_t};
use crate::wasmtime::handle::{Handle, wasmtime_context_t, wasmtime_extern_t};
use crate::wasmtime::instance::wasmtime_instance_pre_t;
use crate::wasmtime::module::wasmtime_module_t;
use prova::{Context as _, Instance, Linker, Result, wasi};
use std::ffi::{c_char, c_void};

/// A linker.
#[derive(Clone)]
pub(crate) struct wasmtime_linker_t {
    pub(crate) linker: Linker<Data>,
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_new(engine: In<wasm_engine_t>) -> Option<Box<wasmtime_linker_t>> {
    Some(Box::new(wasmtime_linker_t { linker: Linker::new(&engine.want("engine").engine) }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_clone(
    linker: In<wasmtime_linker_t>,
) -> Option<Box<wasmtime_linker_t>> {
    Some(Box::new(linker.want("linker").clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_delete(_linker: Option<Box<wasmtime_linker_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_allow_shadowing(
    mut linker: Give<wasmtime_linker_t>,
    allow_shadowing: bool,
) {
    linker.want("linker").linker.allow_shadowing(allow_shadowing);
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_define_unknown_imports_as_traps(
    mut linker: Give<wasmtime_linker_t>,
    module: In<wasmtime_module_t>,
) -> MaybeError {
    let (linker, module) = (linker.want("linker"), &module.want("module").module);
    done(guarded(|| linker.linker.define_unknown_imports_as_traps(module)))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_define_unknown_imports_as_default_values(
    mut linker: Give<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    module: In<wasmtime_module_t>,
) -> MaybeError {
    let (linker, cell) = (&mut linker.want("linker").linker, context.want("context"));
    let module = &module.want("module").module;
    done(cell.with(|context| linker.define_unknown_imports_as_default_values(context, module)))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_define(
    mut linker: Give<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    module: In<c_char>,
    module_len: usize,
    name: In<c_char>,
    name_len: usize,
    item: In<wasmtime_extern_t>,
) -> MaybeError {
    let (linker, cell) = (linker.want("linker"), context.want("context"));
    done(cell.with(|context| {
        let item = item.want("item").item(cell)?;
        let (module, name) = (module.text(module_len)?, name.text(name_len)?);
        linker.linker.define(context, module, name, item).map(|_| ())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_define_func(
    mut linker: Give<wasmtime_linker_t>,
    module: In<c_char>,
    module_len: usize,
    name: In<c_char>,
    name_len: usize,
    ty: In<wasm_externtype_t>,
    callback: wasmtime_func_callback_t,
    data: *mut c_void,
    finalizer: Finalizer,
) -> MaybeError {
    let (linker, ty) = (&mut linker.want("linker").linker, ty.want("functype"));
    // The data is given up even where the name is refused.
    let host = host_function(callback, data, finalizer);
    done(guarded(|| {
        let ty = ty.to_func(&linker.engine().clone().into());
        let (module, name) = (module.text(module_len)?, name.text(name_len)?);
        linker.func_new(module, name, ty, host).map(|_| ())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_define_wasi(mut linker: Give<wasmtime_linker_t>) -> MaybeError {
    let linker = &mut linker.want("linker").linker;
    done(guarded(|| wasi::add_to_linker(linker, |data: &mut Data| &mut data.wasi)))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_define_instance(
    mut linker: Give<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    name: In<c_char>,
    name_len: usize,
    instance: In<Handle>,
) -> MaybeError {
    let (linker, cell) = (linker.want("linker"), context.want("context"));
    done(cell.with(|context| {
        let instance = instance.instance(cell)?;
        linker.linker.instance(context, name.text(name_len)?, instance).map(|_| ())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_instantiate(
    linker: In<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    module: In<wasmtime_module_t>,
    mut out: Out<Handle>,
    mut trap: TrapOut,
) -> MaybeError {
    let (linker, cell) = (&linker.want("linker").linker, context.want("context"));
    let module = &module.want("module").module;
    let instance = cell.with(|context| linker.instantiate(context, module));
    keep_exception(cell, &instance);
    ran(instance, &mut trap, |instance| out.set(Handle::of(cell, Item::Instance(instance))))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_module(
    mut linker: Give<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    name: In<c_char>,
    name_len: usize,
    module: In<wasmtime_module_t>,
) -> MaybeError {
    let cell = context.want("context");
    let module = &module.want("module").module;
    // Code that runs may call the program, which may use the linker.
    let before = linker.want("linker").linker.clone();
    done(cell.with(|mut context| {
        let name = name.text(name_len)?;
        let instance = before.instantiate(&mut context, module)?;
        initialize(&mut context, instance)?;
        linker.want("linker").linker.instance(&context, name, instance).map(|_| ())
    }))
}

/// Calls the function with which an instance begins, if it has one.
fn initialize(context: &mut Context<'_>, instance: Instance) -> Result<()> {
    let Some(init) = instance.get_func(&*context, "_initialize") else { return Ok(()) };
    let init = init.typed::<(), ()>(&*context)?;
    init.call(context, ()).context("calling the function `_initialize`")
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_get_default(
    linker: In<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    name: In<c_char>,
    name_len: usize,
    mut out: Out<Handle>,
) -> MaybeError {
    let (linker, cell) = (&linker.want("linker").linker, context.want("context"));
    let func = cell.with(|context| linker.get_default(context, name.text(name_len)?));
    handed(func.map(|func| Handle::of(cell, Item::Func(func))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_get(
    linker: In<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    module: In<c_char>,
    module_len: usize,
    name: In<c_char>,
    name_len: usize,
    mut out: Out<wasmtime_extern_t>,
) -> bool {
    let (linker, cell) = (&linker.want("linker").linker, context.want("context"));
    let (Ok(module), Ok(name)) = (module.text(module_len), name.text(name_len)) else {
        return false;
    };
    let found = cell.with(|context| Ok(linker.get(context, module, name).ok()));
    match or_end(found, "wasmtime_linker_get") {
        Some(item) => {
            out.set(wasmtime_extern_t::of(cell, item));
            true
        }
        None => false,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_instantiate_pre(
    linker: In<wasmtime_linker_t>,
    module: In<wasmtime_module_t>,
    mut out: Out<Option<Box<wasmtime_instance_pre_t>>>,
) -> MaybeError {
    let linker = &linker.want("linker").linker;
    let module = &module.want("module").module;
    let pre = guarded(|| linker.instantiate_pre(module));
    handed(pre.map(|pre| Some(Box::new(wasmtime_instance_pre_t { pre }))), &mut out)
}
