//! A few hundred random edits: the check refuses nearly all, what it accepts computes the same, and
//! a program says why.
//!
//! A green run does not show that no wrong code is accepted: `prova-testing mutations --count
//! 100000` is the campaign, and an edit is one step away from honest code. That the campaign would
//! see a hole is shown by its own parts: an edit that is refused runs differently (the plants of
//! `differential`); that no real change is explained away is shown by the wrong twins of
//! `mutations/tests.rs`.

use prova_testing::mutations::{Options, campaign};

#[test]
fn a_few_hundred_edits_find_no_hole() {
    let files = ["lua-5.4.7", "coremark-rs-1.0.0"];
    let bin = prova_testing::root().join("programs/bin");
    let files = files.iter().map(|name| bin.join(format!("{name}.wasm"))).collect();
    let report = campaign(&Options { count: 300, seed: 7, files, time: None });
    assert!(report.is_clean() && report.not_run == 0, "{report}");
    assert!(report.edits() >= 300, "{report}");
    // Dead writes, commuting operands and hints without effect survive; most edits do not.
    assert!(10 * report.refused() > 7 * report.edits(), "{report}");
    assert!(report.rules.len() >= 10, "{report}");
}

#[test]
fn edits_are_functions_of_the_seed() {
    let run =
        |seed| campaign(&Options { count: 300, seed, files: Vec::new(), time: None }).to_string();
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}
