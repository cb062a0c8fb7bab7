//! The guide that looks for claims: the walk of the check asks it at each leader, and it answers by
//! its guesses of the iteration before, and lets each way drop what it does not show.
//!
//! An iteration walks the code behind the leaders whose guesses changed; what the other ways show
//! stays as it was (`seen`). Where a leader moves in the body, all that was guessed behind it was
//! of other states, so that begins anew, except for where leaders stand that moved. Values are
//! named as they are needed from a place on (`live`).
//!
//! Limits: the terms of an iteration, and the work of all (`work`).

use super::candidates::{Candidate, candidates};
use super::guess::{Guess, Round, Wrongs};
use super::hints::Hints;
use super::live::Live;
use super::merges::{heads, merges};
use super::places::Lives;
use super::proposed::KNOWN_MAX;
use super::related::Related;
use super::retry::{Next, Retry};
use super::seen::{From, Seen, Way};
use super::ways::{At, Ways, stands_at, ways};
use super::work::{Work, units};
use super::{Search, TERMS_MAX};
use prova_check::MemoryShape;
use prova_equal::words::Head;
use prova_equal::{Cause, Core, Expr, Guide, Refusal, Relation, State};
use prova_ssa::Body;
use std::collections::{BTreeMap, BTreeSet};

/// Behind as many iterations a last one comes by all ways: what ways showed was of guesses some of
/// which may be others now.
const ITERATIONS_FEW: usize = 8;

/// Looks for claims.
pub(crate) struct Finder<'f, 's> {
    pub(super) live: &'f Live,
    /// Places that may be read before they are written.
    pub(super) lives: &'f Lives,
    /// Places in the body that the code comes to next behind its offsets.
    hints: Hints,
    leaders: BTreeSet<u32>,
    /// Leaders that a branch over one instruction leads to.
    hops: BTreeSet<u32>,
    /// Blocks of the body that an edge of a block behind them leads to.
    heads: BTreeSet<u32>,
    guesses: BTreeMap<u32, Guess>,
    /// Leaders whose guesses changed since the code behind them was walked.
    changed: BTreeSet<u32>,
    /// Whether this iteration walks all code, not that behind changed leaders alone: what ways show
    /// of the others stays as it was; and whether each does.
    whole: bool,
    always: bool,
    /// The ways, as they were walked last.
    seen: Seen,
    /// Leaders that moved in the body: they and all behind them are guessed anew; or all.
    moved: BTreeSet<u32>,
    anew: bool,
    /// Whether there is a new leader, so that ways end there.
    parted: bool,
    /// Leaders that moved, by the ways that came so far.
    fixed: BTreeSet<u32>,
    /// Leaders that stand where the body waits, though more is decided there.
    waits: BTreeMap<u32, BTreeSet<At>>,
    /// Other guesses, for where a way is refused.
    pub(super) retry: Retry,
    /// How it looks.
    pub(super) how: Search,
    /// Iterations so far.
    iterations: usize,
    /// The work of all searches, without the work of this iteration.
    work: &'f mut Work<'s>,
    /// Units of this iteration that guesses took, and those of them that no proof has.
    guessed: u64,
    pub(super) looked: u64,
}

