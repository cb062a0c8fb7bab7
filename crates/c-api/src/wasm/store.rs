//! `wasm_store_t`.

use crate::callback::Data;
use crate::engine::wasm_engine_t;
use crate::pointer::In;
use crate::store::StoreCell;
use std::sync::Arc;

/// The program's part in a store. Handles of the store's objects have theirs, and the store ends
/// with the last.
pub(crate) struct wasm_store_t {
    pub(crate) cell: Arc<StoreCell>,
}

#[unsafe(no_mangle)]
extern "C" fn wasm_store_new(engine: In<wasm_engine_t>) -> Option<Box<wasm_store_t>> {
    let cell = StoreCell::new(&engine.want("engine").engine, Data::default()).ok()?;
    // Code of an engine that counts epochs runs until its program sets a deadline; `wasm.h` has no
    // way to set one.
    cell.with_or_end(|mut context| context.set_epoch_deadline(u64::MAX));
    Some(Box::new(wasm_store_t { cell }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_store_delete(_store: Option<Box<wasm_store_t>>) {}
