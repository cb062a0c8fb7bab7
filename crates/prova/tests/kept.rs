//! Machine code that a program leaves in the cache while it runs, without being asked for it.

use prova::{Config, Engine, Hot, Instance, Module, NativeCompiler, Result, Store};
use prova_core::{CACHE_BYTES_DEFAULT, Cache};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Functions that add numbers in a loop, and one that calls them all.
fn program(funcs: u32) -> String {
    let mut text = String::from("(module (func (export \"all\") (result i64) (local $sum i64)\n");
    for func in 0..funcs {
        let call = format!("(call $f{func} (i32.const 20000))");
        writeln!(text, "(local.set $sum (i64.add (local.get $sum) {call}))").expect("a string");
    }
    text.push_str("(local.get $sum))\n");
    for func in 0..funcs {
        writeln!(
            text,
            "(func $f{func} (param $n i32) (result i64) (local $sum i64)
                (loop $again
                    (local.set $sum (i64.add (local.get $sum) (i64.const {func})))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $sum))"
        )
        .expect("a string");
    }
    text + ")"
}

/// Runs the program with a cache and without saving: the sum, and how many functions had code
/// there already.
fn run(folder: &Path, funcs: u32) -> Result<(i64, usize)> {
    let cache = Cache::open(folder, CACHE_BYTES_DEFAULT)?;
    let mut config = Config::new();
    let hot = Hot { every: 64, first: 0, looks: 1, bytes: 0, seed: 0, background: false };
    config.native(NativeCompiler::new()).tier_up(Some(hot)).cache(cache);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wat::parse_str(program(funcs))?)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let sum = instance.get_typed_func::<(), i64>(&mut store, "all")?.call(&mut store, ())?;
    assert_eq!(module.cache_notes(), Vec::<String>::new());
    Ok((sum, module.tiers().cached))
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn most_of_the_code_is_there_though_nobody_saved_it() -> Result<()> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("kept");
    std::fs::remove_dir_all(&folder).ok();
    let sum = |funcs: u32| i64::from(funcs * (funcs - 1) / 2) * 20_000;
    // A few functions are not worth it while the program runs.
    assert_eq!(run(&folder, 4)?, (sum(4), 0));
    assert_eq!(run(&folder, 4)?, (sum(4), 0));
    assert_eq!(run(&folder, 40)?, (sum(40), 0));
    let (again, cached) = run(&folder, 40)?;
    assert_eq!(again, sum(40));
    assert!(cached >= 20, "{cached} of 40");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
