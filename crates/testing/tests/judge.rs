//! A short judgement by Wasmtime, where it is installed, and proof that it objects to a wrong
//! answer.
//!
//! Without Wasmtime in `PATH` (or in the variable `PROVA_WASMTIME`) both tests are *ignored* with
//! the reason, never ok. A green run does not show anything beyond what the generator writes.

use libtest_mimic::{Arguments, Failed, Trial};
use prova_testing::agree::judge::{self, Plant, Verdict};
use prova_testing::sides::run::{Outcome, Record};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let named = std::env::var_os("PROVA_WASMTIME").map(PathBuf::from);
    let wasmtime = named.unwrap_or_else(|| PathBuf::from("wasmtime"));
    let absent = judge::version(&wasmtime).err();
    let trial = |name: &str, plant: Option<Plant>, verdict: fn(Verdict) -> Result<(), Failed>| {
        let wasmtime = wasmtime.clone();
        let name = match &absent {
            None => name.to_owned(),
            Some(reason) => format!("{name} (no judge: {reason})"),
        };
        let run = move || verdict(judge::campaign(&wasmtime, 77, 1, plant)?);
        Trial::test(name, run).with_ignored_flag(absent.is_some())
    };
    let trials = vec![
        trial("the judge agrees on a few hundred functions", None, agreed),
        trial("the judge objects to a wrong result", Some(wrong_result), objected),
        trial("the judge objects to a wrong trap", Some(wrong_trap), objected),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn agreed(verdict: Verdict) -> Result<(), Failed> {
    match verdict.difference {
        None if verdict.funcs >= 600 && verdict.returned > 0 && verdict.trapped > 0 => Ok(()),
        None => Err(format!("too little was compared: {verdict:?}").into()),
        Some(difference) => Err(difference.into()),
    }
}

fn objected(verdict: Verdict) -> Result<(), Failed> {
    match verdict.difference {
        Some(_) => Ok(()),
        None => Err("the planted fault was not found".into()),
    }
}

/// Flips the lowest bit of the first result that there is.
fn wrong_result(record: &mut Record) {
    for (outcome, _) in &mut record.calls {
        if let Outcome::Results(cells) = outcome
            && let Some(cell) = cells.first_mut()
        {
            *cell ^= 1;
            return;
        }
    }
}

/// A call that returned is said to have trapped.
fn wrong_trap(record: &mut Record) {
    if let Some((outcome, _)) =
        record.calls.iter_mut().find(|(o, _)| matches!(o, Outcome::Results(_)))
    {
        let kind = prova_runtime::TrapKind::IntegerOverflow;
        *outcome = Outcome::Trap { kind, fault: None, places: Vec::new() };
    }
}
