//! Host functions that wait for a timer, awaited by many calls at once; a call that is given up.

use std::time::Duration;
use wasmtime::*;

async fn naps(engine: &Engine, module: &Module, naps: i32) -> Result<i32> {
    let mut linker = Linker::<u64>::new(engine);
    linker.func_wrap_async("host", "nap", |mut caller: Caller<'_, u64>, (millis,): (i32,)| {
        Box::new(async move {
            tokio::time::sleep(Duration::from_millis(millis as u64)).await;
            *caller.data_mut() += millis as u64;
        })
    })?;
    let mut store = Store::new(engine, 0);
    let instance = linker.instantiate_async(&mut store, module).await?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    let slept = run.call_async(&mut store, naps).await?;
    assert_eq!(*store.data(), slept as u64);
    Ok(slept)
}

async fn all() -> Result<()> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, "wat/asynchronous.wat")?;
    let calls = (0..20).map(|n| {
        let (engine, module) = (engine.clone(), module.clone());
        tokio::spawn(async move { naps(&engine, &module, n).await })
    });
    let mut slept = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        slept.push(call.await??);
    }
    println!("naps took {slept:?} milliseconds");
    let endless = tokio::time::timeout(Duration::from_millis(5), naps(&engine, &module, i32::MAX));
    println!("one was given up: {}", endless.await.is_err());
    Ok(())
}

/// Calls code that never ends, which yields, so that a timer can end it.
async fn spins(engine: &Engine, yields: impl FnOnce(&mut Store<()>) -> Result<()>) -> Result<bool> {
    let text = r#"(module (func (export "spin") (loop $again (br $again))))"#;
    let module = Module::new(engine, text)?;
    let mut store = Store::new(engine, ());
    yields(&mut store)?;
    let instance = Instance::new_async(&mut store, &module, &[]).await?;
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    let spinning = spin.call_async(&mut store, ());
    Ok(tokio::time::timeout(Duration::from_millis(20), spinning).await.is_err())
}

async fn all_spins() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let by_fuel = spins(&engine, |store| {
        store.set_fuel(u64::MAX)?;
        store.fuel_async_yield_interval(Some(10_000))
    });
    println!("code that yields by fuel was given up: {}", by_fuel.await?);
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let ticking = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = ticking.upgrade() {
            engine.increment_epoch();
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let by_epochs = spins(&engine, |store| {
        store.epoch_deadline_async_yield_and_update(1);
        Ok(())
    });
    println!("code that yields by epochs was given up: {}", by_epochs.await?);
    Ok(())
}

pub fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    runtime.block_on(all())?;
    runtime.block_on(all_spins())
}
