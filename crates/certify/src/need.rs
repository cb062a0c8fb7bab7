//! Which claims are written: those that an obligation needs, in the shortest form.
//!
//! Claims that no block needs (`slice`) are left out. Of most code the fixpoint itself carries
//! little: which values stay the same, and which numbers are below 2^32. That may be too little, so
//! it is tried attempt by attempt; the last one leaves out nothing.

use crate::flow::Frame;
use crate::join::asked::{CHANGES_MAX, Carry, Claims};
use crate::set::Set;
use crate::slice::Reads;
use prova_check::abi::regs::RSP;
use prova_check::{Claim, Layout, Loc, Name};
use std::collections::{BTreeMap, BTreeSet};

/// How much is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// All results of the fixpoint are needed, except values that are the same in the whole
    /// function.
    Coarse,
    /// As the next one, without bounds of numbers that are above 2^32 - 1.
    Words,
    /// Claims that are not needed are left out.
    Needed,
    /// Nothing is left out.
    All,
}

/// A fixpoint, and what may be left out of what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// The reads that make a location needed. None: the fixpoint is over all locations, and the
    /// needed ones are those that any comparison reads.
    pub(crate) reads: Option<Reads>,
    /// How much it says of numbers.
    pub(crate) carry: Carry,
    /// How often the facts of a block may change before they are dropped.
    pub(crate) patience: u32,
    /// Whether rounds that are left are counted (`counts`).
    pub(crate) counts: bool,
    /// The levels, the smallest certificate first.
    pub(crate) levels: &'static [Level],
}

const ADDRESSES: Option<Reads> = Some(Reads::Addresses);

/// The same where a merge has many ways, so that a distance to a length is lowered late: behind a
/// `switch`, say, whose arms go beyond what was compared before it, the last one least.
const PATIENT: u32 = 64;
/// The same of an interpreter's loop.
const MOST_PATIENT: u32 = 1_024;

/// The attempts, the fastest first. Those with more patience come last: they cost time where loops
/// count, and other code does not change for them.
pub(crate) const ATTEMPTS: [Attempt; 9] = [
    Attempt::new(ADDRESSES, Carry::Words, &[Level::Coarse]),
    Attempt::new(ADDRESSES, Carry::Orders, &[Level::Coarse]),
    Attempt::new(ADDRESSES, Carry::Everything, &[Level::Words, Level::Needed]),
    Attempt::new(None, Carry::Distances, &[Level::Needed, Level::All]),
    Attempt::new(None, Carry::Everything, &[Level::Needed, Level::All]),
    Attempt::new(None, Carry::Everything, &[Level::All]).counting(),
    Attempt::new(ADDRESSES, Carry::Orders, &[Level::Coarse]).with(PATIENT),
    Attempt::new(None, Carry::Distances, &[Level::Needed, Level::All]).with(MOST_PATIENT),
    Attempt::new(None, Carry::Everything, &[Level::Needed, Level::All]).with(MOST_PATIENT),
];

impl Attempt {
    const fn new(reads: Option<Reads>, carry: Carry, levels: &'static [Level]) -> Attempt {
        Attempt { reads, carry, patience: CHANGES_MAX, counts: false, levels }
    }

    const fn counting(self) -> Attempt {
        Attempt { counts: true, ..self }
    }

    /// Whether it may find what the others do not: elements are filled and copied inline only where
    /// functions get contexts.
    pub(crate) fn is_for(&self, layout: &Layout) -> bool {
        !self.counts || layout.contexts() && layout.table_type(0).is_some()
    }

    /// The reads that make a location needed where claims are left out.
    pub(crate) fn reads(&self) -> Reads {
        self.reads.unwrap_or(Reads::Comparisons)
    }

    const fn with(self, patience: u32) -> Attempt {
        Attempt { patience, ..self }
    }
}

/// Leaves out of the claimed blocks what is not needed.
pub(crate) fn prune(
    claimed: &mut BTreeMap<u32, Claims>,
    frame: &Frame,
    needs: &BTreeMap<u32, Set>,
    level: Level,
) {
    if level == Level::All {
        return;
    }
    for (at, claims) in claimed {
        let Some(need) = needs.get(at) else { continue };
        match level {
            Level::Coarse => claims.list.retain(|claim| match *claim {
                Claim::Holds { at, name: Name::Fixed(_), .. } => {
                    at == Loc::Register(RSP) || need.contains(at) || frame.kept.contains(at)
                }
                _ => true,
            }),
            Level::Words => {
                keep(claims, need);
                claims.list.retain(
                    |claim| !matches!(*claim, Claim::Number { hi, .. } if hi > u64::from(u32::MAX)),
                );
            }
            Level::Needed | Level::All => keep(claims, need),
        }
    }
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
    let mut numbers = BTreeSet::new();
    for claim in &list {
        if let Claim::Holds { at, name: Name::Of(owner), add, .. } = *claim
            && kept(at)
        {
            owners.entry(owner).or_insert((at, add));
            *members.entry(owner).or_default() += 1;
        }
    }
    for claim in &list {
        if let Claim::Number { at, .. } = *claim
            && kept(at)
        {
            numbers.insert(at);
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
            | Claim::Masked { of, .. }
            | Claim::Ref { of, .. }
            | Claim::TypeId { of, .. }
            | Claim::Type { of, .. } => owners.contains_key(&of),
            Claim::Sum { of, a, b } => {
                let has = |loc| owners.contains_key(&loc) || numbers.contains(&loc);
                has(of) && has(a.0) && has(b.0)
            }
            Claim::Half { of, whole: other } | Claim::Selects { of, index: other } => {
                let has = |loc| owners.contains_key(&loc) || numbers.contains(&loc);
                has(of) && has(other)
            }
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
        Claim::Masked { of, extent, bytes } => Claim::Masked { of: new(of), extent, bytes },
        Claim::Ref { of, ty } => Claim::Ref { of: new(of), ty },
        Claim::TypeId { of, ty } => Claim::TypeId { of: new(of), ty },
        Claim::Sum { of, a, b } => {
            Claim::Sum { of: new(of), a: (new(a.0), a.1), b: (new(b.0), b.1) }
        }
        Claim::Half { of, whole } => Claim::Half { of: new(of), whole: new(whole) },
        Claim::Selects { of, index } => Claim::Selects { of: new(of), index: new(index) },
        Claim::Type { of, ty } => Claim::Type { of: new(of), ty },
    }
}
