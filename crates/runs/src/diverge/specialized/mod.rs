//! A specialised function beside the generic one that it was made of → the first difference of what
//! they do, or the first access that breaks an assumption of the specialised function's proof.
//!
//! ```text
//! generic module, specialised module ─ twin ─► two modules that differ in these functions alone
//! Record ─┬─ side A (generic functions, reference meanings of intrinsics) ─┐
//!         └─ side B (specialised functions) ───────────────────────────────┴─ compare ─► report
//!                                                                            (shadow)
//! ```
//!
//! This is co-simulation: both programs run at the same time, each on a separate thread, and their
//! events are compared as they come: entries, calls, results, stores, changes of globals, memories
//! and tables. Stores of the virtual stack and of virtual locals come later on side B, or never;
//! `shadow` follows them.
//!
//! 1. It proves nothing: it compares one run. A difference is a fault of the specialiser (or of
//!    another writer of the specialised module), or a promise that the program breaks.
//! 2. The one assumption about the specialised module is that its functions stand where those of
//!    the generic one do. It is validated as any module is, and gets only code that reports events.
//! 3. Both sides replay one record, so the host's answers are the same.
//! 4. Memory is bounded for runs of any length: `side`, `shadow`.
//!
//! Limits: memory 0 with 32-bit addresses. Loads and branches are not compared; a wrong one shows
//! in later events. The caller bounds a run that does not end, by fuel.
//! `crates/cli/tests/lockstep.rs` changes specialised functions, and wants each change named.

mod compare;
mod emit;
mod meaning;
mod report;
mod shadow;
mod side;
mod site;
mod twin;

pub use report::{Agreement, Finding, LockstepReport, Place};

use crate::trace::{Record, func_imports};
use compare::{Compared, Comparison, Found, Stream};
use meaning::Intrinsics;
use prova_core::{Config, Error, FuncType, Result, Val, bail};
use prova_module::{FuncIdx, Module};
use report::Parts;
use shadow::{Full, Shadow};
use side::{BATCHES, Part, Run};
use std::sync::Arc;
use std::sync::mpsc::{channel, sync_channel};
use twin::{Pair, Told, fits};

/// Makes values of the arguments of an export, as [`crate::trace::Arguments`] does, on any thread.
pub type SharedArguments<'a> = &'a (dyn Fn(&str, &FuncType, &[String]) -> Result<Vec<Val>> + Sync);

/// A specialised function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Its index in the specialised module.
    pub func: FuncIdx,
    /// The index of the generic function in the generic module.
    pub generic: FuncIdx,
    /// The request's globals; `None` for one that is not constant.
    pub globals: Vec<Option<u64>>,
}

/// A specialised module, the generic one, and a run to compare them in.
#[derive(Clone, Copy)]
pub struct Lockstep<'l> {
    /// A run of the specialised module.
    pub record: &'l Arc<Record>,
    /// The module as it was before it was specialised, with the intrinsics.
    pub generic: &'l Module,
    /// The specialised functions.
    pub compiled: &'l [Compiled],
    /// The engine's settings, for both sides.
    pub config: &'l Config,
    /// The units of fuel after which a side is stopped; `None` for no limit.
    pub fuel: Option<u64>,
    /// Makes values of the record's arguments.
    pub args: SharedArguments<'l>,
    /// Names places of the generic module: a function and an offset.
    pub place: &'l dyn Fn(FuncIdx, u32) -> String,
}

/// Runs generic and specialised functions in lockstep.
///
/// # Errors
/// If the modules do not belong together, a side cannot start, a side runs out of fuel or stack,
/// or a limit of `shadow` is reached.
pub fn lockstep(lockstep: &Lockstep<'_>) -> Result<LockstepReport> {
    let Lockstep { record, generic, compiled, config, .. } = *lockstep;
    let engine = prova_core::Engine::new(config)?;
    let module = prova_core::Module::new(&engine, record.module())?;
    let specialized = module.wasm();
    let intrinsics = Intrinsics::of(generic).map_err(Error::msg)?;
    let intrinsics = &intrinsics;
    let pair = Pair { generic, specialized, intrinsics, compiled, values: false };
    fits(&pair).map_err(Error::msg)?;
    let first = Ran::new(lockstep, &pair)?;
    // What differs was computed somewhere: the same again, with the values of all operators.
    let differ = matches!(first.compared.found, Some(Found::Event(Some(_), Some(_))));
    let events = first.compared.events;
    let mut ran = first;
    if differ {
        let again = Ran::new(lockstep, &Pair { values: true, ..pair })?;
        if again.compared.events == events {
            ran = again;
        }
    }
    let sites = ran.told.each_ref().map(|told| told.sites.as_slice());
    let ends = ran.sides.each_ref().map(|side| side.end.as_deref());
    for (name, end) in ["generic", "specialised"].into_iter().zip(ends) {
        if let Some(end) = end.filter(|end| end.is_limit()) {
            bail!("the {name} side has come to a limit of its run: it {}", end.text);
        }
    }
    let parts = Parts { lockstep, specialized, sites, ends };
    Ok(parts.report(&ran.compared))
}

/// One run of both sides.
struct Ran {
    told: [Told; 2],
    compared: Compared,
    sides: [Stream; 2],
}

impl Ran {
    fn new(lockstep: &Lockstep<'_>, pair: &Pair<'_>) -> Result<Ran> {
        let told = [pair.told(true), pair.told(false)];
        let [a, b] = told.map(|told| told.map_err(Error::msg));
        let told = [a?, b?];
        let (compared, sides) = both(lockstep, pair, &told)?;
        Ok(Ran { told, compared, sides })
    }
}

/// Runs both sides, and compares them.
fn both(
    lockstep: &Lockstep<'_>,
    pair: &Pair<'_>,
    told: &[Told; 2],
) -> Result<(Compared, [Stream; 2])> {
    let Lockstep { record, compiled, config, fuel, args, .. } = *lockstep;
    let imports: Arc<[(String, String)]> = func_imports(pair.specialized).into();
    let run = |told| Run { told, config, record, imports: &imports, fuel, args };
    let (decides, decided) = channel();
    let fallbacks = compiled.iter().map(|one| {
        let generic = pair.intrinsics.renumbered(one.generic);
        (one.func.0, u64::from(generic))
    });
    let parts = [
        Part::generic(decided, compiled),
        Part::Specialized { decided: decides, fallbacks: fallbacks.collect(), entered: None },
    ];
    let [part_a, part_b] = parts;
    let ((send_a, from_a), (send_b, from_b)) = (sync_channel(BATCHES), sync_channel(BATCHES));
    let (run_a, run_b) = (run(&told[0]), run(&told[1]));
    std::thread::scope(|scope| {
        let thread_a = scope.spawn(move || side::run(&run_a, part_a, send_a));
        let thread_b = scope.spawn(move || side::run(&run_b, part_b, send_b));
        let sites = [told[0].sites.as_slice(), told[1].sites.as_slice()];
        let mut comparison = Comparison {
            sides: [Stream::new(from_a), Stream::new(from_b)],
            sites,
            compiled,
            shadow: Shadow::default(),
            values: Default::default(),
            done: Compared::default(),
        };
        let ran = comparison.run();
        let Comparison { mut sides, done, .. } = comparison;
        // What still runs ends with its next events.
        sides.iter_mut().for_each(Stream::close);
        for thread in [thread_a, thread_b] {
            thread.join().map_err(|_| Error::msg("a side has panicked"))??;
        }
        if let Err(Full(what)) = ran {
            bail!("there are too many {what} to go on");
        }
        Ok((done, sides))
    })
}
