//! Objects: bytes that code may read of them, and the question whether a reference is of a type.
//!
//! A read of an object is no action: it does not fault where the body knows that there is one
//! (`demand::aggregate`, O1), so code may do it, repeat it, or leave it out. The bytes that code
//! reads have to be such as the operator that is next, or one before it, is known to reach; or lie
//! in the first page of the heap, which is always there. Behind a call no object is known to be
//! there.
//!
//! A question is answered by the code (a way to an answer is known to be right) or by the store.
//! The answer is a hidden value of the body, which each question makes again.

use crate::core_::Core;
use crate::demand::{Action, Debt, Demand, Look, Region};
use crate::error::{Cause, Refusal, differ, refuse};
use crate::state::State;
use crate::versions::Target;
use crate::words::{Fixed, Word};
use prova_check::abi::regs::{R8, RCX, RDI, RDX};
use prova_check::offsets;
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_module::slots::PAGE_BYTES;
use prova_ssa::{Block, Op, Terminator};

/// Steps of the body before a read, at most.
const STEPS_MAX: u32 = 256;

impl Core<'_> {
    /// Whether all of some conditions are known to hold.
    fn all_hold(&mut self, state: &State, conditions: &[Word]) -> bool {
        conditions.iter().all(|&condition| {
            self.words.decide(&state.known, condition) == planted!(LookAtAnything, Some(true), None)
        })
    }

    /// The bytes that an operator reaches are there from here on, as long as nothing is called.
    pub(crate) fn look_at(&mut self, state: &mut State, looks: &[Look]) {
        for look in looks {
            if planted!(LooksAnyhow, self.all_hold(state, &look.when), true) {
                let bytes = planted!(LooksFurther, look.bytes, look.bytes << 1);
                state.reach(look.address, bytes.saturating_mul(8));
            }
        }
    }

    /// A read of the heap of objects.
    pub(crate) fn object_load(
        &mut self,
        state: &mut State,
        address: Word,
        bits: u8,
    ) -> Result<Word, Refusal> {
        for _ in 0..STEPS_MAX {
            if self.may_read(state, address, bits)? {
                let version = self.maker(state).version(Region::Object);
                return Ok(self.words.load(version, address, bits));
            }
            if let Some(word) = self.reads_instead(state, address, bits)? {
                return Ok(word);
            }
            if !self.skip(state)? {
                break;
            }
        }
        Err(Refusal {
            cause: Cause::Access,
            what: "a read where no object need be",
            demanded: None,
            found: Some(address),
        })
    }

    fn may_read(&mut self, state: &State, address: Word, bits: u8) -> Result<bool, Refusal> {
        if self.is_reached(state, address, bits) || self.is_in_first_page(state, address, bits) {
            return Ok(true);
        }
        let Some(demand) = self.owed(state)? else { return Ok(false) };
        for look in &demand.looks {
            let inside = self.is_in(&[(look.address, look.bytes)], address, bits);
            if planted!(LooksBeside, inside, true) && self.all_hold(state, &look.when) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_in_first_page(&mut self, state: &State, address: Word, bits: u8) -> bool {
        let Some(heap) = self.layout.heap() else { return false };
        let at = self.layout.memory_base(heap);
        let base = self.maker(state).context_word(at);
        let distance = self.words.sub(address, base);
        let end = |d: u128| d.saturating_add(u128::from(bits >> 3));
        let inside = |d| planted!(PageIsLarger, end(d) <= PAGE_BYTES.into(), d < PAGE_BYTES.into());
        self.words.number(distance).is_some_and(inside)
    }

    /// A function is read where it lies: the operator that the store would perform is over.
    fn reads_instead(
        &mut self,
        state: &mut State,
        address: Word,
        bits: u8,
    ) -> Result<Option<Word>, Refusal> {
        let Some(inst) = self.next(state).filter(|_| state.entered) else { return Ok(None) };
        let demand = self.demand(state, inst)?;
        let Some((owed, before)) = &demand.instead else { return Ok(None) };
        let owed = *owed;
        if planted!(FunctionOfAnyWidth, bits != 32, false)
            || planted!(FunctionElsewhere, !self.same(state, owed, address), false)
        {
            return Ok(None);
        }
        let open = self.unpassed(state, &before.debts).is_some();
        if state.passed > 0 || planted!(FunctionUntested, open, false) {
            return Ok(None);
        }
        self.look_at(state, &before.looks);
        state.reach(owed, bits);
        let version = self.maker(state).version(Region::Object);
        let word = self.words.load(version, owed, bits);
        let value = self.words.zext(word, 64);
        // O4 of `demand::aggregate`.
        let count = self.maker(state).func_count();
        let beyond = self.words.ult(count, value);
        self.assume(state, beyond, false);
        self.complete(state, inst, &[value]);
        self.settle(state)?;
        Ok(Some(word))
    }

    /// Whether what is known gives the answer to the question that is next; it is answered then.
    pub(crate) fn is_answered(
        &mut self,
        state: &mut State,
        demand: &Demand,
    ) -> Result<bool, Refusal> {
        for answer in &demand.answers {
            self.spend(1)?;
            if self.all_hold(state, &answer.when) {
                self.look_at(state, &demand.looks);
                self.answers(state, answer.word);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn answers(&mut self, state: &mut State, word: Word) {
        self.make(state, self.tested(), word);
        state.passed = state.passed.saturating_add(1);
        state.moved = true;
    }

    /// A store for the question that is next: the reference, to the first cell.
    pub(crate) fn asks_of(
        &mut self,
        state: &mut State,
        demand: &Demand,
        (address, word): (Word, Word),
    ) -> Result<(), Refusal> {
        let Some((reference, _)) = demand.asked else {
            return refuse(Cause::Access, "a store before a question");
        };
        let cell = self.maker(state).cells();
        if self.target(address) != Some(Target::In(Region::Cells)) {
            return refuse(Cause::Access, "a store before a question");
        }
        self.is_stored((state, Region::Cells), (cell, reference), (address, word))
    }

    /// A call for the question that is next: the store says the answer.
    pub(crate) fn is_asked(
        &mut self,
        state: &mut State,
        (demand, code): (&Demand, Word),
    ) -> Result<(), Refusal> {
        let Some((reference, ty)) = demand.asked else {
            return refuse(Cause::Call, "a call before a question");
        };
        let owed = self.maker(state).builtin(offsets::BUILTIN_PERFORM);
        if !self.same(state, owed, code) {
            return differ(Cause::Call, "another function", owed, code);
        }
        let (cell, version) = (self.maker(state).cells(), Region::Cells);
        let version = self.maker(state).version(version);
        let asked = self.words.load(version, cell, 64);
        if !planted!(AskedOfAnother, self.same(state, reference, asked), true) {
            return differ(Cause::Call, "a question of another reference", reference, asked);
        }
        let context = self.words.fixed(64, Fixed::Context);
        let test = planted!(AskedAnother, Opcode::RefTestNullable, Opcode::RefTestNonNull) as u32;
        let third = planted!(AskedThird, 0, 1);
        let numbers = [test, planted!(AskedForAny, ty, 0), third];
        let numbers = numbers.map(|n| self.words.constant(64, n.into()));
        let wanted = [context].into_iter().chain(numbers);
        for (r, wanted) in [RDI, RDX, RCX, R8].into_iter().zip(wanted) {
            if !self.same(state, wanted, state.reg(r)) {
                return differ(Cause::Call, "another operand", wanted, state.reg(r));
            }
        }
        Ok(())
    }

    /// The store has said the answer to the question that is next.
    pub(crate) fn is_told(&mut self, state: &mut State) -> Result<(), Refusal> {
        let word = self.maker(state).read_cell(0, 32);
        self.answers(state, word);
        match self.next(state) {
            Some(inst) => self.skipped(state, inst).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Whether the body stands behind a question whose answer it needs.
    pub fn has_answer(&self, state: &State) -> bool {
        let class = |op| matches!(op, Op::Wasm(opcode) if opcode.class() == Class::aggregate);
        state.passed > 0
            && match self.next(state) {
                Some(inst) => class(self.body.inst(inst).op),
                None => {
                    let block = self.body.block(Block::from_u32(state.block));
                    matches!(block.terminator, Terminator::Cast { .. })
                }
            }
    }

    /// Whether the body stands behind a question that what was known has answered.
    pub fn is_answer_known(&mut self, state: &State) -> bool {
        self.has_answer(state)
            && self.owed(state).is_ok_and(|owed| {
                let answers = owed.iter().flat_map(|demand| &demand.answers);
                answers.into_iter().any(|answer| !answer.when.is_empty())
            })
    }

    /// Whether the question that is next is open, of the demand that is owed.
    pub(crate) fn is_open(state: &State, demand: &Demand) -> bool {
        demand.debts.get(state.passed as usize) == Some(&Debt::Test)
            && demand.action == Action::None
    }
}
