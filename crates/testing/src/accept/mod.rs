//! *Is honest code accepted?* Generated and real functions → proved, or the first refusal.
//!
//! ```text
//! proof: translated functions ─► bytecode::check    bodies: SSA, and each pass ─► ssa::check, replace
//! native_table: machine code ─► check, and its cost
//! ```
//!
//! In: a generator, a seed, numbers; or the carried programs. Out: counts, refusals. Limits:
//! nothing runs, so accepted code may be wrong (`agree`) and wrong code accepted (`refuse`).
//! Noticed by: a planted fault in `tests/proof.rs`, committed tables.

pub mod bodies;
pub mod native_table;
pub mod proof;
