//! Each change between guest and host.

use crate::differs;
use wasmi::{CallHook, Caller, Engine, Error, Extern, Linker, Module, Store};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, String::new());
    let mut linker = <Linker<String>>::new(&engine);
    linker.func_wrap("host", "inner", |mut caller: Caller<'_, String>| -> Result<(), Error> {
        let inner = caller.get_export("inner").and_then(Extern::into_func).expect("it is there");
        inner.typed::<(), ()>(&caller)?.call(&mut caller, ())
    })?;
    let module = Module::new(
        &engine,
        r#"(module (import "host" "inner" (func $inner))
            (func (export "outer") (call $inner)) (func (export "inner")))"#,
    )?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    differs::call_hook(&mut store, |told, change| {
        told.push(match change {
            CallHook::CallingWasm => '(',
            CallHook::ReturningFromWasm => ')',
            CallHook::CallingHost => '[',
            CallHook::ReturningFromHost => ']',
        });
        if told.len() > 10 { Err(differs::message("enough")) } else { Ok(()) }
    });
    let outer = instance.get_typed_func::<(), ()>(&store, "outer")?;
    outer.call(&mut store, ())?;
    println!("{}", store.data());
    println!("then: {}", outer.call(&mut store, ()).is_ok());
    Ok(())
}
