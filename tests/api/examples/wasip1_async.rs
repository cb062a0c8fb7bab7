//! A program of WASI preview 1 that is called asynchronously.

use wasmtime::*;
use wasmtime_wasi::{I32Exit, WasiCtx};

async fn all() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |ctx| ctx)?;
    let wasi = WasiCtx::builder()
        .inherit_stdio()
        .args(&["program", "one"])
        .env("MOOD", "better")
        .build_p1();
    let mut store = Store::new(&engine, wasi);
    let module = Module::from_file(&engine, "wat/wasip1.wat")?;
    let instance = linker.instantiate_async(&mut store, &module).await?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    let ended = start.call_async(&mut store, ()).await.unwrap_err().downcast::<I32Exit>()?;
    println!("it ended with {}", ended.0);
    Ok(())
}

pub fn main() -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(all())
}
