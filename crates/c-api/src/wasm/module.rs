//! `wasm_module_t`.

use crate::pointer::{In, Out, end};
use crate::store::guarded;
use crate::vector::{Vector, wasm_byte_vec_t};
use crate::wasm::import_types::{
    exports_of, imports_of, wasm_exporttype_vec_t, wasm_importtype_vec_t,
};
use crate::wasm::reference::{HostInfo, Object, Shared, wasm_ref_t};
use crate::wasm::store::wasm_store_t;
use prova::{Engine, Module, Result};

/// A module that handles own together.
pub(crate) struct ModuleObject {
    module: Module,
    pub(crate) info: HostInfo,
}

/// A module on its way to another store's thread.
pub(crate) struct wasm_shared_module_t {
    module: Module,
}

impl In<wasm_ref_t> {
    /// The module of a handle that must be of one.
    pub(crate) fn module(&self) -> &Module {
        match &self.want("module").object {
            Object::Module(object) => &object.module,
            Object::Item(_) | Object::Trap(_) | Object::Foreign(_) => {
                end("a handle that is none of a module was given for one")
            }
        }
    }
}

fn handle_of(module: Module) -> Box<wasm_ref_t> {
    let object = ModuleObject { module, info: HostInfo::default() };
    wasm_ref_t::of_object(Object::Module(Shared::new(object)))
}

/// The module that `load` makes of bytes; null if it refuses them.
fn loaded(
    store: &In<wasm_store_t>,
    bytes: &In<wasm_byte_vec_t>,
    load: impl FnOnce(&Engine, &[u8]) -> Result<Module>,
) -> Option<Box<wasm_ref_t>> {
    let engine = store.want("store").cell.engine();
    guarded(|| load(engine, bytes.want("binary").elements())).ok().map(handle_of)
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_new(
    store: In<wasm_store_t>,
    binary: In<wasm_byte_vec_t>,
) -> Option<Box<wasm_ref_t>> {
    loaded(&store, &binary, |engine, bytes| Module::new(engine, bytes))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_validate(store: In<wasm_store_t>, binary: In<wasm_byte_vec_t>) -> bool {
    let engine = store.want("store").cell.engine();
    guarded(|| Module::validate(engine, binary.want("binary").elements())).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_imports(module: In<wasm_ref_t>, mut out: Out<wasm_importtype_vec_t>) {
    out.set(imports_of(module.module()));
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_exports(module: In<wasm_ref_t>, mut out: Out<wasm_exporttype_vec_t>) {
    out.set(exports_of(module.module()));
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_serialize(module: In<wasm_ref_t>, mut out: Out<wasm_byte_vec_t>) {
    let module = module.module();
    let bytes = guarded(|| module.serialize());
    out.set(bytes.map_or(Vector::EMPTY, |bytes| bytes.into_boxed_slice().into()));
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_deserialize(
    store: In<wasm_store_t>,
    bytes: In<wasm_byte_vec_t>,
) -> Option<Box<wasm_ref_t>> {
    loaded(&store, &bytes, |engine, bytes| Module::deserialize(engine, bytes))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_share(module: In<wasm_ref_t>) -> Option<Box<wasm_shared_module_t>> {
    Some(Box::new(wasm_shared_module_t { module: module.module().clone() }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_module_obtain(
    _store: In<wasm_store_t>,
    shared: In<wasm_shared_module_t>,
) -> Option<Box<wasm_ref_t>> {
    Some(handle_of(shared.want("shared module").module.clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_shared_module_delete(_shared: Option<Box<wasm_shared_module_t>>) {}
