//! Runs the component of `component.wat` on Prova: it imports a function of the host, takes a list
//! of strings and returns a string.
//!
//! `cargo run --example component` in this folder.

use prova::{Context, Result, format_err};
use wasm_component_layer::{
    AsContextMut, Component, Engine, Func, FuncType, Instance, Linker, Store, Value, ValueType,
};
use wasm_runtime_layer::backend::WasmEngine;

const COMPONENT: &str = include_str!("component.wat");

fn main() -> Result<()> {
    for line in run(prova_runtime_layer::Engine::default())? {
        println!("{line}");
    }
    Ok(())
}

/// Runs the component on any engine that the layer has a backend for. The result is what was seen,
/// line by line.
pub(crate) fn run<E: WasmEngine>(engine: E) -> Result<Vec<String>> {
    let engine = Engine::new(engine);
    let component = Component::new(&engine, &wat::parse_str(COMPONENT)?)?;
    let mut store = Store::new(&engine, Vec::new());
    let seen = seen(&mut store);
    let mut linker = Linker::default();
    linker.define_instance("example:words/host".try_into()?)?.define_func("seen", seen)?;
    let instance = linker.instantiate(&mut store, &component)?;

    let join = exported(&instance, "join")?.typed::<(Vec<String>,), String>()?;
    let words = ["proved", "unproved", "tested", "Wörter"].map(str::to_owned).to_vec();
    let joined = join.call(&mut store, (words,))?;
    store.data_mut().push(format!("join gave `{joined}`"));

    let fail = exported(&instance, "fail")?.call(&mut store, &[], &mut []);
    let failed = fail.err().context("`fail` traps")?;
    store.data_mut().push(format!("fail gave an error: {}", failed.root_cause()));
    Ok(store.into_data())
}

/// The host's function: it notes each word, and answers 0 to one.
fn seen(store: impl AsContextMut<UserState = Vec<String>>) -> Func {
    let ty = FuncType::new([ValueType::String], [ValueType::U32]);
    Func::new(store, ty, |mut store, arguments, results| {
        let [Value::String(word)] = arguments else {
            return Err(format_err!("`seen` takes a string"));
        };
        let lines = store.data_mut();
        lines.push(format!("the host saw `{word}`"));
        results[0] = Value::U32(u32::from(&**word != "unproved"));
        Ok(())
    })
}

fn exported(instance: &Instance, name: &str) -> Result<Func> {
    let text = instance.exports().instance(&"example:words/text".try_into()?);
    text.and_then(|text| text.func(name)).with_context(|| format!("there is no export `{name}`"))
}
