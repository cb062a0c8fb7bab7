//! A module, a range of addresses and a run → each access to the range, in order and counted by
//! place.
//!
//! ```text
//! Module ─ instrument ─► Module' ─ prova ─► reports ─► Recorder ─► WatchReport ─► tree
//! ```
//!
//! [`xref`](prova_xref::xref()) answers without running; the report lists its places that the run
//! did not reach.
//!
//! | accesses | seen |
//! |---|---|
//! | loads, stores, atomic and vector accesses, bulk operators of the module's code | yes |
//! | reads and writes of the host for direct calls of WASI | yes, by the table of `effects` |
//! | changes by direct calls of other imported functions | in at most [`COPY_BYTES_MAX`] bytes |
//! | reads of the host for calls of other imported functions | no |
//! | accesses of the host for calls through a table and tail calls | no |
//!
//! 1. Offsets and functions are those of the module as it was given.
//! 2. Memory: the counts of each place, and [`Program::first`] accesses with their call stacks.
//!
//! The program runs as under `prova run`: WASI preview 1, `_initialize`, then a function or
//! `_start`. Imports that WASI does not have trap when they are called. `tests/watch.rs` has each
//! operator, and compares runs of instrumented programs with runs of the programs themselves.

pub(crate) mod effects;
mod instrument;
mod report;

pub use report::{Access, Frame, Hit, Initial, Place, WatchReport};

use effects::Touched;
use instrument::{Instrumented, Kind, OWN, STACK_BYTES, Site, instrument};
use prova_builds::names::printable;
use prova_core::wasi::{self, I32Exit, WasiCtx};
use prova_core::{
    Caller, Config, Engine, Error, FuncType, Instance, Linker, Memory, Result, Store, Trap, Val,
    bail, format_err,
};
use prova_module::ops::{Immediate, Opcode};
use prova_module::{DataIdx, ExternKind, FuncIdx, Module};
use prova_xref::op::mnemonic;
use prova_xref::{MemoryMap, Use, XrefReport, named, xref_in};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Maximum size in bytes of a range of which a copy is kept, to see what the host changes.
pub const COPY_BYTES_MAX: u64 = 64 * 1024;
/// Maximum number of bytes of one access that are shown.
const SHOWN_BYTES: u64 = 16;
/// Maximum number of exported functions that the error of a missing function names.
const NAMES_MAX: usize = 12;
/// Maximum number of frames of a call stack that are kept.
const FRAMES_MAX: usize = 64;

/// A program, its grants and its limits.
pub struct Program<'p> {
    /// The directories, streams and other grants of the program.
    pub wasi: WasiCtx,
    /// The exported function that is called; `None` for `_start`.
    pub invoke: Option<&'p str>,
    /// The values for a function of this type.
    pub args: &'p dyn Fn(&FuncType) -> Result<Vec<Val>>,
    /// The units of fuel after which the program is stopped; `None` for no limit.
    pub fuel: Option<u64>,
    /// Maximum number of accesses that are kept in order.
    pub first: usize,
    /// The memory that is watched.
    pub memory: u32,
}

struct Host {
    wasi: WasiCtx,
    recorder: Recorder,
}

/// Counts what is reported.
struct Recorder {
    sites: Arc<[Site]>,
    range: Range<u64>,
    /// The watched bytes as they were last seen; `None` if there are too many.
    copy: Option<Vec<u8>>,
    counts: BTreeMap<(u32, How), Count>,
    hits: Vec<RawHit>,
    first: usize,
    total: u64,
}

struct Count {
    times: u64,
    first: Vec<u8>,
    last: Vec<u8>,
}

/// Who accessed the range at a place of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// The operator there.
    Code,
    /// WASI, called there, read or wrote.
    HostRead,
    HostWrite,
    /// The host, called there, and nothing more is known.
    HostChange,
}

struct RawHit {
    site: u32,
    how: How,
    address: u64,
    bytes: u64,
    value: Vec<u8>,
    before: Option<Vec<u8>>,
    /// Sites of calls, the innermost first.
    stack: Vec<u32>,
    deeper: bool,
}

