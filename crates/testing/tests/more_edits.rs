//! Do the checks of copies and of specialised functions refuse random edits, or does what they
//! accept run as before?
//!
//! A green run does not show that every fault is refused, and some thousand edits are not the
//! campaign: `prova-testing ssa-copies-edits` and `specialised-edits` are.

use prova_testing::refuse::{copies, specialised};

#[test]
fn edits_of_copies_are_refused_or_run_as_before() {
    let totals = copies::edits(7, 2_000, copies::check);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(totals.tally.refused.len() >= 5 && totals.tally.ran >= 100, "{totals:?}");
}

#[test]
fn edits_of_specialised_functions_are_refused_or_run_as_before() {
    let totals = specialised::edits(7, 2_000, specialised::check);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(totals.tally.refused.len() >= 8 && totals.tally.ran >= 100, "{totals:?}");
}

/// Without the checks, edits that are well formed run otherwise, and that is seen.
#[test]
fn edits_that_run_otherwise_are_seen() {
    let totals = copies::edits(7, 2_000, |before, after, _| {
        let formed = prova_ssa::verify(before.module(), after);
        formed.map_err(|error| error.to_string())
    });
    assert!(totals.finding.is_some(), "{totals:?}");
    let totals = specialised::edits(7, 2_000, |_| Ok(()));
    assert!(totals.finding.is_some(), "{totals:?}");
}
