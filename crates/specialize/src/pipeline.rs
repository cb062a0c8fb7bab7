//! The flow as code: a module and its requests → the module with specialised functions, of which
//! none is there that is not proved.
//!
//! ```text
//! Module ─ Intrinsics, Image, Requests ─► for each request (`job`):
//!    Generic ─ explore ─ residual ─► Body, Certificate ─ check::prove ─► proved, or refused
//!        │
//! all that are proved ─ rewrite ─ fill: passes, emission, each proved ─ rest::check ─► the result
//! ```
//!
//! * Y1. Every function of the result but the specialised ones is the function that it was, with
//!   calls of intrinsics replaced (`rest`).
//! * Y2. Each specialised function is what its body is, by a proof over the result's bytes; the
//!   body is the generic function's for its request, by `check`.
//! * Y3. A request for which any step fails is refused, with place and reason; the others go on.
//! * Y4. The result is a function of the module and the options; neither threads nor what a cache
//!   has of earlier runs change a byte.

use crate::ask::error::{Error, Fault, Refused};
use crate::ask::image::Image;
use crate::ask::intrinsic::Intrinsics;
use crate::ask::places::Places;
use crate::ask::plan::{New, Plan};
use crate::ask::promise::{Assume, Assumption};
use crate::ask::request::{Asked, Request, Requests};
use crate::cache::{Store, Uses};
use crate::check::rest;
use crate::job::{Job, Work};
use crate::search::tally::Tally;
use crate::write::emission::{Filled, How, fill};
use crate::write::rewrite::{Rewritten, rewrite};
use prova_emit::linked;
use prova_module::{FuncIdx, Limits, Module, TableIdx};
use std::sync::Arc;

/// How a module is specialised.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which promises the program is trusted with.
    pub assume: Assume,
    /// How many threads work at once; at least one does.
    pub threads: usize,
    /// Limits on the module that is made.
    pub limits: Limits,
    /// How places are named where a request is refused, and in a tally.
    pub places: Places,
    /// Whether it is counted what went away and what stays.
    pub tally: bool,
    /// Whether stores stay that are overwritten before anything sees them, so that a run stores
    /// what the generic function does, in its order.
    pub keep_stores: bool,
    /// Where functions of earlier runs are; the result does not depend on it.
    pub cache: Option<Arc<dyn Store>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            assume: Assume::default(),
            threads: 1,
            limits: Limits::default(),
            places: Places::default(),
            tally: false,
            keep_stores: false,
            cache: None,
        }
    }
}

/// A specialised function.
#[derive(Clone, Debug)]
pub struct Specialized {
    /// Its number in the result.
    pub func: FuncIdx,
    /// Its number in the original module's table 0, once specialised.
    pub element: u32,
    /// Blocks and instructions of the generic function, after passes.
    pub generic: (usize, usize),
    /// Blocks and instructions of the specialised function, before and after passes.
    pub residual: [(usize, usize); 2],
    /// The bytes of its body.
    pub bytes: usize,
    /// The assumptions of its proof.
    pub assumptions: Vec<Assumption>,
    /// The operators that went away and those that stay, if that was asked for.
    pub tally: Option<Tally>,
}

/// The result of specialising a module.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The module.
    pub module: Module,
    /// The result of each request, by the address that it writes to.
    pub requests: Vec<(Asked, Option<Request>, Result<Specialized, Refused>)>,
    /// Notes on requests that are not refused: facts that their author hardly meant.
    pub notes: Vec<(Asked, String)>,
    /// The custom sections that are gone, by name.
    pub dropped: Vec<String>,
    /// The uses of the cache, if there is one.
    pub cache: Option<Uses>,
}

/// Specialises a module by its requests.
///
/// # Errors
/// If the module's requests cannot be read, or the module cannot be carried over.
pub fn specialize(module: &Module, options: &Options) -> Result<Outcome, Error> {
    linked(module)?;
    let intrinsics = Intrinsics::find(module)?;
    let has_requests = module.export("weval.pending.head").is_some();
    let requests = match has_requests || module.export("weval.is.wevaled").is_some() {
        true => Requests::read(module, &Image::of(module)?)?,
        false => Requests::default(),
    };
    has_room(module, &requests, &options.limits)?;
    let work = Work::new(module, &intrinsics, &requests, options);
    let mut jobs = work.jobs();
    loop {
        if let Some(outcome) = whole(&work, &mut jobs)? {
            return Ok(outcome);
        }
    }
}

