/* Many: 1,000 instances in a store, 1,000 stores one after another, and 1,000 stores on threads that
 * share a module; where hot functions get machine code, and where all have it. The twin: one instance
 * more than the store may have.
 *
 * With the argument `compare`, machine code compares addresses, and a memory takes no more address
 * space than its maximum: a thousand of them fit where a debugger leaves little. */

#include "common.h"
#include <pthread.h>

enum { MANY = 1000, THREADS = 8, CALLS = 10 };

static const char TEXT[] =
    "(module"
    "  (import \"host\" \"number\" (func $number (result i32)))"
    "  (memory 1 1) (data (i32.const 0) \"\\2a\")"
    "  (func (export \"next\") (result i32)"
    "    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (call $number)))"
    "    (i32.load (i32.const 0))))";

static int finalized = 0;

static void finalize(void* data) {
  (void)data;
  finalized++;
}

static wasm_trap_t* number(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                           size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)args;
  check(nargs == 0 && nresults == 1, "the type's numbers");
  int* data = wasmtime_context_get_data(wasmtime_caller_context(caller));
  results[0].kind = WASMTIME_I32;
  results[0].of.i32 = *data;
  return NULL;
}

static int32_t next(wasmtime_context_t* context, const wasmtime_instance_t* instance) {
  wasmtime_func_t func = export_of(context, instance, "next").of.func;
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_func_call(context, &func, NULL, 0, &result, 1, &trap));
  check(trap == NULL, "no trap");
  return result.of.i32;
}

/* An instance of a prepared module; NULL in `error` if there is one. */
static wasmtime_instance_t prepared(const wasmtime_instance_pre_t* pre, wasmtime_context_t* context,
                                    wasmtime_error_t** error) {
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  *error = wasmtime_instance_pre_instantiate(pre, context, &instance, &trap);
  check(trap == NULL, "no trap");
  return instance;
}

static void instances(wasm_engine_t* engine, const wasmtime_instance_pre_t* pre) {
  int step = 1;
  wasmtime_error_t* error;
  wasmtime_store_t* store = wasmtime_store_new(engine, &step, finalize);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_store_limiter(store, -1, -1, MANY, -1, -1);
  wasmtime_instance_t first = {0, 0};
  for (int i = 0; i < MANY; i++) {
    wasmtime_instance_t instance = prepared(pre, context, &error);
    succeed(error);
    if (i == 0) first = instance;
    check(next(context, &instance) == 43, "no instance sees what another writes");
  }
  check(next(context, &first) == 44, "the first one goes on");
  prepared(pre, context, &error);
  print_error(error);
  wasmtime_store_delete(store);
}

static void stores(wasm_engine_t* engine, const wasmtime_instance_pre_t* pre) {
  for (int i = 0; i < MANY; i++) {
    wasmtime_error_t* error;
    wasmtime_store_t* store = wasmtime_store_new(engine, &i, finalize);
    wasmtime_context_t* context = wasmtime_store_context(store);
    wasmtime_instance_t instance = prepared(pre, context, &error);
    succeed(error);
    check(next(context, &instance) == 42 + i, "each store has its data");
    wasmtime_store_delete(store);
  }
}

/* Each thread has its stores, and obtains the module from the one that they share. */
typedef struct {
  wasm_engine_t* engine;
  const wasm_shared_module_t* module;
  int32_t result;
} thread_t;

static wasm_trap_t* seven(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  (void)args;
  results->data[0].kind = WASM_I32;
  results->data[0].of.i32 = 7;
  return NULL;
}

static int32_t in_a_store(const thread_t* thread) {
  wasm_store_t* store = wasm_store_new(thread->engine);
  wasm_module_t* module = wasm_module_obtain(store, thread->module);
  wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasm_func_t* func = wasm_func_new(store, type, seven);
  wasm_extern_t* externs[] = {wasm_func_as_extern(func)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
  wasm_instance_t* instance = wasm_instance_new(store, module, &imports, NULL);
  wasm_instance_exports(instance, &exports);
  int32_t result = 0;
  for (int i = 0; i < CALLS; i++) {
    wasm_val_t results[1];
    wasm_val_vec_t none = WASM_EMPTY_VEC, out = WASM_ARRAY_VEC(results);
    check(!wasm_func_call(wasm_extern_as_func(exports.data[0]), &none, &out), "no trap");
    result = results[0].of.i32;
  }
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_func_delete(func);
  wasm_functype_delete(type);
  wasm_module_delete(module);
  wasm_store_delete(store);
  return result;
}

static void* run(void* data) {
  thread_t* thread = data;
  for (int i = 0; i < MANY / THREADS; i++) thread->result += in_a_store(thread);
  return NULL;
}

static void threads(wasm_engine_t* engine) {
  wasm_store_t* store = wasm_store_new(engine);
  wasm_module_t* module = module_of_text(store, TEXT);
  wasm_shared_module_t* shared = wasm_module_share(module);
  wasm_module_delete(module);
  wasm_store_delete(store);
  pthread_t ids[THREADS];
  thread_t data[THREADS];
  for (int i = 0; i < THREADS; i++) {
    data[i] = (thread_t){engine, shared, 0};
    check(pthread_create(&ids[i], NULL, run, &data[i]) == 0, "a thread");
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(ids[i], NULL);
    int32_t each = 42 + 7 * CALLS;
    check(data[i].result == MANY / THREADS * each, "each store has its instance");
  }
  wasm_shared_module_delete(shared);
}

static void all(wasmtime_strategy_t strategy, bool compares) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_strategy_set(config, strategy);
  if (compares) wasmtime_config_signals_based_traps_set(config, false);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  succeed(wasmtime_linker_define_func(linker, "host", 4, "number", 6, type, number, NULL, finalize));
  wasm_functype_delete(type);
  wasmtime_instance_pre_t* pre = NULL;
  succeed(wasmtime_linker_instantiate_pre(linker, module, &pre));
  wasmtime_module_delete(module);

  finalized = 0;
  instances(engine, pre);
  stores(engine, pre);
  threads(engine);
  check(finalized == MANY + 1, "each store's data was finalized");
  wasmtime_linker_delete(linker);
  check(finalized == MANY + 1, "the prepared module keeps the host function");
  wasmtime_instance_pre_delete(pre);
  printf("finalized %d\n", finalized);
  wasm_engine_delete(engine);
}

int main(int argc, char* argv[]) {
  bool compares = argc == 2 && strcmp(argv[1], "compare") == 0;
  all(WASMTIME_STRATEGY_AUTO, compares);
  all(WASMTIME_STRATEGY_CRANELIFT, compares);
  return 0;
}
