//! The claims of groups: a number alone where no more is known, a symbol with its facts elsewhere.

use super::asked::{Carry, Side, Wanted};
use super::groups::{Group, Lists, Member, Relation, WORD, relate};
use super::known::{Known, Reference, is_range_alone, most, of_group};

use prova_check::{Base, Claim, Loc, Machine, Name};

/// Names a group's symbol after a member that is it, if there is one; the owner then.
fn renamed(lists: &Lists, group: &Group) -> Loc {
    let all = || lists.members(group).filter(|member| member.is_it()).map(|member| member.at);
    all().find(|at| *at == Loc::Fuel).or(all().next()).unwrap_or(group.owner)
}

/// The claims of all groups.
pub(super) fn emit_all(
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
