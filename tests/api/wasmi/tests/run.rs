//! Each example of wasmi's subjects prints what it prints against Prova.

#[path = "../../tests/printed.rs"]
mod printed;

#[test]
fn every_example_prints_its_text() {
    printed::compare(env!("CARGO_BIN_EXE_examples-wasmi"), "expected_of_wasmi");
}
