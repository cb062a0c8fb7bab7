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
//! `MOST` (`join::groups`), which a sum of two of them does not wrap.

use crate::join::asked::{Side, Wanted};
use crate::join::groups::{Group, Lists, Member, Relation, Role};
use prova_check::{Base, Def, Extent, Fact, Kind, Loc, Machine, Node, Path, State, Sym, Value};

/// Rounds behind a start at most.
const ROUNDS_MAX: i128 = 1 << 16;
/// Addresses of elements at a merge that are looked at.
const ADDRESSES_MAX: usize = 8;
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

/// Widens the range of a number to what was claimed of it: a sum may bound its parts by more than a
/// way there knows.
pub(crate) fn as_claimed(machine: &Machine<'_>, number: Value, range: &mut (u64, u64)) {
    if let Some(sym) = number.as_symbol()
        && sym != Sym::ZERO
    {
        let Def { hi, kind, .. } = machine.symbols.def(sym);
        range.1 = range.1.max(hi);
        if kind == Kind::Sum && range.0 == 1 {
            range.0 = 0;
        }
    }
}

/// Adds a location that holds an address of an element, with its number on both sides.
pub(crate) fn address(lists: &mut Lists, (at, base): (Loc, Base), (a, b): (Value, Value)) {
    let Some(shift) = shift(base) else { return };
    let key = (a.sym, b.sym, b.add.wrapping_sub(a.add));
    let group = lists.find(key);
    let group = group.unwrap_or_else(|| lists.begin(key, at, (a.add, Role::Element)));
    let add = a.add.wrapping_sub(lists.groups[group].from) << shift;
    lists.add(group, (at, base, shift, add));
}

/// Two sides of a merge, or one way to a block twice.
pub(crate) struct Merge<'a, 'm> {
    machine: &'a Machine<'m>,
    paths: (Path, Path),
    /// The first stack word that no side has.
    words: u32,
}

impl<'a, 'm> Merge<'a, 'm> {
    pub(crate) fn new(
        machine: &'a Machine<'m>,
        side: Side,
        (one, other): (&State, &State),
    ) -> Merge<'a, 'm> {
        let words = one.words.len().max(other.words.len());
        let words = u32::try_from(words).unwrap_or(u32::MAX);
        let paths = match side {
            Side::One(path) => (path, path),
            Side::Both(paths, _) => paths,
        };
        Merge { machine, paths, words }
    }

    /// Adds to the groups counts and what they make of addresses, and says of which sums.
    pub(crate) fn counts(&self, lists: &mut Lists, wanted: Wanted<'_>) -> Vec<Relation> {
        if !wanted.counts {
            return Vec::new();
        }
        self.sixteenths(lists);
        let all = || lists.groups.iter().enumerate();
        let addresses = all().filter_map(|(at, group)| Some((at, base(lists, group)?)));
        let addresses: Vec<(usize, Base)> = addresses.take(ADDRESSES_MAX).collect();
        let (mut relations, first) = (Vec::new(), lists.groups.len());
        for &(end, base) in &addresses {
            for &(start, other) in &addresses {
                if end != start && base == other {
                    let count = self.rest(lists, end, start).filter(|it| self.is_count(*it));
                    // One of both stays, unless an earlier merge has found the count.
                    let stays = self.stays(lists, end) || self.stays(lists, start);
                    let found = |it: &(Value, Value)| stays || it.0.as_constant().is_none();
                    let Some(count) = count.filter(found) else { continue };
                    let count = self.place(lists, (first, count), Role::Count);
                    relations.push(Relation::Sum(end, [(start, 0), (count, 0)]));
                }
            }
        }
        for count in first..lists.groups.len() {
            for &(address, _) in &addresses {
                if let Some(sum) = self.sum(lists, address, count) {
                    let sum = self.place(lists, (0, sum), Role::Element);
                    relations.push(Relation::Sum(sum, [(address, 0), (count, 0)]));
                }
                let rest = self.rest(lists, address, count).filter(|it| self.is_small(*it));
                if let Some(rest) = rest {
                    let rest = self.place(lists, (0, rest), Role::Element);
                    relations.push(Relation::Sum(address, [(rest, 0), (count, 0)]));
                }
            }
        }
        for &address in &addresses {
            self.rounds(lists, (address, &addresses), &mut relations);
        }
        relations
    }

    /// Adds to the groups the numbers that others are by 16, which are sums of two eighths: a
    /// register keeps the distance of a segment's first element that code begins with.
    fn sixteenths(&self, lists: &mut Lists) {
        let part = |number: Value| {
            let (one, other) = self.machine.symbols.summands(number.as_symbol()?)?;
            (one == other && one.1 == 3).then(|| Value::symbol(one.0))
        };
        for at in 0..lists.groups.len() {
            let (a, b) = lists.groups[at].own();
            if let Some(numbers) = part(a).zip(part(b)) {
                self.place(lists, (0, numbers), Role::Element);
            }
        }
    }

