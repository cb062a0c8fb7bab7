//! Two modules, of which one uses the other's memory and functions, and both use WASI.

use wasmtime::*;
use wasmtime_wasi::WasiCtx;

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
    let program = Module::from_file(&engine, "wat/linking_program.wat")?;
    let library = Module::from_file(&engine, "wat/linking_library.wat")?;
    let wasi = WasiCtx::builder().inherit_stdio().inherit_args().build_p1();
    let mut store = Store::new(&engine, wasi);
    println!("alone: {}", linker.instantiate(&mut store, &program).is_err());
    let library = linker.instantiate(&mut store, &library)?;
    linker.instance(&mut store, "library", library)?;
    let defined = linker.iter(&mut store).filter(|(module, ..)| *module == "library").count();
    println!("the library has {defined} names");
    let program = linker.instantiate(&mut store, &program)?;
    program.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
    Ok(())
}
