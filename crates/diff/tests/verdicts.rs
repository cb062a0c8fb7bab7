//! Pairs of modules with one difference each (`verdicts/*.txt`): the gravest verdict is the one
//! that is written there, `--allow` follows it, and both sides were run to see whether they differ.
//!
//! A case is
//!
//! ```text
//! == name: what differs
//! expect VERDICT
//! runs differ | agree | alike | unlinkable
//! harmless WHY               only if `--allow harmless` lets it pass though its runs differ
//! -- a                       the text of a module, or `-- a file PATH[, byte AT is VALUE]`
//! -- b                       the same, or `-- b is a, but` and lines `FROM => TO`, each found once
//! ```
//!
//! `runs` is the observation of a host that calls every export: `differ`, `agree`; `alike` where
//! calls cannot show the difference (say, a name), `unlinkable` where the host does not have an
//! import. A pair that is `assumed-moved`, differs in a run and passes `--allow harmless` says why:
//! the page of the command has the same reasons. A pair that differs in a run never has a harmless
//! verdict, for any expectation.
//!
//! Green does not show pairs of other shapes; `sweep.rs` has each byte of real modules.

use crate::support::{Seen, observe};
use prova_diff::{Allow, DiffOptions, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Cases that are known to fail; one that passes fails the run.
const KNOWN_FAILURES: &[&str] = &[];

/// Verdicts of differences that are proved to behave the same.
const HARMLESS: [Verdict; 4] =
    [Verdict::Identical, Verdict::Renumbered, Verdict::Moved, Verdict::LayoutOnly];

struct Case {
    name: String,
    expect: Verdict,
    runs: String,
    /// Why `--allow harmless` lets it pass.
    harmless: Option<String>,
    a: Vec<u8>,
    b: Vec<u8>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts")
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("text");
    let all: Vec<String> = files.iter().map(read).collect();
    all.iter().flat_map(|text| text.split("\n== ").skip(1).map(case)).collect()
}

/// The lines after a line that starts with `mark`, up to the next mark; and the rest of that line.
fn part<'t>(text: &'t str, mark: &str) -> (&'t str, &'t str) {
    let at = text.find(mark).unwrap_or_else(|| panic!("no `{mark}` in {text}"));
    let rest = &text[at + mark.len()..];
    let (head, body) = rest.split_once('\n').unwrap_or((rest, ""));
    (head.trim(), body.split("\n-- ").next().unwrap_or_default())
}

fn case(text: &str) -> Case {
    let (name, _) = text.split_once(':').expect("a name");
    let word = |key: &str| part(text, key).0.to_owned();
    let verdict = word("\nexpect ");
    let (head_a, body_a) = part(text, "\n-- a");
    let (head_b, body_b) = part(text, "\n-- b");
    let edited = |body: &str| {
        let mut text = body_a.to_owned();
        for line in body.lines().filter(|line| !line.trim().is_empty()) {
            let (from, to) = line.split_once(" => ").expect("FROM => TO");
            assert_eq!(text.matches(from).count(), 1, "{name}: `{from}` stands once");
            text = text.replace(from, to);
        }
        text
    };
    let bytes = |head: &str, body: &str| match head.strip_prefix("file ") {
        Some(file) => from_file(file),
        None if head == "is a, but" => wat(name, &edited(body)),
        None => wat(name, body),
    };
    Case {
        name: name.to_owned(),
        expect: Verdict::parse(&verdict).unwrap_or_else(|| panic!("{name}: {verdict}")),
        runs: word("\nruns "),
        harmless: text.contains("\nharmless ").then(|| word("\nharmless ")),
        a: bytes(head_a, body_a),
        b: bytes(head_b, body_b),
    }
}

