/* Calls that wait: host functions that have their results later, code that yields by fuel and by
 * epochs, and calls that are given up, also as the last thing of their store; where hot functions have
 * machine code, and where all have it. The twins: the same call without waiting, a store in use, a
 * host function that traps. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (import \"host\" \"later\" (func $later (param i32) (result i32)))"
    "  (memory (export \"memory\") 1)"
    "  (func (export \"twice\") (param i32) (result i32)"
    "    (call $later (call $later (local.get 0))))"
    "  (func (export \"count\") (param i32) (result i32)"
    "    (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))"
    "    (local.get 0)))";

/* A result that is there when it was asked for three times. */
struct later {
  int asked;
  wasmtime_caller_t* caller;
  wasm_trap_t** trap;
  wasmtime_val_t* result;
  int32_t value;
};

static int finished = 0;

static bool ask(void* env) {
  struct later* later = env;
  if (++later->asked < 3) return false;
  /* The store may be used here, by the caller. */
  wasmtime_extern_t memory;
  check(wasmtime_caller_export_get(later->caller, "memory", 6, &memory), "an export");
  wasmtime_context_t* context = wasmtime_caller_context(later->caller);
  wasmtime_memory_data(context, &memory.of.memory)[0]++;
  if (later->value < 0) {
    *later->trap = wasmtime_trap_new("negative", 8);
    return true;
  }
  later->result->kind = WASMTIME_I32;
  later->result->of.i32 = later->value + 1;
  return true;
}

static void finish(void* env) {
  finished++;
  free(env);
}

static void later(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args, size_t nargs,
                  wasmtime_val_t* results, size_t nresults, wasm_trap_t** trap,
                  wasmtime_async_continuation_t* continuation) {
  check(nargs == 1 && nresults == 1 && env == NULL, "the callback's parameters");
  if (args[0].of.i32 == 1000) {
    /* At once. */
    results[0] = args[0];
    return;
  }
  struct later* state = malloc(sizeof(struct later));
  *state = (struct later){0, caller, trap, results, args[0].of.i32};
  *continuation = (wasmtime_async_continuation_t){ask, state, finish};
}

struct called {
  wasmtime_val_t result;
  wasm_trap_t* trap;
  wasmtime_error_t* error;
};

static wasmtime_call_future_t* begin(wasmtime_context_t* context, const wasmtime_func_t* func,
                                     int32_t value, struct called* called) {
  wasmtime_val_t arg = {.kind = WASMTIME_I32, .of = {.i32 = value}};
  *called = (struct called){.trap = NULL, .error = NULL};
  return wasmtime_func_call_async(context, func, &arg, 1, &called->result, 1, &called->trap,
                                  &called->error);
}

/* Polls a call to its end and deletes it; says how often it had to wait, and what came of it. */
static void run(wasmtime_call_future_t* future, struct called* called) {
  int waits = 0;
  while (!wasmtime_call_future_poll(future)) waits++;
  check(wasmtime_call_future_poll(future), "it has ended");
  wasmtime_call_future_delete(future);
  printf("waited %d times: ", waits);
  if (called->error != NULL) {
    print_error(called->error);
  } else if (called->trap != NULL) {
    print_trap(called->trap);
  } else {
    printf("%d\n", called->result.of.i32);
  }
}

static wasmtime_instance_t instantiate(wasmtime_linker_t* linker, wasmtime_context_t* context,
                                       const wasmtime_module_t* module) {
  wasmtime_instance_t instance;
  struct called called = {.trap = NULL, .error = NULL};
  wasmtime_call_future_t* future = wasmtime_linker_instantiate_async(
      linker, context, module, &instance, &called.trap, &called.error);
  while (!wasmtime_call_future_poll(future)) {}
  wasmtime_call_future_delete(future);
  check(called.trap == NULL && called.error == NULL, "an instance");
  return instance;
}

static wasmtime_linker_t* linker_of(wasm_engine_t* engine) {
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  succeed(wasmtime_linker_define_async_func(linker, "host", 4, "later", 5, type, later, NULL, NULL));
  print_error(
      wasmtime_linker_define_async_func(linker, "host", 4, "later", 5, type, later, NULL, NULL));
  wasm_functype_delete(type);
  return linker;
}

static wasm_config_t* config_of(wasmtime_strategy_t strategy) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_strategy_set(config, strategy);
  return config;
}

