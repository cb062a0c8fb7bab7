//! Measures throws in machine code and as bytecode: nanoseconds for each round of a loop that
//! throws once and catches.
//!
//! ```text
//! cargo run --release -p prova-native --example throw_speed -- [rounds]
//! ```

use prova_core::{Config, Engine, Linker, Module, Store, Val};
use prova_native::NativeCompiler;
use std::error::Error;
use std::time::Instant;

/// Loops by name. `$deep` calls itself before the throw, as often as its argument says.
const LOOPS: [(&str, &str); 5] = [
    ("same function", "(throw $e (local.get $n) (i64.const 1))"),
    ("callee", "(call $throw (local.get $n))"),
    ("ten frames away", "(call $deep (i32.const 9))"),
    ("no throw", "(call $none (local.get $n)) (br $h (i32.const 1) (i64.const 1))"),
    ("thrown again", "(call $again (local.get $n))"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse::<i32>())?;
    for (name, body) in LOOPS {
        let text = format!(
            "(module (tag $e (param i32 i64)) (tag $f)
            (func $throw (param i32) (throw $e (local.get 0) (i64.const 1)))
            (func $none (param i32) (if (i32.eqz (local.get 0)) (then (throw $f))))
            (func $deep (param i32)
              (if (local.get 0)
                (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
                (else (throw $e (i32.const 1) (i64.const 1)))))
            (func $again (param i32)
              (block $r (result exnref)
                (try_table (catch_all_ref $r) (call $throw (local.get 0)))
                (return))
              (throw_ref))
            (func (export \"f\") (param $n i32) (result i32) (local $s i32)
              (loop $l
                (block $h (result i32 i64)
                  (try_table (catch $e $h) {body})
                  (unreachable))
                (drop)
                (local.set $s (i32.add (local.get $s)))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
              (local.get $s)))"
        );
        let native = nanoseconds(&text, rounds, true)?;
        let bytecode = nanoseconds(&text, rounds, false)?;
        println!("{name}: machine code {native:.1} ns, bytecode {bytecode:.1} ns");
    }
    Ok(())
}

/// The least of five runs, for one round.
fn nanoseconds(text: &str, rounds: i32, native: bool) -> Result<f64, Box<dyn Error>> {
    let mut config = Config::new();
    if native {
        config.native(NativeCompiler::new());
    }
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let func = instance.get_func(&mut store, "f").ok_or("an export")?;
    let mut least = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        func.call(&mut store, &[Val::I32(rounds)], &mut [Val::I32(0)])?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    if native && !module.refusals().is_empty() {
        return Err(format!("{:?}", module.refusals()).into());
    }
    Ok(least * 1e9 / f64::from(rounds))
}