/// Runs the program and reports each access to the range.
///
/// # Errors
/// If the module has no memory or cannot be instantiated, or if there is no such function or these
/// are not its arguments. A trap of the program is no error: the report says how it ended.
pub fn watch(module: &Module, range: Range<u64>, program: Program<'_>) -> Result<WatchReport> {
    let memory = program.memory;
    match module.memories().len() {
        0 => bail!("the module has no memory"),
        count if memory as usize >= count => {
            bail!("the module has no memory {memory}: it has {count}")
        }
        _ => {}
    }
    if module.imports().iter().any(|import| &*import.module == OWN) {
        bail!("the module imports from `{OWN}`, where reports go");
    }
    let Instrumented { wasm, sites } = instrument(module, memory, &range).map_err(Error::msg)?;
    let mut config = Config::new();
    config.features(*module.features()).wasm_proposal(prova_core::Proposal::MultiMemory, true);
    // Added locals must not make the stack smaller than the program has it otherwise.
    config.max_wasm_stack(32 << 20).consume_fuel(program.fuel.is_some());
    let engine = Engine::new(&config)?;
    let instrumented = prova_core::Module::new(&engine, &wasm)?;
    let sites: Arc<[Site]> = sites.into();
    let small = range.end - range.start <= COPY_BYTES_MAX;
    let recorder = Recorder {
        sites: sites.clone(),
        copy: small.then(|| initial_bytes(module, memory, &range)),
        range: range.clone(),
        counts: BTreeMap::new(),
        hits: Vec::new(),
        first: program.first,
        total: 0,
    };
    let mut store = Store::new(&engine, Host { wasi: program.wasi, recorder });
    if let Some(fuel) = program.fuel {
        store.set_fuel(fuel)?;
    }
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    linker.func_wrap(OWN, "access", on_access)?;
    linker.func_wrap(OWN, "host", on_host)?;
    linker.func_wrap(OWN, "wasi", on_wasi)?;
    linker.define_unknown_imports_as_traps(&instrumented)?;
    let instance = linker.instantiate(&mut store, &instrumented)?;
    let watched_memory = own_memory(&instance, &store, "memory")?;
    if module.start().is_none() && small {
        // Segments whose places are computed are known only now.
        let bytes = watched(watched_memory.data(&store), &range);
        store.data_mut().recorder.copy = Some(bytes);
    }
    let ended = run(&mut store, (module, &instance), program.invoke, program.args)?;
    let recorder = &store.data().recorder;
    let differs = |copy: &Vec<u8>| *copy != watched(watched_memory.data(&store), &range);
    let unseen = recorder.copy.as_ref().is_some_and(differs);
    let recorder = store.into_data().recorder;
    let fixed = xref_in(module, memory, range).with_variables(module);
    Ok(conclude(module, &fixed, recorder, ended, unseen))
}

/// Calls `_initialize` and the function, and returns in words how the run ended.
fn run(
    store: &mut Store<Host>,
    (module, instance): (&Module, &Instance),
    invoke: Option<&str>,
    args: &dyn Fn(&FuncType) -> Result<Vec<Val>>,
) -> Result<String> {
    let name = invoke.unwrap_or("_start");
    let Some(func) = instance.get_func(&*store, name) else {
        bail!("the module exports no function `{}`{}", printable(name), exported_funcs(module));
    };
    let values = if invoke.is_some() { args(&func.ty(&*store))? } else { Vec::new() };
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    let mut ended = Ok(());
    if let Some(initialize) = instance.get_func(&*store, "_initialize") {
        ended = initialize.call(&mut *store, &[], &mut []);
    }
    if ended.is_ok() {
        if let Some(top) = instance.get_global(&*store, &format!("{OWN} top")) {
            top.set(&mut *store, Val::I32(0))?;
        }
        ended = func.call(&mut *store, &values, &mut results);
    }
    Ok(match ended {
        Ok(()) => {
            let values: Vec<String> = results.iter().map(ToString::to_string).collect();
            let returned = format!("returned {}", values.join(", "));
            returned.trim_end().to_owned()
        }
        Err(error) => match (error.downcast_ref::<I32Exit>(), error.downcast_ref::<Trap>()) {
            (Some(I32Exit(code)), _) => format!("exited with {code}"),
            (None, Some(trap)) => trap.to_string(),
            (None, None) => printable(&error.root_cause().to_string()),
        },
    })
}

/// The first of the exported functions, for a message.
fn exported_funcs(module: &Module) -> String {
    let exports = module.exports().iter();
    let funcs = exports.filter(|export| export.kind == ExternKind::Func);
    let names: Vec<String> =
        funcs.map(|export| format!("`{}`", printable(&export.name))).take(NAMES_MAX + 1).collect();
    match names.get(..NAMES_MAX) {
        _ if names.is_empty() => "; it exports none".to_owned(),
        Some(first) if names.len() > NAMES_MAX => format!("; it exports {}, …", first.join(", ")),
        _ => format!("; it exports {}", names.join(", ")),
    }
}

