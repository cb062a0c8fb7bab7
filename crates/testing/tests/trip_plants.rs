//! Faults planted in modules behind their trip: the comparison of `prova-testing ssa-trips` sees
//! each of them, so it would see a wrong emission that the proof accepts.
//!
//! A green run does not show that every fault is seen: one that no generated operand brings out
//! would not be.

use prova_testing::agree::trips::{Way, compare};
use prova_testing::generate::{Case, Generator};
use prova_testing::sides::ssa::Plant;

/// A text with an edit of each line whose first word, behind brackets, is `word`.
fn each(text: &str, word: &str, edit: impl Fn(&str) -> String) -> String {
    let is_it = |line: &str| line.split_whitespace().next() == Some(word);
    let line = |line: &str| if is_it(line) { edit(line) } else { line.to_owned() };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// A text with another operator for each that is `word`, with its immediates.
fn other(text: &str, word: &str, other: &str) -> String {
    each(text, word, |line| line.replacen(word, other, 1))
}

/// A text with operators before each that is `word`.
fn before(text: &str, word: &str, operators: &str) -> String {
    each(text, word, |line| format!("{operators} {line}"))
}

/// A text with operators for each that is `word`, without its immediates.
fn instead(text: &str, word: &str, operators: &str) -> String {
    each(text, word, |_| operators.to_owned())
}

/// A table whose last index, of all others, goes where the first one goes; labels of a table take
/// the same values.
fn wrong_default(line: &str) -> String {
    let line = line.split("(;").next().unwrap_or(line);
    let labels: Vec<&str> = line.split_whitespace().skip(1).collect();
    let (_, kept) = labels.split_last().unwrap_or((&"", &[]));
    let first = kept.first().copied().unwrap_or(labels[0]);
    format!("br_table {} {first}", kept.join(" "))
}

const PLANTS: &[(&str, Plant)] = &[
    ("a sum for a difference", |text| other(text, "i32.sub", "i32.add")),
    ("a shift the other way", |text| other(text, "i32.shl", "i32.shr_u")),
    ("a comparison without its sign", |text| other(text, "i32.lt_s", "i32.lt_u")),
    ("a remainder for a quotient", |text| other(text, "i32.div_s", "i32.rem_s")),
    ("a trap lost", |text| other(text, "i32.trunc_f64_s", "i32.trunc_sat_f64_s")),
    ("a store of fewer bytes", |text| other(text, "i32.store", "i32.store16")),
    ("a write of a global lost", |text| instead(text, "global.set", "drop")),
    ("a write of a local lost", |text| instead(text, "local.set", "drop")),
    ("arms of a select exchanged", |text| before(text, "select", "i32.eqz")),
    ("a branch the other way", |text| before(text, "br_if", "i32.eqz")),
    ("arms of an if exchanged", |text| before(text, "if", "i32.eqz")),
    ("the default of a table", |text| each(text, "br_table", wrong_default)),
    ("growth lost", |text| before(text, "memory.grow", "drop i32.const 0")),
    ("a write of a table lost", |text| instead(text, "table.set", "drop drop")),
    ("a fill lost", |text| instead(text, "memory.fill", "drop drop drop")),
    ("a throw that traps", |text| instead(text, "throw", "unreachable")),
];

/// Whether some generated module runs otherwise behind its trip with this fault.
fn seen(plant: Plant, modules: u64) -> bool {
    cases(modules).any(|(index, case)| {
        let found = compare(&case, index, way(index), Some(plant));
        // A text that is no module would be a fault of the plant.
        found.is_err_and(|what| what.starts_with("passes "))
    })
}

/// Of two cases one is a program, which is improved as a whole.
fn cases(modules: u64) -> impl Iterator<Item = (u64, Case)> {
    let generator = |index| if is_program(index) { Generator::Programs } else { Generator::Biased };
    (0..modules).map(move |index| (index, generator(index).case(41, index, 20)))
}

fn way(index: u64) -> Way {
    if is_program(index) { Way::Program } else { Way::of(index) }
}

fn is_program(index: u64) -> bool {
    index % 2 == 1
}

#[test]
fn each_fault_is_seen() {
    let missed: Vec<&str> =
        PLANTS.iter().filter(|(_, plant)| !seen(*plant, 100)).map(|(name, _)| *name).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn an_edit_that_changes_nothing_is_not_seen() {
    let same =
        |(index, case)| compare(&case, index, way(index), Some(|text: &str| text.to_owned()));
    let returned = cases(10).map(|case| same(case).expect("they are the same").returned);
    assert!(returned.sum::<u64>() > 100);
}
