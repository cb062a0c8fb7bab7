//! A module that reports its events, and a record → one run, whose events go to `compare`.
//!
//! ```text
//! Told + Record ─ run, on a separate thread ─► Events … ─► End
//!                  ▲ does the specialised function call the generic one?  (side B tells side A)
//! ```
//!
//! 1. A side runs ahead of the other by a bounded number of events.
//! 2. Side A waits at each entry until side B has decided: where arguments or memory are not those
//!    of the request, the specialised function calls the generic one, and so does side A.
//! 3. The sides do not wait for each other in a circle. Side B waits only for the reader. Side A
//!    sends its events before it waits. The reader never waits for side A while events of B before
//!    A's last ones are unread.
//! 4. If the reader has closed the channel, the next batch of events ends the run.

use super::site::{Event, HOST_WRITE, Site, WORDS, What};
use super::twin::{OWN, Spot, Told};
use super::{Compiled, SharedArguments};
use crate::trace::{Record, Replay, Replays, invoke, link, stopped_by_program, texts, why};
use prova_core::wasi::I32Exit;
use prova_core::{
    Caller, Config, Engine, Error, Linker, Module, Result, Store, Trap, WasmBacktrace,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender};

/// Number of events of a full batch.
const BATCH: usize = 1024;
/// Maximum number of batches that wait to be read.
pub(super) const BATCHES: usize = 4;
/// The stack of a program that reports its events, in bytes.
const STACK_BYTES: usize = 64 << 20;
/// Maximum number of registers of an activation.
const REGISTERS_MAX: usize = 1 << 16;
/// Maximum number of activations with registers at once, with those that exceptions have left.
const ACTIVATIONS_MAX: usize = 1 << 18;

/// A message of a side to the reader.
pub(super) enum Message {
    Events(Vec<Event>),
    End(Box<End>),
}

/// How a run ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// In words.
    pub(super) text: String,
    /// Where it stopped, the innermost first, if it did not return.
    pub(super) frames: Vec<Spot>,
    /// Memory 0 at the end, if it is not too large.
    pub(super) memory: Option<Vec<u8>>,
    /// Whether fuel or the stack were at their end: both sides need other amounts of them.
    is_limit: bool,
}

impl End {
    pub(super) fn is_limit(&self) -> bool {
        self.is_limit
    }
}

/// The size in bytes of the greatest memory that is compared at the end.
pub(super) const MEMORY_MAX: usize = 256 << 20;

/// The program and the settings of a side.
#[derive(Clone, Copy)]
pub(super) struct Run<'r> {
    pub(super) told: &'r Told,
    pub(super) config: &'r Config,
    pub(super) record: &'r Arc<Record>,
    pub(super) imports: &'r Arc<[(String, String)]>,
    pub(super) fuel: Option<u64>,
    pub(super) args: SharedArguments<'r>,
}

/// The state that only one of the sides has.
pub(super) enum Part {
    /// Side A: the decisions of side B at entries, the requests' globals, and the registers.
    Generic { decided: Receiver<(u64, bool)>, globals: Vec<Vec<Option<u64>>>, registers: Registers },
    /// Side B: its decisions, the generic function of each specialised one, and the activation that
    /// has not done anything yet.
    Specialized {
        decided: Sender<(u64, bool)>,
        fallbacks: BTreeMap<u32, u64>,
        entered: Option<Entered>,
    },
}

impl Part {
    pub(super) fn generic(decided: Receiver<(u64, bool)>, compiled: &[Compiled]) -> Part {
        let globals = compiled.iter().map(|one| one.globals.clone()).collect();
        Part::Generic { decided, globals, registers: Registers::default() }
    }
}

/// The registers of activations, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Registers(Vec<(u64, BTreeMap<u64, u64>)>);

impl Registers {
    /// The registers of an activation. Activations inside it have ended, so their registers are
    /// removed.
    fn of(&mut self, id: u64) -> Result<&mut BTreeMap<u64, u64>> {
        while self.0.last().is_some_and(|(last, _)| *last > id) {
            self.0.pop();
        }
        if self.0.last().is_none_or(|(last, _)| *last < id) {
            if self.0.len() >= ACTIVATIONS_MAX {
                return Err(Error::msg("too many activations with registers"));
            }
            self.0.push((id, BTreeMap::new()));
        }
        match self.0.last_mut() {
            Some((_, all)) => Ok(all),
            None => Err(Error::msg("no activation")),
        }
    }

    fn left(&mut self, id: u64) {
        while self.0.last().is_some_and(|(last, _)| *last >= id) {
            self.0.pop();
        }
    }
}

