//! Settings for modules that are to run fast.

use wasmtime::{Config, Engine, Instance, Module, OptLevel, Result, Store, Strategy};

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift);
    config.cranelift_opt_level(OptLevel::Speed);
    config.signals_based_traps(true);
    config.memory_reservation(1 << 32);
    config.memory_guard_size(1 << 32);
    let engine = Engine::new(&config)?;
    let module = Module::from_file(&engine, "wat/fibonacci.wat")?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let fibonacci = instance.get_typed_func::<i32, i32>(&mut store, "fibonacci")?;
    println!("fibonacci(25) = {}", fibonacci.call(&mut store, 25)?);
    Ok(())
}
