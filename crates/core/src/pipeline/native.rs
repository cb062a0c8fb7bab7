//! The flow to machine code: a compiler's proposal → loaded code, or why there is none.
//!
//! ```text
//! function ─ MachineCompiler ─► MachineCode ─ NativeCode::load_all (the check) ─► NativeCode
//! ```
//!
//! Functions that are made together lie together. Compiling a whole module makes groups of
//! neighbours, each some [`GROUP_BYTES`] of WebAssembly, in parallel.
//!
//! `workers` gives compilers their stack.
//!
//! 1. A slot of [`Code::native_funcs`] holds code that was checked for exactly that function in the
//!    layout of its module, or says that there is none.
//! 2. Code that is refused never runs: it may come once more with another certificate, and then the
//!    function runs as bytecode, and [`Code::refusals`] says so.

use super::Code;
use crate::compiler::{CodeRefusal, Refusal, RefusalReason};
use crate::error::OrBug;
use crate::machine::MachineCode;
use crate::workers;
use prova_check::{Code as MachineBytes, CodeKind, Layout};
use prova_demangle::demangle;
use prova_equal::{Setting, Unproved, prove};
use prova_module::FuncIdx;
use prova_runtime as rt;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::slice;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// Bytes of function bodies whose machine code lies together. The last body of a group may go
/// beyond.
const GROUP_BYTES: usize = 16 << 10;

/// The most functions with stored code that are taken together, and the number of functions that
/// are looked through for them.
const NEXT_TAKEN: usize = 32;
const NEXT_SEEN: usize = 256;

/// Types whose thunks one thread makes.
const FEW_TYPES: usize = 32;

/// Why a function that an earlier run found no proof of stays bytecode.
const KNOWN_UNPROVED: &str =
    "not proved: an earlier run found no proof (`prova check-code --require proved` says why)";

/// Why a function stays bytecode behind [`Engine::stop_compiling`](crate::Engine::stop_compiling).
const STOPPED: &str = "compiling was stopped";

/// The outcome of loading proposed machine code.
pub(super) type MachineLoaded = Result<Arc<rt::NativeCode>, CodeRefusal>;

/// The outcome for a function.
type Made = Result<Arc<rt::NativeCode>, RefusalReason>;

/// The layout and the thunks for a module's native code.
pub(super) struct NativeSupport {
    pub(super) module: Arc<rt::NativeModule>,
    /// Why functions of a type have no ways in and out, by index of the type.
    pub(super) refusals: BTreeMap<u32, RefusalReason>,
}

impl Code {
    /// The layout and the thunks of native code, if there can be any.
    pub(super) fn native(&self) -> Option<&NativeSupport> {
        let (compiler, config) = self.compilers.native.as_ref()?;
        let native = self.native.get_or_init(|| {
            let module = rt::NativeModule::derive(&self.module, config)
                .map_err(|error| RefusalReason::OfModule(error.to_string()))?;
            let thunk = |kind| {
                let code = compiler.thunk(&self.module, module.layout(), kind);
                let code = code.map_err(RefusalReason::from)?;
                of_kind(code, kind).map_err(RefusalReason::Rejected)
            };
            let types = 0..self.module.types().len() as u32;
            let found = self.cached_thunks(module.layout(), types.clone());
            let thunks = |ty: u32| {
                if let Some(Some(thunks)) = found.get(ty as usize) {
                    return Ok(thunks.clone());
                }
                let codes = vec![thunk(CodeKind::ThunkIn(ty))?, thunk(CodeKind::ThunkOut(ty))?];
                let mut loaded = self.load(module.layout(), codes).into_iter();
                let mut next = || loaded.next().or_bug("each piece of code has an outcome");
                let (into, out) = (next(), next());
                let both = into.and_then(|into| Ok(rt::Thunks { into, out: out? }));
                both.map_err(RefusalReason::Rejected)
            };
            let missing = types.len() - found.iter().flatten().count();
            let thunks: Vec<Result<rt::Thunks, RefusalReason>> = match missing {
                0 => types.map(thunks).collect(),
                // A pool of threads would take as long as the thunks.
                1..=FEW_TYPES => workers::work(|| types.map(thunks).collect()),
                _ => workers::work_in_parallel(|| types.into_par_iter().map(thunks).collect()),
            };
            let mut refusals = BTreeMap::new();
            let thunks = thunks
                .into_iter()
                .zip(0..)
                .map(|(thunks, ty)| thunks.map_err(|reason| refusals.insert(ty, reason)).ok());
            let module = module.with_thunks(thunks.collect());
            let module = module.map_err(|missing| match refusals.get(&missing.ty.0) {
                Some(reason) => RefusalReason::OfModule(format!("{missing}: {reason}")),
                None => RefusalReason::OfModule(missing.to_string()),
            })?;
            Ok(NativeSupport { module: Arc::new(module), refusals })
        });
        native.as_ref().ok()
    }

