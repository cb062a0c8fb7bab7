//! Which claims are written: those that an obligation needs, in the shortest form.
//!
//! What no block needs (`slice`) is not claimed. What is left out may be too much, so it is tried
//! level by level, the smallest certificate first; the last level leaves out nothing.

use crate::join::Claims;
use crate::slice::{Reads, Set};
use prova_check::abi::regs::RSP;
use prova_check::{Base, Claim, Loc, Name};
use std::collections::{BTreeMap, BTreeSet};

/// How much is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// As the next one, and no number is known to lie below a length.
    Free,
    /// As the next one, and bounds of numbers are 2^32 - 1 or none.
    Coarse,
    /// As the next one, without bounds of numbers that are above 2^32 - 1.
    Words,
    /// What is not needed is left out.
    Needed,
    /// Nothing is left out.
    All,
}

/// The fixpoints and their levels, the fastest and smallest first. A fixpoint without `Reads` is
/// one of all locations; what is needed of it is what all comparisons read.
pub(crate) const ATTEMPTS: [(Option<Reads>, &[Level]); 2] = [
    (Some(Reads::Addresses), &[Level::Free, Level::Coarse, Level::Words, Level::Needed]),
    (None, &[Level::Needed, Level::All]),
];

/// The claimed blocks with what is needed of their claims.
pub(crate) fn prune(
    claimed: &BTreeMap<u32, Claims>,
    needs: &BTreeMap<u32, Set>,
    (level, metered): (Level, bool),
) -> BTreeMap<u32, Claims> {
    let mut claimed = claimed.clone();
    if level == Level::All {
        return claimed;
    }
    for (at, claims) in &mut claimed {
        let Some(need) = needs.get(at) else { continue };
        keep(claims, need);
        claims.metered &= metered;
        match level {
            Level::Free | Level::Coarse => coarsen(claims, level == Level::Free),
            Level::Words => claims.list.retain(
                |claim| !matches!(*claim, Claim::Number { hi, .. } if hi > u64::from(u32::MAX)),
            ),
            Level::Needed | Level::All => {}
        }
    }
    claimed
}

/// Numbers of which nothing but bounds is known are at most 2^32 - 1 each, or not claimed. With
/// `free`, that numbers lie below lengths is not claimed at all.
fn coarsen(claims: &mut Claims, free: bool) {
    let word = u64::from(u32::MAX);
    if free {
        let below = |claim: &Claim| matches!(claim, Claim::Below { name: Name::Of(_), .. });
        claims.list.retain(|claim| !below(claim));
    }
    let mut plain: BTreeMap<Loc, u64> = BTreeMap::new();
    for claim in &claims.list {
        if let Claim::Holds { name: Name::Of(of), .. } = *claim {
            plain.entry(of).or_insert(u64::MAX);
        }
    }
    for claim in &claims.list {
        match *claim {
            // What is left of the fuel was compared with a constant.
            Claim::Holds { at: Loc::Fuel, name: Name::Of(of), .. } => drop(plain.remove(&of)),
            Claim::Holds { base: Base::None, .. } => {}
            Claim::Holds { name: Name::Of(of), .. } => drop(plain.remove(&of)),
            Claim::Range { name: Name::Of(of), hi, .. } => {
                plain.entry(of).and_modify(|old| *old = hi);
            }
            Claim::Length { of, .. }
            | Claim::Ref { of, .. }
            | Claim::TypeId { of, .. }
            | Claim::Type { of, .. }
            | Claim::Below { name: Name::Of(of), .. } => drop(plain.remove(&of)),
            Claim::Number { .. }
            | Claim::Holds { .. }
            | Claim::Range { .. }
            | Claim::Below { .. } => {}
        }
    }
    let coarse = |claim: Claim| match claim {
        Claim::Number { at, hi } => (hi <= word).then_some(Claim::Number { at, hi: word }),
        Claim::Holds { at, name: Name::Of(of), shift, add, .. } if plain.contains_key(&of) => {
            let most = plain[&of].checked_mul(1 << shift).and_then(|hi| hi.checked_add(add));
            most.is_some_and(|hi| hi <= word).then_some(Claim::Number { at, hi: word })
        }
        Claim::Range { name: Name::Of(of), .. } if plain.contains_key(&of) => None,
        _ => Some(claim),
    };
    let list = std::mem::take(&mut claims.list);
    claims.list = list.into_iter().filter_map(coarse).collect();
    words(claims);
}

