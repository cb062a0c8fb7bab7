/* Callbacks that do what callbacks should not: grow a memory whose bytes they hold, give up what runs,
 * write results of another kind, trap in the middle, call deeper than there is room. Each time the
 * store is usable afterwards. */

#include "../../examples/common.h"

static const char TEXT[] =
    "(module"
    "  (import \"h\" \"f\" (func $f (param i32) (result i32)))"
    "  (import \"h\" \"start\" (func $start))"
    "  (memory (export \"memory\") 1 20)"
    "  (table (export \"table\") 4 funcref)"
    "  (global (export \"global\") (mut i32) (i32.const 5))"
    "  (elem (i32.const 1) $f $plain)"
    "  (func $plain (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
    "  (func (export \"call\") (param i32) (result i32)"
    "    (i32.store (i32.const 0) (i32.const 77))"
    "    (i32.add (call $f (local.get 0)) (i32.load (i32.const 0))))"
    "  (func (export \"indirect\") (param i32) (result i32)"
    "    (i32.add (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1))"
    "      (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1))))"
    "  (func (export \"last\") (result i32)"
    "    (i32.load8_u (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))))"
    "  (func (export \"catch\") (param i32) (result i32)"
    "    (block $h (try_table (catch_all $h) (return (call $f (local.get 0))))) (i32.const -9))"
    "  (start $start))";

/* What the callback is to do, and on what. */
enum deed { GROW, DEEPER, WRONG_KIND, NO_KIND, TRAP, TRAP_AND_WRITE, OLD_CALLER, REPLACE, WRITE_ALL,
            DELETE_MODULE, NOTHING };
static enum deed deed;
static wasmtime_caller_t* outer;
static wasmtime_module_t* module;
static int depth;

static wasmtime_func_t func_of(wasmtime_caller_t* caller, const char* name) {
  wasmtime_extern_t item;
  check(wasmtime_caller_export_get(caller, name, strlen(name), &item), name);
  return item.of.func;
}

static wasmtime_memory_t memory_of(wasmtime_caller_t* caller) {
  wasmtime_extern_t item;
  check(wasmtime_caller_export_get(caller, "memory", 6, &item), "memory");
  return item.of.memory;
}

static wasm_trap_t* grow(wasmtime_caller_t* caller) {
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  wasmtime_memory_t memory = memory_of(caller);
  uint8_t* before = wasmtime_memory_data(context, &memory);
  check(before[0] == 77, "what code stored is there");
  uint64_t pages = 0;
  succeed(wasmtime_memory_grow(context, &memory, 7, &pages));
  uint8_t* data = wasmtime_memory_data(context, &memory);
  size_t size = wasmtime_memory_data_size(context, &memory);
  data[size - 1] = 123;
  data[0] = 78;
  check(before[0] == 78, "a memory does not move");
  return NULL;
}

static wasm_trap_t* deeper(wasmtime_caller_t* caller, wasmtime_val_t* results) {
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  wasmtime_func_t func = func_of(caller, "call");
  wasmtime_val_t argument = {WASMTIME_I32, {.i32 = ++depth}};
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_func_call(context, &func, &argument, 1, results, 1, &trap);
  if (error != NULL) wasmtime_error_delete(error);
  return error == NULL ? trap : wasmtime_trap_new("an error", 8);
}

static wasm_trap_t* old_caller(wasmtime_caller_t* caller, wasmtime_val_t* results) {
  if (outer != NULL) { /* The inner call: the outer caller waits. */
    wasmtime_extern_t item;
    check(!wasmtime_caller_export_get(outer, "memory", 6, &item), "the outer caller is not asked");
    return NULL;
  }
  outer = caller;
  wasm_trap_t* trap = deeper(caller, results);
  outer = NULL;
  return trap;
}

static wasm_trap_t* replace(wasmtime_caller_t* caller) {
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  wasmtime_extern_t table;
  check(wasmtime_caller_export_get(caller, "table", 5, &table), "table");
  wasmtime_val_t element;
  check(wasmtime_table_get(context, &table.of.table, 2, &element), "the function of the module");
  succeed(wasmtime_table_set(context, &table.of.table, 1, &element));
  return NULL;
}

