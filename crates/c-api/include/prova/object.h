/* Objects of a store by plain handles: values, functions, globals, tables, memories, instances. */

#ifndef PROVA_OBJECT_H
#define PROVA_OBJECT_H

#include "module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Handles. `store_id` is 0 in the null of references; the other member is Prova's. */

typedef struct wasmtime_func {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_func_t;

typedef struct wasmtime_global {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_global_t;

typedef struct wasmtime_table {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_table_t;

typedef struct wasmtime_memory {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_memory_t;

typedef struct wasmtime_tag {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_tag_t;

typedef struct wasmtime_instance {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_instance_t;

typedef struct wasmtime_externref {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_externref_t;

typedef struct wasmtime_exnref {
  uint64_t store_id;
  uint64_t handle;
} wasmtime_exnref_t;

/* Externals. */

typedef uint8_t wasmtime_extern_kind_t;
#define WASMTIME_EXTERN_FUNC 0
#define WASMTIME_EXTERN_GLOBAL 1
#define WASMTIME_EXTERN_TABLE 2
#define WASMTIME_EXTERN_MEMORY 3
#define WASMTIME_EXTERN_SHAREDMEMORY 4
#define WASMTIME_EXTERN_TAG 5

/* A memory that threads share: it belongs to no store. */
typedef struct wasmtime_sharedmemory wasmtime_sharedmemory_t;

typedef union wasmtime_extern_union {
  wasmtime_func_t func;
  wasmtime_global_t global;
  wasmtime_table_t table;
  wasmtime_memory_t memory;
  wasmtime_tag_t tag;
  wasmtime_sharedmemory_t* sharedmemory;
} wasmtime_extern_union_t;

typedef struct wasmtime_extern {
  wasmtime_extern_kind_t kind;
  wasmtime_extern_union_t of;
} wasmtime_extern_t;

/* Deletes a shared memory; all others live as long as their store. What a function writes to `out` is
 * the program's. */
WASM_API_EXTERN void wasmtime_extern_delete(wasmtime_extern_t*);
WASM_API_EXTERN wasm_externtype_t* wasmtime_extern_type(wasmtime_context_t*,
                                                        const wasmtime_extern_t*);

/* Values. */

typedef uint8_t wasmtime_valkind_t;
#define WASMTIME_I32 0
#define WASMTIME_I64 1
#define WASMTIME_F32 2
#define WASMTIME_F64 3
#define WASMTIME_V128 4
#define WASMTIME_FUNCREF 5
#define WASMTIME_EXTERNREF 6
#define WASMTIME_EXNREF 8

typedef uint8_t wasmtime_v128[16];

typedef union wasmtime_valunion {
  int32_t i32;
  int64_t i64;
  float32_t f32;
  float64_t f64;
  wasmtime_v128 v128;
  wasmtime_func_t funcref;
  wasmtime_externref_t externref;
  wasmtime_exnref_t exnref;
} wasmtime_valunion_t;

typedef struct wasmtime_val {
  wasmtime_valkind_t kind;
  wasmtime_valunion_t of;
} wasmtime_val_t;

static inline void wasmtime_funcref_set_null(wasmtime_func_t* func) { func->store_id = 0; }
static inline bool wasmtime_funcref_is_null(const wasmtime_func_t* func) {
  return func->store_id == 0;
}
static inline void wasmtime_externref_set_null(wasmtime_externref_t* ref) { ref->store_id = 0; }
static inline bool wasmtime_externref_is_null(const wasmtime_externref_t* ref) {
  return ref->store_id == 0;
}

static inline void wasmtime_exnref_set_null(wasmtime_exnref_t* ref) { ref->store_id = 0; }
static inline bool wasmtime_exnref_is_null(const wasmtime_exnref_t* ref) {
  return ref->store_id == 0;
}

/* The type of vectors; whether two types are the same. */
WASM_API_EXTERN wasm_valtype_t* wasmtime_wasm_valtype_v128(void);
WASM_API_EXTERN bool wasmtime_wasm_valtype_equal(const wasm_valtype_t*, const wasm_valtype_t*);

/* Does nothing: references live as long as their store. */
WASM_API_EXTERN void wasmtime_val_unroot(wasmtime_val_t*);
WASM_API_EXTERN void wasmtime_val_clone(const wasmtime_val_t*, wasmtime_val_t* out);

/* Data of the host that code holds. The finalizer runs when the store ends. */

WASM_API_EXTERN bool wasmtime_externref_new(wasmtime_context_t*, void* data,
                                            void (*finalizer)(void*), wasmtime_externref_t* out);
WASM_API_EXTERN void* wasmtime_externref_data(wasmtime_context_t*, const wasmtime_externref_t*);
WASM_API_EXTERN void wasmtime_externref_clone(const wasmtime_externref_t*,
                                              wasmtime_externref_t* out);
/* Does nothing. */
WASM_API_EXTERN void wasmtime_externref_unroot(wasmtime_externref_t*);

/* Functions. A callback writes its results and gives NULL, or gives a trap. The caller lives as long
 * as the callback runs; `wasmtime_caller_export_get` asks the instance that called. */

typedef struct wasmtime_caller wasmtime_caller_t;

typedef wasm_trap_t* (*wasmtime_func_callback_t)(void* env, wasmtime_caller_t* caller,
                                                 const wasmtime_val_t* args, size_t nargs,
                                                 wasmtime_val_t* results, size_t nresults);

WASM_API_EXTERN void wasmtime_func_new(wasmtime_context_t*, const wasm_functype_t*,
                                       wasmtime_func_callback_t, void* env,
                                       void (*finalizer)(void*), wasmtime_func_t* out);
WASM_API_EXTERN wasm_functype_t* wasmtime_func_type(const wasmtime_context_t*,
                                                    const wasmtime_func_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_func_call(wasmtime_context_t*, const wasmtime_func_t*,
                                                     const wasmtime_val_t* args, size_t nargs,
                                                     wasmtime_val_t* results, size_t nresults,
                                                     wasm_trap_t** trap);
WASM_API_EXTERN bool wasmtime_caller_export_get(wasmtime_caller_t*, const char* name,
                                                size_t name_len, wasmtime_extern_t* out);
WASM_API_EXTERN wasmtime_context_t* wasmtime_caller_context(wasmtime_caller_t*);

/* Globals. */

WASM_API_EXTERN wasmtime_error_t* wasmtime_global_new(wasmtime_context_t*, const wasm_globaltype_t*,
                                                      const wasmtime_val_t*,
                                                      wasmtime_global_t* out);
WASM_API_EXTERN wasm_globaltype_t* wasmtime_global_type(const wasmtime_context_t*,
                                                        const wasmtime_global_t*);
WASM_API_EXTERN void wasmtime_global_get(wasmtime_context_t*, const wasmtime_global_t*,
                                         wasmtime_val_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_global_set(wasmtime_context_t*, const wasmtime_global_t*,
                                                      const wasmtime_val_t*);

/* Tables. `get` gives false beyond the end. */

WASM_API_EXTERN wasmtime_error_t* wasmtime_table_new(wasmtime_context_t*, const wasm_tabletype_t*,
                                                     const wasmtime_val_t* init,
                                                     wasmtime_table_t* out);
WASM_API_EXTERN wasm_tabletype_t* wasmtime_table_type(const wasmtime_context_t*,
                                                      const wasmtime_table_t*);
WASM_API_EXTERN bool wasmtime_table_get(wasmtime_context_t*, const wasmtime_table_t*,
                                        uint64_t index, wasmtime_val_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_table_set(wasmtime_context_t*, const wasmtime_table_t*,
                                                     uint64_t index, const wasmtime_val_t*);
WASM_API_EXTERN uint64_t wasmtime_table_size(const wasmtime_context_t*, const wasmtime_table_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_table_grow(wasmtime_context_t*, const wasmtime_table_t*,
                                                      uint64_t delta, const wasmtime_val_t* init,
                                                      uint64_t* previous);

/* Tags of exceptions. */

WASM_API_EXTERN wasmtime_error_t* wasmtime_tag_new(wasmtime_context_t*, const wasm_tagtype_t*,
                                                   wasmtime_tag_t* out);
WASM_API_EXTERN wasm_tagtype_t* wasmtime_tag_type(const wasmtime_context_t*, const wasmtime_tag_t*);
WASM_API_EXTERN bool wasmtime_tag_eq(const wasmtime_context_t*, const wasmtime_tag_t*,
                                     const wasmtime_tag_t*);

/* Exceptions: a tag and values that fit it. A handle keeps them until the store ends. */

WASM_API_EXTERN wasmtime_error_t* wasmtime_exnref_new(wasmtime_context_t*, const wasmtime_tag_t*,
                                                      const wasmtime_val_t* fields, size_t nfields,
                                                      wasmtime_exnref_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_exnref_tag(wasmtime_context_t*, const wasmtime_exnref_t*,
                                                      wasmtime_tag_t* out);
WASM_API_EXTERN size_t wasmtime_exnref_field_count(wasmtime_context_t*, const wasmtime_exnref_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_exnref_field(wasmtime_context_t*,
                                                        const wasmtime_exnref_t*, size_t index,
                                                        wasmtime_val_t* out);
WASM_API_EXTERN void wasmtime_exnref_clone(const wasmtime_exnref_t*, wasmtime_exnref_t* out);
/* Does nothing. */
WASM_API_EXTERN void wasmtime_exnref_unroot(wasmtime_exnref_t*);

/* Throws: the trap is what a callback returns for it. A call that ends with an exception gives a trap,
 * and `take` gives the exception, once. */
WASM_API_EXTERN wasm_trap_t* wasmtime_context_set_exception(wasmtime_context_t*,
                                                            const wasmtime_exnref_t*);
WASM_API_EXTERN bool wasmtime_context_take_exception(wasmtime_context_t*, wasmtime_exnref_t* out);
WASM_API_EXTERN bool wasmtime_context_has_exception(wasmtime_context_t*);

/* Memories. `data` may be read and written between calls of code, until the memory grows. Pages have
 * 2^16 bytes or 2^0; a shared memory has a greatest size. */

WASM_API_EXTERN wasmtime_error_t* wasmtime_memorytype_new(uint64_t min, bool max_present,
                                                          uint64_t max, bool is_64, bool shared,
                                                          uint8_t page_size_log2,
                                                          wasm_memorytype_t** out);
WASM_API_EXTERN uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t*);
WASM_API_EXTERN bool wasmtime_memorytype_maximum(const wasm_memorytype_t*, uint64_t* max);
WASM_API_EXTERN bool wasmtime_memorytype_is64(const wasm_memorytype_t*);
WASM_API_EXTERN bool wasmtime_memorytype_isshared(const wasm_memorytype_t*);
WASM_API_EXTERN uint64_t wasmtime_memorytype_page_size(const wasm_memorytype_t*);
WASM_API_EXTERN uint8_t wasmtime_memorytype_page_size_log2(const wasm_memorytype_t*);

WASM_API_EXTERN wasmtime_error_t* wasmtime_memory_new(wasmtime_context_t*, const wasm_memorytype_t*,
                                                      wasmtime_memory_t* out);
WASM_API_EXTERN wasm_memorytype_t* wasmtime_memory_type(const wasmtime_context_t*,
                                                        const wasmtime_memory_t*);
WASM_API_EXTERN uint8_t* wasmtime_memory_data(wasmtime_context_t*, const wasmtime_memory_t*);
WASM_API_EXTERN size_t wasmtime_memory_data_size(const wasmtime_context_t*,
                                                 const wasmtime_memory_t*);
WASM_API_EXTERN uint64_t wasmtime_memory_size(const wasmtime_context_t*, const wasmtime_memory_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_memory_grow(wasmtime_context_t*,
                                                       const wasmtime_memory_t*, uint64_t delta,
                                                       uint64_t* previous);
WASM_API_EXTERN uint64_t wasmtime_memory_page_size(wasmtime_context_t*, const wasmtime_memory_t*);
WASM_API_EXTERN uint8_t wasmtime_memory_page_size_log2(wasmtime_context_t*,
                                                       const wasmtime_memory_t*);

/* Shared memories, of an engine with `wasmtime_config_shared_memory_set`. Any thread may call these
 * functions at any time. `data` stays where it is; code may read and write it at any time, so a program
 * uses atomic accesses. Instances import one by an external of this kind. */

WASM_API_EXTERN wasmtime_error_t* wasmtime_sharedmemory_new(const wasm_engine_t*,
                                                            const wasm_memorytype_t*,
                                                            wasmtime_sharedmemory_t** out);
WASM_API_EXTERN void wasmtime_sharedmemory_delete(wasmtime_sharedmemory_t*);
/* Another handle of the same memory. */
WASM_API_EXTERN wasmtime_sharedmemory_t* wasmtime_sharedmemory_clone(
    const wasmtime_sharedmemory_t*);
WASM_API_EXTERN wasm_memorytype_t* wasmtime_sharedmemory_type(const wasmtime_sharedmemory_t*);
WASM_API_EXTERN uint8_t* wasmtime_sharedmemory_data(const wasmtime_sharedmemory_t*);
WASM_API_EXTERN size_t wasmtime_sharedmemory_data_size(const wasmtime_sharedmemory_t*);
WASM_API_EXTERN uint64_t wasmtime_sharedmemory_size(const wasmtime_sharedmemory_t*);
WASM_API_EXTERN wasmtime_error_t* wasmtime_sharedmemory_grow(const wasmtime_sharedmemory_t*,
                                                             uint64_t delta, uint64_t* previous);

/* Instances. Imports stand in the module's order. */

WASM_API_EXTERN wasmtime_error_t* wasmtime_instance_new(wasmtime_context_t*,
                                                        const wasmtime_module_t*,
                                                        const wasmtime_extern_t* imports,
                                                        size_t nimports, wasmtime_instance_t* out,
                                                        wasm_trap_t** trap);
WASM_API_EXTERN bool wasmtime_instance_export_get(wasmtime_context_t*, const wasmtime_instance_t*,
                                                  const char* name, size_t name_len,
                                                  wasmtime_extern_t* out);
/* The name lives as long as the store, and does not end with NUL. */
WASM_API_EXTERN bool wasmtime_instance_export_nth(wasmtime_context_t*, const wasmtime_instance_t*,
                                                  size_t index, char** name, size_t* name_len,
                                                  wasmtime_extern_t* out);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PROVA_OBJECT_H */
