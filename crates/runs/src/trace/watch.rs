//! The events that leave a program → checkpoints, and the events of a stretch.
//!
//! `instrument` writes the code that counts, folds and asks; `run` links [`Watch`] to it.
//!
//! 1. The hash after an event is [`folded`] of the one before: each step is a bijection of the
//!    hash, and of each word. So two runs that differ in one word of one event have different
//!    hashes from there on, as long as they agree in all later events; where more differs they
//!    agree by a chance of 2⁻⁶⁴.
//! 2. A list has at most [`CHECKPOINTS_MAX`] checkpoints, at multiples of its step. Where the step
//!    may grow, a full list keeps every second one and doubles the step.

use std::collections::BTreeSet;

/// Most checkpoints of a list.
pub const CHECKPOINTS_MAX: usize = 4096;

/// If only events of some sites are wanted, at least this many of the last ones are kept, and fewer
/// than twice as many.
pub(crate) const KEPT_MAX: usize = 256;

/// The odd factors of the hash (the first digits of the golden ratio, of √2 and of √3).
pub(super) const FACTORS: [u64; 3] =
    [0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b];
pub(super) const TURNS: [u32; 2] = [29, 31];

/// The hash after an event.
pub fn folded(hash: u64, site: u32, a: u64, b: u64) -> u64 {
    let hash = (hash ^ a).wrapping_mul(FACTORS[0]).rotate_left(TURNS[0]);
    let hash = (hash ^ b).wrapping_mul(FACTORS[1]).rotate_left(TURNS[1]);
    (hash ^ u64::from(site)).wrapping_mul(FACTORS[2])
}

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// The number of its site.
    pub(crate) site: u32,
    pub(crate) a: u64,
    pub(crate) b: u64,
    /// The hash after it.
    pub(crate) hash: u64,
}

/// The request of a run: its checkpoints, and the events to keep.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// Checkpoints are at `from + k * step`, for k from 1; 0 is none.
    pub(crate) from: u64,
    pub(crate) step: u64,
    /// Whether the step may grow.
    pub(crate) grows: bool,
    /// The number of events and the hash.
    pub(crate) checkpoints: Vec<(u64, u64)>,
    /// The run stops at the first checkpoint that is not one of these, whose steps are the same.
    pub(crate) against: Option<Vec<(u64, u64)>>,
    /// The events that are kept, by their numbers, the last one included.
    pub(crate) window: Option<(u64, u64)>,
    pub(crate) events: Vec<Event>,
    /// Of the window only events of these sites are kept, the last ones ([`KEPT_MAX`]).
    pub(crate) only: Option<BTreeSet<u32>>,
    /// The run stops after this event.
    pub(crate) last: Option<u64>,
    /// The last event seen, and the hash after it.
    pub(crate) seen: (u64, u64),
}

/// Whether the program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Until the event of this number.
    At(u64),
    /// It does not.
    Stop,
}

impl Watch {
    /// Nothing is asked for.
    pub(crate) fn nothing() -> Watch {
        Watch {
            from: 0,
            step: 0,
            grows: false,
            checkpoints: Vec::new(),
            against: None,
            window: None,
            events: Vec::new(),
            only: None,
            last: None,
            seen: (0, 0),
        }
    }

    /// Checkpoints of the whole run.
    pub(crate) fn whole() -> Watch {
        Watch { step: 1, grows: true, ..Watch::nothing() }
    }

    /// The events of a stretch, and no more.
    pub(crate) fn window(first: u64, last: u64) -> Watch {
        Watch { window: Some((first, last)), last: Some(last), ..Watch::nothing() }
    }

    /// An event at which the program asked.
    pub(crate) fn reached(&mut self, event: Event) -> Next {
        let number = event.number;
        self.seen = (number, event.hash);
        if self.window.is_some_and(|(first, last)| (first..=last).contains(&number)) {
            self.keep(event);
        }
        if self.is_checkpoint(number) && !self.checkpoint(number, event.hash) {
            return Next::Stop;
        }
        if self.last.is_some_and(|last| number >= last) {
            return Next::Stop;
        }
        Next::At(self.next(number))
    }

