//! The flow from WebAssembly bytes to running code, as code.
//!
//! ```text
//! bytes ─ Module::decode ─► Module ─ Compiler::compile ─► CodeCandidate ─ check ─► Attached ─► Store
//!                                     └ refused: reported; then as bytecode, and that is final
//! ```
//!
//! Neighbours: `workers` gives compilers of machine code their stack; `module` makes a [`Code`] for
//! each module, `instance` hands it to the runtime, which asks for a function at its first call;
//! `compiler` has what proposes code. No compiler is trusted: the only way from what it proposes to
//! the runtime is [`check`].
//!
//! 1. A slot of [`Code::funcs`] holds code that was checked for exactly that function, module and
//!    settings.
//! 2. Code of a configured compiler that is refused never runs; the function runs as bytecode, and
//!    [`Code::refusals`] says so.
//! 3. A refusal of the bytecode is final for the call that met it; it is never replaced by another
//!    way to run the function.

use crate::compiler::{
    CodeCandidate, CodeRefusal, CompileError, Compiler, Refusal, RefusalReason, Translators,
};
use crate::error::{Bug, CheckError, Error, Result, UnsupportedModule};
use crate::machine::{MachineCode, MachineCompiler};
use crate::module::Explained;
use crate::workers;
use prova_bytecode::explain::explain;
use prova_bytecode::{CheckedBytecode, Settings};
use prova_check::{Code as MachineBytes, CodeKind, Layout};
use prova_module::{FuncIdx, Module};
use prova_runtime as rt;
use rayon::prelude::*;
use rt::Attached;
use rustc_demangle::demangle;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What proposes code for the modules of an engine.
#[derive(Default)]
pub(crate) struct Compilers {
    /// Asked first.
    configured: Option<Arc<dyn Compiler>>,
    /// Asked where that one has no code that passes.
    translators: Translators,
    /// Asked by stores that take native code.
    native: Option<Native>,
    /// Whether machine code is named for `perf`.
    perf_map: bool,
}

/// A compiler of machine code, and what it makes code for.
type Native = (Arc<dyn MachineCompiler>, prova_check::Config);

/// The checked code of a module's functions, each once it is needed.
pub(crate) struct Code {
    module: Module,
    settings: Settings,
    compilers: Arc<Compilers>,
    /// By index among the defined functions.
    funcs: Box<[OnceLock<Arc<CheckedBytecode>>]>,
    /// What native code is made in, and the thunks of the module, once a store asks.
    native: OnceLock<Result<NativeSupport, RefusalReason>>,
    /// By index among the defined functions, once they are asked for.
    native_funcs: Box<[OnceLock<Option<Arc<rt::NativeCode>>>]>,
    /// By function.
    refusals: Mutex<BTreeMap<FuncIdx, Refusal>>,
}

/// What a module's native code is made in.
struct NativeSupport {
    module: Arc<rt::NativeModule>,
    /// Why functions of a type have no ways in and out, by index of the type.
    refusals: BTreeMap<u32, RefusalReason>,
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

impl Compilers {
    /// The built-in translator, and before it `configured`; `native` for machine code, which is
    /// named for `perf` if it is asked for.
    pub(crate) fn new(
        configured: Option<Arc<dyn Compiler>>,
        native: Option<Native>,
        perf_map: bool,
    ) -> Compilers {
        Compilers { configured, translators: Translators::default(), native, perf_map }
    }
}

/// The check of what a compiler proposes as code of `func`: the one way to run it.
fn check(
    module: &Module,
    settings: &Settings,
    func: FuncIdx,
    candidate: CodeCandidate,
) -> Result<Arc<CheckedBytecode>, CodeRefusal> {
    match candidate {
        CodeCandidate::Bytecode(candidate) if candidate.func != func => {
            Err(CodeRefusal::AnotherFunction(candidate.func))
        }
        CodeCandidate::Bytecode(candidate) => CheckedBytecode::check(module, settings, candidate)
            .map(Arc::new)
            .map_err(CodeRefusal::Bytecode),
    }
}

impl Code {
    /// No code yet.
    pub(crate) fn new(module: Module, settings: Settings, compilers: Arc<Compilers>) -> Code {
        let funcs = module.defined_funcs().map(|_| OnceLock::new()).collect();
        let native_funcs = module.defined_funcs().map(|_| OnceLock::new()).collect();
        let (native, refusals) = (OnceLock::new(), Mutex::default());
        Code { module, settings, compilers, funcs, native, native_funcs, refusals }
    }

