//! A record and an engine's settings → one run, as it is or instrumented, and how it ended.
//!
//! ```text
//! live: module + WASI ─► Record          Prepared: Record + Config + Plan ─ run(Watch) ─► Ran
//! ```
//!
//! `diverge` runs a prepared program as often as it must.
//!
//! 1. Every run has a fresh store, and fixed NaN bits under any settings.
//! 2. What stops a program is never an error of ours: [`End`] says what it was. Errors are of what
//!    cannot start.

use super::instrument::{Instrumented, OWN, Plan, instrument};
use super::numbers::{Ask, Numbers, Place, SOME};
use super::record::{Answer, Record, Recorder};
use super::replay::{OtherCall, Replay, Replays, cells_of, link};
use super::site::Site;
use super::watch::{Event, Next, Watch};
use super::{Level, TraceReport, report};
use prova_builds::names::printable;
use prova_core::wasi::{self, I32Exit, WASI_MODULE, WasiCtx};
use prova_core::{
    AnyRef, AsContext, Caller, Config, Engine, Error, ExternType, FuncType, Instance, Linker,
    Module, Result, Rooted, Store, Trap, Val, WasmBacktrace, bail,
};
use std::fmt;
use std::hash::Hasher;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// The least stack of an instrumented program, in bytes: its frames are larger than they were.
const STACK_BYTES: usize = 64 << 20;

/// By how much frames grow, at most by far, where functions are instrumented.
const STACK_FACTOR: usize = 8;

/// The greatest stack that a configuration may have.
const STACK_BYTES_MAX: usize = 1 << 30;

/// The stack of a program that is instrumented so, in bytes, if it has this much as it is. Where no
/// function is touched it is the same, so that it ends where the program does.
fn stack_bytes(own: usize, level: Level) -> usize {
    match level {
        Level::Host | Level::Around => own,
        Level::Calls | Level::Stores | Level::Loads | Level::Branches | Level::Values => {
            own.saturating_mul(STACK_FACTOR).clamp(STACK_BYTES, STACK_BYTES_MAX)
        }
    }
}

/// Makes values of the arguments of an export of this name and type, as they were written.
pub type Arguments<'a> = &'a dyn Fn(&str, &FuncType, &[String]) -> Result<Vec<Val>>;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With these results.
    Returned(Vec<String>),
    Exited(i32),
    /// At the operator of a function of the module as it was, where that is known.
    Trapped(String, Option<(u32, u32)>),
    OtherCall(OtherCall),
    /// Where the watch wanted it.
    Stopped,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Returned(values) if values.is_empty() => f.write_str("returned"),
            End::Returned(values) => write!(f, "returned {}", values.join(", ")),
            End::Exited(code) => write!(f, "exited with {code}"),
            End::Trapped(why, _) => match why.strip_prefix("wasm trap: ") {
                Some(trap) => write!(f, "trapped ({trap})"),
                None => write!(f, "stopped ({why})"),
            },
            End::OtherCall(other) => write!(f, "was stopped: {other}"),
            End::Stopped => f.write_str("was stopped"),
        }
    }
}

/// A value of the state before an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// It is one of the operand stack, and else a local.
    pub(crate) of_stack: bool,
    pub(crate) index: u32,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) end: End,
    /// How many events there were, and the hash after the last one; of a run that was stopped, up
    /// to there.
    pub(crate) count: u64,
    pub(crate) hash: u64,
    pub(crate) watch: Watch,
    pub(crate) state: Vec<Value>,
    /// Functions and operators of the module as it was that were active where the run was stopped,
    /// the innermost first.
    pub(crate) frames: Vec<(u32, u32)>,
    /// Calls of the host that were answered.
    pub(crate) calls: u64,
    /// A hash of the memories at the end, where there are any: of an instrumented program of all,
    /// and else of the exported one.
    pub(crate) memory: Option<u64>,
    /// The results by type and bits, if it returned and they are known: as text, what differs may
    /// look alike.
    pub(crate) results: Option<Vec<(&'static str, [u64; 2])>>,
    /// Count, hash and calls are those of the end; if not, there may have been more.
    pub(crate) exact: bool,
}

/// Why the watch ends a run.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run has come to where it was to stop")
    }
}

impl std::error::Error for Stop {}

