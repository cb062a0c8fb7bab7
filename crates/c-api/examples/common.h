/* What the examples of wasm.h share: a module of text, checks, traps. */

#ifndef COMMON_H
#define COMMON_H

#include <prova.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program if a fact is wrong. */
static inline void check(bool fact, const char* what) {
  if (!fact) {
    printf("wrong: %s\n", what);
    exit(1);
  }
}

/* Prints an error, which there must be, and deletes it. */
static inline void print_error(wasmtime_error_t* error) {
  check(error != NULL, "there is an error");
  wasm_name_t message;
  wasmtime_error_message(error, &message);
  printf("error: %.*s\n", (int)message.size, message.data);
  wasm_byte_vec_delete(&message);
  wasmtime_error_delete(error);
}

/* Prints a trap, which there must be, and deletes it. */
static inline void print_trap(wasm_trap_t* trap) {
  check(trap != NULL, "there is a trap");
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  printf("trap: %s\n", message.data);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
}

/* Ends the program if there is an error. */
static inline void succeed(wasmtime_error_t* error) {
  if (error != NULL) {
    print_error(error);
    exit(1);
  }
}

/* The bytes of a module in text, to be deleted. */
static inline wasm_byte_vec_t bytes_of_text(const char* text) {
  wasm_byte_vec_t bytes;
  succeed(wasmtime_wat2wasm(text, strlen(text), &bytes));
  return bytes;
}

/* A module of text. */
static inline wasm_module_t* module_of_text(wasm_store_t* store, const char* text) {
  wasm_byte_vec_t bytes = bytes_of_text(text);
  wasm_module_t* module = wasm_module_new(store, &bytes);
  check(module != NULL, "the module is valid");
  wasm_byte_vec_delete(&bytes);
  return module;
}

/* The same for the functions of prova.h. */
static inline wasmtime_module_t* prova_module_of_text(wasm_engine_t* engine, const char* text) {
  wasm_byte_vec_t bytes = bytes_of_text(text);
  wasmtime_module_t* module = NULL;
  succeed(wasmtime_module_new(engine, (const uint8_t*)bytes.data, bytes.size, &module));
  wasm_byte_vec_delete(&bytes);
  return module;
}

/* An export that must be there. */
static inline wasmtime_extern_t export_of(wasmtime_context_t* context,
                                          const wasmtime_instance_t* instance, const char* name) {
  wasmtime_extern_t item;
  check(wasmtime_instance_export_get(context, instance, name, strlen(name), &item), name);
  return item;
}

#endif /* COMMON_H */
