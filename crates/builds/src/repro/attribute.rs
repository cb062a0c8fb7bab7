//! Builds that differ → what makes them differ: a variation, or chance, and of what kind.
//!
//! ```text
//! nothing varied ─ differs ─► chance: told by what is in the outputs, else by what is held fast
//!       └ agrees ─► each variation alone ─ differs ─► all others: agree? then the cause is whole
//! ```
//!
//! [`build`](mod@super::build) has seen the difference; `chance` reads outputs.
//!
//! 1. A variation is tried with each value that a differing build had, for one of them made the
//!    difference: only some time zones change the day.
//! 2. Nothing is built after the cause is known: not under variations if nothing varied differs,
//!    not under further ones if without those found the first output comes back.
//! 3. A build that fails shows nothing, and is counted apart.
//! 4. Builds without variation come first, in other seconds than the first build, so a clock is not
//!    taken for a variation.
//!
//! `tests/repro/attribution.rs` has a compiler for each cause.

use super::build::{Builder, CLASSES_KEPT_MAX, Outcome, Run};
use super::chance::{self, Chance, Told};
use super::seen::wait_beyond;
use super::split::Split;
use super::vary::{Hold, Setting, Variation};
use anyhow::Result;
use std::collections::BTreeSet;

/// Number of builds with nothing varied, or with a variation that is itself random.
const REPEATS: usize = 4;

/// Maximum number of values of a variation that are tried.
const VALUES_MAX: usize = 8;

/// Maximum probability of agreement by luck at which a held quantity is called the cause.
const LUCK_MAX: f64 = 0.02;

/// Maximum number of builds with something held fast.
const HELD_MAX: usize = 8;

/// The causes of a difference between builds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    /// The causes tried alone, in that order.
    pub causes: Vec<Cause>,
    /// Of what kind the chance is, if builds differ with nothing varied.
    pub chances: Vec<Told>,
    /// With all varied but the causes, the first output came back.
    pub whole: bool,
}

/// The result of building under one variation alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The variation; none: the control setting again.
    pub variation: Option<Variation>,
    /// How many of the builds had another output than the first control run.
    pub different: usize,
    /// How many failed.
    pub failed: usize,
    /// How many builds there were.
    pub builds: usize,
    /// How many outputs they had.
    pub outputs: usize,
}

impl Cause {
    fn of(variation: Option<Variation>, runs: &[Run]) -> Cause {
        let classes: Vec<usize> =
            runs.iter().filter_map(|run| run.class.as_ref().ok().copied()).collect();
        Cause {
            variation,
            different: classes.iter().filter(|class| **class != 0).count(),
            failed: runs.len() - classes.len(),
            builds: runs.len(),
            outputs: classes.iter().collect::<BTreeSet<_>>().len(),
        }
    }

    /// The builds differ among each other, though their setting is the same.
    pub fn is_race(&self) -> bool {
        self.variation == Some(Variation::Cpus) && self.outputs > 1 && self.different > 0
    }
}

/// Finds out what makes builds differ.
pub(super) fn attribute(
    builder: &mut Builder<'_>,
    outcome: &Outcome,
    progress: &mut dyn FnMut(&str),
) -> Result<Attribution> {
    let mut found = Attribution::default();
    let nothing = alone(builder, None, &[0; REPEATS], progress)?;
    let random = nothing.different > 0;
    found.causes.push(nothing);
    if random {
        found.chances = chances(builder, &found.causes, progress)?;
        return Ok(found);
    }
    let effective: Vec<Variation> = outcome
        .probes
        .iter()
        .filter(|probe| probe.effective)
        .map(|probe| probe.variation)
        .collect();
    for (at, &variation) in effective.iter().enumerate() {
        let cause = alone(builder, Some(variation), &runs_of(variation, outcome), progress)?;
        let differs = cause.different > 0;
        found.causes.push(cause);
        if differs && at + 1 < effective.len() && others_agree(builder, &found, outcome, progress)?
        {
            found.whole = true;
            break;
        }
    }
    Ok(found)
}

/// Numbers of runs that have each value under which a build differed, then each other value there
/// is.
fn runs_of(variation: Variation, outcome: &Outcome) -> Vec<usize> {
    if variation.is_of_chance() {
        return vec![1; REPEATS];
    }
    let differing =
        outcome.runs.iter().filter(|run| run.class.as_ref().is_ok_and(|class| *class > 0));
    let numbers = differing.map(|run| run.setting.run);
    // Two runs have both time zones; more lengths of paths and environments are not asked for.
    let numbers: Vec<usize> = match variation {
        Variation::TimeZone => numbers.chain([1, 2]).collect(),
        _ => numbers.collect(),
    };
    let mut values = BTreeSet::new();
    let mut runs: Vec<usize> =
        numbers.into_iter().filter(|run| values.insert(variation.value(*run))).collect();
    runs.truncate(VALUES_MAX);
    runs
}

