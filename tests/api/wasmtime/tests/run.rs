//! Each example prints the same text with Wasmtime.

#[path = "../../tests/printed.rs"]
mod printed;

#[test]
fn every_example_prints_its_text() {
    printed::compare(env!("CARGO_BIN_EXE_examples-wasmtime"), "expected");
}
