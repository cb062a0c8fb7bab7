//! The flow as code: a module and its requests → the module with specialised functions, of which
//! none is there that is not proved.
//!
//! ```text
//! Module ─ Intrinsics, Image, Requests ─► for each request:
//!    Generic ─ explore ─ residual ─► Body, Certificate ─ check::prove ─► proved, or refused
//!        │
//! all that are proved ─ rewrite ─ rest::check ─► module with traps in their place
//!        ├─ emit ─ assemble ─ EmittedBody::check_body ─► module with their bodies
//!        └─ trip: passes, emission, each proved ─► the result
//! ```
//!
//! * Y1. Every function of the result but the specialised ones is the function that it was, with
//!   calls of intrinsics replaced (`rest`).
//! * Y2. Each specialised function is what its body is, by a proof over the result's bytes; the
//!   body is the generic function's for its request, by `check`.
//! * Y3. A request for which any step fails is refused, with place and reason; the others go on.
//! * Y4. The result is a function of the module and the options; threads do not change a byte.

use crate::certificate::Certificate;
use crate::check;
use crate::error::{Error, Fault, Refused};
use crate::explore::explore;
use crate::generic::Generic;
use crate::image::Image;
use crate::intrinsic::Intrinsics;
use crate::promise::{Assume, Promises};
use crate::request::{Request, Requests};
use crate::residual::{self, Residual};
use crate::rest;
use crate::rewrite::{Plan, Rewritten, rewrite};
use crate::walk::Subject;
use prova_module::{FuncIdx, Limits, MemoryIdx, Module, TableIdx};
use prova_ssa::emit::reducify::{Irreducible, reduced};
use prova_ssa::emit::{Emitted, Style, Types, assemble, emit_with};
use prova_ssa::emitted::{EmittedBody, Homes, Twin};
use prova_ssa::passes::{Pass, optimize};
use prova_ssa::{Assembler, Body, Metering, trip};
use std::collections::BTreeMap;
use std::fmt;

/// How a module is specialised.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which promises the program is trusted with.
    pub assume: Assume,
    /// How many threads work at once; at least one does.
    pub threads: usize,
    /// Limits on the module that is made.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Options {
        Options { assume: Assume::default(), threads: 1, limits: Limits::default() }
    }
}

/// What a specialised function's proof assumes of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// The bytes that an argument points to are those of the request, as long as the function runs.
    ConstantMemory(u32),
    /// No load or store of the program, but for intrinsics, touches a cell of the virtual stack or
    /// of virtual locals; all of them lie in memory and apart from each other, nothing reads one
    /// that was popped, and nobody looks at them once the function has trapped.
    PrivateCells,
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assumption::ConstantMemory(arg) => {
                write!(f, "the bytes that argument {arg} points to are always the request's")
            }
            Assumption::PrivateCells => f.write_str(
                "cells of the virtual stack and of virtual locals are touched by intrinsics alone",
            ),
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
    /// What its proof assumes.
    pub assumptions: Vec<Assumption>,
}

/// What became of a module.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The module.
    pub module: Module,
    /// What became of each request, by the address that it writes to.
    pub requests: Vec<(u32, Option<Request>, Result<Specialized, Refused>)>,
    /// The custom sections that are gone, by name.
    pub dropped: Vec<String>,
}

/// A request on its way.
struct Job {
    slot: u32,
    request: Option<Request>,
    state: Result<Proved, Refused>,
}

/// What is proved of a request.
struct Proved {
    assumptions: Vec<Assumption>,
    generic: (usize, usize),
    residual: Residual,
}

impl Proved {
    /// Makes the flow of the function reducible; what is made is proved to be the same.
    fn reduce(&mut self, module: &Module) -> Result<(), Refused> {
        match reduced(module, &self.residual.body) {
            Ok(None) => {}
            Ok(Some(body)) => self.residual.body = body,
            Err(error @ Irreducible::Limit) => {
                return Err(Refused::new(Fault::Limit, error.to_string()));
            }
            Err(error) => return Err(Refused::new(Fault::Bug, error.to_string())),
        }
        Ok(())
    }
}

