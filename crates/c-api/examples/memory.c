/* A memory, from both sides: the module's exports and the program's own pointer. The twins: an access
 * behind the end, a growth beyond the maximum, an import of another size. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (memory (export \"memory\") 2 3)"
    "  (func (export \"load\") (param i32) (result i32) (i32.load8_s (local.get 0)))"
    "  (func (export \"store\") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))"
    "  (data (i32.const 4096) \"\\01\\02\\03\\04\"))";

static const char IMPORTER[] =
    "(module (import \"\" \"memory\" (memory 4 5))"
    "  (func (export \"size\") (result i32) memory.size))";

static int32_t load(const wasm_func_t* func, int32_t address) {
  wasm_val_t args[] = {WASM_I32_VAL(address)}, results[1];
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(results);
  check(wasm_func_call(func, &in, &out) == NULL, "the load returns");
  return results[0].of.i32;
}

static void refuse_load(const wasm_func_t* func, int32_t address) {
  wasm_val_t args[] = {WASM_I32_VAL(address)}, results[1];
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(results);
  print_trap(wasm_func_call(func, &in, &out));
}

static void own_memory(wasm_store_t* store) {
  wasm_limits_t limits = {4, 5};
  wasm_memorytype_t* type = wasm_memorytype_new(&limits);
  wasm_memory_t* memory = wasm_memory_new(store, type);
  wasm_memorytype_delete(type);
  check(wasm_memory_size(memory) == 4 && wasm_memory_grow(memory, 1), "it grows to its maximum");
  check(!wasm_memory_grow(memory, 1) && wasm_memory_size(memory) == 5, "and no further");

  wasm_module_t* module = module_of_text(store, IMPORTER);
  wasm_extern_t* externs[] = {wasm_memory_as_extern(memory)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
  wasm_instance_t* instance = wasm_instance_new(store, module, &imports, NULL);
  wasm_instance_exports(instance, &exports);
  wasm_val_t results[1];
  wasm_val_vec_t none = WASM_EMPTY_VEC, out = WASM_ARRAY_VEC(results);
  check(wasm_func_call(wasm_extern_as_func(exports.data[0]), &none, &out) == NULL, "the call");
  printf("imported: %d pages\n", results[0].of.i32);
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_memory_delete(memory);

  wasm_limits_t small = {1, wasm_limits_max_default};
  type = wasm_memorytype_new(&small);
  memory = wasm_memory_new(store, type);
  wasm_memorytype_delete(type);
  externs[0] = wasm_memory_as_extern(memory);
  wasm_trap_t* trap = NULL;
  check(wasm_instance_new(store, module, &imports, &trap) == NULL, "another size does not fit");
  print_trap(trap);
  wasm_memory_delete(memory);
  wasm_module_delete(module);
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  wasm_module_t* module = module_of_text(store, TEXT);
  wasm_extern_vec_t none = WASM_EMPTY_VEC, exports;
  wasm_instance_t* instance = wasm_instance_new(store, module, &none, NULL);
  wasm_instance_exports(instance, &exports);
  wasm_memory_t* memory = wasm_extern_as_memory(exports.data[0]);
  wasm_func_t* loads = wasm_extern_as_func(exports.data[1]);
  wasm_func_t* stores = wasm_extern_as_func(exports.data[2]);

  check(wasm_memory_size(memory) == 2, "pages");
  check(wasm_memory_data_size(memory) == 2 * MEMORY_PAGE_SIZE, "bytes");
  wasm_memorytype_t* type = wasm_memory_type(memory);
  check(wasm_memorytype_limits(type)->max == 3, "its type");
  wasm_memorytype_delete(type);
  printf("bytes: %d %d\n", wasm_memory_data(memory)[4096], load(loads, 4099));

  wasm_memory_data(memory)[4099] = 42;
  check(load(loads, 4099) == 42, "code sees what the program writes");
  wasm_val_t args[] = {WASM_I32_VAL(4097), WASM_I32_VAL(-5)};
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_EMPTY_VEC;
  check(wasm_func_call(stores, &in, &out) == NULL, "the store returns");
  check(wasm_memory_data(memory)[4097] == -5, "the program sees what code writes");

  refuse_load(loads, 0x20000);
  check(wasm_memory_grow(memory, 1), "it grows");
  check(load(loads, 0x20000) == 0, "the new page is zero");
  check(wasm_memory_data_size(memory) == 3 * MEMORY_PAGE_SIZE, "more bytes");
  check(!wasm_memory_grow(memory, 1), "it does not grow beyond its maximum");
  check(wasm_memory_grow(memory, 0), "by nothing it always does");
  refuse_load(loads, 0x30000);

  wasm_memory_t* copy = wasm_memory_copy(memory);
  check(wasm_memory_same(memory, copy), "a copy is the same memory");
  wasm_memory_delete(copy);
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  own_memory(store);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  printf("done\n");
  return 0;
}
