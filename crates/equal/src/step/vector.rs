//! Vector registers: scalar floats, moves, bitwise operations.
//!
//! A register is a word of 128 bits. Of a form with two operands the first source is operand 0.

use super::vector_number;
use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::{Flags, State};
use crate::words::{Prim, Word};
use iced_x86::Mnemonic as M;
use prova_check::x64::{Insn, Operand};

impl Core<'_> {
    pub(super) fn vector(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let code = insn.raw().mnemonic();
        if let Some((prim, bits)) = scalar(code) {
            return self.scalar(state, insn, prim, bits);
        }
        match code {
            M::Movaps
            | M::Movapd
            | M::Movups
            | M::Movupd
            | M::Movdqa
            | M::Movdqu
            | M::Vmovaps
            | M::Vmovapd
            | M::Vmovups
            | M::Vmovupd
            | M::Vmovdqa
            | M::Vmovdqu => {
                let word = self.read_operand(state, insn, 1, 128)?;
                self.write_vector(state, insn, word)
            }
            M::Movsd | M::Vmovsd => self.move_scalar(state, insn, 64),
            M::Movss | M::Vmovss => self.move_scalar(state, insn, 32),
            M::Movq | M::Vmovq => self.move_low(state, insn, 64),
            M::Movd | M::Vmovd => self.move_low(state, insn, 32),
            M::Ucomisd | M::Vucomisd => self.compare_floats(state, insn, 64),
            M::Ucomiss | M::Vucomiss => self.compare_floats(state, insn, 32),
            M::Andps
            | M::Andpd
            | M::Pand
            | M::Vandps
            | M::Vandpd
            | M::Vpand
            | M::Orps
            | M::Orpd
            | M::Por
            | M::Vorps
            | M::Vorpd
            | M::Vpor
            | M::Xorps
            | M::Xorpd
            | M::Pxor
            | M::Vxorps
            | M::Vxorpd
            | M::Vpxor
            | M::Andnps
            | M::Andnpd
            | M::Pandn
            | M::Vandnps
            | M::Vandnpd
            | M::Vpandn => self.bitwise(state, insn),
            M::Cvtsi2sd | M::Vcvtsi2sd => self.convert_integer(state, insn, 64),
            M::Cvtsi2ss | M::Vcvtsi2ss => self.convert_integer(state, insn, 32),
            M::Cvttsd2si | M::Vcvttsd2si => self.truncate_float(state, insn, 64),
            M::Cvttss2si | M::Vcvttss2si => self.truncate_float(state, insn, 32),
            M::Roundsd | M::Vroundsd => self.round(state, insn, 64),
            M::Roundss | M::Vroundss => self.round(state, insn, 32),
            _ => self.packed(state, insn),
        }
    }

    pub(super) fn write_vector(
        &mut self,
        state: &mut State,
        insn: &Insn,
        word: Word,
    ) -> Result<(), Refusal> {
        match insn.operand(0) {
            Ok(Operand::Vector) => {
                let Some(r) = vector_number(insn, 0) else {
                    return refuse(Cause::Instruction, "a register without rule");
                };
                if self.words.bits(word) != 128 {
                    return refuse(Cause::Instruction, "a part of a register");
                }
                state.set_vector(r, word);
                Ok(())
            }
            _ => self.write(state, insn, word),
        }
    }

    /// The number of the first source, and of the last operand that is no immediate.
    pub(super) fn sources(&self, insn: &Insn) -> (u32, u32) {
        let immediate = |n: u32| matches!(insn.operand(n), Ok(Operand::Immediate(_)));
        let count = insn.operands();
        let last = count.saturating_sub(if immediate(count.saturating_sub(1)) { 2 } else { 1 });
        (last.saturating_sub(1), last)
    }

    /// The low bits of an operand.
    pub(super) fn low(
        &mut self,
        state: &mut State,
        insn: &Insn,
        n: u32,
        bits: u8,
    ) -> Result<Word, Refusal> {
        let word = self.read_operand(state, insn, n, bits)?;
        if self.words.bits(word) < bits {
            return refuse(Cause::Instruction, "an operand of a width without rule");
        }
        Ok(self.words.slice(word, 0, bits))
    }

    /// The low bits of the first source replaced.
    fn replace_low(&mut self, state: &mut State, insn: &Insn, word: Word) -> Result<(), Refusal> {
        let (first, _) = self.sources(insn);
        let bits = self.words.bits(word);
        let above = self.read_operand(state, insn, first, 128)?;
        if self.words.bits(above) != 128 {
            return refuse(Cause::Instruction, "a source of a width without rule");
        }
        let above = self.words.slice(above, bits, u8::saturating_sub(128, bits));
        let word = self.words.cat(above, word);
        self.write_vector(state, insn, word)
    }

    fn scalar(
        &mut self,
        state: &mut State,
        insn: &Insn,
        prim: Prim,
        bits: u8,
    ) -> Result<(), Refusal> {
        let (first, last) = self.sources(insn);
        let from = match prim {
            Prim::Promote => 32,
            Prim::Demote => 64,
            _ => bits,
        };
        let b = self.low(state, insn, last, from)?;
        let word = match prim {
            Prim::FloatSqrt | Prim::Promote | Prim::Demote => self.words.prim(prim, bits, &[b]),
            Prim::FloatMin | Prim::FloatMax => {
                let a = self.low(state, insn, first, bits)?;
                self.words.lesser(prim == Prim::FloatMin, a, b)
            }
            _ => {
                let a = self.low(state, insn, first, bits)?;
                self.words.prim(prim, bits, &[a, b])
            }
        };
        self.replace_low(state, insn, word)
    }

    /// `movsd`, `movss`: a load clears what is above, between registers it stays.
    fn move_scalar(&mut self, state: &mut State, insn: &Insn, bits: u8) -> Result<(), Refusal> {
        match (insn.operand(0), insn.operand(1)) {
            (Ok(Operand::Vector), Ok(Operand::Memory(_))) => {
                let word = self.low(state, insn, 1, bits)?;
                let word = self.words.zext(word, 128);
                self.write_vector(state, insn, word)
            }
            (Ok(Operand::Memory(_)), Ok(Operand::Vector)) => {
                let word = self.low(state, insn, 1, bits)?;
                self.write(state, insn, word)
            }
            _ => {
                let (_, last) = self.sources(insn);
                let word = self.low(state, insn, last, bits)?;
                self.replace_low(state, insn, word)
            }
        }
    }

    /// `movd`, `movq`: the rest of a vector register is cleared.
    fn move_low(&mut self, state: &mut State, insn: &Insn, bits: u8) -> Result<(), Refusal> {
        let word = self.low(state, insn, 1, bits)?;
        let word = match insn.operand(0) {
            Ok(Operand::Vector) => self.words.zext(word, 128),
            _ => word,
        };
        self.write_vector(state, insn, word)
    }

    fn compare_floats(&mut self, state: &mut State, insn: &Insn, bits: u8) -> Result<(), Refusal> {
        let (a, b) = (self.low(state, insn, 0, bits)?, self.low(state, insn, 1, bits)?);
        state.flags = Flags::Float(a, b);
        Ok(())
    }

    fn bitwise(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let (first, last) = self.sources(insn);
        let a = self.read_operand(state, insn, first, 128)?;
        let b = self.read_operand(state, insn, last, 128)?;
        if self.words.bits(b) != 128 {
            return refuse(Cause::Instruction, "an operand of a width without rule");
        }
        let w = &mut self.words;
        let word = match insn.raw().mnemonic() {
            M::Andps | M::Andpd | M::Pand | M::Vandps | M::Vandpd | M::Vpand => w.and(a, b),
            M::Orps | M::Orpd | M::Por | M::Vorps | M::Vorpd | M::Vpor => w.or(a, b),
            M::Xorps | M::Xorpd | M::Pxor | M::Vxorps | M::Vxorpd | M::Vpxor => w.xor(a, b),
            _ => {
                let ones = w.constant(128, u128::MAX);
                let not = w.xor(a, ones);
                w.and(not, b)
            }
        };
        self.write_vector(state, insn, word)
    }

    fn convert_integer(&mut self, state: &mut State, insn: &Insn, bits: u8) -> Result<(), Refusal> {
        let (_, last) = self.sources(insn);
        let from = self.operand_bits(insn, last)?;
        let a = self.read_operand(state, insn, last, from)?;
        let word = self.words.prim(Prim::FromSigned, bits, &[a]);
        self.replace_low(state, insn, word)
    }

    fn truncate_float(&mut self, state: &mut State, insn: &Insn, from: u8) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let a = self.low(state, insn, 1, from)?;
        let word = self.words.prim(Prim::ToSigned, bits, &[a]);
        self.write(state, insn, word)
    }

    fn round(&mut self, state: &mut State, insn: &Insn, bits: u8) -> Result<(), Refusal> {
        let (_, last) = self.sources(insn);
        let prim = match insn.operand(last.saturating_add(1)) {
            Ok(Operand::Immediate(0)) => Prim::FloatNearest,
            Ok(Operand::Immediate(1)) => Prim::FloatFloor,
            Ok(Operand::Immediate(2)) => Prim::FloatCeil,
            Ok(Operand::Immediate(3)) => Prim::FloatTrunc,
            _ => return refuse(Cause::Instruction, "a rounding without rule"),
        };
        let a = self.low(state, insn, last, bits)?;
        let word = self.words.prim(prim, bits, &[a]);
        self.replace_low(state, insn, word)
    }
}

