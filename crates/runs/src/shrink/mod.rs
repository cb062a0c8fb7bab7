//! A divergence → a small separate module that still diverges in the same class.
//!
//! ```text
//! Record + two sides ─ diverge ─► class, function, who had called
//!   └ locate ─► state at an entry of the function ─ freeze, used ─► module ─ same class? ─► reduce ─► Shrunk
//!        ▲                                                             │ no
//!        └─────────── an entry before, the caller, its caller, … ──────┘
//! ```
//!
//! [`diverge`](mod@crate::diverge) judges every try; [`prova_reduce`] has the search
//! over statements.
//!
//! 1. What is returned was compared by `diverge` as a user would: it is a valid module without
//!    imports whose export [`ENTRY`] diverges in the class that the program had (module `class`).
//! 2. The result depends on the record, the sides and the options alone.
//! 3. What the host answered between the entry and the divergence is written into the module.
//!
//! Limits: state that is outside of memories and globals is as at the start: tables that were
//! written, segments that were dropped. Of two builds the host's writes go where they went in the
//! recorded one. Time is bounded by [`Options::work`]; tries before the search: one for each entry
//! of each of [`CALLERS_MAX`] functions. `tests/shrink.rs` and `tests/shrink_plants.rs` shrink
//! planted differences.

mod class;
mod expressions;
mod freeze;
mod locate;
mod reduce;
mod report;
mod used;

pub use class::Class;
pub use freeze::ENTRY;

use crate::diverge::{self, Divergence, Side, diverge};
use crate::trace::{Arguments, Plan, Prepared, Record, unanswered};
use prova_core::{Error, FuncType, Result, Val, bail};
use prova_module::{FuncIdx, Module};
use prova_reduce::{Pair, Search};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Functions that are tried as the root: the one that is named, and those that had called.
pub const CALLERS_MAX: usize = 12;
/// The units of fuel of a run before its length is known.
const FUEL: u64 = 1 << 36;
/// Units of fuel for each event of a run, and for none: more than telling one costs.
const FUEL_OF_EVENT: u64 = 200;
const FUEL_LEAST: u64 = 100_000;

/// How long may be searched, and what of `diverge` is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Maximum number of bytes of modules that are tried, both sides and all tries together; a try
    /// counts 1,000 bytes more.
    pub work: u64,
    /// The options with which the divergence is looked for.
    pub diverge: diverge::Options<'static>,
}

impl Default for Options {
    fn default() -> Options {
        Options { work: 10_000_000, diverge: diverge::Options::default() }
    }
}

/// A small module that diverges, or two.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The small module.
    pub module: Module,
    /// The small module of the second side, if the sides have two builds.
    pub against: Option<Module>,
    /// The class of both divergences.
    pub class: Class,
    /// The divergence of the program.
    pub before: Divergence,
    /// The divergence of the small module.
    pub after: Divergence,
    /// Bytes of the program's modules.
    pub bytes: [usize; 2],
    /// Modules that were tried.
    pub tries: u64,
    /// The budget ended before the search did.
    pub exhausted: bool,
    /// The fuel without which the small module does not diverge.
    pub fuel: Option<u64>,
}

/// The sides do not differ.
#[derive(Clone, Copy, Debug)]
pub struct NoDifference;

impl fmt::Display for NoDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sides do not differ: there is nothing to shrink")
    }
}

impl std::error::Error for NoDifference {}

/// The sides differ, but not in a module that was cut out.
#[derive(Clone, Debug)]
pub struct NotShown(String);

impl fmt::Display for NotShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the divergence ({}) does not show in a module of its own", self.0)
    }
}

impl std::error::Error for NotShown {}

/// The input of the search.
struct Case<'c> {
    record: &'c Arc<Record>,
    sides: &'c [Side<'c>; 2],
    args: Arguments<'c>,
    modules: [Module; 2],
    /// The sides have two builds.
    against: bool,
    /// For each function of A its partner; `None` of one module.
    partners: Option<Vec<Option<u32>>>,
    mask: Option<(u64, u64)>,
    options: Options,
    /// The fuel of a try.
    fuel: Option<u64>,
    class: Class,
}

/// Gives no arguments: the small module's function takes none.
fn no_arguments(_: &str, _: &FuncType, _: &[String]) -> Result<Vec<Val>> {
    Ok(Vec::new())
}

