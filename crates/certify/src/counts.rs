//! Counts of rounds that are left, which no location holds (K1 to K3 of the check's `counts`).
//!
//! ```text
//! addresses of elements at a merge ─ what an end has beside a start ─► count ─ sums ─► claims
//! ```
//!
//! Each address of an element has its own symbol, in elements. Where one is another one and a
//! number that is 1 at least on both sides, that number is a count; what every other address is
//! with it, or was without it, is a sum. Locations that no state has give these symbols names.
//!
//! Limits: [`ADDRESSES_MAX`] addresses at a merge; bounds of an address that grow stop at
//! [`MOST`], which a sum of two of them does not wrap.

use crate::join::{Group, Known, Relation, Wanted, both, known};
use prova_check::{Base, Claim, Def, Kind, Loc, Machine, Name, Path, State, Sym, Value};

/// Addresses of elements at a merge that are looked at.
const ADDRESSES_MAX: usize = 8;
/// The most that an address of an element is taken to be, in elements.
const MOST: u64 = (1 << 34) - 1;

/// The number of the element that an address is of, in its table.
pub(crate) fn element(value: Value) -> Option<Value> {
    let shift = shift(value.base)?;
    let whole = value.sym == Sym::ZERO || value.shift == shift;
    let number = (value.add as i64 >> shift) as u64;
    (whole && number << shift == value.add).then(|| Value::symbol(value.sym).plus(number))
}

/// How far the number of an element is shifted in its address; none of other bases.
fn shift(base: Base) -> Option<u8> {
    match base {
        Base::Table(_) => Some(3),
        Base::Elements(_) => Some(4),
        _ => None,
    }
}

/// Changes of a block during which bounds are not widened: where a loop begins and ends at
/// constants, as many rounds are executed.
pub(crate) const EXACT: u32 = 64;

/// Two sides of a merge, and how often it changed.
pub(crate) struct Merge<'a, 'm, 'w> {
    machine: &'a Machine<'m>,
    paths: (Path, Path),
    /// Whether the first side is what was claimed.
    again: bool,
    changes: u32,
    wanted: Wanted<'w>,
    /// The first stack word that no side has.
    words: u32,
}

impl<'a, 'm, 'w> Merge<'a, 'm, 'w> {
    pub(crate) fn new(
        machine: &'a Machine<'m>,
        (one, other): (&State, &State),
        (changes, wanted): (u32, Wanted<'w>),
    ) -> Merge<'a, 'm, 'w> {
        let words = one.words.len().max(other.words.len());
        let words = u32::try_from(words).unwrap_or(u32::MAX);
        let (paths, again) = ((one.path, other.path), !core::ptr::eq(one, other));
        Merge { machine, paths, again, changes, wanted, words }
    }

    /// Adds a location that holds an address of an element, with its number on both sides.
    pub(crate) fn address(
        &self,
        groups: &mut Vec<Group>,
        (at, base): (Loc, Base),
        (a, b): (Value, Value),
    ) {
        let new = self.group(at, (a, b));
        let place = groups.iter().position(|group| group.key == new.key);
        let place = place.unwrap_or_else(|| {
            groups.push(new);
            groups.len() - 1
        });
        let Group { owner, from, .. } = groups[place];
        let Some(shift) = shift(base) else { return };
        let add = a.add.wrapping_sub(from) << shift;
        let name = Name::Of(owner);
        groups[place].members.push(Claim::Holds { at, base, name, shift, add });
    }

    /// Adds to the groups counts and what they make of addresses, and says of which sums.
    pub(crate) fn counts(&self, groups: &mut Vec<Group>) -> Vec<Relation> {
        if !self.wanted.counts {
            return Vec::new();
        }
        let all = || groups.iter().enumerate();
        let addresses: Vec<(usize, Base)> =
            all().filter_map(|(at, group)| Some((at, base(group)?))).take(ADDRESSES_MAX).collect();
        let (mut relations, first) = (Vec::new(), groups.len());
        for &(end, base) in &addresses {
            for &(start, other) in &addresses {
                if end != start && base == other {
                    let count = self.rest(groups, end, start).filter(|it| self.is_count(*it));
                    let Some(count) = count else { continue };
                    let count = self.place(groups, (first, count));
                    groups[count].known.range.0 = 1;
                    relations.push(Relation::Sum(end, [(start, 0), (count, 0)]));
                }
            }
        }
        for count in first..groups.len() {
            for &(address, _) in &addresses {
                if let Some(sum) = self.sum(groups, address, count) {
                    let sum = self.place(groups, (0, sum));
                    relations.push(Relation::Sum(sum, [(address, 0), (count, 0)]));
                }
                let rest = self.rest(groups, address, count).filter(|it| self.is_small(*it));
                if let Some(rest) = rest {
                    let rest = self.place(groups, (0, rest));
                    relations.push(Relation::Sum(address, [(rest, 0), (count, 0)]));
                }
            }
        }
        relations
    }