static void waiting(wasmtime_strategy_t strategy) {
  finished = 0;
  wasm_engine_t* engine = wasm_engine_new_with_config(config_of(strategy));
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_linker_t* linker = linker_of(engine);
  wasmtime_instance_t instance = instantiate(linker, context, module);
  wasmtime_func_t twice = export_of(context, &instance, "twice").of.func;
  struct called called, other;

  run(begin(context, &twice, 40, &called), &called);
  run(begin(context, &twice, -5, &called), &called);
  run(begin(context, &twice, 1000, &called), &called);

  /* Without waiting it cannot be called. */
  wasmtime_val_t arg = {.kind = WASMTIME_I32, .of = {.i32 = 1}}, result;
  wasm_trap_t* trap = NULL;
  print_error(wasmtime_func_call(context, &twice, &arg, 1, &result, 1, &trap));

  /* The store is in use until the call has ended; then another one goes on. */
  wasmtime_call_future_t* future = begin(context, &twice, 1, &called);
  check(!wasmtime_call_future_poll(future), "it waits");
  run(begin(context, &twice, 2, &other), &other);
  print_error(wasmtime_func_call(context, &twice, &arg, 1, &result, 1, &trap));
  run(future, &called);

  /* Given up in the middle, and before it began. */
  future = begin(context, &twice, 1, &called);
  check(!wasmtime_call_future_poll(future), "it waits");
  int before = finished;
  wasmtime_call_future_delete(future);
  printf("given up: %d finished\n", finished - before);
  wasmtime_call_future_delete(begin(context, &twice, 1, &called));
  run(begin(context, &twice, 7, &called), &called);

  /* A wrong argument: the call ends at once. */
  arg.kind = WASMTIME_I64;
  wasm_trap_t* no_trap = NULL;
  called = (struct called){.trap = NULL, .error = NULL};
  future = wasmtime_func_call_async(context, &twice, &arg, 1, &called.result, 1, &no_trap,
                                    &called.error);
  run(future, &called);

  wasmtime_memory_t memory = export_of(context, &instance, "memory").of.memory;
  printf("the memory was written %d times, and %d finished\n",
         wasmtime_memory_data(context, &memory)[0], finished);
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

static void yielding(wasmtime_strategy_t strategy, bool by_fuel) {
  wasm_config_t* config = config_of(strategy);
  if (by_fuel) {
    wasmtime_config_consume_fuel_set(config, true);
  } else {
    wasmtime_config_epoch_interruption_set(config, true);
    wasmtime_config_async_support_set(config, true);
    wasmtime_config_async_stack_size_set(config, 1 << 20);
  }
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  if (by_fuel) {
    succeed(wasmtime_context_set_fuel(context, 100000));
    succeed(wasmtime_context_fuel_async_yield_interval(context, 1000));
  } else {
    print_error(wasmtime_context_fuel_async_yield_interval(context, 1000));
    succeed(wasmtime_context_epoch_deadline_async_yield_and_update(context, 1));
    wasmtime_context_set_epoch_deadline(context, 1);
  }
  wasmtime_linker_t* linker = linker_of(engine);
  wasmtime_instance_pre_t* pre;
  succeed(wasmtime_linker_instantiate_pre(linker, module, &pre));
  wasmtime_instance_t instance;
  struct called called = {.trap = NULL, .error = NULL};
  wasmtime_call_future_t* future = wasmtime_instance_pre_instantiate_async(
      pre, context, &instance, &called.trap, &called.error);
  check(wasmtime_call_future_poll(future) && called.error == NULL, "an instance");
  wasmtime_call_future_delete(future);
  wasmtime_instance_pre_delete(pre);
  wasmtime_func_t count = export_of(context, &instance, "count").of.func;
  future = begin(context, &count, 2000, &called);
  if (by_fuel) {
    int waits = 0;
    while (!wasmtime_call_future_poll(future)) waits++;
    wasmtime_call_future_delete(future);
    check(called.error == NULL && called.trap == NULL && called.result.of.i32 == 0, "it counts");
    printf("yields by fuel: %s\n", waits > 3 ? "some" : "none");
    /* It ends for want of fuel, not of patience. */
    run(begin(context, &count, 1000000, &called), &called);
  } else {
    wasmtime_engine_increment_epoch(engine);
    check(!wasmtime_call_future_poll(future), "it yields");
    run(future, &called);
  }
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

static void count_up(void* data) { ++*(int*)data; }

/* A store is deleted in the middle of a call that waits for a host function, and of one that has
 * yielded: the call is given up first, since it has the store. */
static void ending(wasmtime_strategy_t strategy, bool by_fuel) {
  wasm_config_t* config = config_of(strategy);
  wasmtime_config_consume_fuel_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasmtime_linker_t* linker = linker_of(engine);
  int before = finished, given_up = 0;
  for (int i = 0; i < 100; i++) {
    int* data = &given_up;
    wasmtime_store_t* store = wasmtime_store_new(engine, data, count_up);
    wasmtime_context_t* context = wasmtime_store_context(store);
    succeed(wasmtime_context_set_fuel(context, 1000000));
    succeed(wasmtime_context_fuel_async_yield_interval(context, 1000));
    wasmtime_instance_t instance = instantiate(linker, context, module);
    const char* name = by_fuel ? "count" : "twice";
    wasmtime_func_t func = export_of(context, &instance, name).of.func;
    struct called called;
    wasmtime_call_future_t* future = begin(context, &func, 100000, &called);
    check(!wasmtime_call_future_poll(future), "it waits");
    check(!wasmtime_call_future_poll(future), "it still waits");
    wasmtime_call_future_delete(future);
    check(given_up == i, "the store is still there");
    wasmtime_store_delete(store);
    check(given_up == i + 1, "and is no more");
    check(called.error == NULL && called.trap == NULL, "nothing came of it");
  }
  check(finished - before == (by_fuel ? 0 : 100), "what a host function waits for is given up");
  printf("stores deleted in the middle of a call: %d\n", given_up);
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
}

int main(void) {
  const wasmtime_strategy_t strategies[] = {WASMTIME_STRATEGY_AUTO, WASMTIME_STRATEGY_CRANELIFT};
  for (int i = 0; i < 2; i++) {
    waiting(strategies[i]);
    yielding(strategies[i], true);
    yielding(strategies[i], false);
    ending(strategies[i], false);
    ending(strategies[i], true);
  }
  return 0;
}
