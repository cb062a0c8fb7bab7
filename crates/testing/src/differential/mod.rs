//! Cases → every tier and metering mode runs them alike, or the first difference, made small.
//!
//! ```text
//! Case ─┬─ Reference, fuel ──────────────► Record ─┐
//!       ├─ Tail, Match; fuel ────────────► Record ─┼─ difference ─► Disagreement ─ shrink ─► report
//!       └─ one of Tail, Match; none, epoch, both ► Record ─┘
//! ```
//!
//! `shrink` makes a failing case small. A candidate that the check refuses is a disagreement too:
//! its call ends with a fault of ours.
//!
//! A green run does not show that the reference is right (`judge` asks another engine), nor
//! anything about operators that the generators do not write (`torture` lists the ops reached).
//!
//! The planted faults of `tests/differential.rs` show that a wrong operand, a lost copy and a wrong
//! fuel charge are seen.

mod report;
mod shrink;

pub use report::{Options, Totals, campaign, describe, handlers, shown};
pub use shrink::shrink;

use crate::attach::{Plant, Translation};
use crate::generate::Case;
use crate::host::Host;
use crate::run::{Failure, Outcome, Program, Record, Setup};
use prova_core::Tier;
use prova_module::{ErrorKind, Features, Limits, Module};
use prova_runtime::{Attach, Metering, Settings};
use std::sync::Arc;

/// Two runs that should be alike and are not, or a module that should be accepted and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The setup that differs from the reference tier; `None` if there was no run.
    pub setup: Option<Setup>,
    /// The settings of the reference tier's run.
    pub settings: Settings,
    /// The difference.
    pub what: String,
}

/// The counts of a case that agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Functions in the module.
    pub funcs: u64,
    /// Calls that returned in the reference tier.
    pub returned: u64,
    /// Calls that trapped there.
    pub trapped: u64,
    /// Of these, calls that ran out of fuel.
    pub out_of_fuel: u64,
    /// Modules refused as unsupported.
    pub refused: u64,
    /// Modules that are accepted and cannot be instantiated, for another reason than a trap.
    pub not_instantiated: u64,
    /// Runs in all.
    pub runs: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: Tally) {
        self.funcs += other.funcs;
        self.returned += other.returned;
        self.trapped += other.trapped;
        self.out_of_fuel += other.out_of_fuel;
        self.refused += other.refused;
        self.not_instantiated += other.not_instantiated;
        self.runs += other.runs;
    }
}

/// Runs a case in the setups that `index` selects and compares.
///
/// # Errors
///
/// The first disagreement.
pub fn check(case: &Case, index: u64, plant: Option<Plant>) -> Result<Tally, Disagreement> {
    let module = match Module::decode(&*case.wasm, &Features::default(), &Limits::default()) {
        Ok(module) => module,
        Err(error)
            if matches!(error.kind, ErrorKind::Unsupported { .. } | ErrorKind::Limit { .. }) =>
        {
            return Ok(Tally { refused: 1, ..Tally::default() });
        }
        Err(error) => {
            let what = format!("a generated module is refused: {error}");
            return Err(Disagreement { setup: None, settings: Settings::default(), what });
        }
    };
    let deterministic = !case.nan_free || index.is_multiple_of(3);
    let host = match index / 4 % 3 {
        0 => Host::Function,
        1 => Host::Growing,
        _ => Host::Instance,
    };
    let mut comparison = Comparison { case, module: &module, plant, host, runs: 0 };
    let settings = Settings { metering: Metering::Fuel, deterministic };
    let expected = comparison.metered(case.fuel, settings, &[Tier::TAIL, Tier::MATCH])?;
    comparison.others(&expected, deterministic, index)?;
    if index.is_multiple_of(4) {
        let scarce = 1 + index.wrapping_mul(37) % 120;
        let tier = if index.is_multiple_of(8) { Tier::TAIL } else { Tier::MATCH };
        let metering = Metering::new(true, index.is_multiple_of(16));
        comparison.metered(scarce, Settings { metering, deterministic }, &[tier])?;
    }
    let mut tally = Tally {
        funcs: module.defined_funcs().len() as u64,
        not_instantiated: matches!(expected.instantiation, Some(Failure::Other(_))).into(),
        runs: comparison.runs,
        ..Tally::default()
    };
    for (outcome, _) in &expected.calls {
        match outcome {
            Outcome::Results(_) => tally.returned += 1,
            Outcome::Trap { .. } | Outcome::Fault(_) | Outcome::Skipped => tally.trapped += 1,
        }
        tally.out_of_fuel += u64::from(outcome.is_out_of_fuel());
    }
    Ok(tally)
}

