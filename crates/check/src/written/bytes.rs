//! The bytes of vector registers, one by one (U2): which are written where the lowest ones are not
//! all that is.
//!
//! A mark counts lowest bytes. A comparison moved to a vector register and spread over its lanes
//! has one written byte, three of nobody, and zeros above; so each vector register has, beside its
//! mark, what each of its bytes needs. Instructions of [`parts`] make a byte of their result of
//! certain bytes of their sources, and ask for those alone. Any other result has the bytes of its
//! mark.
//!
//! - Invariant: byte `i` is written if the lowest `needs[i]` bytes of `mark` are. A byte of a
//!   result needs at least what each byte that it is made of needs (`combined`); the mark of a
//!   result has `d` bytes only where each of its lowest `d` bytes is written (`lowest`).
//!
//! Limits: at claimed blocks, in the frame and at calls the mark alone stays. Of the masks of
//! `pshufb` a register is known that was made 0 by itself.
//!
//! Oracles: `runtime/tests/processor/written.rs` executes accepted code with other garbage, and
//! `narrow.rs` beside it asks that no byte too many is demanded.

use super::places::{At, Operand};
use super::{Mark, Written};
use crate::error::Fault;
use alloc::boxed::Box;
use iced_x86::{EncodingKind, Instruction, Mnemonic};

/// The need of a byte that nobody wrote: more than a mark has.
const NEVER: u8 = u8::MAX;
/// Bytes of a vector register.
const BYTES: usize = 16;
/// The needs of the bytes that a mark counts.
const OF_MARK: [u8; BYTES] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// The bytes of a vector register: byte `i` is written if the lowest `needs[i]` bytes of `mark`
/// are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytes {
    mark: Mark,
    needs: [u8; BYTES],
    /// Whether all of them are 0.
    zero: bool,
}

impl Bytes {
    /// Those that a mark counts.
    pub(super) const fn of(mark: Mark) -> Bytes {
        Bytes { mark, needs: OF_MARK, zero: false }
    }

    /// The bytes of the mark that a byte needs: 0 if it is written, [`NEVER`] if nobody wrote it.
    fn need(&self, byte: u8) -> u8 {
        match self.needs.get(usize::from(byte)) {
            Some(&needs) if self.mark.is_surely(needs) => 0,
            Some(&needs) if self.mark.has_node() => needs,
            _ => NEVER,
        }
    }

    /// Whether all are written, as a quick answer.
    fn are_all(&self) -> bool {
        self.needs == OF_MARK && self.mark.is_surely(BYTES as u8)
    }

    /// The same with the lowest `bytes` bytes written.
    pub(super) fn with_lowest(mut self, bytes: u8) -> Bytes {
        self.needs.iter_mut().take(bytes.into()).for_each(|needs| *needs = 0);
        Bytes { zero: false, ..self }
    }
}

/// The bytes of the vector registers, where they are not all those of their marks: most code never
/// needs the table, and there is one for each waiting block.
#[derive(Clone, Default)]
pub(super) struct Vectors(Option<Box<[Bytes; 16]>>);

impl Vectors {
    /// The bytes of a register, by the marks of all.
    fn at(&self, marks: &[Mark; 16], r: u8) -> Bytes {
        let r = usize::from(r);
        match &self.0 {
            Some(all) => all.get(r).copied().unwrap_or(Bytes::of(Mark::NONE)),
            None => Bytes::of(marks.get(r).copied().unwrap_or_default()),
        }
    }

    /// A register gets bytes that its mark counts.
    pub(super) fn counts(&mut self, r: u8, mark: Mark) {
        if let Some(slot) = self.0.as_mut().and_then(|all| all.get_mut(usize::from(r))) {
            *slot = Bytes::of(mark);
        }
    }

    /// A register is written, whose mark has been set.
    pub(super) fn writes(&mut self, marks: &[Mark; 16], r: u8, bytes: Bytes) {
        let all = self.0.get_or_insert_with(|| Box::new(marks.map(Bytes::of)));
        if let Some(slot) = all.get_mut(usize::from(r)) {
            *slot = planted!(BytesStay, bytes, {
                let least = |n| bytes.need(n as u8).min(slot.need(n as u8));
                Bytes { needs: core::array::from_fn(least), ..bytes }
            });
        }
    }

    /// A register becomes a copy of another.
    pub(super) fn copy(&mut self, marks: &[Mark; 16], to: u8, from: u8) {
        if self.0.is_some() {
            self.writes(marks, to, self.at(marks, from));
        }
    }

