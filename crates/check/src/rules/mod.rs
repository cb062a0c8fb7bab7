//! The rules of the check, as pure functions over words: what is computed with numbers, without
//! states, symbol tables and paths.
//!
//! `order` is the arithmetic of facts, `condition` what a branch shows, `numeric` what operations
//! yield, `place` what an access needs; `sums` computes with sums of symbols, `float` with floats.
//! `facts`, `machine`, `counts`, `floats`, `step` and `access` fetch what is known and
//! ask them. Each is generic over [`crate::word::Word`], so that the functions which run are those
//! that `tests/lemmas` proves: no lemma speaks of a copy.

pub mod condition;
pub mod float;
pub mod numeric;
pub mod order;
pub mod place;
pub mod sums;
