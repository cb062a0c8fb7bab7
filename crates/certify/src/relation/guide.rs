//! The guide that looks for claims: the walk of the check asks it at each leader, and it answers by
//! its guesses of the iteration before, and lets each way drop what it does not show.
//!
//! Where a leader moves in the body, all that was guessed behind it was of other states, so the
//! next iteration begins anew, except for the leaders that moved. Values are named as they are
//! needed from a place on (`live`).
//!
//! Limits: the terms of an iteration, and the conditions of a leader.

use super::candidates::{Candidate, Inverse, candidates, expression, narrower};
use super::guess::{Guess, Round};
use super::hints::Hints;
use super::live::Live;
use super::merges::{heads, merges};
use super::related::Related;
use super::retry::Retry;
use super::values::{is_constant, is_leaf, needs};
use super::ways::{At, Ways, ways};
use prova_check::MemoryShape;
use prova_equal::words::{Head, Node, Word};
use prova_equal::{Cause, Claim, Core, Expr, Flags, Guide, Place, Refusal, Relation, State};
use prova_ssa::{Body, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Conditions that are proposed at a leader at most.
const KNOWN_MAX: usize = 24;
/// Steps of rewriting, and values that are looked at, count as this power of 2 to a term.
const PARTS_OF_TERM: u32 = 3;

/// Looks for claims.
pub(crate) struct Finder<'f> {
    live: &'f Live,
    /// Places in the body that the code comes to next behind its offsets.
    hints: Hints,
    leaders: BTreeSet<u32>,
    /// Leaders that a branch over one instruction leads to.
    hops: BTreeSet<u32>,
    /// Blocks of the body that an edge of a block behind them leads to.
    heads: BTreeSet<u32>,
    guesses: BTreeMap<u32, Guess>,
    changed: bool,
    /// Whether a leader moved in the body, or is new.
    moved: bool,
    /// Leaders that moved, by the ways that came so far.
    fixed: BTreeSet<u32>,
    /// Leaders that stand where the body waits, though more is decided there.
    waits: BTreeMap<u32, BTreeSet<At>>,
    /// Other guesses, for where a way is refused.
    retry: Retry,
    /// Terms that this iteration may take.
    terms: usize,
    /// Needed values that this iteration has looked at.
    looked: usize,
}

impl<'f> Finder<'f> {
    pub(crate) fn new(
        (live, hints): (&'f Live, Hints),
        body: &Body,
        code: &Related<'_>,
    ) -> Finder<'f> {
        let [leaders, hops, rounds] = merges(code);
        Finder {
            live,
            hints,
            leaders,
            hops,
            heads: heads(body),
            guesses: BTreeMap::new(),
            changed: false,
            moved: false,
            fixed: BTreeSet::new(),
            waits: BTreeMap::new(),
            retry: Retry::new(rounds),
            terms: 0,
            looked: 0,
        }
    }

    pub(crate) fn begins(&mut self, terms: usize) {
        (self.terms, self.looked) = (terms, 0);
        if self.moved {
            // Those that never moved may have stood behind one that did.
            for (at, guess) in &mut self.guesses {
                let kept = self.fixed.contains(at);
                let ways = if kept { std::mem::take(&mut guess.ways) } else { Ways::default() };
                *guess = Guess { ways, ..Guess::default() };
            }
        }
        for guess in self.guesses.values_mut() {
            (guess.fresh, guess.apart) = (None, false);
        }
        (self.changed, self.moved) = (false, false);
        self.retry.begins();
    }

    /// The terms that this iteration has taken; steps of rewriting and values that were looked at
    /// are parts of one.
    pub(crate) fn taken(&self, core: &Core<'_>) -> usize {
        let parts = usize::try_from(core.words.steps()).unwrap_or(usize::MAX);
        let parts = parts.saturating_add(self.looked) >> PARTS_OF_TERM;
        core.words.count().saturating_add(parts)
    }

    /// Whether another iteration may find more.
    pub(crate) fn goes_on(&mut self) -> bool {
        if !self.changed
            && let Some((moved, leaders)) =
                self.retry.stands(&mut self.guesses).or_else(|| self.retry.next(&self.guesses))
        {
            self.fixed.extend(leaders);
            (self.changed, self.moved) = (true, moved);
        }
        self.changed
    }