fn own_memory(instance: &Instance, store: &Store<Host>, name: &str) -> Result<Memory> {
    let name = format!("{OWN} {name}");
    instance.get_memory(store, &name).ok_or_else(|| format_err!("there is no export `{name}`"))
}

/// The bytes of the range in a memory; zero where the memory ends before.
fn watched(memory: &[u8], range: &Range<u64>) -> Vec<u8> {
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let have = memory.get(range.start as usize..).unwrap_or_default();
    let length = have.len().min(bytes.len());
    bytes[..length].copy_from_slice(&have[..length]);
    bytes
}

/// The bytes of the range as the segments at constant addresses make them.
fn initial_bytes(module: &Module, memory: u32, range: &Range<u64>) -> Vec<u8> {
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let mut spans = MemoryMap::of(module, memory).spans;
    spans.sort_by_key(|span| span.segment);
    for span in spans {
        let (start, end) = (span.start.max(range.start), span.range().end.min(range.end));
        if start < end {
            let data = module.data_bytes(DataIdx(span.segment));
            let data = &data[(start - span.start) as usize..(end - span.start) as usize];
            bytes[(start - range.start) as usize..(end - range.start) as usize]
                .copy_from_slice(data);
        }
    }
    bytes
}

fn on_access(
    mut caller: Caller<'_, Host>,
    site: i32,
    address: i64,
    bytes: i64,
    at: i64,
    place: i32,
) -> Result<()> {
    let memory = exported(&mut caller, "memory")?;
    let (site, address, bytes) = (site as u32, address as u64, bytes as u64);
    let range = caller.data().recorder.range.clone();
    // Of a bulk operator the watched part is shown, of any other access all of it.
    let (from, end) = match bytes <= SHOWN_BYTES {
        true => (address, address + bytes),
        false => (address.max(range.start), (address + bytes).min(range.end)),
    };
    let start = (at as u64).wrapping_add(from - address);
    let data = memory.data(&caller);
    let value = slice(data, start, (end - from).min(SHOWN_BYTES)).to_vec();
    let now = (address.max(range.start), (address + bytes).min(range.end));
    let now = (now.0, slice(data, now.0, now.1 - now.0).to_vec());
    let recorder = &mut caller.data_mut().recorder;
    let writes = recorder.sites.get(site as usize).is_some_and(|site| site.kind != Kind::Read);
    let before = if writes { recorder.replace(&now.0, &now.1, from, value.len()) } else { None };
    let how = How::Code;
    let hit = RawHit { site, how, address, bytes, value, before, stack: vec![], deeper: false };
    record(&mut caller, hit, place)
}

/// Records each part of the range that a call of WASI has touched. A call that returns another
/// `errno` than 0 has failed, and has no hits.
#[expect(clippy::too_many_arguments, reason = "they are those of an imported function")]
fn on_wasi(
    mut caller: Caller<'_, Host>,
    site: i32,
    place: i32,
    errno: i32,
    a: i64,
    b: i64,
    c: i64,
    d: i64,
    e: i64,
    f: i64,
    g: i64,
    h: i64,
    i: i64,
) -> Result<()> {
    let recorder = &caller.data().recorder;
    let (site, range) = (site as u32, recorder.range.clone());
    let Some(at) = recorder.sites.get(site as usize).filter(|_| errno == 0) else { return Ok(()) };
    let effects = at.effects;
    let memory = exported(&mut caller, "memory")?;
    let args = [a, b, c, d, e, f, g, h, i].map(|arg| arg as u64);
    for touched in effects::touched(effects, &args, memory.data(&caller)) {
        let end = touched.start.saturating_add(touched.bytes);
        let (from, to) = (touched.start.max(range.start), end.min(range.end));
        if from >= to {
            continue;
        }
        let now = slice(memory.data(&caller), from, to - from).to_vec();
        let value = now[..now.len().min(SHOWN_BYTES as usize)].to_vec();
        let how = if touched.writes { How::HostWrite } else { How::HostRead };
        let before = match how {
            How::HostWrite => caller.data_mut().recorder.replace(&from, &now, from, value.len()),
            How::Code | How::HostRead | How::HostChange => None,
        };
        let Touched { start: address, bytes, .. } = touched;
        let hit = RawHit { site, how, address, bytes, value, before, stack: vec![], deeper: false };
        record(&mut caller, hit, place)?;
    }
    Ok(())
}

