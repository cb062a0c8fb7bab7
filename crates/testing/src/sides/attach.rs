//! A module's function → translated and checked bytecode, shared by all stores of the same
//! settings.
//!
//! A campaign may plant a fault between translator and check with [`Translation::planted`]; nothing
//! else here differs from what the product does.

use prova_bytecode::{Candidate, CheckedBytecode};
use prova_module::{FuncIdx, Module};
use prova_runtime::{Attach, AttachError, Attached, Settings};
use prova_translate::Translator;
use std::sync::{Mutex, PoisonError};

/// A translator whose code counts, for every second number.
pub(crate) fn translator(number: u64) -> Translator {
    if number.is_multiple_of(2) { Translator::new() } else { Translator::with_heat() }
}

/// Changes a candidate, to plant a fault.
pub type Plant = fn(Candidate) -> Candidate;

/// Translates and checks functions when they are asked for, each once.
pub struct Translation {
    settings: Settings,
    plant: Option<Plant>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    translator: Translator,
    code: Vec<Option<Attached>>,
}

impl Translation {
    /// The honest one.
    pub fn new(settings: Settings) -> Translation {
        Translation { settings, plant: None, state: Mutex::default() }
    }

    /// One whose code counts, for stores that look at their programs.
    pub fn with_heat(settings: Settings) -> Translation {
        let state = State { translator: Translator::with_heat(), ..State::default() };
        Translation { state: Mutex::new(state), ..Translation::new(settings) }
    }

    /// One with a planted fault.
    pub fn planted(settings: Settings, plant: Option<Plant>) -> Translation {
        Translation { plant, ..Translation::new(settings) }
    }
}

impl Attach for Translation {
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(code)) = state.code.get(func.index()) {
            return Ok(code.clone());
        }
        let mut candidate = state.translator.translate(module, func, &self.settings)?;
        if let Some(plant) = self.plant {
            candidate = plant(candidate);
        }
        let code = Attached::from(CheckedBytecode::check(module, &self.settings, candidate)?);
        if state.code.len() <= func.index() {
            state.code.resize(func.index() + 1, None);
        }
        state.code[func.index()] = Some(code.clone());
        Ok(code)
    }
}

/// For stores that run without bytecode.
pub struct NoBytecode;

impl Attach for NoBytecode {
    fn attach(&self, _: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        Err(format!("nobody was to ask for the bytecode of {func}").into())
    }
}
