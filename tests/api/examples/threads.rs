//! One engine, module and linker for many threads, each with stores of its own; a store that moves
//! to another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use wasmtime::*;

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, "wat/hello.wat")?;
    let mut linker = Linker::new(&engine);
    let greeted = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&greeted);
    linker.func_wrap("host", "greet", move || {
        count.fetch_add(1, Ordering::Relaxed);
    })?;
    let linker = Arc::new(linker);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (engine, module, linker) = (engine.clone(), module.clone(), Arc::clone(&linker));
            thread::spawn(move || run(&engine, &module, &linker))
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics")?;
    }
    println!("greeted {} times", greeted.load(Ordering::Relaxed));
    Ok(())
}

fn run(engine: &Engine, module: &Module, linker: &Linker<()>) -> Result<()> {
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, module)?;
    let greet_twice = instance.get_typed_func::<(), ()>(&mut store, "greet_twice")?;
    greet_twice.call(&mut store, ())?;
    let moved = thread::spawn(move || greet_twice.call(&mut store, ()));
    moved.join().expect("no thread panics")
}
