//! The compiler as the embedding API takes it: function → SSA → machine code.
//!
//! The body is the one that `prova-ssa` has proved equal to its Wasm, without passes but those of
//! Cranelift. Calls of functions are resolved by records, so a function is compiled by itself.

use crate::related::relation;
use crate::{Declined, Effort, NativeCode, Target};
use prova_certify::Draft;
use prova_certify::relation::Work;
use prova_check::{Bases, CodeKind, Config, CpuLevel, Layout, MemoryShape, Metering};
use prova_core::{CompileError, MachineCode, MachineCompiler, accepted, processor_has};
use prova_equal::{Ended, Setting};
use prova_module::{FuncIdx, Module, TypeIdx};
use prova_ssa::entered::{EnterError, EnteredBody, enter};
use prova_ssa::{BuildError, BuildReason, CheckedBody, build};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Of the [`SEARCH_WALKS`](prova_certify::relation::SEARCH_WALKS) walks of the proof that a search
/// may take, those for the code that runs fastest, and those for both: code that is nearer to its
/// body has the second part. Of what takes more, most is found there in a few. The rest is for
/// taking claims out.
const FIRST_WALKS: u64 = 22;
const BOTH_WALKS: u64 = 35;

/// Compiles functions to x86-64 machine code through Cranelift.
#[derive(Debug)]
pub struct NativeCompiler {
    shape: Option<MemoryShape>,
    signals: bool,
    bases: Bases,
    cpu: CpuLevel,
    /// How long functions may be compiled, in nanoseconds, and how long they were.
    most: Option<u64>,
    spent: AtomicU64,
    target: OnceLock<Result<Target, Declined>>,
    /// The target without Cranelift's optimiser.
    plain: OnceLock<Result<Target, Declined>>,
}

impl Default for NativeCompiler {
    fn default() -> NativeCompiler {
        NativeCompiler::new()
    }
}

impl NativeCompiler {
    /// Memories by reservation and guard, x86-64-v3 where the machine has it.
    pub fn new() -> NativeCompiler {
        let cpu = if processor_has(CpuLevel::V3) { CpuLevel::V3 } else { CpuLevel::V2 };
        let (most, spent) = (None, AtomicU64::new(0));
        let (target, plain) = (OnceLock::new(), OnceLock::new());
        let bases = Bases::Fixed;
        NativeCompiler { shape: None, signals: true, bases, cpu, most, spent, target, plain }
    }

    /// For exactly this configuration, on any machine.
    #[must_use]
    pub fn of(config: &Config) -> NativeCompiler {
        let &Config { memory, metering: _, cpu, signals, bases } = config;
        NativeCompiler { shape: Some(memory), signals, bases, cpu, ..NativeCompiler::new() }
    }

    /// With an end of compiling: functions that are asked for when all threads together have
    /// compiled for so long stay bytecode. Which ones these are depends on the machine, though not
    /// what they compute; without this, it does not.
    #[must_use]
    pub fn within(self, time: Duration) -> NativeCompiler {
        let most = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        NativeCompiler { most: Some(most), ..self }
    }

    /// Memories of this shape.
    #[must_use]
    pub fn with_memory(self, shape: MemoryShape) -> NativeCompiler {
        NativeCompiler { shape: Some(shape), ..self }
    }

    /// For memories and tables that stay where they are, or may move when they grow.
    #[must_use]
    pub fn with_bases(self, bases: Bases) -> NativeCompiler {
        NativeCompiler { bases, ..self }
    }

    /// For processors of this level, on any machine.
    #[must_use]
    pub fn with_cpu(self, cpu: CpuLevel) -> NativeCompiler {
        NativeCompiler { cpu, target: OnceLock::new(), plain: OnceLock::new(), ..self }
    }

    /// Without faults of the code: every access compares, every division tests its divisor.
    #[must_use]
    pub fn without_signals(self) -> NativeCompiler {
        NativeCompiler { shape: Some(MemoryShape::Explicit), signals: false, ..self }
    }

    fn target(&self, effort: Effort) -> Result<&Target, CompileError> {
        let slot = match effort {
            Effort::Speed => &self.target,
            Effort::None => &self.plain,
        };
        let target = slot.get_or_init(|| Target::with(self.cpu, effort));
        target.as_ref().map_err(|error| declined(error.clone()))
    }

