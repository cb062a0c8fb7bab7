//! The code of a text that leads from the host into functions and out of them, where functions get
//! contexts ([`Way`]).
//!
//! ```text
//! host ─ array ─► In(f) ─► f ─► Builtin(n) ─► the host's builtin ┐ its answer: failed, or not
//!                            └► Out(type)  ─ array ─► a host's function ┘
//! ```
//!
//! The host believes what such code hands over, as it believes the arguments of builtins.
//!
//! - Y1. An array has as many values of [`offsets::VALUE_BYTES`] as the type has parameters or
//!   results, if these are more. References in it are references; the host's array is accessed
//!   within itself, and an array in the frame lies there. A way out serves all types that differ
//!   in what their references are to, and its own type does not say it: so it hands over each
//!   reference that it got, and gives back each one that the host answered, in its place.
//! - Y2. At a call of the host the store says where the caller's frame is and where it returns to,
//!   so that the host finds all frames of Wasm: the frame pointer leads to the caller's (P13).
//! - Y3. A host's answer may say that it failed. Then the caller does not return: it calls the
//!   builtin that unwinds, and without a failure it does not call that. Such code calls the host
//!   once, and does not return without.
//! - Y4. At a call of a function the store says where the stack pointer and the frame pointer are,
//!   and where control goes on if the function is unwound; a row of the call says the same. There
//!   the state is the one of a landing (P14). A way in returns 1 behind a function that returned
//!   and 0 behind one that did not.
//! - Y5. Nothing here is compared with the stack's limit: the host's reserve below it covers a way
//!   and what it calls. So a way takes no more than functions may without a comparison, and its
//!   array.
//! - Y6. No instruction of a way in may stop it: the host would unwind what was entered before. And
//!   what the store says at a call holds until the way returns or unwinds. What is said and not
//!   called with is known in one block alone, so no edge leads to a claimed block behind it.
//! - Y7. A way in, a way out, and the caller of a builtin go on to later code alone. So what stands
//!   behind a call runs behind it, and what was not yet seen when code was judged has not run. A
//!   way in ends in a return, which asks for the row of its call (Y4).

use crate::abi::Place;
use crate::abi::regs::{RAX, RBP, RCX, RDI, RDX, RSI};
use crate::access::cells;
use crate::contract::{Activation, Callee, CodeKind, Way};
use crate::error::{Fault, Rule, fault};
use crate::hosted::ARGUMENTS;
use crate::layout::{Layout, Ty, offsets};
use crate::machine::Machine;
use crate::metadata::Clause;
use crate::state::{Answered, Answers, Flags, Loc, State};
use crate::structures::{Answer, Argument, Failure};
use crate::symbols::Def;
use crate::value::{Base, Sym, Value};

/// Where `State::cells` has the words of the store: behind all argument cells.
const WORDS: u32 = 1 << 31;

impl Layout {
    /// Y1: the values of the array of a way.
    pub(crate) fn array_values(&self, way: Way) -> u64 {
        let ty = match way {
            Way::In(Some(func)) => self.func_type(func),
            Way::Out(ty) => Some(ty),
            Way::In(None) | Way::Builtin(_) | Way::Start => None,
        };
        let signature = ty.and_then(|ty| self.signature(ty));
        signature.map_or(0, |s| s.params.len().max(s.results.len()) as u64)
    }
}