/// The host's side of a run.
pub(crate) struct Host {
    replay: Replay,
    watch: Watch,
    state: Vec<Value>,
    pub(super) numbers: Numbers,
}

impl Replays for Host {
    fn replay(&mut self) -> &mut Replay {
        &mut self.replay
    }
}

/// A module that is ready to run in an engine.
pub(crate) struct Prepared {
    engine: Engine,
    /// The module as it was.
    original: Module,
    /// The module that runs.
    module: Module,
    /// The sites, if it is instrumented.
    told: Option<Instrumented>,
    linker: Linker<Host>,
    record: Arc<Record>,
    imports: Arc<[(String, String)]>,
    /// It is another build than the recorded one.
    moved: bool,
    fuel: Option<u64>,
}

impl Prepared {
    /// A module with the answers of a record: instrumented if there is a plan. The module may be
    /// another build than the recorded one.
    ///
    /// # Errors
    /// If the module is refused, or imports what is no function.
    pub(crate) fn new(
        config: &Config,
        bytes: &[u8],
        record: &Arc<Record>,
        plan: Option<&Plan<'_>>,
        fuel: Option<u64>,
    ) -> Result<Prepared> {
        let mut config = config.clone();
        config.deterministic(true).consume_fuel(fuel.is_some()).epoch_interruption(false);
        let plain = Engine::new(&config)?;
        let recorded = Module::new(&plain, record.module())?;
        let imports = super::func_imports(recorded.wasm()).into();
        let own = bytes == record.module();
        let original = if own { recorded } else { Module::new(&plain, bytes)? };
        let imports_own = original.imports().any(|import| import.module() == OWN);
        if imports_own || original.exports().any(|export| export.name().starts_with(OWN)) {
            bail!("the module imports or exports names of `{OWN}`, which tracing has for itself");
        }
        let told = plan.map(|plan| instrument(original.wasm(), plan).map_err(Error::msg));
        let told = told.transpose()?;
        let (engine, module) = match &told {
            Some(told) => {
                let level = plan.map_or(Level::Host, |plan| plan.level);
                let bytes = stack_bytes(config.wasm_stack_bytes(), level);
                let engine = Engine::new(config.max_wasm_stack(bytes))?;
                let module = Module::new(&engine, &told.wasm)?;
                (engine, module)
            }
            None => (plain, original.clone()),
        };
        let mut linker = Linker::new(&engine);
        link(&mut linker, &module, OWN)?;
        if told.is_some() {
            linker.func_wrap(OWN, "reached", reached)?;
            linker.func_wrap(OWN, "state", state)?;
            linker.func_wrap(OWN, "object", object)?;
        }
        let record = record.clone();
        Ok(Prepared { engine, original, module, told, linker, record, imports, moved: !own, fuel })
    }

    /// The module as it was.
    pub(crate) fn original(&self) -> &prova_module::Module {
        self.original.wasm()
    }

    /// The sites, by their numbers in events if all sites have events.
    pub(crate) fn sites(&self) -> &[Site] {
        self.told.as_ref().map_or(&[], |told| &told.sites)
    }

    /// The module that runs: the original, or the instrumented one.
    pub(super) fn running(&self) -> &prova_module::Module {
        self.module.wasm()
    }

    /// The record, and the functions that the recorded module imports.
    pub(super) fn recorded(&self) -> (&Record, &[(String, String)]) {
        (&self.record, &self.imports)
    }

    /// The type of an exported function.
    pub(super) fn func_type(&self, name: &str) -> Option<FuncType> {
        let Some(ExternType::Func(ty)) = self.original.get_export(name) else { return None };
        Some(ty)
    }

    /// Runs it from the start.
    ///
    /// # Errors
    /// If it cannot be instantiated, or the export or its arguments do not fit.
    pub(crate) fn run(&self, watch: Watch, args: Arguments<'_>) -> Result<Ran> {
        self.run_in(watch, args, false, &mut |_, _| {})
    }

