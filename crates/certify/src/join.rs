//! The claims that hold on all ways to a merge.
//!
//! Locations that share a symbol on *both* sides, at the same distance, share one behind the merge
//! (joint symbols): otherwise `r10 = base + r9` would be lost where both change. Bounds widen along
//! a ladder; facts keep the weaker distance. What reads as a word at a distance, of which a length
//! is known to be no less, has that word as its symbol (S3 of the check's `symbols`): it shares
//! none with the number that it is a sum of.

use crate::counts::{self, Merge, Role};
use crate::flow::CHANGES_MAX;
use crate::halves::halves;
use crate::slice::Set;
use prova_check::abi::regs::{RBP, RSP};
use prova_check::certificate::base_code;
use prova_check::rules::place;
use prova_check::{
    Base, Claim, Extent, Fact, Heap, Kind, Loc, Machine, Name, Node, Path, Record, RefType, State,
    Summand, Sym, Value,
};

/// The claims of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) list: Vec<Claim>,
    /// Jumps backwards that may follow, up to the next charge or poll.
    pub(crate) jumps: u8,
}

/// The limits on claims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// The locations that they may speak of; none given: all.
    pub(crate) needs: Option<&'a Set>,
    /// How much they say of numbers.
    pub(crate) carry: Carry,
    /// How often they may change before distances to lengths that change are dropped.
    pub(crate) patience: u32,
    /// Whether addresses of elements have their own symbols, and rounds that are left are counted.
    pub(crate) counts: bool,
}

/// How much claims say of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    /// That they are at most 2^32 - 1.
    Words,
    /// As well, how far they are below lengths.
    Orders,
    /// As well, how far numbers are apart that have no other fact. With all facts, a bound may
    /// decide the form of a number that another way has in another form.
    Distances,
    /// All that is known.
    Everything,
}

impl Wanted<'_> {
    /// Whether they may say that a location holds a value that is the same in the whole function.
    fn fixed(&self, at: Loc) -> bool {
        let kept = match at {
            Loc::Fuel => true,
            Loc::Register(r) => r == RSP || r == RBP,
            // Words that keep what they hold at the frame cost nothing.
            Loc::Word(_) => true,
        };
        kept || self.other(at)
    }

    /// Whether they may speak of a location that holds another value.
    fn other(&self, at: Loc) -> bool {
        at == Loc::Fuel || self.needs.is_none_or(|needs| needs.contains(at))
    }
}

/// The facts about a number on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    range: (u64, u64),
    length: Option<Extent>,
    masked: Option<(Extent, u32)>,
    type_id: Option<u32>,
    reference: Option<Reference>,
    below: Vec<(Extent, i128)>,
    types: Vec<u32>,
}

impl Known {
    /// Whether no more is known than a range.
    fn has_range_alone(&self) -> bool {
        self.length.is_none()
            && self.masked.is_none()
            && self.type_id.is_none()
            && !matches!(self.reference, Some(Reference::Of(_)))
            && self.below.is_empty()
            && self.types.is_empty()
    }
}

/// The facts about a number as a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reference {
    Null,
    Of(RefType),
}

impl Reference {
    /// The reference that covers both.
    fn or(self, other: Reference) -> Option<Reference> {
        Some(match (self, other) {
            (Reference::Null, Reference::Null) => Reference::Null,
            (Reference::Null, Reference::Of(ty)) | (Reference::Of(ty), Reference::Null) => {
                Reference::Of(RefType { nullable: true, ..ty })
            }
            (Reference::Of(a), Reference::Of(b)) if a.kind == b.kind => {
                let heap = if a.heap == b.heap { a.heap } else { Heap::Any };
                Reference::Of(RefType { heap, nullable: a.nullable || b.nullable, ..a })
            }
            (Reference::Of(_), Reference::Of(_)) => return None,
        })
    }
}

/// Whose symbol a group has: the symbols on both sides, the distance of the constants.
pub(crate) type Key = (Sym, Sym, u64);

