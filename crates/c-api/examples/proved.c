/* Machine code that runs only with a proof that it does what its function says. A function without a
 * proof runs as bytecode, with the same results. The twin: where no proof is required, it has machine
 * code. */

#include "common.h"

/* More values at once in a loop than the proof follows. */
enum { VALUES = 60, TEXT_BYTES = 1 << 14 };

/* A module with a function that is proved, and one that is not. */
static void text(char* out) {
  size_t at = (size_t)sprintf(out,
      "(module (func (export \"square\") (param i64) (result i64)"
      " (i64.mul (local.get 0) (local.get 0)))"
      " (func (export \"odd\") (param i64) (result i64) (local");
  for (int i = 0; i < VALUES; i++) at += (size_t)sprintf(out + at, " i64");
  at += (size_t)sprintf(out + at, ") (loop");
  for (int i = 1; i <= VALUES; i++) {
    at += (size_t)sprintf(out + at,
        " (local.set %d (i64.add (i64.mul (local.get %d) (local.get %d)) (local.get 0)))", i, i,
        (i + 6) % VALUES + 1);
  }
  at += (size_t)sprintf(out + at,
      " (br_if 0 (i64.ne (local.tee 0 (i64.sub (local.get 0) (i64.const 1))) (i64.const 0))))"
      " (local.get 1)");
  for (int i = 2; i <= VALUES; i++) {
    at += (size_t)sprintf(out + at, " (i64.xor (local.get %d))", i);
  }
  at += (size_t)sprintf(out + at, "))");
  check(at < TEXT_BYTES, "there is room");
}

static wasm_engine_t* engine_of(bool proved) {
  wasm_config_t* config = wasm_config_new();
  /* Machine code of all functions when the module is made. */
  wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_CRANELIFT);
  prova_config_require_proved_set(config, proved);
  wasm_engine_t* engine = NULL;
  succeed(prova_engine_new(config, &engine));
  return engine;
}

static int64_t call(wasmtime_context_t* context, const wasmtime_instance_t* instance,
                    const char* name, int64_t argument) {
  wasmtime_func_t func = export_of(context, instance, name).of.func;
  wasmtime_val_t arg = {.kind = WASMTIME_I64, .of = {.i64 = argument}}, result;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_func_call(context, &func, &arg, 1, &result, 1, &trap));
  check(trap == NULL, "no trap");
  return result.of.i64;
}

/* Prints each line up to its second colon: where and why a proof fails is long. */
static void print_refusals(const wasm_byte_vec_t* lines) {
  for (size_t at = 0, colons = 0; at < lines->size; at++) {
    char byte = lines->data[at];
    if (byte == '\n') colons = 0;
    else if (byte == ':') colons++;
    if (colons < 2) putchar(byte);
  }
}

/* Runs the functions, and prints which of them have no machine code. */
static void run(const char* what, wasm_engine_t* engine, const wasmtime_module_t* module) {
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap));
  long long square = (long long)call(context, &instance, "square", 12);
  long long odd = (long long)call(context, &instance, "odd", 5);
  printf("%s: square %lld, odd %lld\n", what, square, odd);
  wasm_byte_vec_t refusals;
  prova_module_refusals(module, &refusals);
  print_refusals(&refusals);
  wasm_byte_vec_delete(&refusals);
  wasmtime_store_delete(store);
}

/* The module as a file, and from the file in another engine. */
static void file(const char* what, const wasmtime_module_t* module, wasm_engine_t* engine) {
  wasm_byte_vec_t bytes;
  succeed(wasmtime_module_serialize(module, &bytes));
  wasmtime_module_t* again = NULL;
  succeed(wasmtime_module_deserialize(engine, (const uint8_t*)bytes.data, bytes.size, &again));
  run(what, engine, again);
  wasmtime_module_delete(again);
  wasm_byte_vec_delete(&bytes);
}

int main(void) {
  static char module_text[TEXT_BYTES];
  text(module_text);
  wasm_engine_t* confined = engine_of(false);
  wasm_engine_t* proved = engine_of(true);
  wasmtime_module_t* one = prova_module_of_text(confined, module_text);
  wasmtime_module_t* other = prova_module_of_text(proved, module_text);
  run("no proof is required", confined, one);
  run("a proof is required", proved, other);
  file("a file without proofs, one is required", one, proved);
  file("a file with proofs, one is required", other, proved);
  file("a file with proofs, none is required", other, confined);
  wasmtime_module_delete(one);
  wasmtime_module_delete(other);
  wasm_engine_delete(confined);
  wasm_engine_delete(proved);
  return 0;
}
