//! Limits of time: code that spins is stopped, no store before its time.

use crate::common::{each_tier, module, trap_of};
use prova_core::*;
use std::time::{Duration, Instant};

const SPIN: &str = r#"(module
    (func (export "spin") (loop $again (br $again)))
    (func (export "count") (result i32) (i32.const 7)))"#;

#[test]
fn code_that_spins_is_stopped_and_not_before_its_time() {
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            let module = module(engine, SPIN)?;
            let ticker = engine.tick(Duration::from_millis(3))?;
            std::thread::scope(|scope| {
                let runs: Vec<_> = [20, 60]
                    .into_iter()
                    .map(|limit| {
                        let (module, ticker) = (&module, &ticker);
                        scope.spawn(move || {
                            let mut store = Store::new(engine, ());
                            let limit = Duration::from_millis(limit);
                            store.set_timeout(ticker, limit)?;
                            let start = Instant::now();
                            let instance = Instance::new(&mut store, module, &[])?;
                            let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
                            let error = spin.call(&mut store, ()).expect_err("it spins");
                            assert_eq!(trap_of(&error), Some(Trap::Interrupt));
                            assert!(start.elapsed() >= limit, "{:?}", start.elapsed());
                            // A new time lets the store go on.
                            store.set_timeout(ticker, Duration::from_secs(600))?;
                            let count = instance.get_typed_func::<(), i32>(&mut store, "count")?;
                            assert_eq!(count.call(&mut store, ())?, 7);
                            Ok::<(), Error>(())
                        })
                    })
                    .collect();
                runs.into_iter().try_for_each(|run| run.join().expect("no panic"))
            })
        },
    );
}

#[test]
fn a_ticker_that_is_dropped_ticks_no_more() -> Result<()> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let ticker = engine.tick(Duration::from_millis(1))?;
    std::thread::sleep(Duration::from_millis(10));
    drop(ticker);
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(1);
    std::thread::sleep(Duration::from_millis(10));
    let module = Module::new(&engine, wat::parse_str(SPIN)?)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let count = instance.get_typed_func::<(), i32>(&mut store, "count")?;
    assert_eq!(count.call(&mut store, ())?, 7);
    Ok(())
}

#[test]
fn what_cannot_be_limited_is_refused() -> Result<()> {
    let mut config = Config::new();
    let without = Engine::new(&config)?;
    let error = without.tick(Duration::from_millis(1)).expect_err("no epochs");
    assert!(error.to_string().contains("`Config::epoch_interruption` is off"), "{error}");
    config.epoch_interruption(true);
    let (engine, other) = (Engine::new(&config)?, Engine::new(&config)?);
    assert!(engine.tick(Duration::ZERO).is_err());
    let ticker = engine.tick(Duration::from_secs(1))?;
    let mut store = Store::new(&other, ());
    let error = store.set_timeout(&ticker, Duration::from_secs(1)).expect_err("another engine");
    assert!(error.to_string().contains("another engine"), "{error}");
    // The longest time is no time too short.
    let mut store = Store::new(&engine, ());
    store.set_timeout(&ticker, Duration::MAX)
}
