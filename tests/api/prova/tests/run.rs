//! Each example prints what it is to print. A green run does not show that the same source compiles
//! against Wasmtime or wasmi: `cargo check -p examples-wasmtime -p examples-wasmi` does.

#[path = "../../tests/printed.rs"]
mod printed;

#[test]
fn every_example_prints_its_text() {
    printed::compare(env!("CARGO_BIN_EXE_examples-prova"), "expected");
}

#[test]
fn every_example_of_wasmi_prints_its_text() {
    printed::compare(env!("CARGO_BIN_EXE_examples-prova-wasmi"), "expected_of_wasmi");
}
