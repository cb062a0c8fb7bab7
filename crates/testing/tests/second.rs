//! A second of candidates, honest and edited, on which the check and the second opinion agree; and
//! opinions with a fault, the check's or the second's own, which are noticed.
//!
//! A green run does not show that a rule is right, since both opinions were written from the same
//! ones, nor what a second does not come to: `prova-testing second --honest 1000000 --edited
//! 1000000` is the campaign.

#[path = "../../bytecode/src/check/tests/equality/accumulators.rs"]
mod accumulators;
#[path = "../../bytecode/src/check/tests/equality/cases.rs"]
mod cases;
#[path = "../../bytecode/src/check/tests/equality/effects.rs"]
mod effects;
#[path = "../../bytecode/src/check/tests/equality/exception.rs"]
mod exception;
#[path = "../../bytecode/src/check/tests/equality/faults.rs"]
mod faults;
#[path = "../../bytecode/src/check/tests/equality/heat.rs"]
mod heat;
#[path = "../../bytecode/src/check/tests/equality/holes.rs"]
mod holes;
#[path = "../../bytecode/src/check/tests/pairs.rs"]
mod pairs;
#[path = "second/plants.rs"]
mod plants;
#[path = "../../bytecode/src/check/tests/equality/roots.rs"]
mod roots;
#[path = "../../bytecode/src/check/tests/script.rs"]
mod script;
#[path = "../../bytecode/src/check/tests/equality/shared.rs"]
mod shared;

use prova_bytecode::{Candidate, CheckError, Rule, Settings, candidate, decode, text};
use prova_module::Module;
use prova_testing::refuse::second::{Opinion, Options, Report, campaign, checked};
use prova_testing::second::Plant;
use script::Case;
use std::time::Duration;

fn options(honest: u64, edited: u64, seed: u64) -> Options {
    let files = vec![prova_testing::root().join("programs/bin/lua-5.4.7.wasm")];
    let time = Some(Duration::from_secs(60));
    Options { honest, edited, seed, files, time, first: checked, most: 20, plant: None }
}

fn compare(honest: u64, edited: u64, seed: u64, first: Opinion) -> Report {
    campaign(&Options { first, ..options(honest, edited, seed) })
}

#[test]
fn both_opinions_agree() {
    let report = compare(1_000, 12_000, 5, checked);
    assert!(report.disagreements.is_empty(), "{report}");
    assert_eq!((report.honest, report.edited), (1_000, 12_000), "{report}");
    assert!(report.accepted > 1_000 && report.refused() > 6_000, "{report}");
    let rules: std::collections::BTreeSet<Rule> =
        report.rules.keys().map(|(_, rule)| *rule).collect();
    assert!(rules.len() > 12, "{rules:?}");
}

#[test]
fn comparisons_are_functions_of_the_seed() {
    let run = |seed| compare(50, 500, seed, checked).to_string();
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

/// The check without the rule with this number.
fn forgetful<const RULE: usize>(
    module: &Module,
    settings: &Settings,
    base: &Candidate,
    candidate: &Candidate,
) -> Result<(), CheckError> {
    checked(module, settings, base, candidate)
        .or_else(|error| if error.rule == Rule::ALL[RULE] { Ok(()) } else { Err(error) })
}

/// A check that forgets a rule is noticed, for every rule that refuses an edit at all. Excepted are
/// rules whose edits the second opinion refuses by another rule.
#[test]
fn a_missing_rule_is_noticed() {
    let forgetful: [(Rule, Opinion); 15] = [
        (Rule::ALL[3], forgetful::<3>),
        (Rule::ALL[4], forgetful::<4>),
        (Rule::ALL[5], forgetful::<5>),
        (Rule::ALL[11], forgetful::<11>),
        (Rule::ALL[13], forgetful::<13>),
        (Rule::ALL[16], forgetful::<16>),
        (Rule::ALL[17], forgetful::<17>),
        (Rule::ALL[18], forgetful::<18>),
        (Rule::ALL[19], forgetful::<19>),
        (Rule::ALL[20], forgetful::<20>),
        (Rule::ALL[21], forgetful::<21>),
        (Rule::ALL[22], forgetful::<22>),
        (Rule::ALL[23], forgetful::<23>),
        (Rule::ALL[25], forgetful::<25>),
        (Rule::ALL[26], forgetful::<26>),
    ];
    for (rule, first) in forgetful {
        let report = compare(0, 6_000, 11, first);
        let text = report.disagreements.first().unwrap_or_else(|| panic!("{rule} is not missed"));
        for part in ["--seed 11", "the check: accepted", "second: word"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}

/// A check that believes what stands beside the code: it looks at the code of an edit with the
/// honest hints, map and handlers.
fn believing(
    module: &Module,
    settings: &Settings,
    base: &Candidate,
    candidate: &Candidate,
) -> Result<(), CheckError> {
    let Candidate { controls, map, handlers, .. } = base.clone();
    let believed = Candidate { controls, map, handlers, ..candidate.clone() };
    match checked(module, settings, base, &believed) {
        Ok(()) if candidate.words == base.words => Ok(()),
        _ => checked(module, settings, base, candidate),
    }
}

/// A check that refuses code with two equal words in a row, which honest code has now and then.
fn fastidious(
    module: &Module,
    settings: &Settings,
    base: &Candidate,
    candidate: &Candidate,
) -> Result<(), CheckError> {
    let mut edited = candidate.clone();
    if edited.words.windows(2).any(|pair| pair[0] == pair[1]) {
        edited.words.clear();
    }
    checked(module, settings, base, &edited)
}

#[test]
fn a_check_that_believes_is_noticed() {
    let report = compare(0, 6_000, 11, believing);
    let kinds = ["map entry", "hint", "handler"];
    assert!(report.disagreements.iter().any(|text| kinds.iter().any(|kind| text.contains(kind))));
}

#[test]
fn a_check_that_refuses_too_much_is_noticed() {
    let report = compare(3_000, 0, 11, fastidious);
    assert!(report.disagreements.iter().any(|text| text.contains("second: accepted")), "{report}");
}

/// Faults that so few edits do not come to; `plants` has cases for them.
const RARE: [Plant; 6] = [
    Plant::SharedEdges,
    Plant::Windows,
    Plant::Accumulators,
    Plant::NarrowCopies,
    Plant::Commutes,
    Plant::FloatsNegate,
];

/// A second opinion with a fault differs from the check, if not by accepting wrong code, then by
/// refusing what is right.
#[test]
fn a_planted_fault_is_noticed() {
    for plant in Plant::ALL.into_iter().filter(|plant| !RARE.contains(plant)) {
        let report = campaign(&Options { plant: Some(plant), most: 1, ..options(0, 12_000, 11) });
        assert!(!report.disagreements.is_empty(), "{plant:?} is not noticed\n{report}");
    }
}
