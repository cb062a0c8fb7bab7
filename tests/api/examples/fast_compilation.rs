//! Settings for modules that are to be ready soon.

use wasmtime::{Cache, Config, Engine, Instance, Module, Result, Store, Strategy};

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.cache(Some(Cache::from_file(None)?));
    config.strategy(Strategy::Auto);
    config.parallel_compilation(true);
    let engine = Engine::new(&config)?;
    let module = Module::from_file(&engine, "wat/gcd.wat")?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let gcd = instance.get_typed_func::<(i32, i32), i32>(&mut store, "gcd")?;
    println!("gcd(20, 12) = {}", gcd.call(&mut store, (20, 12))?);
    Ok(())
}
