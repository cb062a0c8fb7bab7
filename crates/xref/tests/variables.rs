//! Answers about variables, as text: `variables/*.txt`. A file names a module of
//! `crates/symbols/tests/modules`, whose own tests compare with `llvm-dwarfdump`; a line `> …`
//! asks, as the command line does. `PROVA_BLESS=1` writes the answers.

use prova_module::{Features, Limits, Module};
use prova_xref::{at_operator, target, xref};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/variables")
}

/// The answer to `ADDR`, a name, or `--at OFFSET [NAME]`.
fn answer(module: &Module, asked: &str) -> Result<String, String> {
    if let Some(at) = asked.strip_prefix("--at ") {
        let (offset, only) = at.split_once(' ').map_or((at, None), |(at, only)| (at, Some(only)));
        return Ok(at_operator(module, offset, only)?.tree().to_text());
    }
    let report = xref(module, target(module, asked)?).with_variables(module);
    // The lists of uses have their own tests.
    let head = report.tree().to_text();
    Ok(head.split("\n\n").next().unwrap_or_default().to_owned() + "\n")
}

fn played(text: &str) -> String {
    let name = text.lines().next().expect("a module's name");
    let path = folder().join("../../../symbols/tests/modules").join(name);
    let bytes = std::fs::read(path).expect("the module");
    let module = Module::decode(bytes, &Features::default(), &Limits::default()).expect("valid");
    let mut told = format!("{name}\n");
    for line in text.lines().skip(1).filter(|line| line.starts_with(['>', '#'])) {
        writeln!(told, "{line}").expect("memory");
        let Some(asked) = line.strip_prefix("> ") else { continue };
        match answer(&module, asked) {
            Ok(text) => told.push_str(&text),
            Err(message) => writeln!(told, "error: {message}").expect("memory"),
        }
    }
    told
}

#[test]
fn variables_are_named_as_it_is_written() {
    let entries = std::fs::read_dir(folder()).expect("the folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file");
        let played = played(&text);
        if std::env::var_os("PROVA_BLESS").is_some() {
            std::fs::write(&file, played).expect("it can be written");
        } else {
            assert_eq!(text, played, "{}", file.display());
        }
    }
}