/// Builds with one variation, or none, until that differs.
fn alone(
    builder: &mut Builder<'_>,
    variation: Option<Variation>,
    numbers: &[usize],
    progress: &mut dyn FnMut(&str),
) -> Result<Cause> {
    let mut runs = Vec::new();
    for number in numbers {
        let varied = variation.into_iter().collect();
        runs.push(builder.run(Setting { varied, ..Setting::control(*number) })?);
        let cause = Cause::of(variation, &runs);
        // Whether builds with several processors differ among each other takes more than one.
        if cause.different > 0 && (variation != Some(Variation::Cpus) || cause.outputs > 1) {
            break;
        }
    }
    let cause = Cause::of(variation, &runs);
    let name = variation.map_or("no variation", Variation::name);
    progress(&format!(
        "{name} alone: {} of {} differ from the first build",
        cause.different, cause.builds
    ));
    Ok(cause)
}

/// Whether the first output comes back with everything varied but the causes.
fn others_agree(
    builder: &mut Builder<'_>,
    found: &Attribution,
    outcome: &Outcome,
    progress: &mut dyn FnMut(&str),
) -> Result<bool> {
    let causes = found.causes.iter().filter(|cause| cause.different > 0);
    let causes: BTreeSet<Variation> = causes.filter_map(|cause| cause.variation).collect();
    let varied: BTreeSet<Variation> =
        builder.options.vary.iter().copied().filter(|one| !causes.contains(one)).collect();
    let differing =
        outcome.runs.iter().find(|run| run.class.as_ref().is_ok_and(|class| *class > 0));
    let number = differing.map_or(1, |run| run.setting.run);
    let run = builder.run(Setting { varied, ..Setting::control(number) })?;
    let agrees = run.class == Ok(0);
    let words = if agrees { "as the first build" } else { "another output" };
    progress(&format!("all the others together: {words}"));
    Ok(agrees)
}

/// Of what kind the chance is: by the outputs alone if they tell, else by builds with something
/// held fast.
fn chances(
    builder: &mut Builder<'_>,
    nothing: &[Cause],
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Told>> {
    let control: Vec<_> =
        builder.classes.iter().filter(|class| class.control).take(CLASSES_KEPT_MAX).collect();
    // The first build is one of those without variation.
    let split = nothing.iter().map(|cause| [cause.builds - cause.different + 1, cause.different]);
    let split = Split::new(split.flatten());
    let read = chance::read(&control);
    if read.explained {
        return Ok(read.told);
    }
    let mut told = read.told;
    for (hold, kind, words) in [
        (Hold::HashSeed, Chance::HashSeed, "PYTHONHASHSEED and PERL_HASH_SEED are set"),
        (Hold::Epoch, Chance::Clock, "SOURCE_DATE_EPOCH is set"),
        (Hold::Pid, Chance::Pid, "process ids begin at 1"),
    ] {
        // A change of order is no number.
        if (read.reordered && hold != Hold::HashSeed) || !hold.possible() {
            continue;
        }
        let builds =
            (3..HELD_MAX).find(|builds| split.miss(*builds) < LUCK_MAX).unwrap_or(HELD_MAX);
        if held(builder, hold, builds)? {
            let luck = 100.0 * split.miss(builds);
            let evidence = format!("{builds} builds agree where {words} (by luck: {luck:.1} %)");
            progress(&evidence);
            told.push(Told { chance: kind, evidence });
            return Ok(told);
        }
    }
    told.extend(read.order);
    if told.is_empty() {
        let evidence = "what differs is neither a time, nor a process id, nor a name of a temporary file, nor an order".into();
        told.push(Told { chance: Chance::Random, evidence });
    }
    Ok(told)
}

/// Whether builds agree, with something held fast.
fn held(builder: &mut Builder<'_>, hold: Hold, builds: usize) -> Result<bool> {
    let mut first = None;
    for _ in 0..builds {
        let run = builder.run(Setting { hold: Some(hold), ..Setting::control(0) })?;
        let Ok(class) = run.class else { return Ok(false) };
        if first.is_none() {
            // Builds in one second agree where the clock is the cause, with any quantity held.
            wait_beyond(&run.seen);
        }
        if *first.get_or_insert(class) != class {
            return Ok(false);
        }
    }
    Ok(true)
}
