//! Generated modules behind a trip through SSA: what is emitted is proved, and runs as before.
//!
//! ```text
//! Case ─ trip, without passes and with all ─► module' ─ interpreter ─► Record ═══ same ═══ Record ◄─ reference tier ─ Case
//! ```
//!
//! Each function that is emitted is translated and proved as bytecode, whether a call reaches it or
//! not. Of three modules one has its loops turned, and one is improved until it settles, as `prova
//! opt` does (`Way`): that one must be no larger, and go on the trip again to come out the same. A
//! function whose emission is refused keeps its bytes, or its loops as they were, and is counted
//! and named; any other fault ends the campaign. Fuel and the charge of frames are not the same
//! behind a trip: from the first call on that runs out of either, calls are left out of both runs.
//!
//! A fault planted in the module behind its trip ([`compare`]) shows that the comparison would see
//! a wrong emission that the proof accepts (`tests/trip_plants.rs`).
//!
//! A green run does not show that wrong emissions are refused, since there are none here; the twins
//! of `crates/emit/tests/emitted` do.

use super::Plant;
use super::irreducible::same;
use crate::attach::Translation;
use crate::generate::Case;
use crate::host::Host;
use crate::run::{Failure, Outcome, Program, Record, Setup};
use prova_core::Tier;
use prova_emit::trip::{self, Options, Trip};
use prova_module::{Features, Limits, Module};
use prova_optimize::{LeftOut, Pass, optimize};
use prova_runtime::{Attach, Metering, Settings, TrapKind};
use prova_ssa::CheckedBody;
use std::sync::{Arc, Mutex, PoisonError};

/// The factor by which a case has more fuel behind a trip.
const FUEL_FACTOR: u64 = 4;

/// The result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Modules that are valid and supported.
    pub modules: u64,
    /// Their functions, each sent on two trips: without passes, and with all.
    pub funcs: u64,
    /// The emissions that were refused: the case's number, and why.
    pub refused: Vec<(u64, String)>,
    /// Calls that returned, alike before and behind the trip.
    pub returned: u64,
    /// Calls that ended otherwise.
    pub trapped: u64,
    /// The first disagreement, or other failure.
    pub finding: Option<String>,
}

/// Sends generated modules on their trips, from number `first` on, until there are `count`
/// functions and `modules` modules.
pub fn campaign(options: &super::campaign::Options, first: u64) -> Totals {
    let mut totals = Totals::default();
    let super::campaign::Options { generator, count, modules, seed, funcs } = *options;
    for index in first.. {
        if totals.funcs >= count && totals.modules >= modules {
            break;
        }
        let case = generator.case(seed, index, funcs);
        if let Err(what) = compare(&case, index, None, &mut totals) {
            totals.finding = Some(format!("case {index}: {what}"));
            break;
        }
    }
    totals
}

/// Sends the case of this number on its trips, and runs it before and behind them; with a `plant`,
/// what runs behind them is the text of the module after an edit.
///
/// # Errors
/// The first difference, or what else goes wrong; a refused emission counts in `totals` alone.
pub fn compare(
    case: &Case,
    index: u64,
    plant: Option<Plant>,
    totals: &mut Totals,
) -> Result<(), String> {
    let module = Module::decode(&*case.wasm, &Features::default(), &Limits::default());
    let Ok(module) = module else { return Ok(()) };
    totals.modules += 1;
    totals.funcs += module.defined_funcs().count() as u64;
    let subject = Subject::new(case, &module, index);
    for passes in [&[][..], &Pass::DEFAULT] {
        let mut new = send(&module, passes, index, totals)?;
        if let Some(plant) = plant {
            new = planted(&new, plant)?;
        }
        proved(&new).map_err(|what| format!("passes {passes:?}: {what}"))?;
        let alike = subject.same(&new).map_err(|what| format!("passes {passes:?}: {what}"))?;
        totals.returned += alike.0;
        totals.trapped += alike.1;
    }
    Ok(())
}

/// Translates every function of a module behind its trip, those that no call reaches too: any
/// module that is valid runs.
fn proved(module: &Module) -> Result<(), String> {
    let translation = Translation::new(setup(Tier::default()).settings);
    for func in module.defined_funcs() {
        let attached = translation.attach(module, func);
        attached.map_err(|error| format!("{func} of what was emitted: {error}"))?;
    }
    Ok(())
}

/// A case's module, and what its calls do in the reference tier.
pub(super) struct Subject<'c> {
    case: &'c Case,
    pub(super) module: &'c Module,
    host: Host,
    before: Record,
}

