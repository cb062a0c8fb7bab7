/* Epochs: another thread stops a loop without end. The twins: a store without a deadline runs
 * nothing, and one whose deadline is far goes on. */

#define _POSIX_C_SOURCE 199309L
#include "common.h"
#include <pthread.h>
#include <time.h>

static const char TEXT[] =
    "(module"
    "  (func (export \"spin\") (loop (br 0)))"
    "  (func (export \"count\") (result i32) (local i32)"
    "    (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))"
    "      (br_if 0 (i32.lt_u (local.get 0) (i32.const 100000))))"
    "    (local.get 0)))";

static void* tick(void* engine) {
  struct timespec pause = {0, 20 * 1000 * 1000};
  nanosleep(&pause, NULL);
  wasmtime_engine_increment_epoch(engine);
  return NULL;
}

static void refuse(wasmtime_context_t* context, const wasmtime_func_t* func, size_t results) {
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  wasmtime_trap_code_t code;
  succeed(wasmtime_func_call(context, func, NULL, 0, &result, results, &trap));
  check(trap != NULL && wasmtime_trap_code(trap, &code), "a trap with a code");
  check(code == WASMTIME_TRAP_CODE_INTERRUPT, "it is that of epochs");
  wasm_trap_delete(trap);
}

int main(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_instance_t instance;
  succeed(wasmtime_instance_new(context, module, NULL, 0, &instance, &(wasm_trap_t*){NULL}));
  wasmtime_func_t spin = export_of(context, &instance, "spin").of.func;
  wasmtime_func_t count = export_of(context, &instance, "count").of.func;

  refuse(context, &count, 1);
  printf("without a deadline: interrupted\n");

  wasmtime_context_set_epoch_deadline(context, 1);
  wasm_engine_t* shared = wasmtime_engine_clone(engine);
  pthread_t thread;
  check(pthread_create(&thread, NULL, tick, shared) == 0, "a thread");
  refuse(context, &spin, 0);
  pthread_join(thread, NULL);
  wasm_engine_delete(shared);
  printf("by another thread: interrupted\n");

  wasmtime_context_set_epoch_deadline(context, 1000);
  wasmtime_engine_increment_epoch(engine);
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_func_call(context, &count, NULL, 0, &result, 1, &trap));
  check(trap == NULL, "no trap");
  printf("before the deadline: counted to %d\n", result.of.i32);

  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
