//! What the embedder brings: host functions, and an executor of its own.
//!
//! Neighbours: [`Store::call`](crate::Store::call) and the executors call both; the embedding API wraps host functions
//! in typed closures; the reference tier is an [`Executor`].
//!
//! A host function gets the store itself and may do anything with it except put another store in its place: after each
//! host call the store compares its identity and panics if it was replaced.

use crate::store::Store;
use crate::trap::Trap;
use crate::value::FuncAddr;
use crate::vm::Cell;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A host function: `(store, host data, cells)`.
///
/// The cells hold the arguments at the start and the results at the end, both from index 0 on; there are as many as
/// the greater of the two needs. A v128 takes two cells, the low half first.
pub type HostFunc = Arc<dyn Fn(&mut Store, &mut dyn Any, &mut [Cell]) -> HostOutcome + Send + Sync>;

/// How a host function ended.
#[derive(Debug)]
pub enum HostOutcome {
    /// It returned; the results are in the cells.
    Done,
    /// It wants to be resumed later with its results: [`Store::call_resumable`]. In any other call a trap of kind
    /// [`TrapKind::Suspended`](crate::TrapKind::Suspended).
    Suspend,
    /// It failed.
    Trap(Box<Trap>),
}

/// An executor from outside this crate, for the Wasm functions of a whole store.
pub trait Executor: Send + Sync {
    /// Calls a Wasm function (never a host function) with arguments and results in cells.
    ///
    /// The store has compared the numbers of cells and counted the nested call; the executor charges the function's
    /// own frame ([`Store::enter_frame`]). After an error the store restores the stack height itself.
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

/// What executes the Wasm functions of a store, for its whole life.
#[derive(Default)]
pub enum ExecutorKind {
    /// Bytecode, by handlers that end in tail calls; where the target or the build has none, as [`Match`](Self::Match).
    #[default]
    Tail,
    /// Bytecode, by a loop over a `match`.
    Match,
    /// Another executor.
    External(Box<dyn Executor>),
}

impl fmt::Debug for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExecutorKind::Tail => "Tail",
            ExecutorKind::Match => "Match",
            ExecutorKind::External(_) => "External",
        })
    }
}
