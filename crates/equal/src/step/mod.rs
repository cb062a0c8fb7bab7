//! An instruction → the terms of what it writes, and where control goes.
//!
//! ```text
//! Insn ─ class, mnemonic ─ numeric, memory, parametric, vector, control ─► State', Flow
//! ```
//!
//! Semantics for results, where the sandbox check has semantics for bounds. The same tables of
//! codes apply, since that check ran before: a form that it does not know does not come here. What
//! has no rule here is refused.

mod control;
mod lanes;
mod lanes_table;
mod masks;
mod memory;
mod numeric;
mod permute;
mod vector;

use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::{Flags, State, holds};
use crate::words::Word;
use prova_check::x64::{Class, Condition, Insn, Operand};

/// Where control goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// To the next instruction.
    Next,
    /// Nowhere.
    Stop,
    /// To an offset.
    Jump(u32),
    /// To an offset if the condition holds, else on.
    Branch(u32, Word),
    /// To a word.
    JumpTo(Word),
    /// From a call to its landings, and on if it may return.
    Lands {
        /// Whether it may.
        returns: bool,
    },
}

impl Core<'_> {
    /// Executes an instruction.
    pub(crate) fn step(&mut self, state: &mut State, insn: &Insn) -> Result<Flow, Refusal> {
        match insn.class {
            Class::Branch(condition) => {
                let condition = self.condition(state, condition)?;
                return Ok(Flow::Branch(insn.target(), condition));
            }
            Class::Jump
            | Class::JumpTo
            | Class::CallTo
            | Class::Return
            | Class::Trap
            | Class::Push
            | Class::Pop => return self.control(state, insn),
            Class::Call | Class::Leave => {
                return refuse(Cause::Instruction, "a direct call or jump out of the code");
            }
            Class::Nop => {}
            Class::Vector | Class::VectorFlags => self.vector(state, insn)?,
            Class::Move | Class::ZeroExtend | Class::SignExtend => self.moves(state, insn)?,
            Class::Lea => {
                let Ok(Operand::Memory(address)) = insn.operand(1) else {
                    return refuse(Cause::Instruction, "`lea` without an address");
                };
                let word = self.address_of(state, &address);
                let bits = self.destination_bits(insn)?;
                let word = self.words.slice(word, 0, bits);
                self.write(state, insn, word)?;
            }
            Class::SetByte(condition) => {
                let condition = self.condition(state, condition)?;
                let word = self.words.zext(condition, 8);
                self.write(state, insn, word)?;
            }
            Class::Select(condition) => {
                let bits = self.destination_bits(insn)?;
                let (a, b) = (
                    self.read_operand(state, insn, 1, bits)?,
                    self.read_operand(state, insn, 0, bits)?,
                );
                let condition = self.condition(state, condition)?;
                let word = self.words.ite(condition, a, b);
                self.write(state, insn, word)?;
            }
            Class::Alu(_)
            | Class::Compare
            | Class::Test
            | Class::Define
            | Class::MultiplyWide
            | Class::MultiplyPair
            | Class::Divide
            | Class::ExtendLow
            | Class::ExtendHigh
            | Class::BitTest => self.numeric(state, insn)?,
            Class::Scan
            | Class::Exchange
            | Class::ExchangeAdd
            | Class::CompareExchange
            | Class::Fence => return refuse(Cause::Instruction, mnemonic(insn)),
        }
        Ok(Flow::Next)
    }

    fn condition(&mut self, state: &State, condition: Condition) -> Result<Word, Refusal> {
        match holds(&mut self.words, state.flags, condition) {
            Some(word) => Ok(word),
            None => refuse(Cause::Flags, flags_of(state.flags)),
        }
    }

    /// The width of operand 0.
    pub(crate) fn destination_bits(&self, insn: &Insn) -> Result<u8, Refusal> {
        self.operand_bits(insn, 0)
    }

    /// The width of an operand.
    pub(crate) fn operand_bits(&self, insn: &Insn, n: u32) -> Result<u8, Refusal> {
        let bytes = match insn.operand(n) {
            Ok(Operand::Register(_, bytes)) => bytes,
            Ok(Operand::Vector) => 16,
            Ok(Operand::Memory(address)) => address.size,
            Ok(Operand::Immediate(_)) => 8,
            Err(_) => return refuse(Cause::Instruction, "an operand without rule"),
        };
        match u8::try_from(bytes.saturating_mul(8)) {
            Ok(bits @ (8 | 16 | 32 | 64 | 128)) => Ok(bits),
            _ => refuse(Cause::Instruction, "an operand of a width without rule"),
        }
    }

    /// Reads an operand; an immediate has the width that is given.
    pub(crate) fn read_operand(
        &mut self,
        state: &mut State,
        insn: &Insn,
        n: u32,
        bits: u8,
    ) -> Result<Word, Refusal> {
        match insn.operand(n) {
            Ok(Operand::Register(r, bytes)) => {
                let width = u8::try_from(bytes.saturating_mul(8)).unwrap_or(0);
                Ok(self.words.slice(state.reg(r), 0, width))
            }
            Ok(Operand::Vector) => match vector_number(insn, n) {
                Some(r) => Ok(state.vector(r)),
                None => refuse(Cause::Instruction, "a register without rule"),
            },
            Ok(Operand::Memory(address)) => {
                let width = self.operand_bits(insn, n)?;
                let at = self.address_of(state, &address);
                self.load(state, at, width)
            }
            Ok(Operand::Immediate(n)) => Ok(self.words.constant(bits, u128::from(n))),
            Err(_) => refuse(Cause::Instruction, "an operand without rule"),
        }
    }

    /// Writes operand 0, whose width the word has.
    pub(crate) fn write(
        &mut self,
        state: &mut State,
        insn: &Insn,
        word: Word,
    ) -> Result<(), Refusal> {
        match insn.operand(0) {
            Ok(Operand::Register(r, _)) => {
                self.write_register(state, r, word);
                Ok(())
            }
            Ok(Operand::Memory(address)) => {
                let at = self.address_of(state, &address);
                self.store_at(state, at, word)
            }
            _ => refuse(Cause::Instruction, "a destination without rule"),
        }
    }

    /// Writes a part of a register: 32 bits clear the upper half, fewer keep what is above.
    pub(crate) fn write_register(&mut self, state: &mut State, r: u8, word: Word) {
        let bits = self.words.bits(word);
        let whole = match bits {
            64 => word,
            32 => self.words.zext(word, 64),
            _ => {
                let above = self.words.slice(state.reg(r), bits, u8::saturating_sub(64, bits));
                self.words.cat(above, word)
            }
        };
        state.set_reg(r, whole);
    }
}