impl<'f, 's> Finder<'f, 's> {
    pub(crate) fn new(
        (live, lives, hints): (&'f Live, &'f Lives, Hints),
        (body, code): (&Body, &Related<'_>),
        (how, objects): (Search, bool),
        work: &'f mut Work<'s>,
    ) -> Finder<'f, 's> {
        let [leaders, hops, rounds] = merges(code);
        Finder {
            live,
            lives,
            hints,
            leaders,
            hops,
            heads: heads(body),
            guesses: BTreeMap::new(),
            changed: BTreeSet::new(),
            whole: true,
            always: how == Search::All,
            seen: Seen::default(),
            moved: BTreeSet::new(),
            anew: false,
            parted: false,
            fixed: BTreeSet::new(),
            waits: BTreeMap::new(),
            how,
            retry: Retry::new(rounds, how.is_bold(), objects),
            iterations: 0,
            work,
            guessed: 0,
            looked: 0,
        }
    }

    pub(crate) fn begins(&mut self) {
        (self.guessed, self.looked) = (0, 0);
        // Those that never moved may have stood behind one that did.
        let anew = match std::mem::take(&mut self.anew) {
            true => self.guesses.keys().copied().collect(),
            false => self.seen.behind(&self.moved),
        };
        self.moved.clear();
        for &at in &anew {
            self.seen.forget(Some(at));
            self.changed.extend(self.seen.before(at).flatten());
            let Some(guess) = self.guesses.get_mut(&at) else { continue };
            let kept = self.fixed.contains(&at);
            let ways = if kept { std::mem::take(&mut guess.ways) } else { Ways::default() };
            *guess = Guess { ways, ..Guess::default() };
        }
        if self.whole {
            self.changed.clear();
        }
        // The entry is walked each time.
        self.seen.forget(None);
    }

    /// The units that this iteration has taken so far. The first one walks all code: it says what
    /// a walk takes.
    fn taken(&mut self, core: &Core<'_>) -> u64 {
        let walked = units(core);
        if self.iterations == 0 {
            self.work.walked(walked.saturating_sub(self.guessed));
        }
        walked.saturating_add(self.looked)
    }

    /// The units that the next iteration may take.
    pub(crate) fn left(&self) -> u64 {
        match self.iterations {
            0 => self.work.left_at_most(),
            _ => self.work.left(),
        }
    }

    /// An iteration ends; whether the search does.
    pub(crate) fn ends(&mut self, core: &Core<'_>) -> bool {
        // Each decodes all code.
        let taken = self.taken(core).saturating_add(core.code.len() as u64 >> 2);
        self.work.takes(taken);
        self.work.ended().is_some()
    }

    /// Whether another iteration may find more.
    pub(crate) fn goes_on(&mut self) -> bool {
        if !self.retry.has_patience(self.seen.refused()) {
            return false;
        }
        let parted = std::mem::take(&mut self.parted);
        let was_whole = std::mem::replace(&mut self.whole, self.always || self.anew || parted);
        self.iterations += 1;
        if self.anew || parted || !self.moved.is_empty() || !self.changed.is_empty() {
            return true;
        }
        let next = self.retry.stands(&mut self.guesses, &self.seen);
        match next.or_else(|| self.retry.next(&self.guesses, &self.seen)) {
            None if was_whole || self.iterations < ITERATIONS_FEW => return false,
            None => self.whole = true,
            Some(Next::Again) => self.whole = true,
            Some(Next::All) => (self.whole, self.anew) = (true, true),
            Some(Next::Anew { from, stand }) => {
                if stand {
                    self.fixed.extend(&from);
                }
                self.moved = from;
            }
        }
        true
    }

    /// The ways that came to a leader before the last one come again, since they did not show the
    /// guesses of now.
    fn again(&mut self, at: u32, last: From) {
        let once = self.seen.count(last, at) == 1;
        let others = self.seen.before(at).filter(|&from| !(once && from == last));
        self.changed.extend(others.flatten());
    }

    /// Two ways to a leader have no place in common, since one comes from a leader that stands
    /// behind the places of the other: that leader is to wait at one of these.
    fn wait(&mut self, one: &[At], other: &[At]) {
        for (from, to) in [(one, other), (other, one)] {
            let Some(&first) = from.first() else { continue };
            for (&at, guess) in &self.guesses {
                let places = guess.ways.places();
                let places: BTreeSet<At> = places.filter(|place| to.contains(place)).collect();
                if guess.place != Some(first) || places.is_empty() || places.contains(&first) {
                    continue;
                }
                let waits = self.waits.entry(at).or_default();
                if !places.is_subset(waits) {
                    waits.extend(places);
                    self.moved.insert(at);
                    self.fixed.insert(at);
                }
            }
        }
    }

    /// Whether a way is refused, or not all were seen.
    pub(crate) fn is_refused(&self) -> bool {
        self.seen.refused().is_some() || self.work.ended().is_some()
    }

    /// The relation of all guesses that are left.
    pub(crate) fn relation(&self) -> Relation {
        let leaders = self.leaders.iter().filter_map(|&at| {
            let guess = self.guesses.get(&at)?;
            Some((at, guess.leader()?))
        });
        Relation { leaders: leaders.collect() }
    }
}

impl Finder<'_, '_> {
    /// Lets a way to a leader drop what it does not show, or add what was not claimed so far;
    /// whether anything changed.
    fn drops(
        &mut self,
        core: &mut Core<'_>,
        state: &State,
        (at, back): (u32, bool),
        guess: &mut Guess,
    ) -> bool {
        if self.retry.renews(at) {
            let new = self.propose(core, state, at);
            for (place, found) in new.places {
                let known = guess.places.entry(place).or_default();
                if known.is_empty() {
                    *known = found;
                }
            }
            for claim in new.reached {
                if !guess.reached.contains(&claim) {
                    guess.reached.push(claim);
                }
            }
            // What is not known any more counts again, except in one way of searching.
            let renewed = new.known.into_iter().filter(|_| self.how != Search::Plain);
            for known in renewed {
                if guess.known.len() < KNOWN_MAX && !guess.known.contains(&known) {
                    guess.known.push(known);
                }
            }
            guess.weaken(core, state, None);
            return true;
        }
        if self.hops.contains(&at) {
            let chosen = guess.chosen_once;
            let changed = self.choose(core, state, guess);
            if chosen != guess.chosen_once {
                self.again(at, state.from);
            }
            return changed;
        }
        let extended = self.retry.sees_extensions();
        let value = |candidate: &Candidate| {
            let value = candidate.value(extended)?;
            Some((value, self.live.anchor(value).is_none_or(|of| of != state.block)))
        };
        let mut wrongs = Wrongs::default();
        let round: Round<'_> = (&value, &mut wrongs);
        let changed = guess.weaken(core, state, back.then_some(round));
        // What came behind a wrong guess is not shown yet.
        if !wrongs.wrong.is_empty() {
            self.changed.extend(state.from);
        }
        self.retry.sees(at, wrongs);
        changed
    }

