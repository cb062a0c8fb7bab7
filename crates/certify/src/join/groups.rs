//! Groups of locations that share one symbol behind a merge, and relations of such symbols.

use prova_check::{Base, Claim, Kind, Loc, Machine, Name, Summand, Sym, Value};

/// The most that an address of an element is taken to be, in elements.
pub(crate) const MOST: u64 = (1 << 34) - 1;

/// The part that a group's symbol has where rounds are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// None that is known.
    Any,
    /// The number of an element, or one beside it.
    Element,
    /// A count of rounds that are left.
    Count,
    /// A number of rounds behind a start, and the most that it may be, if that is known.
    Rounds(Option<u64>),
}

impl Role {
    /// Limits what is known of the range of such a symbol.
    pub(crate) fn limit(self, range: &mut (u64, u64)) {
        if self != Role::Any && range.1 > u64::from(u32::MAX) {
            range.1 = MOST;
        }
        if self == Role::Count {
            range.0 = 1;
        }
        if let Role::Rounds(Some(most)) = self {
            range.1 = range.1.max(most);
        }
    }
}

/// Whose symbol a group has: the symbols on both sides, the distance of the constants.
pub(crate) type Key = (Sym, Sym, u64);

/// One group of locations with one symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(super) key: Key,
    pub(super) owner: Loc,
    /// The symbol's constant on this side; those of the members are relative to it.
    pub(crate) from: u64,
    /// The places of the first and of the last member.
    pub(super) members: (u32, u32),
    /// Whether a relation speaks of it.
    pub(super) related: bool,
    /// The part that its symbol has where rounds are counted.
    pub(super) role: Role,
}

impl Group {
    /// The number that its symbol is on both sides.
    pub(crate) fn own(&self) -> (Value, Value) {
        let (a, b, apart) = self.key;
        let from = self.from;
        (Value::symbol(a).plus(from), Value::symbol(b).plus(from.wrapping_add(apart)))
    }
}

impl Group {
    /// It is a number of rounds, of no more than that.
    pub(crate) fn limit_rounds(&mut self, most: u64) {
        self.role = match self.role {
            Role::Rounds(Some(other)) => Role::Rounds(Some(other.min(most))),
            Role::Any | Role::Element | Role::Count | Role::Rounds(None) => {
                Role::Rounds(Some(most))
            }
        };
    }
}

/// A location of a group: it holds `base + (symbol << shift) + add`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(super) at: Loc,
    pub(crate) base: Base,
    pub(crate) shift: u8,
    pub(crate) add: u64,
    /// The place of the next one of its group, or [`LAST`].
    next: u32,
}

/// The most that a number is which takes 32 bits.
pub(super) const WORD: u64 = u32::MAX as u64;

/// The place of no member.
const LAST: u32 = u32::MAX;

/// Lists that are used again from merge to merge.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(super) held: Vec<(Loc, Value, Value)>,
    pub(crate) groups: Vec<Group>,
    members: Vec<Member>,
    pub(super) relations: Vec<Relation>,
    pub(super) claims: Vec<Claim>,
}

impl Member {
    /// The claim of a member whose group's symbol has a name.
    pub(super) fn claim(self, name: Name) -> Claim {
        let Member { at, base, shift, add, next: _ } = self;
        Claim::Holds { at, base, name, shift, add }
    }

    /// Whether it holds the symbol itself.
    pub(super) fn is_it(&self) -> bool {
        (self.base, self.shift, self.add) == (Base::None, 0, 0)
    }
}