/// Whether the result may have as many data segments as it needs.
fn has_room(module: &Module, requests: &Requests, limits: &Limits) -> Result<(), Error> {
    let (own, all) = (module.data().len(), requests.all.len());
    let (most, needs) = (limits.data_segments, own + requests.patches.len() + all);
    if needs as u64 > most && all > 0 {
        return Err(Error::Requests(format!(
            "{all} requests need {needs} data segments with the module's {own}, {most} may be"
        )));
    }
    Ok(())
}

/// Puts all that are proved into a module; `None` if one more had to be refused.
fn whole(work: &Work<'_>, jobs: &mut [Job]) -> Result<Option<Outcome>, Error> {
    let &Work { module, intrinsics, requests, options, .. } = work;
    let first = (module.func_count() - intrinsics.count()) as u32;
    let base = module.table(TableIdx(0)).map_or(0, |table| table.min) as u32;
    let mut plan = Plan { funcs: Vec::new(), patches: requests.patches.clone() };
    let mut bodies = Vec::new();
    for job in jobs.iter() {
        if let (Ok(proved), Some(request)) = (&job.state, &job.request) {
            let name = module.func_name(request.func).map_or_else(
                || format!("{} (specialized)", request.func),
                |name| format!("{name} (specialized)"),
            );
            let func = FuncIdx(first + bodies.len() as u32);
            bodies.push(proved.residual.body.clone().with_func(func));
            plan.funcs.push(New {
                ty: module.func_type_idx(request.func),
                name,
                slot: job.asked.slot,
            });
        }
    }
    let Rewritten { bytes, mut dropped } = rewrite(module, intrinsics, &plan)?;
    let how = How {
        features: module.features(),
        limits: &options.limits,
        threads: options.threads,
        keep_stores: options.keep_stores,
    };
    let made = match fill(&bytes, &bodies, &how)? {
        Filled::Done(made) => made,
        Filled::Refused(refused) => {
            let mut proved: Vec<&mut Job> =
                jobs.iter_mut().filter(|job| job.state.is_ok()).collect();
            for (at, why) in refused {
                match &proved[at].state {
                    Ok(one) if one.was_kept => work.again(proved[at], &why),
                    Ok(_) | Err(_) => proved[at].state = Err(why),
                }
            }
            return Ok(None);
        }
    };
    rest::check(module, &made.module, intrinsics, &plan, &made.proofs)?;
    dropped.extend(made.dropped);
    let cache = options.cache.is_some().then(|| uses(jobs));
    let (requests, notes) = (Vec::new(), work.notes(jobs));
    let mut outcome = Outcome { module: made.module, requests, notes, dropped, cache };
    let mut sizes = (first..).map(FuncIdx).zip(made.sizes);
    for job in jobs {
        let done = job.state.as_ref().map_err(Clone::clone).and_then(|proved| {
            let bug = || Refused::new(Fault::Bug, "a function that was not made");
            let (func, after) = sizes.next().ok_or_else(bug)?;
            let before = (proved.residual.body.block_count(), proved.residual.body.inst_count());
            Ok(Specialized {
                func,
                element: base.saturating_add(func.0 - first),
                generic: proved.generic,
                residual: [before, after],
                bytes: outcome.module.body(func).map_or(0, |body| body.bytes().len()),
                assumptions: proved.assumptions.clone(),
                tally: proved.tally.clone(),
            })
        });
        outcome.requests.push((job.asked, job.request.clone(), done));
    }
    Ok(Some(outcome))
}

/// Counts the uses of the cache.
fn uses(jobs: &[Job]) -> Uses {
    let of = |kept: bool| {
        let is = |job: &&Job| job.state.as_ref().is_ok_and(|proved| proved.was_kept == kept);
        jobs.iter().filter(is).count()
    };
    let notes = jobs.iter().flat_map(|job| job.notes.iter().map(|note| (job.asked, note.clone())));
    Uses { found: of(true), made: of(false), notes: notes.collect() }
}