    /// A register is 0.
    pub(super) fn clears(&mut self, marks: &[Mark; 16], r: u8) {
        self.writes(marks, r, Bytes { zero: true, ..Bytes::of(Mark::ALL) });
    }
}

/// Bytes of a source that a byte of a result is made of.
#[derive(Clone, Copy, Default)]
struct Part {
    /// Whether it is the last source; otherwise the one before.
    of_last: bool,
    first: u8,
    count: u8,
}

/// A byte of the last source.
const fn last(first: u8) -> [Part; 2] {
    [Part { of_last: true, first, count: 1 }, NOTHING]
}

/// A byte of the source before.
const fn before(first: u8) -> [Part; 2] {
    [Part { of_last: false, first, count: 1 }, NOTHING]
}

/// A byte that is 0.
const ZERO: [Part; 2] = [NOTHING; 2];
const NOTHING: Part = Part { of_last: false, first: 0, count: 0 };

/// The lower or upper halves of both sources, a lane of `width` bytes of each in turn.
const fn interleaved(i: u8, width: u8, high: bool) -> [Part; 2] {
    let lanes = i & !(width.wrapping_mul(2).wrapping_sub(1));
    let from = lanes >> 1 | i & width.wrapping_sub(1) | if high { 8 } else { 0 };
    if i & width == 0 { before(from) } else { last(from) }
}

/// A byte of lanes of `to` bytes, each an extension of a lane of `from` bytes; with zeros if these
/// are not `signed`.
const fn extended(i: u8, (from, to): (u8, u8), signed: bool) -> [Part; 2] {
    let lane = i & !to.wrapping_sub(1);
    let ratio = if from == 1 {
        to
    } else if from == 2 {
        to >> 1
    } else {
        2
    };
    let start = match ratio {
        2 => lane >> 1,
        4 => lane >> 2,
        _ => lane >> 3,
    };
    let within = i & to.wrapping_sub(1);
    let top = from.wrapping_sub(1);
    match (within <= top, signed) {
        (true, _) => last(start | within),
        (false, true) => last(start | top),
        (false, false) => ZERO,
    }
}

/// The lane of this width that the immediate names.
const fn lane(imm: u8, width: u8) -> u8 {
    imm.wrapping_mul(width) & 15
}

/// The parts that byte `i` of the result of an instruction is made of. None: it has no rule here.
fn parts(raw: &Instruction, of_memory: bool, i: u8) -> Option<[Part; 2]> {
    use Mnemonic::*;
    let imm = raw.immediate8();
    // The lane of 32 bits, or of 16 in a half, that the immediate names for lane `n`.
    let named = |n: u8| imm.wrapping_shr(u32::from(n & 3) << 1) & 3;
    let (low, high) = (i < 8, i & 7);
    Some(match raw.mnemonic() {
        Movd | Vmovd if i < 4 => last(i),
        Movq | Vmovq if low => last(i),
        Movd | Vmovd | Movq | Vmovq => ZERO,
        Pshufd | Vpshufd => last(named(i >> 2) << 2 | i & 3),
        Pshuflw | Vpshuflw if low => last(named(i >> 1) << 1 | i & 1),
        Pshufhw | Vpshufhw if !low => last(8 | named(i >> 1) << 1 | i & 1),
        Pshuflw | Vpshuflw | Pshufhw | Vpshufhw => last(i),
        Shufps | Vshufps if low => before(named(i >> 2) << 2 | i & 3),
        Shufps | Vshufps => last(named(i >> 2) << 2 | i & 3),
        Shufpd | Vshufpd if low => before((imm & 1) << 3 | high),
        Shufpd | Vshufpd => last((imm & 2) << 2 | high),
        Movddup | Vmovddup | Vpbroadcastq => last(high),
        Vbroadcastss | Vpbroadcastd => last(i & 3),
        Vpbroadcastw => last(i & 1),
        Vpbroadcastb => last(0),
        // With a mask that is 0; of other ones nothing is known.
        Pshufb | Vpshufb => before(0),
        Movlhps | Vmovlhps | Unpcklpd | Vunpcklpd | Punpcklqdq | Vpunpcklqdq => {
            interleaved(i, 8, false)
        }
        Punpckhqdq | Vpunpckhqdq => interleaved(i, 8, true),
        Unpcklps | Vunpcklps | Punpckldq | Vpunpckldq => interleaved(i, 4, false),
        Unpckhps | Vunpckhps | Punpckhdq | Vpunpckhdq => interleaved(i, 4, true),
        Punpcklwd | Vpunpcklwd => interleaved(i, 2, false),
        Punpckhwd | Vpunpckhwd => interleaved(i, 2, true),
        Punpcklbw | Vpunpcklbw => interleaved(i, 1, false),
        Punpckhbw | Vpunpckhbw => interleaved(i, 1, true),
        Palignr | Vpalignr => match i.saturating_add(imm) {
            from @ 0..16 => last(from),
            from @ 16..32 => before(from & 15),
            _ => ZERO,
        },
        // A load; a store has the upper half.
        Movhps | Vmovhps if !of_memory => last(8 | high),
        Movhps | Vmovhps if low => before(i),
        Movhps | Vmovhps => last(high),
        _ => return of_lane(raw, of_memory, i),
    })
}

