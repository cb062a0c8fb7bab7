//! The check's own proof: its rules, executed on symbolic words, are lemmas for a solver; executed on
//! words of few bits, they are tried on all values. `lemmas/README.md` says what green does not show.
//!
//! ```text
//!                 ┌─ on terms ─► ways ─► SMT-LIB ─► z3: unsat, and its twin sat
//! rules ─ lemma ──┤                 └──► SHA-256 ─► ledger.tsv
//! (check/src)     └─ on words of 3 to 5 bits ─► every value
//! ```
//!
//! `PROVA_BLESS=1 cargo test -p prova-check --test lemmas` writes the ledger anew, with z3 alone.

#[macro_use]
#[path = "lemmas/proof.rs"]
mod proof;
#[path = "lemmas/derive.rs"]
mod derive;
#[path = "lemmas/engine.rs"]
mod engine;
#[path = "lemmas/facts.rs"]
mod facts;
#[path = "lemmas/ledger.rs"]
mod ledger;
#[path = "lemmas/operate.rs"]
mod operate;
#[path = "lemmas/places.rs"]
mod places;
#[path = "lemmas/small.rs"]
mod small;
#[path = "lemmas/smt.rs"]
mod smt;
#[path = "lemmas/table.rs"]
mod table;
#[path = "lemmas/term.rs"]
mod term;
#[path = "lemmas/values.rs"]
mod values;

use smt::Solver;
use std::collections::BTreeSet;
use table::{ANSWERS, all};

/// What a query may take, in milliseconds.
const MILLIS: u32 = 30_000;

#[test]
fn names_are_unique() {
    let names: BTreeSet<String> = all().into_iter().map(|lemma| lemma.name).collect();
    assert_eq!(names.len(), all().len());
}

/// What the solver says, lemma by lemma: without a ledger, for whoever changes a rule.
#[test]
#[ignore = "prints; PROVA_LEMMAS=text names the lemmas"]
fn explore_them() {
    let part = std::env::var("PROVA_LEMMAS").unwrap_or_default();
    let mut solver = Solver::start().expect("z3");
    let mut bad = 0;
    for lemma in all().into_iter().filter(|lemma| lemma.name.contains(&part)) {
        let start = std::time::Instant::now();
        let queries = lemma.queries();
        if std::env::var("PROVA_SHOW").is_ok() {
            println!("{}", queries[0]);
        }
        let answers: Vec<String> = queries.iter().map(|query| solver.ask(query, MILLIS)).collect();
        let solved = start.elapsed().as_millis();
        let (bits, claims) = lemma.enumerated(None);
        if bits == 0 {
            println!("{:?} {:?}", lemma.small(3, 2_000_000), lemma.refuted(3));
        }
        let small = format!("{bits} bits, {claims} claims");
        let good = answers == ANSWERS;
        bad += u32::from(!good);
        println!(
            "{} {}: {answers:?} {solved} ms; {small}; {} ms",
            if good { "ok" } else { "BAD" },
            lemma.name,
            start.elapsed().as_millis()
        );
    }
    println!("{bad} bad of {}", all().len());
}
