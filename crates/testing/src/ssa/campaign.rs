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

use super::{Plant, Ssa};
use crate::differential::difference;
use crate::generate::{Case, Generator};
use crate::host::Host;
use crate::run::{Outcome, Program, Setup, store_with};
use crate::ssa_check;
use prova_core::Tier;
use prova_module::{Features, Limits, Module};
use prova_optimize::Pass;
use prova_runtime::{Metering, Settings};

/// The options of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The generator of the modules.
    pub generator: Generator,
    /// How many functions, at least.
    pub count: u64,
    /// How many modules, at least.
    pub modules: u64,
    /// The seed of the campaign.
    pub seed: u64,
    /// Functions of a module.
    pub funcs: usize,
}

/// The result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Modules that are valid and supported.
    pub modules: u64,
    /// Their functions, each proved without and with metering.
    pub funcs: u64,
    /// Calls that returned in the reference tier, with fuel.
    pub returned: u64,
    /// Calls that ended otherwise.
    pub trapped: u64,
    /// The first refusal or disagreement.
    pub finding: Option<String>,
}

/// Tries generated modules until there are `count` functions and `modules` modules.
pub fn campaign(options: &Options) -> Totals {
    let mut totals = Totals::default();
    for index in 0.. {
        if totals.funcs >= options.count && totals.modules >= options.modules {
            break;
        }
        let case = options.generator.case(options.seed, index, options.funcs);
        if let Err(what) = one(&case, index, &mut totals) {
            totals.finding = Some(format!("case {index}: {what}"));
            break;
        }
    }
    totals
}

fn one(case: &Case, index: u64, totals: &mut Totals) -> Result<(), String> {
    let module = Module::decode(&*case.wasm, &Features::default(), &Limits::default());
    let Ok(module) = module else { return Ok(()) };
    totals.modules += 1;
    totals.funcs += ssa_check::prove(&case.wasm)?;
    let host = [Host::Function, Host::Growing, Host::Instance][(index % 3) as usize];
    let scarce = 1 + index.wrapping_mul(37) % 120;
    let settings = |metering| Settings { metering, deterministic: true };
    let (returned, trapped) =
        compare(case, &module, host, (case.fuel, settings(Metering::Fuel)), None)?;
    totals.returned += returned;
    totals.trapped += trapped;
    compare(case, &module, host, (scarce, settings(Metering::Both)), None)?;
    Ok(())
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
    let calls = &case.calls;
    let program = Program { module, calls, fuel, skip_from: calls.len(), host };
    let expected = program.run(Setup { tier: Tier::Reference, settings }, None);
    let executors = match plant {
        Some(plant) => vec![Ssa::planted(plant)],
        None => vec![Ssa::executor(), Ssa::passed(&Pass::DEFAULT)],
    };
    for (passes, executor) in ["", " after passes"].into_iter().zip(executors) {
        let actual = program.run_in(store_with(executor, settings), None);
        if let Some(what) = difference(&expected, &actual) {
            return Err(format!("{settings:?}, {host:?}, fuel {fuel}{passes}: {what}"));
        }
    }
    let returned = |outcome: &Outcome| matches!(outcome, Outcome::Results(_));
    let count = expected.calls.iter().filter(|call| returned(&call.0)).count() as u64;
    Ok((count, expected.calls.len() as u64 - count))
}
