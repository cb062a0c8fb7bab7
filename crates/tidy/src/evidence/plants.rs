//! Source files with planted faults → how many faults each has.
//!
//! A fault is a name in the list of its file: `plants! { … }`, a part of that, or an `enum`; or the
//! file has an array of them, whose length is the number. Lists are read as tokens, without
//! comments and attributes.

use super::table;
use crate::Tree;
use crate::source::{close, words};
use std::fmt::Write;

/// The sets of planted faults: the code with the fault, its file, the words before the list of
/// faults, and the test that has to see each of them.
const PLANTS: &[(&str, &str, &str, &str)] = &[
    (
        "arithmetic of the check of machine code",
        "crates/check/src/plant.rs",
        "rules {",
        "crates/check/tests/lemmas_plants.rs",
    ),
    (
        "what asks that arithmetic",
        "crates/check/src/plant.rs",
        "steps {",
        "crates/check/tests/hostile_plants.rs",
    ),
    (
        "rules of the proof that machine code does what its function does",
        "crates/equal/src/plant.rs",
        "plants! {",
        "crates/certify/tests/equal_plants.rs",
    ),
    (
        "executors of bytecode",
        "crates/runtime/src/exec/plant.rs",
        "executors {",
        "crates/runtime/tests/handlers_plants.rs",
    ),
    (
        "the way into a round of a loop",
        "crates/runtime/src/exec/plant.rs",
        "rounds {",
        "crates/testing/tests/swap_plants.rs",
    ),
    (
        "bytecode behind its proof, to be found by `prova diverge`",
        "crates/bytecode/src/checked/plant.rs",
        "enum Plant {",
        "crates/runs/tests/diverge_plants.rs",
    ),
    (
        "passes over SSA",
        "crates/optimize/src/plant.rs",
        "plants! {",
        "crates/optimize/src/plant.rs",
    ),
    (
        "the specialiser and its cache",
        "crates/specialize/src/plant.rs",
        "plants! {",
        "crates/specialize/src/plant.rs",
    ),
    (
        "checkers of a program as a whole",
        "crates/specialize/src/program/plant.rs",
        "plants! {",
        "crates/specialize/src/program/plant.rs",
    ),
    (
        "key, entries and guard of the cache",
        "crates/cache/src/plant.rs",
        "enum Plant {",
        "crates/cache/src/plant.rs",
    ),
    (
        "the second checker",
        "crates/testing/src/second/plant.rs",
        "ALL: [Plant;",
        "crates/testing/tests/second/plants.rs",
    ),
];

/// Writes the table.
pub(super) fn section(tree: &Tree, page: &mut String) -> Result<(), String> {
    table(
        page,
        "Planted faults",
        "One fault at a time in our own code; a test fails if it is not seen. None is in a release build \
         (`crates/tidy/src/plants.rs`).",
        &["code with the fault", "file", "seen by", "faults"],
    );
    for (what, path, before, test) in PLANTS {
        let file = tree.files.iter().find(|file| file.path == *path);
        let file =
            file.ok_or_else(|| format!("{path} is not there: name the file of the faults"))?;
        super::text(tree, test)?;
        let faults = faults(&file.code, before);
        if faults == 0 {
            return Err(format!("{path} has no list `{before}`"));
        }
        let _ = writeln!(page, "| {what} | `{path}` | `{test}` | {faults} |");
    }
    Ok(())
}

/// Counts the names of the last list that begins with `before`: words at its own depth that begin
/// with a capital, except `None`, which stands for no fault. Behind a `;` stands their number,
/// which the compiler compares with the list.
fn faults(code: &str, before: &str) -> usize {
    let Some(at) = code.rfind(before) else { return 0 };
    if before.ends_with(';') {
        let number = code[at + before.len()..].split(']').next().unwrap_or_default();
        return number.trim().parse().unwrap_or(0);
    }
    let open = at + before.len() - 1;
    let Some(end) = close(code, open) else { return 0 };
    let mut list = code[open + 1..end - 1].to_owned();
    // The fields of a variant, and attributes, are no names of faults.
    while let Some(inner) = list.find(['(', '[', '{']) {
        let Some(to) = close(&list, inner) else { break };
        list.replace_range(inner..to, &" ".repeat(to - inner));
    }
    let starts = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
    let names = list.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(starts);
    let mut names: Vec<&str> = names.filter(|name| *name != "None").collect();
    names.dedup();
    names.len() * usize::from(words(code, "Plant").next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_tokens() {
        let list = "macro_rules! plants { () => { pub enum Plant { None, $($x)* } } }\n\
                    plants! { rules { One Two } steps { Three } }";
        assert_eq!(faults(list, "rules {"), 2);
        assert_eq!(faults(list, "steps {"), 1);
        let variants = "#[derive(Debug)]\npub enum Plant { None, A(Rule), #[x] B, C }";
        assert_eq!(faults(variants, "enum Plant {"), 3);
        assert_eq!(faults(variants, "plants! {"), 0);
        assert_eq!(faults("const ALL: [Plant; 12] = [Plant::A];", "ALL: [Plant;"), 12);
    }

    #[test]
    fn a_list_that_moved_is_an_error() {
        let mut page = String::new();
        assert!(section(&Tree::default(), &mut page).is_err());
        let empty = Tree::of(&[(PLANTS[0].1, "enum Plant {}"), (PLANTS[0].3, "")]);
        assert!(section(&empty, &mut page).is_err());
    }
}
