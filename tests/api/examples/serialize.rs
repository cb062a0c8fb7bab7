//! A module compiled to bytes, and loaded from them by another engine.

use wasmtime::*;

fn compiled() -> Result<Vec<u8>> {
    let engine = Engine::default();
    Module::from_file(&engine, "wat/hello.wat")?.serialize()
}

#[allow(unused_unsafe, reason = "loading is unsafe in one of both engines")]
fn loaded(bytes: &[u8]) -> Result<()> {
    let mut store: Store<()> = Store::default();
    // SAFETY: the bytes are this program's own.
    let module = unsafe { Module::deserialize(store.engine(), bytes)? };
    let greet = Func::wrap(&mut store, || println!("Good morning"));
    let instance = Instance::new(&mut store, &module, &[greet.into()])?;
    instance.get_typed_func::<(), ()>(&mut store, "greet_twice")?.call(&mut store, ())
}

pub fn main() -> Result<()> {
    let bytes = compiled()?;
    println!("precompiled: {}", Engine::detect_precompiled(&bytes) == Some(Precompiled::Module));
    println!("a module is not: {}", Engine::detect_precompiled(b"\0asm\x01\0\0\0").is_none());
    loaded(&bytes)?;
    println!("a part of it: {}", loaded(&bytes[..bytes.len() / 2]).is_ok());
    Ok(())
}
