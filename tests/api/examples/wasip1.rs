//! A program of WASI preview 1 that prints its arguments and a variable of its environment.

use wasmtime::*;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx};

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
    let wasi = WasiCtx::builder()
        .inherit_stdio()
        .args(&["program", "one", "two"])
        .env("MOOD", "good")
        .preopened_dir("wat", "/texts", FsPerms::ReadOnly)?
        .build_p1();
    let mut store = Store::new(&engine, wasi);
    let module = Module::from_file(&engine, "wat/wasip1.wat")?;
    linker.module(&mut store, "", &module)?;
    let start = linker.get_default(&mut store, "")?.typed::<(), ()>(&store)?;
    let ended = start.call(&mut store, ()).unwrap_err().downcast::<I32Exit>()?;
    println!("it ended with {}", ended.0);
    Ok(())
}