impl<'c> Subject<'c> {
    /// The module of the case of this number.
    pub(super) fn new(case: &'c Case, module: &'c Module, index: u64) -> Subject<'c> {
        let host = [Host::Function, Host::Growing, Host::Instance][(index % 3) as usize];
        let before = reference(case, module, case.calls.len(), host);
        Subject { case, module, host, before }
    }

    /// Runs a new module in the place of the case's: how many calls returned and ended otherwise,
    /// alike.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn same(&self, new: &Module) -> Result<(u64, u64), String> {
        let Subject { case, module, host, ref before } = *self;
        if is_endless(before) {
            return Ok((0, 0));
        }
        let after = |skip_from| behind(new, case, skip_from, host);
        let decided = |record: &Record| {
            record.calls.iter().position(|call| is_short(&call.0)).unwrap_or(case.calls.len())
        };
        let mut found = (before.clone(), after(decided(before)));
        let skip_from = decided(&found.0).min(decided(&found.1));
        if skip_from < case.calls.len() {
            found = (reference(case, module, skip_from, host), after(skip_from));
        }
        same(&found.0, &found.1)?;
        let returned = |outcome: &Outcome| matches!(outcome, Outcome::Results(_));
        let count = found.0.calls.iter().filter(|call| returned(&call.0)).count() as u64;
        Ok((count, skip_from as u64 - count))
    }
}

/// The calls of a case in the reference tier.
fn reference(case: &Case, module: &Module, skip_from: usize, host: Host) -> Record {
    let program = Program { module, calls: &case.calls, fuel: case.fuel, skip_from, host };
    program.run(setup(Tier::Reference), None)
}

/// A module whose text is edited.
fn planted(module: &Module, plant: Plant) -> Result<Module, String> {
    let text = wasmprinter::print_bytes(module.bytes()).map_err(|error| error.to_string())?;
    let bytes = wat::parse_str(plant(&text)).map_err(|error| error.to_string())?;
    let planted = Module::decode(bytes, &Features::default(), &Limits::default());
    planted.map_err(|error| error.to_string())
}

fn setup(tier: Tier) -> Setup {
    Setup { tier, settings: Settings { metering: Metering::Fuel, deterministic: true } }
}

/// The calls of a case, behind its trip.
fn behind(module: &Module, case: &Case, skip_from: usize, host: Host) -> Record {
    let fuel = case.fuel.saturating_mul(FUEL_FACTOR);
    let program = Program { module, calls: &case.calls, fuel, skip_from, host };
    let setup = setup(Tier::default());
    program.run(setup, Some(Arc::new(Translation::new(setup.settings))))
}

/// Whether a call ended for want of fuel or of stack.
fn is_short(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Trap { kind: TrapKind::OutOfFuel | TrapKind::StackOverflow, .. })
}

/// Whether a start function ended for want of fuel or of stack.
fn is_endless(record: &Record) -> bool {
    matches!(&record.instantiation, Some(Failure::Trap(outcome)) if is_short(outcome))
}

/// How a module is sent.
#[derive(Clone, Copy, Debug)]
enum Way {
    Turned,
    Straight,
    Improved,
}

impl Way {
    const ALL: [Way; 3] = [Way::Turned, Way::Straight, Way::Improved];

    /// Sends a module; what is improved is no larger, and is the same behind another trip.
    fn send(self, module: &Module, options: &Options<'_>, turns: bool) -> Result<Trip, String> {
        let sent = |module: &Module| match self {
            Way::Turned => trip::turned(module, options),
            Way::Straight => trip::module(module, options),
            Way::Improved => trip::improved(module, options, turns),
        };
        let trip = sent(module).map_err(|error| error.to_string())?;
        if let Way::Improved = self {
            let (was, once) = (module.bytes().len(), trip.module.bytes());
            if once.len() > was {
                return Err(format!("{was} bytes become {}", once.len()));
            }
            let twice = sent(&trip.module).map_err(|error| error.to_string())?;
            if twice.module.bytes() != once {
                let of = |module: &Module, func| module.body(func).map(|it| it.bytes().to_vec());
                let mut funcs = module.defined_funcs();
                let func = funcs.find(|&it| of(&trip.module, it) != of(&twice.module, it));
                return Err(format!("another trip gives other bytes, of {func:?}"));
            }
        }
        Ok(trip)
    }
}

/// The module behind its trip.
fn send(
    module: &Module,
    passes: &[Pass],
    index: u64,
    totals: &mut Totals,
) -> Result<Module, String> {
    let fault: Mutex<Option<LeftOut>> = Mutex::new(None);
    let transform = |body: CheckedBody| {
        let (body, mut refused) = optimize(body, passes);
        if let Some(refused) = refused.pop() {
            *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
        }
        Some(body)
    };
    let limits = Limits::default();
    let options = Options { transform: &transform, threads: 1, limits: &limits };
    let way = Way::ALL[(index % 3) as usize];
    let trip = way.send(module, &options, !passes.is_empty())?;
    if let Some(refused) = fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(refused.to_string());
    }
    for (_, outcome) in trip.outcomes.iter().filter(|(_, outcome)| outcome.is_failure()) {
        match outcome {
            trip::Outcome::Refused(rejection) => {
                let name = if passes.is_empty() { "" } else { "behind passes, " };
                totals.refused.push((index, format!("{name}{rejection}")));
            }
            other => return Err(other.to_string()),
        }
    }
    let name = if passes.is_empty() { "" } else { "behind passes, " };
    let unturned = trip.unturned.iter().map(|(_, why)| (index, format!("{name}turned: {why}")));
    totals.refused.extend(unturned);
    Ok(trip.module)
}
