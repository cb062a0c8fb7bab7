//! Memories: types, bytes, growth.

use wasmi::{Config, Engine, Error, Extern, Instance, Memory, MemoryType, Module, Store};

fn types() -> Result<(), Error> {
    let ty = MemoryType::new(1, Some(3));
    println!("{} {:?} {}", ty.minimum(), ty.maximum(), ty.is_64());
    let mut builder = MemoryType::builder();
    builder.min(2).max(Some(4)).memory64(true);
    let ty = builder.build()?;
    println!("{} {:?} {}", ty.minimum(), ty.maximum(), ty.is_64());
    let mut builder = MemoryType::builder();
    builder.min(2).max(Some(1));
    println!("less than at least: {}", builder.build().is_ok());
    let mut builder = MemoryType::builder();
    builder.page_size_log2(3);
    println!("pages of eight bytes: {}", builder.build().is_ok());
    Ok(())
}

pub fn main() -> Result<(), Error> {
    types()?;
    let mut config = Config::default();
    config.wasm_multi_memory(true);
    let engine = crate::differs::engine(&config)?;
    let mut store = Store::new(&engine, 5u8);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3)))?;
    memory.write(&mut store, 65534, b"ab")?;
    println!("beyond the end: {}", memory.write(&mut store, 65535, b"ab").is_ok());
    println!("grown from {}", memory.grow(&mut store, 1)?);
    println!("too far: {}", memory.grow(&mut store, 2).is_ok());
    println!("size {} {}", memory.size(&store), memory.data_size(&store));
    let mut bytes = [0; 3];
    memory.read(&store, 65534, &mut bytes)?;
    println!("{bytes:?}");
    println!("read too far: {}", memory.read(&store, 131070, &mut bytes).is_ok());
    memory.data_mut(&mut store)[131071] = 7;
    let (data, host) = memory.data_and_store_mut(&mut store);
    data[131070] = *host;
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "memory" (memory 1 3))
            (memory (export "own") 1)
            (data (memory 1) (i32.const 0) "own")
            (func (export "sum") (param i32) (result i32)
                (i32.add (i32.load8_u 0 (local.get 0)) (i32.load8_u 0 offset=1 (local.get 0)))))"#,
    )?;
    let instance = Instance::new(&mut store, &module, &[Extern::Memory(memory)])?;
    let sum = instance.get_typed_func::<u32, u32>(&store, "sum")?;
    println!("sum {}", sum.call(&mut store, 131070)?);
    println!("outside: {}", sum.call(&mut store, 131071).is_ok());
    let own = instance.get_memory(&store, "own").expect("it is exported");
    println!("{}", String::from_utf8_lossy(&own.data(&store)[..3]));
    println!("no memory: {}", instance.get_memory(&store, "sum").is_some());
    let _: &Engine = &engine;
    Ok(())
}