    /// Code of a function, or from a round of a loop on.
    fn made(
        &self,
        (module, layout): (&Module, &Layout),
        settings: &prova_core::Settings,
        kind: CodeKind,
        effort: Effort,
    ) -> Result<MachineCode, CompileError> {
        let (own, deterministic) = (layout.config().metering, settings.deterministic);
        let target = self.target(effort)?;
        let code = match kind {
            CodeKind::Func(func) => {
                let body = body(module, FuncIdx(func), own).map_err(declined)?;
                target.compile(module, layout, body.body(), deterministic)
            }
            CodeKind::Loop { func, offset } => {
                let entered = entered(module, (FuncIdx(func), offset), own).map_err(declined)?;
                target.compile_round(module, layout, &entered, deterministic)
            }
            CodeKind::ThunkIn(ty) => target.thunk_in(module, TypeIdx(ty)),
            CodeKind::ThunkOut(ty) => target.thunk_out(module, TypeIdx(ty)),
            CodeKind::Way(_) => Err(Declined::Bug("ways are the code of other runtimes")),
        };
        code.map_err(declined).and_then(|code| proposed(layout, code))
    }

    /// Code with a relation by which it is proved, or other code of the function that has one; if
    /// there is none, as it is with the relation that was found, and why the search ended.
    fn with_relation(
        &self,
        (module, layout): (&Module, &Layout),
        settings: &prova_core::Settings,
        code: MachineCode,
        stop: &AtomicBool,
    ) -> (MachineCode, Option<Ended>) {
        let Ok(setting) = Setting::new(module, layout) else { return (code, None) };
        let setting = setting.with_deterministic(settings.deterministic);
        let mut work = Work::default().stoppable(stop);
        let first = match relation(&setting, &code, (&mut work, FIRST_WALKS)) {
            Some((relation, true)) => return (MachineCode { relation, ..code }, None),
            Some((relation, false)) => relation,
            None => Vec::new(),
        };
        let first_ended = work.ended();
        // Code that is nearer to its body may be proved; else the first one's difference counts.
        if first_ended != Some(Ended::Stopped)
            && let Ok(other) = self.made((module, layout), settings, code.kind, Effort::None)
            && let Some((relation, true)) = relation(&setting, &other, (&mut work, BOTH_WALKS))
            && let Ok(other) = accepted(self, layout, other)
        {
            return (MachineCode { relation, ..other }, None);
        }
        (MachineCode { relation: first, ..code }, work.ended().or(first_ended))
    }

    /// Makes code, unless the time for that is over.
    fn timed<T>(&self, make: impl FnOnce() -> Result<T, CompileError>) -> Result<T, CompileError> {
        let Some(most) = self.most else { return make() };
        if self.spent.load(Ordering::Relaxed) >= most {
            return Err(declined(Declined::Time));
        }
        let start = Instant::now();
        let made = make();
        let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.spent.fetch_add(spent, Ordering::Relaxed);
        made
    }
}

/// The SSA form of a function, proved equal to its Wasm.
///
/// # Errors
/// Why there is none.
pub fn body(module: &Module, func: FuncIdx, metering: Metering) -> Result<CheckedBody, Declined> {
    let body = build(module, func, self::metering(metering)).map_err(|error| no_body(&error))?;
    CheckedBody::check(module, body).map_err(|error| Declined::Ssa(error.to_string()))
}

/// The charges and polls of a body for code that is metered so.
fn metering(metering: Metering) -> prova_ssa::Metering {
    prova_ssa::Metering { fuel: metering.fuel, epoch: metering.epoch }
}

/// Why a function has no SSA form.
pub(crate) fn no_body(error: &BuildError) -> Declined {
    match error.reason {
        BuildReason::NoBody | BuildReason::Args { .. } | BuildReason::Bug { .. } => {
            Declined::Ssa(error.to_string())
        }
    }
}

/// The body of a function from a round of the loop at an offset on, with these charges and polls.
pub(crate) fn entered(
    module: &Module,
    (func, offset): (FuncIdx, u32),
    own: Metering,
) -> Result<EnteredBody, Declined> {
    enter(module, func, offset, metering(own)).map_err(refused)
}