/// Specialises a module by its requests.
///
/// # Errors
/// If the module's requests cannot be read, or the module cannot be carried over.
pub fn specialize(module: &Module, options: &Options) -> Result<Outcome, Error> {
    let intrinsics = Intrinsics::find(module)?;
    let has_requests = module.export("weval.pending.head").is_some();
    let requests = match has_requests || module.export("weval.is.wevaled").is_some() {
        true => Requests::read(module, &Image::of(module)?)?,
        false => Requests::default(),
    };
    let mut generics: BTreeMap<FuncIdx, Result<Generic, Refused>> = BTreeMap::new();
    for (_, request) in &requests.all {
        if let Ok(request) = request {
            let make = || Generic::new(module, request.func);
            generics.entry(request.func).or_insert_with(make);
        }
    }
    let mut jobs: Vec<Job> = Vec::new();
    for (slot, request) in &requests.all {
        let (request, state) = match request {
            Ok(request) => {
                let generic = generics[&request.func].as_ref().map_err(Clone::clone);
                let promises = options.assume.promises();
                let job = |generic| {
                    let memory_bytes = memory_bytes(module);
                    let subject = Subject {
                        generic,
                        intrinsics: &intrinsics,
                        request,
                        promises,
                        memory_bytes,
                    };
                    one(subject)
                };
                (Some(request.clone()), generic.and_then(job))
            }
            Err(refused) => (None, Err(refused.clone())),
        };
        jobs.push(Job { slot: *slot, request, state });
    }
    loop {
        if let Some(outcome) = whole(module, &intrinsics, &requests, &mut jobs, options)? {
            return Ok(outcome);
        }
    }
}

/// The least size of memory 0, in bytes; 0 if its pages are not those of 64 KiB.
fn memory_bytes(module: &Module) -> u64 {
    let memory = module.memory(MemoryIdx(0));
    let plain = memory.filter(|memory| memory.page_size_log2 == 16 && !memory.memory64);
    plain.map_or(0, |memory| memory.min << 16)
}

/// What the check is asked.
fn question<'q>(subject: &Subject<'q>) -> check::Question<'q> {
    check::Question {
        generic: subject.generic.body(),
        results: subject.generic.results(),
        intrinsics: subject.intrinsics,
        request: subject.request,
        promises: subject.promises,
        memory_bytes: subject.memory_bytes,
    }
}

/// Specialises and proves one request.
fn one(subject: Subject<'_>) -> Result<Proved, Refused> {
    let generic = subject.generic;
    let mut explored = explore(subject)?;
    // Where it will stand is not known yet; the number is set when it is.
    let residual = residual::write(subject, &mut explored, generic.func())?;
    let proof = check::prove(&question(&subject), &residual.body, &residual.certificate);
    let assumptions = proof.map_err(|rejection| {
        // Where a cell is, the search does not ask: that is the program's to keep.
        let cells = rejection.rule == check::Rule::Cells;
        let fault = if cells { Fault::Annotation } else { Fault::Bug };
        Refused::new(fault, rejection.to_string())
    })?;
    let size = (generic.body().block_count(), generic.body().inst_count());
    Ok(Proved { assumptions, generic: size, residual })
}

/// Puts all that are proved into a module; `None` if one more had to be refused.
fn whole(
    module: &Module,
    intrinsics: &Intrinsics,
    requests: &Requests,
    jobs: &mut [Job],
    options: &Options,
) -> Result<Option<Outcome>, Error> {
    let first = (module.func_count() - intrinsics.count()) as u32;
    let base = module.table(TableIdx(0)).map_or(0, |table| table.min) as u32;
    let index_of = |number: u32| base.saturating_add(number);
    let mut plan = Plan { funcs: Vec::new(), patches: requests.patches.clone() };
    for job in jobs.iter() {
        if let (Ok(_), Some(request)) = (&job.state, &job.request) {
            let index = index_of(plan.funcs.len() as u32);
            plan.patches.insert(job.slot, index.to_le_bytes().to_vec());
            let name = module.func_name(request.func).map_or_else(
                || format!("{} (specialized)", request.func),
                |name| format!("{name} (specialized)"),
            );
            plan.funcs.push((module.func_type_idx(request.func), name));
        }
    }
    let Rewritten { bytes, dropped } = rewrite(module, intrinsics, &plan)?;
    let decoded = |bytes: Vec<u8>| {
        Module::decode(bytes, module.features(), &options.limits)
            .map_err(|error| Error::Output(error.to_string()))
    };
    let hollow = decoded(bytes)?;
    rest::check(module, &hollow, intrinsics, &plan)?;
    let Some((filled, numbers)) = fill(&hollow, jobs, first, decoded)? else { return Ok(None) };
    let transform = |body| {
        let body: prova_ssa::CheckedBody = body;
        (body.func().0 >= first).then(|| optimize(body, &Pass::DEFAULT).0)
    };
    let trip_options =
        trip::Options { transform: &transform, threads: options.threads, limits: &options.limits };
    let trip =
        trip::module(&filled, &trip_options).map_err(|error| Error::Output(error.to_string()))?;
    let mut outcome = Outcome { module: trip.module, requests: Vec::new(), dropped };
    let mut numbers = numbers.into_iter();
    for job in jobs {
        let done = match &job.state {
            Err(refused) => Err(refused.clone()),
            Ok(proved) => {
                let func = numbers.next().unwrap_or(FuncIdx(first));
                Ok(specialized(&outcome.module, proved, func, index_of(func.0 - first)))
            }
        };
        outcome.requests.push((job.slot, job.request.clone(), done));
    }
    Ok(Some(outcome))
}

