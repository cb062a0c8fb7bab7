/* Globals and tables. The twins: a global that is constant, a value of another type, an index behind
 * the end, an element that is no function, an indirect call through null. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (global (export \"constant\") i32 (i32.const 7))"
    "  (global (export \"variable\") (mut i64) (i64.const 8))"
    "  (table (export \"table\") 2 10 funcref)"
    "  (elem (i32.const 1) $f)"
    "  (type $binary (func (param i32 i32) (result i32)))"
    "  (func $f (type $binary) (local.get 0))"
    "  (func (export \"g\") (type $binary) (i32.const 666))"
    "  (func (export \"call\") (param i32 i32) (result i32)"
    "    (call_indirect (type $binary) (local.get 0) (local.get 0) (local.get 1))))";

static void globals(wasm_store_t* store, wasm_global_t* constant, wasm_global_t* variable) {
  wasm_val_t val;
  wasm_global_get(constant, &val);
  check(val.kind == WASM_I32 && val.of.i32 == 7, "the constant");
  wasm_val_t nine = WASM_I64_VAL(9), wrong = WASM_F32_VAL(1), eight = WASM_I32_VAL(8);
  wasm_global_set(variable, &nine);
  wasm_global_get(variable, &val);
  check(val.kind == WASM_I64 && val.of.i64 == 9, "the variable is set");
  wasm_global_set(variable, &wrong);
  wasm_global_get(variable, &val);
  check(val.of.i64 == 9, "a value of another type is not");
  wasm_global_set(constant, &eight);
  wasm_global_get(constant, &val);
  check(val.of.i32 == 7, "nor is a constant");

  wasm_globaltype_t* type = wasm_global_type(variable);
  check(wasm_globaltype_mutability(type) == WASM_VAR, "its type");
  check(wasm_valtype_kind(wasm_globaltype_content(type)) == WASM_I64, "of 64 bits");
  wasm_global_t* own = wasm_global_new(store, type, &nine);
  check(own != NULL && !wasm_global_same(own, variable), "one of the program");
  check(wasm_global_new(store, type, &wrong) == NULL, "none with a value of another type");
  wasm_global_delete(own);
  wasm_globaltype_delete(type);
}

static int32_t call(const wasm_func_t* func, int32_t x, int32_t index) {
  wasm_val_t args[] = {WASM_I32_VAL(x), WASM_I32_VAL(index)}, results[1];
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(results);
  wasm_trap_t* trap = wasm_func_call(func, &in, &out);
  if (trap == NULL) return results[0].of.i32;
  print_trap(trap);
  return -1;
}

static void tables(wasm_store_t* store, wasm_table_t* table, wasm_func_t* g, wasm_func_t* indirect) {
  check(wasm_table_size(table) == 2, "two elements");
  check(wasm_table_get(table, 0) == NULL && wasm_table_get(table, 2) == NULL, "null, and beyond");
  wasm_ref_t* f = wasm_table_get(table, 1);
  check(f != NULL && wasm_ref_as_func(f) != NULL && wasm_ref_as_global(f) == NULL, "a function");
  check(call(indirect, 5, 1) == 5, "through the table");
  check(call(indirect, 5, 0) == -1, "through null");
  check(call(indirect, 5, 2) == -1, "beyond the end");

  check(wasm_table_set(table, 0, wasm_func_as_ref(g)), "an element is set");
  check(call(indirect, 5, 0) == 666, "and called");
  check(wasm_table_set(table, 1, NULL) && wasm_table_get(table, 1) == NULL, "to null");
  check(!wasm_table_set(table, 2, f), "not behind the end");
  wasm_foreign_t* foreign = wasm_foreign_new(store);
  check(!wasm_table_set(table, 0, wasm_foreign_as_ref(foreign)), "not to what is no function");
  check(wasm_table_grow(table, 8, f) && wasm_table_size(table) == 10, "it grows");
  check(call(indirect, 4, 9) == 4, "with the initial element");
  check(!wasm_table_grow(table, 1, NULL), "not beyond its maximum");
  wasm_ref_delete(f);

  wasm_limits_t limits = {3, wasm_limits_max_default};
  wasm_tabletype_t* type = wasm_tabletype_new(wasm_valtype_new_externref(), &limits);
  wasm_table_t* own = wasm_table_new(store, type, wasm_foreign_as_ref(foreign));
  wasm_ref_t* element = wasm_table_get(own, 2);
  check(wasm_ref_same(element, wasm_foreign_as_ref(foreign)), "a table of host references");
  wasm_ref_delete(element);
  wasm_table_delete(own);
  wasm_tabletype_delete(type);
  type = wasm_tabletype_new(wasm_valtype_new_i32(), &limits);
  check(wasm_table_new(store, type, NULL) == NULL, "none of numbers");
  wasm_tabletype_delete(type);
  wasm_foreign_delete(foreign);
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  wasm_module_t* module = module_of_text(store, TEXT);
  wasm_extern_vec_t none = WASM_EMPTY_VEC, exports;
  wasm_instance_t* instance = wasm_instance_new(store, module, &none, NULL);
  wasm_module_delete(module);
  wasm_instance_exports(instance, &exports);
  wasm_instance_delete(instance);
  globals(store, wasm_extern_as_global(exports.data[0]), wasm_extern_as_global(exports.data[1]));
  tables(store, wasm_extern_as_table(exports.data[2]), wasm_extern_as_func(exports.data[3]),
         wasm_extern_as_func(exports.data[4]));
  wasm_extern_vec_delete(&exports);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  printf("done\n");
  return 0;
}
