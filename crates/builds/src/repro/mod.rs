//! A build command → whether its output is always the same, how it splits, what makes it differ.
//!
//! ```text
//! tree, vary ─► build ─► Outcome ─► report
//!                  ├─► bisect (revisions, toolchains), matrix (both), features (sets of them)
//!                  ├─ attribute: which variation makes it differ; chance: the clock, a race, …
//!                  └─ split: what agreement is worth
//! cargo metadata ─► blame: the feature that lets chance in ─ manifest ─► confirm: builds without it
//! ```
//!
//! `kind` looks into outputs that differ, `archive` opens archives among them. `prova diff`
//! compares two kept modules, and [`passes`](crate::passes) finds the compiler pass. Builds run as
//! the user, with the user's rights: this is no sandbox. `tests/repro` notices faults.

pub mod archive;
pub mod attribute;
pub mod bisect;
pub mod blame;
pub mod build;
pub mod chance;
pub mod confirm;
pub mod day;
pub mod features;
pub mod glob;
pub mod kind;
pub mod lock;
pub mod manifest;
pub mod matrix;
pub mod report;
pub mod seen;
pub mod split;
pub mod toolchain;
pub mod tree;
pub mod vary;

pub use attribute::{Attribution, Cause};
pub use build::{Class, Options, Outcome, Run, Verdict, build};
pub use split::Split;
pub use vary::{Probe, Setting, Variation};