    /// Runs it, and then again in the instance that is left. The events are those of the second
    /// run, with the same answers of the host.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub(crate) fn run_again(&self, watch: Watch, args: Arguments<'_>) -> Result<Ran> {
        self.run_in(watch, args, true, &mut |_, _| {})
    }

    /// Runs it from the start, and shows where it ended: how to get at what the instance exports,
    /// by their names.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub(crate) fn run_and_look(
        &self,
        watch: Watch,
        args: Arguments<'_>,
        look: &mut dyn FnMut(&Store<Host>, &Instance),
    ) -> Result<Ran> {
        self.run_in(watch, args, false, look)
    }

    fn run_in(
        &self,
        watch: Watch,
        args: Arguments<'_>,
        again: bool,
        look: &mut dyn FnMut(&Store<Host>, &Instance),
    ) -> Result<Ran> {
        let replay = Replay::new(self.record.clone(), self.imports.clone(), self.moved);
        let mut store = Store::new(
            &self.engine,
            Host { replay, watch, state: Vec::new(), numbers: Numbers::default() },
        );
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel)?;
        }
        let mut instance = None;
        let ended = self.ended(&mut store, &mut instance, args, again)?;
        let global = |name: &str| {
            let global = instance.as_ref()?.get_global(&store, &format!("{OWN} {name}"))?;
            let Val::I64(value) = global.get(&store) else { return None };
            Some(value as u64)
        };
        if let Some(instance) = &instance {
            look(&store, instance);
        }
        // A run that was stopped is compared with none.
        let whole = !matches!(&ended, Err(error) if error.is::<Stop>());
        let memory =
            instance.filter(|_| whole).and_then(|instance| self.memories(&store, instance));
        let (count, hash) = (global("count"), global("hash"));
        let results = ended.as_ref().ok().map(|values| values.iter().map(exact).collect());
        let (end, frames) = match ended {
            Ok(values) => (End::Returned(texts(&values, &store)), Vec::new()),
            Err(error) => self.end(&error),
        };
        let Host { replay, watch, state, .. } = store.into_data();
        let (count, hash) = (count.unwrap_or(watch.seen.0), hash.unwrap_or(watch.seen.1));
        let (calls, exact) = (replay.answered(), true);
        Ok(Ran { end, count, hash, watch, state, frames, calls, memory, results, exact })
    }

    /// A hash of the memories: of all if it is instrumented, and else of the exported one.
    fn memories(&self, store: &Store<Host>, instance: Instance) -> Option<u64> {
        let hash = |name: &str| {
            let memory = instance.get_memory(store, name)?;
            Some(memory_hash(memory.data(store)))
        };
        if self.told.is_none() {
            return hash("memory");
        }
        let count = self.original.wasm().memories().len();
        let all = (0..count).filter_map(|at| hash(&format!("{OWN} memory {at}")));
        Some(all.fold(0, |all, one| super::folded(all, 0, one, 0)))
    }

    /// Instantiates, starts, initialises, calls: the results, or what ended it.
    fn ended(
        &self,
        store: &mut Store<Host>,
        instance: &mut Option<Instance>,
        args: Arguments<'_>,
        again: bool,
    ) -> Result<Result<Vec<Val>>> {
        let made = match self.linker.instantiate(&mut *store, &self.module) {
            Ok(made) => *instance.insert(made),
            Err(error) if stopped_by_program(&error) => return Ok(Err(error)),
            Err(error) => return Err(error),
        };
        for name in [&format!("{OWN} start"), "_initialize"] {
            if let Some(func) = made.get_func(&*store, name)
                && let Err(error) = func.call(&mut *store, &[], &mut [])
            {
                return Ok(Err(error));
            }
        }
        let called = (self.record.export(), self.record.args());
        if again {
            self.first(store, &made, called, args)?;
        }
        invoke(store, &made, called, args)
    }

    /// Runs once without keeping events, and leaves only the effects on the instance.
    fn first(
        &self,
        store: &mut Store<Host>,
        made: &Instance,
        called: (Option<&str>, &[String]),
        args: Arguments<'_>,
    ) -> Result<()> {
        let (kept, numbers) = (store.data().replay.clone(), store.data().numbers.clone());
        let mut globals = Vec::new();
        for name in ["count", "hash", "next"] {
            if let Some(global) = made.get_global(&*store, &format!("{OWN} {name}")) {
                let value = global.get(&mut *store);
                if name == "next" {
                    // No event has this number.
                    global.set(&mut *store, Val::I64(-1))?;
                }
                globals.push((global, value));
            }
        }
        // However it ended: the second run is what counts.
        let _ended = invoke(store, made, called, args)?;
        for (global, value) in globals {
            global.set(&mut *store, value)?;
        }
        store.data_mut().replay = kept;
        store.data_mut().numbers = numbers;
        store.data_mut().state.clear();
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel)?;
        }
        Ok(())
    }

    /// The end of a run that failed, and the functions that were active.
    fn end(&self, error: &Error) -> (End, Vec<(u32, u32)>) {
        let backtrace = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], |all| all.frames());
        let place = |frame: &prova_core::FrameInfo| match &self.told {
            Some(told) => told.place(frame.func_index(), frame.func_offset()),
            None => Some((frame.func_index(), frame.module_offset()? as u32)),
        };
        let frames: Vec<(u32, u32)> = backtrace.iter().filter_map(place).collect();
        let end = if error.is::<Stop>() {
            End::Stopped
        } else if let Some(other) = error.downcast_ref::<OtherCall>() {
            End::OtherCall(other.clone())
        } else {
            match error.downcast_ref::<I32Exit>() {
                Some(I32Exit(code)) => End::Exited(*code),
                None => End::Trapped(why(error), frames.first().copied()),
            }
        };
        (end, frames)
    }
}

