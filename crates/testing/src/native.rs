//! Native code for stores of the runtime, and what it does against the reference tier.
//!
//! ```text
//! Case ─┬─ Reference ───────────────► Record ─┐
//!       └─ NativeAttach, bytecode ──► Record ─┴─ the same, or the first difference
//! ```
//!
//! Functions that the compiler declines run as bytecode in the same instance, as ever; [`Tally`]
//! counts them by reason. In a campaign of *swaps* functions begin as bytecode that counts, and at
//! looks at random functions and loops go over to machine code. All of a record is compared except
//! the place of a memory fault, which native code does not tell.

use crate::attach::Translation;
use crate::differential::shown;
use crate::generate::{Case, Generator};
use crate::host::Host;
use crate::run::{Failure, Outcome, Program, Record, STACK_BYTES, Setup};
use prova_check::{Code, CodeKind, Layout, MemoryShape};
use prova_core::{CompileError, MachineCode, MachineCompiler, Tier};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::NativeCompiler;
use prova_random::Rng;
use prova_runtime as rt;
use rt::{
    Attach, AttachError, Attached, Heat, Metering, NativeCode, NativeModule, Place, Ready,
    Settings, Thunks,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Compiles functions when they are asked for, each once; bytecode for the others.
pub struct NativeAttach {
    translation: Translation,
    settings: Settings,
    compiler: NativeCompiler,
    module: OnceLock<Option<Arc<NativeModule>>>,
    state: Mutex<State>,
    /// Decides at looks; `None`: all functions are native from the start.
    swaps: Option<Mutex<Rng>>,
}

#[derive(Default)]
struct State {
    code: BTreeMap<FuncIdx, Option<Arc<NativeCode>>>,
    loops: BTreeMap<(FuncIdx, u32), Option<Arc<NativeCode>>>,
    tally: Tally,
}

/// How many functions were asked for, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Functions that run as native code.
    pub native: u64,
    /// Functions that do not, by reason.
    pub declined: BTreeMap<String, u64>,
    /// Looks at programs that began as bytecode.
    pub looks: u64,
    /// Looks at which a loop went over to native code.
    pub entered: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: &Tally) {
        self.native += other.native;
        self.looks += other.looks;
        self.entered += other.entered;
        for (reason, count) in &other.declined {
            *self.declined.entry(reason.clone()).or_default() += count;
        }
    }
}

impl NativeAttach {
    /// For one module, in these settings.
    pub fn new(settings: Settings, compiler: NativeCompiler) -> NativeAttach {
        NativeAttach {
            translation: Translation::new(settings),
            settings,
            compiler,
            module: OnceLock::new(),
            state: Mutex::default(),
            swaps: None,
        }
    }

