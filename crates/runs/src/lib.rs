//! Two runs of a program → the first place at which they differ, and the smallest module that shows
//! it.
//!
//! ```text
//! run ─ trace::Recorder ─► Record ─ trace ─► events ─┐
//!                                                    ├─ diverge ─► first difference ─ shrink ─► small module
//!                            another side ─ trace ─► events ─┘
//! Module + addresses ─ watch ─► accesses of a run
//! ```
//!
//! The engine (`prova`) runs the modules. This crate does not compare two builds: where the sides
//! have two, the caller says which functions belong together ([`Partners`]). It knows nothing of
//! the checkers' inside.

pub mod diverge;
mod partners;
pub mod shrink;
pub mod trace;
pub mod watch;

pub use partners::{Partners, by_name};
