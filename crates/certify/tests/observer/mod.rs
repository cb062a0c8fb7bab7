//! An independent observer of machine code: executes it one instruction at a time and judges each
//! access and branch by the documents alone.
//!
//! ```text
//! Subject { module, shape, code, rows } ─ Stage::run(seed) ─► Seen | Broken { rule, offset }
//! ```
//!
//! It knows nothing of certificates and of the check's inside: `module` reads the types, `world`
//! lays out a store, `judge` and `leave` have the rules (`rule`), `results` tells what others see.
//! The decoder (iced-x86) is the one part that both share. What it does not see is in the README
//! beside it.

pub(crate) mod campaign;
pub(crate) mod judge;
pub(crate) mod leave;
pub(crate) mod module;
pub(crate) mod results;
pub(crate) mod rule;
pub(crate) mod run;
pub(crate) mod tracee;
pub(crate) mod world;

use prova_check::{CallRow, CodeKind, Config, TrapRow};

pub(crate) use rule::Broken;
pub(crate) use run::{Seen, Stage, Subject};

/// Runs code of a module in a separate process, once for each seed below `runs`.
///
/// # Errors
/// The first rule that it breaks, as text.
pub(crate) fn keeps_inside(
    wasm: &[u8],
    config: &Config,
    code: (CodeKind, &[u8], &[TrapRow], &[CallRow]),
    runs: u64,
) -> Result<(), String> {
    let Config { memory, metering, cpu, signals, bases } = *config;
    let (kind, bytes, traps, calls) = code;
    let subject =
        Subject { wasm, memory, metering, cpu, signals, bases, kind, bytes, traps, calls };
    let observed = observe(&mut Stage::new(), &subject, 0..runs, |_| {});
    observed.map_err(|(seed, broken)| format!("seed {seed}: {broken}"))
}

/// Runs a subject with each of the seeds.
///
/// # Errors
/// The first rule that it breaks, and the seed.
pub(crate) fn observe(
    stage: &mut Stage,
    subject: &Subject<'_>,
    seeds: std::ops::Range<u64>,
    mut seen: impl FnMut(&Seen),
) -> Result<(), (u64, Broken)> {
    for seed in seeds {
        seen(&stage.run(subject, seed).map_err(|broken| (seed, broken))?);
    }
    Ok(())
}
