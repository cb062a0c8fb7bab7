//! Proposals of code: module, settings, function → a [`CodeCandidate`], which runs only after the
//! check of its kind accepted it.
//!
//! [`Config::compiler`](crate::Config::compiler) plugs a compiler in. The translator to bytecode is
//! one too, and always there: it is asked where no other compiler has code, and the check's verdict
//! on its candidates is final.
//!
//! Nothing a compiler does is trusted. It makes no witness, so it cannot make code run that the
//! check refuses; what it gives for another function, module or setting than it was asked for is
//! refused as well.
//!
//! # Invariants
//! * P1. An idle translator has only translated bodies of at most [`IDLE_BODY_BYTES_MAX`] bytes;
//!   its buffers are linear in them. At most [`IDLE_MAX`] are idle.

use prova_bytecode::{Candidate, CheckError, Settings};
use prova_equal::Unproved;
use prova_module::{self as module, FuncIdx, Module};
use prova_translate::{TranslateError, Translator};
use std::fmt;
use std::panic::RefUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Code of one function as a compiler proposes it.
#[derive(Clone, Debug)]
pub enum CodeCandidate {
    /// Bytecode with the hints that its proof reads.
    Bytecode(Candidate),
}

/// Makes code of functions.
///
/// A compiler that panicked may be used again, as the bounds say: its proposals are checked in any
/// case.
pub trait Compiler: Send + Sync + RefUnwindSafe {
    /// A short name, for [`Refusal`].
    fn name(&self) -> &str;

    /// Proposes code of a defined function in some settings. May be called from several threads at
    /// once, and more than once for a function.
    ///
    /// # Errors
    /// Why there is none.
    fn compile(
        &self,
        module: &Module,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<CodeCandidate, CompileError>;
}

impl fmt::Debug for dyn Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compiler").field(&self.name()).finish()
    }
}

/// Why a compiler has no code of a function.
#[derive(Clone, Debug)]
pub enum CompileError {
    /// The function uses something that the compiler does not treat, or needs more than its form of
    /// code can name.
    Unsupported(module::Error),
    /// The compiler does not treat the function, for this reason.
    Declined(String),
    /// The compiler met something impossible: its own fault.
    Bug(String),
    /// The code was stored, and is no longer what was written.
    Damaged(String),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Unsupported(error) => error.fmt(f),
            CompileError::Declined(message)
            | CompileError::Bug(message)
            | CompileError::Damaged(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for CompileError {}

/// A function that does not run as code of the configured compiler, but as bytecode of the built-in
/// translator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The index of the function in its module.
    pub func: FuncIdx,
    /// The compiler's name.
    pub compiler: String,
    /// Why.
    pub reason: RefusalReason,
}

/// Why code of a compiler does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The compiler had none, for this reason.
    Declined(String),
    /// The check did not accept what the compiler proposed: the compiler's fault.
    Rejected(CodeRefusal),
    /// There can be no machine code of the module: the check knows no layout of it, the processor
    /// is of a lower level, or the check did not tell its canary from good code.
    OfModule(String),
    /// The code was stored, and is no longer what was written.
    Damaged(String),
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RefusalReason::Declined(why)
            | RefusalReason::OfModule(why)
            | RefusalReason::Damaged(why) => f.write_str(why),
            RefusalReason::Rejected(why) => why.fmt(f),
        }
    }
}

impl From<CompileError> for RefusalReason {
    fn from(error: CompileError) -> RefusalReason {
        match error {
            CompileError::Unsupported(_) | CompileError::Declined(_) | CompileError::Bug(_) => {
                RefusalReason::Declined(error.to_string())
            }
            CompileError::Damaged(why) => RefusalReason::Damaged(why),
        }
    }
}

/// Why a candidate is not code of the function that a compiler was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeRefusal {
    /// It is of another one.
    AnotherFunction(FuncIdx),
    /// The check of bytecode refused it.
    Bytecode(CheckError),
    /// The check of machine code refused it, or there is no memory for it.
    Machine(String),
    /// It is confined, and not proved to do what its function says, which is required
    /// ([`Config::require_proved`](crate::Config::require_proved)).
    Unproved(Box<Unproved>),
}

impl From<prova_runtime::LoadError> for CodeRefusal {
    fn from(error: prova_runtime::LoadError) -> CodeRefusal {
        CodeRefusal::Machine(error.to_string())
    }
}

