/* Profiles of programs, for the Firefox Profiler (https://profiler.firefox.com). */

#ifndef PROVA_PROFILING_H
#define PROVA_PROFILING_H

#include "module.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A profile in the making, of one thread. Samples are taken in the callback of
 * `wasmtime_store_epoch_deadline_callback`; one taken elsewhere has no frames, and counts as time
 * outside of the program. */
typedef struct wasmtime_guestprofiler wasmtime_guestprofiler_t;

/* A profile under the name of a program, sampled each `interval_nanos` from now on. The modules may be
 * left out: code of each module is in the profile, under the names that the module has. */
WASM_API_EXTERN wasmtime_guestprofiler_t* wasmtime_guestprofiler_new(
    const wasm_name_t* module_name, uint64_t interval_nanos, size_t modules_len,
    const wasm_name_t** modules_name, const wasmtime_module_t** modules_module);
/* Gives a profile up. */
WASM_API_EXTERN void wasmtime_guestprofiler_delete(wasmtime_guestprofiler_t*);
/* Counts where the code of the store is now. */
WASM_API_EXTERN void wasmtime_guestprofiler_sample(wasmtime_guestprofiler_t*,
                                                   const wasmtime_store_t*);
/* Takes the profile and writes it, as JSON. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_guestprofiler_finish(wasmtime_guestprofiler_t*,
                                                                wasm_byte_vec_t* out);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_PROFILING_H */
