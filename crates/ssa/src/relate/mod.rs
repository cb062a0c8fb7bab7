//! One theory of "this body does what that one did": two bodies in SSA form and, for each block of
//! the new one, the place of the old one that it stands for → proved equal, or the first rule that
//! is broken.
//!
//! ```text
//!              row: a place, some old values
//!                        │
//! old body ──────────────┼──► walk: effects, operands ──► ends: edges side by side ──► the next rows
//! new body ──────────────┘          │        ▲
//!                                   ▼        │
//!                                number   inherit: what dominators know
//! ```
//!
//! This is a simulation of the new body by the old one (Necula, *Translation validation for an
//! optimizing compiler*, 2000). Where the new body is at the start of a block, the old one is at
//! the place of the block's row, and each old value of which something is known is what its number
//! says, over what parameters and effects of the new body give now. Every block is walked once, and
//! every edge must establish the row that it leads to; no invariant is inferred, and no fixpoint
//! computed. Who made the rows is not asked.
//!
//! | part | rules | used by |
//! |---|---|---|
//! | [`number`] | U1 to U6: equal numbers are equal values | passes, copies, specialised functions, emission |
//! | [`walk`] | W5 to W7: one block beside its part | all but emission |
//! | [`ends`] | T4 to T7: ends of blocks side by side | all |
//! | `inherit` ([`Inherit`], [`Later`]) | I5 to I7: what is known behind a block | copies, emission; specialised functions I5 |
//!
//! For example, where a loop's header was copied to its latch, both copies have rows of the same
//! old block. Each is walked beside it, and gives the header's values numbers that hold behind that
//! copy. A block to which both lead knows neither: there the values must be arguments.
//!
//! Nothing here knows a user: neither passes and copies (`replace`), nor the emitter, nor the
//! specialiser.
//!
//! # Limits
//! A pass removes effects that facts about the old body allow (`replace`), and numbers all of
//! its values before the walk, so what it knows of them needs no rows. The walk of emission is
//! apart: its effects may change places, and the old body goes through any number of blocks while
//! the new one is in one (`emitted` says more). Cost: linear in both bodies, times
//! logarithms; each user has a [`Budget`](crate::budget::Budget).
//!
//! Noticed by: the twins of each user, and planted faults (`plants.txt`).

pub mod ends;
mod inherit;
pub mod number;
pub(crate) mod plant;
mod values;
pub mod walk;

pub use inherit::{Inherit, Later, constant, homes};
pub use number::Numbers;
pub use values::{Operands, Values};
