//! Random edits of candidates → how many the check refuses, by rule, and what becomes of the rest.
//!
//! ```text
//! Module ─ translate ─► base ─ edit ─► Candidate ─ check ─┬─► refused, by rule
//!                        ▲                                └─► survivor ─┬─ run ────► different: a hole of the check
//!                        └────────────── the next base ────────────────┤
//!                                                                      └─ second ─► refused: a disagreement
//! ```
//!
//! The campaign walks: what the check accepts is edited again, so that edits meet code which no
//! translator writes.
//!
//! `edit` changes candidates through `listing`. Two judge a survivor that know nothing of the
//! check: a run of it beside the honest code (`survivor`; an accepted candidate is a witness, so it
//! can be run), and the second checker, which proves it against the Wasm by the same rules, written
//! again as plainly as possible. A difference of the run, or a refusal, is a finding.
//!
//! A green run does not show that a rule is right: both checkers were written from the same ones.

mod edit;
mod listing;
pub mod named;
mod survivor;

use crate::generate::{Generator, Rng, module_of};
use crate::second::{self, Refusal};
use crate::sides::attach::translator;
use edit::Edit;
use prova_bytecode::{Candidate, CheckedBytecode};
use prova_module::{FuncIdx, Module};
use prova_runtime::{Metering, Settings};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// The second opinion on a survivor; `None` where it nests too deep to be judged.
pub type Judge = fn(&Module, &Settings, &Candidate) -> Option<Result<(), Refusal>>;

/// The functions to edit, and the number of edits.
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of edits.
    pub count: u64,
    /// The seed of the campaign.
    pub seed: u64,
    /// Modules whose functions are edited, besides generated ones.
    pub files: Vec<PathBuf>,
    /// An end before `count`, if any.
    pub time: Option<Duration>,
    /// The judge of survivors besides a run: the second checker, or in tests another one.
    pub judge: Judge,
}

impl Default for Options {
    fn default() -> Options {
        Options { count: 0, seed: 1, files: Vec::new(), time: None, judge: second::check }
    }
}

/// The result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Edits of each kind, and how many of them were refused.
    pub kinds: BTreeMap<&'static str, (u64, u64)>,
    /// Refusals by rule.
    pub rules: BTreeMap<String, u64>,
    /// Survivors that the second checker accepts too.
    pub accepted: u64,
    /// Survivors that nest too deep for the second checker.
    pub not_judged: u64,
    /// Survivors that the second checker refuses.
    pub disagreements: Vec<String>,
    /// Survivors that no run says anything of: their module cannot be instantiated.
    pub not_run: u64,
    /// Holes: accepted and different.
    pub holes: Vec<String>,
}

impl Report {
    /// Whether there is neither a hole nor a disagreement.
    pub fn is_clean(&self) -> bool {
        self.holes.is_empty() && self.disagreements.is_empty()
    }

    /// The number of edits.
    pub fn edits(&self) -> u64 {
        self.kinds.values().map(|(all, _)| all).sum()
    }

    /// The number of refusals.
    pub fn refused(&self) -> u64 {
        self.kinds.values().map(|(_, refused)| refused).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} edits, {} refused", self.edits(), self.refused())?;
        for (kind, (all, refused)) in &self.kinds {
            writeln!(f, "  {kind}: {all}, refused {refused}")?;
        }
        for (rule, count) in &self.rules {
            writeln!(f, "  {rule}: {count}")?;
        }
        let Report { accepted, not_judged, disagreements, not_run, holes, .. } = self;
        writeln!(
            f,
            "survivors: {accepted} accepted by the second checker, {not_judged} not judged"
        )?;
        let (refused, different) = (disagreements.len(), holes.len());
        writeln!(f, "{not_run} not run, {refused} disagreements, {different} holes")?;
        for text in disagreements.iter().take(20) {
            writeln!(f, "DISAGREEMENT: {text}")?;
        }
        for text in holes.iter().take(5) {
            writeln!(f, "HOLE: {text}")?;
        }
        Ok(())
    }
}

/// Runs a campaign: edits of generated functions and of those of the files, by turns.
pub fn campaign(options: &Options) -> Report {
    let mut report = Report::default();
    let files: Vec<Module> =
        options.files.iter().filter_map(|file| module_of(&std::fs::read(file).ok()?)).collect();
    let start = Instant::now();
    let mut index = 0;
    while report.edits() < options.count && options.time.is_none_or(|time| start.elapsed() < time) {
        let mut rng = Rng::of(options.seed, index);
        let mut settings = settings_of(rng.bits());
        match files.get(index as usize % (2 * files.len().max(1))) {
            Some(module) => {
                // A program's function may run for long, or for ever.
                settings.metering = Metering::Fuel;
                let funcs: Vec<FuncIdx> =
                    (0..10).filter_map(|_| some_func(&mut rng, module)).collect();
                edit_functions(&mut rng, module, settings, &funcs, options, &mut report);
            }
            None if index.is_multiple_of(8) => {
                let funcs = some_funcs(&mut rng, shapes(), 3);
                edit_functions(&mut rng, shapes(), settings, &funcs, options, &mut report);
            }
            None => {
                let case = Generator::Biased.case(options.seed, index, 6);
                if let Some(module) = module_of(&case.wasm) {
                    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
                    edit_functions(&mut rng, &module, settings, &funcs, options, &mut report);
                }
            }
        }
        index += 1;
    }
    report
}

