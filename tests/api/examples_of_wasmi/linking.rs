//! Names of a linker: shadowing, instances, aliases, what is missing.

use crate::differs;
use wasmi::{Engine, Error, Linker, Module, Store};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = <Linker<()>>::new(&engine);
    let module = Module::new(
        &engine,
        r#"(module (import "a" "one" (func $one (result i32)))
            (func (export "two") (result i32) (i32.add (call $one) (call $one))))"#,
    )?;
    println!("missing: {}", linker.instantiate_and_start(&mut store, &module).is_err());
    linker.func_wrap("a", "one", || 1.5f32)?;
    println!("another type: {}", linker.instantiate_and_start(&mut store, &module).is_err());
    println!("twice: {}", linker.func_wrap("a", "one", || 1i32).is_ok());
    linker.allow_shadowing(true);
    println!("shadowed: {}", linker.func_wrap("a", "one", || 1i32).is_ok());
    linker.allow_shadowing(false);
    let first = linker.instantiate_and_start(&mut store, &module)?;
    println!("{:?}", differs::exports(first, &store));
    linker.instance(&mut store, "b", first)?;
    println!("again: {}", linker.instance(&mut store, "b", first).is_ok());
    linker.alias_module("b", "c")?;
    println!("aliased: {}", linker.alias_module("b", "c").is_ok());
    for name in [("b", "two"), ("c", "two"), ("c", "three"), ("d", "two")] {
        println!("{name:?}: {}", differs::defined(&linker, &mut store, name));
    }
    let module = Module::new(
        &engine,
        r#"(module (import "c" "two" (func $two (result i32)))
            (func (export "four") (result i32) (i32.mul (call $two) (call $two))))"#,
    )?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let four = instance.get_typed_func::<(), i32>(&store, "four")?;
    println!("four: {}", four.call(&mut store, ())?);
    Ok(())
}
