//! The mistakes of a translator that the proof has to catch, by their numbers: each as an edit of
//! emitted code, and what catches it (`plants/table.tsv`). Faults of the executors are in
//! `crates/runtime/tests/handlers_plants.rs`, which a row's note names.
//!
//! Every named edit is applied wherever it can be in the functions of `plants/cases.txt`. The check
//! must refuse it somewhere by each rule that the table names, and every edit that it accepts must
//! be accepted by the second checker. The faults by which an older
//! translator of another engine ran programs wrongly are among them; of these the refusal must say
//! where the value is not.
//!
//! A green run does not show that every function with such a fault is refused: a fault may compute
//! the same in some.

use prova_bytecode::{CheckedBytecode, Metering, Settings};
use prova_module::{Features, Limits, Module};
use prova_testing::refuse::mutations::named;
use prova_testing::second;
use prova_translate::Translator;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A row of the table.
struct Row {
    number: String,
    edit: String,
    /// The rules that refuse the edit.
    rules: Vec<String>,
    note: String,
}

fn folder() -> std::path::PathBuf {
    prova_testing::root().join("crates/testing/tests/plants")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn table() -> Vec<Row> {
    let text = read("table.tsv");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [number, _, edit, rules, note] = fields[..] else {
            panic!("{} fields: {line}", fields.len())
        };
        let own = |field: &str| field.to_owned();
        Row {
            number: own(number),
            edit: own(edit),
            rules: rules.split("; ").map(own).collect(),
            note: own(note),
        }
    })
    .collect()
}

/// The cases by name, each in its module.
fn cases() -> Vec<(String, Module)> {
    let (text, module) = (read("cases.txt"), read("module.wat"));
    let blocks = text.split("\n\n# ").skip(1);
    blocks
        .map(|block| {
            let (name, func) = block.split_once('\n').unwrap_or_else(|| panic!("{block}"));
            let bytes = wat::parse_str(module.replace("FUNCTION", func));
            let bytes = bytes.unwrap_or_else(|error| panic!("{name}: {error}"));
            let module = Module::decode(bytes, &Features::default(), &Limits::default());
            (name.to_owned(), module.unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect()
}

/// The outcomes of all versions with an edit.
#[derive(Default)]
struct Outcome {
    /// Refusals by rule, each with its words.
    refused: BTreeMap<String, Vec<String>>,
    accepted: usize,
    /// Accepted, and not by the second checker.
    missed: Vec<String>,
}

fn apply(edit: &str, cases: &[(String, Module)]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut translator = Translator::new();
    for (name, module) in cases {
        for metering in Metering::ALL {
            let settings = Settings { metering, deterministic: metering.has_fuel() };
            for func in module.defined_funcs() {
                let honest = translator.translate(module, func, &settings).expect("honest code");
                let facts = module.facts(func).expect("a defined function has facts");
                let cells = (facts.param_cells, facts.local_cells);
                for edited in named::versions(edit, &honest, cells) {
                    match CheckedBytecode::check(module, &settings, edited.clone()) {
                        Err(error) => {
                            let words = format!("{name}: {}", prova_wording::refused(&error));
                            outcome.refused.entry(error.rule.to_string()).or_default().push(words);
                        }
                        Ok(_) if second::check(module, &settings, &edited) == Some(Ok(())) => {
                            outcome.accepted += 1;
                        }
                        Ok(_) => {
                            let code = prova_bytecode::text::display(&edited.words).to_string();
                            outcome.missed.push(format!("{edit} in {name}, {settings:?}:\n{code}"));
                        }
                    }
                }
            }
        }
    }
    outcome
}

#[test]
fn every_edit_is_refused_by_its_rule_or_equal() {
    let cases = cases();
    let mut faults = String::new();
    for Row { number, edit, rules: wanted, .. } in table().iter().filter(|row| row.edit != "-") {
        let outcome = apply(edit, &cases);
        for rule in wanted {
            match outcome.refused.get(rule) {
                Some(words) => println!("{number} {edit}\n    {}", words[0]),
                None => {
                    _ = writeln!(faults, "{number} {edit}: not {rule}, but {:#?}", outcome.refused)
                }
            }
        }
        outcome.missed.iter().for_each(|missed| faults.push_str(missed));
    }
    assert!(faults.is_empty(), "{faults}");
}

/// The historic faults: the refusal says which position or local has not its value, in which slot.
#[test]
fn historic_faults_are_refused_where_the_value_is_lost() {
    let wanted = [
        (
            "preservation below the branch",
            "overwritten on one path",
            "operand-stack cell 0 in s2: nothing",
        ),
        ("preservation into the loop", "overwritten in a loop", "operand-stack cell 0 in s3: "),
        ("preservation into a source", "renamed before a branch", "local cell 0 in s0: "),
    ];
    let cases = cases();
    for (edit, case, part) in wanted {
        let outcome = apply(edit, &cases);
        let said = |words: &String| words.starts_with(case) && words.contains(part);
        let found = outcome.refused.values().flatten().any(said);
        assert!(found, "{edit}: no {part:?} in {:#?}", outcome.refused);
    }
}

#[test]
fn honest_code_of_the_cases_is_accepted() {
    let mut translator = Translator::new();
    for (name, module) in cases() {
        for metering in Metering::ALL {
            let settings = Settings { metering, deterministic: metering.has_fuel() };
            for func in module.defined_funcs() {
                let honest = translator.translate(&module, func, &settings).expect("honest code");
                CheckedBytecode::check(&module, &settings, honest)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
}

/// The edits that wait, by their numbers in the list.
const WAITING: [&str; 3] = ["24", "28", "32"];

#[test]
fn the_table_has_every_number_and_every_edit() {
    let table = table();
    for number in (1..=35).map(|number| number.to_string()) {
        let rows = || table.iter().filter(|row| row.number == number);
        if WAITING.contains(&&*number) {
            assert!(rows().all(|row| row.note.starts_with("waits")), "{number}");
            assert_eq!(rows().count(), 1, "{number}");
            continue;
        }
        let planted = rows().any(|row| row.edit != "-");
        let in_runtime = rows().find_map(|row| row.note.strip_prefix("runtime: "));
        assert!(planted || in_runtime.is_some(), "{number}");
    }
    let of_table: BTreeSet<&str> =
        table.iter().map(|row| &*row.edit).filter(|edit| *edit != "-").collect();
    let of_code: BTreeSet<&str> = named::names().collect();
    assert_eq!(of_table, of_code);
    for row in table.iter().filter(|row| row.edit == "-") {
        assert!(!row.note.is_empty(), "{}", row.number);
    }
}
