//! Hostile modules, in a separate process, and proof that each demand on the answers is seen to be
//! broken.
//!
//! A green run does not show that no input exists beyond the demands: `prova-testing bad-input
//! --count 100000` looks longer.

use prova_testing::bounds::bad_input::{
    Answer, answer, measure, settings, shapes::SHAPES, supervise,
};
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn shapes_and_mutants_are_answered_in_time_and_memory() {
    let program = Path::new(env!("CARGO_BIN_EXE_prova-testing"));
    let count = SHAPES.len() as u64 + 400;
    let (findings, report) =
        supervise::campaign((program, "bad-input"), 5, 0, count).expect("the worker starts");
    assert!(findings.is_empty(), "{findings:#?}");
    assert!(report.contains(" accepted, "), "{report}");
}

/// Artifacts with changed bytes and pieces; `prova-testing artifacts` looks longer.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn changed_artifacts_are_refused_or_confined() {
    let program = Path::new(env!("CARGO_BIN_EXE_prova-testing"));
    let campaign = supervise::campaign((program, "artifacts"), 5, 0, 640);
    let (findings, report) = campaign.expect("the worker starts");
    assert!(findings.is_empty(), "{findings:#?}");
    assert!(report.contains(" run alike, "), "{report}");
}

/// Entries of the cache, changed; `prova-testing cache` looks longer.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn changed_entries_of_the_cache_are_refused_or_confined() {
    let program = Path::new(env!("CARGO_BIN_EXE_prova-testing"));
    let (findings, report) =
        supervise::campaign((program, "cache"), 5, 0, 192).expect("the worker starts");
    assert!(findings.is_empty(), "{findings:#?}");
    assert!(report.contains(" refused by the key, "), "{report}");
}

#[test]
fn a_worker_that_dies_is_a_finding() {
    // Misuse ends it before its first input.
    let program = Path::new(if cfg!(windows) { "where" } else { "false" });
    let (findings, report) =
        supervise::campaign((program, "bad-input"), 5, 7, 1).expect("the program starts");
    assert!(findings[0].contains("input 7 of seed 5: the process ended"), "{findings:?}");
    assert!(report.contains("died"), "{report}");
}

#[test]
fn each_demand_is_seen_to_be_broken() {
    assert!(measure(b"", |bytes| answer(bytes, settings(0))).is_ok());
    let panic = measure(b"", |_| panic!("planted"));
    assert!(panic.is_err_and(|complaint| complaint.contains("planted")));
    let slow = measure(b"", |_| {
        // Processor time, not sleep; the end is for a machine that has none to give.
        let start = Instant::now();
        let before = seconds(start);
        while seconds(start) - before < 1.3 && start.elapsed() < Duration::from_secs(120) {
            std::hint::black_box(
                (0..1_000_000_u64).fold(0, |sum, x| std::hint::black_box(sum ^ x)),
            );
        }
        Ok(Answer::Accepted)
    });
    assert!(slow.is_err_and(|complaint| complaint.contains("for 0 bytes")));
    if cfg!(target_os = "linux") {
        let big = measure(b"", |_| {
            std::hint::black_box(vec![1_u8; 100 << 20]);
            Ok(Answer::Accepted)
        });
        assert!(big.is_err_and(|complaint| complaint.contains("of memory")));
    }
}

/// Processor time of this thread in seconds, or where the system does not tell it, the time since
/// `start`.
fn seconds(start: Instant) -> f64 {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = line.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.map_or_else(|| start.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}
