//! A host function with state of the host.

use wasmi::{Caller, Engine, Error, Linker, Module, Store};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let wasm = r#"(module
        (import "host" "hello" (func $hello (param i32)))
        (func (export "hello") (call $hello (i32.const 3))))"#;
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, 42);
    let mut linker = <Linker<u32>>::new(&engine);
    linker.func_wrap("host", "hello", |caller: Caller<'_, u32>, param: i32| {
        println!("got {param} from WebAssembly, and the host has {}", caller.data());
    })?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&store, "hello")?.call(&mut store, ())?;
    println!("the store gives back {}", store.into_data());
    Ok(())
}
