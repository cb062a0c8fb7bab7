//! Real pairs of builds, with the answers known from their compilers (`tests/cases/README.md`).

use prova_diff::{Allow, DiffOptions, Kind, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use std::path::Path;

fn module(name: &str) -> Module {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases").join(name);
    let bytes = std::fs::read(path).expect("a case's file");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn compare(a: &str, b: &str) -> Report {
    diff(&module(a), &module(b), &DiffOptions::default())
}

#[test]
fn dispatcher_states_of_irreducible_control_flow_are_layout_only() {
    let report = compare("irreducible/a.wasm", "irreducible/b.wasm");
    assert_eq!(report.clusters.len(), 1, "{}", report.to_text());
    assert_eq!(report.clusters[0].verdict, Verdict::LayoutOnly);
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!(difference.name, "run");
    assert_eq!(difference.summary, "layout-only, dispatcher states permuted");
    assert!(
        difference
            .evidence
            .iter()
            .any(|line| line.starts_with("100 executions on random inputs agree"))
    );
}

#[test]
fn the_objects_say_the_same_and_relocations_follow() {
    let report = compare("irreducible/a.o", "irreducible/b.o");
    assert_eq!(report.clusters.len(), 1, "{}", report.to_text());
    assert_eq!(report.clusters[0].verdict, Verdict::LayoutOnly);
    assert_eq!(report.differences[0].summary, "layout-only, dispatcher states permuted");
    assert_eq!(report.differences[0].name, "run");
    assert!(report.differences[1..].iter().all(|difference| difference.verdict == Verdict::Moved));
}

#[test]
fn a_seed_drawn_at_build_time_is_four_bytes_and_nothing_else() {
    let report = compare("feature-leak/leaky1.wasm", "feature-leak/leaky2.wasm");
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!((difference.kind, difference.verdict), (Kind::Data, Verdict::RandomLooking));
    assert_eq!(
        (difference.name.as_str(), difference.a, difference.sites),
        (".data", Some(1_051_688), 4)
    );
    let users = "used by code: 2 reads, 2 writes, 1 escape of the address, in generate";
    assert!(difference.evidence.iter().any(|line| line == users), "{:?}", difference.evidence);
    let functions: u64 =
        report.counts.iter().filter(|c| c.verdict != Verdict::Identical).map(|c| c.functions).sum();
    assert_eq!(functions, 0);
}

#[test]
fn a_longer_directory_is_one_cause() {
    let report = compare("path-shift/a.wasm", "path-shift/b.wasm");
    let [cluster] = report.clusters.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!(cluster.verdict, Verdict::Path);
    assert_eq!(cluster.cause, "path string grew by 25 bytes; later addresses moved");
    // 402 lines of the text form move; data is two of them.
    assert!(cluster.sites > 402, "{}", report.to_text());
    let follows = [Verdict::Path, Verdict::Moved, Verdict::AssumedMoved];
    assert!(report.differences.iter().all(|d| follows.contains(&d.verdict)));
    assert!(report.to_text().lines().count() < 40);
    assert_eq!(report.exit_code(&[]), 1);
    // What follows from the path is allowed by its own verdict.
    let allowed = |count: usize| {
        let allow: Vec<Allow> = follows.iter().take(count).copied().map(Allow::Verdict).collect();
        report.exit_code(&allow)
    };
    assert_eq!([allowed(1), allowed(2), allowed(3)], [1, 1, 0]);
}

#[test]
fn equal_builds_say_so() {
    let report = compare("path-shift/a.wasm", "path-shift/a.wasm");
    assert!(report.equal && report.clusters.is_empty());
    assert!(report.to_text().starts_with("equal: byte for byte"));
}

#[test]
fn unrelated_modules_are_reported_without_a_false_verdict() {
    let report = compare("irreducible/a.wasm", "feature-leak/leaky1.wasm");
    assert!(!report.equal);
    let allow = ["renumbered", "moved", "layout-only", "paths", "custom:producers"];
    let allow: Vec<Allow> = allow.iter().filter_map(|name| Allow::parse(name)).collect();
    assert_eq!((allow.len(), report.exit_code(&allow)), (5, 1));
    assert!(report.to_text().lines().count() < 2000);
}

#[test]
fn reports_depend_on_the_modules_alone() {
    let once = compare("path-shift/a.wasm", "feature-leak/leaky1.wasm");
    let twice = compare("path-shift/a.wasm", "feature-leak/leaky1.wasm");
    assert_eq!(once, twice);
    assert_eq!(once.tree().to_json().expect("JSON"), twice.tree().to_json().expect("JSON"));
}