/// What holds its own symbol, which is at most 2^32 - 1, is claimed by number.
fn words(claims: &mut Claims) {
    let word = u64::from(u32::MAX);
    let mut owns: BTreeSet<Loc> = BTreeSet::new();
    let mut fuel = None;
    for claim in &claims.list {
        if let Claim::Holds { at: Loc::Fuel, name: Name::Of(of), .. } = *claim {
            fuel = Some(of);
        }
        if let Claim::Holds { at, base: Base::None, name: Name::Of(of), shift: 0, add: 0 } = *claim
            && at == of
        {
            owns.insert(at);
        }
    }
    let fits = |claim: &Claim| match *claim {
        Claim::Range { name: Name::Of(of), hi, .. } if hi <= word && fuel != Some(of) => Some(of),
        _ => None,
    };
    let bounded: BTreeSet<Loc> = claims.list.iter().filter_map(fits).collect();
    let both = |of: Loc| owns.contains(&of) && bounded.contains(&of);
    let shorter = |claim: Claim| match claim {
        Claim::Holds { at, base: Base::None, name: Name::Of(of), shift: 0, add: 0 }
            if at == of && both(of) =>
        {
            Some(Claim::Number { at, hi: word })
        }
        Claim::Range { name: Name::Of(of), .. } if both(of) => None,
        _ => Some(claim),
    };
    let list = std::mem::take(&mut claims.list);
    claims.list = list.into_iter().filter_map(shorter).collect();
}

/// Leaves out claims on locations that are not needed, and then claims on symbols without a
/// location. Locations that share a symbol with a needed one stay only if needed themselves.
fn keep(claims: &mut Claims, need: &Set) {
    let rsp = Loc::Register(RSP);
    let kept = |loc: Loc| loc == rsp || loc == Loc::Fuel || need.contains(loc);
    let list = std::mem::take(&mut claims.list);
    // A symbol is named after its owner: if the owner goes, another member takes over.
    let mut owners: BTreeMap<Loc, (Loc, u64)> = BTreeMap::new();
    let mut members: BTreeMap<Loc, usize> = BTreeMap::new();
    for claim in &list {
        if let Claim::Holds { at, name: Name::Of(owner), add, .. } = *claim
            && kept(at)
        {
            owners.entry(owner).or_insert((at, add));
            *members.entry(owner).or_default() += 1;
        }
    }
    for claim in list {
        let stays = match claim {
            Claim::Number { at, .. } => kept(at),
            Claim::Holds { at, .. } => kept(at),
            Claim::Range { name: Name::Of(of), .. } | Claim::Below { name: Name::Of(of), .. } => {
                owners.contains_key(&of)
            }
            Claim::Length { of, .. }
            | Claim::Ref { of, .. }
            | Claim::TypeId { of, .. }
            | Claim::Type { of, .. } => owners.contains_key(&of),
            Claim::Range { .. } | Claim::Below { .. } => true,
        };
        if stays {
            claims.list.push(renamed(claim, &owners));
        }
    }
}

fn renamed(claim: Claim, owners: &BTreeMap<Loc, (Loc, u64)>) -> Claim {
    let new = |loc: Loc| owners.get(&loc).map_or(loc, |&(new, _)| new);
    let name = |n: Name| match n {
        Name::Of(loc) => Name::Of(new(loc)),
        Name::Fixed(sym) => Name::Fixed(sym),
    };
    match claim {
        Claim::Number { .. } => claim,
        Claim::Holds { at, base, name: n, shift, add } => {
            Claim::Holds { at, base, name: name(n), shift, add }
        }
        Claim::Range { name: n, lo, hi } => Claim::Range { name: name(n), lo, hi },
        Claim::Below { name: n, d, extent } => Claim::Below { name: name(n), d, extent },
        Claim::Length { of, extent } => Claim::Length { of: new(of), extent },
        Claim::Ref { of, ty } => Claim::Ref { of: new(of), ty },
        Claim::TypeId { of, ty } => Claim::TypeId { of: new(of), ty },
        Claim::Type { of, ty } => Claim::Type { of: new(of), ty },
    }
}
