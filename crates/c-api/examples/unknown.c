/* A linker gives what a module imports and nobody has defined: traps, or zeros and nulls. Beside each
 * stands what it refuses. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (import \"a\" \"number\" (func $number (param i32) (result i64 f32)))"
    "  (import \"a\" \"known\" (func $known (result i32)))"
    "  (import \"a\" \"global\" (global $global i32))"
    "  (import \"a\" \"table\" (table 3 funcref))"
    "  (import \"a\" \"memory\" (memory 1 2))"
    "  (func (export \"sum\") (result i64)"
    "    (drop (call $number (i32.const 7)))"
    "    (i64.extend_i32_s (i32.add (call $known) (i32.add (global.get $global)"
    "      (i32.add (table.size) (i32.load (i32.const 8))))))"
    "    (i64.add)))";
static const char FUNCTIONS[] =
    "(module (import \"b\" \"f\" (func $f)) (func (export \"sum\") (result i64)"
    "  (call $f) (i64.const 1)))";
static const char NO_DEFAULT[] = "(module (import \"c\" \"f\" (func (result (ref func)))))";
static const char TAG[] = "(module (import \"d\" \"t\" (tag)))";

static wasm_trap_t* known(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)caller, (void)args, (void)nargs;
  check(nresults == 1, "it has one result");
  results[0] = (wasmtime_val_t){WASMTIME_I32, {.i32 = 40}};
  return NULL;
}

/* Instantiates and prints the sum. */
static void sum(const wasmtime_linker_t* linker, wasmtime_context_t* context,
                const wasmtime_module_t* module) {
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_linker_instantiate(linker, context, module, &instance, &trap));
  wasmtime_func_t func = export_of(context, &instance, "sum").of.func;
  wasmtime_val_t result;
  wasmtime_error_t* error = wasmtime_func_call(context, &func, NULL, 0, &result, 1, &trap);
  if (error != NULL) {
    print_error(error);
  } else if (trap != NULL) {
    print_trap(trap);
  } else {
    printf("the sum is %lld\n", (long long)result.of.i64);
  }
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_module_t* functions = prova_module_of_text(engine, FUNCTIONS);
  wasmtime_module_t* no_default = prova_module_of_text(engine, NO_DEFAULT);
  wasmtime_module_t* tag = prova_module_of_text(engine, TAG);
  wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  succeed(wasmtime_linker_define_func(linker, "a", 1, "known", 5, type, known, NULL, NULL));
  wasm_functype_delete(type);

  printf("as traps: ");
  print_error(wasmtime_linker_define_unknown_imports_as_traps(linker, module));
  printf("no default: ");
  print_error(wasmtime_linker_define_unknown_imports_as_default_values(linker, context, no_default));
  printf("no default: ");
  print_error(wasmtime_linker_define_unknown_imports_as_default_values(linker, context, tag));

  succeed(wasmtime_linker_define_unknown_imports_as_default_values(linker, context, module));
  sum(linker, context, module);
  /* They are defined now, and it changes nothing. */
  succeed(wasmtime_linker_define_unknown_imports_as_traps(linker, module));
  sum(linker, context, module);

  succeed(wasmtime_linker_define_unknown_imports_as_traps(linker, functions));
  sum(linker, context, functions);

  wasmtime_module_delete(tag);
  wasmtime_module_delete(no_default);
  wasmtime_module_delete(functions);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
