/* Stores on threads: made here and used there, many at once on one module, under a clock that runs,
 * with little stack of the thread; and a program that has signal handlers of its own. */

#define _DEFAULT_SOURCE
#include "../../examples/common.h"
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

static const char TEXT[] =
    "(module"
    "  (import \"h\" \"add\" (func $add (param i32) (result i32)))"
    "  (memory (export \"memory\") 1)"
    "  (func (export \"run\") (param i32) (result i32) (local i32)"
    "    (loop (local.set 1 (i32.add (local.get 1) (call $add (i32.const 1))))"
    "      (i32.store (i32.const 100) (local.get 1))"
    "      (br_if 0 (i32.lt_u (local.get 1) (local.get 0))))"
    "    (i32.load (i32.const 100)))"
    "  (func (export \"outside\") (result i32) (i32.load (i32.const -4)))"
    "  (func $deep (export \"deep\") (param i32) (result i32)"
    "    (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))";

static wasm_engine_t* engine;
static wasmtime_module_t* module;
static wasmtime_linker_t* linker;
/* With an argument nothing faults on purpose: valgrind takes that for an error. */
static bool faults = true;

static wasm_trap_t* add(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                        size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)caller, (void)nargs, (void)nresults;
  results[0] = args[0];
  return NULL;
}

static wasmtime_store_t* made(wasmtime_instance_t* instance) {
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_context_set_epoch_deadline(context, UINT64_MAX);
  wasm_trap_t* trap = NULL;
  succeed(wasmtime_linker_instantiate(linker, context, module, instance, &trap));
  return store;
}

/* The code of the trap of a call, -1 for none. */
static int called(wasmtime_context_t* context, const wasmtime_instance_t* instance, const char* name,
                  int32_t argument, int32_t* out) {
  wasmtime_func_t func = export_of(context, instance, name).of.func;
  wasmtime_val_t param = {WASMTIME_I32, {.i32 = argument}}, result;
  wasm_trap_t* trap = NULL;
  size_t nargs = strcmp(name, "outside") != 0;
  succeed(wasmtime_func_call(context, &func, &param, nargs, &result, 1, &trap));
  if (trap == NULL) {
    if (out != NULL) *out = result.of.i32;
    return -1;
  }
  wasmtime_trap_code_t code = 255;
  wasmtime_trap_code(trap, &code);
  wasm_trap_delete(trap);
  return code;
}

struct part {
  wasmtime_store_t* store;
  wasmtime_instance_t instance;
  int32_t result;
  int outside, deep;
};

/* Uses a store that another thread made, and ends it. */
static void* use(void* data) {
  struct part* part = data;
  wasmtime_context_t* context = wasmtime_store_context(part->store);
  check(called(context, &part->instance, "run", 3000, &part->result) == -1, "no trap");
  part->outside = WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS;
  if (faults) part->outside = called(context, &part->instance, "outside", 0, NULL);
  part->deep = called(context, &part->instance, "deep", 0, NULL);
  wasmtime_store_delete(part->store);
  return NULL;
}

static volatile sig_atomic_t ticking;

static void* tick(void* data) {
  (void)data;
  while (ticking) wasmtime_engine_increment_epoch(engine);
  return NULL;
}

static void threads(size_t stack) {
  enum { COUNT = 8 };
  struct part parts[COUNT];
  pthread_t own[COUNT];
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  check(pthread_attr_setstacksize(&attributes, stack) == 0, "a size of a stack");
  for (int i = 0; i < COUNT; i++) {
    parts[i].store = made(&parts[i].instance);
    check(pthread_create(&own[i], &attributes, use, &parts[i]) == 0, "a thread");
  }
  int right = 0;
  for (int i = 0; i < COUNT; i++) {
    pthread_join(own[i], NULL);
    right += parts[i].result == 3000 && parts[i].outside == WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS &&
             parts[i].deep == WASMTIME_TRAP_CODE_STACK_OVERFLOW;
  }
  pthread_attr_destroy(&attributes);
  printf("threads with %zu KiB of stack: %d of %d as they should\n", stack >> 10, right, COUNT);
}

static sigjmp_buf back;

static void of_the_program(int signal) { siglongjmp(back, signal); }

/* Whether a fault of the program's own comes to the program's own handler. */
static bool own_fault(void) {
  char* none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int signal = sigsetjmp(back, 1);
  if (signal == 0) *(volatile char*)none = 1;
  munmap(none, 4096);
  return signal == SIGSEGV;
}

/* Everything once: under a clock, or in machine code. */
static void all(bool epochs) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, epochs);
  wasmtime_config_strategy_set(config, epochs ? WASMTIME_STRATEGY_AUTO : WASMTIME_STRATEGY_CRANELIFT);
  engine = wasm_engine_new_with_config(config);
  module = prova_module_of_text(engine, TEXT);
  linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  succeed(wasmtime_linker_define_func(linker, "h", 1, "add", 3, type, add, NULL, NULL));
  wasm_functype_delete(type);

  ticking = 1;
  pthread_t clock;
  check(pthread_create(&clock, NULL, tick, NULL) == 0, "a thread");
  threads(8 << 20);
  threads(1 << 20);
  threads(768 << 10);
  ticking = 0;
  pthread_join(clock, NULL);
  printf("the program's own fault: %s\n", !faults || own_fault() ? "its own" : "lost");

  /* The engine's handle is given up before all others. */
  wasmtime_instance_t instance;
  wasmtime_store_t* store = made(&instance);
  wasm_engine_delete(engine);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  int32_t result = 0;
  check(called(wasmtime_store_context(store), &instance, "run", 10, &result) == -1, "no trap");
  printf("without its engine's handle: %d\n", result);
  wasmtime_store_delete(store);
}

int main(int argc, char** argv) {
  (void)argv;
  faults = argc < 2;
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_handler = of_the_program;
  sigaction(SIGSEGV, &action, NULL);
  all(true);
  all(false);
  return 0;
}
