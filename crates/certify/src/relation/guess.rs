//! The guesses about a leader: where the body stands, what places hold, what is equal and known.
//!
//! The first way to a leader makes a guess, each further one drops what it does not show
//! ([`Guess::weaken`]). Where the body may stand is common to all ways (`ways`).

use super::candidates::{Candidate, narrower};
use super::ways::{At, Coming, Ways};
use prova_equal::words::{Head, Word};
use prova_equal::{Claim, Core, Expr, Leader, Place, State};
use prova_ssa::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The value of a candidate, and whether that stays over a round of a loop; places with the values
/// that they were taken for.
pub(super) type Round<'a> = (&'a dyn Fn(&Candidate) -> Option<(u32, bool)>, &'a mut Wrongs);

/// Places with the values that they were taken for.
#[derive(Debug, Default)]
pub(super) struct Wrongs {
    /// Where another candidate is left.
    pub(super) wrong: Vec<(Place, u32)>,
    /// Where none is left, of some.
    pub(super) lost: Vec<(Place, u32)>,
}

/// Values that may be equal, the one that stands for them first, with whether each is no operator
/// without effects; and the number that they may be.
pub(super) type Equals = (Vec<(u32, bool)>, Option<(u8, u128)>);

/// The guesses about a leader.
#[derive(Clone, Debug, Default)]
pub(super) struct Guess {
    pub(super) place: Option<At>,
    /// The places in the body that all ways of all iterations come by.
    pub(super) ways: Ways,
    pub(super) places: BTreeMap<Place, Vec<Candidate>>,
    /// Values that may be equal, and the number that they may be.
    pub(super) classes: Vec<Equals>,
    /// Values that are no operators without effects.
    pub(super) leaves: BTreeSet<u32>,
    pub(super) known: Vec<(Expr, bool)>,
    /// Accesses that were made, and values that are what memory holds there.
    pub(super) reached: Vec<Claim>,
    /// The flags.
    pub(super) flags: Option<Claim>,
    /// Whether words that ways choose between were guessed.
    pub(super) chosen_once: bool,
    /// Places that hold a parameter or a wider value that is computed, and are taken for that.
    pub(super) wide: Vec<Place>,
}

impl Guess {
    /// The leader with what is not dropped.
    pub(super) fn leader(&self) -> Option<Leader> {
        let (block, at, passed) = self.place?;
        let mut is = BTreeMap::new();
        let all = self.classes.iter().flat_map(|(values, _)| values);
        let leaves: BTreeSet<u32> =
            all.filter(|(_, leaf)| *leaf).map(|(value, _)| *value).collect();
        for (values, number) in &self.classes {
            let expr = match (number, values.first()) {
                (Some((bits, n)), _) => Expr::Term(Head::Const, *bits, *n, Box::new([])),
                (None, Some(&(first, _))) => Expr::Value(first),
                (None, None) => continue,
            };
            let others = values.iter().filter(|(value, leaf)| *leaf && expr != Expr::Value(*value));
            is.extend(others.map(|&(value, _)| (value, expr.clone())));
        }
        for found in self.places.values() {
            is.extend(self.lower(found, &is));
        }
        chained(&mut is);
        let mut claims = Vec::new();
        for (&place, found) in &self.places {
            if let Some(first) = found.first() {
                let Candidate { bits, extended, expr } = first.clone();
                let expr = match &expr {
                    Expr::Value(value) => is.get(value).cloned().unwrap_or(expr),
                    Expr::Term(..) => expr,
                };
                claims.push(Claim::Holds { place, bits, extended, expr });
            }
        }
        // Those that are made of nothing else come first: the others are evaluated over them.
        let simple = |expr: &Expr| match expr {
            Expr::Value(value) => leaves.contains(value),
            Expr::Term(..) => true,
        };
        let loads = self.reached.iter().filter(|claim| match claim {
            Claim::Is { value, .. } => !is.contains_key(value),
            _ => true,
        });
        let loads: Vec<Claim> = loads.cloned().collect();
        // What is equal to what memory holds is that, in whichever order claims come.
        for expr in is.values_mut() {
            let of = |claim: &Claim| match (claim, &*expr) {
                (Claim::Is { value, expr }, Expr::Value(of)) if value == of => Some(expr.clone()),
                _ => None,
            };
            if let Some(held) = loads.iter().find_map(of) {
                *expr = held;
            }
        }
        claims.extend(loads);
        let (first, rest): (Vec<_>, Vec<_>) = is.into_iter().partition(|(_, expr)| simple(expr));
        let is = first.into_iter().chain(rest);
        claims.extend(is.map(|(value, expr)| Claim::Is { value, expr }));
        let known = self.known.iter().map(|(expr, holds)| Claim::Known(expr.clone(), *holds));
        claims.extend(known);
        claims.extend(self.flags.clone());
        Some(Leader { block, at, passed, claims })
    }
}

