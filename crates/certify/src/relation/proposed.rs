//! The state in which control comes first to a leader → everything that may be claimed there.

use super::Search;
use super::candidates::{
    Candidate, Inverse, Values, candidates, expression, loaded, loaded_place, narrower, whole,
};
use super::guess::Guess;
use super::guide::Finder;
use super::values::{is_constant, is_leaf, needs};
use prova_equal::words::{Head, Node};
use prova_equal::{Claim, Core, Expr, Flags, Place, State};
use prova_ssa::{Block, Body, Edge, Terminator, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Conditions that are proposed at a leader at most.
pub(super) const KNOWN_MAX: usize = 40;
/// Accesses that are proposed at a leader at most.
const REACHED_MAX: usize = 24;
/// Jumps of the body to a table at most.
const JUMPS_MAX: usize = 4;

impl Finder<'_, '_> {
    /// The needed values by what they are in a state; those of the block's own come first.
    pub(super) fn needed(&mut self, core: &mut Core<'_>, state: &State, here: bool) -> Inverse {
        let mut inverse = Values::default();
        let values = self.live.at((core.body, core.told.held), state.block, state.at);
        self.looked = self.looked.saturating_add(values.len() as u64);
        for value in values {
            if is_constant(core, value) {
                continue;
            }
            if let Ok(word) = core.value(state, value) {
                inverse.entry(word).or_default().push(value);
                // What it is here, where a choice is decided.
                let under = if here { core.under(state, word) } else { word };
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
        if core.has_answer(state)
            && let Ok(word) = core.value(state, core.tested())
        {
            inverse.entry(word).or_default().push(core.tested());
        }
        let own: BTreeSet<u32> = {
            let block = core.body.block(Block::from_u32(state.block));
            block.params().map(|value| value.as_u32()).collect()
        };
        for values in inverse.values_mut() {
            values.sort_by_key(|&value| {
                (!own.contains(&value.as_u32()), !is_leaf(core, value), value.as_u32())
            });
        }
        Inverse::new(inverse, self.how != Search::Plain)
    }

    /// The candidates of a place at a leader, as the retries so far have them.
    fn guessed(
        &self,
        core: &mut Core<'_>,
        state: &State,
        (leader, place): (u32, Place),
        (inverse, older): (&Inverse, Option<&Inverse>),
    ) -> Vec<Candidate> {
        let mut found = candidates(core, state, place, inverse);
        found.retain(|candidate| {
            let value = candidate.value(true);
            value.is_none_or(|value| !self.retry.is_wrong((leader, place, value)))
        });
        let is_number =
            |candidate: &Candidate| matches!(candidate.expr, Expr::Term(Head::Const, ..));
        if self.retry.varies(leader) && !found.iter().all(is_number) {
            found.retain(|candidate| !is_number(candidate));
        }
        if self.retry.is_narrow(leader, place)
            && let Some(leaf) = narrower(core, &found)
        {
            found.swap(0, leaf);
        }
        if self.retry.reaches() || self.how.sums_first() {
            found.extend(loaded_place(core, state, place, inverse));
            // What is above a value may be of a sum, which is an address, or its end. Of what else
            // a value of the block is, the next way may know nothing.
            let is_part = |first: &Candidate| first.bits < 64 && !first.extended;
            let is_sum = |first: &Candidate| matches!(first.expr, Expr::Term(Head::Sum, 64, ..));
            if found.first().is_some_and(|first| is_part(first) || is_sum(first)) {
                let names = [older, Some(inverse)].into_iter().flatten();
                let mut sums: Vec<Candidate> =
                    names.filter_map(|names| whole(core, state, place, names)).collect();
                sums.retain(|sum| is_sum(sum) || self.how == Search::Plain);
                sums.dedup();
                found.splice(0..0, sums);
            }
        }
        found
    }

    /// Everything that may be claimed where a state comes first.
    pub(super) fn propose(&mut self, core: &mut Core<'_>, state: &State, leader: u32) -> Guess {
        let inverse = self.needed(core, state, true);
        let (older, computed) = (older(core, state, &inverse), computed(core, &inverse));
        let mut places = BTreeMap::new();
        let registers = (0..16).map(Place::Register).chain((0..16).map(Place::Vector));
        let registers = registers.map(|place| (place, 0));
        let bytes = |word| i64::from(core.words.bits(word) / 8).max(1);
        let stack = state.stack.iter().map(|(&at, &word)| (Place::Stack(at), bytes(word)));
        let mut all: Vec<(Place, i64)> = registers.chain(stack).collect();
        all.retain(|&(place, bytes)| self.lives.has(leader, place, bytes));
        for (place, _) in all {
            let found = self.guessed(core, state, (leader, place), (&inverse, older.as_ref()));
            if !found.is_empty() {
                places.insert(place, found);
            }
        }
        let mut known: Vec<(Expr, bool)> = indexed(core, state).into_iter().collect();
        for &(condition, holds) in state.known.iter().rev() {
            let names = [Some(&inverse), older.as_ref(), computed.as_ref()];
            for inverse in names.into_iter().flatten() {
                if known.len() < KNOWN_MAX
                    && let Some(expr) = expression(core, state, condition, inverse, 0)
                    && !known.contains(&(expr.clone(), holds))
                {
                    known.push((expr, holds));
                }
            }
        }
        if known.len() < KNOWN_MAX {
            known.extend(decided(core, state));
        }
        let mut classes = Vec::new();
        for (&word, values) in &inverse.values {
            let Node { op, bits, n, .. } = core.words.get(word);
            let is_number = op == Head::Const && !self.retry.varies(leader);
            let number = is_number.then_some((bits, n));
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
            _ if !self.lives.has_flags(leader) => None,
            Flags::Float(a, b) => Some((true, a, b)),
            Flags::Sub(a, b) => Some((false, a, b)),
            _ => None,
        };
        let reached =
            if self.retry.reaches() { accesses(core, state, &inverse) } else { Vec::new() };
        // What is known here need not be known on another way, on which the flags are as right.
        let inverse = if flags.is_some() { self.needed(core, state, false) } else { inverse };
        let flags = flags.and_then(|(floats, a, b)| {
            let a = expression(core, state, a, &inverse, 0)?;
            let b = expression(core, state, b, &inverse, 0)?;
            Some(Claim::Compared { floats, words: Box::new((a, b)) })
        });
        Guess { place, places, classes, leaves, known, flags, reached, ..Guess::default() }
    }
}

/// The condition of the branch before which a state stands, if it is decided there: other ways may
/// show it by other conditions.
fn decided(core: &mut Core<'_>, state: &State) -> Option<(Expr, bool)> {
    let block = *core.body.block(Block::from_u32(state.block));
    let Terminator::Branch { condition, .. } = block.terminator else { return None };
    if block.insts().len() != state.at as usize {
        return None;
    }
    let word = core.value(state, condition).ok()?;
    let zero = core.words.zero(word);
    let holds = core.words.decide(&state.known, zero)?;
    let value = Box::new([Expr::Value(condition.as_u32())]);
    core.words.number(zero).is_none().then_some((Expr::Term(Head::Zero, 1, 0, value), holds))
}

/// Whether the index of the table that the body jumps to next is less than their number, if that is
/// decided: where no way comes to the default, there may be no code for it.
fn indexed(core: &mut Core<'_>, state: &State) -> Option<(Expr, bool)> {
    let (index, count) = table(core.body, Block::from_u32(state.block))?;
    let word = core.value(state, index).ok()?;
    let bound = core.words.constant(32, count);
    let below = core.words.ult(word, bound);
    let holds = core.words.decide(&state.known, below)?;
    let bound = Expr::Term(Head::Const, 32, count, Box::new([]));
    let words = Box::new([Expr::Value(index.as_u32()), bound]);
    Some((Expr::Term(Head::Ult, 1, 0, words), holds))
}

/// The index of the table at the end of a block, or of one that it jumps to, as a value of the
/// block's, and how many places the table has without the default.
fn table(body: &Body, mut block: Block) -> Option<(Value, u128)> {
    let mut edges: Vec<Edge> = Vec::new();
    while let Terminator::Jump(edge) = body.block(block).terminator
        && edges.len() < JUMPS_MAX
    {
        edges.push(edge);
        block = edge.block;
    }
    let Terminator::Table { index, targets, .. } = body.block(block).terminator else {
        return None;
    };
    let count = body.targets(targets).len().saturating_sub(1) as u128;
    let index = edges.iter().rev().try_fold(index, |value, edge| {
        match body.block(edge.block).params().position(|param| param == value) {
            Some(place) => body.args(edge).get(place)?.value(),
            None => Some(value),
        }
    });
    Some((index?, count))
}

/// The same values, those that are computed first, if one of them is another value too: in the
/// first round of a loop a sum may be no more than the value that it is added to.
fn computed(core: &Core<'_>, inverse: &Inverse) -> Option<Inverse> {
    renamed(inverse, |values| values.sort_by_key(|&value| is_leaf(core, value)))
}

/// The same values, those of the block's own last, if one of them is another value too: what is
/// known of both may be so of the other one alone where the next way comes from.
fn older(core: &Core<'_>, state: &State, inverse: &Inverse) -> Option<Inverse> {
    let block = core.body.block(Block::from_u32(state.block));
    let own: BTreeSet<Value> = block.params().collect();
    renamed(inverse, |values| values.sort_by_key(|value| own.contains(value)))
}

/// The same values in another order, if another one comes first then.
fn renamed(inverse: &Inverse, order: impl Fn(&mut Vec<Value>)) -> Option<Inverse> {
    let mut values = inverse.values.clone();
    let mut is_other = false;
    for values in values.values_mut() {
        let first = values.first().copied();
        order(values);
        is_other |= values.first().copied() != first;
    }
    is_other.then(|| Inverse::new(values, inverse.by_extensions))
}

/// Accesses that were made, the last ones first, and the values that are what memory holds.
fn accesses(core: &Core<'_>, state: &State, inverse: &Inverse) -> Vec<Claim> {
    let last = state.reached.iter().rev().take(REACHED_MAX);
    let reached = last.filter_map(|&(address, bytes)| {
        let address = expression(core, state, address, inverse, 0)?;
        Some(Claim::Reached { bytes, address })
    });
    let mut found: Vec<Claim> = Vec::new();
    for claim in reached {
        if !found.contains(&claim) {
            found.push(claim);
        }
    }
    let mut values: Vec<_> = inverse.values.iter().collect();
    values.sort_unstable();
    for (&word, values) in values {
        let leaf = values.iter().find(|&&value| is_leaf(core, value));
        if let Some(value) = leaf
            && let Some(expr) = loaded(core, state, word, inverse)
        {
            found.push(Claim::Is { value: value.as_u32(), expr });
        }
    }
    found
}
