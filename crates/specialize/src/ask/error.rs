//! Errors of a module as a whole ([`Error`]), and refusals of one request ([`Refused`]), whose
//! generic function then stays in use.

use prova_demangle::printable;
use prova_emit::Relocatable;
use prova_module::FuncIdx;
use std::collections::BTreeMap;
use std::fmt;

/// Why nothing is specialised.
#[derive(Clone, Debug)]
pub enum Error {
    /// An import that is meant to be an intrinsic is not one, or is used as a value.
    Intrinsic {
        /// The import's name.
        name: String,
        /// Its offset in the module; 0 if the fault is not in the import.
        offset: usize,
        /// The fault, in words.
        what: String,
    },
    /// The module's requests cannot be read.
    Requests(String),
    /// The module uses what the specialiser cannot carry over.
    Unsupported(String),
    /// The module could not be initialised.
    Snapshot(String),
    /// The specialised module is not valid: a bug.
    Output(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Intrinsic { name, offset: 0, what } => {
                write!(f, "intrinsic `{}`: {what}", printable(name))
            }
            Error::Intrinsic { name, offset, what } => {
                write!(f, "intrinsic `{}` (import at {offset:#x}): {what}", printable(name))
            }
            Error::Requests(what) => write!(f, "the list of requests: {what}"),
            Error::Unsupported(what) => write!(f, "not supported: {what}"),
            Error::Snapshot(what) => write!(f, "failed to initialise the module: {what}"),
            Error::Output(what) => write!(f, "the module that was made: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Relocatable> for Error {
    fn from(error: Relocatable) -> Error {
        Error::Unsupported(error.to_string())
    }
}

/// Who is at fault when a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The request names no function that can be specialised, or its arguments do not fit.
    Request,
    /// The function uses an intrinsic in a way that has no meaning.
    Annotation,
    /// The function uses what is not specialised yet.
    Unsupported,
    /// The result would be over a limit.
    Limit,
    /// The specialised function was not proved: a bug.
    Bug,
}

/// The places that could not be folded, by offset and name.
pub type Sites = BTreeMap<(u32, String), Site>;

/// A place at which something is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// In how many copies.
    pub copies: u64,
    /// Why, in the first of them.
    pub why: String,
}

/// Why a request has no specialised function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose fault it is.
    pub fault: Fault,
    /// Where: a function and an offset in the module.
    pub place: Option<(FuncIdx, u32)>,
    /// Why.
    pub what: String,
    /// The places that were not folded until then, if that was asked for.
    pub sites: Sites,
}

impl Refused {
    pub(crate) fn new(fault: Fault, what: impl Into<String>) -> Refused {
        Refused { fault, place: None, what: what.into(), sites: Sites::new() }
    }

    pub(crate) fn at(self, func: FuncIdx, offset: u32) -> Refused {
        Refused { place: Some((func, offset)), ..self }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fault == Fault::Bug {
            f.write_str("bug: ")?;
        }
        if let Some((func, offset)) = self.place {
            write!(f, "{func} at {offset:#x}: ")?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Refused {}
