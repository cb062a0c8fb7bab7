//! Mutants of accepted code: those that the check accepts as well are executed under the observer.
//!
//! ```text
//! code ─ mutation::each ─► mutant ─ certify, check ─► refused | survivor ─ runs ─► Tally
//! ```

use crate::mutation::{self, Mutant, Original};
use crate::observer::run::End;
use crate::observer::{Broken, Stage, Subject};
use prova_certify::{Draft, certify};
use prova_check::Layout;
use std::collections::BTreeMap;
use std::fmt;

/// The counts of the mutants of a kind, by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// All that were judged.
    pub(crate) all: usize,
    /// Those that the check refuses.
    pub(crate) refused: usize,
    /// Those of the refused that broke a rule of the observer, if any were run.
    pub(crate) caught: usize,
    /// Survivors that were executed, at the place of the change.
    pub(crate) executed: usize,
    /// Survivors no run of which came to the place of the change.
    pub(crate) unreached: usize,
    /// Survivors that broke a rule.
    pub(crate) broken: usize,
}

/// The counts of all mutants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// By kind.
    pub(crate) kinds: BTreeMap<&'static str, Count>,
    /// Places where something was planted: offsets of functions.
    pub(crate) sites: usize,
    /// Functions.
    pub(crate) functions: usize,
    pub(crate) runs: usize,
    pub(crate) steps: usize,
    pub(crate) ends: BTreeMap<End, usize>,
    /// The survivors that broke a rule, one line each.
    pub(crate) broken: Vec<String>,
    /// The survivors no run of which came to the change, one line each.
    pub(crate) unreached: Vec<String>,
}

/// How much of it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The mutants of every `every`-th place are judged.
    pub(crate) every: usize,
    /// Runs of each survivor; four times as many until one comes to the change.
    pub(crate) runs: u64,
    /// Runs of each mutant that the check refuses: how much does the observer see by itself?
    pub(crate) refused: u64,
}

/// Whether there is no certificate with which the check takes a mutant.
pub(crate) fn refuses(layout: &Layout, subject: &Subject<'_>, mutant: &Mutant<'_>) -> bool {
    let Mutant { bytes, traps, calls, .. } = *mutant;
    certify(layout, &Draft { kind: subject.kind, bytes, traps, calls }).is_err()
}

/// Runs of honest code, where nothing else is said.
const HONEST: u64 = 12;

/// Where runs of honest code come: each offset with the first seed that comes there.
///
/// # Errors
/// A rule that one of them breaks.
pub(crate) fn honest(
    stage: &mut Stage,
    subject: &Subject<'_>,
    runs: u64,
) -> Result<BTreeMap<u64, u64>, String> {
    let mut reached = BTreeMap::new();
    for seed in 0..runs {
        let seen = stage.run(subject, seed).map_err(|broken| format!("seed {seed}: {broken}"))?;
        for at in seen.executed {
            reached.entry(at).or_insert(seed);
        }
    }
    Ok(reached)
}

impl Tally {
    /// All kinds together.
    pub(crate) fn total(&self) -> Count {
        let mut sum = Count::default();
        for count in self.kinds.values() {
            sum.all += count.all;
            sum.refused += count.refused;
            sum.caught += count.caught;
            sum.executed += count.executed;
            sum.unreached += count.unreached;
            sum.broken += count.broken;
        }
        sum
    }

