//! Instructions on lanes of vector registers: which operator each is, for lanes of which width.
//!
//! [`packed`] is the table of those that do one thing with each pair of lanes; the manual's name is
//! the mnemonic's. Shuffles are in `permute`. Of a form with two operands the first source is
//! operand 0.

use super::mnemonic;
use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::{Flags, State};
use crate::words::{Head, Lane, Prim, Word, Words};
use alloc::vec::Vec;
use iced_x86::Mnemonic as M;
use prova_check::x64::{Insn, Operand};

/// Instructions that do one thing with each pair of lanes.
pub(super) fn packed(code: M) -> Option<(Lane, u8)> {
    Some(match code {
        M::Paddb | M::Vpaddb => (Lane::Add, 8),
        M::Paddw | M::Vpaddw => (Lane::Add, 16),
        M::Paddd | M::Vpaddd => (Lane::Add, 32),
        M::Paddq | M::Vpaddq => (Lane::Add, 64),
        M::Psubb | M::Vpsubb => (Lane::Sub, 8),
        M::Psubw | M::Vpsubw => (Lane::Sub, 16),
        M::Psubd | M::Vpsubd => (Lane::Sub, 32),
        M::Psubq | M::Vpsubq => (Lane::Sub, 64),
        M::Pmullw | M::Vpmullw => (Lane::Mul, 16),
        M::Pmulld | M::Vpmulld => (Lane::Mul, 32),
        M::Pmulhw | M::Vpmulhw => (Lane::HighS, 16),
        M::Pmulhuw | M::Vpmulhuw => (Lane::HighU, 16),
        M::Pmulhrsw | M::Vpmulhrsw => (Lane::HighRounded, 16),
        M::Pmuldq | M::Vpmuldq => (Lane::LowHalvesS, 64),
        M::Pmuludq | M::Vpmuludq => (Lane::LowHalvesU, 64),
        M::Paddsb | M::Vpaddsb => (Lane::AddSatS, 8),
        M::Paddsw | M::Vpaddsw => (Lane::AddSatS, 16),
        M::Paddusb | M::Vpaddusb => (Lane::AddSatU, 8),
        M::Paddusw | M::Vpaddusw => (Lane::AddSatU, 16),
        M::Psubsb | M::Vpsubsb => (Lane::SubSatS, 8),
        M::Psubsw | M::Vpsubsw => (Lane::SubSatS, 16),
        M::Psubusb | M::Vpsubusb => (Lane::SubSatU, 8),
        M::Psubusw | M::Vpsubusw => (Lane::SubSatU, 16),
        M::Pminsb | M::Vpminsb => (Lane::MinS, 8),
        M::Pminsw | M::Vpminsw => (Lane::MinS, 16),
        M::Pminsd | M::Vpminsd => (Lane::MinS, 32),
        M::Pminub | M::Vpminub => (Lane::MinU, 8),
        M::Pminuw | M::Vpminuw => (Lane::MinU, 16),
        M::Pminud | M::Vpminud => (Lane::MinU, 32),
        M::Pmaxsb | M::Vpmaxsb => (Lane::MaxS, 8),
        M::Pmaxsw | M::Vpmaxsw => (Lane::MaxS, 16),
        M::Pmaxsd | M::Vpmaxsd => (Lane::MaxS, 32),
        M::Pmaxub | M::Vpmaxub => (Lane::MaxU, 8),
        M::Pmaxuw | M::Vpmaxuw => (Lane::MaxU, 16),
        M::Pmaxud | M::Vpmaxud => (Lane::MaxU, 32),
        M::Pavgb | M::Vpavgb => (Lane::Average, 8),
        M::Pavgw | M::Vpavgw => (Lane::Average, 16),
        M::Pcmpeqb | M::Vpcmpeqb => (Lane::Eq, 8),
        M::Pcmpeqw | M::Vpcmpeqw => (Lane::Eq, 16),
        M::Pcmpeqd | M::Vpcmpeqd => (Lane::Eq, 32),
        M::Pcmpeqq | M::Vpcmpeqq => (Lane::Eq, 64),
        M::Pcmpgtb | M::Vpcmpgtb => (Lane::GtS, 8),
        M::Pcmpgtw | M::Vpcmpgtw => (Lane::GtS, 16),
        M::Pcmpgtd | M::Vpcmpgtd => (Lane::GtS, 32),
        M::Pcmpgtq | M::Vpcmpgtq => (Lane::GtS, 64),
        M::Addps | M::Vaddps => (Lane::FloatAdd, 32),
        M::Addpd | M::Vaddpd => (Lane::FloatAdd, 64),
        M::Subps | M::Vsubps => (Lane::FloatSub, 32),
        M::Subpd | M::Vsubpd => (Lane::FloatSub, 64),
        M::Mulps | M::Vmulps => (Lane::FloatMul, 32),
        M::Mulpd | M::Vmulpd => (Lane::FloatMul, 64),
        M::Divps | M::Vdivps => (Lane::FloatDiv, 32),
        M::Divpd | M::Vdivpd => (Lane::FloatDiv, 64),
        M::Minps | M::Vminps => (Lane::FloatLesser, 32),
        M::Minpd | M::Vminpd => (Lane::FloatLesser, 64),
        M::Maxps | M::Vmaxps => (Lane::FloatGreater, 32),
        M::Maxpd | M::Vmaxpd => (Lane::FloatGreater, 64),
        _ => return None,
    })
}

