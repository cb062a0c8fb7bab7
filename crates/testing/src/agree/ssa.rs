//! Generated functions: each is built, proved, and run as SSA beside the reference tier.
//!
//! ```text
//! Case ─ build ─ CheckedBody::check ─ passes ─► a refusal ends the campaign
//!   └─ Program ─┬─ Reference ──────────────────────► Record ─┬─ difference ─► a disagreement ends it
//!               └─ Ssa, without passes and with all ─► Record ─┘
//! ```
//!
//! Each module runs twice: with as much fuel as it wants, and with so little that calls end
//! anywhere and must end at the same place. Faults that are planted in the interpreter and must be
//! seen: `tests/ssa_plants.rs`.

use crate::accept::bodies::{any_works_on_objects, prove};
use crate::campaign::{self, Options, Totals};
use crate::generate::Case;
use crate::sides::compare::{Apart, compare as compare_sides};
use crate::sides::host::Host;
use crate::sides::run::{Program, Setup};
use crate::sides::ssa::{Plant, Ssa};
use crate::sides::{External, Side};
use prova_core::Tier;
use prova_module::Module;
use prova_optimize::Pass;
use prova_runtime::{Metering, Settings};

/// The counts of cases without a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Modules that are valid and supported.
    pub modules: u64,
    /// Their functions, each proved without and with metering.
    pub funcs: u64,
    /// Calls that returned in the reference tier, with fuel.
    pub returned: u64,
    /// Calls that ended otherwise.
    pub trapped: u64,
}

impl campaign::Tally for Tally {
    fn add(&mut self, other: Tally) {
        self.modules += other.modules;
        self.funcs += other.funcs;
        self.returned += other.returned;
        self.trapped += other.trapped;
    }
}

/// Tries generated modules until there are `count` functions and `modules` modules.
pub fn campaign(options: &Options) -> Totals<Tally> {
    let enough = |totals: &Totals<Tally>| {
        totals.tally.funcs >= options.count && totals.tally.modules >= options.modules
    };
    campaign::campaign(options, enough, |index| {
        let tried = one(&options.case(index), index);
        tried.map_err(|what| format!("case {index}: {what}"))
    })
}

fn one(case: &Case, index: u64) -> Result<Tally, String> {
    let Some(module) = case.module() else { return Ok(Tally::default()) };
    let funcs = prove(&case.wasm)?;
    if any_works_on_objects(&module) {
        return Ok(Tally { modules: 1, funcs, ..Tally::default() });
    }
    let host = Host::of(index);
    let scarce = 1 + index.wrapping_mul(37) % 120;
    let settings = |metering| Settings { metering, deterministic: true };
    let with = |fuel, metering| compare(case, &module, host, (fuel, settings(metering)), None);
    let (returned, trapped) = with(case.fuel, Metering::Fuel)?;
    with(scarce, Metering::Both)?;
    Ok(Tally { modules: 1, funcs, returned, trapped })
}

/// Runs a case in the reference tier and as SSA, with a planted fault if one is given; how many
/// calls returned in the reference tier, and how many ended otherwise.
///
/// # Errors
/// The first difference.
pub fn compare(
    case: &Case,
    module: &Module,
    host: Host,
    (fuel, settings): (u64, Settings),
    plant: Option<Plant>,
) -> Result<(u64, u64), String> {
    let program = Program { fuel, ..Program::of(module, case, host) };
    let executors = match plant {
        Some(plant) => vec![Ssa::planted(plant)],
        None => vec![Ssa::executor(), Ssa::passed(&Pass::DEFAULT)],
    };
    let sides: Vec<External> =
        executors.into_iter().map(|executor| External { executor, settings }).collect();
    let others: Vec<&dyn Side> = sides.iter().map(|side| side as &dyn Side).collect();
    let reference = Setup { tier: Tier::Reference, settings };
    let record = compare_sides(&program, &reference, &others, Apart::default());
    let record = record.map_err(|found| {
        let passes = ["", " after passes"][found.side];
        format!("{settings:?}, {host:?}, fuel {fuel}{passes}: {}", found.what)
    })?;
    Ok(record.counts())
}
