//! `wasmtime_memory_t`, and memory types with 64-bit sizes.

use crate::pointer::{In, Out};
use crate::store::Item;
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, handed, or_end};
use crate::wasmtime::handle::{Handle, wasmtime_context_t};
use prova::{Memory, MemoryType};

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memorytype_new(
    min: u64,
    max_present: bool,
    max: u64,
    is_64: bool,
    shared: bool,
    page_size_log2: u8,
    mut out: Out<Option<Box<wasm_externtype_t>>>,
) -> MaybeError {
    let mut builder = MemoryType::builder();
    builder.min(min).max(max_present.then_some(max));
    let ty = builder.memory64(is_64).shared(shared).page_size_log2(page_size_log2).build();
    handed(ty.map(|ty| Some(wasm_externtype_t::of_memory(ty))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memorytype_isshared(ty: In<wasm_externtype_t>) -> bool {
    ty.want("memorytype").to_memory().is_shared()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memorytype_minimum(ty: In<wasm_externtype_t>) -> u64 {
    ty.want("memorytype").to_memory().minimum()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memorytype_maximum(ty: In<wasm_externtype_t>, mut max: Out<u64>) -> bool {
    match ty.want("memorytype").to_memory().maximum() {
        Some(own) => {
            max.set(own);
            true
        }
        None => false,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memorytype_is64(ty: In<wasm_externtype_t>) -> bool {
    ty.want("memorytype").to_memory().is_64()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memorytype_page_size(ty: In<wasm_externtype_t>) -> u64 {
    ty.want("memorytype").to_memory().page_size()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memorytype_page_size_log2(ty: In<wasm_externtype_t>) -> u8 {
    ty.want("memorytype").to_memory().page_size_log2()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_new(
    context: In<wasmtime_context_t>,
    ty: In<wasm_externtype_t>,
    mut out: Out<Handle>,
) -> MaybeError {
    let (cell, ty) = (context.want("context"), ty.want("memorytype").to_memory().clone());
    let memory = cell.with(|context| Memory::new(context, ty));
    handed(memory.map(|memory| Handle::of(cell, Item::Memory(memory))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_type(
    context: In<wasmtime_context_t>,
    memory: In<Handle>,
) -> Option<Box<wasm_externtype_t>> {
    let cell = context.want("context");
    let ty = cell.with(|context| Ok(memory.memory(cell)?.ty(&context)));
    Some(wasm_externtype_t::of_memory(or_end(ty, "wasmtime_memory_type")))
}

/// The first byte; see `wasm_memory_data`.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_data(context: In<wasmtime_context_t>, memory: In<Handle>) -> *mut u8 {
    let cell = context.want("context");
    let data = cell.with(|context| Ok(memory.memory(cell)?.data_mut(context).as_mut_ptr()));
    or_end(data, "wasmtime_memory_data")
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_data_size(
    context: In<wasmtime_context_t>,
    memory: In<Handle>,
) -> usize {
    let cell = context.want("context");
    let size = cell.with(|context| Ok(memory.memory(cell)?.data_size(&context)));
    or_end(size, "wasmtime_memory_data_size")
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_size(context: In<wasmtime_context_t>, memory: In<Handle>) -> u64 {
    let cell = context.want("context");
    let size = cell.with(|context| Ok(memory.memory(cell)?.size(&context)));
    or_end(size, "wasmtime_memory_size")
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_grow(
    context: In<wasmtime_context_t>,
    memory: In<Handle>,
    delta: u64,
    mut previous: Out<u64>,
) -> MaybeError {
    let cell = context.want("context");
    handed(cell.with(|context| memory.memory(cell)?.grow(context, delta)), &mut previous)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_page_size(
    context: In<wasmtime_context_t>,
    memory: In<Handle>,
) -> u64 {
    let cell = context.want("context");
    let size = cell.with(|context| Ok(memory.memory(cell)?.page_size(&context)));
    or_end(size, "wasmtime_memory_page_size")
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_page_size_log2(
    context: In<wasmtime_context_t>,
    memory: In<Handle>,
) -> u8 {
    let cell = context.want("context");
    let log2 = cell.with(|context| Ok(memory.memory(cell)?.ty(&context).page_size_log2()));
    or_end(log2, "wasmtime_memory_page_size_log2")
}