/// Whether an error of instantiation is one of code that ran.
pub(crate) fn stopped_by_program(error: &Error) -> bool {
    error.is::<WasmBacktrace>() || error.is::<Trap>() || error.is::<I32Exit>()
}

/// Calls the export of a record, or `_start` if there is one; an inner error is what ended it.
pub(crate) fn invoke<T: 'static>(
    store: &mut Store<T>,
    instance: &Instance,
    (export, texts): (Option<&str>, &[String]),
    args: Arguments<'_>,
) -> Result<Result<Vec<Val>>> {
    let name = export.unwrap_or("_start");
    let Some(func) = instance.get_func(&*store, name) else {
        if export.is_none() {
            // As `prova run` has it: there is nothing to run.
            return Ok(Ok(Vec::new()));
        }
        bail!("the module exports no function `{}`", printable(name));
    };
    let ty = func.ty(&*store);
    let values = args(name, &ty, texts)?;
    let mut results = vec![Val::I32(0); ty.results().len()];
    let called = func.call(&mut *store, &values, &mut results);
    Ok(called.map(|()| results))
}

/// Results as the report has them.
pub(crate) fn texts(values: &[Val], store: impl AsContext) -> Vec<String> {
    let store = store.as_context();
    // They were just returned: their scope has not ended.
    values.iter().map(|value| value.text(&store).unwrap_or_else(|_| value.to_string())).collect()
}

/// A result by its type and bits; a reference by what it is of.
fn exact(value: &Val) -> (&'static str, [u64; 2]) {
    let mut cells = Vec::new();
    cells_of(value, &mut cells);
    let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
    let kind = match value {
        Val::I32(_) => "i32",
        Val::I64(_) => "i64",
        Val::F32(_) => "f32",
        Val::F64(_) => "f64",
        Val::V128(_) => "v128",
        Val::FuncRef(_) => "funcref",
        Val::ExternRef(_) => "externref",
        Val::ExnRef(_) => "exnref",
        Val::AnyRef(_) => "anyref",
    };
    (kind, [cell(0), cell(1)])
}

/// Why a program stopped, in a line.
pub(crate) fn why(error: &Error) -> String {
    let links: Vec<String> = error.chain().map(ToString::to_string).collect();
    let reason = match (error.downcast_ref::<Trap>(), links.as_slice()) {
        // Why the host did it stands around it.
        (Some(Trap::Aborted), [.., why, _]) if !why.starts_with("error while") => why.clone(),
        (Some(trap), _) => trap.to_string(),
        (None, links) => links.last().cloned().unwrap_or_default(),
    };
    printable(reason.lines().next().unwrap_or_default())
}

/// A record of a module that asks the host for nothing.
///
/// # Errors
/// If the module is greater than a record.
pub(crate) fn unanswered(module: &prova_module::Module, export: &str) -> Result<Record> {
    let shared = Shared::default();
    Recorder::new(Box::new(shared.clone()), module, export, &[])?.finish("not run")?;
    let bytes = shared.0.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
    Ok(Record::read(bytes)?)
}

