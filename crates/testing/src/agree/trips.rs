//! Generated modules behind a trip through SSA: what is emitted is proved, and runs as before.
//!
//! ```text
//! Case ─ trip, without passes and with all ─► module' ─ interpreter ─► Record ═══ same ═══ Record ◄─ reference tier ─ Case
//! ```
//!
//! Each function that is emitted is translated and proved as bytecode, whether a call reaches it or
//! not. Of three modules one has its loops turned, and one is improved until it settles, as `prova
//! opt` does with each function (`Way`): that one must be no larger, and go on the trip again to
//! come out the same. Programs ([`Generator::Programs`]) are improved as a whole, as `prova opt`
//! does: functions are specialised to their callers, inlined and renumbered by rules F and T of
//! `prova_specialize::program`, so of references to functions only null compares, and of
//! backtraces nothing. A
//! function whose emission is refused keeps its bytes, or its loops as they were, and is counted
//! and named; any other fault ends the campaign. Fuel and the charge of frames are not the same
//! behind a trip: from the first call on that runs out of either, calls are left out of both runs.
//!
//! A fault planted in the module behind its trip ([`compare`]) shows that the comparison would see
//! a wrong emission that the proof accepts (`tests/trip_plants.rs`).
//!
//! A green run does not show that wrong emissions are refused, since there are none here; the twins
//! of `crates/emit/tests/emitted` do.

use crate::campaign::{self, Options};
use crate::generate::{Case, Generator, module_of_text};
use crate::sides::attach::Translation;
use crate::sides::compare::{Apart, difference};
use crate::sides::host::Host;
use crate::sides::run::{Failure, Outcome, Program, Record, Setup, State};
use crate::sides::ssa::Plant;
use crate::sides::{InPlace, Side};
use prova_core::Tier;
use prova_emit::trip::{self, Trip};
use prova_module::{Limits, Module, ValType};
use prova_optimize::{LeftOut, Pass, optimize};
use prova_runtime::{Attach, Cell, Metering, Settings, TrapKind};
use prova_specialize::program;
use prova_ssa::CheckedBody;
use std::sync::{Mutex, PoisonError};

/// The factor by which a case has more fuel behind a trip.
const FUEL_FACTOR: u64 = 4;

/// The counts of cases without a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Modules that are valid and supported.
    pub modules: u64,
    /// Their functions, each sent on two trips: without passes, and with all.
    pub funcs: u64,
    /// The emissions that were refused: the case's number, and why.
    pub refused: Vec<(u64, String)>,
    /// Functions that are gone behind it, where programs are improved as a whole.
    pub gone: u64,
    /// Calls that returned, alike before and behind the trip.
    pub returned: u64,
    /// Calls that ended otherwise.
    pub trapped: u64,
}

impl campaign::Tally for Tally {
    fn add(&mut self, other: Tally) {
        self.modules += other.modules;
        self.funcs += other.funcs;
        self.refused.extend(other.refused);
        self.gone += other.gone;
        self.returned += other.returned;
        self.trapped += other.trapped;
    }
}

/// The result of a campaign.
pub type Totals = campaign::Totals<Tally>;

/// Sends generated modules on their trips, until there are `count` functions and `modules` modules.
pub fn campaign(options: &Options) -> Totals {
    let enough = |totals: &Totals| {
        totals.tally.funcs >= options.count && totals.tally.modules >= options.modules
    };
    campaign::campaign(options, enough, |index| {
        let way = match options.generator {
            Generator::Programs => Way::Program,
            Generator::Biased
            | Generator::Smith
            | Generator::Addresses
            | Generator::Narrow
            | Generator::Objects
            | Generator::BiasedObjects => Way::of(index),
        };
        let tried = compare(&options.case(index), index, way, None);
        tried.map_err(|what| format!("case {index}: {what}"))
    })
}

