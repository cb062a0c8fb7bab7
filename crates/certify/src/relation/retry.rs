//! Other guesses, where none changes and a way is still refused.
//!
//! Guesses are right for most code. Where they are not, the walk refuses a way, and what lies
//! behind it is not seen. Then, one after the other:
//!
//! 1. a leader stands where all ways of this iteration come by, if those of earlier ones, in which
//!    less was known, did not;
//! 2. the head of a loop stands in the loop, if a way back comes to it on which the body stands
//!    still;
//! 3. a value is no guess for a place any more where a round of a loop showed another one in it;
//! 4. accesses that were made are claimed, values that are what memory holds there, and sums of
//!    which a value is a part;
//! 5. at the head of a loop to which a way back has no place in common, or none comes, what is a
//!    number on the first way is none, if it is a value;
//! 6. 3 counts too where nothing else that is taken for right was in it;
//! 7. the head of another loop stands in it, not before, the last one before the refusal;
//! 8. what is not claimed at a leader is guessed anew, from states that are known better by now;
//! 9. a place with a parameter, or a wider value computed from it, is taken for the parameter, at
//!    the last leader before the refusal that has such places;
//! 10. 3 counts for stack words that are extensions of values, too, and all is guessed anew;
//! 11. one of the last leaders before the refusal stands at another place that all ways come by, as
//!     long as the refusal comes later then.
//!
//! 4, 5, 6 and 11 are bold: what they change is right for less code than it is wrong for, so code
//! is searched without them first.
//!
//! Invariant: each retry is new, so there are no more of them than leaders have places; of 11 there
//! are [`ELSEWHERE_MAX`] at most. Where [`PATIENCE`] iterations have not moved the refusal further
//! on, the search ends.

use super::guess::{Guess, Wrongs};
use super::seen::Seen;
use super::ways::At;
use prova_equal::Place;
use std::collections::{BTreeMap, BTreeSet};

/// Iterations that make guesses anew at most.
const RENEWED_MAX: usize = 2;

/// Iterations at most without one that has moved the refusal further on. Of code that is related in
/// the end, some takes 25.
const PATIENCE: usize = 40;
/// The same of code with objects, of which some takes more than 45.
const PATIENCE_OBJECTS: usize = 80;

/// How often at most a leader stands where the ways of one iteration come by.
const STANDS_MAX: usize = 4;

/// Leaders that are tried elsewhere at most, before one refusal.
const LAST_MAX: usize = 4;
/// Places at which leaders are tried elsewhere at most.
const ELSEWHERE_MAX: usize = 24;

/// The next iteration.
#[derive(Debug)]
pub(super) enum Next {
    /// All ways come again.
    Again,
    /// All is guessed anew.
    All,
    /// Some leaders, and all behind them, are guessed anew; these stand where the ways so far lead,
    /// or anywhere.
    Anew { from: BTreeSet<u32>, stand: bool },
}

/// A leader, a place, and a value that it was taken for.
type Taken = (u32, Place, u32);

/// The retries that are left, and those that were made.
#[derive(Debug)]
pub(super) struct Retry {
    /// Leaders that are jumped to from behind, with whether they stand in the loop.
    rounds: BTreeMap<u32, bool>,
    /// Values that places were taken for at heads of loops, and are not behind a round.
    wrongs: BTreeSet<Taken>,
    /// The same, not yet known to an iteration; and those of places of which nothing was left then.
    seen: BTreeSet<Taken>,
    lost: BTreeSet<Taken>,
    /// Iterations in which guesses were made anew where none were left, and the leaders that are
    /// still to be looked at in this one.
    renewed: usize,
    renews: BTreeSet<u32>,
    /// Whether there are the retries 4, 5, 6 and 11.
    bold: bool,
    /// Whether accesses that were made are claimed.
    reaches: bool,
    /// Heads of loops at which values are no numbers.
    varies: BTreeSet<u32>,
    /// Whether values count of which stack words are extensions.
    extensions: bool,
    /// Places that are taken for parameters before wider values.
    narrow: BTreeSet<(u32, Place)>,
    /// Leaders that stand where the ways of one iteration came by, with how often they were moved
    /// there.
    stood: BTreeMap<u32, usize>,
    /// Leaders that stand at other places, the last one that was tried with the refusal before,
    /// and all that were tried.
    elsewhere: BTreeMap<u32, At>,
    tried: Option<(u32, u32)>,
    places: BTreeSet<(u32, At)>,
    /// The last refusal of all iterations, and the iterations since one that had it first.
    last: Option<u32>,
    since: usize,
    /// Of these at most as many.
    patience: usize,
}

