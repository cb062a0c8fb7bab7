//! A limiter of the embedder's own that a guest's memories and tables have to ask.

use wasmtime::*;

struct Counting {
    asked: Vec<(usize, usize)>,
    max: usize,
}

impl ResourceLimiter for Counting {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        self.asked.push((current >> 16, desired >> 16));
        if desired > 100 << 16 {
            bail!("so much memory is no mistake");
        }
        Ok(desired <= self.max)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(desired <= 4)
    }
}

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (memory 1) (table 2 funcref)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "table") (param i32) (result i32)
                (table.grow (ref.null func) (local.get 0))))"#,
    )?;
    let mut store = Store::new(&engine, Counting { asked: Vec::new(), max: 4 << 16 });
    store.limiter(|limiter| limiter);
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    let table = instance.get_typed_func::<i32, i32>(&mut store, "table")?;
    println!("granted: {}", grow.call(&mut store, 3)?);
    println!("refused: {}", grow.call(&mut store, 1)?);
    println!("stopped: {}", grow.call(&mut store, 1000).unwrap_err().root_cause());
    println!("a table: {} {}", table.call(&mut store, 2)?, table.call(&mut store, 1)?);
    println!("asked: {:?}", store.data().asked);

    store.data_mut().max = 0;
    println!("a second instance: {}", Instance::new(&mut store, &module, &[]).is_ok());

    let mut store = Store::new(&engine, StoreLimitsBuilder::new().memory_size(2 << 16).build());
    store.limiter(|limits| limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    println!("by the builder: {} {}", grow.call(&mut store, 1)?, grow.call(&mut store, 1)?);
    Ok(())
}
