//! The same for vector registers (U2): which bytes a result has.
//!
//! A scalar lies in the lowest bytes of a register; what lies above it came from elsewhere, often
//! from nobody: operations on one number leave it as it was, copies take it along. An instruction
//! without a rule here needs all bytes of its operands, or those that its memory form would read.

use super::places::{At, Operand, READ};
use super::{Mark, Written};
use crate::error::Fault;
use crate::x64::Class;
use iced_x86::{InstructionInfoOptions, Mnemonic, OpAccess};

/// Which vector registers hold the same: those of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copies([u8; 16]);

impl Default for Copies {
    fn default() -> Copies {
        Copies([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    }
}

impl Copies {
    fn of(self, r: u8) -> Option<u8> {
        self.0.get(usize::from(r)).copied()
    }

    /// Whether two registers hold the same.
    fn are_one(self, a: u8, b: u8) -> bool {
        self.of(a).is_some() && self.of(a) == self.of(b)
    }

    /// A register becomes a copy of another.
    fn copy(&mut self, to: u8, from: u8) {
        if let (Some(number), Some(slot)) = (self.of(from), self.0.get_mut(usize::from(to))) {
            *slot = number;
        }
    }

    /// A register is written: it gets a number that no other has.
    pub(super) fn writes(&mut self, r: u8) {
        let others = (0_u8..).zip(self.0).filter(|&(other, _)| other != r);
        let used = others.fold(0_u16, |used, (_, number)| used | super::bit(number));
        if let Some(slot) = self.0.get_mut(usize::from(r)) {
            *slot = planted!(CopiesStay, used.trailing_ones() as u8, *slot);
        }
    }
}

/// How an instruction makes its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Makes {
    /// A copy of 16 bytes.
    Copy,
    /// The lowest bytes of one operand, and what another has above them.
    Lowest(u8),
    /// This number of bytes of one number, and what the first source has above them.
    OfOne(u8),
    /// The same of several numbers, and what the first source has above them.
    OfSeveral(u8),
    /// Anything else: of certain bytes of its sources, or of all that it reads.
    Other,
}

/// How an instruction makes its result.
fn makes(mnemonic: Mnemonic) -> Makes {
    use Mnemonic::*;
    match mnemonic {
        Movaps | Movapd | Movups | Movupd | Movdqa | Movdqu | Vmovaps | Vmovapd | Vmovups
        | Vmovupd | Vmovdqa | Vmovdqu => Makes::Copy,
        Movss | Vmovss => Makes::Lowest(4),
        Movsd | Vmovsd => Makes::Lowest(8),
        Sqrtss | Vsqrtss | Roundss | Vroundss | Rcpss | Vrcpss | Rsqrtss | Vrsqrtss | Cvtsd2ss
        | Vcvtsd2ss | Cvtsi2ss | Vcvtsi2ss => Makes::OfOne(4),
        Sqrtsd | Vsqrtsd | Roundsd | Vroundsd | Cvtss2sd | Vcvtss2sd | Cvtsi2sd | Vcvtsi2sd => {
            Makes::OfOne(8)
        }
        Addss | Subss | Mulss | Divss | Minss | Maxss | Cmpss | Vaddss | Vsubss | Vmulss
        | Vdivss | Vminss | Vmaxss | Vcmpss | Vfmadd132ss | Vfmadd213ss | Vfmadd231ss
        | Vfmsub132ss | Vfmsub213ss | Vfmsub231ss | Vfnmadd132ss | Vfnmadd213ss | Vfnmadd231ss
        | Vfnmsub132ss | Vfnmsub213ss | Vfnmsub231ss => Makes::OfSeveral(4),
        Addsd | Subsd | Mulsd | Divsd | Minsd | Maxsd | Cmpsd | Vaddsd | Vsubsd | Vmulsd
        | Vdivsd | Vminsd | Vmaxsd | Vcmpsd | Vfmadd132sd | Vfmadd213sd | Vfmadd231sd
        | Vfmsub132sd | Vfmsub213sd | Vfmsub231sd | Vfnmadd132sd | Vfnmadd213sd | Vfnmadd231sd
        | Vfnmsub132sd | Vfnmsub213sd | Vfnmsub231sd => Makes::OfSeveral(8),
        _ => Makes::Other,
    }
}

/// Whether it makes a constant of one register, for every content.
fn makes_constant(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Xorps
            | Xorpd
            | Pxor
            | Vxorps
            | Vxorpd
            | Vpxor
            | Pcmpeqb
            | Pcmpeqw
            | Pcmpeqd
            | Pcmpeqq
            | Vpcmpeqb
            | Vpcmpeqw
            | Vpcmpeqd
            | Vpcmpeqq
    )
}

