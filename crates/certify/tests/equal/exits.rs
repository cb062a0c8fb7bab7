//! The accepting exits of `prova-equal`: the conditions and facts without which it accepts wrong
//! code, each with the rows that depend on it.
//!
//! `exits` has a table for each source file, whose first lines say what the columns are. The list
//! was made by readers, so it shows which conditions have a row, not that it is complete.
//! `equal_plants.rs` plants the faults and writes into `plants.tsv` which rows each accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal");
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../equal/src");

fn text(folder: &str, name: &str) -> String {
    let path = Path::new(folder).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tables below a folder.
fn tables(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(tables(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The names of the rows that are refused, and the expressions that are.
fn refused_rows() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for table in ["rules.tsv", "forged.tsv", "vectors.tsv"] {
        for line in text(TESTS, table).lines().filter(|line| !line.starts_with('#')) {
            if let [_, verdict, name, ..] = line.split('\t').collect::<Vec<_>>()[..]
                && verdict != "ok"
            {
                names.insert(name.to_owned());
            }
        }
    }
    let forms = text(TESTS, "forms.tsv");
    let none = |line: &&str| line.ends_with("\tan expression that is none");
    names.extend(
        forms.lines().filter(none).filter_map(|line| Some(line.split_once('\t')?.0.into())),
    );
    names
}

/// The rows that each planted fault accepts.
fn planted() -> BTreeMap<String, BTreeSet<String>> {
    let plants = text(TESTS, "plants.tsv");
    let rows = |text: &str| text.split("; ").map(str::to_owned).collect();
    let line = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
        [_, plant, accepted] => Some((plant.to_owned(), rows(accepted))),
        _ => None,
    };
    plants.lines().filter_map(line).collect()
}

#[test]
fn each_exit_has_a_row_or_a_reason() {
    let (rows, plants) = (refused_rows(), planted());
    let folder = Path::new(TESTS).join("exits");
    let (mut wrong, mut seen, mut unseen) = (Vec::new(), 0, 0);
    for path in tables(&folder) {
        let file = path.strip_prefix(&folder).expect("below").with_extension("rs");
        let source = text(SOURCES, &file.to_string_lossy());
        let table = std::fs::read_to_string(&path).expect("a table");
        let lines = table.lines().filter(|line| !line.starts_with('#'));
        for (number, line) in (1..).zip(lines) {
            let mut fault = |what: &str| wrong.push(format!("{} {number}: {what}", file.display()));
            let [n, function, condition, accepted, shown, plant] =
                line.split('\t').collect::<Vec<_>>()[..]
            else {
                fault("not six columns");
                continue;
            };
            if n != number.to_string() || condition.is_empty() || accepted.is_empty() {
                fault("another number, no condition, or nothing that is accepted");
            }
            let starts = [format!("fn {function}("), format!("fn {function}<")];
            if !starts.iter().any(|start| source.contains(start)) {
                fault(&format!("no function {function}"));
            }
            if let Some(why) = shown.strip_prefix("unseen: ") {
                unseen += 1;
                if why.len() < 20 || plant != "-" {
                    fault("no reason, or a plant that is seen by a row");
                }
                continue;
            }
            seen += 1;
            let names: Vec<&str> = shown.split("; ").collect();
            for name in names.iter().filter(|name| !rows.contains(**name)) {
                fault(&format!("no refused row `{name}`"));
            }
            for plant in plant.split("; ").filter(|plant| *plant != "-") {
                match plants.get(plant) {
                    Some(accepted) if names.iter().any(|name| accepted.contains(*name)) => {}
                    Some(_) => fault(&format!("{plant} accepts none of the rows")),
                    None => fault(&format!("no plant {plant}")),
                }
            }
        }
    }
    println!("{seen} exits with rows, {unseen} with a reason");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 200 && unseen < seen, "{seen} seen, {unseen} not");
}