    /// Lets a way to a leader behind a branch over one instruction drop what it does not show: a
    /// place of which nothing is left holds the one word or the other, by the branch's condition.
    /// Whether anything changed.
    fn choose(&mut self, core: &mut Core<'_>, state: &State, guess: &mut Guess) -> bool {
        let opposite = guess
            .known
            .iter()
            .find(|(condition, holds)| core.shows_known(state, condition, !holds).is_ok());
        let opposite = opposite.cloned();
        let before = guess.places.clone();
        let changed = guess.weaken(core, state, None);
        let (Some((condition, holds)), false) = (opposite, guess.chosen_once) else {
            return changed;
        };
        let lost = before.into_iter().filter(|(place, found)| {
            !found.is_empty() && guess.places.get(place).is_none_or(Vec::is_empty)
        });
        let lost: Vec<_> = lost.collect();
        if lost.is_empty() {
            return changed;
        }
        guess.chosen_once = true;
        let inverse = self.needed(core, state, true);
        for (place, ones) in lost {
            let others = candidates(core, state, place, &inverse);
            let pair = ones
                .iter()
                .find_map(|one| Some((one, others.iter().find(|other| other.bits == one.bits)?)));
            let Some((one, other)) = pair else { continue };
            let (yes, no) = if holds { (one, other) } else { (other, one) };
            let words = Box::new([condition.clone(), yes.expr.clone(), no.expr.clone()]);
            let expr = Expr::Term(Head::Ite, one.bits, 0, words);
            let extended = one.extended && other.extended;
            guess.places.insert(place, vec![Candidate { bits: one.bits, extended, expr }]);
        }
        true
    }
}

impl Guide for Finder<'_, '_> {
    fn is_leader(&self, at: u32) -> bool {
        self.leaders.contains(&at)
    }

