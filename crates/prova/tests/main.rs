//! The engine of this crate: hot code goes over to machine code by default, and what a program does
//! stays the same.

extern crate prova as prova_core;

#[path = "../../core/tests/awaiting.rs"]
mod awaiting;
mod beside;
mod bulk;
mod embedder;
mod hooks;
mod kept;
mod many;
#[path = "../../core/tests/objects.rs"]
mod objects;
#[path = "../../core/tests/objects_kept.rs"]
mod objects_kept;
#[path = "../../core/tests/objects_waiting.rs"]
mod objects_waiting;
#[path = "../../core/tests/sources.rs"]
mod sources;
mod swaps;
#[cfg(unix)]
#[path = "../../core/tests/torture.rs"]
mod torture;

use prova::{Config, Engine, Hot, Instance, Module, NativeCompiler, Result, Store, Strategy, Tier};

/// Engines that make machine code: of all functions, and of hot ones.
fn engines() -> Vec<(&'static str, Engine)> {
    let (mut all, mut hot) = (Config::new(), Config::new());
    all.strategy(Strategy::Cranelift);
    hot.native(NativeCompiler::new());
    hot.tier_up(Some(Hot { every: 2, first: 0, looks: 1, background: false, ..Hot::default() }));
    let engine = |config| Engine::new(config).expect("a possible configuration");
    vec![("native", engine(&all)), ("auto", engine(&hot))]
}

/// All engines of this crate.
fn all_engines() -> Vec<(&'static str, Engine)> {
    engines()
}

const SUM: &str = r#"(module
    (func (export "sum") (param $n i32) (result i64) (local $sum i64)
        (loop $again
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $n))))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"#;

/// The sum of the numbers to `n`, and how many functions and loops became machine code.
fn sum(engine: &Engine, n: i32) -> Result<(i64, usize)> {
    let module = Module::new(engine, wat::parse_str(SUM)?)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let sum = instance.get_typed_func::<i32, i64>(&mut store, "sum")?.call(&mut store, n)?;
    let tiers = module.tiers();
    Ok((sum, tiers.functions.len() + tiers.loops.len()))
}

const N: i32 = 1_000_000;
const SUM_OF_N: i64 = N as i64 * (N as i64 + 1) / 2;

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn one_long_call_gets_machine_code() -> Result<()> {
    let mut config = Config::new();
    config.native(NativeCompiler::new());
    config.tier_up(Some(Hot { background: false, ..Hot::default() }));
    assert_eq!(sum(&Engine::new(&config)?, N)?, (SUM_OF_N, 2));
    Ok(())
}

#[test]
fn by_default_as_well_whenever_it_is_ready() -> Result<()> {
    let engine = Engine::default();
    let mut compiled = 0;
    for _ in 0..1000 {
        let (sum, count) = sum(&engine, N)?;
        assert_eq!(sum, SUM_OF_N);
        compiled += count;
        if compiled > 0 {
            break;
        }
    }
    let here = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    assert_eq!(compiled > 0, here, "no machine code in a thousand long calls");
    Ok(())
}

#[test]
fn who_names_a_tier_gets_it() -> Result<()> {
    for tier in Tier::ALL {
        let mut config = Config::new();
        config.tier(tier);
        assert_eq!(sum(&Engine::new(&config)?, 10_000)?, (50_005_000, 0));
    }
    let mut config = Config::new();
    config.count_dispatches(true);
    assert_eq!(sum(&Engine::new(&config)?, 10_000)?.1, 0);
    Ok(())
}

#[test]
fn engines_of_stores_are_the_same_engine() -> Result<()> {
    let engine = Engine::default();
    let store = Store::new(&engine, ());
    assert!(Engine::same(&engine, store.engine()));
    assert!(Engine::same(&Engine::from(store.engine().clone()), &engine));
    assert!(!Engine::same(&engine, &Engine::default()));
    Ok(())
}
