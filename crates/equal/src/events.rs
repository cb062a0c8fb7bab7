//! E1 and E7: what code does that others see, held against what the body owes next.
//!
//! Order is exact. There is no queue: an event is the next action of the body, or it is refused.
//! The one exception cannot be seen: a load of bytes that were reached before.

use crate::core_::Core;
use crate::demand::{Action, Demand, Region, overflow};
use crate::error::{Cause, Refusal, differ, refuse};
use crate::state::{Flags, State};
use crate::words::{Fixed, Word};
use alloc::vec::Vec;
use prova_check::abi::regs::{R8, RCX, RDI, RDX, RSI, RSP};
use prova_check::abi::{self, CALLEE_SAVED, Place};
use prova_check::{Ty, offsets};
use prova_ssa::{Block, Terminator};

impl Core<'_> {
    /// A load of a linear memory.
    pub(crate) fn heap_load(
        &mut self,
        state: &mut State,
        address: Word,
        bits: u8,
    ) -> Result<Word, Refusal> {
        let heap = self.maker(state).version(Region::Heap);
        if self.is_reached(state, address, bits) {
            // It is the next one, or one more.
            if self.is_owed(state, address, bits)? {
                self.skip(state)?;
            }
            return Ok(self.words.load(heap, address, bits));
        }
        while !self.is_owed(state, address, bits)? && self.skip(state)? {}
        let Some(inst) = self.next(state).filter(|_| state.entered) else {
            return refuse(Cause::Access, "a load where a block ends");
        };
        let demand = self.demand(state, inst)?;
        if let Action::Move { places, .. } = &demand.action
            && (state.passed as usize) >= demand.traps.len()
            && state.moving.is_empty()
            && self.is_in(places, address, bits)
        {
            return Ok(self.words.load(heap, address, bits));
        }
        let Action::Load { address: owed, bits: width } = demand.action else {
            return refuse(Cause::Access, "a load where the body does another thing");
        };
        if width != bits || !self.same(state, owed, address) {
            return differ(Cause::Access, "a load elsewhere", owed, address);
        }
        state.reach(address, bits);
        self.complete(state, inst, &demand.values);
        self.settle(state)?;
        // By the address that the body has, so that both have one term.
        Ok(self.words.load(heap, owed, bits))
    }

    /// Whether a load is the one that the body owes next.
    fn is_owed(&mut self, state: &State, address: Word, bits: u8) -> Result<bool, Refusal> {
        let Some(inst) = self.next(state).filter(|_| state.entered) else { return Ok(false) };
        let Action::Load { address: owed, bits: width } = self.demand(state, inst)?.action else {
            return Ok(false);
        };
        Ok(width == bits && self.same(state, owed, address))
    }

    /// A store that is not to the stack.
    pub(crate) fn store(
        &mut self,
        state: &mut State,
        address: Word,
        word: Word,
    ) -> Result<(), Refusal> {
        if let Some((owed, stored)) = state.moving.pop() {
            return self.moved(state, (owed, stored), (address, word));
        }
        self.skip_all(state)?;
        let Some(inst) = self.next(state).filter(|_| state.entered) else {
            return refuse(Cause::Access, "a store where a block ends");
        };
        let demand = self.demand(state, inst)?;
        let (region, owed, stored, last) = match &demand.action {
            &Action::Store { region, address, stored, .. } => {
                if (state.passed as usize) < demand.traps.len() {
                    return refuse(Cause::Access, "a store before a trap");
                }
                (region, address, stored, true)
            }
            Action::Perform { cells, .. } => {
                let Some(&(at, stored)) = cells.get(state.passed as usize) else {
                    return refuse(Cause::Access, "a store behind the last operand");
                };
                (Region::Cells, at, stored, false)
            }
            Action::Move { stores, .. } if (state.passed as usize) >= demand.traps.len() => {
                state.moving = stores.iter().rev().copied().collect();
                let Some(first) = state.moving.pop() else {
                    return refuse(Cause::Access, "a store of nothing");
                };
                return self.moved(state, first, (address, word));
            }
            Action::None | Action::Load { .. } | Action::Move { .. } | Action::Call { .. } => {
                return refuse(Cause::Access, "a store where the body does another thing");
            }
        };
        if !self.same(state, owed, address) {
            return differ(Cause::Access, "a store elsewhere", owed, address);
        }
        if !self.same(state, stored, word) {
            return differ(Cause::Access, "another word is stored", stored, word);
        }
        let before = self.maker(state).version(region);
        let after = self.words.store(before, owed, stored);
        if let Some(version) = state.versions.get_mut(region as usize) {
            *version = after;
        }
        if !last {
            state.passed = state.passed.saturating_add(1);
            return Ok(());
        }
        if region == Region::Heap {
            state.reach(owed, self.words.bits(stored));
        }
        self.complete(state, inst, &[]);
        self.settle(state)
    }

    /// A store of a move; behind the last one the move is over.
    fn moved(
        &mut self,
        state: &mut State,
        (owed, stored): (Word, Word),
        (address, word): (Word, Word),
    ) -> Result<(), Refusal> {
        if !self.same(state, owed, address) {
            return differ(Cause::Access, "a store elsewhere", owed, address);
        }
        if !self.same(state, stored, word) {
            return differ(Cause::Access, "another word is stored", stored, word);
        }
        let before = self.maker(state).version(Region::Heap);
        let after = self.words.store(before, owed, stored);
        if let Some(version) = state.versions.get_mut(Region::Heap as usize) {
            *version = after;
        }
        state.reach(owed, self.words.bits(stored));
        match self.next(state).filter(|_| state.moving.is_empty()) {
            Some(inst) => {
                self.complete(state, inst, &[]);
                self.settle(state)
            }
            None => Ok(()),
        }
    }

    /// Whether bytes lie in one of some places.
    pub(crate) fn is_in(&mut self, places: &[(Word, u8)], address: Word, bits: u8) -> bool {
        let bytes = u128::from(bits >> 3);
        places.iter().any(|&(at, size)| {
            let distance = self.words.sub(address, at);
            let inside = |d: u128| d.saturating_add(bytes) <= size.into();
            self.words.number(distance).is_some_and(inside)
        })
    }

    /// A division, which faults by zero and, if signed, where the quotient does not fit. What may
    /// happen has to be a trap that the body has next, of the row's kind.
    pub(crate) fn divides(
        &mut self,
        state: &mut State,
        (a, b, signed): (Word, Word, bool),
        kind: Option<u8>,
    ) -> Result<(), Refusal> {
        let zero = self.words.zero(b);
        let beyond = if signed { overflow(&mut self.words, a, b) } else { self.words.truth(false) };
        for condition in [zero, beyond] {
            if self.words.decide(&state.known, condition) == Some(false) {
                continue;
            }
            self.skip_all(state)?;
            let Some(inst) = self.next(state).filter(|_| state.entered) else {
                return refuse(Cause::Division, "where a block ends");
            };
            let demand = self.demand(state, inst)?;
            match demand.traps.get(state.passed as usize) {
                Some(&(owed, when)) if Some(owed) == kind && when == condition => {
                    state.assume(condition, false);
                }
                _ => return refuse(Cause::Division, "it may fault and the body does not trap"),
            }
            // The next condition is the body's next trap, or none.
            state.passed = state.passed.saturating_add(1);
        }
        Ok(())
    }

    /// An argument or result has to be in its place. `base` is where stack arguments begin.
    fn is_placed(
        &mut self,
        state: &State,
        ((ty, place), base): ((Ty, Place), i64),
        word: Word,
        cause: Cause,
    ) -> Result<(), Refusal> {
        let bits = self.words.bits(word);
        let found = match place {
            Place::Register(r) => state.reg(r),
            Place::Vector(r) => state.vector(r),
            Place::Stack(at) => {
                let at = base.saturating_add(i64::from(at));
                state.take(&mut self.words, at, bits)
            }
        };
        let whole = u64::from(bits) == ty.bytes().saturating_mul(8);
        let part = self.words.slice(found, 0, bits);
        if whole && self.same(state, word, part) {
            return Ok(());
        }
        differ(cause, "another word in its place", word, found)
    }

    /// Whether the arguments of a call are in their places.
    fn passes_arguments(
        &mut self,
        state: &State,
        (ty, args): (u32, &[Word]),
        base: i64,
    ) -> Result<(), Refusal> {
        let Some(signature) = self.layout.signature(ty) else {
            return refuse(Cause::Call, "a type that is no function's");
        };
        let places = abi::arguments(signature).places;
        if places.len() != args.len() {
            return refuse(Cause::Call, "another number of arguments");
        }
        for (&place, &arg) in places.iter().zip(args) {
            self.is_placed(state, (place, base), arg, Cause::Call)?;
        }
        Ok(())
    }

    /// Where the stack pointer is.
    pub(crate) fn stack_pointer(&mut self, state: &State) -> Result<i64, Refusal> {
        let stack = self.words.fixed(64, Fixed::Stack);
        let distance = self.words.sub(state.reg(RSP), stack);
        match self.words.number(distance) {
            Some(n) => Ok(n as u64 as i64),
            None => refuse(Cause::Stack, "its term has no place"),
        }
    }

    /// The height that is left for callees.
    fn left(&mut self) -> Word {
        let height = self.words.fixed(64, Fixed::Height);
        self.words.plus(height, u128::from(self.charge).wrapping_neg())
    }

    /// A call of the code that a word is.
    pub(crate) fn call(&mut self, state: &mut State, code: Word) -> Result<(), Refusal> {
        self.skip_all(state)?;
        let Some(inst) = self.next(state).filter(|_| state.entered) else {
            return refuse(Cause::Call, "a call where a block ends");
        };
        let demand = self.demand(state, inst)?;
        let sp = self.stack_pointer(state)?;
        let left = self.left();
        let owed = match demand.action {
            Action::Call { record, .. } => self.maker(state).code(record),
            Action::Perform { .. } => self.maker(state).builtin(offsets::BUILTIN_PERFORM),
            Action::None | Action::Load { .. } | Action::Store { .. } | Action::Move { .. } => {
                return refuse(Cause::Call, "a call where the body does another thing");
            }
        };
        if !self.same(state, owed, code) {
            return differ(Cause::Call, "another function", owed, code);
        }
        if !self.same(state, left, state.reg(RSI)) {
            return differ(Cause::Call, "another height", left, state.reg(RSI));
        }
        match &demand.action {
            Action::Call { record, ty, args } => {
                if (state.passed as usize) < demand.traps.len() {
                    return refuse(Cause::Call, "a call before a trap");
                }
                if !self.same(state, *record, state.reg(RDI)) {
                    return differ(Cause::Call, "another record", *record, state.reg(RDI));
                }
                self.passes_arguments(state, (*ty, args), sp)?;
                self.returned(state, inst, (*ty, sp))
            }
            Action::Perform { cells, operands } => {
                if state.passed as usize != cells.len() {
                    return refuse(Cause::Call, "a builtin before its operands");
                }
                let context = self.words.fixed(64, Fixed::Context);
                let wanted = [context].into_iter().chain(*operands);
                for (r, wanted) in [RDI, RDX, RCX, R8].into_iter().zip(wanted) {
                    if !self.same(state, wanted, state.reg(r)) {
                        return differ(Cause::Call, "another operand", wanted, state.reg(r));
                    }
                }
                self.performed(state, inst, sp)
            }
            _ => refuse(Cause::Call, "a call where the body does another thing"),
        }
    }

    /// Behind a call everything but the callee-saved registers and the frame is unknown.
    fn clobber(&mut self, state: &mut State, sp: i64) {
        for r in (0..16_u8).filter(|r| *r != RSP && !CALLEE_SAVED.contains(r)) {
            let unknown = self.words.unknown(64);
            state.set_reg(r, unknown);
        }
        for r in 0..16_u8 {
            let unknown = self.words.unknown(128);
            state.set_vector(r, unknown);
        }
        state.flags = Flags::None;
        state.stack.retain(|&at, _| at >= sp);
        let stack = self.words.fixed(64, Fixed::Stack);
        let pointer = self.words.plus(stack, i128::from(sp) as u128);
        state.set_reg(RSP, pointer);
        self.forget_regions(state);
    }

    /// Behind a call: its results are new words in their places; the callee took its arguments off.
    fn returned(
        &mut self,
        state: &mut State,
        inst: prova_ssa::Inst,
        (ty, sp): (u32, i64),
    ) -> Result<(), Refusal> {
        let Some(signature) = self.layout.signature(ty) else {
            return refuse(Cause::Call, "a type that is no function's");
        };
        let bytes = abi::arguments(signature).stack_bytes;
        let Some(places) = abi::results(signature) else {
            return refuse(Cause::Call, "results that do not fit into registers");
        };
        self.clobber(state, sp.saturating_add(i64::from(bytes)));
        let values: Vec<_> = self.body.inst(inst).results().collect();
        if values.len() != places.len() {
            return refuse(Cause::Call, "another number of results");
        }
        let mut made = Vec::new();
        for (value, (_, place)) in values.into_iter().zip(places) {
            let word = self.words.unknown(self.bits_of(value));
            self.put_result(state, place, word);
            made.push(word);
        }
        self.complete(state, inst, &made);
        self.settle(state)
    }

    fn put_result(&mut self, state: &mut State, place: Place, word: Word) {
        let bits = self.words.bits(word);
        let wide = |core: &mut Core<'_>, width: u8| {
            if bits >= width {
                return word;
            }
            let above = core.words.unknown(width.saturating_sub(bits));
            core.words.cat(above, word)
        };
        match place {
            Place::Register(r) => {
                let word = wide(self, 64);
                state.set_reg(r, word);
            }
            Place::Vector(r) => {
                let word = wide(self, 128);
                state.set_vector(r, word);
            }
            // No result lies on the stack.
            Place::Stack(_) => {}
        }
    }

    /// Behind the builtin `perform`.
    fn performed(
        &mut self,
        state: &mut State,
        inst: prova_ssa::Inst,
        sp: i64,
    ) -> Result<(), Refusal> {
        self.clobber(state, sp);
        let mut made = Vec::new();
        for value in self.body.inst(inst).results() {
            let word = self.words.unknown(self.bits_of(value));
            self.put_result(state, Place::Register(0), word);
            made.push(word);
        }
        self.complete(state, inst, &made);
        self.settle(state)
    }

    /// E7: a return.
    pub(crate) fn returns(&mut self, state: &mut State) -> Result<(), Refusal> {
        self.skip_all(state)?;
        let block = *self.body.block(Block::from_u32(state.block));
        let Terminator::Return(list) = block.terminator else {
            return refuse(Cause::End, "a return");
        };
        if !state.entered || self.next(state).is_some() {
            return refuse(Cause::End, "a return before the end");
        }
        let signature = self.layout.func_type(self.body.func().0);
        let signature = signature.and_then(|ty| self.layout.signature(ty));
        let Some(places) = signature.and_then(abi::results) else {
            return refuse(Cause::Result, "results that do not fit into registers");
        };
        let values = self.body.operands(list);
        if values.len() != places.len() {
            return refuse(Cause::Result, "another number of results");
        }
        for (&value, &place) in values.iter().zip(&places) {
            let word = self.value(state, value)?;
            self.is_placed(state, (place, 0), word, Cause::Result)?;
        }
        Ok(())
    }

    /// E7: a tail call of the code that a word is: with the height that the function was given, as
    /// its own charge is over, and the arguments behind the return address.
    pub(crate) fn tail_call(&mut self, state: &mut State, code: Word) -> Result<(), Refusal> {
        self.skip_all(state)?;
        let ready = state.entered && self.next(state).is_none();
        let owed = if ready { self.owed_at_end(state)? } else { None };
        let Some(Demand { traps, action: Action::Call { record, ty, args }, .. }) = owed else {
            return refuse(Cause::End, "a tail call");
        };
        if (state.passed as usize) < traps.len() {
            return refuse(Cause::Call, "a tail call before a trap");
        }
        let wanted = self.maker(state).code(record);
        if !self.same(state, wanted, code) {
            return differ(Cause::Call, "another function", wanted, code);
        }
        let height = self.words.fixed(64, Fixed::Height);
        for (r, wanted) in [(RDI, record), (RSI, height)] {
            if !self.same(state, wanted, state.reg(r)) {
                return differ(Cause::Call, "another record or height", wanted, state.reg(r));
            }
        }
        let sp = self.stack_pointer(state)?;
        self.passes_arguments(state, (ty, &args), sp.saturating_add(8))
    }
}
