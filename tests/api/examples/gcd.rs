//! The shortest way to a result: a store with its own engine, a module, a call.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut store = Store::<()>::default();
    let module = Module::from_file(store.engine(), "wat/gcd.wat")?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let gcd = instance.get_typed_func::<(i32, i32), i32>(&mut store, "gcd")?;
    for (a, b) in [(6, 27), (252, 105), (17, 0)] {
        println!("gcd({a}, {b}) = {}", gcd.call(&mut store, (a, b))?);
    }
    Ok(())
}
