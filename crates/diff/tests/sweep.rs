//! Every bit of every byte outside custom sections of three small real modules, changed one by one:
//! if the report does not say `changed`, it is the same module.
//!
//! Two judges that know nothing of `diff` say so, too: both sides do the same when a host calls all
//! exports, and both are the same text section by section (`wasmprinter`). A verdict on bytes of
//! data (`text`, `path`, …) says that bytes differ: there the text may differ in data segments and
//! nowhere else. `layout-only` says that the code of a function differs and does the same: there
//! everything except that function has to be the same, and the runs judge the function.
//! `renumbered` says that locals differ and the code does the same: there only lines of locals may
//! differ.
//!
//! A second sweep does the same beside data that moved, where numbers may differ. In two builds in
//! which a path has another length, each bit of one build is changed. If nothing in the report is
//! graver than without the change, and no more is assumed, the change changed nothing in a run.
//!
//! The suite takes every bit of the two smallest modules and one byte in 101 of the third, in one
//! bit; `PROVA_SWEEP=all` takes all. Green does not show edits of more than one byte, nor that a
//! module differs for which the report says `changed`.

use crate::support::observe;
use prova_diff::{DiffOptions, Kind, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::collections::BTreeMap;
use std::path::Path;

/// Path from the folder of tests; in the suite, the step in bytes from one changed byte to the
/// next, and the number of bits that are changed of each.
const MODULES: [(&str, usize, usize); 3] = [
    ("../../../tests/cases/irreducible/a.wasm", 1, 8),
    ("verdicts/real-static-a.wasm", 1, 8),
    ("../../../programs/bin/pair-a.wasm", 101, 1),
];

fn decode(bytes: Vec<u8>) -> Option<Module> {
    Module::decode(bytes, &Features::default(), &Limits::default()).ok()
}

/// The gravest verdict of a report.
fn told(report: &Report) -> Verdict {
    let all = report.differences.iter().map(|difference| difference.verdict);
    all.max().unwrap_or(Verdict::Identical)
}

/// The text of a module, item by item, without custom sections; data segments by themselves.
fn text(bytes: &[u8]) -> (Vec<String>, String) {
    let text = wasmprinter::print_bytes(bytes).expect("a valid module");
    let (data, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.trim_start().starts_with("(data "));
    let mut items: Vec<String> = Vec::new();
    for line in rest {
        match items.last_mut() {
            Some(item) if !line.starts_with("  (") => item.push_str(&format!("\n{line}")),
            _ => items.push(line.to_owned()),
        }
    }
    (items, data.join("\n"))
}

/// The items without the functions of these indices; of those, what `keep` keeps.
fn without(items: &[String], funcs: &[u64], keep: impl Fn(&str) -> bool) -> Vec<String> {
    let told = |item: &&String| funcs.iter().any(|func| item.contains(&format!("(;{func};)")));
    let one = |item: &String| {
        if !item.starts_with("  (func ") || !told(&item) {
            return item.clone();
        }
        item.lines().filter(|line| keep(line.trim_start())).collect::<Vec<&str>>().join("\n")
    };
    items.iter().map(one).collect()
}

/// Why a verdict that is not `changed` is wrong, if it is.
fn wrong(a: &[u8], b: &[u8], report: &Report) -> Option<String> {
    use Verdict::{LayoutOnly, Path, RandomLooking, Renumbered, Text, Timestamp, Url};
    let ((rest_a, data_a), (rest_b, data_b)) = (text(a), text(b));
    let verdict = told(report);
    let of_bytes = matches!(verdict, Path | Timestamp | Text | Url | RandomLooking);
    let funcs = |verdict: Verdict| -> Vec<u64> {
        let all = report.differences.iter().filter(|one| one.kind == Kind::Function);
        all.filter(|one| one.verdict == verdict).filter_map(|one| one.a).collect()
    };
    let same = |items: &[String]| {
        let items = without(items, &funcs(LayoutOnly), |_| false);
        without(&items, &funcs(Renumbered), |line| !line.starts_with("local."))
    };
    if same(&rest_a) != same(&rest_b) {
        return Some(format!("{verdict}, but sections differ"));
    }
    if !of_bytes && data_a != data_b {
        return Some(format!("{verdict}, but data differs"));
    }
    let differs = !of_bytes && observe(a) != observe(b);
    differs.then(|| format!("{verdict}, but a run differs"))
}

/// The verdict on a module in which one bit is flipped, and the fault of that verdict, if it has
/// one.
fn flip(original: &[u8], module: &Module, at: usize, bit: usize) -> (String, Option<String>) {
    let mut bytes = original.to_vec();
    bytes[at] ^= 1 << bit;
    let Some(other) = decode(bytes.clone()) else { return ("invalid".to_owned(), None) };
    let options = DiffOptions { runs: 4, code_lines: 0, ..DiffOptions::default() };
    let report = diff(module, &other, &options);
    let verdict = told(&report);
    let is_harmless = verdict != Verdict::Changed && verdict != Verdict::AssumedMoved;
    let why = if is_harmless { wrong(original, &bytes, &report) } else { None };
    let fault = |why| format!("byte {at:#x}, bit {bit}: {why}\n{}", report.to_text());
    (verdict.to_string(), why.map(fault))
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
        let sites: Vec<usize> = (0..original.len()).filter(outside).step_by(step).collect();
        let sweep = |at: usize| -> Vec<(String, Option<String>)> {
            (0..bits).map(|bit| flip(&original, &module, at, (bit + at / step) % 8)).collect()
        };
        let told: Vec<Vec<(String, Option<String>)>> = sites.into_par_iter().map(sweep).collect();
        for (verdict, fault) in told.into_iter().flatten() {
            *verdicts.entry(verdict).or_default() += 1;
            faults.extend(fault.map(|fault| format!("{name}, {fault}")));
        }
    }
    println!("{verdicts:?}");
    assert!(faults.is_empty(), "{} of {verdicts:?}\n{}", faults.len(), faults.join("\n"));
    // The sweep has seen something of each sort.
    for verdict in ["invalid", "changed"] {
        assert!(verdicts.get(verdict).is_some_and(|count| *count > 100), "{verdicts:?}");
    }
}