struct Comparison<'c> {
    case: &'c Case,
    module: &'c Module,
    plant: Option<Plant>,
    host: Host,
    runs: u64,
}

impl Comparison<'_> {
    /// The reference tier and others, all with this fuel.
    fn metered(
        &mut self,
        fuel: u64,
        settings: Settings,
        tiers: &[Tier],
    ) -> Result<Record, Disagreement> {
        let program = self.program(fuel, self.case.calls.len());
        let expected = program.run(Setup { tier: Tier::Reference, settings }, None);
        let attach = self.translation(settings);
        for &tier in tiers {
            let setup = Setup { tier, settings };
            let actual = program.run(setup, Some(Arc::clone(&attach)));
            self.compare(&expected, &actual, setup, settings)?;
        }
        self.runs += 1 + tiers.len() as u64;
        Ok(expected)
    }

    /// One executor without metering and one with the other metering, in turn; what ran out of fuel
    /// is left out.
    fn others(
        &mut self,
        expected: &Record,
        deterministic: bool,
        index: u64,
    ) -> Result<(), Disagreement> {
        let first = expected.calls.iter().position(|(outcome, _)| outcome.is_out_of_fuel());
        let skip_from = first.unwrap_or(expected.calls.len());
        if expected.instantiation.is_some() {
            return Ok(());
        }
        let metering = [Metering::None, Metering::Epoch, Metering::Both][(index / 3 % 3) as usize];
        let tier = if index.is_multiple_of(2) { Tier::TAIL } else { Tier::MATCH };
        let settings = Settings { metering, deterministic };
        let setup = Setup { tier, settings };
        let program = self.program(self.case.fuel, skip_from);
        let actual = program.run(setup, Some(self.translation(settings)));
        self.runs += 1;
        let settings = Settings { metering: Metering::Fuel, deterministic };
        self.compare(expected, &actual, setup, settings)
    }

    fn program(&self, fuel: u64, skip_from: usize) -> Program<'_> {
        let calls = &self.case.calls;
        Program { module: self.module, calls, fuel, skip_from, host: self.host }
    }

    fn translation(&self, settings: Settings) -> Arc<dyn Attach> {
        Arc::new(Translation::planted(settings, self.plant))
    }

    fn compare(
        &self,
        expected: &Record,
        actual: &Record,
        setup: Setup,
        settings: Settings,
    ) -> Result<(), Disagreement> {
        match difference(expected, actual) {
            None => Ok(()),
            Some(what) => Err(Disagreement { setup: Some(setup), settings, what }),
        }
    }
}

/// The first difference of two runs of one case, where both have something to compare.
pub fn difference(expected: &Record, actual: &Record) -> Option<String> {
    if expected.instantiation != actual.instantiation {
        let (a, b) = (&expected.instantiation, &actual.instantiation);
        return Some(format!("instantiation: {a:?} in the reference tier, but {b:?}"));
    }
    let mut skipped = false;
    for (i, (a, b)) in expected.calls.iter().zip(&actual.calls).enumerate() {
        if matches!(a.0, Outcome::Skipped) || matches!(b.0, Outcome::Skipped) {
            skipped = true;
            continue;
        }
        if let Outcome::Fault(message) = &a.0 {
            return Some(format!("call {i}: a fault of the reference tier: {message}"));
        }
        if a.0 != b.0 {
            return Some(format!("call {i}: {:?} in the reference tier, but {:?}", a.0, b.0));
        }
        if let (Some(a), Some(b)) = (a.1, b.1)
            && a != b
        {
            return Some(format!("call {i}: fuel left {a} in the reference tier, but {b}"));
        }
    }
    if skipped {
        return None;
    }
    let differs = expected.state.iter().zip(&actual.state).position(|(a, b)| a != b);
    differs.map(|i| {
        let (a, b) = (&expected.state[i], &actual.state[i]);
        format!("at the end, object {i} (memories, tables, globals): {}", report::state(a, b))
    })
}
