//! The places at which events come to be, and the levels that say which ones do.

use prova_module::FuncIdx;
use serde::Serialize;
use std::fmt;

/// Which events there are: each level has those of the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Calls of the host, with their arguments and results.
    Host,
    /// Functions that are entered and left, with events around them: their own code stays as it is,
    /// except the indices of functions in it. Deeper levels have these events at the calls.
    Around,
    /// Calls of the module's functions, with arguments and results.
    Calls,
    /// Changes of memories, globals and tables.
    Stores,
    /// Loads, with their values.
    Loads,
    /// Conditional branches.
    Branches,
    /// The results of all operators that compute.
    Values,
}

impl Level {
    /// All of them.
    pub const ALL: [Level; 7] = [
        Level::Host,
        Level::Around,
        Level::Calls,
        Level::Stores,
        Level::Loads,
        Level::Branches,
        Level::Values,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Host => "host",
            Level::Around => "around",
            Level::Calls => "calls",
            Level::Stores => "stores",
            Level::Loads => "loads",
            Level::Branches => "branches",
            Level::Values => "values",
        }
    }

    /// The level of a name.
    pub fn parse(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The kind of an event. An event has two words; an operator that needs more has further events,
/// and the number is theirs, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum What {
    /// The host is called; the words are arguments.
    HostCall(u32),
    /// Bytes that a call of WASI hands to its host: what is written, and paths. The word has up to
    /// seven of them, and how many in its highest byte; the last ones have the higher number.
    HostBytes(u32),
    /// The host has returned; the words are results.
    HostResult(u32),
    /// A function is entered; the words are arguments.
    Enter(u32),
    /// A call has returned; the words are results.
    Result(u32),
    /// Address and value.
    Load(u32),
    /// Address and value.
    Store(u32),
    /// Address and the value before, of an atomic operator.
    Update(u32),
    /// The new value of a global.
    GlobalSet(u32),
    /// Operands and result, in their order, of an operator of memories or tables.
    Effect(u32),
    /// The condition, as 0 or 1, or the index.
    Branch,
    /// The results; at the end of a function those of the function.
    Value(u32),
}

impl What {
    /// Its number among the events of the operator.
    pub(crate) fn nth(self) -> u32 {
        match self {
            What::HostCall(nth)
            | What::HostBytes(nth)
            | What::HostResult(nth)
            | What::Enter(nth)
            | What::Result(nth)
            | What::Load(nth)
            | What::Store(nth)
            | What::Update(nth)
            | What::GlobalSet(nth)
            | What::Effect(nth)
            | What::Value(nth) => nth,
            What::Branch => 0,
        }
    }
}

/// A place of the code, in the module as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// The function; of a call of the host, the imported one.
    pub(crate) func: FuncIdx,
    /// The operator; of [`What::Enter`], the body's first one; of a call of the host, 0.
    pub(crate) offset: u32,
    pub(crate) what: What,
    /// Whether its words number objects.
    pub(crate) numbers: bool,
}
