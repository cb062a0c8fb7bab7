//! A module and its calls on one tier in one setting → everything that can be observed of the run.
//!
//! Observed: how instantiation ended; of each call the results by bits or the trap with the offsets
//! of its whole backtrace, and the fuel used; at the end memories, tables and globals.

use crate::generate::{Call, Case};
use crate::sides::attach::NoBytecode;
use crate::sides::host::{Host, imports};
use prova_core::Tier;
use prova_module::{GlobalIdx, MemoryIdx, Module, RefType, TableIdx, ValType};
use prova_runtime::{
    Attach, Cell, ExecutorKind, Extern, FuncAddr, InstanceAddr, InstantiateError, Limits,
    MemoryFault, Settings, Store, StoreConfig, Trap, TrapKind,
};
use std::fmt;
use std::sync::Arc;

/// A tier in a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The executor.
    pub tier: Tier,
    /// Metering and determinism.
    pub settings: Settings,
}

impl Outcome {
    /// Whether the call ran out of fuel.
    pub fn is_out_of_fuel(&self) -> bool {
        matches!(self, Outcome::Trap { kind: TrapKind::OutOfFuel, .. })
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { metering, deterministic } = self.settings;
        let nan = if deterministic { ", deterministic" } else { "" };
        write!(f, "{} (metering {metering:?}{nan})", self.tier)
    }
}

/// The logical stack limit of every run: small, so that endless recursion ends soon.
pub const STACK_BYTES: u64 = 64 << 10;

/// How one call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With these cells.
    Results(Vec<Cell>),
    /// With a trap.
    Trap {
        /// Its kind.
        kind: TrapKind,
        /// Where it missed its memory, if it did.
        fault: Option<MemoryFault>,
        /// The backtrace, innermost first: function and module offset.
        places: Vec<(u32, Option<u32>)>,
    },
    /// With a fault of ours.
    Fault(String),
    /// It was left out: an earlier call ran out of fuel, which other metering cannot repeat.
    Skipped,
}

/// The observations of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Why there is no instance, if there is none.
    pub instantiation: Option<Failure>,
    /// Of each call how it ended and, where fuel is counted, what is left.
    pub calls: Vec<(Outcome, Option<u64>)>,
    /// At the end, one line per memory, table and global.
    pub state: Vec<State>,
}

impl Record {
    /// The number of the first call that ended so; the number of calls if none did.
    pub fn first(&self, ended: impl Fn(&Outcome) -> bool) -> usize {
        self.calls.iter().position(|(outcome, _)| ended(outcome)).unwrap_or(self.calls.len())
    }

    /// Whether a trap of a segment or the start function ended so.
    pub fn is_begun(&self, ended: impl Fn(&Outcome) -> bool) -> bool {
        matches!(&self.instantiation, Some(Failure::Trap(outcome)) if ended(outcome))
    }

    /// How many calls returned, and how many ended otherwise.
    pub fn counts(&self) -> (u64, u64) {
        let returned = |call: &&(Outcome, Option<u64>)| matches!(call.0, Outcome::Results(_));
        let count = self.calls.iter().filter(returned).count() as u64;
        (count, self.calls.len() as u64 - count)
    }
}

/// Why instantiation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A trap of a segment or the start function.
    Trap(Outcome),
    /// Anything else, in words.
    Other(String),
}

/// The contents of one object at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Bytes of a memory.
    Memory(Vec<u8>),
    /// Elements of a table.
    Table(Vec<Cell>),
    /// A global.
    Global([Cell; 2]),
}

/// The inputs of a run.
#[derive(Clone, Copy, Debug)]
pub struct Program<'p> {
    /// The module.
    pub module: &'p Module,
    /// Its calls.
    pub calls: &'p [Call],
    /// The fuel of each call.
    pub fuel: u64,
    /// The first call to be left out; the number of calls if none is.
    pub skip_from: usize,
    /// The implementation of its imports.
    pub host: Host,
    /// After how many objects the store collects besides; 0: never.
    pub collect_every: u64,
}

/// After how many objects stores collect, by the number of a case.
const COLLECT_EVERY: [u64; 6] = [0, 1, 0, 3, 0, 97];

