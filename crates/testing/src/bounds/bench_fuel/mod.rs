//! The worth of a unit of fuel: hostile programs → nanoseconds per unit, beside a unit of a plain
//! loop.
//!
//! ```text
//! programs, torture's snippets ─► store, instance ─ call until the fuel is gone ─► ns / unit ─► ratio, the dearest first
//! ```
//!
//! A program is run with growing fuel until it takes long enough to be measured; the least of some
//! repetitions counts. Time is the thread's processor time, so other load on the machine matters
//! little. Translation is done before.
//!
//! The table does not cover programs that nobody thought of. Programs that it finds dear are
//! charged more, or stand in `docs/semantics.md` among what fuel does not bound.

mod programs;

use crate::bounds::torture::snippets::{self, Snippet};
use crate::sides::attach::Translation;
use prova_core::Tier;
use prova_module::{ExternType, Features, Limits, Module};
use prova_reference::{Reference, STEPS_PER_UNIT_MAX};
use prova_runtime::{
    Attach, ExecutorKind, Extern, HostFunc, HostOutcome, InstanceAddr, Metering, Settings, Store,
    StoreConfig, TrapKind,
};
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write as _;
use std::sync::Arc;

/// A program whose export `f` uses up its fuel, or ends by itself after much work.
pub struct Program {
    /// The subject.
    pub name: String,
    /// The module, in the text format.
    pub text: String,
}

/// The cost of a unit of one program.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The program.
    pub name: String,
    /// Units used by the longest run.
    pub units: u64,
    /// Nanoseconds for a unit.
    pub ns: f64,
}

/// The least processor time of a run that counts, in nanoseconds.
const LONG_ENOUGH_NS: u64 = 20_000_000;

/// The most fuel that a program is given.
const FUEL_MAX: u64 = 1 << 34;

/// Runs of a program with the greatest fuel.
const REPETITIONS: usize = 3;

/// Measures all programs whose name contains `filter`, in one tier; gives the reason for a program
/// that cannot be run.
pub fn measure_all(tier: Tier, filter: &str) -> (Vec<Measured>, Vec<String>) {
    let (mut measured, mut failures) = (Vec::new(), Vec::new());
    let others = by_hand().into_iter().chain(operators());
    let others = others.filter(|program| program.name.contains(filter));
    for program in [programs::plain()].into_iter().chain(others) {
        match measure(tier, &program) {
            Ok(one) => measured.push(one),
            Err(error) => failures.push(error),
        }
    }
    (measured, failures)
}

/// The programs written for this table, without the plain loop.
pub fn by_hand() -> Vec<Program> {
    programs::all()
}

/// The bodies of the torture test, each repeated, so that the loop around it counts for little.
fn operators() -> Vec<Program> {
    let mut list = snippets::all();
    // One form of each operator: those with constants and offsets cost no more.
    list.retain(|snippet| !snippet.traps() && !snippet.name.contains(['(', '=']));
    let program = |Snippet { name, body, .. }| {
        let text = snippets::endless_text(&format!("{body} ").repeat(16));
        Program { name: format!("operator {name}"), text }
    };
    list.into_iter().map(program).collect()
}

/// Measures one.
///
/// # Errors
/// If the module is refused or cannot be instantiated.
pub fn measure(tier: Tier, program: &Program) -> Result<Measured, String> {
    let ready = Ready::new(tier, program)?;
    let mut fuel = 1 << 14;
    let mut used = ready.run(fuel)?;
    while used.ns < LONG_ENOUGH_NS && used.exhausted && fuel < FUEL_MAX {
        fuel *= 4;
        used = ready.run(fuel)?;
    }
    let Used { units, ns: mut best, .. } = used;
    for _ in 1..REPETITIONS {
        best = best.min(ready.run(fuel)?.ns);
    }
    Ok(Measured { name: program.name.clone(), units, ns: best as f64 / units.max(1) as f64 })
}

/// A program, decoded and translated.
pub struct Ready {
    name: String,
    tier: Tier,
    module: Module,
    attach: Arc<dyn Attach>,
}

/// The fuel and time that a run has used.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Fuel.
    pub units: u64,
    /// Processor time in nanoseconds.
    pub ns: u64,
    /// Whether the fuel was not enough.
    pub exhausted: bool,
}

/// Steps before the first unit is paid, and the one that finds that there is no fuel.
const STEPS_UNPAID: u64 = 4;

const SETTINGS: Settings = Settings { metering: Metering::Fuel, deterministic: false };

