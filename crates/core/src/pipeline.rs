//! The flow from WebAssembly bytes to running code, as code.
//!
//! ```text
//! bytes ─ Module::decode ─► Module ─ Compiler::compile ─► CodeCandidate ─ check ─► Attached ─► Store
//!                                     └ refused: reported; then as bytecode, and that is final
//! ```
//!
//! `native` is the same for machine code. `module` makes a [`Code`] for each module, `instance`
//! hands it to the runtime, which asks for a function at its first call. No compiler is trusted:
//! the only way from a proposal to the runtime is [`check`].
//!
//! 1. A slot of [`Code::funcs`] holds code that was checked for exactly that function, module and
//!    settings.
//! 2. Code of a configured compiler that is refused never runs; the function runs as bytecode, and
//!    [`Code::refusals`] says so.
//! 3. A refusal of the bytecode is final for the call that met it; it is never replaced by another
//!    way to run the function.

mod cached;
mod heat;
mod native;
mod proposals;

use crate::cache::Cache;
use crate::compiler::{
    CodeCandidate, CodeRefusal, CompileError, Compiler, Refusal, RefusalReason, Translators,
};
use crate::config::Hot;
use crate::error::{Bug, CheckError, Error, Result, UnsupportedModule};
use crate::machine::{CodeWatch, MachineCompiler};
use crate::module::Explained;
use cached::Cached;
use heat::Heat;
pub use heat::Tiers;
use native::NativeSupport;
pub(crate) use native::{bytes_of, of_kind};
use prova_bytecode::{CheckedBytecode, Settings};
use prova_module::{FuncIdx, Module};
use prova_runtime as rt;
use prova_wording::explain;
use rayon::prelude::*;
use rt::Attached;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The compilers for the modules of an engine.
#[derive(Default)]
pub(crate) struct Compilers {
    /// Asked first.
    configured: Option<Arc<dyn Compiler>>,
    /// Asked where that one has no code that passes.
    translators: Translators,
    /// Asked by stores that take native code.
    native: Option<Native>,
    /// When functions get machine code; `None`: before their first call.
    hot: Option<Hot>,
    /// Where machine code is named for `perf`.
    perf: Option<rt::PerfNames>,
    /// Has machine code of earlier runs.
    cache: Option<Arc<Cache>>,
    /// Whether machine code of functions runs only if it is proved.
    proved: bool,
    /// Set once no machine code is made any more.
    stop: Arc<AtomicBool>,
    /// Called when some is made.
    watch: Option<Arc<dyn CodeWatch>>,
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
    /// The layout and the thunks of the module for native code, once a store asks.
    native: OnceLock<Result<NativeSupport, RefusalReason>>,
    /// The layout alone, where a store asks for what there is before there are thunks.
    layout_alone: OnceLock<Option<Arc<rt::NativeModule>>>,
    /// The machine code that earlier runs made, once a store asks.
    cached: OnceLock<Option<Cached>>,
    /// By index among the defined functions, once they are asked for.
    native_funcs: Box<[OnceLock<Option<Arc<rt::NativeCode>>>]>,
    /// Where programs spend their time.
    heat: Heat,
    /// By function.
    refusals: Mutex<BTreeMap<FuncIdx, Refusal>>,
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
    /// named for `perf` if it is asked for, comes from the cache where that has it, and runs only
    /// where it is `proved`, if that is asked for.
    pub(crate) fn new(
        configured: Option<Arc<dyn Compiler>>,
        native: Option<Native>,
        hot: Option<Hot>,
        perf: Option<rt::PerfNames>,
        (cache, proved): (Option<Arc<Cache>>, bool),
    ) -> Compilers {
        let hot = hot.filter(|_| native.is_some());
        let translators = Translators::new(hot.is_some());
        let cache = cache.filter(|_| native.is_some());
        let (stop, watch) = (Arc::default(), None);
        Compilers { configured, translators, native, hot, perf, cache, proved, stop, watch }
    }

    /// The same, with a watch that is called when machine code is made.
    pub(crate) fn watched(self, watch: Option<Arc<dyn CodeWatch>>) -> Compilers {
        Compilers { watch, ..self }
    }

    /// No machine code is made from now on.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Compilers {
    /// The same with another source of machine code, which has it at once.
    pub(crate) fn with_native(&self, native: Native) -> Compilers {
        let (cache, proved) = (None, self.proved);
        let configured = self.configured.clone();
        let same = Compilers::new(configured, Some(native), None, self.perf, (cache, proved));
        Compilers { stop: Arc::clone(&self.stop), ..same.watched(self.watch.clone()) }
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
            .map(|code| Arc::new(planted(code)))
            .map_err(CodeRefusal::Bytecode),
    }
}

