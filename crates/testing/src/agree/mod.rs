//! *Do two sides agree?* Generated programs → each side does what the first one does, or the first
//! difference, made small where that can be.
//!
//! ```text
//! Case ─┬ differential ─► every tier and metering mode ─────────────┐
//!       ├ ssa ──────────► the SSA interpreter, with passes or not ──┤
//!       ├ trips ────────► the module behind a trip through SSA ─────┼─► as the reference tier
//!       ├ native ───────► machine code, with swaps or not ──────────┘
//!       ├ fuel ─────────► the fuel used, as a second counter says
//!       └ judge, outside ► the reference tier, as another engine says
//! irreducible: random graphs; enumerate: every small body; wasm_ops: rows of the operators' table
//! ```
//!
//! In: a generator, a seed, numbers. Out: counts, or a finding that names the case. Limits: what a
//! generator never writes is never compared; sides that share code can be wrong alike, which only
//! `judge` and `outside` would see. Noticed by: planted faults, one test file for each module.

pub mod differential;
pub mod enumerate;
pub mod fuel;
pub mod irreducible;
pub mod judge;
pub mod native;
pub mod outside;
pub mod ssa;
pub mod trips;
pub mod wasm_ops;
