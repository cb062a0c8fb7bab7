//! The file that [`pre_compile`] makes, run.

use super::pre_compile;
use wasmtime::{Config, Engine, Instance, Module, Result, Store};

#[allow(unused_unsafe, reason = "loading is unsafe in one of both engines")]
pub fn main() -> Result<()> {
    pre_compile::main()?;
    let engine = Engine::new(&Config::default())?;
    let kind = Engine::detect_precompiled_file(pre_compile::file())?;
    println!("{kind:?}");
    // SAFETY: the file is this program's own.
    let module = unsafe { Module::deserialize_file(&engine, pre_compile::file())? };
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let sum = instance.get_typed_func::<(i32, i32), i32>(&mut store, "sum")?;
    println!("3 + 8 = {}", sum.call(&mut store, (3, 8))?);
    std::fs::remove_file(pre_compile::file())?;
    Ok(())
}
