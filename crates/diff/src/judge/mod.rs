//! The numbers of both modules → findings, each with a verdict.
//!
//! ```text
//! functions, in parallel: lockstep (lengths) ─► cfg + exec ─► edit ─► one_to_one
//! data: runs, words, texts     sections, globals, tables, debug     ─► Findings
//! ```
//!
//! A finding is data: this stage builds no sentence.

pub(crate) mod assumption;
pub(crate) mod cfg;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod debug;
pub(crate) mod edit;
pub(crate) mod exec;
pub(crate) mod extract;
pub(crate) mod finding;
mod findings;
mod globals;
mod harmless;
pub(crate) mod lengths;
pub(crate) mod lockstep;
pub(crate) mod one_to_one;
mod relocs;
mod sections;
mod table;
pub(crate) mod texts;
pub(crate) mod types;
pub(crate) mod verdict;
pub(crate) mod whole;

pub(crate) use findings::{Findings, Outcomes, judge};