/// Scalar operators and the width of their results.
fn scalar(code: M) -> Option<(Prim, u8)> {
    Some(match code {
        M::Addsd | M::Vaddsd => (Prim::FloatAdd, 64),
        M::Addss | M::Vaddss => (Prim::FloatAdd, 32),
        M::Subsd | M::Vsubsd => (Prim::FloatSub, 64),
        M::Subss | M::Vsubss => (Prim::FloatSub, 32),
        M::Mulsd | M::Vmulsd => (Prim::FloatMul, 64),
        M::Mulss | M::Vmulss => (Prim::FloatMul, 32),
        M::Divsd | M::Vdivsd => (Prim::FloatDiv, 64),
        M::Divss | M::Vdivss => (Prim::FloatDiv, 32),
        M::Minsd | M::Vminsd => (Prim::FloatMin, 64),
        M::Minss | M::Vminss => (Prim::FloatMin, 32),
        M::Maxsd | M::Vmaxsd => (Prim::FloatMax, 64),
        M::Maxss | M::Vmaxss => (Prim::FloatMax, 32),
        M::Sqrtsd | M::Vsqrtsd => (Prim::FloatSqrt, 64),
        M::Sqrtss | M::Vsqrtss => (Prim::FloatSqrt, 32),
        M::Cvtss2sd | M::Vcvtss2sd => (Prim::Promote, 64),
        M::Cvtsd2ss | M::Vcvtsd2ss => (Prim::Demote, 32),
        _ => return None,
    })
}
