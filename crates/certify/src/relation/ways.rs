//! Where the body may stand at a leader: the places that ways to it come by.
//!
//! Each way comes by a list of places, since a body may go on without an instruction of the code.
//! Those common to all ways are kept in order, over all iterations; one of them is chosen.

use super::hints::Hint;
use prova_equal::{Core, State};
use std::collections::BTreeSet;

/// Places in the body that one way comes by at most.
const WAYS_MAX: usize = 64;

/// A place in the body: block, instruction, traps passed.
pub(super) type At = (u32, u32, u32);

/// A place in the body, the next one, whether ways differ in that, and its surroundings.
type Way = (At, Option<At>, bool, Around);

/// The surroundings of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    /// Whether a jump or a load leads on.
    pub(super) on: bool,
    /// Whether the body stands behind a question that the way has answered.
    pub(super) answered: bool,
}

/// The places that one way comes by, each with its surroundings.
pub(super) type Coming = Vec<(At, Around)>;

/// The places that all ways come by, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways(Vec<Way>);

impl Ways {
    /// Those that one way comes by.
    pub(super) fn first(coming: &Coming) -> Ways {
        let way = |(i, &(at, around)): (usize, &(At, Around))| (at, next(coming, i), false, around);
        Ways(coming.iter().enumerate().map(way).collect())
    }

    /// Those of them that a further way comes by too.
    pub(super) fn common(&self, coming: &Coming, back: bool) -> Ways {
        let common = |(at, to, apart, around): &Way| {
            let i = coming.iter().position(|(other, _)| other == at)?;
            Some((*at, *to, *apart || *to != next(coming, i), *around))
        };
        let mut found: Vec<Way> = self.0.iter().filter_map(common).collect();
        if back {
            // A way back comes to the head of the body's loop at its end: what a first way passes
            // behind that is of a round.
            found.sort_by_key(|(at, ..)| coming.iter().position(|(other, _)| other == at));
        }
        Ways(found)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The places.
    pub(super) fn places(&self) -> impl Iterator<Item = At> {
        self.0.iter().map(|(at, ..)| *at)
    }

    /// The place at which the leader is tried, else the first one before a round, else the last
    /// one; before jumps and loads that all ways pass to it, since code may do these, and what
    /// belongs to them, behind the place where the ways meet.
    pub(super) fn chosen(
        &self,
        (hints, (rows, sources), round): (&[Hint], (bool, bool), bool),
        waits: Option<&BTreeSet<At>>,
        (heads, elsewhere): (Option<&BTreeSet<u32>>, Option<At>),
    ) -> Option<At> {
        let ways = &self.0;
        if let Some(place) = elsewhere.filter(|&place| self.places().any(|at| at == place)) {
            return Some(place);
        }
        let place = |hint: &Hint| {
            let is = |(at, ..): &Way| (at.0, at.1) == (hint.block, hint.at);
            let mut ways = ways.iter();
            let found = if hint.acts { ways.rposition(is) } else { ways.position(is) };
            // A question that all ways have answered is not the code's any more.
            let answered = |i: &usize| self.0.get(i + 1).is_some_and(|way| way.3.answered);
            found.map(|i| if answered(&i) { i + 1 } else { i })
        };
        let hinted = hints.iter().find_map(|hint| Some((place(hint)?, hint)));
        // Without rows of accesses nobody sees what the code loads next, but their sources say
        // where it loads nothing.
        if let Some((place, hint)) = hinted
            && !hint.later
            && (rows || (sources && !hint.loads))
        {
            return ways.get(place).map(|(at, ..)| *at);
        }
        let waiting = |(at, ..): &Way| waits.is_some_and(|waits| waits.contains(at));
        let waits = ways.iter().rposition(waiting);
        let later = hinted.map(|(place, _)| place);
        let later = later.or((round && hints.is_empty()).then_some(0));
        let mut last = waits.or(later).or(ways.len().checked_sub(1))?;
        while let Some(before) = last.checked_sub(1)
            && let (_, Some(to), false, Around { on: true, .. }) = ways[before]
            && to == ways[last].0
            && !ways[last].3.answered
            && !(to.0 != ways[before].0.0 && heads.is_some_and(|heads| heads.contains(&to.0)))
        {
            last = before;
        }
        ways.get(last).map(|(at, ..)| *at)
    }
}

/// The place that a way comes by behind one of its places.
fn next(coming: &Coming, i: usize) -> Option<At> {
    coming.get(i + 1).map(|(place, _)| *place)
}

/// The places in the body that a state may stand at, on a way back behind a step; and whether it
/// has made one at some of them.
pub(super) fn ways(core: &mut Core<'_>, state: &State, back: bool) -> (Coming, bool) {
    let (mut found, mut seen) = (Coming::new(), Vec::new());
    let mut moved = false;
    let mut state = state.clone();
    while found.len() < WAYS_MAX {
        let at = (state.block, state.at, state.passed);
        // A round of a loop that is decided is the code's.
        if seen.contains(&at) {
            break;
        }
        if is_way(&state, back) {
            let around =
                Around { on: core.goes_on(&state), answered: core.is_answer_known(&state) };
            found.push((at, around));
            seen.push(at);
            moved |= state.moved;
        }
        if !goes(core, &mut state, back) {
            break;
        }
    }
    (found, moved)
}

/// A state where it stands at a place that it comes by.
pub(super) fn stands_at(
    core: &mut Core<'_>,
    mut state: State,
    place: At,
    back: bool,
) -> Option<State> {
    for _ in 0..=WAYS_MAX {
        if is_way(&state, back) && (state.block, state.at, state.passed) == place {
            return Some(state);
        }
        if !goes(core, &mut state, back) {
            return None;
        }
    }
    None
}

fn is_way(state: &State, back: bool) -> bool {
    state.entered && (state.moved || !back)
}

/// Lets the body go on. Code that goes on does not begin a round of a loop, even if what is guessed
/// decides it.
fn goes(core: &mut Core<'_>, state: &mut State, back: bool) -> bool {
    let block = state.block;
    core.skip(state).unwrap_or(false) && (back || state.block >= block)
}