/// One group of locations with one symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    key: Key,
    owner: Loc,
    /// The symbol's constant on this side; those of the members are relative to it.
    pub(crate) from: u64,
    /// The places of the first and of the last member.
    members: (u32, u32),
    /// Whether a relation speaks of it.
    related: bool,
    /// The part that its symbol has where rounds are counted.
    role: Role,
}

impl Group {
    /// The number that its symbol is on both sides.
    pub(crate) fn own(&self) -> (Value, Value) {
        let (a, b, apart) = self.key;
        let from = self.from;
        (Value::symbol(a).plus(from), Value::symbol(b).plus(from.wrapping_add(apart)))
    }
}

/// A location of a group: it holds `base + (symbol << shift) + add`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    at: Loc,
    pub(crate) base: Base,
    pub(crate) shift: u8,
    pub(crate) add: u64,
    /// The place of the next one of its group, or [`LAST`].
    next: u32,
}

/// The place of no member.
const LAST: u32 = u32::MAX;

/// Lists that are used again from merge to merge.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    held: Vec<(Loc, Value, Value)>,
    pub(crate) groups: Vec<Group>,
    members: Vec<Member>,
    relations: Vec<Relation>,
    claims: Vec<Claim>,
}

/// Where facts are asked for: on the one way to a block, or on both sides of a merge, with the
/// number of times that the block changed and may change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    One(Path),
    Both((Path, Path), (u32, u32)),
}

impl Member {
    /// The claim of a member whose group's symbol has a name.
    fn claim(self, name: Name) -> Claim {
        let Member { at, base, shift, add, next: _ } = self;
        Claim::Holds { at, base, name, shift, add }
    }

    /// Whether it holds the symbol itself.
    fn is_it(&self) -> bool {
        (self.base, self.shift, self.add) == (Base::None, 0, 0)
    }
}