    /// No place in the body is common to all ways to a leader; the check says so.
    fn apart(&mut self, at: u32, mut guess: Guess, coming: &[At]) {
        let known: Vec<At> = guess.ways.places().collect();
        guess.apart = true;
        self.retry.refused(at);
        self.wait(&known, coming);
        self.guesses.insert(at, guess);
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
                    (self.changed, self.moved) = (true, true);
                    self.fixed.insert(at);
                }
            }
        }
    }

    /// The relation of all guesses that are left.
    pub(crate) fn relation(&self) -> Relation {
        let leaders = self.leaders.iter().filter_map(|&at| {
            let guess = self.guesses.get(&at)?;
            Some((at, guess.leader()?))
        });
        Relation { leaders: leaders.collect() }
    }

    /// The needed values by what they are in a state; those of the block's own come first.
    fn needed(&mut self, core: &mut Core<'_>, state: &State, here: bool) -> Inverse {
        let mut inverse: HashMap<Word, Vec<Value>> = HashMap::new();
        let values = self.live.at(core.body, state.block, state.at);
        self.looked = self.looked.saturating_add(values.len());
        for value in values {
            if is_constant(core, value) {
                continue;
            }
            if let Ok(word) = core.value(state, value) {
                inverse.entry(word).or_default().push(value);
                // What it is here, where a choice is decided.
                let under = if here { core.words.under(&state.known, word) } else { word };
                if under != word {
                    inverse.entry(under).or_default().push(value);
                }
            }
        }
        if core.layout.config().metering.fuel
            && let Ok(word) = core.value(state, core.fuel())
        {
            inverse.entry(word).or_default().push(core.fuel());
        }
        let own: BTreeSet<u32> = {
            let block = core.body.block(prova_ssa::Block::from_u32(state.block));
            block.params().map(|value| value.as_u32()).collect()
        };
        for values in inverse.values_mut() {
            values.sort_by_key(|&value| {
                (!own.contains(&value.as_u32()), !is_leaf(core, value), value.as_u32())
            });
        }
        Inverse::new(core, inverse)
    }

    /// Everything that may be claimed where a state comes first.
    fn propose(&mut self, core: &mut Core<'_>, state: &State, leader: u32) -> Guess {
        let inverse = self.needed(core, state, true);
        let mut places = BTreeMap::new();
        let registers = (0..16).map(Place::Register).chain((0..16).map(Place::Vector));
        let stack = state.stack.keys().map(|&at| Place::Stack(at));
        let all: Vec<Place> = registers.chain(stack).collect();
        for place in all {
            let mut found = candidates(core, state, place, &inverse);
            found.retain(|candidate| {
                let value = candidate.value(true);
                value.is_none_or(|value| !self.retry.is_wrong((leader, place, value)))
            });
            if self.retry.is_narrow(leader, place)
                && let Some(leaf) = narrower(core, &found)
            {
                found.swap(0, leaf);
            }
            if !found.is_empty() {
                places.insert(place, found);
            }
        }
        let mut known = Vec::new();
        for &(condition, holds) in state.known.iter().rev() {
            if known.len() < KNOWN_MAX
                && let Some(expr) = expression(core, state, condition, &inverse, 0)
            {
                known.push((expr, holds));
            }
        }
        let mut classes = Vec::new();
        for (&word, values) in &inverse.values {
            let Node { op, bits, n, .. } = core.words.get(word);
            let number = (op == Head::Const).then_some((bits, n));
            let (leaves, others): (Vec<Value>, Vec<Value>) =
                values.iter().partition(|&&value| is_leaf(core, value));
            if leaves.is_empty() {
                continue;
            }
            let free = others.into_iter().filter(|&value| !needs(core, value, &leaves));
            let mut class: Vec<(u32, bool)> = free.map(|value| (value.as_u32(), false)).collect();
            class.extend(leaves.iter().map(|value| (value.as_u32(), true)));
            if class.len() + usize::from(number.is_some()) > 1 {
                classes.push((class, number));
            }
        }
        classes.sort();
        let all = inverse.values.values().flatten();
        let leaves = all.filter(|&&value| is_leaf(core, value)).map(|value| value.as_u32());
        let leaves = leaves.collect();
        let place = Some((state.block, state.at, state.passed));
        let flags = match state.flags {
            Flags::Float(a, b) => Some((true, a, b)),
            Flags::Sub(a, b) => Some((false, a, b)),
            _ => None,
        };
        // What is known here need not be known on another way, on which the flags are as right.
        let inverse = if flags.is_some() { self.needed(core, state, false) } else { inverse };
        let flags = flags.and_then(|(floats, a, b)| {
            let a = expression(core, state, a, &inverse, 0)?;
            let b = expression(core, state, b, &inverse, 0)?;
            Some(Claim::Compared { floats, words: Box::new((a, b)) })
        });
        Guess { place, places, classes, leaves, known, flags, ..Guess::default() }
    }
}

