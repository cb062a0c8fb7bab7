//! The files of `tests/files/translate`: text in, bytecode out, and runs of both.
//!
//! The README of that folder describes the files and says what a green run does not show.

use crate::support::wasm::Evaluator;
use crate::support::{Outcome, compare, module, translate_all};
use prova_bytecode::{Metering, Settings, text};
use prova_translate::Translator;
use std::fmt::Write;
use std::path::Path;

/// The line that ends the module and begins the expected code.
const CODE: &str = "\n;; code\n";

#[test]
fn the_files_translate_to_their_code() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/translate");
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    let mut failures = String::new();
    let (mut files, mut runs) = (0, 0);
    let entries = std::fs::read_dir(&directory).expect("the repository carries the files");
    let mut paths: Vec<_> = entries.map(|e| e.expect("a directory entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.extension().is_none_or(|extension| extension != "wat") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let (source, expected) = text.split_once(CODE).unwrap_or((text.trim_end(), ""));
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let (code, ran) = translate(source, &name, &mut failures);
        if code != expected {
            if bless {
                let text = format!("{source}{CODE}{code}");
                std::fs::write(&path, text).expect("a writable file");
            } else {
                let _ = writeln!(failures, "{name}: expected\n{expected}\ngot\n{code}");
            }
        }
        files += 1;
        runs += ran;
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(files >= 25 && runs >= 60, "{files} files, {runs} runs");
}

/// The code of a file's functions, and how many runs it had.
fn translate(source: &str, name: &str, failures: &mut String) -> (String, usize) {
    let mut settings = Settings::default();
    for word in directives(source, "settings").flat_map(str::split_whitespace) {
        match word {
            "fuel" => settings.metering = Metering::Fuel,
            "epoch" => settings.metering = Metering::Epoch,
            "both" => settings.metering = Metering::Both,
            "deterministic" => settings.deterministic = true,
            other => panic!("{name}: unknown setting {other}"),
        }
    }
    let bytes = wat::parse_str(source).unwrap_or_else(|error| panic!("{name}: {error}"));
    println!("{name}");
    let module = module(&bytes);
    let code = translate_all(&mut Translator::new(), &module, &settings);
    let mut listing = String::new();
    for (candidate, _) in &code {
        let _ = writeln!(listing, ";; {}", candidate.func);
        for line in text::display(&candidate.words).to_string().lines() {
            let _ = writeln!(listing, ";; {line}");
        }
    }
    let mut evaluator = Evaluator::new(&module);
    let mut runs = 0;
    for run in directives(source, "run") {
        let parsed = parse_run(run).unwrap_or_else(|| panic!("{name}: cannot read run {run}"));
        let (func, arguments, expected) = parsed;
        let outcome = compare(&module, &mut evaluator, &code, func, &arguments, settings.metering);
        if outcome != (Outcome::Done, expected) {
            let _ = writeln!(failures, "{name}: run {run} gave {outcome:x?}");
        }
        runs += 1;
    }
    (listing, runs)
}

fn directives<'s>(source: &'s str, name: &'s str) -> impl Iterator<Item = &'s str> {
    source.lines().filter_map(move |line| {
        line.strip_prefix(";; ")?.strip_prefix(name)?.strip_prefix(' ').map(str::trim)
    })
}

/// `N: ARGUMENTS -> RESULTS`; a negative cell is an i32 unless it does not fit.
fn parse_run(run: &str) -> Option<(usize, Vec<u64>, Vec<u64>)> {
    let (func, values) = run.split_once(':')?;
    let (arguments, results) = values.split_once("->")?;
    let cells = |text: &str| text.split_whitespace().map(cell).collect::<Option<Vec<u64>>>();
    Some((func.parse().ok()?, cells(arguments)?, cells(results)?))
}

fn cell(text: &str) -> Option<u64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok();
    }
    let value: i64 = text.parse().ok()?;
    Some(i32::try_from(value).map_or(value as u64, |value| u64::from(value as u32)))
}