/// Cuts out the place at which two sides differ, and makes it small.
///
/// # Errors
/// [`NoDifference`], [`NotShown`]; those of [`diverge`](fn@crate::diverge::diverge).
pub fn shrink(
    record: &Arc<Record>,
    sides: &[Side<'_>; 2],
    options: Options,
    args: Arguments<'_>,
) -> Result<Shrunk> {
    let before = diverge(record, sides, options.diverge, args)?;
    let Some(class) = Class::of(&before) else { bail!(NoDifference) };
    let case = Case::new(record, sides, options, (args, class))?;
    let Some((whole, fuel)) = case.cut(&before)? else { bail!(NotShown(case.class.to_string())) };
    let case = Case { fuel: Some(fuel), ..case };
    let judge = |pair: &Pair| case.judged(pair, case.fuel).is_some();
    let mut search = Search { judge: &judge, left: options.work, tries: 0 };
    let small = reduce::smaller(&case, &mut search, whole.clone()).map_err(shown)?;
    let (tries, exhausted) = (search.tries, search.left == 0);
    // As a user runs it: without a bound, if the small one ends without one.
    let bounded = case.judged(&small, Some(fuel));
    let ends = bounded.is_some_and(|after| !runs_out(&after));
    let own = (&small, options.diverge.fuel);
    let held = ends.then_some(own).into_iter();
    let held = held.chain([(&small, Some(fuel)), (&whole, Some(fuel))]);
    let mut held = held.filter_map(|(pair, fuel)| Some((pair, fuel, case.judged(pair, fuel)?)));
    let Some((pair, fuel, after)) = held.next() else {
        bail!(NotShown(case.class.to_string()));
    };
    Ok(Shrunk {
        module: pair.a.clone(),
        against: case.against.then(|| pair.b.clone()),
        bytes: [0, 1].map(|side: usize| case.modules[side].bytes().len()),
        class: case.class.clone(),
        fuel,
        before,
        after,
        tries,
        exhausted,
    })
}

/// Whether a program of a divergence may go on behind the fuel that it had: if it ends by itself,
/// it does so when it is traced.
fn runs_out(after: &Divergence) -> bool {
    let spent = prova_core::Trap::OutOfFuel.to_string();
    let spent = spent.strip_prefix("wasm trap: ").unwrap_or(&spent);
    [&after.a, &after.b].iter().any(|side| side.ended.contains(spent))
}

fn shown(error: anyhow::Error) -> Error {
    Error::msg(format!("{error:#}"))
}

impl<'c> Case<'c> {
    fn new(
        record: &'c Arc<Record>,
        sides: &'c [Side<'c>; 2],
        options: Options,
        (args, class): (Arguments<'c>, Class),
    ) -> Result<Case<'c>> {
        let bytes = |side: usize| sides[side].module.unwrap_or_else(|| record.module());
        let decoded = |side: usize| {
            let engine = prova_core::Engine::new(sides[side].config)?;
            Ok::<_, Error>(prova_core::Module::new(&engine, bytes(side))?.wasm().clone())
        };
        let modules = [decoded(0)?, decoded(1)?];
        let against = bytes(0) != bytes(1);
        let partners = against.then(|| (options.diverge.partners)(&modules[0], &modules[1]));
        let masked = options.diverge.ignore_addresses && against;
        let mask = masked.then(|| diverge::addresses([&modules[0], &modules[1]]));
        let fuel = options.diverge.fuel;
        Ok(Case { record, sides, args, modules, against, partners, mask, options, fuel, class })
    }

    /// A side of the program.
    fn prepare(&self, side: usize, plan: Option<&Plan<'_>>) -> Result<Prepared> {
        let bytes = self.modules[side].bytes();
        Prepared::new(self.sides[side].config, bytes, self.record, plan, self.options.diverge.fuel)
    }

    /// A record of a module that was cut out.
    fn record_of(&self, module: &Module) -> Result<Arc<Record>> {
        Ok(Arc::new(unanswered(module, ENTRY)?))
    }

    /// The divergence of a pair, if it is of the class.
    fn judged(&self, pair: &Pair, fuel: Option<u64>) -> Option<Divergence> {
        if !pair.a.imports().is_empty() || !pair.b.imports().is_empty() {
            return None;
        }
        let record = self.record_of(&pair.a).ok()?;
        let mut sides = self.sides.clone();
        for side in &mut sides {
            side.module = None;
        }
        sides[1].module = self.against.then(|| pair.b.bytes());
        let options = diverge::Options { fuel, ..self.options.diverge };
        let found = diverge(&record, &sides, options, &no_arguments).ok()?;
        (Class::of(&found).as_ref() == Some(&self.class)).then_some(found)
    }

    /// The first entry, of the function that differs or of a caller, whose separate module
    /// diverges; and the fuel that its runs need.
    fn cut(&self, found: &Divergence) -> Result<Option<(Pair, u64)>> {
        let places = locate::places(found);
        for funcs in self.roots(found) {
            let entries = locate::entries(self, funcs, &places)?;
            for &number in &entries.numbers {
                // A state that cannot be written as a module may be written from a caller on.
                let Ok(pair) = self.frozen(&entries, number) else { continue };
                let fuel = Some(self.options.diverge.fuel.unwrap_or(FUEL));
                if self.judged(&pair, fuel).is_none() {
                    continue;
                }
                let (_, events) = used::values(self, &self.record_of(&pair.a)?)?;
                let fuel = events.saturating_mul(FUEL_OF_EVENT).saturating_add(FUEL_LEAST);
                if self.judged(&pair, Some(fuel)).is_some() {
                    return Ok(Some((pair, fuel)));
                }
            }
        }
        Ok(None)
    }

    /// The functions that are tried, with their partners: those that were active, the innermost
    /// first, and the export.
    fn roots(&self, found: &Divergence) -> Vec<[u32; 2]> {
        let first = found.first.as_ref();
        let of = |side: usize| {
            let spot = first.and_then(|first| [&first.a, &first.b][side].as_ref());
            let stack = spot.iter().flat_map(|spot| spot.stack.iter().map(|frame| frame.func));
            let own = spot.iter().map(|spot| spot.event.func);
            own.chain(stack).collect::<Vec<u32>>()
        };
        let partner = |func: u32| match &self.partners {
            None => Some(func),
            Some(partners) => partners.get(func as usize).copied().flatten(),
        };
        let mut funcs = of(0);
        if funcs.is_empty() {
            let all = 0..self.modules[0].func_count() as u32;
            let of_b = of(1);
            let partners = all.filter(|func| partner(*func).is_some_and(|b| of_b.contains(&b)));
            funcs.extend(partners);
        }
        if let Some(fork) = first.and_then(|first| first.before.last().filter(|_| first.ways)) {
            funcs.insert(0, fork.func);
        }
        funcs.truncate(CALLERS_MAX);
        let export = self.record.export().unwrap_or("_start");
        funcs.extend(self.modules[0].export(export).and_then(|export| Some(export.func()?.0)));
        let mut seen = BTreeSet::new();
        let defined = |func: &u32| self.modules[0].body(FuncIdx(*func)).is_some();
        let funcs = funcs.into_iter().filter(defined).filter(|func| seen.insert(*func));
        funcs.filter_map(|func| Some([func, partner(func)?])).collect()
    }

    /// The program from an entry on, as a module that has what a run of it uses.
    fn frozen(&self, entries: &locate::Entries, number: u64) -> Result<Pair> {
        let decode = |side: usize, bytes: Vec<u8>| {
            let features = self.modules[side].features();
            Module::decode(bytes, features, &prova_module::Limits::default()).map_err(Error::new)
        };
        let count = if self.against { 2 } else { 1 };
        let mut states = Vec::new();
        for side in 0..count {
            states.push(entries.state(self, side, number)?);
        }
        let frozen = |side: usize, used: Option<&freeze::Used>| {
            decode(side, freeze::freeze(&self.modules[side], &states[side], used, self.record)?)
        };
        let mut small = Vec::new();
        for side in 0..count {
            let record = self.record_of(&frozen(side, None)?)?;
            let mut used = used::used(self, side, &record)?;
            if let (Some(used), false) = (&mut used, self.against) {
                // A side that is wrong may read something else.
                let other = used::used(self, 1, &record)?.unwrap_or_default();
                used.funcs.extend(other.funcs);
                used.pieces.extend(other.pieces);
            }
            small.push(frozen(side, used.as_ref())?);
        }
        let root = |module: &Module| {
            let export = module.export(ENTRY).and_then(prova_module::Export::func);
            export.map_or(0, |func| func.0)
        };
        let a = small.remove(0);
        let b = small.pop().unwrap_or_else(|| a.clone());
        let roots = (root(&a), root(&b));
        Ok(Pair { a, b, funcs: roots, roots: Some(roots) })
    }
}
