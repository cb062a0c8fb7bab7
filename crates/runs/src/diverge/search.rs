//! Two programs that count and hash their events → the number of the first event that differs.
//!
//! `diverge` prepares both programs; `trace::watch` keeps the checkpoints.
//!
//! Run A keeps checkpoints of all of it; run B stops at its first checkpoint that is another.
//! Between that and the one before, both run again with checkpoints that are closer, until they are
//! one event apart: each pair of runs narrows the stretch by [`CHECKPOINTS_MAX`], so `n` events
//! take `2 + 2 log₄₀₉₆ n` runs at most, and memory is constant.
//!
//! 1. Events `1..=lo` are the same on both sides, and event `hi` is not; a side that ended has no
//!    more events.
//! 2. Of a run that is not exact (`Ran::exact`) no more is known than the events that it has told;
//!    B is asked for A's last event, so that ends which are the same are seen to be.
//! 3. Once two runs differ, they have different hashes for good, except with a probability of 2⁻⁶⁴
//!    (`trace::watch`, invariant 1).

use crate::trace::{CHECKPOINTS_MAX, End, Ran, Watch};
use prova_core::{Result, bail};

/// The result of a search.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The first event that differs; `None` if all are the same.
    pub(crate) number: Option<u64>,
    /// The first run of A, which was whole.
    pub(crate) a: Ran,
    /// The first run of B, which was stopped where it differs.
    pub(crate) b: Ran,
    /// How many runs it took.
    pub(crate) runs: u32,
}

/// Searches.
///
/// # Errors
/// Those of the runs, and if a run does not repeat.
pub(crate) fn first_difference(
    run_a: &dyn Fn(Watch) -> Result<Ran>,
    run_b: &dyn Fn(Watch) -> Result<Ran>,
) -> Result<Found> {
    let a = run_a(Watch::whole())?;
    let step = a.watch.step;
    let beyond = a.count.saturating_add(1);
    let ends = Watch { window: Some((a.count.max(1), beyond)), ..against(0, step, &a, beyond) };
    let b = run_b(ends)?;
    let same = equal(&a, &b);
    let mut lo = same as u64 * step;
    let mut runs = 2;
    if b.watch.checkpoints.len() == same && (a.count, a.hash) == (b.count, b.hash) {
        return Ok(Found { number: None, a, b, runs });
    }
    let mut hi = beyond.min(end(&b).saturating_add(1));
    if is_short(&a, &b, same) {
        hi = hi.min(lo + step);
    }
    while hi > lo + 1 {
        let step = (hi - lo).div_ceil(CHECKPOINTS_MAX as u64);
        let closer = Watch { from: lo, step, last: Some(hi), ..Watch::nothing() };
        let a = run_a(closer)?;
        let b = run_b(against(lo, step, &a, hi))?;
        runs += 2;
        let same = equal(&a, &b);
        let from = lo;
        lo = from + same as u64 * step;
        if is_short(&a, &b, same) {
            hi = hi.min(lo + step);
        }
        hi = hi.min(end(&a).min(end(&b)).saturating_add(1));
        if hi <= lo {
            bail!("a run does not repeat: it differed before event {lo}, and now it does not");
        }
    }
    Ok(Found { number: Some(hi), a, b, runs })
}

/// The watch of B: it has A's checkpoints, and stops at the first other one.
fn against(from: u64, step: u64, a: &Ran, last: u64) -> Watch {
    let list = a.watch.checkpoints.clone();
    Watch { from, step, against: Some(list), last: Some(last), ..Watch::nothing() }
}

/// How many checkpoints are the same on both sides.
fn equal(a: &Ran, b: &Ran) -> usize {
    let both = a.watch.checkpoints.iter().zip(&b.watch.checkpoints);
    both.take_while(|(a, b)| a == b).count()
}

/// Whether B's checkpoint behind the equal ones is another, or is missing where A has one.
fn is_short(a: &Ran, b: &Ran, same: usize) -> bool {
    let lacks = !b.exact && a.watch.checkpoints.len() > same;
    b.watch.checkpoints.len() > same || lacks
}

