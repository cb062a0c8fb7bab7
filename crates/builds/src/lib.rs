//! Builds of one source → whether they agree, what makes them differ, and the compiler pass or the
//! feature behind it.
//!
//! Neighbours: `prova-investigate` joins what is found here with the modules that were built; the
//! command line prints. This crate sees files, text and names: it knows neither what a WebAssembly
//! operator means nor the engine. What it says of two modules it is told by its caller
//! (`repro::kind`).

pub mod names;
pub mod passes;
pub mod repro;