    /// The checked bytecode of a defined function.
    pub(crate) fn bytecode(&self, func: FuncIdx) -> Result<Arc<CheckedBytecode>, AttachFailure> {
        let defined = func.index().checked_sub(self.module.imported_func_count());
        let Some(slot) = defined.and_then(|defined| self.funcs.get(defined)) else {
            return Err(AttachFailure::Bug(format!("{func} has no body")));
        };
        if let Some(code) = slot.get() {
            return Ok(code.clone());
        }
        let code = self.make(func)?;
        // Another thread may have been faster; what is run is one of both.
        Ok(slot.get_or_init(|| code).clone())
    }

    /// Compile, then check; where that gives nothing, translate, then check.
    fn make(&self, func: FuncIdx) -> Result<Arc<CheckedBytecode>, AttachFailure> {
        let Code { module, settings, .. } = self;
        if let Some(compiler) = &self.compilers.configured {
            let reason = match compiler.compile(module, settings, func) {
                Ok(candidate) => match check(module, settings, func, candidate) {
                    Ok(code) => return Ok(code),
                    Err(reason) => RefusalReason::Rejected(reason),
                },
                Err(error) => RefusalReason::Declined(error.to_string()),
            };
            let refusal = Refusal { func, compiler: compiler.name().to_owned(), reason };
            self.refusals_locked().insert(func, refusal);
        }
        let candidate = self.compilers.translators.compile(module, settings, func)?;
        Ok(check(module, settings, func, candidate)?)
    }

    /// The layout and the thunks of native code, if there can be any.
    fn native(&self) -> Option<&NativeSupport> {
        let (compiler, config) = self.compilers.native.as_ref()?;
        let native = self.native.get_or_init(|| {
            let module = rt::NativeModule::derive(&self.module, config)
                .map_err(|error| RefusalReason::OfModule(error.to_string()))?;
            let thunk = |kind| match compiler.thunk(&self.module, module.layout(), kind) {
                Ok(code) => self.load(module.layout(), code, kind).map_err(RefusalReason::Rejected),
                Err(error) => Err(RefusalReason::Declined(error.to_string())),
            };
            let types = 0..self.module.types().len() as u32;
            let thunks = |ty| {
                let into = thunk(CodeKind::ThunkIn(ty))?;
                Ok(rt::Thunks { into, out: thunk(CodeKind::ThunkOut(ty))? })
            };
            let thunks: Vec<Result<rt::Thunks, RefusalReason>> =
                workers::work_in_parallel(|| types.into_par_iter().map(thunks).collect());
            let mut refusals = BTreeMap::new();
            let thunks = thunks
                .into_iter()
                .zip(0..)
                .map(|(thunks, ty)| thunks.map_err(|reason| refusals.insert(ty, reason)).ok());
            let thunks = thunks.collect();
            Ok(NativeSupport { module: Arc::new(module.with_thunks(thunks)), refusals })
        });
        native.as_ref().ok()
    }

    /// The one way of machine code to the runtime: the check stands in it. What is refused may come
    /// once more with another certificate.
    fn load(
        &self,
        layout: &Layout,
        code: MachineCode,
        kind: CodeKind,
    ) -> Result<Arc<rt::NativeCode>, CodeRefusal> {
        let load = |code: &MachineCode| {
            if code.kind != kind {
                return Err(CodeRefusal::Machine(format!("it is of {:?}", code.kind)));
            }
            let MachineCode { bytes, certificate, traps, calls, .. } = code;
            let code = MachineBytes { kind, bytes, certificate, traps, calls };
            let loaded = rt::NativeCode::load(layout, self.settings, code);
            let loaded = loaded.map(|code| match self.compilers.perf_map {
                true => code.named(&self.name_of(kind)),
                false => code,
            });
            loaded.map(Arc::new).map_err(|error| CodeRefusal::Machine(error.to_string()))
        };
        load(&code).or_else(|refusal| {
            let compiler = self.compilers.native.as_ref().map(|(compiler, _)| compiler);
            let other = compiler.and_then(|compiler| compiler.certified(layout, code));
            other.map_or(Err(refusal), |code| load(&code))
        })
    }

    /// What machine code is called in profiles.
    fn name_of(&self, kind: CodeKind) -> String {
        let module = self.module.names().module().unwrap_or("wasm");
        match kind {
            CodeKind::Func(func) => match self.module.func_name_or_export(FuncIdx(func)) {
                Some(name) => format!("{module}!{:#}", demangle(name)),
                None => format!("{module}!{}", FuncIdx(func)),
            },
            CodeKind::ThunkIn(ty) => format!("{module}![in, type {ty}]"),
            CodeKind::ThunkOut(ty) => format!("{module}![out, type {ty}]"),
        }
    }

