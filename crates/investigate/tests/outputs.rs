//! Two modules that a build left, and a damaged one. Other kinds of file are told apart in
//! `tests/repro/kind.rs` of `prova-builds`.

use prova_investigate::outputs::detail;
use std::path::{Path, PathBuf};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases").join(name)
}

#[test]
fn modules_are_compared_in_full() {
    let (a, b) = (case("feature-leak/leaky1.wasm"), case("feature-leak/leaky2.wasm"));
    let found = detail(&a, &b).expect("both are there");
    let text = found.lines.join("\n");
    assert_eq!(found.kind, "WebAssembly module");
    assert!(
        text.contains("random-looking bytes in .data") && text.contains("in generate"),
        "{text}"
    );
    assert_eq!(found.json()["diff"]["clusters"][0]["verdict"], "random-looking");
}

#[test]
fn a_damaged_module_is_said_to_be_one() {
    let path = std::env::temp_dir().join(format!("prova-outputs-{}.wasm", std::process::id()));
    std::fs::write(&path, b"\0asm\x01\0\0\0damaged").expect("a file can be written");
    let found = detail(&path, &case("feature-leak/leaky1.wasm"));
    std::fs::remove_file(&path).expect("it was written");
    let found = found.expect("both are there");
    assert!(found.lines[0].contains("not compared as a module"), "{found:?}");
    assert!(found.json()["lines"].is_array() && found.comparison.is_none());
    assert!(detail(&path, &path).is_none());
}
