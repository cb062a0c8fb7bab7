//! Each example prints what it is to print. A green run does not show that the same source compiles
//! against Wasmtime: `cargo check -p examples-wasmtime` does.

#[path = "../../tests/printed.rs"]
mod printed;

#[test]
fn every_example_prints_its_text() {
    printed::compare(env!("CARGO_BIN_EXE_examples-prova"));
}
