//! Low halves that no location holds, at a merge.
//!
//! Code that divides keeps a number and what it is extended to with its sign, and tests the one and
//! divides by the other. Both have one low half, of which the check knows where nobody handles
//! faults that it is not 0 (N3 of its `nonzero`); a register with more bits than the number has
//! does not hold it. So such halves get names, which locations have that no state has.
//!
//! Limits: only where claims may speak of all locations.

use crate::join::asked::Wanted;
use crate::join::groups::{Lists, Relation};
use prova_check::{Loc, Machine, State, Sym, Value};
use std::collections::BTreeMap;

/// Adds to the groups the low halves that two or more of them have on both sides, and says of which
/// they are.
pub(crate) fn halves(
    machine: &Machine<'_>,
    lists: &mut Lists,
    (one, other): (&State, &State),
    wanted: Wanted<'_>,
) -> Vec<Relation> {
    let mut relations = Vec::new();
    if machine.layout.config().signals || wanted.needs.is_some() {
        return relations;
    }
    let half = |sym| machine.symbols.known_half(Value::symbol(sym));
    let mut wholes: BTreeMap<(Sym, Sym), Vec<usize>> = BTreeMap::new();
    for (at, group) in lists.groups.iter().enumerate() {
        let (a, b) = group.own();
        let pair = a.as_symbol().zip(b.as_symbol());
        if let Some((a, b)) = pair.and_then(|(a, b)| half(a).zip(half(b))) {
            wholes.entry((a, b)).or_default().push(at);
        }
    }
    let words = one.words.len().max(other.words.len());
    for ((a, b), wholes) in wholes {
        let key = (a, b, 0);
        if wholes.len() < 2 || lists.find(key).is_some() {
            continue;
        }
        let number = words.saturating_add(lists.groups.len());
        let owner = Loc::Word(u32::try_from(number).unwrap_or(u32::MAX));
        let of = lists.hidden(key, owner);
        relations.extend(wholes.into_iter().map(|whole| Relation::Half(of, whole)));
    }
    relations
}
