//! Generated and edited candidates → both opinions on each, and the first places where they differ.
//!
//! ```text
//! generate ─ translate ─► honest ─┬──────────────► check, second ─► both accept
//!                                 └ mutations ───► check, second ─► both accept, or both refuse
//! ```
//!
//! `mutations::edit` makes the edits. An edit that both accept becomes the base of the next one, so
//! the candidates wander away from what a translator writes.
//!
//! Both opinions must accept alike. The rule by which they refuse need not be the same: a candidate
//! may break several, and each opinion comes to them in its own order; the report counts the pairs.

use super::mutations::{difference_in_words, edit_once, settings_of, shapes, some_funcs};
use crate::generate::module_of;
use crate::generate::{Generator, Rng};
use crate::second::{self, Plant, Refusal};
use crate::sides::attach::translator;
use prova_bytecode::{Candidate, CheckError, CheckedBytecode, Rule, Settings};
use prova_module::{FuncIdx, Module};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The first opinion: the check's, or in tests the opinion of a check with a fault.
pub type Opinion = fn(&Module, &Settings, &Candidate, &Candidate) -> Result<(), CheckError>;

/// The check itself.
///
/// # Errors
/// Its refusal.
pub fn checked(
    module: &Module,
    settings: &Settings,
    _honest: &Candidate,
    candidate: &Candidate,
) -> Result<(), CheckError> {
    CheckedBytecode::check(module, settings, candidate.clone()).map(drop)
}

/// The functions to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// Honest functions.
    pub honest: u64,
    /// Edited functions.
    pub edited: u64,
    /// The seed of the campaign.
    pub seed: u64,
    /// Modules whose functions are edited, besides generated ones.
    pub files: Vec<PathBuf>,
    /// An end before that, if any.
    pub time: Option<Duration>,
    /// The first opinion, which is given the honest candidate, too, so that a planted one can
    /// forget an edit.
    pub first: Opinion,
    /// An end when there are this many disagreements.
    pub most: usize,
    /// A fault of the second opinion, if any.
    pub plant: Option<Plant>,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Honest functions; both accept all except those that disagree.
    pub honest: u64,
    /// Edited functions.
    pub edited: u64,
    /// Edited functions that both accept.
    pub accepted: u64,
    /// Functions that nest too deep to be judged.
    pub not_judged: u64,
    /// The rules by which both refuse, and the same word or not.
    pub rules: BTreeMap<(Rule, Rule), u64>,
    /// Refusals at the same word.
    pub same_word: u64,
    /// Disagreements, with everything needed to see why.
    pub disagreements: Vec<String>,
}

impl Report {
    /// Refusals by both.
    pub fn refused(&self) -> u64 {
        self.rules.values().sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { honest, edited, accepted, not_judged, same_word, .. } = self;
        let (refused, disagreements) = (self.refused(), self.disagreements.len());
        writeln!(f, "{honest} honest functions, {edited} edited ones")?;
        writeln!(f, "edited: {accepted} accepted by both, {refused} refused by both")?;
        let same = self.rules.iter().filter(|((a, b), _)| a == b).map(|(_, count)| count);
        writeln!(f, "  by the same rule: {}, at the same word: {same_word}", same.sum::<u64>())?;
        for ((check, second), count) in self.rules.iter().filter(|((a, b), _)| a != b) {
            writeln!(f, "  check {check}, second {second}: {count}")?;
        }
        writeln!(f, "{not_judged} not judged, {disagreements} disagreements")?;
        for text in self.disagreements.iter().take(5) {
            writeln!(f, "DISAGREEMENT: {text}")?;
        }
        Ok(())
    }
}

/// Compares honest functions, then edited ones.
pub fn campaign(options: &Options) -> Report {
    let start = Instant::now();
    let mut this = Comparison { options, start, report: Report::default(), index: 0 };
    let files: Vec<Module> =
        options.files.iter().filter_map(|file| module_of(&std::fs::read(file).ok()?)).collect();
    while this.report.honest < options.honest && this.goes_on() {
        this.honest();
    }
    while this.report.edited < options.edited && this.goes_on() {
        this.edited(&files);
    }
    this.report
}

struct Comparison<'o> {
    options: &'o Options,
    start: Instant,
    report: Report,
    index: u64,
}