impl Ready {
    /// Decodes and translates a program.
    ///
    /// # Errors
    /// If the module is refused.
    pub fn new(tier: Tier, program: &Program) -> Result<Ready, String> {
        let name = program.name.clone();
        let module = decode(&program.text).map_err(|error| format!("{name}: {error}"))?;
        let attach: Arc<dyn Attach> = Arc::new(Translation::new(SETTINGS));
        if tier != Tier::Reference {
            for func in module.defined_funcs() {
                attach.attach(&module, func).map_err(|error| format!("{name}: {error}"))?;
            }
        }
        Ok(Ready { name, tier, module, attach })
    }

    /// Calls `f` in a new store with this fuel.
    ///
    /// # Errors
    /// If the module cannot be instantiated, or the reference tier makes more steps than the fuel
    /// buys.
    pub fn run(&self, fuel: u64) -> Result<Used, String> {
        let executor = if self.tier == Tier::Reference {
            let steps_max = STEPS_PER_UNIT_MAX.saturating_mul(fuel).saturating_add(STEPS_UNPAID);
            ExecutorKind::External(Arc::new(Reference::with_steps_max(steps_max)))
        } else {
            self.tier.executor()
        };
        let config = StoreConfig { settings: SETTINGS, executor, ..StoreConfig::default() };
        let mut store = Store::new(config);
        store.set_fuel(u64::MAX);
        let imports = imports(&mut store, &self.module)?;
        let attach = Arc::clone(&self.attach);
        let instance = store.instantiate(&mut (), &self.module, &imports, attach);
        let instance = instance.map_err(|error| format!("{}: {error}", self.name))?;
        let func = export(&store, instance, "f")?.func().ok_or("`f` is no function")?;
        let (params, results) = store.func_cells(func);
        let (args, mut results) = (vec![0; params], vec![0; results]);
        store.set_fuel(fuel);
        let start = processor_ns();
        let outcome = store.call(&mut (), func, &args, &mut results);
        let ns = processor_ns() - start;
        if outcome.as_ref().is_err_and(|trap| trap.kind == TrapKind::Interrupt) {
            return Err(format!("{}: more steps than {fuel} units buy", self.name));
        }
        // A program may end by itself, or with another trap.
        let exhausted = outcome.is_err_and(|trap| trap.kind == TrapKind::OutOfFuel);
        Ok(Used { units: fuel - store.fuel(), ns, exhausted })
    }
}

fn decode(text: &str) -> Result<Module, String> {
    let bytes = wat::parse_str(text).map_err(|error| error.to_string())?;
    Module::decode(bytes, &Features::default(), &Limits::default())
        .map_err(|error| error.to_string())
}

fn export(store: &Store, instance: InstanceAddr, name: &str) -> Result<Extern, String> {
    store.instance(instance).export(name).ok_or_else(|| format!("no export `{name}`"))
}

/// Imports of `other` are exports of an instance of [`programs::OTHER`]; all else are functions of
/// the host that do nothing.
fn imports(store: &mut Store, module: &Module) -> Result<Vec<Extern>, String> {
    let other = decode(programs::OTHER)?;
    let attach = Arc::new(Translation::new(store.settings()));
    let other = store.instantiate(&mut (), &other, &[], attach);
    let other = other.map_err(|error| error.to_string())?;
    let mut imports = Vec::new();
    for import in module.imports() {
        if &*import.module == "other" {
            imports.push(export(store, other, &import.name)?);
        } else if let ExternType::Func(ty) = import.kind {
            let nothing: HostFunc = Arc::new(|_, _, _| HostOutcome::Done);
            let ty = module.types()[ty.index()].clone();
            imports.push(Extern::Func(store.func_new(ty, nothing)));
        }
    }
    Ok(imports)
}

/// Processor time of this thread in nanoseconds.
fn processor_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The table: the dearest first, each against the first of `measured`, the plain loop.
pub fn table(measured: &[Measured]) -> String {
    let plain = measured.first().map_or(1.0, |plain| plain.ns);
    let mut sorted: Vec<&Measured> = measured.iter().collect();
    sorted.sort_by(|a, b| b.ns.total_cmp(&a.ns));
    let mut text = format!("{:>8} {:>10} {:>14}  program\n", "ratio", "ns/unit", "units");
    for Measured { name, units, ns } in sorted {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:>8.1} {ns:>10.2} {units:>14}  {name}", ns / plain);
    }
    text
}
