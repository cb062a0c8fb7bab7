//! E3: how the body goes on by itself.
//!
//! The body stands *settled*: before an instruction that owes something, or at the end of a block.
//! What owes nothing is passed at once; code does nothing for it. What is known to owe nothing on
//! this way (a jump, a trap that does not happen, a branch that is decided, a load of bytes that
//! were reached before) is *skipped*, but only where something else has to be next: the same code
//! may be reached on a way on which it is not known.
//!
//! An edge gives all parameters at once the terms of the arguments before it; nothing else changes.
//! So a swap is a swap, and a constant argument is a constant behind the edge.

use crate::core_::Core;
use crate::demand::Action;
use crate::error::{Cause, Refusal, refuse};
use crate::state::State;
use crate::words::Word;
use alloc::vec::Vec;
use prova_check::traps;
use prova_ssa::{ArgKind, Block, Edge, Terminator};

/// Edges that the body takes without code, at most (E8).
const EDGES_MAX: u32 = 1_024;

impl Core<'_> {
    /// Lets the body go on as far as nothing is owed.
    ///
    /// # Errors
    /// For an operator without rule.
    pub fn settle(&mut self, state: &mut State) -> Result<(), Refusal> {
        while state.entered
            && let Some(inst) = self.next(state)
        {
            self.spend(1)?;
            if !self.passes(state, inst)? {
                break;
            }
        }
        Ok(())
    }

    /// Whether the charge of the frame does not fit (the trap of the entry).
    pub(crate) fn overflows(&mut self) -> Word {
        let height = self.words.fixed(64, crate::words::Fixed::Height);
        let charge = self.words.constant(64, self.charge.into());
        self.words.ult(height, charge)
    }

    /// Passes an instruction that owes nothing.
    fn passes(&mut self, state: &mut State, inst: prova_ssa::Inst) -> Result<bool, Refusal> {
        if self.body.inst(inst).op.effects().is_pure() {
            state.at = state.at.saturating_add(1);
            return Ok(true);
        }
        let demand = self.demand(state, inst)?;
        if demand.action != Action::None || !demand.traps.is_empty() {
            return Ok(false);
        }
        self.complete(state, inst, &demand.values);
        Ok(true)
    }

    /// Passes one thing that is known to owe nothing here.
    ///
    /// # Errors
    /// As [`Core::settle`].
    pub fn skip(&mut self, state: &mut State) -> Result<bool, Refusal> {
        self.spend(1)?;
        if !state.entered {
            let over = self.overflows();
            state.entered = self.words.decide(&state.known, over) == Some(false);
            if state.entered {
                self.settle(state)?;
            }
            return Ok(state.entered);
        }
        let Some(inst) = self.next(state) else {
            if let Some(demand) = self.owed_at_end(state)? {
                let condition = demand.traps.get(state.passed as usize).map(|&(_, when)| when);
                let passes = condition.map(|when| self.words.decide(&state.known, when))
                    == Some(Some(false));
                state.passed = state.passed.saturating_add(passes.into());
                return Ok(passes);
            }
            let Some((edge, payload)) = self.decided(state)? else { return Ok(false) };
            self.follow(state, &edge, payload)?;
            self.settle(state)?;
            return Ok(true);
        };
        let demand = self.demand(state, inst)?;
        if let Some(&(_, condition)) = demand.traps.get(state.passed as usize) {
            if self.words.decide(&state.known, condition) != Some(false) {
                return Ok(false);
            }
            state.passed = state.passed.saturating_add(1);
            state.moved = true;
        } else if demand.action == Action::None {
            // All its traps are passed.
        } else if let Action::Load { address, bits } = demand.action
            && self.is_reached(state, address, bits)
        {
            // Nobody sees whether it is done.
        } else {
            return Ok(false);
        }
        let over = demand.traps.len() <= state.passed as usize;
        if over && matches!(demand.action, Action::None | Action::Load { .. }) {
            self.complete(state, inst, &demand.values);
            self.settle(state)?;
        }
        Ok(true)
    }

    /// Whether what would be skipped next is a jump or a load.
    pub fn goes_on(&self, state: &State) -> bool {
        match self.next(state) {
            Some(inst) => matches!(
                self.body.inst(inst).op,
                prova_ssa::Op::Wasm(opcode) if opcode.class() == prova_module::ops::Class::load
            ),
            None => {
                let block = self.body.block(Block::from_u32(state.block));
                matches!(block.terminator, Terminator::Jump(_))
            }
        }
    }

    /// Passes all such things that are next.
    pub(crate) fn skip_all(&mut self, state: &mut State) -> Result<(), Refusal> {
        for _ in 0..EDGES_MAX {
            if !self.skip(state)? {
                return Ok(());
            }
        }
        refuse(Cause::Cycle, "the body goes on without code")
    }

    /// An instruction is over; its values are these. What is computed is not made, see
    /// [`Core::is_computed`].
    pub(crate) fn complete(&mut self, state: &mut State, inst: prova_ssa::Inst, values: &[Word]) {
        for (value, &word) in self.body.inst(inst).results().zip(values) {
            if !self.is_computed(value) {
                self.make(state, value, word);
            }
        }
        (state.at, state.passed) = (state.at.saturating_add(1), 0);
        state.moved = true;
    }

    /// Whether an access of these bytes was made before: memories never shrink, so it does not
    /// fault.
    pub(crate) fn is_reached(&mut self, state: &State, address: Word, bits: u8) -> bool {
        self.is_in(&state.reached, address, bits)
    }

    /// The edge that a block takes, if that is decided, and the edge's payload.
    fn decided(&mut self, state: &State) -> Result<Option<(Edge, Option<Word>)>, Refusal> {
        let block = *self.body.block(Block::from_u32(state.block));
        Ok(match block.terminator {
            Terminator::Jump(edge) => Some((edge, None)),
            Terminator::Branch { condition, then, otherwise } => {
                let value = self.value(state, condition)?;
                let holds = self.words.nonzero(value);
                let decided = self.words.decide(&state.known, holds);
                decided.map(|holds| (if holds { then } else { otherwise }, None))
            }
            Terminator::Null { reference, null, non_null } => {
                let value = self.value(state, reference)?;
                let zero = self.words.zero(value);
                let decided = self.words.decide(&state.known, zero);
                decided.map(|zero| if zero { (null, None) } else { (non_null, Some(value)) })
            }
            Terminator::Table { index, edges, targets } => {
                let (edges, targets) = (self.body.edges(edges), self.body.targets(targets));
                let value = self.value(state, index)?;
                let count = targets.len().saturating_sub(1) as u128;
                let bound = self.words.constant(32, count);
                let below = self.words.ult(value, bound);
                let at = match (self.words.number(value), self.words.decide(&state.known, below)) {
                    (Some(n), _) => Some(n.min(count)),
                    (None, Some(false)) => Some(count),
                    (None, _) => None,
                };
                let target = at.and_then(|at| targets.get(usize::try_from(at).ok()?));
                target.and_then(|&at| edges.get(at as usize)).map(|&edge| (edge, None))
            }
            Terminator::Invoke { .. }
            | Terminator::Throw { .. }
            | Terminator::Catch { .. }
            | Terminator::Return(_)
            | Terminator::TailCall(_)
            | Terminator::Unreachable => None,
        })
    }

    /// E3: takes an edge.
    pub(crate) fn follow(
        &mut self,
        state: &mut State,
        edge: &Edge,
        payload: Option<Word>,
    ) -> Result<(), Refusal> {
        let mut words = Vec::new();
        for arg in self.body.args(edge) {
            words.push(match (arg.kind(), payload) {
                (ArgKind::Value(value), _) => self.value(state, value)?,
                (ArgKind::Payload(0), Some(word)) => word,
                (ArgKind::Payload(_), _) => return refuse(Cause::Operator, "a payload"),
            });
        }
        for (param, word) in self.body.block(edge.block).params().zip(words) {
            self.make(state, param, word);
        }
        (state.block, state.at, state.passed) = (edge.block.as_u32(), 0, 0);
        state.moved = true;
        Ok(())
    }

    /// Whether the body stops here for sure, by a trap of a kind.
    pub(crate) fn stops(&mut self, state: &State, kind: u8) -> Result<bool, Refusal> {
        if !state.entered {
            let over = self.overflows();
            let sure = self.words.decide(&state.known, over) == Some(true);
            return Ok(sure && kind == traps::STACK_OVERFLOW);
        }
        let demand = match self.next(state) {
            Some(inst) => Some(self.demand(state, inst)?),
            None => self.owed_at_end(state)?,
        };
        if let Some(demand) = demand {
            let Some(&(owed, condition)) = demand.traps.get(state.passed as usize) else {
                return Ok(false);
            };
            let sure = self.words.decide(&state.known, condition) == Some(true);
            return Ok(sure && owed == kind);
        }
        let block = self.body.block(Block::from_u32(state.block));
        Ok(block.terminator == Terminator::Unreachable && kind == traps::UNREACHABLE)
    }
}