fn on_host(mut caller: Caller<'_, Host>, site: i32, place: i32) -> Result<()> {
    let Some(copy) = &caller.data().recorder.copy else { return Ok(()) };
    let range = caller.data().recorder.range.clone();
    let length = copy.len() as u64;
    let memory = exported(&mut caller, "memory")?;
    let now = slice(memory.data(&caller), range.start, length);
    let Some(copy) = &caller.data().recorder.copy else { return Ok(()) };
    let differs = |(a, b): (&u8, &u8)| a != b;
    let Some(first) = now.iter().zip(copy).position(differs) else { return Ok(()) };
    let last = now.iter().zip(copy).rposition(differs).unwrap_or(first);
    let (address, bytes) = (range.start + first as u64, (last + 1 - first) as u64);
    let shown = first..(last + 1).min(first + SHOWN_BYTES as usize);
    let (value, before) = (now[shown.clone()].to_vec(), Some(copy[shown].to_vec()));
    let now = now.to_vec();
    caller.data_mut().recorder.copy = Some(now);
    let site = site as u32;
    let how = How::HostChange;
    let hit = RawHit { site, how, address, bytes, value, before, stack: vec![], deeper: false };
    record(&mut caller, hit, place)
}

/// Counts a hit, and keeps it with its call stack if it is one of the first.
fn record(caller: &mut Caller<'_, Host>, mut hit: RawHit, place: i32) -> Result<()> {
    let recorder = &mut caller.data_mut().recorder;
    recorder.total += 1;
    let key = (hit.site, hit.how);
    match recorder.counts.get_mut(&key) {
        Some(count) => {
            count.times += 1;
            count.last.clone_from(&hit.value);
        }
        None => {
            let (first, last) = (hit.value.clone(), hit.value.clone());
            recorder.counts.insert(key, Count { times: 1, first, last });
        }
    }
    if recorder.hits.len() >= recorder.first {
        return Ok(());
    }
    let stack = exported(caller, "stack")?;
    let depth = place as u32 / 4;
    let calls = (0..depth).rev().take(FRAMES_MAX).map(|nth| {
        let at = u64::from(nth.wrapping_mul(4) & (STACK_BYTES - 4));
        slice(stack.data(&*caller), at, 4)
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u32::from(*byte))
    });
    hit.stack = calls.collect();
    hit.deeper = depth as usize > FRAMES_MAX;
    caller.data_mut().recorder.hits.push(hit);
    Ok(())
}

fn exported(caller: &mut Caller<'_, Host>, name: &str) -> Result<Memory> {
    let export = caller.get_export(&format!("{OWN} {name}"));
    export
        .and_then(prova_core::Extern::into_memory)
        .ok_or_else(|| format_err!("there is no export `{OWN} {name}`"))
}

fn slice(memory: &[u8], start: u64, length: u64) -> &[u8] {
    let end = start.saturating_add(length).min(memory.len() as u64);
    memory.get(start as usize..end as usize).unwrap_or_default()
}

impl Recorder {
    /// Puts what a write has left into the copy; what was there before of the value that is shown,
    /// if all of it was watched.
    fn replace(&mut self, start: &u64, now: &[u8], from: u64, length: usize) -> Option<Vec<u8>> {
        let Range { start: first, end } = self.range;
        let copy = self.copy.as_mut()?;
        let shown = from >= first && from + length as u64 <= end;
        let before = shown.then(|| slice(copy, from - first, length as u64).to_vec());
        let at = (start - first) as usize;
        copy[at..at + now.len()].copy_from_slice(now);
        before
    }
}

