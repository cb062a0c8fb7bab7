//! A module's initialiser, run in an engine of our own → the state that it leaves.
//!
//! * I1. It is a function of the module and what is given to it: random bytes are those
//!   of seed 0, clocks begin at 0 and each reading moves them by 1 µs, waits take no time of the
//!   host, there are no arguments, and no variables or input but those that are given.
//! * I2. It ends: it has limited fuel ([`FUEL`] by default).
//! * I3. Its standard output and error go nowhere, unless it fails: then the last [`SAID_MAX`]
//!   bytes of both go to standard error.

use crate::report::Shown as _;
use prova_core::wasi::{self, Clocks, Grant, Randomness, WasiCtx, WasiCtxBuilder};
use prova_core::{
    Caller, Config, Context, Engine, Features, Linker, Proposal, Result, Store, Trap, Val,
};
use prova_specialize::snapshot::{MEMORY, State, TOO_LARGE, called};
use prova_specialize::{Generic, Intrinsic, MODULE, Snapshot};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Units of fuel, if nobody says how many.
const FUEL: u64 = 100_000_000_000;

/// The most bytes that are kept of what an initialiser writes.
const SAID_MAX: usize = 64 << 10;

/// The last bytes that were written; clones share them.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    /// Hands them on to standard error.
    fn tell(&self) {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut to = io::stderr().lock();
        // Nobody is left to tell if this fails.
        let _ = to.write_all(&said[said.len().saturating_sub(SAID_MAX)..]);
        if said.last().is_some_and(|&last| last != b'\n') {
            let _ = to.write_all(b"\n");
        }
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend_from_slice(&bytes[bytes.len().saturating_sub(SAID_MAX)..]);
        // Cut where they are many, so that each byte is moved a few times at most.
        if said.len() > 2 * SAID_MAX {
            let more = said.len() - SAID_MAX;
            said.drain(..more);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs initialisers with a WASI that knows nothing of the host but what is given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Initialiser<'a> {
    pub(crate) dirs: &'a [Grant],
    /// Variables, as `NAME` or `NAME=VALUE`.
    pub(crate) env: &'a [String],
    /// The file that is its standard input.
    pub(crate) stdin: Option<&'a Path>,
    /// Units of fuel; [`FUEL`] if there is no number.
    pub(crate) fuel: Option<u64>,
    /// The proposals that the module may use.
    pub(crate) features: Features,
}

impl Snapshot for Initialiser<'_> {
    fn run(
        &mut self,
        wasm: &[u8],
        calls: &[&str],
        memories: &[String],
        globals: &[String],
    ) -> Result<State, String> {
        let (said, fuel) = (Said::default(), self.fuel.unwrap_or(FUEL));
        run(wasm, calls, [memories, globals], self, fuel, &said).map_err(|error| {
            said.tell();
            match error.downcast_ref::<Trap>() {
                Some(Trap::OutOfFuel) => {
                    let all: Vec<String> = calls.iter().map(|name| called(name)).collect();
                    let its = if calls.len() == 1 { "has used up its" } else { "have used up" };
                    let all = all.join(" and ");
                    format!("{all} {its} {fuel} units of fuel (`--fuel` sets them)")
                }
                _ => format!("{error:#}"),
            }
        })
    }
}