    /// The native code of a defined function; `None`: it runs as bytecode.
    pub(crate) fn native_code(&self, func: FuncIdx) -> Option<Arc<rt::NativeCode>> {
        let defined = func.index().checked_sub(self.module.imported_func_count())?;
        let support = self.native()?;
        let layout = support.module.layout();
        let (compiler, _) = self.compilers.native.as_ref()?;
        let code = self.native_funcs.get(defined)?.get_or_init(|| {
            // Calls of functions come in by the thunks of their types.
            let ty = self.module.func_type_idx(func).0;
            let made = || {
                if let Some(reason) = support.refusals.get(&ty) {
                    return Err(reason.clone());
                }
                let code = compiler.function(&self.module, layout, &self.settings, func);
                let code = code.map_err(|error| RefusalReason::Declined(error.to_string()))?;
                let code = self.load(layout, code, CodeKind::Func(func.0));
                code.map_err(RefusalReason::Rejected)
            };
            let reason = match workers::work(made) {
                Ok(code) => return Some(code),
                Err(reason) => reason,
            };
            let refusal = Refusal { func, compiler: compiler.name().to_owned(), reason };
            self.refusals_locked().insert(func, refusal);
            None
        });
        code.clone()
    }

    /// The functions that do not run as code of the configured compiler, so far, in order. Where
    /// there can be no machine code of the module, those are all of them, for that one reason.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        if let (Some((compiler, _)), Some(Err(reason))) =
            (&self.compilers.native, self.native.get())
        {
            let compiler = compiler.name();
            let refusal =
                |func| Refusal { func, compiler: compiler.to_owned(), reason: reason.clone() };
            return self.module.defined_funcs().map(refusal).collect();
        }
        self.refusals_locked().values().cloned().collect()
    }

    fn refusals_locked(&self) -> MutexGuard<'_, BTreeMap<FuncIdx, Refusal>> {
        // Nothing panics while it is locked.
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Translate, then check and record.
    pub(crate) fn explain(&self, func: FuncIdx) -> Result<Explained, AttachFailure> {
        let Code { module, settings, .. } = self;
        let candidate = self.compilers.translators.translate(module, settings, func)?;
        let explanation = explain(module, settings, &candidate);
        Ok(Explained { settings: *settings, candidate, explanation })
    }

    /// All functions, in parallel; of several failures the one of the lowest index.
    pub(crate) fn translate_all(&self) -> Result<Translated> {
        let funcs: Vec<FuncIdx> = self.module.defined_funcs().collect();
        let results: Vec<Result<Arc<CheckedBytecode>, AttachFailure>> =
            funcs.par_iter().map(|&func| self.bytecode(func)).collect();
        if self.compilers.native.is_some() {
            workers::work_in_parallel(|| {
                funcs.par_iter().for_each(|&func| {
                    self.native_code(func);
                });
            });
        }
        let mut total = Translated::default();
        for (&func, result) in funcs.iter().zip(results) {
            let code = result.map_err(AttachFailure::into_error)?;
            total.functions += 1;
            total.words += code.words().len();
            total.wasm_bytes += self.module.body(func).map_or(0, |body| body.range().len());
        }
        Ok(total)
    }
}

impl rt::Attach for Code {
    fn attach(&self, _module: &Module, func: FuncIdx) -> Result<Attached, rt::AttachError> {
        let code = self.bytecode(func).map_err(Box::new)?;
        Ok(Attached::Bytecode(code))
    }

    fn native(&self, _module: &Module) -> Option<Arc<rt::NativeModule>> {
        Code::native(self).map(|support| Arc::clone(&support.module))
    }

    fn attach_native(&self, _module: &Module, func: FuncIdx) -> Option<Arc<rt::NativeCode>> {
        self.native_code(func)
    }
}

/// Why a function has no checked bytecode.
#[derive(Debug)]
pub(crate) enum AttachFailure {
    /// It needs more than the bytecode can name.
    Limit(prova_module::Error),
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

impl From<CompileError> for AttachFailure {
    fn from(error: CompileError) -> AttachFailure {
        match error {
            CompileError::Unsupported(error) => AttachFailure::Limit(error),
            CompileError::Declined(message) | CompileError::Bug(message) => {
                AttachFailure::Bug(message)
            }
        }
    }
}

impl From<CodeRefusal> for AttachFailure {
    fn from(refusal: CodeRefusal) -> AttachFailure {
        match refusal {
            CodeRefusal::AnotherFunction(_) | CodeRefusal::Machine(_) => {
                AttachFailure::Bug(refusal.to_string())
            }
            CodeRefusal::Bytecode(error) => AttachFailure::Refused(error),
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
