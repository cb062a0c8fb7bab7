/* Types: those that the program makes, and those that a module has. Vectors own their elements. */

#include "common.h"

static const char TEXT[] =
    "(module"
    "  (import \"host\" \"f\" (func (param i32 externref) (result f64)))"
    "  (import \"host\" \"m\" (memory 1 2))"
    "  (tag (export \"tag\") (param i64))"
    "  (global (export \"global\") (mut f32) (f32.const 0))"
    "  (table (export \"table\") 3 funcref)"
    "  (func (export \"v\") (param v128)))";

static const char* name_of(wasm_valkind_t kind) {
  switch (kind) {
    case WASM_I32: return "i32";
    case WASM_I64: return "i64";
    case WASM_F32: return "f32";
    case WASM_F64: return "f64";
    case PROVA_V128: return "v128";
    case WASM_EXTERNREF: return "externref";
    case WASM_FUNCREF: return "funcref";
    default: return "unknown";
  }
}

static void print_types(const wasm_valtype_vec_t* types) {
  for (size_t i = 0; i < types->size; i++) {
    printf(" %s", name_of(wasm_valtype_kind(types->data[i])));
  }
}

static void print_limits(const wasm_limits_t* limits) {
  printf(" %u", limits->min);
  if (limits->max != wasm_limits_max_default) printf(" to %u", limits->max);
}

static void print_type(const wasm_externtype_t* type) {
  switch (wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC: {
      const wasm_functype_t* func = wasm_externtype_as_functype_const(type);
      printf("func");
      print_types(wasm_functype_params(func));
      printf(" ->");
      print_types(wasm_functype_results(func));
      break;
    }
    case WASM_EXTERN_GLOBAL: {
      const wasm_globaltype_t* global = wasm_externtype_as_globaltype_const(type);
      printf("global %s %s", wasm_globaltype_mutability(global) == WASM_VAR ? "mut" : "const",
             name_of(wasm_valtype_kind(wasm_globaltype_content(global))));
      break;
    }
    case WASM_EXTERN_TABLE: {
      const wasm_tabletype_t* table = wasm_externtype_as_tabletype_const(type);
      printf("table %s", name_of(wasm_valtype_kind(wasm_tabletype_element(table))));
      print_limits(wasm_tabletype_limits(table));
      break;
    }
    case WASM_EXTERN_MEMORY:
      printf("memory");
      print_limits(wasm_memorytype_limits(wasm_externtype_as_memorytype_const(type)));
      break;
    case WASM_EXTERN_TAG: {
      const wasm_tagtype_t* tag = wasm_externtype_as_tagtype_const(type);
      printf("tag");
      print_types(wasm_functype_params(wasm_tagtype_functype(tag)));
      break;
    }
    default:
      printf("unknown");
  }
  printf("\n");
}

static void module_types(wasm_store_t* store) {
  wasm_module_t* module = module_of_text(store, TEXT);
  wasm_importtype_vec_t imports;
  wasm_module_imports(module, &imports);
  for (size_t i = 0; i < imports.size; i++) {
    const wasm_name_t* outer = wasm_importtype_module(imports.data[i]);
    const wasm_name_t* inner = wasm_importtype_name(imports.data[i]);
    printf("import %.*s %.*s: ", (int)outer->size, outer->data, (int)inner->size, inner->data);
    print_type(wasm_importtype_type(imports.data[i]));
  }
  wasm_importtype_vec_t copies;
  wasm_importtype_vec_copy(&copies, &imports);
  wasm_importtype_vec_delete(&imports);
  check(imports.size == 0 && imports.data == NULL, "a deleted vector is empty");
  check(copies.size == 2, "its copy is not");
  wasm_importtype_vec_delete(&copies);

  wasm_exporttype_vec_t exports;
  wasm_module_exports(module, &exports);
  for (size_t i = 0; i < exports.size; i++) {
    const wasm_name_t* name = wasm_exporttype_name(exports.data[i]);
    printf("export %.*s: ", (int)name->size, name->data);
    print_type(wasm_exporttype_type(exports.data[i]));
  }
  wasm_exporttype_vec_delete(&exports);
  wasm_module_delete(module);
}

