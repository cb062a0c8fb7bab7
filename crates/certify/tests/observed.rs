//! Machine code under an independent observer (`observer/`): does the observer see what it is for,
//! is honest code clean, and do the mutants that the check accepts keep inside?
//!
//! The whole of `survivors_keep_inside` takes minutes; the README says how it is run.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common::{Built, build, cases};
use crate::observer::campaign::{Plan, Tally};
use crate::observer::run::{End, STEPS_MAX};
use crate::observer::{Stage, Subject, observe};
use std::collections::BTreeMap;

fn subject(built: &Built, v3: bool) -> Subject<'_> {
    let config = built.layout.config();
    Subject {
        wasm: &built.wasm,
        memory: config.memory,
        metering: config.metering,
        cpu: if v3 { prova_check::CpuLevel::V3 } else { prova_check::CpuLevel::V2 },
        signals: config.signals,
        bases: config.bases,
        kind: built.kind,
        bytes: &built.bytes,
        traps: &built.traps,
        calls: &built.calls,
    }
}

/// The cases break no rule, and the runs end in every way.
#[test]
fn honest_code_is_clean() {
    let mut stage = Stage::new();
    let mut ends: BTreeMap<End, usize> = BTreeMap::new();
    for (name, text) in cases() {
        for (v3, opt) in [(true, "speed"), (false, "none")] {
            let built = build(&name, &text, v3, opt);
            let ran = observe(&mut stage, &subject(&built, v3), 0..20, |seen| {
                assert!(seen.steps <= STEPS_MAX);
                *ends.entry(seen.end).or_default() += 1;
            });
            if let Err((seed, broken)) = ran {
                panic!("{name} {opt} v3 {v3}, seed {seed}: {broken}");
            }
        }
    }
    for end in [End::Returned, End::TailCalled, End::Trapped, End::Running] {
        assert!(ends.get(&end).is_some_and(|&count| count > 0), "{ends:?}");
    }
}

/// A part of the mutants, or all of them.
fn mutants(plan: Plan, both: bool) -> Tally {
    let (mut stage, mut tally) = (Stage::new(), Tally::default());
    for (name, text) in cases() {
        let built = build(&name, &text, true, "speed");
        let wanted = (&subject(&built, true), &[][..]);
        tally.mutants(&mut stage, (&name, &built.layout), wanted, plan);
        if both {
            let built = build(&name, &text, false, "none");
            let wanted = (&subject(&built, false), &[][..]);
            tally.mutants(&mut stage, (&format!("{name} v2"), &built.layout), wanted, plan);
        }
    }
    tally
}

/// The observer by itself sees most of what the check refuses: it is no empty oracle.
#[test]
fn what_is_refused_breaks_rules() {
    let tally = mutants(Plan { every: 30, runs: 0, refused: 4 }, false);
    let total = tally.total();
    assert!(2 * total.caught > total.refused, "{tally}");
}

/// Mutants of the cases that the check accepts keep inside: a sample. With `PROVA_RUNS=N` all of
/// them, N runs each. `PROVA_REFUSED=N` adds N runs (0) of each mutant that the check refuses,
/// `PROVA_BOTH` adds the cases as they are compiled for level v2 without optimisation.
#[test]
fn survivors_keep_inside() {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let both = std::env::var_os("PROVA_BOTH").is_some();
    let tally = match variable("PROVA_RUNS") {
        Some(runs) => {
            let refused = variable("PROVA_REFUSED").unwrap_or(0);
            let tally = mutants(Plan { every: 1, runs, refused }, both);
            println!("{tally}\nunreached:\n{}", tally.unreached.join("\n"));
            tally
        }
        None => mutants(Plan { every: 20, runs: 6, refused: 0 }, false),
    };
    assert!(tally.broken.is_empty(), "{tally}");
    assert!(tally.total().executed > 10, "{tally}");
}
