//! Hostile code as data (`hostile.tsv`, and forged certificates): the check by itself, with the
//! least certificate, judges each row as its rule says; and every rule of the check refuses some.
//!
//! A rule that no row and no forgery breaks fails the test, and so does a rejection (a rule with
//! what is wrong, as the sources have it) that is neither seen here nor listed in `unseen.tsv`.

#[path = "hostile/forged.rs"]
mod forged;
#[path = "../../certify/tests/common/hostile.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod table;

use forged::{forgeries, judged, twins};
use prova_check::{Layout, Rule};
use std::collections::BTreeSet;
use std::path::Path;

/// What the check says of each row with the least certificate: there are no merges in most.
fn verdicts() -> Vec<(table::Row, Option<(Rule, &'static str)>)> {
    let rows = table::rows().into_iter();
    rows.map(|row| {
        let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
        let verdict = layout.check(row.code(&row.least())).err().map(|e| (e.rule, e.what));
        (row, verdict)
    })
    .collect()
}

#[test]
fn rows_are_judged_alike_without_a_certifier() {
    for (row, verdict) in verdicts() {
        assert_eq!(verdict.map(|(rule, _)| rule), row.rule, "{}", row.name);
    }
    for (name, rule, code) in forgeries() {
        assert_eq!(judged(&code).map(|(rule, _)| rule), Some(rule), "{name}");
    }
    for (name, code) in twins() {
        assert_eq!(judged(&code), None, "{name}");
    }
}

/// All that is seen: rules, each with what is wrong.
fn seen() -> BTreeSet<(Rule, &'static str)> {
    let rows = verdicts().into_iter().filter_map(|(_, verdict)| verdict);
    rows.chain(forgeries().iter().filter_map(|(_, _, code)| judged(code))).collect()
}

#[test]
fn every_rule_refuses_something() {
    let rules: BTreeSet<Rule> = seen().into_iter().map(|(rule, _)| rule).collect();
    let missing: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| !rules.contains(rule)).collect();
    assert!(missing.is_empty(), "nothing breaks {missing:?}");
}

/// The rejections that the sources have: `fault(Rule::…, "…")`.
fn named() -> BTreeSet<(String, String)> {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder");
            files.extend(entries.map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        for part in text.split("fault(").skip(1) {
            let Some(rest) = part.trim_start().strip_prefix("Rule::") else { continue };
            let Some((rule, rest)) = rest.split_once(',') else { continue };
            let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
            let Some((what, _)) = rest.split_once('"') else { continue };
            found.insert((rule.to_owned(), what.to_owned()));
        }
    }
    found
}

#[test]
fn rejections_are_seen_or_listed() {
    let seen: BTreeSet<(String, String)> =
        seen().into_iter().map(|(rule, what)| (format!("{rule:?}"), what.to_owned())).collect();
    let listed: BTreeSet<(String, String)> = include_str!("hostile/unseen.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            let row = columns.next().zip(columns.next());
            assert!(columns.next().is_some_and(|reason| !reason.is_empty()), "{line}");
            row.expect("a rule and what is wrong")
        })
        .collect();
    let named = named();
    let wanted: BTreeSet<(String, String)> = named.difference(&seen).cloned().collect();
    let missing: Vec<_> = wanted.difference(&listed).collect();
    assert!(missing.is_empty(), "neither seen nor listed: {missing:#?}");
    let stale: Vec<_> = listed.difference(&wanted).collect();
    assert!(stale.is_empty(), "listed, and seen or gone: {stale:#?}");
    assert!(named.len() > 120, "{}", named.len());
}
