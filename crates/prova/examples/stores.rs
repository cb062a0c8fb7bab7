//! The cost of stores by tier: `stores [MODULE.wasm|- [COUNT [TIER]]]`.
//!
//! For each tier, medians of eleven rounds: COUNT (1,000) stores one after another, each with an
//! instance of MODULE (`-`: a hello with a memory, a table and some data), whose export `run` is
//! called if there is one; in milliseconds for all of them. First with the parts of each store made
//! anew, then with those that the store before left. With TIER (`interp`, `auto`, `native`) only
//! the second half, of that one. Functions that the module imports trap.

use prova::{
    Config, Engine, InstancePre, Linker, Module, PoolingAllocationConfig, Result, Store, Strategy,
    Tier,
};
use std::time::Instant;

const HELLO: &str = r#"(module (memory (export "memory") 1) (table 2 funcref)
    (elem (i32.const 0) $length) (data (i32.const 8) "hello, world")
    (func $length (param $at i32) (result i32) (local $end i32)
      (local.set $end (local.get $at))
      (loop $next
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br_if $next (i32.load8_u (local.get $end))))
      (i32.sub (local.get $end) (local.get $at)))
    (func (export "run") (result i32)
      (call_indirect (param i32) (result i32) (i32.const 8) (i32.const 0))))"#;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let file = args.next().filter(|file| file != "-");
    let bytes = file.map_or_else(|| Ok(HELLO.into()), std::fs::read)?;
    let count = args.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let only = args.next();
    let mut native = Config::new();
    native.strategy(Strategy::Cranelift);
    let mut interpreter = Config::new();
    interpreter.tier(Tier::TAIL);
    for (tier, config) in [("interp", interpreter), ("auto", Config::new()), ("native", native)] {
        if only.as_ref().is_some_and(|only| only != tier) {
            continue;
        }
        let parts = [("made anew", 0), ("kept", 16)];
        for (parts, slots) in parts.into_iter().skip(usize::from(only.is_some())) {
            let mut pool = PoolingAllocationConfig::new();
            pool.max_unused_warm_slots(slots).table_elements(1 << 20);
            let engine = Engine::new(config.clone().allocation_strategy(pool))?;
            let module = Module::new(&engine, &bytes)?;
            let mut linker: Linker<()> = Linker::new(&engine);
            linker.define_unknown_imports_as_traps(&module)?;
            let pre = linker.instantiate_pre(&module)?;
            let times = (0..11).map(|_| round(&engine, &pre, count));
            let mut times = times.collect::<Result<Vec<_>>>()?;
            times.sort_by(f64::total_cmp);
            println!("{tier:7} {parts:10} median {:8.2}   least {:8.2}", times[5], times[0]);
        }
    }
    Ok(())
}

/// The milliseconds that some stores take.
fn round(engine: &Engine, pre: &InstancePre<()>, count: u32) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..count {
        let mut store = Store::new(engine, ());
        let instance = pre.instantiate(&mut store)?;
        if let Ok(run) = instance.get_typed_func::<(), i32>(&mut store, "run") {
            run.call(&mut store, ())?;
        }
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
