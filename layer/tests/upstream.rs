//! Faults of wasm_component_layer 0.1.18, which show on every backend. One that is gone fails here,
//! and its line in the README goes with it.

use crate::component::{instance, root};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasm_component_layer::{Component, Engine, Value};
use wasm_runtime_layer::backend::WasmEngine;

macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn on_prova() {
                super::$name(prova_runtime_layer::Engine::default());
            }

            #[test]
            fn on_wasmi() {
                super::$name(wasmi_runtime_layer::Engine::default());
            }
        }
    )*};
}

on_both! {
    a_long_string_panics
    strings_in_utf16_are_garbled
    a_function_that_only_passes_through_panics
    a_bool_of_minus_one_is_false
    strings_between_components_are_refused
}

/// Whether it panics; what it prints then is left to the test's output.
fn panics(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

/// A component whose export `get` gives what lies at 8: the result's flat values.
fn giving(result: &str, options: &str, first: i64, second: i64, data: &str) -> String {
    format!(
        "(component
           (core module $M (memory (export \"memory\") 1) (data (i32.const 64) \"{data}\")
             (func (export \"get\") (result i32)
               (i32.store (i32.const 8) (i32.const {first}))
               (i32.store (i32.const 12) (i32.const {second})) (i32.const 8)))
           (core instance $m (instantiate $M))
           (func (export \"get\") (result {result})
             (canon lift (core func $m \"get\") (memory (core memory $m \"memory\")) {options})))"
    )
}

fn get<E: WasmEngine>(engine: E, text: &str) -> Value {
    let (mut store, instance) = instance(engine, text);
    let mut results = [Value::Bool(false)];
    root(&instance, "get").call(&mut store, &[], &mut results).expect("it returns");
    let [result] = results;
    result
}

/// The length is believed before it is compared with the memory.
fn a_long_string_panics<E: WasmEngine>(engine: E) {
    assert!(panics(|| drop(get(engine, &giving("string", "", 64, -1, "")))));
}

/// The length is taken for bytes, and the code units for big-endian.
fn strings_in_utf16_are_garbled<E: WasmEngine>(engine: E) {
    let text = giving("string", "string-encoding=utf16", 64, 2, "h\\00i\\00");
    assert_ne!(get(engine, &text), Value::String("hi".into()));
}

fn a_function_that_only_passes_through_panics<E: WasmEngine>(engine: E) {
    let text = "(component (import \"f\" (func $f)) (core func $f (canon lower (func $f)))
        (func (export \"g\") (canon lift (core func $f))))";
    let bytes = wat::parse_str(text).expect("valid text");
    assert!(panics(|| drop(Component::new(&Engine::new(engine), &bytes))));
}

/// The canonical ABI takes every number but 0 for true.
fn a_bool_of_minus_one_is_false<E: WasmEngine>(engine: E) {
    let text = "(component (core module $M (func (export \"get\") (result i32) (i32.const -1)))
        (core instance $m (instantiate $M))
        (func (export \"get\") (result bool) (canon lift (core func $m \"get\"))))";
    assert_eq!(get(engine, text), Value::Bool(false));
}

/// Documented upstream as missing.
fn strings_between_components_are_refused<E: WasmEngine>(engine: E) {
    let guest = "(core module $M (memory (export \"memory\") 1)
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 64))
        (func (export \"take\") (param i32 i32)))
      (core instance $m (instantiate $M))";
    let text = format!(
        "(component
           (component $Inner {guest}
             (func (export \"take\") (param \"s\" string) (canon lift (core func $m \"take\")
               (memory (core memory $m \"memory\")) (realloc (core func $m \"realloc\")))))
           (instance $inner (instantiate $Inner))
           (component $Outer (import \"take\" (func $take (param \"s\" string)))
             (core module $Mem (memory (export \"memory\") 1))
             (core instance $mem (instantiate $Mem))
             (core func $take (canon lower (func $take) (memory (core memory $mem \"memory\"))))
             (core module $N (import \"\" \"take\" (func $take (param i32 i32)))
               (func (export \"run\") (call $take (i32.const 0) (i32.const 1))))
             (core instance $n (instantiate $N
               (with \"\" (instance (export \"take\" (func $take))))))
             (func (export \"run\") (canon lift (core func $n \"run\"))))
           (instance $outer (instantiate $Outer (with \"take\" (func $inner \"take\"))))
           (export \"run\" (func $outer \"run\")))"
    );
    let bytes = wat::parse_str(&text).expect("valid text");
    let error = Component::new(&Engine::new(engine), &bytes).expect_err("it needs a transcoder");
    assert!(format!("{error:?}").contains("not implemented"), "{error:?}");
}
