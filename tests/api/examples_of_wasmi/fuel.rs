//! Fuel: what is used up, and what a host function gives. Amounts are not printed: prices differ.

use crate::differs::{self, Trap};
use wasmi::{Caller, Config, Engine, Error, Linker, Module, Store};

pub fn main() -> Result<(), Error> {
    let mut config = Config::default();
    config.consume_fuel(true);
    let engine = differs::engine(&config)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "fill", |mut caller: Caller<'_, u64>| -> Result<(), Error> {
        let more = *caller.data();
        let left = caller.get_fuel()?;
        caller.set_fuel(left + more)
    })?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "fill" (func $fill))
            (func (export "run") (param i32) (result i32)
                (loop $again
                    (call $fill)
                    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (i32.const 1)))"#,
    )?;
    let mut store = Store::new(&engine, 0);
    store.set_fuel(10_000)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let run = instance.get_typed_func::<i32, i32>(&store, "run")?;
    let before = store.get_fuel()?;
    println!("one: {}, and it costs: {}", run.call(&mut store, 1)?, store.get_fuel()? < before);
    let error = run.call(&mut store, 1_000_000).expect_err("that is too long");
    println!("long: {}", differs::trap_of(&error) == Some(Trap::OutOfFuel));
    *store.data_mut() = 1000;
    store.set_fuel(10_000)?;
    println!("filled: {}", run.call(&mut store, 5_000)?);
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    println!("without fuel: {} {}", store.get_fuel().is_ok(), store.set_fuel(1).is_ok());
    Ok(())
}
