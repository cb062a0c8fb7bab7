//! The functions of `prova.h` that change a `wasm_config_t`.

use crate::engine::wasm_config_t;
use crate::pointer::Give;
use prova::{Config, Dispatch, Proposal, Tier};

/// Declares setters of the header, each with its setting.
macro_rules! setters {
    ($($name:ident $ty:ty: $set:expr;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(mut config: Give<wasm_config_t>, value: $ty) {
            let set: fn(&mut Config, $ty) = $set;
            set(&mut config.want("config").config, value);
        }
    )*};
}

/// Declares setters of proposals.
macro_rules! proposals {
    ($($name:ident $proposal:ident;)*) => {
        setters! {$(
            $name bool: |config, on| {
                config.wasm_proposal(Proposal::$proposal, on);
            };
        )*}
    };
}

proposals! {
    wasmtime_config_wasm_threads_set Threads;
    wasmtime_config_wasm_tail_call_set TailCall;
    wasmtime_config_wasm_reference_types_set ReferenceTypes;
    wasmtime_config_wasm_simd_set Simd;
    wasmtime_config_wasm_relaxed_simd_set RelaxedSimd;
    wasmtime_config_wasm_bulk_memory_set BulkMemory;
    wasmtime_config_wasm_multi_value_set MultiValue;
    wasmtime_config_wasm_multi_memory_set MultiMemory;
    wasmtime_config_wasm_memory64_set Memory64;
    wasmtime_config_wasm_wide_arithmetic_set WideArithmetic;
    wasmtime_config_wasm_custom_page_sizes_set CustomPageSizes;
}

setters! {
    wasmtime_config_consume_fuel_set bool: |config, on| {
        config.consume_fuel(on);
    };
    wasmtime_config_epoch_interruption_set bool: |config, on| {
        config.epoch_interruption(on);
    };
    wasmtime_config_max_wasm_stack_set usize: |config, bytes| {
        config.max_wasm_stack(bytes);
    };
    wasmtime_config_signals_based_traps_set bool: |config, on| {
        config.signals_based_traps(on);
    };
    wasmtime_config_memory_init_cow_set bool: |config, on| {
        config.memory_images(on);
    };
    prova_config_deterministic_set bool: |config, on| {
        config.deterministic(on);
    };
    prova_config_interpreter_set bool: |config, alone| {
        if alone {
            config.tier(Tier::Interpreter(Dispatch::default()));
        }
    };
}
