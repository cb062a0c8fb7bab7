//! Every bit of every byte outside custom sections of three small real modules, changed one by one:
//! what is not told `changed` is the same module.
//!
//! The same by two judges that know nothing of `diff`: both sides do the same when a host calls all
//! exports, and both are the same text section by section (`wasmprinter`). A verdict on bytes of data
//! (`text`, `path`, …) says that bytes differ: there the text may differ in data segments and nowhere
//! else.
//!
//! The suite takes every bit of the two smallest modules and one byte in 101 of the third, in one
//! bit; `PROVA_SWEEP=all` takes all. Green does not show edits of more than one byte, nor that what is
//! told `changed` differs.

mod support;

use prova_investigate::diff::{DiffOptions, Kind, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use std::collections::BTreeMap;
use std::path::Path;
use support::observe;

/// Path from the folder of tests; one byte in so many, and how many of its bits, in the suite.
const MODULES: [(&str, usize, usize); 3] = [
    ("../../../tests/cases/irreducible/a.wasm", 1, 8),
    ("verdicts/real-static-a.wasm", 1, 8),
    ("../../../programs/bin/pair-a.wasm", 101, 1),
];

fn decode(bytes: Vec<u8>) -> Option<Module> {
    Module::decode(bytes, &Features::default(), &Limits::default()).ok()
}

/// What a report says in all.
fn told(report: &Report) -> Verdict {
    let all = report.differences.iter().map(|difference| difference.verdict);
    all.max().unwrap_or(Verdict::Identical)
}

/// The text of a module, without its custom sections, and that of its data segments by themselves.
fn text(bytes: &[u8]) -> (String, String) {
    let text = wasmprinter::print_bytes(bytes).expect("a valid module");
    let (data, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.trim_start().starts_with("(data "));
    (rest.join("\n"), data.join("\n"))
}

/// Why a verdict that is not `changed` is wrong, if it is.
fn wrong(a: &[u8], b: &[u8], report: &Report) -> Option<String> {
    let ((rest_a, data_a), (rest_b, data_b)) = (text(a), text(b));
    let verdict = told(report);
    let of_bytes = |verdict: Verdict| {
        use Verdict::{Path, RandomLooking, Text, Timestamp, Url};
        matches!(verdict, Path | Timestamp | Text | Url | RandomLooking)
    };
    // Locals of a function under other numbers: the text differs in lines of locals alone.
    let renamed = report.differences.iter().all(|one| {
        one.kind == Kind::Function && one.verdict == Verdict::Renumbered
    });
    if renamed && !report.differences.is_empty() {
        let others = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("local."));
            lines.map(str::to_owned).collect()
        };
        if others(&rest_a) != others(&rest_b) || data_a != data_b {
            return Some(format!("{verdict}, but more than locals differ"));
        }
    } else if rest_a != rest_b {
        return Some(format!("{verdict}, but sections differ"));
    } else if !of_bytes(verdict) && data_a != data_b {
        return Some(format!("{verdict}, but data differs"));
    }
    let differs = !of_bytes(verdict) && observe(a) != observe(b);
    differs.then(|| format!("{verdict}, but a run differs"))
}

#[test]
fn what_is_not_told_changed_is_the_same_module() {
    let all = std::env::var_os("PROVA_SWEEP").is_some_and(|value| value == "all");
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, step, bits) in MODULES {
        let (step, bits) = if all { (1, 8) } else { (step, bits) };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
        let original = std::fs::read(path).expect(name);
        let module = decode(original.clone()).expect(name);
        let outside = |at: &usize| {
            let mut customs = module.sections().iter().filter(|section| section.id == 0);
            *at >= 8 && !customs.any(|section| section.range.contains(at))
        };
        for at in (0..original.len()).filter(outside).step_by(step) {
            for bit in 0..bits {
                let mut bytes = original.clone();
                bytes[at] ^= 1 << ((bit + at / step) % 8);
                let Some(other) = decode(bytes.clone()) else {
                    *verdicts.entry("invalid".into()).or_default() += 1;
                    continue;
                };
                let options = DiffOptions { runs: 4, code_lines: 0, ..DiffOptions::default() };
                let report = diff(&module, &other, &options);
                let verdict = told(&report);
                *verdicts.entry(verdict.to_string()).or_default() += 1;
                if verdict == Verdict::Changed || verdict == Verdict::AssumedMoved {
                    continue;
                }
                if let Some(why) = wrong(&original, &bytes, &report) {
                    faults.push(format!("{name}, byte {at:#x}, bit {bit}: {why}\n{}", report.to_text()));
                }
            }
        }
    }
    println!("{verdicts:?}");
    assert!(faults.is_empty(), "{} of {verdicts:?}\n{}", faults.len(), faults.join("\n"));
    // The sweep has seen something of each sort.
    for verdict in ["invalid", "changed"] {
        assert!(verdicts.get(verdict).is_some_and(|count| *count > 100), "{verdicts:?}");
    }
}
