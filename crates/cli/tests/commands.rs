//! Each command stands where a reader looks for it: the drawing of `main.rs`, `README.md`,
//! `CHANGELOG.md`, a test; and a report that is a tree of nodes is said to be one.
//!
//! `pages` looks at the pages of the commands. Green shows that the names are there, not that what
//! stands beside them is true, nor that a test of a command is a good one.

use super::docs::root;
use super::pages::{commands, help, pages};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A file, from the root of the repository.
fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts of all Rust files in a folder and below.
fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(&path).expect("a source"));
        }
    }
    texts
}

/// The commands in the drawing on top of `main.rs`: between the first arrow and the second.
fn drawn(main: &str) -> BTreeSet<&str> {
    let line = main.lines().find(|line| line.starts_with("//! args (clap)")).unwrap_or_default();
    let list = line.split("─►").nth(1).unwrap_or_default();
    list.split('│').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Whether a page names a command: `prova NAME`, or NAME at the start of code.
fn is_named(page: &str, command: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    ["prova ", "`"].iter().any(|before| {
        let word = format!("{before}{command}");
        page.match_indices(&word).any(|(at, _)| ends(&page[at + word.len()..]))
    })
}

/// Whether a test gives the command as an argument, alone or with others behind it.
fn is_run(test: &str, command: &str) -> bool {
    ["\"", " "].iter().any(|end| test.contains(&format!("\"{command}{end}")))
}

/// Whether the code of a command prints a tree of nodes as JSON where it is asked to.
fn prints_nodes(code: &str) -> bool {
    let calls = code.match_indices("present(").map(|(at, _)| &code[at..]);
    calls.filter_map(|call| call.split_once(';')).any(|(call, _)| call.contains("json"))
}

#[test]
fn every_command_stands_in_the_drawing_and_on_the_first_pages() {
    let help = help(&[]);
    let all: BTreeSet<&str> = commands(&help).into_iter().collect();
    let main = text("crates/cli/src/main.rs");
    let drawn = drawn(&main);
    let mut wrong = String::new();
    for command in all.symmetric_difference(&drawn) {
        let what = if all.contains(command) { "lacks" } else { "has, and nothing else has," };
        wrong += &format!("crates/cli/src/main.rs: the drawing on top {what} `{command}`\n");
    }
    for page in ["README.md", "CHANGELOG.md"] {
        let text = text(page);
        for command in all.iter().filter(|command| !is_named(&text, command)) {
            wrong += &format!("{page} does not name `prova {command}`: give it a line\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_command_is_run_by_a_test() {
    let tests = sources(&root().join("crates/cli/tests"));
    let help = help(&[]);
    let unrun: Vec<&str> = commands(&help)
        .into_iter()
        .filter(|command| !tests.iter().any(|test| is_run(test, command)))
        .collect();
    assert!(
        unrun.is_empty(),
        "no test runs {unrun:?}: write a file in crates/cli/tests, with its `mod` in main.rs"
    );
}

#[test]
fn reports_that_are_trees_are_said_to_be_trees() {
    let index = text("docs/reference/README.md");
    let list = index.split_once("\n## JSON\n").expect("a section on JSON").1;
    let list = list.trim_start().lines().next().unwrap_or_default();
    let mut wrong = String::new();
    for (name, page) in pages() {
        let command = name.trim_end_matches(".md");
        let stem = command.replace('-', "_");
        let source = root().join("crates/cli/src");
        let mut code = fs::read_to_string(source.join(format!("{stem}.rs"))).unwrap_or_default();
        if source.join(&stem).is_dir() {
            code += &sources(&source.join(&stem)).concat();
        }
        let linked = page.contains("(README.md#json)");
        if prints_nodes(&code) && !linked {
            wrong += &format!(
                "docs/reference/{name}: its JSON is a tree of nodes: list their kinds and members, \
                 with a link to README.md#json\n"
            );
        }
        if linked && !is_named(list, command) {
            wrong += &format!(
                "docs/reference/README.md, JSON: `{command}` is missing among the commands whose \
                 reports are trees\n"
            );
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_is_missing_is_seen() {
    let main = "//! args (clap) ─► run │ check-code ─► Result<Exit> ─ report\n";
    assert_eq!(drawn(main), BTreeSet::from(["run", "check-code"]));
    assert!(drawn("//! Nothing.\n").is_empty());
    assert!(is_named("`prova run`", "run") && is_named("`run --record`", "run"));
    assert!(!is_named("prova run-all, the run", "run"));
    assert!(is_run("scratch.run(\"trust --x\")", "trust") && is_run("[\"trust\"]", "trust"));
    assert!(!is_run("\"trusted\" trust", "trust"));
    assert!(prints_nodes("present(&report(&a, b), args.json)?;"));
    assert!(!prints_nodes("present(&report, false)?; let json = 1;"));
}
