/* Functions of the host: they trap, call back into WebAssembly, keep data, give wrong results. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (import \"host\" \"fail\" (func $fail (param i32) (result i32)))"
    "  (import \"host\" \"again\" (func $again (param i32) (result i32)))"
    "  (import \"host\" \"wrong\" (func $wrong (result i32)))"
    "  (func (export \"fail\") (param i32) (result i32) (call $fail (local.get 0)))"
    "  (func (export \"down\") (param i32) (result i32)"
    "    (if (result i32) (i32.eqz (local.get 0))"
    "      (then (i32.const 0))"
    "      (else (i32.add (i32.const 1)"
    "        (call $again (i32.sub (local.get 0) (i32.const 1)))))))"
    "  (func (export \"wrong\") (result i32) (call $wrong)))";

typedef struct {
  wasm_store_t* store;
  wasm_func_t* down;
  wasm_trap_t* kept;
  int calls;
} host_t;

static int finalized = 0;

static void finalize(void* env) {
  (void)env;
  finalized++;
}

/* Traps if the argument is odd; keeps a handle of the trap that it gives. */
static wasm_trap_t* fail(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  host_t* host = env;
  host->calls++;
  if (args->data[0].of.i32 % 2 == 0) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
  }
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, "the host does not like odd numbers");
  wasm_trap_t* trap = wasm_trap_new(host->store, &message);
  wasm_byte_vec_delete(&message);
  if (host->kept == NULL) host->kept = wasm_trap_copy(trap);
  return trap;
}

/* Calls the store's code while the store's code runs. */
static wasm_trap_t* again(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  host_t* host = env;
  host->calls++;
  return wasm_func_call(host->down, args, results);
}

static wasm_trap_t* wrong(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  check(args->size == 0 && results->size == 1, "the numbers are those of the type");
  results->data[0].kind = WASM_F64;
  results->data[0].of.f64 = 1;
  return NULL;
}

static wasm_trap_t* call(const wasm_func_t* func, int32_t x, int32_t* result) {
  wasm_val_t args[] = {WASM_I32_VAL(x)}, results[] = {WASM_INIT_VAL};
  wasm_val_vec_t in = {wasm_func_param_arity(func), args}, out = WASM_ARRAY_VEC(results);
  wasm_trap_t* trap = wasm_func_call(func, &in, &out);
  *result = results[0].of.i32;
  return trap;
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  wasm_module_t* module = module_of_text(store, TEXT);
  host_t host = {store, NULL, NULL, 0};

  wasm_functype_t* unary = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_functype_t* constant = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasm_func_t* funcs[] = {
      wasm_func_new_with_env(store, unary, fail, &host, finalize),
      wasm_func_new_with_env(store, unary, again, &host, finalize),
      wasm_func_new(store, constant, wrong),
  };
  wasm_functype_delete(unary);
  wasm_functype_delete(constant);
  wasm_extern_t* externs[3];
  for (int i = 0; i < 3; i++) externs[i] = wasm_func_as_extern(funcs[i]);
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
  wasm_instance_t* instance = wasm_instance_new(store, module, &imports, NULL);
  check(instance != NULL, "the imports fit");
  for (int i = 0; i < 3; i++) wasm_func_delete(funcs[i]);
  wasm_instance_exports(instance, &exports);
  wasm_func_t* call_fail = wasm_extern_as_func(exports.data[0]);
  wasm_func_t* down = wasm_extern_as_func(exports.data[1]);
  wasm_func_t* call_wrong = wasm_extern_as_func(exports.data[2]);
  host.down = down;

  int32_t result;
  check(call(call_fail, 4, &result) == NULL && result == 4, "an even number");
  print_trap(call(call_fail, 5, &result));
  print_trap(call(call_fail, 7, &result));
  print_trap(host.kept);

  check(call(down, 50, &result) == NULL, "calls inside calls");
  printf("depth %d, host called %d times\n", result, host.calls);
  wasm_trap_t* deep = call(down, 100000, &result);
  check(deep != NULL, "without end they are a trap");
  wasm_trap_delete(deep);

  print_trap(call(call_wrong, 0, &result));

  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  check(finalized == 0, "functions live as long as their store");
  wasm_store_delete(store);
  printf("finalized %d\n", finalized);
  wasm_engine_delete(engine);
  return 0;
}
