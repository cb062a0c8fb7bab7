/* A module calls a function of the program. The first twin is no module; the second lacks the import;
 * the third gets one of another type.
 *
 * The bytes are what `wat2wasm` makes of
 *   (module (import "host" "hello" (func $hello)) (func (export "run") call $hello))
 */

#include <stdio.h>
#include <stdlib.h>
#include <wasm.h>

static const unsigned char MODULE[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x02,
    0x0e, 0x01, 0x04, 'h',  'o',  's',  't',  0x05, 'h',  'e',  'l',  'l',  'o',  0x00, 0x00,
    0x03, 0x02, 0x01, 0x00, 0x07, 0x07, 0x01, 0x03, 'r',  'u',  'n',  0x00, 0x01, 0x0a, 0x06,
    0x01, 0x04, 0x00, 0x10, 0x00, 0x0b,
};

static void check(bool fact, const char* what) {
  if (!fact) {
    printf("wrong: %s\n", what);
    exit(1);
  }
}

static wasm_trap_t* hello(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  check(args->size == 0 && results->size == 0, "no arguments, no results");
  printf("hello from the host\n");
  return NULL;
}

static void print_and_delete(wasm_trap_t* trap) {
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  printf("refused: %s\n", message.data);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
}

/* Imports that do not fit: no instance, and a trap that says why. */
static void refuse(wasm_store_t* store, const wasm_module_t* module, wasm_extern_vec_t* imports) {
  wasm_trap_t* trap = NULL;
  check(wasm_instance_new(store, module, imports, &trap) == NULL, "it is refused");
  check(trap != NULL, "and says why");
  print_and_delete(trap);
}

static wasm_trap_t* never(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  (void)env, (void)args, (void)results;
  printf("wrong: called\n");
  exit(1);
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);

  wasm_byte_vec_t binary;
  wasm_byte_vec_new(&binary, sizeof(MODULE), (const char*)MODULE);
  check(wasm_module_validate(store, &binary), "the module is valid");
  wasm_module_t* module = wasm_module_new(store, &binary);
  check(module != NULL, "the module is made");

  wasm_functype_t* type = wasm_functype_new_0_0();
  wasm_func_t* func = wasm_func_new(store, type, hello);
  wasm_functype_delete(type);
  wasm_extern_t* externs[] = {wasm_func_as_extern(func)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
  wasm_trap_t* trap = NULL;
  wasm_instance_t* instance = wasm_instance_new(store, module, &imports, &trap);
  check(instance != NULL && trap == NULL, "the instance is made");

  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  check(exports.size == 1, "one export");
  wasm_func_t* run = wasm_extern_as_func(exports.data[0]);
  check(run != NULL && wasm_extern_as_memory(exports.data[0]) == NULL, "it is a function");
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  check(wasm_func_call(run, &none, &none) == NULL, "the call returns");

  binary.data[0] = 1;
  check(!wasm_module_validate(store, &binary), "other bytes are not valid");
  check(wasm_module_new(store, &binary) == NULL, "and no module");

  wasm_extern_vec_t no_imports = WASM_EMPTY_VEC;
  refuse(store, module, &no_imports);

  wasm_functype_t* other = wasm_functype_new_1_0(wasm_valtype_new_i32());
  wasm_func_t* wrong = wasm_func_new_with_env(store, other, never, NULL, NULL);
  wasm_functype_delete(other);
  externs[0] = wasm_func_as_extern(wrong);
  refuse(store, module, &imports);

  wasm_store_t* elsewhere = wasm_store_new(engine);
  externs[0] = wasm_func_as_extern(func);
  refuse(elsewhere, module, &imports);
  wasm_store_delete(elsewhere);

  /* Handles keep their store: the order of deletion is free. */
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  check(wasm_func_call(run, &none, &none) == NULL, "a handle keeps its store");
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_func_delete(wrong);
  wasm_func_delete(func);
  wasm_module_delete(module);
  wasm_byte_vec_delete(&binary);
  printf("done\n");
  return 0;
}