impl Finder<'_> {
    /// Lets a way to a leader behind a branch over one instruction drop what it does not show: a
    /// place of which nothing is left holds the one word or the other, by the branch's condition.
    /// Whether anything changed.
    fn choose(&mut self, core: &mut Core<'_>, state: &State, guess: &mut Guess) -> bool {
        let opposite = guess.known.iter().find(|(condition, holds)| {
            core.shows(state, &Claim::Known(condition.clone(), !holds)).is_ok()
        });
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

impl Guide for Finder<'_> {
    fn is_leader(&self, at: u32) -> bool {
        self.leaders.contains(&at)
    }

    fn begin(&mut self, core: &mut Core<'_>, at: u32) -> Result<Option<State>, Refusal> {
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
        if self.taken(core) > self.terms {
            let (cause, what) = (Cause::Limit, "terms of a search");
            return Err(Refusal { cause, what, demanded: None, found: None });
        }
        let ways = ways(core, &state, back);
        let moved = ways.iter().any(|(_, state)| state.moved);
        let mut guess = self.guesses.remove(&at).unwrap_or_default();
        // Without rows of accesses nobody sees what the code loads next.
        let config = core.layout.config();
        let rows = config.signals && config.memory != MemoryShape::Explicit;
        let hints = (self.hints.get(&at).map(Vec::as_slice).unwrap_or_default(), rows);
        let waits = self.waits.get(&at);
        let heads = self.retry.is_inside(at).then_some(&self.heads);
        if back {
            self.retry.closes(at, moved);
        }
        let before = guess.ways.chosen(hints, waits, heads);
        guess.comes(core, (&ways, back), before.filter(|_| self.retry.has_stood(at)));
        let chosen = guess.ways.chosen(hints, waits, heads);
        let found = ways.iter().position(|(place, _)| Some(*place) == chosen);
        let Some(state) = found.map(|i| ways[i].1.clone()) else {
            let coming: Vec<At> = ways.iter().map(|(place, _)| *place).collect();
            self.apart(at, guess, &coming);
            return Ok(moved);
        };
        // Behind a leader that moves, everything was guessed of other states.
        if before.is_some() && before != chosen {
            self.moved = true;
            self.fixed.insert(at);
        }
        if guess.place != chosen {
            let Guess { ways, fresh, apart, .. } = guess;
            guess = Guess { ways, fresh, apart, ..self.propose(core, &state, at) };
            self.changed = true;
        } else if self.retry.renews(at) {
            let new = self.propose(core, &state, at);
            for (place, found) in new.places {
                let known = guess.places.entry(place).or_default();
                if known.is_empty() {
                    *known = found;
                }
            }
            guess.weaken(core, &state, None);
            self.changed = true;
        } else if self.hops.contains(&at) {
            self.changed |= self.choose(core, &state, &mut guess);
        } else {
            let extended = self.retry.sees_extensions();
            let value = |candidate: &Candidate| {
                let value = candidate.value(extended)?;
                Some((value, self.live.anchor(value).is_none_or(|of| of != state.block)))
            };
            let mut wrongs = Vec::new();
            let round: Round<'_> = (&value, &mut wrongs);
            self.changed |= guess.weaken(core, &state, back.then_some(round));
            self.retry.sees(at, wrongs);
        }
        guess.wide = guess.wider(core);
        self.guesses.insert(at, guess);
        Ok(moved)
    }

    fn merges(&mut self, at: u32) {
        let new = self.leaders.insert(at);
        self.changed |= new;
        self.moved |= new;
    }

    fn refused(&mut self, _: &Core<'_>, refusal: &Refusal, at: u32) -> bool {
        self.retry.refused(at);
        refusal.cause != Cause::Limit
    }
}
