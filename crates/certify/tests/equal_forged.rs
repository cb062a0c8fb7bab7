//! Relations that somebody made up: right code passes with those that claim what is so, wrong code
//! with none.
//!
//! `forged.tsv` has a row for each attack and one for its twin: columns as those of `rules.tsv`,
//! with the relation for the row whose relation is tried (`relation.rs` says how it is written).
//!
//! Green says that these relations are refused, and nothing of others.

use crate::equal::relation::relation;
use crate::equal::rows::{Row, rows_of, verdict};
use prova_equal::Error;

const ROWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal/forged.tsv");

/// The verdict on a row, and the body for readers.
fn judge(row: &Row) -> (Result<(), Error>, String) {
    let certificate = row.certificate(&row.bytes);
    let body = row.body();
    let charge = row.module.facts(body.func()).map(|facts| facts.charge_bytes());
    let text = format!("charge {charge:?}\n{}", prova_ssa::print(body));
    let verdict = row.check(&row.bytes, &certificate.unwrap_or_default(), &relation(&row.like));
    (verdict, text)
}

#[test]
fn each_row_is_judged_as_it_says() {
    let (text, mut wrong) = (std::fs::read_to_string(ROWS).expect("the rows"), Vec::new());
    for row in rows_of(&text) {
        let (outcome, text) = judge(&row);
        let found = verdict(&outcome);
        if found != row.verdict {
            let why = outcome.err().map(|error| error.to_string());
            wrong.push(format!("{} {}: {found}: {why:?}\n{text}", row.rule, row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_has_both() {
    let text = std::fs::read_to_string(ROWS).expect("the rows");
    let rows = rows_of(&text);
    for rule in ["E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8"] {
        let of = |ok: bool| rows.iter().any(|row| row.rule == rule && (row.verdict == "ok") == ok);
        assert!(of(true) && of(false), "{rule}");
    }
}
