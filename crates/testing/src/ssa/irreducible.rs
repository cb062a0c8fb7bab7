//! Random graphs through the emitter: irreducible bodies, each proved, are made reducible, emitted,
//! proved again, and run.
//!
//! ```text
//! states ─ build ─ CheckedBody ─ dissolve ─► irreducible ─ passes ─ reducify ─ emit ─ EmittedBody ─► module'
//!    └──────────────────────── reference tier ─► Record ═══ difference ═══ Record ◄─ interpreter ──┘
//! ```
//!
//! A green run does not show that a wrong dispatch would be refused; the twins of
//! `crates/emit/tests/reducify.rs` do.

use super::states;
use crate::attach::Translation;
use crate::generate::Call;
use crate::host::Host;
use crate::run::{Failure, Outcome, Program, Record, Setup};
use prova_core::Tier;
use prova_emit::reducify::{dissolve, is_reducible, reducify};
use prova_emit::trip::{self, Options};
use prova_emit::{Types, assemble, emit};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_random::Rng;
use prova_runtime::{Metering, Settings};
use prova_ssa::{CheckedBody, Terminator, build, print};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// More than any of these functions needs.
const FUEL: u64 = 10_000_000;

/// The result of a campaign.
#[derive(Debug, Default)]
pub struct Totals {
    /// Graphs that were tried.
    pub graphs: u64,
    /// Those of them that were irreducible when they came to the emitter.
    pub irreducible: u64,
    /// The numbers of those whose emission was not proved, so that they kept their bytes, in order.
    pub refused: Vec<u64>,
    /// Calls that returned in both.
    pub returned: u64,
    /// Calls that ended otherwise in both.
    pub trapped: u64,
    /// The first refusal or disagreement.
    pub finding: Option<String>,
}