    /// The data that code needs, as far as it is made: with the thunks, or the layout alone.
    pub(super) fn native_so_far(&self) -> Option<Arc<rt::NativeModule>> {
        if let Some(native) = self.native.get() {
            return native.as_ref().ok().map(|support| Arc::clone(&support.module));
        }
        let (_, config) = self.compilers.native.as_ref()?;
        // Deriving it takes time in proportion to the module's bytes: it is for all instances.
        let alone = self.layout_alone.get_or_init(|| {
            match rt::NativeModule::derive(&self.module, config) {
                Ok(module) => Some(Arc::new(module)),
                Err(error) => {
                    // Nothing else is asked then.
                    self.native.set(Err(RefusalReason::OfModule(error.to_string()))).ok();
                    None
                }
            }
        });
        alone.clone()
    }

    /// The native code of a defined function, if it is made.
    pub(super) fn native_code_so_far(&self, func: FuncIdx) -> Option<Arc<rt::NativeCode>> {
        self.made(func)?
    }

    /// The outcome for a defined function, if there is one.
    pub(super) fn made(&self, func: FuncIdx) -> Option<Option<Arc<rt::NativeCode>>> {
        let defined = func.index().checked_sub(self.module.imported_func_count())?;
        self.native_funcs.get(defined)?.get().cloned()
    }

    /// Machine code of a defined function from a round of a loop on.
    pub(super) fn make_of_loop(
        &self,
        func: FuncIdx,
        offset: u32,
    ) -> Result<Arc<rt::NativeCode>, RefusalReason> {
        let none = || RefusalReason::Declined("there is no compiler".to_owned());
        let (compiler, _) = self.compilers.native.as_ref().ok_or_else(none)?;
        let layout = self.native().ok_or_else(none)?.module.layout();
        let code = self.watched(|| {
            let code = compiler.of_loop(&self.module, layout, &self.settings, (func, offset));
            self.related(layout, code.map_err(RefusalReason::from)?)
        })?;
        let code = of_kind(code, CodeKind::Loop { func: func.0, offset });
        let code = code.map_err(RefusalReason::Rejected)?;
        let loaded = self.load(layout, vec![code]).pop();
        loaded.or_bug("each piece of code has an outcome").map_err(RefusalReason::Rejected)
    }

    /// The one way of machine code to the runtime: the check stands in it. Pieces that come
    /// together lie together. A refused piece may come once more with another certificate.
    fn load(&self, layout: &Layout, codes: Vec<MachineCode>) -> Vec<MachineLoaded> {
        let loaded = self.load_once(layout, &codes);
        let compiler = self.compilers.native.as_ref().map(|(compiler, _)| compiler);
        let again = |(loaded, code): (MachineLoaded, MachineCode)| {
            let kind = code.kind;
            let refusal = match loaded {
                Ok(loaded) => {
                    self.keep(code);
                    return Ok(loaded);
                }
                Err(refusal) => refusal,
            };
            if let CodeRefusal::Unproved(why) = &refusal {
                self.keep_unproved(kind, why);
                return Err(refusal);
            }
            let other = compiler.and_then(|compiler| compiler.certified(layout, code));
            let Some(other) = other.and_then(|code| of_kind(code, kind).ok()) else {
                return Err(refusal);
            };
            let loaded = self.load_once(layout, slice::from_ref(&other)).pop();
            let loaded = loaded.unwrap_or(Err(refusal))?;
            self.keep(other);
            Ok(loaded)
        };
        loaded.into_iter().zip(codes).map(again).collect()
    }

