/* The standard API in odd ways: handles given up while they are in use and in every order, vectors of
 * no and of too many elements, values that have no place, names without NUL. */

#include "../../examples/common.h"

static wasm_func_t* running;
static wasm_store_t* store;
static wasm_module_t* module;
static wasm_instance_t* made;
static wasm_trap_t* kept;

/* Gives up everything that there is, the function that runs included. */
static wasm_trap_t* give_up(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  (void)args;
  wasm_func_delete(running);
  wasm_module_delete(module);
  wasm_instance_delete(made);
  wasm_store_delete(store);
  check(results->size == 1, "one result");
  results->data[0] = (wasm_val_t)WASM_I32_VAL(17);
  return NULL;
}

/* Returns the same trap twice. */
static wasm_trap_t* keep(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  (void)args, (void)results;
  return wasm_trap_copy(kept);
}

static void finalize(void* env) { printf("%s is given up\n", (const char*)env); }

static wasm_trap_t* with_env(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  (void)env, (void)args, (void)results;
  return NULL;
}

static void first_line(wasm_trap_t* trap) {
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  printf("trap: %.*s\n", (int)strcspn(message.data, "\n"), message.data);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
}

static void orders(wasm_engine_t* engine) {
  store = wasm_store_new(engine);
  wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  running = wasm_func_new(store, type, give_up);
  module = module_of_text(store,
                          "(module (import \"\" \"f\" (func $f (result i32)))"
                          "  (func (export \"g\") (result i32) (call $f)) (memory (export \"m\") 1))");
  wasm_extern_t* all[] = {wasm_func_as_extern(running)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(all);
  made = wasm_instance_new(store, module, &imports, NULL);
  wasm_extern_vec_t exports;
  wasm_instance_exports(made, &exports);
  wasm_func_t* g = wasm_func_copy(wasm_extern_as_func(exports.data[0]));
  wasm_memory_t* memory = wasm_memory_copy(wasm_extern_as_memory(exports.data[1]));
  wasm_extern_vec_delete(&exports);
  wasm_val_t out[1];
  wasm_val_vec_t none = WASM_EMPTY_VEC, results = WASM_ARRAY_VEC(out);
  check(wasm_func_call(g, &none, &results) == NULL, "no trap");
  printf("all given up: %d\n", out[0].of.i32);
  wasm_func_delete(g);
  wasm_memory_data(memory)[65535] = 1;
  printf("the memory is left: %zu\n", wasm_memory_data_size(memory));
  wasm_memory_delete(memory);
  wasm_functype_delete(type);
}

static void traps(wasm_engine_t* engine) {
  wasm_store_t* own = wasm_store_new(engine);
  wasm_name_t name = {11, "without NUL!"};
  kept = wasm_trap_new(own, &name);
  wasm_functype_t* type = wasm_functype_new_0_0();
  wasm_func_t* func = wasm_func_new(own, type, keep);
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  for (int i = 0; i < 2; i++) first_line(wasm_func_call(func, &none, &none));
  first_line(kept);
  wasm_name_t empty = WASM_EMPTY_VEC;
  wasm_trap_t* silent = wasm_trap_new(own, &empty);
  first_line(silent);
  wasm_func_delete(func);
  func = wasm_func_new_with_env(own, type, with_env, "an environment", finalize);
  wasm_func_delete(func);
  wasm_functype_delete(type);
  printf("the store ends\n");
  wasm_store_delete(own);
}

static void vectors(wasm_engine_t* engine) {
  wasm_store_t* own = wasm_store_new(engine);
  wasm_module_t* all = module_of_text(
      own, "(module (func (export \"f\") (param i32) (result i32) (local.get 0))"
           "  (func (export \"v\") (result funcref v128) (ref.func 0) (v128.const i64x2 1 2))"
           "  (func (export \"r\") (param funcref)))");
  wasm_instance_t* instance = wasm_instance_new(own, all, NULL, NULL);
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  wasm_func_t* f = wasm_extern_as_func(exports.data[0]);
  wasm_val_t in[2] = {WASM_I32_VAL(3), WASM_I32_VAL(4)}, out[2] = {WASM_INIT_VAL, WASM_INIT_VAL};
  wasm_val_vec_t one = {1, in}, two = {2, in}, result = {1, out}, results = {2, out};
  wasm_val_vec_t none = WASM_EMPTY_VEC, lie = {1, NULL}, huge = {SIZE_MAX / 32, out};
  check(wasm_func_call(f, &one, &result) == NULL && out[0].of.i32 == 3, "as it should");
  first_line(wasm_func_call(f, &none, &result));
  first_line(wasm_func_call(f, &two, &result));
  first_line(wasm_func_call(f, &one, &none));
  first_line(wasm_func_call(f, &one, &results));
  first_line(wasm_func_call(f, NULL, NULL));
  first_line(wasm_func_call(f, &lie, &result));
  first_line(wasm_func_call(f, &one, &huge));
  in[0].kind = WASM_F32;
  first_line(wasm_func_call(f, &one, &result));
  in[0].kind = 55;
  first_line(wasm_func_call(f, &one, &result));
  in[0].kind = WASM_I32;
  check(wasm_func_call(f, &one, &result) == NULL, "the store is usable");

  /* The reference before a result without a place is given up. */
  first_line(wasm_func_call(wasm_extern_as_func(exports.data[1]), &none, &results));
  wasm_val_t reference = {.kind = WASM_FUNCREF, .of = {.ref = wasm_extern_as_ref(exports.data[0])}};
  wasm_val_vec_t references = {1, &reference};
  check(wasm_func_call(wasm_extern_as_func(exports.data[2]), &references, &none) == NULL, "a function");
  reference.of.ref = wasm_instance_as_ref(instance);
  first_line(wasm_func_call(wasm_extern_as_func(exports.data[2]), &references, &none));

  wasm_byte_vec_t bytes = WASM_EMPTY_VEC;
  check(wasm_module_new(own, &bytes) == NULL && !wasm_module_validate(own, &bytes), "no bytes");
  bytes = (wasm_byte_vec_t){8, (char*)"\0asm\1\0\0\0"};
  check(wasm_module_validate(own, &bytes), "eight bytes");
  bytes.size = 7;
  check(!wasm_module_validate(own, &bytes) && wasm_module_deserialize(own, &bytes) == NULL, "seven");
  wasm_extern_vec_delete(&exports);
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(all);
  wasm_store_delete(own);
}

static void imports(wasm_engine_t* engine) {
  wasm_store_t *own = wasm_store_new(engine), *other = wasm_store_new(engine);
  wasm_module_t* needs = module_of_text(own, "(module (import \"a\" \"b\" (memory 1 2)))");
  struct {
    const char* what;
    uint32_t min, max;
    wasm_store_t* store;
  } cases[] = {{"fits", 1, 2, own}, {"too small", 0, 2, own}, {"too great", 1, 3, own},
               {"of another store", 1, 2, other}, {"upside down", 2, 1, own},
               {"endless", 1, wasm_limits_max_default, own}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    wasm_limits_t limits = {cases[i].min, cases[i].max};
    wasm_memorytype_t* type = wasm_memorytype_new(&limits);
    wasm_memory_t* memory = wasm_memory_new(cases[i].store, type);
    wasm_memorytype_delete(type);
    wasm_extern_t* given[] = {memory == NULL ? NULL : wasm_memory_as_extern(memory)};
    wasm_extern_vec_t vector = WASM_ARRAY_VEC(given);
    wasm_trap_t* trap = NULL;
    wasm_instance_t* instance = wasm_instance_new(own, needs, &vector, &trap);
    printf("%s: ", cases[i].what);
    if (instance != NULL) {
      printf("taken\n");
      wasm_instance_delete(instance);
    } else {
      first_line(trap);
    }
    wasm_memory_delete(memory);
  }
  wasm_trap_t* trap = NULL;
  wasm_extern_vec_t none = WASM_EMPTY_VEC;
  check(wasm_instance_new(own, needs, &none, &trap) == NULL, "too few");
  first_line(trap);
  check(wasm_instance_new(own, needs, NULL, NULL) == NULL, "none, and nobody asks why");
  wasm_module_delete(needs);
  wasm_store_delete(other);
  wasm_store_delete(own);
}

static void sizes(wasm_engine_t* engine) {
  wasm_store_t* own = wasm_store_new(engine);
  uint32_t pages[] = {0, 1, 65536, 65537, UINT32_MAX};
  for (int i = 0; i < 5; i++) {
    wasm_limits_t limits = {pages[i], wasm_limits_max_default};
    wasm_memorytype_t* memory_type = wasm_memorytype_new(&limits);
    wasm_memory_t* memory = i == 2 ? NULL : wasm_memory_new(own, memory_type);
    wasm_tabletype_t* table_type = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
    wasm_table_t* table = wasm_table_new(own, table_type, NULL);
    printf("%u: %s memory, %s table\n", pages[i], memory == NULL ? "no" : "a",
           table == NULL ? "no" : "a");
    if (memory != NULL) {
      check(!wasm_memory_grow(memory, UINT32_MAX), "it does not grow so far");
      check(wasm_memory_grow(memory, 0) && wasm_memory_size(memory) == pages[i], "nor at all");
    }
    if (table != NULL) {
      check(wasm_table_get(table, pages[i]) == NULL && !wasm_table_set(table, pages[i], NULL), "end");
      check(!wasm_table_grow(table, UINT32_MAX, NULL), "it does not grow so far");
    }
    wasm_memory_delete(memory);
    wasm_table_delete(table);
    wasm_memorytype_delete(memory_type);
    wasm_tabletype_delete(table_type);
  }
  wasm_limits_t limits = {1, 1};
  wasm_tabletype_t* numbers = wasm_tabletype_new(wasm_valtype_new_i32(), &limits);
  check(wasm_table_new(own, numbers, NULL) == NULL, "a table of numbers");
  wasm_tabletype_delete(numbers);
  wasm_store_delete(own);
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  orders(engine);
  traps(engine);
  vectors(engine);
  imports(engine);
  sizes(engine);
  wasm_engine_delete(engine);
  return 0;
}