    /// The number that one group's symbol has beside another one's, on both sides.
    fn rest(&self, groups: &[Group], sum: usize, part: usize) -> Option<(Value, Value)> {
        let ((a, b), (x, y)) = (groups[sum].own(), groups[part].own());
        self.machine.rest(a, x).zip(self.machine.rest(b, y))
    }

    fn sum(&self, groups: &[Group], one: usize, other: usize) -> Option<(Value, Value)> {
        let ((a, b), (x, y)) = (groups[one].own(), groups[other].own());
        self.machine.known_sum(a, x).zip(self.machine.known_sum(b, y))
    }

    /// The least and the most that a number is on either side.
    fn range(&self, (a, b): (Value, Value)) -> Option<(i128, i128)> {
        let range = |path, value| {
            let Machine { facts, symbols, .. } = self.machine;
            facts.range(self.machine.sure(path), symbols, value)
        };
        let (x, y) = (range(self.paths.0, a)?, range(self.paths.1, b)?);
        Some((x.0.min(y.0), x.1.max(y.1)))
    }

    fn is_count(&self, values: (Value, Value)) -> bool {
        self.range(values).is_some_and(|(lo, hi)| lo >= 1 && hi <= i128::from(u32::MAX))
    }

    fn is_small(&self, values: (Value, Value)) -> bool {
        self.range(values).is_some_and(|(_, hi)| hi <= i128::from(u32::MAX))
    }

    /// The place of the group of these numbers among those from the first one on; a new one where
    /// there is none, which no location holds.
    fn place(&self, groups: &mut Vec<Group>, (first, numbers): (usize, (Value, Value))) -> usize {
        let found = (first..groups.len()).find(|&at| groups[at].own() == numbers);
        found.unwrap_or_else(|| {
            let number = u32::try_from(groups.len()).unwrap_or(u32::MAX);
            groups.push(self.group(Loc::Word(self.words.saturating_add(number)), numbers));
            groups.len() - 1
        })
    }

    /// The facts about a number, no stronger than what was claimed: a sum may bound its parts by
    /// more than a way there knows.
    pub(crate) fn as_claimed(&self, known: Known, a: Value) -> Known {
        let mut known = known;
        if let Some(sym) = a.as_symbol()
            && sym != Sym::ZERO
            && self.again
            && self.wanted.counts
        {
            let Def { hi, kind, .. } = self.machine.symbols.def(sym);
            known.range.1 = known.range.1.max(hi);
            if kind == Kind::Sum && known.range.0 == 1 {
                known.range.0 = 0;
            }
        }
        known
    }

    /// A group without members.
    fn group(&self, owner: Loc, (a, b): (Value, Value)) -> Group {
        let Wanted { carry, patience, .. } = self.wanted;
        let of = |path, value| known(self.machine, (path, carry), value);
        let (one, other) = (self.as_claimed(of(self.paths.0, a), a), of(self.paths.1, b));
        let sides = ((one, self.paths.0), (other, self.paths.1));
        let mut known = both(self.machine, sides.0, sides.1, (self.changes, patience));
        if known.range.1 > u64::from(u32::MAX) {
            known.range.1 = MOST;
        }
        let key = (a.sym, b.sym, b.add.wrapping_sub(a.add));
        Group { key, owner, from: a.add, members: Vec::new(), known, related: false }
    }
}

/// The base of a group's address of an element, if the group's symbol is its number.
fn base(group: &Group) -> Option<Base> {
    group.members.iter().find_map(|claim| match *claim {
        Claim::Holds { base, shift: by, add: 0, .. } => (shift(base) == Some(by)).then_some(base),
        _ => None,
    })
}
