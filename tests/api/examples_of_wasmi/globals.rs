//! Globals that host and guest share.

use crate::differs;
use wasmi::{Engine, Error, Linker, Module, Mutability, Store, Val, ValType};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let count = differs::global(&mut store, Val::I64(40), Mutability::Var)?;
    let fixed = differs::global(&mut store, Val::from(2.5f32), Mutability::Const)?;
    let mut linker = Linker::new(&engine);
    differs::define(&mut linker, &store, ("host", "count"), count)?;
    differs::define(&mut linker, &store, ("host", "fixed"), fixed)?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "count" (global $count (mut i64)))
            (import "host" "fixed" (global $fixed f32))
            (global (export "own") (mut f32) (global.get $fixed))
            (func (export "more")
                (global.set $count (i64.add (global.get $count) (i64.const 1)))))"#,
    )?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let more = instance.get_typed_func::<(), ()>(&store, "more")?;
    more.call(&mut store, ())?;
    println!("counted: {:?}", count.get(&store).i64());
    count.set(&mut store, Val::I64(-1))?;
    more.call(&mut store, ())?;
    println!("counted: {:?}", count.get(&store).i64());
    println!("another type: {}", count.set(&mut store, Val::I32(0)).is_ok());
    println!("fixed: {}", fixed.set(&mut store, Val::from(0f32)).is_ok());
    let own = instance.get_global(&store, "own").expect("it is exported");
    println!("own: {:?}", differs::float(&own.get(&store)));
    let ty = own.ty(&store);
    println!("its type: {} {}", ty.content().clone() == ValType::F32, ty.mutability() == Mutability::Var);
    Ok(())
}
