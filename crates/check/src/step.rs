//! One instruction: what it makes of a state. Each class's rule stands above the code that applies
//! it; what no rule names becomes unknown.

use crate::abi::regs::{RAX, RDX, RSP};
use crate::access::{Access, Place};
use crate::certificate::JUMPS;
use crate::error::{Fault, Rule, fault};
use crate::facts::Path;
use crate::layout::CpuLevel;
use crate::machine::{FRAME_BYTES_MAX, Machine};
use crate::operands::note;
use crate::rules::numeric::{self, Outcome, arithmetic, cut};
use crate::state::{Flags, Loc, State};
use crate::symbols::{Def, Kind, RefType};
use crate::value::{Base, Sym, Value};
use crate::x64::{Address, Alu, Class, Condition, Insn, Operand, Pure};

/// Where control goes behind an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To the next instruction.
    Next,
    /// To this offset.
    Jump(u32),
    /// To this offset if the condition holds, otherwise to the next instruction.
    Branch(u32, Condition),
    /// To one of the entries of a jump table.
    Table {
        /// The offset that the entries are relative to.
        table: u32,
        /// Where the first of them lies.
        first: u32,
        /// How many there are.
        count: u32,
    },
    /// Out of the code.
    Stop,
}

/// The kind of row that an instruction needs in the trap map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// It cannot fault.
    Never,
    /// It is an access to linear memory that cannot fault.
    Harmless,
    /// It is an access to linear memory that may fault.
    Memory,
    /// It is an access to a table that may fault.
    Table,
    /// It is an access to a table that cannot fault.
    HarmlessTable,
    /// It is an access to a record, which faults where the reference is null.
    Null,
    /// The same, where the reference is not null.
    HarmlessNull,
    /// It is a division.
    Division,
    /// It is `ud2`.
    Trap,
}

/// The effects of an instruction other than those on the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Where control goes.
    pub flow: Flow,
    /// Whether it can fault.
    pub faults: Faults,
    /// Whether it is a call.
    pub call: bool,
    /// Whether it is a tail call.
    pub tail: bool,
}

impl Effect {
    /// Nothing: control goes to the next instruction.
    pub(crate) const NONE: Effect =
        Effect { flow: Flow::Next, faults: Faults::Never, call: false, tail: false };
}

