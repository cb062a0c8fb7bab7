//! Which claims an obligation needs: a backward slice by locations.
//!
//! An address, a callee, a comparison needs the locations that it reads; a location that is needed
//! behind an instruction that writes it needs the instruction's sources before it. What no block
//! needs is not claimed. The slice may leave out too much, so it is tried level by level, the
//! smallest certificate first; the last level leaves out nothing.

use crate::flow::{Analysis, Block, Step};
use crate::join::Claims;
use prova_check::abi::regs::{RAX, RBP, RDI, RSI, RSP};
use prova_check::abi::{CALLEE_SAVED, OPERANDS};
use prova_check::x64::{Address, Alu, Class, Insn, Operand};
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
    /// Comparisons before a conditional move or through a 32-bit register need nothing before.
    Addresses,
    /// Operands of all comparisons are needed.
    Comparisons,
    /// Nothing is left out.
    All,
}

/// The levels, the smallest certificate first.
pub(crate) const LEVELS: [Level; 6] =
    [Level::Free, Level::Coarse, Level::Words, Level::Addresses, Level::Comparisons, Level::All];

/// A set of locations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Set(Vec<u64>);

impl Set {
    fn contains(&self, loc: Loc) -> bool {
        let n = loc.number();
        self.0.get((n >> 6) as usize).is_some_and(|word| word >> (n & 63) & 1 == 1)
    }

    fn insert(&mut self, loc: Loc) {
        let n = loc.number();
        let at = (n >> 6) as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (n & 63);
    }

    fn remove(&mut self, loc: Loc) -> bool {
        let had = self.contains(loc);
        if had {
            let n = loc.number();
            self.0[(n >> 6) as usize] &= !(1 << (n & 63));
        }
        had
    }

    fn extend(&mut self, locs: impl IntoIterator<Item = Loc>) {
        locs.into_iter().for_each(|loc| self.insert(loc));
    }

    fn add(&mut self, other: &Set) {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }
}

