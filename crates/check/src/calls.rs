//! Calls, returns, tail calls: the only facts that pass between functions (P6 to P8).
//!
//! A call goes to the code of a record whose type is known, with that record in rdi, or to a
//! builtin. The callee may rely on the assumptions of [`Machine::entry`]; the caller keeps the
//! values that the callee's return is checked for.

use crate::abi::regs::{RAX, RBP, RDI, RSI, RSP};
use crate::abi::{CALLEE_SAVED, Convention, OPERANDS, Place};
use crate::builtins::{Gives, PERFORMED, Performs};
use crate::contract::Way;
use crate::contract::{Callee, CodeKind};
use crate::error::{Fault, Rule, fault};
use crate::facts::Fact;
use crate::layout::{Ty, offsets};
use crate::machine::{Machine, saved};
use crate::state::{Answers, Loc, State};
use crate::symbols::{Extent, Heap, Kind, Record, RefKind, RefType};
use crate::value::{Base, Sym, Value};
use crate::x64::{Insn, Operand};

/// The registers of [`CALLEE_SAVED`], a bit for each.
const SAVED: u16 = {
    let (mut bits, mut rest): (u16, &[u8]) = (0, &CALLEE_SAVED);
    while let [register, behind @ ..] = rest {
        bits |= 1 << *register;
        rest = behind;
    }
    bits
};

/// Memories and tables that each code asks whether they move, at most.
const ASKED_MAX: usize = 64;

/// The work of looking for a value in the argument cells, in facts walked.
const VALUE_WORK: u64 = 16;

