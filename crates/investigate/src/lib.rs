//! Two builds of a module → what differs, the evidence for each verdict, and the compiler pass or
//! feature behind it; two runs → the first place at which they differ.
//!
//! The engine (`prova`) runs functions for evidence; `prova-builds` builds again and reads pass
//! logs. This crate knows nothing of the checkers' inside.

pub mod diff;
pub mod diverge;
pub mod explain;
pub mod foreign;
pub mod inspect;
pub mod isolate;
mod op;
pub mod outputs;
mod sections;
pub mod shrink;
pub mod trace;
pub mod xref;
