//! `wasm_instance_t`, and what kind of thing an external is.

use crate::pointer::{In, Out, end};
use crate::store::{Item, StoreCell};
use crate::vector::Vector;
use crate::wasm::reference::{wasm_extern_vec_t, wasm_ref_t};
use crate::wasm::store::wasm_store_t;
use crate::wasm::trap::trap_of;
use crate::wasm::types::{
    WASM_EXTERN_FUNC, WASM_EXTERN_GLOBAL, WASM_EXTERN_MEMORY, WASM_EXTERN_TABLE, WASM_EXTERN_TAG,
    wasm_externkind_t, wasm_externtype_t,
};
use prova::{Error, Extern, Instance, Result, format_err};
use std::sync::Arc;

/// The object of an import that a program gives for a store.
///
/// # Errors
/// If it is null, no external, or of another store.
fn import_of(cell: &StoreCell, import: Option<&wasm_ref_t>) -> Result<Extern> {
    let import = import.ok_or_else(|| format_err!("an import is NULL"))?;
    match import.item().map(|(store, item)| (store.id, item.to_extern())) {
        Some((store, Some(item))) if store == cell.id => Ok(item),
        Some((_, Some(_))) => Err(format_err!("an import belongs to another store")),
        Some((_, None)) | None => {
            Err(format_err!("an import is no function, global, table or memory"))
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_instance_new(
    store: In<wasm_store_t>,
    module: In<wasm_ref_t>,
    imports: In<wasm_extern_vec_t>,
    mut trap: Out<Option<Box<wasm_ref_t>>>,
) -> Option<Box<wasm_ref_t>> {
    // The start function may call the program, which may give up its handles.
    let cell = &Arc::clone(&store.want("store").cell);
    let module = &module.module().clone();
    let imports = imports.get().map_or(&[][..], Vector::elements);
    let instance = cell.with(|context| {
        let imports = imports.iter().map(|import| import_of(cell, import.as_deref()));
        let imports = imports.collect::<Result<Vec<Extern>>>()?;
        Instance::new(context, module, &imports)
    });
    finish(cell, instance, &mut trap)
}

/// Hands an instance or its error to the program.
fn finish(
    cell: &Arc<StoreCell>,
    instance: Result<Instance, Error>,
    trap: &mut Out<Option<Box<wasm_ref_t>>>,
) -> Option<Box<wasm_ref_t>> {
    match instance {
        Ok(instance) => {
            trap.set(None);
            Some(wasm_ref_t::of_item(cell, Item::Instance(instance)))
        }
        Err(error) => {
            trap.set(Some(trap_of(error)));
            None
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_instance_exports(instance: In<wasm_ref_t>, mut out: Out<wasm_extern_vec_t>) {
    let (cell, instance) = instance.instance();
    out.set(cell.with_or_end(|context| {
        let exports = instance.exports(&context);
        exports.map(|export| Some(wasm_ref_t::of_extern(&cell, export.into_extern()))).collect()
    }));
}

#[unsafe(no_mangle)]
extern "C" fn wasm_extern_kind(item: In<wasm_ref_t>) -> wasm_externkind_t {
    match item.want("extern").item() {
        Some((_, Item::Func(_))) => WASM_EXTERN_FUNC,
        Some((_, Item::Global(_))) => WASM_EXTERN_GLOBAL,
        Some((_, Item::Table(_))) => WASM_EXTERN_TABLE,
        Some((_, Item::Memory(_))) => WASM_EXTERN_MEMORY,
        Some((_, Item::Tag(_))) => WASM_EXTERN_TAG,
        Some((_, Item::Instance(_))) | None => no_extern(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_extern_type(item: In<wasm_ref_t>) -> Option<Box<wasm_externtype_t>> {
    let Some((cell, item)) = item.want("extern").item() else { no_extern() };
    let Some(item) = item.to_extern() else { no_extern() };
    Some(wasm_externtype_t::of(cell.with_or_end(|context| item.ty(&context))))
}

fn no_extern() -> ! {
    end("a handle that is none of an external was given for one")
}
