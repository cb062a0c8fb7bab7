//! A guest that runs out of fuel, and goes further with more.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, ());
    let module = Module::from_file(store.engine(), "wat/fibonacci.wat")?;
    store.set_fuel(1_000)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let fibonacci = instance.get_typed_func::<i32, i32>(&mut store, "fibonacci")?;
    let mut last = 0;
    for n in 1.. {
        let before = store.get_fuel()?;
        match fibonacci.call(&mut store, n) {
            Ok(_) => {
                let used = before - store.get_fuel()?;
                assert!(used > last, "a greater number takes more");
                last = used;
                store.set_fuel(1_000)?;
            }
            Err(error) => {
                println!("{}", error.downcast::<Trap>()?);
                break;
            }
        }
    }
    store.set_fuel(10_000_000)?;
    println!("with more: {}", fibonacci.call(&mut store, 20)?);
    println!("without the setting: {}", Store::<()>::default().get_fuel().is_err());
    Ok(())
}
