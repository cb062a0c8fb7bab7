//! A guest that calls the host, which has data of its own.

use wasmtime::*;

struct Greeter {
    words: &'static str,
    times: u32,
}

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, "wat/hello.wat")?;
    let mut store = Store::new(&engine, Greeter { words: "Good morning", times: 0 });
    let greet = Func::wrap(&mut store, |mut caller: Caller<'_, Greeter>| {
        caller.data_mut().times += 1;
        println!("{} ({})", caller.data().words, caller.data().times);
    });
    let instance = Instance::new(&mut store, &module, &[greet.into()])?;
    let greet_twice = instance.get_typed_func::<(), ()>(&mut store, "greet_twice")?;
    greet_twice.call(&mut store, ())?;
    println!("greeted {} times", store.data().times);
    Ok(())
}
