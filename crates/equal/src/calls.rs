//! E1 and E7: calls, throws and returns, and where calls land.
//!
//! A call is the action that the body owes next, with the height that is left, its arguments at
//! their places, and the row that names its operator. Behind it, its results are new words.
//!
//! The builtin `trap` does not return: a call of it is the trap of the body that is next, of the
//! kind that it is given. (Its height is read by nobody.)
//!
//! *Landings.* A call at the end of a block may throw to the body's handler, a throw does. The
//! clauses of the handler, then those of the handler around it, up to one that catches everything,
//! are the rows of the call, in that order: they are what the runtime asks. A call elsewhere has
//! none. At a landing (P14) all that is known is the frame and its pointers; the body is behind the
//! edges of the handlers and of the clause, whose payloads are what the argument cells hold.
//!
//! *References in the frame.* At a call, throw or allocation the rows name the words of the frame
//! that a store follows: those hold the references of the body that C15 of the SSA check names, in
//! its order. Code of which that is not known (rounds of loops) is refused if its function holds
//! any (`witness`).

use crate::core_::Core;
use crate::demand::{Action, Demand};
use crate::error::{Cause, Refusal, differ, refuse};
use crate::state::{Flags, State};
use crate::step::Flow;
use crate::words::{Fixed, Word};
use alloc::vec::Vec;
use prova_check::abi::regs::{R8, RBP, RCX, RDI, RDX, RSI, RSP};
use prova_check::abi::{self, CALLEE_SAVED, Place};
use prova_check::{Clause, Says, Ty, offsets};
use prova_module::{Opcode, ValType};
use prova_ssa::{Block, Edge, Inst, Op, Terminator};