    /// The same, without a second certificate.
    pub(super) fn load_once(&self, layout: &Layout, codes: &[MachineCode]) -> Vec<MachineLoaded> {
        let bytes: Vec<_> = codes.iter().map(bytes_of).collect();
        let loaded = rt::NativeCode::load_all(layout, self.settings, &bytes);
        let loaded = loaded.into_iter().zip(codes).map(|(loaded, code)| {
            let loaded = loaded?;
            self.proved(layout, code, loaded.bytes())?;
            Ok(Arc::new(self.named(loaded)))
        });
        loaded.collect()
    }

    /// Proves that the code of a function does what the function says, if that is required: the
    /// bytes are those that will run.
    ///
    /// # Errors
    /// Why it is not proved.
    pub(super) fn proved(
        &self,
        layout: &Layout,
        code: &MachineCode,
        bytes: &[u8],
    ) -> Result<(), CodeRefusal> {
        let is_way = matches!(code.kind, CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_));
        if !self.compilers.proved || is_way {
            return Ok(());
        }
        let unproved = |why| CodeRefusal::Unproved(Box::new(why));
        let setting = Setting::new(&self.module, layout).map_err(unproved)?;
        let setting = setting.with_deterministic(self.settings.deterministic);
        let setting = setting.with_stop(&self.compilers.stop);
        let proof = prove(&setting, MachineBytes { bytes, ..bytes_of(code) }, &code.relation);
        proof.map(|_| ()).map_err(unproved)
    }

    /// The code with a relation to its function, if one is needed and found.
    ///
    /// # Errors
    /// If the search ended before it had tried everything.
    pub(super) fn related(
        &self,
        layout: &Layout,
        code: MachineCode,
    ) -> Result<MachineCode, RefusalReason> {
        let (kind, stop) = (code.kind, &*self.compilers.stop);
        let (code, ended) = match &self.compilers.native {
            Some((compiler, _)) if self.compilers.proved && code.relation.is_empty() => {
                compiler.related(&self.module, layout, &self.settings, code, stop)
            }
            _ => (code, None),
        };
        let Some(ended) = ended else { return Ok(code) };
        let why = Unproved::Search(ended);
        self.keep_unproved(kind, &why);
        Err(RefusalReason::Rejected(CodeRefusal::Unproved(Box::new(why))))
    }

    /// Makes something of a function, unless nothing is made any more; tells who wants to know.
    ///
    /// # Errors
    /// Those of `make`, or that nothing is made.
    pub(super) fn watched<T>(
        &self,
        make: impl FnOnce() -> Result<T, RefusalReason>,
    ) -> Result<T, RefusalReason> {
        if self.compilers.stop.load(Ordering::Relaxed) {
            return Err(RefusalReason::Declined(STOPPED.to_owned()));
        }
        if let Some(watch) = &self.compilers.watch {
            watch.begins(self.module.defined_funcs().len());
        }
        let made = make();
        if let Some(watch) = &self.compilers.watch {
            watch.ends();
        }
        made
    }

    /// The code, with a name for profiles if they are asked for.
    fn named(&self, code: rt::NativeCode) -> rt::NativeCode {
        let Some(names) = self.compilers.perf else { return code };
        let name = self.name_of(code.kind());
        code.named(&name, names)
    }

    /// The name of machine code in profiles.
    fn name_of(&self, kind: CodeKind) -> String {
        let module = self.module.names().module().unwrap_or("wasm");
        let func = |func| match self.module.func_name_or_export(FuncIdx(func)) {
            Some(name) => format!("{module}!{}", demangle(name)),
            None => format!("{module}!{}", FuncIdx(func)),
        };
        match kind {
            CodeKind::Func(of) => func(of),
            CodeKind::Loop { func: of, offset } => format!("{} [loop at {offset:#x}]", func(of)),
            CodeKind::ThunkIn(ty) => format!("{module}![in, type {ty}]"),
            CodeKind::ThunkOut(ty) => format!("{module}![out, type {ty}]"),
            CodeKind::Way(way) => format!("{module}![{way:?}]"),
        }
    }

    /// The native code of a defined function; `None`: it runs as bytecode.
    pub(crate) fn native_code(&self, func: FuncIdx) -> Option<Arc<rt::NativeCode>> {
        let defined = func.index().checked_sub(self.module.imported_func_count())?;
        let support = self.native()?;
        let slot = self.native_funcs.get(defined)?;
        if slot.get().is_none() && self.is_cached(func) {
            self.take_cached(support, defined);
        }
        let code = slot.get_or_init(|| {
            let made = workers::work(|| self.make_native(support, &[func])).pop();
            self.settle(func, made.or_bug("each function has an outcome"))
        });
        code.clone()
    }

    /// Takes stored code of a defined function and of the next ones that have some, which most
    /// often ran together before: they lie together, so the system is asked less often. No compiler
    /// works, so no thread is needed.
    fn take_cached(&self, support: &NativeSupport, defined: usize) {
        let next = self.module.defined_funcs().zip(&self.native_funcs).skip(defined);
        let is_left =
            |&(func, slot): &(FuncIdx, &OnceLock<_>)| slot.get().is_none() && self.is_cached(func);
        let (funcs, slots): (Vec<FuncIdx>, Vec<_>) =
            next.take(NEXT_SEEN).filter(is_left).take(NEXT_TAKEN).unzip();
        // No slot is being filled by this thread: filling one may wait for a thread that compiles.
        for (code, slot) in self.cached_funcs(support, &funcs).into_iter().zip(slots) {
            if let Some(code) = code {
                slot.set(Some(code)).ok();
            }
        }
    }

    /// Machine code of all functions, in parallel.
    pub(super) fn make_all_native(&self, funcs: &[FuncIdx]) {
        workers::work_in_parallel(|| {
            let groups = self.groups(funcs);
            groups.into_par_iter().for_each(|group| self.make_native_group(&funcs[group]));
        });
    }

    /// Machine code of functions that have none yet; it lies together.
    fn make_native_group(&self, funcs: &[FuncIdx]) {
        let Some(support) = self.native() else { return };
        let slot =
            |func: FuncIdx| &self.native_funcs[func.index() - self.module.imported_func_count()];
        let left: Vec<FuncIdx> =
            funcs.iter().copied().filter(|&func| slot(func).get().is_none()).collect();
        let found = self.cached_funcs(support, &left);
        let (mut cached, mut rest) = (Vec::new(), Vec::new());
        for (&func, code) in left.iter().zip(found) {
            match code {
                Some(code) => cached.push((func, code)),
                None => rest.push(func),
            }
        }
        for (func, code) in cached {
            slot(func).get_or_init(|| Some(code));
        }
        for (&func, made) in rest.iter().zip(self.make_native(support, &rest)) {
            // Another thread may have been faster; what is run is one of both.
            slot(func).get_or_init(|| self.settle(func, made));
        }
    }

    /// The code that was made; where there is none, why is recorded.
    fn settle(&self, func: FuncIdx, made: Made) -> Option<Arc<rt::NativeCode>> {
        made.map_err(|reason| self.refuse(func, reason)).ok()
    }

    /// Records why a function has no machine code.
    pub(super) fn refuse(&self, func: FuncIdx, reason: RefusalReason) {
        let compiler = self.compilers.native.as_ref().map_or("", |(compiler, _)| compiler.name());
        let refusal = Refusal { func, compiler: compiler.to_owned(), reason };
        self.refusals_locked().insert(func, refusal);
    }

    /// Proposes and loads machine code of functions: an outcome for each, in their order.
    fn make_native(&self, support: &NativeSupport, funcs: &[FuncIdx]) -> Vec<Made> {
        let layout = support.module.layout();
        let proposed = |&func: &FuncIdx| {
            // Calls of functions come in by the thunks of their types.
            if let Some(reason) = support.refusals.get(&self.module.func_type_idx(func).0) {
                return Err(reason.clone());
            }
            if self.is_known_unproved(func) {
                return Err(RefusalReason::Declined(KNOWN_UNPROVED.to_owned()));
            }
            let Some((compiler, _)) = self.compilers.native.as_ref() else {
                return Err(RefusalReason::Declined("there is no compiler".to_owned()));
            };
            let code = self.watched(|| {
                let code = compiler.function(&self.module, layout, &self.settings, func);
                self.related(layout, code.map_err(RefusalReason::from)?)
            })?;
            of_kind(code, CodeKind::Func(func.0)).map_err(RefusalReason::Rejected)
        };
        let mut outcomes: Vec<Option<RefusalReason>> = Vec::with_capacity(funcs.len());
        let mut codes = Vec::with_capacity(funcs.len());
        for code in funcs.iter().map(proposed) {
            outcomes.push(code.map(|code| codes.push(code)).err());
        }
        let mut loaded = self.load(layout, codes).into_iter();
        let outcome = |refused: Option<RefusalReason>| match refused {
            Some(reason) => Err(reason),
            None => {
                let loaded = loaded.next().or_bug("each piece of code has an outcome");
                loaded.map_err(RefusalReason::Rejected)
            }
        };
        outcomes.into_iter().map(outcome).collect()
    }

    /// Runs of functions whose machine code lies together: neighbours are often called together.
    fn groups(&self, funcs: &[FuncIdx]) -> Vec<Range<usize>> {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut bytes = GROUP_BYTES;
        for (at, &func) in funcs.iter().enumerate() {
            match groups.last_mut() {
                Some(group) if bytes < GROUP_BYTES => group.end = at + 1,
                _ => {
                    groups.push(at..at + 1);
                    bytes = 0;
                }
            }
            bytes += self.module.body(func).map_or(0, |body| body.range().len());
        }
        groups
    }
}