impl Guess {
    /// Of a place that holds a wide value and a narrow one on all ways, the narrow one is the lower
    /// half of the wide one.
    fn lower(&self, found: &[Candidate], is: &BTreeMap<u32, Expr>) -> Vec<(u32, Expr)> {
        let Some(Candidate { bits: 64, expr: Expr::Value(wide), .. }) = found.first() else {
            return Vec::new();
        };
        if !self.leaves.contains(wide) || is.contains_key(wide) {
            return Vec::new();
        }
        let narrow = found.iter().filter_map(|candidate| match candidate.expr {
            Expr::Value(value) if candidate.bits == 32 => Some(value),
            _ => None,
        });
        let narrow = narrow.filter(|value| self.leaves.contains(value) && !is.contains_key(value));
        let part = Expr::Term(Head::Slice, 32, 0, Box::new([Expr::Value(*wide)]));
        narrow.map(|value| (value, part.clone())).collect()
    }

    /// The places that are taken for a computed value though they hold a narrower parameter.
    pub(super) fn wider(&self, core: &Core<'_>) -> Vec<Place> {
        let wide = self.places.iter().filter(|(_, found)| narrower(core, found).is_some());
        wide.map(|(&place, _)| place).collect()
    }

    /// A way comes by these places; where a leader is to stand stays common to all, if that is
    /// known.
    pub(super) fn comes(&mut self, coming: &Coming, back: bool, stands: Option<At>) {
        if self.ways.is_empty() {
            self.ways = Ways::first(coming);
            return;
        }
        let common = self.ways.common(coming, back);
        if !common.is_empty() && stands.is_none_or(|at| common.places().any(|other| other == at)) {
            self.ways = common;
        }
    }

    /// Whether ways come by other places than ways of earlier iterations, in which less was known.
    pub(super) fn is_new(&self, ways: &Ways) -> bool {
        ways.places().any(|at| self.ways.places().all(|other| other != at))
    }

    /// Drops what a state does not show; whether something was. A way back comes from a state in
    /// which the first candidate was taken for right: where it is not, those may be that stay over
    /// a round, and the wrong one is listed.
    pub(super) fn weaken(
        &mut self,
        core: &mut Core<'_>,
        state: &State,
        mut round: Option<Round<'_>>,
    ) -> bool {
        let mut dropped = false;
        for (&place, found) in &mut self.places {
            let before = found.len();
            let (mut wrong, mut first) = (None, true);
            found.retain_mut(|candidate| {
                let first = std::mem::replace(&mut first, false);
                if let (Some(wrong), Some((value, wrongs))) = (wrong, &mut round)
                    && value(candidate).is_some_and(|(_, stays)| stays)
                {
                    wrongs.wrong.push((place, wrong));
                    return true;
                }
                let (bits, extended) = (candidate.bits, candidate.extended);
                if core.shows_held(state, (place, bits, extended), &candidate.expr).is_ok() {
                    return true;
                }
                // An upper half may be anything on one way.
                candidate.extended = false;
                dropped |= extended;
                let holds = extended
                    && core.shows_held(state, (place, bits, false), &candidate.expr).is_ok();
                if let (true, false, Some((value, _))) = (first, holds, &round) {
                    wrong = value(candidate).map(|(value, _)| value);
                }
                holds
            });
            dropped |= found.len() != before;
            if let (true, Some(wrong), Some((_, wrongs))) =
                (found.is_empty() && before > 1, wrong, &mut round)
            {
                wrongs.lost.push((place, wrong));
            }
        }
        dropped |= split(core, state, &mut self.classes);
        let before = self.known.len();
        self.known.retain(|(expr, holds)| core.shows_known(state, expr, *holds).is_ok());
        let accesses = self.reached.len();
        self.reached.retain(|claim| core.shows(state, claim).is_ok());
        dropped |= self.reached.len() != accesses;
        if self.flags.as_ref().is_some_and(|claim| core.shows(state, claim).is_err()) {
            (self.flags, dropped) = (None, true);
        }
        dropped || self.known.len() != before
    }
}

/// Says of values that are another one what that is, if it is another thing: what a value is counts
/// in the order of claims.
fn chained(is: &mut BTreeMap<u32, Expr>) {
    let other = |expr: &Expr| match expr {
        Expr::Value(of) => is.get(of).cloned(),
        Expr::Term(..) => None,
    };
    let found: Vec<(u32, Expr)> =
        is.iter().filter_map(|(&value, expr)| Some((value, other(expr)?))).collect();
    is.extend(found);
}

/// Divides classes by what their values are in a state; whether that changed one.
fn split(core: &mut Core<'_>, state: &State, classes: &mut Vec<Equals>) -> bool {
    let mut made = Vec::new();
    for (values, number) in classes.iter() {
        let mut parts: Vec<(Word, Vec<(u32, bool)>)> = Vec::new();
        for &value in values {
            let Ok(word) = core.value(state, Value::from_u32(value.0)) else { continue };
            let word = core.under(state, word);
            match parts.iter_mut().find(|(other, _)| *other == word) {
                Some((_, list)) => list.push(value),
                None => parts.push((word, vec![value])),
            }
        }
        for (word, list) in parts {
            let number = number.filter(|&(_, n)| core.words.number(word) == Some(n));
            let any = list.iter().any(|(_, leaf)| *leaf);
            if any && list.len() + usize::from(number.is_some()) > 1 {
                made.push((list, number));
            }
        }
    }
    let changed = made != *classes;
    *classes = made;
    changed
}
