//! Partial evaluation: a module with an interpreter and its requests → the module with compiled
//! functions, each proved to be the interpreter on its program.
//!
//! ```text
//! Module ─ (snapshot: run the initialiser) ─► Module with requests in memory
//!    │
//!    ├─ intrinsic, image, request ─► Request: a generic function, constant arguments
//!    ├─ generic ─ explore (state, context, walk, fold) ─ residual ─► Body, Certificate
//!    │     (or of an earlier run: cache ─ Key ─► Body, Certificate)
//!    ├─ check ─► proved, with what is assumed; or refused
//!    └─ rewrite, fill (passes and emission, and their proofs), rest ─► Module
//! ```
//!
//! This is the first Futamura projection (Futamura, *Partial evaluation of computation process*,
//! 1971) by annotations: the interpreter says with calls of intrinsics what its program counter is,
//! and which of its memory is program text. The annotations, and the records by which a program
//! asks for a function, are those of weval 0.5.1.
//!
//! # Guaranteed
//! * P1. A specialised function stands in the result only if `check` has proved it equal to its
//!   generic function for the request, and `prova-emit` has proved its bytes equal to the checked
//!   body. The assumptions of these proofs are reported ([`Assumption`]), and refused with
//!   `--strict`.
//! * P2. Everything else in the result is what it was: `rest` compares both modules.
//! * P3. A request that cannot be specialised is refused with place and reason; its slot stays 0
//!   and the program uses its generic function.
//! * P4. The result depends on the module and the options alone.
//!
//! # Limits
//! One memory with 32-bit addresses of the module's own; functions without handlers of exceptions.
//! A cell is read back at the address at which it was put off if that is one i32 and a known
//! distance. Each module has its limits in its header. Noticed by: `tests`, and the tests of the
//! `prova specialize` command on a program of the repository.

#![forbid(unsafe_code)]

pub mod cache;
mod certificate;
mod certified;
pub mod check;
mod context;
mod entry;
mod error;
mod explore;
mod fill;
mod fold;
mod generic;
mod guard;
mod image;
mod inner;
mod intrinsic;
mod job;
mod keep;
mod known;
mod needed;
mod pairs;
mod pipeline;
mod places;
mod plant;
mod promise;
mod request;
mod residual;
mod rest;
mod rewrite;
mod sink;
pub mod snapshot;
mod state;
mod tally;
mod touch;
mod walk;

pub use certificate::{Cell, Certificate, Compared, Known, Range, Role, Row, Window, Word};
pub use certified::Certified;
pub use error::{Error, Fault, Refused};
pub use explore::{PARTS_MAX, STEPS_MAX};
pub use image::BYTES_MAX;
pub use intrinsic::{Generic, Intrinsic, Intrinsics, MODULE};
pub use pairs::{Pair, pairs};
pub use pipeline::{Assumption, Options, Outcome, Specialized, specialize};
pub use places::Places;
pub use promise::{Assume, Promises};
pub use request::{
    ALL_ARGUMENT_BYTES_MAX, ARGUMENT_BYTES_MAX, Argument, Asked, REQUESTS_MAX, Request,
    is_specialized,
};
pub use snapshot::{Snapshot, initialized};
pub use tally::{Site, Sites, Tally};
pub use walk::CASES_MAX;