/// The number of the vector register that an operand is.
pub(crate) fn vector_number(insn: &Insn, n: u32) -> Option<u8> {
    let register = insn.raw().try_op_register(n).ok()?;
    let at = (register as u32).checked_sub(iced_x86::Register::XMM0 as u32)?;
    u8::try_from(at).ok().filter(|r| *r < 16)
}

/// The class of an instruction, for messages.
pub(crate) fn mnemonic(insn: &Insn) -> &'static str {
    use iced_x86::Mnemonic as M;
    match insn.raw().mnemonic() {
        M::Xchg => "xchg",
        M::Bsf => "bsf",
        M::Bsr => "bsr",
        M::Vpshufd | M::Pshufd => "pshufd",
        M::Vmaxsd | M::Maxsd => "maxsd",
        M::Vminsd | M::Minsd => "minsd",
        M::Vminss | M::Minss => "minss",
        M::Vmaxss | M::Maxss => "maxss",
        M::Vcmpsd | M::Cmpsd => "cmpsd",
        M::Vcmpss | M::Cmpss => "cmpss",
        M::Vunpcklps | M::Unpcklps => "unpcklps",
        M::Vsubpd | M::Subpd => "subpd",
        M::Vhaddpd | M::Haddpd => "haddpd",
        M::Adc | M::Sbb => "adc, sbb",
        M::Shld | M::Shrd => "shld, shrd",
        M::Bzhi => "bzhi",
        _ => "an instruction of a class without rule",
    }
}

fn flags_of(flags: Flags) -> &'static str {
    match flags {
        Flags::None => "nothing is known",
        Flags::Sub(..) => "of a difference",
        Flags::Add(..) => "of a sum",
        Flags::Logic(_) => "of a bitwise operation",
        Flags::Result(_) => "of a result",
        Flags::Float(..) => "of floats",
        Flags::Wide(..) => "of a difference of two words",
        Flags::Carry(_) => "of a carry",
        Flags::Tested { .. } => "of a test of vectors",
    }
}
