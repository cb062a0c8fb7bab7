//! Calls that go on where their fuel was used up. Amounts are not printed: prices differ.

use crate::differs;
use wasmi::{Config, Error, Linker, Module, ResumableCall, Store, TypedResumableCall, Val};

const WASM: &str = r#"(module
    (memory 1)
    (func (export "sum") (param i32) (result i32) (local i32)
        (loop $again
            (memory.fill (i32.const 0) (local.get 0) (i32.const 60000))
            (local.set 1 (i32.add (local.get 1) (i32.load8_u (i32.const 59999))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;

pub fn main() -> Result<(), Error> {
    let mut config = Config::default();
    config.consume_fuel(true);
    let engine = differs::engine_that_interprets(config)?;
    let module = Module::new(&engine, WASM)?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000)?;
    let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module)?;

    let sum = instance.get_func(&store, "sum").expect("it is exported");
    let mut out = [Val::I32(0)];
    let mut call = sum.call_resumable(&mut store, &[Val::I32(5)], &mut out)?;
    let mut stops = 0;
    while let ResumableCall::OutOfFuel(stopped) = call {
        let needed = stopped.required_fuel();
        assert!(store.get_fuel()? < needed, "it stops only where it has to");
        store.set_fuel(needed)?;
        stops += 1;
        call = stopped.resume(&mut store, &mut out)?;
    }
    println!("{:?} after several stops: {}", out[0].i32(), stops >= 5);

    store.set_fuel(1_000)?;
    let sum = instance.get_typed_func::<i32, i32>(&store, "sum")?;
    let TypedResumableCall::OutOfFuel(stopped) = sum.call_resumable(&mut store, 6)? else {
        panic!("1,000 units are too few");
    };
    store.set_fuel(1_000_000)?;
    match stopped.resume(&mut store)? {
        TypedResumableCall::Finished(sum) => println!("{sum} after one"),
        _ => panic!("that is enough"),
    }
    Ok(())
}
