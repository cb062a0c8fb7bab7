//! *Do known programs and scripts give the known output?* Suites of others and carried programs →
//! the cases that end otherwise, and the time of programs beside a peer's.
//!
//! ```text
//! generate::manifest ─► Case ─ corpus ─► output, against a known hash; bench: its time, against a peer's
//! matrix: modules and their twins × kinds of memories, processors, settings ─► check of machine code
//! spec: scripts of the specification; wasi_suite: programs of WASI's group; trip: both behind a trip
//! scripts: a folder of scripts, against a table
//! registry: programs of package registries ─ fetched ─► output, against a known one
//! ```
//!
//! In: folders. Out: tables of cases. Limits: what the suites ask. Noticed by: outcomes that are
//! committed (`tests/spec`), hashes of `programs/manifest.tsv`.

pub mod bench;
pub mod corpus;
pub mod matrix;
pub mod program;
pub mod registry;
pub mod scratch;
pub mod scripts;
pub mod spec;
pub mod trip;
pub mod wasi_suite;
