//! The program has no planted faults (`crates/tidy/src/plants.rs`).
//!
//! A program that has some carries a marker, which `crates/runtime/tests/handlers_plants.rs` finds
//! in its own bytes. A green run does not show that a program built elsewhere has none: only the
//! one that these tests run.

use prova_tidy::plants::has_plants;

#[test]
fn the_program_has_no_planted_fault() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_prova")).expect("the program can be read");
    assert!(!has_plants(&program));
    // Words that are in the program are found in the same way.
    let words = b"nothing that was refused has run";
    assert!(program.windows(words.len()).any(|window| window == words));
}
