//! The facts that are known of a number: on one way, and on both.

use super::asked::{CHANGES_MAX, Carry, Side, Wanted};
use super::groups::{Group, Role, WORD};
use crate::counts;
use prova_check::{
    Claim, Extent, Fact, Heap, Kind, Machine, Name, Node, Path, Record, RefType, Sym, Value,
};

/// The facts about a number on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) range: (u64, u64),
    pub(super) length: Option<Extent>,
    pub(super) masked: Option<(Extent, u32)>,
    pub(super) type_id: Option<u32>,
    pub(super) reference: Option<Reference>,
    pub(super) below: Vec<(Extent, i128)>,
    pub(super) types: Vec<u32>,
}

impl Known {
    /// Whether no more is known than a range.
    pub(super) fn has_range_alone(&self) -> bool {
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
pub(super) enum Reference {
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

/// Facts about symbols that are the same in the whole function.
pub(super) fn wide_facts(
    machine: &Machine<'_>,
    (path, other): (Path, Option<Path>),
    claims: &mut Vec<Claim>,
) {
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

/// Both ranges; a bound that changes too often takes the next step of its ladder. The first change
/// of a constant is taken as it is, however often other locations of the block changed before.
pub(super) fn widened(a: (u64, u64), b: (u64, u64), changes: u32) -> (u64, u64) {
    let ladder = [0xffff, 0xffff_ffff];
    let lo = match a.0.min(b.0) {
        lo if lo == a.0 || changes < 4 * CHANGES_MAX => lo,
        lo => u64::from(lo > 0),
    };
    let hi = match a.1.max(b.1) {
        hi if hi == a.1 || changes < 2 || a.0 == a.1 => hi,
        hi => ladder.into_iter().find(|&step| hi <= step).unwrap_or(u64::MAX),
    };
    (lo, hi)
}

/// The facts about a group's symbol.
pub(super) fn of_group(
    machine: &Machine<'_>,
    group: &Group,
    (side, wanted): (Side, Wanted<'_>),
) -> Known {
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
pub(super) fn is_range_alone(machine: &Machine<'_>, group: &Group, carry: Carry) -> bool {
    let (a, b, _) = group.key;
    let mere = |sym| sym != Sym::ZERO && machine.symbols.def(sym).kind == Kind::Number;
    carry == Carry::Words && (mere(a) || mere(b) || a == b && a == Sym::ZERO)
}

/// The most that a group's symbol is, where no rounds are counted.
pub(super) fn most(machine: &Machine<'_>, group: &Group, side: Side) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::widened;

    /// A Rust program's inner loop keeps a place that only the outer one moves: when the outer one
    /// comes round, the inner head has changed more often than bounds may.
    #[test]
    fn a_constants_first_change_is_exact_however_often_its_block_changed() {
        let place = 0x28_4e84;
        for changes in 0..20 {
            let once = widened((place, place), (place, place + 0xffff), changes);
            assert_eq!(once, (place, place + 0xffff), "{changes}");
        }
        let twice = widened((place, place + 0xffff), (place, place + 0x1_0000), 2);
        assert_eq!(twice, (place, 0xffff_ffff));
    }
}
