//! The guide that looks for claims: the walk of the check asks it at each leader, and it answers by
//! its guesses of the iteration before, and lets each way drop what it does not show.
//!
//! Where a leader moves in the body, all that was guessed behind it was of other states, so the
//! next iteration begins anew, except for the leaders that moved. Values are named as they are
//! needed from a place on (`live`).
//!
//! Limits: the terms of an iteration, and the conditions of a leader.

use super::Related;
use super::candidates::{Inverse, candidates, expression};
use super::guess::{At, Guess, ways};
use super::hints::Hints;
use super::live::Live;
use super::scan::scan;
use prova_check::MemoryShape;
use prova_check::x64::Class;
use prova_equal::words::{Head, Node, Word};
use prova_equal::{Cause, Claim, Core, Flags, Guide, Place, Refusal, Relation, State};
use prova_ssa::{Def, Value};
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
    guesses: BTreeMap<u32, Guess>,
    changed: bool,
    /// Whether a leader moved in the body, or is new.
    moved: bool,
    /// Leaders that moved, by the ways that came so far.
    fixed: BTreeSet<u32>,
    /// Leaders that stand where the body waits, though more is decided there.
    waits: BTreeMap<u32, BTreeSet<At>>,
    /// Terms that this iteration may take.
    terms: usize,
    /// Needed values that this iteration has looked at.
    looked: usize,
}

impl<'f> Finder<'f> {
    pub(crate) fn new(live: &'f Live, hints: Hints, code: &Related<'_>) -> Finder<'f> {
        let leaders = merges(code);
        Finder {
            live,
            hints,
            leaders,
            guesses: BTreeMap::new(),
            changed: false,
            moved: false,
            fixed: BTreeSet::new(),
            waits: BTreeMap::new(),
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
                let ways = if kept { std::mem::take(&mut guess.ways) } else { Vec::new() };
                *guess = Guess { ways, ..Guess::default() };
            }
        }
        (self.changed, self.moved) = (false, false);
    }

    /// The terms that this iteration has taken; steps of rewriting and values that were looked at
    /// are parts of one.
    pub(crate) fn taken(&self, core: &Core<'_>) -> usize {
        let parts = usize::try_from(core.words.steps()).unwrap_or(usize::MAX);
        let parts = parts.saturating_add(self.looked) >> PARTS_OF_TERM;
        core.words.count().saturating_add(parts)
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.changed
    }

    /// Two ways to a leader have no place in common, since one comes from a leader that stands
    /// behind the places of the other: that leader is to wait at one of these.
    fn wait(&mut self, one: &[At], other: &[At]) {
        for (from, to) in [(one, other), (other, one)] {
            let Some(&first) = from.first() else { continue };
            for (&at, guess) in &self.guesses {
                let all = guess.ways.iter().map(|(place, ..)| *place);
                let places: BTreeSet<At> = all.filter(|place| to.contains(place)).collect();
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
    fn propose(&mut self, core: &mut Core<'_>, state: &State) -> Guess {
        let inverse = self.needed(core, state, true);
        let mut places = BTreeMap::new();
        let registers = (0..16).map(Place::Register).chain((0..16).map(Place::Vector));
        let stack = state.stack.keys().map(|&at| Place::Stack(at));
        let all: Vec<Place> = registers.chain(stack).collect();
        for place in all {
            let found = candidates(core, state, place, &inverse);
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
        Guess { place, ways: Vec::new(), places, classes, leaves, known, flags }
    }
}

/// Whether a value is no operator without effects.
fn is_leaf(core: &Core<'_>, value: Value) -> bool {
    !core.is_computed(value)
}

/// Whether a value is a number by what it is.
fn is_constant(core: &Core<'_>, value: Value) -> bool {
    let Def::Result(inst, _) = core.body.value(value).def else { return false };
    core.body.operands(core.body.inst(inst).args).is_empty() && !is_leaf(core, value)
}

/// Whether a value is computed from one of some.
fn needs(core: &Core<'_>, value: Value, of: &[Value]) -> bool {
    let mut open = vec![value];
    let mut seen = BTreeSet::new();
    while let Some(value) = open.pop() {
        if of.contains(&value) {
            return true;
        }
        if let Def::Result(inst, _) = core.body.value(value).def
            && !is_leaf(core, value)
            && seen.insert(value.as_u32())
        {
            open.extend(core.body.operands(core.body.inst(inst).args));
        }
    }
    false
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
        let before = guess.chosen(hints, waits);
        guess.comes(core, &ways, back);
        let chosen = guess.chosen(hints, waits);
        let found = ways.iter().position(|(place, _)| Some(*place) == chosen);
        let Some(state) = found.map(|i| ways[i].1.clone()) else {
            // No place in the body is common to all ways; the check says so.
            let coming: Vec<At> = ways.iter().map(|(place, _)| *place).collect();
            let known: Vec<At> = guess.ways.iter().map(|(place, ..)| *place).collect();
            self.wait(&known, &coming);
            self.guesses.insert(at, guess);
            return Ok(moved);
        };
        // Behind a leader that moves, everything was guessed of other states.
        if before.is_some() && before != chosen {
            self.moved = true;
            self.fixed.insert(at);
        }
        if guess.place != chosen {
            let ways = std::mem::take(&mut guess.ways);
            guess = Guess { ways, ..self.propose(core, &state) };
            self.changed = true;
        } else {
            self.changed |= guess.weaken(core, &state);
        }
        self.guesses.insert(at, guess);
        Ok(moved)
    }

    fn merges(&mut self, at: u32) {
        let new = self.leaders.insert(at);
        self.changed |= new;
        self.moved |= new;
    }

    fn refused(&mut self, _: &Core<'_>, refusal: &Refusal, _: u32) -> bool {
        refusal.cause != Cause::Limit
    }
}

/// Offsets to which several ways lead, or one from behind.
fn merges(code: &Related<'_>) -> BTreeSet<u32> {
    let mut ways: BTreeMap<u32, u32> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let mut falls = true;
    let mut starts: Vec<(u32, bool)> = Vec::new();
    scan(code, |insn, behind_data| {
        let at = insn.offset;
        starts.push((at, falls && !behind_data));
        let jumps = insn.class == Class::Jump;
        if jumps || matches!(insn.class, Class::Branch(_)) {
            let target = insn.target();
            *ways.entry(target).or_default() += 1;
            if target <= at {
                found.insert(target);
            }
        }
        falls = !jumps && !matches!(insn.class, Class::JumpTo | Class::Return | Class::Trap);
    });
    for (at, falls) in starts {
        if ways.get(&at).copied().unwrap_or(0) + u32::from(falls) > 1 {
            found.insert(at);
        }
    }
    // An entry of the function that is jumped to is no leader: nobody can claim what it needs.
    found
}
