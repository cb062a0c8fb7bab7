//! The files that are trusted to refuse wrong code → how many lines of code a reader has to
//! believe.
//!
//! A line counts if something is left of it without comments. Tests stand apart (files `tests.rs`,
//! folders `tests`, items under `#[cfg(test)]`), and so do tables, whose rows are read one by one.
//!
//! Limits: a path that is in no group is not counted; `docs/trust/assumptions.md` says what else is
//! trusted.

use crate::Tree;
use crate::source::{SourceFile, close, words};
use std::fmt;

/// The groups: name, what a path begins with, and whether they are tables.
const GROUPS: &[(&str, &[&str], bool)] = &[
    ("form", &["crates/bytecode/src/check", "crates/bytecode/src/encode.rs"], false),
    ("equality", &["crates/bytecode/src/check/equality", "crates/terms/src/"], false),
    ("facts", &["crates/module/src/facts", "crates/module/src/visit.rs"], false),
    ("machine code", &["crates/check/src/"], false),
    ("tables", &["crates/bytecode/src/ops/", "crates/module/src/ops"], true),
    (
        "instructions",
        &[
            "crates/check/src/x64/numeric.rs",
            "crates/check/src/x64/parametric.rs",
            "crates/check/src/x64/control.rs",
            "crates/check/src/x64/atomic.rs",
            "crates/check/src/x64/vector.rs",
        ],
        true,
    ),
];

/// The lines of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a group of tables.
    pub tables: bool,
    /// Lines of code that are no test.
    pub code: usize,
    /// Lines of code of its tests.
    pub tests: usize,
}

/// The parts of the check that its reader has to believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted(pub Vec<Group>);

/// Counts the trusted lines.
pub fn trusted(tree: &Tree) -> Trusted {
    let groups = GROUPS.iter().enumerate().map(|(i, &(name, _, tables))| {
        let mut group = Group { name, tables, code: 0, tests: 0 };
        for file in tree.rust().filter(|file| group_of(&file.path) == Some(i)) {
            let (code, tests) = lines(file);
            group.code += code;
            group.tests += tests;
        }
        group
    });
    Trusted(groups.collect())
}

/// The group with the longest beginning of a path.
fn group_of(path: &str) -> Option<usize> {
    let begins = GROUPS.iter().enumerate().flat_map(|(i, (_, begins, _))| {
        begins.iter().filter(|begin| path.starts_with(**begin)).map(move |begin| (begin.len(), i))
    });
    begins.max().map(|(_, i)| i)
}

/// Lines of code of a file: without tests, and those of its tests.
fn lines(file: &SourceFile) -> (usize, usize) {
    let filled = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let all = filled(&file.code);
    if file.path.ends_with("/tests.rs") || file.path.contains("/tests/") {
        return (0, all);
    }
    let mut tests = 0;
    let mut from = 0;
    for at in words(&file.code, "cfg").filter(|&at| file.code[at..].starts_with("cfg(test)")) {
        let start = file.code[..at].rfind('#').unwrap_or(at);
        if start < from {
            continue;
        }
        let open = file.code[at..].find(['{', ';']).map(|i| at + i);
        let end = open.and_then(|open| match file.code.as_bytes()[open] {
            b'{' => close(&file.code, open),
            _ => Some(open + 1),
        });
        from = end.unwrap_or(file.code.len());
        tests += filled(&file.code[start..from]);
    }
    (all - tests, tests)
}

impl Trusted {
    /// Lines of code without tables and tests.
    pub fn code(&self) -> usize {
        self.0.iter().filter(|group| !group.tables).map(|group| group.code).sum()
    }
}

impl fmt::Display for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:>6} {:>6}", "trusted", "code", "tests")?;
        for group in &self.0 {
            writeln!(f, "{:<10} {:>6} {:>6}", group.name, group.code, group.tests)?;
        }
        write!(f, "{:<10} {:>6}        without tables", "together", self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_tables_and_comments_stand_apart() {
        let check = "//! Idea.\n\nfn a() {\n    // Why.\n    b();\n}\n\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let tree = Tree::of(&[
            ("crates/bytecode/src/check/map.rs", check),
            ("crates/bytecode/src/check/tests.rs", "fn a() {}\n"),
            ("crates/bytecode/src/check/tests/pairs.rs", "fn a() {}\nfn b() {}\n"),
            (
                "crates/bytecode/src/check/equality/state.rs",
                "#[cfg(test)]\nmod tests;\nfn a() {}\n",
            ),
            ("crates/bytecode/src/ops/memory.rs", "a\nb\n"),
            ("crates/bytecode/src/text/mod.rs", "fn a() {}\n"),
        ]);
        let trusted = trusted(&tree);
        let counts: Vec<_> = trusted.0.iter().map(|x| (x.name, x.code, x.tests)).collect();
        assert_eq!(
            counts,
            [
                ("form", 3, 7),
                ("equality", 1, 2),
                ("facts", 0, 0),
                ("machine code", 0, 0),
                ("tables", 2, 0),
                ("instructions", 0, 0)
            ],
        );
        assert_eq!(trusted.code(), 4);
    }
}