impl Lists {
    /// Forgets what was there.
    fn clear(&mut self) {
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

    /// The members of a group, in order.
    pub(crate) fn members(&self, group: &Group) -> impl Iterator<Item = &Member> + Clone {
        let at = |place: u32| self.members.get(place as usize);
        std::iter::successors(at(group.members.0), move |member| at(member.next))
    }

    /// The member of a group that has one alone.
    fn alone(&self, group: &Group) -> Option<&Member> {
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
    /// Whether both say that one symbol is the same sum.
    fn is_same_sum(self, other: Relation) -> bool {
        match (self, other) {
            (Relation::Sum(a, [p, q]), Relation::Sum(b, [r, s])) => {
                a == b && ((p, q) == (r, s) || (p, q) == (s, r))
            }
            _ => false,
        }
    }
}

/// Calls `visit` with each location that holds something, in order.
fn visit(state: &State, mut visit: impl FnMut(Loc, Value)) {
    for (r, value) in (0..).zip(&state.regs) {
        if let Some(value) = *value {
            visit(Loc::Register(r), value);
        }
    }
    if let Some(value) = state.fuel {
        visit(Loc::Fuel, value);
    }
    for (i, value) in (0..).zip(&state.words) {
        if let Some(value) = *value {
            visit(Loc::Word(i), value);
        }
    }
}

/// The locations that hold something, in order.
pub(crate) fn locations(state: &State) -> impl Iterator<Item = (Loc, Value)> + '_ {
    // The numbers stand behind: a list that is at its end takes none of them.
    let mut regs = state.regs.iter().zip(0_u8..);
    let mut fuel = state.fuel;
    let mut words = state.words.iter().zip(0_u32..);
    std::iter::from_fn(move || {
        for (value, r) in regs.by_ref() {
            if let Some(value) = *value {
                return Some((Loc::Register(r), value));
            }
        }
        if let Some(value) = fuel.take() {
            return Some((Loc::Fuel, value));
        }
        for (value, i) in words.by_ref() {
            if let Some(value) = *value {
                return Some((Loc::Word(i), value));
            }
        }
        None
    })
}

fn fixed(sym: Sym) -> bool {
    sym.0 < Sym::FIRST
}

/// The claims that say all that a state knows of what is wanted, and of what is the same in the
/// whole function.
pub(crate) fn describe(
    machine: &Machine<'_>,
    lists: &mut Lists,
    state: &State,
    wanted: Wanted<'_>,
) -> Vec<Claim> {
    lists.clear();
    visit(state, |at, value| {
        let is_fixed = fixed(value.sym);
        let is_wanted = if is_fixed { wanted.fixed(at) } else { wanted.other(at) };
        if !is_wanted || base_code(value.base).is_none() {
            return;
        }
        if is_fixed {
            let Value { base, sym, shift, add } = value;
            lists.claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            return;
        }
        let value = by_word(machine, (state.path, wanted.carry), value);
        let Value { base, sym, shift, add } = value;
        let key = (sym, sym, 0);
        let group = lists.find(key).unwrap_or_else(|| {
            let fuel = fuel(state).filter(|fuel| fuel.sym == sym).map(|fuel| fuel.add);
            let from = fuel.unwrap_or(u64::from(names_function(machine, sym)));
            lists.begin(key, at, (from, Role::Any))
        });
        let from = lists.groups[group].from;
        let add = if base.by_symbol() { add } else { add.wrapping_sub(from << shift) };
        lists.add(group, (at, base, shift, add));
    });
    let side = Side::One(state.path);
    let mut counted = Merge::new(machine, side, (state, state)).counts(lists, wanted);
    counted.extend(halves(machine, lists, (state, state), wanted));
    emit_all(machine, (lists, &counted), (side, wanted));
    wide_facts(machine, (state.path, None), &mut lists.claims);
    lists.claims.clone()
}

/// A value by the nearest word below it that is at most a length, if its symbol is not itself and
/// claims may say how far numbers are below lengths.
#[inline]
fn by_word(machine: &Machine<'_>, at: (Path, Carry), value: Value) -> Value {
    if fixed(value.sym) || at.1 == Carry::Words || !machine.symbols.has_words() {
        return value;
    }
    by_nearest_word(machine, at.0, value)
}

fn by_nearest_word(machine: &Machine<'_>, path: Path, value: Value) -> Value {
    let words = || machine.symbols.words(value.sym);
    if words().next().is_none() {
        return value;
    }
    let is_below = |sym: Sym, shift: u8| {
        machine.facts.of(machine.sure(path), sym).any(|fact| match fact {
            Fact::Le { a, shift: s, b: Node::Extent(_), .. } => (a, s) == (sym, shift),
            _ => false,
        })
    };
    let words = words().filter(|of| is_below(of.word, 0));
    let words = words.filter_map(|of| place::by_word(value, of));
    let own = is_below(value.sym, value.shift).then_some(value);
    let all = words.chain(own).filter(|value| value.add as i64 >= 0);
    all.min_by_key(|value| value.add).unwrap_or(value)
}

/// Whether a symbol is the store address of a function. There is no claim on it; on its reference,
/// which is one more, there is.
fn names_function(machine: &Machine<'_>, sym: Sym) -> bool {
    matches!(machine.symbols.def(sym).kind, Kind::FuncAddress(_))
}

/// Whether a symbol is a reference.
fn is_reference(machine: &Machine<'_>, sym: Sym) -> bool {
    matches!(machine.symbols.def(sym).kind, Kind::Ref(_))
}

/// The word for the fuel, where it is a symbol and a constant: a group's symbol is that number.
fn fuel(state: &State) -> Option<Value> {
    state.fuel.filter(|fuel| fuel.base == Base::None && fuel.shift == 0 && !fixed(fuel.sym))
}

/// Facts about symbols that are the same in the whole function.
fn wide_facts(machine: &Machine<'_>, (path, other): (Path, Option<Path>), claims: &mut Vec<Claim>) {
    let bounds = |path| machine.facts.bounds(path, &machine.symbols, Sym::HEIGHT).0;
    let lo = bounds(path).min(other.map_or(u64::MAX, bounds));
    if lo > 0 {
        claims.push(Claim::Range { name: Name::Fixed(Sym::HEIGHT), lo, hi: u64::MAX });
    }
    let mine = constants(machine, path);
    let others = other.map(|path| constants(machine, path));
    for (extent, d) in mine {
        let d = match &others {
            Some(others) => match of(others, extent) {
                Some(o) => d.min(o),
                None => continue,
            },
            None => d,
        };
        if let Ok(d) = i64::try_from(d) {
            claims.push(Claim::Below { name: Name::Fixed(Sym::ZERO), d, extent });
        }
    }
}

/// Constants that are known to be at most a length.
fn constants(machine: &Machine<'_>, path: Path) -> Vec<(Extent, i128)> {
    let mut best = Vec::new();
    if !machine.facts.mentions(Sym::ZERO) {
        return best;
    }
    for fact in machine.facts.iter(machine.sure(path)) {
        if let Fact::Le { a: Sym::ZERO, d, b: Node::Extent(extent), .. } = fact {
            raise(&mut best, extent, d);
        }
    }
    best
}

/// Sets what an extent has to the greater of that and `d`.
fn raise(best: &mut Vec<(Extent, i128)>, extent: Extent, d: i128) {
    match best.iter_mut().find(|(e, _)| *e == extent) {
        Some((_, old)) => *old = d.max(*old),
        None => best.push((extent, d)),
    }
}

fn of(list: &[(Extent, i128)], extent: Extent) -> Option<i128> {
    list.iter().find(|(e, _)| *e == extent).map(|&(_, d)| d)
}

/// The bounds of a number, as far as it is known not to wrap.
fn range(machine: &Machine<'_>, path: Path, value: Value) -> (u64, u64) {
    let range = machine.facts.range(machine.sure(path), &machine.symbols, value);
    let (lo, hi) = range.unwrap_or((0, u64::MAX.into()));
    (u64::try_from(lo).unwrap_or(0), u64::try_from(hi).unwrap_or(u64::MAX))
}

/// The facts about a number.
fn known(machine: &Machine<'_>, (path, carry): (Path, Carry), value: Value) -> Known {
    let sure = machine.sure(path);
    let mut known = Known {
        range: range(machine, path, value),
        length: None,
        masked: None,
        type_id: None,
        reference: None,
        below: Vec::new(),
        types: Vec::new(),
    };
    if let Some(k) = value.as_constant() {
        known.range = (k, k);
        if k == 0 {
            known.reference = Some(Reference::Null);
        }
    }
    if let Some(ty) = machine.ref_type(path, value) {
        known.reference = Some(Reference::Of(ty));
    }
    if let Some(sym) = value.as_symbol() {
        match machine.symbols.def(sym).kind {
            Kind::Length(extent) => known.length = Some(extent),
            Kind::Masked { extent, bytes } => known.masked = Some((extent, bytes)),
            Kind::TypeId(ty) => known.type_id = Some(ty),
            Kind::Ref(_) => {
                for fact in machine.facts.of(path, sym) {
                    if let Fact::Type { record: Record::Ref(s), ty } = fact
                        && s == sym
                    {
                        known.types.push(ty);
                    }
                }
            }
            _ => {}
        }
    }
    if carry == Carry::Words {
        return known;
    }
    if let Some(reading) = machine.facts.reading(sure, &machine.symbols, value) {
        for fact in machine.facts.of(sure, reading.sym) {
            if let Fact::Le { a, shift, d, b: Node::Extent(extent) } = fact
                && (a, shift) == (reading.sym, reading.shift)
                && a != Sym::ZERO
            {
                raise(&mut known.below, extent, d - reading.add);
            }
        }
    }
    known
}

/// The best distance of a number to an extent that bounds and constants give.
fn by_bounds(machine: &Machine<'_>, path: Path, known: &Known, extent: Extent) -> i128 {
    let hi = i128::from(known.range.1);
    let least = i128::from(machine.least(extent)) - hi;
    let constant = of(&constants(machine, path), extent).map_or(least, |k| k - hi);
    of(&known.below, extent).unwrap_or(least).max(least).max(constant)
}

/// The facts that hold on both sides. `changes` is the number of times that the block changed.
fn both(
    machine: &Machine<'_>,
    (a, at_a): (Known, Path),
    (b, at_b): (Known, Path),
    (changes, patience): (u32, u32),
) -> Known {
    let range = widened(a.range, b.range, changes);
    let mut below: Vec<(Extent, i128)> = Vec::new();
    for &(extent, _) in a.below.iter().chain(&b.below) {
        if of(&below, extent).is_some() {
            continue;
        }
        let d = by_bounds(machine, at_a, &a, extent).min(by_bounds(machine, at_b, &b, extent));
        let settles = changes < patience || of(&a.below, extent) == Some(d);
        // A negative distance says less than the symbol's use will want.
        if settles && d >= -(1 << 32) {
            below.push((extent, d));
        }
    }
    let reference = a.reference.zip(b.reference).and_then(|(a, b)| a.or(b));
    Known {
        range,
        length: a.length.filter(|_| a.length == b.length),
        masked: a
            .masked
            .zip(b.masked)
            .and_then(|((of, most), (other, bytes))| (of == other).then(|| (of, most.min(bytes)))),
        type_id: a.type_id.filter(|_| a.type_id == b.type_id),
        reference,
        below,
        types: a.types.into_iter().filter(|ty| b.types.contains(ty)).collect(),
    }
}

/// Both ranges; a bound that changes too often takes the next step of its ladder.
fn widened(a: (u64, u64), b: (u64, u64), changes: u32) -> (u64, u64) {
    let ladder = [0xffff, 0xffff_ffff];
    let lo = match a.0.min(b.0) {
        lo if lo == a.0 || changes < 4 * CHANGES_MAX => lo,
        lo => u64::from(lo > 0),
    };
    let hi = match a.1.max(b.1) {
        hi if hi == a.1 || changes < 2 => hi,
        hi => ladder.into_iter().find(|&step| hi <= step).unwrap_or(u64::MAX),
    };
    (lo, hi)
}

/// The facts about a group's symbol.
fn of_group(machine: &Machine<'_>, group: &Group, (side, wanted): (Side, Wanted<'_>)) -> Known {
    let (x, y) = group.own();
    let of = |path, value| known(machine, (path, wanted.carry), value);
    let mut known = match side {
        Side::One(path) if group.role == Role::Any => of(path, x),
        Side::One(path) => {
            let patience = (0, wanted.patience);
            both(machine, (of(path, x), path), (of(path, y), path), patience)
        }
        Side::Both((at_x, at_y), patience) => {
            let (mut a, b) = (of(at_x, x), of(at_y, y));
            if wanted.counts {
                counts::as_claimed(machine, x, &mut a.range);
            }
            both(machine, (a, at_x), (b, at_y), patience)
        }
    };
    group.role.limit(&mut known.range);
    known
}

