//! The example that checks before it loads; and a file with one other instruction, which it does
//! not load.

#[path = "../examples/verified.rs"]
#[allow(dead_code, reason = "its main is run as well")]
mod verified;

use prova_wasmtime_layout::{Artifact, Functions, Unverified, uncompared};
use wasmtime::Engine;

#[test]
fn checked_code_is_loaded_and_runs() {
    verified::main().expect("it is accepted, and runs");
}

#[test]
fn code_that_leaves_its_sandbox_is_not_loaded() {
    let (wasm, mut compiled) = verified::compiled().expect("it compiles");
    // The first function begins with `push rbp; mov rbp, rsp`. Now the second stores to where the
    // caller's third argument leads: `mov [rdx], eax; nop`.
    let text = {
        let artifact = Artifact::read(&compiled).expect("it is one");
        let func = artifact.symbols.iter().find(|symbol| symbol.name.contains("function[0]"));
        let bytes = artifact.bytes(func.expect("a function"));
        assert!(bytes.starts_with(&[0x55, 0x48, 0x89, 0xe5]), "{bytes:x?}");
        bytes.as_ptr() as usize - compiled.as_ptr() as usize
    };
    compiled[text + 1..text + 4].copy_from_slice(&[0x89, 0x02, 0x90]);
    let Err(Unverified::Refused(report)) = Functions::check(compiled.clone(), &wasm, (2, uncompared)) else {
        panic!("it is refused");
    };
    let refusal = &report.refused[0];
    assert_eq!((refusal.func, refusal.offset - refusal.start), (Some(0), 1), "{refusal}");
    // What is said beside the code: a module with another memory.
    let other = "(module (memory 2) (func (export \"sum\") (param i32) (result i32) local.get 0))";
    let other = wat::parse_str(other).expect("a module");
    let of_another = verified::compiled().expect("it compiles").1;
    let loaded = verified::loaded(&Engine::default(), of_another, &other);
    assert!(loaded.is_err(), "the file is of another module");
    let loaded = verified::loaded(&Engine::default(), compiled, &wasm);
    let why = loaded.err().expect("nothing is loaded").to_string();
    assert!(why.starts_with("code was refused: wasm[0]::function[0]"), "{why}");
}
