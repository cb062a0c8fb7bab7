//! The first screen of a report: its beginning for a pair, as text, for each file of `screens`.
//!
//! A file has a line that says what it is for, then parts under `--- a`, `--- b` (a module in text
//! format, or `file NAME` for one of `tests/cases`) and `--- screen`: the first lines of the
//! report. `PROVA_BLESS=1` writes the screens anew; read the difference before it is committed.
//!
//! Green does not show that the screens are good; look at each one that you change.

use prova_diff::{DiffOptions, diff};
use prova_module::{Features, Limits, Module};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a screen.
const LINES: usize = 40;

fn module(text: &str) -> Module {
    let bytes = match text.trim().strip_prefix("file ") {
        Some(name) => {
            let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
            fs::read(cases.join(name.trim())).expect("a case's file")
        }
        None => wat::parse_str(text).expect("text format"),
    };
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// The part under a mark, up to the next.
fn part<'t>(text: &'t str, mark: &str) -> &'t str {
    let start = text.find(mark).unwrap_or_else(|| panic!("no `{mark}`")) + mark.len();
    text[start..].split("\n--- ").next().unwrap_or_default().trim_matches('\n')
}

fn screens() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    let entries = fs::read_dir(folder).expect("the folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn first_screens_are_as_they_were() {
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    let files = screens();
    assert!(files.len() >= 5, "{files:?}");
    for path in files {
        let text = fs::read_to_string(&path).expect("a screen");
        let (a, b) = (module(part(&text, "--- a\n")), module(part(&text, "--- b\n")));
        let report = diff(&a, &b, &DiffOptions::default()).to_text();
        let screen: Vec<&str> = report.lines().take(LINES).collect();
        let screen = screen.join("\n");
        let (head, known) = text.split_once("--- screen\n").expect("a screen");
        if bless {
            fs::write(&path, format!("{head}--- screen\n{screen}\n")).expect("it can be written");
        } else {
            assert_eq!(known.trim_end(), screen.trim_end(), "{}", path.display());
        }
    }
}
