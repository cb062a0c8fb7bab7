//! Limits of a store, and growth that traps at them.

use crate::differs;
use wasmi::{Engine, Error, Linker, Module, Store, StoreLimits, StoreLimitsBuilder};

struct Host {
    limits: StoreLimits,
}

fn run(limits: StoreLimits) -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (memory 1)
            (table $table 2 funcref)
            (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "table") (param i32) (result i32)
                (table.grow $table (ref.null func) (local.get 0))))"#,
    )?;
    let mut store = Store::new(&engine, Host { limits });
    store.limiter(|host| &mut host.limits);
    let linker = Linker::new(&engine);
    let Ok(instance) = linker.instantiate_and_start(&mut store, &module) else {
        println!("no instance");
        return Ok(());
    };
    for (name, step) in [("memory", 1), ("table", 3)] {
        let grow = instance.get_typed_func::<i32, i32>(&store, name)?;
        for _ in 0..3 {
            match grow.call(&mut store, step) {
                Ok(size) => println!("{name}: {size}"),
                Err(error) => {
                    let limited = differs::trap_of(&error) == Some(differs::GROWTH_LIMIT);
                    println!("{name}: it traps at the limit: {limited}");
                }
            }
        }
    }
    println!("another instance: {}", linker.instantiate_and_start(&mut store, &module).is_ok());
    Ok(())
}

pub fn main() -> Result<(), Error> {
    run(StoreLimits::default())?;
    run(StoreLimitsBuilder::new().memory_size(2 << 16).table_elements(5).instances(1).build())?;
    run(StoreLimitsBuilder::new().memory_size(1 << 16).table_elements(2).trap_on_grow_failure(true).build())?;
    run(StoreLimitsBuilder::new().memory_size(1).build())?;
    run(StoreLimitsBuilder::new().memories(0).build())?;
    run(StoreLimitsBuilder::new().tables(1).memories(1).build())
}
