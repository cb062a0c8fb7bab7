//! Emission: what is emitted is valid, and the same each time.
//!
//! A green run does not show that the emitted code does what the body says.

use prova_emit::{Types, assemble, emit};
use prova_module::{Features, Limits, Module};
use prova_ssa::{Metering, build};
use std::path::Path;

fn decode(bytes: Vec<u8>) -> Result<Module, prova_module::Error> {
    Module::decode(bytes, &Features::default(), &Limits::default())
}

/// A module with all its bodies emitted anew.
fn trip(module: &Module) -> Vec<u8> {
    let types = Types::new(module);
    let bodies: Vec<_> = module
        .defined_funcs()
        .map(|func| {
            let body = build(module, func, Metering::NONE).expect("a valid function has a body");
            Some(emit(module, &types, &body).expect("a body of the builder is emitted"))
        })
        .collect();
    assemble(module, &types, &bodies.iter().map(Option::as_ref).collect::<Vec<_>>()).bytes
}

fn code(module: &Module) -> usize {
    module.defined_funcs().filter_map(|func| module.body(func)).map(|body| body.range().len()).sum()
}

/// The trip of a text, which must be valid.
fn text(wat: &str) -> Vec<u8> {
    let module = decode(wat::parse_str(wat).expect("a text")).expect("a valid module");
    let bytes = trip(&module);
    if let Err(error) = decode(bytes.clone()) {
        panic!("{error:?} in the trip of {wat}");
    }
    assert_eq!(bytes, trip(&module), "twice the same");
    bytes
}

#[test]
fn a_straight_function_is_what_it_was() {
    let wat = "(module (func (export \"f\") (param i32 i32) (result i32)
        local.get 0 local.get 1 i32.add local.get 0 i32.mul))";
    assert_eq!(text(wat), wat::parse_str(wat).expect("a text"));
}

#[test]
fn loops_tables_handlers_and_references_are_valid() {
    text(
        "(module (func (param i32) (result i32) (local i32)
        (block (loop (br_if 1 (i32.eqz (local.get 0)))
            (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0))) (local.get 1)))",
    );
    text(
        "(module (func (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))",
    );
    text(
        "(module (func (param i32) (result i32)
        (block (result i32) (block (result i32)
            (br_table 0 1 0 (i32.const 7) (local.get 0))) (i32.const 1) (i32.add))))",
    );
    text(
        "(module (type $t (func (result i32 i64 exnref))) (tag $e (param i32 i64))
        (func $g) (func (result i32)
        (block (type $t) (try_table (catch_ref $e 0) (call $g)) (return (i32.const 0)))
        (drop) (drop)))",
    );
    text(
        "(module (type $t (func)) (func (param (ref null $t)) (result i32)
        (block (result (ref $t)) (br_on_non_null 0 (local.get 0)) (return (i32.const 0)))
        (call_ref $t) (i32.const 1)))",
    );
    // A value without default that is used twice.
    text(
        "(module (type $t (sub (struct (field i32))))
        (func $make (result (ref $t)) (struct.new $t (i32.const 1)))
        (func $take (param (ref $t)) (result (ref $t)) (local.get 0))
        (func (result (ref $t)) (local $x (ref $t))
            (local.set $x (call $make)) (drop (call $take (local.get $x))) (call $take (local.get $x))))",
    );
}

#[test]
fn real_programs_stay_valid_and_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the programs")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut sum = 0.0;
    for file in &files {
        let module = decode(std::fs::read(file).expect("a program")).expect("a valid program");
        let after = match decode(trip(&module)) {
            Ok(after) => after,
            Err(error) => panic!("{}: {error:?}", file.display()),
        };
        let ratio = code(&after) as f64 / code(&module) as f64;
        println!("{} {ratio:.4}", file.display());
        sum += ratio.ln();
    }
    println!("geometric mean {:.4}", (sum / files.len() as f64).exp());
}
