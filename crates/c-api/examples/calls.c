/* Calls with values of every kind: numbers, several results, references. Each is made once as it
 * should be, and once with a wrong type, a wrong number or an object of another store. */

#include "common.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char TEXT[] =
    "(module"
    "  (func (export \"numbers\") (param i32 i64 f32 f64) (result f64 f32 i64 i32)"
    "    local.get 3 local.get 2 local.get 1 local.get 0)"
    "  (func (export \"same extern\") (param externref) (result externref) local.get 0)"
    "  (func (export \"same func\") (param funcref) (result funcref) local.get 0)"
    "  (func (export \"vector\") (result v128) (v128.const i64x2 1 2))"
    "  (func (export \"divide\") (param i32 i32) (result i32)"
    "    (i32.div_s (local.get 0) (local.get 1))))";

static void numbers(const wasm_func_t* func) {
  wasm_val_t args[] = {WASM_I32_VAL(-1), WASM_I64_VAL(1LL << 40), WASM_F32_VAL(0.5f),
                       WASM_F64_VAL(-2.25)};
  wasm_val_t results[4];
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(results);
  check(wasm_func_param_arity(func) == 4 && wasm_func_result_arity(func) == 4, "arity");
  check(wasm_func_call(func, &in, &out) == NULL, "the call returns");
  printf("%g %g %lld %d\n", results[0].of.f64, (double)results[1].of.f32,
         (long long)results[2].of.i64, results[3].of.i32);

  wasm_val_t swapped[] = {args[1], args[0], args[2], args[3]};
  wasm_val_vec_t wrong = WASM_ARRAY_VEC(swapped);
  print_trap(wasm_func_call(func, &wrong, &out));
  wasm_val_vec_t few = {3, args};
  print_trap(wasm_func_call(func, &few, &out));
  wasm_val_vec_t few_results = {1, results};
  print_trap(wasm_func_call(func, &in, &few_results));
  swapped[0].kind = 77;
  print_trap(wasm_func_call(func, &wrong, &out));
}

/* What comes back is the object that went in, with its host information. */
static void references(wasm_engine_t* engine, wasm_store_t* store, const wasm_func_t* same_extern,
                       const wasm_func_t* same_func) {
  int information = 7;
  wasm_foreign_t* foreign = wasm_foreign_new(store);
  wasm_foreign_set_host_info(foreign, &information);
  wasm_val_t args[] = {WASM_REF_VAL(wasm_foreign_as_ref(foreign))}, results[1];
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(results);
  check(wasm_func_call(same_extern, &in, &out) == NULL, "an externref");
  check(results[0].kind == WASM_EXTERNREF, "its kind");
  check(wasm_ref_same(results[0].of.ref, wasm_foreign_as_ref(foreign)), "the same object");
  check(*(int*)wasm_ref_get_host_info(results[0].of.ref) == 7, "with its information");
  wasm_val_delete(&results[0]);

  /* A function as an externref, and as a funcref. */
  args[0].of.ref = (wasm_ref_t*)wasm_func_as_ref_const(same_func);
  check(wasm_func_call(same_extern, &in, &out) == NULL, "a function as an externref");
  check(wasm_ref_as_func(results[0].of.ref) != NULL, "it is a function again");
  wasm_val_delete(&results[0]);
  check(wasm_func_call(same_func, &in, &out) == NULL, "a function as a funcref");
  check(results[0].kind == WASM_FUNCREF, "its kind");
  check(wasm_ref_same(results[0].of.ref, args[0].of.ref), "the same function");
  wasm_val_t copy;
  wasm_val_copy(&copy, &results[0]);
  check(wasm_ref_same(copy.of.ref, results[0].of.ref), "a copy is the same");
  wasm_val_delete(&copy);
  wasm_val_delete(&results[0]);

  args[0].of.ref = NULL;
  check(wasm_func_call(same_func, &in, &out) == NULL && results[0].of.ref == NULL, "null");

  args[0].of.ref = wasm_foreign_as_ref(foreign);
  print_trap(wasm_func_call(same_func, &in, &out));
  wasm_foreign_delete(foreign);

  wasm_store_t* elsewhere = wasm_store_new(engine);
  wasm_limits_t limits = {1, 1};
  wasm_memorytype_t* type = wasm_memorytype_new(&limits);
  wasm_memory_t* memory = wasm_memory_new(elsewhere, type);
  args[0].of.ref = wasm_memory_as_ref(memory);
  print_trap(wasm_func_call(same_extern, &in, &out));
  wasm_memory_delete(memory);
  wasm_memorytype_delete(type);
  wasm_store_delete(elsewhere);
}

/* A vector has no place in a value of wasm.h. */
static void vector(const wasm_func_t* func) {
  wasm_functype_t* type = wasm_func_type(func);
  check(wasm_valtype_kind(wasm_functype_results(type)->data[0]) == PROVA_V128, "the type is there");
  wasm_functype_delete(type);
  wasm_val_t results[1];
  wasm_val_vec_t in = WASM_EMPTY_VEC, out = WASM_ARRAY_VEC(results);
  print_trap(wasm_func_call(func, &in, &out));
}

static void divide(const wasm_func_t* func) {
  wasm_val_t args[] = {WASM_I32_VAL(7), WASM_I32_VAL(2)}, results[1];
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(results);
  check(wasm_func_call(func, &in, &out) == NULL && results[0].of.i32 == 3, "7 / 2");
  args[1].of.i32 = 0;
  wasm_trap_t* trap = wasm_func_call(func, &in, &out);
  wasm_frame_t* origin = wasm_trap_origin(trap);
  printf("trap in function %u at %zu, of its body %zu\n", wasm_frame_func_index(origin),
         wasm_frame_module_offset(origin), wasm_frame_func_offset(origin));
  wasm_frame_delete(origin);
  wasm_frame_vec_t trace;
  wasm_trap_trace(trap, &trace);
  check(trace.size == 1, "one frame");
  wasm_frame_vec_delete(&trace);
  print_trap(trap);
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  wasm_module_t* module = module_of_text(store, TEXT);
  wasm_extern_vec_t none = WASM_EMPTY_VEC, exports;
  wasm_instance_t* instance = wasm_instance_new(store, module, &none, NULL);
  wasm_instance_exports(instance, &exports);
  wasm_func_t* funcs[5];
  for (size_t i = 0; i < COUNT(funcs); i++) funcs[i] = wasm_extern_as_func(exports.data[i]);
  numbers(funcs[0]);
  references(engine, store, funcs[1], funcs[2]);
  vector(funcs[3]);
  divide(funcs[4]);
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  printf("done\n");
  return 0;
}
