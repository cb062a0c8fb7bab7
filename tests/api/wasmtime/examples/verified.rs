//! A module that Wasmtime compiled elsewhere, checked before it is loaded: what was checked is what
//! is loaded, since the witness owns it.

use prova_wasmtime_layout::Verified;
use std::error::Error;
use wasmtime::{Engine, Instance, Module, Store};

const WAT: &str = r#"(module
    (memory 1)
    (func (export "sum") (param $n i32) (result i32) (local $at i32) (local $sum i32)
        (loop $next
            (i32.store (local.get $at) (local.get $n))
            (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"#;

/// The Wasm, and what `wasmtime compile` makes of it.
pub fn compiled() -> Result<(Vec<u8>, Vec<u8>), Box<dyn Error>> {
    let wasm = wat::parse_str(WAT)?;
    let compiled = Engine::default().precompile_module(&wasm)?;
    Ok((wasm, compiled))
}

/// Loads a compiled module of which all is checked.
pub fn loaded(engine: &Engine, compiled: Vec<u8>, wasm: &[u8]) -> Result<Module, Box<dyn Error>> {
    let jobs = std::thread::available_parallelism()?.get();
    let verified = Verified::check(compiled, wasm, (jobs, prova_wasmtime_info::rest))?;
    // SAFETY: the code in these bytes was checked, and what Wasmtime reads beside it, and they are
    // the ones that are loaded.
    Ok(unsafe { Module::deserialize(engine, verified.bytes())? })
}

pub fn main() -> Result<(), Box<dyn Error>> {
    let (wasm, compiled) = compiled()?;
    let engine = Engine::default();
    let module = loaded(&engine, compiled, &wasm)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let sum = instance.get_typed_func::<i32, i32>(&mut store, "sum")?;
    println!("1 + 2 + … + 10 = {}", sum.call(&mut store, 10)?);
    Ok(())
}
