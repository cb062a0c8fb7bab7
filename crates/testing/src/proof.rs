//! Generated functions → translated and proved, none refused: the check must accept all honest
//! code.
//!
//! `differential` asks more of fewer functions, since nothing is executed here. Each case is
//! translated in one setting, which its number selects.
//!
//! A green run does not show that wrong code is refused (`mutations`, and the plants of
//! `prova-translate`), nor that the code computes the right thing. The plant of `tests/proof.rs`
//! shows that a refusal is seen.

use crate::attach::Plant;
use crate::differential::{Disagreement, Options, describe, shrink};
use crate::generate::Case;
use crate::second::compare::translator;
use prova_bytecode::CheckedBytecode;
use prova_module::{ErrorKind, Features, Limits, Module};
use prova_runtime::{Metering, Settings};
use prova_translate::Translator;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// The result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Cases.
    pub cases: u64,
    /// Modules refused as unsupported.
    pub unsupported: u64,
    /// Functions that the check has accepted.
    pub funcs: u64,
    /// Their words of code.
    pub words: u64,
    /// Their handlers.
    pub handlers: u64,
    /// The report of the first refusal.
    pub refusal: Option<String>,
}

/// Translates and proves cases until enough functions were proved, or one is refused.
pub fn campaign(options: &Options) -> Totals {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let totals = Mutex::new(Totals::default());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                let mut translators = [translator(0), translator(1)];
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let case = options.generator.case(options.seed, index, options.funcs);
                    let settings = settings(index);
                    let translator = &mut translators[(index / 8 % 2) as usize];
                    let result = prove(translator, &case, &settings, options.plant);
                    let report =
                        result.as_ref().err().map(|what| report(options, index, &case, what));
                    let Ok(mut totals) = totals.lock() else { return };
                    totals.cases += 1;
                    if let Ok(one) = result {
                        totals.unsupported += one.unsupported;
                        totals.funcs += one.funcs;
                        totals.words += one.words;
                        totals.handlers += one.handlers;
                    } else if totals.refusal.is_none() {
                        totals.refusal = report;
                    }
                    let late = options.time.is_some_and(|time| start.elapsed() >= time);
                    if late || totals.refusal.is_some() || totals.funcs >= options.count {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    totals.into_inner().unwrap_or_default()
}

/// The setting of a case.
fn settings(index: u64) -> Settings {
    let metering = Metering::ALL[(index % 4) as usize];
    Settings { metering, deterministic: index / 4 % 2 == 1 }
}

/// Translates and proves all functions of a case.
fn prove(
    translator: &mut Translator,
    case: &Case,
    settings: &Settings,
    plant: Option<Plant>,
) -> Result<Totals, String> {
    let mut totals = Totals::default();
    let module = match Module::decode(&*case.wasm, &Features::default(), &Limits::default()) {
        Ok(module) => module,
        Err(error)
            if matches!(error.kind, ErrorKind::Unsupported { .. } | ErrorKind::Limit { .. }) =>
        {
            return Ok(Totals { unsupported: 1, ..totals });
        }
        Err(error) => return Err(format!("a generated module is refused: {error}")),
    };
    for func in module.defined_funcs() {
        let candidate = translator.translate(&module, func, settings);
        let mut candidate = candidate.map_err(|error| error.to_string())?;
        if let Some(plant) = plant {
            candidate = plant(candidate);
        }
        totals.words += candidate.words.len() as u64;
        totals.handlers += candidate.handlers.len() as u64;
        CheckedBytecode::check(&module, settings, candidate).map_err(|error| error.to_string())?;
        totals.funcs += 1;
    }
    Ok(totals)
}

fn report(options: &Options, index: u64, case: &Case, what: &str) -> String {
    let Options { generator, seed, funcs, plant, .. } = options;
    let settings = settings(index);
    let fresh = || translator(index / 8);
    let refused = |case: &Case| prove(&mut fresh(), case, &settings, *plant).is_err();
    let small = shrink(case, &refused);
    let now = prove(&mut fresh(), &small, &settings, *plant).err();
    let found = Disagreement { setup: None, settings, what: now.unwrap_or_default() };
    format!(
        "refused: {generator:?} --seed {seed}, case {index} of {funcs} functions\nbefore shrinking: {what}\n{}",
        describe(&small, &found)
    )
}