    /// Judges mutants of a subject that is accepted, and runs the survivors.
    pub(crate) fn mutants(
        &mut self,
        stage: &mut Stage,
        (name, layout): (&str, &Layout),
        (subject, starts): (&Subject<'_>, &[u64]),
        plan: Plan,
    ) {
        let Subject { bytes, traps, calls, .. } = *subject;
        let refuses = |mutant: &Mutant<'_>| refuses(layout, subject, mutant);
        // Where it begins differs from function to function.
        let (mut index, mut last, mut places) = (0_u64, None, self.functions);
        let original = Original { bytes, traps, calls, starts };
        let honest = honest(stage, subject, if plan.runs > 0 { HONEST } else { 0 });
        let honest = honest.unwrap_or_else(|broken| panic!("{name}: {broken}"));
        self.functions += 1;
        mutation::each(&original, &mut |mutant: &Mutant<'_>| {
            index += 1;
            if last.replace(mutant.at) != Some(mutant.at) {
                places += 1;
                self.sites += usize::from(places.is_multiple_of(plan.every));
            }
            if !places.is_multiple_of(plan.every) {
                return;
            }
            let first = honest.get(&mutant.at).copied();
            self.judge(stage, (name, &refuses), subject, (mutant, first, index << 16), plan);
        });
    }

    /// Judges one mutant: refused, or executed, with the seed of an honest run that came to the
    /// change, if there is one, and from this seed on.
    pub(crate) fn judge(
        &mut self,
        stage: &mut Stage,
        (name, refuses): (&str, &dyn Fn(&Mutant<'_>) -> bool),
        subject: &Subject<'_>,
        (mutant, first, seed): (&Mutant<'_>, Option<u64>, u64),
        plan: Plan,
    ) {
        let count = self.kinds.entry(mutant.kind).or_default();
        count.all += 1;
        let Mutant { bytes, traps, calls, .. } = *mutant;
        let changed = Subject { bytes, traps, calls, ..*subject };
        if refuses(mutant) {
            count.refused += 1;
            let mut seeds = seed..seed + plan.refused;
            let caught = seeds.any(|seed| stage.run(&changed, seed).is_err());
            count.caught += usize::from(caught);
            return;
        }
        let line = format!("{name}\t{}\t{:#x}", mutant.kind, mutant.at);
        match self.survivor(stage, mutant, (&changed, first, seed), plan.runs) {
            Ok(true) => {}
            Ok(false) => self.unreached.push(line),
            Err((seed, broken)) => self.broken.push(format!("{line}\tseed {seed}\t{broken}")),
        }
    }

    /// Runs a survivor; whether a run came to the change.
    fn survivor(
        &mut self,
        stage: &mut Stage,
        mutant: &Mutant<'_>,
        (subject, honest, first): (&Subject<'_>, Option<u64>, u64),
        runs: u64,
    ) -> Result<bool, (u64, Broken)> {
        let mut reached = false;
        let mut result = Ok(());
        // A run depends on its seed alone, up to the change.
        for seed in honest.into_iter().chain(first..first + 4 * runs) {
            if Some(seed) != honest && seed >= first + runs && reached {
                break;
            }
            match stage.run(subject, seed) {
                Ok(seen) => {
                    reached |= seen.executed.contains(&mutant.at);
                    self.runs += 1;
                    self.steps += seen.steps;
                    *self.ends.entry(seen.end).or_default() += 1;
                }
                Err(broken) => {
                    result = Err((seed, broken));
                    break;
                }
            }
        }
        let count = self.kinds.get_mut(mutant.kind).expect("its kind is counted");
        match (&result, reached) {
            (Err(_), _) => count.broken += 1,
            (Ok(()), true) => count.executed += 1,
            (Ok(()), false) => count.unreached += 1,
        }
        result.map(|()| reached)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kind\tall\trefused\tcaught\texecuted\tunreached\tbroken")?;
        let total = self.total();
        for (kind, count) in self.kinds.iter().chain([(&"all", &total)]) {
            let Count { all, refused, caught, executed, unreached, broken } = count;
            writeln!(f, "{kind}\t{all}\t{refused}\t{caught}\t{executed}\t{unreached}\t{broken}")?;
        }
        let Tally { functions, sites, runs, steps, ends, .. } = self;
        writeln!(f, "{functions} functions, {sites} sites, {runs} runs, {steps} steps, {ends:?}")?;
        self.broken.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
