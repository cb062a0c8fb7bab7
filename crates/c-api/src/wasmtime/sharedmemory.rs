//! `wasmtime_sharedmemory_t`: memories that threads share, and that belong to no store.
//!
//! All functions here may be called by any thread at any time.

use crate::engine::wasm_engine_t;
use crate::pointer::{In, Out};
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, handed};
use prova::SharedMemory;

/// A shared memory; copies are of the same.
pub(crate) struct wasmtime_sharedmemory_t {
    pub(crate) memory: SharedMemory,
}

/// A handle that the program owns.
type Owned = Option<Box<wasmtime_sharedmemory_t>>;

#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_new(
    engine: In<wasm_engine_t>,
    ty: In<wasm_externtype_t>,
    mut out: Out<Owned>,
) -> MaybeError {
    let (engine, ty) = (&engine.want("engine").engine, ty.want("memorytype").to_memory().clone());
    let made = SharedMemory::new(engine, ty);
    handed(made.map(|memory| Some(Box::new(wasmtime_sharedmemory_t { memory }))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_delete(_memory: Owned) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_clone(memory: In<wasmtime_sharedmemory_t>) -> Owned {
    let memory = memory.want("sharedmemory").memory.clone();
    Some(Box::new(wasmtime_sharedmemory_t { memory }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_type(
    memory: In<wasmtime_sharedmemory_t>,
) -> Option<Box<wasm_externtype_t>> {
    Some(wasm_externtype_t::of_memory(memory.want("sharedmemory").memory.ty()))
}

/// The first byte, which stays where it is. Code may read and write at any time, by atomic
/// accesses of aligned words of 8 bytes.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_data(memory: In<wasmtime_sharedmemory_t>) -> *mut u8 {
    memory.want("sharedmemory").memory.data().as_ptr().cast_mut().cast()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_data_size(memory: In<wasmtime_sharedmemory_t>) -> usize {
    memory.want("sharedmemory").memory.data_size()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_size(memory: In<wasmtime_sharedmemory_t>) -> u64 {
    memory.want("sharedmemory").memory.size()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_sharedmemory_grow(
    memory: In<wasmtime_sharedmemory_t>,
    delta: u64,
    mut previous: Out<u64>,
) -> MaybeError {
    handed(memory.want("sharedmemory").memory.grow(delta), &mut previous)
}
