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

use crate::campaign::{self, Options, Totals};
use crate::generate::Case;
use crate::generate::shrink::shrink;
use crate::sides::attach::{Plant, Translation};
use crate::sides::compare::{Apart, Difference, against, compare};
use crate::sides::host::Host;
use crate::sides::report::describe;
use crate::sides::run::{Failure, Outcome, Program, Record, Setup};
use crate::sides::{Side, Translated};
use prova_core::Tier;
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

impl campaign::Tally for Tally {
    fn add(&mut self, other: Tally) {
        self.funcs += other.funcs;
        self.returned += other.returned;
        self.trapped += other.trapped;
        self.out_of_fuel += other.out_of_fuel;
        self.refused += other.refused;
        self.not_instantiated += other.not_instantiated;
        self.runs += other.runs;
    }
}

/// Runs cases until enough functions were run, or one disagrees.
pub fn campaign(options: &Options) -> Totals<Tally> {
    let enough = |totals: &Totals<Tally>| totals.tally.funcs >= options.count;
    campaign::campaign(options, enough, |index| {
        let case = options.case(index);
        let found = |found: Disagreement| report(options, index, &case, &found);
        check(&case, index, options.plant).map_err(found)
    })
}

/// A disagreement of a case that is made small.
fn report(options: &Options, index: u64, case: &Case, found: &Disagreement) -> String {
    let Options { generator, seed, funcs, plant, .. } = options;
    let same = |case: &Case| {
        check(case, index, *plant)
            .is_err_and(|other| other.setup.is_some() == found.setup.is_some())
    };
    let small = shrink(case, &same);
    let now = check(&small, index, *plant).err().unwrap_or_else(|| found.clone());
    format!(
        "disagreement: {generator:?} --seed {seed}, case {index} of {funcs} functions\nbefore shrinking: {}\n{}",
        found.what,
        describe(&small, now.setup.ok_or(now.settings), &now.what)
    )
}

/// Runs a case in the setups that `index` selects and compares.
///
/// # Errors
///
/// The first disagreement.
pub fn check(case: &Case, index: u64, plant: Option<Plant>) -> Result<Tally, Disagreement> {
    let module = match case.supported() {
        Ok(Some(module)) => module,
        Ok(None) => return Ok(Tally { refused: 1, ..Tally::default() }),
        Err(what) => {
            return Err(Disagreement { setup: None, settings: Settings::default(), what });
        }
    };
    let deterministic = !case.nan_free || index.is_multiple_of(3);
    let host = Host::of(index / 4);
    let program = Program::of(&module, case, host).collecting(index);
    let mut comparison = Comparison { program, plant, runs: 0 };
    let settings = Settings { metering: Metering::Fuel, deterministic };
    let expected = comparison.metered(case.fuel, settings, &[Tier::TAIL, Tier::MATCH])?;
    comparison.others(&expected, deterministic, index)?;
    if index.is_multiple_of(4) {
        let scarce = 1 + index.wrapping_mul(37) % 120;
        let tier = if index.is_multiple_of(8) { Tier::TAIL } else { Tier::MATCH };
        let metering = Metering::new(true, index.is_multiple_of(16));
        comparison.metered(scarce, Settings { metering, deterministic }, &[tier])?;
    }
    let (returned, trapped) = expected.counts();
    let out_of_fuel = expected.calls.iter().filter(|(outcome, _)| outcome.is_out_of_fuel());
    Ok(Tally {
        funcs: module.defined_funcs().len() as u64,
        not_instantiated: matches!(expected.instantiation, Some(Failure::Other(_))).into(),
        runs: comparison.runs,
        returned,
        trapped,
        out_of_fuel: out_of_fuel.count() as u64,
        refused: 0,
    })
}

struct Comparison<'c> {
    program: Program<'c>,
    plant: Option<Plant>,
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
        let program = Program { fuel, ..self.program };
        let attach = self.translation(settings);
        let sides: Vec<Translated> = tiers
            .iter()
            .map(|&tier| Setup { tier, settings })
            .map(|setup| Translated { setup, attach: Arc::clone(&attach) })
            .collect();
        let others: Vec<&dyn Side> = sides.iter().map(|side| side as &dyn Side).collect();
        let reference = Setup { tier: Tier::Reference, settings };
        self.runs += 1 + tiers.len() as u64;
        compare(&program, &reference, &others, Apart::default())
            .map_err(|found| disagreement(&sides, settings, found))
    }

    /// One executor without metering and one with the other metering, in turn; what ran out of fuel
    /// is left out.
    fn others(
        &mut self,
        expected: &Record,
        deterministic: bool,
        index: u64,
    ) -> Result<(), Disagreement> {
        if expected.instantiation.is_some() {
            return Ok(());
        }
        let metering = [Metering::None, Metering::Epoch, Metering::Both][(index / 3 % 3) as usize];
        let tier = if index.is_multiple_of(2) { Tier::TAIL } else { Tier::MATCH };
        let settings = Settings { metering, deterministic };
        let skip_from = expected.first(Outcome::is_out_of_fuel);
        let program = Program { skip_from, ..self.program };
        let setup = Setup { tier, settings };
        let side = Translated { setup, attach: self.translation(settings) };
        self.runs += 1;
        let settings = Settings { metering: Metering::Fuel, deterministic };
        against(expected, &program, &[&side], Apart::default())
            .map_err(|found| disagreement(&[side], settings, found))
    }

    fn translation(&self, settings: Settings) -> Arc<dyn Attach> {
        Arc::new(Translation::planted(settings, self.plant))
    }
}

fn disagreement(sides: &[Translated], settings: Settings, found: Difference) -> Disagreement {
    let Difference { side, what, .. } = found;
    Disagreement { setup: sides.get(side).map(|side| side.setup), settings, what }
}
