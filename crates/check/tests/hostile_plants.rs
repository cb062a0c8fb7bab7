//! Faults planted in what asks the rules, one at a time: each lets a row of `hostile.tsv`, or a
//! forgery, through which is refused without it. So do two of the faults of rules, of which the
//! mutants of programs show nothing (`native/tests/kinds_plants.rs`).
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test --target-dir target/plants -p prova-check --test
//! hostile_plants` runs it; without the flag it has no tests. Every rule of the check has a fault
//! in `STEPS` or `PLANTS` that makes something pass which breaks it.

#![cfg(prova_plant)]

#[path = "hostile/claims.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod claims;
#[path = "hostile/contexts.rs"]
mod contexts;
#[path = "hostile/forged.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod forged;
#[path = "../../certify/tests/common/hostile.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod table;

use forged::{forgeries, judged};
use prova_check::plant::{PLANTS, Plant, STEPS, plant};
use prova_check::{Layout, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// The verdict on each row and forgery, by name: none if it is accepted.
fn verdicts() -> BTreeMap<String, Option<Rule>> {
    let rows = table::rows().into_iter().map(|row| {
        let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
        let verdict = layout.check(row.code(&row.least())).err().map(|e| (e.rule, ()));
        (row.name.clone(), row.verdict(verdict).map(|(rule, ())| rule))
    });
    let claimed = claims::claimed().into_iter().map(|claims::Claimed { row, certificate }| {
        let layout = Layout::derive(&row.wasm, &row.config).expect("a layout");
        let verdict = layout.check(row.code(&certificate)).err().map(|e| (e.rule, ()));
        (row.name.clone(), row.verdict(verdict).map(|(rule, ())| rule))
    });
    let forged = forgeries().into_iter();
    let forged =
        forged.map(|(name, _, code)| (name.to_owned(), judged(&code).map(|(rule, _)| rule)));
    let contexts = contexts::judged().into_iter();
    let contexts = contexts.map(|row| (row.name, row.verdict.map(|(rule, _)| rule)));
    rows.chain(claimed).chain(forged).chain(contexts).collect()
}

#[test]
fn every_planted_fault_lets_something_through() {
    let honest = verdicts();
    let (mut unseen, mut rules) = (Vec::new(), BTreeSet::new());
    for &fault in STEPS.iter().chain(PLANTS) {
        plant(fault);
        let wrong = verdicts();
        plant(Plant::None);
        let passed: Vec<(&String, Rule)> = honest
            .iter()
            .filter(|(name, _)| wrong.get(*name) == Some(&None))
            .filter_map(|(name, rule)| Some((name, (*rule)?)))
            .collect();
        println!("{fault:?}: {passed:?}");
        rules.extend(passed.iter().map(|(_, rule)| *rule));
        let also = [Plant::EndForgetsSize, Plant::DistanceTurned].contains(&fault);
        if (STEPS.contains(&fault) || also) && passed.is_empty() {
            unseen.push(fault);
        }
    }
    assert_eq!(verdicts(), honest);
    assert!(
        unseen.is_empty(),
        "no row or forgery is let through by {unseen:?}: add one to hostile.tsv that the fault accepts"
    );
    let missing: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| !rules.contains(rule)).collect();
    assert!(
        missing.is_empty(),
        "no fault is planted in {missing:?}: name one in src/plant.rs, and plant it with `planted!` \
         where the rule is asked"
    );
}
