//! `wasmtime_pooling_allocation_config_t`: the limits of an engine's pool of instances.

use crate::engine::wasm_config_t;
use crate::pointer::{Give, In};
use prova::PoolingAllocationConfig;

/// The limits of a pool.
#[derive(Default)]
pub(crate) struct wasmtime_pooling_allocation_config_t {
    pool: PoolingAllocationConfig,
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_pooling_allocation_config_new()
-> Option<Box<wasmtime_pooling_allocation_config_t>> {
    Some(Box::default())
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_pooling_allocation_config_delete(
    _pool: Option<Box<wasmtime_pooling_allocation_config_t>>,
) {
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_pooling_allocation_strategy_set(
    mut config: Give<wasm_config_t>,
    pool: In<wasmtime_pooling_allocation_config_t>,
) {
    config.want("config").config.allocation_strategy(pool.want("pool").pool.clone());
}

/// Declares setters of the header, each with its setting.
macro_rules! setters {
    ($($name:ident $ty:ty: $set:ident;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(mut pool: Give<wasmtime_pooling_allocation_config_t>, value: $ty) {
            pool.want("pool").pool.$set(value);
        }
    )*};
}

setters! {
    wasmtime_pooling_allocation_config_total_core_instances_set u32: total_core_instances;
    wasmtime_pooling_allocation_config_total_memories_set u32: total_memories;
    wasmtime_pooling_allocation_config_total_tables_set u32: total_tables;
    wasmtime_pooling_allocation_config_max_memory_size_set usize: max_memory_size;
    wasmtime_pooling_allocation_config_table_elements_set usize: table_elements;
    wasmtime_pooling_allocation_config_max_memories_per_module_set u32: max_memories_per_module;
    wasmtime_pooling_allocation_config_max_tables_per_module_set u32: max_tables_per_module;
    wasmtime_pooling_allocation_config_max_unused_warm_slots_set u32: max_unused_warm_slots;
    wasmtime_pooling_allocation_config_decommit_batch_size_set usize: decommit_batch_size;
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set usize:
        linear_memory_keep_resident;
    wasmtime_pooling_allocation_config_table_keep_resident_set usize: table_keep_resident;
    wasmtime_pooling_allocation_config_async_stack_keep_resident_set usize:
        async_stack_keep_resident;
    wasmtime_pooling_allocation_config_total_stacks_set u32: total_stacks;
    wasmtime_pooling_allocation_config_max_core_instance_size_set usize: max_core_instance_size;
}
