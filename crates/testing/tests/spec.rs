//! The specification's suite in every tier, against the table in `tests/spec/table.tsv`.
//!
//! The limits of a green run stand in `tests/spec/README.md`.

use prova_core::Tier;
use prova_testing::suites::spec::{differences, is_more, rows, table, table_path};

/// Names of the suite that must pass whole in every tier, at least.
const NAMES_MIN: usize = 196;

#[test]
fn every_file_has_the_status_that_the_table_says() {
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
    let rows = rows("", jobs);
    let broken: Vec<String> = rows
        .iter()
        .filter(|row| row.is_broken())
        .map(|row| format!("{row}: {:?}", row.statuses))
        .collect();
    assert!(broken.is_empty(), "files that count, are not exempt and fail:\n{}", broken.join("\n"));
    let passed = rows
        .iter()
        .filter(|row| row.script.counts && row.exempt.is_none() && !is_more(&row.script.folder));
    let passed = passed.count();
    assert!(passed >= NAMES_MIN, "only {passed} names of at least {NAMES_MIN} are not exempt");
    assert!(rows.iter().all(|row| row.statuses.len() == Tier::ALL.len()));
    let stored = std::fs::read_to_string(table_path()).expect("tests/spec/table.tsv is there");
    let changed = differences(&stored, &table(&rows));
    assert!(
        changed.is_empty(),
        "tests/spec/table.tsv says otherwise; read this, then keep it with `prova-testing spec --bless`:\n{}",
        changed.join("\n"),
    );
}
