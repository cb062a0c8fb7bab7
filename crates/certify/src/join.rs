//! What several ways to a merge have in common.
//!
//! Locations that share a symbol on *both* sides, at the same distance, share one behind the merge
//! (joint symbols): otherwise `r10 = base + r9` would be lost where both change. Bounds widen along
//! a ladder; facts keep the weaker distance.

use crate::flow::CHANGES_MAX;
use crate::slice::Set;
use prova_check::certificate::base_code;
use prova_check::{
    Base, Claim, Extent, Fact, Fault, Heap, Kind, Loc, Machine, Name, Node, Path, Record, RefType,
    State, Sym, Value,
};
use std::collections::BTreeMap;

/// The claims of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) list: Vec<Claim>,
    pub(crate) metered: bool,
}

/// What is known of a number on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    range: (u64, u64),
    length: Option<Extent>,
    type_id: Option<u32>,
    reference: Option<Reference>,
    below: BTreeMap<Extent, i128>,
    types: Vec<u32>,
}

/// What is known of a number as a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reference {
    Null,
    Of(RefType),
}

impl Reference {
    /// What both are.
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

/// One group of locations with one symbol.
struct Group {
    owner: Loc,
    /// What the symbol's constant was; those of the members are relative to it.
    from: u64,
    members: Vec<Claim>,
    known: Known,
}

pub(crate) fn locations(state: &State) -> impl Iterator<Item = (Loc, Value)> + '_ {
    let regs = (0..16_u8).map(Loc::Register);
    let words = (0..u32::try_from(state.words.len()).unwrap_or(0)).map(Loc::Word);
    regs.chain([Loc::Fuel]).chain(words).filter_map(|loc| Some((loc, state.get(loc)?)))
}

fn fixed(sym: Sym) -> bool {
    sym.0 < Sym::FIRST
}

