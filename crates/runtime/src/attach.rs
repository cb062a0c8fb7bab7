//! Where bytecode comes from: a function of a module → its checked bytecode, asked for at its first call.
//!
//! Neighbours: [`Store::instantiate`](crate::Store::instantiate) takes an [`Attach`] per instance; `exec` asks through
//! `Store::attach`, which compares the witness (module digest, settings, function) before it lets the code run. Whether
//! translation is eager or lazy, cached or not, is the attacher's matter and not observable by the program.

use crate::store::Store;
use crate::trap::{Trap, TrapKind};
use crate::value::FuncAddr;
use prova_bytecode::Settings;
use prova_module::{FuncIdx, Module};
use std::error::Error;
use std::sync::Arc;

/// Stands for the witness of `prova_bytecode::check`; no value of it exists.
#[derive(Debug)]
pub struct CheckedBytecode(std::convert::Infallible);

impl CheckedBytecode {
    /// The function.
    pub fn func(&self) -> FuncIdx {
        match self.0 {}
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        match self.0 {}
    }

    /// The code.
    pub fn words(&self) -> &[u64] {
        match self.0 {}
    }

    /// The size of the frame in cells.
    pub fn frame_cells(&self) -> u32 {
        match self.0 {}
    }

    /// The module offset of the operator that the instruction at `word` belongs to.
    pub fn offset_of(&self, _word: u32) -> u32 {
        match self.0 {}
    }
}

/// Why there is no bytecode for a function: a refusal of the check or a limit of the translator.
pub type AttachError = Box<dyn Error + Send + Sync>;

/// Provides checked bytecode.
pub trait Attach: Send + Sync {
    /// The checked bytecode of `func`, in the settings of the store.
    ///
    /// # Errors
    ///
    /// If the function cannot be translated, or the check refuses its translation. The call traps with
    /// [`TrapKind::Attach`].
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Arc<CheckedBytecode>, AttachError>;
}

impl Store {
    /// Provides the bytecode of a Wasm function that has none yet, and makes its entry lead there.
    ///
    /// The witness is compared with what it is attached to; one that does not fit never runs (V4, V5).
    pub(crate) fn attach(&mut self, func: FuncAddr) -> Result<(), Trap> {
        let Some((instance, index)) = self.wasm_without_code(func) else {
            return Ok(());
        };
        let instance = self.instance(instance);
        let code = instance
            .attacher()
            .attach(instance.module(), index)
            .map_err(|error| Trap::with_message(TrapKind::Attach, error))?;
        let refuse = |what: &str| {
            let message = format!("{what} of the bytecode of {index} differs");
            Err(Trap::with_message(TrapKind::Attach, message))
        };
        if code.func() != index {
            return refuse("the function");
        }
        if code.settings() != self.settings() {
            return refuse("the metering or determinism");
        }
        let charge_bytes = u64::from(self.entries[func.index()].charge_bytes);
        if u64::from(code.frame_cells()) * 8 > charge_bytes {
            return refuse("the frame size");
        }
        self.set_code(func, code);
        Ok(())
    }
}