/// The parts of a proposal that the check reads.
pub(crate) fn bytes_of(code: &MachineCode) -> MachineBytes<'_> {
    let MachineCode { kind, bytes, certificate, traps, calls, relation: _, sources: _ } = code;
    MachineBytes { kind: *kind, bytes, certificate, traps, calls }
}

/// The code, if it is of this kind.
pub(crate) fn of_kind(code: MachineCode, kind: CodeKind) -> Result<MachineCode, CodeRefusal> {
    match code.kind == kind {
        true => Ok(code),
        false => Err(CodeRefusal::Machine(format!("it is of {:?}", code.kind))),
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64", not(miri)))]
mod tests {
    use super::*;
    use crate::compiler::CompileError;
    use crate::machine::MachineCompiler;
    use crate::pipeline::Compilers;
    use prova_bytecode::Settings;
    use prova_check::Config;
    use prova_module::{Features, Limits, Module};

    /// Makes no code at all.
    struct Nothing;

    impl MachineCompiler for Nothing {
        fn name(&self) -> &str {
            "nothing"
        }

        fn config(&self, _: &Settings) -> Config {
            Config::default()
        }

        fn function(
            &self,
            _: &Module,
            _: &Layout,
            _: &Settings,
            _: FuncIdx,
        ) -> Result<MachineCode, CompileError> {
            Err(CompileError::Declined("it makes nothing".to_owned()))
        }

        fn thunk(&self, _: &Module, _: &Layout, _: CodeKind) -> Result<MachineCode, CompileError> {
            Err(CompileError::Declined("it makes nothing".to_owned()))
        }
    }

    /// Its digest takes time in proportion to the module's bytes.
    #[test]
    fn instances_share_a_layout_that_is_derived_once() {
        let wasm = wat::parse_str("(module (memory 1) (func))").expect("text format");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let native = (Arc::new(Nothing) as Arc<dyn MachineCompiler>, Config::default());
        let compilers = Arc::new(Compilers::new(None, Some(native), None, None, (None, false)));
        let settings = Settings::default();
        let code = Code::new(module.expect("a valid module"), settings, compilers, None);
        let [one, two] = [(); 2].map(|()| code.native_so_far().expect("a layout"));
        assert!(Arc::ptr_eq(&one, &two));
    }
}
