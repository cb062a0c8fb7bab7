//! A table of functions that the host fills, copies and calls.

use wasmtime::*;

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = TableType::new(RefType::FUNCREF, 4, Some(6));
    let table = Table::new(&mut store, ty, Ref::Func(None))?;
    let one = Func::wrap(&mut store, || 1i32);
    let two = Func::wrap(&mut store, || 2i32);
    table.fill(&mut store, 0, one.into(), 2)?;
    table.set(&mut store, 2, two.into())?;
    Table::copy(&mut store, &table, 1, &table, 2, 2)?;
    println!("over the end: {}", table.fill(&mut store, 3, one.into(), 2).is_ok());
    println!("grown from {}", table.grow(&mut store, 2, two.into())?);
    println!("grown beyond: {}", table.grow(&mut store, 1, two.into()).is_ok());
    for at in 0..table.size(&store) {
        let element = table.get(&mut store, at).expect("it is inside");
        match element.unwrap_func() {
            Some(func) => {
                let called = func.typed::<(), i32>(&store)?.call(&mut store, ())?;
                println!("{at}: {called}");
            }
            None => println!("{at}: null"),
        }
    }
    Ok(())
}
