//! Two functions run on the same random inputs → whether they agreed on every observable.
//!
//! Observables: results, trap, final memory and globals, and the trace of calls with their
//! arguments. The result of a callee depends only on the seed, the callee, the arguments and the
//! number of the call. Everything is seeded: the same pair gives the same answer.
//!
//! Agreement does not show equality on inputs not tried, effects of callees on memory, or any event
//! after the fuel of a run is used up (such a run is not counted).

use crate::judge::extract::{Extracted, Obstacle, extract, global_value, memory_pages};
use crate::pair::side::Side;
use prova_core::{
    Caller, Config, Engine, Error, Func, FuncType, Instance, Linker, Module, Store, Trap, Val,
    ValType,
};
use prova_random::Rng;
use std::collections::HashMap;
use std::sync::Arc;

/// Fuel of one run of A; B gets four times as much.
const FUEL: u64 = 40_000;
/// Number of memories from which runs start, in turn, and the number of words that each run writes.
const WORLDS: usize = 4;
const WORDS_OF_A_RUN: usize = 256;
/// Maximum number of parts into which the runs of a pair are divided. Each part starts with a
/// freshly filled memory. The other runs go on with the memory that the run before left, which was
/// equal on both sides; after a run that did not end, the memory is filled again.
const FILLS: u32 = 8;
const PAGE: usize = 1 << 16;
/// Number of runs that use up their fuel at which the comparison ends. A function that seldom ends
/// takes long and shows little.
const UNFINISHED_MAX: u32 = 16;
/// Longest trace that is kept, in calls.
const CALLS_MAX: usize = 20_000;

/// The result of the runs of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Runs that ended on both sides, and agreed.
    pub(crate) agreed: u32,
    /// Runs that ran out of fuel.
    pub(crate) unfinished: u32,
    /// The seed of the first run that differed.
    pub(crate) differs: Option<u32>,
}

/// The observables of a run, except memory.
#[derive(PartialEq)]
struct Outcome {
    results: Result<Vec<u128>, Option<Trap>>,
    calls: Vec<Call>,
    globals: Vec<u128>,
}

#[derive(PartialEq)]
struct Call {
    import: Arc<str>,
    args: Vec<u128>,
}

/// The state that host functions see.
struct Host {
    seed: u64,
    calls: Vec<Call>,
}

/// Initial memories and globals for all functions of a pair of modules.
pub(crate) struct Worlds {
    globals: HashMap<u32, u64>,
    memory_bytes: u64,
    memories: [Vec<u8>; WORLDS],
}

impl Worlds {
    /// The worlds of side B: A's constants are patched to name objects of B.
    pub(crate) fn new(side: &Side<'_>) -> Worlds {
        let globals = 0..side.module.globals().len() as u32;
        let pages = memory_pages(side);
        let memory = |world: usize| {
            let mut bytes = vec![0; pages as usize * PAGE];
            let mut random = Random::new(world as u64, 2);
            // Mostly small numbers and addresses, so that loads find something to go on with.
            let size = bytes.len() as u64;
            for word in bytes.chunks_exact_mut(4) {
                word.copy_from_slice(&random.word(size).to_le_bytes());
            }
            for span in &side.map.spans {
                let data = side.module.data_bytes(prova_module::DataIdx(span.segment));
                let start = span.start as usize;
                if let Some(end) = start.checked_add(data.len())
                    && let Some(place) = bytes.get_mut(start..end)
                {
                    place.copy_from_slice(data);
                }
            }
            bytes
        };
        Worlds {
            globals: globals
                .filter_map(|global| Some((global, global_value(side, global)?)))
                .collect(),
            memory_bytes: side.map.memory_bytes,
            memories: std::array::from_fn(memory),
        }
    }
}

/// Runs both functions `runs` times.
///
/// # Errors
/// Why they cannot be run alone.
pub(crate) fn agree(
    sides: (&Side<'_>, &Side<'_>),
    worlds: &Worlds,
    funcs: (u32, u32),
    patches: &HashMap<u32, u64>,
    runs: u32,
) -> Result<Agreement, Obstacle> {
    let a = Runner::new(sides.0, &extract(sides.0, funcs.0, patches)?)?;
    let b = Runner::new(sides.1, &extract(sides.1, funcs.1, &HashMap::new())?)?;
    run_both((&mut { a }, &mut { b }), worlds, runs)
}

