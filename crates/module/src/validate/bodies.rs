//! The bodies of a code section, validated together: bodies → where each starts and its frame, or
//! the error of the first that is refused.
//!
//! ```text
//! bodies ─ several threads, each a run of bodies ─► all accepted ─► frames (and facts, if asked)
//!                        └ one refused ─► one body after the other, with facts ─► the first error
//! ```
//!
//! Which bodies are valid does not depend on the order in which they are looked at, but the error
//! does, and with it how much work was left for a body. So the threads only ever say yes. Where one
//! does not, what they found is thrown away, and the pass that goes from body to body decides.
//!
//! # Invariants
//! 1. All bodies together spend what they may at most, on several threads each as much at most.
//! 2. Results are in order of the bodies, and do not depend on the number of threads.
//! 3. Facts that are made later are of a body that was accepted, under the same limits, and agree
//!    with the frame that was found then; else there are none.
//!
//! Time: an invalid module is validated twice. Tests: `tests/two_passes.rs`, `tests/limits.rs`,
//! `tests/reject.rs`.

use super::{BodyValidator, FrameValidator};
use crate::error::Result;
use crate::facts::{BodyContext, FrameFacts, FuncFacts};
use crate::index::TypeIdx;
use crate::limits::Limits;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use wasmparser::{FuncToValidate, FunctionBody, ValidatorResources, WasmFeatures};

/// The results of a pass over the bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Their frames; facts are made when they are asked for.
    Frames,
    /// Their facts too.
    Facts,
}

/// Bodies that the validator has announced.
pub(crate) struct Bodies<'m> {
    code_bytes: u64,
    resources: Option<(ValidatorResources, WasmFeatures)>,
    /// Index of the function, its type, its body.
    list: Vec<(u32, u32, FunctionBody<'m>)>,
}

/// A body that was accepted.
pub(crate) struct Checked {
    /// The body in the module.
    pub(crate) range: Range<u32>,
    /// Where its operators start.
    pub(crate) start: u32,
    pub(crate) frame: FrameFacts,
    facts: OnceLock<Option<Box<FuncFacts>>>,
}

/// The inputs for making facts after decoding.
pub(crate) struct Later {
    resources: ValidatorResources,
    features: WasmFeatures,
    pub(crate) limits: Limits,
    pub(crate) wide: bool,
    pub(crate) exceptions: bool,
}

impl<'m> Bodies<'m> {
    /// None yet, of a code section of `code_bytes` bytes.
    pub(crate) fn new(code_bytes: u64) -> Bodies<'m> {
        Bodies { code_bytes, resources: None, list: Vec::new() }
    }

    /// Adds the next one.
    pub(crate) fn push(
        &mut self,
        func: FuncToValidate<ValidatorResources>,
        body: FunctionBody<'m>,
    ) {
        self.list.push((func.index, func.ty, body));
        self.resources.get_or_insert((func.resources, func.features));
    }

    /// Validates them all.
    pub(crate) fn validate(
        &self,
        pass: Pass,
        cx: BodyContext<'_>,
    ) -> Result<(Vec<Checked>, Option<Later>)> {
        let Some((resources, features)) = &self.resources else { return Ok((Vec::new(), None)) };
        let all = match self.in_parallel(threads(self.code_bytes), pass, cx) {
            Some(all) => all,
            None => self.in_order(cx)?,
        };
        let BodyContext { limits, wide, exceptions, .. } = cx;
        let (resources, features) = (resources.clone(), *features);
        Ok((all, Some(Later { resources, features, limits: limits.clone(), wide, exceptions })))
    }

    /// One body after the other, with facts; the error is the first refused body's.
    pub(crate) fn in_order(&self, cx: BodyContext<'_>) -> Result<Vec<Checked>> {
        let spent = AtomicU64::new(0);
        let mut validator = BodyValidator::new(&spent, self.code_bytes, cx.limits);
        let mut all = Vec::with_capacity(self.list.len());
        for at in 0..self.list.len() {
            let Some((func, body)) = self.body(at) else { continue };
            all.push(Checked::whole(body, validator.validate(func, body, cx)?));
        }
        Ok(all)
    }

    /// On several threads; `None` if one is refused.
    pub(super) fn in_parallel(
        &self,
        threads: usize,
        pass: Pass,
        cx: BodyContext<'_>,
    ) -> Option<Vec<Checked>> {
        let work =
            Work { runs: self.runs(), next: 0.into(), spent: 0.into(), refused: false.into() };
        let worker = || self.work(&work, pass, cx);
        let mut found = thread::scope(|scope| {
            let start = |_| thread::Builder::new().spawn_scoped(scope, worker).ok();
            let others: Vec<_> = (1..threads.min(work.runs.len())).map_while(start).collect();
            let mut found = worker();
            for thread in others {
                match thread.join() {
                    Ok(of_another) => found.extend(of_another),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            found
        });
        found.sort_unstable_by_key(|&(run, _)| run);
        let all: Vec<Checked> = found.into_iter().flat_map(|(_, run)| run).collect();
        let within = work.spent.into_inner() <= super::Budget::max(self.code_bytes, cx.limits);
        (within && all.len() == self.list.len()).then_some(all)
    }

    /// Runs of bodies of about [`RUN_BYTES`] bytes each.
    fn runs(&self) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let (mut first, mut bytes) = (0, 0);
        for (at, (.., body)) in self.list.iter().enumerate() {
            let range = body.range();
            bytes += range.end - range.start;
            if bytes >= RUN_BYTES || at + 1 == self.list.len() {
                runs.push(first..at + 1);
                (first, bytes) = (at + 1, 0);
            }
        }
        runs
    }

    /// The loop of one thread: run after run, until none is left or a body is refused.
    fn work(&self, work: &Work, pass: Pass, cx: BodyContext<'_>) -> Vec<(usize, Vec<Checked>)> {
        let mut whole = BodyValidator::new(&work.spent, self.code_bytes, cx.limits);
        let mut frames = FrameValidator::new(&work.spent, self.code_bytes, cx.limits);
        let mut found = Vec::new();
        while !work.refused.load(Ordering::Relaxed) {
            let at = work.next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = work.runs.get(at) else { break };
            let accepted = run.clone().map(|at| {
                let (func, body) = self.body(at)?;
                match pass {
                    Pass::Facts => Some(Checked::whole(body, whole.validate(func, body, cx).ok()?)),
                    Pass::Frames => frames
                        .validate(func, body, cx)
                        .map(|(start, frame)| Checked::new(body, start, frame)),
                }
            });
            match accepted.collect() {
                Some(accepted) => found.push((at, accepted)),
                None => work.refused.store(true, Ordering::Relaxed),
            }
        }
        found
    }

    fn body(&self, at: usize) -> Option<(FuncToValidate<ValidatorResources>, &FunctionBody<'m>)> {
        let (resources, features) = self.resources.clone()?;
        let (index, ty, body) = self.list.get(at)?;
        Some((FuncToValidate { resources, index: *index, ty: *ty, features }, body))
    }
}

