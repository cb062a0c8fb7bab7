//! Start functions: they run once, and their traps are those of the instantiation.

use crate::differs::{self, Trap};
use wasmi::{Caller, Engine, Error, Linker, Module, Store};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut linker = <Linker<u32>>::new(&engine);
    linker.func_wrap("host", "started", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1)?;
    let mut store = Store::new(&engine, 0);
    let module = Module::new(
        &engine,
        r#"(module (import "host" "started" (func $started)) (start $started))"#,
    )?;
    for _ in 0..2 {
        linker.instantiate_and_start(&mut store, &module)?;
        println!("started {}", store.data());
    }
    let module = Module::new(
        &engine,
        r#"(module (import "host" "started" (func $started))
            (func $start (call $started) (unreachable)) (start $start))"#,
    )?;
    let Err(error) = linker.instantiate_and_start(&mut store, &module) else {
        unreachable!("it traps");
    };
    let trap = differs::trap_of(&error) == Some(Trap::UnreachableCodeReached);
    println!("started {}, and trapped: {trap}", store.data());
    Ok(())
}
