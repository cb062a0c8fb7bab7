//! E1: accesses and divisions, held against what the body owes next.
//!
//! Order is exact. There is no queue: an event is the next action of the body, or it is refused.
//! Two exceptions cannot be seen: a load of bytes that were reached before, and a store there of
//! the word that they hold, may be left out.

use crate::core_::Core;
use crate::demand::{Action, Debt, Region, overflow};
use crate::error::{Cause, Refusal, differ, refuse};
use crate::state::State;
use crate::versions::Target;
use crate::words::{Fixed, Word};
use prova_check::TrapRow;
use prova_check::abi::regs::RSP;

impl Core<'_> {
    /// A load of a linear memory.
    pub(crate) fn heap_load(
        &mut self,
        state: &mut State,
        address: Word,
        bits: u8,
    ) -> Result<Word, Refusal> {
        let heap = self.maker(state).version(Region::Heap);
        // What has no row does not fault (P11).
        let Some(row) = self.row_at(self.here.0) else {
            return Ok(self.words.load(heap, address, bits));
        };
        // Reached bytes do not fault, so no trap is at stake: the load is the next one of the body,
        // if `skip` finds that its trap does not happen (with an index of 64 bits another access
        // may have reached the same bytes without a carry), or it is one more.
        if self.is_reached(state, address, bits) {
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
            && (state.passed as usize) >= demand.debts.len()
            && state.moving.is_empty()
            && self.is_in(places, address, bits)
        {
            return Ok(self.words.load(heap, address, bits));
        }
        let &Action::Load { address: owed, bits: width } = &demand.action else {
            return refuse(Cause::Access, "a load where the body does another thing");
        };
        let there = planted!(LoadElsewhere, self.same(state, owed, address), true);
        if planted!(LoadOfAnyWidth, width != bits, false) || !there {
            return differ(Cause::Access, "a load elsewhere", owed, address);
        }
        // The row makes the fault the trap if the access faults wherever the operator traps: always
        // for indices of 32 bits, without a carry for those of 64 bits (`bounds`).
        let unpassed =
            self.unpassed(state, demand.debts.get(state.passed as usize..).unwrap_or(&[]));
        if planted!(LoadBeforeTrap, unpassed.is_some(), false) {
            return refuse(Cause::Access, "a load before a trap");
        }
        self.is_named(self.body.inst(inst).offset, row.wasm_offset)?;
        state.reach(address, bits);
        self.complete(state, inst, &demand.values);
        self.settle(state)?;
        // By the address that the body has, so that both have one term.
        Ok(self.words.load(heap, owed, bits))
    }

    /// Whether a load is the one that the body owes next, by its address alone: its traps are
    /// asked for where it counts, in `heap_load` and `skip`.
    fn is_owed(&mut self, state: &State, address: Word, bits: u8) -> Result<bool, Refusal> {
        let Some(inst) = self.next(state).filter(|_| state.entered) else { return Ok(false) };
        let demand = self.demand(state, inst)?;
        let &Action::Load { address: owed, bits: width } = &demand.action else {
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
        if let Some(owed) = state.moving.pop() {
            return self.moved(state, owed, (address, word));
        }
        // A store of a word that is there may be this one.
        while !self.is_owed_store(state, address)? && self.skip(state)? {}
        let Some(demand) = self.owed(state)? else {
            return refuse(Cause::Access, "a store where a block ends");
        };
        let passed = state.passed as usize;
        match demand.debts.get(passed) {
            Some(&Debt::Pay(paid)) => {
                let last = demand.debts.len() == passed.saturating_add(1);
                let over = last && planted!(PaidIsOver, demand.action == Action::None, true);
                return self.pays(state, (paid, over), (address, word));
            }
            Some(Debt::Test) => return self.asks_of(state, &demand, (address, word)),
            Some(_) if planted!(StoreBeforeTrap, true, false) => {
                return refuse(Cause::Access, "a store before a trap");
            }
            Some(_) | None => {}
        }
        let (region, owed, stored) = match &demand.action {
            &Action::Store { region, address, stored, .. } => (region, address, stored),
            Action::Perform { cells, .. } | Action::Leave { cells } => {
                let cell = planted!(OneCellForAll, passed.saturating_sub(demand.debts.len()), 0);
                let Some(&(at, stored)) = cells.get(cell) else {
                    return refuse(Cause::Access, "a store behind the last operand");
                };
                (Region::Cells, at, stored)
            }
            Action::Move { stores, .. } => {
                let stores = stores.iter().map(|&(at, word)| {
                    (planted!(CopyKeepsRegion, Region::Heap, Region::Table), at, word)
                });
                state.moving = stores.rev().collect();
                let Some(first) = state.moving.pop() else {
                    return refuse(Cause::Access, "a store of nothing");
                };
                return self.moved(state, first, (address, word));
            }
            Action::Make { stores } => {
                let stores = stores.iter().map(|&(at, word)| (Region::Object, at, word));
                state.moving = stores.rev().collect();
                state.making = demand.values.first().copied();
                let Some(first) = state.moving.pop() else {
                    return refuse(Cause::Access, "a store of nothing");
                };
                return self.moved(state, first, (address, word));
            }
            Action::None | Action::Load { .. } | Action::Call { .. } => {
                return refuse(Cause::Access, "a store where the body does another thing");
            }
        };
        self.is_stored((state, region), (owed, stored), (address, word))?;
        if planted!(FirstCellIsAll, demand.action.cells().is_some(), false) {
            state.passed = state.passed.saturating_add(1);
            return Ok(());
        }
        self.look_at(state, &demand.looks);
        self.over(state)
    }

    /// Whether a store there is what the body owes next.
    fn is_owed_store(&mut self, state: &State, address: Word) -> Result<bool, Refusal> {
        let Some(demand) = self.owed(state)? else { return Ok(false) };
        let &Action::Store { address: owed, .. } = &demand.action else { return Ok(false) };
        Ok(state.passed as usize >= demand.debts.len() && self.same(state, owed, address))
    }

    /// A store is the one that is owed; the region holds it then.
    pub(crate) fn is_stored(
        &mut self,
        (state, region): (&mut State, Region),
        (owed, stored): (Word, Word),
        (address, word): (Word, Word),
    ) -> Result<(), Refusal> {
        if !planted!(StoreElsewhere, self.same(state, owed, address), true) {
            return differ(Cause::Access, "a store elsewhere", owed, address);
        }
        if !planted!(StoreOfAnything, self.same(state, stored, word), true) {
            return differ(Cause::Access, "another word is stored", stored, word);
        }
        if region == Region::Heap {
            let bits = self.words.bits(stored);
            // Of bytes that were reached before, nobody sees what the row says.
            if let Some(row) = self.row_at(self.here.0)
                && !self.is_reached(state, owed, bits)
            {
                self.is_named(self.wasm_offset(state), row.wasm_offset)?;
            }
            state.reach(owed, bits);
        }
        if region == Region::Object {
            state.reach(owed, self.words.bits(stored));
        }
        let before = self.maker(state).version(region);
        let after = self.words.store(before, owed, stored);
        if let Some(version) = state.versions.get_mut(region as usize) {
            *version = planted!(StoreKeepsRegion, after, before);
        }
        Ok(())
    }

    /// The instruction of the body is over, and gives nothing.
    fn over(&mut self, state: &mut State) -> Result<(), Refusal> {
        match self.next(state) {
            Some(inst) => {
                let made = state.making.take();
                self.complete(state, inst, made.as_slice());
                self.settle(state)
            }
            None => refuse(Cause::Access, "a store where a block ends"),
        }
    }

    /// A store of the word for the fuel; behind a charge nothing more is owed.
    fn pays(
        &mut self,
        state: &mut State,
        (paid, over): (Word, bool),
        (address, word): (Word, Word),
    ) -> Result<(), Refusal> {
        if planted!(PaysAnywhere, self.target(address) != Some(Target::Fuel), false) {
            return refuse(Cause::Access, "a store before a charge");
        }
        if planted!(PaysAnything, !self.same(state, paid, word), false) {
            return differ(Cause::Access, "another charge", paid, word);
        }
        if planted!(PaidIsNotTaken, true, false) {
            self.make(state, self.fuel(), paid);
        }
        state.passed = state.passed.saturating_add(1);
        if over { self.over(state) } else { Ok(()) }
    }

    /// A read of the epoch, which is another word each time.
    pub(crate) fn polls(&mut self, state: &mut State, bits: u8) -> Result<Word, Refusal> {
        self.skip_all(state)?;
        let demand = self.owed(state)?;
        let debt = demand.as_ref().and_then(|demand| demand.debts.get(state.passed as usize));
        if bits != 64 || planted!(PollForTrap, debt != Some(&Debt::Epoch), false) {
            return refuse(Cause::Access, "a read of the epoch where the body has no poll");
        }
        let epoch = planted!(EpochStays, self.words.unknown(64), self.words.constant(64, 0));
        state.polled = planted!(FirstPollAnswers, Some(epoch), state.polled.or(Some(epoch)));
        state.passed = state.passed.saturating_add(1);
        Ok(epoch)
    }

    /// A row has to name the operator of the body.
    pub(crate) fn is_named(&self, wanted: u32, found: u32) -> Result<(), Refusal> {
        if planted!(RowNamesAnything, wanted == found, true) {
            return Ok(());
        }
        refuse(Cause::Row, "another operator")
    }

    /// A store of a move; behind the last one the move is over.
    fn moved(
        &mut self,
        state: &mut State,
        (region, owed, stored): (Region, Word, Word),
        (address, word): (Word, Word),
    ) -> Result<(), Refusal> {
        self.is_stored((state, region), (owed, stored), (address, word))?;
        if planted!(FirstStoreIsAll, state.moving.is_empty(), {
            state.moving.clear();
            true
        }) {
            self.over(state)
        } else {
            Ok(())
        }
    }

    /// Whether bytes lie in one of some places.
    pub(crate) fn is_in(&mut self, places: &[(Word, u8)], address: Word, bits: u8) -> bool {
        let bytes = u128::from(bits >> 3);
        places.iter().any(|&(at, size)| {
            let distance =
                planted!(BeforeIsIn, self.words.sub(address, at), self.words.sub(at, address));
            let inside = |d: u128| {
                planted!(EndIsNotIn, d.saturating_add(bytes) <= size.into(), d < size.into())
            };
            self.words.number(distance).is_some_and(inside)
        })
    }

    /// A division, which faults by zero and, if signed, where the quotient does not fit. What may
    /// happen has to be a trap that the body has next, of the row's kind, and without signals
    /// neither may happen.
    pub(crate) fn divides(
        &mut self,
        state: &mut State,
        (a, b, signed): (Word, Word, bool),
        row: Option<TrapRow>,
    ) -> Result<(), Refusal> {
        let zero = self.words.zero(b);
        let beyond = if signed {
            planted!(OverflowIsNoFault, overflow(&mut self.words, a, b), self.words.truth(false))
        } else {
            self.words.truth(false)
        };
        for condition in [zero, beyond] {
            let known = self.words.decide(&state.known, condition) == Some(false);
            if planted!(DivisionFaultsAnyhow, known, true) {
                continue;
            }
            // Without signals a fault is no trap: it ends the process. The sandbox check looks at
            // the divisor alone.
            if planted!(FaultsUnhandled, !self.layout.config().signals, false) {
                return refuse(Cause::Division, "it may fault, and without signals no fault traps");
            }
            self.skip_all(state)?;
            let Some(inst) = self.next(state).filter(|_| state.entered) else {
                return refuse(Cause::Division, "where a block ends");
            };
            let demand = self.demand(state, inst)?;
            let debt = demand.debts.get(state.passed as usize).and_then(|debt| debt.trap());
            match (debt, row) {
                (Some((kind, when)), Some(row))
                    if planted!(DivisionOfAnyKind, kind == row.kind, true)
                        && planted!(DivisionByAnother, when == condition, true) =>
                {
                    self.is_named(self.body.inst(inst).offset, row.wasm_offset)?;
                    self.assume(state, condition, false);
                }
                _ => return refuse(Cause::Division, "it may fault and the body does not trap"),
            }
            // The next condition is the body's next trap, or none.
            state.passed = state.passed.saturating_add(1);
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
}
