//! A guest that never ends, stopped by another thread.

use std::time::Duration;
use wasmtime::*;

pub fn main() -> Result<()> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(1);
    let module = Module::from_file(&engine, "wat/fibonacci.wat")?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let forever = instance.get_typed_func::<(), ()>(&mut store, "forever")?;
    let stopper = engine.weak();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        if let Some(engine) = stopper.upgrade() {
            engine.increment_epoch();
        }
    });
    println!("it runs");
    let error = forever.call(&mut store, ()).unwrap_err();
    println!("{}", error.downcast::<Trap>()?);
    thread.join().expect("the thread ends well");
    Ok(())
}
