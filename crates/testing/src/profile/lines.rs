//! Generated modules → one line each, in which every way of this machine agrees; and the lines of
//! two machines → the first that differ.
//!
//! `super` defines the parts of a line. Cost: a module runs in each tier and in one way of machine
//! code in turn ([`Way::of`]); a line has about 120 bytes.

use super::Way;
use crate::campaign::{self, Options, Totals};
use crate::generate::{Case, Generator};
use crate::sides::attach::Translation;
use crate::sides::compare::against;
use crate::sides::host::Host;
use crate::sides::native::{APART, Native};
use crate::sides::run::{Outcome, Program, Record, Setup, State};
use crate::sides::{Side, Translated};
use prova_core::Tier;
use prova_module::{Features, Limits, Module};
use prova_runtime::{Attach, Metering, Settings};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The result of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// One of each module, by its number.
    pub lines: BTreeMap<u64, String>,
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
    /// The lines in their order.
    pub fn texts(&self) -> Vec<String> {
        self.lines.values().cloned().collect()
    }

    /// One digest for all lines.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        self.lines.values().for_each(|line| hash.update(format!("{line}\n")));
        crate::hex(&hash.finalize())
    }
}

impl campaign::Tally for Lines {
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

/// Runs as many modules as `modules` says, each in the ways that its number selects.
///
/// # Errors
/// The module of the lowest number in which two ways differ.
pub fn campaign(options: &Options) -> Result<Lines, String> {
    let end = options.first + options.modules;
    let enough = |totals: &Totals<Lines>| totals.cases >= options.modules;
    let totals = campaign::campaign(options, enough, |index| match index < end {
        true => module(options, index),
        // Another thread has begun the last one.
        false => Ok(Lines::default()),
    });
    totals.finding.map_or(Ok(totals.tally), Err)
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
    let &Options { generator, seed, .. } = options;
    let case = options.case(index);
    let wasm = crate::hex(&Sha256::digest(&case.wasm)[..8]);
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
            format!("run {}", crate::hex(&digest(&record)))
        }
        Err(error) => {
            lines.refused = 1;
            format!("refused {}", crate::hex(&Sha256::digest(error.to_string())))
        }
    };
    let name = match generator {
        Generator::Biased => "biased",
        Generator::Smith => "smith",
        Generator::Addresses => "addresses",
        Generator::Narrow => "narrow",
        Generator::Objects => "objects",
        Generator::BiasedObjects => "biased-objects",
        Generator::Programs => "programs",
    };
    lines.lines.insert(index, format!("{name} {seed} {index} wasm {wasm} {ended}"));
    Ok(lines)
}

/// The record that all ways agree on, the reference tier first.
fn agreed(case: &Case, module: &Module, index: u64, native: &mut u64) -> Result<Record, String> {
    let program = Program::of(module, case, Host::of(index));
    let setup = |tier| Setup { tier, settings: SETTINGS };
    let attach: Arc<dyn Attach> = Arc::new(Translation::new(SETTINGS));
    let mut record = setup(Tier::Reference).run(&program);
    for way in Way::of(index) {
        let agrees = |side: &dyn Side| {
            let found = against(&record, &program, &[side], APART);
            found.map_err(|found| format!("{way}: {}", found.what))
        };
        match way {
            Way::Tier(Tier::Reference) => {}
            Way::Tier(tier) => {
                agrees(&Translated { setup: setup(tier), attach: Arc::clone(&attach) })?;
            }
            Way::Native(way) => {
                let machine = Native::new(SETTINGS, &|| way.compiler());
                agrees(&machine)?;
                *native += machine.tally().native;
            }
        }
    }
    APART.take(&mut record);
    Ok(record)
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