fn run_both(
    (a, b): (&mut Runner, &mut Runner),
    worlds: &Worlds,
    runs: u32,
) -> Result<Agreement, Obstacle> {
    let mut found = Agreement { agreed: 0, unfinished: 0, differs: None };
    let runs_of_a_fill = runs.div_ceil(FILLS).max(1);
    for seed in 0..runs {
        if seed % runs_of_a_fill == 0 {
            let world = (seed / runs_of_a_fill) as usize % WORLDS;
            (a.start, b.start) = (Start::World(world), Start::World(world));
        }
        let unfinished = |outcome: &Outcome| outcome.results == Err(Some(Trap::OutOfFuel));
        let x = a.run(worlds, seed, FUEL)?;
        // Where A does not end, B's run would show nothing.
        let y = if unfinished(&x) { None } else { Some(b.run(worlds, seed, 4 * FUEL)?) };
        let Some(y) = y.filter(|y| !unfinished(y)) else {
            // Both were stopped, at places that need not be each other's.
            let world = seed as usize % WORLDS;
            (a.start, b.start) = (Start::World(world), Start::World(world));
            found.unfinished += 1;
            if found.unfinished >= UNFINISHED_MAX {
                break;
            }
            continue;
        };
        if x == y && a.memory() == b.memory() {
            found.agreed += 1;
        } else {
            found.differs = Some(seed);
            break;
        }
    }
    Ok(found)
}

/// The memory of a run before the run's words are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    World(usize),
    /// The memory as the previous run left it.
    AsLeft,
}

/// An extracted function, ready to run. The instance serves all runs: each starts from a memory
/// that both sides have and its own globals, which is all that an extracted function has.
struct Runner {
    engine: Engine,
    module: Module,
    linker: Linker<Host>,
    has_memory: bool,
    globals: Vec<u32>,
    start: Start,
    /// How often the memory was filled.
    fills: u32,
    live: Option<(Store<Host>, Instance)>,
}

impl Runner {
    fn new(side: &Side<'_>, extracted: &Extracted) -> Result<Runner, Obstacle> {
        let text = Obstacle::engine;
        let mut config = Config::new();
        config.consume_fuel(true).deterministic(true).features(*side.module.features());
        let engine = Engine::new(&config).map_err(text)?;
        let module = Module::new(&engine, &extracted.wasm).map_err(text)?;
        let mut linker = Linker::new(&engine);
        let types: HashMap<String, FuncType> = module
            .imports()
            .filter_map(|import| Some((import.name().to_owned(), import.ty().func()?.clone())))
            .collect();
        for (name, _) in &extracted.imports {
            let Some(ty) = types.get(name).cloned() else { continue };
            let import: Arc<str> = name.as_str().into();
            let stub = move |caller: Caller<'_, Host>, args: &[Val], results: &mut [Val]| {
                stub(caller, &import, args, results)
            };
            linker.func_new("host", name, ty, stub).map_err(text)?;
        }
        let (has_memory, globals) = (extracted.has_memory, extracted.globals.clone());
        let (start, fills, live) = (Start::AsLeft, 0, None);
        Ok(Runner { engine, module, linker, has_memory, globals, start, fills, live })
    }

    /// The memory that the last run left.
    fn memory(&mut self) -> &[u8] {
        let Some((store, instance)) = self.live.as_mut().filter(|_| self.has_memory) else {
            return &[];
        };
        instance.get_memory(&mut *store, "memory").map_or(&[], |memory| memory.data(&*store))
    }

    fn run(&mut self, worlds: &Worlds, seed: u32, fuel: u64) -> Result<Outcome, Obstacle> {
        let text = Obstacle::engine;
        let length = worlds.memories[0].len();
        // A memory that grew does not shrink.
        if self.has_memory && self.memory().len() != length {
            self.live = None;
            if self.start == Start::AsLeft {
                self.start = Start::World(seed as usize % WORLDS);
            }
        }
        let (mut store, instance) = match self.live.take() {
            Some(live) => live,
            None => {
                let host = Host { seed: 0, calls: Vec::new() };
                let mut store = Store::new(&self.engine, host);
                let instance = self.linker.instantiate(&mut store, &self.module).map_err(text)?;
                (store, instance)
            }
        };
        *store.data_mut() = Host { seed: seed.into(), calls: Vec::new() };
        store.set_fuel(fuel).map_err(text)?;
        self.prepare(&mut store, &instance, worlds, seed).map_err(text)?;
        let run = instance.get_func(&mut store, "run").ok_or(Obstacle::Absent("function"))?;
        let ty = Func::ty(&run, &store);
        let mut random = Random::new(u64::from(seed), 1);
        let args: Vec<Val> = ty.params().map(|ty| random.value(&ty, worlds.memory_bytes)).collect();
        let mut results: Vec<Val> =
            ty.results().filter_map(|ty| Val::default_for_ty(&ty)).collect();
        let ended = run.call(&mut store, &args, &mut results);
        let results = match ended {
            Ok(()) => Ok(results.iter().map(bits).collect()),
            Err(error) => Err(error.downcast_ref::<Trap>().copied()),
        };
        let mut globals = Vec::new();
        for global in &self.globals {
            let found = instance.get_global(&mut store, &format!("global.{global}"));
            globals.push(found.map_or(0, |found| bits(&found.get(&mut store))));
        }
        let calls = std::mem::take(&mut store.data_mut().calls);
        (self.live, self.start) = (Some((store, instance)), Start::AsLeft);
        Ok(Outcome { results, calls, globals })
    }

    /// Sets globals and memory.
    fn prepare(
        &mut self,
        store: &mut Store<Host>,
        instance: &Instance,
        worlds: &Worlds,
        seed: u32,
    ) -> prova_core::Result<()> {
        let mut random = Random::new(u64::from(seed), 2);
        for global in &self.globals {
            let Some(found) = instance.get_global(&mut *store, &format!("global.{global}")) else {
                continue;
            };
            let ty = found.ty(&mut *store);
            let value = match (ty.content(), worlds.globals.get(global)) {
                (ValType::I32, Some(value)) => Val::I32(*value as i32),
                (ValType::I64, Some(value)) => Val::I64(*value as i64),
                _ => random.value(ty.content(), worlds.memory_bytes),
            };
            found.set(&mut *store, value)?;
        }
        if !self.has_memory {
            return Ok(());
        }
        let Some(memory) = instance.get_memory(&mut *store, "memory") else { return Ok(()) };
        let bytes = memory.data_mut(&mut *store);
        let both = bytes.len().min(worlds.memories[0].len());
        if let Start::World(world) = self.start {
            bytes[..both].copy_from_slice(&worlds.memories[world][..both]);
            self.fills += 1;
        }
        for _ in 0..WORDS_OF_A_RUN.min(both / 4) {
            let at = random.next() as usize % (both / 4) * 4;
            bytes[at..at + 4].copy_from_slice(&random.word(both as u64).to_le_bytes());
        }
        Ok(())
    }
}