fn specialized(module: &Module, proved: &Proved, func: FuncIdx, element: u32) -> Specialized {
    let size = |body: &Body| (body.block_count(), body.inst_count());
    let built = prova_ssa::build(module, func, Metering::NONE);
    let before = size(&proved.residual.body);
    Specialized {
        func,
        element,
        generic: proved.generic,
        residual: [before, built.as_ref().map_or(before, size)],
        bytes: module.body(func).map_or(0, |body| body.bytes().len()),
        assumptions: proved.assumptions.clone(),
    }
}

/// The module with the bodies of all that are proved, and their numbers; `None` if one more had to
/// be refused.
fn fill(
    hollow: &Module,
    jobs: &mut [Job],
    first: u32,
    decoded: impl Fn(Vec<u8>) -> Result<Module, Error>,
) -> Result<Option<(Module, Vec<FuncIdx>)>, Error> {
    let types = Types::new(hollow);
    let mut bodies: Vec<Option<(Emitted, Vec<u32>)>> =
        (0..hollow.defined_funcs().len()).map(|_| None).collect();
    let imported = hollow.imported_func_count();
    let (mut refused, mut numbers) = (false, Vec::new());
    for job in jobs.iter_mut() {
        let Ok(proved) = &mut job.state else { continue };
        let func = FuncIdx(first + numbers.len() as u32);
        numbers.push(func);
        let body = std::mem::replace(&mut proved.residual.body, empty(func));
        proved.residual.body = body.with_func(func);
        if let Err(why) = proved.reduce(hollow) {
            refused = true;
            job.state = Err(why);
            continue;
        }
        match emit_with(Style::Plain, hollow, &types, &proved.residual.body) {
            Ok(made) => bodies[func.index() - imported] = Some(made),
            Err(error) => {
                refused = true;
                job.state = Err(Refused::new(Fault::Unsupported, error.to_string()));
            }
        }
    }
    if refused {
        return Ok(None);
    }
    let emitted: Vec<Option<&Emitted>> =
        bodies.iter().map(|body| body.as_ref().map(|(emitted, _)| emitted)).collect();
    let filled = decoded(assemble(hollow, &types, &emitted).bytes)?;
    let twin = Twin::check(hollow, &filled).map_err(|error| Error::Output(error.to_string()))?;
    for job in jobs.iter_mut() {
        let Ok(proved) = &job.state else { continue };
        let at = proved.residual.body.func().index() - imported;
        let homes = bodies[at].as_ref().map_or(&[][..], |(_, homes)| homes);
        if let Err(error) = EmittedBody::check_body(&twin, &proved.residual.body, &Homes(homes)) {
            refused = true;
            job.state = Err(Refused::new(Fault::Bug, error.to_string()));
        }
    }
    Ok((!refused).then_some((filled, numbers)))
}

/// A body in the place of another.
fn empty(func: FuncIdx) -> Body {
    Assembler::new(func, Metering::NONE).finish()
}

/// A specialised function with all that its proof reads, for tests.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Certified {
    generic: Generic,
    intrinsics: Intrinsics,
    request: Request,
    promises: Promises,
    memory_bytes: u64,
    /// The specialised function.
    pub body: Body,
    /// Its certificate.
    pub certificate: Certificate,
}

#[doc(hidden)]
impl Certified {
    /// The function that is made for the request that writes to an address.
    pub fn new(module: &Module, slot: u32, assume: Assume) -> Option<Certified> {
        let intrinsics = Intrinsics::find(module).ok()?;
        let requests = Requests::read(module, &Image::of(module).ok()?).ok()?;
        let (_, request) = requests.all.into_iter().find(|(other, _)| *other == slot)?;
        let request = request.ok()?;
        let generic = Generic::new(module, request.func).ok()?;
        let (promises, memory_bytes) = (assume.promises(), memory_bytes(module));
        let subject = Subject {
            generic: &generic,
            intrinsics: &intrinsics,
            request: &request,
            promises,
            memory_bytes,
        };
        let mut explored = explore(subject).ok()?;
        let Residual { body, certificate } =
            residual::write(subject, &mut explored, generic.func()).ok()?;
        Some(Certified { generic, intrinsics, request, promises, memory_bytes, body, certificate })
    }

    /// What the proof says.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn prove(&self) -> Result<Vec<Assumption>, check::Rejection> {
        let subject = Subject {
            generic: &self.generic,
            intrinsics: &self.intrinsics,
            request: &self.request,
            promises: self.promises,
            memory_bytes: self.memory_bytes,
        };
        let question = question(&subject);
        check::prove(&question, &self.body, &self.certificate)
    }
}