fn wat(name: &str, text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn from_file(text: &str) -> Vec<u8> {
    let (path, patch) = match text.split_once(", byte ") {
        Some((path, patch)) => (path, Some(patch.split_once(" is ").expect("AT is VALUE"))),
        None => (text, None),
    };
    let mut bytes = std::fs::read(folder().join("..").join(path)).expect(path);
    if let Some((at, value)) = patch {
        bytes[at.parse::<usize>().expect("an offset")] = value.parse().expect("a byte");
    }
    bytes
}

fn module(name: &str, bytes: &[u8]) -> Module {
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    module.unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn compare(a: &Module, b: &Module) -> Report {
    diff(a, b, &DiffOptions { runs: 20, ..DiffOptions::default() })
}

fn gravest(report: &Report) -> Verdict {
    let all = report.differences.iter().map(|difference| difference.verdict);
    all.max().unwrap_or(Verdict::Identical)
}

/// Checks the answer; the error says what is wrong with it.
fn judge(case: &Case, a: &Module, b: &Module) -> Result<(), String> {
    let report = compare(a, b);
    let found = gravest(&report);
    if found != case.expect {
        return Err(format!("{found} and not {}\n{}", case.expect, report.to_text()));
    }
    let harmless: Vec<Allow> = HARMLESS.into_iter().map(Allow::Verdict).collect();
    if report.allowed(&harmless) != HARMLESS.contains(&case.expect) {
        return Err(format!("--allow says otherwise\n{}", report.to_text()));
    }
    // What is allowed by name is allowed, and nothing that is not.
    let mut all: BTreeSet<Verdict> = report.differences.iter().map(|one| one.verdict).collect();
    let allow = |all: &BTreeSet<Verdict>| all.iter().copied().map(Allow::Verdict).collect();
    let every: Vec<Allow> = allow(&all);
    all.remove(&found);
    let without: Vec<Allow> = allow(&all);
    if !report.allowed(&every) || !report.equal && report.allowed(&without) {
        return Err(format!("--allow does not look at each difference\n{}", report.to_text()));
    }
    // What an auditor allows by one word says why it may differ.
    let passes = report.allowed(&[Allow::Harmless]);
    let told = found == Verdict::AssumedMoved && case.runs == "differ";
    if told && passes != case.harmless.is_some() || case.harmless.is_some() && !told {
        let list = [report.assumptions(true), report.assumptions(false)].concat().join("\n");
        return Err(format!("--allow harmless lets it pass: {passes}\n{list}"));
    }
    // Texts that run into each other may be told by another verdict from the other side.
    let back = gravest(&compare(b, a));
    if HARMLESS.contains(&back) != HARMLESS.contains(&found) {
        return Err(format!("{found}, but {back} the other way round\n{}", report.to_text()));
    }
    Ok(())
}

#[test]
fn each_pair_gets_its_verdict() {
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for case in cases() {
        let (a, b) = (module(&case.name, &case.a), module(&case.name, &case.b));
        assert!(names.insert(case.name.clone()), "{} stands twice", case.name);
        let known = KNOWN_FAILURES.contains(&case.name.as_str());
        match (judge(&case, &a, &b), known) {
            (Ok(()), false) | (Err(_), true) => {}
            (Ok(()), true) => wrong.push(format!("{}: passes, and is listed", case.name)),
            (Err(why), false) => wrong.push(format!("{}: {why}", case.name)),
        }
    }
    let count = (wrong.len(), names.len());
    assert!(wrong.is_empty(), "{} of {} cases\n{}", count.0, count.1, wrong.join("\n\n"));
}

/// Both sides of each case do what the case says, and what differs in a run has no harmless
/// verdict.
#[test]
fn each_pair_was_run() {
    let mut wrong = Vec::new();
    for case in cases() {
        let seen = (observe(&case.a), observe(&case.b));
        let found = match &seen {
            (Seen::Unlinkable(_), _) | (_, Seen::Unlinkable(_)) => "unlinkable",
            (a, b) if a == b => "agree",
            _ => "differ",
        };
        let said = if case.runs == "alike" { "agree" } else { &case.runs };
        if found != said {
            wrong.push(format!("{}: {found} and not {said}: {seen:?}", case.name));
        }
        if HARMLESS.contains(&case.expect) && case.runs != "agree" {
            wrong.push(format!("{}: harmless, but {found}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n\n"));
}
