//! Calls that a host function's error suspends, with known types; one suspended inside another.

use crate::differs;
use wasmi::{Engine, Error, Instance, Linker, Module, Store, TypedFunc, TypedResumableCall, Val};

const WASM: &str = r#"(module
    (import "host" "ask" (func $ask (param f64) (result f64 i64)))
    (import "host" "fail" (func $fail))
    (memory (export "memory") 1)
    (func (export "run") (param f64) (result i64 f64) (local i64 f64)
        (i32.store (i32.const 0) (i32.const 7))
        (call $ask (local.get 0))
        (local.set 1) (local.set 2)
        (i32.store (i32.const 0) (i32.mul (i32.load (i32.const 0)) (i32.const 3)))
        (local.get 1) (local.get 2))
    (func (export "fail") (call $fail))
    (func (export "trap") (unreachable)))"#;

type Run = TypedFunc<f64, (i64, f64)>;

fn asked(run: &Run, store: &mut Store<()>, number: f64) -> Result<wasmi::TypedResumableCallHostTrap<(i64, f64)>, Error> {
    match run.call_resumable(store, number)? {
        TypedResumableCall::HostTrap(asked) => Ok(asked),
        _ => unreachable!("the host is asked"),
    }
}

fn memory(instance: Instance, store: &Store<()>) -> u8 {
    instance.get_memory(store, "memory").expect("it is exported").data(store)[0]
}

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut linker = <Linker<()>>::new(&engine);
    linker.func_wrap("host", "ask", |number: f64| -> Result<(f64, i64), Error> {
        Err(differs::message(&format!("asked for {number}")))
    })?;
    linker.func_wrap("host", "fail", || -> Result<(), Error> {
        Err(differs::message("without an answer"))
    })?;
    let module = Module::new(&engine, WASM)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let run = instance.get_typed_func::<f64, (i64, f64)>(&store, "run")?;
    let fail = instance.get_typed_func::<(), ()>(&store, "fail")?;
    let trap = instance.get_typed_func::<(), ()>(&store, "trap")?;

    let outer = asked(&run, &mut store, 1.5)?;
    println!("{}; the memory has {}", outer.host_error(), memory(instance, &store));
    let inner = asked(&run, &mut store, 2.5)?;
    println!("{}", inner.host_error());
    for (call, number) in [(inner, 25), (outer, 15)] {
        match call.resume(&mut store, &[Val::from(0.5f64), Val::I64(number)])? {
            TypedResumableCall::Finished(results) => println!("{results:?}"),
            _ => unreachable!("nobody is asked again"),
        }
        println!("the memory has {}", memory(instance, &store));
    }

    match fail.call_resumable(&mut store, ())? {
        TypedResumableCall::HostTrap(asked) => {
            let ended = asked.resume(&mut store, &[])?;
            println!("ended: {}", matches!(ended, TypedResumableCall::Finished(())));
        }
        _ => unreachable!("the host fails"),
    }
    println!("a trap: {}", trap.call_resumable(&mut store, ()).is_err());
    Ok(())
}
