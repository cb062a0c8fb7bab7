/* wasm.h: WebAssembly's C API, as https://github.com/WebAssembly/wasm-c-api defines it, for Prova.
 *
 * Link with -lprova_c, or with libprova_c.a and the libraries that `pkg-config --static` names.
 *
 * Ownership is written with `own`, as a qualifier:
 *   - `own wasm_x_t*` as a parameter: the function takes the object, the caller does not use it again;
 *   - `own wasm_x_t*` as a result: the caller gets the object and deletes it with `wasm_x_delete`;
 *   - `own wasm_x_vec_t*` named `out`: the function writes a vector that the caller deletes;
 *   - everything else is lent for the call.
 * Deleting a handle gives up this handle of the object. An object of a store lives as long as the
 * store, and the store as long as any handle of it or of one of its objects.
 *
 * What this header leaves open, and how Prova does it:
 *   - NULL where it is not allowed ends the process with a message that names the parameter;
 *     deleting NULL does nothing, and a copy of NULL is NULL.
 *   - A vector that was given up or deleted is empty afterwards.
 *   - An engine, a module and a shared module may be used by several threads at once; a store, with
 *     everything in it, by one thread at a time.
 *   - Callbacks may use the store that calls them. They do not unwind (no `longjmp`, no exception).
 *   - `wasm_module_deserialize` is safe for bytes of any origin: the module inside is validated, and
 *     machine code runs only after a check has accepted it.
 */

#ifndef WASM_H
#define WASM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef WASM_API_EXTERN
#if defined(_WIN32) && !defined(__MINGW32__) && !defined(LIBWASM_STATIC)
#define WASM_API_EXTERN __declspec(dllimport)
#else
#define WASM_API_EXTERN
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Machine types. */

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;

static_assert(sizeof(float32_t) == 4, "a float has 32 bits");
static_assert(sizeof(float64_t) == 8, "a double has 64 bits");
static_assert(sizeof(intptr_t) == 4 || sizeof(intptr_t) == 8, "a pointer has 32 or 64 bits");

#define own

/* A type with objects that are owned. */
#define WASM_DECLARE_OWN(name)                                                                     \
  typedef struct wasm_##name##_t wasm_##name##_t;                                                  \
  WASM_API_EXTERN void wasm_##name##_delete(own wasm_##name##_t*);

/* Vectors of a type. `ptr_or_none` is `*` where the elements are owned objects. `new` takes the
 * elements out of an array, `delete` deletes them too. */
#define WASM_DECLARE_VEC(name, ptr_or_none)                                                        \
  typedef struct wasm_##name##_vec_t {                                                             \
    size_t size;                                                                                   \
    wasm_##name##_t ptr_or_none* data;                                                             \
  } wasm_##name##_vec_t;                                                                           \
  WASM_API_EXTERN void wasm_##name##_vec_new_empty(own wasm_##name##_vec_t* out);                  \
  WASM_API_EXTERN void wasm_##name##_vec_new_uninitialized(own wasm_##name##_vec_t* out, size_t);  \
  WASM_API_EXTERN void wasm_##name##_vec_new(own wasm_##name##_vec_t* out, size_t,                 \
                                             own wasm_##name##_t ptr_or_none const[]);             \
  WASM_API_EXTERN void wasm_##name##_vec_copy(own wasm_##name##_vec_t* out,                        \
                                              const wasm_##name##_vec_t*);                         \
  WASM_API_EXTERN void wasm_##name##_vec_delete(own wasm_##name##_vec_t*);

#define WASM_EMPTY_VEC {0, NULL}
#define WASM_ARRAY_VEC(array) {sizeof(array) / sizeof(*(array)), array}

/* Bytes, names and messages. */

typedef byte_t wasm_byte_t;
WASM_DECLARE_VEC(byte, )

typedef wasm_byte_vec_t wasm_name_t;

