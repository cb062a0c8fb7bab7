//! `wasm_table_t`.

use crate::pointer::In;
use crate::store::Item;
use crate::wasm::global::place_of;
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::store::wasm_store_t;
use crate::wasm::types::wasm_externtype_t;
use crate::wasm::val::{RefPlace, handle_of_ref, ref_of_handle};
use prova::{Table, TableType, ValType};

/// The kind of reference that a table takes.
fn place(ty: &TableType) -> RefPlace {
    place_of(&ValType::Ref(ty.element().clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_table_new(
    store: In<wasm_store_t>,
    ty: In<wasm_externtype_t>,
    init: In<wasm_ref_t>,
) -> Option<Box<wasm_ref_t>> {
    let cell = &store.want("store").cell;
    let ty = ty.want("tabletype").to_table()?;
    let table = cell.with(|mut context| {
        let init = ref_of_handle(init.get(), place(&ty), cell, &mut context)?;
        Table::new(context, ty, init)
    });
    Some(wasm_ref_t::of_item(cell, Item::Table(table.ok()?)))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_table_type(table: In<wasm_ref_t>) -> Option<Box<wasm_externtype_t>> {
    let (cell, table) = table.table();
    Some(wasm_externtype_t::of_table(cell.with_or_end(|context| table.ty(&context))))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_table_get(table: In<wasm_ref_t>, index: u32) -> Option<Box<wasm_ref_t>> {
    let (cell, table) = table.table();
    let found = cell.with(|context| match table.get(&context, index.into()) {
        Some(reference) => handle_of_ref(reference, &cell, &context),
        None => Ok(None),
    });
    found.ok().flatten()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_table_set(table: In<wasm_ref_t>, index: u32, value: In<wasm_ref_t>) -> bool {
    let (cell, table) = table.table();
    let done = cell.with(|mut context| {
        let ty = table.ty(&context);
        let value = ref_of_handle(value.get(), place(&ty), &cell, &mut context)?;
        table.set(context, index.into(), value)
    });
    done.is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_table_size(table: In<wasm_ref_t>) -> u32 {
    let (cell, table) = table.table();
    let size = cell.with_or_end(|context| table.size(&context));
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn wasm_table_grow(table: In<wasm_ref_t>, delta: u32, init: In<wasm_ref_t>) -> bool {
    let (cell, table) = table.table();
    let done = cell.with(|mut context| {
        let ty = table.ty(&context);
        let init = ref_of_handle(init.get(), place(&ty), &cell, &mut context)?;
        table.grow(context, delta.into(), init)
    });
    done.is_ok()
}
