//! Random irreducible graphs, few of them: all are made reducible, all emissions are proved, and
//! all run as before. The long form is `prova-testing ssa-irreducible`.

use prova_testing::agree::irreducible::{campaign, refusal};

#[test]
fn random_graphs_run_as_before() {
    let totals = campaign(300, 1, 2);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(totals.tally.irreducible >= 300 && totals.tally.returned > 1_000, "{totals:?}");
    assert!(totals.tally.refused.is_empty(), "{totals:?}");
}

/// Graphs whose right emission was refused once: one result is given to two parameters of a join,
/// and the image has one of them alone before the loop; a branch whose ways both come to the same
/// place is left out (the last).
#[test]
fn what_was_refused_once_is_proved() {
    for graph in [207_507, 261_946, 340_479, 181_985] {
        assert_eq!(refusal(3001, graph), Ok(None), "graph {graph}");
    }
}
