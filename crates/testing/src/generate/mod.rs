//! Seed → a module and calls of its exports: the inputs of every campaign.
//!
//! ```text
//! seed ─ biased::case ─► Case { wasm, calls } ─► differential, judge, fuel
//!      ├ smith::case  ─►
//!      └ addresses::case ─► ssa campaigns
//! ```
//!
//! [`biased`] writes structured functions in which locals are overwritten while they are on the
//! operand stack; [`smith`] asks wasm-smith for whole modules; [`addresses`] writes functions that
//! load and store by few addresses. All are functions of the seed alone.

pub mod addresses;
pub mod biased;
mod body;
pub mod operators;
pub mod smith;
mod types;

pub use prova_random::Rng;
pub use types::Types;

use prova_runtime::Cell;

/// A module and what to call in it, in order.
#[derive(Clone, Debug)]
pub struct Case {
    /// The module.
    pub wasm: Vec<u8>,
    /// Calls of exported functions.
    pub calls: Vec<Call>,
    /// Whether NaN bits cannot differ between engines even outside deterministic mode.
    pub nan_free: bool,
    /// The fuel of each call.
    pub fuel: u64,
}

/// A call of an exported function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The export's name.
    pub export: String,
    /// The arguments in cells.
    pub args: Vec<Cell>,
}

/// Which generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Generator {
    /// Structured functions biased to overwritten locals.
    Biased,
    /// wasm-smith's modules.
    Smith,
    /// Functions that load and store by few addresses, near each other.
    Addresses,
}

impl Generator {
    /// The case with this number of the campaign with this seed, with about `funcs` functions where
    /// the generator can choose.
    pub fn case(self, seed: u64, index: u64, funcs: usize) -> Case {
        let mut rng = Rng::of(seed, index);
        match self {
            Generator::Biased => biased::case(&mut rng, funcs),
            Generator::Smith => smith::case(&mut rng),
            Generator::Addresses => addresses::case(&mut rng, funcs),
        }
    }

    /// The same, but that a module of wasm-smith imports nothing, so that any engine can run it.
    pub fn alone(self, seed: u64, index: u64, funcs: usize) -> Case {
        match self {
            Generator::Biased | Generator::Addresses => self.case(seed, index, funcs),
            Generator::Smith => smith::alone(&mut Rng::of(seed, index)),
        }
    }
}
