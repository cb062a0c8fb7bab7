//! `wasmtime_instance_t`, and instances that were prepared.

use crate::pointer::{In, Out};
use crate::store::{Data, Item};
use crate::wasmtime::error::{MaybeError, TrapOut, or_end, ran};
use crate::wasmtime::exnref::keep_exception;
use crate::wasmtime::handle::{Handle, wasmtime_context_t, wasmtime_extern_t};
use crate::wasmtime::module::wasmtime_module_t;
use prova::{Extern, Instance, InstancePre, Result};
use std::ffi::c_char;

/// A module with its imports found.
pub(crate) struct wasmtime_instance_pre_t {
    pub(crate) pre: InstancePre<Data>,
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_instance_new(
    context: In<wasmtime_context_t>,
    module: In<wasmtime_module_t>,
    imports: In<wasmtime_extern_t>,
    nimports: usize,
    mut out: Out<Handle>,
    mut trap: TrapOut,
) -> MaybeError {
    // The start function may call the program, which may give up its handles.
    let (cell, module) = (context.want("context"), &module.want("module").module.clone());
    let instance = cell.with(|context| {
        let imports = imports.slice(nimports).iter().map(|import| import.item(cell));
        Instance::new(context, module, &imports.collect::<Result<Vec<Extern>>>()?)
    });
    keep_exception(cell, &instance);
    ran(instance, &mut trap, |instance| out.set(Handle::of(cell, Item::Instance(instance))))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_instance_export_get(
    context: In<wasmtime_context_t>,
    instance: In<Handle>,
    name: In<c_char>,
    name_len: usize,
    mut out: Out<wasmtime_extern_t>,
) -> bool {
    let cell = context.want("context");
    let Ok(name) = name.text(name_len) else { return false };
    let found = cell.with(|context| Ok(instance.instance(cell)?.get_export(&context, name)));
    match or_end(found, "wasmtime_instance_export_get") {
        Some(item) => {
            out.set(wasmtime_extern_t::of(cell, item));
            true
        }
        None => false,
    }
}

/// The name is the instance's and lives as long as its store; it does not end with NUL.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_instance_export_nth(
    context: In<wasmtime_context_t>,
    instance: In<Handle>,
    index: usize,
    mut name: Out<*const u8>,
    mut name_len: Out<usize>,
    mut out: Out<wasmtime_extern_t>,
) -> bool {
    let cell = context.want("context");
    let found = cell.with(|context| {
        let instance = instance.instance(cell)?;
        let mut exports = instance.exports(&context);
        Ok(exports
            .nth(index)
            .map(|export| (export.name().as_ptr(), export.name().len(), export.into_extern())))
    });
    match or_end(found, "wasmtime_instance_export_nth") {
        Some((bytes, len, item)) => {
            name.set(bytes);
            name_len.set(len);
            out.set(wasmtime_extern_t::of(cell, item));
            true
        }
        None => false,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_instance_pre_delete(_pre: Option<Box<wasmtime_instance_pre_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_instance_pre_instantiate(
    pre: In<wasmtime_instance_pre_t>,
    context: In<wasmtime_context_t>,
    mut out: Out<Handle>,
    mut trap: TrapOut,
) -> MaybeError {
    // As above.
    let (cell, pre) = (context.want("context"), pre.want("instance_pre").pre.clone());
    let instance = cell.with(|context| pre.instantiate(context));
    keep_exception(cell, &instance);
    ran(instance, &mut trap, |instance| out.set(Handle::of(cell, Item::Instance(instance))))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_instance_pre_module(
    pre: In<wasmtime_instance_pre_t>,
) -> Option<Box<wasmtime_module_t>> {
    let module = pre.want("instance_pre").pre.module().clone();
    Some(Box::new(wasmtime_module_t { module }))
}
