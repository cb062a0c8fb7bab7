//! Proved bodies → the module that has their bytes.
//!
//! ```text
//! bytes with a trap for each new function ─ hollow ─► Module with a trap for every function
//! Body ─ LooseBody ─ passes, reducify (proved) ─ emit ─┐            │
//!                                                      ├─ assemble ◄┴─ bytes of all other functions
//!              EmittedBody::check_loose ◄─ decode ◄────┘
//! ```
//!
//! * L1. A new function is its body: passes and emission are proved (`prova-ssa`, `prova-emit`).
//! * L2. The bytes of all others are copied; that they are what they were is for `rest` to say,
//!   which reads the result.
//! * L3. What is emitted with turned loops and cannot be proved is emitted as it was before; what
//!   then is emitted shortly and cannot be proved is emitted plainly; if that cannot be proved
//!   either, the body is emitted as it was before all passes; then it is refused.
//!
//! The hollow module says what functions, types and memories there are, and no code of it is
//! validated but traps: a module is decoded whole once.

use crate::ask::error::{Error, Fault, Refused};
use prova_emit::emitted::{EmittedBody, Homes, Rejection, Twin};
use prova_emit::reducify::{Irreducible, reducify_loose};
use prova_emit::trip::each;
use prova_emit::{EmitError, EmitReason, Emitted, Style, Types, assemble_over, emit_with};
use prova_module::{ErrorKind, Features, Limits, Module};
use prova_optimize::turn::turn_loose;
use prova_optimize::{Pass, optimize_loose};
use prova_ssa::Body;
use prova_ssa::replace::LooseBody;
use std::ops::Range;
use wasm_encoder::Encode;
use wasmparser::{Parser, Payload};

/// How bodies are made bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'h> {
    /// The features of the module.
    pub(crate) features: &'h Features,
    /// Limits on the module that is made.
    pub(crate) limits: &'h Limits,
    /// How many threads work at once.
    pub(crate) threads: usize,
    /// Whether stores stay that are overwritten before anything sees them.
    pub(crate) keep_stores: bool,
}

/// The passes over a specialised function.
fn passes(how: &How<'_>) -> Vec<Pass> {
    let stay = |pass: &Pass| *pass != Pass::Stores || !how.keep_stores;
    Pass::DEFAULT.into_iter().filter(stay).collect()
}

/// A module with the bytes of bodies.
pub(crate) struct Made {
    pub(crate) module: Module,
    /// By body.
    pub(crate) proofs: Vec<EmittedBody>,
    /// By body: its blocks and instructions after passes.
    pub(crate) sizes: Vec<(usize, usize)>,
    /// The custom sections that are gone, by name.
    pub(crate) dropped: Vec<String>,
}

/// The result of giving bodies their bytes.
pub(crate) enum Filled {
    /// All have bytes.
    Done(Made),
    /// These have none, by their numbers.
    Refused(Vec<(usize, Refused)>),
}

/// How a body gets its bytes (L3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Behind passes, with turned loops and passes once more.
    Turned,
    Short,
    Plain,
    Unchanged,
}

impl Way {
    fn next(self) -> Option<Way> {
        match self {
            Way::Turned => Some(Way::Short),
            Way::Short => Some(Way::Plain),
            Way::Plain => Some(Way::Unchanged),
            Way::Unchanged => None,
        }
    }
}

/// A body with bytes that may stand for it.
struct Candidate {
    way: Way,
    body: LooseBody,
    emitted: Emitted,
    homes: Vec<u32>,
}

/// Puts bodies into the module that has traps in their place.
///
/// # Errors
/// If there is no such module: a fault of ours.
pub(crate) fn fill(wasm: &[u8], bodies: &[Body], how: &How<'_>) -> Result<Filled, Error> {
    let output = |error: prova_module::Error| Error::Output(error.to_string());
    let (bytes, places) = hollow(wasm)?;
    let mut others: Vec<&[u8]> = places.into_iter().map(|place| &wasm[place]).collect();
    if planted!(OthersTurned) {
        others.reverse();
    }
    let hollow = Module::decode(bytes, how.features, how.limits).map_err(output)?;
    let types = Types::new(&hollow);
    let imported = hollow.imported_func_count();
    let passes = passes(how);
    let into = Target { hollow: &hollow, types: &types, passes: &passes };
    let first = |at: usize| candidate(&into, &bodies[at], Way::Turned);
    let mut found = each(how.threads, bodies.len(), first);
    loop {
        let refused = refused(&found);
        if !refused.is_empty() {
            return Ok(Filled::Refused(refused));
        }
        let found_now: Vec<&Candidate> = found.iter().filter_map(|one| one.as_ref().ok()).collect();
        let mut all: Vec<Option<&Emitted>> = vec![None; others.len()];
        for one in &found_now {
            all[one.body.func().index() - imported] = Some(&one.emitted);
        }
        let assembled = assemble_over(&hollow, &types, &all, &others);
        let module = match Module::decode(assembled.bytes, how.features, how.limits) {
            Ok(module) => module,
            Err(error) => {
                let at = found_now.iter().position(|one| error.func == Some(one.body.func()));
                let Some(at) = at else { return Err(output(error)) };
                let is_limit = matches!(error.kind, ErrorKind::Limit { .. });
                let fault = if is_limit { Fault::Limit } else { Fault::Bug };
                let why = Refused::new(fault, error.to_string());
                return Ok(Filled::Refused(vec![(at, why)]));
            }
        };
        let differs = |error: Rejection| Error::Output(error.to_string());
        let twin = Twin::check(&hollow, &module).map_err(differs)?;
        let proofs = each(how.threads, found_now.len(), |at| {
            let Candidate { body, homes, .. } = found_now[at];
            EmittedBody::check_loose(&twin, body, &Homes(homes))
        });
        let sizes = found_now.iter().map(|one| size(one.body.body())).collect();
        if proofs.iter().all(Result::is_ok) {
            let proofs = proofs.into_iter().filter_map(Result::ok).collect();
            let dropped = assembled.dropped;
            return Ok(Filled::Done(Made { module, proofs, sizes, dropped }));
        }
        for (at, proof) in proofs.into_iter().enumerate() {
            if let Err(rejection) = proof {
                let bug = || Refused::new(Fault::Bug, rejection.to_string());
                let way = found[at].as_ref().ok().and_then(|one| one.way.next());
                found[at] = way.ok_or_else(bug).and_then(|way| candidate(&into, &bodies[at], way));
            }
        }
    }
}

