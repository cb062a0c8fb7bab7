/* Misuse that the library notices: each case runs in a child, which ends with a message. Beside each
 * stands what is allowed, and returns. */

#define _POSIX_C_SOURCE 199309L
#include "../../examples/common.h"
#include <sys/wait.h>
#include <unistd.h>

static wasm_engine_t* engine;
static wasm_store_t* store;

static void engine_null(void) { wasm_store_new(NULL); }
static void engine_delete_null(void) { wasm_engine_delete(NULL); }
static void call_null(void) {
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  wasm_func_call(NULL, &none, &none);
}
static void copy_null(void) { check(wasm_func_copy(NULL) == NULL, "a copy of NULL"); }
static void same_null(void) { check(wasm_ref_same(NULL, NULL), "NULL is itself"); }
static void valtype_of_no_kind(void) { wasm_valtype_new(77); }
static void functype_of_nulls(void) {
  wasm_valtype_vec_t none = WASM_EMPTY_VEC;
  wasm_functype_delete(wasm_functype_new(&none, &none));
}
static void callback_null(void) {
  wasm_functype_t* type = wasm_functype_new_0_0();
  wasm_func_new(store, type, NULL);
}
static void global_is_no_function(void) {
  wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
  wasm_val_t zero = WASM_I32_VAL(0);
  wasm_global_t* global = wasm_global_new(store, type, &zero);
  wasm_func_type((wasm_func_t*)global);
}
static void global_is_no_function_said(void) {
  wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
  wasm_val_t zero = WASM_I32_VAL(0);
  wasm_global_t* global = wasm_global_new(store, type, &zero);
  check(wasm_extern_as_func(wasm_global_as_extern(global)) == NULL, "asked first");
}
static void memory_of_another_store(void) {
  wasmtime_store_t* one = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_store_t* two = wasmtime_store_new(engine, NULL, NULL);
  wasm_limits_t limits = {1, 1};
  wasmtime_memory_t memory;
  succeed(wasmtime_memory_new(wasmtime_store_context(one), wasm_memorytype_new(&limits), &memory));
  check(wasmtime_memory_size(wasmtime_store_context(one), &memory) == 1, "in its store");
  wasmtime_memory_size(wasmtime_store_context(two), &memory);
}
static void trap_of_no_code(void) { wasmtime_trap_new_code(100); }
static wasm_trap_t* delete_store(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                                 size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  wasmtime_store_delete(env);
  return NULL;
}
static void store_deleted_in_its_callback(void) {
  wasmtime_store_t* one = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(one);
  wasmtime_func_t func;
  wasmtime_func_new(context, wasm_functype_new_0_0(), delete_store, one, NULL, &func);
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_func_call(context, &func, NULL, 0, NULL, 0, &trap));
}
static void store_deleted_in_another_ones_callback(void) {
  wasmtime_store_t* one = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(one);
  wasmtime_store_t* two = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_func_t func;
  wasmtime_func_new(context, wasm_functype_new_0_0(), delete_store, two, NULL, &func);
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_func_call(context, &func, NULL, 0, NULL, 0, &trap));
  wasmtime_store_delete(one);
}
static wasmtime_error_t* go_on(wasmtime_context_t* context, void* data, uint64_t* delta,
                               wasmtime_update_deadline_kind_t* kind) {
  (void)context, (void)data, (void)kind;
  *delta = 1;
  return NULL;
}
/* Sets a callback before the first instance, and another one after it. */
static void deadline_callback_twice(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasm_engine_t* own = wasm_engine_new_with_config(config);
  wasmtime_store_t* one = wasmtime_store_new(own, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(one);
  wasmtime_store_epoch_deadline_callback(one, go_on, NULL, NULL);
  wasmtime_context_set_epoch_deadline(context, 1000);
  wasmtime_module_t* module =
      prova_module_of_text(own, "(module (func $f (loop)) (start $f))");
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap));
  wasmtime_store_epoch_deadline_callback(one, go_on, NULL, NULL);
  wasmtime_store_delete(one);
}
static void profiler_of_no_number(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_profiler_set(config, WASMTIME_PROFILING_STRATEGY_PERFMAP);
  wasmtime_config_profiler_set(config, 4);
}
static void engine_of_null(void) {
  wasm_engine_t* none = NULL;
  prova_engine_new(NULL, &none);
}
static void tag_of_a_function_type(void) {
  wasmtime_store_t* one = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_tag_t tag;
  wasmtime_tag_new(wasmtime_store_context(one), (wasm_tagtype_t*)wasm_functype_new_0_0(), &tag);
}
static void config_of_no_stack(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_max_wasm_stack_set(config, 1);
  check(wasm_engine_new_with_config(config) == NULL, "a stack of one byte");
}

static void run(const char* name, void (*misuse)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(1, 2);
    misuse();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    printf("%s: ended by signal %d\n", name, WTERMSIG(status));
  } else {
    printf("%s: returned\n", name);
  }
}

#define RUN(misuse) run(#misuse, misuse)

int main(void) {
  engine = wasm_engine_new();
  store = wasm_store_new(engine);
  RUN(engine_null);
  RUN(engine_delete_null);
  RUN(call_null);
  RUN(copy_null);
  RUN(same_null);
  RUN(valtype_of_no_kind);
  RUN(functype_of_nulls);
  RUN(callback_null);
  RUN(global_is_no_function);
  RUN(global_is_no_function_said);
  RUN(memory_of_another_store);
  RUN(trap_of_no_code);
  RUN(config_of_no_stack);
  RUN(store_deleted_in_its_callback);
  RUN(store_deleted_in_another_ones_callback);
  RUN(deadline_callback_twice);
  RUN(profiler_of_no_number);
  RUN(engine_of_null);
  RUN(tag_of_a_function_type);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