/// The state that the threads share.
struct Work {
    runs: Vec<Range<usize>>,
    next: AtomicUsize,
    spent: AtomicU64,
    refused: AtomicBool,
}

impl Checked {
    fn new(body: &FunctionBody<'_>, start: u32, frame: FrameFacts) -> Checked {
        let range = body.range();
        let range = range.start as u32..range.end as u32;
        Checked { range, start, frame, facts: OnceLock::new() }
    }

    fn whole(body: &FunctionBody<'_>, facts: FuncFacts) -> Checked {
        let checked = Checked::new(body, facts.blocks[0].start, facts.frame());
        Checked { facts: OnceLock::from(Some(Box::new(facts))), ..checked }
    }

    /// The facts, which `make` finds if nobody has asked for them yet.
    pub(crate) fn facts(&self, make: impl FnOnce() -> Option<FuncFacts>) -> Option<&FuncFacts> {
        let agree = |facts: &FuncFacts| {
            facts.frame() == self.frame && facts.blocks.first().map(|b| b.start) == Some(self.start)
        };
        self.facts.get_or_init(|| make().filter(agree).map(Box::new)).as_deref()
    }
}

impl Later {
    /// The facts of a body that was accepted, of the function and type with these indices (3).
    pub(crate) fn facts(
        &self,
        (index, ty): (u32, TypeIdx),
        body: &FunctionBody<'_>,
        cx: BodyContext<'_>,
    ) -> Option<FuncFacts> {
        let (resources, features) = (self.resources.clone(), self.features);
        let func = FuncToValidate { resources, index, ty: ty.0, features };
        let (spent, range) = (AtomicU64::new(0), body.range());
        let mut validator = BodyValidator::new(&spent, range.end - range.start, cx.limits);
        validator.validate(func, body, cx).ok()
    }
}

/// As many bytes of bodies are given to a thread at a time.
const RUN_BYTES: u64 = 64 << 10;

/// Bytes of bodies for which another thread is worth its start.
const THREAD_BYTES: u64 = 256 << 10;

/// How many threads validate a code section of `code_bytes` bytes.
fn threads(code_bytes: u64) -> usize {
    if code_bytes < 2 * THREAD_BYTES {
        return 1;
    }
    let worth = usize::try_from(code_bytes / THREAD_BYTES).unwrap_or(usize::MAX);
    thread::available_parallelism().map_or(1, usize::from).min(worth)
}
