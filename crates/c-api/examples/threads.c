/* Threads: a module whose instances, each in a store on a thread, share a memory that counts. The
 * twins: an engine that has no shared memories, a type that is not shared or has no greatest size, a
 * growth beyond the maximum, an import that is not shared, one that was deleted. */

#include "common.h"
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 10000 };

static const char TEXT[] =
    "(module"
    "  (import \"host\" \"memory\" (memory 1 3 shared))"
    "  (export \"memory\" (memory 0))"
    "  (func (export \"count\") (param i32)"
    "    (loop"
    "      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))"
    "      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))"
    "      (br_if 0 (local.get 0)))"
    "    (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))))";

typedef struct thread {
  wasm_engine_t* engine;
  const wasmtime_module_t* module;
  const wasmtime_sharedmemory_t* memory;
} thread_t;

/* An external of the memory, which the caller deletes. */
static wasmtime_extern_t extern_of(const wasmtime_sharedmemory_t* memory) {
  wasmtime_extern_t item;
  item.kind = WASMTIME_EXTERN_SHAREDMEMORY;
  item.of.sharedmemory = wasmtime_sharedmemory_clone(memory);
  return item;
}

static void* run(void* of) {
  const thread_t* data = of;
  wasmtime_store_t* store = wasmtime_store_new(data->engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_extern_t import = extern_of(data->memory);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_instance_new(context, data->module, &import, 1, &instance, &trap));
  wasmtime_extern_delete(&import);
  wasmtime_func_t count = export_of(context, &instance, "count").of.func;
  wasmtime_val_t rounds;
  rounds.kind = WASMTIME_I32;
  rounds.of.i32 = ROUNDS;
  succeed(wasmtime_func_call(context, &count, &rounds, 1, NULL, 0, &trap));
  check(trap == NULL, "no trap");
  wasmtime_store_delete(store);
  return NULL;
}

static wasm_memorytype_t* type_of(bool has_max, bool shared) {
  wasm_memorytype_t* type = NULL;
  succeed(wasmtime_memorytype_new(1, has_max, 3, false, shared, 16, &type));
  return type;
}

static void refused(wasm_engine_t* engine, wasmtime_module_t* module) {
  wasm_memorytype_t* type = NULL;
  print_error(wasmtime_memorytype_new(1, false, 0, false, true, 16, &type));
  wasmtime_sharedmemory_t* memory = NULL;
  type = type_of(true, false);
  check(!wasmtime_memorytype_isshared(type), "a type that is not shared");
  print_error(wasmtime_sharedmemory_new(engine, type, &memory));

  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_extern_t import;
  import.kind = WASMTIME_EXTERN_MEMORY;
  succeed(wasmtime_memory_new(context, type, &import.of.memory));
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  print_error(wasmtime_instance_new(context, module, &import, 1, &instance, &trap));
  wasm_memorytype_delete(type);

  type = type_of(true, true);
  wasmtime_memory_t own;
  print_error(wasmtime_memory_new(context, type, &own));
  wasm_engine_t* plain = wasm_engine_new();
  print_error(wasmtime_sharedmemory_new(plain, type, &memory));
  wasm_engine_delete(plain);
  succeed(wasmtime_sharedmemory_new(engine, type, &memory));
  wasm_memorytype_delete(type);
  import = extern_of(memory);
  wasmtime_sharedmemory_delete(memory);
  wasmtime_extern_delete(&import);
  print_error(wasmtime_instance_new(context, module, &import, 1, &instance, &trap));
  wasmtime_extern_delete(&import);
  wasmtime_store_delete(store);
}

/* What an instance exports is the memory that it imported. */
static void exported(wasm_engine_t* engine, wasmtime_module_t* module,
                     wasmtime_sharedmemory_t* memory) {
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_extern_t import = extern_of(memory);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_instance_new(context, module, &import, 1, &instance, &trap));
  wasmtime_extern_delete(&import);
  wasmtime_extern_t export = export_of(context, &instance, "memory");
  check(export.kind == WASMTIME_EXTERN_SHAREDMEMORY, "a shared memory is exported");
  wasmtime_store_delete(store);
  wasm_externtype_t* type = wasm_memorytype_as_externtype(
      wasmtime_sharedmemory_type(export.of.sharedmemory));
  check(wasmtime_memorytype_isshared(wasm_externtype_as_memorytype(type)), "its type is shared");
  wasm_externtype_delete(type);
  uint64_t before = 0;
  succeed(wasmtime_sharedmemory_grow(export.of.sharedmemory, 2, &before));
  printf("pages: %d, then %d\n", (int)before, (int)wasmtime_sharedmemory_size(memory));
  check(wasmtime_sharedmemory_data_size(memory) == 3 << 16, "bytes");
  print_error(wasmtime_sharedmemory_grow(memory, 1, &before));
  wasmtime_extern_delete(&export);
}

int main(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_shared_memory_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasm_memorytype_t* type = type_of(true, true);
  wasmtime_sharedmemory_t* memory = NULL;
  succeed(wasmtime_sharedmemory_new(engine, type, &memory));
  wasm_memorytype_delete(type);

  thread_t data = {engine, module, memory};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, run, &data);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  int32_t count;
  memcpy(&count, wasmtime_sharedmemory_data(memory) + 8, sizeof count);
  printf("counted: %d\n", count);

  exported(engine, module, memory);
  refused(engine, module);
  wasmtime_sharedmemory_delete(memory);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
  printf("done\n");
  return 0;
}
