//! The functions of `prova.h` that change a `wasm_config_t`.

use crate::engine::wasm_config_t;
use crate::pointer::{Give, In, end};
use crate::wasmtime::error::{MaybeError, done};
use prova::{Config, Dispatch, OptLevel, ProfilingStrategy, Proposal, Strategy, Tier};
use std::ffi::c_char;

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
    wasmtime_config_wasm_exceptions_set Exceptions;
    wasmtime_config_wasm_function_references_set FunctionReferences;
}

/// The values of the header's enumerations, in its order.
const STRATEGIES: [Strategy; 3] = [Strategy::Auto, Strategy::Cranelift, Strategy::Winch];
const OPT_LEVELS: [OptLevel; 3] = [OptLevel::None, OptLevel::Speed, OptLevel::SpeedAndSize];
const PROFILERS: [ProfilingStrategy; 4] = [
    ProfilingStrategy::None,
    ProfilingStrategy::JitDump,
    ProfilingStrategy::VTune,
    ProfilingStrategy::PerfMap,
];

/// The value of an enumeration that has this number, or the end of the process.
fn numbered<T: Copy>(what: &str, values: &[T], number: u8) -> T {
    match values.get(usize::from(number)) {
        Some(value) => *value,
        None => end(&format!("there is no {what} with the number {number}")),
    }
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
    wasmtime_config_debug_info_set bool: |config, on| {
        config.debug_info(on);
    };
    wasmtime_config_shared_memory_set bool: |config, on| {
        config.shared_memory(on);
    };
    wasmtime_config_wasm_gc_set bool: |config, on| {
        config.wasm_gc(on);
    };
    wasmtime_config_wasm_relaxed_simd_deterministic_set bool: |config, on| {
        config.relaxed_simd_deterministic(on);
    };
    wasmtime_config_strategy_set u8: |config, number| {
        config.strategy(numbered("strategy", &STRATEGIES, number));
    };
    wasmtime_config_parallel_compilation_set bool: |config, on| {
        config.parallel_compilation(on);
    };
    wasmtime_config_cranelift_debug_verifier_set bool: |config, on| {
        config.cranelift_debug_verifier(on);
    };
    wasmtime_config_cranelift_nan_canonicalization_set bool: |config, on| {
        config.cranelift_nan_canonicalization(on);
    };
    wasmtime_config_cranelift_opt_level_set u8: |config, number| {
        config.cranelift_opt_level(numbered("level of optimisation", &OPT_LEVELS, number));
    };
    wasmtime_config_profiler_set u8: |config, number| {
        config.profiler(numbered("profiler", &PROFILERS, number));
    };
    wasmtime_config_memory_may_move_set bool: |config, on| {
        config.memory_may_move(on);
    };
    wasmtime_config_memory_reservation_set u64: |config, bytes| {
        config.memory_reservation(bytes);
    };
    wasmtime_config_memory_guard_size_set u64: |config, bytes| {
        config.memory_guard_size(bytes);
    };
    wasmtime_config_memory_reservation_for_growth_set u64: |config, bytes| {
        config.memory_reservation_for_growth(bytes);
    };
    wasmtime_config_native_unwind_info_set bool: |config, on| {
        config.native_unwind_info(on);
    };
    wasmtime_config_async_support_set bool: |config, on| {
        config.async_support(on);
    };
    wasmtime_config_async_stack_size_set u64: |config, bytes| {
        config.async_stack_size(usize::try_from(bytes).unwrap_or(usize::MAX));
    };
    prova_config_deterministic_set bool: |config, on| {
        config.deterministic(on);
    };
    prova_config_require_proved_set bool: |config, on| {
        config.require_proved(on);
    };
    prova_config_interpreter_set bool: |config, alone| {
        if alone {
            config.tier(Tier::Interpreter(Dispatch::default()));
        }
    };
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_config_target_set(
    mut config: Give<wasm_config_t>,
    target: In<c_char>,
) -> MaybeError {
    let target = String::from_utf8_lossy(target.string("target")).into_owned();
    done(config.want("config").config.target(&target).map(|_| ()))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_config_cranelift_flag_enable(
    mut config: Give<wasm_config_t>,
    flag: In<c_char>,
) {
    let flag = String::from_utf8_lossy(flag.string("flag")).into_owned();
    config.want("config").config.cranelift_flag_enable(&flag);
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_config_cranelift_flag_set(
    mut config: Give<wasm_config_t>,
    flag: In<c_char>,
    value: In<c_char>,
) {
    let text = |chars: &In<c_char>, name| String::from_utf8_lossy(chars.string(name)).into_owned();
    config.want("config").config.cranelift_flag_set(&text(&flag, "flag"), &text(&value, "value"));
}
