//! Components by `wasm_component_layer`: on Prova and on wasmi, with the same results.

#[allow(dead_code, reason = "the example's own `main` is not called")]
#[path = "../examples/component.rs"]
mod example;

use prova::Trap;
use wasm_component_layer::{
    Component, Engine, Func, FuncType, Instance, Linker, OptionType, OptionValue, Store, Value,
    ValueType,
};
use wasm_runtime_layer::backend::WasmEngine;

fn prova() -> prova_runtime_layer::Engine {
    prova_runtime_layer::Engine::default()
}

fn wasmi() -> wasmi_runtime_layer::Engine {
    wasmi_runtime_layer::Engine::default()
}

/// A component without imports, instantiated.
pub(crate) fn instance<E: WasmEngine>(engine: E, text: &str) -> (Store<(), E>, Instance) {
    let engine = Engine::new(engine);
    let bytes = wat::parse_str(text).expect("valid text");
    let component = Component::new(&engine, &bytes).expect("the component is taken");
    let mut store = Store::new(&engine, ());
    let instance = Linker::default().instantiate(&mut store, &component);
    (store, instance.expect("it has no imports"))
}

pub(crate) fn root(instance: &Instance, name: &str) -> Func {
    instance.exports().root().func(name).expect("it is exported")
}

#[test]
fn the_example_prints_what_it_should() {
    let ours = example::run(prova()).expect("it runs");
    assert_eq!(
        ours,
        [
            "the host saw `proved`",
            "the host saw `unproved`",
            "the host saw `tested`",
            "the host saw `Wörter`",
            "join gave `proved, tested, Wörter`",
            "fail gave an error: wasm trap: wasm `unreachable` instruction executed",
        ]
    );
    let theirs = example::run(wasmi()).expect("it runs");
    // The last line is the engine's own message.
    assert_eq!(ours[..5], theirs[..5]);
}

const OPTION: &str = "(component
    (core module $M (memory (export \"memory\") 1)
      (func (export \"half\") (param $some i32) (param $x i32) (result i32)
        (i32.store8 (i32.const 8)
          (i32.and (local.get $some) (i32.eqz (i32.and (local.get $x) (i32.const 1)))))
        (i32.store (i32.const 12) (i32.div_s (local.get $x) (i32.const 2)))
        (i32.const 8)))
    (core instance $m (instantiate $M))
    (func (export \"half\") (param \"x\" (option s32)) (result (option s32))
      (canon lift (core func $m \"half\") (memory (core memory $m \"memory\")))))";

fn halves<E: WasmEngine>(engine: E) -> Vec<Value> {
    let (mut store, instance) = instance(engine, OPTION);
    let ty = OptionType::new(ValueType::S32);
    let half = root(&instance, "half");
    [None, Some(Value::S32(-6)), Some(Value::S32(7))]
        .map(|x| {
            let x = OptionValue::new(ty.clone(), x).expect("it is of the type");
            let mut results = [Value::Bool(false)];
            half.call(&mut store, &[Value::Option(x)], &mut results).expect("it returns");
            let [result] = results;
            result
        })
        .to_vec()
}

#[test]
fn options_are_lifted_and_lowered() {
    let ty = OptionType::new(ValueType::S32);
    let option = |x| Value::Option(OptionValue::new(ty.clone(), x).expect("it is of the type"));
    let expected = [option(None), option(Some(Value::S32(-3))), option(None)];
    assert_eq!(halves(prova()), expected);
    assert_eq!(halves(wasmi()), expected);
}

/// A resource that the guest defines.
const COUNTER: &str = "(component
    (type $counter (resource (rep i32)))
    (core func $new (canon resource.new $counter))
    (core module $M (import \"\" \"new\" (func $new (param i32) (result i32)))
      (func (export \"make\") (param i32) (result i32) (call $new (local.get 0)))
      (func (export \"get\") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with \"\" (instance (export \"new\" (func $new))))))
    (func $make (param \"from\" u32) (result (own $counter)) (canon lift (core func $m \"make\")))
    (func $get (param \"self\" (borrow $counter)) (result u32) (canon lift (core func $m \"get\")))
    (component $Shape
      (import \"counter\" (type $c (sub resource)))
      (import \"make\" (func $make (param \"from\" u32) (result (own $c))))
      (import \"get\" (func $get (param \"self\" (borrow $c)) (result u32)))
      (export $out \"counter\" (type $c))
      (export \"make\" (func $make) (func (param \"from\" u32) (result (own $out))))
      (export \"get\" (func $get) (func (param \"self\" (borrow $out)) (result u32))))
    (instance $out (instantiate $Shape (with \"counter\" (type $counter))
      (with \"make\" (func $make)) (with \"get\" (func $get))))
    (export \"example:counters/counters\" (instance $out)))";

fn counted<E: WasmEngine>(engine: E) -> Value {
    let (mut store, instance) = instance(engine, COUNTER);
    let name = "example:counters/counters".try_into().expect("it is a name");
    let exports = instance.exports().instance(&name).expect("it is exported");
    let mut results = [Value::Bool(false)];
    let make = exports.func("make").expect("it is exported");
    make.call(&mut store, &[Value::U32(40)], &mut results).expect("it returns");
    let Value::Own(counter) = &results[0] else { panic!("a resource") };
    let lent = Value::Borrow(counter.borrow(&mut store).expect("it can be lent"));
    let get = exports.func("get").expect("it is exported");
    get.call(&mut store, &[lent], &mut results).expect("it returns");
    let [result] = results;
    result
}

#[test]
fn resources_of_the_guest_live() {
    assert_eq!(counted(prova()), Value::U32(40));
    assert_eq!(counted(wasmi()), Value::U32(40));
}

/// Its allocator asks the host for a string, which needs the allocator.
const ENDLESS: &str = "(component
    (import \"name\" (func $name (result string)))
    (core module $A (type $ask (func (param i32))) (memory (export \"memory\") 1)
      (table (export \"table\") 1 funcref)
      (func $ask (call_indirect (type $ask) (i32.const 64) (i32.const 0)))
      (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (call $ask) (i32.const 128))
      (func (export \"run\") (call $ask)))
    (core instance $a (instantiate $A))
    (core func $name (canon lower (func $name)
      (memory (core memory $a \"memory\")) (realloc (core func $a \"realloc\"))))
    (core module $B (import \"a\" \"table\" (table 1 funcref))
      (import \"a\" \"name\" (func $name (param i32))) (elem (i32.const 0) func $name))
    (core instance (instantiate $B (with \"a\" (instance
      (export \"table\" (table $a \"table\")) (export \"name\" (func $name))))))
    (func (export \"run\") (canon lift (core func $a \"run\"))))";

#[test]
fn endless_calls_between_component_and_host_end() {
    let engine = Engine::new(prova());
    let bytes = wat::parse_str(ENDLESS).expect("valid text");
    let component = Component::new(&engine, &bytes).expect("the component is taken");
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new([], [ValueType::String]);
    let name = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Value::String("a name".into());
        Ok(())
    });
    let mut linker = Linker::default();
    linker.root_mut().define_func("name", name).expect("the name is free");
    let instance = linker.instantiate(&mut store, &component).expect("all is there");
    let error = root(&instance, "run").call(&mut store, &[], &mut []).expect_err("it never ends");
    assert!(format!("{error:?}").contains(&Trap::StackOverflow.to_string()), "{error:?}");
}