/// An activation that has not done anything yet.
pub(super) struct Entered {
    id: u64,
    args: Vec<u64>,
    operands: Vec<u64>,
}

struct Host {
    replay: Replay,
    out: SyncSender<Message>,
    batch: Vec<Event>,
    sites: Arc<[Site]>,
    activations: u64,
    part: Part,
}

/// The error of a run whose reader has closed the channel.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the other side has differed")
    }
}

impl std::error::Error for Stop {}

impl Replays for Host {
    fn replay(&mut self) -> &mut Replay {
        &mut self.replay
    }

    fn wrote(&mut self, start: u64, bytes: usize) {
        if matches!(self.part, Part::Generic { .. }) {
            let words = [start, bytes as u64, 0, 0];
            // If the reader has closed the channel, a later event of the program fails.
            let _ = self.push(Event { site: HOST_WRITE, id: 0, words });
        }
    }
}

impl Host {
    fn push(&mut self, event: Event) -> Result<()> {
        self.batch.push(event);
        if self.batch.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.out.send(Message::Events(batch)).map_err(|_| Error::new(Stop))
    }

    /// Follows activations. On side A, an activation that is left loses its registers. On side B,
    /// the events after an entry decide whether the specialised function calls the generic one
    /// with its arguments; the decision is sent to side A.
    fn note(&mut self, event: &Event) {
        let Some(site) = self.sites.get(event.site as usize) else { return };
        let words = event.words.get(..usize::from(site.count)).unwrap_or_default();
        match &mut self.part {
            Part::Generic { registers, .. } => {
                if matches!(site.what, What::Return | What::TailCall) {
                    registers.left(event.id);
                }
            }
            Part::Specialized { decided, fallbacks, entered } => {
                if !site.what.is_ordered() {
                    return;
                }
                if site.what == What::Enter {
                    if site.nth == 0 {
                        let (args, operands) = (Vec::new(), Vec::new());
                        *entered = Some(Entered { id: event.id, args, operands });
                    }
                    if let Some(entered) = entered {
                        entered.args.extend(words);
                    }
                    return;
                }
                let Some(mut one) = entered.take() else { return };
                let calls = site.what == What::Call && event.id == one.id;
                let generic = fallbacks.get(&site.func.0) == Some(&site.of);
                if calls && generic {
                    one.operands.extend(words);
                    if one.operands.len() < one.args.len() {
                        *entered = Some(one);
                        return;
                    }
                }
                let falls_back = calls && generic && one.operands == one.args;
                // Side A may have ended.
                let _ = decided.send((one.id, falls_back));
            }
        }
    }
}

fn told(mut caller: Caller<'_, Host>, (site, id): (i32, i64), words: [i64; WORDS]) -> Result<()> {
    let event = Event { site: site as u32, id: id as u64, words: words.map(|word| word as u64) };
    let host = caller.data_mut();
    host.note(&event);
    host.push(event)
}

fn falls_back(host: &mut Host, id: u64) -> Result<bool> {
    host.flush()?;
    let Part::Generic { decided, .. } = &host.part else { return Ok(false) };
    while let Ok((of, falls_back)) = decided.recv() {
        if of >= id {
            return Ok(of == id && falls_back);
        }
    }
    // Side B has ended; the difference shows.
    Ok(false)
}

fn read_reg(host: &mut Host, index: u64, id: u64) -> Result<u64> {
    let Part::Generic { registers, .. } = &mut host.part else { return Ok(0) };
    let found = registers.of(id)?.get(&index).copied();
    found.ok_or_else(|| {
        let what = format!("register {index} is read before it is written");
        Error::new(Trap::Aborted).context(what)
    })
}

fn write_reg(host: &mut Host, index: u64, value: u64, id: u64) -> Result<()> {
    let Part::Generic { registers, .. } = &mut host.part else { return Ok(()) };
    let all = registers.of(id)?;
    all.insert(index, value);
    if all.len() > REGISTERS_MAX {
        let what = format!("more than {REGISTERS_MAX} registers");
        return Err(Error::new(Trap::Aborted).context(what));
    }
    Ok(())
}

fn global(host: &mut Host, index: u32, number: u32) -> Result<u64> {
    let Part::Generic { globals, .. } = &host.part else { return Ok(0) };
    let found = globals.get(number as usize).and_then(|all| *all.get(index as usize)?);
    found.ok_or_else(|| {
        let what = format!("global {index} of the request is no constant");
        Error::new(Trap::Aborted).context(what)
    })
}

