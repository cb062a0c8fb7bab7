//! A limiter of the host's own.

use crate::differs::Answer;
use wasmi::{Engine, Error, Linker, Module, ResourceLimiter, Store};

struct Quota {
    bytes: usize,
    asked: u32,
}

impl ResourceLimiter for Quota {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Answer {
        self.asked += 1;
        let more = desired - current;
        let granted = more <= self.bytes;
        self.bytes -= if granted { more } else { 0 };
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> Answer {
        self.asked += 1;
        Ok(desired <= 10 && maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        2
    }

    fn memories(&self) -> usize {
        1
    }
}

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, Quota { bytes: 4 << 16, asked: 0 });
    store.limiter(|quota| quota);
    let module = Module::new(
        &engine,
        r#"(module
            (memory 1)
            (table $table 1 funcref)
            (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "table") (param i32) (result i32)
                (table.grow $table (ref.null func) (local.get 0))))"#,
    )?;
    let linker = Linker::new(&engine);
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let memory = instance.get_typed_func::<i32, i32>(&store, "memory")?;
    let table = instance.get_typed_func::<i32, i32>(&store, "table")?;
    for pages in [2, 2, 1, 1] {
        println!("{pages} pages: {}", memory.call(&mut store, pages)?);
    }
    for elements in [9, 1] {
        println!("{elements} elements: {}", table.call(&mut store, elements)?);
    }
    println!("left: {}, asked: {}", store.data().bytes, store.data().asked > 4);
    println!("another instance: {}", linker.instantiate_and_start(&mut store, &module).is_ok());
    Ok(())
}