/// Whether nothing can be known of a group's symbol but its range, since it is a mere number on one
/// side, or a constant on both, and distances to lengths are not asked for.
fn is_range_alone(machine: &Machine<'_>, group: &Group, carry: Carry) -> bool {
    let (a, b, _) = group.key;
    let mere = |sym| sym != Sym::ZERO && machine.symbols.def(sym).kind == Kind::Number;
    carry == Carry::Words && (mere(a) || mere(b) || a == b && a == Sym::ZERO)
}

/// The most that a group's symbol is, where no rounds are counted.
fn most(machine: &Machine<'_>, group: &Group, side: Side) -> u64 {
    let hi = |path, value| range(machine, path, value).1;
    let (a, b) = group.own();
    match side {
        Side::One(path) => hi(path, a),
        Side::Both((at_a, at_b), (changes, _)) => {
            let a = hi(at_a, a);
            // The most of both sides is no less.
            if a > WORD { a } else { widened((0, a), (0, hi(at_b, b)), changes).1 }
        }
    }
}

/// Names a group's symbol after a member that is it, if there is one; the owner then.
fn renamed(lists: &Lists, group: &Group) -> Loc {
    let all = || lists.members(group).filter(|member| member.is_it()).map(|member| member.at);
    all().find(|at| *at == Loc::Fuel).or(all().next()).unwrap_or(group.owner)
}

