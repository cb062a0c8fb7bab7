/* Fuel: a program runs until it is used up, and how much it used is the same on every machine. The
 * twin: an engine that does not count fuel. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (func $fib (export \"fib\") (param i32) (result i32)"
    "    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))"
    "      (then (local.get 0))"
    "      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
    "                     (call $fib (i32.sub (local.get 0) (i32.const 2))))))))";

int main(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_consume_fuel_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_instance_t instance;
  succeed(wasmtime_instance_new(context, module, NULL, 0, &instance, &(wasm_trap_t*){NULL}));
  wasmtime_func_t fib = export_of(context, &instance, "fib").of.func;

  succeed(wasmtime_context_set_fuel(context, 10000));
  for (int32_t n = 1;; n++) {
    uint64_t before, after;
    succeed(wasmtime_context_get_fuel(context, &before));
    wasmtime_val_t arg = {.kind = WASMTIME_I32, .of = {.i32 = n}}, result;
    wasm_trap_t* trap = NULL;
    succeed(wasmtime_func_call(context, &fib, &arg, 1, &result, 1, &trap));
    if (trap != NULL) {
      wasmtime_trap_code_t code;
      check(wasmtime_trap_code(trap, &code), "the trap has a code");
      check(code == WASMTIME_TRAP_CODE_OUT_OF_FUEL, "it is that of fuel");
      wasm_trap_delete(trap);
      printf("out of fuel at fib(%d)\n", n);
      break;
    }
    succeed(wasmtime_context_get_fuel(context, &after));
    printf("fib(%d) = %d, with %u units\n", n, result.of.i32, (unsigned)(before - after));
  }
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);

  engine = wasm_engine_new();
  store = wasmtime_store_new(engine, NULL, NULL);
  print_error(wasmtime_context_set_fuel(wasmtime_store_context(store), 1));
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
