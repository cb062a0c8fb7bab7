//! Random irreducible graphs, few of them: all are made reducible, all emissions are proved, and
//! all run as before. The long form is `prova-testing ssa-irreducible`.

use prova_testing::ssa::irreducible::campaign;

#[test]
fn random_graphs_run_as_before() {
    let totals = campaign(300, 1, 2);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(totals.irreducible >= 300 && totals.returned > 1_000, "{totals:?}");
    assert!(totals.refused.is_empty(), "{totals:?}");
}