/// The last event that a run can have: of a run that was stopped there may be more.
fn end(ran: &Ran) -> u64 {
    if ran.end == End::Stopped || !ran.exact { u64::MAX } else { ran.count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Event, folded};
    use std::cell::Cell;

    /// A run of `count` events, whose word is the event's number; event `other` has another word.
    fn run(mut watch: Watch, count: u64, other: u64) -> Ran {
        let (mut hash, mut next, mut end) = (0, 1, End::Returned(Vec::new()));
        let mut done = 0;
        for number in 1..=count {
            let a = if number == other { 0 } else { number };
            hash = folded(hash, 1, a, 0);
            done = number;
            if number != next {
                continue;
            }
            match watch.reached(Event { number, site: 1, a, b: 0, hash }) {
                crate::trace::Next::At(at) => next = at,
                crate::trace::Next::Stop => {
                    end = End::Stopped;
                    break;
                }
            }
        }
        let (state, frames, exact) = (Vec::new(), Vec::new(), true);
        let (memory, results) = (None, None);
        Ran { end, count: done, hash, watch, state, frames, calls: 0, memory, results, exact }
    }

    /// The same, of an engine that tells nothing when it traps.
    fn inexact(watch: Watch, count: u64, other: u64) -> Ran {
        let ran = run(watch, count, other);
        if ran.end == End::Stopped {
            return ran;
        }
        let (count, hash) = ran.watch.seen;
        Ran { count, hash, exact: false, ..ran }
    }

    #[test]
    fn ends_that_are_not_told_are_found() {
        for (a, b) in [(5, 5), (9_999, 9_999), (1, 0), (0, 1), (10_000, 9_000), (100_000, 3)] {
            let first = |watch| Ok(run(watch, a, 0));
            let found = first_difference(&first, &|watch| Ok(inexact(watch, b, 0)));
            let expected = (a != b).then_some(a.min(b) + 1);
            assert_eq!(found.expect("runs repeat").number, expected, "{a} {b}");
            let found = first_difference(&first, &|watch| Ok(inexact(watch, b, 2)));
            let expected = if b >= 2 && a >= 2 { Some(2) } else { expected };
            assert_eq!(found.expect("runs repeat").number, expected, "{a} {b}");
        }
    }

    fn search(a: (u64, u64), b: (u64, u64)) -> (Option<u64>, u32) {
        let runs = Cell::new(0);
        let of = |side: (u64, u64)| {
            let runs = &runs;
            move |watch| {
                runs.set(runs.get() + 1);
                Ok(run(watch, side.0, side.1))
            }
        };
        let found = first_difference(&of(a), &of(b)).expect("runs repeat");
        assert_eq!(found.runs, runs.get());
        (found.number, found.runs)
    }

    #[test]
    fn the_first_difference_is_found_wherever_it_is() {
        for count in [1, 2, 5, 4095, 4096, 4097, 10_000, 100_000] {
            assert_eq!(search((count, 0), (count, 0)), (None, 2), "{count}");
            for at in [1, 2, 3, count / 2, count - 1, count] {
                if (1..=count).contains(&at) {
                    assert_eq!(search((count, 0), (count, at)).0, Some(at), "{at} of {count}");
                    assert_eq!(search((count, at), (count, 0)).0, Some(at), "{at} of {count}");
                }
            }
        }
    }

    #[test]
    fn a_run_that_is_shorter_differs_where_it_ends() {
        for (a, b) in [(0, 1), (1, 2), (4096, 4097), (10_000, 10_001), (5_000, 100_000)] {
            assert_eq!(search((a, 0), (b, 0)).0, Some(a + 1));
            assert_eq!(search((b, 0), (a, 0)).0, Some(a + 1));
        }
        assert_eq!(search((0, 0), (0, 0)), (None, 2));
    }

    #[test]
    fn runs_are_few() {
        let (found, runs) = search((3_000_000, 0), (3_000_000, 2_345_678));
        assert_eq!(found, Some(2_345_678));
        assert!(runs <= 6, "{runs}");
    }

    #[test]
    fn a_run_that_does_not_repeat_is_an_error() {
        let (a, first) = (|watch| Ok(run(watch, 10_000, 0)), Cell::new(true));
        let b = |watch| Ok(run(watch, 10_000, if first.replace(false) { 5_000 } else { 0 }));
        assert!(first_difference(&a, &b).is_err());
    }
}
