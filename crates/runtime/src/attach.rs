//! Where bytecode comes from: a function of a module → its checked bytecode, asked for at its first call.
//!
//! Neighbours: [`Store::instantiate`](crate::Store::instantiate) takes an [`Attach`] per instance; `exec` asks through
//! `Store::attach`, which compares the witness (module, settings, function) before it lets the code run. Whether
//! translation is eager or lazy, cached or not, is the attacher's matter and not observable by the program.

use crate::store::Store;
use crate::trap::{Trap, TrapKind};
use crate::value::FuncAddr;
use prova_bytecode::CheckedBytecode;
use prova_module::{FuncIdx, Module};
use std::error::Error;
use std::sync::Arc;

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
        if !code.is_of(instance.module()) {
            return refuse("the module");
        }
        if code.func() != index {
            return refuse("the function");
        }
        if *code.settings() != self.settings() {
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

#[cfg(test)]
mod tests;
