/* Modules, and text to binary. */

#ifndef PROVA_MODULE_H
#define PROVA_MODULE_H

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_module wasmtime_module_t;

WASM_API_EXTERN wasmtime_error_t* wasmtime_module_new(wasm_engine_t*, const uint8_t* wasm,
                                                      size_t wasm_len, wasmtime_module_t** out);
WASM_API_EXTERN void wasmtime_module_delete(wasmtime_module_t*);
WASM_API_EXTERN wasmtime_module_t* wasmtime_module_clone(const wasmtime_module_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_module_validate(wasm_engine_t*, const uint8_t* wasm,
                                                           size_t wasm_len);
WASM_API_EXTERN void wasmtime_module_imports(const wasmtime_module_t*, wasm_importtype_vec_t* out);
WASM_API_EXTERN void wasmtime_module_exports(const wasmtime_module_t*, wasm_exporttype_vec_t* out);

/* The module with its machine code, as `prova compile` writes it; an error where there is none. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_module_serialize(const wasmtime_module_t*,
                                                            wasm_byte_vec_t* out);
/* Safe for bytes of any origin: the module inside is validated, and machine code runs only after a
 * check has accepted it. A function whose code is refused runs as bytecode. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_module_deserialize(wasm_engine_t*, const uint8_t* bytes,
                                                              size_t bytes_len,
                                                              wasmtime_module_t** out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_module_deserialize_file(wasm_engine_t*, const char* path,
                                                                   wasmtime_module_t** out);

/* Why functions have no machine code, so far: a line for each of them, in the order of their indices;
 * no bytes if there is none. Code is made before the first call with WASMTIME_STRATEGY_CRANELIFT, and
 * of what is hot otherwise. */
WASM_API_EXTERN void prova_module_refusals(const wasmtime_module_t*, wasm_byte_vec_t* out);

/* The text format to bytes of a module. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_wat2wasm(const char* wat, size_t wat_len,
                                                    wasm_byte_vec_t* out);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_MODULE_H */
