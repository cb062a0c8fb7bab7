/* Configurations and engines, beyond wasm.h. */

#ifndef PROVA_ENGINE_H
#define PROVA_ENGINE_H

#include "../wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PROVA_CONFIG_PROPERTY(name, type)                                                          \
  WASM_API_EXTERN void wasmtime_config_##name##_set(wasm_config_t*, type);

/* Whether code consumes fuel (`wasmtime_context_set_fuel`); off by default. */
PROVA_CONFIG_PROPERTY(consume_fuel, bool)
/* Whether code stops at an epoch (`wasmtime_context_set_epoch_deadline`); off by default. */
PROVA_CONFIG_PROPERTY(epoch_interruption, bool)
/* The stack of WebAssembly code in bytes, from 4 KiB to 1 GiB; 8 MiB by default. */
PROVA_CONFIG_PROPERTY(max_wasm_stack, size_t)
/* Whether faults of machine code become traps by a signal handler of the process; on by default. */
PROVA_CONFIG_PROPERTY(signals_based_traps, bool)
/* Whether instances get their data segments mapped copy-on-write; on by default. */
PROVA_CONFIG_PROPERTY(memory_init_cow, bool)

/* Proposals; docs/semantics.md lists those that are on by default. */
PROVA_CONFIG_PROPERTY(wasm_threads, bool)
PROVA_CONFIG_PROPERTY(wasm_tail_call, bool)
PROVA_CONFIG_PROPERTY(wasm_reference_types, bool)
PROVA_CONFIG_PROPERTY(wasm_simd, bool)
PROVA_CONFIG_PROPERTY(wasm_relaxed_simd, bool)
PROVA_CONFIG_PROPERTY(wasm_bulk_memory, bool)
PROVA_CONFIG_PROPERTY(wasm_multi_value, bool)
PROVA_CONFIG_PROPERTY(wasm_multi_memory, bool)
PROVA_CONFIG_PROPERTY(wasm_memory64, bool)
PROVA_CONFIG_PROPERTY(wasm_wide_arithmetic, bool)
PROVA_CONFIG_PROPERTY(wasm_custom_page_sizes, bool)
PROVA_CONFIG_PROPERTY(wasm_exceptions, bool)
PROVA_CONFIG_PROPERTY(wasm_function_references, bool)

/* How functions are compiled: AUTO starts in the interpreter and makes machine code of what is hot,
 * CRANELIFT makes machine code of all functions of a module when it is made, WINCH is AUTO. */
typedef uint8_t wasmtime_strategy_t;
enum wasmtime_strategy_enum {
  WASMTIME_STRATEGY_AUTO,
  WASMTIME_STRATEGY_CRANELIFT,
  WASMTIME_STRATEGY_WINCH,
};
PROVA_CONFIG_PROPERTY(strategy, wasmtime_strategy_t)

/* The profiler that gets the names of machine code; VTUNE is refused. */
typedef uint8_t wasmtime_profiling_strategy_t;
enum wasmtime_profiling_strategy_enum {
  WASMTIME_PROFILING_STRATEGY_NONE,
  WASMTIME_PROFILING_STRATEGY_JITDUMP,
  WASMTIME_PROFILING_STRATEGY_VTUNE,
  WASMTIME_PROFILING_STRATEGY_PERFMAP,
};
PROVA_CONFIG_PROPERTY(profiler, wasmtime_profiling_strategy_t)

/* Whether bits of NaNs are fixed: a part of `prova_config_deterministic_set`, refused without it. */
PROVA_CONFIG_PROPERTY(cranelift_nan_canonicalization, bool)
/* An error for another platform than the process's. */
WASM_API_EXTERN struct wasmtime_error* wasmtime_config_target_set(wasm_config_t*, const char*);

/* Refused where they are on: machine code has no debug information, no tier executes garbage
 * collection, and flags of the code generator are fixed. `prova_engine_new` says which it was. */
PROVA_CONFIG_PROPERTY(debug_info, bool)
PROVA_CONFIG_PROPERTY(wasm_gc, bool)
/* Memories that threads share; off by default. */
PROVA_CONFIG_PROPERTY(shared_memory, bool)
WASM_API_EXTERN void wasmtime_config_cranelift_flag_enable(wasm_config_t*, const char* flag);
WASM_API_EXTERN void wasmtime_config_cranelift_flag_set(wasm_config_t*, const char* flag,
                                                        const char* value);

