//! The check's own proof: its rules, executed on symbolic words, are lemmas for a solver; executed
//! on words of few bits, they are tried on all values. `lemmas/README.md` says what a green run
//! does not show.
//!
//! ```text
//!                 ┌─ on terms ─► ways ─► SMT-LIB ─► z3: unsat, and its twin sat
//! rules ─ lemma ──┤                 └──► SHA-256 ─► ledger.tsv
//! (check/src)     └─ on words of 3 to 5 bits ─► every value
//! ```
//!
//! `PROVA_BLESS=1 cargo test --workspace --test lemmas` writes the ledger, with z3 alone: it asks
//! about lemmas whose queries are not those of their rows.

#![allow(dead_code, unreachable_pub, reason = "the modules are those of two tests")]

#[macro_use]
#[path = "lemmas/mod.rs"]
mod lemmas;
#[path = "lemmas/ledger.rs"]
mod ledger;
#[path = "lemmas/machine.rs"]
mod machine;
#[path = "lemmas/singles.rs"]
mod singles;

use lemmas::{
    derive, engine, facts, floats, operate, places, proof, small, smt, sums, table, term, values,
};
use smt::{Solver, Theory};
use std::collections::BTreeSet;
use table::{ANSWERS, all};

/// The time limit of a query, in milliseconds: the longest needs some seconds of a processor alone.
const MILLIS: u32 = 300_000;

#[test]
fn names_are_unique() {
    let names: BTreeSet<String> = all().into_iter().map(|lemma| lemma.name).collect();
    assert_eq!(names.len(), all().len());
}

/// Prints the solver's answers and times, lemma by lemma, for authors of a changed rule.
/// `PROVA_LEMMAS=text` selects the lemmas whose names contain the text, `PROVA_THEORY` (`bits`,
/// `integers`) another theory; without `PROVA_LEMMAS` nothing is printed.
#[test]
fn answers_are_printed_on_request() {
    let Ok(part) = std::env::var("PROVA_LEMMAS") else { return };
    let theory = std::env::var("PROVA_THEORY").unwrap_or_default();
    let mut solver = Solver::start().expect("z3");
    for mut lemma in all().into_iter().filter(|lemma| lemma.name.contains(&part)) {
        match &*theory {
            "bits" => lemma.theory = Theory::Bits,
            "integers" => lemma.theory = Theory::Integers,
            _ => {}
        }
        let start = std::time::Instant::now();
        let answers = lemma.queries().map(|query| solver.ask(&query, MILLIS));
        let good = if answers == ANSWERS { "ok" } else { "BAD" };
        let ways = lemma.ways();
        let took = start.elapsed().as_millis();
        println!("{good} {}: {answers:?} {took} ms, {ways} ways", lemma.name);
    }
}

/// The ledger's rows are those of the lemmas: a rule that changes changes its queries.
#[test]
fn ledger_is_of_these_lemmas() {
    let lemmas = all();
    if std::env::var_os("PROVA_BLESS").is_some() {
        return;
    }
    let rows = ledger::read();
    assert_eq!(rows.len(), lemmas.len(), "lemmas without rows, or rows without lemmas");
    let mut others = Vec::new();
    for lemma in &lemmas {
        let row = rows.get(&lemma.name).unwrap_or_else(|| panic!("no row of {}", lemma.name));
        if *row != ledger::row(lemma, (row.bits, row.claims)) {
            others.push(&lemma.name);
        }
    }
    assert!(others.is_empty(), "queries that are not those of the ledger: {others:?}");
}

/// Every lemma is proved, its twin refuted, its hypotheses can hold; nothing is asked without
/// `PROVA_Z3` or `PROVA_BLESS`, which writes the ledger and asks alone about what it does not have.
#[test]
fn solver_proves_each() {
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    if !bless && std::env::var_os("PROVA_Z3").is_none() {
        println!("z3 was not asked: the digests alone were compared");
        return;
    }
    let mut solver = Solver::start().expect("z3");
    let (mut wrong, mut rows, known) = (Vec::new(), Vec::new(), ledger::read());
    for lemma in all() {
        let is = |row: &&ledger::Row| **row == ledger::row(&lemma, (row.bits, row.claims));
        if let Some(row) = known.get(&lemma.name).filter(|row| bless && is(row)) {
            rows.push((lemma.name, row.clone()));
            continue;
        }
        let answers = lemma.queries().map(|query| solver.ask(&query, MILLIS));
        if answers != ANSWERS {
            wrong.push((lemma.name.clone(), answers));
        } else if bless {
            let row = ledger::row(&lemma, lemma.enumerated());
            rows.push((lemma.name.clone(), row));
        }
    }
    for (name, queries) in smt::bridge() {
        let answers = queries.map(|query| solver.ask(&query, MILLIS));
        if answers != ["unsat", "sat"] {
            wrong.push((name, [answers[0].clone(), answers[1].clone(), String::new()]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    if bless {
        ledger::write(&rows);
    }
}

/// On words of few bits every assignment that reaches a claim satisfies it, as many as the ledger
/// says, and some assignment refutes the twin.
#[test]
fn small_words_agree() {
    let rows = ledger::read();
    let mut wrong = Vec::new();
    for lemma in all() {
        let Some(row) = rows.get(&lemma.name).filter(|row| row.bits > 0) else { continue };
        if lemma.small(row.bits, u64::MAX) != Some((true, row.claims)) {
            wrong.push(lemma.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    let few = rows.values().filter(|row| row.bits == 0).count();
    assert!(few * 5 < rows.len(), "{few} of {} are not enumerated", rows.len());
}

/// The same of lemmas that no solver is asked about.
#[test]
fn small_floats_agree() {
    for lemma in floats::tried() {
        for bits in 3..=5 {
            let agrees = lemma.small(bits, u64::MAX).is_some_and(|(good, _)| good);
            assert!(agrees, "{} of {bits} bits: {:?}", lemma.name, lemma.refuted(bits, u64::MAX));
        }
    }
}