/// Those that have no bytes, and why.
fn refused(found: &[Result<Candidate, Refused>]) -> Vec<(usize, Refused)> {
    let refused = |(at, one): (usize, &Result<Candidate, Refused>)| {
        one.as_ref().err().map(|why| (at, why.clone()))
    };
    found.iter().enumerate().filter_map(refused).collect()
}

/// Blocks and instructions.
fn size(body: &Body) -> (usize, usize) {
    (body.block_count(), body.inst_count())
}

/// The module and types that bytes are made for, and the passes.
struct Target<'i> {
    hollow: &'i Module,
    types: &'i Types,
    passes: &'i [Pass],
}

/// Bytes for a body, after passes.
fn candidate(into: &Target<'_>, body: &Body, way: Way) -> Result<Candidate, Refused> {
    let Target { hollow, types, passes } = *into;
    let bug = |what: String| Refused::new(Fault::Bug, what);
    let body = LooseBody::check(hollow, body.clone()).map_err(|error| bug(error.to_string()))?;
    let mut body = match way {
        Way::Unchanged => body,
        Way::Turned | Way::Short | Way::Plain => optimize_loose(body, passes).0,
    };
    let style = match way {
        Way::Turned | Way::Short => Style::Short,
        Way::Plain | Way::Unchanged => Style::Plain,
    };
    let turned = |body: &LooseBody| match way {
        Way::Turned => turn_loose(body, passes).ok().flatten(),
        Way::Short | Way::Plain | Way::Unchanged => None,
    };
    body = turned(&body).unwrap_or(body);
    let mut made = emit_with(style, hollow, types, body.body());
    if let Err(EmitError { reason: EmitReason::Irreducible, .. }) = made {
        let reduced = reducify_loose(&body).map_err(|error| match error {
            Irreducible::Limit => Refused::new(Fault::Limit, error.to_string()),
            Irreducible::Refused(_) => bug(error.to_string()),
        })?;
        body = reduced.ok_or_else(|| bug("flow that is both".to_owned()))?;
        body = turned(&body).unwrap_or(body);
        made = emit_with(style, hollow, types, body.body());
    }
    let unsupported = |what: String| Refused::new(Fault::Unsupported, what);
    let (emitted, homes) = made.map_err(|error| unsupported(error.to_string()))?;
    if emitted.extra_types {
        return Err(unsupported("it needs types that the module does not have".to_owned()));
    }
    Ok(Candidate { way, body, emitted, homes })
}

const CODE: u8 = 10;
/// A body: its size, no locals, `unreachable`, `end`.
const TRAP: [u8; 4] = [3, 0, 0, 0x0b];

/// The same module with traps in the place of all bodies, and where these bodies stand.
fn hollow(wasm: &[u8]) -> Result<(Vec<u8>, Vec<Range<usize>>), Error> {
    let mut out = wasm[..8].to_vec();
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| Error::Output(error.to_string()))?;
        if let Payload::CodeSectionEntry(body) = &payload {
            bodies.push(body.range().start as usize..body.range().end as usize);
        }
        let Some((id, range)) = payload.as_section() else { continue };
        out.push(id);
        match &payload {
            Payload::CodeSectionStart { count, .. } if id == CODE => {
                let mut contents = Vec::new();
                count.encode(&mut contents);
                (0..*count).for_each(|_| contents.extend(TRAP));
                contents.encode(&mut out);
            }
            _other => wasm[range.start as usize..range.end as usize].encode(&mut out),
        }
    }
    Ok((out, bodies))
}
