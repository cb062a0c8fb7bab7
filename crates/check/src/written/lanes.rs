//! Lanes of vector registers (U2): which are written where the lowest bytes are not all that is.
//!
//! A number is put into the last lane of a vector without AVX by two exchanges of lanes; between
//! them a register has a lane of nobody below lanes that are written, and no later instruction
//! takes that lane. So beside its mark each register has a set of lanes of 32 bits that are surely
//! written. Exchanges of lanes read those that they take, and copies take the set along; any
//! other result leaves the register the lanes of its mark.
//!
//! Limits: sets are lost at claimed blocks, in the frame and at calls; a lane that only a node may
//! have is none.

use super::places::{At, Operand};
use super::{Mark, Written};
use crate::error::Fault;
use iced_x86::Mnemonic;

/// All lanes.
const ALL: u8 = 0xf;

/// The sets of the vector registers, a bit for each lane of 32 bits, the lowest first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lanes([u8; 16]);

impl Lanes {
    /// The lanes of a register that are written, whose mark this is.
    fn of(&self, r: u8, mark: Mark) -> u8 {
        self.0.get(usize::from(r)).copied().unwrap_or_default() | lowest(mark)
    }

    /// A register is written: it has these lanes, and those of its mark.
    pub(super) fn writes(&mut self, r: u8, lanes: u8) {
        if let Some(slot) = self.0.get_mut(usize::from(r)) {
            *slot = planted!(LanesStay, lanes, lanes | *slot);
        }
    }

    /// A register becomes a copy of another.
    pub(super) fn copy(&mut self, to: u8, from: u8) {
        self.writes(to, self.0.get(usize::from(from)).copied().unwrap_or_default());
    }
}

/// The lanes of the lowest bytes that are surely written.
fn lowest(mark: Mark) -> u8 {
    let lanes = (1..=4_u8).filter(|lanes| mark.is_surely(lanes.saturating_mul(4)));
    lanes.fold(0, |set, lanes| set | bit(lanes.saturating_sub(1)))
}

fn bit(lane: u8) -> u8 {
    1_u8.checked_shl(lane.into()).unwrap_or(0)
}

/// The lanes that an exchange takes, by the lane of the result: each with whether it is of the last
/// source. None: it is no exchange of lanes.
fn taken(raw: &iced_x86::Instruction) -> Option<[(bool, u8); 4]> {
    use Mnemonic::*;
    let imm = raw.immediate8();
    let at = |shift: u8| imm.wrapping_shr(shift.into()) & 3;
    Some(match raw.mnemonic() {
        Shufps | Vshufps => [(false, at(0)), (false, at(2)), (true, at(4)), (true, at(6))],
        Pshufd | Vpshufd => [(true, at(0)), (true, at(2)), (true, at(4)), (true, at(6))],
        Movlhps | Vmovlhps | Unpcklpd | Vunpcklpd | Punpcklqdq | Vpunpcklqdq => {
            [(false, 0), (false, 1), (true, 0), (true, 1)]
        }
        _ => return None,
    })
}

impl Written {
    /// The lanes that an operand has, which is read.
    fn lanes_of(&mut self, at: At<'_, '_>, operand: Operand) -> Result<u8, Fault> {
        let mark = self.source(at, operand)?;
        Ok(match operand {
            Operand::Vector(r) => self.marks.lanes.of(r, mark),
            // Of memory all is read.
            Operand::Memory(..) if mark.is_surely(16) => ALL,
            Operand::Register(..) | Operand::Memory(..) | Operand::Constant => 0,
        })
    }

    /// The lanes of the result of an exchange; none of anything else.
    pub(super) fn exchanged(&mut self, at: At<'_, '_>, last: u32) -> Result<u8, Fault> {
        let raw = at.insn.raw();
        let Some(taken) = taken(raw) else { return Ok(0) };
        let immediate = matches!(at.operand(last)?, Operand::Constant);
        let last = last.saturating_sub(u32::from(immediate));
        let first = self.lanes_of(at, at.operand(last.saturating_sub(1))?)?;
        let last = self.lanes_of(at, at.operand(last)?)?;
        let has = |(of_last, lane): (bool, u8)| if of_last { last } else { first } & bit(lane) > 0;
        let all = (0..).zip(taken).filter(|&(_, lane)| planted!(AnyLaneIsTaken, has(lane), true));
        Ok(all.fold(0, |set, (lane, _)| set | bit(lane)))
    }

    /// The result of an exchange goes to an operand: all is written where all lanes are.
    pub(super) fn writes_lanes(
        &mut self,
        at: At<'_, '_>,
        to: Operand,
        (mark, lanes): (Mark, u8),
    ) -> Result<(), Fault> {
        self.writes(at, to, if lanes == ALL { Mark::ALL } else { mark })?;
        if let Operand::Vector(r) = to {
            self.marks.lanes.writes(r, lanes);
        }
        Ok(())
    }
}
