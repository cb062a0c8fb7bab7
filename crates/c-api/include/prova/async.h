/* Calls that wait. A call is a future: `wasmtime_call_future_poll` runs it until it has to wait, and
 * says whether it has ended. A suspended call needs no stack.
 *
 * A call waits where code calls a host function of `wasmtime_linker_define_async_func`, and where it
 * yields. The store is the call's until its future is deleted or has ended: functions that get the
 * store in between, except in callbacks of the call, fail as for a store in use. Calls that wait
 * begin outside of callbacks. Not in the reference tier. */

#ifndef PROVA_ASYNC_H
#define PROVA_ASYNC_H

#include "linker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a host function goes on with. The callback is called at once and each time that the call is
 * polled, until it gives true: then the results (or the trap) are there. It may use the store by the
 * caller. The finalizer is called when the host function is done or its call was given up. */
typedef bool (*wasmtime_func_async_continuation_callback_t)(void* env);
typedef struct wasmtime_async_continuation_t {
  wasmtime_func_async_continuation_callback_t callback;
  void* env;
  void (*finalizer)(void*);
} wasmtime_async_continuation_t;

/* A host function that may wait. Caller, arguments, results and trap stay where they are until it is
 * done. One that leaves the continuation as it is has its results at once. */
typedef void (*wasmtime_func_async_callback_t)(void* env, wasmtime_caller_t* caller,
                                               const wasmtime_val_t* args, size_t nargs,
                                               wasmtime_val_t* results, size_t nresults,
                                               wasm_trap_t** trap_ret,
                                               wasmtime_async_continuation_t* continuation_ret);

WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_async_func(
    wasmtime_linker_t*, const char* module, size_t module_len, const char* name, size_t name_len,
    const wasm_functype_t*, wasmtime_func_async_callback_t, void* env, void (*finalizer)(void*));

typedef struct wasmtime_call_future wasmtime_call_future_t;

/* Goes on with the call; true once it has ended and written its results. */
WASM_API_EXTERN bool wasmtime_call_future_poll(wasmtime_call_future_t*);
/* Gives a call up that has not ended. */
WASM_API_EXTERN void wasmtime_call_future_delete(wasmtime_call_future_t*);

/* Begin a call; the arguments are copied. Results, trap and error are written when it has ended: at
 * most one of trap and error is not NULL. */
WASM_API_EXTERN wasmtime_call_future_t* wasmtime_func_call_async(
    wasmtime_context_t*, const wasmtime_func_t*, const wasmtime_val_t* args, size_t nargs,
    wasmtime_val_t* results, size_t nresults, wasm_trap_t** trap_ret,
    wasmtime_error_t** error_ret);
WASM_API_EXTERN wasmtime_call_future_t* wasmtime_linker_instantiate_async(
    const wasmtime_linker_t*, wasmtime_context_t*, const wasmtime_module_t*,
    wasmtime_instance_t* out, wasm_trap_t** trap_ret, wasmtime_error_t** error_ret);
WASM_API_EXTERN wasmtime_call_future_t* wasmtime_instance_pre_instantiate_async(
    const wasmtime_instance_pre_t*, wasmtime_context_t*, wasmtime_instance_t* out,
    wasm_trap_t** trap_ret, wasmtime_error_t** error_ret);

/* Where calls that wait yield too: when the epoch is due, which is due again `delta` ticks later; after
 * each `interval` units of fuel (0: not). Both before the store's first instance, whose code stays
 * bytecode, and not while code of the store runs. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_context_epoch_deadline_async_yield_and_update(
    wasmtime_context_t*, uint64_t delta);
WASM_API_EXTERN wasmtime_error_t* wasmtime_context_fuel_async_yield_interval(wasmtime_context_t*,
                                                                             uint64_t interval);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_ASYNC_H */