/// The claims that say all that a state knows of the needed locations (of all: none given) and of
/// what is the same in the whole function.
pub(crate) fn describe(
    machine: &mut Machine<'_>,
    state: &State,
    needs: Option<&Set>,
) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut groups: BTreeMap<Sym, Group> = BTreeMap::new();
    for (at, value) in locations(state) {
        if base_code(value.base).is_none() {
            continue;
        }
        let Value { base, sym, shift, add } = value;
        if fixed(sym) {
            claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            continue;
        }
        if at != Loc::Fuel && needs.is_some_and(|needs| !needs.contains(at)) {
            continue;
        }
        let group = groups.entry(sym).or_insert_with(|| Group {
            owner: at,
            from: 0,
            members: Vec::new(),
            known: known(machine, state.path, Value::symbol(sym)),
        });
        group.members.push(Claim::Holds { at, base, name: Name::Of(group.owner), shift, add });
    }
    for group in groups.into_values() {
        emit(group, &mut claims);
    }
    wide_facts(machine, (state.path, None), &mut claims);
    claims
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
            Some(others) => match others.get(&extent) {
                Some(&o) => d.min(o),
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
fn constants(machine: &Machine<'_>, path: Path) -> BTreeMap<Extent, i128> {
    let mut best = BTreeMap::new();
    for fact in machine.facts.iter(path) {
        if let Fact::Le { a: Sym::ZERO, d, b: Node::Extent(extent), .. } = fact {
            let entry = best.entry(extent).or_insert(d);
            *entry = d.max(*entry);
        }
    }
    best
}

/// What is known of a number.
fn known(machine: &Machine<'_>, path: Path, value: Value) -> Known {
    let range = machine.facts.range(path, &machine.symbols, value).unwrap_or((0, u64::MAX.into()));
    let word = |x: i128, other| u64::try_from(x).unwrap_or(other);
    let mut known = Known {
        range: (word(range.0, 0), word(range.1, u64::MAX)),
        length: None,
        type_id: None,
        reference: None,
        below: BTreeMap::new(),
        types: Vec::new(),
    };
    if let Some(k) = value.as_constant() {
        known.range = (k, k);
        if k == 0 {
            known.reference = Some(Reference::Null);
        }
    }
    if let Some(sym) = value.as_symbol() {
        match machine.symbols.def(sym).kind {
            Kind::Length(extent) => known.length = Some(extent),
            Kind::TypeId(ty) => known.type_id = Some(ty),
            Kind::Ref(ty) => {
                let nullable = ty.nullable && known.range.0 == 0;
                known.reference = Some(Reference::Of(RefType { nullable, ..ty }));
            }
            _ => {}
        }
        for fact in machine.facts.iter(path) {
            if let Fact::Type { record: Record::Ref(s), ty } = fact
                && s == sym
            {
                known.types.push(ty);
            }
        }
    }
    if let Some(reading) = machine.facts.reading(path, &machine.symbols, value) {
        for fact in machine.facts.iter(path) {
            if let Fact::Le { a, shift, d, b: Node::Extent(extent) } = fact
                && (a, shift) == (reading.sym, reading.shift)
                && a != Sym::ZERO
            {
                let d = d - reading.add;
                let entry = known.below.entry(extent).or_insert(d);
                *entry = d.max(*entry);
            }
        }
    }
    known
}

/// The best distance of a number to an extent that bounds and constants give.
fn by_bounds(machine: &Machine<'_>, path: Path, known: &Known, extent: Extent) -> i128 {
    let hi = i128::from(known.range.1);
    let least = i128::from(machine.least(extent)) - hi;
    let constant = constants(machine, path).get(&extent).map_or(least, |k| k - hi);
    known.below.get(&extent).copied().unwrap_or(least).max(least).max(constant)
}

/// What is known on both sides. `changes` says how often the block changed.
fn both(
    machine: &Machine<'_>,
    (a, at_a): (Known, Path),
    (b, at_b): (Known, Path),
    changes: u32,
) -> Known {
    let range = widened(a.range, b.range, changes);
    let mut below = BTreeMap::new();
    for &extent in a.below.keys().chain(b.below.keys()) {
        let d = by_bounds(machine, at_a, &a, extent).min(by_bounds(machine, at_b, &b, extent));
        let settles = changes < CHANGES_MAX || a.below.get(&extent) == Some(&d);
        // A negative distance says less than the symbol's use will want.
        if settles && d >= -(1 << 32) {
            below.insert(extent, d);
        }
    }
    let reference = a.reference.zip(b.reference).and_then(|(a, b)| a.or(b));
    Known {
        range,
        length: a.length.filter(|_| a.length == b.length),
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

fn emit(group: Group, claims: &mut Vec<Claim>) {
    let Group { owner, members, known, .. } = group;
    let Known { range, length, type_id, reference, below, types } = known;
    let plain = length.is_none()
        && type_id.is_none()
        && !matches!(reference, Some(Reference::Of(_)))
        && below.is_empty()
        && types.is_empty();
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
        return;
    }
    claims.extend(members);
    let name = Name::Of(owner);
    if range != (0, u64::MAX) {
        claims.push(Claim::Range { name, lo: range.0, hi: range.1 });
    }
    if let Some(extent) = length {
        claims.push(Claim::Length { of: owner, extent });
    }
    if let Some(Reference::Of(ty)) = reference {
        claims.push(Claim::Ref { of: owner, ty });
    }
    if let Some(ty) = type_id {
        claims.push(Claim::TypeId { of: owner, ty });
    }
    for (extent, d) in below {
        if let Ok(d) = i64::try_from(d) {
            claims.push(Claim::Below { name, d, extent });
        }
    }
    for ty in types {
        claims.push(Claim::Type { of: owner, ty });
    }
}

/// The claims that hold where `old` holds and in `state`.
pub(crate) fn join(
    machine: &mut Machine<'_>,
    old: &[Claim],
    state: &State,
    changes: u32,
) -> Result<Vec<Claim>, Fault> {
    let before = machine.instantiate(old.iter().copied(), false)?;
    let mut claims = Vec::new();
    // The symbol of a group whose constants differ is its least member, so that the others are not
    // taken to wrap.
    let mut least: BTreeMap<(Sym, Sym, u8, u64), u64> = BTreeMap::new();
    for (at, a) in locations(&before) {
        let key = state.get(at).filter(|b| a.base == b.base).and_then(|b| pair(a, b));
        if let Some((key, false)) = key {
            let least = least.entry(key).or_insert(a.add);
            *least = (*least as i64).min(a.add as i64) as u64;
        }
    }
    let mut groups: BTreeMap<(Sym, Sym, u8, u64), Group> = BTreeMap::new();
    for (at, a) in locations(&before) {
        let Some(b) = state.get(at) else { continue };
        if a.base != b.base {
            continue;
        }
        if a == b && fixed(a.sym) {
            let Value { base, sym, shift, add } = a;
            claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            continue;
        }
        let Some((key, keeps)) = pair(a, b) else {
            claims.extend(number(machine, (at, changes), (a, before.path), (b, state.path)));
            continue;
        };
        let Value { base, add, .. } = a;
        let group = groups.entry(key).or_insert_with(|| {
            let from = if keeps { 0 } else { least.get(&key).copied().unwrap_or(add) };
            let number = |sym, add| Value { base: Base::None, sym, shift: 0, add };
            let (x, y) = (number(a.sym, from), number(b.sym, from.wrapping_add(key.3)));
            let sides = (known(machine, before.path, x), known(machine, state.path, y));
            let known = both(machine, (sides.0, before.path), (sides.1, state.path), changes);
            Group { owner: at, from, members: Vec::new(), known }
        });
        let name = Name::Of(group.owner);
        let add = add.wrapping_sub(group.from);
        group.members.push(Claim::Holds { at, base, name, shift: key.2, add });
    }
    for group in groups.into_values() {
        emit(group, &mut claims);
    }
    wide_facts(machine, (before.path, Some(state.path)), &mut claims);
    Ok(claims)
}

/// A number that both sides bound, where their values have no common form.
fn number(
    machine: &Machine<'_>,
    (at, changes): (Loc, u32),
    (a, at_a): (Value, Path),
    (b, at_b): (Value, Path),
) -> Option<Claim> {
    let range = |path, value| {
        let (lo, hi) = machine.facts.range(path, &machine.symbols, value)?;
        Some((u64::try_from(lo).ok()?, u64::try_from(hi).ok()?))
    };
    let (_, hi) = widened(range(at_a, a)?, range(at_b, b)?, changes);
    (hi < u64::MAX).then_some(Claim::Number { at, hi })
}

/// Two values of one location: what their group is called (the symbols, the shift, the distance of
/// the constants), and whether its symbol is the old one rather than the owner's whole number.
fn pair(a: Value, b: Value) -> Option<((Sym, Sym, u8, u64), bool)> {
    if a.base.by_symbol() {
        return (a.add == b.add).then_some(((a.sym, b.sym, 0, 0), true));
    }
    let delta = b.add.wrapping_sub(a.add);
    let zeros = (a.sym == Sym::ZERO, b.sym == Sym::ZERO);
    if delta == 0 && zeros == (false, false) && a.shift == b.shift {
        return Some(((a.sym, b.sym, a.shift, 0), true));
    }
    let flat = (zeros.0 || a.shift == 0) && (zeros.1 || b.shift == 0);
    flat.then_some(((a.sym, b.sym, 0, delta), false))
}
