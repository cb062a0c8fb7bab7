//! Machine code as a side: functions that the compiler takes run as machine code, the others as
//! bytecode in the same instance; [`Tally`] counts them by reason.
//!
//! With *swaps* functions begin as bytecode that counts, and at looks at random functions and loops
//! go over to machine code. The place of a memory fault is not told by machine code: comparisons
//! leave it apart ([`APART`]).

use super::Side;
use super::attach::Translation;
use super::compare::Apart;
use super::run::{Program, Record, limited};
use prova_check::{Bases, Code, CodeKind, Config, Layout, MemoryShape};
use prova_core::{CompileError, MachineCode, MachineCompiler};
use prova_module::{FuncIdx, Module};
use prova_native::NativeCompiler;
use prova_random::Rng;
use prova_runtime as rt;
use rt::{
    Attach, AttachError, Attached, Heat, NativeCode, NativeModule, Place, Ready, Settings, Thunks,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The parts of a record that machine code and the other sides do not have in common.
pub const APART: Apart = Apart { fuel: false, places: false, faults: true };

/// How machine code keeps inside of memories, how it traps, and whether memories move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Reservation and guard; faults are traps.
    Guard,
    /// Comparisons; faults are traps.
    Explicit,
    /// Comparisons, and no faults.
    NoSignals,
    /// Masked pointers.
    Masked,
    /// As [`Way::Guard`]; memories and tables move whenever they grow.
    Moving,
    /// As [`Way::Masked`]; memories and tables move whenever they grow.
    Adrift,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 6] =
        [Way::Guard, Way::Explicit, Way::NoSignals, Way::Masked, Way::Moving, Way::Adrift];

    /// Those whose counts are stored (`tests/native`).
    pub const STORED: [Way; 3] = [Way::Guard, Way::Explicit, Way::NoSignals];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Way::Guard => "guard",
            Way::Explicit => "explicit",
            Way::NoSignals => "no-signals",
            Way::Masked => "masked",
            Way::Moving => "moving",
            Way::Adrift => "adrift",
        }
    }

    /// The way of a name.
    pub fn of(name: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|way| way.name() == name)
    }

    /// The compiler of such code.
    pub fn compiler(self) -> NativeCompiler {
        let Config { memory, signals, bases, .. } = self.config(Default::default());
        let compiler = NativeCompiler::new().with_memory(memory).with_bases(bases);
        if signals { compiler } else { compiler.without_signals() }
    }

    /// The configuration of an engine whose code is such.
    pub fn configure(self, config: &mut prova_core::Config) {
        config.native(self.compiler()).signals_based_traps(self != Way::NoSignals);
    }

    /// The target of such code.
    pub fn config(self, metering: prova_check::Metering) -> Config {
        let memory = match self {
            Way::Guard | Way::Moving => MemoryShape::GUARD,
            Way::Explicit | Way::NoSignals => MemoryShape::Explicit,
            Way::Masked | Way::Adrift => MemoryShape::Masked,
        };
        let bases = match self {
            Way::Moving | Way::Adrift => Bases::MayMove,
            Way::Guard | Way::Explicit | Way::NoSignals | Way::Masked => Bases::Fixed,
        };
        Config { memory, metering, signals: self != Way::NoSignals, bases, ..Config::default() }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Machine code, from the start or after swaps.
pub struct Native {
    settings: Settings,
    compiler: NativeCompiler,
    heat: Heat,
    attach: Arc<NativeAttach>,
}

impl Native {
    /// All functions are native from the start.
    pub fn new(settings: Settings, make: &dyn Fn() -> NativeCompiler) -> Native {
        let attach = Arc::new(NativeAttach::new(settings, make()));
        Native { settings, compiler: make(), heat: Heat::NEVER, attach }
    }

    /// Functions begin as bytecode and go over as `rng` decides.
    pub fn with_swaps(
        settings: Settings,
        make: &dyn Fn() -> NativeCompiler,
        heat: Heat,
        rng: Rng,
    ) -> Native {
        let attach = Arc::new(NativeAttach::with_swaps(settings, make(), rng));
        Native { settings, compiler: make(), heat, attach }
    }

    /// The outcomes for the functions of all runs.
    pub fn tally(&self) -> Tally {
        self.attach.tally()
    }
}

impl Side for Native {
    fn run(&self, program: &Program<'_>) -> Record {
        let store = store(self.settings, &self.compiler, self.heat);
        program.run_in(store, Some(Arc::clone(&self.attach) as _))
    }
}

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

/// A store that takes native code, like [`super::run::store`].
pub fn store(settings: Settings, compiler: &NativeCompiler, heat: Heat) -> rt::Store {
    rt::Store::new(rt::StoreConfig {
        native: Some(compiler.config(&settings)),
        heat,
        ..limited(settings)
    })
}
