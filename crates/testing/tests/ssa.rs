//! The SSA interpreter against what the other tiers are held to: the specification's scripts,
//! generated modules, the repository's programs. Every body that runs was verified, printed and
//! parsed again (`prova_testing::sides::ssa::sound`).
//!
//! A green run does not show that a body is equal to its Wasm where no script or program looks; the
//! SSA interpreter shares `prova-num` and the store with the other tiers.

use prova_core::Config;
use prova_module::{Features, Limits, Module};
use prova_optimize::Pass;
use prova_runtime::ExecutorKind;
use prova_testing::agree::ssa::campaign;
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::sides::ssa::{Ssa, sound};
use prova_testing::suites::spec::{SHARED, Status, run_with, scripts};

/// Scripts whose every directive the SSA interpreter does as demanded, at least.
const SCRIPTS_MIN: usize = 196;

/// The SSA interpreter over what is built, and over what all passes make of it.
fn executors() -> [ExecutorKind; 2] {
    [Ssa::executor(), Ssa::passed(&Pass::DEFAULT)]
}

#[test]
fn the_specification_holds() {
    let (mut failed, mut passed) = (Vec::new(), 0);
    let counts = scripts().into_iter().filter(|script| script.counts && script.folder != SHARED);
    let scripts: Vec<_> = counts.collect();
    // Without passes, and with all of them.
    for (script, executor) in scripts.iter().flat_map(|script| executors().map(|it| (script, it))) {
        let mut config = Config::new();
        config.executor(executor);
        let ssa = run_with(&script.folder, script.text, config);
        if ssa.is_ok() {
            passed += 1;
            continue;
        }
        // A script that no tier passes is exempt, or `tests/spec.rs` fails.
        let interp = run_with(&script.folder, script.text, Config::new());
        if ssa.to_string() != interp.to_string() {
            let (folder, name) = (&script.folder, &script.name);
            failed.push(format!("{folder}/{name}: {ssa:?}, in the interpreter {interp}"));
        }
    }
    assert!(failed.is_empty(), "{} failed, {passed} passed\n{}", failed.len(), failed.join("\n"));
    assert!(passed >= 2 * SCRIPTS_MIN, "only {passed} scripts");
}

#[test]
fn a_wrong_script_fails() {
    let text = "(module (func (export \"f\") (result i32) (i32.const 1)))\n(assert_return (invoke \"f\") (i32.const 2))";
    let mut config = Config::new();
    config.executor(Ssa::executor());
    assert!(matches!(run_with("", text, config), Status::Failed { passed: 1, total: 2, .. }));
}

/// Proves and compares functions of a generator; how many calls returned.
fn generated(generator: Generator, modules: u64) -> u64 {
    let totals =
        campaign(&Options { generator, modules, seed: 29, funcs: 4, ..Options::default() });
    assert_eq!(totals.finding, None);
    totals.tally.returned
}

#[test]
fn biased_functions_agree_with_the_reference() {
    let returned = generated(Generator::Biased, 60);
    assert!(returned >= 60, "only {returned} calls returned");
}

#[test]
fn modules_of_wasm_smith_agree_with_the_reference() {
    let returned = generated(Generator::Smith, 120);
    assert!(returned >= 20, "only {returned} calls returned");
}

#[test]
fn every_body_of_the_programs_is_sound() {
    let mut bodies = 0;
    for name in ["coremark-rs-1.0.0", "lua-5.4.7", "pair-a", "sqlite3-3.46.1"] {
        let path = prova_testing::root().join(format!("programs/bin/{name}.wasm"));
        let bytes = std::fs::read(path).expect("the repository carries the program");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        for func in module.defined_funcs() {
            let metering = prova_ssa::Metering { fuel: func.0 % 2 == 0, epoch: func.0 % 3 == 0 };
            sound(&module, func, metering).unwrap_or_else(|what| panic!("{name}: {what}"));
            bodies += 1;
        }
    }
    assert!(bodies > 2000, "{bodies} bodies");
}
