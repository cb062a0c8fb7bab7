//! The tools that Prova is tested with: runners of real programs and scripts, benchmarks,
//! campaigns.
//!
//! Unpublished. The program `prova-testing` (see `main.rs`) runs the long forms, `cargo test` the
//! short ones. Nothing here is used by any other crate.
//!
//! ```text
//! generate ─► Case ─┬ differential ─► every tier and metering mode against the reference tier
//!                   ├ judge ────────► the reference tier against an outside engine
//!                   ├ proof ────────► the check accepts honest code
//!                   └ fuel ─────────► the fuel used against a second counter
//! profile: the deterministic profile ► lines that every machine prints alike
//! enumerate: every small body ────► proved, and every tier against the reference tier
//! native: functions as machine code ► as the reference tier runs them; native_table: which are
//! mutations: edits of honest code ► refused, or proved to be equal
//! bad_input: hostile bytes ───────► an answer in bounded time and memory
//! torture: every operator in a loop ► no growth of the native stack
//! trip: Wasm to SSA and back ─────► proved, and scripts and programs pass as before
//! bench_fuel: hostile programs ───► what a unit of fuel buys
//! enlarge: real programs ─────────► one module of any size, and a twin with known edits
//! pairs: two builds of a program ─► honest ones are harmless, malicious ones are not
//! manifest ─► Case ── corpus ───────► a program's output against a known hash; bench: its time against a peer's
//! ```

pub mod artifacts;
pub mod attach;
pub mod bad_input;
pub mod bench;
pub mod bench_fuel;
pub mod cached;
pub mod corpus;
pub mod differential;
pub mod enlarge;
pub mod enumerate;
pub mod fuel;
pub mod generate;
pub mod host;
pub mod judge;
pub mod manifest;
pub mod mutations;
pub mod native;
pub mod native_table;
pub mod outside;
pub mod pairs;
pub mod profile;
pub mod program;
pub mod proof;
pub mod run;
pub mod second;
pub mod spec;
pub mod ssa;
pub mod ssa_check;
pub mod ssa_passes;
pub mod torture;
pub mod trip;
pub mod wasi_suite;
pub mod wasm_ops;

use std::path::{Path, PathBuf};

/// The root of the repository, of which this crate is `crates/testing`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Ends a campaign because something happened that its own construction rules out.
///
/// # Panics
///
/// Always.
#[track_caller]
pub fn cannot(what: &str) -> ! {
    panic!("a fault of the test program: {what}")
}
