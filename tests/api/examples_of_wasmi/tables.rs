//! A table of functions that the host fills, copies and calls.

use crate::differs;
use wasmi::{Engine, Error, Func, Linker, Module, Store, Table, TableType};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = TableType::new(differs::FUNCREF, 4, Some(6));
    println!("{} {:?}", ty.minimum(), ty.maximum());
    let table = Table::new(&mut store, ty, differs::func_ref(None))?;
    let one = Func::wrap(&mut store, || 1i32);
    let two = Func::wrap(&mut store, || 2i32);
    table.fill(&mut store, 0, differs::func_ref(Some(one)), 2)?;
    table.set(&mut store, 2, differs::func_ref(Some(two)))?;
    Table::copy(&mut store, &table, 1, &table, 2, 2)?;
    println!("over the end: {}", table.fill(&mut store, 3, differs::func_ref(None), 2).is_ok());
    println!("grown from {}", table.grow(&mut store, 2, differs::func_ref(Some(two)))?);
    println!("grown beyond: {}", table.grow(&mut store, 1, differs::func_ref(None)).is_ok());
    println!("set beyond: {}", table.set(&mut store, 6, differs::func_ref(None)).is_ok());
    for at in 0..table.size(&store) + 1 {
        let element = table.get(&store, at);
        let func = element.as_ref().and_then(differs::func_of);
        let called = match func {
            Some(func) => Some(func.typed::<(), i32>(&store)?.call(&mut store, ())?),
            None => None,
        };
        println!("{at}: {} {called:?}", element.is_some());
    }
    let mut linker = Linker::new(&engine);
    differs::define(&mut linker, &store, ("host", "table"), table)?;
    let module = Module::new(
        &engine,
        r#"(module (import "host" "table" (table 4 6 funcref))
            (func (export "call") (param i32) (result i32)
                (call_indirect (result i32) (local.get 0))))"#,
    )?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let call = instance.get_typed_func::<i32, i32>(&store, "call")?;
    println!("by the guest: {}", call.call(&mut store, 0)?);
    println!("null: {}", call.call(&mut store, 2).is_ok());
    Ok(())
}
