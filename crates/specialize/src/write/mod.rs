//! The writing: what the search found → bodies with certificates, and the module that has them.
//!
//! ```text
//! Explored ─ residual (entry, guard, inner, ends) ─► Body, Certificate ─► (check)
//! Plan ─ rewrite ─► a module with traps ─ emission ─► Module, and a proof of each body's bytes
//! ```
//!
//! In: [`crate::search::explore::Explored`]; then all bodies that were proved. Out:
//! [`residual::Residual`]; then [`emission::Made`].
//!
//! Nobody believes what is written: a body is proved against its certificate (`check`), its bytes
//! against the body (`prova-emit`), and everything around it against the original
//! (`check::rest`).
//!
//! Limits: windows of the entry (`guard`). Noticed by: faults planted here (`plant`).

pub(crate) mod emission;
pub(crate) mod ends;
pub(crate) mod entry;
pub(crate) mod guard;
pub(crate) mod inner;
pub(crate) mod residual;
pub(crate) mod rewrite;
