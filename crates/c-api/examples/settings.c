/* Settings of Wasmtime: those that do something, those that are refused and say so, and a pool of
 * instances. Types of vectors, tags and memories with pages of a byte. */

#include "common.h"

static void refuse(const char* name, wasm_config_t* config) {
  wasm_engine_t* engine = NULL;
  printf("%s: ", name);
  print_error(prova_engine_new(config, &engine));
  check(engine == NULL, "there is no engine");
}

static void settings(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_debug_info_set(config, true);
  refuse("debug_info", config);
  config = wasm_config_new();
  wasmtime_config_cranelift_flag_set(config, "opt", "7");
  wasmtime_config_cranelift_flag_enable(config, "has_avx");
  refuse("flag", config);
  config = wasm_config_new();
  wasmtime_config_profiler_set(config, WASMTIME_PROFILING_STRATEGY_VTUNE);
  refuse("profiler", config);
  config = wasm_config_new();
  wasmtime_config_cranelift_nan_canonicalization_set(config, true);
  refuse("bits of NaNs", config);
  config = wasm_config_new();
  printf("target: ");
  print_error(wasmtime_config_target_set(config, "sparc64-unknown-linux"));
  wasm_config_delete(config);

  config = wasm_config_new();
  wasmtime_config_debug_info_set(config, false);
  wasmtime_config_wasm_gc_set(config, true);
  wasmtime_config_profiler_set(config, WASMTIME_PROFILING_STRATEGY_NONE);
  wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_WINCH);
  wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED_AND_SIZE);
  wasmtime_config_cranelift_debug_verifier_set(config, true);
  wasmtime_config_cranelift_nan_canonicalization_set(config, true);
  prova_config_deterministic_set(config, true);
  wasmtime_config_wasm_relaxed_simd_deterministic_set(config, true);
  wasmtime_config_parallel_compilation_set(config, false);
  wasmtime_config_memory_may_move_set(config, true);
  wasmtime_config_memory_reservation_set(config, UINT64_MAX);
  wasmtime_config_memory_guard_size_set(config, 0);
  wasmtime_config_memory_reservation_for_growth_set(config, 1);
  wasmtime_config_native_unwind_info_set(config, true);
  wasmtime_config_wasm_exceptions_set(config, true);
  wasmtime_config_wasm_function_references_set(config, true);
  wasm_engine_t* engine = NULL;
  succeed(prova_engine_new(config, &engine));
  wasm_engine_delete(engine);
  printf("all others are taken\n");
}

static void pool(void) {
  wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
  wasmtime_pooling_allocation_config_total_core_instances_set(pool, 2);
  wasmtime_pooling_allocation_config_total_memories_set(pool, 2);
  wasmtime_pooling_allocation_config_total_tables_set(pool, 2);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool, 1 << 16);
  wasmtime_pooling_allocation_config_table_elements_set(pool, 10);
  wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, 1);
  wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, 1);
  wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, 1);
  wasmtime_pooling_allocation_config_decommit_batch_size_set(pool, 1);
  wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 1);
  wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 1);
  wasmtime_pooling_allocation_config_async_stack_keep_resident_set(pool, 1);
  wasmtime_pooling_allocation_config_total_stacks_set(pool, 1);
  wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, 1 << 20);
  wasm_config_t* config = wasm_config_new();
  wasmtime_pooling_allocation_strategy_set(config, pool);
  wasmtime_pooling_allocation_config_delete(pool);
  wasm_engine_t* engine = NULL;
  succeed(prova_engine_new(config, &engine));

  wasm_byte_vec_t large = bytes_of_text("(module (memory 2))");
  wasmtime_module_t* module = NULL;
  print_error(
      wasmtime_module_new(engine, (const uint8_t*)large.data, large.size, &module));
  check(module == NULL, "there is no module");
  wasm_byte_vec_delete(&large);

  module = prova_module_of_text(engine, "(module (memory 1))");
  wasmtime_store_t* stores[3];
  for (int i = 0; i < 3; i++) {
    stores[i] = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_instance_t instance;
    wasm_trap_t* trap = NULL;
    wasmtime_context_t* context = wasmtime_store_context(stores[i]);
    wasmtime_error_t* error = wasmtime_instance_new(context, module, NULL, 0, &instance, &trap);
    check((error != NULL) == (i == 2) && trap == NULL, "two have room");
    if (error != NULL) print_error(error);
  }
  for (int i = 0; i < 3; i++) wasmtime_store_delete(stores[i]);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
}

static void types(void) {
  wasm_valtype_t* vector = wasmtime_wasm_valtype_v128();
  wasm_valtype_t* number = wasm_valtype_new_i32();
  wasm_valtype_t* copy = wasm_valtype_copy(vector);
  check(wasmtime_wasm_valtype_equal(vector, copy), "a copy is equal");
  check(!wasmtime_wasm_valtype_equal(vector, number), "another is not");
  wasm_valtype_delete(copy);
  wasm_valtype_delete(number);
  wasm_valtype_delete(vector);

  wasm_config_t* config = wasm_config_new();
  wasmtime_config_wasm_custom_page_sizes_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasm_memorytype_t* type = NULL;
  succeed(wasmtime_memorytype_new(3, true, 5, false, false, 0, &type));
  check(!wasmtime_memorytype_isshared(type), "it is not shared");
  wasmtime_memory_t memory;
  succeed(wasmtime_memory_new(context, type, &memory));
  uint64_t before = 0;
  succeed(wasmtime_memory_grow(context, &memory, 2, &before));
  printf("a memory of %llu bytes has %zu\n", (unsigned long long)before,
         wasmtime_memory_data_size(context, &memory));
  print_error(wasmtime_memory_grow(context, &memory, UINT64_MAX, &before));
  wasm_memorytype_delete(type);
  print_error(wasmtime_memorytype_new(0, false, 1, true, true, 16, &type));
  print_error(wasmtime_memorytype_new(0, true, 1, true, false, 255, &type));
  print_error(wasmtime_memorytype_new(2, true, 1, false, false, 16, &type));
  print_error(wasmtime_memorytype_new((1 << 16) + 1, false, 0, false, false, 16, &type));

  wasm_tagtype_t* ty = wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i64()));
  wasmtime_tag_t one, two;
  succeed(wasmtime_tag_new(context, ty, &one));
  succeed(wasmtime_tag_new(context, ty, &two));
  wasm_tagtype_delete(ty);
  check(wasmtime_tag_eq(context, &one, &one) && !wasmtime_tag_eq(context, &one, &two), "tags");
  ty = wasmtime_tag_type(context, &two);
  printf("a tag has %zu value\n", wasm_functype_params(wasm_tagtype_functype(ty))->size);
  wasm_tagtype_delete(ty);
  ty = wasm_tagtype_new(wasm_functype_new_0_1(wasm_valtype_new_i64()));
  print_error(wasmtime_tag_new(context, ty, &one));
  wasm_tagtype_delete(ty);
  succeed(wasmtime_context_gc(context));
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

int main(void) {
  settings();
  pool();
  types();
  return 0;
}
