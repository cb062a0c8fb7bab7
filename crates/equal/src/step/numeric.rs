//! Integer instructions.

use super::mnemonic;
use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::{Flags, State, holds};
use crate::words::{Prim, Word};
use iced_x86::Mnemonic as M;
use prova_check::abi::regs::{RAX, RDX};
use prova_check::x64::{Condition, Insn};

impl Core<'_> {
    pub(super) fn numeric(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        match insn.raw().mnemonic() {
            M::Add | M::Sub | M::And | M::Or | M::Xor | M::Adc | M::Sbb => self.binary(state, insn),
            M::Cmp | M::Test => self.compare(state, insn),
            M::Shl | M::Shr | M::Sar | M::Rol | M::Ror => self.shift(state, insn),
            M::Shlx | M::Shrx | M::Sarx | M::Rorx => self.shift_by(state, insn),
            M::Not | M::Neg | M::Bswap => self.unary(state, insn),
            M::Imul | M::Mul | M::Mulx => self.multiply(state, insn),
            M::Div | M::Idiv => self.divide(state, insn),
            M::Cbw | M::Cwde | M::Cdqe | M::Cwd | M::Cdq | M::Cqo => self.sign_extend(state, insn),
            M::Lzcnt | M::Tzcnt | M::Popcnt | M::Andn | M::Blsi | M::Blsmsk | M::Blsr => {
                self.bits_of_word(state, insn)
            }
            M::Bt => self.bit_test(state, insn),
            M::Bzhi => self.bits_below(state, insn),
            M::Shld | M::Shrd => self.shift_pair(state, insn),
            _ => refuse(Cause::Instruction, mnemonic(insn)),
        }
    }

    /// Two operands of one width: the second is read first, as the first is read and written.
    fn binary(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let b = self.read_operand(state, insn, 1, bits)?;
        let a = self.read_operand(state, insn, 0, bits)?;
        if self.words.bits(b) != bits {
            return refuse(Cause::Instruction, "operands of two widths");
        }
        let w = &mut self.words;
        let (word, flags) = match insn.raw().mnemonic() {
            M::Add => (w.add(a, b), Flags::Add(a, b)),
            M::Sub => (w.sub(a, b), Flags::Sub(a, b)),
            M::And => {
                let word = w.and(a, b);
                (word, Flags::Logic(word))
            }
            M::Or => {
                let word = w.or(a, b);
                (word, Flags::Logic(word))
            }
            M::Xor => {
                // The same register twice is 0, also if nothing is known of it.
                let word = w.xor(a, b);
                (word, Flags::Logic(word))
            }
            other => {
                let Some(carry) = holds(w, state.flags, Condition::Below) else {
                    return refuse(Cause::Flags, "a carry");
                };
                let carry = w.zext(carry, bits);
                if other == M::Adc {
                    let sum = w.add(a, b);
                    let word = w.add(sum, carry);
                    let flags = planted!(AdcIsAdd, Flags::Result(word), Flags::Add(a, b));
                    (word, flags)
                } else {
                    let difference = w.sub(a, b);
                    let word = w.sub(difference, carry);
                    // Of two words above two others that were compared.
                    let flags = match state.flags {
                        Flags::Sub(low, other) => {
                            let wide = Flags::Wide((a, low), (b, other));
                            planted!(SbbIsSub, wide, Flags::Sub(a, b))
                        }
                        _ => Flags::Result(word),
                    };
                    (word, flags)
                }
            }
        };
        self.write(state, insn, word)?;
        state.flags = flags;
        Ok(())
    }

    fn compare(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let a = self.read_operand(state, insn, 0, bits)?;
        let b = self.read_operand(state, insn, 1, bits)?;
        if self.words.bits(b) != bits {
            return refuse(Cause::Instruction, "operands of two widths");
        }
        state.flags = if insn.raw().mnemonic() == M::Cmp {
            Flags::Sub(a, b)
        } else {
            Flags::Logic(self.words.and(a, b))
        };
        Ok(())
    }

    /// Shifts and rotations by an immediate, by 1, or by `cl`.
    fn shift(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let count = self.read_operand(state, insn, 1, 8)?;
        let a = self.read_operand(state, insn, 0, bits)?;
        let code = insn.raw().mnemonic();
        let word = if bits < 32 {
            self.shifted_narrow(code, a, count)
        } else {
            let count = self.words.count_of(bits, count);
            self.shifted(code, a, count)
        };
        self.write(state, insn, word)?;
        // By 0 the flags stay, by rotations only carry and overflow change.
        let count = self.words.number(count).map(|n| n & if bits == 64 { 63 } else { 31 });
        state.flags = match (count, code) {
            (Some(n), M::Shl | M::Shr | M::Sar) if planted!(ShiftedByNothing, n != 0, true) => {
                Flags::Result(word)
            }
            _ => Flags::None,
        };
        Ok(())
    }

    /// The processor takes the count of a narrow word modulo 32, so it may shift out all of it; a
    /// rotation goes round.
    fn shifted_narrow(&mut self, code: M, a: Word, count: Word) -> Word {
        let bits = self.words.bits(a);
        let count = self.words.slice(count, 0, 5);
        let word = self.shifted(code, a, count);
        let w = &mut self.words;
        let rest = match code {
            M::Shl | M::Shr => w.constant(bits, 0),
            M::Sar => {
                let sign = w.sign(a);
                w.sext(sign, bits)
            }
            _ => return word,
        };
        let bound = w.constant(5, bits.into());
        let inside = w.ult(count, bound);
        w.ite(inside, word, rest)
    }

    /// `shld` and `shrd`: what is shifted out of the second operand comes into the first.
    fn shift_pair(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let count = self.read_operand(state, insn, 2, 8)?;
        let modulus = if bits == 64 { 63 } else { 31 };
        let n = match self.words.number(count).map(|n| (n & modulus) as u8) {
            Some(n) if n > 0 && n < bits => n,
            _ => return refuse(Cause::Instruction, "a shift of two words by a word"),
        };
        let b = self.read_operand(state, insn, 1, bits)?;
        let a = self.read_operand(state, insn, 0, bits)?;
        let (w, rest) = (&mut self.words, bits.saturating_sub(n));
        let word = if insn.raw().mnemonic() == M::Shld {
            let (high, low) = (w.slice(a, 0, rest), w.slice(b, rest, n));
            w.cat(high, low)
        } else {
            let (high, low) = (w.slice(b, 0, n), w.slice(a, n, rest));
            w.cat(high, low)
        };
        self.write(state, insn, word)?;
        state.flags = Flags::Result(word);
        Ok(())
    }

    /// `bzhi`: the bits below an index, which is a byte; all of them if it is beyond.
    fn bits_below(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let a = self.read_operand(state, insn, 1, bits)?;
        let index = self.read_operand(state, insn, 2, bits)?;
        let w = &mut self.words;
        let index = w.slice(index, 0, 8);
        let (bound, one) = (w.constant(8, bits.into()), w.constant(bits, 1));
        let inside = w.ult(index, bound);
        let power = w.shl(one, index);
        let below = w.plus(power, u128::MAX);
        let part = w.and(a, below);
        let word = w.ite(inside, part, a);
        self.write(state, insn, word)?;
        state.flags = Flags::None;
        Ok(())
    }

    fn shifted(&mut self, code: M, a: Word, count: Word) -> Word {
        let w = &mut self.words;
        match code {
            M::Shl | M::Shlx => w.shl(a, count),
            M::Shr | M::Shrx => w.shr(a, count),
            M::Sar | M::Sarx => w.sar(a, count),
            M::Rol => w.rotl(a, count),
            _ => {
                let left = w.neg(count);
                w.rotl(a, left)
            }
        }
    }

    /// The same of three operands, without flags.
    fn shift_by(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let a = self.read_operand(state, insn, 1, bits)?;
        let count = self.read_operand(state, insn, 2, 8)?;
        let count = self.words.count_of(bits, count);
        let word = self.shifted(insn.raw().mnemonic(), a, count);
        self.write(state, insn, word)
    }

    fn unary(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let a = self.read_operand(state, insn, 0, bits)?;
        let w = &mut self.words;
        let (word, flags) = match insn.raw().mnemonic() {
            M::Not => {
                let word = w.not(a);
                (word, planted!(NotHasFlags, state.flags, Flags::Logic(word)))
            }
            M::Neg => {
                let zero = w.constant(bits, 0);
                (w.neg(a), Flags::Sub(zero, a))
            }
            _ => (w.swapped(a), state.flags),
        };
        self.write(state, insn, word)?;
        state.flags = flags;
        Ok(())
    }

    fn multiply(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let code = insn.raw().mnemonic();
        let bits = self.destination_bits(insn)?;
        if code == M::Mulx {
            let b = self.read_operand(state, insn, 2, bits)?;
            let a = self.words.slice(state.reg(RDX), 0, bits);
            let (low, high) = (self.words.mul(a, b), self.words.prim(Prim::HighU, bits, &[a, b]));
            // The high half goes to operand 0, which is written last.
            let Ok(prova_check::x64::Operand::Register(r, _)) = insn.operand(1) else {
                return refuse(Cause::Instruction, mnemonic(insn));
            };
            self.write_register(state, r, low);
            return self.write(state, insn, high);
        }
        match insn.operands() {
            1 => {
                if bits == 8 {
                    return self.multiply_bytes(state, insn, code == M::Mul);
                } else if bits < 32 {
                    return refuse(Cause::Instruction, "a product of narrow words");
                }
                let b = self.read_operand(state, insn, 0, bits)?;
                let a = self.words.slice(state.reg(RAX), 0, bits);
                let prim = if code == M::Mul { Prim::HighU } else { Prim::HighS };
                let (low, high) = (self.words.mul(a, b), self.words.prim(prim, bits, &[a, b]));
                self.write_register(state, RAX, low);
                self.write_register(state, RDX, high);
            }
            count => {
                let (first, second) = if count == 2 { (0, 1) } else { (1, 2) };
                let a = self.read_operand(state, insn, first, bits)?;
                let b = self.read_operand(state, insn, second, bits)?;
                let word = self.words.mul(a, b);
                self.write(state, insn, word)?;
            }
        }
        state.flags = Flags::None;
        Ok(())
    }

    /// The product of two bytes, which the lowest two bytes of `rax` are then.
    fn multiply_bytes(
        &mut self,
        state: &mut State,
        insn: &Insn,
        unsigned: bool,
    ) -> Result<(), Refusal> {
        let b = self.read_operand(state, insn, 0, 8)?;
        let a = self.words.slice(state.reg(RAX), 0, 8);
        let [a, b] = [a, b].map(|byte| match unsigned {
            true => self.words.zext(byte, 16),
            false => self.words.sext(byte, 16),
        });
        let product = self.words.mul(a, b);
        self.write_register(state, RAX, product);
        state.flags = Flags::None;
        Ok(())
    }

    /// Divisions of a word that is extended to two.
    fn divide(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        if bits < 32 {
            return refuse(Cause::Instruction, "a quotient of narrow words");
        }
        let signed = insn.raw().mnemonic() == M::Idiv;
        let b = self.read_operand(state, insn, 0, bits)?;
        // The larger of it and 1 is it where it was tested.
        let b = self.under(state, b);
        let a = self.words.slice(state.reg(RAX), 0, bits);
        let high = self.words.slice(state.reg(RDX), 0, bits);
        let wanted = if signed {
            let sign = self.words.sign(a);
            self.words.sext(sign, bits)
        } else {
            self.words.constant(bits, 0)
        };
        if !planted!(HighIsAny, self.same(state, wanted, high), true) {
            return refuse(Cause::Division, "of a word that is not extended");
        }
        let row = self.row_at(insn.offset);
        self.divides(state, (a, b, signed), row)?;
        let w = &mut self.words;
        let (quotient, rest) =
            if signed { (w.div_s(a, b), w.rem_s(a, b)) } else { (w.div_u(a, b), w.rem_u(a, b)) };
        self.write_register(state, RAX, quotient);
        self.write_register(state, RDX, rest);
        state.flags = Flags::None;
        Ok(())
    }

    fn sign_extend(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let (from, to, high) = match insn.raw().mnemonic() {
            M::Cbw => (8, 16, false),
            M::Cwde => (16, 32, false),
            M::Cdqe => (32, 64, false),
            M::Cwd => (16, 16, true),
            M::Cdq => (32, 32, true),
            _ => (64, 64, true),
        };
        let a = self.words.slice(state.reg(RAX), 0, from);
        if high {
            let sign = self.words.sign(a);
            let word = self.words.sext(sign, to);
            self.write_register(state, RDX, word);
        } else {
            let word = self.words.sext(a, to);
            self.write_register(state, RAX, word);
        }
        Ok(())
    }

    fn bits_of_word(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let a = self.read_operand(state, insn, 1, bits)?;
        let w = &mut self.words;
        let (word, flags) = match insn.raw().mnemonic() {
            M::Lzcnt => (w.prim(Prim::LeadingZeros, bits, &[a]), Flags::None),
            M::Tzcnt => (w.prim(Prim::TrailingZeros, bits, &[a]), Flags::None),
            M::Popcnt => (w.prim(Prim::Ones, bits, &[a]), Flags::None),
            M::Blsi => {
                let minus = w.neg(a);
                (w.and(a, minus), Flags::None)
            }
            M::Blsmsk => {
                let below = w.plus(a, u128::MAX);
                (w.xor(a, below), Flags::None)
            }
            M::Blsr => {
                let below = w.plus(a, u128::MAX);
                (w.and(a, below), Flags::None)
            }
            // `andn`: not the first, and the second.
            _ => {
                let not = w.not(a);
                let b = self.read_operand(state, insn, 2, bits)?;
                let word = self.words.and(not, b);
                (word, Flags::Logic(word))
            }
        };
        self.write(state, insn, word)?;
        state.flags = flags;
        Ok(())
    }

    /// `bt` of a register: the carry is a bit of it.
    fn bit_test(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        if bits < 32 {
            return refuse(Cause::Instruction, "a bit of a narrow word");
        }
        let a = self.read_operand(state, insn, 0, bits)?;
        let count = self.read_operand(state, insn, 1, 8)?;
        let count = self.words.count_of(bits, count);
        let shifted = self.words.shr(a, count);
        state.flags = Flags::Carry(self.words.slice(shifted, 0, 1));
        Ok(())
    }
}