static wasm_trap_t* callback(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                             size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env;
  check(nargs == 1 && nresults == 1 && args[0].kind == WASMTIME_I32, "one each");
  results[0] = args[0];
  switch (deed) {
    case GROW: return grow(caller);
    case DEEPER: return deeper(caller, results);
    case WRONG_KIND: results[0].kind = WASMTIME_F64; return NULL;
    case NO_KIND: results[0].kind = 200; return NULL;
    case TRAP: return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_INTEGER_OVERFLOW);
    case TRAP_AND_WRITE: results[0].kind = 99; return wasmtime_trap_new("of the host\0cut", 11);
    case OLD_CALLER: return old_caller(caller, results);
    case REPLACE: return replace(caller);
    case WRITE_ALL: memset(results, 0xff, sizeof(*results)); return NULL;
    case DELETE_MODULE:
    case NOTHING: return NULL;
  }
  return NULL;
}

static wasm_trap_t* start(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  if (deed != DELETE_MODULE) return NULL;
  wasmtime_module_delete(module);
  module = NULL;
  return NULL;
}

static void run(const char* what, enum deed own, wasmtime_context_t* context,
                const wasmtime_instance_t* instance, const char* name) {
  deed = own;
  depth = 0;
  wasmtime_func_t func = export_of(context, instance, name).of.func;
  wasmtime_val_t argument = {WASMTIME_I32, {.i32 = 1}}, result;
  wasm_trap_t* trap = NULL;
  printf("%s: ", what);
  wasmtime_error_t* error =
      wasmtime_func_call(context, &func, &argument, strcmp(name, "last") != 0, &result, 1, &trap);
  if (error != NULL) {
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    int line = 0;
    while ((size_t)line < message.size && message.data[line] != '\n') line++;
    printf("error: %.*s\n", line, message.data);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
  } else if (trap != NULL) {
    wasmtime_trap_code_t code = 255;
    wasmtime_trap_code(trap, &code);
    printf("trap with code %d\n", code);
    wasm_trap_delete(trap);
  } else {
    printf("%d\n", result.of.i32);
  }
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  succeed(wasmtime_linker_define_func(linker, "h", 1, "f", 1, type, callback, NULL, NULL));
  wasm_functype_delete(type);
  type = wasm_functype_new_0_0();
  succeed(wasmtime_linker_define_func(linker, "h", 1, "start", 5, type, start, NULL, NULL));
  wasm_functype_delete(type);
  module = prova_module_of_text(engine, TEXT);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  deed = NOTHING;
  succeed(wasmtime_linker_instantiate(linker, context, module, &instance, &trap));

  run("as it should", NOTHING, context, &instance, "call");
  run("grown in between", GROW, context, &instance, "call");
  run("the last byte", NOTHING, context, &instance, "last");
  run("a result of another kind", WRONG_KIND, context, &instance, "call");
  run("a result of no kind", NO_KIND, context, &instance, "call");
  run("a result of bits alone", WRITE_ALL, context, &instance, "call");
  run("a trap with a code", TRAP, context, &instance, "call");
  run("a trap with a message", TRAP_AND_WRITE, context, &instance, "call");
  run("caught by nobody", TRAP, context, &instance, "catch");
  run("deeper", DEEPER, context, &instance, "call");
  run("the outer caller", OLD_CALLER, context, &instance, "call");
  run("the table replaced", REPLACE, context, &instance, "indirect");
  run("as it should", NOTHING, context, &instance, "call");

  /* The module is given up while its start function runs, in each way to make an instance. */
  wasmtime_extern_t imports[2];
  check(wasmtime_linker_get(linker, context, "h", 1, "f", 1, &imports[0]), "f");
  check(wasmtime_linker_get(linker, context, "h", 1, "start", 5, &imports[1]), "start");
  deed = DELETE_MODULE;
  succeed(wasmtime_instance_new(context, module, imports, 2, &instance, &trap));
  module = prova_module_of_text(engine, TEXT);
  succeed(wasmtime_linker_instantiate(linker, context, module, &instance, &trap));
  module = prova_module_of_text(engine, TEXT);
  succeed(wasmtime_linker_module(linker, context, "m", 1, module));
  module = prova_module_of_text(engine, TEXT);
  wasmtime_instance_pre_t* pre = NULL;
  succeed(wasmtime_linker_instantiate_pre(linker, module, &pre));
  succeed(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap));
  wasmtime_instance_pre_delete(pre);
  run("after all that", NOTHING, context, &instance, "call");

  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
