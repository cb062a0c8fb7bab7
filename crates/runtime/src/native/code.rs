//! Pieces of native code: proposed bytes → private memory, checked there, executable.
//!
//! [`NativeCode::load`] is the one way to make code executable, and the check over the very bytes
//! that will run stands in it (`docs/ARCHITECTURE.md`).

use crate::sys::CodeMemory;
use prova_bytecode::Settings;
use prova_check::{CallRow, CheckedCode, Code, CodeKind, Layout, Rejection, TrapRow};
use std::fmt;
use std::sync::Arc;

/// Native code of one function or thunk that the check has accepted, ready to run.
#[derive(Debug)]
pub struct NativeCode {
    memory: CodeMemory,
    checked: CheckedCode,
    settings: Settings,
}

/// Why code does not run.
#[derive(Clone, Debug)]
pub enum LoadError {
    /// The check refused it.
    Rejected(Rejection),
    /// There is no memory for code here: the system has none left, or this is no platform that has
    /// native code.
    NoMemory,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Rejected(rejection) => rejection.fmt(f),
            LoadError::NoMemory => f.write_str("no memory for code"),
        }
    }
}

impl std::error::Error for LoadError {}

impl NativeCode {
    /// Copies code to private memory, checks it there in `layout`, and makes it executable.
    /// `settings` are those that it was compiled for.
    ///
    /// # Errors
    /// If the check refuses it, or there is no memory.
    pub fn load(
        layout: &Layout,
        settings: Settings,
        code: Code<'_>,
    ) -> Result<NativeCode, LoadError> {
        let mut memory = CodeMemory::copy(code.bytes).map_err(|_| LoadError::NoMemory)?;
        let code = Code { bytes: memory.bytes(), ..code };
        let checked = layout.check(code).map_err(LoadError::Rejected)?;
        memory.seal().map_err(|_| LoadError::NoMemory)?;
        Ok(NativeCode { memory, checked, settings })
    }

    /// What it is.
    pub fn kind(&self) -> CodeKind {
        self.checked.kind()
    }

    /// The digest of the layout that it was checked in.
    pub fn layout_digest(&self) -> &[u8; 32] {
        self.checked.layout_digest()
    }

    /// The settings that it was compiled for.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many bytes it has.
    pub fn len_bytes(&self) -> usize {
        self.memory.bytes().len()
    }

    /// Its first byte, where calls lead.
    pub(crate) fn entry(&self) -> usize {
        self.memory.start()
    }

    /// The row of the instruction at an address, which may stop the code.
    pub(crate) fn trap_at(&self, pc: usize) -> Option<TrapRow> {
        self.checked.trap_at(self.offset(pc)?)
    }

    /// The row of the call that returns to an address.
    pub(crate) fn call_at(&self, pc: usize) -> Option<CallRow> {
        self.checked.call_at(self.offset(pc)?)
    }

    fn offset(&self, pc: usize) -> Option<u32> {
        u32::try_from(pc.checked_sub(self.entry())?).ok()
    }
}

/// The ways of native code to functions of a type.
#[derive(Clone, Debug)]
pub struct Thunks {
    /// Into them.
    pub into: Arc<NativeCode>,
    /// Out of native code, to those that have none.
    pub out: Arc<NativeCode>,
}

/// What native code of a module's functions needs besides them.
#[derive(Debug)]
pub struct NativeModule {
    /// The ways to functions of each type of the module, checked in its layout; `None` where there
    /// can be none.
    pub thunks: Vec<Option<Thunks>>,
}