/// The code as it is; under `--cfg prova_plant` with what a test plants in it.
fn planted(code: CheckedBytecode) -> CheckedBytecode {
    #[cfg(prova_plant)]
    let code = code.planted();
    code
}

impl Code {
    /// No code yet; `no_machine_code`: why there will be none of that kind.
    pub(crate) fn new(
        module: Module,
        settings: Settings,
        compilers: Arc<Compilers>,
        no_machine_code: Option<String>,
    ) -> Arc<Code> {
        let funcs = module.defined_funcs().map(|_| OnceLock::new()).collect();
        let native_funcs = module.defined_funcs().map(|_| OnceLock::new()).collect();
        let native = match no_machine_code {
            Some(why) => OnceLock::from(Err(RefusalReason::OfModule(why))),
            None => OnceLock::new(),
        };
        let refusals = Mutex::default();
        Arc::new_cyclic(|code| {
            let heat = Heat::new(code.clone());
            let (cached, layout_alone) = (OnceLock::new(), OnceLock::new());
            Code {
                module,
                settings,
                compilers,
                funcs,
                native,
                layout_alone,
                cached,
                native_funcs,
                heat,
                refusals,
            }
        })
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
                Err(error) => error.into(),
            };
            let refusal = Refusal { func, compiler: compiler.name().to_owned(), reason };
            self.refusals_locked().insert(func, refusal);
        }
        let candidate = self.compilers.translators.compile(module, settings, func)?;
        Ok(check(module, settings, func, candidate)?)
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

    /// The code that all functions run as, in parallel: machine code where it is made before the
    /// first call, and bytecode of those that have none. Of several failures the one of the lowest
    /// index.
    pub(crate) fn make_all(&self) -> Result<()> {
        let mut funcs: Vec<FuncIdx> = self.module.defined_funcs().collect();
        if self.makes_all_native() {
            self.make_all_native(&funcs);
            funcs.retain(|&func| self.native_code_so_far(func).is_none());
        }
        self.bytecode_of(&funcs).into_iter().try_for_each(|made| made.map(drop))
    }

    /// Whether functions get machine code before their first call.
    fn makes_all_native(&self) -> bool {
        self.compilers.native.is_some() && self.compilers.hot.is_none()
    }

    /// Bytecode of functions, in parallel.
    fn bytecode_of(&self, funcs: &[FuncIdx]) -> Vec<Result<Arc<CheckedBytecode>>> {
        let bytecode = |&func: &FuncIdx| self.bytecode(func).map_err(AttachFailure::into_error);
        funcs.par_iter().map(bytecode).collect()
    }

    /// Bytecode of all functions, and machine code where it is made before the first call, in
    /// parallel; of several failures the one of the lowest index.
    pub(crate) fn translate_all(&self) -> Result<Translated> {
        let funcs: Vec<FuncIdx> = self.module.defined_funcs().collect();
        let results = self.bytecode_of(&funcs);
        if self.makes_all_native() {
            self.make_all_native(&funcs);
        }
        let mut total = Translated::default();
        for (&func, result) in funcs.iter().zip(results) {
            let code = result?;
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
        if self.compilers.hot.is_some() && !self.has_cached_code() {
            return self.native_so_far();
        }
        Code::native(self).map(|support| Arc::clone(&support.module))
    }

    fn attach_native(&self, _module: &Module, func: FuncIdx) -> Option<Arc<rt::NativeCode>> {
        if self.compilers.hot.is_some() && !self.is_cached(func) {
            return self.native_code_so_far(func);
        }
        self.native_code(func)
    }

    fn look(&self, _module: &Module, at: rt::Place) -> rt::Ready {
        Code::look(self, at)
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
            CompileError::Declined(message)
            | CompileError::Bug(message)
            | CompileError::Damaged(message) => AttachFailure::Bug(message),
        }
    }
}

impl From<CodeRefusal> for AttachFailure {
    fn from(refusal: CodeRefusal) -> AttachFailure {
        match refusal {
            CodeRefusal::AnotherFunction(_)
            | CodeRefusal::Machine(_)
            | CodeRefusal::Unproved(_) => AttachFailure::Bug(refusal.to_string()),
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