/// Answers a call: notes it, and gives values that depend on the call alone.
fn stub(
    mut caller: Caller<'_, Host>,
    import: &Arc<str>,
    args: &[Val],
    results: &mut [Val],
) -> prova_core::Result<()> {
    let host = caller.data_mut();
    if host.calls.len() >= CALLS_MAX {
        return Err(Error::new(Trap::OutOfFuel));
    }
    let mut stream = 3 + host.calls.len() as u64;
    let args: Vec<u128> = args.iter().map(bits).collect();
    for byte in import.bytes() {
        stream = Rng::new(stream ^ u64::from(byte)).bits();
    }
    for arg in &args {
        stream = Rng::new(stream ^ *arg as u64).bits();
    }
    let mut random = Random::new(host.seed, stream);
    host.calls.push(Call { import: import.clone(), args });
    for result in results {
        let ty = result.ty(&caller)?;
        *result = random.value(&ty, 1 << 20);
    }
    Ok(())
}

fn bits(value: &Val) -> u128 {
    match value {
        Val::I32(value) => u128::from(*value as u32),
        Val::I64(value) => u128::from(*value as u64),
        Val::F32(value) => u128::from(*value),
        Val::F64(value) => u128::from(*value),
        Val::V128(value) => value.as_u128(),
        Val::FuncRef(value) => u128::from(value.is_some()),
        Val::ExternRef(value) => u128::from(value.is_some()),
        Val::ExnRef(value) => u128::from(value.is_some()),
        Val::AnyRef(value) => u128::from(value.is_some()),
    }
}

/// Values as programs have them, from a seed and the number of a stream.
struct Random(Rng);

impl Random {
    fn new(seed: u64, stream: u64) -> Random {
        Random(Rng::of(seed, stream))
    }

    fn next(&mut self) -> u64 {
        self.0.bits()
    }

    /// A word as programs have them: a small number, an address, a power of two's neighbour, or
    /// anything.
    fn word(&mut self, memory_bytes: u64) -> u32 {
        let x = self.next();
        let y = (x >> 8) as u32;
        match x & 7 {
            0 | 1 => y % 16,
            2 => y % 1024,
            3 | 4 => (u64::from(y) % memory_bytes.max(1)) as u32 & !7,
            5 => (1u32 << (y % 32)).wrapping_add((y >> 8) % 3).wrapping_sub(1),
            6 => (y % 64).wrapping_neg(),
            _ => (x >> 32) as u32,
        }
    }

