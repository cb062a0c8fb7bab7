//! The pages' commands, run: every `$ …` line of a `console` block, its output compared with the
//! lines below it.
//!
//! A block runs in one directory for each page, a copy of `tests/cases` in which `bin`,
//! `specialize` and `substrate` of `programs` lie too. A line of `> …` goes on with the command
//! above it; a line `…` stands for any number of lines; `[exit N]` ends the output of a command
//! whose code is not 0. The directory's own name is written `~/two-builds`. `PROVA_BLESS=1` writes
//! what the commands print into the page, where it differs.
//!
//! A green run shows that the pages tell the truth about these commands, not that they are good
//! pages, nor that their prose is true.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HOME: &str = "~/two-builds";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A directory with the cases, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("prova-docs-{}-{name}", std::process::id()));
        copy(&root().join("tests/cases"), &path);
        for folder in ["bin", "specialize", "substrate"] {
            copy(&root().join("programs").join(folder), &path.join(folder));
        }
        Place(path.canonicalize().expect("it was made"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        let copied = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).expect("it can be copied");
        }
    }
}

/// Runs a command: the lines that it prints, and its exit code unless that is 0.
fn run(place: &Place, command: &str) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_prova"));
    let mut path = program.parent().expect("it is in a directory").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let date = "2020-07-01T12:00:00Z";
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(&place.0)
        .env("PATH", path)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "You")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "you@example.org")))
        .output()
        .expect("there is a shell");
    let text =
        String::from_utf8_lossy(&output.stdout).replace(&place.0.display().to_string(), HOME);
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    match output.status.code() {
        Some(0) => {}
        code => lines.push(format!("[exit {}]", code.unwrap_or(-1))),
    }
    lines
}

/// Whether lines are as a page has them.
fn matches(expected: &[&str], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((&"…", rest)) => (0..=actual.len()).any(|skip| matches(rest, &actual[skip..])),
        Some((first, rest)) => {
            actual.split_first().is_some_and(|(line, after)| line == first && matches(rest, after))
        }
    }
}

/// Runs a page; the page as it should be, and what was wrong.
fn page(path: &Path) -> (String, String) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let place = Place::new(&path.file_stem().unwrap_or_default().to_string_lossy());
    let lines: Vec<&str> = text.lines().collect();
    let (mut page, mut wrong, mut at, mut commands) = (String::new(), String::new(), 0, 0);
    while at < lines.len() {
        writeln!(page, "{}", lines[at]).ok();
        at += 1;
        if lines[at - 1] != "```console" {
            continue;
        }
        while at < lines.len() && lines[at] != "```" {
            let mut command = lines[at]
                .strip_prefix("$ ")
                .unwrap_or_else(|| panic!("{}:{}: no command", path.display(), at + 1))
                .to_owned();
            writeln!(page, "{}", lines[at]).ok();
            at += 1;
            while let Some(more) = lines.get(at).and_then(|line| line.strip_prefix("> ")) {
                write!(command, "\n{more}").ok();
                writeln!(page, "{}", lines[at]).ok();
                at += 1;
            }
            let until =
                (at..lines.len()).find(|&at| lines[at].starts_with("$ ") || lines[at] == "```");
            let expected = &lines[at..until.unwrap_or(lines.len())];
            let actual = run(&place, &command);
            commands += 1;
            if matches(expected, &actual) {
                expected.iter().for_each(|line| writeln!(page, "{line}").unwrap_or_default());
            } else {
                actual.iter().for_each(|line| writeln!(page, "{line}").unwrap_or_default());
                writeln!(wrong, "{}:{}: $ {command}\n{}", path.display(), at, actual.join("\n"))
                    .ok();
            }
            at += expected.len();
        }
    }
    assert!(commands > 0, "{} has no command", path.display());
    (page, wrong)
}

pub(crate) fn check(name: &str) {
    let path = root().join("docs").join(name);
    let (page, wrong) = page(&path);
    if std::env::var_os("PROVA_BLESS").is_some() {
        fs::write(&path, page).expect("the page can be written");
        return;
    }
    assert!(wrong.is_empty(), "the page says something else (PROVA_BLESS=1 rewrites it)\n{wrong}");
}

#[test]
fn repro() {
    check("reference/repro.md");
}

#[test]
fn isolate() {
    check("reference/isolate.md");
}

#[test]
fn explain() {
    check("reference/explain.md");
}

#[test]
fn an_ellipsis_stands_for_lines_and_nothing_else_does() {
    let actual = ["a", "b", "c"].map(String::from);
    assert!(
        matches(&["a", "…", "c"], &actual)
            && matches(&["…"], &actual)
            && matches(&["a", "b", "c", "…"], &actual)
    );
    assert!(
        !matches(&["a", "…", "d"], &actual)
            && !matches(&["a", "c"], &actual)
            && !matches(&[], &actual)
    );
}

#[test]
fn opt() {
    check("reference/opt.md");
}

#[test]
fn record() {
    check("reference/record.md");
}

#[test]
fn trace() {
    check("reference/trace.md");
}

#[test]
fn shrink() {
    check("reference/shrink.md");
}

#[test]
fn diverge() {
    check("reference/diverge.md");
}

#[test]
fn specialize() {
    check("reference/specialize.md");
}
