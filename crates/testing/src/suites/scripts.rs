//! A folder of scripts of others, and a table → the scripts that do not as the table says.
//!
//! ```text
//! DIR/FOLDER/*.wast ─ settings of the first lines ─ prova_wast, every tier ─► [Row] ─┐
//! table (tests/spec/wasmtime.tsv) ─────────────────────────────────────────── differences ─► [line]
//! ```
//!
//! The table has a row for each script: its name below `DIR`, its outcome in each tier, and why it
//! does not pass, if it does not. The folders that are looked into are those of the names, so the
//! scripts themselves need not be part of the repository. Every difference fails: a listed failure
//! that passes, a script without a row, a row without a script.
//!
//! Scripts of Wasmtime say in lines `;;! NAME = true` what they need; of these `threads` alone is
//! off by default.
//!
//! A green run does not show that refused modules are refused for the right reason.

use super::spec::{self, Status};
use crate::sides::native::Way;
use prova_core::{Config, Tier};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The first line of a table.
pub const HEAD: &str = "name\ttail\tmatch\treference\tnative\tauto\twhy";

/// A script and its outcome.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its folder and name, with a `/` between.
    pub name: String,
    /// The outcome in each of [`Tier::ALL`], as machine code, and where each count is a look.
    pub statuses: Vec<Status>,
}

impl Row {
    /// As the table has it, without the reason.
    pub fn line(&self) -> String {
        let statuses = self.statuses.iter().map(|status| format!("\t{status}"));
        format!("{}{}", self.name, statuses.collect::<String>())
    }

    /// The first directive that did not as demanded, in the first tier where one did not.
    pub fn first(&self) -> Option<&str> {
        self.statuses.iter().find_map(|status| match status {
            Status::Passed(_) => None,
            Status::Failed { first, .. } => Some(first.as_str()),
        })
    }
}

/// The rows of a table: what is said of each script, and why it does not pass (`-`: it does).
pub type Table = BTreeMap<String, (String, String)>;

/// Reads a table.
///
/// # Errors
/// A row that is not understood, names a script twice, or fails without a reason.
pub fn read(path: &Path) -> Result<Table, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Table, String> {
    let mut table = Table::new();
    if text.lines().next() != Some(HEAD) {
        return Err(format!("line 1: not `{HEAD}`"));
    }
    for (at, line) in (1..).zip(text.lines()).skip(1) {
        let wrong = |what: &str| format!("line {at}: {what}");
        let columns = line.split('\t').count();
        let Some((said, why)) = line.rsplit_once('\t').filter(|_| columns == 7) else {
            return Err(wrong(&format!("{columns} columns of 7")));
        };
        let (name, statuses) = said.split_once('\t').unwrap_or_default();
        if !name.contains('/') {
            return Err(wrong("a name without a folder"));
        }
        let fails = statuses.split('\t').any(|status| !status.starts_with("pass "));
        if fails == (why == "-") {
            return Err(wrong("what fails has a reason, what passes has `-`"));
        }
        if table.insert(name.to_owned(), (said.to_owned(), why.to_owned())).is_some() {
            return Err(wrong("the script has a row already"));
        }
    }
    Ok(table)
}

