/* Imports by name. */

#ifndef PROVA_LINKER_H
#define PROVA_LINKER_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;

WASM_API_EXTERN wasmtime_linker_t* wasmtime_linker_new(wasm_engine_t*);
WASM_API_EXTERN wasmtime_linker_t* wasmtime_linker_clone(const wasmtime_linker_t*);
WASM_API_EXTERN void wasmtime_linker_delete(wasmtime_linker_t*);
/* Whether a name may be defined again; off by default. */
WASM_API_EXTERN void wasmtime_linker_allow_shadowing(wasmtime_linker_t*, bool allow_shadowing);

/* Defines a name as an object of a store; as a host function for every store; all functions of WASI
 * preview 1; all exports of an instance. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define(wasmtime_linker_t*, wasmtime_context_t*,
                                                         const char* module, size_t module_len,
                                                         const char* name, size_t name_len,
                                                         const wasmtime_extern_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_func(
    wasmtime_linker_t*, const char* module, size_t module_len, const char* name, size_t name_len,
    const wasm_functype_t*, wasmtime_func_callback_t, void* env, void (*finalizer)(void*));
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_wasi(wasmtime_linker_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_instance(wasmtime_linker_t*,
                                                                  wasmtime_context_t*,
                                                                  const char* name, size_t name_len,
                                                                  const wasmtime_instance_t*);
/* Defines what a module imports and the linker does not know: functions that trap, where any other
 * import is an error; or functions that give zeros and nulls, and globals, tables and memories of the
 * store with zeros and nulls, where references without null and tags are an error. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_unknown_imports_as_traps(
    wasmtime_linker_t*, const wasmtime_module_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_unknown_imports_as_default_values(
    wasmtime_linker_t*, wasmtime_context_t*, const wasmtime_module_t*);

WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_instantiate(const wasmtime_linker_t*,
                                                              wasmtime_context_t*,
                                                              const wasmtime_module_t*,
                                                              wasmtime_instance_t* out,
                                                              wasm_trap_t** trap);
/* Instantiates, calls the export `_initialize` if there is one, and defines the exports. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_module(wasmtime_linker_t*, wasmtime_context_t*,
                                                         const char* name, size_t name_len,
                                                         const wasmtime_module_t*);
/* The function that a module name stands for as a command: its item "" or `_start`. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_get_default(const wasmtime_linker_t*,
                                                              wasmtime_context_t*, const char* name,
                                                              size_t name_len,
                                                              wasmtime_func_t* out);
WASM_API_EXTERN bool wasmtime_linker_get(const wasmtime_linker_t*, wasmtime_context_t*,
                                         const char* module, size_t module_len, const char* name,
                                         size_t name_len, wasmtime_extern_t* out);

/* Finds the imports of a module once, to instantiate it in many stores. */
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_instantiate_pre(const wasmtime_linker_t*,
                                                                  const wasmtime_module_t*,
                                                                  wasmtime_instance_pre_t** out);
WASM_API_EXTERN void wasmtime_instance_pre_delete(wasmtime_instance_pre_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t*,
                                                                    wasmtime_context_t*,
                                                                    wasmtime_instance_t* out,
                                                                    wasm_trap_t** trap);
WASM_API_EXTERN wasmtime_module_t* wasmtime_instance_pre_module(const wasmtime_instance_pre_t*);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_LINKER_H */