/// The same of instructions that put one lane in, take one out, or make lanes wider.
fn of_lane(raw: &Instruction, of_memory: bool, i: u8) -> Option<[Part; 2]> {
    use Mnemonic::*;
    let imm = raw.immediate8();
    let inserted = |width: u8| {
        let within = i & width.wrapping_sub(1);
        if i & !width.wrapping_sub(1) == lane(imm, width) { last(within) } else { before(i) }
    };
    let extracted = |width: u8| if i < width { last(lane(imm, width) | i) } else { ZERO };
    Some(match raw.mnemonic() {
        Pinsrb | Vpinsrb => inserted(1),
        Pinsrw | Vpinsrw => inserted(2),
        Pinsrd | Vpinsrd => inserted(4),
        Pinsrq | Vpinsrq => inserted(8),
        Insertps | Vinsertps if imm.wrapping_shr((i >> 2).into()) & 1 == 1 => ZERO,
        Insertps | Vinsertps if i >> 2 != planted!(LaneIsSources, imm >> 4 & 3, imm >> 6) => {
            before(i)
        }
        Insertps | Vinsertps if of_memory => last(i & 3),
        Insertps | Vinsertps => last((imm >> 6) << 2 | i & 3),
        Pextrb | Vpextrb => extracted(1),
        Pextrw | Vpextrw => extracted(2),
        Pextrd | Vpextrd | Extractps | Vextractps => extracted(4),
        Pextrq | Vpextrq => extracted(8),
        Pmovzxbw | Vpmovzxbw => extended(i, (1, 2), false),
        Pmovzxbd | Vpmovzxbd => extended(i, (1, 4), false),
        Pmovzxbq | Vpmovzxbq => extended(i, (1, 8), false),
        Pmovzxwd | Vpmovzxwd => extended(i, (2, 4), false),
        Pmovzxwq | Vpmovzxwq => extended(i, (2, 8), false),
        Pmovzxdq | Vpmovzxdq => extended(i, (4, 8), false),
        Pmovsxbw | Vpmovsxbw => extended(i, (1, 2), true),
        Pmovsxbd | Vpmovsxbd => extended(i, (1, 4), true),
        Pmovsxbq | Vpmovsxbq => extended(i, (1, 8), true),
        Pmovsxwd | Vpmovsxwd => extended(i, (2, 4), planted!(SignIsZero, true, false)),
        Pmovsxwq | Vpmovsxwq => extended(i, (2, 8), true),
        Pmovsxdq | Vpmovsxdq => extended(i, (4, 8), true),
        mnemonic => return in_lane(mnemonic, i),
    })
}