impl Retry {
    /// With the offsets that are jumped to from behind, whether guesses are bold, and whether the
    /// module has objects.
    pub(super) fn new(rounds: BTreeSet<u32>, bold: bool, objects: bool) -> Retry {
        Retry {
            rounds: rounds.into_iter().map(|at| (at, false)).collect(),
            wrongs: BTreeSet::new(),
            seen: BTreeSet::new(),
            lost: BTreeSet::new(),
            renewed: 0,
            renews: BTreeSet::new(),
            bold,
            reaches: false,
            varies: BTreeSet::new(),
            extensions: false,
            narrow: BTreeSet::new(),
            stood: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            tried: None,
            places: BTreeSet::new(),
            last: None,
            since: 0,
            patience: if objects { PATIENCE_OBJECTS } else { PATIENCE },
        }
    }

    /// Whether guesses are made anew for what is not claimed at a leader: what all ways were first
    /// taken for was of states that are known better by now. The first way is asked.
    pub(super) fn renews(&mut self, at: u32) -> bool {
        self.renews.remove(&at)
    }

    /// A round of the loop at a leader shows that places do not hold these values.
    pub(super) fn sees(&mut self, at: u32, wrongs: Wrongs) {
        self.seen.extend(wrongs.wrong.into_iter().map(|(place, value)| (at, place, value)));
        self.lost.extend(wrongs.lost.into_iter().map(|(place, value)| (at, place, value)));
    }

    /// Whether a place is known not to hold a value at a leader.
    pub(super) fn is_wrong(&self, taken: Taken) -> bool {
        self.wrongs.contains(&taken)
    }

    /// Whether accesses that were made are claimed.
    pub(super) fn reaches(&self) -> bool {
        self.reaches
    }

    /// Whether what is a number on the first way to a leader is taken for a value.
    pub(super) fn varies(&self, at: u32) -> bool {
        self.varies.contains(&at)
    }

    /// Whether a round shows what values stack words are no extensions of.
    pub(super) fn sees_extensions(&self) -> bool {
        self.extensions
    }

    /// Whether a place is taken for a parameter before a wider value.
    pub(super) fn is_narrow(&self, at: u32, place: Place) -> bool {
        self.narrow.contains(&(at, place))
    }

    /// Whether a leader stands in the loop that it is the head of.
    pub(super) fn is_inside(&self, at: u32) -> bool {
        self.rounds.get(&at).is_some_and(|inside| *inside)
    }

    /// Where else a leader is tried.
    pub(super) fn elsewhere(&self, at: u32) -> Option<At> {
        self.elsewhere.get(&at).copied()
    }

    /// Whether a leader stands where the ways of one iteration came by.
    pub(super) fn has_stood(&self, at: u32) -> bool {
        self.stood.contains_key(&at)
    }

    /// Whether there is patience for another iteration behind one with this refusal.
    pub(super) fn has_patience(&mut self, refused: Option<u32>) -> bool {
        if refused > self.last {
            (self.last, self.since) = (refused, 0);
        } else if refused.is_some() {
            self.since += 1;
        }
        self.since <= self.patience
    }

    /// Leaders to which ways come by other places now than in iterations in which less was known,
    /// if there are such: they stand at these. Those at which ways have no place in common come
    /// first, and others only if a way is refused.
    pub(super) fn stands(
        &mut self,
        guesses: &mut BTreeMap<u32, Guess>,
        seen: &Seen,
    ) -> Option<Next> {
        // The check refuses ways that have no place in common.
        seen.refused()?;
        let (apart, mut common) = (seen.apart(), seen.common());
        for is_apart in [true, false] {
            let mut found = BTreeSet::new();
            for (&at, guess) in guesses.iter_mut() {
                // Where ways have no place in common, what was known may have come back.
                let most = if is_apart { STANDS_MAX } else { 1 };
                let stood = self.stood.get(&at).copied().unwrap_or(0);
                if (apart.contains(&at) || !is_apart)
                    && common.get(&at).is_some_and(|ways| guess.is_new(ways))
                    && stood < most
                {
                    self.stood.insert(at, stood + 1);
                    guess.ways = common.remove(&at).unwrap_or_default();
                    found.insert(at);
                }
            }
            if !found.is_empty() {
                self.renewed = 0;
                return Some(Next::Anew { from: found, stand: true });
            }
        }
        None
    }