impl Machine<'_> {
    /// `call` of a register; whether it comes back.
    pub(crate) fn call(&mut self, state: &mut State, insn: &Insn) -> Result<bool, Fault> {
        let Operand::Register(r, 8) = insn.operand(0)? else {
            return fault(Rule::Call, "a call through memory");
        };
        let code = self.read_loc(state, Loc::Register(r));
        let rsp = self.may_call(state, false)?;
        if let Some(way) = self.way_of().filter(|&way| way != Way::Start) {
            return self.call_of_way(state, (way, code));
        }
        if self.layout.contexts() {
            let ty = self.callee_of_context(state, code)?;
            self.called(state, ty, rsp)?;
            return Ok(true);
        }
        // The trap builtin does not return, so it needs no height: where the charge does not fit,
        // no height is left.
        if code.base != Base::Builtin(offsets::BUILTIN_TRAP) {
            self.height_is_charged(state)?;
        }
        if let Base::Builtin(n) = code.base {
            return self.call_builtin(state, n, code);
        }
        if matches!(self.kind, CodeKind::ThunkOut(_)) {
            // The record's code may be this one, and nothing is charged.
            return fault(Rule::Call, "a way out calls what is no builtin");
        }
        let ty = self.callee(state, code)?;
        let record = state.get(Loc::Register(RDI));
        if matches!(self.kind, CodeKind::ThunkIn(_)) && record != Some(self.own) {
            // A way out that it calls ends the function that it is entered for.
            return fault(Rule::Call, "a way in calls another function than its own");
        }
        self.call_is_metered(state)?;
        self.called(state, ty, rsp)?;
        Ok(true)
    }

    /// A direct call, of a function or of a builtin; whether it comes back.
    pub(crate) fn call_direct(&mut self, state: &mut State, insn: &Insn) -> Result<bool, Fault> {
        if !self.layout.contexts() {
            return fault(Rule::Instruction, "a direct call where code lies alone");
        }
        let callee = self.entry_at(insn);
        let ends = match callee {
            Some(CodeKind::Way(Way::Builtin(n))) => self.ends(n),
            _ => false,
        };
        let rsp = self.may_call(state, ends)?;
        if let (Some(Way::In(func)), Some(callee)) = (self.way_of(), callee) {
            self.enter(state, (func, callee), rsp)?;
            return Ok(true);
        }
        let calls = match self.way_of() {
            Some(Way::In(_) | Way::Out(_) | Way::Builtin(_)) => false,
            Some(Way::Start) | None => true,
        };
        match callee.filter(|_| calls) {
            Some(CodeKind::Func(func)) => {
                let ty = self.type_of(func)?;
                self.gets_context(state)?;
                self.called(state, ty, rsp)?;
            }
            Some(CodeKind::Way(Way::Builtin(n))) => {
                self.callee = Callee::Hosted(n);
                return self.call_hosted(state, n);
            }
            _ => return fault(Rule::Call, "a direct call where no entry lies"),
        }
        Ok(true)
    }

    /// Y4: a way in calls what it is for. What this gets as its caller's context is the host's
    /// choice, and nothing believes it.
    fn enter(
        &mut self,
        state: &mut State,
        (func, callee): (Option<u32>, CodeKind),
        rsp: i64,
    ) -> Result<(), Fault> {
        let own = func.map_or(CodeKind::Way(Way::Start), CodeKind::Func);
        if planted!(EntersAnother, callee != own, false) {
            return fault(Rule::Call, "a way into a function calls another");
        }
        let gets = state.get(Loc::Register(RDI)) == Some(Value::pointer(Base::VmCtx, 0));
        if !planted!(EntersForAnother, gets, true) {
            return fault(Rule::Call, "the callee does not get its context");
        }
        self.enters(state, rsp)?;
        match callee {
            CodeKind::Func(func) => {
                let ty = self.type_of(func)?;
                self.called(state, ty, rsp)?;
            }
            _ => self.forget(state),
        }
        state.answers = Answers::Returned;
        Ok(())
    }

    /// A direct jump out of the code, which is a tail call.
    pub(crate) fn leave_direct(&mut self, state: &mut State, insn: &Insn) -> Result<(), Fault> {
        match (self.kind, self.entry_at(insn)) {
            (CodeKind::Func(_), Some(CodeKind::Func(func))) => {
                let ty = self.type_of(func)?;
                self.gets_context(state)?;
                self.leaves_for(state, ty)
            }
            _ => fault(Rule::Target, "a jump out of the code"),
        }
    }

    /// The entry where a direct call or jump leads, where code lies in a text with others.
    fn entry_at(&self, insn: &Insn) -> Option<CodeKind> {
        let start = i64::from(self.start?);
        self.layout.text_at(start.saturating_add(insn.target_anywhere()))
    }

    /// A function of the module gets its own context.
    fn gets_context(&mut self, state: &mut State) -> Result<(), Fault> {
        let gets = self.read_loc(state, Loc::Register(RDI)) == Value::pointer(Base::VmCtx, 0);
        if !planted!(CalleeGetsAnything, gets, true) {
            return fault(Rule::Call, "the callee does not get its context");
        }
        self.passes_context(state)
    }

    /// A tail call of a function of a type, where functions get contexts: the frame is left, and
    /// the arguments lie in its place.
    fn leaves_for(&mut self, state: &mut State, ty: u32) -> Result<(), Fault> {
        self.is_not_trapped(state)?;
        self.gives_results(ty)?;
        let layout = self.layout;
        let Some(callee) = layout.convention(ty) else {
            return fault(Rule::Call, "the callee has no signature");
        };
        self.callee = Callee::Function(ty);
        self.leaves_frame(state, i64::from(callee.stack_bytes))?;
        let rsp = state.rsp().unwrap_or(0);
        // The callee believes of the limit what it does at a call.
        let below = rsp.saturating_neg();
        let has = rsp >= 0
            || self
                .has_stack(state, planted!(TailLimitIsEightLess, below, below.saturating_sub(8)));
        if !planted!(LimitIsNotCompared, has, true) {
            return fault(Rule::Height, "a call without a comparison with the stack limit");
        }
        self.pass_arguments(state, callee, rsp.saturating_add(8))
    }

    /// The results of a function that is called last are this function's.
    fn gives_results(&self, ty: u32) -> Result<(), Fault> {
        let layout = self.layout;
        let Some(signature) = layout.signature(ty) else {
            return fault(Rule::Call, "the callee has no signature");
        };
        let (given, wanted) = (&signature.results, self.results);
        let fit = given.iter().zip(wanted).all(|(given, wanted)| layout.takes(*wanted, *given));
        if !planted!(AnyResults, given.len() == wanted.len() && fit, true) {
            return fault(Rule::Call, "the callee's results are others");
        }
        Ok(())
    }

    /// Where the stack pointer is, if code may call here: it is aligned, and the frame is one of a
    /// chain. `ends`: the callee ends the code (H3).
    fn may_call(&mut self, state: &mut State, ends: bool) -> Result<i64, Fault> {
        let Some(rsp) = state.rsp() else {
            return fault(Rule::Stack, "the stack pointer is unknown at a call");
        };
        if rsp.rem_euclid(16) != 8 {
            return fault(Rule::Call, "the stack is not aligned at a call");
        }
        if !self.is_chained(state) {
            return fault(Rule::Chain, "a call without a frame of its own");
        }
        if !ends {
            self.is_not_trapped(state)?;
        }
        if self.layout.contexts() && self.way_of().is_none() && !ends {
            let below = rsp.saturating_neg();
            let has =
                self.has_stack(state, planted!(LimitIsEightLess, below, below.saturating_sub(8)));
            if !planted!(LimitIsNotCompared, has, true) {
                return fault(Rule::Height, "a call without a comparison with the stack limit");
            }
        }
        Ok(rsp)
    }

    /// The callee's second argument is the context of its caller.
    fn passes_context(&mut self, state: &mut State) -> Result<(), Fault> {
        let gets = self.read_loc(state, Loc::Register(RSI)) == Value::pointer(Base::VmCtx, 0);
        if !planted!(CallerIsAnybody, gets, true) {
            return fault(Rule::Call, "the callee does not get its caller's context");
        }
        Ok(())
    }

    /// The type of the callee whose code is called, if rdi holds the context that its record has.
    fn callee_of_context(&mut self, state: &mut State, code: Value) -> Result<u32, Fault> {
        self.passes_context(state)?;
        let context = self.read_loc(state, Loc::Register(RDI));
        let (wanted, ty) = match code.base {
            Base::FuncCode(func)
                if planted!(
                    BehindCode,
                    code == Value::pointer(code.base, 0),
                    code.sym == Sym::ZERO
                ) =>
            {
                let own = func >= self.layout.imported_funcs();
                let base = if own { Base::VmCtx } else { Base::FuncContext(func) };
                (Value::pointer(base, 0), self.type_of(func)?)
            }
            Base::RefCode if planted!(BehindBoth, code.add == 0, true) => {
                (Value { base: Base::RefContext, ..code }, self.type_of_ref(state, code.sym)?)
            }
            _ => return fault(Rule::Call, "the callee is no code of a record"),
        };
        let own = planted!(AnyContext, context == wanted, true);
        if !own {
            return fault(Rule::Call, "the context is not the callee's");
        }
        Ok(ty)
    }

    /// Calls a function of a type: the arguments that it gets, and the state behind it.
    fn called(&mut self, state: &mut State, ty: u32, rsp: i64) -> Result<(), Fault> {
        let layout = self.layout;
        let Some(callee) = layout.convention(ty) else {
            return fault(Rule::Call, "the callee has no signature");
        };
        self.callee = Callee::Function(ty);
        self.pass_arguments(state, callee, rsp)?;
        let behind = rsp.saturating_add(i64::from(callee.stack_bytes));
        if !planted!(ArgumentsOverChain, Self::is_chained_above(state, behind), true) {
            return fault(Rule::Chain, "the callee's arguments lie where its caller's frame is");
        }
        let Some(results) = &callee.results else {
            return fault(Rule::Call, "the callee's results do not fit into registers");
        };
        self.forget(state);
        if planted!(FunctionsDropNothing, true, false) {
            self.may_drop(state);
        }
        self.set_rsp(state, Some(Value::pointer(Base::Stack, behind as u64)))?;
        for &(kind, place) in results {
            if let Place::Register(r) = place {
                let sym = self.reference(kind);
                state.set(Loc::Register(r), Some(Value::symbol(sym)));
            }
        }
        Ok(())
    }

    /// P13: the frame pointer leads to the caller's, beside the return address: the runtime goes
    /// along frames where code waits or has stopped.
    fn is_chained(&self, state: &State) -> bool {
        let frame = state.get(Loc::Register(RBP)).and_then(|v| v.offset_in(Base::Stack));
        let word = |add: u64| {
            let at = self.word(frame?.wrapping_add(add) as i64)?;
            state.get(Loc::Word(at))
        };
        let chained = word(0) == Some(Value::symbol(saved(RBP)))
            && word(8) == Some(Value::symbol(Sym::RETURN_ADDRESS));
        planted!(ChainIsAnyFrame, chained, frame.is_some())
    }

    /// Whether the words that lead to the caller's frame lie at `end` or above it: what another may
    /// write during a call ends there.
    pub(crate) fn is_chained_above(state: &State, end: i64) -> bool {
        let frame = state.get(Loc::Register(RBP)).and_then(|v| v.offset_in(Base::Stack));
        frame.is_some_and(|frame| frame as i64 >= end)
    }

    /// P13 where an instruction may fault. The caller's frame pointer is accepted too, except in a
    /// way in and a loop, whose caller has none. (No instruction that faults makes a frame pointer
    /// known that was unknown before it, so the state after the instruction is enough.)
    pub(crate) fn stops_in_chain(&self, state: &State) -> Result<(), Fault> {
        // Y6.
        if planted!(InStops, matches!(self.way_of(), Some(Way::In(_))), false) {
            return fault(Rule::Chain, "a way in may stop");
        }
        // Y3.
        let succeeded = planted!(
            OutStopsAnyway,
            self.has_succeeded(state),
            self.has_succeeded(state) || matches!(self.way_of(), Some(Way::Out(_)))
        );
        if !planted!(StopsBehindFailure, succeeded, true) {
            return fault(Rule::Chain, "code may stop where the host may have failed");
        }
        let caller = state.get(Loc::Register(RBP)) == Some(Value::symbol(saved(RBP)));
        if (caller && !self.kind.is_entered()) || self.is_chained(state) {
            return Ok(());
        }
        fault(Rule::Chain, "code may stop where no frame leads to its caller's")
    }

    /// P12: a function has passed a charge or a poll before it calls, so that recursion and cycles
    /// of tail calls pass some. A way in calls once for each time that it is entered. Code of a
    /// loop is nobody's callee: what entered it is a function as bytecode, which has passed some.
    fn call_is_metered(&self, state: &State) -> Result<(), Fault> {
        let once = self.kind.is_thunk() || self.kind.is_entered();
        let metered = planted!(CallIsNoCycle, state.jumps > 0, true);
        if self.is_metered() && !once && !metered {
            return fault(Rule::Metering, "a call without a charge or a poll before it");
        }
        Ok(())
    }

    /// The type of the callee whose code is called, if rdi holds the record that the code is of.
    fn callee(&mut self, state: &mut State, code: Value) -> Result<u32, Fault> {
        let record = self.read_loc(state, Loc::Register(RDI));
        match code.base {
            Base::FuncCode(func) if code == Value::pointer(code.base, 0) => {
                if record != self.record(func) {
                    return fault(Rule::Call, "the record is not the callee's");
                }
                self.type_of(func)
            }
            Base::RefCode if code.add == 0 => {
                if record != (Value { base: Base::RefRecord, ..code }) {
                    return fault(Rule::Call, "the record is not the callee's");
                }
                self.type_of_ref(state, code.sym)
            }
            _ => fault(Rule::Call, "the callee is no code of a record"),
        }
    }

    /// P8: the type that a reference's record was compared with; or, where references point to
    /// records, the one that all references have which the static type allows (null has no record).
    fn type_of_ref(&self, state: &State, sym: Sym) -> Result<u32, Fault> {
        let record = Record::Ref(sym);
        let ty = self.facts.of(state.path, sym).find_map(|fact| match fact {
            Fact::Type { record: r, ty } if r == record => Some(ty),
            Fact::Type { .. } | Fact::Le { .. } | Fact::Apart { .. } | Fact::Whole { .. } => None,
        });
        let stated = || match self.symbols.def(sym).kind {
            Kind::Ref(RefType { kind: RefKind::Func, heap: Heap::Type(ty), .. })
                if self.layout.contexts() =>
            {
                Some(ty)
            }
            Kind::Ref(RefType { kind: RefKind::Func, .. }) if self.layout.contexts() => {
                planted!(StaticTypeIsAny, None, Some(1))
            }
            _ => None,
        };
        match ty.or_else(stated) {
            Some(ty) => Ok(ty),
            None => fault(Rule::CallType, "the callee's type was not compared"),
        }
    }

    pub(crate) fn type_of(&self, func: u32) -> Result<u32, Fault> {
        match self.layout.func_type(func) {
            Some(ty) => Ok(ty),
            None => fault(Rule::Call, "the module has no such function"),
        }
    }

    /// P6: rsi holds the height at entry less a charge that was compared with it. Thunks charge
    /// nothing: their frames are within the slack.
    fn height_is_charged(&mut self, state: &mut State) -> Result<(), Fault> {
        let height = self.read_loc(state, Loc::Register(RSI));
        let taken = height.add.wrapping_neg();
        if height.base != Base::None || height.sym != Sym::HEIGHT || height.shift != 0 {
            return fault(Rule::Height, "no height is passed");
        }
        if self.kind.is_thunk() && taken == 0 {
            return Ok(());
        }
        let has = self.at_least(state.path, Sym::HEIGHT, taken);
        if taken >= 1 << 63 || !planted!(HeightIsNotCompared, has, true) {
            return fault(Rule::Height, "the height may be less than the charge");
        }
        self.charge = Some(self.charge.map_or(taken, |charge| charge.min(taken)));
        Ok(())
    }

    /// P7: references among the arguments are references; the stack arguments lie in the frame.
    fn pass_arguments(
        &mut self,
        state: &mut State,
        callee: &Convention,
        from: i64,
    ) -> Result<(), Fault> {
        let top = i64::from(self.args_bytes).saturating_add(8);
        if from.saturating_add(i64::from(callee.stack_bytes)) > top {
            return fault(Rule::Call, "the stack arguments do not lie in the frame");
        }
        for &(kind, place) in &callee.arguments {
            let loc = match place {
                Place::Register(r) => Some(Loc::Register(r)),
                Place::Stack(at) => self.word(from.saturating_add(i64::from(at))).map(Loc::Word),
                Place::Vector(_) => None,
            };
            let fits = loc
                .and_then(|loc| state.get(loc))
                .is_some_and(|v| self.is_ref(state.path, v, kind));
            if !fits {
                return fault(Rule::Call, "an argument is no reference");
            }
        }
        Ok(())
    }

    /// A builtin; whether it comes back.
    fn call_builtin(&mut self, state: &mut State, n: u32, code: Value) -> Result<bool, Fault> {
        let context = self.read_loc(state, Loc::Register(RDI));
        let own = context == Value::pointer(Base::VmCtx, 0);
        let other = context.base == Base::RefContext && context.add == 0;
        let gets = planted!(BuiltinGetsAnything, own || other, true);
        if code != Value::pointer(code.base, 0) || !gets {
            return fault(Rule::Call, "no entry of a builtin, or it does not get the context");
        }
        let operands = if n == offsets::BUILTIN_PERFORM { 3 } else { 1 };
        self.callee = Callee::Builtin(operands);
        let answers = match n {
            offsets::BUILTIN_CALL => Answers::Results(self.call_out(state, context)?),
            offsets::BUILTIN_PERFORM if planted!(PerformsForAnother, own, true) => {
                self.perform(state)?
            }
            offsets::BUILTIN_TRAP => return Ok(false),
            offsets::BUILTIN_THROW if planted!(ThrowsForAnother, own, true) => {
                self.throw(state)?;
                self.forget(state);
                return Ok(false);
            }
            _ => return fault(Rule::Call, "no builtin for this context"),
        };
        self.forget(state);
        state.answers = answers;
        Ok(true)
    }

    /// The builtin `call`. Only a way out may call it, with the record that it was entered with;
    /// references among the arguments lie in the cells. The runtime takes the caller of the frame
    /// for the caller of the function, and the values that the frame returns for the function's
    /// results.
    fn call_out(&mut self, state: &mut State, context: Value) -> Result<u32, Fault> {
        let CodeKind::ThunkOut(ty) = self.kind else {
            return fault(Rule::Call, "code that is no way out calls out");
        };
        let record = self.read_loc(state, Loc::Register(OPERANDS[0]));
        let own = planted!(OutForAnother, record == self.own, true);
        if !own || context != (Value { base: Base::RefContext, ..self.own }) {
            return fault(Rule::Call, "a way out calls another function than its own");
        }
        let Some(signature) = self.layout.signature(ty) else {
            return fault(Rule::Call, "the callee has no signature");
        };
        self.cells_hold(state, &signature.params)?;
        Ok(ty)
    }

    /// Whether references of these types lie in the argument cells.
    pub(crate) fn cells_hold(&self, state: &State, types: &[Ty]) -> Result<(), Fault> {
        self.facts.count((types.len() as u64).saturating_mul(VALUE_WORK));
        for (cell, ty) in self.cells_of(types) {
            let Ty::Ref(kind) = ty else { continue };
            let holds = match state.cells.get(&cell) {
                Some(&value) => self.is_ref(state.path, value, kind),
                // The runtime has left it there, and nothing was written since.
                None => {
                    let wanted = Ty::Ref(kind);
                    self.answered(state.answers, cell)
                        .is_some_and(|ty| self.layout.takes(wanted, ty))
                }
            };
            if !holds {
                return fault(Rule::Call, "an argument cell holds no reference");
            }
        }
        Ok(())
    }

    /// The builtin `perform`: a constant opcode that it may be asked for, and references of the
    /// table's kind. What an operator on objects gives is of the type that its immediates say.
    fn perform(&mut self, state: &mut State) -> Result<Answers, Fault> {
        let mut operand = |n: usize| {
            let register = OPERANDS.get(n).copied().unwrap_or(RAX);
            let value = self.read_loc(state, Loc::Register(register)).as_constant();
            value.and_then(|value| u32::try_from(value).ok())
        };
        let (opcode, first, second) = (operand(0), operand(1), operand(2));
        let opcode = opcode.and_then(|n| u16::try_from(n).ok());
        let Some(performed) = PERFORMED.iter().find(|p| Some(p.opcode) == opcode) else {
            return fault(Rule::Call, "an operator that is not performed");
        };
        match performed.rule {
            Performs::Numbers => Ok(Answers::Unknown),
            Performs::Element(cell) => {
                let table = first.and_then(|t| self.layout.table_type(t));
                let value = state.cells.get(&cell);
                let fits = table.is_some_and(|t| self.layout.is_number(t.ty))
                    || table.zip(value).is_some_and(|(t, &v)| self.is_ref(state.path, v, t.ty));
                if !fits {
                    return fault(Rule::Call, "no reference of the table's kind is passed");
                }
                Ok(Answers::Unknown)
            }
            Performs::Object(gives) => {
                let given = first.zip(second).and_then(|of| self.given(gives, of));
                given.map_or(Ok(Answers::Unknown), |ty| Ok(Answers::Operator(ty)))
            }
        }
    }

    /// The type of what an operator on objects gives, if it is a reference that code may not make
    /// up; nothing for a type or field that is not there, where the runtime refuses the operator.
    fn given(&self, gives: Gives, (first, second): (u32, u32)) -> Option<Ty> {
        let ty = match gives {
            Gives::Number => return None,
            Gives::Field => {
                let field = planted!(OtherFieldIsGiven, second as usize, 1);
                *self.layout.object(first).get(field)?
            }
            Gives::Element => *self.layout.object(first).first()?,
            Gives::Extern => {
                Ty::Ref(RefType { kind: RefKind::Extern, heap: Heap::Any, nullable: true })
            }
            Gives::Cast => Ty::Ref(self.layout.ref_of_code(first)?),
        };
        // A reference to an object is a number (L8).
        matches!(ty, Ty::Ref(is) if !self.layout.is_number(is)).then_some(ty)
    }

    /// The builtin `throw`, which does not come back: a tag of the module whose values lie in the
    /// cells, or [`offsets::THROW_REF`], and a reference to an exception there.
    fn throw(&mut self, state: &mut State) -> Result<(), Fault> {
        let tag = self.read_loc(state, Loc::Register(OPERANDS[0])).as_constant();
        let Some(tag) = tag else {
            return fault(Rule::Call, "a throw of an unknown tag");
        };
        if tag == offsets::THROW_REF {
            let any = RefType { nullable: true, ..RefType::EXCEPTION };
            return self.cells_hold(state, &[Ty::Ref(any)]);
        }
        let layout = self.layout;
        let Some(signature) = u32::try_from(tag).ok().and_then(|tag| layout.tag_type(tag)) else {
            return fault(Rule::Call, "a throw of a tag that the module does not have");
        };
        self.cells_hold(state, &signature.params)
    }

    /// Forgets the locations that a call changes: registers that the callee does not preserve, and
    /// fields that it may move.
    pub(crate) fn forget(&mut self, state: &mut State) {
        self.forget_registers(state);
        if planted!(BasesStay, self.moves, false) {
            self.forget_bases(state);
        }
    }

    /// The same, for a call that moves no memory and no table.
    pub(crate) fn forget_registers(&mut self, state: &mut State) {
        for (r, slot) in (0..).zip(&mut state.regs) {
            let kept = planted!(CalleeKeepsAll, SAVED >> r & 1 != 0, true);
            if r != RSP && !kept {
                *slot = None;
            }
        }
        state.calls = state.calls.saturating_add(1);
        state.object = planted!(ObjectStaysNew, None, state.object);
        state.fuel = None;
        state.cells.clear();
        state.answers = Answers::Unknown;
    }

    /// Whether a call may move a memory or a table: each says it by itself where functions get
    /// contexts. Of more than [`ASKED_MAX`] nobody asks.
    pub(crate) fn some_moves(&self) -> bool {
        let (memories, tables) = (self.layout.memories.len(), self.layout.tables.len());
        let few = memories.saturating_add(tables) <= ASKED_MAX;
        let memories = (0..).map(Extent::Memory).take(memories);
        let mut all = memories.chain((0..).map(Extent::Table).take(tables));
        self.layout.moves()
            || self.layout.contexts() && (!few || all.any(|extent| self.moves(extent)))
    }

    /// Whether a call may move what an extent is of.
    fn moves(&self, extent: Extent) -> bool {
        match extent {
            Extent::Memory(m) => {
                let moves = self.layout.memory_type(m).is_none_or(|memory| memory.moves);
                planted!(MemoriesStay, moves, false)
            }
            Extent::Table(t) => {
                let moves = self.layout.table_type(t).is_none_or(|table| table.moves);
                planted!(TablesStay, moves, false)
            }
            Extent::Data(_) | Extent::Funcs => false,
        }
    }

    /// Forgets addresses in memories and tables, which the call may have moved (L2).
    fn forget_bases(&mut self, state: &mut State) {
        for slot in &mut state.regs {
            *slot = slot.filter(|&value| !self.is_address(value));
        }
        for i in 0..state.words.len() {
            let word = state.words.get(i).copied().flatten();
            if word.is_some_and(|value| self.is_address(value)) {
                state.set_word(u32::try_from(i).unwrap_or(u32::MAX), None);
            }
        }
        self.facts.count((state.words.len() as u64).saturating_mul(4));
    }

    /// Whether a value is an address in a memory or a table that may move, or may be.
    fn is_address(&self, value: Value) -> bool {
        match value.base {
            Base::Memory(m) => self.moves(Extent::Memory(m)),
            Base::Table(t) => self.moves(Extent::Table(t)),
            Base::None => match self.symbols.def(value.sym).kind {
                Kind::Masked { extent, .. } => planted!(MaskedStays, self.moves(extent), false),
                _ => false,
            },
            _ => false,
        }
    }

    /// P7: the callee-saved registers are as at entry, the return address is where `above` bytes
    /// above its end are the caller's.
    fn leaves_frame(&mut self, state: &mut State, above: i64) -> Result<(), Fault> {
        let Some(rsp) = state.rsp() else {
            return fault(Rule::Return, "the stack pointer is unknown");
        };
        if rsp.saturating_add(above) != i64::from(self.args_bytes) {
            return fault(Rule::Return, "the arguments are not taken off the stack");
        }
        let address = self.word(rsp).and_then(|i| state.get(Loc::Word(i)));
        if address != Some(Value::symbol(Sym::RETURN_ADDRESS)) {
            return fault(Rule::Return, "the return address is not where it is taken from");
        }
        for r in CALLEE_SAVED {
            let kept = state.get(Loc::Register(r)) == Some(Value::symbol(saved(r)));
            if !planted!(RegistersAreLost, kept, true) {
                return fault(Rule::Return, "a callee-saved register is not as it was");
            }
        }
        Ok(())
    }

    /// Checks `ret`, which removes `pops` bytes of stack above the return address.
    pub(crate) fn ret(&mut self, state: &mut State, pops: u32) -> Result<(), Fault> {
        self.is_not_trapped(state)?;
        self.leaves_frame(state, i64::from(pops))?;
        let in_cells = match self.kind {
            CodeKind::ThunkIn(ty) => Some(ty),
            CodeKind::Loop { func, .. } => {
                planted!(LoopLeavesAnything, self.layout.func_type(func), None)
            }
            CodeKind::Func(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_) => None,
        };
        if let Some(way) = self.way_of() {
            self.way_returns(state, way)?;
        }
        if let Some(signature) = in_cells.and_then(|ty| self.layout.signature(ty)) {
            return self.cells_hold(state, &signature.results);
        }
        for &(kind, place) in self.convention.results.iter().flatten() {
            let Place::Register(r) = place else { continue };
            let fits =
                state.get(Loc::Register(r)).is_some_and(|v| self.is_ref(state.path, v, kind));
            if !fits {
                return fault(Rule::Return, "a result is no reference");
            }
        }
        Ok(())
    }

    /// A tail call: the frame is left as by `ret`, with the callee's arguments in its place, and
    /// the callee's results are this function's.
    pub(crate) fn tail_call(&mut self, state: &mut State, code: Value) -> Result<(), Fault> {
        if !matches!(self.kind, CodeKind::Func(_)) {
            return fault(Rule::Call, "a thunk leaves by a tail call");
        }
        if self.layout.contexts() {
            let ty = self.callee_of_context(state, code)?;
            return self.leaves_for(state, ty);
        }
        let ty = self.callee(state, code)?;
        self.call_is_metered(state)?;
        self.gives_results(ty)?;
        let layout = self.layout;
        let Some(callee) = layout.convention(ty) else {
            return fault(Rule::Call, "the callee has no signature");
        };
        self.callee = Callee::Function(ty);
        self.leaves_frame(state, i64::from(callee.stack_bytes))?;
        let from = state.rsp().unwrap_or(0).saturating_add(8);
        self.pass_arguments(state, callee, from)?;
        let height = self.read_loc(state, Loc::Register(RSI));
        if height == Value::symbol(Sym::HEIGHT) {
            return Ok(());
        }
        self.height_is_charged(state)
    }
}
