//! Building: the body of a Wasm function → its SSA, in one walk and a clean-up.
//!
//! ```text
//! walk (module) ─ Domain ─► Draft ─┐                       ┌─► reachable blocks
//!      FuncFacts ───┘              ├─ finish ─ resolve ────┼─► parameters with their arguments
//! local.get/set ─► Locals ─────────┘                       └─► Assembler ─► Body
//! ```
//!
//! `domain` gives the walker its values and labels, `variable` says what a local is where, `finish`
//! puts it together. The builder is not trusted: the proof reads what it makes. It makes what K1 to
//! K5 of the crate say, and
//! * D1. a block for each label that an edge leads to, each arm of an `if` that has operators or an
//!   `else`, what follows a conditional branch or a call with a handler, and each handler; in the
//!   order of the Wasm, a handler at its `try_table`'s `end`;
//! * D2. parameters: first the label's values, then locals in rising order, those and only those
//!   that a read needs and that are not the same on all edges (minimal, as flow is reducible, and
//!   pruned by reads);
//!   A header may be asked to have some for locals that it would not need; then they are what a
//!   write of these locals there would be;
//! * D3. the zeros of locals that are read before they are written as constants at the start of the
//!   entry, one for each type.
//!
//! Limits: [`Limits`]. Time: `O(log n)` for an operator, plus the labels that it names, plus the
//! body. Noticed by: `tests/golden.rs`, `tests/hostile.rs`, and by every run of the SSA interpreter
//! against the other tiers.

mod domain;
mod draft;
mod finish;
mod forest;
mod resolve;
mod variable;

use crate::body::{Body, Metering};
use crate::held::Held;
use domain::Builder;
use prova_module::walk::{Stop, walk};
use prova_module::{FuncIdx, Module};
use std::fmt;

/// Limits on the growth of a body beyond its Wasm.
///
/// SSA form can be quadratically larger than its Wasm: each of many nested loops that write each of
/// many locals has a parameter for each. Real functions have less than one argument for four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of arguments for locals on all edges together, for an empty function.
    pub args_base: u64,
    /// Further arguments for each byte of the function's body.
    pub args_per_byte: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { args_base: 1 << 20, args_per_byte: 8 }
    }
}

/// Why a function has no body in SSA form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// The function.
    pub func: FuncIdx,
    /// Why.
    pub reason: BuildReason,
}

/// Why a function has no body in SSA form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildReason {
    /// It is imported, or there is no such function.
    NoBody,
    /// Its edges would have more arguments than [`Limits`] allows.
    Args {
        /// How many are allowed.
        limit: u64,
    },
    /// A fault of ours: something that a valid function does not have.
    Bug {
        /// Where, in the module.
        offset: u32,
        /// The construct.
        what: &'static str,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let func = self.func;
        match &self.reason {
            BuildReason::NoBody => write!(f, "{func} has no body"),
            BuildReason::Args { limit } => {
                write!(f, "{func} would have more than {limit} arguments of edges in SSA form")
            }
            BuildReason::Bug { offset, what } => write!(f, "{func}: {what} at {offset:#x}: a bug"),
        }
    }
}

impl std::error::Error for BuildError {}

/// Builds the SSA form of a function, with the charges and polls that `metering` asks for.
///
/// # Errors
/// If the function has no body, or one whose SSA form exceeds the default [`Limits`].
pub fn build(module: &Module, func: FuncIdx, metering: Metering) -> Result<Body, BuildError> {
    build_within(module, func, metering, Limits::default())
}

/// As [`build`], within other limits.
///
/// # Errors
/// As [`build`].
pub fn build_within(
    module: &Module,
    func: FuncIdx,
    metering: Metering,
    limits: Limits,
) -> Result<Body, BuildError> {
    let asked = Asked { forced: None, holds: false };
    build_for(module, func, metering, limits, asked).map(|(body, _)| body)
}

/// As [`build`], with the references to exceptions that the frame holds at each call and throw.
/// Locals count as read there, so the body may have more parameters.
///
/// # Errors
/// As [`build`].
pub fn build_holding(
    module: &Module,
    func: FuncIdx,
    metering: Metering,
) -> Result<(Body, Held), BuildError> {
    let asked = Asked { forced: None, holds: true };
    build_for(module, func, metering, Limits::default(), asked)
}

/// Parts of a body that its function would not need.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'l> {
    /// A header with more parameters.
    pub(crate) forced: Option<Forced<'l>>,
    /// The references to exceptions that the frame holds.
    pub(crate) holds: bool,
}

/// A loop whose header has parameters for these locals, whether it needs them or not: so code may
/// begin there (`entered`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forced<'l> {
    /// The offset of the `loop` in the module.
    pub(crate) offset: u32,
    /// The locals, rising.
    pub(crate) locals: &'l [u32],
}

/// As [`build_within`], with what is asked for in addition.
///
/// # Errors
/// As [`build`].
pub(crate) fn build_for(
    module: &Module,
    func: FuncIdx,
    metering: Metering,
    limits: Limits,
    asked: Asked<'_>,
) -> Result<(Body, Held), BuildError> {
    let refused = |reason| BuildError { func, reason };
    let (Some(body), Some(facts)) = (module.body(func), module.facts(func)) else {
        return Err(refused(BuildReason::NoBody));
    };
    let bytes = body.range().len() as u64;
    let mut builder = Builder::new(module, &body, facts, metering);
    (builder.forced, builder.holds) = (asked.forced, asked.holds);
    walk(body, &mut builder).map_err(|stop| {
        refused(match stop {
            Stop::Domain(reason) => reason,
            Stop::Malformed { offset, what } => BuildReason::Bug { offset, what },
        })
    })?;
    let args_max = limits.args_base + limits.args_per_byte * bytes;
    finish::finish(builder, args_max).map_err(refused)
}
