//! Faults planted in the rules of `prova-equal`, one at a time: each accepts a row of wrong code,
//! or of a relation that somebody made up, that is refused without it.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test --target-dir target/plants -p prova-certify --test
//! equal_plants` runs it; without the flag it has no tests. `equal/plants.tsv` has the rows that
//! each fault accepts (`PROVA_BLESS=1` writes it): every fault has one. Green does not show that
//! the rows see faults of other kinds; the mutants of `prova-equal` ask that.

#![cfg(prova_plant)]

#[allow(dead_code, reason = "each test uses a part")]
#[path = "equal/relation.rs"]
mod relation;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "equal/rows.rs"]
mod rows;

use prova_equal::Relation;
use prova_equal::plant::{PLANTS, Plant, plant};
use rows::{Row, rows_of};

const RULES: &str = include_str!("equal/rules.tsv");
const FORGED: &str = include_str!("equal/forged.tsv");
const SEEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal/plants.tsv");

/// A row that is refused, with its certificate and its relation.
struct Case {
    row: Row,
    certificate: Vec<u8>,
    relation: Option<Relation>,
}

/// The refused rows; the relation of a row of `rules.tsv` is found anew under each fault.
fn cases() -> Vec<Case> {
    let rules = rows_of(RULES).into_iter().map(|row| (row, false));
    let forged = rows_of(FORGED).into_iter().map(|row| (row, true));
    let refused = rules.chain(forged).filter(|(row, _)| row.verdict != "ok");
    refused
        .map(|(row, is_forged)| {
            let certificate = row.certificate(&row.bytes).unwrap_or_default();
            let relation = is_forged.then(|| relation::relation(&row.like));
            Case { row, certificate, relation }
        })
        .collect()
}

impl Case {
    fn is_accepted(&self) -> bool {
        let Case { row, certificate, relation } = self;
        let found = match relation {
            Some(relation) => relation.clone(),
            None => row.relation(&row.bytes, certificate),
        };
        row.check(&row.bytes, certificate, &found).is_ok()
    }
}

#[test]
fn every_planted_fault_accepts_a_row() {
    // What a callee left in registers the sandbox check refuses, by P10; here it is the proof's
    // rules that are asked.
    prova_check::plant::plant(prova_check::plant::Plant::DemandsNothing);
    let cases = cases();
    let mut text = String::from(
        "# Faults in the rules of `prova-equal`, and refused rows that each accepts.\n",
    );
    let mut unseen = Vec::new();
    for &(rule, fault) in PLANTS {
        plant(fault);
        let accepted: Vec<&str> = cases
            .iter()
            .filter(|case| case.is_accepted())
            .map(|case| case.row.name.as_str())
            .collect();
        plant(Plant::None);
        if accepted.is_empty() {
            unseen.push(fault);
        }
        let rule = rule.to_uppercase();
        text.push_str(&format!("{rule}\t{fault:?}\t{}\n", accepted.join("; ")));
    }
    let honest: Vec<&str> =
        cases.iter().filter(|case| case.is_accepted()).map(|case| case.row.name.as_str()).collect();
    assert!(honest.is_empty(), "accepted without a fault: {honest:?}");
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(SEEN, &text).expect("the file can be written");
    }
    assert!(unseen.is_empty(), "no row sees {unseen:?}");
    let wanted = std::fs::read_to_string(SEEN).unwrap_or_default();
    assert!(wanted == text, "faults accept other rows than before:\n{text}");
}
