/* Exceptions: code catches what a callback throws, the host takes what nothing caught, and both hold
 * references. Beside each stands what is refused. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (import \"h\" \"e\" (tag $e (param i32 i64)))"
    "  (import \"h\" \"f\" (func $f))"
    "  (func (export \"caught\") (result i32 i64)"
    "    (block $h (result i32 i64)"
    "      (try_table (catch $e $h) (call $f)) (i32.const 0) (i64.const 0)))"
    "  (func (export \"thrown\") (param i32) (throw $e (local.get 0) (i64.const -1)))"
    "  (func (export \"held\") (result exnref)"
    "    (block $h (result exnref) (try_table (catch_all_ref $h) (call $f)) (ref.null exn)))"
    "  (func (export \"again\") (param exnref) (throw_ref (local.get 0))))";

static wasmtime_exnref_t thrown;

static wasm_trap_t* throws(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                           size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)args, (void)nargs, (void)results, (void)nresults;
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  wasm_trap_t* trap = wasmtime_context_set_exception(context, &thrown);
  check(wasmtime_context_has_exception(context), "it is to be thrown");
  return trap;
}

/* Prints the exception that the last call ended with. */
static void taken(wasmtime_context_t* context, const wasmtime_tag_t* tag) {
  wasmtime_exnref_t exn;
  wasmtime_tag_t own;
  check(wasmtime_context_take_exception(context, &exn), "there is an exception");
  check(!wasmtime_context_has_exception(context), "it was taken");
  succeed(wasmtime_exnref_tag(context, &exn, &own));
  check(wasmtime_tag_eq(context, &own, tag), "the tag");
  wasmtime_val_t values[2];
  for (size_t i = 0; i < wasmtime_exnref_field_count(context, &exn); i++) {
    succeed(wasmtime_exnref_field(context, &exn, i, &values[i]));
  }
  printf("taken: %d %lld\n", values[0].of.i32, (long long)values[1].of.i64);
  print_error(wasmtime_exnref_field(context, &exn, 2, &values[0]));
  wasmtime_exnref_unroot(&exn);
}

static void call(wasmtime_context_t* context, const wasmtime_instance_t* instance, const char* name,
                 const wasmtime_val_t* args, size_t nargs, wasmtime_val_t* results, size_t nresults) {
  wasmtime_func_t func = export_of(context, instance, name).of.func;
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error =
      wasmtime_func_call(context, &func, args, nargs, results, nresults, &trap);
  if (error != NULL) {
    print_error(error);
  } else if (trap != NULL) {
    wasmtime_trap_code_t code = 0;
    check(wasmtime_trap_code(trap, &code), "a code");
    printf("%s: trap with code %d\n", name, code);
    wasm_trap_delete(trap);
  }
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasm_tagtype_t* type =
      wasm_tagtype_new(wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i64()));
  wasmtime_extern_t imports[2] = {{.kind = WASMTIME_EXTERN_TAG}, {.kind = WASMTIME_EXTERN_FUNC}};
  succeed(wasmtime_tag_new(context, type, &imports[0].of.tag));
  wasm_tagtype_delete(type);
  wasm_functype_t* none = wasm_functype_new_0_0();
  wasmtime_func_new(context, none, throws, NULL, NULL, &imports[1].of.func);
  wasm_functype_delete(none);
  wasmtime_val_t fields[2] = {{WASMTIME_I32, {.i32 = 6}}, {WASMTIME_I64, {.i64 = 7}}};
  const wasmtime_tag_t* tag = &imports[0].of.tag;
  succeed(wasmtime_exnref_new(context, tag, fields, 2, &thrown));
  print_error(wasmtime_exnref_new(context, tag, fields, 1, &(wasmtime_exnref_t){0, 0}));
  print_error(wasmtime_exnref_new(context, tag, fields, SIZE_MAX, &(wasmtime_exnref_t){0, 0}));
  fields[1].kind = WASMTIME_F32;
  print_error(wasmtime_exnref_new(context, tag, fields, 2, &(wasmtime_exnref_t){0, 0}));

  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_instance_new(context, module, imports, 2, &instance, &trap));
  wasmtime_val_t results[2];
  call(context, &instance, "caught", NULL, 0, results, 2);
  printf("caught: %d %lld\n", results[0].of.i32, (long long)results[1].of.i64);
  check(!wasmtime_context_has_exception(context), "code caught it");

  wasmtime_val_t number = {WASMTIME_I32, {.i32 = 8}};
  call(context, &instance, "thrown", &number, 1, NULL, 0);
  taken(context, tag);

  call(context, &instance, "held", NULL, 0, results, 1);
  check(results[0].kind == WASMTIME_EXNREF && !wasmtime_exnref_is_null(&results[0].of.exnref), "held");
  succeed(wasmtime_context_gc(context));
  call(context, &instance, "again", results, 1, NULL, 0);
  taken(context, tag);
  wasmtime_exnref_set_null(&results[0].of.exnref);
  call(context, &instance, "again", results, 1, NULL, 0);
  results[0].of.exnref.store_id = 1000;
  call(context, &instance, "again", results, 1, NULL, 0);
  wasmtime_exnref_clone(&thrown, &results[0].of.exnref);
  results[0].of.exnref.handle = 1000;
  call(context, &instance, "again", results, 1, NULL, 0);
  check(!wasmtime_context_has_exception(context), "there is none");

  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
