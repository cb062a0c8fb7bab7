// A plug-in in C++: handles in unique_ptr, a callback with an object behind it. The twins: a module
// that is not valid, a plug-in that runs for too long.

#include <prova.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

// Handles that delete themselves.
template <typename T, void (*remove)(T *)> struct Delete {
  void operator()(T *handle) const { remove(handle); }
};
template <typename T, void (*remove)(T *)> using Own = std::unique_ptr<T, Delete<T, remove>>;

using Engine = Own<wasm_engine_t, wasm_engine_delete>;
using Store = Own<wasmtime_store_t, wasmtime_store_delete>;
using Module = Own<wasmtime_module_t, wasmtime_module_delete>;
using Linker = Own<wasmtime_linker_t, wasmtime_linker_delete>;
using Error = Own<wasmtime_error_t, wasmtime_error_delete>;
using Trap = Own<wasm_trap_t, wasm_trap_delete>;

std::string text_of(wasm_byte_vec_t *bytes) {
  std::string text(bytes->data, bytes->size);
  wasm_byte_vec_delete(bytes);
  return text;
}

std::string message_of(const Error &error) {
  wasm_name_t message;
  wasmtime_error_message(error.get(), &message);
  return text_of(&message);
}

void succeed(wasmtime_error_t *failure) {
  if (Error error{failure}) {
    std::printf("error: %s\n", message_of(error).c_str());
    std::exit(1);
  }
}

Module module_of(const Engine &engine, const std::string &text) {
  wasm_byte_vec_t bytes;
  succeed(wasmtime_wat2wasm(text.data(), text.size(), &bytes));
  wasmtime_module_t *module = nullptr;
  Error error{wasmtime_module_new(engine.get(), reinterpret_cast<const uint8_t *>(bytes.data),
                                  bytes.size, &module)};
  wasm_byte_vec_delete(&bytes);
  if (error) std::printf("refused: %s\n", message_of(error).c_str());
  return Module{module};
}

// What plug-ins report.
struct Log {
  std::vector<int> values;

  static wasm_trap_t *add(void *log, wasmtime_caller_t *, const wasmtime_val_t *args, size_t,
                          wasmtime_val_t *, size_t) {
    static_cast<Log *>(log)->values.push_back(args[0].of.i32);
    return nullptr;
  }
};

const char *const PLUGIN = R"((module
  (import "host" "log" (func $log (param i32)))
  (func (export "run") (param $n i32)
    (loop $more
      (call $log (local.get $n))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $more (local.get $n))))))";

}  // namespace

int main() {
  wasm_config_t *config = wasm_config_new();
  wasmtime_config_consume_fuel_set(config, true);
  Engine engine{wasm_engine_new_with_config(config)};
  Module module = module_of(engine, PLUGIN);
  Linker linker{wasmtime_linker_new(engine.get())};
  Log log;
  wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
  succeed(wasmtime_linker_define_func(linker.get(), "host", 4, "log", 3, type, Log::add, &log,
                                      nullptr));
  wasm_functype_delete(type);

  Store store{wasmtime_store_new(engine.get(), nullptr, nullptr)};
  wasmtime_context_t *context = wasmtime_store_context(store.get());
  succeed(wasmtime_context_set_fuel(context, 1000));
  wasmtime_instance_t instance;
  wasm_trap_t *failure = nullptr;
  succeed(wasmtime_linker_instantiate(linker.get(), context, module.get(), &instance, &failure));
  wasmtime_extern_t run;
  if (!wasmtime_instance_export_get(context, &instance, "run", 3, &run)) return 1;

  for (int n : {5, -1}) {
    wasmtime_val_t arg;
    arg.kind = WASMTIME_I32;
    arg.of.i32 = n;
    succeed(wasmtime_func_call(context, &run.of.func, &arg, 1, nullptr, 0, &failure));
    if (Trap trap{failure}) {
      wasmtime_trap_code_t code;
      bool fuel = wasmtime_trap_code(trap.get(), &code) && code == WASMTIME_TRAP_CODE_OUT_OF_FUEL;
      std::printf("run(%d): %s after %zu entries\n", n, fuel ? "out of fuel" : "trap",
                  log.values.size());
    } else {
      std::printf("run(%d): %zu entries, the last is %d\n", n, log.values.size(),
                  log.values.back());
    }
    log.values.clear();
  }
  module_of(engine, "(module (func (result i32) i64.const 1))");
  return 0;
}
