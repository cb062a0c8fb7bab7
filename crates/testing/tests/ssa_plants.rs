//! Faults of the SSA interpreter, planted as edits of what it runs: the comparison with the
//! reference tier sees each, on generated functions or on cases written by hand, which reach what
//! the generator seldom lets be seen: narrow loads of bytes with a sign, stores that nothing else
//! overwrites.
//!
//! A green run does not show that every fault is seen: one that only shows on operands that no
//! generator gives would not be.

use prova_module::{Features, Limits, Module};
use prova_runtime::{Metering, Settings};
use prova_testing::agree::ssa::compare;
use prova_testing::generate::{Call, Case, Generator};
use prova_testing::sides::host::Host;
use prova_testing::sides::ssa::Plant;

/// A text with each line that has a word edited.
fn each(text: &str, word: &str, edit: impl Fn(&str) -> String) -> String {
    let line = |line: &str| if line.contains(word) { edit(line) } else { format!("{line}\n") };
    text.lines().map(line).collect()
}

/// A text without the lines that have a word.
fn without(text: &str, word: &str) -> String {
    each(text, word, |_| String::new())
}

/// A text with the two operands behind an operator exchanged.
fn exchanged(text: &str, operator: &str) -> String {
    each(text, operator, |line| {
        let words: Vec<&str> = line.split(' ').collect();
        let at = words.iter().position(|word| *word == operator).map(|at| at + 1);
        let mut words = words.clone();
        at.into_iter().for_each(|at| words.swap(at, at + 1));
        words.join(" ") + "\n"
    })
}

/// A branch with its edges exchanged: `branch v1 block2(…) block3(…) @0x…`.
fn other_way(line: &str) -> String {
    let found = line.split_once(") block").and_then(|(head, other)| {
        let (condition, then) = head.split_once(" block")?;
        let (other, offset) = other.rsplit_once(" @")?;
        Some(format!("{condition} block{other} block{then}) @{offset}\n"))
    });
    found.unwrap_or_else(|| format!("{line}\n"))
}

/// A table whose last index, of all others, goes where the first one goes.
fn wrong_default(line: &str) -> String {
    let found = line.split_once('[').zip(line.split_once(']'));
    let Some(((head, _), (inside, tail))) = found else { return format!("{line}\n") };
    let mut targets: Vec<&str> =
        inside.rsplit_once('[').map_or("", |(_, list)| list).split(' ').collect();
    let first = targets[0];
    targets.pop();
    targets.push(first);
    format!("{head}[{}]{tail}\n", targets.join(" "))
}

const PLANTS: &[(&str, Plant)] = &[
    ("a sum for a difference", |text| text.replace(" i32.sub ", " i32.add ")),
    ("operands exchanged", |text| exchanged(text, "i32.sub")),
    ("a shift without its sign", |text| text.replace(" i32.shr_s ", " i32.shr_u ")),
    ("a comparison without its sign", |text| text.replace(" i32.lt_s ", " i32.lt_u ")),
    ("a remainder for a quotient", |text| text.replace(" i32.div_s ", " i32.rem_s ")),
    ("a conversion that does not trap", |text| {
        text.replace(" i32.trunc_f64_s ", " i32.trunc_sat_f64_s ")
    }),
    ("a store of fewer bytes", |text| text.replace(" i32.store ", " i32.store16 ")),
    ("a write of a global lost", |text| without(text, " global.set ")),
    ("arms of a select exchanged", |text| exchanged(text, "select")),
    ("a branch the other way", |text| each(text, "  branch ", other_way)),
    ("the default of a table", |text| each(text, "  table ", wrong_default)),
    ("a narrow load without its sign", |text| text.replace(" i32.load8_s ", " i32.load8_u ")),
    ("a narrow load without its sign, wide", |text| {
        text.replace(" i64.load32_s ", " i64.load32_u ")
    }),
    ("a store of eight bytes lost", |text| without(text, " i64.store ")),
    ("a charge lost", |text| without(text, "  charge ")),
    ("a charge of one more", |text| text.replace("charge bits=0x1 ", "charge bits=0x2 ")),
];

/// Modules by hand; the function `f` of each is called without arguments.
const BY_HAND: &[&str] = &[
    r#"(module (memory 1) (data (i32.const 8) "\80\ff")
        (func (export "f") (result i32) (i32.load8_s (i32.const 8))))"#,
    r#"(module (memory 1) (data (i32.const 8) "\00\00\00\80")
        (func (export "f") (result i64) (i64.load32_s (i32.const 8))))"#,
    r#"(module (memory 1)
        (func (export "f") (result i64)
            (i64.store (i32.const 16) (i64.const 0x1122334455667788))
            (i64.load (i32.const 16))))"#,
];

fn by_hand() -> impl Iterator<Item = Case> {
    BY_HAND.iter().map(|text| {
        let wasm = wat::parse_str(text).expect("a module");
        let calls = vec![Call { export: "f".to_owned(), args: Vec::new() }];
        Case { wasm, calls, nan_free: true, fuel: 1000 }
    })
}

/// Whether a difference from the reference tier is seen in some of the modules by hand, or of
/// `modules` generated ones.
fn seen(plant: Plant, modules: u64) -> bool {
    let generated = (0..modules).map(|index| Generator::Biased.case(31, index, 20));
    by_hand().chain(generated).any(|case| differs(&case, Some(plant)))
}

/// Whether the SSA interpreter differs from the reference tier, with a fault or without.
fn differs(case: &Case, plant: Option<Plant>) -> bool {
    let settings = Settings { metering: Metering::Fuel, deterministic: true };
    let module = Module::decode(&*case.wasm, &Features::default(), &Limits::default());
    let Ok(module) = module else { return false };
    let given = compare(case, &module, Host::Function, (case.fuel, settings), plant);
    // A text that is no body would be a fault of the plant, and no answer of the interpreter.
    given.is_err_and(|what| !what.contains("Fault("))
}

#[test]
fn each_fault_is_seen() {
    let missed: Vec<&str> =
        PLANTS.iter().filter(|(_, plant)| !seen(*plant, 200)).map(|(name, _)| *name).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn an_edit_that_changes_nothing_is_not_seen() {
    assert!(by_hand().all(|case| !differs(&case, None)));
    assert!(!seen(|text| text.to_owned(), 20));
}