/// Pairs in which a path is longer, one of them with debug information.
const MOVED: [(&str, &str); 2] = [
    ("verdicts/debug-a.wasm", "verdicts/debug-b.wasm"),
    ("verdicts/moved-a.wasm", "verdicts/moved-b.wasm"),
];

/// By name the gravest verdict; the texts and assumptions in the evidence; how many numbers are
/// assumed something.
fn list(report: &Report) -> (BTreeMap<String, Verdict>, Vec<String>, u64) {
    let mut verdicts = BTreeMap::new();
    for one in &report.differences {
        let known = verdicts.entry(format!("{:?} {}", one.kind, one.name)).or_insert(one.verdict);
        *known = one.verdict.max(*known);
    }
    let assumption = |one: &prova_diff::Difference, line: &str| {
        one.verdict == Verdict::AssumedMoved || line.starts_with("text in ")
    };
    let evidence = report
        .differences
        .iter()
        .flat_map(|one| one.evidence.iter().filter(move |line| assumption(one, line)).cloned());
    let texts = evidence.collect();
    let assumed = report.differences.iter().filter(|one| one.verdict == Verdict::AssumedMoved);
    (verdicts, texts, assumed.map(|one| one.sites).sum())
}

/// Whether a report says nothing graver than another one, of the same text and under the same
/// assumptions.
fn no_graver(report: &Report, than: &Report) -> bool {
    let ((verdicts, texts, assumed), known) = (list(report), list(than));
    let least = Verdict::Identical;
    texts == known.1
        && assumed <= known.2
        && verdicts.iter().all(|(name, one)| one <= known.0.get(name).unwrap_or(&least))
}

#[test]
fn what_is_told_as_before_beside_a_longer_path_does_the_same() {
    let options = DiffOptions { runs: 4, code_lines: 0, ..DiffOptions::default() };
    let mut faults = Vec::new();
    let mut seen = (0, 0, 0);
    for (a, b) in MOVED {
        let read = |name: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
            std::fs::read(path).expect(name)
        };
        let bytes_b = read(b);
        let (x, y) = (decode(read(a)).expect(a), decode(bytes_b.clone()).expect(b));
        let (told, runs) = (diff(&x, &y, &options), observe(&bytes_b));
        let customs = |at: &usize| {
            y.sections().iter().any(|section| section.id == 0 && section.range.contains(at))
        };
        for at in (8..bytes_b.len()).filter(|at| !customs(at)) {
            for bit in 0..8 {
                let mut bytes = bytes_b.clone();
                bytes[at] ^= 1 << bit;
                let Some(other) = decode(bytes.clone()) else { continue };
                seen.0 += 1;
                if !no_graver(&diff(&x, &other, &options), &told) {
                    seen.1 += 1;
                } else if observe(&bytes) != runs {
                    faults.push(format!("{b}, byte {at:#x}, bit {bit}"));
                } else {
                    seen.2 += 1;
                }
            }
        }
    }
    println!("{seen:?}");
    assert!(faults.is_empty(), "{} of {seen:?}\n{}", faults.len(), faults.join("\n"));
    assert!(seen.1 > 100, "{seen:?}");
}
