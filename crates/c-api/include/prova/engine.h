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

#undef PROVA_CONFIG_PROPERTY

/* Whether results, traps and fuel are the same on every machine; off by default. */
WASM_API_EXTERN void prova_config_deterministic_set(wasm_config_t*, bool);
/* Whether the interpreter alone executes code; off by default: what is hot becomes machine code. */
WASM_API_EXTERN void prova_config_interpreter_set(wasm_config_t*, bool);

/* Another handle of the same engine, to be deleted. */
WASM_API_EXTERN wasm_engine_t* wasmtime_engine_clone(const wasm_engine_t*);
/* Moves the epoch on by one; from any thread, and from a signal handler. */
WASM_API_EXTERN void wasmtime_engine_increment_epoch(const wasm_engine_t*);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_ENGINE_H */
