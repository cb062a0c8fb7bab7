//! Planted faults of the translator, each of which the check must see in one of a few named functions.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test -p prova-translate --test plants -- --nocapture` builds the translator once
//! with all plants; each is chosen while it runs, and its refusal is printed with the rule. Without the flag nothing of
//! this is compiled.
//!
//! The plants are the mutations of a translator that the proof has to catch, by their numbers in the design: `plants/table.tsv` has them
//! with the rule that refuses each, and the same mistakes as edits of emitted code, which `crates/testing/tests/plants.rs` tries. The
//! faults by which an older translator of another engine ran programs wrongly are among them; of these the refusal must say where the
//! value is not.
//!
//! Green does not show that every function with such a fault is refused: a fault may compute the same in some.
#![cfg(prova_plant)]

use prova_bytecode::{CheckError, CheckedBytecode, Metering, Settings};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use prova_translate::plant::{Plant, plant};
use std::fmt::Write as _;

const CASES: &str = include_str!("plants/cases.txt");
const MODULE: &str = include_str!("plants/module.wat");
const TABLE: &str = include_str!("plants/table.tsv");

/// The cases by name, each in its module.
fn cases() -> Vec<(&'static str, Module)> {
    let blocks = CASES.split("\n\n# ").skip(1);
    blocks
        .map(|block| {
            let (name, func) = block.split_once('\n').expect("a name and a function");
            let bytes = wat::parse_str(MODULE.replace("FUNCTION", func));
            let bytes = bytes.unwrap_or_else(|error| panic!("{name}: {error}"));
            let module = Module::decode(bytes, &Features::default(), &Limits::default());
            (name, module.unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect()
}

/// Number, plant and rule of each row of the table that has a plant.
fn plants() -> Vec<(&'static str, Plant, &'static str)> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let rows = rows.map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[2] != "-")
        .map(|row| {
            let found = Plant::ALL.iter().find(|plant| format!("{plant:?}") == row[2]);
            (row[0], *found.unwrap_or_else(|| panic!("no plant {}", row[2])), row[3])
        })
        .collect()
}

/// The refusals of all cases with a plant.
fn refusals(planted: Plant) -> Vec<(&'static str, CheckError)> {
    let mut refused = Vec::new();
    for (name, module) in cases() {
        for metering in Metering::ALL {
            let settings = Settings { metering, deterministic: metering.has_fuel() };
            for func in module.defined_funcs() {
                plant(planted);
                let candidate = Translator::new().translate(&module, func, &settings);
                plant(Plant::None);
                let candidate = candidate.expect("a plant leaves the translator at work");
                if let Err(error) = CheckedBytecode::check(&module, &settings, candidate) {
                    refused.push((name, error));
                }
            }
        }
    }
    refused
}

#[test]
fn honest_translations_are_accepted() {
    assert_eq!(refusals(Plant::None), []);
}

#[test]
fn every_planted_fault_is_refused_by_its_rule() {
    let mut faults = String::new();
    for (number, planted, rule) in plants() {
        let refusals = refusals(planted);
        match refusals.iter().find(|(_, error)| error.rule.to_string() == rule) {
            Some((name, error)) => println!("{number} {planted:?}\n    {name}: {error}"),
            None => {
                let rules: Vec<String> = refusals.iter().map(|(_, e)| e.rule.to_string()).collect();
                let _ = writeln!(faults, "{number} {planted:?}: not {rule}, but {rules:?}");
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn every_plant_has_a_row() {
    let rows = plants();
    let without = |plant: &&Plant| !rows.iter().any(|row| row.1 == **plant);
    let left: Vec<&Plant> = Plant::ALL.iter().filter(without).collect();
    assert_eq!(left, [&Plant::None]);
}

/// The historic faults: the refusal says which position or local has not its value, in which slot.
#[test]
fn historic_faults_are_refused_where_the_value_is_lost() {
    let cases = [
        (Plant::NoPreservationAtRegions, "overwritten on one path", "operand-stack cell 0 in s2: "),
        (Plant::NoPreservationAtLoops, "overwritten in a loop", "operand-stack cell 0 in s3: "),
        (
            Plant::PreservedIntoASourceOfTheRenamed,
            "renamed before a branch",
            "local cell 0 in s0: ",
        ),
    ];
    for (planted, case, part) in cases {
        let refusals = refusals(planted);
        let said = |error: &CheckError| error.offset.is_some() && error.what.contains(part);
        let found = refusals.iter().any(|(name, error)| *name == case && said(error));
        assert!(found, "{planted:?}: no {part:?} in {refusals:#?}");
    }
}
