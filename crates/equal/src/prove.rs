//! Code with the bytes of a relation → [`EqualCode`]: the whole way, for who has no body at hand.

use crate::claims::Relation;
use crate::error::{Cause, Difference, Ended};
use crate::witness::{EqualCode, Error, Setting};
use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt;
use prova_check::{Code, CodeKind, Fault};
use prova_module::{FuncIdx, Module};
use prova_ssa::entered::enter;
use prova_ssa::{CheckedBody, Metering, build, build_holding};

/// Why code is not proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// It comes without a relation.
    NoRelation,
    /// It comes without a relation, since the search for one ended.
    Search(Ended),
    /// It is a way into functions or out of them: no function's own code.
    NotAFunction,
    /// Its function has no SSA form, for this reason.
    NoBody(String),
    /// The bytes of the relation are none.
    Relation(Fault),
    /// The layout that it is made for is another module's.
    OtherLayout,
    /// No code is proved whose accesses are masked, or whose bases may move.
    NoProofs,
    /// The proof fails.
    Fails(Error),
}

impl Unproved {
    /// The cause without the place, for counts.
    pub fn cause(&self) -> String {
        match self {
            Unproved::Fails(Error::Differs(Difference { cause, what, .. })) => {
                format!("{}: {what}", cause.text())
            }
            Unproved::Fails(Error::Rejected(_)) => "the check refuses it".to_string(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unproved::Search(ended) => ended.fmt(f),
            Unproved::NoRelation => f.write_str("it comes without a relation to its function"),
            Unproved::NotAFunction => f.write_str("it is no function's own code"),
            Unproved::NoBody(why) => write!(f, "its function has no SSA form: {why}"),
            Unproved::Relation(fault) => write!(f, "its relation cannot be read: {}", fault.what),
            Unproved::OtherLayout => f.write_str("its layout is another module's"),
            Unproved::NoProofs => f.write_str(
                "no code is proved that masks accesses (`-O memory=masked`), or whose memories \
                 and tables may move (`-O memory-may-move`)",
            ),
            Unproved::Fails(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Unproved {}

fn no_body(error: impl fmt::Display) -> Unproved {
    Unproved::NoBody(error.to_string())
}

/// The body that code of a function is compared with: where the frame holds references that a store
/// follows, one that says which.
///
/// # Errors
/// If it has none.
pub fn checked(
    module: &Module,
    func: FuncIdx,
    metering: Metering,
) -> Result<CheckedBody, Unproved> {
    if module.facts(func).is_some_and(|facts| facts.exception_roots.is_some()) {
        let (body, _) = build_holding(module, func, metering).map_err(no_body)?;
        return CheckedBody::check_holding(module, body).map_err(no_body);
    }
    let body = build(module, func, metering).map_err(no_body)?;
    CheckedBody::check(module, body).map_err(no_body)
}

/// Proves that the code of a function does what the function says, or from a round of a loop on, by
/// the bytes of a relation.
///
/// # Errors
/// Why it is not proved.
pub fn prove(
    setting: &Setting<'_>,
    code: Code<'_>,
    relation: &[u8],
) -> Result<EqualCode, Unproved> {
    if matches!(code.kind, CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_)) {
        return Err(Unproved::NotAFunction);
    }
    if relation.is_empty() {
        return Err(Unproved::NoRelation);
    }
    let relation = Relation::read(relation, code.bytes.len()).map_err(Unproved::Relation)?;
    let metering = setting.layout().config().metering;
    let metering = Metering { fuel: metering.fuel, epoch: metering.epoch };
    let module = setting.module();
    match code.kind {
        CodeKind::Func(func) => {
            let body = checked(module, FuncIdx(func), metering)?;
            EqualCode::check(&body, setting, code, &relation)
        }
        CodeKind::Loop { func, offset } => {
            let body = enter(module, FuncIdx(func), offset, metering).map_err(no_body)?;
            EqualCode::check_round(&body, setting, code, &relation)
        }
        CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_) => {
            return Err(Unproved::NotAFunction);
        }
    }
    .map_err(|error| match error {
        Error::Differs(Difference { cause: Cause::Stopped, .. }) => {
            Unproved::Search(Ended::Stopped)
        }
        error => Unproved::Fails(error),
    })
}
