/* A program of WASI: arguments, variables, streams, a directory, an exit code. The twins: nothing is
 * granted, the directory is read-only, a callback that refuses the output. */

#include "common.h"

/* Copies an argument, a variable and its input to its output, makes a file in the directory that it
 * has, and exits with the result of that. */
static const char TEXT[] =
    "(module"
    "  (import \"wasi_snapshot_preview1\" \"args_get\""
    "    (func $args (param i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"environ_get\""
    "    (func $environ (param i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_read\""
    "    (func $read (param i32 i32 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\""
    "    (func $write (param i32 i32 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"path_create_directory\""
    "    (func $mkdir (param i32 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    "  (memory (export \"memory\") 1)"
    "  (data (i32.const 8) \"made by a guest\")"
    "  (func $put (param $at i32) (param $len i32)"
    "    (i32.store (i32.const 40) (local.get $at))"
    "    (i32.store (i32.const 44) (local.get $len))"
    "    (if (call $write (i32.const 1) (i32.const 40) (i32.const 1) (i32.const 48))"
    "      (then (call $exit (i32.const 99)))))"
    "  (func $length (param $at i32) (result i32) (local $n i32)"
    "    (loop (if (i32.load8_u (i32.add (local.get $at) (local.get $n)))"
    "      (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br 1))))"
    "    (local.get $n))"
    "  (func (export \"_start\")"
    "    (drop (call $args (i32.const 100) (i32.const 200)))"
    "    (drop (call $environ (i32.const 152) (i32.const 300)))"
    "    (call $put (i32.const 200) (call $length (i32.const 200)))"
    "    (call $put (i32.const 300) (call $length (i32.const 300)))"
    "    (i32.store (i32.const 40) (i32.const 400))"
    "    (i32.store (i32.const 44) (i32.const 100))"
    "    (drop (call $read (i32.const 0) (i32.const 40) (i32.const 1) (i32.const 48)))"
    "    (call $put (i32.const 400) (i32.load (i32.const 48)))"
    "    (call $exit (call $mkdir (i32.const 3) (i32.const 8) (i32.const 15)))))";

static int finalized = 0;

static void finalize(void* data) {
  (void)data;
  finalized++;
}

static ptrdiff_t print(void* data, const unsigned char* bytes, size_t count) {
  printf("%s%.*s\n", (const char*)data, (int)count, (const char*)bytes);
  return count;
}

static ptrdiff_t refuse(void* data, const unsigned char* bytes, size_t count) {
  (void)data, (void)bytes, (void)count;
  return -28; /* ENOSPC */
}

/* Runs the program with what a configuration grants; gives its exit code. */
static int run(wasm_engine_t* engine, const wasmtime_module_t* module, wasi_config_t* config) {
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  succeed(wasmtime_linker_define_wasi(linker));
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  if (config != NULL) succeed(wasmtime_context_set_wasi(context, config));
  succeed(wasmtime_linker_module(linker, context, "", 0, module));
  wasmtime_func_t start;
  succeed(wasmtime_linker_get_default(linker, context, "", 0, &start));
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_func_call(context, &start, NULL, 0, NULL, 0, &trap);
  int status = -1;
  check(error != NULL && trap == NULL, "the program exits");
  check(wasmtime_error_exit_status(error, &status), "with a code");
  wasmtime_error_delete(error);
  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  return status;
}

static wasi_config_t* streams(const char* label) {
  wasi_config_t* config = wasi_config_new();
  wasi_config_set_stdout_custom(config, print, (void*)label, finalize);
  return config;
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);

  wasi_config_t* config = streams("out: ");
  const char* argv[] = {"program", "second"};
  const char *names[] = {"NAME"}, *values[] = {"value"};
  check(wasi_config_set_argv(config, 2, argv), "arguments");
  check(wasi_config_set_env(config, 1, names, values), "variables");
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, 5, "input");
  wasi_config_set_stdin_bytes(config, &input);
  check(input.size == 0, "the bytes are given up");
  check(wasi_config_preopen_dir(config, ".", "/", false), "the directory, read-only");
  check(!wasi_config_preopen_dir(config, "./no such folder", "/x", false), "none that is not there");
  const char* with_modes[] = {"/a::ro", "/a::RO", "/a::rw", "::ro", "/a::/b"};
  for (size_t i = 0; i < sizeof with_modes / sizeof *with_modes; i++) {
    check(!wasi_config_preopen_dir(config, ".", with_modes[i], true), "no mode in a name");
  }
  printf("exit code %d: a read-only directory\n", run(engine, module, config));

  config = streams("empty: ");
  wasi_config_inherit_stderr(config);
  printf("exit code %d: no directory\n", run(engine, module, config));

  config = wasi_config_new();
  check(wasi_config_set_argv(config, 1, argv), "something to write");
  wasi_config_set_stdout_custom(config, refuse, NULL, finalize);
  printf("exit code %d: the output is refused\n", run(engine, module, config));

  printf("exit code %d: nothing is granted\n", run(engine, module, NULL));

  config = streams("never");
  wasi_config_delete(config);
  printf("finalized %d\n", finalized);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
  return 0;
}