fn conclude(
    module: &Module,
    fixed: &XrefReport,
    recorder: Recorder,
    ended: String,
    unseen: bool,
) -> WatchReport {
    let places = places(module, &recorder);
    let place = |site: &u32| places.get(site).cloned();
    let access = |site: u32, how: How| {
        let kind = recorder.sites.get(site as usize).map(|at| at.kind);
        match (how, kind) {
            (How::HostRead, _) => Access::HostRead,
            (How::HostWrite, _) => Access::HostWrite,
            (How::HostChange, _) => Access::Host,
            (How::Code, Some(Kind::Read)) => Access::Read,
            (How::Code, Some(Kind::Update)) => Access::Update,
            (How::Code, Some(Kind::Write | Kind::Call) | None) => Access::Write,
        }
    };
    let predicted = |place: &Place| {
        let is = |one: &Use| (one.func, one.offset) == (place.func, place.offset);
        fixed.reads.iter().chain(&fixed.writes).chain(&fixed.indexed).any(is)
    };
    let mut sites = Vec::new();
    for (&(site, how), count) in &recorder.counts {
        let Some(place) = place(&site) else { continue };
        let predicted = predicted(&place);
        let (first, last) = (report::hex(&count.first), report::hex(&count.last));
        let access = access(site, how);
        sites.push(report::Count { place, access, times: count.times, first, last, predicted });
    }
    sites.sort_by_key(|count| (count.place.func, count.place.offset, count.access));
    let variable = |address: u64| {
        let found = fixed.variables.iter().find(|variable| variable.has(address));
        found.map(|variable| variable.named(address)).unwrap_or_default()
    };
    let hits = recorder.hits.iter().zip(1..);
    let first = hits.filter_map(|(hit, number)| {
        Some(Hit {
            number,
            access: access(hit.site, hit.how),
            place: place(&hit.site)?,
            address: hit.address,
            variable: variable(hit.address),
            bytes: hit.bytes,
            value: report::hex(&hit.value),
            before: hit.before.as_deref().map(report::hex),
            stack: hit.stack.iter().filter_map(place).map(Frame::from).collect(),
            deeper: hit.deeper,
        })
    });
    WatchReport {
        memory: fixed.memory,
        start: fixed.start,
        end: fixed.end,
        place: fixed.place.clone(),
        variables: fixed.variables.clone(),
        ended,
        total: recorder.total,
        initial: initial(&fixed.map, module, &recorder.range),
        first: first.collect(),
        not_reached: not_reached(fixed, &sites),
        sites,
        unseen,
    }
}

/// The accesses that are known without a run, and were not seen in it.
fn not_reached(fixed: &XrefReport, sites: &[report::Count]) -> Vec<Use> {
    let reached: BTreeSet<(u32, u32)> =
        sites.iter().map(|count| (count.place.func, count.place.offset)).collect();
    let uses = fixed.reads.iter().chain(&fixed.writes);
    let missing = uses.filter(|one| !reached.contains(&(one.func, one.offset))).cloned();
    missing.collect::<BTreeSet<Use>>().into_iter().collect()
}

/// Every place that the report names, each looked up once.
fn places(module: &Module, recorder: &Recorder) -> BTreeMap<u32, Place> {
    let hits = recorder.hits.iter();
    let mut sites: BTreeSet<u32> = recorder.counts.keys().map(|(site, _)| *site).collect();
    sites.extend(hits.flat_map(|hit| hit.stack.iter().chain([&hit.site])));
    let known = sites
        .into_iter()
        .filter_map(|site| recorder.sites.get(site as usize).map(|&at| (site, place(module, at))));
    known.collect()
}

fn place(module: &Module, site: Site) -> Place {
    let operator = module.body(site.func).and_then(|body| {
        let mut reader = body.operators();
        std::iter::from_fn(|| reader.read_with_offset().ok())
            .find(|(_, offset)| *offset as u32 == site.offset)
            .map(|(op, _)| match Opcode::immediates(&op).index(Immediate::func) {
                Some(callee) => format!("{} {}", mnemonic(&op), named(module, FuncIdx(callee))),
                None => mnemonic(&op),
            })
    });
    Place {
        func: site.func.0,
        name: named(module, site.func),
        offset: site.offset,
        operator: operator.unwrap_or_default(),
    }
}

/// The bytes that segments at constant addresses write into the range before the program runs.
fn initial(map: &MemoryMap, module: &Module, range: &Range<u64>) -> Vec<Initial> {
    let spans = map.spans.iter();
    let touched = spans.filter(|span| span.start < range.end && span.range().end > range.start);
    touched
        .map(|span| {
            let (start, end) = (span.start.max(range.start), span.range().end.min(range.end));
            let bytes = module.data_bytes(DataIdx(span.segment));
            let value = slice(bytes, start - span.start, (end - start).min(SHOWN_BYTES));
            Initial {
                segment: span.segment,
                name: span.name.clone(),
                address: start,
                bytes: end - start,
                value: report::hex(value),
            }
        })
        .collect()
}
