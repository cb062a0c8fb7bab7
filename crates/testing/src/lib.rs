//! Generators, oracles and campaigns: what looks for faults in Prova without being part of it.
//!
//! ```text
//! generate ─► Case ─┬─ differential ─► every tier and metering mode against the reference
//!                   ├─ judge ────────► an outside engine against the reference
//!                   └─ fuel ─────────► a second fuel counter against the first
//! bad_input: hostile bytes ─► decode, translate, check: an answer in bounded time and memory
//! torture:   every op in a loop on a small native stack
//! ```
//!
//! Nothing here is part of the product; nothing of the product depends on it.

pub mod attach;
pub mod differential;
pub mod generate;
pub mod run;

/// Ends a campaign because something happened that its own construction rules out.
///
/// # Panics
///
/// Always.
#[track_caller]
pub fn cannot(what: &str) -> ! {
    panic!("a fault of the test program: {what}")
}
