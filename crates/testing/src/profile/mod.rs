//! The deterministic profile on this machine → lines that any other machine must print too.
//!
//! ```text
//! tests/profile/*.wat ─ cases ──► what each export does, as it stands in the file
//! seed ─ Generator ─► Case ─ lines ─► every tier alike ─► one line a module ─┐
//!                                          lines of another machine ─────────┴─ compare
//! PROGRAM, PROGRAM ─ programs ──► what each carried program prints, its end, its fuel
//! ```
//!
//! `prova_core::Profile` has the rules and their digest. A line is a function of generator, seed
//! and number alone: it has digests of the module, of the refusal or of everything that is observed
//! of a run by the rules of the profile.
//!
//! Compared: how loading and instantiation ended; of each call results by bits or the trap with its
//! backtrace, and the fuel left; at the end memories, tables and globals. The address of a memory
//! fault is left out: machine code does not tell it.
//!
//! A green run does not show that two machines agree, unless the lines of one were compared with
//! the other's; that the rules are the right ones.

pub mod cases;
pub mod lines;
pub mod programs;

pub use lines::{Lines, campaign, compare};

use crate::sides::native;
use prova_core::Tier;
use std::fmt;

/// The way of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A tier without machine code.
    Tier(Tier),
    /// Machine code.
    Native(native::Way),
}

impl Way {
    /// All that this machine has, the reference tier first.
    pub fn all() -> Vec<Way> {
        let mut ways = vec![Way::Tier(Tier::Reference), Way::Tier(Tier::TAIL)];
        ways.push(Way::Tier(Tier::MATCH));
        if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            ways.extend(native::Way::ALL.map(Way::Native));
        }
        ways
    }

    /// For the module of this number: the tiers without machine code, and one way of machine code
    /// in turn, which takes most of the time.
    pub fn of(number: u64) -> Vec<Way> {
        let mut ways = Way::all();
        let native = ways.split_off(3);
        let turn = number as usize % native.len().max(1);
        ways.extend(native.get(turn));
        ways
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Tier(tier) => f.pad(tier.name()),
            Way::Native(native::Way::Guard) => f.pad("native"),
            Way::Native(native::Way::Explicit) => f.pad("native, explicit"),
            Way::Native(native::Way::NoSignals) => f.pad("native, without signals"),
            Way::Native(native::Way::Masked) => f.pad("native, masked"),
            Way::Native(native::Way::Moving) => f.pad("native, moving"),
            Way::Native(native::Way::Adrift) => f.pad("native, masked and moving"),
        }
    }
}
