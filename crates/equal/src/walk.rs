//! E2 and E8: one pass over the code, in address order.
//!
//! A state goes from instruction to instruction. A branch divides it, and each half knows its
//! condition (E2); the body moves on where that decides, and nothing else is compared there: a
//! condition that is the body's decides the body's branch, a condition of the code alone (of a
//! choice that is made by a branch) decides nothing, and what follows is compared under it. A state
//! at `ud2` has to be one in which the body traps, of the row's kind.
//!
//! A leader begins with its claims (`claims`); an offset with one way to it, from before it,
//! inherits that way's state; every other target is refused.
//!
//! E8. A way back leads to a leader, and the body has made a step since the leader before. So a run
//! of the code without end is one of the body without end; the converse follows from the bound on
//! steps of the body without code (`edges`): each run of the code that ends does so where the body
//! ends (E7), or by its trap.

use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::State;
use crate::step::Flow;
use crate::words::{Fixed, Head, Node, Word};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use prova_check::TrapRow;
use prova_check::x64::{Class, Insn, Instructions};
use prova_ssa::{Block, Terminator};

/// Who knows the leaders: the relation, or one who looks for it.
pub trait Guide {
    /// Whether an offset is a leader.
    fn is_leader(&self, at: u32) -> bool;

    /// The state at a leader; nothing if nobody came there yet.
    ///
    /// # Errors
    /// If its claims have no meaning.
    fn begin(&mut self, core: &mut Core<'_>, at: u32) -> Result<Option<State>, Refusal>;

    /// A state comes to a leader, from behind it if `back`: then the body has to make a step.
    ///
    /// # Errors
    /// If it does not show the claims; else whether the body has made a step on the way.
    fn edge(&mut self, core: &mut Core<'_>, state: State, to: (u32, bool))
    -> Result<bool, Refusal>;

    /// Several ways lead to an offset that is no leader, or one from behind.
    fn merges(&mut self, _at: u32) {}

    /// Something is refused at an offset, on a way from a leader or the entry ([`State::from`]);
    /// whether to go on without this way.
    fn refused(&mut self, core: &Core<'_>, refusal: &Refusal, at: (u32, Option<u32>)) -> bool;
}

struct Walk<'c, 'a, G> {
    core: &'c mut Core<'a>,
    guide: &'c mut G,
    /// States that wait at offsets ahead.
    waiting: BTreeMap<u32, State>,
    /// Where the way that is walked begins.
    from: Option<u32>,
    insns: Instructions<'a>,
}

/// Walks over the code outside of its data; the offset of what is refused is left in `at`, and
/// where the body stands in `stands`.
///
/// # Errors
/// The first difference that the guide does not take.
pub fn walk<G: Guide>(
    core: &mut Core<'_>,
    guide: &mut G,
    data: &[(u32, u32)],
    (at, stands): (&mut u32, &mut Option<u32>),
) -> Result<(), Refusal> {
    let insns = Instructions::new(core.code);
    let len = u32::try_from(core.code.len()).unwrap_or(u32::MAX);
    let mut state = Some(core.entry()?);
    let mut walk = Walk { core, guide, waiting: BTreeMap::new(), from: None, insns };
    if let Some(state) = state.as_mut() {
        walk.core.settle(state)?;
    }
    *at = 0;
    let mut ranges = data.iter().copied().peekable();
    let mut insn = Insn::default();
    while *at < len {
        if let Some(&(start, end)) = ranges.peek()
            && *at >= start
        {
            *at = end.max(at.saturating_add(1));
            ranges.next();
            continue;
        }
        *stands = state.as_ref().map(|state| walk.core.wasm_offset(state));
        let outcome = walk.one(*at, &mut insn, &mut state);
        if let Err(refusal) = outcome {
            walk.goes_on(refusal, *at)?;
            state = None;
        }
        *at = insn.end().max(at.saturating_add(1));
    }
    let ahead = core::mem::take(&mut walk.waiting);
    let left = state.into_iter().map(|state| (len, state)).chain(ahead);
    for (place, state) in left {
        walk.from = state.from;
        let what = "the code runs off its end";
        walk.goes_on(Refusal { cause: Cause::End, what, demanded: None, found: None }, place)?;
    }
    Ok(())
}

impl<G: Guide> Walk<'_, '_, G> {
    /// One instruction.
    fn one(&mut self, at: u32, insn: &mut Insn, state: &mut Option<State>) -> Result<(), Refusal> {
        if self.insns.decode(at, insn).is_err() {
            return refuse(Cause::Instruction, "no instruction");
        }
        if self.guide.is_leader(at) {
            if let Some(state) = state.take()
                && planted!(FallsToLeader, true, false)
            {
                self.guide.edge(self.core, state, (at, false))?;
            }
            self.from = Some(at);
            *state = self.guide.begin(self.core, at)?;
            if let Some(state) = state.as_mut() {
                state.from = Some(at);
                self.core.settle(state)?;
            }
        } else if let Some(waiting) = self.waiting.remove(&at) {
            if planted!(MergeForgets, state.is_some(), false) {
                *state = None;
                self.guide.merges(at);
                return refuse(Cause::Merge, "of a jump with what stands before");
            }
            self.from = waiting.from;
            *state = Some(waiting);
        }
        let Some(here) = state.as_mut() else { return Ok(()) };
        self.core.spend(1)?;
        self.core.here = (at, insn.end());
        match self.core.step(here, insn)? {
            Flow::Next => Ok(()),
            flow => {
                let Some(here) = state.take() else { return Ok(()) };
                self.leave(here, insn, flow, state)
            }
        }
    }

    /// Asks whether to go on without a way that is refused.
    fn goes_on(&mut self, refusal: Refusal, at: u32) -> Result<(), Refusal> {
        let goes_on = self.guide.refused(self.core, &refusal, (at, self.from));
        if goes_on { Ok(()) } else { Err(refusal) }
    }

    fn leave(
        &mut self,
        here: State,
        insn: &Insn,
        flow: Flow,
        next: &mut Option<State>,
    ) -> Result<(), Refusal> {
        match flow {
            Flow::Next => *next = Some(here),
            Flow::Stop => {}
            Flow::Lands { returns } => {
                let landings = core::mem::take(&mut self.core.landings);
                *next = planted!(NothingReturns, returns, false).then_some(here);
                for (target, state) in planted!(NothingLands, landings, Vec::new()) {
                    if let Err(refusal) = self.go(state, insn.offset, target) {
                        self.goes_on(refusal, insn.offset)?;
                    }
                }
            }
            Flow::Jump(target) => self.go(here, insn.offset, target)?,
            Flow::Branch(target, condition) => {
                self.branch(here, insn, (target, condition), next)?;
            }
            Flow::JumpTo(word) => self.jump_to(here, insn, word)?,
        }
        Ok(())
    }

    /// E2: divides a state.
    fn branch(
        &mut self,
        mut here: State,
        insn: &Insn,
        (target, asked): (u32, Word),
        next: &mut Option<State>,
    ) -> Result<(), Refusal> {
        let condition = self.core.under(&here, asked);
        match self.core.words.decide(&here.known, condition) {
            Some(holds) => {
                self.core.remember(&mut here, asked, holds);
                match holds {
                    true => self.go(here, insn.offset, target)?,
                    false => *next = Some(here),
                }
            }
            None => {
                let mut taken = self.core.copied(&here)?;
                self.core.assume(
                    &mut taken,
                    condition,
                    planted!(TakenHalf, true, here.known.is_empty()),
                );
                let went = self.go(taken, insn.offset, target);
                let holds = planted!(OtherHalf, false, !here.known.is_empty());
                self.core.assume(&mut here, condition, holds);
                *next = Some(here);
                // The other half goes on even where this one is refused and a guide takes that.
                if let Err(refusal) = went {
                    self.goes_on(refusal, insn.offset)?;
                }
            }
        }
        Ok(())
    }

    /// A state goes to an offset.
    fn go(&mut self, state: State, from: u32, target: u32) -> Result<(), Refusal> {
        self.core.spend(1)?;
        if let Some(row) = self.trap_at(target) {
            let mut state = state;
            return planted!(AnyTrap, self.core.traps(&mut state, row), Ok(()));
        }
        if self.guide.is_leader(target) {
            let back = target <= from;
            let moved = self.guide.edge(self.core, state, (target, back))?;
            if planted!(StandsStill, back && !moved, false) {
                return refuse(Cause::Cycle, "a way back");
            }
            return Ok(());
        }
        if target <= from {
            self.guide.merges(target);
            return refuse(Cause::Merge, "a way back to what is no leader");
        }
        if planted!(JumpForgets, self.waiting.contains_key(&target), false) {
            self.guide.merges(target);
            return refuse(Cause::Merge, "of two jumps");
        }
        self.waiting.insert(target, state);
        Ok(())
    }

    /// The row of the `ud2` at an offset, if there is one.
    fn trap_at(&mut self, at: u32) -> Option<TrapRow> {
        let row = self.core.row_at(at)?;
        let insn = self.insns.at(at).ok()?;
        (planted!(RowIsATrap, insn.class == Class::Trap, true)).then_some(row)
    }

    /// The offset that an entry of a jump table leads to.
    fn entry(&self, base: u32, at: u32) -> Result<u32, Refusal> {
        let at = at as usize;
        let Some(&[a, b, c, d]) = self.core.code.get(at..at.saturating_add(4)) else {
            return refuse(Cause::Jump, "a table beyond the code");
        };
        Ok(base.wrapping_add(u32::from_le_bytes([a, b, c, d])))
    }

    /// A jump to a word: a tail call, or an entry of a jump table.
    fn jump_to(&mut self, mut state: State, insn: &Insn, word: Word) -> Result<(), Refusal> {
        self.core.skip_all(&mut state)?;
        let word = self.core.under(&state, word);
        // An entry at a place that is known was read: the bytes of code never change.
        if let Some(target) = self.core.offset_of(word) {
            return self.go(state, insn.offset, target);
        }
        let Some((base, at)) = self.core.table_entry(word) else {
            return self.core.tail_call(&mut state, word);
        };
        let parts = self.core.words.parts(at);
        let first = u32::try_from(parts.number).unwrap_or(u32::MAX);
        let [(index, 4)] = *parts.atoms.as_slice() else {
            return self.core.tail_call(&mut state, word);
        };
        let block = *self.core.body.block(Block::from_u32(state.block));
        let Terminator::Table { index: wanted, edges, targets } = block.terminator else {
            return refuse(Cause::Jump, "a table where the body has none");
        };
        if planted!(TableBeforeEnd, self.core.next(&state).is_some(), false) || !state.entered {
            return refuse(Cause::Jump, "a table before the end");
        }
        let wanted = self.core.value(&state, wanted)?;
        let wide = self.core.words.zext(wanted, 64);
        let (edges, targets) = (self.core.body.edges(edges), self.core.body.targets(targets));
        let count = targets.len().saturating_sub(1);
        let bound = self.core.words.constant(32, count as u128);
        let below = self.core.words.ult(wanted, bound);
        // The index may be the one behind the others where it is beyond: the last entry is the
        // default then.
        let last = self.core.words.constant(64, count as u128);
        let clamped = self.core.words.ite(below, wide, last);
        let decided = self.core.words.decide(&state.known, below);
        let is_below = planted!(BeyondTheTable, decided == Some(true), true);
        let is_plain = planted!(AnyIndex, self.core.same(&state, wide, index), true);
        let used = if is_plain && is_below {
            count
        } else if self.core.same(&state, clamped, index) {
            targets.len()
        } else if is_plain {
            return refuse(Cause::Jump, "an index that may be beyond the table");
        } else {
            return crate::error::differ(Cause::Jump, "another index", clamped, index);
        };
        let mut ways = Vec::new();
        let compared = planted!(LastEntryIsAny, used, used.saturating_sub(1));
        for (i, &edge) in (0_u32..).zip(targets.iter().take(compared)) {
            let target = self.entry(base, first.saturating_add(i.saturating_mul(4)))?;
            if !ways.contains(&(edge, target)) {
                ways.push((edge, target));
            }
        }
        for (edge, target) in ways {
            let Some(edge) = edges.get(planted!(EntryOfAnother, edge, 0) as usize) else {
                return refuse(Cause::Jump, "an edge that the body does not have");
            };
            let mut taken = self.core.copied(&state)?;
            planted!(TableKeepsParameters, self.core.follow(&mut taken, edge, &[])?, {
                let before = (taken.over.clone(), taken.env);
                self.core.follow(&mut taken, edge, &[])?;
                (taken.over, taken.env) = before;
            });
            self.core.settle(&mut taken)?;
            if let Err(refusal) = self.go(taken, insn.offset, target) {
                self.goes_on(refusal, insn.offset)?;
            }
        }
        Ok(())
    }
}

impl Core<'_> {
    /// The row of an instruction.
    pub(crate) fn row_at(&self, at: u32) -> Option<TrapRow> {
        let i = self.traps.binary_search_by_key(&at, |row| row.code_offset).ok()?;
        self.traps.get(i).copied()
    }

    /// The body has to stop by the trap of a row: of its kind, and by its operator.
    pub(crate) fn traps(&mut self, state: &mut State, row: TrapRow) -> Result<(), Refusal> {
        self.skip_all(state)?;
        if self.stops(state, row.kind)? {
            return self.is_named(self.stop_offset(state), row.wasm_offset);
        }
        refuse(Cause::Trap, "the body does not stop so")
    }

    /// The offset in the code that a word is the address of.
    fn offset_of(&mut self, word: Word) -> Option<u32> {
        let code = self.words.fixed(64, Fixed::Code);
        let rest = self.words.sub(word, code);
        u32::try_from(self.words.number(rest)?).ok()
    }

    /// A word that is an entry of a jump table: where offsets are counted from, and the place in
    /// the code that the entry is read from.
    fn table_entry(&mut self, word: Word) -> Option<(u32, Word)> {
        let code = self.words.fixed(64, Fixed::Code);
        let rest = self.words.sub(word, code);
        let parts = self.words.parts(rest);
        let &[(entry, 1)] = parts.atoms.as_slice() else { return None };
        let base = parts.number as u32;
        let Node { op: Head::Sext, args: [narrow, ..], .. } = self.words.get(entry) else {
            return None;
        };
        let Node { op: Head::Read, bits: 32, args: [at, ..], .. } = self.words.get(narrow) else {
            return None;
        };
        Some((base, self.words.sub(at, code)))
    }
}
