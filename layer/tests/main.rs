//! The layer's interface over Prova: the same scenarios on another backend (`scenarios`), what
//! only Prova's backend says (`prova_alone`), components (`component`), and faults of the
//! component layer that are not Prova's (`upstream`).

mod component;
mod prova_alone;
mod scenarios;
mod upstream;

use wasm_runtime_layer::backend::WasmEngine;
use wasm_runtime_layer::{
    AsContext, AsContextMut, Engine, Extern, Func, Imports, Instance, Module, Store, Value,
};

/// A module from its text.
fn module<E: WasmEngine>(engine: &Engine<E>, text: &str) -> prova::Result<Module> {
    Module::new(engine, &*wat::parse_str(text).expect("valid text"))
}

/// A store with an instance of a module without imports.
fn alone<E: WasmEngine>(engine: E, text: &str) -> (Store<(), E>, Instance) {
    let engine = Engine::new(engine);
    let module = module(&engine, text).expect("the backend takes the module");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &Imports::default());
    (store, instance.expect("it has no imports"))
}

/// An export that is there.
fn item(store: impl AsContext, instance: &Instance, name: &str) -> Extern {
    instance.get_export(store, name).unwrap_or_else(|| panic!("no export `{name}`"))
}

fn func(store: impl AsContext, instance: &Instance, name: &str) -> Func {
    item(store, instance, name).into_func().expect("it is a function")
}

/// The one result of a call.
fn call(mut store: impl AsContextMut, func: &Func, args: &[Value]) -> prova::Result<Value> {
    let mut results = [Value::I32(0)];
    func.call(store.as_context_mut(), args, &mut results)?;
    let [result] = results;
    Ok(result)
}