#define wasm_name wasm_byte_vec
#define wasm_name_new wasm_byte_vec_new
#define wasm_name_new_empty wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_new_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_copy wasm_byte_vec_copy
#define wasm_name_delete wasm_byte_vec_delete

static inline void wasm_name_new_from_string(own wasm_name_t* out, const char* string) {
  wasm_byte_vec_new(out, strlen(string), string);
}

/* With the NUL at the end. */
static inline void wasm_name_new_from_string_nt(own wasm_name_t* out, const char* string) {
  wasm_byte_vec_new(out, strlen(string) + 1, string);
}

/* Configuration, engine, store. `prova.h` has functions that change a configuration; an engine of a
 * configuration that contradicts itself is NULL. */

WASM_DECLARE_OWN(config)
WASM_API_EXTERN own wasm_config_t* wasm_config_new(void);

WASM_DECLARE_OWN(engine)
WASM_API_EXTERN own wasm_engine_t* wasm_engine_new(void);
WASM_API_EXTERN own wasm_engine_t* wasm_engine_new_with_config(own wasm_config_t*);

WASM_DECLARE_OWN(store)
WASM_API_EXTERN own wasm_store_t* wasm_store_new(wasm_engine_t*);

/* Types. */

#define WASM_DECLARE_TYPE(name)                                                                    \
  WASM_DECLARE_OWN(name)                                                                           \
  WASM_DECLARE_VEC(name, *)                                                                        \
  WASM_API_EXTERN own wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t*);

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum {
  WASM_CONST,
  WASM_VAR,
};

/* `max` is `wasm_limits_max_default` where there is no greatest size. */
typedef struct wasm_limits_t {
  uint32_t min;
  uint32_t max;
} wasm_limits_t;

static const uint32_t wasm_limits_max_default = 0xffffffff;

WASM_DECLARE_TYPE(valtype)

typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum {
  WASM_I32,
  WASM_I64,
  WASM_F32,
  WASM_F64,
  WASM_EXTERNREF = 128,
  WASM_FUNCREF,
};

/* Kinds of types that `wasm_val_t` has no place for. A call that would have to is an error. */
enum prova_valkind_enum {
  PROVA_V128 = 4,
  PROVA_EXNREF = 130,
};

WASM_API_EXTERN own wasm_valtype_t* wasm_valtype_new(wasm_valkind_t);
WASM_API_EXTERN wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t*);

static inline bool wasm_valkind_is_num(wasm_valkind_t kind) { return kind < WASM_EXTERNREF; }
static inline bool wasm_valkind_is_ref(wasm_valkind_t kind) { return kind >= WASM_EXTERNREF; }

static inline bool wasm_valtype_is_num(const wasm_valtype_t* type) {
  return wasm_valkind_is_num(wasm_valtype_kind(type));
}
static inline bool wasm_valtype_is_ref(const wasm_valtype_t* type) {
  return wasm_valkind_is_ref(wasm_valtype_kind(type));
}

WASM_DECLARE_TYPE(functype)

WASM_API_EXTERN own wasm_functype_t* wasm_functype_new(own wasm_valtype_vec_t* params,
                                                       own wasm_valtype_vec_t* results);
WASM_API_EXTERN const wasm_valtype_vec_t* wasm_functype_params(const wasm_functype_t*);
WASM_API_EXTERN const wasm_valtype_vec_t* wasm_functype_results(const wasm_functype_t*);

WASM_DECLARE_TYPE(globaltype)

WASM_API_EXTERN own wasm_globaltype_t* wasm_globaltype_new(own wasm_valtype_t*, wasm_mutability_t);
WASM_API_EXTERN const wasm_valtype_t* wasm_globaltype_content(const wasm_globaltype_t*);
WASM_API_EXTERN wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t*);

WASM_DECLARE_TYPE(tabletype)

WASM_API_EXTERN own wasm_tabletype_t* wasm_tabletype_new(own wasm_valtype_t*, const wasm_limits_t*);
WASM_API_EXTERN const wasm_valtype_t* wasm_tabletype_element(const wasm_tabletype_t*);
WASM_API_EXTERN const wasm_limits_t* wasm_tabletype_limits(const wasm_tabletype_t*);

