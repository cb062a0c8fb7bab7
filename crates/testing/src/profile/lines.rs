//! Generated modules → one line each, in which every way of this machine agrees; and the lines of
//! two machines → the first that differ.
//!
//! `super` defines the parts of a line. Cost: a module runs in each tier and in one way of machine
//! code in turn ([`Way::of`]); a line has about 120 bytes.

use super::Way;
use crate::attach::Translation;
use crate::generate::{Case, Generator};
use crate::host::Host;
use crate::native::{NativeAttach, store as native_store};
use crate::run::{Failure, Outcome, Program, Record, Setup, State};
use prova_check::MemoryShape;
use prova_core::Tier;
use prova_module::{Features, Limits, Module};
use prova_native::NativeCompiler;
use prova_runtime::{Attach, Heat, Metering, Settings};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The options of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The generator of the modules.
    pub generator: Generator,
    /// The seed of the campaign.
    pub seed: u64,
    /// The number of the first module.
    pub from: u64,
    /// How many modules.
    pub count: u64,
    /// Functions of a biased module.
    pub funcs: usize,
    /// Threads.
    pub jobs: usize,
}

/// The result of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// One of each module, in their order.
    pub lines: Vec<String>,
    /// Modules that were refused.
    pub refused: u64,
    /// Modules that could not be instantiated.
    pub not_instantiated: u64,
    /// Calls, each counted once, however many ways it was made.
    pub calls: u64,
    /// Of these, calls that trapped.
    pub trapped: u64,
    /// Functions that ran as machine code.
    pub native: u64,
}

impl Lines {
    /// One digest for all lines.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        self.lines.iter().for_each(|line| hash.update(format!("{line}\n")));
        hex(&hash.finalize())
    }

    fn add(&mut self, other: Lines) {
        self.lines.extend(other.lines);
        self.refused += other.refused;
        self.not_instantiated += other.not_instantiated;
        self.calls += other.calls;
        self.trapped += other.trapped;
        self.native += other.native;
    }
}

/// The settings of every run.
const SETTINGS: Settings = Settings { metering: Metering::Fuel, deterministic: true };

/// Runs all modules, each in the ways that its number selects.
///
/// # Errors
/// The module of the lowest number in which two ways differ.
pub fn campaign(options: &Options) -> Result<Lines, String> {
    let (next, end) = (AtomicU64::new(options.from), options.from + options.count);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= end {
                return done;
            }
            let made = module(options, index);
            let failed = made.is_err();
            done.push((index, made));
            if failed {
                // The others end what they have begun, so the lowest number is in the results.
                next.store(end, Ordering::Relaxed);
            }
        }
    };
    let workers = || {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..options.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.collect::<Result<Vec<_>, _>>()
        })
    };
    let Ok(done) = workers() else { return Err("a thread panicked".to_owned()) };
    let mut done: Vec<_> = done.into_iter().flatten().collect();
    done.sort_by_key(|&(index, _)| index);
    let mut lines = Lines::default();
    for (_, made) in done {
        lines.add(made?);
    }
    Ok(lines)
}

/// Compares the lines of this machine with those of another.
///
/// # Errors
/// The first line in which they differ.
pub fn compare(here: &[String], there: &str) -> Result<(), String> {
    let mut others = there.lines();
    for line in here {
        match others.next() {
            Some(other) if other == line => {}
            Some(other) => return Err(format!("here  {line}\nthere {other}")),
            None => return Err(format!("here  {line}\nthere nothing")),
        }
    }
    match others.next() {
        Some(other) => Err(format!("here  nothing\nthere {other}")),
        None => Ok(()),
    }
}