/// The parts of byte `i` of a result that has lanes of its sources' width, each made of the same
/// lanes alone; shifts have a constant count.
fn in_lane(mnemonic: Mnemonic, i: u8) -> Option<[Part; 2]> {
    use Mnemonic::*;
    let (width, both) = match mnemonic {
        Andps | Andpd | Andnps | Andnpd | Orps | Orpd | Xorps | Xorpd | Pand | Pandn | Por
        | Pxor | Vandps | Vandpd | Vandnps | Vandnpd | Vorps | Vorpd | Vxorps | Vxorpd | Vpand
        | Vpandn | Vpor | Vpxor => (1, true),
        Paddb | Psubb | Paddsb | Paddusb | Psubsb | Psubusb | Pavgb | Pminub | Pmaxub | Pminsb
        | Pmaxsb | Pcmpeqb | Pcmpgtb | Vpaddb | Vpsubb | Vpaddsb | Vpaddusb | Vpsubsb
        | Vpsubusb | Vpavgb | Vpminub | Vpmaxub | Vpminsb | Vpmaxsb | Vpcmpeqb | Vpcmpgtb => {
            (1, true)
        }
        Paddw | Psubw | Paddsw | Paddusw | Psubsw | Psubusw | Pavgw | Pminuw | Pmaxuw | Pminsw
        | Pmaxsw | Pmullw | Pcmpeqw | Pcmpgtw | Vpaddw | Vpsubw | Vpaddsw | Vpaddusw | Vpsubsw
        | Vpsubusw | Vpavgw | Vpminuw | Vpmaxuw | Vpminsw | Vpmaxsw | Vpmullw | Vpcmpeqw
        | Vpcmpgtw => (2, true),
        Paddd | Psubd | Pcmpeqd | Pcmpgtd | Vpaddd | Vpsubd | Vpcmpeqd | Vpcmpgtd => (4, true),
        Paddq | Psubq | Pcmpeqq | Pcmpgtq | Vpaddq | Vpsubq | Vpcmpeqq | Vpcmpgtq => (8, true),
        Pabsb | Vpabsb => (1, false),
        Pabsw | Vpabsw | Psllw | Psrlw | Psraw | Vpsllw | Vpsrlw | Vpsraw => (2, false),
        Pabsd | Vpabsd | Pslld | Psrld | Psrad | Vpslld | Vpsrld | Vpsrad => (4, false),
        Psllq | Psrlq | Vpsllq | Vpsrlq => (8, false),
        _ => return None,
    };
    let first = i & !u8::wrapping_sub(width, 1);
    let of_last = Part { of_last: true, first, count: width };
    Some([of_last, if both { Part { of_last: false, ..of_last } } else { NOTHING }])
}

/// Whether it is a shift of lanes, whose last operand is what it shifts by.
fn shifts_lanes(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Psllw
            | Pslld
            | Psllq
            | Psrlw
            | Psrld
            | Psrlq
            | Psraw
            | Psrad
            | Vpsllw
            | Vpslld
            | Vpsllq
            | Vpsrlw
            | Vpsrld
            | Vpsrlq
            | Vpsraw
            | Vpsrad
    )
}

impl Written {
    /// The bytes of an operand, which is read.
    fn bytes_of(&mut self, at: At<'_, '_>, operand: Operand) -> Result<Bytes, Fault> {
        let mark = self.source(at, operand)?;
        Ok(match operand {
            Operand::Vector(r) => self.marks.bytes.at(&self.marks.vectors, r),
            Operand::Register(..) | Operand::Memory(..) | Operand::Constant => Bytes::of(mark),
        })
    }

    /// The bytes of a register, of which the lowest ones become written.
    pub(super) fn bytes_above(
        &mut self,
        at: At<'_, '_>,
        (operand, bytes): (Operand, u8),
    ) -> Result<Bytes, Fault> {
        Ok(self.bytes_of(at, operand)?.with_lowest(bytes))
    }

    /// The bytes of the result of an instruction that [`parts`] knows.
    pub(super) fn made(&mut self, at: At<'_, '_>, end: u32) -> Result<Option<Bytes>, Fault> {
        let raw = at.insn.raw();
        let immediate = matches!(at.operand(end)?, Operand::Constant);
        let end = end.saturating_sub(u32::from(immediate));
        let (first, second) = (at.operand(end.saturating_sub(1))?, at.operand(end)?);
        let by_register = shifts_lanes(raw.mnemonic()) && !immediate;
        let is_mask = matches!(raw.mnemonic(), Mnemonic::Pshufb | Mnemonic::Vpshufb);
        let masked = is_mask && !matches!(second, Operand::Vector(r) if self.is_zero(r));
        // Those of AVX-512 may have a memory operand that is spread.
        if by_register || masked || raw.encoding() == EncodingKind::EVEX {
            return Ok(None);
        }
        let of_memory = matches!(second, Operand::Memory(..));
        if parts(raw, of_memory, 0).is_none() {
            return Ok(None);
        }
        let second = self.bytes_of(at, second)?;
        let first = match first {
            Operand::Vector(r) => self.marks.bytes.at(&self.marks.vectors, r),
            // A destination: no part is of it.
            Operand::Register(..) | Operand::Memory(..) | Operand::Constant => {
                Bytes::of(Mark::NONE)
            }
        };
        if first.are_all() && second.are_all() {
            return Ok(Some(Bytes::of(Mark::ALL)));
        }
        let mut made = [ZERO; BYTES];
        for (i, made) in (0..).zip(&mut made) {
            let Some(parts) = parts(raw, of_memory, i) else { return Ok(None) };
            *made = parts;
        }
        Ok(Some(self.combined(&made, &[first, second])))
    }

