//! Deadlines in ticks of an engine's epoch: reached, moved on, and refused.

use std::sync::Arc;
use wasmtime::{Config, Engine, Error, Instance, Module, Store, UpdateDeadline};

pub fn main() -> Result<(), Error> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Arc::new(Engine::new(&config)?);
    let module = Module::from_file(&engine, "wat/fibonacci.wat")?;

    let mut store = Store::new(&engine, ());
    store.epoch_deadline_trap();
    store.set_epoch_deadline(2);
    let instance = Instance::new(&mut store, &module, &[])?;
    let fibonacci = instance.get_typed_func::<i32, i32>(&mut store, "fibonacci")?;
    println!("in time: {}", fibonacci.call(&mut store, 10)?);
    engine.increment_epoch();
    println!("one tick later: {}", fibonacci.call(&mut store, 10)?);
    engine.increment_epoch();
    println!("two ticks later: {}", fibonacci.call(&mut store, 10).is_ok());

    let mut store = Store::new(&engine, 0);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        *store.data_mut() += 1;
        let asked = *store.data();
        Ok(if asked < 3 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    });
    let instance = Instance::new(&mut store, &module, &[])?;
    let fibonacci = instance.get_typed_func::<i32, i32>(&mut store, "fibonacci")?;
    for _ in 0..4 {
        let ended = fibonacci.call(&mut store, 10).is_ok();
        println!("ended well: {ended}, asked {} times", store.data());
        engine.increment_epoch();
    }
    Ok(())
}
