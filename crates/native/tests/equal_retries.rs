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
//! stands still (2), extensions in stack words (5), and numbers inside of claimed terms, have no
//! row. A compiler that makes other code may need another retry for a function, or none.

use prova_core::Settings;
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{NativeCompiler, share};

const ROWS: &str = include_str!("equal_retries.tsv");
/// The memory and the callee that rows use.
const AROUND: &str = "(memory 1) (func $a (param i32) (result i32) (local.get 0))";

/// Whether the code of the last function of a module is proved, and why not.
fn proved(text: &str) -> Result<(), String> {
    let wasm = wat::parse_str(format!("(module {AROUND} {text})")).expect("a module");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let funcs: Vec<FuncIdx> = module.defined_funcs().last().into_iter().collect();
    let settings = Settings::default();
    let share = share((&module, &funcs), &NativeCompiler::new(), &settings, 1).expect("code");
    let [proof] = &share.proofs[..] else { return Err("no code".to_owned()) };
    proof.outcome.as_ref().map(|_| ()).map_err(|why| format!("{why:?}"))
}

#[test]
fn each_row_is_proved() {
    let (mut rows, mut wrong) = (0, Vec::new());
    for line in ROWS.lines().filter(|line| !line.starts_with('#')) {
        let (retry, text) = line.split_once('\t').expect("a retry and a function");
        rows += 1;
        if let Err(why) = proved(text) {
            wrong.push(format!("{retry}: {why}\n{text}"));
        }
    }
    assert!(rows >= 4, "{rows} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