    /// Whether a register was made 0.
    fn is_zero(&self, r: u8) -> bool {
        planted!(AnyMaskIsZero, self.marks.bytes.at(&self.marks.vectors, r).zero, true)
    }

    /// The bytes that are made of these parts of two sources. Both have separate marks; where
    /// both are asked for bytes, the result has a mark with `d` bytes where each source has `d` of
    /// those that it is asked for.
    fn combined(&mut self, made: &[[Part; 2]; BYTES], sources: &[Bytes; 2]) -> Bytes {
        let [first, second] = sources;
        let needed = |parts: &[Part; 2], last: bool| {
            let source = if last { second } else { first };
            let of_source = parts.iter().filter(|part| part.of_last == last);
            let bytes = of_source.flat_map(|part| part.bytes());
            bytes.map(|byte| source.need(byte)).max().unwrap_or(0)
        };
        let needs: [[u8; 2]; BYTES] =
            made.each_ref().map(|parts| [needed(parts, false), needed(parts, true)]);
        let most = |n: usize| {
            let needs = needs.iter().filter_map(|needs| needs.get(n).copied());
            needs.filter(|&needs| needs != NEVER).max().unwrap_or(0)
        };
        let mark = match (most(0), most(1)) {
            (_, 0) => first.mark,
            (0, _) => second.mark,
            _ if first.mark == second.mark => first.mark,
            (a, b) => planted!(
                SecondIsWritten,
                self.nodes.both((first.mark, a), (second.mark, b)),
                first.mark
            ),
        };
        let more = |a: u8, b: u8| planted!(FirstIsEnough, a.max(b), if a > 0 { a } else { b });
        let needs = needs.map(|[a, b]| planted!(AnyByteIsTaken, more(a, b), 0));
        Bytes { mark, needs, zero: false }
    }

    /// A mark that has `d` bytes only where the lowest `d` bytes of a result are written.
    fn lowest(&mut self, bytes: &Bytes, to: Operand) -> Mark {
        let width = match to {
            // Memory gets no more.
            Operand::Memory(_, bytes) => usize::from(bytes),
            Operand::Vector(_) | Operand::Register(..) | Operand::Constant => BYTES,
        };
        if bytes.needs.iter().zip(OF_MARK).take(width).all(|(&needs, n)| needs == n) {
            return bytes.mark;
        }
        let needs: [u8; BYTES] = core::array::from_fn(|n| bytes.need(n as u8));
        let there = needs.iter().take_while(|&&needs| needs != NEVER);
        let bound = there.clone().count() as u8;
        let most = there.clone().copied().max().unwrap_or(0);
        if most == 0 {
            return Mark::bytes(bound);
        }
        // Where a byte needs more than it counts, all are asked for at once.
        let in_order = there.zip(OF_MARK).all(|(&needs, n)| needs <= n);
        let least = if planted!(LowestInOrder, in_order, true) { 1 } else { most };
        let sure = needs.iter().take_while(|&&needs| needs == 0).count() as u8;
        self.nodes.held((bytes.mark, least, most), bound).with_lowest(sure)
    }

    /// A result whose bytes are known goes to an operand.
    pub(super) fn writes_bytes(
        &mut self,
        at: At<'_, '_>,
        to: Operand,
        bytes: Bytes,
    ) -> Result<(), Fault> {
        let mark = self.lowest(&bytes, to);
        self.writes(at, to, mark)?;
        let all = mark == Mark::ALL && bytes.needs == [0; BYTES];
        if let Operand::Vector(r) = to
            && !all
            && bytes != Bytes::of(mark)
        {
            self.marks.bytes.writes(&self.marks.vectors, r, bytes);
        }
        Ok(())
    }
}

impl Part {
    /// The numbers of its bytes.
    fn bytes(&self) -> impl Iterator<Item = u8> + use<> {
        let first = planted!(LanesAreLowest, self.first, self.first & 3);
        first..first.saturating_add(self.count)
    }
}
