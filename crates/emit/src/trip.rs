//! The whole trip of a module: Wasm → SSA → Wasm; only proved functions are kept.
//!
//! ```text
//! Module ─ build ─ CheckedBody::check ─► transform ─► emit ─┐
//!    │                                                      ├─ assemble ─ decode ─► Module
//!    └── Twin::check: the rest of both modules is the same ─┘                         │
//!                              EmittedBody::check: each body that differs ◄───────────┘
//! ```
//!
//! A result of [`Options::transform`] stands for its function only if the emitted bytes, decoded
//! again, are proved equal to it ([`crate::emitted`]). A function for which any step fails keeps
//! its bytes, and [`Trip::outcomes`] says why. A module whose rest does not match is an error, and
//! nothing is given.
//!
//! * Y1. The result is a function of the module and of what `transform` gives for each function;
//!   threads and their number do not change a byte.
//! * Y2. A function that is not replaced is copied byte for byte.
//! * Y3. A function whose emission is refused is emitted once more: with its loops as they were, if
//!   they are turned ([`turned`]); then without results of
//!   blocks (`Style::Loose`), then block for block (`Style::Plain`), then in all styles
//!   without the parameters that are one value (`Pass::Params`, which is checked), before it keeps
//!   its bytes. The proof of the emission is the same each time.
//! * Y4. A function with the bytes that it had is the same. If one is refused, the others are not
//!   proved again: the next module has their bytes, and equals the one before except bodies, types
//!   behind the others and custom sections.
//!
//! Limits: memory for all bodies of the code section at once; one more decoding for each function
//! whose bytes are invalid, up to [`INVALID_MAX`], and two more if some are refused.

mod better;
mod candidate;

use crate::emitted::{self, EmittedBody, Homes, Twin};
use crate::reducify::Irreducible;
use crate::{EmitError, EmitReason, Emitted, Relocatable, Types, assemble, emit_with, linked};
use candidate::{Candidate, Maker, Way};
use prova_module::{FuncIdx, Limits, Module};
use prova_ssa::{BuildError, CheckedBody, Rejection};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use better::{ROUNDS_MAX, improved, improved_where};

/// Number of functions with invalid bytes after which no function is replaced: the emitter is
/// broken.
pub const INVALID_MAX: usize = 8;

/// A transformation of a function's body: another proved body of it, or `None` to leave its bytes
/// as they are. It is called once for each function, from any thread.
pub type Transform<'t> = &'t (dyn Fn(CheckedBody) -> Option<CheckedBody> + Sync);

/// How a trip goes.
#[derive(Clone, Copy)]
pub struct Options<'t> {
    /// The transformation of each body.
    pub transform: Transform<'t>,
    /// How many threads work at once; at least one does.
    pub threads: usize,
    /// Limits on the module that is made.
    pub limits: &'t Limits,
}

/// The outcome for a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has new bytes, proved equal to the body that they came from.
    Replaced,
    /// `transform` left it alone.
    Untouched,
    /// It keeps its bytes, since those that were emitted are not better ([`improved`]).
    NotBetter,
    /// It keeps its bytes, since its module has a shared memory: of its loads, no two are one.
    Shared,
    /// It keeps its bytes, since no body was built.
    NotBuilt(BuildError),
    /// It keeps its bytes, since what was built is not proved: a bug.
    NotProved(Rejection),
    /// It keeps its bytes, since its flow is irreducible and no reducible body was made of it.
    NotReduced(Irreducible),
    /// It keeps its bytes, since no others were emitted.
    NotEmitted(EmitError),
    /// It keeps its bytes, since what was emitted, for it or for others, is not valid, or over a
    /// limit.
    Invalid(prova_module::Error),
    /// It keeps its bytes, since what was emitted is not proved.
    Refused(emitted::Rejection),
}

