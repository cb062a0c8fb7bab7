//! Where code comes from: a function of a module → code that a check has accepted, asked for at the
//! function's first call.
//!
//! ```text
//! call ─ entry word ─► stub ─ Store::attach ─► Attach::attach ─► Attached ─ compared ─► Codes, entry word ─► code
//! ```
//!
//! Neighbours: [`Store::instantiate`](crate::Store::instantiate) takes an [`Attach`] per instance;
//! `exec` comes here from the stub. Whether code is made eagerly or lazily, cached or not, and
//! which kind it is, is the attacher's matter and not observable by the program.
//!
//! A kind of code is a variant of [`Attached`] and a field of [`Codes`]; nothing else of the store
//! knows how many there are. Each variant holds a witness, whose one constructor is the check of
//! its kind.
//!
//! # Invariants
//! * A1. What is in [`Codes`] has been compared with the function: module, settings, index, frame.
//! * A2. Code stays in [`Codes`] until the store ends, so what an entry word or a frame leads to is
//!   alive (V4).
//!
//! Noticed by: the tests of this module (a rejecting twin for each comparison).

use crate::store::Store;
use crate::trap::{Trap, TrapKind};
use crate::value::FuncAddr;
use prova_bytecode::{CheckedBytecode, Identity};
use prova_module::{FuncIdx, Module};
use std::error::Error;
use std::sync::Arc;

/// Why there is no code for a function: a refusal of the check or a limit of a compiler.
pub type AttachError = Box<dyn Error + Send + Sync>;

/// Code of one function that a check has accepted, of any kind that a store can run.
#[derive(Clone, Debug)]
pub enum Attached {
    /// Bytecode, which this crate's executors run.
    Bytecode(Arc<CheckedBytecode>),
}

impl From<CheckedBytecode> for Attached {
    fn from(code: CheckedBytecode) -> Attached {
        Attached::Bytecode(Arc::new(code))
    }
}

impl Attached {
    /// The module and the settings that its witness names.
    pub fn identity(&self) -> &Identity {
        match self {
            Attached::Bytecode(code) => code.identity(),
        }
    }

    /// The function that its witness names.
    pub fn func(&self) -> FuncIdx {
        match self {
            Attached::Bytecode(code) => code.func(),
        }
    }

    /// The bytes of the value stack that one frame of it takes.
    fn frame_bytes(&self) -> u64 {
        match self {
            Attached::Bytecode(code) => 8 * u64::from(code.frame_cells()),
        }
    }
}

/// Provides code.
pub trait Attach: Send + Sync {
    /// Checked code of `func`, in the settings of the store.
    ///
    /// # Errors
    ///
    /// If there is none: no compiler can translate the function, or the check refuses what it made.
    /// The call traps with [`TrapKind::Attach`].
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError>;
}

/// What is attached to a function: at most one of each kind (A1, A2).
#[derive(Debug, Default)]
pub(crate) struct Codes {
    bytecode: Option<Arc<CheckedBytecode>>,
}

impl Codes {
    /// Whether calls of the function have anywhere to go.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytecode.is_none()
    }

    /// Its bytecode.
    pub(crate) fn bytecode(&self) -> Option<&Arc<CheckedBytecode>> {
        self.bytecode.as_ref()
    }

    /// Keeps code, where there is none of its kind yet; gives what the entry word is to lead to.
    fn keep(&mut self, code: Attached) -> *const u64 {
        match code {
            Attached::Bytecode(code) => self.bytecode.get_or_insert(code).words().as_ptr(),
        }
    }
}

impl Store {
    /// Provides the code of a Wasm function that has none yet, and makes its entry lead there.
    ///
    /// The witness is compared with what it is attached to; one that does not fit never runs (A1).
    pub(crate) fn attach(&mut self, func: FuncAddr) -> Result<(), Trap> {
        let Some((instance, index)) = self.wasm_without_code(func) else {
            return Ok(());
        };
        let instance = self.instance(instance);
        let code = instance
            .attacher()
            .attach(instance.module(), index)
            .map_err(|error| Trap::with_message(TrapKind::Attach, error))?;
        let refuse = |why: &dyn std::fmt::Display| {
            let message = format!("the code given for {index} is of {why}");
            Err(Trap::with_message(TrapKind::Attach, message))
        };
        if let Err(mismatch) = code.identity().compare(instance.module(), &self.settings()) {
            return refuse(&mismatch);
        }
        if code.func() != index {
            return refuse(&code.func());
        }
        // C4 of the check says so of the same module; V5 leans on it.
        if code.frame_bytes() > self.func_charge(func) {
            return refuse(&"another frame");
        }
        if let Some(codes) = self.codes_mut(func) {
            let entry = codes.keep(code);
            self.entries[func.index()].code.set(entry);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