impl Machine<'_> {
    /// The way that the code is.
    pub(crate) fn way_of(&self) -> Option<Way> {
        if let CodeKind::Way(way) = self.kind { Some(way) } else { None }
    }

    /// Y5: bytes of stack below the limit that this code may take without a comparison.
    pub(crate) fn free_stack(&self) -> i64 {
        let array = self.way_of().map_or(0, |way| self.layout.array_values(way));
        let bytes = array
            .saturating_mul(offsets::VALUE_BYTES)
            .saturating_add(self.layout.free_bytes.into());
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// The registers that a way is entered with, beside the arguments of functions.
    pub(crate) fn enter_way(&mut self, state: &mut State, way: Way) {
        let mut set = |r, value| state.set(Loc::Register(r), Some(value));
        match way {
            Way::In(_) => set(RDX, Value::pointer(Base::Args, 0)),
            Way::Out(_) => {
                set(RDI, Value::pointer(Base::HostContext, 0));
                set(RSI, Value::pointer(Base::CallerContext, 0));
            }
            Way::Builtin(_) => {
                set(RDI, Value::pointer(self.context_of(way), 0));
                for (i, &r) in ARGUMENTS.iter().enumerate() {
                    let sym = self.symbols.fresh(Def::ANY);
                    set(r, Value::symbol(sym));
                    let byte = self.symbols.fresh(Def::at_most(0xff));
                    let ways = &mut self.ways;
                    if let (Some(given), Some(low)) = (ways.given.get_mut(i), ways.bytes.get_mut(i))
                    {
                        (*given, *low) = (sym, byte);
                    }
                }
            }
            Way::Start => {}
        }
    }

    /// The context that a way hands to builtins: its own, or one of which less is known.
    fn context_of(&self, way: Way) -> Base {
        let anyone = match way {
            Way::Builtin(n) => self.layout.hosted.get(n as usize).is_some_and(|it| it.anyone),
            Way::Out(_) => true,
            Way::In(_) | Way::Start => false,
        };
        if planted!(OwnersAreOwn, anyone, false) { Base::CallerContext } else { Base::VmCtx }
    }

    /// Whether this code may write a word of the store.
    pub(crate) fn writes_activation(&self, word: Activation) -> bool {
        let exits = matches!(self.way_of(), Some(Way::Out(_) | Way::Builtin(_)));
        let enters = matches!(self.way_of(), Some(Way::In(_)));
        match word {
            Activation::ExitFrame | Activation::ExitAddress => exits,
            Activation::EntryStack | Activation::EntryFrame | Activation::EntryHandler => enters,
        }
    }

    /// A word of the store is written.
    pub(crate) fn write_activation(&mut self, state: &mut State, word: Activation, value: Value) {
        state.cells.insert(WORDS.saturating_add(word as u32), value);
    }

    /// Whether a word of the store was written so since the last call.
    fn says(state: &State, word: Activation, value: Value) -> bool {
        state.cells.get(&WORDS.saturating_add(word as u32)) == Some(&value)
    }

    /// A call through a register in a way: of the host, or of the builtin that unwinds, which does
    /// not come back.
    pub(crate) fn call_of_way(
        &mut self,
        state: &mut State,
        (way, code): (Way, Value),
    ) -> Result<bool, Fault> {
        let layout = self.layout;
        let hosted = |index| layout.hosted.iter().find(|hosted| hosted.index == index);
        let plain = code == Value::pointer(code.base, 0);
        match (way, code.base) {
            (Way::Builtin(_) | Way::Out(_), Base::Builtin(index))
                if plain && hosted(index).is_some_and(|h| h.answer == Answer::Never) =>
            {
                if self.is_caller_of(way, index) {
                    // Behind a trap that the caller has had noted.
                    self.exits(state, way)?;
                } else {
                    self.unwinds(state, way)?;
                }
                Ok(false)
            }
            (Way::Builtin(n), Base::Builtin(index)) if plain => {
                let Some(own) = layout.hosted.get(n as usize) else {
                    return fault(Rule::Call, "a builtin that has no rule");
                };
                if planted!(AnyBuiltin, !self.is_caller_of(way, index), false) {
                    return fault(Rule::Call, "the caller of a builtin calls another");
                }
                self.callee = Callee::Hosted(n);
                self.passes_given(state, &own.arguments)?;
                self.exits(state, way)?;
                self.forget(state);
                self.answered_by(state, own.answer, own.fails)?;
                state.answers = Answers::Returned;
                Ok(true)
            }
            (Way::Out(ty), Base::HostCode) if plain => {
                let array = self.passes_array(state, ty)?;
                self.callee = Callee::Array(ty, array);
                self.exits(state, way)?;
                self.forget(state);
                self.array_answers(state, ty, array);
                self.answered_by(state, Answer::Number, Some(Failure::False))?;
                state.answers = Answers::Returned;
                Ok(true)
            }
            _ => fault(Rule::Call, "a way calls what is not its own"),
        }
    }

    /// Whether a way is the caller of the builtin at this place of the table.
    fn is_caller_of(&self, way: Way, index: u32) -> bool {
        let Way::Builtin(n) = way else { return false };
        self.layout.hosted.get(n as usize).is_some_and(|own| own.index == index)
    }

    /// Y2, and the context that the host gets.
    fn exits(&mut self, state: &mut State, way: Way) -> Result<(), Fault> {
        let is =
            |state: &State, r, base| state.get(Loc::Register(r)) == Some(Value::pointer(base, 0));
        let gets = match way {
            Way::Out(_) => is(state, RDI, Base::HostContext) && is(state, RSI, Base::CallerContext),
            Way::In(_) | Way::Builtin(_) | Way::Start => is(state, RDI, self.context_of(way)),
        };
        if !planted!(HostGetsAnything, gets, true) {
            return fault(Rule::Call, "the host does not get its context");
        }
        let frame = state.get(Loc::Register(RBP));
        let address = Value::symbol(Sym::RETURN_ADDRESS);
        let said = frame.is_some_and(|frame| Self::says(state, Activation::ExitFrame, frame))
            && Self::says(state, Activation::ExitAddress, address);
        if !planted!(ExitIsNotSaid, said, true) {
            return fault(Rule::Chain, "the store does not say where Wasm was left");
        }
        Ok(())
    }

    /// The arguments of a builtin are those that its caller got.
    fn passes_given(&mut self, state: &mut State, arguments: &[Argument]) -> Result<(), Fault> {
        let given = self.ways.given;
        let own = |n: usize| ARGUMENTS.get(n).copied().zip(given.get(n).copied());
        let is = |state: &State, n: usize| {
            own(n).is_some_and(|(r, sym)| state.get(Loc::Register(r)) == Some(Value::symbol(sym)))
        };
        for (n, &argument) in arguments.iter().enumerate() {
            let Some((register, sym)) = own(n) else { break };
            let value = self.read_loc(state, Loc::Register(register));
            let own = match argument {
                Argument::Number => true,
                Argument::Index(_)
                | Argument::Memory(_)
                | Argument::Table
                | Argument::OneOf(_)
                | Argument::Listed
                | Argument::Size(_)
                | Argument::Object
                | Argument::Collected => {
                    let whole = Value::symbol(sym);
                    value == whole || value == self.low_half(state, whole)
                }
                Argument::Byte(..) => {
                    let byte = self.ways.bytes.get(n).map(|&byte| Value::symbol(byte));
                    value == Value::symbol(sym) || Some(value) == byte
                }
                // The table's index is another argument, with a rule by itself.
                Argument::Element(_) => planted!(AskedIsChanged, is(state, n), true),
                Argument::Bytes(count) | Argument::Source(count) => {
                    is(state, n) && planted!(CountIsChanged, is(state, usize::from(count)), true)
                }
            };
            if !planted!(GivenIsChanged, own, true) {
                return fault(Rule::Call, "a builtin gets another argument than its caller");
            }
        }
        Ok(())
    }

    /// Y1: the array in the frame, as the stack word that it begins with.
    fn passes_array(&mut self, state: &mut State, ty: u32) -> Result<i64, Fault> {
        let none = fault(Rule::Call, "the host gets no array of the frame");
        let values = self.layout.array_values(Way::Out(ty));
        let array = state.get(Loc::Register(RDX)).and_then(|v| v.offset_in(Base::Stack));
        let (Some(array), Some(rsp)) = (array.map(|at| at as i64), state.rsp()) else {
            return none;
        };
        let bytes = i64::try_from(values.saturating_mul(offsets::VALUE_BYTES)).unwrap_or(i64::MAX);
        // The return address and what lies above it are not the frame's, and the host goes along
        // frames after it has written.
        let end = array.saturating_add(bytes);
        let inside = array.rem_euclid(8) == 0 && array >= rsp && end <= 0;
        let inside = inside && planted!(ArrayOverChain, Self::is_chained_above(state, end), true);
        let count = state.get(Loc::Register(RCX)) == Some(Value::constant(values));
        if !planted!(ArrayAnywhere, inside && count, true) {
            return none;
        }
        let params = self.layout.signature(ty).map_or(&[][..], |s| &s.params);
        let references = params.iter().enumerate().filter(|(_, param)| matches!(param, Ty::Ref(_)));
        for ((n, _), &passed) in references.zip(&self.ways.passed) {
            let word = self.word(at(array, n)).and_then(|i| state.get(Loc::Word(i)));
            let own = word == Some(Value::symbol(passed));
            if !planted!(ArrayOfAnything, own, true) {
                return fault(Rule::Call, "an argument in the array is not the reference it was");
            }
        }
        Ok(array)
    }

    /// Y1: the host has written the array.
    fn array_answers(&mut self, state: &mut State, ty: u32, array: i64) {
        let values = usize::try_from(self.layout.array_values(Way::Out(ty))).unwrap_or(0);
        let results = self.layout.signature(ty).map_or(&[][..], |s| &s.results);
        for n in 0..values {
            let first = self.word(at(array, n));
            let second = self.word(at(array, n).saturating_add(8));
            for word in [first, second].into_iter().flatten() {
                state.set(Loc::Word(word), None);
            }
            if let (Some(&Ty::Ref(kind)), Some(word)) = (results.get(n), first) {
                let sym = self.reference(kind);
                self.ways.answered.push(sym);
                state.set(Loc::Word(word), Some(Value::symbol(sym)));
            }
        }
        self.facts.count((values as u64).saturating_mul(8));
    }

    /// Y3: the host answers.
    fn answered_by(
        &mut self,
        state: &mut State,
        answer: Answer,
        fails: Option<Failure>,
    ) -> Result<(), Fault> {
        if self.ways.answer.is_some() || self.ways.result.is_some() {
            return fault(Rule::Call, "a way calls the host twice");
        }
        let word = Value::symbol(self.symbols.fresh(Def::ANY));
        match answer {
            Answer::Element(_)
            | Answer::Reference(_)
            | Answer::Count(_)
            | Answer::Elements(_)
            | Answer::Object { .. } => {
                self.ways.result = Some(word);
                state.set(Loc::Register(RAX), Some(word));
            }
            Answer::Number | Answer::Never | Answer::Trap => {}
        }
        let Some(fails) = fails else { return Ok(()) };
        let success = match fails {
            Failure::False => self.symbols.fresh(Def::at_most(0xff)),
            Failure::Zero => self.symbols.low_half(word),
            Failure::Equals(_) => self.symbols.fresh(Def::ANY),
        };
        state.set(Loc::Register(RAX), Some(word));
        self.ways.answer = Some(Answered { word, fails, success });
        Ok(())
    }

    /// The lowest byte of the host's answer, where that says whether it failed (Y3), or of an
    /// argument of a builtin.
    pub(crate) fn answer_byte(&self, word: Value) -> Option<Value> {
        if let Some(answer) = self.ways.answer {
            let is = answer.fails == Failure::False && answer.word == word;
            return is.then_some(Value::symbol(answer.success));
        }
        let mut given = self.ways.given.iter().zip(&self.ways.bytes);
        let own = |sym: Sym| sym != Sym::ZERO && word == Value::symbol(sym);
        given.find(|&(&sym, _)| own(sym)).map(|(_, &byte)| Value::symbol(byte))
    }

    /// Y3: the flags of a comparison of the host's answer with what says that it failed.
    pub(crate) fn answer_compared(&self, (a, b): (Value, Value), bytes: u32) -> Option<Flags> {
        let answer = self.ways.answer?;
        let Failure::Equals(failed) = answer.fails else { return None };
        let is = bytes == 8 && a == answer.word && b == Value::constant(failed);
        is.then_some(Flags::Zero(Value::symbol(answer.success)))
    }

    /// Y3: whether the host has not failed, if it was called.
    pub(crate) fn has_succeeded(&self, state: &State) -> bool {
        self.ways.answer.is_none_or(|answer| self.at_least(state.path, answer.success, 1))
    }

    /// Y7: an edge of a way, `back` if it does not lead on.
    pub(crate) fn way_goes(&self, state: &State, back: bool) -> Result<(), Fault> {
        let once = match self.way_of() {
            None => return Ok(()),
            Some(Way::Start) => false,
            Some(Way::In(_) | Way::Out(_) | Way::Builtin(_)) => true,
        };
        if planted!(WayGoesBack, once && back, false) {
            return fault(Rule::Target, "a way goes back");
        }
        Self::says_as_before(state)
    }

    /// Y6: nothing was said since the last call.
    fn says_as_before(state: &State) -> Result<(), Fault> {
        let anew = state.cells.range(WORDS..).next().is_some();
        if planted!(SaidBehindCalls, anew, false) {
            return fault(Rule::Chain, "the store says something else than at the call");
        }
        Ok(())
    }

    /// Y3: the builtin that unwinds, behind a failure of the host.
    fn unwinds(&mut self, state: &mut State, way: Way) -> Result<(), Fault> {
        let base = self.context_of(way);
        if state.get(Loc::Register(RDI)) != Some(Value::pointer(base, 0)) {
            return fault(Rule::Call, "the host does not get its context");
        }
        let failed = self.ways.answer.is_some_and(|answer| {
            self.facts.bounds(state.path, &self.symbols, answer.success).1 == 0
        });
        if !planted!(UnwindsAnyway, failed, true) {
            return fault(Rule::Call, "code unwinds where the host has not failed");
        }
        Self::says_as_before(state)
    }

    /// Y4: the call of a function by a way in.
    pub(crate) fn enters(&mut self, state: &State, rsp: i64) -> Result<(), Fault> {
        let called = self.ways.handler.is_some();
        if planted!(CallsUntilLanded, called, called && self.ways.lands) {
            return fault(Rule::Call, "a way in calls twice");
        }
        let frame = state.get(Loc::Register(RBP));
        let stack = Value::pointer(Base::Stack, rsp as u64);
        let said = frame.is_some_and(|frame| Self::says(state, Activation::EntryFrame, frame))
            && Self::says(state, Activation::EntryStack, stack);
        if !planted!(EntryIsNotSaid, said, true) {
            return fault(Rule::Chain, "the store does not say where Wasm was entered");
        }
        let handler = WORDS.saturating_add(Activation::EntryHandler as u32);
        let handler = state.cells.get(&handler).and_then(|value| value.offset_in(Base::Code));
        self.ways.handler = handler.and_then(|at| u32::try_from(at).ok());
        if self.ways.handler.is_none() {
            return fault(Rule::Landing, "the store does not say where an entry is unwound to");
        }
        Ok(())
    }

    /// Y4: a clause of the call of a way in says of an unwound function what the store says.
    pub(crate) fn is_unwound_by(&mut self, clause: &Clause) -> Result<(), Fault> {
        let any = clause.tag.is_none() && clause.context.is_none() && !clause.with_ref;
        let said = any && self.ways.handler == Some(clause.landing);
        if !planted!(UnwoundElsewhere, said, true) {
            return fault(
                Rule::Landing,
                "a row and the store differ in where an entry is unwound to",
            );
        }
        self.ways.lands = true;
        Ok(())
    }

    /// A return of a way.
    pub(crate) fn way_returns(&mut self, state: &mut State, way: Way) -> Result<(), Fault> {
        self.gives_back(state, way)?;
        Self::says_as_before(state)
    }

    /// The answer of a way, and what the host is given back.
    fn gives_back(&mut self, state: &mut State, way: Way) -> Result<(), Fault> {
        if !planted!(FailureIsUnseen, self.has_succeeded(state), true) {
            return fault(Rule::Return, "the host may have failed");
        }
        let called = state.answers == Answers::Returned;
        let calls = matches!(way, Way::Builtin(_) | Way::Out(_));
        if planted!(ReturnsUncalled, calls && !called, false) {
            return fault(Rule::Return, "a way returns that has not called the host");
        }
        match way {
            Way::In(func) => {
                let said = self.read_loc(state, Loc::Register(RAX)).as_constant();
                let right = match state.answers {
                    Answers::Returned if self.ways.lands => Some(1),
                    Answers::Unwound => Some(0),
                    _ => None,
                };
                let right = right.is_some() && said.map(|said| said as u8) == right;
                if !planted!(InSaysAnything, right, true) {
                    return fault(Rule::Return, "a way in does not say whether it was unwound");
                }
                let ty = func.and_then(|func| self.layout.func_type(func));
                let signature = ty.and_then(|ty| self.layout.signature(ty));
                match signature.filter(|_| state.answers == Answers::Returned) {
                    Some(signature) => self.cells_hold(state, &signature.results),
                    None => Ok(()),
                }
            }
            Way::Builtin(_) => {
                let value = self.read_loc(state, Loc::Register(RAX));
                let other = self.ways.result.is_some_and(|result| result != value);
                if planted!(BuiltinGivesAnything, other, false) {
                    return fault(Rule::Return, "a result is not what the host answered");
                }
                Ok(())
            }
            Way::Out(_) => self.gives_answers(state),
            Way::Start => Ok(()),
        }
    }

    /// Y1: the references that a way out gives back.
    fn gives_answers(&self, state: &State) -> Result<(), Fault> {
        let results = self.convention.results.iter().flatten();
        for (&(_, place), &answered) in results.zip(&self.ways.answered) {
            let Place::Register(r) = place else { continue };
            let is = state.get(Loc::Register(r)) == Some(Value::symbol(answered));
            if !planted!(OutAnswersAnother, is, true) {
                return fault(Rule::Return, "a result is not the reference that the host answered");
            }
        }
        Ok(())
    }

    /// The argument cells of values of these types: in an array each value has two.
    pub(crate) fn cells_of<'t>(
        &self,
        types: &'t [Ty],
    ) -> impl Iterator<Item = (u32, Ty)> + use<'t> {
        cells(types, self.layout.contexts())
    }
}

/// The value `n` of an array that begins at this offset of the stack.
fn at(array: i64, n: usize) -> i64 {
    let bytes = (n as u64).saturating_mul(offsets::VALUE_BYTES);
    array.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX))
}
