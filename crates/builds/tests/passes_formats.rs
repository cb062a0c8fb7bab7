//! Logs that real compilers wrote (`tests/cases/formats`): every header is known, every dump has
//! its function, one edited line is found.
//!
//! A green run does not show that other passes' dumps or other targets' are read as well.

use prova_builds::passes::{self, Fate, Log, Part};
use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases")
}

fn text_of(path: &Path) -> String {
    let mut text = String::new();
    let mut log = Log::open(path).expect("the case is carried");
    log.read_to_string(&mut text).expect("the case is text");
    text
}

/// The name and text of each log.
fn logs() -> Vec<(String, String)> {
    let folder = std::fs::read_dir(cases().join("formats")).expect("the cases are carried");
    let mut logs: Vec<(String, String)> = folder
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, text_of(&path))
        })
        .collect();
    logs.sort();
    assert_eq!(logs.len(), 14, "{:?}", logs.iter().map(|(name, _)| name).collect::<Vec<_>>());
    logs
}

#[test]
fn every_header_is_known_and_every_dump_has_its_function() {
    for (name, text) in logs() {
        let mut functions = BTreeSet::new();
        let mut parts: Vec<Part> = Vec::new();
        let (names, ending) = passes::record(&mut text.as_bytes(), &mut |part| {
            functions.insert(part.function);
            parts.push(part);
            ControlFlow::Continue(())
        })
        .expect("the log can be read");
        let headers = text.lines().filter(|line| line.contains("*** IR ")).count();
        assert_eq!(ending.dumps, headers as u64, "{name}");
        assert!(!ending.cut, "{name}");
        let functions: Vec<String> = functions.into_iter().map(|name| names.of(name)).collect();
        let known = |function: &String| {
            let plain = ["[module]", "[outside]", "run", "other", "twice"];
            plain.contains(&function.as_str()) || function.starts_with("_ZN")
        };
        assert!(functions.iter().any(|function| function == "run"), "{name}: {functions:?}");
        assert!(functions.iter().all(known), "{name}: {functions:?}");
        assert!(parts.iter().all(|part| !names.of(part.pass).is_empty() || part.place.dump == 0));
    }
}

#[test]
fn one_edited_line_is_found_and_stays() {
    for (name, text) in logs() {
        let word = if text.contains("END_FUNCTION") { "END_FUNCTION" } else { "ret i32 %" };
        let at = text.rfind(word).expect("there is a last line of a function");
        let edited = format!("{}EDITED{}", &text[..at], &text[at + word.len()..]);
        let comparison = passes::compare(&mut text.as_bytes(), &mut edited.as_bytes())
            .expect("the logs can be read");
        assert_eq!(comparison.differences.len(), 1, "{name}");
        let first = &comparison.differences[0];
        let textual = first.textual.as_ref().expect("the text differs");
        let header = text.lines().nth(textual.a.place.line as usize - 1).unwrap_or_default();
        assert!(header.contains(&textual.pass), "{name}: {header} {}", textual.pass);
        assert!(header.contains("*** IR "), "{name}: {header}");
        assert!(first.structural.is_some() && !first.function.starts_with('['), "{name}");
        assert_eq!(first.fate, Fate::Stays, "{name}");
        assert!(!comparison.healed());
        let same = passes::compare(&mut text.as_bytes(), &mut text.as_bytes());
        assert!(same.expect("the log can be read").equal(), "{name}");
    }
}

#[test]
fn what_heals_in_a_real_compiler_says_so() {
    let path = |name: &str| cases().join("healed").join(name);
    let mut a = Log::open(&path("a.log.gz")).expect("the case is carried");
    let mut b = Log::open(&path("b.log.gz")).expect("the case is carried");
    let comparison = passes::compare(&mut a, &mut b).expect("the logs can be read");
    assert!(comparison.healed() && !comparison.equal());
    let first = comparison.first().expect("they differ");
    let pass = |pass: &str| format!("WebAssembly {pass}");
    assert_eq!(
        first.textual.as_ref().map(|at| at.pass.clone()),
        Some(pass("Fix Irreducible Control Flow"))
    );
    assert_eq!(first.fate, Fate::Healed(pass("Explicit Locals")));
    let evidence = passes::evidence(&comparison, &mut a, &mut b);
    let text = passes::report(&comparison, &evidence, ["a", "b"]).to_text();
    assert!(text.contains("all healed: the last dumps are equal"), "{text}");
    assert!(text.contains("- 11754  successors: %bb.1(0x40000000), %bb.26("), "{text}");
    let json = serde_json::json!(passes::report(&comparison, &evidence, ["a", "b"]));
    assert_eq!(json["healed"], true);
}