/// How a run ended, as a record has it.
pub fn outcome_text(outcome: &Result<Vec<String>>) -> String {
    let end = match outcome {
        Ok(values) => End::Returned(values.clone()),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => End::Exited(*code),
            None => End::Trapped(why(error), None),
        },
    };
    end.to_string()
}

/// A hash of bytes; not one that anybody could not break.
fn memory_hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let hash =
        words.iter().fold(0, |hash, word| super::folded(hash, 0, u64::from_le_bytes(*word), 0));
    rest.iter().fold(hash, |hash, byte| super::folded(hash, 1, u64::from(*byte), 0))
}

fn reached(
    mut caller: Caller<'_, Host>,
    site: i32,
    a: i64,
    b: i64,
    number: i64,
    hash: i64,
) -> Result<i64> {
    let event = Event {
        number: number as u64,
        site: site as u32,
        a: a as u64,
        b: b as u64,
        hash: hash as u64,
    };
    match caller.data_mut().watch.reached(event) {
        Next::At(next) => Ok(next as i64),
        Next::Stop => Err(Error::new(Stop)),
    }
}

/// The word of a reference of an event, or of an object that was made.
fn object(
    mut caller: Caller<'_, Host>,
    reference: Option<Rooted<AnyRef>>,
    ask: i32,
) -> Result<i64> {
    let Some(reference) = reference else { return Ok(0) };
    if let Some(small) = reference.as_i31(&caller)? {
        return Ok(i64::from(small.get_u32()) << 2 | 2);
    }
    if !reference.is_struct(&caller)? && !reference.is_array(&caller)? {
        return Ok(SOME as i64);
    }
    let mut place = Place::default();
    reference.ref_hash(&caller, &mut place)?;
    let numbers = &mut caller.data_mut().numbers;
    Ok(numbers.word(place.finish(), Ask::of(ask)) as i64)
}

fn state(mut caller: Caller<'_, Host>, kind: i32, index: i32, low: i64, high: i64) {
    let value =
        Value { of_stack: kind == 1, index: index as u32, low: low as u64, high: high as u64 };
    keep(&mut caller.data_mut().state, value);
}

/// Keeps a value of a state. An operator may be executed again without an event between: the last
/// time counts, which begins with the value that the first one began with.
pub(super) fn keep(state: &mut Vec<Value>, value: Value) {
    let again = |first: &Value| (first.of_stack, first.index) == (value.of_stack, value.index);
    if state.first().is_some_and(again) {
        state.clear();
    }
    state.push(value);
}

/// A place for a record in memory.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().map_err(|_| io::Error::other("the record is lost"))?;
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Live {
    wasi: WasiCtx,
    recorder: Recorder,
}

/// Runs a module and records the host's answers.
///
/// Functions that are not of WASI trap when they are called.
///
/// # Errors
/// If the module is refused or cannot be instantiated, or the export or its arguments do not fit.
pub fn live(
    config: &Config,
    bytes: &[u8],
    wasi: WasiCtx,
    call: (Option<&str>, &[String]),
    args: Arguments<'_>,
) -> Result<Record> {
    live_within(None, config, bytes, wasi, call, args)
}

/// The same, for at most so much fuel: the record is of the run up to there.
///
/// # Errors
/// As [`live`].
pub fn live_within(
    fuel: Option<u64>,
    config: &Config,
    bytes: &[u8],
    wasi: WasiCtx,
    (export, texts): (Option<&str>, &[String]),
    args: Arguments<'_>,
) -> Result<Record> {
    let mut config = config.clone();
    config.deterministic(true).consume_fuel(fuel.is_some()).epoch_interruption(false);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, bytes)?;
    let shared = Shared::default();
    let recorder =
        Recorder::new(Box::new(shared.clone()), module.wasm(), export.unwrap_or_default(), texts)?;
    let mut linker: Linker<Live> = Linker::new(&engine);
    wasi::add_observed_to_linker(
        &mut linker,
        |live| &mut live.wasi,
        |live, call| Ok(live.recorder.wasi(call)?),
    )?;
    record_unknown(&mut linker, &module, |live| Some(&mut live.recorder))?;
    let mut store = Store::new(&engine, Live { wasi, recorder });
    if let Some(fuel) = fuel {
        store.set_fuel(fuel)?;
    }
    let ended = match linker.instantiate(&mut store, &module) {
        Ok(instance) => {
            let initialize = instance.get_func(&store, "_initialize");
            match initialize.map(|func| func.call(&mut store, &[], &mut [])) {
                Some(Err(error)) => Err(error),
                Some(Ok(())) | None => invoke(&mut store, &instance, (export, texts), args)?
                    .map(|all| self::texts(&all, &store)),
            }
        }
        Err(error) if stopped_by_program(&error) => Err(error),
        Err(error) => return Err(error),
    };
    store.into_data().recorder.finish(&outcome_text(&ended))?;
    let bytes = shared.0.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
    Ok(Record::read(bytes)?)
}