/// Sends the case of this number on its trips, and runs it before and behind them; with a `plant`,
/// what runs behind them is the text of the module after an edit.
///
/// # Errors
/// The first difference, or what else goes wrong; a refused emission is counted.
pub fn compare(case: &Case, index: u64, way: Way, plant: Option<Plant>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let Some(module) = case.module() else { return Ok(tally) };
    tally.modules += 1;
    tally.funcs += module.defined_funcs().count() as u64;
    let subject = Subject::new(case, &module, index);
    for passes in [&[][..], &Pass::DEFAULT] {
        let mut new = send(&module, passes, (index, way), &mut tally)?;
        if let Some(plant) = plant {
            new = planted(&new, plant)?;
        }
        proved(&new).map_err(|what| format!("passes {passes:?}: {what}"))?;
        let funcs = |module: &Module| module.defined_funcs().count() as u64;
        tally.gone += funcs(&module).saturating_sub(funcs(&new));
        let alike =
            subject.same_by(&new, way).map_err(|what| format!("passes {passes:?}: {what}"))?;
        tally.returned += alike.0;
        tally.trapped += alike.1;
    }
    Ok(tally)
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

/// Both sides of a trip have these apart: places in the code, and the fuel of its operators.
pub(crate) const BEHIND: Apart = Apart { fuel: true, places: true, faults: false };

/// A case's module, and what its calls do in the reference tier.
pub(crate) struct Subject<'c> {
    program: Program<'c>,
    before: Record,
}

impl<'c> Subject<'c> {
    /// The module of the case of this number.
    pub(crate) fn new(case: &'c Case, module: &'c Module, index: u64) -> Subject<'c> {
        let program = Program::of(module, case, Host::of(index));
        let before = setup(Tier::Reference).run(&program);
        Subject { program, before }
    }

    /// The module.
    pub(crate) fn module(&self) -> &'c Module {
        self.program.module
    }

    /// Runs a new module in the place of the case's: how many calls returned and ended otherwise,
    /// alike.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn same(&self, new: &Module) -> Result<(u64, u64), String> {
        self.same_by(new, Way::Straight)
    }

    fn same_by(&self, new: &Module, way: Way) -> Result<(u64, u64), String> {
        if self.before.is_begun(is_short) {
            return Ok((0, 0));
        }
        let side = InPlace { module: new, fuel_factor: FUEL_FACTOR, side: setup(Tier::default()) };
        let until = |skip_from| Program { skip_from, ..self.program };
        let mut before = self.before.clone();
        let mut after = side.run(&until(before.first(is_short)));
        let program = until(before.first(is_short).min(after.first(is_short)));
        if program.skip_from < program.calls.len() {
            (before, after) = (setup(Tier::Reference).run(&program), side.run(&program));
        }
        let (returned, _) = before.counts();
        for record in [&mut before, &mut after] {
            BEHIND.take(record);
            if way == Way::Program {
                self.take_numbers(record);
            }
        }
        match difference(&before, &after) {
            None => Ok((returned, program.skip_from as u64 - returned)),
            Some(what) => Err(what),
        }
    }
}

impl Subject<'_> {
    /// Takes out of a record what a program that is improved as a whole does not keep: the numbers
    /// of functions, which references to them tell, and the frames of backtraces.
    fn take_numbers(&self, record: &mut Record) {
        let module = self.program.module;
        let is_ref = |ty: &ValType| matches!(ty, ValType::Ref(_));
        for (call, (outcome, _)) in self.program.calls.iter().zip(&mut record.calls) {
            let func = module.export(&call.export).and_then(|export| export.func());
            match outcome {
                Outcome::Results(cells) => {
                    let mut cells = cells.iter_mut();
                    for ty in func.into_iter().flat_map(|func| &module.func_type(func).results) {
                        let cell = cells.next();
                        cell.into_iter().filter(|_| is_ref(ty)).for_each(to_null_or_not);
                        if *ty == ValType::V128 {
                            cells.next();
                        }
                    }
                }
                Outcome::Trap { places, .. } => places.clear(),
                Outcome::Fault(_) | Outcome::Skipped => {}
            }
        }
        if let Some(Failure::Trap(Outcome::Trap { places, .. })) = &mut record.instantiation {
            places.clear();
        }
        let mut globals = module.globals().iter().map(|global| is_ref(&global.val));
        for state in &mut record.state {
            match state {
                State::Memory(_) => {}
                State::Table(cells) => cells.iter_mut().for_each(to_null_or_not),
                State::Global([low, _]) => {
                    globals.next().into_iter().filter(|&it| it).for_each(|_| to_null_or_not(low));
                }
            }
        }
    }
}