/// The claimed blocks with what is needed of their claims.
pub(crate) fn prune(
    analysis: &Analysis<'_>,
    blocks: &[Block],
    level: Level,
) -> BTreeMap<u32, Claims> {
    let mut claimed = analysis.claimed();
    if level == Level::All {
        return claimed;
    }
    let needs = needs(analysis, blocks, level);
    for (block, need) in blocks.iter().zip(&needs) {
        if let Some(claims) = claimed.get_mut(&block.start) {
            keep(claims, need);
            claims.metered &= analysis.metered();
            match level {
                Level::Free | Level::Coarse => coarsen(claims, level == Level::Free),
                Level::Words => claims.list.retain(
                    |claim| !matches!(*claim, Claim::Number { hi, .. } if hi > u64::from(u32::MAX)),
                ),
                Level::Addresses | Level::Comparisons | Level::All => {}
            }
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

/// The needed locations at each block.
fn needs(analysis: &Analysis<'_>, blocks: &[Block], level: Level) -> Vec<Set> {
    let find = |at: u32| blocks.binary_search_by_key(&at, |block| block.start).ok();
    let mut ways: Vec<Vec<usize>> = vec![Vec::new(); blocks.len()];
    for (i, block) in blocks.iter().enumerate() {
        for to in block.next.iter().filter_map(|&to| find(to)) {
            ways[to].push(i);
        }
    }
    let mut needs = vec![Set::default(); blocks.len()];
    let mut work: BTreeSet<usize> = (0..blocks.len()).collect();
    while let Some(i) = work.pop_last() {
        let block = &blocks[i];
        let mut need = Set::default();
        let last = block.steps.last().map(|step| (step.insn.end(), step.insn.class));
        for &to in &block.next {
            // A branch out of the middle of the block is looked at where it stands.
            if last.is_some_and(|(end, class)| to == end || !matches!(class, Class::Branch(_)))
                && let Some(to) = find(to)
            {
                need.add(&needs[to]);
            }
        }
        for step in block.steps.iter().rev() {
            if matches!(step.insn.class, Class::Branch(_))
                && let Some(to) = find(step.insn.target())
            {
                need.add(&needs[to]);
            }
            Slice { analysis, level, step }.back(step.insn, &mut need);
        }
        if needs[i] != need {
            needs[i] = need;
            work.extend(ways[i].iter().copied());
        }
    }
    needs
}

struct Slice<'a, 'b> {
    analysis: &'a Analysis<'b>,
    level: Level,
    step: &'a Step,
}

impl Slice<'_, '_> {
    fn address(&self, address: &Address, need: &mut Set) {
        if let Some(base) = address.base
            && base != RSP
        {
            need.insert(Loc::Register(base));
        }
        if let Some((index, _)) = address.index {
            need.insert(Loc::Register(index));
        }
    }

    fn back(&self, insn: Insn, need: &mut Set) {
        if matches!(insn.class, Class::Return | Class::JumpTo) {
            return self.leave(insn, need);
        }
        if insn.class == Class::CallTo {
            return self.call(insn, need);
        }
        if matches!(insn.class, Class::Push | Class::Pop) {
            return self.stack(insn, need);
        }
        let mut sources = Vec::new();
        let mut needed = false;
        for n in 0..insn.operands() {
            let Ok(operand) = insn.operand(n) else { continue };
            let loc = match operand {
                Operand::Register(r, _) => Some(Loc::Register(r)),
                Operand::Memory(address) => {
                    if insn.class != Class::Lea {
                        self.address(&address, need);
                    }
                    self.step.word
                }
                Operand::Vector | Operand::Immediate(_) => None,
            };
            let Some(loc) = loc else { continue };
            let compares = matches!(insn.class, Class::Compare | Class::Test);
            if n == 0 && !compares {
                let narrow = matches!(operand, Operand::Register(_, 1 | 2));
                needed = need.contains(loc);
                if !narrow || insn.class == Class::Move {
                    need.remove(loc);
                }
                if Self::reads_first(insn.class) {
                    sources.push(loc);
                }
            } else {
                sources.push(loc);
            }
        }
        if let (Class::Lea, true, Ok(Operand::Memory(address))) =
            (insn.class, needed, insn.operand(1))
        {
            self.address(&address, need);
        }
        let all = self.level == Level::Comparisons;
        let compares = matches!(insn.class, Class::Compare | Class::Test);
        let exact = matches!(insn.class, Class::Move | Class::Alu(_));
        let selects = matches!(insn.class, Class::Select(_) | Class::Alu(Alu::ShiftLeft));
        if (compares && (all || self.wide(insn)))
            || (needed && exact && (all || self.keeps(insn)))
            || (needed && selects)
            || self.step.outside
        {
            need.extend(sources);
        }
        need.remove(Loc::Register(RSP));
    }

    /// A return, a tail call, an indexed jump.
    fn leave(&self, insn: Insn, need: &mut Set) {
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            need.insert(Loc::Register(r));
            need.extend([RDI, RSI].map(Loc::Register));
        }
        need.extend(CALLEE_SAVED.map(Loc::Register));
        need.insert(Loc::Register(RAX));
        need.extend(self.analysis.machine.word(self.step.rsp).map(Loc::Word));
    }

    fn call(&self, insn: Insn, need: &mut Set) {
        for r in (0..16).filter(|r| !CALLEE_SAVED.contains(r)) {
            need.remove(Loc::Register(r));
        }
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            need.insert(Loc::Register(r));
        }
        need.extend([RDI, RSI].map(Loc::Register));
        if self.step.outside || matches!(self.level, Level::Comparisons | Level::All) {
            need.extend(OPERANDS.map(Loc::Register));
        }
    }

    /// Whether operand 0 is read as well.
    fn reads_first(class: Class) -> bool {
        !matches!(
            class,
            Class::Move | Class::Lea | Class::ZeroExtend | Class::SignExtend | Class::Define
        )
    }

    /// A comparison of 64 bits, as bounds checks are.
    fn wide(&self, insn: Insn) -> bool {
        (0..2).any(|n| match insn.operand(n) {
            Ok(Operand::Register(_, bytes)) => bytes == 8,
            Ok(Operand::Memory(address)) => address.size == 8,
            _ => false,
        })
    }

    /// Whether the result depends on more than the operation's width.
    fn keeps(&self, insn: Insn) -> bool {
        match insn.operand(0) {
            Ok(Operand::Register(_, bytes)) => bytes == 8,
            Ok(Operand::Memory(address)) => address.size == 8,
            _ => false,
        }
    }

    fn stack(&self, insn: Insn, need: &mut Set) {
        let Ok(Operand::Register(r, _)) = insn.operand(0) else { return };
        let rsp = self.step.rsp;
        let push = insn.class == Class::Push;
        let at = if push { rsp - 8 } else { rsp };
        let Some(word) = self.analysis.machine.word(at).map(Loc::Word) else { return };
        let (to, from) = if push { (word, Loc::Register(r)) } else { (Loc::Register(r), word) };
        if need.remove(to) {
            need.insert(from);
        }
        if r == RBP && push {
            need.insert(from);
        }
    }
}
