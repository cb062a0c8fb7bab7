//! E3: how the body goes on by itself.
//!
//! The body stands *settled*: before an instruction that owes something, or at the end of a block.
//! What owes nothing is passed at once; code does nothing for it. What is known to owe nothing on
//! this way (a jump, a trap that does not happen, a branch that is decided, a load of bytes that
//! were reached before, a store there of the word that they hold) is *skipped*, but only where
//! something else has to be next: the same code may be reached on a way on which it is not known.
//!
//! An edge gives all parameters at once the terms of the arguments before it; nothing else changes.
//! So a swap is a swap, and a constant argument is a constant behind the edge.

use crate::core_::Core;
use crate::demand::{Action, Debt};
use crate::error::{Cause, Refusal, refuse};
use crate::state::State;
use crate::words::Word;
use alloc::vec::Vec;
use prova_check::traps;
use prova_module::ops::Class;
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
        let charge = planted!(ChargeIsMore, self.charge, self.charge.saturating_add(8));
        let charge = self.words.constant(64, charge.into());
        self.words.ult(height, charge)
    }

    /// Passes an instruction that owes nothing.
    fn passes(&mut self, state: &mut State, inst: prova_ssa::Inst) -> Result<bool, Refusal> {
        if self.body.inst(inst).op.effects().is_pure() {
            state.at = state.at.saturating_add(1);
            return Ok(true);
        }
        let demand = self.demand(state, inst)?;
        let waits = demand.action != Action::None || !demand.debts.is_empty();
        // Code may read an object on the way.
        if waits || !demand.looks.is_empty() {
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
        if planted!(CallBetweenStores, !state.moving.is_empty(), false) {
            return Ok(false);
        }
        if !state.entered {
            let over = self.overflows();
            state.entered =
                planted!(EntryIsPassed, self.words.decide(&state.known, over) == Some(false), true);
            if state.entered {
                self.settle(state)?;
            }
            return Ok(state.entered);
        }
        let Some(inst) = self.next(state) else { return self.skip_end(state) };
        let demand = self.demand(state, inst)?;
        // Nobody sees whether such a thing is done.
        let silent = match &demand.action {
            Action::None => true,
            &Action::Load { address, bits } => {
                planted!(LoadIsSilent, self.is_reached(state, address, bits), true)
            }
            action @ Action::Store { .. } => {
                planted!(StoreIsSilent, self.is_there(state, action), true)
            }
            _ => planted!(ActionIsSilent, false, true),
        };
        if let Some(&debt) = demand.debts.get(state.passed as usize) {
            if debt == Debt::Test && !self.is_answered(state, &demand)? {
                return Ok(false);
            }
            if debt == Debt::Test {
                return self.skipped(state, inst);
            }
            let passes = self.stops_by(state, debt) == planted!(TrapIsPassed, Some(false), None);
            if !passes {
                return Ok(false);
            }
            state.passed = state.passed.saturating_add(planted!(TwoTrapsPassed, 1, 2));
            state.lent = matches!(demand.action, Action::Make { .. });
            state.moved = true;
            // The store behind its test may be what the code does next.
            if matches!(demand.action, Action::Store { .. }) {
                return Ok(true);
            }
        } else if !silent {
            return Ok(false);
        }
        if demand.debts.len() <= state.passed as usize && silent {
            self.look_at(state, &demand.looks);
            self.complete(state, inst, &demand.values);
            self.settle(state)?;
        }
        Ok(true)
    }

    /// Passes what is known to owe nothing at the end of a block.
    fn skip_end(&mut self, state: &mut State) -> Result<bool, Refusal> {
        if let Some(demand) = self.owed_at_end(state)? {
            let debt = demand.debts.get(state.passed as usize).copied();
            if debt == Some(Debt::Test) {
                return self.is_answered(state, &demand);
            }
            let asked = demand.asked.is_some() && debt.is_none();
            if !asked {
                let passes = debt.map(|debt| self.stops_by(state, debt)) == Some(Some(false));
                state.passed = state.passed.saturating_add(passes.into());
                return Ok(passes);
            }
        }
        let Some((edge, payload)) = self.decided(state)? else { return self.meet(state) };
        self.follow(state, &edge, payload.as_slice())?;
        self.settle(state)?;
        Ok(true)
    }

    /// A question of an instruction is answered; if it owes nothing more, it is over.
    pub(crate) fn skipped(
        &mut self,
        state: &mut State,
        inst: prova_ssa::Inst,
    ) -> Result<bool, Refusal> {
        let demand = self.demand(state, inst)?;
        if demand.debts.len() <= state.passed as usize && demand.action == Action::None {
            self.look_at(state, &demand.looks);
            self.complete(state, inst, &demand.values);
            self.settle(state)?;
        }
        Ok(true)
    }

    /// Whether what would be skipped next is a jump, a load, or the test before a store or in an
    /// operator that may trap.
    pub fn goes_on(&self, state: &State) -> bool {
        match self.next(state) {
            Some(inst) => matches!(
                self.body.inst(inst).op,
                prova_ssa::Op::Wasm(opcode)
                    if matches!(
                        opcode.class(),
                        Class::load | Class::store | Class::trap | Class::aggregate
                    )
            ),
            None => {
                let block = self.body.block(Block::from_u32(state.block));
                matches!(block.terminator, Terminator::Jump(_))
            }
        }
    }

    /// Whether an action stores a word that is there, to bytes that cannot fault.
    fn is_there(&mut self, state: &State, action: &Action) -> bool {
        let &Action::Store { region, address, stored, faults } = action else { return false };
        let bits = self.words.bits(stored);
        if faults && !self.is_reached(state, address, bits) {
            return false;
        }
        let version = self.maker(state).version(region);
        let found = self.words.load(version, address, bits);
        let [found, stored] = planted!(
            HalfIsThere,
            [found, stored],
            [found, stored].map(|word| self.words.slice(word, 0, bits.min(32)))
        );
        planted!(AnotherIsThere, self.same(state, found, stored), true)
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
        (state.at, state.passed) = (
            state.at.saturating_add(planted!(OperatorPassedOver, 1, 2)),
            planted!(PassedStays, 0, state.passed),
        );
        state.lent = false;
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
                let holds = planted!(
                    LowBitDecides,
                    self.words.nonzero(value),
                    self.words.slice(value, 0, 1)
                );
                let decided =
                    planted!(BranchAtWill, self.words.decide(&state.known, holds), Some(true));
                decided.map(|holds| {
                    let taken = planted!(BranchTurned, holds, !holds);
                    (if taken { then } else { otherwise }, None)
                })
            }
            Terminator::Null { reference, null, non_null } => {
                let value = self.value(state, reference)?;
                let zero = self.words.zero(value);
                let decided =
                    planted!(NullAtWill, self.words.decide(&state.known, zero), Some(false));
                decided.map(|zero| {
                    if planted!(NullTurned, zero, !zero) {
                        (null, None)
                    } else {
                        (non_null, Some(value))
                    }
                })
            }
            Terminator::Cast { reference, fits, otherwise, .. } => {
                let value = self.value(state, reference)?;
                let tested = self.maker(state).tested;
                let is = self.words.nonzero(tested);
                let asked = state.passed > 0;
                let decided = self.words.decide(&state.known, is).filter(|_| asked);
                decided.map(|is| (if is { fits } else { otherwise }, Some(value)))
            }
            Terminator::Table { index, edges, targets } => {
                let (edges, targets) = (self.body.edges(edges), self.body.targets(targets));
                let value = self.value(state, index)?;
                let count = targets.len().saturating_sub(1) as u128;
                let bound = self.words.constant(32, count);
                let below = self.words.ult(value, bound);
                let at = match (self.words.number(value), self.words.decide(&state.known, below)) {
                    (Some(n), _) => Some(n.min(count)),
                    (None, Some(false)) => Some(planted!(DefaultIsFirst, count, 0)),
                    (None, _) => planted!(EntryAtWill, None, Some(0)),
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
        payloads: &[Word],
    ) -> Result<(), Refusal> {
        let mut words = Vec::new();
        for (arg, param) in self.body.args(edge).iter().zip(self.body.block(edge.block).params()) {
            let word = match arg.kind() {
                ArgKind::Value(value) => self.value(state, value)?,
                ArgKind::Payload(number) => {
                    match planted!(PayloadIsFirst, payloads.get(number as usize), payloads.first())
                    {
                        Some(&word) => word,
                        None => return refuse(Cause::Operator, "a payload"),
                    }
                }
            };
            words.push((param, word));
            if planted!(ParametersInTurn, false, true) {
                self.make(state, param, word);
            }
        }
        for (param, word) in words {
            if planted!(ParameterStays, true, state.block != edge.block.as_u32()) {
                self.make(state, param, word);
            }
        }
        (state.block, state.at, state.passed) =
            (edge.block.as_u32(), planted!(BeginPassedOver, 0, state.at), 0);
        state.moved = true;
        Ok(())
    }

    /// Whether the body stops here for sure, by a trap of a kind.
    pub(crate) fn stops(&mut self, state: &State, kind: u8) -> Result<bool, Refusal> {
        if !state.entered {
            let over = self.overflows();
            let sure =
                planted!(EntryMayStop, self.words.decide(&state.known, over) == Some(true), true);
            return Ok(sure && planted!(EntryOfAnyKind, kind == traps::STACK_OVERFLOW, true));
        }
        if let Some(demand) = self.owed(state)? {
            let debt = match (demand.debts.get(state.passed as usize), &demand.instead) {
                (Some(&debt), _) => planted!(
                    LaterTrap,
                    debt,
                    demand
                        .debts
                        .iter()
                        .copied()
                        .find(|debt| debt.trap().is_some_and(|(of, _)| of == kind))
                        .unwrap_or(debt)
                ),
                (None, Some((_, before))) => match self.unpassed(state, &before.debts) {
                    Some(debt) => debt,
                    None => return Ok(false),
                },
                (None, None) => return Ok(false),
            };
            let Some((owed, _)) = debt.trap() else {
                return Ok(planted!(PollIsAnyTrap, false, true));
            };
            let found = planted!(TrapOfAnyKind, owed == kind, true);
            let same = planted!(
                NullsAreAlike,
                found,
                found || (owed, kind) == (traps::UNINITIALIZED_ELEMENT, traps::NULL_REFERENCE)
            );
            let stops = self.stops_by(state, debt);
            return Ok(same && planted!(TrapMayHappen, stops == Some(true), stops != Some(false)));
        }
        let block = self.body.block(Block::from_u32(state.block));
        Ok(self.next(state).is_none()
            && planted!(AnyEndIsUnreachable, block.terminator == Terminator::Unreachable, true)
            && planted!(
                kind == traps::UNREACHABLE;
                UnreachableOfAnyKind: true,
                UnreachableOverflows: matches!(kind, traps::UNREACHABLE | traps::STACK_OVERFLOW)
            ))
    }

    /// The first debt that is not known to be passed.
    pub(crate) fn unpassed(&mut self, state: &State, debts: &[Debt]) -> Option<Debt> {
        debts.iter().copied().find(|&debt| self.stops_by(state, debt) != Some(false))
    }

    /// Whether a debt is a trap that stops the body, if that is known.
    pub(crate) fn stops_by(&mut self, state: &State, debt: Debt) -> Option<bool> {
        let (_, when) = debt.trap()?;
        if let Some(holds) = self.words.decide(&state.known, when) {
            return Some(holds);
        }
        match debt {
            Debt::Beyond { bytes, .. } => self.is_beyond(state, bytes),
            Debt::Trap { .. } | Debt::Epoch | Debt::Test | Debt::Pay(_) => None,
        }
    }
}