fn to_null_or_not(cell: &mut Cell) {
    *cell = (*cell).min(1);
}

/// A module whose text is edited.
fn planted(module: &Module, plant: Plant) -> Result<Module, String> {
    let text = wasmprinter::print_bytes(module.bytes()).map_err(|error| error.to_string())?;
    module_of_text(&plant(&text))
}

fn setup(tier: Tier) -> Setup {
    Setup { tier, settings: Settings { metering: Metering::Fuel, deterministic: true } }
}

/// Whether a call ended for want of fuel or of stack.
fn is_short(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Trap { kind: TrapKind::OutOfFuel | TrapKind::StackOverflow, .. })
}

/// How a module is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With its loops turned.
    Turned,
    /// Each function once.
    Straight,
    /// Each function until it settles.
    Improved,
    /// As a whole.
    Program,
}

impl Way {
    /// The way of the module of a number, where each function goes by itself.
    pub fn of(index: u64) -> Way {
        [Way::Turned, Way::Straight, Way::Improved][(index % 3) as usize]
    }

    /// Sends a module; what is improved is no larger, and is the same behind another trip, if each
    /// function goes by itself. With the notes on rules that kept a program as it was.
    fn send(
        self,
        module: &Module,
        options: &trip::Options<'_>,
        turns: bool,
    ) -> Result<(Trip, Vec<String>), String> {
        if self == Way::Program {
            let all = program::improved(module, options, turns).map_err(|e| e.to_string())?;
            no_larger(module, &all.trip.module)?;
            return Ok((all.trip, all.notes));
        }
        let sent = |module: &Module| match self {
            Way::Turned => trip::turned(module, options),
            Way::Straight => trip::module(module, options),
            Way::Improved | Way::Program => trip::improved(module, options, turns),
        };
        let trip = sent(module).map_err(|error| error.to_string())?;
        if let Way::Improved = self {
            no_larger(module, &trip.module)?;
            let once = trip.module.bytes();
            let twice = sent(&trip.module).map_err(|error| error.to_string())?;
            if twice.module.bytes() != once {
                let of = |module: &Module, func| module.body(func).map(|it| it.bytes().to_vec());
                let mut funcs = module.defined_funcs();
                let func = funcs.find(|&it| of(&trip.module, it) != of(&twice.module, it));
                return Err(format!("another trip gives other bytes, of {func:?}"));
            }
        }
        Ok((trip, Vec::new()))
    }
}

fn no_larger(old: &Module, new: &Module) -> Result<(), String> {
    let (was, is) = (old.bytes().len(), new.bytes().len());
    if is > was { Err(format!("{was} bytes become {is}")) } else { Ok(()) }
}

/// The module behind its trip.
fn send(
    module: &Module,
    passes: &[Pass],
    (index, way): (u64, Way),
    tally: &mut Tally,
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
    let options = trip::Options { transform: &transform, threads: 1, limits: &limits };
    let (trip, notes) = way.send(module, &options, !passes.is_empty())?;
    if let Some(refused) = fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(refused.to_string());
    }
    for (_, outcome) in trip.outcomes.iter().filter(|(_, outcome)| outcome.is_failure()) {
        match outcome {
            trip::Outcome::Refused(rejection) => {
                let name = if passes.is_empty() { "" } else { "behind passes, " };
                tally.refused.push((index, format!("{name}{rejection}")));
            }
            left if left.is_left_out() => {}
            other => return Err(other.to_string()),
        }
    }
    let name = if passes.is_empty() { "" } else { "behind passes, " };
    let unturned = trip.unturned.iter().map(|(_, why)| (index, format!("{name}turned: {why}")));
    tally.refused.extend(unturned);
    tally.refused.extend(notes.iter().map(|note| (index, format!("{name}{note}"))));
    Ok(trip.module)
}