/// Whether what it makes of one register is 0.
fn makes_zero(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(mnemonic, Xorps | Xorpd | Pxor | Vxorps | Vxorpd | Vpxor)
}

impl Written {
    /// A vector instruction.
    pub(super) fn vectors(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let raw = at.insn.raw();
        let last = at.insn.operands().saturating_sub(1);
        if at.insn.class == Class::VectorFlags {
            for n in 0..=last {
                let bytes = raw.memory_size().size().min(16) as u8;
                self.reads(at, (at.operand(n)?, bytes))?;
            }
            self.flags_of(at, (Mark::ALL, 1));
            return Ok(());
        }
        let to = at.operand(0)?;
        let mnemonic = raw.mnemonic();
        if makes_constant(mnemonic) && self.is_of_one(at, last)? {
            self.writes(at, to, Mark::ALL)?;
            if let (Operand::Vector(r), true) = (to, makes_zero(mnemonic)) {
                self.marks.bytes.clears(&self.marks.vectors, r);
            }
            return Ok(());
        }
        match makes(mnemonic) {
            Makes::Copy => {
                let from = at.operand(last)?;
                let mark = self.source(at, from)?;
                self.writes(at, to, mark)?;
                if let (Operand::Vector(to), Operand::Vector(from)) = (to, from) {
                    self.marks.copies.copy(to, from);
                    self.marks.bytes.copy(&self.marks.vectors, to, from);
                }
                Ok(())
            }
            Makes::Lowest(bytes) => self.lowest_of(at, (to, last), bytes),
            Makes::OfOne(bytes) => {
                let from = Self::source_and_bytes(at, last)?;
                self.reads(at, from)?;
                self.above(at, to, bytes)
            }
            Makes::OfSeveral(bytes) => {
                // The destination is a source but where there are three operands that none of
                // these instructions' fused forms has.
                for n in 0..=last {
                    let operand = at.operand(n)?;
                    let written = n == 0 && !self.reads_first(at);
                    if !written && !matches!(operand, Operand::Constant) {
                        self.reads(at, (operand, bytes))?;
                    }
                }
                self.above(at, to, bytes)
            }
            Makes::Other => match self.made(at, last)? {
                Some(bytes) => self.writes_bytes(at, to, bytes),
                None => self.other(at, (to, last)),
            },
        }
    }

    /// Whether the last two operands are one vector register, or two that hold the same.
    fn is_of_one(&self, at: At<'_, '_>, last: u32) -> Result<bool, Fault> {
        let (a, b) = (at.operand(last.saturating_sub(1))?, at.operand(last)?);
        let (Operand::Vector(a), Operand::Vector(b)) = (a, b) else { return Ok(false) };
        Ok(self.marks.copies.are_one(a, b))
    }

    /// `movss`, `movsd`: loads have zeros above, moves between registers what the first source has.
    fn lowest_of(
        &mut self,
        at: At<'_, '_>,
        (to, last): (Operand, u32),
        bytes: u8,
    ) -> Result<(), Fault> {
        let from = at.operand(last)?;
        let mark = self.source(at, from)?;
        match (to, from) {
            (Operand::Memory(..), _) => self.writes(at, to, mark),
            (_, Operand::Memory(..)) => {
                let mark = self.nodes.needs(&[(mark, bytes)]);
                self.writes(at, to, mark)
            }
            _ => {
                self.demand(at.insn.offset, (mark, bytes), READ)?;
                self.above(at, to, bytes)
            }
        }
    }