    fn begin(&mut self, core: &mut Core<'_>, at: u32) -> Result<Option<State>, Refusal> {
        if !self.changed.remove(&at) && !self.whole {
            return Ok(None);
        }
        self.seen.forget(Some(at));
        match self.guesses.get(&at).and_then(Guess::leader) {
            Some(leader) => core.begin(&leader).map(Some),
            None => Ok(None),
        }
    }

    fn edge(
        &mut self,
        core: &mut Core<'_>,
        state: State,
        (at, back): (u32, bool),
    ) -> Result<bool, Refusal> {
        if self.taken(core) > self.work.left() || core.words.count() > TERMS_MAX {
            let (cause, what) = (Cause::Limit, "work of a search");
            return Err(Refusal { cause, what, demanded: None, found: None });
        }
        let before = units(core);
        let moved = self.comes(core, state, (at, back));
        self.guessed = self.guessed.saturating_add(units(core).saturating_sub(before));
        moved
    }

    fn merges(&mut self, at: u32) {
        self.parted |= self.leaders.insert(at);
    }

    fn refused(&mut self, _: &Core<'_>, refusal: &Refusal, (at, from): (u32, Option<u32>)) -> bool {
        self.seen.refuses(from, at);
        !matches!(refusal.cause, Cause::Limit | Cause::Stopped)
    }
}

impl Finder<'_, '_> {
    /// A state comes to a leader; whether the body has made a step on the way.
    fn comes(
        &mut self,
        core: &mut Core<'_>,
        state: State,
        (at, back): (u32, bool),
    ) -> Result<bool, Refusal> {
        let from = state.from;
        let (coming, moved) = ways(core, &state, back);
        let mut guess = self.guesses.remove(&at).unwrap_or_default();
        // Without rows of accesses nobody sees what the code loads next.
        let config = core.layout.config();
        let rows = config.signals && config.memory != MemoryShape::Explicit;
        let rows = rows || self.how == Search::Loads;
        let places = self.hints.places.get(&at).map(Vec::as_slice).unwrap_or_default();
        let rows = (rows, self.how != Search::Before);
        let hints = (places, rows, self.hints.rounds.contains(&at));
        let waits = self.waits.get(&at);
        let heads = self.retry.is_inside(at).then_some(&self.heads);
        let heads = (heads, self.retry.elsewhere(at));
        let before = guess.ways.chosen(hints, waits, heads);
        guess.comes(&coming, back, before.filter(|_| self.retry.has_stood(at)));
        let chosen = guess.ways.chosen(hints, waits, heads);
        let stands = chosen.filter(|chosen| coming.iter().any(|(place, _)| place == chosen));
        let apart = stands.is_none();
        if apart {
            // No place in the body is common to all ways to a leader; the check says so.
            let known: Vec<At> = guess.ways.places().collect();
            let places: Vec<At> = coming.iter().map(|(place, _)| *place).collect();
            self.wait(&known, &places);
        }
        self.seen.comes(from, Way { to: at, back, moved, coming, apart });
        let Some(state) = stands.and_then(|place| stands_at(core, state, place, back)) else {
            self.guesses.insert(at, guess);
            return Ok(moved);
        };
        // Behind a leader that moves, everything was guessed of other states.
        if before.is_some() && before != chosen {
            self.moved.insert(at);
            self.fixed.insert(at);
        }
        let changed = if guess.place == chosen {
            self.drops(core, &state, (at, back), &mut guess)
        } else {
            let ways = guess.ways;
            guess = Guess { ways, ..self.propose(core, &state, at) };
            // The claims that are made of the guesses are another thing than these.
            guess.weaken(core, &state, None);
            self.again(at, from);
            true
        };
        if changed {
            self.changed.insert(at);
        }
        guess.wide = guess.wider(core);
        self.guesses.insert(at, guess);
        Ok(moved)
    }
}
