//! Two modules → a report of what differs, each difference with a verdict and its evidence, folded
//! by cause.
//!
//! ```text
//! A, B ─ pair ─► Paired ─ numbers ─► Numbers ─ judge ─► Findings ─ tell ─► Report ─► text, JSON, HTML
//! ```
//!
//! Each stage is a folder; `cargo test -p prova-tidy` holds its files to this table:
//!
//! | stage | may use | never says |
//! |---|---|---|
//! | `pair` | – | `Verdict`, `Role`, `plural`, `summary`, `evidence` |
//! | `numbers` | pair | `Verdict`, `plural`, `summary`, `evidence` |
//! | `judge` | numbers, pair | `plural`, `summary`, `evidence` |
//! | `tell` | judge, numbers, pair | – |
//!
//! 1. *Proof*: each harmless verdict has an obligation, and a difference that meets none is
//!    `changed`. `identical`, `renumbered`, `moved`, `layout-only` of functions: `compare`, 1 to 3.
//!    `renumbered` of a table: `table`, 1; of data: `image`, 1 and 2; of the encoding: `whole`.
//!    `moved` of a number: `shift`, 3 and 4; of padding: `data`, 3; of a global: `globals`. `path`
//!    and the like: `strings`, `texts`, `lengths`; of debug information: `dwarf`. A verdict that
//!    holds only if a number is, or is not, an address or slot is `assumed-moved`. A wrong partner
//!    makes a report clumsy, never false.
//! 2. Every difference has its own verdict, in the counts and for `--allow`; folding is for
//!    reading.
//! 3. Time is linear in the modules, except for sorting and for the constants that are named beside
//!    each loop that could exceed it.
//! 4. The report depends on the two modules and the options alone.
//!
//! `tests/verdicts.rs` has a pair for each obligation, `tests/sweep.rs` changes each byte of real
//! modules; `tests/cases.rs` has real pairs of builds; `tests/edits.rs` plants one edit in each of
//! 275 modules, `crates/testing/tests/diff.rs` in real programs.
//!
//! [`foreign`] reads modules of proposals that no tier runs. This crate knows neither records nor
//! runs of a program (`prova-runs`), nor builds.

mod compare;
pub mod foreign;
mod judge;
mod numbers;
mod other;
mod pair;
#[cfg(test)]
mod scaling;
mod tell;

pub use compare::{DiffOptions, diff, partners};
pub use numbers::strings::tells_time;
pub use other::{core_modules, diff_binaries};
pub use pair::side::linked;
pub use tell::cluster::{CONSTANT, CONSTANTS, HASHES, OPERANDS, RENAMED, STAYED};
pub use tell::report::{
    Allow, Assumed, Cluster, Count, Decided, Decision, Difference, Input, Kind, Line, OWN_NAME,
    Origin, Report, Sort, Verdict,
};
pub use tell::tree::text;