impl Outcome {
    /// Whether something went wrong.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Outcome::Replaced | Outcome::Untouched | Outcome::NotBetter)
    }

    /// Whether the function is of a kind that is left alone: its module has a shared memory, or it
    /// branches by the type of a reference.
    pub fn is_left_out(&self) -> bool {
        match self {
            Outcome::Shared => true,
            Outcome::NotEmitted(error) => error.reason == EmitReason::Cast,
            Outcome::Replaced
            | Outcome::Untouched
            | Outcome::NotBetter
            | Outcome::NotBuilt(_)
            | Outcome::NotProved(_)
            | Outcome::NotReduced(_)
            | Outcome::Invalid(_)
            | Outcome::Refused(_) => false,
        }
    }

    /// The same of a function with another number.
    #[must_use]
    pub fn renumbered(mut self, to: FuncIdx) -> Outcome {
        match &mut self {
            Outcome::Replaced | Outcome::Untouched | Outcome::NotBetter | Outcome::Shared => {}
            Outcome::NotReduced(Irreducible::Limit) => {}
            Outcome::NotBuilt(error) => error.func = to,
            Outcome::NotProved(rejection) => rejection.func = to,
            Outcome::NotReduced(Irreducible::Refused(rejection)) => rejection.func = to,
            Outcome::NotEmitted(error) => error.func = to,
            Outcome::Invalid(error) => error.func = error.func.map(|_| to),
            Outcome::Refused(rejection) => rejection.func = to,
        }
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Replaced => f.write_str("replaced"),
            Outcome::Untouched => f.write_str("untouched"),
            Outcome::NotBetter => f.write_str("not better"),
            Outcome::Shared => f.write_str("its module has a shared memory"),
            Outcome::NotBuilt(error) => error.fmt(f),
            Outcome::NotProved(rejection) => rejection.fmt(f),
            Outcome::NotReduced(error) => error.fmt(f),
            Outcome::NotEmitted(error) => error.fmt(f),
            Outcome::Invalid(error) => write!(f, "what was emitted: {error}"),
            Outcome::Refused(rejection) => rejection.fmt(f),
        }
    }
}

/// A module after its trip.
#[derive(Clone, Debug)]
pub struct Trip {
    /// The module, whose bytes are [`Module::bytes`].
    pub module: Module,
    /// The custom sections that no longer hold, by name.
    pub dropped: Vec<String>,
    /// The outcome for each defined function, in order.
    pub outcomes: Vec<(FuncIdx, Outcome)>,
    /// The functions with loops that were turned for nothing, since what was made is not proved,
    /// and why.
    pub unturned: Vec<(FuncIdx, String)>,
}

/// Why there is no module.
#[derive(Clone, Debug)]
pub enum TripError {
    /// The module is not linked.
    Relocatable(Relocatable),
    /// The assembled bytes are no module that may be; over a limit, or a bug.
    Decode(prova_module::Error),
    /// The assembled module differs in more than its bodies: a bug.
    Differs(emitted::Rejection),
}

impl fmt::Display for TripError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TripError::Relocatable(error) => error.fmt(f),
            TripError::Decode(error) => write!(f, "the module that was made: {error}"),
            TripError::Differs(rejection) => rejection.fmt(f),
        }
    }
}

impl std::error::Error for TripError {}

/// Sends a module on its trip.
///
/// # Errors
/// If what is assembled is no module, or another one beyond its bodies.
pub fn module(module: &Module, options: &Options<'_>) -> Result<Trip, TripError> {
    rounds(module, options, Way::new(&emit_with)).map(|(trip, _)| trip)
}

/// Sends a module on its trip, with its loops turned ([`turn`](prova_optimize::turn::turn)): it
/// executes less, and has a few more bytes. A second such trip may change it again; one that
/// settles is [`improved`].
///
/// # Errors
/// As [`module`].
pub fn turned(module: &Module, options: &Options<'_>) -> Result<Trip, TripError> {
    rounds(module, options, Way { turns: true, ..Way::new(&emit_with) }).map(|(trip, _)| trip)
}

