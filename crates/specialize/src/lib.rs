//! Partial evaluation: a module with an interpreter and its requests → the module with compiled
//! functions, each proved to be the interpreter on its program.
//!
//! ```text
//! Module ─ ask ─► Question ─ search ─► Explored ─ write ─► Body, Certificate ─ check ─► proved, or refused
//!    │                └───────────── cache (of an earlier run) ───┘                      │
//!    └───────────── write (rewrite, emission) ◄── Plan ◄─────────────────────────────────┘
//!                         └─► Module ─ check (rest) ─► the result
//! ```
//!
//! `pipeline` is this drawing as code, `job` its part for one request. The rest are folders;
//! `cargo test -p prova-tidy` holds their files to this table:
//!
//! | folder | may use | never says |
//! |---|---|---|
//! | `ask` | – | `Subject`, `Explored`, `Residual` |
//! | `search` | ask | `Residual`, `Assembler`, `Rejection` |
//! | `write` | ask, search | `Question` |
//! | `check` | ask | `Subject`, `Explored`, `Residual`, `Context` |
//! | `cache` | ask, search, write, check | – |
//! | `program` | check | `Question`, `Subject`, `Explored`, `Residual` |
//!
//! Trusted is `check` alone, and of `ask` the meaning of what it reads: neither the search nor the
//! writer can be named there. [`program`] stands apart: functions that are specialised to their
//! callers, for `prova opt`; its page says what is trusted there. Of `check` it uses the comparison
//! of what surrounds bodies (`outside`).
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

#[macro_use]
mod plant;

mod ask;
pub mod cache;
mod certified;
pub mod check;
mod job;
mod pipeline;
pub mod program;
mod search;
mod write;

pub use ask::certificate::{Cell, Certificate, Compared, Known, Range, Role, Row, Window, Word};
pub use ask::error::{Error, Fault, Refused, Site, Sites};
pub use ask::image::BYTES_MAX;
pub use ask::intrinsic::{Generic, Intrinsic, Intrinsics, MODULE};
pub use ask::pairs::{Pair, pairs};
pub use ask::places::Places;
pub use ask::promise::{Assume, Assumption, Promises};
pub use ask::request::{
    ALL_ARGUMENT_BYTES_MAX, ARGUMENT_BYTES_MAX, Argument, Asked, REQUESTS_MAX, Request,
    is_specialized,
};
pub use ask::snapshot::{self, Snapshot, initialized};
pub use certified::Certified;
pub use pipeline::{Options, Outcome, Specialized, specialize};
pub use search::explore::{PARTS_MAX, STEPS_MAX};
pub use search::tally::Tally;
pub use search::walk::CASES_MAX;
