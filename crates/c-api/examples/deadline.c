/* A callback decides when the epoch is due: it goes on some times, reads and writes the store, and ends
 * the call with an error. The twins: a deadline that is not reached asks nobody, a store without its
 * callback again traps, and code of the store cannot be called. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (import \"host\" \"tick\" (func $tick))"
    "  (global (export \"asked\") (mut i32) (i32.const 0))"
    "  (func (export \"run\") (param i32) (result i32) (local i32)"
    "    (loop (call $tick) (local.set 1 (i32.add (local.get 1) (i32.const 1)))"
    "      (br_if 0 (i32.lt_u (local.get 1) (local.get 0))))"
    "    (local.get 1)))";

/* The program's part: how often it goes on, a global that counts, a function that it calls if it is to. */
struct judge {
  int patience;
  uint64_t ticks;
  wasmtime_update_deadline_kind_t kind;
  wasmtime_global_t count;
  const wasmtime_func_t* calls;
};

static wasmtime_error_t* judge(wasmtime_context_t* context, void* data, uint64_t* delta,
                               wasmtime_update_deadline_kind_t* kind) {
  struct judge* judge = data;
  wasmtime_val_t count = {WASMTIME_I32, {.i32 = 1}}, result;
  if (judge->calls != NULL) {
    return wasmtime_func_call(context, judge->calls, &count, 1, &result, 1, &(wasm_trap_t*){NULL});
  }
  wasmtime_global_get(context, &judge->count, &count);
  count.of.i32++;
  succeed(wasmtime_global_set(context, &judge->count, &count));
  if (judge->patience-- == 0) return wasmtime_error_new("patience is at an end");
  *delta = judge->ticks;
  *kind = judge->kind;
  return NULL;
}

static wasm_trap_t* tick(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                         size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  wasmtime_engine_increment_epoch(env);
  return NULL;
}

static void finalize(void* data) {
  (void)data;
  printf("the callback is given up\n");
}

/* Runs `run` with 100 ticks, and prints how it ended. */
static void run(wasmtime_context_t* context, const wasmtime_func_t* func) {
  wasmtime_val_t argument = {WASMTIME_I32, {.i32 = 100}};
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_func_call(context, func, &argument, 1, &result, 1, &trap);
  if (error != NULL) {
    print_error(error);
  } else if (trap != NULL) {
    print_trap(trap);
  } else {
    printf("it ran to %d\n", result.of.i32);
  }
}

int main(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  struct judge patient = {1000, 10, WASMTIME_UPDATE_DEADLINE_CONTINUE, {0, 0}, NULL};
  wasmtime_store_epoch_deadline_callback(store, judge, &patient, finalize);

  wasm_functype_t* type = wasm_functype_new_0_0();
  wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC};
  wasmtime_func_new(context, type, tick, engine, NULL, &import.of.func);
  wasm_functype_delete(type);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_instance_t instance;
  succeed(wasmtime_instance_new(context, module, &import, 1, &instance, &(wasm_trap_t*){NULL}));
  wasmtime_func_t function = export_of(context, &instance, "run").of.func;
  patient.count = export_of(context, &instance, "asked").of.global;

  wasmtime_context_set_epoch_deadline(context, 1000);
  run(context, &function);
  printf("asked %d times\n", 1000 - patient.patience);

  wasmtime_context_set_epoch_deadline(context, 10);
  run(context, &function);
  wasmtime_val_t count;
  wasmtime_global_get(context, &patient.count, &count);
  printf("asked %d times, and counted %d\n", 1000 - patient.patience, count.of.i32);

  patient.patience = 3;
  wasmtime_context_set_epoch_deadline(context, 1);
  run(context, &function);

  patient.patience = 3;
  patient.kind = WASMTIME_UPDATE_DEADLINE_YIELD;
  wasmtime_context_set_epoch_deadline(context, 1);
  run(context, &function);

  patient.kind = 77;
  wasmtime_context_set_epoch_deadline(context, 1);
  run(context, &function);

  /* Sooner than it can be, and later than a number of ticks can say. */
  for (int i = 0; i < 2; i++) {
    patient = (struct judge){1000, i == 0 ? 0 : UINT64_MAX, WASMTIME_UPDATE_DEADLINE_CONTINUE,
                             patient.count, NULL};
    wasmtime_context_set_epoch_deadline(context, 1);
    run(context, &function);
    printf("asked %s\n", patient.patience == 999 ? "once" : "often");
  }

  patient.calls = &function;
  wasmtime_context_set_epoch_deadline(context, 1);
  run(context, &function);

  wasmtime_store_epoch_deadline_callback(store, NULL, NULL, NULL);
  wasmtime_context_set_epoch_deadline(context, 1);
  run(context, &function);

  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