impl Comparison<'_> {
    fn goes_on(&self) -> bool {
        let late = self.options.time.is_some_and(|time| self.start.elapsed() >= time);
        !late && self.report.disagreements.len() < self.options.most
    }

    /// A case of honest functions.
    fn honest(&mut self) {
        let Options { seed, honest, .. } = *self.options;
        self.index += 1;
        let generator = match self.index % 8 {
            0 => Generator::Smith,
            4 => Generator::Objects,
            2 | 6 => Generator::BiasedObjects,
            _ => Generator::Biased,
        };
        let case = generator.case(seed, self.index, 40);
        let Some(module) = module_of(&case.wasm) else { return };
        let settings = settings_of(self.index);
        let mut translator = translator(self.index / 8);
        for func in module.defined_funcs() {
            if self.report.honest >= honest {
                return;
            }
            let Ok(candidate) = translator.translate(&module, func, &settings) else { continue };
            self.report.honest += 1;
            if let Some(Pair { first, second }) =
                self.opinions(&module, &settings, &candidate, &candidate)
                && (first.is_err() || second.is_err())
            {
                let pair = Pair { first, second };
                self.disagree("honest", &settings, &candidate, &candidate, &pair);
            }
        }
    }

    /// Edits of some functions of a case or of a file.
    fn edited(&mut self, files: &[Module]) {
        let Options { seed, .. } = *self.options;
        self.index += 1;
        let mut rng = Rng::of(seed ^ 0x5eed, self.index);
        let settings = settings_of(rng.bits());
        if let Some(module) = files.get(self.index as usize % (8 * files.len().max(1))) {
            for func in some_funcs(&mut rng, module, 10) {
                self.walk(&mut rng, module, &settings, func);
            }
            return;
        }
        if rng.percent(12) {
            for func in some_funcs(&mut rng, shapes(), 3) {
                self.walk(&mut rng, shapes(), &settings, func);
            }
            return;
        }
        let generator = match rng.below(8) {
            0 => Generator::Smith,
            1 => Generator::Objects,
            2 | 3 => Generator::BiasedObjects,
            _ => Generator::Biased,
        };
        let case = generator.case(seed, self.index, 6);
        let Some(module) = module_of(&case.wasm) else { return };
        for func in module.defined_funcs() {
            self.walk(&mut rng, &module, &settings, func);
        }
    }

    /// A walk over edits of one function.
    fn walk(&mut self, rng: &mut Rng, module: &Module, settings: &Settings, func: FuncIdx) {
        let translated = translator(self.index).translate(module, func, settings);
        let Ok(honest) = translated else { return };
        let mut base = honest.clone();
        for _ in 0..rng.between(8, 60) {
            if self.report.edited >= self.options.edited {
                return;
            }
            let Some((kind, candidate)) = edit_once(rng, &base) else { continue };
            self.report.edited += 1;
            let Some(pair) = self.opinions(module, settings, &base, &candidate) else { continue };
            match (&pair.first, &pair.second) {
                (Ok(()), Ok(())) => {
                    self.report.accepted += 1;
                    base = candidate;
                }
                (Err(first), Err(second)) => {
                    *self.report.rules.entry((first.rule, second.rule)).or_default() += 1;
                    self.report.same_word += u64::from(first.word == second.word);
                }
                _ => return self.disagree(kind, settings, &base, &candidate, &pair),
            }
        }
    }

    fn opinions(
        &mut self,
        module: &Module,
        settings: &Settings,
        base: &Candidate,
        candidate: &Candidate,
    ) -> Option<Pair> {
        let Some(second) = second::planted(module, settings, candidate, self.options.plant) else {
            self.report.not_judged += 1;
            return None;
        };
        Some(Pair { first: (self.options.first)(module, settings, base, candidate), second })
    }

    fn disagree(
        &mut self,
        kind: &str,
        settings: &Settings,
        before: &Candidate,
        after: &Candidate,
        pair: &Pair,
    ) {
        let first = match &pair.first {
            Ok(()) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let second = match &pair.second {
            Ok(()) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let text = difference_in_words(kind, settings, before, after);
        let place = format!("--seed {}, case {}", self.options.seed, self.index);
        let text = format!("{place}\nthe check: {first}\nsecond: {second}\n{text}");
        self.report.disagreements.push(text);
    }
}

/// Both opinions on one candidate.
struct Pair {
    first: Result<(), CheckError>,
    second: Result<(), Refusal>,
}
