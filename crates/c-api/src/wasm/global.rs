//! `wasm_global_t`.

use crate::pointer::{In, Out};
use crate::store::Item;
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::store::wasm_store_t;
use crate::wasm::types::wasm_externtype_t;
use crate::wasm::val::{RefPlace, wasm_val_t};
use prova::{Global, GlobalType, HeapType, ValType};

/// The kind of reference that a global takes.
pub(crate) fn place_of(ty: &ValType) -> RefPlace {
    match ty {
        ValType::Ref(ty) if ty.heap_type().matches(&HeapType::Func) => RefPlace::Func,
        _ => RefPlace::Extern,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_global_new(
    store: In<wasm_store_t>,
    ty: In<wasm_externtype_t>,
    val: In<wasm_val_t>,
) -> Option<Box<wasm_ref_t>> {
    let cell = &store.want("store").cell;
    let ty: GlobalType = ty.want("globaltype").to_global();
    let val = *val.want("val");
    let global = cell.with(|mut context| {
        let val = val.to_val(place_of(ty.content()), cell, &mut context)?;
        Global::new(context, ty, val)
    });
    Some(wasm_ref_t::of_item(cell, Item::Global(global.ok()?)))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_global_type(global: In<wasm_ref_t>) -> Option<Box<wasm_externtype_t>> {
    let (cell, global) = global.global();
    Some(wasm_externtype_t::of_global(&cell.with_or_end(|context| global.ty(&context))))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_global_get(global: In<wasm_ref_t>, mut out: Out<wasm_val_t>) {
    let (cell, global) = global.global();
    let val = cell.with(|context| wasm_val_t::of_val(&global.get(&context), &cell, &context));
    match val {
        Ok(val) => out.set(val),
        Err(error) => crate::pointer::end(&format!("`wasm_global_get`: {error:#}")),
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_global_set(global: In<wasm_ref_t>, val: In<wasm_val_t>) {
    let (cell, global) = global.global();
    let val = *val.want("val");
    // The header has no way to say that the global is immutable or the value of another type:
    // nothing is set then.
    let _refused = cell.with(|mut context| {
        let ty = global.ty(&context);
        let val = val.to_val(place_of(ty.content()), &cell, &mut context)?;
        global.set(context, val)
    });
}
