//! The parts that are the same for the whole function, and the values of its body.

use crate::demand::{Demand, Maker};
use crate::error::{Cause, Refusal, refuse};
use crate::memo::{Decided, Kept, Memo};
use crate::state::{KNOWN_MAX, State};
use crate::words::{Head, NONE, Word, Words};
use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use prova_check::{CallRow, Layout, TrapRow};
use prova_module::ops::Class;
use prova_module::{Module, Opcode, RefType, ValType};
use prova_ssa::{Block, Body, Def, Held, Imm, Inst, Op, Terminator, Value};
use smallvec::SmallVec;

/// Units of work for each byte of code: a term of the body that is computed, a claim, a way; and as
/// many steps of rewriting.
///
/// Of programs in use, a function takes at most 6 units and 9 steps for a byte; rounds of hash
/// functions, whose words are made of bits of others, take 30 to 80 steps.
pub const WORK_MAX: u64 = 128;
/// Units and steps that any code may take.
const WORK_BASE: u64 = 1 << 12;
/// Units and steps that no code may take more than: with the terms that they make, a gigabyte.
const WORK_MOST: u64 = 1 << 23;
/// Operands of an operator without effects at most.
pub(crate) const OPERANDS_MAX: usize = 4;

/// Things to know of code besides its bytes and traps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'a> {
    /// The call map; none: calls are not compared with it.
    pub calls: Option<&'a [CallRow]>,
    /// Whether results that are NaN are canonical.
    pub deterministic: bool,
    /// The cells of the entry's parameters, if the code is entered in a loop.
    pub round: Option<&'a [u32]>,
    /// The references that the frame holds; none: it is not known which.
    pub held: Option<&'a Held>,
    /// Set by another thread to stop the walk: it refuses then. None: nobody stops it.
    pub stop: Option<&'a AtomicBool>,
}

/// Whether what an operator gives follows from its operands, if it gives anything: it has no
/// effects, or may trap and did not.
pub fn is_of_operands(op: Op) -> bool {
    let traps = match op {
        Op::Wasm(opcode) => {
            opcode.class() == Class::trap
                || matches!(
                    opcode,
                    Opcode::RefEq | Opcode::RefI31 | Opcode::I31GetS | Opcode::I31GetU
                )
        }
        Op::Charge | Op::Poll => false,
    };
    let pure = op.effects().is_pure();
    traps
        || planted!(
            LoadsAreOfOperands,
            pure,
            pure || matches!(op, Op::Wasm(opcode) if opcode.class() == Class::load)
        )
}

/// Whether values of a body are computed from their operands, by their numbers.
fn computed(body: &Body) -> Vec<bool> {
    let values = 0..u32::try_from(body.value_count()).unwrap_or(u32::MAX);
    let is = |value| match body.value(Value::from_u32(value)).def {
        Def::Result(inst, _) => is_of_operands(body.inst(inst).op),
        Def::Param(..) => false,
    };
    values.map(is).collect()
}

/// A function while it is compared.
#[derive(Debug)]
pub struct Core<'a> {
    /// The body.
    pub body: &'a Body,
    /// The module.
    pub module: &'a Module,
    /// Where words of the store lie.
    pub layout: &'a Layout,
    /// The code.
    pub code: &'a [u8],
    /// The trap map.
    pub traps: &'a [TrapRow],
    /// The rest.
    pub told: Told<'a>,
    /// The terms.
    pub words: Words,
    /// The stack bytes that the frame is charged.
    pub charge: u64,
    /// The instruction that is executed: its offset and its end.
    pub(crate) here: (u32, u32),
    /// Where the call that was executed last may land: offsets and states.
    pub(crate) landings: Vec<(u32, State)>,
    /// Words in which no base is, at any depth (E6).
    pub(crate) distances: BTreeSet<Word>,
    /// Whether values are computed from their operands, by their numbers.
    computed: Vec<bool>,
    /// Values without effects, by their numbers.
    memo: Vec<Memo>,
    envs: u32,
    pub(crate) decided: Decided,
    /// The last debt that was made.
    pub(crate) kept: Option<Kept>,
    /// The words of hidden values where they were not made.
    leaves: [Word; 2],
    /// Units of work that are left, and how many there were.
    work: u64,
    all: u64,
    /// Whether it was stopped: that is final, also if [`Told::stop`] is reset.
    stopped: bool,
}

