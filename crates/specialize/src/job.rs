//! Each request on its way: searched, or found in a cache, and proved.
//!
//! ```text
//! Request ─ Work::subject ─► Subject ─┬─ cache::find ─────────────────────────────┬─► Proved
//!                                     └─ explore ─ residual::write ─ check::prove ┘
//! ```
//!
//! * J1. A request is proved by its own subject alone; threads and other requests change nothing.
//! * J2. Where counts are asked for, the cache is not: what went away only the search knows.

use crate::ask::error::{Fault, Refused};
use crate::ask::intrinsic::Intrinsics;
use crate::ask::promise::Assumption;
use crate::ask::question::memory_bytes;
use crate::ask::request::{Asked, Request, Requests};
use crate::cache::{self, Found, Key, Store};
use crate::check;
use crate::pipeline::Options;
use crate::search::explore::explore;
use crate::search::generic::Generic;
use crate::search::sink::{Subject, has_cells};
use crate::search::tally::{Tally, tally};
use crate::write::residual::{self, Residual, Rows};
use prova_emit::trip::each;
use prova_module::{FuncIdx, Module};
use std::collections::BTreeSet;

/// A request on its way.
pub(crate) struct Job {
    pub(crate) asked: Asked,
    pub(crate) request: Option<Request>,
    pub(crate) state: Result<Proved, Refused>,
    /// Faults of the cache.
    pub(crate) notes: Vec<String>,
}

/// A proved function of a request.
pub(crate) struct Proved {
    pub(crate) assumptions: Vec<Assumption>,
    /// Blocks and instructions of the generic function.
    pub(crate) generic: (usize, usize),
    pub(crate) residual: Residual,
    pub(crate) tally: Option<Tally>,
    /// Whether it was found in the cache.
    pub(crate) was_kept: bool,
}

/// The common inputs of all requests of a module.
pub(crate) struct Work<'w> {
    pub(crate) module: &'w Module,
    pub(crate) intrinsics: &'w Intrinsics,
    pub(crate) requests: &'w Requests,
    pub(crate) options: &'w Options,
    /// The functions that requests name, rising.
    funcs: Vec<FuncIdx>,
    generics: Vec<Result<Generic, Refused>>,
}

impl<'w> Work<'w> {
    /// Reads the generic functions.
    pub(crate) fn new(
        module: &'w Module,
        intrinsics: &'w Intrinsics,
        requests: &'w Requests,
        options: &'w Options,
    ) -> Work<'w> {
        let all = requests.all.iter();
        let funcs: BTreeSet<FuncIdx> =
            all.filter_map(|(_, request)| Some(request.as_ref().ok()?.func)).collect();
        let funcs: Vec<FuncIdx> = funcs.into_iter().collect();
        let make = |at: usize| Generic::new(module, funcs[at]);
        let generics = each(options.threads, funcs.len(), make);
        Work { module, intrinsics, requests, options, funcs, generics }
    }

    /// Specialises and proves each request.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        each(self.options.threads, self.requests.all.len(), |at| {
            let (asked, request) = &self.requests.all[at];
            let (mut notes, store) = (Vec::new(), self.options.cache.as_deref());
            let state = request.as_ref().map_err(Clone::clone);
            let state = state.and_then(|request| self.one(request, store, &mut notes));
            Job { asked: *asked, request: request.as_ref().ok().cloned(), state, notes }
        })
    }

    /// Makes a request anew whose function from the cache came to nothing (C2 of `cache`).
    pub(crate) fn again(&self, job: &mut Job, why: &Refused) {
        job.notes.push(format!("a function of the cache is not used: {why}"));
        let Some(request) = &job.request else { return };
        job.state = self.one(request, None, &mut job.notes);
    }

    /// Notes on requests that are not refused: records that do not count, and functions made of one
    /// that has no intrinsics and calls another one.
    pub(crate) fn notes(&self, jobs: &[Job]) -> Vec<(Asked, String)> {
        let made = jobs.iter().filter(|job| job.state.is_ok());
        let subjects = made.filter_map(|job| {
            let subject = self.subject(job.request.as_ref()?).ok()?;
            Some((job.asked, subject))
        });
        let bare = subjects.filter(|(_, subject)| subject.only_calls()).map(|(asked, subject)| {
            let func = subject.generic.func();
            let what = "tells no context, and calls in it are not followed: is it the interpreter?";
            (asked, format!("{func} {what}"))
        });
        let mut all: Vec<_> = self.requests.notes.iter().cloned().chain(bare).collect();
        all.sort_by_key(|(asked, _)| asked.slot);
        all
    }

    fn subject<'s>(&'s self, request: &'s Request) -> Result<Subject<'s>, Refused> {
        let at = self.funcs.binary_search(&request.func);
        let at = at.unwrap_or_else(|_| unreachable!("each function of a request was looked for"));
        let generic = self.generics[at].as_ref().map_err(Clone::clone)?;
        let (promises, memory_bytes) = (self.options.assume.promises(), memory_bytes(self.module));
        let (intrinsics, places) = (self.intrinsics, &self.options.places);
        let has_cells = has_cells(generic, intrinsics);
        Ok(Subject { generic, intrinsics, request, promises, memory_bytes, places, has_cells })
    }

    /// Finds or makes the function of a request, and proves it.
    fn one(
        &self,
        request: &Request,
        store: Option<&dyn Store>,
        notes: &mut Vec<String>,
    ) -> Result<Proved, Refused> {
        let subject = self.subject(request)?;
        // An entry of the cache is verified against the module as it is, which lacks the globals.
        let store = store.filter(|_| self.intrinsics.added_globals() == 0);
        let Some(store) = store else { return made(subject, self.options.tally) };
        let key = Key::of(&subject);
        let found = match self.options.tally {
            true => Ok(None),
            false => cache::find(store, &key, self.module, &subject),
        };
        match found {
            Ok(Some(Found { residual, assumptions })) => {
                let generic = size(&subject);
                return Ok(Proved { assumptions, generic, residual, tally: None, was_kept: true });
            }
            Ok(None) => {}
            Err(note) => notes.push(note),
        }
        let proved = made(subject, self.options.tally)?;
        notes.extend(cache::keep(store, &key, &subject, &proved.residual).err());
        Ok(proved)
    }
}

/// Blocks and instructions of a generic function.
fn size(subject: &Subject<'_>) -> (usize, usize) {
    (subject.body().block_count(), subject.body().inst_count())
}

/// Specialises and proves one request.
fn made(subject: Subject<'_>, counts: bool) -> Result<Proved, Refused> {
    let (mut explored, mut causes, done) = explore(subject);
    let tally = counts.then(|| tally(subject, &mut explored, &mut causes));
    if let Err(refused) = done {
        return Err(Refused { sites: tally.unwrap_or_default().sites, ..refused });
    }
    // Where it will stand is not known yet; the number is set when it is.
    let residual = residual::write(subject, &mut explored, subject.generic.func(), Rows::Needed)?;
    let proof = check::prove(&subject.question(), &residual.body, &residual.certificate);
    let assumptions = proof.map_err(|rejection| {
        // Where a cell is, the search does not ask: that is the program's to keep.
        let fault = match rejection.rule {
            check::Rule::Cells => Fault::Annotation,
            check::Rule::Size => Fault::Limit,
            _ => Fault::Bug,
        };
        Refused::new(fault, rejection.to_string())
    })?;
    Ok(Proved { assumptions, generic: size(&subject), residual, tally, was_kept: false })
}
