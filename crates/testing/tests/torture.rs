//! Every operator in a loop on a native stack of 64 KiB, and which ops of bytecode that reaches.
//!
//! A green run does not show that results are right, nor that a handler is a tail call in another
//! build than this one.

use prova_testing::bounds::torture;
use std::process::Command;

const UNREACHED: &str = include_str!("torture/unreached.tsv");

#[test]
fn no_operator_grows_the_native_stack() {
    let output = Command::new(env!("CARGO_BIN_EXE_prova-testing")).arg("torture").output();
    let output = output.expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let end: Vec<&str> = printed.lines().rev().take(3).collect();
    assert!(output.status.success(), "{}: {end:#?}", output.status);
    assert!(end[0].contains("never grew"), "{end:#?}");
}

#[test]
fn a_native_recursion_of_as_many_frames_overflows() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_prova-testing")).args(["torture", "--plant"]).output();
    assert!(!output.expect("the program starts").status.success());
}

#[test]
fn ops_that_no_operator_reaches_are_listed_with_a_reason() {
    let unreached = torture::unreached().expect("all snippets are accepted");
    let mut listed = std::collections::BTreeSet::new();
    for row in UNREACHED.lines().filter(|row| !row.starts_with('#')) {
        let (mnemonic, reason) = row.split_once('\t').expect("mnemonic, tab, reason");
        assert!(!reason.trim().is_empty(), "{row}");
        assert!(listed.insert(mnemonic), "{mnemonic} twice");
    }
    let missing: Vec<_> = unreached.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&unreached).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "not listed: {missing:#?}\nreached: {stale:#?}"
    );
}
