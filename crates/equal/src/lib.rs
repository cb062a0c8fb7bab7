//! Machine code and a relation to its SSA form → [`EqualCode`], or where they differ.
//!
//! ```text
//! CheckedBody ─ demand: operator → traps, action, terms ┐
//!                                                       ├─ walk ─► EqualCode | Difference
//! code, rows ─ step: instruction → terms, events ───────┘
//!                      relation: claims at leaders ─────┘
//! ```
//!
//! [`EqualCode::check`] is the one constructor of [`EqualCode`]: a witness that the final bytes do
//! what the body does: the same accesses, calls and traps in the same order, the same results, and
//! no end where the body has none. It is a simulation in lockstep with cut points (Necula,
//! *Translation validation for an optimizing compiler*, 2000): both sides are executed on terms
//! (`words`), from one claimed *leader* to the next; at a leader the relation says what each place
//! holds, and every way there has to show it. One pass in address order; no search, no fixpoint.
//!
//! The finder of the relation is not believed. Believed are the sandbox check (P1 to P14), which
//! runs first, so that no access is another one than its address says; the proof of the SSA body;
//! the layout; and this crate.
//!
//! # Rules
//! * E1 (`events`, `bounds`, `calls`). An access that is not the stack's, a call and a division
//!   that may fault are the action that the body owes next, and their rows name its operator. A
//!   read that cannot fault is a term. A call that may throw lands where the body's clauses lead.
//! * E2 (`walk`). A branch divides the state, and each half knows its condition. The body moves on
//!   where what is known decides.
//! * E3 (`edges`, `meets`). An edge of the body gives its parameters the terms of the arguments.
//! * E4 (`claims`). At a leader the state is what the relation claims, and each edge shows it.
//! * E5 (`claims`). A claim names values of the body as they were made last; what is made again
//!   gets a new term.
//! * E6 (`versions`). What a region of memory holds is a term, and only actions, calls and builtins
//!   make another of it. An address lies in the region of its one base; the rest has none inside.
//! * E7 (`calls`). Code ends where the body ends, with its results in their places.
//! * E8 (`walk`). Every way back in the code is a step of the body; steps of the body without code
//!   are bounded.
//! * O (`objects`, `demand::aggregate`, `calls`). A read of an object goes through where the body
//!   knows that there is one; an object that code makes is the next slot that is lent; the rows of
//!   a call name the references that the frame holds, and nothing else.
//!
//! Reading order: `words`, `demand`, `state`, `edges`, `bounds`, `events`, `objects`, `calls`,
//! `versions`, `step`, `claims`, `walk`. Covered: guarded and compared memories, with and without
//! signals, fuel, epochs; code entered in loops; scalar operators and vectors; objects. Refused by
//! name: rounds of loops whose frame holds references that a store follows, atomic accesses, shared
//! memories, vectors whose NaNs are canonical. It does not panic, and its work is bounded: by
//! [`WORK_MAX`] for each byte of code, and in all.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable
    )
)]

extern crate alloc;

/// An expression, or, under `--cfg prova_plant`, another one while this fault is planted (`plant`);
/// of several faults the first one that is planted.
#[cfg(prova_plant)]
macro_rules! planted {
    ($plant:ident, $right:expr, $wrong:expr) => {
        if crate::plant::on(crate::plant::Plant::$plant) { $wrong } else { $right }
    };
    ($right:expr; $($plant:ident: $wrong:expr),+) => {
        match () {
            $(() if crate::plant::on(crate::plant::Plant::$plant) => $wrong,)+
            () => $right,
        }
    };
}

/// An expression.
#[cfg(not(prova_plant))]
macro_rules! planted {
    ($plant:ident, $right:expr, $wrong:expr) => {
        $right
    };
    ($right:expr; $($plant:ident: $wrong:expr),+) => {
        $right
    };
}
// Tests share files, which name this crate.
#[cfg(test)]
extern crate self as prova_equal;

mod bounds;
mod calls;
mod claims;
mod core_;
pub mod demand;
mod edges;
mod error;
mod events;
pub mod format;
mod meets;
mod memo;
mod objects;
#[cfg(prova_plant)]
pub mod plant;
mod prove;
mod state;
mod step;
mod versions;
mod walk;
mod witness;
pub mod words;

pub use claims::{Claim, Expr, Leader, Place, Relation};
pub use core_::{Core, Told, WORK_MAX, is_of_operands};
pub use error::{Cause, Difference, Ended, Refusal};
pub use prove::{Unproved, checked, prove};
pub use state::{Flags, State};
pub use walk::{Guide, walk};
pub use witness::{EqualCode, Error, Setting};
