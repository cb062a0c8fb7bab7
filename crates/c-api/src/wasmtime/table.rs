//! `wasmtime_table_t`.

use crate::pointer::{In, Out};
use crate::store::Item;
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, done, handed, or_end};
use crate::wasmtime::handle::{Handle, wasmtime_context_t};
use crate::wasmtime::val::wasmtime_val_t;
use prova::{Table, format_err};

#[unsafe(no_mangle)]
extern "C" fn wasmtime_table_new(
    context: In<wasmtime_context_t>,
    ty: In<wasm_externtype_t>,
    init: In<wasmtime_val_t>,
    mut out: Out<Handle>,
) -> MaybeError {
    let cell = context.want("context");
    let (ty, init) = (ty.want("tabletype").to_table(), *init.want("init"));
    let table = cell.with(|mut context| {
        let ty = ty.ok_or_else(|| format_err!("a table holds references alone"))?;
        let init = init.to_ref(cell, &mut context)?;
        Table::new(context, ty, init)
    });
    handed(table.map(|table| Handle::of(cell, Item::Table(table))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_table_type(
    context: In<wasmtime_context_t>,
    table: In<Handle>,
) -> Option<Box<wasm_externtype_t>> {
    let cell = context.want("context");
    let ty = cell.with(|context| Ok(table.table(cell)?.ty(&context)));
    Some(wasm_externtype_t::of_table(or_end(ty, "wasmtime_table_type")))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_table_get(
    context: In<wasmtime_context_t>,
    table: In<Handle>,
    index: u64,
    mut out: Out<wasmtime_val_t>,
) -> bool {
    let cell = context.want("context");
    let found = cell.with(|context| match table.table(cell)?.get(&context, index) {
        Some(element) => wasmtime_val_t::of_val(&element.into(), cell, &context).map(Some),
        None => Ok(None),
    });
    match or_end(found, "wasmtime_table_get") {
        Some(val) => {
            out.set(val);
            true
        }
        None => false,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_table_set(
    context: In<wasmtime_context_t>,
    table: In<Handle>,
    index: u64,
    value: In<wasmtime_val_t>,
) -> MaybeError {
    let (cell, value) = (context.want("context"), *value.want("value"));
    done(cell.with(|mut context| {
        let value = value.to_ref(cell, &mut context)?;
        table.table(cell)?.set(context, index, value)
    }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_table_size(context: In<wasmtime_context_t>, table: In<Handle>) -> u64 {
    let cell = context.want("context");
    let size = cell.with(|context| Ok(table.table(cell)?.size(&context)));
    or_end(size, "wasmtime_table_size")
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_table_grow(
    context: In<wasmtime_context_t>,
    table: In<Handle>,
    delta: u64,
    init: In<wasmtime_val_t>,
    mut previous: Out<u64>,
) -> MaybeError {
    let (cell, init) = (context.want("context"), *init.want("init"));
    let grown = cell.with(|mut context| {
        let init = init.to_ref(cell, &mut context)?;
        table.table(cell)?.grow(context, delta, init)
    });
    handed(grown, &mut previous)
}
