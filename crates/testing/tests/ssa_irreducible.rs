//! Random irreducible graphs, few of them: all are emitted, proved, and run as before. The long
//! form is `prova-testing ssa-irreducible`.

use prova_testing::ssa::irreducible::campaign;

#[test]
fn random_graphs_run_as_before() {
    let totals = campaign(300, 1, 2);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(
        totals.irreducible >= 300 && totals.returned > 300 && totals.trapped > 10,
        "{totals:?}"
    );
}

#[test]
fn smallest_finding() {
    let mut best: Option<String> = None;
    let mut count = 0;
    for seed in 0..400 {
        let totals = campaign(0, seed, 1);
        if let Some(f) = totals.finding {
            count += 1;
            if best.as_ref().is_none_or(|b| f.len() < b.len()) {
                best = Some(f);
            }
        }
    }
    println!("{count} of 400\n{}", best.unwrap_or_default());
}