/// The place of the group whose symbols these are on both sides, unchanged.
fn place(groups: &[Group], (a, b): (Sym, Sym)) -> Option<usize> {
    groups.iter().position(|group| group.key == (a, b, 0) && group.from == 0)
}

/// Lists the sums, halves and masked pointers that groups' symbols are of others on both sides.
fn relate(machine: &Machine<'_>, groups: &[Group], relations: &mut Vec<Relation>) {
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

/// The claims of all groups.
fn emit_all(
    machine: &Machine<'_>,
    (lists, counted): (&mut Lists, &[Relation]),
    asked: (Side, Wanted<'_>),
) {
    relate(machine, &lists.groups, &mut lists.relations);
    for &relation in counted {
        if !lists.relations.iter().any(|known| known.is_same_sum(relation)) {
            lists.relations.push(relation);
        }
    }
    for relation in &lists.relations {
        let parts = match *relation {
            Relation::Sum(of, [a, b]) => [of, a.0, b.0],
            Relation::Half(of, other) | Relation::Selects(of, other) => [of, other, other],
        };
        parts.into_iter().for_each(|part| lists.groups[part].related = true);
    }
    let mut claims = std::mem::take(&mut lists.claims);
    for at in 0..lists.groups.len() {
        let owner = emit(machine, (lists, &lists.groups[at]), asked, &mut claims);
        lists.groups[at].owner = owner;
    }
    let owner = |of: usize| lists.groups[of].owner;
    claims.extend(lists.relations.iter().map(|relation| match *relation {
        Relation::Sum(of, [a, b]) => {
            Claim::Sum { of: owner(of), a: (owner(a.0), a.1), b: (owner(b.0), b.1) }
        }
        Relation::Half(of, whole) => Claim::Half { of: owner(of), whole: owner(whole) },
        Relation::Selects(of, index) => Claim::Selects { of: owner(of), index: owner(index) },
    }));
    lists.claims = claims;
}

/// The most that a number is which takes 32 bits.
const WORD: u64 = u32::MAX as u64;

/// The claims of a group, and the location that its symbol is named after. If not everything is
/// carried, a number that is no more than that is at most 2^32 - 1, or of no interest.
fn emit(
    machine: &Machine<'_>,
    (lists, group): (&Lists, &Group),
    (side, wanted): (Side, Wanted<'_>),
    claims: &mut Vec<Claim>,
) -> Loc {
    let carry = wanted.carry;
    let coarse = carry != Carry::Everything;
    // The word for the fuel may have been compared with a constant.
    let number = |member: &Member| member.base == Base::None && member.at != Loc::Fuel;
    // Most groups are one number.
    if let Some(member) = lists.alone(group)
        && (number(member) && !group.related && is_range_alone(machine, group, carry))
    {
        words(most(machine, group, side), std::iter::once(member), claims);
        return group.owner;
    }
    let owner = if coarse { renamed(lists, group) } else { group.owner };
    let members = || lists.members(group);
    let apart = carry == Carry::Distances && group.members.0 != group.members.1;
    let numbers = coarse && !group.related && !apart && members().all(number);
    if numbers && is_range_alone(machine, group, carry) {
        words(most(machine, group, side), members(), claims);
        return owner;
    }
    let known = of_group(machine, group, (side, wanted));
    let plain = !group.related && known.has_range_alone();
    if numbers && plain {
        words(known.range.1, members(), claims);
        return owner;
    }
    let range = match (known.range, known.length) {
        ((lo, hi), None) if coarse && hi <= WORD => (lo, WORD),
        // A length lies between its bounds anyway.
        (range, Some(extent)) if coarse || range == machine.lengths(extent) => (0, u64::MAX),
        // How much fuel there is at most, which is the word's least, is of no interest.
        ((_, hi), _) if coarse && owner == Loc::Fuel => (0, hi),
        (range, _) => range,
    };
    let name = Name::Of(owner);
    let own = |member: &Member| member.is_it() && member.at == owner;
    let own_claim = Claim::Holds { at: owner, base: Base::None, name, shift: 0, add: 0 };
    if plain && lists.alone(group).is_some_and(own) {
        match range {
            (0, u64::MAX) => {}
            (0, hi) => claims.push(Claim::Number { at: owner, hi }),
            (lo, hi) => {
                claims.push(own_claim);
                claims.push(Claim::Range { name, lo, hi });
            }
        }
        return owner;
    }
    let fuel = members().any(|member| member.at == Loc::Fuel);
    if coarse && !fuel && range.1 == WORD && members().any(own) {
        // That needs no entry of the dictionary.
        claims.push(Claim::Number { at: owner, hi: WORD });
        claims.extend(members().filter(|member| !own(member)).map(|member| member.claim(name)));
    } else {
        claims.extend(members().map(|member| member.claim(name)));
        if range != (0, u64::MAX) {
            claims.push(Claim::Range { name, lo: range.0, hi: range.1 });
        }
    }
    rest(owner, known, claims);
    owner
}

/// Claims that those members are at most 2^32 - 1 that are, as a symbol of at most `hi` shows.
fn words<'a>(hi: u64, members: impl Iterator<Item = &'a Member>, claims: &mut Vec<Claim>) {
    for member in members {
        let most = hi.checked_mul(1 << member.shift).and_then(|hi| hi.checked_add(member.add));
        if most.is_some_and(|hi| hi <= WORD) {
            claims.push(Claim::Number { at: member.at, hi: WORD });
        }
    }
}

/// The claims of a group other than its range.
fn rest(owner: Loc, known: Known, claims: &mut Vec<Claim>) {
    if let Some(extent) = known.length {
        claims.push(Claim::Length { of: owner, extent });
    }
    if let Some((extent, bytes)) = known.masked {
        claims.push(Claim::Masked { of: owner, extent, bytes });
    }
    if let Some(Reference::Of(ty)) = known.reference {
        claims.push(Claim::Ref { of: owner, ty });
    }
    if let Some(ty) = known.type_id {
        claims.push(Claim::TypeId { of: owner, ty });
    }
    for (extent, d) in known.below {
        if let Ok(d) = i64::try_from(d) {
            claims.push(Claim::Below { name: Name::Of(owner), d, extent });
        }
    }
    for ty in known.types {
        claims.push(Claim::Type { of: owner, ty });
    }
}

/// Lists the contents of the locations that hold something on both sides, with one base. Those
/// that hold one thing that is the same in the whole function are claimed.
fn held_on_both(
    machine: &Machine<'_>,
    lists: &mut Lists,
    (before, state, carry): (&State, &State, Carry),
) {
    visit(before, |at, a| {
        let Some(b) = state.get(at).filter(|b| a.base == b.base) else { return };
        if a == b && fixed(a.sym) {
            let Value { base, sym, shift, add } = a;
            lists.claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            return;
        }
        let a = by_word(machine, (before.path, carry), a);
        lists.held.push((at, a, by_word(machine, (state.path, carry), b)));
    });
}

/// The constant of a group's least member, if the constants of its members differ: its symbol is
/// that one, so that the others are not taken to wrap.
fn least_member(held: &[(Loc, Value, Value)], key: Key) -> Option<u64> {
    let members = held.iter().filter(|&&(_, a, b)| pair(a, b) == Some((key, false)));
    members.map(|&(_, a, _)| a.add as i64).min().map(|least| least as u64)
}

/// The claims that hold in `before` and in `state`. `changes` says how often they changed.
pub(crate) fn join(
    machine: &Machine<'_>,
    lists: &mut Lists,
    (before, state): (&State, &State),
    (changes, wanted): (u32, Wanted<'_>),
) -> Vec<Claim> {
    let carry = wanted.carry;
    let changes = if wanted.counts { changes.saturating_sub(counts::EXACT) } else { changes };
    lists.clear();
    held_on_both(machine, lists, (before, state, carry));
    let fuel = fuel(before).zip(fuel(state)).and_then(|(a, b)| Some((pair(a, b)?.0, a.add)));
    let held = std::mem::take(&mut lists.held);
    for &(at, a, b) in &held {
        if !wanted.other(at) {
            continue;
        }
        let elements = || counts::element(a).zip(counts::element(b));
        if let Some(numbers) = wanted.counts.then(elements).flatten() {
            counts::address(lists, (at, a.base), numbers);
            continue;
        }
        let Some((key, keeps)) = pair(a, b) else {
            let sides = ((a, before.path), (b, state.path));
            number(machine, (at, changes, carry), sides, &mut lists.claims);
            continue;
        };
        // A symbol that stays is shared by what is shifted and what is not.
        let Value { base, shift, add, .. } = a;
        let group = lists.find(key).unwrap_or_else(|| {
            let from = match fuel.filter(|(k, _)| *k == key) {
                Some((_, from)) => from,
                None if keeps || is_reference(machine, a.sym) => 0,
                None => least_member(&held, key).unwrap_or(add),
            };
            lists.begin(key, at, (from, Role::Any))
        });
        let add = add.wrapping_sub(lists.groups[group].from << shift);
        lists.add(group, (at, base, shift, add));
    }
    lists.held = held;
    let side = Side::Both((before.path, state.path), (changes, wanted.patience));
    let mut counted = Merge::new(machine, side, (before, state)).counts(lists, wanted);
    counted.extend(halves(machine, lists, (before, state), wanted));
    emit_all(machine, (lists, &counted), (side, wanted));
    wide_facts(machine, (before.path, Some(state.path)), &mut lists.claims);
    lists.claims.clone()
}

/// A number that both sides bound, where their values have no common form; or a place that far in
/// an object.
fn number(
    machine: &Machine<'_>,
    (at, changes, carry): (Loc, u32, Carry),
    ((a, at_a), (b, at_b)): ((Value, Path), (Value, Path)),
    claims: &mut Vec<Claim>,
) {
    let base = a.base;
    let range = |path, value: Value| {
        let distance = Value { base: Base::None, ..value };
        let (lo, hi) = machine.facts.range(machine.sure(path), &machine.symbols, distance)?;
        Some((u64::try_from(lo).ok()?, u64::try_from(hi).ok()?))
    };
    let Some((a, b)) = range(at_a, a).zip(range(at_b, b)).filter(|_| !base.by_symbol()) else {
        return;
    };
    let (_, hi) = widened(a, b, changes);
    let (hi, most) =
        if carry == Carry::Everything { (hi, u64::MAX - 1) } else { (hi.max(WORD), WORD) };
    if hi > most {
        return;
    }
    if base == Base::None {
        claims.push(Claim::Number { at, hi });
    } else if matches!(base, Base::Memory(_)) {
        let name = Name::Of(at);
        claims.push(Claim::Holds { at, base, name, shift: 0, add: 0 });
        claims.push(Claim::Range { name, lo: 0, hi });
    }
}

/// Two values of one location: what their group is called (the symbols, the distance of
/// the constants), and whether its symbol is the old one rather than the owner's whole number.
fn pair(a: Value, b: Value) -> Option<(Key, bool)> {
    if a.base.by_symbol() {
        return (a.add == b.add).then_some(((a.sym, b.sym, 0), true));
    }
    let delta = b.add.wrapping_sub(a.add);
    let zeros = (a.sym == Sym::ZERO, b.sym == Sym::ZERO);
    if delta == 0 && zeros == (false, false) && a.shift == b.shift {
        return Some(((a.sym, b.sym, 0), true));
    }
    let flat = (zeros.0 || a.shift == 0) && (zeros.1 || b.shift == 0);
    flat.then_some(((a.sym, b.sym, delta), false))
}