WASM_DECLARE_TYPE(memorytype)

WASM_API_EXTERN own wasm_memorytype_t* wasm_memorytype_new(const wasm_limits_t*);
WASM_API_EXTERN const wasm_limits_t* wasm_memorytype_limits(const wasm_memorytype_t*);

/* The type of a tag: its exceptions carry the parameters of the function type. */
WASM_DECLARE_TYPE(tagtype)

WASM_API_EXTERN own wasm_tagtype_t* wasm_tagtype_new(own wasm_functype_t*);
WASM_API_EXTERN const wasm_functype_t* wasm_tagtype_functype(const wasm_tagtype_t*);

/* The type of any of these. `as` gives the same type under its other name: lent, and NULL if it is
 * of another kind. */
WASM_DECLARE_TYPE(externtype)

typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum {
  WASM_EXTERN_FUNC,
  WASM_EXTERN_GLOBAL,
  WASM_EXTERN_TABLE,
  WASM_EXTERN_MEMORY,
  WASM_EXTERN_TAG,
};

WASM_API_EXTERN wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t*);

#define PROVA_DECLARE_EXTERNTYPE(name)                                                             \
  WASM_API_EXTERN wasm_externtype_t* wasm_##name##_as_externtype(wasm_##name##_t*);                \
  WASM_API_EXTERN wasm_##name##_t* wasm_externtype_as_##name(wasm_externtype_t*);                  \
  WASM_API_EXTERN const wasm_externtype_t* wasm_##name##_as_externtype_const(                      \
      const wasm_##name##_t*);                                                                     \
  WASM_API_EXTERN const wasm_##name##_t* wasm_externtype_as_##name##_const(                        \
      const wasm_externtype_t*);

PROVA_DECLARE_EXTERNTYPE(functype)
PROVA_DECLARE_EXTERNTYPE(globaltype)
PROVA_DECLARE_EXTERNTYPE(tabletype)
PROVA_DECLARE_EXTERNTYPE(memorytype)
PROVA_DECLARE_EXTERNTYPE(tagtype)

/* Imports and exports of a module. Names do not end with NUL. */

WASM_DECLARE_TYPE(importtype)

WASM_API_EXTERN own wasm_importtype_t* wasm_importtype_new(own wasm_name_t* module,
                                                           own wasm_name_t* name,
                                                           own wasm_externtype_t*);
WASM_API_EXTERN const wasm_name_t* wasm_importtype_module(const wasm_importtype_t*);
WASM_API_EXTERN const wasm_name_t* wasm_importtype_name(const wasm_importtype_t*);
WASM_API_EXTERN const wasm_externtype_t* wasm_importtype_type(const wasm_importtype_t*);

WASM_DECLARE_TYPE(exporttype)

WASM_API_EXTERN own wasm_exporttype_t* wasm_exporttype_new(own wasm_name_t*,
                                                           own wasm_externtype_t*);
WASM_API_EXTERN const wasm_name_t* wasm_exporttype_name(const wasm_exporttype_t*);
WASM_API_EXTERN const wasm_externtype_t* wasm_exporttype_type(const wasm_exporttype_t*);

/* Values. One that is a reference owns its handle. */

struct wasm_ref_t;

typedef struct wasm_val_t {
  wasm_valkind_t kind;
  union {
    int32_t i32;
    int64_t i64;
    float32_t f32;
    float64_t f64;
    struct wasm_ref_t* ref;
  } of;
} wasm_val_t;

WASM_API_EXTERN void wasm_val_delete(own wasm_val_t*);
WASM_API_EXTERN void wasm_val_copy(own wasm_val_t* out, const wasm_val_t*);

WASM_DECLARE_VEC(val, )

