//! Tables of cases → how many of each are accepted and refused.
//!
//! A case is one line of a table: the verdict stands in a column, or is the line's first word. The
//! formats are those of the tests that run the cases, which the third column names.

use super::{table, text};
use crate::Tree;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How a file says the verdict of a case.
enum Form {
    /// Tab-separated with a head line: this column (from 0) is `ok` for what is accepted.
    Column(usize),
    /// The last word of each line is `accepted` for what is accepted; there is no head line.
    Last,
    /// Lines `WORD …`: one of these words for what is accepted. Lines that begin with `#`, or with
    /// one of the words of `0`, are no cases.
    First(&'static [&'static str]),
    /// Lines of groups (`== …`) behind `== twins`, that begin with `accepted` or `refused`.
    Twins,
    /// Every line is a fault that has to be refused, except lines with `-` in this column of a
    /// tab-separated table, which cannot be tried this way.
    Refused(usize),
}

/// The sets of cases: a description, their file, the test that runs them, the form of the file.
const CASES: &[(&str, &str, &str, Form)] = &[
    (
        "machine code written by hand",
        "crates/check/tests/hostile.tsv",
        "crates/certify/tests/hostile_cases.rs",
        Form::Column(4),
    ),
    (
        "machine code with a frame, blocks and claims",
        "crates/check/tests/hostile/claims.tsv",
        "crates/check/tests/hostile.rs",
        Form::Column(4),
    ),
    (
        "machine code whose callees get contexts",
        "crates/check/tests/hostile/contexts.tsv",
        "crates/check/tests/hostile.rs",
        Form::Column(1),
    ),
    (
        "loops over elements of tables in such code",
        "crates/check/tests/hostile/counts.tsv",
        "crates/check/tests/hostile.rs",
        Form::Column(1),
    ),
    (
        "code that leads into such code and out of it",
        "crates/check/tests/hostile/ways.tsv",
        "crates/check/tests/hostile.rs",
        Form::Column(2),
    ),
    (
        "such code that throws and catches",
        "crates/check/tests/hostile/collected.tsv",
        "crates/check/tests/hostile.rs",
        Form::Column(2),
    ),
    (
        "code of four advisories of Cranelift",
        "crates/certify/tests/advisories/table.tsv",
        "crates/certify/tests/advisories.rs",
        Form::Last,
    ),
    (
        "mistakes of a translator",
        "crates/testing/tests/plants/table.tsv",
        "crates/testing/tests/plants.rs",
        Form::Refused(3),
    ),
    (
        "edited SSA bodies beside their Wasm",
        "crates/ssa/tests/check/twins.txt",
        "crates/ssa/tests/check.rs",
        Form::First(&["ok"]),
    ),
    (
        "mistakes of a builder of SSA",
        "crates/ssa/tests/plants/table.tsv",
        "crates/ssa/tests/plants.rs",
        Form::Refused(2),
    ),
    (
        "edited results of passes",
        "crates/optimize/tests/passes/twins.txt",
        "crates/optimize/tests/passes.rs",
        Form::First(&["ok"]),
    ),
    (
        "edited bodies with copied blocks",
        "crates/optimize/tests/turn/twins.txt",
        "crates/optimize/tests/turn.rs",
        Form::First(&["ok"]),
    ),
    (
        "edited emissions",
        "crates/emit/tests/emitted/twins.txt",
        "crates/emit/tests/emitted.rs",
        Form::First(&["accepted"]),
    ),
    (
        "bodies before and after, for the three checks of SSA bodies",
        "crates/ssa/tests/twins/",
        "crates/ssa/tests/twins.rs",
        Form::Twins,
    ),
    (
        "bodies and modules that are their emission",
        "crates/emit/tests/twins/",
        "crates/emit/tests/twins.rs",
        Form::Twins,
    ),
    (
        "faults in specialised functions",
        "crates/specialize/tests/plants/table.txt",
        "crates/specialize/tests/plants.rs",
        Form::Refused(usize::MAX),
    ),
    (
        "forged specialised functions",
        "crates/specialize/tests/plants/forged.txt",
        "crates/specialize/tests/forged.rs",
        Form::First(&["accepted"]),
    ),
];

