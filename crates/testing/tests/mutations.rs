//! A few hundred random edits: the check refuses nearly all, and what it accepts computes the same,
//! and is accepted by the second checker too.
//!
//! A green run does not show that no wrong code is accepted: `prova-testing mutations --count
//! 100000` is the campaign, and an edit is one step away from honest code. That a run of other code
//! is seen is shown in `refuse/mutations/survivor.rs`, the faults that a second checker sees in
//! `second.rs`.

use prova_bytecode::Rule;
use prova_testing::refuse::mutations::{Judge, Options, campaign};
use prova_testing::second::Refusal;

#[test]
fn a_few_hundred_edits_find_no_hole() {
    let files = ["lua-5.4.7", "coremark-rs-1.0.0"];
    let bin = prova_testing::root().join("programs/bin");
    let files = files.iter().map(|name| bin.join(format!("{name}.wasm"))).collect();
    let report = campaign(&Options { count: 300, seed: 7, files, ..Options::default() });
    assert!(report.is_clean() && report.not_run == 0, "{report}");
    assert!(report.edits() >= 300, "{report}");
    // Dead writes, commuting operands and hints without effect survive; most edits do not.
    assert!(10 * report.refused() > 7 * report.edits(), "{report}");
    assert!(report.rules.len() >= 10, "{report}");
}

#[test]
fn edits_are_functions_of_the_seed() {
    let run = |seed| {
        campaign(&Options { count: 300, seed, files: Vec::new(), ..Options::default() }).to_string()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

/// A survivor that the second checker refuses is a finding.
#[test]
fn a_disagreement_is_a_finding() {
    let judge: Judge = |_, _, candidate| {
        let refusal = Refusal { word: 0, rule: Rule::Size, what: "never".to_owned() };
        (candidate.words.len() > 3).then_some(Err(refusal))
    };
    let report = campaign(&Options { count: 200, seed: 7, judge, ..Options::default() });
    assert!(!report.is_clean() && report.accepted == 0 && report.holes.is_empty(), "{report}");
}