/// Sends a module on its trip; gives how many functions were proved too, for each module that was
/// made.
fn rounds(
    module: &Module,
    options: &Options<'_>,
    way: Way<'_>,
) -> Result<(Trip, Vec<usize>), TripError> {
    linked(module).map_err(TripError::Relocatable)?;
    let types = Types::new(module);
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let mut maker = Maker { module, types: &types, way };
    let mut found =
        each(options.threads, funcs.len(), |at| maker.first(funcs[at], options.transform));
    maker.share(&mut found);
    let (mut invalid, mut proofs) = (0, Vec::new());
    // The module of the round before, and which of its functions are proved.
    let mut before: Option<(Module, Vec<bool>)> = None;
    // Who is refused is emitted otherwise for the next round, or left out of it.
    loop {
        let bodies: Vec<Option<&Emitted>> =
            found.iter().map(|found| found.as_ref().ok().map(|found| &found.emitted)).collect();
        let assembled = assemble(module, &types, &bodies);
        let new = match Module::decode(assembled.bytes, module.features(), options.limits) {
            Ok(new) => new,
            Err(error) => {
                invalid += 1;
                let kept = || Outcome::Invalid(error.clone());
                let straight = |one: &Candidate| maker.next(one, &error, kept());
                let all = invalid > INVALID_MAX;
                if !straighten(&mut found, &funcs, &error, all, straight) {
                    leave_out(&mut found, &funcs, error, all)?;
                }
                continue;
            }
        };
        let twin = Twin::check(module, &new).map_err(TripError::Differs)?;
        let due = due(&funcs, &twin, before.as_ref());
        let verdicts = each(options.threads, funcs.len(), |at| match &found[at] {
            _ if !due[at] => None,
            Ok(one) => EmittedBody::check(&twin, &one.body, &Homes(&one.homes)).err(),
            Err(_) => Some(emitted::not_copied(funcs[at])),
        });
        proofs.push(due.iter().filter(|&&due| due).count());
        let mut refused = false;
        let proved = verdicts.iter().map(Option::is_none).collect();
        for (at, rejection) in verdicts.into_iter().enumerate() {
            if let Some(rejection) = rejection {
                if found[at].is_err() {
                    return Err(TripError::Differs(rejection));
                }
                refused = true;
                if let Ok(one) = &found[at] {
                    found[at] = maker.next(one, &rejection, Outcome::Refused(rejection.clone()));
                }
            }
        }
        if !refused {
            let unturned = funcs.iter().zip(&found).filter_map(|(&func, found)| {
                found.as_ref().ok()?.unturned.clone().map(|why| (func, why))
            });
            let unturned = unturned.collect();
            let outcomes = found.into_iter().map(|found| found.err().unwrap_or(Outcome::Replaced));
            let outcomes = funcs.into_iter().zip(outcomes).collect();
            let dropped = assembled.dropped;
            return Ok((Trip { module: new, dropped, outcomes, unturned }, proofs));
        }
        before = Some((new, proved));
    }
}

/// Whether each function of a new module is to be proved. Excepted are functions with their old
/// bytes, and those with bytes that were proved in the round before, in a module that is the same
/// except bodies (Y4).
fn due(funcs: &[FuncIdx], twin: &Twin, before: Option<&(Module, Vec<bool>)>) -> Vec<bool> {
    let known = before.and_then(|(before, proved)| {
        Twin::check(before, twin.new_module()).ok().map(|twin| (twin, proved))
    });
    let is_known = |at: usize| {
        known.as_ref().is_some_and(|(twin, proved)| proved[at] && twin.is_copied(funcs[at]))
    };
    (0..funcs.len()).map(|at| !is_known(at) && !twin.is_copied(funcs[at])).collect()
}

fn bytes_of(module: &Module, func: FuncIdx) -> Option<&[u8]> {
    module.body(func).map(|body| body.bytes())
}

/// Emits with its loops as they were what made a module invalid, the body that the error names or
/// all; whether there was one with turned loops.
fn straighten(
    found: &mut [Result<Candidate, Outcome>],
    funcs: &[FuncIdx],
    error: &prova_module::Error,
    all: bool,
    straight: impl Fn(&Candidate) -> Result<Candidate, Outcome>,
) -> bool {
    let mut any = false;
    for (one, &func) in found.iter_mut().zip(funcs) {
        let Ok(turned) = one else { continue };
        if turned.straight.is_some() && (all || error.func == Some(func)) {
            any = true;
            *one = straight(turned);
        }
    }
    any
}

/// Takes back what made a module invalid: the body that the error names, or all.
fn leave_out(
    found: &mut [Result<Candidate, Outcome>],
    funcs: &[FuncIdx],
    error: prova_module::Error,
    all: bool,
) -> Result<(), TripError> {
    let at = funcs.iter().position(|&func| error.func == Some(func));
    if let Some(one) =
        at.filter(|_| !all).and_then(|at| found.get_mut(at)).filter(|one| one.is_ok())
    {
        *one = Err(Outcome::Invalid(error));
        return Ok(());
    }
    let mut any = false;
    for one in found.iter_mut().filter(|one| one.is_ok()) {
        any = true;
        *one = Err(Outcome::Invalid(error.clone()));
    }
    if any { Ok(()) } else { Err(TripError::Decode(error)) }
}

/// Results of a function of each number below `count`, in order, made by `threads` threads.
pub fn each<T: Send>(threads: usize, count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if threads <= 1 {
        return (0..count).map(make).collect();
    }
    let (next, made) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    mine.push((at, make(at)));
                }
                made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(mine);
            });
        }
    });
    let mut made = made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    made.sort_unstable_by_key(|&(at, _)| at);
    made.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests;
