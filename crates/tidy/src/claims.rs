//! The rules of the checks, as the sources number them, are the rows of `docs/trust/claims.md`.
//!
//! A variant of a check's `Rule` begins its comment with a number (`/// P3: …`); the page has a
//! table for each letter, under a heading that says how many there are (`(P1 to P13)`). A rule
//! that the page does not claim says so in its row, and no variant has its number.
//!
//! Limits: the numbers are compared, not what they say.

use super::{Finding, Tree};
use std::collections::BTreeMap;

const PAGE: &str = "docs/trust/claims.md";

/// Sources of rules: the file, the letter of its numbers, the beginning of the heading in the page.
const SOURCES: [(&str, char, &str); 3] = [
    ("crates/bytecode/src/check/error.rs", 'F', "## Bytecode, form ("),
    ("crates/bytecode/src/check/error.rs", 'Q', "## Bytecode, equality ("),
    ("crates/check/src/error.rs", 'P', "## Machine code ("),
];

/// Each number of a rule has a row, each row a rule, and headings say the last number.
pub(super) fn claims(tree: &Tree, findings: &mut Vec<Finding>) {
    let Some(page) = tree.text(PAGE) else { return };
    for (path, letter, heading) in SOURCES {
        let Some(source) = tree.text(path) else { continue };
        let mut finding = |path: &str, line: usize, number: u32, message: String| {
            let (path, item) = (path.to_owned(), format!("{letter}{number}"));
            findings.push(Finding { path, line, rule: "claims", item, message });
        };
        let rules = numbers(source, |line| line.trim_start().strip_prefix("/// "), letter, ":");
        let Some(start) = page.lines().position(|line| line.starts_with(heading)) else {
            finding(PAGE, 0, 1, format!("a section must begin with `{heading}`"));
            continue;
        };
        let title = page.lines().nth(start).unwrap_or_default();
        let section: String = page
            .lines()
            .enumerate()
            .map(|(at, line)| if at <= start { "" } else { line })
            .take_while(|line| !line.starts_with("## "))
            .map(|line| format!("{line}\n"))
            .collect();
        let rows = numbers(&section, |line| line.strip_prefix("| "), letter, " ");
        for (&number, &line) in rules.iter().filter(|(number, _)| !rows.contains_key(number)) {
            finding(path, line, number, format!("{PAGE} has no row for it: write one"));
        }
        for (&number, &line) in rows.iter().filter(|(number, _)| !rules.contains_key(number)) {
            let row = section.lines().nth(line - 1).unwrap_or_default();
            if !row.contains("*not claimed*") {
                let message = format!("no variant of `Rule` in {path} has this number: remove it");
                finding(PAGE, line, number, message);
            }
        }
        let last = rows.keys().last().copied().unwrap_or_default();
        if !title.ends_with(&format!(" to {letter}{last})")) {
            let message = "the heading must end with the last number, and links lead to it".into();
            finding(PAGE, start + 1, last, message);
        }
    }
}

/// The numbers behind a letter, with the line of the first place of each.
fn numbers<'t>(
    text: &'t str,
    of: impl Fn(&'t str) -> Option<&'t str>,
    letter: char,
    end: &str,
) -> BTreeMap<u32, usize> {
    let mut found = BTreeMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        let label = of(text).and_then(|text| text.strip_prefix(letter)?.split_once(end));
        if let Some(number) = label.and_then(|(number, _)| number.parse().ok()) {
            found.entry(number).or_insert(line);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn rules_and_rows_have_the_same_numbers() {
        let source = SOURCES[2].0;
        let good = "## Machine code (P1 to P3)\n| P1 Forms | x |\n| P2 | *not claimed* |\n| P3 Ends | x |\n## Other\n| P9 x |\n";
        let rules = "    /// P1: one.\n    A,\n    /// P3: of ends.\n    B,\n    /// P3: again.\n";
        found(claims, &[(source, rules), (PAGE, good)], &[]);
        let more = format!("{rules}    /// P4: new.\n");
        found(claims, &[(source, &more), (PAGE, good)], &[&format!("{source}:6 P4")]);
        let fewer = "    /// P1: one.\n";
        found(claims, &[(source, fewer), (PAGE, good)], &[&format!("{PAGE}:4 P3")]);
        let title = good.replace("P1 to P3", "P1 to P2");
        found(claims, &[(source, rules), (PAGE, &title)], &[&format!("{PAGE}:1 P3")]);
        found(claims, &[(source, rules), (PAGE, "# Claims\n")], &[&format!("{PAGE}:0 P1")]);
    }
}