    /// The same, where functions begin as bytecode and go over as `rng` decides.
    pub fn with_swaps(settings: Settings, compiler: NativeCompiler, rng: Rng) -> NativeAttach {
        let translation = Translation::with_heat(settings);
        let swaps = Some(Mutex::new(rng));
        NativeAttach { translation, swaps, ..NativeAttach::new(settings, compiler) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something happens, in this many of 100 cases; never without swaps.
    fn happens(&self, percent: usize) -> bool {
        let swaps = self.swaps.as_ref();
        swaps.is_some_and(|rng| rng.lock().unwrap_or_else(PoisonError::into_inner).percent(percent))
    }

    /// The code that was made, counted.
    fn settled(
        &self,
        tally: &mut Tally,
        code: Result<Arc<NativeCode>, String>,
    ) -> Option<Arc<NativeCode>> {
        match code {
            Ok(code) => {
                tally.native += 1;
                Some(code)
            }
            Err(reason) => {
                // Offsets differ from function to function.
                let words = reason.split(' ').filter(|word| !word.starts_with("0x"));
                let reason = words.collect::<Vec<&str>>().join(" ");
                *tally.declined.entry(reason).or_default() += 1;
                None
            }
        }
    }

    /// Native code of a function, made once.
    fn function(&self, module: &Module, func: FuncIdx) -> Option<Arc<NativeCode>> {
        let mut state = self.state();
        if let Some(code) = state.code.get(&func) {
            return code.clone();
        }
        let native = self.native(module)?;
        let layout = native.layout();
        let code = self.compiler.function(module, layout, &self.settings, func);
        let code = self.settled(&mut state.tally, self.load(layout, code));
        state.code.insert(func, code.clone());
        code
    }

    /// Native code of a loop, made once.
    fn of_loop(&self, module: &Module, func: FuncIdx, offset: u32) -> Option<Arc<NativeCode>> {
        let mut state = self.state();
        if let Some(code) = state.loops.get(&(func, offset)) {
            return code.clone();
        }
        let native = self.native(module)?;
        let layout = native.layout();
        let code = self.compiler.of_loop(module, layout, &self.settings, (func, offset));
        let code = self.settled(&mut state.tally, self.load(layout, code));
        state.loops.insert((func, offset), code.clone());
        code
    }

    /// The outcomes for the functions.
    pub fn tally(&self) -> Tally {
        self.state().tally.clone()
    }

    fn load(
        &self,
        layout: &Layout,
        code: Result<MachineCode, CompileError>,
    ) -> Result<Arc<NativeCode>, String> {
        let code = code.map_err(|error| error.to_string())?;
        let load = |code: &MachineCode| {
            let MachineCode { kind, bytes, certificate, traps, calls, .. } = code;
            let code = Code { kind: *kind, bytes, certificate, traps, calls };
            let loaded = NativeCode::load(layout, self.settings, code);
            loaded.map(Arc::new).map_err(|error| error.to_string())
        };
        load(&code).or_else(|refusal| match self.compiler.certified(layout, code) {
            Some(code) => load(&code),
            None => Err(refusal),
        })
    }
}

impl Attach for NativeAttach {
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        self.translation.attach(module, func)
    }

    fn native(&self, module: &Module) -> Option<Arc<NativeModule>> {
        let made = self.module.get_or_init(|| {
            let config = self.compiler.config(&self.settings);
            let native = NativeModule::derive(module, &config).ok()?;
            let layout = native.layout();
            let thunk = |kind| self.load(layout, self.compiler.thunk(module, layout, kind)).ok();
            let thunks = (0..module.types().len() as u32).map(|ty| {
                let into = thunk(CodeKind::ThunkIn(ty))?;
                Some(Thunks { into, out: thunk(CodeKind::ThunkOut(ty))? })
            });
            let thunks = thunks.collect();
            native.with_thunks(thunks).ok().map(Arc::new)
        });
        made.clone()
    }

    fn attach_native(&self, module: &Module, func: FuncIdx) -> Option<Arc<NativeCode>> {
        if self.swaps.is_some() && !self.happens(20) {
            return None;
        }
        self.function(module, func)
    }

    fn look(&self, module: &Module, at: Place) -> Ready {
        self.state().tally.looks += 1;
        let mut ready = Ready::default();
        if self.happens(30) {
            ready.funcs.extend(self.function(module, at.func));
        }
        if self.happens(10) {
            let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
            let rng = self.swaps.as_ref();
            let pick =
                rng.map(|rng| *rng.lock().unwrap_or_else(PoisonError::into_inner).pick(&funcs));
            ready.funcs.extend(pick.and_then(|func| self.function(module, func)));
        }
        if let Some(offset) = at.of_loop
            && self.happens(40)
        {
            ready.of_loop = self.of_loop(module, at.func, offset);
            self.state().tally.entered += u64::from(ready.of_loop.is_some());
        }
        ready
    }
}

/// A store that takes native code, like [`crate::run::store`].
pub fn store(settings: Settings, compiler: &NativeCompiler, heat: Heat) -> rt::Store {
    let limits = rt::Limits {
        memory_bytes_max: 1 << 20,
        table_elements_max: 10_000,
        ..rt::Limits::default()
    };
    rt::Store::new(rt::StoreConfig {
        settings,
        limits,
        stack_bytes: STACK_BYTES,
        native: Some(compiler.config(&settings)),
        heat,
        ..rt::StoreConfig::default()
    })
}

/// The settings that a case runs in, by its number.
fn settings(index: u64) -> Settings {
    let metering = [Metering::None, Metering::Fuel, Metering::Epoch, Metering::Both];
    Settings { metering: metering[(index / 2 % 4) as usize], deterministic: true }
}

/// Runs a case as native code and in the reference tier.
///
/// # Errors
/// The first difference.
pub fn compare(
    case: &Case,
    index: u64,
    make: &dyn Fn() -> NativeCompiler,
) -> Result<Tally, String> {
    let host = host(index);
    Ok(sides(case, index, (host, None), make)?.map_or_else(Tally::default, |(_, tally)| tally))
}

/// Runs a case with swaps, as `seed` decides, and in the reference tier.
///
/// # Errors
/// The first difference.
pub fn compare_swaps(
    case: &Case,
    index: u64,
    seed: u64,
    make: &dyn Fn() -> NativeCompiler,
) -> Result<Tally, String> {
    let ran = sides(case, index, (host(index), Some(seed)), make)?;
    Ok(ran.map_or_else(Tally::default, |(_, tally)| tally))
}

/// The imports of a case, by its number.
fn host(index: u64) -> Host {
    [Host::Function, Host::Growing, Host::Instance][(index % 3) as usize]
}

/// Runs a case as native code, with swaps if there is a seed for them, and in the reference tier,
/// with these imports: what both did, as the reference tier tells it. None of what is no module of
/// ours, or runs out of fuel where it begins.
///
/// # Errors
/// The first difference.
pub fn sides(
    case: &Case,
    index: u64,
    (host, swaps): (Host, Option<u64>),
    make: &dyn Fn() -> NativeCompiler,
) -> Result<Option<(Record, Tally)>, String> {
    let Ok(module) = Module::decode(&*case.wasm, &Features::default(), &Limits::default()) else {
        return Ok(None);
    };
    let settings = settings(index);
    let calls = &case.calls[..];
    let run = |settings: Settings, skip_from: usize, native: bool| {
        let program = Program { module: &module, calls, fuel: case.fuel, skip_from, host };
        if !native {
            return (
                program.run(Setup { tier: Tier::Reference, settings }, None),
                Tally::default(),
            );
        }
        let (attach, heat) = match swaps {
            None => (NativeAttach::new(settings, make()), Heat::NEVER),
            Some(seed) => {
                let rng = Rng::new(seed ^ index);
                let heat = Heat { every: 1 + (index % 7) as u32, seed };
                (NativeAttach::with_swaps(settings, make(), rng), heat)
            }
        };
        let attach = Arc::new(attach);
        let store = store(settings, &make(), heat);
        let record = program.run_in(store, Some(Arc::clone(&attach) as _));
        (record, attach.tally())
    };
    let fuelled = Settings { metering: Metering::Fuel, ..settings };
    let (mut expected, _) = run(fuelled, calls.len(), false);
    let mut skip_from = calls.len();
    if !settings.metering.has_fuel() {
        // A run that exhausts its fuel might never end without metering.
        if let Some(Failure::Trap(outcome)) = &expected.instantiation
            && outcome.is_out_of_fuel()
        {
            return Ok(None);
        }
        let short = expected.calls.iter().position(|(outcome, _)| outcome.is_out_of_fuel());
        skip_from = short.unwrap_or(calls.len());
        expected = run(settings, skip_from, false).0;
    } else if settings.metering != Metering::Fuel {
        expected = run(settings, skip_from, false).0;
    }
    let (mut native, tally) = run(settings, skip_from, true);
    let mut plain = expected.clone();
    for record in [&mut plain, &mut native] {
        without_faults(record);
    }
    if plain == native {
        return Ok(Some((expected, tally)));
    }
    Err(difference(&plain, &native))
}

fn without_faults(record: &mut Record) {
    if let Some(Failure::Trap(Outcome::Trap { fault, .. })) = &mut record.instantiation {
        *fault = None;
    }
    for (outcome, _) in &mut record.calls {
        if let Outcome::Trap { fault, .. } = outcome {
            *fault = None;
        }
    }
}

fn difference(expected: &Record, native: &Record) -> String {
    if expected.instantiation != native.instantiation {
        return format!("instantiation: {:?}, {:?}", expected.instantiation, native.instantiation);
    }
    for (call, (a, b)) in expected.calls.iter().zip(&native.calls).enumerate() {
        if a != b {
            return format!("call {call}: expected {a:?}, native {b:?}");
        }
    }
    "the state at the end".to_owned()
}

/// The compiler of a case, by its number: one of four compares addresses instead of
/// guarding, and one does without faults as well.
pub(crate) fn compiler(index: u64) -> NativeCompiler {
    match index / 8 % 4 {
        2 => NativeCompiler::new().without_signals(),
        3 => NativeCompiler::new().with_memory(MemoryShape::Explicit),
        _ => NativeCompiler::new(),
    }
}

/// Compares `count` cases of a generator, from a number on; with swaps or without.
///
/// # Errors
/// The first difference, with its case.
pub fn campaign(
    generator: Generator,
    seed: u64,
    from: u64,
    count: u64,
    (funcs, swaps): (usize, bool),
) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for index in from..from + count {
        let case = generator.case(seed, index, funcs);
        let make = || compiler(index);
        let one = match swaps {
            false => compare(&case, index, &make),
            true => compare_swaps(&case, index, seed, &make),
        };
        let found = |what| format!("seed {seed}, case {index}: {what}\n{}", shown(&case));
        tally.add(&one.map_err(found)?);
    }
    Ok(tally)
}