/// A random edit: its kind, and the edited candidate; `None` where the one that was drawn is not
/// possible.
pub(crate) fn edit_once(rng: &mut Rng, base: &Candidate) -> Option<(&'static str, Candidate)> {
    edit::random(rng, base).map(|Edit { kind, candidate }| (kind, candidate))
}

/// The settings with a number: every mode of metering, with and without canonical NaNs.
pub(crate) fn settings_of(number: u64) -> Settings {
    let metering = Metering::ALL[(number % 4) as usize];
    Settings { metering, deterministic: number / 4 % 2 == 1 }
}

/// The module of functions that are edited besides those of generators and files.
pub(crate) fn shapes() -> &'static Module {
    static SHAPES: LazyLock<Module> = LazyLock::new(|| {
        let bytes = wat::parse_str(include_str!("shapes.wat"));
        let bytes = bytes.unwrap_or_else(|error| crate::cannot(&error.to_string()));
        module_of(&bytes).unwrap_or_else(|| crate::cannot("shapes.wat is refused"))
    });
    &SHAPES
}

/// Functions of a module by chance.
pub(crate) fn some_funcs(rng: &mut Rng, module: &Module, count: usize) -> Vec<FuncIdx> {
    (0..count).filter_map(|_| some_func(rng, module)).collect()
}

fn some_func(rng: &mut Rng, module: &Module) -> Option<FuncIdx> {
    let funcs = module.defined_funcs();
    let index = rng.below(funcs.len());
    module.defined_funcs().nth(index)
}

fn edit_functions(
    rng: &mut Rng,
    module: &Module,
    settings: Settings,
    funcs: &[FuncIdx],
    options: &Options,
    report: &mut Report,
) {
    let mut translator = translator(report.edits());
    for &func in funcs {
        let Ok(honest) = translator.translate(module, func, &settings) else { continue };
        let mut base = honest.clone();
        for _ in 0..rng.between(4, 40) {
            if report.edits() >= options.count {
                return;
            }
            let Some(Edit { kind, candidate }) = edit::random(rng, &base) else { continue };
            let entry = report.kinds.entry(kind).or_default();
            entry.0 += 1;
            match CheckedBytecode::check(module, &settings, candidate.clone()) {
                Err(error) => {
                    entry.1 += 1;
                    *report.rules.entry(error.rule.to_string()).or_default() += 1;
                }
                Ok(code) => {
                    let survivor =
                        Survivor { module, settings, base: &base, candidate: &candidate, kind };
                    survivor.judge(rng, Arc::new(code), options.judge, report);
                    base = candidate;
                }
            }
        }
    }
}

/// An edited candidate that the check accepts.
struct Survivor<'s> {
    module: &'s Module,
    settings: Settings,
    base: &'s Candidate,
    candidate: &'s Candidate,
    kind: &'static str,
}

impl Survivor<'_> {
    fn judge(&self, rng: &mut Rng, code: Arc<CheckedBytecode>, judge: Judge, report: &mut Report) {
        match survivor::difference(rng, self.module, self.settings, &code) {
            Ok(None) => {}
            Ok(Some(difference)) => report.holes.push(format!("{difference}\n{}", self.text())),
            Err(_) => report.not_run += 1,
        }
        match judge(self.module, &self.settings, self.candidate) {
            Some(Ok(())) => report.accepted += 1,
            Some(Err(refusal)) => {
                report.disagreements.push(format!("second: {refusal}\n{}", self.text()));
            }
            None => report.not_judged += 1,
        }
    }

    /// The change, in words.
    fn text(&self) -> String {
        difference_in_words(self.kind, &self.settings, self.base, self.candidate)
    }
}

/// The change in a candidate, in words: both listings near the first difference.
pub(crate) fn difference_in_words(
    kind: &str,
    settings: &Settings,
    before: &Candidate,
    after: &Candidate,
) -> String {
    let list = |candidate: &Candidate| {
        let code = prova_bytecode::text::display(&candidate.words).to_string();
        crate::sides::report::handlers(candidate) + &code
    };
    let func = before.func;
    let (before, after) = (list(before), list(after));
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let near = |lines: &[&str]| {
        lines.iter().skip(same.saturating_sub(8)).take(30).copied().collect::<Vec<_>>().join("\n")
    };
    format!("{kind} in {func}, {settings:?}, from\n{}\nto\n{}", near(&before), near(&after))
}
