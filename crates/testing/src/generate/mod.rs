//! Seed → a module and calls of its exports: the inputs of every campaign.
//!
//! ```text
//! seed ─ biased::case ─► Case { wasm, calls } ─► differential, judge, fuel
//!      ├ smith::case  ─►
//!      ├ addresses::case ─► ssa campaigns
//!      └ narrow::case ─► native-refusals
//! ```
//!
//! [`biased`] writes structured functions in which locals are overwritten while they are on the
//! operand stack; [`smith`] asks wasm-smith for whole modules; [`addresses`] writes functions that
//! load and store by few addresses; [`narrow`] functions of narrow numbers;
//! [`programs`] makes programs of the first two; [`requests`] writes functions that ask to be
//! specialised. All are functions of the seed alone.

pub mod addresses;
pub mod biased;
mod body;
pub mod manifest;
pub mod narrow;
pub mod operators;
pub mod programs;
pub mod requests;
pub mod shrink;
pub mod smith;
pub mod states;
mod types;

pub use prova_random::Rng;
pub use types::Types;

use prova_module::{ErrorKind, Features, Limits, Module};
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

impl Case {
    /// The module, if the tiers execute it.
    pub fn module(&self) -> Option<Module> {
        module_of(&self.wasm)
    }

    /// The module; `None` if it needs what is not supported.
    ///
    /// # Errors
    /// If it is refused for another reason: generators write valid modules.
    pub fn supported(&self) -> Result<Option<Module>, String> {
        match Module::decode(&*self.wasm, &Features::default(), &Limits::default()) {
            Ok(module) => Ok(Some(module)),
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::Unsupported { .. } | ErrorKind::Limit { .. }
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(format!("a generated module is refused: {error}")),
        }
    }
}

/// A module, if its bytes are one that the tiers execute.
pub fn module_of(bytes: &[u8]) -> Option<Module> {
    Module::decode(bytes, &Features::default(), &Limits::default()).ok()
}

/// A module in the text format.
///
/// # Errors
/// Why it is none.
pub fn module_of_text(text: &str) -> Result<Module, String> {
    let bytes = wat::parse_str(text).map_err(|error| error.to_string())?;
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    module.map_err(|error| error.to_string())
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
    /// Functions of narrow numbers, in lanes and beside them.
    Narrow,
    /// wasm-smith's modules with types of objects.
    Objects,
    /// The first, whose functions work on structures, arrays and small integers too.
    BiasedObjects,
    /// The first two as programs: few exports, and calls with known arguments.
    Programs,
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
            Generator::Narrow => narrow::case(&mut rng, funcs),
            Generator::Objects => smith::objects(&mut rng),
            Generator::BiasedObjects => biased::of_objects(&mut rng, funcs),
            Generator::Programs => {
                let of = if rng.percent(25) { Generator::Smith } else { Generator::Biased };
                let case = of.case(seed, index, funcs);
                programs::program(&case, &mut rng).unwrap_or(case)
            }
        }
    }

    /// The same, but that a module of wasm-smith imports nothing, so that any engine can run it.
    pub fn alone(self, seed: u64, index: u64, funcs: usize) -> Case {
        match self {
            Generator::Biased
            | Generator::Addresses
            | Generator::Narrow
            | Generator::BiasedObjects
            | Generator::Programs => self.case(seed, index, funcs),
            Generator::Smith => smith::alone(&mut Rng::of(seed, index)),
            Generator::Objects => smith::objects_alone(&mut Rng::of(seed, index)),
        }
    }
}
