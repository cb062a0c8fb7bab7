/* Errors, traps by code, and stores. */

#ifndef PROVA_STORE_H
#define PROVA_STORE_H

#include "../wasi.h"
#include "../wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An error: its message names each cause in a line, and does not end with NUL. */

typedef struct wasmtime_error wasmtime_error_t;

WASM_API_EXTERN wasmtime_error_t* wasmtime_error_new(const char* message);
WASM_API_EXTERN void wasmtime_error_delete(wasmtime_error_t*);
WASM_API_EXTERN void wasmtime_error_message(const wasmtime_error_t*, wasm_name_t* out);
/* Whether a program of WASI ended by `proc_exit`, and its exit code. */
WASM_API_EXTERN bool wasmtime_error_exit_status(const wasmtime_error_t*, int* status);
WASM_API_EXTERN void wasmtime_error_wasm_trace(const wasmtime_error_t*, wasm_frame_vec_t* out);

/* Traps. Those of a host function's own message have no code, and come out of a call as errors. */

typedef uint8_t wasmtime_trap_code_t;
enum wasmtime_trap_code_enum {
  WASMTIME_TRAP_CODE_STACK_OVERFLOW = 0,
  WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS = 1,
  WASMTIME_TRAP_CODE_HEAP_MISALIGNED = 2,
  WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS = 3,
  WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL = 4,
  WASMTIME_TRAP_CODE_BAD_SIGNATURE = 5,
  WASMTIME_TRAP_CODE_INTEGER_OVERFLOW = 6,
  WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO = 7,
  WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER = 8,
  WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED = 9,
  WASMTIME_TRAP_CODE_INTERRUPT = 10,
  WASMTIME_TRAP_CODE_OUT_OF_FUEL = 11,
  WASMTIME_TRAP_CODE_ATOMIC_WAIT_NON_SHARED_MEMORY = 12,
  WASMTIME_TRAP_CODE_NULL_REFERENCE = 13,
  WASMTIME_TRAP_CODE_UNCAUGHT_EXCEPTION = 49,
  /* Prova's own. */
  PROVA_TRAP_CODE_TOO_MANY_EXCEPTIONS = 200,
  PROVA_TRAP_CODE_GROWTH_LIMIT = 201,
  PROVA_TRAP_CODE_ABORTED = 202,
};

WASM_API_EXTERN wasm_trap_t* wasmtime_trap_new(const char* message, size_t len);
WASM_API_EXTERN wasm_trap_t* wasmtime_trap_new_code(wasmtime_trap_code_t);
WASM_API_EXTERN bool wasmtime_trap_code(const wasm_trap_t*, wasmtime_trap_code_t* code);
/* Names live as long as the frame; NULL where there is none. */
WASM_API_EXTERN const wasm_name_t* wasmtime_frame_func_name(const wasm_frame_t*);
WASM_API_EXTERN const wasm_name_t* wasmtime_frame_module_name(const wasm_frame_t*);

/* A store belongs to its program; the context is what most functions take, and what a callback gets.
 * All contexts of a store are the same. */

typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;

WASM_API_EXTERN wasmtime_store_t* wasmtime_store_new(wasm_engine_t*, void* data,
                                                     void (*finalizer)(void*));
/* Not from a callback of the store: ends the process while code of it runs. */
WASM_API_EXTERN void wasmtime_store_delete(wasmtime_store_t*);
WASM_API_EXTERN wasmtime_context_t* wasmtime_store_context(wasmtime_store_t*);
/* Limits of a store; a negative number leaves the default. Not while code of the store runs. */
WASM_API_EXTERN void wasmtime_store_limiter(wasmtime_store_t*, int64_t memory_size,
                                            int64_t table_elements, int64_t instances,
                                            int64_t tables, int64_t memories);

WASM_API_EXTERN void* wasmtime_context_get_data(const wasmtime_context_t*);
WASM_API_EXTERN void wasmtime_context_set_data(wasmtime_context_t*, void* data);
/* An error if the engine does not consume fuel. A new store has none. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_context_set_fuel(wasmtime_context_t*, uint64_t fuel);
WASM_API_EXTERN wasmtime_error_t* wasmtime_context_get_fuel(const wasmtime_context_t*,
                                                            uint64_t* fuel);
/* Forgets the exceptions to which nothing refers. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_context_gc(wasmtime_context_t*);
/* Takes the configuration. Without one, programs of WASI are granted nothing. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_context_set_wasi(wasmtime_context_t*, wasi_config_t*);
/* Code traps once the epoch is so many ticks beyond now. In an engine that counts epochs, a new
 * store of `wasmtime_store_new` runs nothing before this is called. */
WASM_API_EXTERN void wasmtime_context_set_epoch_deadline(wasmtime_context_t*,
                                                         uint64_t ticks_beyond_current);

typedef uint8_t wasmtime_update_deadline_kind_t;
#define WASMTIME_UPDATE_DEADLINE_CONTINUE 0
/* A call of `prova/async.h` yields; any other traps. */
#define WASMTIME_UPDATE_DEADLINE_YIELD 1

/* Asks the callback when the deadline is reached, in place of a trap. It gives an error, which ends
 * the call, or NULL and the ticks until the next deadline, of which 0 is 1. It may use the store, but
 * not call code of it. NULL as the callback: code traps again. Before the store's first instance, and
 * not while code of the store runs; code of such a store stays bytecode. */
WASM_API_EXTERN void wasmtime_store_epoch_deadline_callback(
    wasmtime_store_t*,
    wasmtime_error_t* (*func)(wasmtime_context_t*, void* data, uint64_t* epoch_deadline_delta,
                              wasmtime_update_deadline_kind_t* update_kind),
    void* data, void (*finalizer)(void*));

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_STORE_H */
