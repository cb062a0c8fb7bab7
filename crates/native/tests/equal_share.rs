//! The share of real programs' functions whose code is proved to do what they say, by mode: it only
//! grows.
//!
//! `equal_share.tsv` has a row for each program and mode: every n-th function is tried. Fewer
//! proofs than there fail; more are written by `PROVA_BLESS=1`. Whole programs: `prova check-code
//! --require proved`.

use prova_core::{Metering, Settings};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{MemoryShape, NativeCompiler, share};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal_share.tsv");
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs");

/// The compiler and the settings of a mode.
fn mode(name: &str) -> (NativeCompiler, Settings) {
    let compiler = NativeCompiler::new();
    let plain = Settings::default();
    match name {
        "guard" => (compiler, plain),
        "explicit" => (compiler.with_memory(MemoryShape::Explicit), plain),
        "no-signals" => (compiler.without_signals(), plain),
        "fuel" => (compiler, Settings { metering: Metering::new(true, false), ..plain }),
        "epochs" => (compiler, Settings { metering: Metering::new(false, true), ..plain }),
        "deterministic" => (compiler, Settings { deterministic: true, ..plain }),
        _ => panic!("{name}: an unknown mode"),
    }
}

#[test]
fn shares_only_grow() {
    let table = std::fs::read_to_string(TABLE).expect("the table");
    let (mut made, mut worse, mut better) = (String::new(), Vec::new(), Vec::new());
    for line in table.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [program, name, step, functions, proved] = columns[..] else {
            made += &format!("{line}\n");
            continue;
        };
        let folder = if program.contains('/') { "" } else { "bin/" };
        let path = format!("{PROGRAMS}/{folder}{program}.wasm");
        let wasm = std::fs::read(path).expect("a program");
        let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
        let n: usize = step.parse().expect("a number");
        let funcs: Vec<FuncIdx> = module.defined_funcs().step_by(n).collect();
        let (compiler, settings) = mode(name);
        let found = share((&module, &funcs), &compiler, &settings, 2).expect("machine code");
        let now = (found.all().functions, found.proved().functions);
        let before: (u64, u64) = (functions.parse().unwrap_or(0), proved.parse().unwrap_or(0));
        made += &format!("{program}\t{name}\t{step}\t{}\t{}\n", now.0, now.1);
        let row = format!("{program} {name}: {} of {} functions, not {}", now.1, now.0, before.1);
        if now.0 != before.0 || now.1 < before.1 {
            worse.push(row);
        } else if now.1 > before.1 {
            better.push(row);
        }
    }
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(TABLE, made).expect("the file can be written");
        return;
    }
    assert!(worse.is_empty(), "{}", worse.join("\n"));
    assert!(better.is_empty(), "more is proved (`PROVA_BLESS=1`): {}", better.join("\n"));
}
