//! Values of the host that the guest holds.

use crate::differs;
use wasmi::{Engine, Error, Linker, Module, Store, Val};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (table $held 3 externref)
            (func (export "hold") (param i32 externref) (table.set $held (local.get 0) (local.get 1)))
            (func (export "held") (param i32) (result externref) (table.get $held (local.get 0))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = <Linker<()>>::new(&engine).instantiate_and_start(&mut store, &module)?;
    let hold = instance.get_func(&store, "hold").expect("it is exported");
    let held = instance.get_func(&store, "held").expect("it is exported");
    let word = differs::extern_ref(&mut store, "a word")?;
    hold.call(&mut store, &[Val::I32(1), word], &mut [])?;
    for at in 0..3 {
        let mut out = [differs::null_of(differs::EXTERNREF)];
        held.call(&mut store, &[Val::I32(at)], &mut out)?;
        println!("{at}: {:?}", differs::extern_data(&store, &out[0]));
    }
    Ok(())
}
