//! Calls that a host function's error suspends, with types known at run time only.

use crate::differs;
use std::fmt;
use wasmi::{Engine, Error, Linker, Module, ResumableCall, Store, Val};

/// Asks the embedder for a number.
#[derive(Debug)]
struct Wanted(i32);

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {} is wanted", self.0)
    }
}

differs::is_host_error!(Wanted);

const WASM: &str = r#"(module
    (import "host" "number" (func $number (param i32) (result i32)))
    (func (export "sum") (param i32) (result i32) (local i32)
        (loop $again
            (local.set 1 (i32.add (local.get 1) (call $number (local.get 0))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut linker = <Linker<()>>::new(&engine);
    linker.func_wrap("host", "number", |number: i32| -> Result<i32, Error> {
        if number == 2 { Ok(1000) } else { Err(differs::host_error(Wanted(number))) }
    })?;
    let module = Module::new(&engine, WASM)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let sum = instance.get_func(&store, "sum").expect("it is exported");
    let mut out = [Val::I32(0)];
    let mut call = sum.call_resumable(&mut store, &[Val::I32(4)], &mut out)?;
    loop {
        match call {
            ResumableCall::Finished => break,
            ResumableCall::HostTrap(asked) => {
                let wanted = asked.host_error().downcast_ref::<Wanted>().expect("it is ours").0;
                let types = asked.host_func().ty(&store);
                println!("{}, of {} result", asked.host_error(), types.results().len());
                call = asked.resume(&mut store, &[Val::I32(wanted * 10)], &mut out)?;
            }
            _ => unreachable!("there is no limit of fuel"),
        }
    }
    println!("sum {:?}", out[0].i32());

    // Answers that do not fit, and a call that is given up.
    for wrong in [&[][..], &[Val::I64(0)]] {
        let ResumableCall::HostTrap(asked) = sum.call_resumable(&mut store, &[Val::I32(1)], &mut out)? else {
            unreachable!("the host is asked");
        };
        println!("an answer that does not fit: {}", asked.resume(&mut store, wrong, &mut out).is_ok());
    }
    let ResumableCall::HostTrap(asked) = sum.call_resumable(&mut store, &[Val::I32(1)], &mut out)? else {
        unreachable!("the host is asked");
    };
    println!("given up: {}", asked.into_host_error());
    println!("an ordinary call: {}", sum.call(&mut store, &[Val::I32(1)], &mut out).is_ok());
    let without = sum.call_resumable(&mut store, &[Val::I32(2)], &mut out)?;
    println!("not asked: {}", matches!(without, ResumableCall::HostTrap(_)));
    println!("too few results: {}", sum.call_resumable(&mut store, &[Val::I32(1)], &mut []).is_ok());
    Ok(())
}
