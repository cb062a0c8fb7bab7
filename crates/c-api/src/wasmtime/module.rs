//! `wasmtime_module_t`.

use crate::engine::wasm_engine_t;
use crate::pointer::{In, Out};
use crate::store::guarded;
use crate::vector::wasm_byte_vec_t;
use crate::wasm::import_types::{
    exports_of, imports_of, wasm_exporttype_vec_t, wasm_importtype_vec_t,
};
use crate::wasmtime::error::{MaybeError, done, handed};
use prova::{Module, Result};
use std::ffi::c_char;

/// A module.
#[derive(Clone)]
pub(crate) struct wasmtime_module_t {
    pub(crate) module: Module,
}

/// Hands a module to the program.
fn made(module: Result<Module>, out: &mut Out<Option<Box<wasmtime_module_t>>>) -> MaybeError {
    handed(module.map(|module| Some(Box::new(wasmtime_module_t { module }))), out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_new(
    engine: In<wasm_engine_t>,
    wasm: In<u8>,
    wasm_len: usize,
    mut out: Out<Option<Box<wasmtime_module_t>>>,
) -> MaybeError {
    let engine = &engine.want("engine").engine;
    made(guarded(|| Module::new(engine, wasm.slice(wasm_len))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_delete(_module: Option<Box<wasmtime_module_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_clone(
    module: In<wasmtime_module_t>,
) -> Option<Box<wasmtime_module_t>> {
    Some(Box::new(module.want("module").clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_imports(
    module: In<wasmtime_module_t>,
    mut out: Out<wasm_importtype_vec_t>,
) {
    out.set(imports_of(&module.want("module").module));
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_exports(
    module: In<wasmtime_module_t>,
    mut out: Out<wasm_exporttype_vec_t>,
) {
    out.set(exports_of(&module.want("module").module));
}

/// A line for each function that has no machine code, with the reason.
#[unsafe(no_mangle)]
extern "C" fn prova_module_refusals(module: In<wasmtime_module_t>, mut out: Out<wasm_byte_vec_t>) {
    let mut lines = String::new();
    for refusal in module.want("module").module.refusals() {
        // One line, also if a name in it has several.
        lines += &refusal.to_string().replace(['\n', '\r'], " ");
        lines.push('\n');
    }
    out.set(wasm_byte_vec_t::from(lines.as_bytes()));
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_validate(
    engine: In<wasm_engine_t>,
    wasm: In<u8>,
    wasm_len: usize,
) -> MaybeError {
    let engine = &engine.want("engine").engine;
    done(guarded(|| Module::validate(engine, wasm.slice(wasm_len))))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_serialize(
    module: In<wasmtime_module_t>,
    mut out: Out<wasm_byte_vec_t>,
) -> MaybeError {
    let module = &module.want("module").module;
    let bytes = guarded(|| Ok(module.serialize()?.into_boxed_slice().into()));
    handed(bytes, &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_deserialize(
    engine: In<wasm_engine_t>,
    bytes: In<u8>,
    bytes_len: usize,
    mut out: Out<Option<Box<wasmtime_module_t>>>,
) -> MaybeError {
    let engine = &engine.want("engine").engine;
    made(guarded(|| Module::deserialize(engine, bytes.slice(bytes_len))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_module_deserialize_file(
    engine: In<wasm_engine_t>,
    path: In<c_char>,
    mut out: Out<Option<Box<wasmtime_module_t>>>,
) -> MaybeError {
    let engine = &engine.want("engine").engine;
    let module = guarded(|| {
        let path = crate::wasmtime::wasi::path(path.string("path"))?;
        Module::deserialize_file(engine, path)
    });
    made(module, &mut out)
}