    fn value(&mut self, ty: &ValType, memory_bytes: u64) -> Val {
        let low = self.word(memory_bytes);
        let wide = match self.next() & 3 {
            0 | 1 => u64::from(low),
            2 => self.next(),
            _ => i64::from(low as i32) as u64,
        };
        match ty {
            ValType::I32 => Val::I32(low as i32),
            ValType::I64 => Val::I64(wide as i64),
            ValType::F32 => {
                Val::F32(if wide & 1 == 0 { (low as i32 as f32).to_bits() } else { low })
            }
            ValType::F64 => {
                Val::F64(if wide & 1 == 0 { (wide as i64 as f64).to_bits() } else { wide })
            }
            ValType::V128 => Val::V128((u128::from(wide) << 64 | u128::from(self.next())).into()),
            ty => Val::default_for_ty(ty).unwrap_or(Val::I32(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits, Module, TypeRegistry};

    fn found(a: &str, b: &str) -> Agreement {
        counted(a, b, 40).0
    }

    /// The agreement of the runs, and the number of times that each side's memory was filled.
    fn counted(a: &str, b: &str, runs: u32) -> (Agreement, [u32; 2]) {
        let module = |body: &str| {
            let text = format!(
                "(module (memory 2) (global $g (mut i32) (i32.const 5))
                 (func (export \"f\") (param i32) (result i32) {body}))"
            );
            let bytes = wat::parse_str(text).expect("text format");
            Module::decode(bytes, &Features::default(), &Limits::default()).expect("a module")
        };
        let (a, b) = (module(a), module(b));
        let mut types = TypeRegistry::new();
        let sides = (Side::new(&a, &mut types), Side::new(&b, &mut types));
        let worlds = Worlds::new(&sides.1);
        let runner = |side: &Side<'_>| {
            let alone = extract(side, 0, &HashMap::new()).expect("it can be cut out");
            Runner::new(side, &alone).expect("it runs alone")
        };
        let (mut a, mut b) = (runner(&sides.0), runner(&sides.1));
        let found = run_both((&mut a, &mut b), &worlds, runs).expect("it runs alone");
        (found, [a.fills, b.fills])
    }

    /// Filling whole memories for each run once took most of the time.
    #[test]
    fn memory_is_filled_a_few_times_however_many_runs_there_are() {
        let body = "local.get 0 i32.const 65532 i32.and i32.const 7 i32.store i32.const 3";
        for (runs, fills) in [(1, 1), (5, 5), (8, 8), (100, 8), (1000, 8)] {
            let (found, counts) = counted(body, body, runs);
            assert_eq!((found.agreed, counts), (runs, [fills; 2]));
        }
        // A memory that grew, or that a stopped run left, is no start for both.
        let grows = "i32.const 1 memory.grow";
        assert_eq!(counted(grows, grows, 30).1, [30; 2]);
        let endless = "loop br 0 end i32.const 1";
        let (found, counts) = counted(endless, endless, 30);
        assert_eq!((found.unfinished, counts), (UNFINISHED_MAX, [0; 2]));
        let stopped = "loop local.get 0 i32.const 1 i32.add local.tee 0 i32.const 65532 i32.and
            local.get 0 i32.store br 0 end i32.const 1";
        let (found, counts) = counted(stopped, stopped, 10);
        assert_eq!((found.unfinished, counts), (10, [10, 0]));
    }

    /// One instance serves all runs: each change that a run leaves behind is on both sides or on
    /// neither.
    #[test]
    fn each_observable_is_compared_and_runs_start_alike() {
        let body = "local.get 0 i32.const 65532 i32.and i32.const 7 i32.store
                    global.get $g i32.const 1 i32.add global.set $g
                    i32.const 16 i32.load i32.const 1 memory.grow i32.add";
        assert_eq!(found(body, body), Agreement { agreed: 40, unfinished: 0, differs: None });
        for (from, to) in [
            ("i32.const 7 i32.store", "i32.const 8 i32.store"),
            ("i32.const 7 i32.store", "i32.const 7 i32.store8"),
            ("i32.const 1 i32.add global.set", "i32.const 2 i32.add global.set"),
            ("i32.const 16 i32.load", "i32.const 20 i32.load"),
            ("i32.const 1 memory.grow", "i32.const 2 memory.grow"),
            ("i32.const 16 i32.load", "unreachable i32.const 16 i32.load"),
        ] {
            assert!(found(body, &body.replace(from, to)).differs.is_some(), "{from} → {to}");
        }
        let first = "i32.const 64 i32.load i32.const 64 i32.const 1 i32.store";
        assert_eq!(found(first, first).agreed, 40);
    }
}
