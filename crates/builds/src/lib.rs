//! Builds of one source → whether they agree, what makes them differ, and the compiler pass or the
//! feature behind it.
//!
//! `prova-investigate` joins the findings with the modules that were built; the command line
//! prints. This crate sees files, text and names: it knows neither what a WebAssembly operator
//! means nor the engine. The caller supplies the comparison of two modules (`repro::kind`).

pub mod names;
pub mod passes;
pub mod repro;