impl Machine<'_> {
    /// Executes an instruction on the state.
    ///
    /// # Errors
    ///
    /// The rule that it breaks in this state.
    pub fn step(&mut self, state: &mut State, insn: &Insn) -> Result<Effect, Fault> {
        let mut effect = Effect::NONE;
        self.execute(state, insn, &mut effect)?;
        Ok(effect)
    }

    /// As [`Machine::step`]; `effect` is none before.
    pub(crate) fn execute(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<(), Fault> {
        if self.layout.config.cpu == CpuLevel::V2 && insn.level() == CpuLevel::V3 {
            return fault(Rule::Instruction, "an instruction that the processor may not have");
        }
        match insn.class {
            Class::Branch(condition) => effect.flow = Flow::Branch(insn.target(), condition),
            Class::Jump => effect.flow = Flow::Jump(insn.target()),
            Class::Leave | Class::JumpTo | Class::Call | Class::CallTo | Class::Return => {
                self.transfer(state, insn, effect)?;
            }
            Class::Trap => self.trap(effect)?,
            Class::Nop | Class::Fence => {}
            Class::Push => self.push(state, insn)?,
            Class::Pop => self.pop(state, insn)?,
            Class::Vector => {
                self.vector(state, insn, effect)?;
            }
            Class::VectorFlags => {
                state.flags = self.vector(state, insn, effect)?;
                return Ok(());
            }
            Class::Exchange => self.exchange(state, insn, (true, effect))?,
            Class::ExchangeAdd => self.exchange(state, insn, (false, effect))?,
            Class::CompareExchange => self.compare_exchange(state, insn, effect)?,
            Class::MultiplyPair => self.multiply_pair(state, insn, effect)?,
            Class::MultiplyWide => {
                self.wide(state, insn, effect)?;
            }
            Class::Divide => self.divide(state, insn, effect)?,
            Class::ExtendLow => state.set(Loc::Register(RAX), None),
            Class::ExtendHigh => state.set(Loc::Register(RDX), None),
            Class::Lea => self.lea(state, insn)?,
            Class::Move => return self.mov(state, insn, effect),
            Class::ZeroExtend | Class::SignExtend | Class::Define | Class::Scan => {
                self.define(state, insn, effect)?;
            }
            Class::BitTest if insn.first_register().is_some() => {}
            Class::BitTest => return fault(Rule::Instruction, "a bit test of memory"),
            Class::SetByte(_) => {
                let (_, bytes, place) = self.destination(state, insn, effect)?;
                self.write(state, insn, (place, bytes, None))?;
            }
            Class::Compare | Class::Test => return self.compare(state, insn, effect),
            Class::Select(condition) => {
                let flags = state.flags;
                self.select(state, insn, condition, effect)?;
                state.flags = flags;
                return Ok(());
            }
            Class::Alu(alu) => return self.alu(state, insn, alu, effect),
        }
        if !planted!(FlagsStay, insn.class.keeps_flags(), true) {
            state.flags = Flags::Unknown;
        }
        Ok(())
    }

    /// Control goes to other code, or to where a register says.
    fn transfer(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<(), Fault> {
        effect.call = insn.class.is_call();
        if planted!(CallsKeepVectors, effect.call, false) {
            state.vectors.clear();
        }
        if insn.class == Class::JumpTo {
            effect.flow = self.jump_to(state, insn)?;
            effect.tail = effect.flow == Flow::Stop;
            return Ok(());
        }
        let returns = if insn.class == Class::Call {
            self.call_direct(state, insn)?
        } else if insn.class == Class::CallTo {
            self.call(state, insn)?
        } else if insn.class == Class::Leave {
            effect.tail = true;
            self.leave_direct(state, insn)?;
            false
        } else {
            self.ret(state, insn.pops())?;
            false
        };
        if !returns {
            effect.flow = Flow::Stop;
        }
        Ok(())
    }

    /// `ud2`: a fault like others, which nobody handles without signals.
    fn trap(&self, effect: &mut Effect) -> Result<(), Fault> {
        if !self.layout.config.signals {
            return fault(Rule::Metadata, "code may stop by `ud2`, without signals");
        }
        (effect.flow, effect.faults) = (Flow::Stop, Faults::Trap);
        Ok(())
    }

    /// `mov`: the value goes over; a 32-bit destination loses its upper half.
    fn mov(&mut self, state: &mut State, insn: &Insn, effect: &mut Effect) -> Result<(), Fault> {
        let (value, from) = self.source(state, insn, 1, effect)?;
        let (memory, register) = insn.place(0);
        match register {
            // The value read is zero-extended already.
            Some((r, bytes @ (4 | 8))) if bytes == from => self.set_word(state, r, Some(value)),
            Some((r, bytes)) => self.set_register(state, r, bytes, Some(value)),
            None if memory => self.write_memory(state, insn, (value, effect)),
            None => fault(Rule::Instruction, "an instruction without a destination"),
        }
    }

    /// `lea`: the modular sum itself.
    fn lea(&mut self, state: &mut State, insn: &Insn) -> Result<(), Fault> {
        let Operand::Memory(address) = insn.operand(1)? else {
            return fault(Rule::Instruction, "`lea` without an address");
        };
        let value = self.address(state, &address);
        let Operand::Register(r, bytes) = insn.operand(0)? else {
            return fault(Rule::Instruction, "an instruction without a destination");
        };
        self.set_register(state, r, bytes, Some(value))
    }

    /// Operations on operand 0 and at most one more source, and what the flags then are.
    fn alu(
        &mut self,
        state: &mut State,
        insn: &Insn,
        alu: Alu,
        effect: &mut Effect,
    ) -> Result<(), Fault> {
        let first = insn.first_register();
        let (a, bytes, place) = match first {
            Some((r, bytes)) => (self.read_register(state, r, bytes), bytes, None),
            None => self.read(state, insn, 0, (Access::Update, effect))?,
        };
        let a = self.fixed(a);
        let b = if insn.is_of_one_register() || Self::are_one(state, insn) {
            // The same word twice: no facts are needed.
            a
        } else if insn.operands() > 1 {
            let (b, _) = self.source(state, insn, 1, effect)?;
            cut(self.fixed(b), bytes)
        } else {
            Value::constant(0)
        };
        let path = self.sure(state.path);
        let range = |value| self.facts.range(path, &self.symbols, value);
        let (mut outcome, flags) = arithmetic((alu, bytes), (a, b), range);
        if let Some(kind) = self.tag(state.path, (alu, bytes), (a, b)) {
            let def = Def { kind, ..Def::ANY };
            outcome = Outcome::Is(Value::symbol(self.symbols.fresh(def)));
        } else if alu == Alu::Negate
            && let Some(number) = self.negated(&mut state.path, a, bytes)
        {
            outcome = Outcome::Is(number);
        } else if let Some(value) = self.by_16(&mut state.path, (alu, bytes), (a, b)) {
            outcome = Outcome::Is(value);
        } else if (alu, bytes) == (Alu::Add, 8)
            && let (Outcome::Unknown, Some(sum)) = (outcome, self.sum(&mut state.path, a, b))
        {
            outcome = Outcome::Is(sum);
        } else if (alu, bytes, outcome) == (Alu::Add, 8, Outcome::Unknown)
            && self.layout.contexts()
            && self.layout.wide
            && let Some(word) = self.same_sum(a, (b, 0))
        {
            outcome = Outcome::Is(word);
        }
        if let Some(pure) = alu.pure() {
            outcome = self.found(&mut state.path, ((pure, bytes), (a, b)), outcome);
        }
        let result = self.result(outcome);
        match first {
            Some((r, bytes)) => self.set_register(state, r, bytes, result)?,
            None => self.write(state, insn, (place, bytes, result))?,
        }
        state.flags = flags;
        Ok(())
    }

    /// The value that is the result of an operation, if anything is known of it.
    fn result(&mut self, outcome: Outcome<u64>) -> Option<Value> {
        match outcome {
            Outcome::Unknown => None,
            Outcome::Is(value) => Some(value),
            Outcome::Between(lo, hi) => {
                let def = Def { lo, hi, kind: Kind::Number };
                Some(Value::symbol(self.symbols.fresh(def)))
            }
        }
    }

    /// `andn`: the bits of `b` that `a` does not have, which are no more than `b`.
    fn and_not(&mut self, path: &mut Path, (a, b): (Value, Value), bytes: u32) -> Option<Value> {
        let not = self.same((Pure::Not, bytes), (a, Value::constant(0)));
        let not = not.unwrap_or_else(|| self.unknown(bytes));
        let range = |value| self.facts.range(self.sure(*path), &self.symbols, value);
        let most = planted!(BitsOfFirst, b, a);
        let (outcome, _) = arithmetic((Alu::And, bytes), (not, most), range);
        let outcome = self.found(path, ((Pure::And, bytes), (not, b)), outcome);
        self.result(outcome)
    }

    /// Bit 0 of references in tables, where these point to records: an element without
    /// it is a reference, or null if it was not initialised, and a reference with it is an element.
    fn tag(&self, path: Path, (alu, bytes): (Alu, u32), (a, b): (Value, Value)) -> Option<Kind> {
        if !self.layout.contexts() || bytes != 8 {
            return None;
        }
        let (a, b) = if alu == Alu::Or && a.as_constant().is_some() { (b, a) } else { (a, b) };
        let constant = b.as_constant()?;
        match alu {
            Alu::And if planted!(AnyMaskOfTag, constant == !1, true) => {
                match self.symbols.def(a.as_symbol()?).kind {
                    Kind::Tagged(ty) => {
                        let nullable = planted!(ElementIsInitialised, true, ty.nullable);
                        Some(Kind::Ref(RefType { nullable, ..ty }))
                    }
                    _ => None,
                }
            }
            Alu::Or if planted!(AnyBitOfTag, constant == 1, true) => {
                self.ref_type(path, a).map(Kind::Tagged)
            }
            _ => None,
        }
    }

    /// Whether the first two operands are whole registers that hold one word. Of the low half of an
    /// address nothing is known but that.
    pub(crate) fn are_one(state: &State, insn: &Insn) -> bool {
        let word = |n| {
            let (_, register) = insn.place(n);
            state.get(Loc::Register(register.filter(|&(_, bytes)| bytes >= 4)?.0))
        };
        let fixed = |value: &Value| !matches!(value.base, Base::FuncCode(_) | Base::RefCode);
        let (Some(a), Some(b)) = (word(0), word(1)) else { return false };
        insn.operands() == 2 && planted!(CodesAreOne, fixed(&a), true) && a == b
    }

    /// A word to calculate with. The code of a record may be replaced, so that what was read of it
    /// twice need not be equal, though both lead to the function.
    fn fixed(&mut self, value: Value) -> Value {
        let code = matches!(value.base, Base::FuncCode(_) | Base::RefCode);
        if planted!(CodeIsFixed, code, false) { self.unknown(8) } else { value }
    }

    /// P12: the word for the fuel becomes what it was and a constant, without a carry: as much was
    /// left.
    pub(crate) fn charge(&mut self, state: &mut State, value: Option<Value>) -> Result<(), Fault> {
        let was = self.read_loc(state, Loc::Fuel);
        let range = self.facts.range(state.path, &self.symbols, was);
        let most = range.map_or(i128::from(u64::MAX), |(_, most)| most);
        let less = value.is_some_and(|value| numeric::charged(was, value, most));
        if !planted!(ChargeOfAnything, less, true) {
            return fault(Rule::Metering, "the fuel is not made less by what it has");
        }
        state.set(Loc::Fuel, value);
        if self.layout.config.metering.fuel {
            state.jumps = JUMPS;
        }
        Ok(())
    }

    /// Extensions and what only defines operand 0.
    fn define(&mut self, state: &mut State, insn: &Insn, effect: &mut Effect) -> Result<(), Fault> {
        let (mut value, mut product, mut first, mut last) = (None, None, None, None);
        for n in 1..insn.operands() {
            let (source, bytes, place) = self.read(state, insn, n, (Access::Read, effect))?;
            let jump = match place {
                Some(Place::Jump { first, count }) if bytes == 4 => {
                    let kind = Kind::JumpOffset { first, count };
                    Some(Value::symbol(self.symbols.fresh(Def { kind, ..Def::ANY })))
                }
                Some(Place::Data(_)) if bytes == 4 => {
                    source.as_constant().map(|k| Value::constant(k as u32 as i32 as i64 as u64))
                }
                _ => None,
            };
            if n == 1 {
                product = Some(source).filter(|_| bytes == 8);
                first = Some(source);
            }
            last = Some(source);
            value = if insn.class == Class::ZeroExtend {
                Some(source)
            } else if insn.class == Class::SignExtend {
                jump.or_else(|| self.sign_extended(&mut state.path, (source, bytes)))
            } else {
                None
            };
        }
        let (r, bytes, place) = self.destination(state, insn, effect)?;
        if let Some(place) = place {
            return self.store_number(state, place, value.filter(|_| bytes == 8));
        }
        if insn.is_product_by_one() {
            value = product;
        } else if insn.is_product_by_constant() {
            let both = first.zip(last);
            value = both.and_then(|both| self.multiplied(&mut state.path, both, bytes));
        } else if insn.is_and_not() {
            let both = first.zip(last);
            value = both.and_then(|both| self.and_not(&mut state.path, both, bytes));
        }
        if insn.class == Class::Scan {
            return self.set_register(state, r, 2, None);
        }
        self.set_register(state, r, bytes, value)
    }

    /// `cmp` and `test`: what the flags then are.
    fn compare(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<(), Fault> {
        let (a, bytes) = self.source(state, insn, 0, effect)?;
        let (b, _) = self.source(state, insn, 1, effect)?;
        let (test, b) = (insn.class == Class::Test, cut(b, bytes));
        // The bits that both have are not those of what stands for them in a comparison.
        let bits = planted!(LimitIsTested, test, false);
        let (a, b) = if bits { (a, b) } else { self.limit_compared((a, b), bytes) };
        let flags = match self.answer_compared((a, b), bytes).filter(|_| !test) {
            Some(flags) => flags,
            None if test && a != b => {
                self.same((Pure::And, bytes), (a, b)).map_or(Flags::Unknown, Flags::Zero)
            }
            None => numeric::compared(test, (a, b)),
        };
        state.flags = self.converted_compared(flags, bytes);
        Ok(())
    }

    /// P6: a comparison of the limit and the stack pointer as one of what a frame needs and the
    /// height: `limit + k` less `entry + at` is `k - at` less the height, which counts the return
    /// address too. Limits are addresses, so `limit + k` does not wrap; neither does `entry + at`
    /// as near to the stack as frames are. The host may enter code with a stack below the limit:
    /// the height then is 0, and compares as the distance does with what is not 0.
    fn limit_compared(&self, (a, b): (Value, Value), bytes: u32) -> (Value, Value) {
        if !self.layout.contexts() {
            return (a, b);
        }
        let sides = |limit: Value, rsp: Value| {
            let limits = limit.base == Base::None
                && limit.shift == 0
                && limit.add <= u64::from(FRAME_BYTES_MAX)
                && self.symbols.def(limit.sym).kind == Kind::StackLimit;
            let at = rsp.offset_in(Base::Stack).filter(|_| limits && bytes == 8)? as i64;
            let near = at.unsigned_abs() <= u64::from(FRAME_BYTES_MAX);
            if !planted!(LimitComparedAnywhere, near, true) {
                return None;
            }
            let needs = (limit.add as i64).saturating_sub(at).saturating_add(8);
            let least = planted!(HeightIsAboveLimit, 1, 0);
            u64::try_from(needs).ok().filter(|&needs| needs >= least).map(Value::constant)
        };
        let height = Value::symbol(Sym::HEIGHT);
        match (sides(a, b), sides(b, a)) {
            (Some(needs), _) => (needs, height),
            (None, Some(needs)) => (height, needs),
            (None, None) => (a, b),
        }
    }

    /// `cmov`: the source where the condition holds, otherwise operand 0, each narrowed by what the
    /// condition says; a 32-bit form zero-extends either way. An arm that cannot be is left out.
    fn select(
        &mut self,
        state: &mut State,
        insn: &Insn,
        condition: Condition,
        effect: &mut Effect,
    ) -> Result<(), Fault> {
        let (b, bytes, _) = self.read(state, insn, 1, (Access::Read, effect))?;
        let (a, _, place) = self.read(state, insn, 0, (Access::Update, effect))?;
        let path = self.sure(state.path);
        if let Some(pointer) = self.masked_pointer((path, state.flags), condition, (a, b)) {
            return self.write(state, insn, (place, bytes, Some(pointer)));
        }
        let range = |machine: &Self, path, v| machine.facts.range(path, &machine.symbols, v);
        if a.base == Base::None && range(self, path, a).is_none() {
            self.symbols.name_word(a);
        }
        let (taken, other) = self.ways((path, state.flags), condition);
        let either = self.either_ref(state.path, a, b).filter(|_| bytes == 8);
        let result = match (taken, other) {
            (Some(_), None) => Some(b),
            (None, Some(_)) => Some(a),
            _ if a == b => Some(a),
            _ if let Some(ty) = either => Some(Value::symbol(self.reference(ty))),
            (Some(t), Some(o)) => match (range(self, t, b), range(self, o, a)) {
                (Some(one), Some(other)) => {
                    let (lo, hi) = numeric::either(one, other);
                    let def = Def { lo, hi, kind: Kind::Number };
                    Some(Value::symbol(self.symbols.fresh(def)))
                }
                _ => None,
            },
            (None, None) => None,
        };
        self.write(state, insn, (place, bytes, result.filter(|_| bytes >= 4)))
    }

    /// `mulx`.
    fn multiply_pair(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<(), Fault> {
        self.read(state, insn, 2, (Access::Read, effect))?;
        for n in 0..2 {
            if let Operand::Register(r, bytes) = insn.operand(n)? {
                self.set_register(state, r, bytes, None)?;
            }
        }
        Ok(())
    }

    /// Reads operand 0, makes rax and rdx unknown (of a byte, ax alone), and returns operand 0.
    fn wide(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<Value, Fault> {
        let (value, bytes, _) = self.read(state, insn, 0, (Access::Read, effect))?;
        state.set(Loc::Register(RAX), None);
        let pair = bytes > 1;
        if planted!(ProductInOne, pair, false) {
            state.set(Loc::Register(RDX), None);
        }
        Ok(value)
    }

    /// Divisions. A row names one fault: so the divisor is not read where that may fault too.
    /// Without signals it must be known not to be zero.
    fn divide(&mut self, state: &mut State, insn: &Insn, effect: &mut Effect) -> Result<(), Fault> {
        let divisor = self.wide(state, insn, effect)?;
        if matches!(effect.faults, Faults::Memory | Faults::Table) {
            return fault(Rule::Metadata, "a division that may fault for its memory as well");
        }
        effect.faults = Faults::Division;
        if !self.layout.config.signals && !self.is_not_zero(state.path, divisor) {
            return fault(Rule::Metadata, "a division may fault, without signals");
        }
        Ok(())
    }

    /// `xchg`, and `xadd`, whose sum is not known. Operand 0 is written last: `xadd` of a register
    /// with itself leaves the sum there.
    fn exchange(
        &mut self,
        state: &mut State,
        insn: &Insn,
        (plain, effect): (bool, &mut Effect),
    ) -> Result<(), Fault> {
        let (a, bytes, place) = self.read(state, insn, 0, (Access::Update, effect))?;
        let (b, _, _) = self.read(state, insn, 1, (Access::Read, effect))?;
        let Operand::Register(second, _) = insn.operand(1)? else {
            return fault(Rule::Instruction, "an exchange without a register");
        };
        self.set_register(state, second, bytes, Some(a))?;
        self.write(state, insn, (place, bytes, plain.then_some(b)))
    }

    /// `cmpxchg`: on failure rax changes, on success operand 0; a 32-bit form zero-extends neither
    /// reliably.
    fn compare_exchange(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<(), Fault> {
        let (_, bytes, place) = self.read(state, insn, 0, (Access::Update, effect))?;
        self.read(state, insn, 1, (Access::Read, effect))?;
        if place.is_some() {
            self.write(state, insn, (place, bytes, None))?;
        } else if let Operand::Register(r, _) = insn.operand(0)? {
            self.set_register(state, r, 2, None)?;
        }
        state.set(Loc::Register(RAX), None);
        Ok(())
    }

    /// Vector instructions: operand 0 becomes unknown, memory among the others is read. Returns the
    /// flags of a comparison.
    fn vector(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<Flags, Fault> {
        if planted!(AnyProcessor, insn.extension()? && !self.layout.avx512, false) {
            return fault(Rule::Instruction, "an instruction that the processor may not have");
        }
        let (mut number, mut general) = (None, None);
        for n in 0..insn.operands() {
            match insn.operand(n)? {
                Operand::Memory(address) => {
                    let access = if n == 0 { Access::Write } else { Access::Read };
                    let place = self.place(state, &address, access)?;
                    note(place, effect);
                    if insn.needs_alignment() {
                        self.aligned(state, &address)?;
                    }
                    if n == 0 {
                        self.store(state, place, None)?;
                    } else if let (Place::Data(offset), 4 | 8) = (place, address.size)
                        && self.follows_floats()
                    {
                        number = Some(self.constant(offset, address.size));
                    }
                }
                Operand::Register(r, bytes) if n == 0 => general = Some((r, bytes)),
                Operand::Register(..) | Operand::Vector | Operand::Immediate(_) => {}
            }
        }
        let flags = self.floats(state, insn, number);
        if let Some((r, bytes)) = general {
            let integer = self.converted(state, (insn, bytes), number);
            self.set_register(state, r, bytes, integer)?;
        }
        Ok(flags.unwrap_or_default())
    }

    /// P11: an instruction that faults where its operand is not aligned has one in the frame (the
    /// stack pointer at entry is 8 beyond a multiple of 16) or in the code (which begins at one, or
    /// somewhere in a text that does).
    fn aligned(&mut self, state: &mut State, address: &Address) -> Result<(), Fault> {
        let to = self.address(state, address);
        let known = to.offset_in(Base::Stack).map(|at| at.wrapping_add(8));
        let start = planted!(TextIsAligned, self.start, None);
        let start = start.map_or(0, u64::from);
        let code = to.offset_in(Base::Code).map(|at| at.wrapping_add(start));
        if !known.or(code).is_some_and(|at| at.is_multiple_of(16)) {
            return fault(Rule::Metadata, "an access that may fault for its alignment");
        }
        Ok(())
    }

    fn push(&mut self, state: &mut State, insn: &Insn) -> Result<(), Fault> {
        let Operand::Register(r, 8) = insn.operand(0)? else {
            return fault(Rule::Instruction, "`push` of something else than a 64-bit register");
        };
        let value = self.read_loc(state, Loc::Register(r));
        let rsp = state.get(Loc::Register(RSP)).map(|v| v.plus(8_u64.wrapping_neg()));
        self.set_rsp(state, rsp)?;
        let top = state.rsp().and_then(|at| self.word(at));
        if let Some(i) = top {
            state.set(Loc::Word(i), Some(value));
        }
        Ok(())
    }

    fn pop(&mut self, state: &mut State, insn: &Insn) -> Result<(), Fault> {
        let Operand::Register(r, 8) = insn.operand(0)? else {
            return fault(Rule::Instruction, "`pop` of something else than a 64-bit register");
        };
        let Some(i) = state.rsp().and_then(|at| self.word(at)) else {
            return fault(Rule::Stack, "`pop` of an empty stack");
        };
        let value = self.read_loc(state, Loc::Word(i));
        let rsp = state.get(Loc::Register(RSP)).map(|v| v.plus(8));
        self.set_rsp(state, rsp)?;
        self.set_register(state, r, 8, Some(value))
    }

    /// A jump to a register: through a jump table, or a tail call.
    fn jump_to(&mut self, state: &mut State, insn: &Insn) -> Result<Flow, Fault> {
        let Operand::Register(r, 8) = insn.operand(0)? else {
            return fault(Rule::Target, "a jump through memory");
        };
        let to = self.read_loc(state, Loc::Register(r));
        if to.base != Base::Code {
            self.tail_call(state, to)?;
            return Ok(Flow::Stop);
        }
        if to.sym == Sym::ZERO {
            // The table's index was a constant.
            return Ok(Flow::Jump(u32::try_from(to.add).unwrap_or(u32::MAX)));
        }
        match self.symbols.def(to.sym).kind {
            Kind::JumpOffset { first, count } if to.shift == 0 => {
                Ok(Flow::Table { table: u32::try_from(to.add).unwrap_or(u32::MAX), first, count })
            }
            _ => fault(Rule::JumpTable, "a jump into the code without its table"),
        }
    }
}
