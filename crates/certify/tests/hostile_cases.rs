//! Hostile code by hand, as data: `crates/check/tests/hostile.tsv` has the attempts of an author
//! who wants to leave the sandbox, and the rule that refuses each; twins that are accepted (`ok`)
//! stand beside each family, so that nothing else about the family's code is refused.
//!
//! Here each row is judged with the best certificate that there is for it, and accepted code runs
//! under the observer. A green run shows only the attempts in the list.

use crate::common::hostile as table;

#[path = "../../check/tests/hostile/claims.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod claims;
#[path = "../../check/tests/hostile/contexts.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod contexts;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use crate::observer;

use prova_check::{CodeKind, Layout, Rule};
use std::collections::{BTreeMap, BTreeSet};
use table::{Row, rows};

/// The rule that refuses a row and its words, judged with the certificate that the certifier finds.
fn judge(row: &Row) -> Option<(Rule, &'static str)> {
    let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
    let draft = prova_certify::Draft {
        kind: row.kind,
        bytes: &row.bytes,
        traps: &row.traps,
        calls: &row.calls,
    };
    row.verdict(match prova_certify::certify(&layout, &draft) {
        Ok(certificate) => layout.check(row.code(&certificate)).err().map(|e| (e.rule, e.what)),
        Err(error) => Some((error.rule, error.what)),
    })
}

#[test]
fn each_row_is_refused_by_its_rule() {
    let mut wrong = Vec::new();
    for row in rows().into_iter().filter(|row| !row.alone) {
        let rule = judge(&row);
        if rule.map(|(rule, _)| rule) != row.rule {
            wrong.push(format!("{}: {rule:?}, not {:?}", row.name, row.rule));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// Loops over elements (`counts.tsv`) get a certificate where some row of the same code is
/// accepted, and nowhere else.
#[test]
fn loops_over_elements_are_certified() {
    let good = contexts::loops().filter(|case| case.rule.is_none()).map(|case| case.bytes);
    let good: BTreeSet<Vec<u8>> = good.collect();
    assert!(good.len() > 8);
    let mut wrong = Vec::new();
    for case in contexts::loops() {
        let contexts::Case { name, layout, bytes, traps, calls, .. } = case;
        let (kind, bytes) = (CodeKind::Func(1), &bytes[..]);
        let draft = prova_certify::Draft { kind, bytes, traps: &traps, calls: &calls };
        let found = prova_certify::certify(&layout, &draft).map_err(|e| (e.rule, e.what));
        let found = table::apart(found.err());
        if found.is_none() != good.contains(bytes) {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// Twins keep inside where they run.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn twins_keep_inside() {
    for row in rows().iter().filter(|row| row.rule.is_none()) {
        let code = (row.kind, &row.bytes[..], &row.traps[..], &row.calls[..]);
        let ran = observer::keeps_inside(&row.wasm, &row.config, code, 12);
        assert_eq!(ran, Ok(()), "{}", row.name);
    }
}

/// Code that two faults planted in the check let through (`EndForgetsSize`, `DistanceTurned`)
/// leaves the memory when it runs. No mutant of a program shows these faults.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn accesses_beyond_the_length_are_seen() {
    for name in ["comparisons: the length itself", "comparisons: eight beyond the length"] {
        let rows = rows();
        let row = rows.iter().find(|row| row.name == name).expect("a row");
        assert_eq!(row.rule, Some(Rule::Memory));
        let code = (row.kind, &row.bytes[..], &row.traps[..], &row.calls[..]);
        let ran = observer::keeps_inside(&row.wasm, &row.config, code, 4_000);
        assert!(ran.as_ref().is_err_and(|broken| broken.contains("Memory at")), "{name}: {ran:?}");
    }
}

/// There are many, and each family has a twin.
#[test]
fn families_have_twins() {
    let mut families: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for row in rows() {
        let (refused, twins) = families.entry(row.family.clone()).or_default();
        *(if row.rule.is_some() { refused } else { twins }) += 1;
    }
    assert!(families.values().map(|(refused, _)| refused).sum::<usize>() >= 60);
    let alone: Vec<&String> =
        families.iter().filter(|(_, (_, twins))| *twins == 0).map(|(name, _)| name).collect();
    assert!(
        alone.is_empty(),
        "these families of hostile.tsv have no accepted row (rule `ok`): add a twin to {alone:?}"
    );
}
