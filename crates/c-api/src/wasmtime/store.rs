//! `wasmtime_store_t` and `wasmtime_context_t`.

use crate::callback::{Data, Finalizer};
use crate::engine::wasm_engine_t;
use crate::pointer::{In, Out, end};
use crate::store::StoreCell;
use crate::wasmtime::error::{MaybeError, done, handed, or_end};
use crate::wasmtime::handle::{wasmtime_context_t, wasmtime_store_t};
use crate::wasmtime::wasi::wasi_config_t;
use prova::{StoreLimitsBuilder, format_err};
use std::ffi::c_void;
use std::sync::Arc;

#[unsafe(no_mangle)]
extern "C" fn wasmtime_store_new(
    engine: In<wasm_engine_t>,
    data: *mut c_void,
    finalizer: Finalizer,
) -> Option<Box<wasmtime_store_t>> {
    let data = Data::new(data, finalizer);
    let cell = StoreCell::new(&engine.want("engine").engine, data).ok()?;
    Some(Box::new(wasmtime_store_t { cell }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_store_delete(store: Option<Box<wasmtime_store_t>>) {
    if store.is_some_and(|store| store.cell.is_used()) {
        end("`wasmtime_store_delete` was called while code of the store runs");
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_store_context(store: In<wasmtime_store_t>) -> *const wasmtime_context_t {
    Arc::as_ptr(&store.want("store").cell)
}

/// A limit of the header: negative numbers leave the default.
fn limited(
    builder: StoreLimitsBuilder,
    limit: i64,
    set: impl FnOnce(StoreLimitsBuilder, usize) -> StoreLimitsBuilder,
) -> StoreLimitsBuilder {
    match usize::try_from(limit) {
        Ok(limit) => set(builder, limit),
        Err(_) => builder,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_store_limiter(
    store: In<wasmtime_store_t>,
    memory_size: i64,
    table_elements: i64,
    instances: i64,
    tables: i64,
    memories: i64,
) {
    let builder = StoreLimitsBuilder::new();
    let builder = limited(builder, memory_size, StoreLimitsBuilder::memory_size);
    let builder = limited(builder, table_elements, StoreLimitsBuilder::table_elements);
    let builder = limited(builder, instances, StoreLimitsBuilder::instances);
    let builder = limited(builder, tables, StoreLimitsBuilder::tables);
    let limits = limited(builder, memories, StoreLimitsBuilder::memories).build();
    let set = store.want("store").cell.with_store(|store| {
        store.data_mut().limits = limits;
        store.limiter(|data| &mut data.limits);
    });
    or_end(set, "wasmtime_store_limiter");
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_get_data(context: In<wasmtime_context_t>) -> *mut c_void {
    context.want("context").with_or_end(|context| context.data().user.pointer())
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_set_data(context: In<wasmtime_context_t>, data: *mut c_void) {
    context.want("context").with_or_end(|mut context| context.data_mut().user.set_pointer(data));
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_set_fuel(context: In<wasmtime_context_t>, fuel: u64) -> MaybeError {
    done(context.want("context").with(|mut context| context.set_fuel(fuel)))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_get_fuel(
    context: In<wasmtime_context_t>,
    mut fuel: Out<u64>,
) -> MaybeError {
    handed(context.want("context").with(|context| context.get_fuel()), &mut fuel)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_gc(context: In<wasmtime_context_t>) -> MaybeError {
    done(context.want("context").with(|mut context| context.gc(None)))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_set_wasi(
    context: In<wasmtime_context_t>,
    wasi: Option<Box<wasi_config_t>>,
) -> MaybeError {
    let cell = context.want("context");
    done(cell.with(|mut context| {
        let wasi = wasi.ok_or_else(|| format_err!("the configuration of WASI is NULL"))?;
        context.data_mut().wasi = wasi.build();
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_set_epoch_deadline(
    context: In<wasmtime_context_t>,
    ticks_beyond_current: u64,
) {
    let cell = context.want("context");
    cell.with_or_end(|mut context| context.set_epoch_deadline(ticks_beyond_current));
}