    /// Adds the number of rounds that an address is behind a start that stays, and what the
    /// addresses beside it have without it, which stays too (K5). The start is another group's
    /// number, or a constant.
    fn rounds(
        &self,
        lists: &mut Lists,
        ((address, base), addresses): ((usize, Base), &[(usize, Base)]),
        relations: &mut Vec<Relation>,
    ) {
        if relations.iter().any(|relation| relation.is_of(address)) {
            return;
        }
        let start = (0..lists.groups.len()).find_map(|start| {
            let rounds = self.rest(lists, address, start).filter(|_| start != address)?;
            let known = self.is_known(lists, address, start);
            let stays = known || self.stays(lists, start);
            (stays && self.are_rounds(rounds, known)).then_some((start, rounds))
        });
        let rounds = match start {
            Some((start, rounds)) => {
                let rounds = self.place(lists, (0, rounds), Role::Rounds(None));
                self.limit(lists, (start, rounds), base);
                relations.push(Relation::Sum(address, [(start, 0), (rounds, 0)]));
                rounds
            }
            None if self.are_few(lists.groups[address].own()) => address,
            None => return,
        };
        for &(beside, base) in addresses.iter().filter(|(beside, _)| *beside != address) {
            let rest = |lists: &Lists| {
                let known = self.is_known(lists, beside, rounds);
                self.rest(lists, beside, rounds).filter(|of| known || alike(*of))
            };
            if relations.iter().any(|relation| relation.is_of(beside)) {
                continue;
            }
            // What a table's element has without them is no less than its first one.
            if start.is_none()
                && let Some((less, _)) = rest(lists)
                && (less.add as i64) < 0
            {
                lists.begin_at(rounds, less.add);
            }
            let Some(rest) = rest(lists).filter(|it| self.is_small(*it)) else { continue };
            let rest = self.place(lists, (0, rest), Role::Element);
            self.limit(lists, (rest, rounds), base);
            relations.push(Relation::Sum(beside, [(rest, 0), (rounds, 0)]));
        }
    }

    /// Says of rounds from a start how many there may be, as far as its table is known to reach.
    fn limit(&self, lists: &mut Lists, (start, rounds): (usize, usize), base: Base) {
        let Base::Table(table) = base else { return };
        let extent = Extent::Table(table);
        let (start, _) = lists.groups[start].own();
        let add = i128::from(start.add as i64);
        let facts = self.machine.facts.of(self.paths.0, start.sym);
        let most = facts.filter_map(|fact| match fact {
            Fact::Le { a, shift: 0, d, b: Node::Extent(e) } if (a, e) == (start.sym, extent) => {
                Some(d - add - 1)
            }
            _ => None,
        });
        // A table of known size bounds the start instead. Behind a constant, it would allow more
        // rounds than a segment has elements.
        let by_size = || {
            let (_, hi) = self.range((start, start)).filter(|(lo, hi)| lo < hi)?;
            Some(i128::from(self.machine.least(extent)) - hi - 1)
        };
        let most = most.max().or_else(by_size).and_then(|most| u64::try_from(most).ok());
        if let Some(most) = most.filter(|&most| i128::from(most) <= ROUNDS_MAX) {
            lists.groups[rounds].limit_rounds(most);
        }
    }

    /// Whether a group's number is the same on both sides.
    fn stays(&self, lists: &Lists, group: usize) -> bool {
        alike(lists.groups[group].own())
    }

    /// Whether one group's symbol was found before to be a sum with another one's.
    fn is_known(&self, lists: &Lists, sum: usize, part: usize) -> bool {
        let sym = |group: usize| lists.groups[group].own().0.sym;
        let parts = self.machine.symbols.summands(sym(sum));
        parts.is_some_and(|(a, b)| a == (sym(part), 0) || b == (sym(part), 0))
    }

    /// Whether a number is one of a few on both sides.
    fn are_few(&self, numbers: (Value, Value)) -> bool {
        self.range(numbers).is_some_and(|(_, hi)| hi <= ROUNDS_MAX)
    }

    /// Whether a number goes from 0 on, by one a round.
    fn are_rounds(&self, (a, b): (Value, Value), known: bool) -> bool {
        let steps = known || a.add.wrapping_add(1) == b.add;
        let from_0 = || self.range((a, b)).is_some_and(|(lo, hi)| lo == 0 && hi <= ROUNDS_MAX);
        steps && a.shift == 0 && b.shift == 0 && from_0()
    }

    /// The number that one group's symbol has beside another one's, on both sides.
    fn rest(&self, lists: &Lists, sum: usize, part: usize) -> Option<(Value, Value)> {
        let ((a, b), (x, y)) = (lists.groups[sum].own(), lists.groups[part].own());
        self.machine.rest(a, x).zip(self.machine.rest(b, y))
    }

    fn sum(&self, lists: &Lists, one: usize, other: usize) -> Option<(Value, Value)> {
        let ((a, b), (x, y)) = (lists.groups[one].own(), lists.groups[other].own());
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
    fn place(
        &self,
        lists: &mut Lists,
        (first, numbers): (usize, (Value, Value)),
        role: Role,
    ) -> usize {
        let groups = &lists.groups;
        let found = (first..groups.len()).find(|&at| groups[at].own() == numbers);
        found.unwrap_or_else(|| {
            let number = u32::try_from(lists.groups.len()).unwrap_or(u32::MAX);
            let owner = Loc::Word(self.words.saturating_add(number));
            let (a, b) = numbers;
            let key = (a.sym, b.sym, b.add.wrapping_sub(a.add));
            lists.begin(key, owner, (a.add, role))
        })
    }
}

/// Whether a number may be the same on both sides: its symbols are of two executions.
fn alike((a, b): (Value, Value)) -> bool {
    (a.add, a.sym == Sym::ZERO) == (b.add, b.sym == Sym::ZERO)
}

/// The base of a group's address of an element, if the group's symbol is its number.
fn base(lists: &Lists, group: &Group) -> Option<Base> {
    let mut all = lists.members(group);
    let is_it = |member: &&Member| member.add == 0 && shift(member.base) == Some(member.shift);
    all.find(is_it).map(|member| member.base)
}