static void own_types(void) {
  wasm_functype_t* func = wasm_functype_new_3_2(wasm_valtype_new_i32(), wasm_valtype_new_i64(),
                                                wasm_valtype_new_f32(), wasm_valtype_new_f64(),
                                                wasm_valtype_new_externref());
  print_type(wasm_functype_as_externtype_const(func));
  check(wasm_externtype_as_globaltype(wasm_functype_as_externtype(func)) == NULL, "no global");
  check(wasm_externtype_as_functype(wasm_functype_as_externtype(func)) == func, "the same type");
  wasm_functype_t* copy = wasm_functype_copy(func);
  wasm_functype_delete(func);
  print_type(wasm_functype_as_externtype(copy));
  wasm_tagtype_t* tag = wasm_tagtype_new(copy);
  print_type(wasm_tagtype_as_externtype(tag));
  wasm_tagtype_delete(tag);

  wasm_globaltype_t* global = wasm_globaltype_new(wasm_valtype_new_funcref(), WASM_CONST);
  print_type(wasm_globaltype_as_externtype(global));
  wasm_name_t outer, inner;
  wasm_name_new_from_string(&outer, "outer");
  wasm_name_new_from_string_nt(&inner, "inner");
  check(outer.size == 5 && inner.size == 6, "without NUL, and with it");
  wasm_importtype_t* import =
      wasm_importtype_new(&outer, &inner, wasm_globaltype_as_externtype(global));
  check(outer.size == 0 && inner.size == 0, "the names were given up");
  wasm_importtype_t* other = wasm_importtype_copy(import);
  wasm_importtype_delete(import);
  check(memcmp(wasm_importtype_name(other)->data, "inner", 6) == 0, "the copy has its name");
  wasm_importtype_delete(other);

  /* A vector has NULL for an element that was not set, and skips it when it is deleted. */
  wasm_valtype_vec_t types;
  wasm_valtype_vec_new_uninitialized(&types, 3);
  types.data[1] = wasm_valtype_new_i64();
  wasm_valtype_vec_t same;
  wasm_valtype_vec_copy(&same, &types);
  check(same.data[0] == NULL && wasm_valtype_kind(same.data[1]) == WASM_I64, "a copy of both");
  wasm_valtype_vec_delete(&types);
  wasm_valtype_vec_delete(&same);
  wasm_valtype_vec_delete(&same);
  wasm_valtype_delete(NULL);
}

static int finalized = 0;

static void finalize(void* data) { finalized += *(int*)data; }

static void host_info(wasm_store_t* store) {
  static int one = 1, ten = 10;
  wasm_module_t* module = module_of_text(store, TEXT);
  wasm_module_set_host_info_with_finalizer(module, &one, finalize);
  wasm_module_t* copy = wasm_module_copy(module);
  check(wasm_module_same(module, copy), "a copy is the same");
  wasm_module_delete(module);
  check(wasm_module_get_host_info(copy) == &one && finalized == 0, "information belongs to it");
  wasm_module_set_host_info_with_finalizer(copy, &ten, finalize);
  check(finalized == 1, "other information takes its place");
  wasm_module_delete(copy);
  check(finalized == 11, "and ends with the module");

  wasm_limits_t limits = {1, 1};
  wasm_memorytype_t* type = wasm_memorytype_new(&limits);
  wasm_memory_t* memory = wasm_memory_new(store, type);
  wasm_memory_set_host_info_with_finalizer(memory, &one, finalize);
  wasm_ref_t* ref = wasm_ref_copy(wasm_memory_as_ref(memory));
  check(wasm_ref_get_host_info(ref) == &one, "all handles have it");
  wasm_ref_delete(ref);
  wasm_memory_delete(memory);
  wasm_memorytype_delete(type);
  check(finalized == 11, "an object of a store ends with the store");
}

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  module_types(store);
  own_types();
  host_info(store);
  wasm_store_delete(store);
  check(finalized == 12, "it ended");
  wasm_engine_delete(engine);
  printf("done\n");
  return 0;
}
