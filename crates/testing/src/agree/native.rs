//! Machine code against the reference tier, on generated functions.
//!
//! ```text
//! Case ─┬─ Reference ───────► Record ─┐
//!       └─ sides::Native ───► Record ─┴─ the same, or the first difference
//! ```
//!
//! All of a record is compared except the place of a memory fault. What runs out of fuel without
//! metering is left out of both runs.

use crate::campaign::{self, Options, Totals};
use crate::generate::Case;
use crate::sides::Side;
use crate::sides::compare::against;
use crate::sides::host::Host;
use crate::sides::native::{APART, Native, Tally, Way};
use crate::sides::report::shown;
use crate::sides::run::{Outcome, Program, Record, Setup};
use prova_core::Tier;
use prova_native::NativeCompiler;
use prova_random::Rng;
use prova_runtime::{Heat, Metering, Settings};

impl campaign::Tally for Tally {
    fn add(&mut self, other: Tally) {
        self.native += other.native;
        self.looks += other.looks;
        self.entered += other.entered;
        for (reason, count) in other.declined {
            *self.declined.entry(reason).or_default() += count;
        }
    }
}

/// The settings that a case runs in, by its number.
fn settings(index: u64) -> Settings {
    let metering = [Metering::None, Metering::Fuel, Metering::Epoch, Metering::Both];
    Settings { metering: metering[(index / 2 % 4) as usize], deterministic: true }
}

/// Runs a case as native code, with swaps if there is a seed for them, and in the reference tier,
/// with these imports: what both did, as the reference tier tells it. None of what is no module of
/// ours, or runs out of fuel where it begins.
///
/// # Errors
/// The first difference.
pub fn sides(
    case: &Case,
    index: u64,
    (host, swaps): (Host, Option<u64>),
    make: &dyn Fn() -> NativeCompiler,
) -> Result<Option<(Record, Tally)>, String> {
    let Some(module) = case.module() else { return Ok(None) };
    let settings = settings(index);
    let reference =
        |metering| Setup { tier: Tier::Reference, settings: Settings { metering, ..settings } };
    let mut program = Program::of(&module, case, host).collecting(index);
    let mut expected = reference(Metering::Fuel).run(&program);
    if !settings.metering.has_fuel() {
        // A run that exhausts its fuel might never end without metering.
        if expected.is_begun(Outcome::is_out_of_fuel) {
            return Ok(None);
        }
        program.skip_from = expected.first(Outcome::is_out_of_fuel);
    }
    if settings.metering != Metering::Fuel {
        expected = reference(settings.metering).run(&program);
    }
    let side = match swaps {
        None => Native::new(settings, make),
        Some(seed) => {
            let heat = Heat { every: 1 + (index % 7) as u32, seed };
            Native::with_swaps(settings, make, heat, Rng::new(seed ^ index))
        }
    };
    match against(&expected, &program, &[&side], APART) {
        Ok(()) => Ok(Some((expected, side.tally()))),
        Err(found) => Err(found.what),
    }
}

/// The compiler of a case, by its number: all ways in turn.
pub(crate) fn compiler(index: u64) -> NativeCompiler {
    Way::ALL[(index / 8 % Way::ALL.len() as u64) as usize].compiler()
}

/// Compares as many cases as `modules` says; with swaps or without.
///
/// # Errors
/// The first difference, with its case.
pub fn campaign(options: &Options, swaps: bool) -> Result<Tally, String> {
    let enough = |totals: &Totals<Tally>| totals.cases >= options.modules;
    let totals = campaign::campaign(options, enough, |index| {
        let case = options.case(index);
        let how = (Host::of(index), swaps.then_some(options.seed));
        let ran = sides(&case, index, how, &|| compiler(index)).map_err(|what| {
            format!("seed {}, case {index}: {what}\n{}", options.seed, shown(&case))
        })?;
        Ok(ran.map_or_else(Tally::default, |(_, tally)| tally))
    });
    totals.finding.map_or(Ok(totals.tally), Err)
}