impl<'p> Program<'p> {
    /// A module with calls, none of which is left out.
    pub fn new(module: &'p Module, calls: &'p [Call], fuel: u64, host: Host) -> Program<'p> {
        Program { module, calls, fuel, skip_from: calls.len(), host, collect_every: 0 }
    }

    /// The same in a store that collects more often than it has to, by the number of the case.
    #[must_use]
    pub fn collecting(self, index: u64) -> Program<'p> {
        let at = (index % COLLECT_EVERY.len() as u64) as usize;
        Program { collect_every: COLLECT_EVERY[at], ..self }
    }

    /// The program of a case.
    pub fn of(module: &'p Module, case: &'p Case, host: Host) -> Program<'p> {
        Program::new(module, &case.calls, case.fuel, host)
    }

    /// Runs all calls in a store that has nothing yet.
    pub fn run_in(&self, mut store: Store, attach: Option<Arc<dyn Attach>>) -> Record {
        let attach = attach.unwrap_or_else(|| Arc::new(NoBytecode));
        store.set_fuel(self.fuel);
        store.collect_every(self.collect_every);
        let imports = imports(&mut store, self.module, self.host);
        store.set_fuel(self.fuel);
        let mut record = Record::default();
        let instance = match store.instantiate(&mut (), self.module, &imports, attach) {
            Ok(instance) => instance,
            Err(error) => {
                record.instantiation = Some(failure(error));
                return record;
            }
        };
        let metered = store.settings().metering.has_fuel();
        for (i, call) in self.calls.iter().enumerate() {
            if i >= self.skip_from {
                record.calls.push((Outcome::Skipped, None));
                continue;
            }
            store.set_fuel(self.fuel);
            let outcome = invoke(&mut store, instance, call);
            record.calls.push((outcome, metered.then(|| store.fuel())));
        }
        record.state = observe(&store, instance);
        record
    }
}

/// A store for a setup, with limits that keep hostile growth small.
pub fn store(setup: Setup) -> Store {
    store_with(setup.tier.executor(), setup.settings)
}

/// A store with these settings and another executor.
pub fn store_with(executor: ExecutorKind, settings: Settings) -> Store {
    Store::new(StoreConfig { executor, ..limited(settings) })
}

/// The configuration of a store with limits that keep hostile growth small.
pub(crate) fn limited(settings: Settings) -> StoreConfig {
    let limits =
        Limits { memory_bytes_max: 1 << 20, table_elements_max: 10_000, ..Limits::default() };
    StoreConfig { settings, limits, stack_bytes: STACK_BYTES, ..StoreConfig::default() }
}

/// Calls an export; a missing one is a fault of the case.
pub fn invoke(store: &mut Store, instance: InstanceAddr, call: &Call) -> Outcome {
    let Some(func) = store.instance(instance).export(&call.export).and_then(Extern::func) else {
        return Outcome::Fault(format!("no function {} is exported", call.export));
    };
    self::call(store, func, &call.args)
}

/// Calls a function.
pub(crate) fn call(store: &mut Store, func: FuncAddr, args: &[Cell]) -> Outcome {
    let mut results = vec![0; store.func_cells(func).1];
    match store.call(&mut (), func, args, &mut results) {
        Ok(()) => Outcome::Results(results),
        Err(trap) => outcome_of(&trap),
    }
}

fn outcome_of(trap: &Trap) -> Outcome {
    if trap.kind.is_bug() || trap.kind == TrapKind::Misuse {
        return Outcome::Fault(trap.to_string());
    }
    let places = trap.backtrace.iter().map(|frame| (frame.func.0, frame.offset)).collect();
    Outcome::Trap { kind: trap.kind, fault: trap.fault, places }
}

fn failure(error: InstantiateError) -> Failure {
    match error {
        InstantiateError::Trap { trap, .. } => Failure::Trap(outcome_of(&trap)),
        other => Failure::Other(other.to_string()),
    }
}

/// The memories, tables and globals of an instance.
pub(crate) fn observe(store: &Store, instance: InstanceAddr) -> Vec<State> {
    let instance = store.instance(instance);
    let module = instance.module();
    let mut state = Vec::new();
    for i in 0..module.memories().len() as u32 {
        state.push(State::Memory(store.memory(instance.memory_addr(MemoryIdx(i))).data().to_vec()));
    }
    for i in 0..module.tables().len() as u32 {
        let elements = store.table(instance.table_addr(TableIdx(i))).elements();
        let exceptions = module.table(TableIdx(i)).is_some_and(|ty| is_exception(ty.ref_type));
        state.push(State::Table(elements.iter().map(|&cell| named(cell, exceptions)).collect()));
    }
    for i in 0..module.globals().len() as u32 {
        let [low, high] = store.global_get(instance.global_addr(GlobalIdx(i)));
        let exception = match module.globals()[i as usize].val {
            ValType::Ref(ty) => is_exception(ty),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => false,
        };
        state.push(State::Global([named(low, exception), high]));
    }
    state
}

fn is_exception(ty: RefType) -> bool {
    ty == RefType::EXNREF || ty == RefType::EXN
}

/// A cell as it compares between tiers, which name exceptions each in its own way.
fn named(cell: Cell, exception: bool) -> Cell {
    if exception { cell.min(1) } else { cell }
}
