//! E3: how the body goes on by itself.
//!
//! The body stands *settled*: before an instruction that owes something, or before an end that is
//! not decided. Operators without effects, traps that are known not to happen, and edges that what is
//! known decides, are passed at once; code does nothing for them. A load of bytes that were reached
//! before cannot be seen, so code may leave it out: it is passed where something else is next.
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
    /// Lets the body go on as far as nothing is owed and everything is decided.
    ///
    /// # Errors
    /// For an operator without rule, or a body that goes on without end.
    pub fn settle(&mut self, state: &mut State) -> Result<(), Refusal> {
        let mut edges = 0_u32;
        loop {
            self.spend(1)?;
            if !state.entered {
                let over = self.overflows();
                if self.words.decide(&state.known, over) != Some(false) {
                    return Ok(());
                }
                state.entered = true;
            }
            if let Some(inst) = self.next(state) {
                if !self.passes(state, inst)? {
                    return Ok(());
                }
                continue;
            }
            let Some((edge, payload)) = self.decided(state)? else { return Ok(()) };
            edges = edges.saturating_add(1);
            if edges > EDGES_MAX {
                return refuse(Cause::Cycle, "the body goes on without code");
            }
            self.follow(state, &edge, payload)?;
        }
    }

    /// Whether the charge of the frame does not fit (the trap of the entry).
    pub(crate) fn overflows(&mut self) -> Word {
        let height = self.words.fixed(64, crate::words::Fixed::Height);
        let charge = self.words.constant(64, self.charge.into());
        self.words.ult(height, charge)
    }

    /// Passes an instruction, if nothing is owed for it any more.
    fn passes(&mut self, state: &mut State, inst: prova_ssa::Inst) -> Result<bool, Refusal> {
        if self.body.inst(inst).op.effects().is_pure() {
            state.at = state.at.saturating_add(1);
            return Ok(true);
        }
        let demand = self.demand(state, inst)?;
        while let Some(&(_, condition)) = demand.traps.get(state.passed as usize) {
            if self.words.decide(&state.known, condition) != Some(false) {
                return Ok(false);
            }
            state.passed = state.passed.saturating_add(1);
        }
        if demand.action != Action::None {
            return Ok(false);
        }
        self.complete(state, inst, &demand.values);
        Ok(true)
    }

    /// Passes a load that code may leave out: its bytes were reached before, and nobody sees it.
    /// Code may also do it, so it is passed only where something else has to be next.
    pub(crate) fn skip(&mut self, state: &mut State) -> Result<bool, Refusal> {
        let Some(inst) = self.next(state).filter(|_| state.entered) else { return Ok(false) };
        if self.body.inst(inst).op.effects().is_pure() {
            return Ok(false);
        }
        let demand = self.demand(state, inst)?;
        match demand.action {
            Action::Load { address, bits } if self.is_reached(state, address, bits) => {}
            _ => return Ok(false),
        }
        self.complete(state, inst, &demand.values);
        self.settle(state)?;
        Ok(true)
    }

    /// Passes all such loads that are next.
    pub(crate) fn skip_all(&mut self, state: &mut State) -> Result<(), Refusal> {
        while self.skip(state)? {}
        Ok(())
    }

    /// An instruction is over; its values are these.
    pub(crate) fn complete(&mut self, state: &mut State, inst: prova_ssa::Inst, values: &[Word]) {
        for (value, &word) in self.body.inst(inst).results().zip(values) {
            self.make(state, value, word);
        }
        (state.at, state.passed) = (state.at.saturating_add(1), 0);
        state.moved = true;
    }

    /// Whether an access of these bytes was made before: memories never shrink, so it does not
    /// fault.
    pub(crate) fn is_reached(&mut self, state: &State, address: Word, bits: u8) -> bool {
        let bytes = bits >> 3;
        state.reached.iter().any(|&(at, size)| {
            let distance = self.words.sub(address, at);
            let inside = |d: u128| d.saturating_add(bytes.into()) <= size.into();
            self.words.number(distance).is_some_and(inside)
        })
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
        if let Some(inst) = self.next(state) {
            let demand = self.demand(state, inst)?;
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