/// The line of one module.
fn module(options: &Options, index: u64) -> Result<Lines, String> {
    let &Options { generator, seed, funcs, .. } = options;
    let case = generator.case(seed, index, funcs);
    let wasm = hex(&Sha256::digest(&case.wasm)[..8]);
    let mut lines = Lines::default();
    let decoded = Module::decode(&*case.wasm, &Features::default(), &Limits::default());
    let ended = match &decoded {
        Ok(module) => {
            let record = agreed(&case, module, index, &mut lines.native)
                .map_err(|what| format!("{generator:?}, seed {seed}, case {index}: {what}"))?;
            lines.not_instantiated = record.instantiation.is_some().into();
            lines.calls = record.calls.len() as u64;
            let trapped = |(outcome, _): &&(Outcome, Option<u64>)| {
                matches!(outcome, Outcome::Trap { .. } | Outcome::Fault(_))
            };
            lines.trapped = record.calls.iter().filter(trapped).count() as u64;
            format!("run {}", hex(&digest(&record)))
        }
        Err(error) => {
            lines.refused = 1;
            format!("refused {}", hex(&Sha256::digest(error.to_string())))
        }
    };
    let name = match generator {
        Generator::Biased => "biased",
        Generator::Smith => "smith",
        Generator::Addresses => "addresses",
    };
    lines.lines.push(format!("{name} {seed} {index} wasm {wasm} {ended}"));
    Ok(lines)
}

/// The record that all ways agree on.
fn agreed(case: &Case, module: &Module, index: u64, native: &mut u64) -> Result<Record, String> {
    let host = [Host::Function, Host::Growing, Host::Instance][(index % 3) as usize];
    let (calls, skip_from) = (&case.calls[..], case.calls.len());
    let program = Program { module, calls, fuel: case.fuel, skip_from, host };
    let translation: Arc<dyn Attach> = Arc::new(Translation::new(SETTINGS));
    let mut agreed: Option<Record> = None;
    for way in Way::of(index) {
        let mut machine = |compiler: NativeCompiler| {
            let store = native_store(SETTINGS, &compiler, Heat::NEVER);
            let attach = Arc::new(NativeAttach::new(SETTINGS, compiler));
            let record = program.run_in(store, Some(Arc::clone(&attach) as _));
            *native += attach.tally().native;
            record
        };
        let mut record = match way {
            Way::Tier(Tier::Reference) => {
                program.run(Setup { tier: Tier::Reference, settings: SETTINGS }, None)
            }
            Way::Tier(tier) => {
                program.run(Setup { tier, settings: SETTINGS }, Some(Arc::clone(&translation)))
            }
            Way::Native => machine(NativeCompiler::new()),
            Way::NativeExplicit => {
                machine(NativeCompiler::new().with_memory(MemoryShape::Explicit))
            }
            Way::NativeWithoutSignals => machine(NativeCompiler::new().without_signals()),
        };
        without_faults(&mut record);
        match &agreed {
            None => agreed = Some(record),
            Some(first) if *first == record => {}
            Some(first) => {
                let what = crate::differential::difference(first, &record);
                return Err(format!("{way}: {}", what.unwrap_or_else(|| "the record".to_owned())));
            }
        }
    }
    agreed.ok_or_else(|| "there is no tier".to_owned())
}

/// Leaves out where an access missed its memory.
fn without_faults(record: &mut Record) {
    let calls = record.calls.iter_mut().map(|(outcome, _)| outcome);
    let start = record.instantiation.iter_mut().filter_map(|failure| match failure {
        Failure::Trap(outcome) => Some(outcome),
        Failure::Other(_) => None,
    });
    for outcome in calls.chain(start) {
        if let Outcome::Trap { fault, .. } = outcome {
            *fault = None;
        }
    }
}

/// A digest of everything that a record has, in a fixed order and form.
fn digest(record: &Record) -> [u8; 32] {
    let Record { instantiation, calls, state } = record;
    let mut hash = Sha256::new();
    // Debug output of numbers, lists and words is the same on every machine.
    hash.update(format!("{instantiation:?}\n"));
    for (outcome, fuel) in calls {
        hash.update(format!("{outcome:?} {fuel:?}\n"));
    }
    for state in state {
        match state {
            State::Memory(bytes) => {
                hash.update(format!("memory {}\n", bytes.len()));
                hash.update(bytes);
            }
            State::Table(_) | State::Global(_) => hash.update(format!("{state:?}\n")),
        }
    }
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