    /// Goes on to what is tried next, if a way is refused and there is something.
    pub(super) fn next(&mut self, guesses: &BTreeMap<u32, Guess>, seen: &Seen) -> Option<Next> {
        let refused = seen.refused()?;
        let (closed, still) = (seen.closed(), seen.still());
        let rounds = self.rounds.iter_mut();
        let still = rounds.filter(|(at, inside)| still.contains(at) && !**inside);
        let still: BTreeSet<u32> = still
            .map(|(&at, inside)| {
                *inside = true;
                at
            })
            .collect();
        if !still.is_empty() {
            return Some(Next::Anew { from: still, stand: true });
        }
        let seen_wrong = std::mem::take(&mut self.seen);
        if let Some(next) = self.wrong(seen_wrong) {
            return Some(next);
        }
        if let Some(next) = self.bold.then(|| self.guesses(seen, refused)).flatten() {
            return Some(next);
        }
        let mut heads = self.rounds.range_mut(..=refused).rev();
        let head = heads.find(|(at, inside)| !closed.contains(at) && !**inside);
        if let Some((&at, inside)) = head {
            *inside = true;
            self.renewed = 0;
            return Some(Next::Anew { from: BTreeSet::from([at]), stand: true });
        }
        if self.renewed < RENEWED_MAX {
            self.renewed += 1;
            self.renews = guesses.keys().copied().collect();
            return Some(Next::Again);
        }
        for (&at, guess) in guesses.range(..=refused).rev() {
            let wide = guess.wide.iter().map(|&place| (at, place));
            let wide: Vec<_> = wide.filter(|wide| !self.narrow.contains(wide)).collect();
            if !wide.is_empty() {
                self.narrow.extend(wide);
                self.renewed = 0;
                return Some(Next::Anew { from: BTreeSet::from([at]), stand: false });
            }
        }
        if !std::mem::replace(&mut self.extensions, true) {
            self.renewed = 0;
            return Some(Next::All);
        }
        if self.bold { self.tries(guesses, refused) } else { None }
    }

    /// Goes on without values that places were taken for, if there are new ones.
    fn wrong(&mut self, taken: BTreeSet<Taken>) -> Option<Next> {
        let new: BTreeSet<Taken> = taken.difference(&self.wrongs).copied().collect();
        if new.is_empty() {
            return None;
        }
        let from = new.iter().map(|(at, ..)| *at).collect();
        self.wrongs.extend(new);
        Some(Next::Anew { from, stand: false })
    }

    /// Goes on to the bold guesses at heads of loops.
    fn guesses(&mut self, seen: &Seen, refused: u32) -> Option<Next> {
        if !std::mem::replace(&mut self.reaches, true) {
            return Some(Next::All);
        }
        let (apart, closed) = (seen.apart(), seen.closed());
        let heads = |is_apart: bool| {
            let heads = self.rounds.keys().filter(|at| !self.varies.contains(at));
            let stuck = heads.filter(|&at| match is_apart {
                true => apart.contains(at),
                false => *at <= refused && !closed.contains(at),
            });
            stuck.copied().collect::<BTreeSet<u32>>()
        };
        let stuck = [true, false].into_iter().map(heads).find(|heads| !heads.is_empty());
        if let Some(from) = stuck {
            self.varies.extend(&from);
            return Some(Next::Anew { from, stand: false });
        }
        let lost = std::mem::take(&mut self.lost);
        self.wrong(lost)
    }

    /// Goes on to a leader at another place.
    fn tries(&mut self, guesses: &BTreeMap<u32, Guess>, refused: u32) -> Option<Next> {
        let mut from = BTreeSet::new();
        if let Some((at, before)) = self.tried.take()
            && refused <= before
        {
            self.elsewhere.remove(&at);
            from.insert(at);
        }
        let last = guesses.range(..=refused).rev().take(LAST_MAX);
        let mut places = last.flat_map(|(&at, guess)| {
            let places = guess.ways.places().filter(|&place| guess.place != Some(place));
            places.map(move |place| (at, place))
        });
        let (at, place) = places.find(|tried| !self.places.contains(tried))?;
        if self.places.len() >= ELSEWHERE_MAX {
            return None;
        }
        self.places.insert((at, place));
        self.tried = Some((at, refused));
        self.elsewhere.insert(at, place);
        self.renewed = 0;
        from.insert(at);
        Some(Next::Anew { from, stand: true })
    }
}
