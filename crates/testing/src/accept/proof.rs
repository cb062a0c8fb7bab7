//! Generated functions → translated and proved, none refused: the check must accept all honest
//! code.
//!
//! `differential` asks more of fewer functions, since nothing is executed here. Each case is
//! translated in one setting, which its number selects.
//!
//! A green run does not show that wrong code is refused (`mutations`, and the plants of
//! `prova-translate`), nor that the code computes the right thing. The plant of `tests/proof.rs`
//! shows that a refusal is seen.

use crate::campaign::{self, Options};
use crate::generate::Case;
use crate::generate::shrink::shrink;
use crate::sides::attach::{Plant, translator};
use crate::sides::report::describe;
use prova_bytecode::CheckedBytecode;
use prova_runtime::{Metering, Settings};
use prova_translate::Translator;
use std::sync::{Mutex, PoisonError};

/// The result of a campaign.
pub type Totals = campaign::Totals<Tally>;

/// The counts of cases whose functions are all accepted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Modules refused as unsupported.
    pub unsupported: u64,
    /// Functions that the check has accepted.
    pub funcs: u64,
    /// Their words of code.
    pub words: u64,
    /// Their handlers.
    pub handlers: u64,
}

impl campaign::Tally for Tally {
    fn add(&mut self, other: Tally) {
        self.unsupported += other.unsupported;
        self.funcs += other.funcs;
        self.words += other.words;
        self.handlers += other.handlers;
    }
}

/// Translates and proves cases until enough functions were proved, or one is refused.
pub fn campaign(options: &Options) -> Totals {
    let enough = |totals: &Totals| totals.tally.funcs >= options.count;
    // A translator goes on from module to module: nothing of one may be left for the next.
    let idle: Mutex<Vec<[Translator; 2]>> = Mutex::default();
    campaign::campaign(options, enough, |index| {
        let case = options.case(index);
        let one = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut translators = one.unwrap_or_else(|| [translator(0), translator(1)]);
        let proved = prove(&mut translators[(index / 8 % 2) as usize], &case, index, options.plant);
        idle.lock().unwrap_or_else(PoisonError::into_inner).push(translators);
        proved.map_err(|what| report(options, index, &case, &what))
    })
}

/// The setting of a case.
fn settings(index: u64) -> Settings {
    let metering = Metering::ALL[(index % 4) as usize];
    Settings { metering, deterministic: index / 4 % 2 == 1 }
}

/// Translates and proves all functions of the case of a number.
fn prove(
    translator: &mut Translator,
    case: &Case,
    index: u64,
    plant: Option<Plant>,
) -> Result<Tally, String> {
    let (mut tally, settings) = (Tally::default(), settings(index));
    let Some(module) = case.supported()? else { return Ok(Tally { unsupported: 1, ..tally }) };
    for func in module.defined_funcs() {
        let candidate = translator.translate(&module, func, &settings);
        let mut candidate = candidate.map_err(|error| error.to_string())?;
        if let Some(plant) = plant {
            candidate = plant(candidate);
        }
        tally.words += candidate.words.len() as u64;
        tally.handlers += candidate.handlers.len() as u64;
        CheckedBytecode::check(&module, &settings, candidate).map_err(|error| error.to_string())?;
        tally.funcs += 1;
    }
    Ok(tally)
}

fn report(options: &Options, index: u64, case: &Case, what: &str) -> String {
    let Options { generator, seed, funcs, plant, .. } = options;
    let again = |case: &Case| prove(&mut translator(index / 8), case, index, *plant).err();
    let small = shrink(case, &|case| again(case).is_some());
    let now = again(&small).unwrap_or_default();
    format!(
        "refused: {generator:?} --seed {seed}, case {index} of {funcs} functions\nbefore shrinking: {what}\n{}",
        describe(&small, Err(settings(index)), &now)
    )
}