const HOSTILE: [&str; 2] =
    ["crates/check/tests/hostile.tsv", "crates/check/tests/hostile/claims.tsv"];
const UNSEEN: &str = "crates/check/tests/hostile/unseen.tsv";
const VERDICTS: &str = "crates/diff/tests/verdicts/";
const SUITE: &str = "tests/spec/table.tsv";

/// Writes the tables of cases.
pub(super) fn section(tree: &Tree, page: &mut String) -> Result<(), String> {
    table(
        page,
        "Cases with a known verdict",
        "Each refused case breaks one rule; an accepted one stands beside it.",
        &["cases", "file", "run by", "accepted", "refused"],
    );
    for (what, path, test, form) in CASES {
        text(tree, test)?;
        let [accepted, refused] = counted(tree, path, form)?;
        let _ = writeln!(page, "| {what} | `{path}` | `{test}` | {accepted} | {refused} |");
    }
    rules(tree, page)?;
    suite(tree, page)?;
    verdicts(tree, page)
}

/// Accepted and refused cases of a file, or of all files `*.txt` of a folder.
fn counted(tree: &Tree, path: &str, form: &Form) -> Result<[usize; 2], String> {
    let mut sum = [0; 2];
    let inside = |file: &str| file == path || (path.ends_with('/') && file.starts_with(path));
    let files = tree.files.iter().filter(|file| inside(&file.path));
    for file in files.filter(|file| !file.is_rust() && !file.path.ends_with(".md")) {
        let [accepted, refused] = lines(&file.text, form);
        sum[0] += accepted;
        sum[1] += refused;
    }
    if sum == [0; 2] {
        return Err(format!("{path} has no case: name the file that has them"));
    }
    Ok(sum)
}

fn lines(text: &str, form: &Form) -> [usize; 2] {
    let mut sum = [0; 2];
    let mut count = |accepted: bool| sum[usize::from(!accepted)] += 1;
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    match form {
        Form::Column(column) => rows.skip(1).for_each(|row| {
            count(row.split('\t').nth(*column) == Some("ok"));
        }),
        Form::Last => rows.for_each(|row| count(row.ends_with("accepted"))),
        Form::First(words) => {
            let rows = rows.filter(|row| !row.starts_with("program "));
            rows.for_each(|row| count(words.contains(&first(row))));
        }
        Form::Refused(column) => {
            let tried = |row: &&str| row.split('\t').nth(*column) != Some("-");
            rows.filter(tried).for_each(|_| count(false));
        }
        Form::Twins => {
            let mut twins = false;
            for row in rows {
                if row.starts_with("== ") {
                    twins = row == "== twins";
                }
                if twins && (row.starts_with("accepted:") || row.starts_with("refused ")) {
                    count(row.starts_with("accepted"));
                }
            }
        }
    }
    sum
}

/// The first word of a line, without a colon behind it.
fn first(row: &str) -> &str {
    row.split([' ', ':']).next().unwrap_or_default()
}

/// Rows of hostile code by the rule that refuses them.
fn rules(tree: &Tree, page: &mut String) -> Result<(), String> {
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (at, path) in HOSTILE.iter().enumerate() {
        for row in text(tree, path)?.lines().skip(1) {
            // A star marks a row that the check alone judges, without the certifier.
            let rule = row.split('\t').nth(4).unwrap_or_default().trim_end_matches('*');
            if rule != "ok" {
                counts.entry(rule).or_default()[at] += 1;
            }
        }
    }
    let unseen = text(tree, UNSEEN)?.lines().skip(1).count();
    table(
        page,
        "Hostile machine code by rule",
        &format!(
            "Rules are those of `crates/check/src/error.rs`; [claims](claims.md#machine-code-p1-to-p14) \
             has their numbers. {unseen} rejections that the sources name have no row, each with a reason (`{UNSEEN}`)."
        ),
        &["rule", "by hand", "with claims"],
    );
    for (rule, [hand, claims]) in counts {
        let _ = writeln!(page, "| {rule} | {hand} | {claims} |");
    }
    Ok(())
}

