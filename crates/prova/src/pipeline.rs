//! The flow from WebAssembly bytes to running code, as code.
//!
//! ```text
//! bytes ─ Module::decode ─► Module ─ translate ─► Candidate ─ CheckedBytecode::check ─► CheckedBytecode ─► Store
//! ```
//!
//! Neighbours: `module` makes a [`Code`] for each module, `instance` hands it to the runtime, which asks for a function at
//! its first call. The translator is not trusted: what it proposes is a [`Candidate`](prova_bytecode::Candidate), and the
//! only way from there to the runtime is the check.
//!
//! 1. A slot of [`Code::funcs`] holds bytecode that was checked for exactly that function, module and settings.
//! 2. A refusal is final for the call that met it; it is never replaced by another way to run the function.

use crate::error::{Bug, CheckError, Error, Result, UnsupportedModule};
use crate::module::Explained;
use prova_bytecode::explain::explain;
use prova_bytecode::{CheckedBytecode, Settings};
use prova_module::{self as module, FuncIdx, Module};
use prova_runtime as rt;
use prova_translate::{TranslateError, Translator};
use rayon::prelude::*;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The checked bytecode of a module's functions, each once it is needed.
pub(crate) struct Code {
    module: Module,
    settings: Settings,
    /// By index among the defined functions.
    funcs: Box<[OnceLock<Arc<CheckedBytecode>>]>,
}

/// How much bytecode a module has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// Functions translated and checked.
    pub functions: usize,
    /// Words of their bytecode, 8 bytes each.
    pub words: usize,
    /// Bytes of their WebAssembly bodies.
    pub wasm_bytes: usize,
}

impl Code {
    /// No bytecode yet.
    pub(crate) fn new(module: Module, settings: Settings) -> Code {
        let funcs = module.defined_funcs().map(|_| OnceLock::new()).collect();
        Code { module, settings, funcs }
    }

    /// The checked bytecode of a defined function.
    pub(crate) fn get(
        &self,
        translator: &mut Translator,
        func: FuncIdx,
    ) -> Result<Arc<CheckedBytecode>, AttachFailure> {
        let defined = func.index().checked_sub(self.module.imported_func_count());
        let Some(slot) = defined.and_then(|defined| self.funcs.get(defined)) else {
            return Err(AttachFailure::Bug(format!("{func} has no body")));
        };
        if let Some(code) = slot.get() {
            return Ok(Arc::clone(code));
        }
        let code = Arc::new(self.translate(translator, func)?);
        // Another thread may have been faster; both are equal.
        Ok(Arc::clone(slot.get_or_init(|| code)))
    }

    /// Translate, then check.
    fn translate(
        &self,
        translator: &mut Translator,
        func: FuncIdx,
    ) -> Result<CheckedBytecode, AttachFailure> {
        let candidate = translator.translate(&self.module, func, &self.settings)?;
        CheckedBytecode::check(&self.module, &self.settings, candidate)
            .map_err(AttachFailure::Refused)
    }

    /// Translate, then check and record.
    pub(crate) fn explain(&self, func: FuncIdx) -> Result<Explained, AttachFailure> {
        let candidate = Translator::new().translate(&self.module, func, &self.settings)?;
        let explanation = explain(&self.module, &self.settings, &candidate);
        Ok(Explained { settings: self.settings, candidate, explanation })
    }

    /// All functions, in parallel; of several failures the one of the lowest index.
    pub(crate) fn translate_all(&self) -> Result<Translated> {
        let funcs: Vec<FuncIdx> = self.module.defined_funcs().collect();
        let results: Vec<Result<usize, AttachFailure>> = funcs
            .par_iter()
            .map_init(Translator::new, |translator, &func| {
                Ok(self.get(translator, func)?.words().len())
            })
            .collect();
        let mut total = Translated::default();
        for (&func, result) in funcs.iter().zip(results) {
            total.functions += 1;
            total.words += result.map_err(AttachFailure::into_error)?;
            total.wasm_bytes += self.module.body(func).map_or(0, |body| body.range().len());
        }
        Ok(total)
    }
}

impl rt::Attach for Code {
    fn attach(
        &self,
        _module: &Module,
        func: FuncIdx,
    ) -> Result<Arc<CheckedBytecode>, rt::AttachError> {
        self.get(&mut Translator::new(), func).map_err(|failure| Box::new(failure) as _)
    }
}

/// The reference tier, which has no translation.
pub(crate) fn reference_executor() -> rt::ExecutorKind {
    rt::ExecutorKind::External(Box::new(prova_reference::Reference::new()))
}

/// Why a function has no checked bytecode.
#[derive(Debug)]
pub(crate) enum AttachFailure {
    /// It needs more than the bytecode can name.
    Limit(module::Error),
    /// The check refused the translation.
    Refused(CheckError),
    /// The translator met something impossible.
    Bug(String),
}

impl AttachFailure {
    /// The error of its kind.
    pub(crate) fn into_error(self) -> Error {
        match self {
            AttachFailure::Limit(error) => Error::new(UnsupportedModule(error)),
            AttachFailure::Refused(error) => Error::new(Bug::refused(error)),
            AttachFailure::Bug(message) => Error::new(Bug::new(message)),
        }
    }
}

impl From<TranslateError> for AttachFailure {
    fn from(error: TranslateError) -> AttachFailure {
        match error {
            TranslateError::Limit { func, offset, name, max, actual } => {
                AttachFailure::Limit(module::Error {
                    offset: Some(offset as usize),
                    func: Some(func),
                    kind: module::ErrorKind::Limit { name, max, actual },
                })
            }
            TranslateError::Bug { .. } => AttachFailure::Bug(error.to_string()),
        }
    }
}

impl fmt::Display for AttachFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttachFailure::Limit(error) => error.fmt(f),
            AttachFailure::Refused(error) => error.fmt(f),
            AttachFailure::Bug(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for AttachFailure {}