    /// The lowest bytes are written, those above are the first source's.
    fn above(&mut self, at: At<'_, '_>, to: Operand, bytes: u8) -> Result<(), Fault> {
        let first = u32::from(!self.reads_first(at) && at.insn.vector(1).is_some());
        let first = if self.is_merged(at) { 0 } else { first };
        let first = at.operand(first)?;
        let (mark, all) = (self.source(at, first)?, self.bytes_above(at, (first, bytes))?);
        self.writes(at, to, mark.with_lowest(bytes))?;
        if let Operand::Vector(r) = to {
            self.marks.bytes.writes(&self.marks.vectors, r, all);
        }
        Ok(())
    }

    /// Whether an instruction with two operands keeps what the first one has above.
    fn is_merged(&self, at: At<'_, '_>) -> bool {
        at.insn.raw().encoding() == iced_x86::EncodingKind::Legacy
    }

    /// Whether operand 0 is read.
    fn reads_first(&mut self, at: At<'_, '_>) -> bool {
        let options =
            InstructionInfoOptions::NO_MEMORY_USAGE | InstructionInfoOptions::NO_REGISTER_USAGE;
        let info = self.accesses.info_options(at.insn.raw(), options);
        info.op0_access() != OpAccess::Write
    }

    /// An operand and how many bytes of it are read: those that the memory form would read, of
    /// general registers no more than they have.
    fn source_and_bytes(at: At<'_, '_>, n: u32) -> Result<(Operand, u8), Fault> {
        let raw = at.insn.raw();
        let mut operand = at.operand(n)?;
        if n > 0 && matches!(operand, Operand::Constant) {
            // Behind an immediate.
            operand = at.operand(n.saturating_sub(1))?;
        }
        let bytes = match raw.memory_size().size() {
            0 => 16,
            bytes => bytes.min(16) as u8,
        };
        let bytes = match operand {
            Operand::Register(_, most) => bytes.min(most),
            Operand::Vector(_) | Operand::Memory(..) | Operand::Constant => bytes,
        };
        Ok((operand, bytes))
    }

    /// An instruction without a rule here.
    fn other(&mut self, at: At<'_, '_>, (to, last): (Operand, u32)) -> Result<(), Fault> {
        let raw = at.insn.raw();
        let reads_first = self.reads_first(at);
        let immediate = matches!(at.operand(last)?, Operand::Constant);
        let widest = last.saturating_sub(u32::from(immediate));
        let implicit = has_implicit_mask(raw.mnemonic());
        let mask = if implicit { self.vector(0) } else { Mark::ALL };
        let mut parts =
            [(mask, 16), (Mark::ALL, 0), (Mark::ALL, 0), (Mark::ALL, 0), (Mark::ALL, 0)];
        let slots = parts.iter_mut().skip(1);
        for (n, part) in (u32::from(!reads_first)..=last).zip(slots) {
            let operand = at.operand(n)?;
            let whole = match operand {
                Operand::Register(_, bytes) | Operand::Memory(_, bytes) => bytes,
                Operand::Vector(_) => 16,
                Operand::Constant => continue,
            };
            let narrow = n == widest && n > 0;
            let bytes = if narrow { Self::source_and_bytes(at, n)?.1.min(whole) } else { whole };
            let mark = self.source(at, operand)?;
            *part = (mark, bytes);
        }
        let mark = self.nodes.needs(&parts);
        self.writes(at, to, mark)
    }
}

/// Whether the mask is the first vector register, which is no operand.
fn has_implicit_mask(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Blendvps | Mnemonic::Blendvpd | Mnemonic::Pblendvb)
}
