/* Modules that are linked by name, and values of prova.h: vectors, references, handles. The twins: a
 * name that nobody defined, one that is defined twice, a handle of another store, of another kind. */

#include "common.h"

static const char LIBRARY[] =
    "(module"
    "  (import \"host\" \"log\" (func $log (param i32)))"
    "  (memory (export \"memory\") 1)"
    "  (global (export \"count\") (mut i32) (i32.const 0))"
    "  (data (i32.const 16) \"from the library\")"
    "  (func (export \"hello\") (call $log (i32.const 16))))";

static const char PROGRAM[] =
    "(module"
    "  (import \"library\" \"hello\" (func $hello))"
    "  (import \"library\" \"count\" (global $count (mut i32)))"
    "  (func (export \"run\") (call $hello)"
    "    (global.set $count (i32.add (global.get $count) (i32.const 1))))"
    "  (func (export \"swap\") (param v128 externref funcref) (result funcref externref v128)"
    "    (local.get 2) (local.get 1)"
    "    (i8x16.swizzle (local.get 0)"
    "      (v128.const i8x16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0))))";

/* Prints a text in the memory of the instance that calls. */
static wasm_trap_t* print(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)results, (void)nresults;
  wasmtime_extern_t item;
  check(nargs == 1 && wasmtime_caller_export_get(caller, "memory", 6, &item), "it has a memory");
  check(!wasmtime_caller_export_get(caller, "nothing", 7, &item), "and nothing else");
  check(wasmtime_caller_export_get(caller, "memory", 6, &item), "it still has");
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  const char* data = (const char*)wasmtime_memory_data(context, &item.of.memory);
  printf("%s: %s\n", (const char*)env, data + args[0].of.i32);
  return NULL;
}

static void swap(wasmtime_context_t* context, const wasmtime_instance_t* instance) {
  wasmtime_func_t swap = export_of(context, instance, "swap").of.func;
  wasmtime_val_t args[3], results[3];
  args[0].kind = WASMTIME_V128;
  for (int i = 0; i < 16; i++) args[0].of.v128[i] = i;
  args[1].kind = WASMTIME_EXTERNREF;
  static char data[] = "data of the program";
  check(wasmtime_externref_new(context, data, NULL, &args[1].of.externref), "a reference");
  args[2].kind = WASMTIME_FUNCREF;
  args[2].of.funcref = swap;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_func_call(context, &swap, args, 3, results, 3, &trap));
  check(results[0].kind == WASMTIME_FUNCREF && results[1].kind == WASMTIME_EXTERNREF, "kinds");
  check(results[2].of.v128[0] == 15 && results[2].of.v128[15] == 0, "the vector");
  printf("%s\n", (char*)wasmtime_externref_data(context, &results[1].of.externref));
  wasm_functype_t* type = wasmtime_func_type(context, &results[0].of.funcref);
  check(wasm_functype_params(type)->size == 3, "the function's type");
  wasm_functype_delete(type);

  wasmtime_externref_set_null(&args[1].of.externref);
  wasmtime_funcref_set_null(&args[2].of.funcref);
  succeed(wasmtime_func_call(context, &swap, args, 3, results, 3, &trap));
  check(wasmtime_funcref_is_null(&results[0].of.funcref), "null of functions");
  check(wasmtime_externref_is_null(&results[1].of.externref), "null of the host");

  args[1] = args[2];
  print_error(wasmtime_func_call(context, &swap, args, 3, results, 3, &trap));
}

/* Handles mean something in their store alone, and as what they are. */
static void handles(wasm_engine_t* engine, wasmtime_context_t* context,
                    const wasmtime_instance_t* library, wasmtime_linker_t* linker) {
  wasmtime_extern_t count = export_of(context, library, "count");
  check(count.kind == WASMTIME_EXTERN_GLOBAL, "a global");
  wasmtime_val_t value;
  wasmtime_global_get(context, &count.of.global, &value);
  printf("the program ran %d times\n", value.of.i32);

  wasm_trap_t* trap = NULL;
  print_error(wasmtime_func_call(context, &count.of.func, NULL, 0, NULL, 0, &trap));
  wasmtime_extern_t lie = count;
  lie.kind = WASMTIME_EXTERN_MEMORY;
  print_error(wasmtime_linker_define(linker, context, "x", 1, "y", 1, &lie));
  count.of.global.handle += 1000;
  print_error(wasmtime_global_set(context, &count.of.global, &value));
  count = export_of(context, library, "count");

  wasmtime_store_t* elsewhere = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* other = wasmtime_store_context(elsewhere);
  print_error(wasmtime_global_set(other, &count.of.global, &value));
  print_error(wasmtime_linker_define(linker, other, "x", 1, "y", 1, &count));
  wasmtime_store_delete(elsewhere);
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_module_t* library = prova_module_of_text(engine, LIBRARY);
  wasmtime_module_t* program = prova_module_of_text(engine, PROGRAM);
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasmtime_instance_t library_instance, instance;
  wasm_trap_t* trap = NULL;

  print_error(wasmtime_linker_instantiate(linker, context, library, &library_instance, &trap));
  wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
  char name[] = "log";
  succeed(wasmtime_linker_define_func(linker, "host", 4, "log", 3, type, print, name, NULL));
  print_error(wasmtime_linker_define_func(linker, "host", 4, "log", 3, type, print, name, NULL));
  print_error(wasmtime_linker_define_func(linker, "host", 4, "\xff", 1, type, print, name, NULL));
  wasm_functype_delete(type);
  succeed(wasmtime_linker_instantiate(linker, context, library, &library_instance, &trap));
  succeed(wasmtime_linker_define_instance(linker, context, "library", 7, &library_instance));
  succeed(wasmtime_linker_instantiate(linker, context, program, &instance, &trap));

  wasmtime_func_t run = export_of(context, &instance, "run").of.func;
  for (int i = 0; i < 3; i++) {
    succeed(wasmtime_func_call(context, &run, NULL, 0, NULL, 0, &trap));
  }
  swap(context, &instance);
  handles(engine, context, &library_instance, linker);

  char* export_name;
  size_t len;
  wasmtime_extern_t item;
  for (size_t i = 0;
       wasmtime_instance_export_nth(context, &library_instance, i, &export_name, &len, &item); i++) {
    printf("export %.*s of kind %d\n", (int)len, export_name, item.kind);
  }

  /* Unknown imports as traps: the module is made, the call is refused. */
  wasmtime_linker_t* empty = wasmtime_linker_new(engine);
  succeed(wasmtime_linker_define_unknown_imports_as_traps(empty, library));
  succeed(wasmtime_linker_instantiate(empty, context, library, &instance, &trap));
  wasmtime_func_t hello = export_of(context, &instance, "hello").of.func;
  succeed(wasmtime_func_call(context, &hello, NULL, 0, NULL, 0, &trap));
  print_trap(trap);
  print_error(wasmtime_linker_define_unknown_imports_as_traps(empty, program));
  wasmtime_linker_delete(empty);

  wasmtime_linker_delete(linker);
  wasmtime_module_delete(library);
  wasmtime_module_delete(program);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  printf("done\n");
  return 0;
}
