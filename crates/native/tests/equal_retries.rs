//! Small functions whose code is proved only thanks to retries of the search of relations
//! (`prova-certify`, `relation/retry.rs`).
//!
//! `equal_retries.tsv` has a row for each: the retries, and the function. They were found at
//! random, and made small as long as the function was proved, and not with one retry switched off;
//! each retry that a row names was switched off by hand, alone, and the row was not proved then.
//!
//! Rows of number 0 need no retry; they need what they say.
//!
//! Green says nothing of the other retries: that the head of a loop moves into it where the body
//! stands still (2), guesses made anew (8; a function of CoreMark needs them), extensions in stack
//! words (10), and numbers inside of claimed terms, have no row. A compiler that makes other code
//! may need another retry for a function, or none.

use prova_check::MemoryShape;
use prova_core::Settings;
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{NativeCompiler, share};

const ROWS: &str = include_str!("equal_retries.tsv");
/// The memory and the callee that rows use.
const AROUND: &str = "(memory 1) (func $a (param i32) (result i32) (local.get 0))";

/// Whether the code of the last function of a module is proved, and why not.
fn proved(text: &str, compiler: &NativeCompiler) -> Result<(), String> {
    let wasm = wat::parse_str(format!("(module {AROUND} {text})")).expect("a module");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let funcs: Vec<FuncIdx> = module.defined_funcs().last().into_iter().collect();
    let settings = Settings::default();
    let share = share((&module, &funcs), compiler, &settings, 1).expect("code");
    let [proof] = &share.proofs[..] else { return Err("no code".to_owned()) };
    proof.outcome.as_ref().map(|_| ()).map_err(|why| format!("{why:?}"))
}

#[test]
fn each_row_is_proved() {
    let (mut rows, mut wrong) = (0, Vec::new());
    for line in ROWS.lines().filter(|line| !line.starts_with('#')) {
        let (retry, text) = line.split_once('\t').expect("a retry and a function");
        rows += 1;
        if let Err(why) = proved(text, &NativeCompiler::new()) {
            wrong.push(format!("{retry}: {why}\n{text}"));
        }
    }
    assert!(rows >= 4, "{rows} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where accesses are compared, the test of a length is still known behind 60 other conditions:
/// code makes the last store without one.
#[test]
fn lengths_are_known_behind_many_conditions() {
    let exits: String = (0..60)
        .map(|n| format!("(br_if 0 (i32.eq (local.get 1) (i32.const {})))", 7 * n + 3))
        .collect();
    let text = format!(
        "(func (param i32 i32) (i32.store offset=88 (local.get 0) (i32.const 1))
           (block {exits} (i32.store offset=80 (local.get 0) (i32.const 7)))
           (i32.store offset=84 (local.get 0) (i32.const 2)))"
    );
    let compiler = NativeCompiler::new().with_memory(MemoryShape::Explicit);
    proved(&text, &compiler).unwrap_or_else(|why| panic!("{why}"));
}
