//! `wasm_memory_t`.

use crate::pointer::In;
use crate::store::Item;
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::store::wasm_store_t;
use crate::wasm::types::wasm_externtype_t;
use prova::Memory;

#[unsafe(no_mangle)]
extern "C" fn wasm_memory_new(
    store: In<wasm_store_t>,
    ty: In<wasm_externtype_t>,
) -> Option<Box<wasm_ref_t>> {
    let cell = &store.want("store").cell;
    let ty = ty.want("memorytype").to_memory().clone();
    let memory = cell.with(|context| Memory::new(context, ty)).ok()?;
    Some(wasm_ref_t::of_item(cell, Item::Memory(memory)))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_memory_type(memory: In<wasm_ref_t>) -> Option<Box<wasm_externtype_t>> {
    let (cell, memory) = memory.memory();
    Some(wasm_externtype_t::of_memory(cell.with_or_end(|context| memory.ty(&context))))
}

/// The first byte. The program reads and writes through the pointer while no code of the store
/// runs, until the memory grows.
#[unsafe(no_mangle)]
extern "C" fn wasm_memory_data(memory: In<wasm_ref_t>) -> *mut u8 {
    let (cell, memory) = memory.memory();
    cell.with_or_end(|context| memory.data_mut(context).as_mut_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn wasm_memory_data_size(memory: In<wasm_ref_t>) -> usize {
    let (cell, memory) = memory.memory();
    cell.with_or_end(|context| memory.data_size(&context))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_memory_size(memory: In<wasm_ref_t>) -> u32 {
    let (cell, memory) = memory.memory();
    let pages = cell.with_or_end(|context| memory.size(&context));
    u32::try_from(pages).unwrap_or(u32::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn wasm_memory_grow(memory: In<wasm_ref_t>, delta: u32) -> bool {
    let (cell, memory) = memory.memory();
    cell.with(|context| memory.grow(context, delta.into())).is_ok()
}
