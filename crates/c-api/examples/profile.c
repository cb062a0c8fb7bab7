/* A guest profile: samples where the epoch is due, and the file for the Firefox Profiler. The twins: a
 * profile without a sample, and one that is given up. */

#include "common.h"

static const char TEXT[] =
    "(module $program"
    "  (import \"host\" \"tick\" (func $tick))"
    "  (func $hot (param i32) (result i32)"
    "    (loop (call $tick) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))"
    "    (local.get 0))"
    "  (func $cold (result i32) (i32.const 7))"
    "  (func (export \"run\") (result i32) (call $hot (i32.const 9)) (call $cold) (drop)))";

struct sampling {
  wasmtime_store_t* store;
  wasmtime_guestprofiler_t* profiler;
  int samples;
};

/* The clock of this program: the epoch is due after each tick. */
static wasm_trap_t* tick(void* engine, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                         size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)caller, (void)args, (void)results;
  check(nargs == 0 && nresults == 0, "no parameters");
  wasmtime_engine_increment_epoch(engine);
  return NULL;
}

static wasmtime_error_t* sample(wasmtime_context_t* context, void* data, uint64_t* delta,
                                wasmtime_update_deadline_kind_t* kind) {
  struct sampling* sampling = data;
  (void)context;
  wasmtime_guestprofiler_sample(sampling->profiler, sampling->store);
  sampling->samples++;
  *delta = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return NULL;
}

static wasmtime_guestprofiler_t* new_profiler(const wasmtime_module_t* module) {
  wasm_name_t name, *names[1] = {&name};
  wasm_name_new_from_string(&name, "program.wasm");
  wasmtime_guestprofiler_t* profiler = wasmtime_guestprofiler_new(
      &name, 1000 * 1000, module != NULL, (const wasm_name_t**)names, &module);
  wasm_name_delete(&name);
  return profiler;
}

static bool holds(const wasm_byte_vec_t* text, const char* part) {
  size_t size = strlen(part);
  for (size_t at = 0; at + size <= text->size; at++)
    if (memcmp(text->data + at, part, size) == 0) return true;
  return false;
}

/* Writes a profile; says which of the functions are in it. */
static void finish(wasmtime_guestprofiler_t* profiler) {
  wasm_byte_vec_t file;
  succeed(wasmtime_guestprofiler_finish(profiler, &file));
  check(file.size > 0 && file.data[0] == '{' && holds(&file, "program.wasm"), "a profile in JSON");
  printf("hot: %s, cold: %s\n", holds(&file, "hot (program)") ? "sampled" : "not there",
         holds(&file, "cold (program)") ? "sampled" : "not there");
  wasm_byte_vec_delete(&file);
}

int main(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  struct sampling sampling = {.store = wasmtime_store_new(engine, NULL, NULL)};
  wasmtime_store_epoch_deadline_callback(sampling.store, sample, &sampling, NULL);
  wasmtime_context_t* context = wasmtime_store_context(sampling.store);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  wasmtime_context_set_epoch_deadline(context, 1);
  wasm_functype_t* type = wasm_functype_new_0_0();
  wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC};
  wasmtime_func_new(context, type, tick, engine, NULL, &import.of.func);
  wasm_functype_delete(type);
  succeed(wasmtime_instance_new(context, module, &import, 1, &instance, &trap));
  wasmtime_func_t run = export_of(context, &instance, "run").of.func;

  sampling.profiler = new_profiler(module);
  wasmtime_val_t result;
  succeed(wasmtime_func_call(context, &run, NULL, 0, &result, 1, &trap));
  check(trap == NULL && result.of.i32 == 0, "it runs");
  printf("%d samples\n", sampling.samples);
  finish(sampling.profiler);

  sampling.profiler = new_profiler(NULL);
  wasmtime_guestprofiler_sample(sampling.profiler, sampling.store);
  finish(sampling.profiler);
  wasmtime_guestprofiler_delete(new_profiler(module));
  wasmtime_guestprofiler_delete(NULL);

  wasmtime_module_delete(module);
  wasmtime_store_delete(sampling.store);
  wasm_engine_delete(engine);
  return 0;
}
