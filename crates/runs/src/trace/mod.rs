//! A record of a run → its events, by site and number, and a hash of all of them.
//!
//! ```text
//! Record ─ instrument ─► Module' + sites ─ run (replayed, any tier) ─► events ─ watch ─► TraceReport
//!                                                                        └► checkpoints ─► diverge
//! ```
//!
//! An *event* is what an operator did at one place: a call with its arguments, a store with its
//! effective address and value. Events come from the module, not from an engine: `instrument` adds
//! calls of an internal function, which counts events and folds them into a hash that lives in
//! globals. So every tier gives the same events, an engine that traces nothing pays nothing, and
//! only the events that somebody wants to see leave the program (`watch`).
//!
//! `record` and `replay` are the host's side; `standalone` and `foreign` take a run to another
//! engine.
//!
//! 1. Sites name functions and offsets of the module as it was given.
//! 2. A run is deterministic: its input is a record, and NaNs have fixed bits.
//! 3. An event comes after its effect has happened; events of branches and calls come before. An
//!    operator that traps has none.
//! 4. Memory is bounded by the module and by constants, however long the run is.
//!
//! Limits: what is instrumented has larger frames, so it is given a larger stack; a program that
//! exhausts its stack does so later. Copies (`local.get`, `local.set`), constants, `select` without
//! a type, branches on null, objects of more than 16 operands and conversions between `anyref` and
//! `externref` have no events. `tests/trace.rs` compares the hash with one
//! computed from the events, and the tiers with each other.

mod emit;
mod foreign;
mod handed;
mod instrument;
mod numbers;
mod record;
mod relocate;
mod replay;
mod report;
mod run;
mod site;
mod standalone;
mod watch;
mod words;

pub use foreign::{ENGINE_LINE_BYTES_MAX, ForeignEngine};
pub use record::{Answer, Call, MAGIC, RECORD_BYTES_MAX, Record, RecordError, Recorder, VERSION};
pub use replay::OtherCall;
pub use report::{Frame, Shown, TraceReport};
pub use run::{
    Arguments, SHOWN_MAX, Wanted, emitted, live, live_within, outcome_text, record_unknown, trace,
};
pub use site::Level;
pub use watch::{CHECKPOINTS_MAX, folded};

pub(crate) use emit::{address_type, operand_type};
pub(crate) use foreign::{probe, run as run_elsewhere};
pub(crate) use instrument::{OWN, Plan, Request, instrument};
pub(crate) use numbers::object_text;
pub(crate) use prova_xref::function;
pub(crate) use replay::{Replay, Replays, link};
pub(crate) use report::{frames, line, named, operator_at, shown};
pub(crate) use run::{
    End, Prepared, Ran, Value, invoke, stopped_by_program, texts, unanswered, why,
};
pub(crate) use site::{Site, What};
#[cfg(test)]
pub(crate) use watch::Next;
pub(crate) use watch::{Event, Watch};
pub(crate) use words::{Temps, Word, push_bits, words};

use prova_module::{ExternType, Module};

/// The names of the functions that a module imports, in their order.
pub(crate) fn func_imports(module: &Module) -> Vec<(String, String)> {
    let imports = module.imports().iter();
    let funcs = imports.filter(|import| matches!(import.kind, ExternType::Func(_)));
    funcs.map(|import| (import.module.to_string(), import.name.to_string())).collect()
}
