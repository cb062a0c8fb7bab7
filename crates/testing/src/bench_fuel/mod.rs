//! What a unit of fuel buys: hostile programs → nanoseconds per unit, beside a unit of a plain loop.
//!
//! ```text
//! programs, torture's snippets ─► store, instance ─ call until the fuel is gone ─► ns / unit ─► ratio, the dearest first
//! ```
//!
//! A program is run with growing fuel until it takes long enough to be measured; the least of some repetitions counts. Time is that of
//! the thread's processor, so what else the machine does matters little. Translation is done before.
//!
//! What the table does not show: programs that nobody thought of. What it finds dear is charged more, or stands in
//! `docs/semantics.md` among what fuel does not bound.

mod programs;

use crate::attach::Translation;
use crate::torture::snippets::{self, Snippet};
use prova::Tier;
use prova_module::{Features, Limits, Module};
use prova_runtime::{
    Attach, Extern, HostFunc, HostOutcome, InstanceAddr, Metering, Settings, Store, StoreConfig,
};
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write as _;
use std::sync::Arc;

/// A program whose export `f` uses up its fuel, or ends by itself after much work.
pub struct Program {
    /// What it is about.
    pub name: String,
    /// The module, in the text format.
    pub text: String,
}

/// What a unit of one program costs.
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

/// Measures all programs whose name contains `filter`, in one tier.
///
/// # Errors
/// If a module is refused or cannot be instantiated.
pub fn measure_all(tier: Tier, filter: &str) -> Result<Vec<Measured>, String> {
    let mut list = vec![programs::plain()];
    let others = programs::all().into_iter().chain(operators());
    list.extend(others.filter(|program| program.name.contains(filter)));
    list.iter().map(|program| measure(tier, program)).collect()
}

/// The bodies of the torture test, each repeated, so that the loop around it counts for little.
fn operators() -> Vec<Program> {
    let mut list = snippets::all();
    // One form of each operator: those with constants and offsets cost no more.
    list.retain(|snippet| !snippet.traps() && !snippet.name.contains(['(', '=']));
    let program = |Snippet { name, body, .. }| {
        let text = snippets::endless_text(&body.repeat(16));
        Program { name: format!("operator {name}"), text }
    };
    list.into_iter().map(program).collect()
}

/// Measures one.
///
/// # Errors
/// As [`measure_all`].
pub fn measure(tier: Tier, program: &Program) -> Result<Measured, String> {
    let named = |error: String| format!("{}: {error}", program.name);
    let settings = Settings { metering: Metering::Fuel, deterministic: false };
    let module = decode(&program.text).map_err(named)?;
    let attach: Arc<dyn Attach> = Arc::new(Translation::new(settings));
    if tier != Tier::Reference {
        for func in module.defined_funcs() {
            attach.attach(&module, func).map_err(|error| named(error.to_string()))?;
        }
    }
    let run = |fuel| run(tier, settings, &module, Arc::clone(&attach), fuel).map_err(named);
    let mut fuel = 1 << 14;
    let (mut units, mut best) = run(fuel)?;
    while best < LONG_ENOUGH_NS && units > fuel / 2 && fuel < FUEL_MAX {
        fuel *= 4;
        (units, best) = run(fuel)?;
    }
    for _ in 1..REPETITIONS {
        best = best.min(run(fuel)?.1);
    }
    Ok(Measured { name: program.name.clone(), units, ns: best as f64 / units.max(1) as f64 })
}

fn decode(text: &str) -> Result<Module, String> {
    let bytes = wat::parse_str(text).map_err(|error| error.to_string())?;
    Module::decode(bytes, &Features::default(), &Limits::default())
        .map_err(|error| error.to_string())
}

/// Units used and nanoseconds taken by one call in a new store.
fn run(
    tier: Tier,
    settings: Settings,
    module: &Module,
    attach: Arc<dyn Attach>,
    fuel: u64,
) -> Result<(u64, u64), String> {
    let executor = tier.executor();
    let mut store = Store::new(StoreConfig { settings, executor, ..StoreConfig::default() });
    store.set_fuel(u64::MAX);
    let imports = imports(&mut store, module)?;
    let instance = store.instantiate(&mut (), module, &imports, attach);
    let instance = instance.map_err(|error| error.to_string())?;
    let f = export(&store, instance, "f")?;
    let func = f.func().ok_or("`f` is no function")?;
    let (params, results) = store.func_cells(func);
    let (args, mut results) = (vec![0; params], vec![0; results]);
    store.set_fuel(fuel);
    let start = processor_ns();
    // A program may end with any trap.
    let _ = store.call(&mut (), func, &args, &mut results);
    let time = processor_ns() - start;
    Ok((fuel - store.fuel(), time))
}

fn export(store: &Store, instance: InstanceAddr, name: &str) -> Result<Extern, String> {
    store.instance(instance).export(name).ok_or_else(|| format!("no export `{name}`"))
}

/// Imports of `other` are exports of an instance of [`programs::OTHER`]; all else are functions of the host that do nothing.
fn imports(store: &mut Store, module: &Module) -> Result<Vec<Extern>, String> {
    let other = decode(programs::OTHER)?;
    let attach = Arc::new(Translation::new(store.settings()));
    let other = store.instantiate(&mut (), &other, &[], attach);
    let other = other.map_err(|error| error.to_string())?;
    let mut imports = Vec::new();
    for import in module.imports() {
        if &*import.module == "other" {
            imports.push(export(store, other, &import.name)?);
        } else if let prova_module::ExternType::Func(ty) = import.kind {
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
