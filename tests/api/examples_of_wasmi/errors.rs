//! Errors: of the host behind a call, traps, the end of a program.

use crate::differs::{self, Trap};
use std::fmt;
use wasmi::{Engine, Error, Linker, Module, Store};

#[derive(Debug, PartialEq)]
struct Refused {
    code: i32,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.code)
    }
}

differs::is_host_error!(Refused);

fn host(kind: i32) -> Result<i32, Error> {
    match kind {
        0 => Ok(7),
        1 => Err(differs::host_error(Refused { code: 11 })),
        2 => Err(differs::exit(3)),
        3 => Err(differs::trap(Trap::IntegerOverflow)),
        _ => Err(differs::message("a text")),
    }
}

fn tell(what: &str, error: &Error) {
    println!(
        "{what}: trap {}, exit {:?}, host {:?}",
        differs::trap_of(error).map_or("none", name),
        differs::exit_status(error),
        error.downcast_ref::<Refused>(),
    );
}

fn name(trap: Trap) -> &'static str {
    match trap {
        Trap::UnreachableCodeReached => "unreachable",
        Trap::MemoryOutOfBounds => "memory",
        Trap::TableOutOfBounds => "table",
        Trap::IndirectCallToNull => "null",
        Trap::IntegerDivisionByZero => "division",
        Trap::IntegerOverflow => "overflow",
        Trap::BadConversionToInteger => "conversion",
        Trap::StackOverflow => "stack",
        Trap::BadSignature => "signature",
        _ => "another",
    }
}

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "host", host)?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "host" (func $host (param i32) (result i32)))
            (memory 1)
            (table 2 funcref)
            (elem (i32.const 1) $host)
            (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
            (func (export "unreachable") (unreachable))
            (func (export "memory") (drop (i32.load (i32.const 65533))))
            (func (export "table") (call_indirect (i32.const 2)))
            (func (export "null") (call_indirect (i32.const 0)))
            (func (export "signature") (call_indirect (i32.const 1)))
            (func (export "division") (drop (i32.div_s (i32.const 1) (i32.const 0))))
            (func (export "conversion") (drop (i32.trunc_f32_s (f32.const nan))))
            (func $stack (export "stack") (call $stack)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let host = instance.get_typed_func::<i32, i32>(&store, "host")?;
    println!("without error: {}", host.call(&mut store, 0)?);
    for kind in 1..5 {
        let error = host.call(&mut store, kind).expect_err("it fails");
        tell(&kind.to_string(), &error);
    }
    let error = host.call(&mut store, 1).expect_err("it fails");
    println!("taken out: {}", error.downcast::<Refused>().expect("it is of the host").code);
    for trap in
        ["unreachable", "memory", "table", "null", "signature", "division", "conversion", "stack"]
    {
        let func = instance.get_typed_func::<(), ()>(&store, trap)?;
        tell(trap, &func.call(&mut store, ()).expect_err("it traps"));
    }
    println!("invalid: {}", Module::new(&engine, "(module (func (result i32)))").is_err());
    println!("no function: {}", instance.get_typed_func::<(), ()>(&store, "nothing").is_err());
    Ok(())
}
