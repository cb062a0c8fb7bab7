//! The accepting exits of the proof of equality, and the rows of wrong code that depend on each.
//!
//! An *accepting exit* is a condition of `crates/equal/src` whose weakening lets a proof go on that
//! is refused today, or a place that derives a fact. `equal/exits` has a table for each source
//! file, at the file's own path. Its columns:
//!
//! 1. the number, counted from 1;
//! 2. the function in which the condition stands;
//! 3. the condition, as it stands in the code;
//! 4. the wrong code that would be accepted without it;
//! 5. the refused rows that would be accepted then, separated by `; `, or `unseen: ` and why no row
//!    can show it, or `open: ` and what is missing;
//! 6. the planted faults (`crates/equal/src/plant.rs`) that weaken it, if there are any. Then one
//!    of the rows at least is accepted with one of them, as `equal/plants.tsv` says and
//!    `equal_plants.rs` shows.
//!
//! Green says nothing of conditions that are not listed, and nothing of rows without a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const EQUAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equal");
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../equal/src");

/// Exits that wait for a row, at most: the number may only fall.
const OPEN_MAX: usize = 1;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tables below a folder.
fn tables(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut found = Vec::new();
    for entry in entries {
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

/// The names of the refused rows of the tables of code, and the expressions that are none.
fn refused() -> BTreeSet<String> {
    let tables =
        ["rules.tsv", "forged.tsv", "vectors.tsv"].map(|name| read(&Path::new(EQUAL).join(name)));
    let rows = tables.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#'));
    let columns = rows.map(|line| line.split('\t').collect::<Vec<_>>());
    let names = columns.filter(|columns| columns[1] != "ok").map(|columns| columns[2].to_owned());
    let forms = read(&Path::new(EQUAL).join("forms.tsv"));
    let none = forms.lines().filter_map(|line| line.strip_suffix("\tan expression that is none"));
    names.chain(none.map(|form| form.split('\t').next().unwrap_or(form).to_owned())).collect()
}

/// The rows that each planted fault accepts.
fn accepted() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&Path::new(EQUAL).join("plants.tsv"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let fault = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let rows = columns[2].split("; ").map(str::to_owned).collect();
        (columns[1].to_owned(), rows)
    };
    lines.map(fault).collect()
}

#[test]
fn each_exit_has_a_row_or_a_reason() {
    let (rows, faults) = (refused(), accepted());
    let folder = Path::new(EQUAL).join("exits");
    let (mut wrong, mut open, mut count) = (Vec::new(), 0, 0);
    for table in tables(&folder) {
        let file = table.strip_prefix(&folder).expect("a path below it").with_extension("rs");
        let source = read(&Path::new(SOURCES).join(&file));
        let text = read(&table);
        let exits = text.lines().filter(|line| !line.starts_with('#'));
        for (number, line) in (1..).zip(exits) {
            count += 1;
            let mut fault = |what: &str| wrong.push(format!("{} {number}: {what}", file.display()));
            let columns: Vec<&str> = line.split('\t').collect();
            let [found, function, condition, why, seen, plant] = columns[..] else {
                fault("six columns are wanted");
                continue;
            };
            if found != format!("{number}") || condition.is_empty() || why.is_empty() {
                fault("a number in turn, a condition and what it keeps out are wanted");
            }
            if !source.contains(&format!("fn {function}("))
                && !source.contains(&format!("fn {function}<"))
            {
                fault(&format!("no function {function}"));
            }
            if let Some(reason) = seen.strip_prefix("unseen: ").or(seen.strip_prefix("open: ")) {
                open += usize::from(seen.starts_with("open"));
                if reason.is_empty() || !plant.is_empty() {
                    fault("a reason without a planted fault is wanted");
                }
                continue;
            }
            let plants: Vec<&str> = plant.split("; ").filter(|plant| !plant.is_empty()).collect();
            for plant in plants.iter().filter(|plant| !faults.contains_key(**plant)) {
                fault(&format!("no planted fault {plant}"));
            }
            let of: BTreeSet<&String> =
                plants.iter().filter_map(|plant| faults.get(*plant)).flatten().collect();
            for name in seen.split("; ") {
                if !rows.contains(name) {
                    fault(&format!("no refused row {name:?}"));
                }
            }
            // Other rows of the list are shown by hand, or by faults that are not kept.
            if !plants.is_empty() && !seen.split("; ").any(|name| of.contains(&name.to_owned())) {
                fault(&format!("{plant} accepts none of the rows"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 400, "{count} exits");
    assert!(open <= OPEN_MAX, "{open} exits wait for a row");
}
