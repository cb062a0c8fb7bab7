//! Two builds of a module → what differs, the evidence for each verdict, and the compiler pass or feature behind it.
//!
//! Neighbours: `prova` runs functions for evidence, `prova-module` decodes; the command line prints. This crate knows nothing of
//! the checkers' inside.

pub mod diff;
pub mod explain;
pub mod isolate;
pub mod names;
mod op;
mod parallel;
pub mod passes;
pub mod repro;
pub mod xref;
