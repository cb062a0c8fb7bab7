//! Many short-lived instances on many threads, within the limits of a pool.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(8).total_memories(8).total_tables(8);
    pool.max_memory_size(1 << 20).table_elements(500);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.memory_init_cow(true);
    let engine = Engine::new(&config)?;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("math", "add", |a: u32, b: u32| -> u32 { a + b })?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "math" "add" (func $add (param i32 i32) (result i32)))
            (memory 1)
            (func (export "run") (result i32) (call $add (i32.const 40) (i32.const 2)))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
    )?;
    let pre = linker.instantiate_pre(&module)?;
    let threads: Vec<std::thread::JoinHandle<Result<u64>>> = (0..8)
        .map(|_| {
            let (engine, pre) = (engine.clone(), pre.clone());
            std::thread::spawn(move || {
                let mut sum = 0;
                for _ in 0..100 {
                    let mut store = Store::new(&engine, ());
                    let instance = pre.instantiate(&mut store)?;
                    let run = instance.get_typed_func::<(), u32>(&mut store, "run")?;
                    sum += u64::from(run.call(&mut store, ())?);
                }
                Ok(sum)
            })
        })
        .collect();
    let mut sum = 0;
    for thread in threads {
        sum += thread.join().map_err(|_| format_err!("a thread panicked"))??;
    }
    println!("all together: {sum}");

    let mut stores: Vec<Store<()>> = (0..9).map(|_| Store::new(&engine, ())).collect();
    let made = stores.iter_mut().filter_map(|store| pre.instantiate(store).ok());
    println!("at once: {}", made.count());
    stores.truncate(4);
    let mut store = Store::new(&engine, ());
    let instance = pre.instantiate(&mut store)?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    println!("to its limit: {}", grow.call(&mut store, 15)?);
    println!("beyond: {}", grow.call(&mut store, 1)?);
    let large = Module::new(&engine, "(module (memory 17))");
    println!("a memory that never fits: {}", large.is_ok());
    Ok(())
}