impl Core<'_> {
    /// A call of the code that a word is.
    pub(crate) fn call(&mut self, state: &mut State, code: Word) -> Result<Flow, Refusal> {
        if planted!(CallBetweenStores, !state.moving.is_empty(), false) {
            return refuse(Cause::Call, "a call before the last store");
        }
        self.skip_all(state)?;
        let trap = self.maker(state).builtin(offsets::BUILTIN_TRAP);
        if self.same(state, trap, code) {
            self.stops_by_call(state)?;
            return Ok(Flow::Stop);
        }
        let block = *self.body.block(Block::from_u32(state.block));
        let inst = self.next(state);
        let calls = matches!(
            block.terminator,
            Terminator::Invoke { .. } | Terminator::Throw { .. } | Terminator::Cast { .. }
        );
        let calls = planted!(CallForTailCall, inst.is_some() || calls, true);
        let owed = if calls { self.owed(state)? } else { None };
        let Some(demand) = owed else {
            return refuse(Cause::Call, "a call where a block ends");
        };
        let sp = self.stack_pointer(state)?;
        let left = self.left();
        if !planted!(HeightIsAny, self.same(state, left, state.reg(RSI)), true) {
            return differ(Cause::Call, "another height", left, state.reg(RSI));
        }
        let offset = self.wasm_offset(state);
        let (clauses, roots) = self.rows(offset)?;
        if Core::is_open(state, &demand) {
            self.is_asked(state, (&demand, code))?;
            let caught = planted!(QuestionIsCaught, !clauses.is_empty(), false);
            if caught || planted!(QuestionCollects, !roots.is_empty(), false) {
                return refuse(Cause::Row, "a question that is caught, or collects");
            }
            if planted!(QuestionKeeps, true, false) {
                self.clobber(state, sp);
            }
            self.is_told(state)?;
            return Ok(Flow::Next);
        }
        let taken = self.calls(state, &demand, (code, sp))?;
        self.holds(state, offset, &roots)?;
        let taken = planted!(ArgumentsStay, i64::from(taken), 0);
        self.clobber(state, sp.saturating_add(taken));
        let handler = handler_of(block.terminator, inst);
        self.land(state, sp, handler, &clauses)?;
        match (inst, block.terminator) {
            (None, Terminator::Invoke { normal, .. }) => {
                let made = self.results(state, &demand)?;
                self.follow(state, &normal, &made)?;
                self.settle(state)?;
            }
            (None, _) => return Ok(Flow::Lands { returns: false }),
            (Some(inst), _) => {
                let made = self.results(state, &demand)?;
                if self.body.inst(inst).results().len() != made.len() {
                    return refuse(Cause::Call, "another number of results");
                }
                self.is_converted(state, inst, &made);
                self.complete(state, inst, &made);
                self.settle(state)?;
            }
        }
        Ok(if self.landings.is_empty() { Flow::Next } else { Flow::Lands { returns: true } })
    }

    /// The store converts what is not null to what is not null; code asks, since the sandbox check
    /// does not know it.
    fn is_converted(&mut self, state: &mut State, inst: Inst, made: &[Word]) {
        let data = self.body.inst(inst);
        let converts = data.op == Op::Wasm(Opcode::ExternConvertAny);
        let result = data.result().map(|value| self.body.value(value).ty);
        let there = matches!(result, Some(ValType::Ref(ty)) if !ty.is_nullable());
        if let (true, true, &[word]) = (converts, planted!(NullIsConverted, there, true), made) {
            let null = self.words.zero(word);
            self.assume(state, null, false);
        }
    }

    /// The call is the one that is owed; the bytes that the callee takes off the stack.
    fn calls(
        &mut self,
        state: &State,
        demand: &Demand,
        (code, sp): (Word, i64),
    ) -> Result<u32, Refusal> {
        let owed = match demand.action {
            Action::Call { record, .. } => self.maker(state).code(record),
            Action::Perform { builtin, .. } => self.maker(state).builtin(builtin),
            Action::None
            | Action::Load { .. }
            | Action::Store { .. }
            | Action::Move { .. }
            | Action::Make { .. }
            | Action::Leave { .. } => {
                return refuse(Cause::Call, "a call where the body does another thing");
            }
        };
        if !planted!(CallOfAnother, self.same(state, owed, code), true) {
            return differ(Cause::Call, "another function", owed, code);
        }
        let cells = demand.action.cells().map_or(0, <[_]>::len);
        let ready = state.passed as usize == demand.debts.len().saturating_add(cells);
        if !planted!(CallBeforeTrap, ready, true) {
            return refuse(Cause::Call, "a call before a trap or its operands");
        }
        match &demand.action {
            Action::Call { record, ty, args } => {
                let same = self.same(state, *record, state.reg(RDI));
                if !planted!(CallOfAnother, same, true) {
                    return differ(Cause::Call, "another record", *record, state.reg(RDI));
                }
                self.passes_arguments(state, (*ty, args), sp)
            }
            Action::Perform { operands, .. } => {
                let context = self.words.fixed(64, Fixed::Context);
                let wanted = [context].into_iter().chain(operands.iter().copied());
                for (r, wanted) in [RDI, RDX, RCX, R8].into_iter().zip(wanted) {
                    if !planted!(OperandIsAny, self.same(state, wanted, state.reg(r)), true) {
                        return differ(Cause::Call, "another operand", wanted, state.reg(r));
                    }
                }
                Ok(0)
            }
            _ => refuse(Cause::Call, "a call where the body does another thing"),
        }
    }

    /// A call of the builtin `trap`.
    fn stops_by_call(&mut self, state: &mut State) -> Result<(), Refusal> {
        let context = self.words.fixed(64, Fixed::Context);
        if !self.same(state, context, state.reg(RDI)) {
            return differ(Cause::Call, "another operand", context, state.reg(RDI));
        }
        let kind = self.under(state, state.reg(RDX));
        let kind = self.words.number(kind);
        let kind = kind.and_then(|kind| u8::try_from(planted!(KindIsByte, kind, kind & 255)).ok());
        let clauses = self.rows(self.stop_offset(state))?.0;
        if !planted!(TrapIsCaught, clauses.is_empty(), true) {
            return refuse(Cause::Call, "a trap that is caught");
        }
        match kind {
            Some(kind)
                if planted!(
                    BugIsAnyTrap,
                    self.stops(state, kind)?,
                    self.stops(state, kind)? || kind == prova_check::traps::BUG
                ) =>
            {
                Ok(())
            }
            _ => refuse(Cause::Trap, "the body does not stop so"),
        }
    }

    /// The clauses of the call that is executed, whose operator is at an offset of the module, and
    /// how far below the frame pointer the references lie that it keeps.
    fn rows(&self, wasm_offset: u32) -> Result<(Vec<Clause>, Vec<u32>), Refusal> {
        let (mut clauses, mut roots) = (Vec::new(), Vec::new());
        let Some(calls) = self.told.calls else { return Ok((clauses, roots)) };
        let end = self.here.1;
        let start = calls.partition_point(|row| row.return_offset < end);
        let rows = calls.iter().skip(start).take_while(|row| row.return_offset == end);
        let mut named = false;
        for row in rows {
            match row.says {
                Says::Operator(offset) => {
                    self.is_named(wasm_offset, offset)?;
                    named = true;
                }
                Says::Clause(clause) => clauses.push(clause),
                Says::Root(below) => roots.push(below),
            }
        }
        if !named {
            return refuse(Cause::Row, "a call without a row");
        }
        Ok((clauses, roots))
    }

    /// E7: while the frame waits at an operator, the references that it holds are what the rows
    /// name, each in its turn, and nothing else is: so the store keeps what it keeps in every tier.
    fn holds(&mut self, state: &State, offset: u32, roots: &[u32]) -> Result<(), Refusal> {
        if self.told.calls.is_none() {
            return Ok(());
        }
        let held = match (self.told.held, roots) {
            (Some(held), _) => held.at(offset),
            (None, []) => return Ok(()),
            (None, _) => return refuse(Cause::Row, "references in a frame of which none is known"),
        };
        if planted!(RootIsLost, held.len() != roots.len(), false) {
            return refuse(Cause::Row, "another number of references in the frame");
        }
        let stack = self.words.fixed(64, Fixed::Stack);
        let frame = self.words.sub(state.reg(RBP), stack);
        let Some(frame) = self.words.number(frame) else {
            return refuse(Cause::Row, "references in no frame");
        };
        let frame = frame as u64 as i64;
        for (&value, &below) in held.iter().zip(roots) {
            self.spend(1)?;
            let word = self.value(state, value)?;
            let at = frame.saturating_sub(below.into());
            let found = state.take(&mut self.words, at, 64);
            if !planted!(RootIsAny, self.same(state, word, found), true) {
                return differ(Cause::Row, "another reference in the frame", word, found);
            }
        }
        Ok(())
    }

    /// The states at the landings of a call, from the one behind it; `sp` is the stack pointer
    /// before it.
    fn land(
        &mut self,
        behind: &State,
        sp: i64,
        handler: Option<Edge>,
        clauses: &[Clause],
    ) -> Result<(), Refusal> {
        self.landings.clear();
        let mut rows = clauses.iter();
        let mut state = self.copied(behind)?;
        for r in (0..16_u8).filter(|r| planted!(RegistersLand, *r != RBP, *r == 0)) {
            let unknown = self.words.unknown(64);
            state.set_reg(r, unknown);
        }
        let stack = self.words.fixed(64, Fixed::Stack);
        let pointer = self.words.plus(stack, i128::from(sp) as u128);
        state.set_reg(RSP, pointer);
        let mut next = handler.filter(|_| self.told.calls.is_some());
        while let Some(edge) = next {
            self.spend(1)?;
            self.follow(&mut state, &edge, &[])?;
            let block = *self.body.block(edge.block);
            let Terminator::Catch { clauses, outer } = block.terminator else {
                return refuse(Cause::Operator, "a handler that does not catch");
            };
            next = outer;
            for clause in self.body.clauses(clauses) {
                self.spend(1)?;
                let tag = clause.tag.map(|tag| tag.0);
                let is = |row: &&Clause| (row.tag, row.with_ref) == (tag, clause.with_ref);
                let row = rows.next().filter(|row| planted!(ClauseOfAny, is(row), true));
                let Some(row) = row else { return refuse(Cause::Row, "another clause") };
                let Some(payloads) = self.maker(&state).caught(tag, clause.with_ref) else {
                    return refuse(Cause::Operator, "a clause of no tag");
                };
                let mut lands = self.copied(&state)?;
                self.follow(&mut lands, &clause.edge, &payloads)?;
                self.settle(&mut lands)?;
                self.landings.push((row.landing, lands));
                if tag.is_none() {
                    next = None;
                    break;
                }
            }
        }
        if planted!(ClauseMore, rows.next().is_some(), false) {
            return refuse(Cause::Row, "a clause that the body does not have");
        }
        Ok(())
    }

    /// The results of a call, as new words in their places.
    fn results(&mut self, state: &mut State, demand: &Demand) -> Result<Vec<Word>, Refusal> {
        let Action::Call { ty, .. } = demand.action else {
            if let Action::Perform { cell: Some(bits), .. } = demand.action {
                return Ok(alloc::vec![self.maker(state).read_cell(0, bits)]);
            }
            // A builtin gives one word or none.
            let bits = demand.values.first().map(|&word| self.words.bits(word));
            let Some(bits) = bits else { return Ok(Vec::new()) };
            let word = self.words.unknown(bits);
            self.put_result(state, Place::Register(0), word);
            return Ok(alloc::vec![word]);
        };
        let Some(signature) = self.layout.signature(ty) else {
            return refuse(Cause::Call, "a type that is no function's");
        };
        let Some(places) = abi::results(signature) else {
            return refuse(Cause::Call, "results that do not fit into registers");
        };
        let mut made = Vec::new();
        for (ty, place) in places {
            let bits = u8::try_from(ty.bytes().saturating_mul(8)).unwrap_or(0);
            let word = self.words.unknown(bits);
            self.put_result(state, place, word);
            planted!(ResultsTurned, made.push(word), made.insert(0, word));
        }
        Ok(made)
    }

    /// The height that is left for callees.
    fn left(&mut self) -> Word {
        let height = self.words.fixed(64, Fixed::Height);
        self.words.plus(height, u128::from(self.charge).wrapping_neg())
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
        let same = whole && self.same(state, word, part);
        let is_argument = planted!(ArgumentIsAny, same, same || cause == Cause::Call);
        if planted!(ResultIsAny, is_argument, same || cause == Cause::Result) {
            return Ok(());
        }
        differ(cause, "another word in its place", word, found)
    }

    /// The arguments of a call are in their places; the bytes that they take on the stack.
    fn passes_arguments(
        &mut self,
        state: &State,
        (ty, args): (u32, &[Word]),
        base: i64,
    ) -> Result<u32, Refusal> {
        let Some(signature) = self.layout.signature(ty) else {
            return refuse(Cause::Call, "a type that is no function's");
        };
        let abi::Places { places, stack_bytes } = abi::arguments(signature);
        if places.len() != args.len() {
            return refuse(Cause::Call, "another number of arguments");
        }
        for (&place, &arg) in places.iter().zip(args).take(planted!(SeventhIsAny, usize::MAX, 6)) {
            self.is_placed(state, (place, base), arg, Cause::Call)?;
        }
        Ok(stack_bytes)
    }

    /// Behind a call everything but the callee-saved registers and the frame is unknown.
    fn clobber(&mut self, state: &mut State, sp: i64) {
        let own = |r: u8| r != RSP && !CALLEE_SAVED.contains(&r);
        for r in (0..16_u8).filter(|&r| planted!(RegistersSurviveCall, own(r), r == 0)) {
            let unknown = self.words.unknown(64);
            state.set_reg(r, unknown);
        }
        for r in 0..planted!(VectorsSurviveCall, 16_u8, 1) {
            let unknown = self.words.unknown(128);
            state.set_vector(r, unknown);
        }
        state.flags = planted!(FlagsSurviveCall, Flags::None, state.flags);
        state.stack.retain(|&at, _| planted!(StackBelowStays, at >= sp, true));
        let stack = self.words.fixed(64, Fixed::Stack);
        let pointer = self.words.plus(stack, i128::from(sp) as u128);
        state.set_reg(RSP, pointer);
        if planted!(CallKeepsRegions, true, false) {
            self.forget_regions(state);
        }
    }

    fn put_result(&mut self, state: &mut State, place: Place, word: Word) {
        let bits = self.words.bits(word);
        let wide = |core: &mut Core<'_>, width: u8| {
            if bits >= width {
                return word;
            }
            let rest = width.saturating_sub(bits);
            let above =
                planted!(ResultIsExtended, core.words.unknown(rest), core.words.constant(rest, 0));
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

    /// E7: a return.
    pub(crate) fn returns(&mut self, state: &mut State) -> Result<(), Refusal> {
        self.skip_all(state)?;
        let block = *self.body.block(Block::from_u32(state.block));
        let Terminator::Return(list) = block.terminator else {
            return refuse(Cause::End, "a return");
        };
        let entered = planted!(EndBeforeCharge, state.entered, true);
        if !entered || planted!(EndAnywhere, self.next(state).is_some(), false) {
            return refuse(Cause::End, "a return before the end");
        }
        if let Some(demand) = self.owed_at_end(state)? {
            // The results are in the cells.
            let cells = demand.action.cells().unwrap_or_default();
            return if planted!(CellsAreLeft, state.passed as usize == cells.len(), true) {
                Ok(())
            } else {
                refuse(Cause::Result, "a result that is not in its cell")
            };
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
        let block = *self.body.block(Block::from_u32(state.block));
        let entered = planted!(TailBeforeCharge, state.entered, true);
        let ends = planted!(TailAnywhere, entered && self.next(state).is_none(), entered);
        let is_tail = matches!(block.terminator, Terminator::TailCall(_));
        let ready = ends && planted!(CallAsTailCall, is_tail, true);
        let owed = if ready { self.owed_at_end(state)? } else { None };
        let Some(Demand { debts, action: Action::Call { record, ty, args }, .. }) = owed else {
            return refuse(Cause::End, "a tail call");
        };
        if planted!(TailBeforeTrap, (state.passed as usize) < debts.len(), false) {
            return refuse(Cause::Call, "a tail call before a trap");
        }
        let wanted = self.maker(state).code(record);
        if !planted!(TailCallOfAnother, self.same(state, wanted, code), true) {
            return differ(Cause::Call, "another function", wanted, code);
        }
        let height = self.words.fixed(64, Fixed::Height);
        for (r, wanted) in [(RDI, record), (RSI, height)] {
            let found = self.same(state, wanted, state.reg(r));
            let same = planted!(TailCallOfAnother, found, found || r == RDI);
            if !planted!(TailHeightIsAny, same, same || r == RSI) {
                return differ(Cause::Call, "another record or height", wanted, state.reg(r));
            }
        }
        let sp = self.stack_pointer(state)?;
        self.passes_arguments(state, (ty, &args), sp.saturating_add(8)).map(|_| ())
    }
}

/// The handler of a call, if it ends a block, where `inst` is none.
fn handler_of(terminator: Terminator, inst: Option<Inst>) -> Option<Edge> {
    match terminator {
        Terminator::Invoke { handler, .. } if planted!(InnerIsCaught, inst.is_none(), true) => {
            Some(handler)
        }
        Terminator::Throw { handler, .. }
            if planted!(BeforeThrowIsCaught, inst.is_none(), true) =>
        {
            handler
        }
        _ => None,
    }
}
