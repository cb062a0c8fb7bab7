//! The embedder's code: host functions, and custom executors.
//!
//! [`Store::call`](crate::Store::call) and the executors call both. The embedding API wraps host
//! functions in typed closures; the reference tier is an [`Executor`].
//!
//! A host function gets the store itself and may do anything with it except put another store in
//! its place: after each host call the store compares its identity and panics if it was replaced.

use crate::store::Store;
use crate::trap::Trap;
use crate::value::{FuncAddr, TagAddr};
use crate::vm::Cell;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A host function: `(store, host data, cells)`.
///
/// The cells hold the arguments at the start and the results at the end, both from index 0 on;
/// there are as many as the greater of the two needs. A v128 takes two cells, the low half first.
pub type HostFunc = Arc<dyn Fn(&mut Store, &mut dyn Any, &mut [Cell]) -> HostOutcome + Send + Sync>;

/// How a host function ended.
#[derive(Debug)]
pub enum HostOutcome {
    /// It returned; the results are in the cells.
    Done,
    /// It wants to be resumed later with its results: [`Store::call_resumable`]. In any other call
    /// a trap of kind [`TrapKind::Suspended`](crate::TrapKind::Suspended).
    Suspend,
    /// It throws an exception into the code that called it. The trap is what the call ends with if
    /// nothing catches it.
    Throw(Exception, Box<Trap>),
    /// It failed.
    Trap(Box<Trap>),
}

/// An exception in the hands of the host: a tag, and values in cells that fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The tag.
    pub tag: TagAddr,
    /// The values; a v128 takes two cells, the low half first.
    pub cells: Box<[Cell]>,
}

/// An executor from outside this crate, for the Wasm functions of a whole store.
pub trait Executor: Send + Sync {
    /// Calls a Wasm function (never a host function) with arguments and results in cells.
    ///
    /// The store has compared the numbers of cells and counted the nested call; the executor
    /// charges the function's own frame ([`Store::enter_frame`]). After an error the store restores
    /// the stack height itself.
    ///
    /// # Errors
    ///
    /// The trap that ended the call, with its backtrace.
    fn call(
        &self,
        store: &mut Store,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap>;
}

/// How this crate's executors go from one instruction to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dispatch {
    /// Each instruction's handler jumps to the next one's; where the target or the build has no
    /// such jumps, as [`Match`](Self::Match).
    #[default]
    Tail,
    /// A loop around a `match`.
    Match,
}

impl Dispatch {
    /// All of them.
    pub const ALL: [Dispatch; 2] = [Dispatch::Tail, Dispatch::Match];

    /// The name, which [`FromStr`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Dispatch::Tail => "tail",
            Dispatch::Match => "match",
        }
    }
}

impl fmt::Display for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dispatch {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Dispatch, UnknownName> {
        Dispatch::ALL.into_iter().find(|dispatch| dispatch.name() == name).ok_or(UnknownName)
    }
}

/// A name that nothing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName;

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is none of this name")
    }
}

impl Error for UnknownName {}

/// The executor of the Wasm functions of a store, for the store's whole life.
#[derive(Clone)]
pub enum ExecutorKind {
    /// This crate's executors, on checked code.
    Interpreter(Dispatch),
    /// Another executor.
    External(Arc<dyn Executor>),
}

impl Default for ExecutorKind {
    fn default() -> ExecutorKind {
        ExecutorKind::Interpreter(Dispatch::default())
    }
}

impl fmt::Debug for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecutorKind::Interpreter(dispatch) => dispatch.fmt(f),
            ExecutorKind::External(_) => f.pad("external"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for dispatch in Dispatch::ALL {
            assert_eq!(dispatch.to_string().parse(), Ok(dispatch));
        }
        assert_eq!("Tail".parse::<Dispatch>(), Err(UnknownName));
        assert_eq!("".parse::<Dispatch>(), Err(UnknownName));
    }
}