#define WASM_I32_VAL(value) {.kind = WASM_I32, .of = {.i32 = value}}
#define WASM_I64_VAL(value) {.kind = WASM_I64, .of = {.i64 = value}}
#define WASM_F32_VAL(value) {.kind = WASM_F32, .of = {.f32 = value}}
#define WASM_F64_VAL(value) {.kind = WASM_F64, .of = {.f64 = value}}
#define WASM_REF_VAL(value) {.kind = WASM_EXTERNREF, .of = {.ref = value}}
#define WASM_INIT_VAL {.kind = WASM_EXTERNREF, .of = {.ref = NULL}}

/* References. `same` asks for the same object. Host information belongs to the object: all its
 * handles have it. The finalizer runs when the object ends, or when other information takes the
 * place of this. An object of a store ends with the store. */

#define WASM_DECLARE_REF_BASE(name)                                                                \
  WASM_DECLARE_OWN(name)                                                                           \
  WASM_API_EXTERN own wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t*);                 \
  WASM_API_EXTERN bool wasm_##name##_same(const wasm_##name##_t*, const wasm_##name##_t*);         \
  WASM_API_EXTERN void* wasm_##name##_get_host_info(const wasm_##name##_t*);                       \
  WASM_API_EXTERN void wasm_##name##_set_host_info(wasm_##name##_t*, void*);                       \
  WASM_API_EXTERN void wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t*, void*,         \
                                                                  void (*)(void*));

#define WASM_DECLARE_REF(name)                                                                     \
  WASM_DECLARE_REF_BASE(name)                                                                      \
  WASM_API_EXTERN wasm_ref_t* wasm_##name##_as_ref(wasm_##name##_t*);                              \
  WASM_API_EXTERN wasm_##name##_t* wasm_ref_as_##name(wasm_ref_t*);                                \
  WASM_API_EXTERN const wasm_ref_t* wasm_##name##_as_ref_const(const wasm_##name##_t*);            \
  WASM_API_EXTERN const wasm_##name##_t* wasm_ref_as_##name##_const(const wasm_ref_t*);

