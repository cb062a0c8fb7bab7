// wasm.h in C++: a function object of the program as a host function, which its store owns. The
// twins: the function throws a trap, and the module's start function fails.

#include <wasm.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

namespace {

using Callback = std::function<int32_t(int32_t)>;

wasm_store_t *the_store = nullptr;

wasm_trap_t *call(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  int32_t result = (*static_cast<Callback *>(env))(args->data[0].of.i32);
  if (result < 0) {
    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, "a negative result");
    wasm_trap_t *trap = wasm_trap_new(the_store, &message);
    wasm_byte_vec_delete(&message);
    return trap;
  }
  results->data[0].kind = WASM_I32;
  results->data[0].of.i32 = result;
  return nullptr;
}

void remove(void *env) { delete static_cast<Callback *>(env); }

wasm_func_t *function(Callback callback) {
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *func =
      wasm_func_new_with_env(the_store, type, call, new Callback(std::move(callback)), remove);
  wasm_functype_delete(type);
  return func;
}

// (module (import "" "f" (func $f (param i32) (result i32)))
//   (func $start (drop (call $f (i32.const 20)))) (start $start))
const unsigned char MODULE[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x09, 0x02, 0x60, 0x01, 0x7f, 0x01, 0x7f,
    0x60, 0x00, 0x00, 0x02, 0x06, 0x01, 0x00, 0x01, 'f',  0x00, 0x00, 0x03, 0x02, 0x01, 0x01, 0x08,
    0x01, 0x01, 0x0a, 0x09, 0x01, 0x07, 0x00, 0x41, 0x14, 0x10, 0x00, 0x1a, 0x0b,
};

void instantiate(const wasm_module_t *module, Callback callback) {
  wasm_func_t *func = function(std::move(callback));
  wasm_extern_t *externs[] = {wasm_func_as_extern(func)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
  wasm_trap_t *trap = nullptr;
  wasm_instance_t *instance = wasm_instance_new(the_store, module, &imports, &trap);
  if (instance != nullptr) {
    std::printf("instantiated\n");
    wasm_instance_delete(instance);
  } else {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    std::printf("refused: %s\n", message.data);
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
  }
  wasm_func_delete(func);
}

}  // namespace

int main() {
  wasm_engine_t *engine = wasm_engine_new();
  the_store = wasm_store_new(engine);
  wasm_byte_vec_t binary = {sizeof(MODULE), const_cast<char *>(reinterpret_cast<const char *>(MODULE))};
  wasm_module_t *module = wasm_module_new(the_store, &binary);
  if (module == nullptr) return 1;
  int sum = 0;
  instantiate(module, [&](int32_t x) { return sum += x; });
  instantiate(module, [&](int32_t x) { return sum += 2 * x; });
  std::printf("sum %d\n", sum);
  instantiate(module, [](int32_t x) { return -x; });
  wasm_module_delete(module);
  wasm_store_delete(the_store);
  wasm_engine_delete(engine);
  return 0;
}