fn run(
    wasm: &[u8],
    calls: &[&str],
    [memories, globals]: [&[String]; 2],
    given: &Initialiser<'_>,
    fuel: u64,
    said: &Said,
) -> Result<State> {
    let mut config = Config::new();
    config.consume_fuel(true);
    for &proposal in Proposal::ALL {
        config.wasm_proposal(proposal, given.features.has(proposal));
    }
    let engine = Engine::new(&config)?;
    let module = prova_core::Module::new(&engine, wasm)?;
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
    let added: Arc<[AtomicU64; 2]> = Arc::default();
    for import in module.imports().filter(|import| import.module() == MODULE) {
        let name = import.name();
        let intrinsic = Intrinsic::ALL.iter().find(|intrinsic| intrinsic.name() == name);
        let prova_core::ExternType::Func(ty) = import.ty() else { continue };
        let generic = intrinsic.map(|intrinsic| intrinsic.generic());
        let added = added.clone();
        linker.func_new(MODULE, name, ty, move |caller, params, results| {
            let what = "an intrinsic has a meaning in compiled code only";
            stand_in(generic.context(what)?, &added, caller, params, results)
        })?;
    }
    linker.define_unknown_imports_as_traps(&module)?;
    let mut ctx = WasiCtxBuilder::new();
    crate::run::grant(&mut ctx, given.env, given.dirs)?;
    if let Some(file) = given.stdin {
        let opened = std::fs::File::open(file);
        let opened = opened.with_context(|| format!("failed to read `{}`", file.shown()))?;
        ctx.stdin(Box::new(opened));
    }
    ctx.clocks(Clocks::Virtual { realtime_ns: 0, step_ns: 1_000 });
    ctx.randomness(Randomness::Seeded(0));
    ctx.stdout(Box::new(said.clone())).stderr(Box::new(said.clone()));
    let mut store = Store::new(&engine, ctx.build());
    store.set_fuel(fuel)?;
    let instance = linker.instantiate(&mut store, &module)?;
    for name in calls {
        let func = instance.get_typed_func::<(), ()>(&mut store, name)?;
        func.call(&mut store, ()).with_context(|| format!("{} failed", called(name)))?;
    }
    if added.iter().any(|global| global.load(Ordering::Relaxed) != 0) {
        prova_core::bail!("it leaves a value in a global of `write.global`, which is not kept");
    }
    let mut state = State::default();
    let mut left = prova_specialize::BYTES_MAX;
    for name in memories {
        let memory = instance.get_memory(&store, name).context("no memory")?.data(&store);
        left = left.checked_sub(memory.len() as u64).context(TOO_LARGE)?;
        state.memories.push(memory.to_vec());
    }
    for name in globals {
        let global = instance.get_global(&store, name).context("no global")?;
        state.globals.push(match global.get(&mut store) {
            Val::I32(value) => u128::from(value as u32),
            Val::I64(value) => u128::from(value as u64),
            Val::F32(bits) => bits.into(),
            Val::F64(bits) => bits.into(),
            Val::V128(value) => value.as_u128(),
            _other => prova_core::bail!("a global that is no number"),
        });
    }
    Ok(state)
}

/// The effect of an intrinsic that an initialiser calls.
fn stand_in(
    generic: Generic,
    added: &[AtomicU64; 2],
    mut caller: Caller<'_, WasiCtx>,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let memory = caller.get_export(&format!("{MEMORY}0")).and_then(prova_core::Extern::into_memory);
    let at = |params: &[Val]| match params.first() {
        Some(Val::I32(at)) => Ok(*at as u32 as usize),
        _other => prova_core::bail!("a cell without an address"),
    };
    let global = |number: u32| added.get(number as usize).context("no such global");
    match (generic, params, results) {
        (Generic::Nothing, _, []) => {}
        (Generic::Get(number), [], [result]) => {
            *result = Val::I64(global(number)?.load(Ordering::Relaxed) as i64);
        }
        (Generic::Set(number), [Val::I64(value)], []) => {
            global(number)?.store(*value as u64, Ordering::Relaxed);
        }
        (Generic::First, [first, ..], [result]) => *result = *first,
        (Generic::Load, params, [result]) => {
            let mut bytes = [0; 8];
            memory.context("no memory")?.read(&caller, at(params)?, &mut bytes)?;
            *result = Val::I64(i64::from_le_bytes(bytes));
        }
        (Generic::Store, params @ [.., Val::I64(value)], []) => {
            let bytes = value.to_le_bytes();
            memory.context("no memory")?.write(&mut caller, at(params)?, &bytes)?;
        }
        (_, _, _) => prova_core::bail!("an intrinsic has a meaning in compiled code only"),
    }
    Ok(())
}
