//! The claims that hold on all ways to a merge.
//!
//! Locations that share a symbol on *both* sides, at the same distance, share one behind the merge
//! (joint symbols): otherwise `r10 = base + r9` would be lost where both change. Bounds widen along
//! a ladder; facts keep the weaker distance. What reads as a word at a distance, of which a length
//! is known to be no less, has that word as its symbol (S3 of the check's `symbols`): it shares
//! none with the number that it is a sum of.

use crate::counts::{self, Merge};
use crate::flow::CHANGES_MAX;
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
pub(crate) struct Known {
    pub(crate) range: (u64, u64),
    length: Option<Extent>,
    masked: Option<(Extent, u32)>,
    type_id: Option<u32>,
    reference: Option<Reference>,
    below: Vec<(Extent, i128)>,
    types: Vec<u32>,
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
type Key = (Sym, Sym, u64);

/// One group of locations with one symbol.
pub(crate) struct Group {
    pub(crate) key: Key,
    pub(crate) owner: Loc,
    /// The symbol's constant on this side; those of the members are relative to it.
    pub(crate) from: u64,
    pub(crate) members: Vec<Claim>,
    pub(crate) known: Known,
    /// Whether a relation speaks of it.
    pub(crate) related: bool,
}

impl Group {
    /// The number that its symbol is on both sides.
    pub(crate) fn own(&self) -> (Value, Value) {
        let (a, b, apart) = self.key;
        let from = self.from;
        (Value::symbol(a).plus(from), Value::symbol(b).plus(from.wrapping_add(apart)))
    }
}

/// A relation of groups' symbols, by their places.
#[derive(PartialEq, Eq)]
pub(crate) enum Relation {
    /// The sum of two, with their shifts.
    Sum(usize, [(usize, u8); 2]),
    /// The low half of another.
    Half(usize, usize),
    /// A masked pointer to the element of an index.
    Selects(usize, usize),
}

/// Claims that blocks have beside those on stack words, mostly no more.
const USUAL: usize = 16;

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
pub(crate) fn describe(machine: &mut Machine<'_>, state: &State, wanted: Wanted<'_>) -> Vec<Claim> {
    let mut claims = Vec::with_capacity(USUAL);
    let mut groups: Vec<Group> = Vec::new();
    for (at, value) in locations(state) {
        if base_code(value.base).is_none() {
            continue;
        }
        let value = by_word(machine, (state.path, wanted.carry), value);
        let Value { base, sym, shift, add } = value;
        if fixed(sym) {
            if wanted.fixed(at) {
                claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            }
            continue;
        }
        if !wanted.other(at) {
            continue;
        }
        let key = (sym, sym, 0);
        let group = find(&mut groups, key, || {
            let fuel = fuel(state).filter(|fuel| fuel.sym == sym).map(|fuel| fuel.add);
            let from = fuel.unwrap_or(u64::from(names_function(machine, sym)));
            let value = Value::symbol(sym).plus(from);
            let known = known(machine, (state.path, wanted.carry), value);
            Group { key, owner: at, from, members: Vec::new(), known, related: false }
        });
        let add = if base.by_symbol() { add } else { add.wrapping_sub(group.from << shift) };
        group.members.push(Claim::Holds { at, base, name: Name::Of(group.owner), shift, add });
    }
    let counted = Merge::new(machine, (state, state), (0, wanted)).counts(&mut groups);
    emit_all(machine, (groups, counted), wanted.carry, &mut claims);
    wide_facts(machine, (state.path, None), &mut claims);
    claims
}

/// A value by the nearest word below it that is at most a length, if its symbol is not itself and
/// claims may say how far numbers are below lengths.
fn by_word(machine: &Machine<'_>, (path, carry): (Path, Carry), value: Value) -> Value {
    let words = || machine.symbols.words(value.sym);
    if fixed(value.sym) || carry == Carry::Words || words().next().is_none() {
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

/// The group with a key, made where there is none.
fn find(groups: &mut Vec<Group>, key: Key, make: impl FnOnce() -> Group) -> &mut Group {
    let found = groups.iter().position(|group| group.key == key);
    let at = found.unwrap_or_else(|| {
        groups.push(make());
        groups.len() - 1
    });
    &mut groups[at]
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

/// The facts about a number.
pub(crate) fn known(machine: &Machine<'_>, (path, carry): (Path, Carry), value: Value) -> Known {
    let sure = machine.sure(path);
    let range = machine.facts.range(sure, &machine.symbols, value).unwrap_or((0, u64::MAX.into()));
    let word = |x: i128, other| u64::try_from(x).unwrap_or(other);
    let mut known = Known {
        range: (word(range.0, 0), word(range.1, u64::MAX)),
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
pub(crate) fn both(
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

/// Names a group's symbol after a member that is it, if there is one; the owner then.
fn renamed(members: &mut [Claim], owner: Loc) -> Loc {
    let is_it = |claim: &Claim| match *claim {
        Claim::Holds { at, base: Base::None, shift: 0, add: 0, .. } => Some(at),
        _ => None,
    };
    let all = || members.iter().filter_map(is_it);
    let Some(new) = all().find(|at| *at == Loc::Fuel).or(all().next()) else { return owner };
    for member in members {
        if let Claim::Holds { name, .. } = member {
            *name = Name::Of(new);
        }
    }
    new
}

/// The place of the group whose symbols these are on both sides, unchanged.
fn place(groups: &[Group], (a, b): (Sym, Sym)) -> Option<usize> {
    groups.iter().position(|group| group.key == (a, b, 0) && group.from == 0)
}

/// The sum, or the half, that a group's symbol is of others on both sides.
fn relations(machine: &Machine<'_>, groups: &[Group]) -> Vec<Relation> {
    if !machine.layout.contexts() {
        return Vec::new();
    }
    let symbols = &machine.symbols;
    let plain = |group: &Group| (group.key.2, group.from) == (0, 0);
    let sum = |(at, group): (usize, &Group)| {
        let (a, b) = (symbols.summands(group.key.0)?, symbols.summands(group.key.1)?);
        let both = |(a, shift): Summand, (b, other): Summand| {
            let part = (shift == other).then(|| place(groups, (a, b))).flatten()?;
            Some((part, shift))
        };
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
    let all = || groups.iter().enumerate().filter(|(_, group)| plain(group));
    all().filter_map(sum).chain(all().filter_map(half)).chain(all().filter_map(selects)).collect()
}

/// The claims of all groups.
fn emit_all(
    machine: &Machine<'_>,
    (mut groups, counted): (Vec<Group>, Vec<Relation>),
    carry: Carry,
    claims: &mut Vec<Claim>,
) {
    let mut relations = relations(machine, &groups);
    for relation in counted {
        let same = |known: &Relation| match (known, &relation) {
            (Relation::Sum(a, [p, q]), Relation::Sum(b, [r, s])) => {
                a == b && ((p, q) == (r, s) || (p, q) == (s, r))
            }
            _ => false,
        };
        if !relations.iter().any(same) {
            relations.push(relation);
        }
    }
    for relation in &relations {
        let parts = match *relation {
            Relation::Sum(of, [a, b]) => [of, a.0, b.0],
            Relation::Half(of, other) | Relation::Selects(of, other) => [of, other, other],
        };
        parts.into_iter().for_each(|part| groups[part].related = true);
    }
    let names: Vec<Loc> =
        groups.into_iter().map(|group| emit(machine, group, carry, claims)).collect();
    claims.extend(relations.into_iter().map(|relation| match relation {
        Relation::Sum(of, [a, b]) => {
            Claim::Sum { of: names[of], a: (names[a.0], a.1), b: (names[b.0], b.1) }
        }
        Relation::Half(of, whole) => Claim::Half { of: names[of], whole: names[whole] },
        Relation::Selects(of, index) => Claim::Selects { of: names[of], index: names[index] },
    }));
}

/// The claims of a group, and the location that its symbol is named after. If not everything is
/// carried, a number that is no more than that is at most 2^32 - 1, or of no interest.
fn emit(machine: &Machine<'_>, group: Group, carry: Carry, claims: &mut Vec<Claim>) -> Loc {
    let coarse = carry != Carry::Everything;
    let Group { owner, mut members, known, related, .. } = group;
    let owner = if coarse { renamed(&mut members, owner) } else { owner };
    let Known { range, length, masked, type_id, reference, below, types } = known;
    let plain = !related
        && length.is_none()
        && masked.is_none()
        && type_id.is_none()
        && !matches!(reference, Some(Reference::Of(_)))
        && below.is_empty()
        && types.is_empty();
    let word = u64::from(u32::MAX);
    // The word for the fuel may have been compared with a constant.
    let number = |claim: &Claim| matches!(*claim, Claim::Holds { base: Base::None, at, .. } if at != Loc::Fuel);
    let apart = carry == Carry::Distances && members.len() > 1;
    if coarse && plain && !apart && members.iter().all(number) {
        for member in members {
            let Claim::Holds { at, shift, add, .. } = member else { continue };
            let most = range.1.checked_mul(1 << shift).and_then(|hi| hi.checked_add(add));
            if most.is_some_and(|hi| hi <= word) {
                claims.push(Claim::Number { at, hi: word });
            }
        }
        return owner;
    }
    let range = match (range, length) {
        ((lo, hi), None) if coarse && hi <= word => (lo, word),
        // A length lies between its bounds anyway.
        (range, Some(extent)) if coarse || range == machine.lengths(extent) => (0, u64::MAX),
        // How much fuel there is at most, which is the word's least, is of no interest.
        ((_, hi), _) if coarse && owner == Loc::Fuel => (0, hi),
        (range, _) => range,
    };
    let alone = members.len() == 1;
    let own = Claim::Holds { at: owner, base: Base::None, name: Name::Of(owner), shift: 0, add: 0 };
    if alone && plain && members.first() == Some(&own) {
        match range {
            (0, u64::MAX) => {}
            (0, hi) => claims.push(Claim::Number { at: owner, hi }),
            (lo, hi) => {
                claims.push(own);
                claims.push(Claim::Range { name: Name::Of(owner), lo, hi });
            }
        }
        return owner;
    }
    let name = Name::Of(owner);
    let fuel = members.iter().any(|claim| claim.fills() == Some(Loc::Fuel));
    if coarse && !fuel && range.1 == word && members.contains(&own) {
        // That needs no entry of the dictionary.
        claims.push(Claim::Number { at: owner, hi: word });
        claims.extend(members.into_iter().filter(|claim| *claim != own));
    } else {
        claims.extend(members);
        if range != (0, u64::MAX) {
            claims.push(Claim::Range { name, lo: range.0, hi: range.1 });
        }
    }
    let known = Known { range, length, masked, type_id, reference, below, types };
    rest(owner, known, claims);
    owner
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

/// The contents of the locations that hold something on both sides, with one base.
fn held_on_both(
    machine: &Machine<'_>,
    before: &State,
    (state, carry): (&State, Carry),
) -> Vec<(Loc, Value, Value)> {
    let both = locations(before).filter_map(|(at, a)| {
        let b = state.get(at).filter(|b| a.base == b.base)?;
        let a = by_word(machine, (before.path, carry), a);
        Some((at, a, by_word(machine, (state.path, carry), b)))
    });
    both.collect()
}

/// The symbol of a group whose constants differ is its least member, so that the others are not
/// taken to wrap.
fn least_members(held: &[(Loc, Value, Value)]) -> Vec<(Key, u64)> {
    let mut least: Vec<(Key, u64)> = Vec::new();
    for &(_, a, b) in held {
        let Some((key, false)) = pair(a, b) else { continue };
        match least.iter_mut().find(|(k, _)| *k == key) {
            Some((_, least)) => *least = (*least as i64).min(a.add as i64) as u64,
            None => least.push((key, a.add)),
        }
    }
    least
}

/// The claims that hold in `before` and in `state`. `changes` says how often they changed.
pub(crate) fn join(
    machine: &mut Machine<'_>,
    before: &State,
    state: &State,
    (changes, wanted): (u32, Wanted<'_>),
) -> Vec<Claim> {
    let carry = wanted.carry;
    let changes = if wanted.counts { changes.saturating_sub(counts::EXACT) } else { changes };
    let mut claims = Vec::with_capacity(before.words.len() + USUAL);
    let held = held_on_both(machine, before, (state, carry));
    let least = least_members(&held);
    let fuel = fuel(before).zip(fuel(state)).and_then(|(a, b)| Some((pair(a, b)?.0, a.add)));
    let mut groups: Vec<Group> = Vec::new();
    for (at, a, b) in held {
        if a == b && fixed(a.sym) {
            let Value { base, sym, shift, add } = a;
            claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            continue;
        }
        if !wanted.other(at) {
            continue;
        }
        let elements = counts::element(a).zip(counts::element(b)).filter(|_| wanted.counts);
        if let Some(numbers) = elements {
            let merge = Merge::new(machine, (before, state), (changes, wanted));
            merge.address(&mut groups, (at, a.base), numbers);
            continue;
        }
        let Some((key, keeps)) = pair(a, b) else {
            let sides = ((a, before.path), (b, state.path));
            number(machine, (at, changes, carry), sides, &mut claims);
            continue;
        };
        // A symbol that stays is shared by what is shifted and what is not.
        let Value { base, shift, add, .. } = a;
        let group = find(&mut groups, key, || {
            let smallest = least.iter().find(|(k, _)| *k == key).map(|&(_, least)| least);
            let from = match fuel.filter(|(k, _)| *k == key) {
                Some((_, from)) => from,
                None if keeps || is_reference(machine, a.sym) => 0,
                None => smallest.unwrap_or(add),
            };
            let number = |sym, add| Value { base: Base::None, sym, shift: 0, add };
            let (x, y) = (number(a.sym, from), number(b.sym, from.wrapping_add(key.2)));
            let merge = Merge::new(machine, (before, state), (changes, wanted));
            let one = merge.as_claimed(known(machine, (before.path, carry), x), x);
            let sides = (one, known(machine, (state.path, carry), y));
            let known = both(
                machine,
                (sides.0, before.path),
                (sides.1, state.path),
                (changes, wanted.patience),
            );
            Group { key, owner: at, from, members: Vec::new(), known, related: false }
        });
        let name = Name::Of(group.owner);
        let add = add.wrapping_sub(group.from << shift);
        group.members.push(Claim::Holds { at, base, name, shift, add });
    }
    let counted = Merge::new(machine, (before, state), (changes, wanted)).counts(&mut groups);
    emit_all(machine, (groups, counted), carry, &mut claims);
    wide_facts(machine, (before.path, Some(state.path)), &mut claims);
    claims
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
    let word = u64::from(u32::MAX);
    let (hi, most) =
        if carry == Carry::Everything { (hi, u64::MAX - 1) } else { (hi.max(word), word) };
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