impl Lists {
    /// Forgets what was there.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.groups.clear();
        self.members.clear();
        self.relations.clear();
        self.claims.clear();
    }

    /// The group with a key, if there is one.
    pub(crate) fn find(&self, key: Key) -> Option<usize> {
        self.groups.iter().position(|group| group.key == key)
    }

    /// A new group, without members.
    pub(crate) fn begin(&mut self, key: Key, owner: Loc, (from, role): (u64, Role)) -> usize {
        let (members, related) = ((LAST, LAST), false);
        self.groups.push(Group { key, owner, from, members, related, role });
        self.groups.len() - 1
    }

    /// A new group whose symbol no location holds.
    pub(crate) fn hidden(&mut self, key: Key, owner: Loc) -> usize {
        self.begin(key, owner, (0, Role::Any))
    }

    /// A member more of a group.
    pub(crate) fn add(&mut self, group: usize, (at, base, shift, add): (Loc, Base, u8, u64)) {
        let place = self.members.len() as u32;
        self.members.push(Member { at, base, shift, add, next: LAST });
        let (first, last) = &mut self.groups[group].members;
        match self.members.get_mut(*last as usize) {
            Some(last) => last.next = place,
            None => *first = place,
        }
        *last = place;
    }

    /// Makes a group's symbol the number and `more`, which its members then have less.
    pub(crate) fn begin_at(&mut self, group: usize, more: u64) {
        let from = &mut self.groups[group].from;
        *from = from.wrapping_add(more);
        let mut at = self.groups[group].members.0;
        while let Some(member) = self.members.get_mut(at as usize) {
            member.add = member.add.wrapping_sub(more << member.shift);
            at = member.next;
        }
    }

    /// The members of a group, in order.
    pub(crate) fn members(&self, group: &Group) -> impl Iterator<Item = &Member> + Clone {
        let at = |place: u32| self.members.get(place as usize);
        std::iter::successors(at(group.members.0), move |member| at(member.next))
    }

    /// The member of a group that has one alone.
    pub(super) fn alone(&self, group: &Group) -> Option<&Member> {
        let (first, last) = group.members;
        self.members.get(first as usize).filter(|_| first == last)
    }
}

/// A relation of groups' symbols, by their places.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Relation {
    /// The sum of two, with their shifts.
    Sum(usize, [(usize, u8); 2]),
    /// The low half of another.
    Half(usize, usize),
    /// A masked pointer to the element of an index.
    Selects(usize, usize),
}

impl Relation {
    /// Whether it says of which sum a group's symbol is, or that it is a part of one.
    pub(crate) fn is_of(self, group: usize) -> bool {
        match self {
            Relation::Sum(of, [a, _]) => of == group || a.0 == group,
            Relation::Half(..) | Relation::Selects(..) => false,
        }
    }

    /// Whether both say that one symbol is the same sum.
    pub(super) fn is_same_sum(self, other: Relation) -> bool {
        match (self, other) {
            (Relation::Sum(a, [p, q]), Relation::Sum(b, [r, s])) => {
                a == b && ((p, q) == (r, s) || (p, q) == (s, r))
            }
            _ => false,
        }
    }
}

/// The place of the group whose symbols these are on both sides, unchanged.
fn place(groups: &[Group], (a, b): (Sym, Sym)) -> Option<usize> {
    groups.iter().position(|group| group.key == (a, b, 0) && group.from == 0)
}

/// Lists the sums, halves and masked pointers that groups' symbols are of others on both sides.
pub(super) fn relate(machine: &Machine<'_>, groups: &[Group], relations: &mut Vec<Relation>) {
    if !machine.layout.contexts() {
        return;
    }
    let symbols = &machine.symbols;
    let kind = |sym| symbols.def(sym).kind;
    let all = || {
        let plain = |group: &Group| (group.key.2, group.from) == (0, 0);
        groups.iter().enumerate().filter(move |(_, group)| plain(group))
    };
    let both = |(a, shift): Summand, (b, other): Summand| {
        let part = (shift == other).then(|| place(groups, (a, b))).flatten()?;
        Some((part, shift))
    };
    let sum = |(at, group): (usize, &Group)| {
        let (a, b) = (symbols.summands(group.key.0)?, symbols.summands(group.key.1)?);
        let turned = || both(a.0, b.1).zip(both(a.1, b.0));
        let (one, other) = both(a.0, b.0).zip(both(a.1, b.1)).or_else(turned)?;
        Some(Relation::Sum(at, [one, other]))
    };
    let half = |(whole, group): (usize, &Group)| {
        let half = |sym| symbols.known_half(Value::symbol(sym));
        let of = place(groups, (half(group.key.0)?, half(group.key.1)?))?;
        (of != whole).then_some(Relation::Half(of, whole))
    };
    let selects = |(of, group): (usize, &Group)| {
        let element = |sym| symbols.selected(sym).filter(|to| (to.shift, to.add) == (3, 0));
        let (a, b) = (element(group.key.0)?, element(group.key.1)?);
        let index = place(groups, (a.sym, b.sym)).filter(|_| a.base == b.base)?;
        Some(Relation::Selects(of, index))
    };
    // The symbol of one side says that it is neither a sum nor a masked pointer mostly.
    let (mut sums, mut masked) = (false, false);
    for group in groups {
        let kind = kind(group.key.0);
        sums |= kind == Kind::Sum;
        masked |= matches!(kind, Kind::Masked { .. });
    }
    if sums {
        relations.extend(all().filter_map(sum));
    }
    relations.extend(all().filter_map(half));
    if masked {
        relations.extend(all().filter_map(selects));
    }
}
