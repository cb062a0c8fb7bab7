//! `prova diff` on real programs with known edits: each edit is reported in its class, and nothing
//! else is.
//!
//! The edits are `enlarge`'s; `enlarge.rs` holds that they are as listed. A green run does not
//! cover edits of other kinds (`crates/diff/tests` has some), nor whether causes are named
//! well where hundreds overlap.

use prova_builds::names::{demangle, printable};
use prova_diff::{DiffOptions, Difference, Kind, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use prova_testing::enlarge::{self, Edit, Enlarged, Options, carried, enlarge};
use std::collections::BTreeMap;

fn module(bytes: Vec<u8>) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// One edit of each program for each seed.
fn single_edits(names: bool, seeds: u64) -> Vec<(String, Module, Module, Edit)> {
    let programs = carried().expect("the repository's programs");
    let mut pairs = Vec::new();
    for program in programs.iter().filter(|(_, bytes)| bytes.len() < 400_000) {
        for seed in 0..seeds {
            let options = Options { size: 1, seed, edit_percent: 1e-6, names };
            let Enlarged { a, b } =
                enlarge(std::slice::from_ref(program), &options).expect("a pair");
            let (b, edits) = b.expect("a twin");
            let [edit] = edits.as_slice() else { panic!("{} edits", edits.len()) };
            let what = format!("{} seed {seed}: {edit}", program.0);
            pairs.push((what, module(a), module(b), edit.clone()));
        }
    }
    pairs
}

/// The text of a report for a symbol, or for an operator with one.
fn shown(text: &str) -> String {
    let words: Vec<String> = text.split(' ').map(|word| printable(&demangle(word))).collect();
    words.join(" ")
}

/// Whether a difference says what the edit did.
fn tells(difference: &Difference, edit: &Edit, names: bool) -> bool {
    let (before, after) = (shown(&edit.change.0), shown(&edit.change.1));
    let summary = difference.summary.as_str();
    let name = !names || difference.name == shown(&edit.name);
    let (said, verdict) = match edit.kind {
        enlarge::Kind::Constant => {
            (summary == format!("constant changed: {before} → {after}"), Verdict::Changed)
        }
        enlarge::Kind::Operator => {
            (summary == format!("operator changed: {before} → {after}"), Verdict::Changed)
        }
        enlarge::Kind::Callee if names => {
            (summary == format!("operand changed: {before} → {after}"), Verdict::Changed)
        }
        enlarge::Kind::Callee => (summary.starts_with("operand changed: call"), Verdict::Changed),
        enlarge::Kind::Inserted => (
            summary.starts_with("0 of ") && summary.ends_with(" removed, 2 inserted"),
            Verdict::Changed,
        ),
        enlarge::Kind::Renamed => (summary == format!("renamed to {after}"), Verdict::Renumbered),
        enlarge::Kind::Added => (summary == "only in B", Verdict::Changed),
    };
    said && name && difference.kind == Kind::Function && difference.verdict == verdict
}

/// The causes of all clusters; what follows from them is at most moved.
fn causes(report: &Report) -> Vec<&Difference> {
    let mut causes = Vec::new();
    for cluster in &report.clusters {
        let (first, rest) = cluster.differences.split_at(cluster.causes);
        causes.extend(first.iter().map(|i| &report.differences[*i]));
        for i in rest {
            let follows = &report.differences[*i];
            let table = follows.kind == Kind::Table;
            assert!(follows.verdict <= Verdict::Moved || table, "{}", follows.name);
        }
    }
    causes
}

#[track_caller]
fn each_is_told(names: bool, seeds: u64) {
    let mut kinds: BTreeMap<enlarge::Kind, usize> = BTreeMap::new();
    for (what, a, b, edit) in single_edits(names, seeds) {
        let report = diff(&a, &b, &DiffOptions::default());
        let found = causes(&report);
        assert!(
            matches!(found.as_slice(), [one] if tells(one, &edit, names)),
            "{what}\n{}",
            report.to_text()
        );
        // The other way round: what was added is missing, all else is of the same class.
        let back = diff(&b, &a, &DiffOptions::default());
        let [one] = causes(&back)[..] else { panic!("{what}, back\n{}", back.to_text()) };
        assert_eq!(one.verdict, found[0].verdict, "{what}, back");
        assert_eq!(one.summary == "only in A", edit.kind == enlarge::Kind::Added, "{what}, back");
        *kinds.entry(edit.kind).or_default() += 1;
    }
    assert!(kinds.len() >= if names { 6 } else { 5 }, "{kinds:?}");
}

#[test]
fn one_edit_of_a_program_with_names_is_told_and_nothing_else() {
    each_is_told(true, 20);
}

#[test]
fn one_edit_of_a_program_without_names_is_told_and_nothing_else() {
    each_is_told(false, 20);
}

/// One function in a hundred of several programs at once.
fn many_are_told(names: bool) {
    let programs = carried().expect("the repository's programs");
    let options = Options { size: 4_000_000, seed: 1, edit_percent: 1.0, names };
    let made = enlarge(&programs, &options).expect("a pair");
    let (b, edits) = made.b.expect("a twin");
    let report = diff(&module(made.a), &module(b), &DiffOptions::default());
    let found = causes(&report);
    let by_index: BTreeMap<(Option<u64>, Option<u64>), &Difference> =
        found.iter().map(|difference| ((difference.a, difference.b), *difference)).collect();
    for edit in &edits {
        let at = (edit.a.map(u64::from), Some(u64::from(edit.b)));
        let told = by_index.get(&at).is_some_and(|difference| tells(difference, edit, names));
        assert!(told, "{edit}: {:?}", by_index.get(&at));
    }
    assert_eq!(found.len(), edits.len());
    assert!(edits.len() > 50, "{}", edits.len());
    assert!(report.to_text().lines().count() < 2000);
}

#[test]
fn a_hundredth_edited_is_exactly_what_is_reported() {
    many_are_told(true);
}

#[test]
fn a_hundredth_edited_is_exactly_what_is_reported_without_names() {
    many_are_told(false);
}
