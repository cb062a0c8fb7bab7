//! A build command → whether its output is always the same, how it splits, what makes it differ.
//!
//! ```text
//! tree, vary ─► build ─► Outcome ─► report
//!                  ├─► bisect (revisions, toolchains), matrix (both), features (sets of them)
//!                  └─ split: what agreement is worth
//! cargo metadata ─► blame: the feature that lets chance in ─ manifest ─► confirm: builds without it
//! ```
//!
//! Neighbours: `kind` looks into outputs that differ; what differs between two kept modules
//! `prova diff` says, which compiler pass did it [`passes`](crate::passes). Builds run as the user,
//! with the user's rights: this is no sandbox. `tests/repro` notices faults.

pub mod bisect;
pub mod blame;
pub mod build;
pub mod confirm;
pub mod features;
pub mod glob;
pub mod kind;
pub mod lock;
pub mod manifest;
pub mod matrix;
pub mod report;
pub mod split;
pub mod toolchain;
pub mod tree;
pub mod vary;

pub use build::{Cause, Class, Options, Outcome, Run, Verdict, build};
pub use split::Split;
pub use vary::{Probe, Setting, Variation};
