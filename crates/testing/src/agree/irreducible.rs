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

use super::trips::BEHIND;
use crate::campaign;
use crate::generate::{Call, module_of_text, states};
use crate::sides::InPlace;
use crate::sides::compare::compare;
use crate::sides::host::Host;
use crate::sides::run::{Program, Setup};
use prova_core::Tier;
use prova_emit::reducify::{dissolve, is_reducible, reducify};
use prova_emit::trip::{self, Options};
use prova_emit::{Types, assemble, emit};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_random::Rng;
use prova_runtime::{Metering, Settings};
use prova_ssa::{CheckedBody, Terminator, build, print};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// More than any of these functions needs.
const FUEL: u64 = 10_000_000;

/// The counts of graphs without a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Graphs that were irreducible when they came to the emitter.
    pub irreducible: u64,
    /// The numbers of those whose emission was not proved, so that they kept their bytes.
    pub refused: Vec<u64>,
    /// Calls that returned in both.
    pub returned: u64,
    /// Calls that ended otherwise in both.
    pub trapped: u64,
}

impl campaign::Tally for Tally {
    fn add(&mut self, other: Tally) {
        self.irreducible += other.irreducible;
        self.refused.extend(other.refused);
        self.returned += other.returned;
        self.trapped += other.trapped;
    }
}

/// The result of a campaign, whose cases are graphs.
pub type Totals = campaign::Totals<Tally>;

/// Tries graphs until `count` of them are irreducible. Those that are refused are in order.
pub fn campaign(count: u64, seed: u64, jobs: usize) -> Totals {
    let options = campaign::Options { seed, jobs, ..campaign::Options::default() };
    let enough = |totals: &Totals| totals.tally.irreducible >= count;
    let mut totals = campaign::campaign(&options, enough, |index| {
        one(seed, index).map_err(|what| format!("graph {index}: {what}"))
    });
    totals.tally.refused.sort_unstable();
    totals
}

/// Why the emission of a graph is not proved, with the graph and the emitted bytes; `None` if it is
/// proved. Nothing runs.
///
/// # Errors
/// Any other fault of the graph.
pub fn refusal(seed: u64, index: u64) -> Result<Option<String>, String> {
    let (text, _, passes) = graph(seed, index);
    let module = module_of_text(&text)?;
    let (trip, _) = send(&module, &passes)?;
    let refused = trip.outcomes.iter().find(|(_, outcome)| outcome.is_failure());
    Ok(refused.map(|(func, outcome)| {
        let explained = explain(&module, *func, &passes);
        format!("{func}: {outcome}\n{passes:?}\n{text}\n{explained}")
    }))
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

fn one(seed: u64, index: u64) -> Result<Tally, String> {
    let (text, calls, passes) = graph(seed, index);
    let tried = try_one((&text, index), &calls, &passes);
    tried.map_err(|what| format!("{what}\n{passes:?}\n{text}"))
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

fn try_one((text, index): (&str, u64), calls: &[Call], passes: &[Pass]) -> Result<Tally, String> {
    let module = module_of_text(text)?;
    let (trip, irreducible) = send(&module, passes)?;
    let is_fault = |outcome: &trip::Outcome| {
        outcome.is_failure() && !matches!(outcome, trip::Outcome::Refused(_))
    };
    if let Some((func, outcome)) = trip.outcomes.iter().find(|(_, outcome)| is_fault(outcome)) {
        return Err(format!("{func}: {outcome}\n{}", explain(&module, *func, passes)));
    }
    let settings = Settings { metering: Metering::None, deterministic: true };
    let setup = |tier| Setup { tier, settings };
    let program = Program::new(&module, calls, FUEL, Host::Function);
    let behind = InPlace { module: &trip.module, fuel_factor: 1, side: setup(Tier::default()) };
    let record = compare(&program, &setup(Tier::Reference), &[&behind], BEHIND);
    let (returned, trapped) = record.map_err(|found| found.what)?.counts();
    let is_refused = trip.outcomes.iter().any(|(_, outcome)| outcome.is_failure());
    let refused = if is_refused { vec![index] } else { Vec::new() };
    Ok(Tally { irreducible: irreducible.into(), refused, returned, trapped })
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