impl fmt::Display for CodeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeRefusal::AnotherFunction(func) => write!(f, "it is code of {func}"),
            CodeRefusal::Bytecode(error) => f.write_str(&prova_wording::refused(error)),
            CodeRefusal::Machine(error) => f.write_str(error),
            CodeRefusal::Unproved(why) => write!(f, "not proved: {why}"),
        }
    }
}

impl std::error::Error for CodeRefusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { func, compiler, reason } = self;
        match reason {
            RefusalReason::Declined(why) => write!(f, "{func}: `{compiler}` has no code: {why}"),
            RefusalReason::Rejected(why @ CodeRefusal::Unproved(_)) => {
                write!(f, "{func}: code of `{compiler}` is {why}")
            }
            RefusalReason::Rejected(why) => {
                write!(f, "{func}: code of `{compiler}` was rejected by its check: {why}")
            }
            RefusalReason::OfModule(why) => {
                write!(f, "{func}: `{compiler}` has no code of this module: {why}")
            }
            RefusalReason::Damaged(why) => write!(f, "{func}: code of `{compiler}`: {why}"),
        }
    }
}

/// How many translators may be idle (P1).
const IDLE_MAX: usize = 64;

/// The largest body, in bytes, after which a translator is kept (P1).
const IDLE_BODY_BYTES_MAX: usize = 256 << 10;

/// The translator to bytecode as a compiler; keeps the buffers of translations for the next ones.
#[derive(Default)]
pub(crate) struct Translators {
    idle: Mutex<Vec<Translator>>,
    /// Whether their code counts.
    heat: bool,
}

impl Translators {
    /// Translators whose code counts, if `heat` is set.
    pub(crate) fn new(heat: bool) -> Translators {
        Translators { idle: Mutex::default(), heat }
    }

    fn fresh(&self) -> Translator {
        if self.heat { Translator::with_heat() } else { Translator::new() }
    }

    /// The candidate of a defined function.
    pub(crate) fn translate(
        &self,
        module: &Module,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<Candidate, CompileError> {
        let mut translator = self.idle().pop().unwrap_or_else(|| self.fresh());
        let candidate = translator.translate(module, func, settings);
        self.keep(translator, module.body(func).map_or(0, |body| body.range().len()));
        Ok(candidate?)
    }

    /// Keeps a translator whose newest body had `body_bytes` bytes, if it may be kept (P1).
    fn keep(&self, translator: Translator, body_bytes: usize) {
        let mut idle = self.idle();
        if body_bytes <= IDLE_BODY_BYTES_MAX && idle.len() < IDLE_MAX {
            idle.push(translator);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Translator>> {
        // Nothing panics while it is locked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Compiler for Translators {
    fn name(&self) -> &str {
        "bytecode"
    }

    fn compile(
        &self,
        module: &Module,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<CodeCandidate, CompileError> {
        self.translate(module, settings, func).map(CodeCandidate::Bytecode)
    }
}

impl From<TranslateError> for CompileError {
    fn from(error: TranslateError) -> CompileError {
        match error {
            TranslateError::Limit { func, offset, name, max, actual } => {
                CompileError::Unsupported(module::Error {
                    offset: Some(offset as usize),
                    func: Some(func),
                    kind: module::ErrorKind::Limit { name, max, actual },
                })
            }
            TranslateError::Bug { .. } => CompileError::Bug(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits};

    fn module(text: &str) -> Module {
        let bytes = wat::parse_str(text).expect("the text is well-formed");
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("it is valid")
    }

    #[test]
    fn one_translator_serves_one_thread() {
        let module = module("(module (func) (func (result i32) i32.const 1) (func unreachable))");
        let translators = Translators::default();
        for func in (0..100).map(|i| FuncIdx(i % 3)) {
            let candidate = translators.translate(&module, &Settings::default(), func);
            assert_eq!(candidate.map(|candidate| candidate.func).ok(), Some(func));
            assert_eq!(translators.idle().len(), 1);
        }
    }

    #[test]
    fn what_is_idle_is_bounded() {
        let translators = Translators::default();
        translators.keep(Translator::new(), IDLE_BODY_BYTES_MAX + 1);
        assert_eq!(translators.idle().len(), 0, "its buffers may be large");
        for kept in 1..=IDLE_MAX {
            translators.keep(Translator::new(), IDLE_BODY_BYTES_MAX);
            assert_eq!(translators.idle().len(), kept);
        }
        translators.keep(Translator::new(), 0);
        assert_eq!(translators.idle().len(), IDLE_MAX);
    }
}