/// Tries graphs until `count` of them are irreducible.
pub fn campaign(count: u64, seed: u64, jobs: usize) -> Totals {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let totals = Mutex::new(Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let tried = one(seed, index);
                    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
                    totals.graphs += 1;
                    match tried {
                        Ok(Tried { irreducible, refused, returned, trapped }) => {
                            if refused {
                                totals.refused.push(index);
                            }
                            totals.irreducible += u64::from(irreducible);
                            totals.returned += returned;
                            totals.trapped += trapped;
                        }
                        Err(what) => {
                            let what = format!("graph {index}: {what}");
                            totals.finding.get_or_insert(what);
                        }
                    }
                    if totals.finding.is_some() || totals.irreducible >= count {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    totals.refused.sort_unstable();
    totals
}

/// Why the emission of a graph is not proved, with the graph and the emitted bytes; `None` if it is
/// proved. Nothing runs.
///
/// # Errors
/// Any other fault of the graph.
pub fn refusal(seed: u64, index: u64) -> Result<Option<String>, String> {
    let (text, _, passes) = graph(seed, index);
    let module = decode(&text)?;
    let (trip, _) = send(&module, &passes)?;
    let refused = trip.outcomes.iter().find(|(_, outcome)| outcome.is_failure());
    Ok(refused.map(|(func, outcome)| {
        let explained = explain(&module, *func, &passes);
        format!("{func}: {outcome}\n{passes:?}\n{text}\n{explained}")
    }))
}

/// The outcome for one graph.
struct Tried {
    irreducible: bool,
    refused: bool,
    returned: u64,
    trapped: u64,
}

/// The Wasm of a graph, its calls, and the passes that it goes through.
fn graph(seed: u64, index: u64) -> (String, Vec<Call>, Vec<Pass>) {
    let mut rng = Rng::of(seed, index);
    let (text, calls) = states::case(&mut rng);
    let passes = match rng.below(3) {
        0 => Vec::new(),
        1 => Pass::DEFAULT.to_vec(),
        _ => (0..rng.between(1, 4)).map(|_| *rng.pick(&Pass::ALL)).collect(),
    };
    (text, calls, passes)
}

fn one(seed: u64, index: u64) -> Result<Tried, String> {
    let (text, calls, passes) = graph(seed, index);
    try_one(&text, &calls, &passes).map_err(|what| format!("{what}\n{passes:?}\n{text}"))
}

fn decode(text: &str) -> Result<Module, String> {
    let bytes = wat::parse_str(text).map_err(|error| error.to_string())?;
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    module.map_err(|error| error.to_string())
}

/// The trip of a graph, and whether it was irreducible when it came to the emitter.
fn send(module: &Module, passes: &[Pass]) -> Result<(trip::Trip, bool), String> {
    let (fault, irreducible) = (Mutex::new(None), AtomicBool::new(false));
    let transform = |body: CheckedBody| {
        let body = match dissolved(&body, passes) {
            Ok(graph) => graph.unwrap_or(body),
            Err(what) => {
                fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
                return None;
            }
        };
        if !is_reducible(body.body()) {
            irreducible.store(true, Ordering::Relaxed);
        }
        Some(body)
    };
    let options = Options { transform: &transform, threads: 1, limits: &Limits::default() };
    let trip = trip::module(module, &options).map_err(|error| error.to_string())?;
    match fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(fault) => Err(fault),
        None => Ok((trip, irreducible.load(Ordering::Relaxed))),
    }
}

fn try_one(text: &str, calls: &[Call], passes: &[Pass]) -> Result<Tried, String> {
    let module = decode(text)?;
    let (trip, irreducible) = send(&module, passes)?;
    let is_fault = |outcome: &trip::Outcome| {
        outcome.is_failure() && !matches!(outcome, trip::Outcome::Refused(_))
    };
    if let Some((func, outcome)) = trip.outcomes.iter().find(|(_, outcome)| is_fault(outcome)) {
        return Err(format!("{func}: {outcome}\n{}", explain(&module, *func, passes)));
    }
    let settings = Settings { metering: Metering::None, deterministic: true };
    let run = |module: &Module, tier| {
        let program =
            Program { module, calls, fuel: FUEL, skip_from: calls.len(), host: Host::Function };
        let attach = Arc::new(Translation::new(settings));
        program.run(Setup { tier, settings }, Some(attach))
    };
    let (before, after) = (run(&module, Tier::Reference), run(&trip.module, Tier::default()));
    same(&before, &after)?;
    let returned = |outcome: &Outcome| matches!(outcome, Outcome::Results(_));
    let count = before.calls.iter().filter(|call| returned(&call.0)).count() as u64;
    let trapped = before.calls.len() as u64 - count;
    let refused = trip.outcomes.iter().any(|(_, outcome)| outcome.is_failure());
    Ok(Tried { irreducible, refused, returned: count, trapped })
}

/// The graph of the states, behind passes; `None` if there is no state machine.
fn dissolved(body: &CheckedBody, passes: &[Pass]) -> Result<Option<CheckedBody>, String> {
    let tables = body
        .body()
        .blocks()
        .filter(|(_, data)| matches!(data.terminator, Terminator::Table { .. }));
    for (block, _) in tables {
        if let Some(graph) = dissolve(body, block).map_err(|error| format!("dissolve: {error}"))? {
            let (graph, refused) = optimize(graph, passes);
            return match refused.first() {
                None => Ok(Some(graph)),
                Some(refused) => Err(refused.to_string()),
            };
        }
    }
    Ok(None)
}

/// The body that was to be emitted, and the bytes read back.
fn explain(module: &Module, func: FuncIdx, passes: &[Pass]) -> String {
    let body = || {
        let body = build(module, func, prova_ssa::Metering::NONE).ok()?;
        let body = CheckedBody::check(module, body).ok()?;
        let body = dissolved(&body, passes).ok()?.unwrap_or(body);
        let body = reducify(&body).ok()?.unwrap_or(body);
        let (types, text) = (Types::new(module), print(body.body()));
        let emitted = emit(module, &types, body.body()).ok()?;
        let bodies: Vec<_> =
            module.defined_funcs().map(|other| (other == func).then_some(&emitted)).collect();
        let bytes = assemble(module, &types, &bodies).bytes;
        let new = Module::decode(bytes, &Features::default(), &Limits::default()).ok()?;
        let image = build(&new, func, prova_ssa::Metering::NONE).ok()?;
        Some(format!("{text}\nemitted:\n{}", print(&image)))
    };
    body().unwrap_or_default()
}

/// Checks that both runs are the same, except places in the code.
pub(super) fn same(before: &Record, after: &Record) -> Result<(), String> {
    for (number, (one, other)) in before.calls.iter().zip(&after.calls).enumerate() {
        if !is_alike(&one.0, &other.0) {
            return Err(format!("call {number}: {:?}, not {:?}", other.0, one.0));
        }
    }
    let (one, other) = (&before.instantiation, &after.instantiation);
    let is_begun = match (one, other) {
        (Some(Failure::Trap(one)), Some(Failure::Trap(other))) => is_alike(one, other),
        (one, other) => one == other,
    };
    if !is_begun {
        return Err(format!("instantiation: {other:?}, not {one:?}"));
    }
    let whole = before.calls.len() == after.calls.len() && before.state == after.state;
    if whole { Ok(()) } else { Err("another state at the end".to_owned()) }
}

/// Whether both calls ended alike, except for places in the code.
fn is_alike(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (
            Outcome::Trap { kind, fault, places },
            Outcome::Trap { kind: kind_, fault: fault_, places: places_ },
        ) => kind == kind_ && fault == fault_ && places.len() == places_.len(),
        (one, other) => one == other,
    }
}