#define WASM_DECLARE_SHARABLE_REF(name)                                                            \
  WASM_DECLARE_REF(name)                                                                           \
  WASM_DECLARE_OWN(shared_##name)                                                                  \
  WASM_API_EXTERN own wasm_shared_##name##_t* wasm_##name##_share(const wasm_##name##_t*);         \
  WASM_API_EXTERN own wasm_##name##_t* wasm_##name##_obtain(wasm_store_t*,                         \
                                                            const wasm_shared_##name##_t*);

WASM_DECLARE_REF_BASE(ref)

/* Frames of a trap. `wasm_frame_instance` is NULL: backtraces name functions and modules. */

WASM_DECLARE_OWN(frame)
WASM_DECLARE_VEC(frame, *)
WASM_API_EXTERN own wasm_frame_t* wasm_frame_copy(const wasm_frame_t*);

WASM_API_EXTERN struct wasm_instance_t* wasm_frame_instance(const wasm_frame_t*);
WASM_API_EXTERN uint32_t wasm_frame_func_index(const wasm_frame_t*);
WASM_API_EXTERN size_t wasm_frame_func_offset(const wasm_frame_t*);
WASM_API_EXTERN size_t wasm_frame_module_offset(const wasm_frame_t*);

/* Traps: every error of a call. Messages end with NUL. */

typedef wasm_name_t wasm_message_t;

WASM_DECLARE_REF(trap)

WASM_API_EXTERN own wasm_trap_t* wasm_trap_new(wasm_store_t* store, const wasm_message_t*);
WASM_API_EXTERN void wasm_trap_message(const wasm_trap_t*, own wasm_message_t* out);
WASM_API_EXTERN own wasm_frame_t* wasm_trap_origin(const wasm_trap_t*);
WASM_API_EXTERN void wasm_trap_trace(const wasm_trap_t*, own wasm_frame_vec_t* out);

/* Objects of the host: host information and nothing else. */

WASM_DECLARE_REF(foreign)

WASM_API_EXTERN own wasm_foreign_t* wasm_foreign_new(wasm_store_t*);

/* Modules. NULL where the bytes are refused. `serialize` writes the module with its machine code, as
 * `prova compile` does; nothing where there is no machine code of it (another processor than x86-64,
 * or an engine that counts epochs). */

WASM_DECLARE_SHARABLE_REF(module)

WASM_API_EXTERN own wasm_module_t* wasm_module_new(wasm_store_t*, const wasm_byte_vec_t* binary);
WASM_API_EXTERN bool wasm_module_validate(wasm_store_t*, const wasm_byte_vec_t* binary);
WASM_API_EXTERN void wasm_module_imports(const wasm_module_t*, own wasm_importtype_vec_t* out);
WASM_API_EXTERN void wasm_module_exports(const wasm_module_t*, own wasm_exporttype_vec_t* out);
WASM_API_EXTERN void wasm_module_serialize(const wasm_module_t*, own wasm_byte_vec_t* out);
WASM_API_EXTERN own wasm_module_t* wasm_module_deserialize(wasm_store_t*, const wasm_byte_vec_t*);

/* Functions. A callback owns nothing of `args`; it writes `results`, which has as many elements as
 * the type has results, and gives NULL, or gives a trap. A call gives NULL and has written the
 * results, or gives a trap. Arguments of other types or numbers are a trap, too. */

WASM_DECLARE_REF(func)

typedef own wasm_trap_t* (*wasm_func_callback_t)(const wasm_val_vec_t* args,
                                                 own wasm_val_vec_t* results);
typedef own wasm_trap_t* (*wasm_func_callback_with_env_t)(void* env, const wasm_val_vec_t* args,
                                                          wasm_val_vec_t* results);

WASM_API_EXTERN own wasm_func_t* wasm_func_new(wasm_store_t*, const wasm_functype_t*,
                                               wasm_func_callback_t);
WASM_API_EXTERN own wasm_func_t* wasm_func_new_with_env(wasm_store_t*, const wasm_functype_t* type,
                                                        wasm_func_callback_with_env_t, void* env,
                                                        void (*finalizer)(void*));
WASM_API_EXTERN own wasm_functype_t* wasm_func_type(const wasm_func_t*);
WASM_API_EXTERN size_t wasm_func_param_arity(const wasm_func_t*);
WASM_API_EXTERN size_t wasm_func_result_arity(const wasm_func_t*);
WASM_API_EXTERN own wasm_trap_t* wasm_func_call(const wasm_func_t*, const wasm_val_vec_t* args,
                                                wasm_val_vec_t* results);

/* Globals. `new` gives NULL for a value of another type; `set` of one, or of a constant global, does
 * nothing. */

WASM_DECLARE_REF(global)

WASM_API_EXTERN own wasm_global_t* wasm_global_new(wasm_store_t*, const wasm_globaltype_t*,
                                                   const wasm_val_t*);
WASM_API_EXTERN own wasm_globaltype_t* wasm_global_type(const wasm_global_t*);
WASM_API_EXTERN void wasm_global_get(const wasm_global_t*, own wasm_val_t* out);
WASM_API_EXTERN void wasm_global_set(wasm_global_t*, const wasm_val_t*);

/* Tables. `get` gives NULL for null and beyond the end. */

WASM_DECLARE_REF(table)

typedef uint32_t wasm_table_size_t;

WASM_API_EXTERN own wasm_table_t* wasm_table_new(wasm_store_t*, const wasm_tabletype_t*,
                                                 wasm_ref_t* init);
WASM_API_EXTERN own wasm_tabletype_t* wasm_table_type(const wasm_table_t*);
WASM_API_EXTERN own wasm_ref_t* wasm_table_get(const wasm_table_t*, wasm_table_size_t index);
WASM_API_EXTERN bool wasm_table_set(wasm_table_t*, wasm_table_size_t index, wasm_ref_t*);
WASM_API_EXTERN wasm_table_size_t wasm_table_size(const wasm_table_t*);
WASM_API_EXTERN bool wasm_table_grow(wasm_table_t*, wasm_table_size_t delta, wasm_ref_t* init);

/* Memories. `data` may be read and written between calls of code, until the memory grows. */

WASM_DECLARE_REF(memory)

typedef uint32_t wasm_memory_pages_t;

static const size_t MEMORY_PAGE_SIZE = 0x10000;

WASM_API_EXTERN own wasm_memory_t* wasm_memory_new(wasm_store_t*, const wasm_memorytype_t*);
WASM_API_EXTERN own wasm_memorytype_t* wasm_memory_type(const wasm_memory_t*);
WASM_API_EXTERN byte_t* wasm_memory_data(wasm_memory_t*);
WASM_API_EXTERN size_t wasm_memory_data_size(const wasm_memory_t*);
WASM_API_EXTERN wasm_memory_pages_t wasm_memory_size(const wasm_memory_t*);
WASM_API_EXTERN bool wasm_memory_grow(wasm_memory_t*, wasm_memory_pages_t delta);

/* Externals: functions, globals, tables, memories, and tags, which have no other handle. `as` gives
 * the same handle under its other name: lent, and NULL if it is of another kind. */

WASM_DECLARE_REF(extern)
WASM_DECLARE_VEC(extern, *)

WASM_API_EXTERN wasm_externkind_t wasm_extern_kind(const wasm_extern_t*);
WASM_API_EXTERN own wasm_externtype_t* wasm_extern_type(const wasm_extern_t*);

#define PROVA_DECLARE_EXTERN(name)                                                                 \
  WASM_API_EXTERN wasm_extern_t* wasm_##name##_as_extern(wasm_##name##_t*);                        \
  WASM_API_EXTERN wasm_##name##_t* wasm_extern_as_##name(wasm_extern_t*);                          \
  WASM_API_EXTERN const wasm_extern_t* wasm_##name##_as_extern_const(const wasm_##name##_t*);      \
  WASM_API_EXTERN const wasm_##name##_t* wasm_extern_as_##name##_const(const wasm_extern_t*);

PROVA_DECLARE_EXTERN(func)
PROVA_DECLARE_EXTERN(global)
PROVA_DECLARE_EXTERN(table)
PROVA_DECLARE_EXTERN(memory)

/* Instances. `new` runs the start function. Where it gives NULL, the trap says why: imports that do
 * not fit, a limit, or a trap of the start function. */

WASM_DECLARE_REF(instance)

WASM_API_EXTERN own wasm_instance_t* wasm_instance_new(wasm_store_t*, const wasm_module_t*,
                                                       const wasm_extern_vec_t* imports,
                                                       own wasm_trap_t**);
WASM_API_EXTERN void wasm_instance_exports(const wasm_instance_t*, own wasm_extern_vec_t* out);

/* Short ways to make value types. */

static inline own wasm_valtype_t* wasm_valtype_new_i32(void) { return wasm_valtype_new(WASM_I32); }
static inline own wasm_valtype_t* wasm_valtype_new_i64(void) { return wasm_valtype_new(WASM_I64); }
static inline own wasm_valtype_t* wasm_valtype_new_f32(void) { return wasm_valtype_new(WASM_F32); }
static inline own wasm_valtype_t* wasm_valtype_new_f64(void) { return wasm_valtype_new(WASM_F64); }
static inline own wasm_valtype_t* wasm_valtype_new_externref(void) {
  return wasm_valtype_new(WASM_EXTERNREF);
}
static inline own wasm_valtype_t* wasm_valtype_new_funcref(void) {
  return wasm_valtype_new(WASM_FUNCREF);
}

/* Short ways to make function types: `wasm_functype_new_P_R` with P parameters and R results. */

static inline own wasm_functype_t* prova_functype_of(size_t param_count,
                                                     own wasm_valtype_t* const params[],
                                                     size_t result_count,
                                                     own wasm_valtype_t* const results[]) {
  wasm_valtype_vec_t param_vec, result_vec;
  wasm_valtype_vec_new(&param_vec, param_count, params);
  wasm_valtype_vec_new(&result_vec, result_count, results);
  return wasm_functype_new(&param_vec, &result_vec);
}

static inline own wasm_functype_t* wasm_functype_new_0_0(void) {
  return prova_functype_of(0, NULL, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_1_0(own wasm_valtype_t* p1) {
  wasm_valtype_t* params[] = {p1};
  return prova_functype_of(1, params, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_2_0(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* p2) {
  wasm_valtype_t* params[] = {p1, p2};
  return prova_functype_of(2, params, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_3_0(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* p2,
                                                         own wasm_valtype_t* p3) {
  wasm_valtype_t* params[] = {p1, p2, p3};
  return prova_functype_of(3, params, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_0_1(own wasm_valtype_t* r1) {
  wasm_valtype_t* results[] = {r1};
  return prova_functype_of(0, NULL, 1, results);
}
static inline own wasm_functype_t* wasm_functype_new_1_1(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* r1) {
  wasm_valtype_t *params[] = {p1}, *results[] = {r1};
  return prova_functype_of(1, params, 1, results);
}
static inline own wasm_functype_t* wasm_functype_new_2_1(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* p2,
                                                         own wasm_valtype_t* r1) {
  wasm_valtype_t *params[] = {p1, p2}, *results[] = {r1};
  return prova_functype_of(2, params, 1, results);
}
static inline own wasm_functype_t* wasm_functype_new_3_1(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* p2,
                                                         own wasm_valtype_t* p3,
                                                         own wasm_valtype_t* r1) {
  wasm_valtype_t *params[] = {p1, p2, p3}, *results[] = {r1};
  return prova_functype_of(3, params, 1, results);
}
static inline own wasm_functype_t* wasm_functype_new_0_2(own wasm_valtype_t* r1,
                                                         own wasm_valtype_t* r2) {
  wasm_valtype_t* results[] = {r1, r2};
  return prova_functype_of(0, NULL, 2, results);
}
static inline own wasm_functype_t* wasm_functype_new_1_2(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* r1,
                                                         own wasm_valtype_t* r2) {
  wasm_valtype_t *params[] = {p1}, *results[] = {r1, r2};
  return prova_functype_of(1, params, 2, results);
}
static inline own wasm_functype_t* wasm_functype_new_2_2(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* p2,
                                                         own wasm_valtype_t* r1,
                                                         own wasm_valtype_t* r2) {
  wasm_valtype_t *params[] = {p1, p2}, *results[] = {r1, r2};
  return prova_functype_of(2, params, 2, results);
}
static inline own wasm_functype_t* wasm_functype_new_3_2(own wasm_valtype_t* p1,
                                                         own wasm_valtype_t* p2,
                                                         own wasm_valtype_t* p3,
                                                         own wasm_valtype_t* r1,
                                                         own wasm_valtype_t* r2) {
  wasm_valtype_t *params[] = {p1, p2, p3}, *results[] = {r1, r2};
  return prova_functype_of(3, params, 2, results);
}

/* Pointers of the host as integers, for WebAssembly that hands them back. */

static inline void wasm_val_init_ptr(own wasm_val_t* out, void* pointer) {
#if UINTPTR_MAX == UINT32_MAX
  out->kind = WASM_I32;
  out->of.i32 = (intptr_t)pointer;
#else
  out->kind = WASM_I64;
  out->of.i64 = (intptr_t)pointer;
#endif
}

static inline void* wasm_val_ptr(const wasm_val_t* val) {
#if UINTPTR_MAX == UINT32_MAX
  return (void*)(intptr_t)val->of.i32;
#else
  return (void*)(intptr_t)val->of.i64;
#endif
}

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WASM_H */
