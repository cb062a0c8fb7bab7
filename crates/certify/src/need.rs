//! Which claims an obligation needs: a backward slice by locations.
//!
//! An address, a callee, a comparison needs the locations that it reads; a location that is needed
//! behind an instruction that writes it needs the instruction's sources before it. What no block
//! needs is not claimed. The slice may leave out too much, so it is tried level by level, the
//! smallest certificate first; the last level leaves out nothing.

use crate::flow::Analysis;
use crate::join::Claims;
use prova_check::abi::regs::{RAX, RBP, RDI, RSI, RSP};
use prova_check::abi::{CALLEE_SAVED, OPERANDS};
use prova_check::x64::{Address, Alu, Class, Insn, Operand};
use prova_check::{Claim, Loc, Name, State};
use std::collections::{BTreeMap, BTreeSet};

/// How much is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Comparisons before a conditional move or through a 32-bit register need nothing before.
    Addresses,
    /// Operands of all comparisons are needed.
    Comparisons,
    /// Nothing is left out.
    All,
}

/// The levels, the smallest certificate first.
pub(crate) const LEVELS: [Level; 3] = [Level::Addresses, Level::Comparisons, Level::All];

type Set = BTreeSet<Loc>;

/// The claimed blocks with what is needed of their claims.
pub(crate) fn prune(analysis: &Analysis<'_>, level: Level) -> BTreeMap<u32, Claims> {
    let mut claimed = analysis.claimed();
    if level == Level::All {
        return claimed;
    }
    let needs = needs(analysis, level);
    for (at, claims) in &mut claimed {
        let empty = Set::new();
        let need = needs.get(at).unwrap_or(&empty);
        keep(claims, need);
        claims.metered &= analysis.metered();
    }
    claimed
}

/// Leaves out claims on locations that are not needed, and then claims on symbols without a
/// location. Locations that share a symbol with a needed one stay only if needed themselves.
fn keep(claims: &mut Claims, need: &Set) {
    let rsp = Loc::Register(RSP);
    let kept = |loc: Loc| loc == rsp || loc == Loc::Fuel || need.contains(&loc);
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

/// The needed locations at each leader.
fn needs(analysis: &Analysis<'_>, level: Level) -> BTreeMap<u32, Set> {
    let blocks = analysis.traces();
    let mut ways: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, (_, _, next)) in blocks.iter().enumerate() {
        for &to in next {
            ways.entry(to).or_default().push(i);
        }
    }
    let mut needs: BTreeMap<u32, Set> = BTreeMap::new();
    let mut work: BTreeSet<usize> = (0..blocks.len()).collect();
    while let Some(i) = work.pop_last() {
        let (start, trace, next) = &blocks[i];
        let mut need = Set::new();
        let last = trace.last().map(|t| (t.insn.end(), t.insn.class));
        for to in next {
            // A branch out of the middle of the block is looked at where it stands.
            if last.is_some_and(|(end, class)| *to == end || !matches!(class, Class::Branch(_))) {
                need.extend(needs.get(to).into_iter().flatten().copied());
            }
        }
        for t in trace.iter().rev() {
            if matches!(t.insn.class, Class::Branch(_)) {
                need.extend(needs.get(&t.insn.target()).into_iter().flatten().copied());
            }
            Slice { analysis, level, state: &t.before }.back(t.insn, &mut need);
        }
        if needs.get(start) != Some(&need) {
            needs.insert(*start, need);
            work.extend(ways.get(start).into_iter().flatten().copied());
        }
    }
    needs
}

struct Slice<'a, 'b> {
    analysis: &'a Analysis<'b>,
    level: Level,
    state: &'a State,
}

impl Slice<'_, '_> {
    /// The stack word of an address, if it is one.
    fn word(&self, address: &Address) -> Option<Loc> {
        let base = self.state.get(Loc::Register(address.base?))?;
        let at = base.plus(address.disp).offset_in(prova_check::Base::Stack)? as i64;
        self.analysis.machine.word(at).map(Loc::Word)
    }

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
                    self.word(&address)
                }
                Operand::Vector | Operand::Immediate(_) => None,
            };
            let Some(loc) = loc else { continue };
            let compares = matches!(insn.class, Class::Compare | Class::Test);
            if n == 0 && !compares {
                let narrow = matches!(operand, Operand::Register(_, 1 | 2));
                needed = need.contains(&loc);
                if !narrow || insn.class == Class::Move {
                    need.remove(&loc);
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
        {
            need.extend(sources);
        }
        need.remove(&Loc::Register(RSP));
    }

    /// A return, a tail call, an indexed jump.
    fn leave(&self, insn: Insn, need: &mut Set) {
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            need.insert(Loc::Register(r));
            need.extend([RDI, RSI].map(Loc::Register));
        }
        need.extend(CALLEE_SAVED.map(Loc::Register));
        need.insert(Loc::Register(RAX));
        let rsp = self.state.rsp();
        need.extend(rsp.and_then(|at| self.analysis.machine.word(at)).map(Loc::Word));
    }

    fn call(&self, insn: Insn, need: &mut Set) {
        for r in (0..16).filter(|r| !CALLEE_SAVED.contains(r)) {
            need.remove(&Loc::Register(r));
        }
        if let Ok(Operand::Register(r, _)) = insn.operand(0) {
            need.insert(Loc::Register(r));
        }
        need.extend([RDI, RSI].map(Loc::Register));
        if self.level != Level::Addresses {
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
        let rsp = self.state.rsp().unwrap_or(0);
        let push = insn.class == Class::Push;
        let at = if push { rsp - 8 } else { rsp };
        let Some(word) = self.analysis.machine.word(at).map(Loc::Word) else { return };
        let (to, from) = if push { (word, Loc::Register(r)) } else { (Loc::Register(r), word) };
        if need.remove(&to) {
            need.insert(from);
        }
        if r == RBP && push {
            need.insert(from);
        }
    }
}