/// Why a loop cannot be entered.
fn refused(error: EnterError) -> Declined {
    match error {
        EnterError::NoWay(why) => Declined::Round(why),
        EnterError::Build(error) => no_body(&error),
        EnterError::Refused(_) => Declined::Ssa(error.to_string()),
    }
}

impl MachineCompiler for NativeCompiler {
    fn name(&self) -> &str {
        "native"
    }

    fn maker(&self) -> String {
        let (own, cranelift) = (env!("CARGO_PKG_VERSION"), cranelift_codegen::VERSION);
        format!("prova-native {own}, cranelift {cranelift}")
    }

    fn config(&self, settings: &prova_core::Settings) -> Config {
        let metering = settings.metering;
        Config {
            memory: self.shape.unwrap_or(MemoryShape::GUARD),
            metering: Metering { fuel: metering.has_fuel(), epoch: metering.has_epoch() },
            cpu: self.cpu,
            signals: self.signals,
            bases: self.bases,
        }
    }

    fn function(
        &self,
        module: &Module,
        layout: &Layout,
        settings: &prova_core::Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError> {
        let kind = CodeKind::Func(func.0);
        self.timed(|| self.made((module, layout), settings, kind, Effort::Speed))
    }

    fn thunk(
        &self,
        module: &Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        if let CodeKind::Func(_) | CodeKind::Loop { .. } = kind {
            return Err(declined(Declined::Bug("a function as a thunk")));
        }
        let level = layout.config().cpu;
        if level != self.cpu {
            // The functions come from a file, which was made for another level.
            let other = NativeCompiler::new().with_cpu(level);
            let settings = prova_core::Settings::default();
            return other.made((module, layout), &settings, kind, Effort::Speed);
        }
        self.made((module, layout), &prova_core::Settings::default(), kind, Effort::Speed)
    }

    fn of_loop(
        &self,
        module: &Module,
        layout: &Layout,
        settings: &prova_core::Settings,
        (func, offset): (FuncIdx, u32),
    ) -> Result<MachineCode, CompileError> {
        let kind = CodeKind::Loop { func: func.0, offset };
        self.timed(|| self.made((module, layout), settings, kind, Effort::Speed))
    }

    fn related(
        &self,
        module: &Module,
        layout: &Layout,
        settings: &prova_core::Settings,
        code: MachineCode,
        stop: &AtomicBool,
    ) -> (MachineCode, Option<Ended>) {
        // Searching is a part of compiling, and ends with it.
        let own = code.clone();
        let search = || Ok(self.with_relation((module, layout), settings, own, stop));
        self.timed(search).unwrap_or((code, None))
    }

    fn certified(&self, layout: &Layout, refused: MachineCode) -> Option<MachineCode> {
        let MachineCode { kind, bytes, traps, calls, relation, sources, .. } = refused;
        let draft = Draft { kind, bytes: &bytes, traps: &traps, calls: &calls };
        let certificate = prova_certify::certify(layout, &draft).ok()?;
        Some(MachineCode { kind, bytes, certificate, traps, calls, relation, sources })
    }
}

/// Code with the certificate that took least; [`MachineCompiler::certified`] knows others.
///
/// # Errors
/// If there is none: the rule that the check would find broken.
fn proposed(layout: &Layout, code: NativeCode) -> Result<MachineCode, CompileError> {
    let NativeCode { kind, bytes, traps, calls, .. } = code;
    let draft = Draft { kind, bytes: &bytes, traps: &traps, calls: &calls };
    let certificate = prova_certify::propose(layout, &draft)
        .map_err(|error| CompileError::Declined(error.to_string()))?;
    let (relation, sources) = (Vec::new(), code.sources);
    Ok(MachineCode { kind, bytes, certificate, traps, calls, relation, sources })
}

fn declined(why: Declined) -> CompileError {
    match why {
        Declined::Panic(_) | Declined::Bug(_) => CompileError::Bug(why.to_string()),
        Declined::Results
        | Declined::Parameters
        | Declined::Frame
        | Declined::Operator(_)
        | Declined::Casts
        | Declined::NoFunction
        | Declined::Subtypes
        | Declined::Limit(..)
        | Declined::Work(_)
        | Declined::Time
        | Declined::Budget(_)
        | Declined::Relocation(_)
        | Declined::Ssa(_)
        | Declined::Round(_)
        | Declined::Compiler(_) => CompileError::Declined(why.to_string()),
    }
}