/* Without effect, since there is one way only; docs/book/moving.md says which. */
typedef uint8_t wasmtime_opt_level_t;
enum wasmtime_opt_level_enum {
  WASMTIME_OPT_LEVEL_NONE,
  WASMTIME_OPT_LEVEL_SPEED,
  WASMTIME_OPT_LEVEL_SPEED_AND_SIZE,
};
PROVA_CONFIG_PROPERTY(cranelift_opt_level, wasmtime_opt_level_t)
PROVA_CONFIG_PROPERTY(cranelift_debug_verifier, bool)
PROVA_CONFIG_PROPERTY(wasm_relaxed_simd_deterministic, bool)
PROVA_CONFIG_PROPERTY(parallel_compilation, bool)
PROVA_CONFIG_PROPERTY(memory_may_move, bool)
PROVA_CONFIG_PROPERTY(memory_reservation, uint64_t)
PROVA_CONFIG_PROPERTY(memory_guard_size, uint64_t)
PROVA_CONFIG_PROPERTY(memory_reservation_for_growth, uint64_t)
PROVA_CONFIG_PROPERTY(native_unwind_info, bool)
/* Asynchronous calls are always there, and need no stack. */
PROVA_CONFIG_PROPERTY(async_support, bool)
PROVA_CONFIG_PROPERTY(async_stack_size, uint64_t)

#undef PROVA_CONFIG_PROPERTY

/* Whether results, traps and fuel are the same on every machine; off by default. */
WASM_API_EXTERN void prova_config_deterministic_set(wasm_config_t*, bool);
/* Whether machine code of a function runs only if it is proved to do what the function says; off by
 * default. The others run as bytecode, which is proved: `prova_module_refusals` says which, and why.
 * Code takes longer to make; `wasmtime_module_serialize` keeps the proofs. */
WASM_API_EXTERN void prova_config_require_proved_set(wasm_config_t*, bool);
/* Whether the interpreter alone executes code; off by default: what is hot becomes machine code. */
WASM_API_EXTERN void prova_config_interpreter_set(wasm_config_t*, bool);

/* A pool: limits of what all stores of an engine hold at once. By default 1000 instances, memories and
 * tables, one memory of 4 GiB and one table of 20,000 elements a module. */
typedef struct wasmtime_pooling_allocation_config wasmtime_pooling_allocation_config_t;
WASM_API_EXTERN wasmtime_pooling_allocation_config_t* wasmtime_pooling_allocation_config_new(void);
WASM_API_EXTERN void wasmtime_pooling_allocation_config_delete(
    wasmtime_pooling_allocation_config_t*);
/* Copies the pool. */
WASM_API_EXTERN void wasmtime_pooling_allocation_strategy_set(
    wasm_config_t*, const wasmtime_pooling_allocation_config_t*);

#define PROVA_POOL_PROPERTY(name, type)                                                            \
  WASM_API_EXTERN void wasmtime_pooling_allocation_config_##name##_set(                            \
      wasmtime_pooling_allocation_config_t*, type);

PROVA_POOL_PROPERTY(total_core_instances, uint32_t)
PROVA_POOL_PROPERTY(total_memories, uint32_t)
PROVA_POOL_PROPERTY(total_tables, uint32_t)
PROVA_POOL_PROPERTY(max_memory_size, size_t)
PROVA_POOL_PROPERTY(table_elements, size_t)
PROVA_POOL_PROPERTY(max_memories_per_module, uint32_t)
PROVA_POOL_PROPERTY(max_tables_per_module, uint32_t)
/* Memories, tables and stacks of finished stores that stay ready, of each size (100); bytes of a
 * finished memory without an image (0) and table (16 KiB) that stay in memory, zeroed. */
PROVA_POOL_PROPERTY(max_unused_warm_slots, uint32_t)
PROVA_POOL_PROPERTY(linear_memory_keep_resident, size_t)
PROVA_POOL_PROPERTY(table_keep_resident, size_t)
/* Without effect. */
PROVA_POOL_PROPERTY(decommit_batch_size, size_t)
PROVA_POOL_PROPERTY(async_stack_keep_resident, size_t)
PROVA_POOL_PROPERTY(total_stacks, uint32_t)
PROVA_POOL_PROPERTY(max_core_instance_size, size_t)

#undef PROVA_POOL_PROPERTY

/* An engine, or the reason why there is none: `wasm_engine_new_with_config` gives NULL then. Takes
 * the configuration. */
WASM_API_EXTERN struct wasmtime_error* prova_engine_new(wasm_config_t*, wasm_engine_t** out);
/* Another handle of the same engine, to be deleted. */
WASM_API_EXTERN wasm_engine_t* wasmtime_engine_clone(const wasm_engine_t*);
/* Moves the epoch on by one; from any thread, and from a signal handler. */
WASM_API_EXTERN void wasmtime_engine_increment_epoch(const wasm_engine_t*);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_ENGINE_H */
