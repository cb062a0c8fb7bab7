//! What a host function does with its caller: exports, memory, data, calls back into the guest.

use crate::differs;
use wasmi::{AsContext, AsContextMut, Caller, Engine, Error, Extern, Func, Linker, Module, Store};

const WASM: &str = r#"(module
    (import "host" "print" (func $print (param i32 i32)))
    (import "host" "again" (func $again (param i32) (result i32)))
    (import "host" "absent" (func $absent (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "good evening")
    (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func (export "print") (call $print (i32.const 16) (i32.const 12)))
    (func (export "outside") (call $print (i32.const 65530) (i32.const 12)))
    (func (export "again") (param i32) (result i32) (call $again (local.get 0)))
    (func (export "absent") (result i32) (call $absent)))"#;

/// The text at a place of the caller's memory.
fn text(caller: &Caller<'_, Vec<String>>, start: u32, len: u32) -> Result<String, Error> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(differs::message("no memory"));
    };
    let (start, len) = (start as usize, len as usize);
    let bytes = memory.data(caller.as_context()).get(start..start + len);
    let bytes = bytes.ok_or_else(|| differs::message("outside of the memory"))?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn print(mut caller: Caller<'_, Vec<String>>, start: u32, len: u32) -> Result<(), Error> {
    let text = text(&caller, start, len)?;
    caller.data_mut().push(text);
    Ok(())
}

fn again(mut caller: Caller<'_, Vec<String>>, number: i32) -> Result<i32, Error> {
    let double = caller.get_export("double").and_then(Extern::into_func);
    let double = double.ok_or_else(|| differs::message("no such function"))?;
    let double = double.typed::<i32, i32>(&caller)?;
    let once = double.call(&mut caller, number)?;
    double.call(caller.as_context_mut(), once)
}

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, Vec::new());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "print", print)?;
    linker.func_wrap("host", "again", again)?;
    linker.func_wrap("host", "absent", |caller: Caller<'_, Vec<String>>| -> i32 {
        i32::from(caller.get_export("memory").is_some())
            + 2 * i32::from(caller.get_export("nothing").is_some())
    })?;
    let module = Module::new(&engine, WASM)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&store, "print")?.call(&mut store, ())?;
    let outside = instance.get_typed_func::<(), ()>(&store, "outside")?.call(&mut store, ());
    println!("outside: {}", outside.is_err());
    let again = instance.get_typed_func::<i32, i32>(&store, "again")?;
    println!("again: {}", again.call(&mut store, 5)?);
    let absent = instance.get_typed_func::<(), i32>(&store, "absent")?;
    println!("absent: {}", absent.call(&mut store, ())?);
    // The host itself calls: there is no instance to ask.
    let func = Func::wrap(&mut store, |caller: Caller<'_, Vec<String>>| -> i32 {
        i32::from(caller.get_export("memory").is_some())
    });
    println!("by the host: {}", func.typed::<(), i32>(&store)?.call(&mut store, ())?);
    println!("{:?}", store.data());
    Ok(())
}