    fn keep(&mut self, event: Event) {
        match &self.only {
            None => self.events.push(event),
            Some(only) if only.contains(&event.site) => {
                self.events.push(event);
                if self.events.len() >= 2 * KEPT_MAX {
                    self.events.drain(..KEPT_MAX);
                }
            }
            Some(_) => {}
        }
    }

    fn is_checkpoint(&self, number: u64) -> bool {
        self.step > 0 && number > self.from && (number - self.from).is_multiple_of(self.step)
    }

    /// Notes a checkpoint; whether it is the expected one.
    fn checkpoint(&mut self, number: u64, hash: u64) -> bool {
        let at = self.checkpoints.len();
        self.checkpoints.push((number, hash));
        if let Some(against) = &self.against {
            return against.get(at) == Some(&(number, hash));
        }
        if self.checkpoints.len() >= CHECKPOINTS_MAX && self.grows {
            let mut nth = 0;
            self.checkpoints.retain(|_| {
                nth += 1;
                nth % 2 == 0
            });
            self.step = self.step.saturating_mul(2);
        }
        true
    }

    /// The next event that is wanted after this one.
    fn next(&self, number: u64) -> u64 {
        let checkpoint = (self.step > 0).then(|| {
            let done = number.saturating_sub(self.from) / self.step;
            self.from.saturating_add(done.saturating_add(1).saturating_mul(self.step))
        });
        let event = self.window.filter(|(_, last)| number < *last);
        let event = event.map(|(first, _)| first.max(number + 1));
        [checkpoint, event, self.last].into_iter().flatten().min().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds events as a program does: only those that are asked for.
    fn feed(watch: &mut Watch, count: u64) -> u64 {
        let (mut hash, mut next, mut asked) = (0, 1, 0);
        for number in 1..=count {
            let (site, a, b) = (7, number, 0);
            hash = folded(hash, site, a, b);
            if number != next {
                continue;
            }
            asked += 1;
            match watch.reached(Event { number, site, a, b, hash }) {
                Next::At(at) => next = at,
                Next::Stop => break,
            }
        }
        asked
    }

    #[test]
    fn checkpoints_are_bounded_and_at_multiples_of_the_step() {
        let mut watch = Watch::whole();
        let asked = feed(&mut watch, 3_000_000);
        assert!(watch.checkpoints.len() < CHECKPOINTS_MAX && watch.step.is_power_of_two());
        assert!(watch.checkpoints.len() >= CHECKPOINTS_MAX / 2 - 1);
        let of = |(n, _): &(u64, u64)| n.is_multiple_of(watch.step);
        assert!(watch.checkpoints.iter().all(of) && watch.checkpoints.is_sorted());
        assert!(asked < 40_000, "{asked}");
        // The same step again gives the same list; another hash ends the run there.
        let mut against = watch.checkpoints.clone();
        let same = |against| Watch { step: watch.step, against: Some(against), ..Watch::nothing() };
        let mut again = same(against.clone());
        feed(&mut again, 3_000_000);
        assert_eq!(again.checkpoints, watch.checkpoints);
        against[100].1 ^= 1;
        let mut other = same(against);
        feed(&mut other, 3_000_000);
        assert_eq!(other.checkpoints.len(), 101);
    }

    #[test]
    fn a_window_has_its_events_and_stops_there() {
        let mut watch = Watch::window(10, 12);
        assert_eq!(feed(&mut watch, 100), 4);
        let numbers: Vec<u64> = watch.events.iter().map(|event| event.number).collect();
        assert_eq!((numbers, watch.seen.0), (vec![10, 11, 12], 12));
        let mut first = Watch::window(1, 1);
        assert_eq!((feed(&mut first, 100), first.events.len()), (1, 1));
    }

    #[test]
    fn each_word_of_an_event_counts() {
        let one = folded(3, 1, 2, 3);
        for other in [folded(4, 1, 2, 3), folded(3, 2, 2, 3), folded(3, 1, 3, 3)] {
            assert_ne!(one, other);
        }
        assert_ne!(folded(3, 1, 3, 2), one);
    }
}
