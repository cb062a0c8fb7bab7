//! The loop of all campaigns: numbers, each of which stands for a case → counts, or the finding of
//! the case that has one.
//!
//! ```text
//! Options ─ number, number, … ─ one (on each thread) ─┬─► counts, added
//!                                                     └─► the first finding, which ends it
//! ```
//!
//! A case is a function of generator, seed and number alone, so a finding names them. A finding
//! ends the campaign once all cases that were begun have ended: the report is of the lowest number.
//! With one thread, a campaign is a function of its options, if no time ends it.

use crate::generate::{Case, Generator};
use crate::sides::attach::Plant;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The options of a campaign.
#[derive(Clone, Debug)]
pub struct Options {
    /// The generator of the cases.
    pub generator: Generator,
    /// Functions in all, at least; the last case is run whole.
    pub count: u64,
    /// Modules in all, at least.
    pub modules: u64,
    /// The number of the first case.
    pub first: u64,
    /// The seed of the campaign.
    pub seed: u64,
    /// Functions of a module, where the generator can choose.
    pub funcs: usize,
    /// Threads.
    pub jobs: usize,
    /// Ends the campaign early, however many functions were run.
    pub time: Option<Duration>,
    /// A fault to be planted in every translation.
    pub plant: Option<Plant>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            generator: Generator::Biased,
            count: 0,
            modules: 0,
            first: 0,
            seed: 1,
            funcs: 60,
            jobs: 1,
            time: None,
            plant: None,
        }
    }
}

impl Options {
    /// The case of a number.
    pub fn case(&self, index: u64) -> Case {
        self.generator.case(self.seed, index, self.funcs)
    }
}

/// Counts of cases, which are added.
pub trait Tally: Default + Send {
    /// Adds another.
    fn add(&mut self, other: Self);
}

/// The result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Totals<T> {
    /// Cases without a finding, and the one with it.
    pub cases: u64,
    /// Their counts together.
    pub tally: T,
    /// The finding of the lowest number that has one.
    pub finding: Option<String>,
}

/// Tries cases on each thread until `is_enough` says so of the totals, there is a finding, or the
/// time is over.
pub fn campaign<T: Tally>(
    options: &Options,
    is_enough: impl Fn(&Totals<T>) -> bool + Sync,
    one: impl Fn(u64) -> Result<T, String> + Sync,
) -> Totals<T> {
    let next = AtomicU64::new(options.first);
    let (totals, found) = (Mutex::new(Totals::default()), AtomicU64::new(u64::MAX));
    let start = Instant::now();
    let is_over = || {
        let totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
        let is_late = options.time.is_some_and(|time| start.elapsed() >= time);
        is_late || totals.finding.is_some() || is_enough(&totals)
    };
    let work = || {
        while !is_over() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let result = one(index);
            let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
            totals.cases += 1;
            match result {
                Ok(tally) => totals.tally.add(tally),
                Err(what) if index < found.fetch_min(index, Ordering::Relaxed) => {
                    totals.finding = Some(what);
                }
                Err(_) => {}
            }
        }
    };
    match options.jobs {
        0 | 1 => work(),
        jobs => std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work)))),
    }
    totals.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Tally for Vec<u64> {
        fn add(&mut self, other: Vec<u64>) {
            self.extend(other);
        }
    }

    #[test]
    fn it_ends_when_there_is_enough_or_a_finding() {
        let options = Options { first: 3, ..Options::default() };
        let enough = |totals: &Totals<Vec<u64>>| totals.tally.len() >= 4;
        let totals = campaign(&options, enough, |index| Ok(vec![index]));
        assert_eq!((totals.cases, totals.tally), (4, vec![3, 4, 5, 6]));
        let found = |index| if index == 5 { Err(format!("{index}")) } else { Ok(vec![index]) };
        let totals = campaign(&options, enough, found);
        assert_eq!(totals.finding.as_deref(), Some("5"));
        assert_eq!((totals.cases, totals.tally), (3, vec![3, 4]));
    }

    #[test]
    fn threads_share_the_numbers() {
        let options = Options { jobs: 3, ..Options::default() };
        let enough = |totals: &Totals<Vec<u64>>| totals.cases >= 50;
        let totals = campaign(&options, enough, |index| Ok(vec![index]));
        let mut all = totals.tally;
        all.sort_unstable();
        assert!((50..53).contains(&all.len()), "{all:?}");
        assert_eq!(all, (0..all.len() as u64).collect::<Vec<_>>());
    }
}