fn link_own(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(
        OWN,
        "told",
        |caller: Caller<'_, Host>, site: i32, id: i64, a: i64, b: i64, c: i64, d: i64| {
            told(caller, (site, id), [a, b, c, d])
        },
    )?;
    linker.func_wrap(OWN, "enter", |mut caller: Caller<'_, Host>| {
        let host = caller.data_mut();
        host.activations += 1;
        host.activations as i64
    })?;
    linker.func_wrap(OWN, "falls_back", |mut caller: Caller<'_, Host>, id: i64| {
        falls_back(caller.data_mut(), id as u64).map(i32::from)
    })?;
    linker.func_wrap(OWN, "read_reg", |mut caller: Caller<'_, Host>, index: i64, id: i64| {
        read_reg(caller.data_mut(), index as u64, id as u64).map(|value| value as i64)
    })?;
    linker.func_wrap(
        OWN,
        "write_reg",
        |mut caller: Caller<'_, Host>, index: i64, value: i64, id: i64| {
            write_reg(caller.data_mut(), index as u64, value as u64, id as u64)
        },
    )?;
    linker.func_wrap(OWN, "global", |mut caller: Caller<'_, Host>, index: i32, number: i32| {
        global(caller.data_mut(), index as u32, number as u32).map(|value| value as i64)
    })?;
    Ok(())
}

/// Runs a side to its end, or until the reader closes the channel.
///
/// # Errors
/// If it cannot start.
pub(super) fn run(run: &Run<'_>, part: Part, out: SyncSender<Message>) -> Result<()> {
    let mut config = run.config.clone();
    config.deterministic(true).consume_fuel(run.fuel.is_some()).epoch_interruption(false);
    let engine = Engine::new(config.max_wasm_stack(STACK_BYTES))?;
    let module = Module::new(&engine, &run.told.wasm)?;
    let mut linker = Linker::new(&engine);
    link(&mut linker, &module, OWN)?;
    link_own(&mut linker)?;
    let replay = Replay::new(run.record.clone(), run.imports.clone(), false);
    let sites: Arc<[Site]> = run.told.sites.as_slice().into();
    let batch = Vec::with_capacity(BATCH);
    let host = Host { replay, out, batch, sites, activations: 0, part };
    let mut store = Store::new(&engine, host);
    if let Some(fuel) = run.fuel {
        store.set_fuel(fuel)?;
    }
    let (mut ended, mut memory) = (Ok(Vec::new()), None);
    match linker.instantiate(&mut store, &module) {
        Ok(instance) => {
            if let Some(func) = instance.get_func(&store, "_initialize") {
                ended = func.call(&mut store, &[], &mut []).map(|()| Vec::new());
            }
            if ended.is_ok() {
                let record = (run.record.export(), run.record.args());
                let called = invoke(&mut store, &instance, record, run.args)?;
                ended = called.map(|all| texts(&all, &store));
            }
            memory = instance.get_memory(&store, &format!("{OWN} memory"));
        }
        Err(error) if stopped_by_program(&error) => ended = Err(error),
        Err(error) => return Err(error),
    }
    let is_limit = ended.as_ref().err().and_then(|error| error.downcast_ref::<Trap>());
    let is_limit =
        is_limit.is_some_and(|trap| matches!(trap, Trap::OutOfFuel | Trap::StackOverflow));
    let (text, frames) = match ended {
        Ok(values) if values.is_empty() => ("returned".to_owned(), Vec::new()),
        Ok(values) => (format!("returned {}", values.join(", ")), Vec::new()),
        Err(error) if error.is::<Stop>() => return Ok(()),
        Err(error) => stopped(&error, run.told),
    };
    let memory = memory.map(|memory| memory.data(&store));
    let memory = memory.filter(|bytes| bytes.len() <= MEMORY_MAX).map(<[u8]>::to_vec);
    let mut host = store.into_data();
    if host.flush().is_ok() {
        // A reader that has closed the channel does not need the end.
        let _ = host.out.send(Message::End(Box::new(End { text, frames, memory, is_limit })));
    }
    Ok(())
}

/// How a run ended that did not return, in words, and the active functions, the innermost first.
fn stopped(error: &Error, told: &Told) -> (String, Vec<Spot>) {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], |all| all.frames());
    let frames = backtrace.iter().filter_map(|at| told.spot(at.func_index(), at.func_offset()));
    let text = match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(code)) => format!("exited with {code}"),
        None => {
            let why = why(error);
            match why.strip_prefix("wasm trap: ") {
                Some(trap) => format!("trapped ({trap})"),
                None => format!("stopped ({why})"),
            }
        }
    };
    (text, frames.collect())
}