/// Scripts of the specification's suite by what each tier makes of them.
fn suite(tree: &Tree, page: &mut String) -> Result<(), String> {
    let mut rows = text(tree, SUITE)?.lines();
    let head: Vec<&str> = rows.next().unwrap_or_default().split('\t').skip(4).collect();
    let mut passed = vec![0; head.len()];
    let mut scripts = 0;
    for row in rows {
        scripts += 1;
        for (sum, cell) in passed.iter_mut().zip(row.split('\t').skip(4)) {
            *sum += usize::from(cell.starts_with("pass") && !cell.contains("fail"));
        }
    }
    if scripts == 0 || head.is_empty() {
        return Err(format!("{SUITE} has no script"));
    }
    table(
        page,
        "The specification's suite",
        &format!(
            "{scripts} scripts (`{SUITE}`); a listed failure that passes fails the run. Machine code runs the suite too, \
             in three ways (`tests/native/suite.tsv`)."
        ),
        &["tier", "scripts without a failure", "with listed failures"],
    );
    for (tier, passed) in head.iter().zip(passed) {
        let _ = writeln!(page, "| {tier} | {passed} | {} |", scripts - passed);
    }
    Ok(())
}

/// Pairs of modules whose verdict by `prova diff` is known.
fn verdicts(tree: &Tree, page: &mut String) -> Result<(), String> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut pairs = 0;
    for file in tree.files.iter().filter(|file| file.path.starts_with(VERDICTS)) {
        let mut expect = "";
        for line in file.text.lines().filter(|_| file.path.ends_with(".txt")) {
            expect = line.strip_prefix("expect ").unwrap_or(expect);
            if let Some(runs) = line.strip_prefix("runs ") {
                *counts.entry(expect).or_default().entry(runs).or_default() += 1;
                pairs += 1;
            }
        }
    }
    if pairs == 0 {
        return Err(format!("{VERDICTS} has no pair"));
    }
    let runs = ["differ", "agree", "alike", "unlinkable"];
    table(
        page,
        "Pairs of builds with a known verdict of `prova diff`",
        &format!(
            "{pairs} pairs (`{VERDICTS}`, run by `crates/diff/tests/verdicts.rs`), by verdict and by what \
             running both sides shows. *alike*: calls cannot show the difference."
        ),
        &["verdict", "runs differ", "agree", "alike", "unlinkable"],
    );
    for (verdict, counts) in counts {
        let of = runs.map(|runs| counts.get(runs).copied().unwrap_or(0).to_string());
        let _ = writeln!(page, "| {verdict} | {} |", of.join(" | "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_both_verdicts() {
        let hostile = "family\tname\tway\tmodule\trule\na\tb\tc\td\tok\na\tb\tc\td\tMemory\n";
        assert_eq!(lines(hostile, &Form::Column(4)), [1, 1]);
        assert_eq!(lines("a.code\t0x1 Memory\na.code\taccepted\n", &Form::Last), [1, 1]);
        let twins = "# why\nok fold fold:\nform fold none: a => b\nprogram tail | x\n";
        assert_eq!(lines(twins, &Form::First(&["ok"])), [1, 1]);
        let group = "== passes\naccepted: no\n== twins\naccepted: it\nrefused form: x\n  drop a\n";
        assert_eq!(lines(group, &Form::Twins), [1, 1]);
        assert_eq!(lines("# why\na\tb\nc\t-\n", &Form::Refused(1)), [0, 1]);
    }

    #[test]
    fn a_file_without_cases_is_an_error() {
        let tree = Tree::of(&[("a/b.txt", "# nothing\n"), ("a/c.rs", "ok\n")]);
        assert!(counted(&tree, "a/b.txt", &Form::First(&["ok"])).is_err());
        assert!(counted(&tree, "a/", &Form::First(&["ok"])).is_err());
        assert!(counted(&tree, "gone.txt", &Form::Refused(0)).is_err());
    }

    #[test]
    fn a_failure_is_not_passed() {
        let table = "folder\tname\tcounts\texempt\ttail\tmatch\n\
                     a\tb\tc\t-\tpass 3\tpass 2 fail 1\n";
        let mut page = String::new();
        suite(&Tree::of(&[(SUITE, table)]), &mut page).expect("a table");
        assert!(page.ends_with("| tail | 1 | 0 |\n| match | 0 | 1 |\n"), "{page}");
        assert!(suite(&Tree::of(&[(SUITE, "folder\n")]), &mut page).is_err());
    }
}