/// The scripts of the table's folders below `dir`, by name.
///
/// # Errors
/// If a folder or a script cannot be read.
pub fn scripts(dir: &Path, table: &Table) -> Result<Vec<(String, PathBuf)>, String> {
    let folders: BTreeSet<&str> =
        table.keys().filter_map(|name| Some(name.rsplit_once('/')?.0)).collect();
    let mut found = Vec::new();
    for folder in folders {
        let path = dir.join(folder);
        let unread = |error: std::io::Error| format!("{}: {error}", path.display());
        for entry in fs::read_dir(&path).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".wast") {
                found.push((format!("{folder}/{name}"), path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Runs a script in all tiers.
pub fn run(name: &str, text: &str) -> Row {
    let shared = text.lines().any(|line| line.trim_end() == ";;! threads = true");
    let with = |mut config: Config| {
        config.shared_memory(shared);
        spec::run_with("", text, config)
    };
    let mut statuses: Vec<Status> = Vec::new();
    for tier in Tier::ALL {
        let mut config = Config::new();
        config.tier(tier);
        statuses.push(with(config));
    }
    let mut config = Config::new();
    Way::Guard.configure(&mut config);
    statuses.push(with(config.clone()));
    config.tier_up(Some(spec::AT_ONCE));
    statuses.push(with(config));
    Row { name: name.to_owned(), statuses }
}

/// The lines in which rows are not what the table says: the table's with `-`, the found one with
/// `+` and the first directive that failed.
pub fn differences(table: &Table, rows: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    for row in rows {
        open.remove(row.name.as_str());
        let said = table.get(&row.name).map(|(said, _)| said.as_str());
        if said == Some(row.line().as_str()) {
            continue;
        }
        lines.push(format!("- {}", said.unwrap_or("no row")));
        lines.push(format!("+ {} {}", row.line(), row.first().unwrap_or_default()));
    }
    lines.extend(open.into_iter().map(|name| format!("- {name}\n+ no script")));
    lines
}

/// The text of a table of rows; a failure keeps the reason of the table that was, or has the first
/// directive that failed.
pub fn table(was: &Table, rows: &[Row]) -> String {
    let mut text = format!("{HEAD}\n");
    for row in rows {
        let kept = was.get(&row.name).map(|(_, why)| why.as_str()).filter(|why| *why != "-");
        let why = row.first().map_or("-", |first| kept.unwrap_or(first));
        let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.push_str(&format!("{}\t{why}\n", row.line()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suites::scratch::Scratch;

    const GOOD: &str = "(module (func (export \"f\") (result i32) (i32.const 1)))
        (assert_return (invoke \"f\") (i32.const 1))";
    const SHARED: &str = ";;! threads = true\n(module (memory 1 1 shared))";

    /// A folder with these scripts below `a`.
    fn folder(scripts: &[(&str, &str)]) -> Scratch {
        let scratch = Scratch::new("scripts").expect("a folder");
        fs::create_dir(scratch.path.join("a")).expect("a folder");
        for (name, text) in scripts {
            fs::write(scratch.path.join("a").join(name), text).expect("a script");
        }
        scratch
    }

    fn rows_of(scratch: &Scratch, table: &Table) -> Vec<Row> {
        let scripts = scripts(&scratch.path, table).expect("a folder");
        let texts =
            scripts.iter().map(|(name, path)| (name, fs::read_to_string(path).expect("it")));
        texts.map(|(name, text)| run(name, &text)).collect()
    }

    fn row(name: &str, status: &str, why: &str) -> String {
        format!("{name}\t{status}\t{status}\t{status}\t{status}\t{status}\t{why}\n")
    }

    #[test]
    fn every_change_of_a_status_is_a_difference() {
        let bad = GOOD.replace("(i32.const 1)))", "(i32.const 2)))");
        let scratch = folder(&[("good.wast", GOOD), ("shared.wast", SHARED), ("note.txt", "")]);
        let rows =
            [HEAD, "\n", &row("a/good.wast", "pass 2", "-"), &row("a/shared.wast", "pass 1", "-")];
        let table_of = parse(&rows.concat()).expect("a table");
        let found = rows_of(&scratch, &table_of);
        assert_eq!(differences(&table_of, &found), [""; 0]);
        assert_eq!(table(&table_of, &found), rows.concat());

        // A failure that is not listed, and one that is and passes.
        for (text, status, why) in [(bad.as_str(), "pass 2", "-"), (GOOD, "fail 1/2", "it is")] {
            let scratch = folder(&[("good.wast", text)]);
            let said = parse(&[HEAD, "\n", &row("a/good.wast", status, why)].concat());
            let said = said.expect("a table");
            let lines = differences(&said, &rows_of(&scratch, &said));
            assert_eq!(lines.len(), 2, "{lines:?}");
            assert!(lines[0].contains(status) && !lines[1].contains(status), "{lines:?}");
        }

        // A script without a row, and a row without a script.
        let scratch = folder(&[("good.wast", GOOD), ("more.wast", GOOD)]);
        let lines = differences(&table_of, &rows_of(&scratch, &table_of)).join("\n");
        assert!(lines.contains("- no row\n+ a/more.wast\tpass 2"), "{lines}");
        assert!(lines.contains("- a/shared.wast\n+ no script"), "{lines}");
    }

    #[test]
    fn a_script_without_the_line_has_no_shared_memory() {
        let found = run("a/b.wast", SHARED.strip_prefix(";;! threads = true\n").expect("its line"));
        assert!(found.statuses.iter().all(|status| !status.is_ok()), "{found:?}");
        assert!(found.first().is_some_and(|first| first.contains("shared")), "{found:?}");
    }

    #[test]
    fn a_row_that_is_not_understood_is_an_error() {
        let good = row("a/b.wast", "pass 1", "-");
        for (text, error) in [
            (good.clone(), "line 1: not"),
            (format!("{HEAD}\na/b.wast\tpass 1\n"), "line 2: 2 columns of 7"),
            (format!("{HEAD}\n{good}{good}"), "line 3: the script has a row already"),
            (format!("{HEAD}\n{}", row("b.wast", "pass 1", "-")), "a name without a folder"),
            (format!("{HEAD}\n{}", row("a/b.wast", "fail 0/1", "-")), "has a reason"),
            (format!("{HEAD}\n{}", row("a/b.wast", "pass 1", "so")), "has a reason"),
        ] {
            let found = parse(&text).expect_err(&text);
            assert!(found.contains(error), "{found}");
        }
        assert!(
            scripts(Path::new("nowhere"), &parse(&format!("{HEAD}\n{good}")).expect("it")).is_err()
        );
    }

    #[test]
    fn the_table_of_wasmtime_is_read() {
        let table = read(&crate::root().join("tests/spec/wasmtime.tsv")).expect("the table");
        let of = |folder: &str| table.keys().filter(|name| name.starts_with(folder)).count();
        assert_eq!((of("gc/"), of("threads/")), (79, 13));
    }
}