/// Defines the functions that a module imports and that are not of WASI as ones that trap; `get`
/// finds the recorder that notes it.
///
/// # Errors
/// None is known: names may be defined again.
pub fn record_unknown<T: 'static>(
    linker: &mut Linker<T>,
    module: &Module,
    get: impl Fn(&mut T) -> Option<&mut Recorder> + Copy + Send + Sync + 'static,
) -> Result<()> {
    linker.allow_shadowing(true);
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        let is_wasi = import.module() == WASI_MODULE;
        if is_wasi && wasi::is_function(import.name()) {
            continue;
        }
        let name = (import.module().to_owned(), import.name().to_owned());
        let call = move |mut caller: Caller<'_, T>, params: &[Val], _: &mut [Val]| {
            let mut args = Vec::new();
            params.iter().for_each(|param| cells_of(param, &mut args));
            let reason = format!("unknown import: `{}::{}` has not been defined", name.0, name.1);
            let answer = Answer::Stopped(reason.clone());
            if let Some(recorder) = get(caller.data_mut()) {
                recorder.call((&name.0, &name.1), &args, &answer, &[])?;
            }
            Err(Error::new(Trap::Aborted).context(printable(&reason)))
        };
        linker.func_new(import.module(), import.name(), ty, call)?;
    }
    Ok(())
}

/// The request for a trace.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Which events there are.
    pub level: super::Level,
    /// The first event that is shown, from 1.
    pub first: u64,
    /// How many are shown.
    pub count: u64,
    /// The run stops after the last one shown.
    pub stop: bool,
    /// The units of fuel after which the program is stopped.
    pub fuel: Option<u64>,
}

/// Most events that are shown of one trace.
pub const SHOWN_MAX: u64 = 100_000;

/// A module that any WASI engine runs, which replays the record and prints its events: those that
/// are shown, and how it ended. `docs/reference/trace.md` has the form of its lines.
///
/// # Errors
/// As [`trace`]; if the module imports more than functions, or the record is too large for one.
pub fn emitted(
    config: &Config,
    record: &Arc<Record>,
    wanted: Wanted,
    args: Arguments<'_>,
) -> Result<Vec<u8>> {
    let (prepared, watch) = watched(config, record, wanted, false)?;
    super::foreign::emit(&prepared, &watch, args)
}

/// Replays a record and reports its events.
///
/// # Errors
/// If the recorded module is refused or cannot be instantiated.
pub fn trace(
    config: &Config,
    record: &Arc<Record>,
    wanted: Wanted,
    args: Arguments<'_>,
) -> Result<TraceReport> {
    let (prepared, watch) = watched(config, record, wanted, true)?;
    let ran = prepared.run(watch, args)?;
    Ok(report::report(record, &prepared, wanted, ran))
}

/// The instrumented module, and which events are wanted of it. `numbers`: objects have numbers.
fn watched(
    config: &Config,
    record: &Arc<Record>,
    wanted: Wanted,
    numbers: bool,
) -> Result<(Prepared, Watch)> {
    let deep = std::collections::BTreeSet::new();
    let plan =
        Plan { level: wanted.level, deep: &deep, ids: None, state: None, mask: None, numbers };
    let prepared = Prepared::new(config, record.module(), record, Some(&plan), wanted.fuel)?;
    let count = wanted.count.min(SHOWN_MAX);
    let last = wanted.first.saturating_add(count).saturating_sub(1);
    let mut watch = Watch::nothing();
    if count > 0 {
        watch.window = Some((wanted.first, last));
    }
    watch.last = wanted.stop.then_some(last);
    Ok((prepared, watch))
}
