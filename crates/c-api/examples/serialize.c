/* A module as bytes with its machine code, and back: safe whoever made the bytes. The twins are bytes
 * that were changed: they are refused, or the module in them still computes what it says. */

#include "common.h"

static const char TEXT[] =
    "(module (func (export \"square\") (param i32) (result i32)"
    "  (i32.mul (local.get 0) (local.get 0))))";

/* Runs the module; -1 if it has no such function. */
static int32_t square(wasm_engine_t* engine, const wasmtime_module_t* module, int32_t x) {
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance;
  wasmtime_extern_t item;
  wasm_trap_t* trap = NULL;
  int32_t result = -1;
  wasmtime_error_t* error = wasmtime_instance_new(context, module, NULL, 0, &instance, &trap);
  if (error == NULL && trap == NULL &&
      wasmtime_instance_export_get(context, &instance, "square", 6, &item)) {
    wasmtime_val_t arg = {.kind = WASMTIME_I32, .of = {.i32 = x}}, out;
    error = wasmtime_func_call(context, &item.of.func, &arg, 1, &out, 1, &trap);
    if (error == NULL && trap == NULL) result = out.of.i32;
  }
  if (error != NULL) wasmtime_error_delete(error);
  if (trap != NULL) wasm_trap_delete(trap);
  wasmtime_store_delete(store);
  return result;
}

static wasmtime_error_t* deserialize(wasm_engine_t* engine, const wasm_byte_vec_t* bytes,
                                     wasmtime_module_t** module) {
  return wasmtime_module_deserialize(engine, (const uint8_t*)bytes->data, bytes->size, module);
}

/* Changes single bytes all over the file. Each copy is refused, or runs in its sandbox. */
static void change(wasm_engine_t* engine, const wasm_byte_vec_t* bytes) {
  size_t refused = 0, same = 0, other = 0;
  for (size_t at = 0; at < bytes->size; at += 97) {
    wasm_byte_vec_t changed;
    wasm_byte_vec_copy(&changed, bytes);
    changed.data[at] ^= 0x55;
    wasmtime_module_t* module = NULL;
    wasmtime_error_t* error = deserialize(engine, &changed, &module);
    if (error != NULL) {
      refused++;
      wasmtime_error_delete(error);
    } else {
      if (square(engine, module, 12) == 144) same++;
      else other++;
      wasmtime_module_delete(module);
    }
    wasm_byte_vec_delete(&changed);
  }
  check(refused > 0 && same > 0, "some are refused, and some are not needed");
  printf("changed bytes are refused, or do what the checked module says\n");
  check(refused + same + other == (bytes->size + 96) / 97, "each is one of these");
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_module_t* module = prova_module_of_text(engine, TEXT);
  wasm_byte_vec_t bytes;
  succeed(wasmtime_module_serialize(module, &bytes));
  check(square(engine, module, 12) == 144, "the module itself");
  wasmtime_module_delete(module);
  succeed(deserialize(engine, &bytes, &module));
  check(square(engine, module, 12) == 144, "the module from its bytes");
  wasmtime_module_delete(module);

  /* The same by wasm.h, in another engine. */
  wasm_engine_t* second = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(second);
  wasm_module_t* standard = wasm_module_deserialize(store, &bytes);
  check(standard != NULL, "by wasm.h");
  wasm_byte_vec_t again;
  wasm_module_serialize(standard, &again);
  succeed(deserialize(engine, &again, &module));
  check(square(engine, module, 12) == 144, "bytes of a module of bytes");
  wasmtime_module_delete(module);
  wasm_byte_vec_delete(&again);
  wasm_module_delete(standard);
  wasm_byte_vec_t text = bytes_of_text(TEXT);
  check(wasm_module_deserialize(store, &text) == NULL, "a module is no such file");
  wasm_store_delete(store);
  wasm_engine_delete(second);

  print_error(deserialize(engine, &text, &module));
  wasm_byte_vec_delete(&text);
  wasm_byte_vec_t half = {bytes.size / 2, bytes.data}, none = WASM_EMPTY_VEC;
  wasmtime_error_t* error = deserialize(engine, &half, &module);
  check(error != NULL, "half of a file is refused");
  wasmtime_error_delete(error);
  error = deserialize(engine, &none, &module);
  check(error != NULL, "and nothing is");
  wasmtime_error_delete(error);
  error = wasmtime_module_deserialize_file(engine, "./no such file", &module);
  check(error != NULL, "and no file is");
  wasmtime_error_delete(error);
  change(engine, &bytes);
  wasm_byte_vec_delete(&bytes);
  wasm_engine_delete(engine);
  printf("done\n");
  return 0;
}