impl<'a> Core<'a> {
    /// A function; nothing if the module has no such.
    pub fn new(
        (module, body): (&'a Module, &'a Body),
        layout: &'a Layout,
        (code, traps): (&'a [u8], &'a [TrapRow]),
    ) -> Option<Core<'a>> {
        let charge = module.facts(body.func())?.charge_bytes();
        let work = (code.len() as u64).saturating_mul(WORK_MAX).saturating_add(WORK_BASE);
        let work = work.min(WORK_MOST);
        let words = Words::within(work).with_room(code.len() >> 1);
        Some(Core {
            body,
            module,
            layout,
            code,
            traps,
            told: Told::default(),
            words,
            charge,
            here: (0, 0),
            landings: Vec::new(),
            distances: BTreeSet::new(),
            computed: computed(body),
            memo: alloc::vec![Memo::NOTHING; body.value_count()],
            envs: 0,
            decided: Decided::default(),
            kept: None,
            leaves: [NONE; 2],
            work,
            all: work,
            stopped: false,
        })
    }

    /// The same, with no more work and steps than these units each.
    #[must_use]
    pub fn within(mut self, units: u64) -> Core<'a> {
        self.work = self.work.min(units);
        self.all = self.work;
        self.words.bound(units);
        self
    }

    /// The same, with what else is known.
    pub fn with(self, told: Told<'a>) -> Core<'a> {
        Core { told, ..self }
    }

    /// The hidden value of the body that the store's word for the fuel is.
    pub fn fuel(&self) -> Value {
        Value::from_u32(u32::try_from(self.body.value_count()).unwrap_or(u32::MAX))
    }

    /// The hidden value of the body that the answer to its last question is, whether a reference is
    /// of a type: 32 bits.
    pub fn tested(&self) -> Value {
        Value::from_u32(self.fuel().as_u32().saturating_add(1))
    }

    /// Whether a value is one that the body does not have.
    pub fn is_hidden(&self, value: Value) -> bool {
        value == self.fuel() || value == self.tested()
    }

    /// Whether the body has a value of a number; hidden ones count.
    pub fn is_value(&self, number: u32) -> bool {
        (number as usize) < self.body.value_count()
            || (self.layout.config().metering.fuel && number == self.fuel().as_u32())
            || number == self.tested().as_u32()
    }

    /// Units of work and steps of rewriting so far.
    pub fn spent(&self) -> u64 {
        self.all.saturating_sub(self.work).saturating_add(self.words.steps())
    }

    /// Takes units of work, unless it was stopped.
    pub(crate) fn spend(&mut self, units: u64) -> Result<(), Refusal> {
        self.stopped |= self.told.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        if self.stopped {
            return refuse(Cause::Stopped, "another thread");
        }
        match self.work.checked_sub(units) {
            Some(left) => {
                self.work = left;
                Ok(())
            }
            None => refuse(Cause::Limit, "work"),
        }
    }

    /// A copy of a state: work by its size, so that long code with many branches is bounded.
    pub(crate) fn copied(&mut self, state: &State) -> Result<State, Refusal> {
        let parts = state.over.len().saturating_add(state.stack.len());
        self.spend((parts as u64) >> 2)?;
        Ok(state.clone())
    }

    /// The instruction that a value is computed by from its operands, and the value's number among
    /// its results: an operator without effects, or one that may trap and did not. All other values
    /// are leaves. What is computed is never made: so it follows its operands everywhere alike.
    fn computed(&self, value: Value) -> Option<(Inst, u32)> {
        if !self.is_computed(value) {
            return None;
        }
        let Def::Result(inst, place) = self.body.value(value).def else { return None };
        Some((inst, place))
    }

    /// Whether a value is computed from its operands, and no leaf.
    pub fn is_computed(&self, value: Value) -> bool {
        self.computed.get(value.as_u32() as usize) == Some(&true)
    }

    /// A leaf of the body is made: from here on it is another word, and so may be what depends on
    /// it (E5).
    pub(crate) fn make(&mut self, state: &mut State, value: Value, word: Word) {
        self.envs = self.envs.saturating_add(planted!(MadeIsRemembered, 1, 0));
        state.env = self.envs;
        state.over.insert(value.as_u32(), word);
    }

    /// A condition holds, or does not, from here on. Of a negation that is said of what it denies,
    /// so that nobody has to ask again what each condition is.
    pub(crate) fn assume(&mut self, state: &mut State, condition: Word, holds: bool) {
        if state.known.len() >= KNOWN_MAX {
            state.known.remove(0);
        }
        let (condition, positive) = self.words.polarity(condition);
        state.known.push((condition, planted!(AssumedTurned, holds == positive, holds)));
    }

    /// A comparison that others decide holds, or does not: where they are forgotten it may be what
    /// is left.
    pub(crate) fn remember(&mut self, state: &mut State, condition: Word, holds: bool) {
        let (fact, positive) = self.words.polarity(condition);
        let known = state.known.contains(&(fact, holds == positive));
        if self.words.get(fact).op == Head::Ult && !known {
            self.assume(state, fact, holds == positive);
        }
    }

    /// The width of a value of the body.
    pub fn bits_of(&self, value: Value) -> u8 {
        if self.is_hidden(value) {
            return if value == self.fuel() { 64 } else { 32 };
        }
        crate::demand::bits_of(self.body.value(value).ty)
    }

    /// A value of the body as it was made last.
    ///
    /// The value of an operator without effects is the operator of its operands as they were made
    /// last. For a value whose definition dominates the body's place that is right, since a body
    /// in SSA form makes an operand again only on a way that makes the operator's value again
    /// (dominance). For others it is what claims mean by them: see `claims`.
    ///
    /// # Errors
    /// Beyond a limit, or for an operator without rule.
    pub fn value(&mut self, state: &State, value: Value) -> Result<Word, Refusal> {
        if let Some(word) = self.found(state, value) {
            return Ok(word);
        }
        // A chain of operators may be as long as the body: operands wait in a list.
        let most = self.body.value_count().saturating_mul(OPERANDS_MAX);
        let mut open: SmallVec<[Value; 8]> = SmallVec::new();
        open.push(value);
        while let Some(&value) = open.last() {
            let Some((inst, place)) = self.computed(value) else { break };
            let data = *self.body.inst(inst);
            let waiting = open.len();
            let mut args: SmallVec<[Word; OPERANDS_MAX]> = SmallVec::new();
            for &arg in self.body.operands(data.args) {
                match self.found(state, arg) {
                    Some(word) => args.push(word),
                    None => open.push(arg),
                }
            }
            if open.len() > waiting {
                if open.len() > most {
                    return refuse(Cause::Limit, "operands of operands");
                }
                continue;
            }
            open.pop();
            if self.found(state, value).is_none() {
                self.compute(state, (inst, place, value), &args)?;
            }
        }
        match self.found(state, value) {
            Some(word) => Ok(word),
            None => refuse(Cause::Operator, "operands"),
        }
    }

    /// A leaf, or a computed value that is known.
    fn found(&mut self, state: &State, value: Value) -> Option<Word> {
        if self.is_computed(value) {
            return self.memo.get(value.as_u32() as usize)?.found(state.env());
        }
        if let Some(&word) = state.over.get(&value.as_u32()) {
            return Some(word);
        }
        // A leaf that was not made is the same word everywhere.
        if let Some(word) = self.memo.get(value.as_u32() as usize).and_then(|memo| memo.found(0)) {
            return Some(word);
        }
        let word = self.leaf(value);
        if let Some(memo) = self.memo.get_mut(value.as_u32() as usize) {
            memo.plain = word;
        }
        Some(word)
    }

    /// A leaf of which nothing is known but what made it: a load of fewer bytes than its type has
    /// gives their extension.
    fn leaf(&mut self, value: Value) -> Word {
        let bits = self.bits_of(value);
        if let Some((opcode, width)) = self.loaded(value)
            && width < bits
        {
            let narrow = planted!(LoadsAreOfBytes, width, 8);
            let narrow = self.words.value(narrow, value.as_u32());
            if let Some(word) = crate::demand::extended(&mut self.words, opcode, narrow) {
                return word;
            }
        }
        self.words.value(bits, value.as_u32())
    }

    /// The load that a value is the result of, and how many bits it reads.
    fn loaded(&self, value: Value) -> Option<(Opcode, u8)> {
        if self.is_hidden(value) {
            return None;
        }
        let Def::Result(inst, _) = self.body.value(value).def else { return None };
        let prova_ssa::Op::Wasm(opcode) = self.body.inst(inst).op else { return None };
        let width = opcode.row().width.checked_mul(8)?;
        (opcode.class() == Class::load).then_some((opcode, width))
    }

    /// A value of words for its operands.
    fn compute(
        &mut self,
        state: &State,
        (inst, place, value): (Inst, u32, Value),
        args: &[Word],
    ) -> Result<(), Refusal> {
        self.spend(1)?;
        let (env, number) = (state.env(), value.as_u32() as usize);
        if args.len() > OPERANDS_MAX {
            return refuse(Cause::Limit, "operands");
        }
        let mut key = [NONE; OPERANDS_MAX];
        key.iter_mut().zip(args).for_each(|(key, &arg)| *key = arg);
        if let Some(memo) = self.memo.get_mut(number)
            && memo.word != NONE
            && planted!(OperandsAreAny, memo.args == key, true)
        {
            memo.put(env, memo.word);
            return Ok(());
        }
        let (data, bits) = (*self.body.inst(inst), self.bits_of(value));
        let made = match self.maker(state).demand(data.op, data.imm, args, Some(bits)) {
            Some(demand) => {
                let place = planted!(ResultIsFirst, place as usize, 0);
                demand.values.get(place).copied()
            }
            None => None,
        };
        let Some(word) = made else { return refuse(Cause::Operator, data.op.mnemonic()) };
        if let Some(memo) = self.memo.get_mut(number) {
            // What it is in another environment is forgotten with the operands there.
            *memo = Memo { word, env: 0, args: key, ..*memo };
            memo.put(env, word);
        }
        Ok(())
    }

    /// The maker of demands in a state.
    pub(crate) fn maker(&mut self, state: &State) -> Maker<'_> {
        let [fuel, tested] = self.hidden(state);
        Maker {
            words: &mut self.words,
            layout: self.layout,
            module: self.module,
            versions: state.versions,
            fuel,
            polled: state.polled,
            deterministic: planted!(NothingIsCanonical, self.told.deterministic, false),
            own: None,
            slot_is_lent: false,
            tested,
            literal: false,
        }
    }

    /// The word for the fuel, and the answer to the last question.
    fn hidden(&mut self, state: &State) -> [Word; 2] {
        if self.leaves == [NONE; 2] {
            let (fuel, tested) = (self.fuel().as_u32(), self.tested().as_u32());
            self.leaves = [self.words.value(64, fuel), self.words.value(32, tested)];
        }
        let [fuel, tested] = self.leaves;
        let over = |value: Value| state.over.get(&value.as_u32()).copied();
        [over(self.fuel()).unwrap_or(fuel), over(self.tested()).unwrap_or(tested)]
    }

    /// The type of a value that is a reference.
    fn ref_type(&self, value: Option<&Value>) -> Option<RefType> {
        match self.body.value(*value?).ty {
            ValType::Ref(ty) => Some(ty),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => None,
        }
    }

    /// The debt of the body for an instruction.
    pub(crate) fn demand(&mut self, state: &State, inst: Inst) -> Result<Rc<Demand>, Refusal> {
        let data = *self.body.inst(inst);
        let slot_is_lent = match self.lends(state, data.op, data.imm) {
            // What an operator is stays, once some of it is passed: another one counts otherwise.
            Some(_) if planted!(LentAnew, state.passed > 0, false) => state.lent,
            Some(lent) => {
                planted!(SlotIsLent, self.words.decide(&state.known, lent) == Some(true), true)
            }
            None => false,
        };
        if let Some(kept) = &self.kept
            && kept.counts(state, inst, slot_is_lent)
        {
            return Ok(Rc::clone(&kept.demand));
        }
        let mut args: SmallVec<[Word; OPERANDS_MAX]> = SmallVec::new();
        for &arg in self.body.operands(data.args) {
            args.push(self.value(state, arg)?);
        }
        let result = data.result().map(|value| self.bits_of(value));
        let last = self.body.operands(data.args).last().and_then(|&last| self.computed(last));
        let literal =
            last.is_some_and(|(of, _)| self.body.operands(self.body.inst(of).args).is_empty());
        let own = self.ref_type(self.body.operands(data.args).first());
        let mut maker = Maker { literal, own, slot_is_lent, ..self.maker(state) };
        match maker.demand(data.op, data.imm, &args, result) {
            Some(demand) => {
                let demand = Rc::new(demand);
                self.kept = Some(Kept::new(state, inst, slot_is_lent, Rc::clone(&demand)));
                Ok(demand)
            }
            None => refuse(Cause::Operator, data.op.mnemonic()),
        }
    }

    /// Whether a slot is lent for the object that an operator makes, if it makes one.
    fn lends(&mut self, state: &State, op: Op, imm: Imm) -> Option<Word> {
        let Op::Wasm(opcode) = op else { return None };
        (opcode.class() == Class::allocate).then(|| self.maker(state).is_lent(op, imm)).flatten()
    }

    /// The debt of the body for the end of a block that is next, if code does something for it: a
    /// call, a throw, the results of code that was entered in a loop.
    pub(crate) fn owed_at_end(&mut self, state: &State) -> Result<Option<Demand>, Refusal> {
        let block = *self.body.block(Block::from_u32(state.block));
        let list = match block.terminator {
            Terminator::TailCall(call) | Terminator::Invoke { call, .. } => call.args,
            Terminator::Throw { args, .. } => args,
            Terminator::Return(list) if self.told.round.is_some() => list,
            Terminator::Jump(_)
            | Terminator::Branch { .. }
            | Terminator::Table { .. }
            | Terminator::Null { .. }
            | Terminator::Catch { .. }
            | Terminator::Return(_)
            | Terminator::Unreachable => return Ok(None),
            Terminator::Cast { reference, ty, .. } => return self.asks(state, reference, ty),
        };
        let mut args = Vec::new();
        for &arg in self.body.operands(list) {
            args.push(self.value(state, arg)?);
        }
        let mut maker = self.maker(state);
        let (owed, name) = match block.terminator {
            Terminator::TailCall(call) => (maker.tail_call(&call, &args), call.opcode.mnemonic()),
            Terminator::Invoke { call, .. } => {
                (maker.call(call.opcode, call.imm, &args), call.opcode.mnemonic())
            }
            Terminator::Throw { opcode, imm, .. } => {
                (maker.throw(opcode, imm, &args), opcode.mnemonic())
            }
            _ => (Some(maker.leave(&args)), "return"),
        };
        match owed {
            Some(demand) => Ok(Some(demand)),
            None => refuse(Cause::Operator, name),
        }
    }

    /// The debt of a branch by a type.
    fn asks(
        &mut self,
        state: &State,
        reference: Value,
        ty: RefType,
    ) -> Result<Option<Demand>, Refusal> {
        let word = self.value(state, reference)?;
        let own = self.ref_type(Some(&reference));
        let mut maker = Maker { own, ..self.maker(state) };
        match maker.cast(ty, word) {
            Some(demand) => Ok(Some(demand)),
            None => refuse(Cause::Operator, "a branch by a type"),
        }
    }

    /// The debt of the body where it stands, if code does something for it.
    pub(crate) fn owed(&mut self, state: &State) -> Result<Option<Rc<Demand>>, Refusal> {
        if !planted!(ActsBeforeCharge, state.entered, true) {
            return Ok(None);
        }
        match self.next(state) {
            Some(inst) => self.demand(state, inst).map(Some),
            None => Ok(self.owed_at_end(state)?.map(Rc::new)),
        }
    }

    /// The next instruction of the body, or its block's end.
    pub(crate) fn next(&self, state: &State) -> Option<Inst> {
        let block = self.body.block(Block::from_u32(state.block));
        block.insts().nth(state.at as usize)
    }

    /// The offset in the module of where the body stands.
    pub fn wasm_offset(&self, state: &State) -> u32 {
        match self.next(state) {
            Some(inst) => self.body.inst(inst).offset,
            None => self.body.block(Block::from_u32(state.block)).end,
        }
    }

    /// The offset in the module of what stops the body where it stands.
    pub(crate) fn stop_offset(&self, state: &State) -> u32 {
        if state.entered {
            return self.wasm_offset(state);
        }
        let entry = self.body.block(self.body.entry());
        planted!(EntryStopsAtEnd, entry.offset, entry.end)
    }
}
