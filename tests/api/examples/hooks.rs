//! A hook that sees each change between guest and host.

use wasmtime::*;

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, "wat/hello.wat")?;
    let mut store = Store::new(&engine, Vec::new());
    store.call_hook(|mut store, hook| {
        store.data_mut().push(format!("{hook:?}"));
        if store.data().len() > 8 {
            bail!("it has seen enough");
        }
        Ok(())
    });
    let greet = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<String>>| {
        caller.data_mut().push("greeting".to_owned());
    });
    let instance = Instance::new(&mut store, &module, &[greet.into()])?;
    let greet_twice = instance.get_typed_func::<(), ()>(&mut store, "greet_twice")?;
    println!("{}", greet_twice.call(&mut store, ()).is_ok());
    println!("{}", store.data().join(", "));
    println!("{}", greet_twice.call(&mut store, ()).unwrap_err());
    Ok(())
}
