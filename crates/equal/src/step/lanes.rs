//! Instructions on lanes of vector registers: which operator each is, for lanes of which width.
//!
//! The tables are in `lanes_table`, shuffles in `permute`. Of a form with two operands the first
//! source is operand 0.

use super::lanes_table::{converted, extension, packed, shifted};
use super::mnemonic;
use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::{Flags, State};
use crate::words::{Head, Lane, Prim, Word, Words};
use alloc::vec::Vec;
use iced_x86::Mnemonic as M;
use prova_check::x64::{Insn, Operand};

impl Core<'_> {
    /// An instruction of vectors that `vector` does not have.
    pub(super) fn packed(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let code = insn.raw().mnemonic();
        if let Some((lane, width)) = packed(code) {
            let (a, b) = self.both(state, insn)?;
            let word = self.words.lane_wise(lane, width, a, b);
            return self.write_vector(state, insn, word);
        }
        if let Some((op, width)) = shifted(code) {
            return self.shift_lanes(state, insn, op, width);
        }
        if let Some((from, to, signed)) = extension(code) {
            let count = 128_u8.checked_div(to).unwrap_or(0);
            let a = self.low(state, insn, 1, count.saturating_mul(from))?;
            let word = self.words.each_lane(a, from, |w, x| w.extended(signed, x, to));
            return self.write_vector(state, insn, word);
        }
        if let Some((prim, from, to)) = converted(code) {
            let count = 128_u8.checked_div(from.max(to)).unwrap_or(0);
            let a = self.low(state, insn, 1, count.saturating_mul(from))?;
            let word = self.words.each_lane(a, from, |w, x| w.prim(prim, to, &[x]));
            let word = self.words.zext(word, 128);
            return self.write_vector(state, insn, word);
        }
        self.packed_else(state, insn)
    }

    fn packed_else(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        match insn.raw().mnemonic() {
            M::Pabsb | M::Vpabsb => self.magnitude(state, insn, 8),
            M::Pabsw | M::Vpabsw => self.magnitude(state, insn, 16),
            M::Pabsd | M::Vpabsd => self.magnitude(state, insn, 32),
            M::Packsswb | M::Vpacksswb => self.pack(state, insn, (16, true)),
            M::Packuswb | M::Vpackuswb => self.pack(state, insn, (16, false)),
            M::Packssdw | M::Vpackssdw => self.pack(state, insn, (32, true)),
            M::Packusdw | M::Vpackusdw => self.pack(state, insn, (32, false)),
            M::Phaddw | M::Vphaddw => self.add_neighbours(state, insn, 16),
            M::Phaddd | M::Vphaddd => self.add_neighbours(state, insn, 32),
            M::Pmaddwd | M::Vpmaddwd => self.multiply_add(state, insn, 16),
            M::Pmaddubsw | M::Vpmaddubsw => self.multiply_add(state, insn, 8),
            M::Cmpps | M::Vcmpps => self.compare_lanes(state, insn, 32),
            M::Cmppd | M::Vcmppd => self.compare_lanes(state, insn, 64),
            M::Roundps | M::Vroundps => self.round_lanes(state, insn, 32),
            M::Roundpd | M::Vroundpd => self.round_lanes(state, insn, 64),
            M::Ptest | M::Vptest => self.test(state, insn),
            M::Pmovmskb | M::Vpmovmskb => self.signs(state, insn, 8),
            M::Movmskps | M::Vmovmskps => self.signs(state, insn, 32),
            M::Movmskpd | M::Vmovmskpd => self.signs(state, insn, 64),
            M::Pblendvb | M::Vpblendvb => self.blend(state, insn, 8),
            M::Blendvps | M::Vblendvps => self.blend(state, insn, 32),
            M::Blendvpd | M::Vblendvpd => self.blend(state, insn, 64),
            M::Pextrb | M::Vpextrb => self.extract(state, insn, 8),
            M::Pextrw | M::Vpextrw => self.extract(state, insn, 16),
            M::Pextrd | M::Vpextrd | M::Extractps | M::Vextractps => self.extract(state, insn, 32),
            M::Pextrq | M::Vpextrq => self.extract(state, insn, 64),
            M::Pinsrb | M::Vpinsrb => self.insert(state, insn, 8),
            M::Pinsrw | M::Vpinsrw => self.insert(state, insn, 16),
            M::Pinsrd | M::Vpinsrd => self.insert(state, insn, 32),
            M::Pinsrq | M::Vpinsrq => self.insert(state, insn, 64),
            M::Vpbroadcastb => self.broadcast(state, insn, 8),
            M::Vpbroadcastw => self.broadcast(state, insn, 16),
            M::Vpbroadcastd | M::Vbroadcastss => self.broadcast(state, insn, 32),
            M::Vpbroadcastq | M::Movddup | M::Vmovddup => self.broadcast(state, insn, 64),
            _ => self.permute(state, insn),
        }
    }

    /// Both sources.
    pub(super) fn both(&mut self, state: &mut State, insn: &Insn) -> Result<(Word, Word), Refusal> {
        let (first, last) = self.sources(insn);
        let a = self.read_operand(state, insn, first, 128)?;
        let b = self.read_operand(state, insn, last, 128)?;
        if self.words.bits(a) != 128 || self.words.bits(b) != 128 {
            return refuse(Cause::Instruction, "an operand of a width without rule");
        }
        Ok((a, b))
    }

    /// The immediate behind the operands.
    pub(super) fn immediate(&self, insn: &Insn) -> Result<u8, Refusal> {
        match insn.operand(insn.operands().saturating_sub(1)) {
            Ok(Operand::Immediate(n)) => Ok(n as u8),
            _ => refuse(Cause::Instruction, "no immediate"),
        }
    }

    /// Shifts by a number, or by the low 64 bits of a vector; by the width and more nothing is left
    /// but signs.
    fn shift_lanes(
        &mut self,
        state: &mut State,
        insn: &Insn,
        op: Head,
        width: u8,
    ) -> Result<(), Refusal> {
        let (first, last) = self.sources(insn);
        let (a, count) = match insn.operand(insn.operands().saturating_sub(1)) {
            Ok(Operand::Immediate(n)) => {
                let count = self.words.constant(64, u128::from(n & 0xff));
                (self.read_operand(state, insn, last, 128)?, count)
            }
            _ => {
                let a = self.read_operand(state, insn, first, 128)?;
                (a, self.low(state, insn, last, 64)?)
            }
        };
        if self.words.bits(a) != 128 {
            return refuse(Cause::Instruction, "an operand of a width without rule");
        }
        let w = &mut self.words;
        let bound = w.constant(64, width.into());
        let (least, most) = w.bounds(count);
        let within = if least >= 0 && most < i128::from(width) {
            w.truth(true)
        } else {
            w.ult(count, bound)
        };
        let word = w.each_lane(a, width, |w, x| {
            let rest = if op == Head::Sar {
                let sign = w.sign(x);
                w.sext(sign, width)
            } else {
                w.constant(width, 0)
            };
            if w.number(within) == Some(0) {
                return rest;
            }
            let shifted = w.lane_shift(op, x, count);
            w.ite(within, shifted, rest)
        });
        self.write_vector(state, insn, word)
    }

    fn magnitude(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let a = self.low(state, insn, 1, 128)?;
        let word = self.words.each_lane(a, width, Words::magnitude);
        self.write_vector(state, insn, word)
    }

    /// The lanes of both sources, from signed ones, saturated to half their width.
    fn pack(
        &mut self,
        state: &mut State,
        insn: &Insn,
        (width, signed): (u8, bool),
    ) -> Result<(), Refusal> {
        let (a, b) = self.both(state, insn)?;
        let w = &mut self.words;
        let half = width >> 1;
        let mut lanes = w.lanes(a, width);
        lanes.extend(w.lanes(b, width));
        let narrow = |w: &mut Words, x| {
            if signed { w.nearest_signed(x, half) } else { w.nearest_unsigned(x, half) }
        };
        let lanes: Vec<Word> = lanes.into_iter().map(|x| narrow(w, x)).collect();
        let word = w.vector_of(&lanes);
        self.write_vector(state, insn, word)
    }

    /// Sums of neighbours, those of the first source first.
    fn add_neighbours(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let (a, b) = self.both(state, insn)?;
        let w = &mut self.words;
        let mut lanes = w.lanes(a, width);
        lanes.extend(w.lanes(b, width));
        let mut sums = Vec::new();
        for pair in lanes.chunks(2) {
            if let &[x, y] = pair {
                sums.push(w.add(x, y));
            }
        }
        let word = w.vector_of(&sums);
        self.write_vector(state, insn, word)
    }

    /// Products of lanes, and sums of neighbours: of words, signed; of bytes, the first source's
    /// unsigned and the second's signed, and the sum saturated.
    fn multiply_add(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let (a, b) = self.both(state, insn)?;
        let (twice, saturates) = (width << 1, width == 8);
        let w = &mut self.words;
        let (a, b) = (w.lanes(a, width), w.lanes(b, width));
        let mut products = Vec::new();
        for (x, y) in a.into_iter().zip(b) {
            let (x, y) = (w.extended(!saturates, x, twice), w.extended(true, y, twice));
            products.push(w.mul(x, y));
        }
        let mut sums = Vec::new();
        for pair in products.chunks(2) {
            let &[x, y] = pair else { continue };
            sums.push(if saturates {
                let (x, y) = (w.sext(x, 17), w.sext(y, 17));
                let sum = w.add(x, y);
                w.nearest_signed(sum, 16)
            } else {
                w.add(x, y)
            });
        }
        let word = w.vector_of(&sums);
        self.write_vector(state, insn, word)
    }

    /// Comparisons of floats by the first eight predicates.
    fn compare_lanes(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let (a, b) = self.both(state, insn)?;
        let predicate = self.immediate(insn)?;
        let lane = match predicate & 3 {
            0 => Lane::FloatEq,
            1 => Lane::FloatLt,
            2 => Lane::FloatLe,
            _ => Lane::FloatNan,
        };
        if predicate > 7 {
            return refuse(Cause::Instruction, "a predicate without rule");
        }
        let mut word = self.words.lane_wise(lane, width, a, b);
        if predicate > 3 {
            let ones = self.words.constant(128, u128::MAX);
            word = self.words.xor(word, ones);
        }
        self.write_vector(state, insn, word)
    }

    /// Rounding by a mode that is said; the bit that suppresses exceptions changes no result.
    fn round_lanes(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let a = self.low(state, insn, 1, 128)?;
        let prim = match self.immediate(insn)? & !8 {
            0 => Prim::FloatNearest,
            1 => Prim::FloatFloor,
            2 => Prim::FloatCeil,
            3 => Prim::FloatTrunc,
            _ => return refuse(Cause::Instruction, "a rounding without rule"),
        };
        let word = self.words.each_lane(a, width, |w, x| w.prim(prim, width, &[x]));
        self.write_vector(state, insn, word)
    }

    /// `ptest`: zero of `a & b`, carry of `¬a & b`.
    fn test(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let a = self.low(state, insn, 0, 128)?;
        let b = self.low(state, insn, 1, 128)?;
        let w = &mut self.words;
        let ones = w.constant(128, u128::MAX);
        let not = w.xor(a, ones);
        let (both, rest) = (w.and(a, b), w.and(not, b));
        let (zero, carry) = (w.zero(both), w.zero(rest));
        state.flags = Flags::Tested { zero, carry };
        Ok(())
    }

    /// The signs of lanes in a general register.
    fn signs(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let a = self.low(state, insn, 1, 128)?;
        let bits = self.destination_bits(insn)?;
        let w = &mut self.words;
        let signs: Vec<Word> = w.lanes(a, width).into_iter().map(|x| w.sign(x)).collect();
        let word = w.vector_of(&signs);
        let word = w.zext(word, bits);
        self.write(state, insn, word)
    }

    /// The second source where the mask's sign is set; without a fourth operand the mask is the
    /// first register.
    fn blend(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let explicit = insn.operands() == 4;
        let (first, second) = if explicit { (1, 2) } else { (0, 1) };
        let a = self.low(state, insn, first, 128)?;
        let b = self.low(state, insn, second, 128)?;
        let mask = if explicit { self.low(state, insn, 3, 128)? } else { state.vector(0) };
        let word = self.words.blend((a, b), mask, width);
        self.write_vector(state, insn, word)
    }

    /// A lane, zero-extended in a register, alone in memory.
    fn extract(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let a = self.low(state, insn, 1, 128)?;
        let bits = self.destination_bits(insn)?;
        let count = 128_u8.checked_div(width).unwrap_or(1);
        let lane = self.immediate(insn)? & count.saturating_sub(1);
        let part = self.words.slice(a, lane.saturating_mul(width), width);
        let word = self.words.zext(part, bits);
        self.write(state, insn, word)
    }

    /// A lane replaced by the low bits of a register, or by what is in memory.
    fn insert(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let (first, last) = self.sources(insn);
        let a = self.low(state, insn, first, 128)?;
        let part = self.low(state, insn, last, width)?;
        let count = 128_u8.checked_div(width).unwrap_or(1);
        let lane = self.immediate(insn)? & count.saturating_sub(1);
        let mut lanes = self.words.lanes(a, width);
        if let Some(place) = lanes.get_mut(usize::from(lane)) {
            *place = part;
        }
        let word = self.words.vector_of(&lanes);
        self.write_vector(state, insn, word)
    }

    /// The low lane in all lanes.
    fn broadcast(&mut self, state: &mut State, insn: &Insn, width: u8) -> Result<(), Refusal> {
        let part = self.low(state, insn, 1, width)?;
        let word = self.words.splat(part);
        self.write_vector(state, insn, word)
    }

    /// Refuses an instruction.
    pub(super) fn unknown_vector(insn: &Insn) -> Result<(), Refusal> {
        refuse(Cause::Instruction, mnemonic(insn))
    }
}