/// Shifts of lanes.
fn shifted(code: M) -> Option<(Head, u8)> {
    Some(match code {
        M::Psllw | M::Vpsllw => (Head::Shl, 16),
        M::Pslld | M::Vpslld => (Head::Shl, 32),
        M::Psllq | M::Vpsllq => (Head::Shl, 64),
        M::Psrlw | M::Vpsrlw => (Head::Shr, 16),
        M::Psrld | M::Vpsrld => (Head::Shr, 32),
        M::Psrlq | M::Vpsrlq => (Head::Shr, 64),
        M::Psraw | M::Vpsraw => (Head::Sar, 16),
        M::Psrad | M::Vpsrad => (Head::Sar, 32),
        _ => return None,
    })
}

/// Extensions of the lowest lanes: the widths before and behind, and whether with sign.
fn extension(code: M) -> Option<(u8, u8, bool)> {
    Some(match code {
        M::Pmovsxbw | M::Vpmovsxbw => (8, 16, true),
        M::Pmovsxbd | M::Vpmovsxbd => (8, 32, true),
        M::Pmovsxbq | M::Vpmovsxbq => (8, 64, true),
        M::Pmovsxwd | M::Vpmovsxwd => (16, 32, true),
        M::Pmovsxwq | M::Vpmovsxwq => (16, 64, true),
        M::Pmovsxdq | M::Vpmovsxdq => (32, 64, true),
        M::Pmovzxbw | M::Vpmovzxbw => (8, 16, false),
        M::Pmovzxbd | M::Vpmovzxbd => (8, 32, false),
        M::Pmovzxbq | M::Vpmovzxbq => (8, 64, false),
        M::Pmovzxwd | M::Vpmovzxwd => (16, 32, false),
        M::Pmovzxwq | M::Vpmovzxwq => (16, 64, false),
        M::Pmovzxdq | M::Vpmovzxdq => (32, 64, false),
        _ => return None,
    })
}

/// Instructions that do one thing with each lane: of the width read, to another.
fn converted(code: M) -> Option<(Prim, u8, u8)> {
    Some(match code {
        M::Sqrtps | M::Vsqrtps => (Prim::FloatSqrt, 32, 32),
        M::Sqrtpd | M::Vsqrtpd => (Prim::FloatSqrt, 64, 64),
        M::Cvtdq2ps | M::Vcvtdq2ps => (Prim::FromSigned, 32, 32),
        M::Cvtdq2pd | M::Vcvtdq2pd => (Prim::FromSigned, 32, 64),
        M::Cvttps2dq | M::Vcvttps2dq => (Prim::ToSigned, 32, 32),
        M::Cvttpd2dq | M::Vcvttpd2dq => (Prim::ToSigned, 64, 32),
        M::Cvtps2pd | M::Vcvtps2pd => (Prim::Promote, 32, 64),
        M::Cvtpd2ps | M::Vcvtpd2ps => (Prim::Demote, 64, 32),
        _ => return None,
    })
}

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
