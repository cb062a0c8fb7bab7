//! Operands of instructions: what is read from registers, memory and immediates, and what results
//! are written to.
//!
//! - O1. A value read is zero-extended from the operand's width; immediates have 8 bytes, and their
//!   readers cut them.
//! - O2. A 32-bit result is zero-extended; of a register that gets a narrower one nothing is known,
//!   nor of memory that gets anything but a whole word.

use crate::abi::regs::RSP;
use crate::access::{Access, Place};
use crate::error::{Fault, Rule, fault};
use crate::machine::Machine;
use crate::rules::numeric::cut;
use crate::state::{Loc, State};
use crate::step::{Effect, Faults};
use crate::value::Value;
use crate::x64::{Insn, Operand};

impl Machine<'_> {
    /// A register's value, zero-extended from its width.
    #[inline(always)]
    pub(crate) fn read_register(&mut self, state: &mut State, r: u8, bytes: u32) -> Value {
        let whole = self.read_loc(state, Loc::Register(r));
        match bytes {
            8 => whole,
            4 => self.low_half(state, whole),
            _ => self.part(whole, bytes),
        }
    }

    /// The lowest byte, or two, of a word.
    pub(crate) fn part(&mut self, whole: Value, bytes: u32) -> Value {
        if bytes == 1
            && self.way_of().is_some()
            && let Some(byte) = self.answer_byte(whole)
        {
            return byte;
        }
        match cut(whole, bytes) {
            number if number.as_constant().is_some() => number,
            _ => self.same_part(whole, bytes).unwrap_or_else(|| self.unknown(bytes)),
        }
    }

    /// An operand's value, zero-extended from its width, and the width in bytes. Immediates are cut
    /// to `width`.
    #[inline]
    pub(crate) fn read(
        &mut self,
        state: &mut State,
        insn: &Insn,
        n: u32,
        (access, effect): (Access, &mut Effect),
    ) -> Result<(Value, u32, Option<Place>), Fault> {
        match insn.operand(n)? {
            Operand::Register(r, bytes) => Ok((self.read_register(state, r, bytes), bytes, None)),
            Operand::Memory(address) => {
                let place = self.place(state, &address, access)?;
                note(place, effect);
                Ok((self.load(state, place, address.size), address.size, Some(place)))
            }
            Operand::Immediate(value) => Ok((Value::constant(value), 8, None)),
            Operand::Vector => fault(Rule::Instruction, "a vector register among integers"),
        }
    }

    /// The value of an operand that is only read: as [`Machine::read`] without its place.
    #[inline(always)]
    pub(crate) fn source(
        &mut self,
        state: &mut State,
        insn: &Insn,
        n: u32,
        effect: &mut Effect,
    ) -> Result<(Value, u32), Fault> {
        let (memory, register) = insn.place(n);
        if let Some((r, bytes)) = register {
            return Ok((self.read_register(state, r, bytes), bytes));
        }
        if memory {
            return self.read_memory(state, insn, effect);
        }
        match insn.operand(n)? {
            Operand::Immediate(value) => Ok((Value::constant(value), 8)),
            Operand::Register(..) | Operand::Memory(_) | Operand::Vector => {
                fault(Rule::Instruction, "a vector register among integers")
            }
        }
    }

    #[inline(never)]
    pub(crate) fn read_memory(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<(Value, u32), Fault> {
        let address = insn.address()?;
        if let Some(i) = self.stack_word(state, &address) {
            return Ok((self.read_loc(state, Loc::Word(i)), 8));
        }
        let place = self.place(state, &address, Access::Read)?;
        note(place, effect);
        Ok((self.load(state, place, address.size), address.size))
    }

    #[inline(never)]
    pub(crate) fn write_memory(
        &mut self,
        state: &mut State,
        insn: &Insn,
        (value, effect): (Value, &mut Effect),
    ) -> Result<(), Fault> {
        let address = insn.address()?;
        if let Some(i) = self.stack_word(state, &address) {
            state.set_word(i, Some(value));
            return Ok(());
        }
        let place = self.place(state, &address, Access::Write)?;
        note(place, effect);
        let whole = address.size == 8 || matches!(place, Place::DataLength(_));
        self.store_number(state, place, Some(value).filter(|_| whole))
    }

    /// Writes to a place: `value` for a whole word, none for a part of one, which becomes unknown.
    /// A write of the fuel is checked as a charge.
    pub(crate) fn store_number(
        &mut self,
        state: &mut State,
        place: Place,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        if let Place::Fuel = place {
            return self.charge(state, value);
        }
        self.store(state, place, value)
    }

    /// Writes a result of `bytes` to operand 0: a register, or the place that was read.
    pub(crate) fn write(
        &mut self,
        state: &mut State,
        insn: &Insn,
        (place, bytes, value): (Option<Place>, u32, Option<Value>),
    ) -> Result<(), Fault> {
        if let Some(place) = place {
            return self.store(state, place, value.filter(|_| bytes == 8));
        }
        let Operand::Register(r, bytes) = insn.operand(0)? else {
            return fault(Rule::Instruction, "an instruction without a destination");
        };
        self.set_register(state, r, bytes, value)
    }

    /// Sets a register: 32-bit results are zero-extended, narrower ones leave it unknown.
    #[inline]
    pub(crate) fn set_register(
        &mut self,
        state: &mut State,
        r: u8,
        bytes: u32,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        let value = match bytes {
            8 => value,
            4 => {
                let value = match value {
                    Some(value) => self.low_half(state, value),
                    None => self.unknown(4),
                };
                Some(value)
            }
            _ => None,
        };
        self.set_word(state, r, value)
    }

    /// Sets a register to a whole word.
    #[inline]
    pub(crate) fn set_word(
        &mut self,
        state: &mut State,
        r: u8,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        if r == RSP {
            return self.set_rsp(state, value);
        }
        if let Some(slot) = state.regs.get_mut(r as usize) {
            *slot = value;
        }
        Ok(())
    }

    /// The destination of an instruction that only writes it.
    pub(crate) fn destination(
        &mut self,
        state: &mut State,
        insn: &Insn,
        effect: &mut Effect,
    ) -> Result<(u8, u32, Option<Place>), Fault> {
        match insn.operand(0)? {
            Operand::Register(r, bytes) => Ok((r, bytes, None)),
            Operand::Memory(address) => {
                let place = self.place(state, &address, Access::Write)?;
                note(place, effect);
                Ok((0, address.size, Some(place)))
            }
            Operand::Vector | Operand::Immediate(_) => {
                fault(Rule::Instruction, "an instruction without a destination")
            }
        }
    }
}

/// Notes that a place is accessed.
pub(crate) fn note(place: Place, effect: &mut Effect) {
    if let Place::Linear { faults } = place {
        effect.faults = if faults { Faults::Memory } else { Faults::Harmless };
    } else if let Place::Element { faults, .. } = place {
        effect.faults = if faults { Faults::Table } else { Faults::HarmlessTable };
    } else if let Place::Nullable { null, .. } = place {
        effect.faults = if null { Faults::Null } else { Faults::HarmlessNull };
    }
}
