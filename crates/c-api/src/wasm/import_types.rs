//! `wasm_importtype_t` and `wasm_exporttype_t`: what a module imports and exports, by name.

use crate::pointer::{Give, In, want};
use crate::vector::{Vector, vector_functions, wasm_byte_vec_t};
use crate::wasm::types::wasm_externtype_t;
use prova::{ExportType, ImportType, Module};

/// An import of a module.
#[derive(Clone, Debug)]
pub(crate) struct wasm_importtype_t {
    module: wasm_byte_vec_t,
    name: wasm_byte_vec_t,
    ty: Box<wasm_externtype_t>,
}

/// An export of a module.
#[derive(Clone, Debug)]
pub(crate) struct wasm_exporttype_t {
    name: wasm_byte_vec_t,
    ty: Box<wasm_externtype_t>,
}

/// Imports, owned.
pub(crate) type wasm_importtype_vec_t = Vector<Option<Box<wasm_importtype_t>>>;
/// Exports, owned.
pub(crate) type wasm_exporttype_vec_t = Vector<Option<Box<wasm_exporttype_t>>>;

/// The imports of a module, in order.
pub(crate) fn imports_of(module: &Module) -> wasm_importtype_vec_t {
    let of = |import: ImportType<'_>| wasm_importtype_t {
        module: import.module().as_bytes().into(),
        name: import.name().as_bytes().into(),
        ty: wasm_externtype_t::of(import.ty()),
    };
    module.imports().map(|import| Some(Box::new(of(import)))).collect()
}

/// The exports of a module, in order.
pub(crate) fn exports_of(module: &Module) -> wasm_exporttype_vec_t {
    let of = |export: ExportType<'_>| wasm_exporttype_t {
        name: export.name().as_bytes().into(),
        ty: wasm_externtype_t::of(export.ty()),
    };
    module.exports().map(|export| Some(Box::new(of(export)))).collect()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_importtype_new(
    mut module: Give<wasm_byte_vec_t>,
    mut name: Give<wasm_byte_vec_t>,
    ty: Option<Box<wasm_externtype_t>>,
) -> Option<Box<wasm_importtype_t>> {
    let (module, name, ty) = (module.take(), name.take(), want(ty, "externtype"));
    Some(Box::new(wasm_importtype_t { module, name, ty }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_importtype_module(import: In<wasm_importtype_t>) -> *const wasm_byte_vec_t {
    &raw const import.want("importtype").module
}

#[unsafe(no_mangle)]
extern "C" fn wasm_importtype_name(import: In<wasm_importtype_t>) -> *const wasm_byte_vec_t {
    &raw const import.want("importtype").name
}

#[unsafe(no_mangle)]
extern "C" fn wasm_importtype_type(import: In<wasm_importtype_t>) -> *const wasm_externtype_t {
    &raw const *import.want("importtype").ty
}

#[unsafe(no_mangle)]
extern "C" fn wasm_importtype_copy(
    import: In<wasm_importtype_t>,
) -> Option<Box<wasm_importtype_t>> {
    Some(Box::new(import.want("importtype").clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_importtype_delete(_import: Option<Box<wasm_importtype_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasm_exporttype_new(
    mut name: Give<wasm_byte_vec_t>,
    ty: Option<Box<wasm_externtype_t>>,
) -> Option<Box<wasm_exporttype_t>> {
    Some(Box::new(wasm_exporttype_t { name: name.take(), ty: want(ty, "externtype") }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_exporttype_name(export: In<wasm_exporttype_t>) -> *const wasm_byte_vec_t {
    &raw const export.want("exporttype").name
}

#[unsafe(no_mangle)]
extern "C" fn wasm_exporttype_type(export: In<wasm_exporttype_t>) -> *const wasm_externtype_t {
    &raw const *export.want("exporttype").ty
}

#[unsafe(no_mangle)]
extern "C" fn wasm_exporttype_copy(
    export: In<wasm_exporttype_t>,
) -> Option<Box<wasm_exporttype_t>> {
    Some(Box::new(export.want("exporttype").clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_exporttype_delete(_export: Option<Box<wasm_exporttype_t>>) {}

vector_functions! {
    Option<Box<wasm_importtype_t>>:
        wasm_importtype_vec_new_empty wasm_importtype_vec_new_uninitialized wasm_importtype_vec_new
        wasm_importtype_vec_copy wasm_importtype_vec_delete;
    Option<Box<wasm_exporttype_t>>:
        wasm_exporttype_vec_new_empty wasm_exporttype_vec_new_uninitialized wasm_exporttype_vec_new
        wasm_exporttype_vec_copy wasm_exporttype_vec_delete;
}
