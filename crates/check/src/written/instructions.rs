//! Demands of each instruction, and the bytes that its results have (U2, U3): general registers.
//!
//! An instruction demands all operands that it reads in their widths, unless its own rule says
//! less. Numbers narrower than their registers are calculated with all that lies above them: of
//! sums, products and bits the lowest bytes depend on the lowest bytes of the operands alone.

use super::flags::Set;
use super::places::{At, Operand, READ};
use super::{Mark, Written, bit};
use crate::abi::regs::{RAX, RDX};
use crate::error::Fault;
use crate::machine::Machine;
use crate::state::State;
use crate::x64::{Alu, Class, Condition, Insn};
use iced_x86::Mnemonic;

/// A branch, or a choice.
const DECIDES: &str = "what the code did not write decides";

impl Written {
    /// Before an instruction is executed in a state. Calls and returns come behind it (`flow`).
    pub(crate) fn step(&mut self, machine: &Machine<'_>, state: &State, insn: &Insn) {
        if self.marks.answered.is_some() && machine.has_succeeded(state) {
            self.answers_array(machine);
        }
        let judged = self.executes(At { machine, state, insn });
        self.judged(insn.offset, judged);
    }

    fn executes(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let insn = at.insn;
        match insn.class {
            Class::Jump
            | Class::Leave
            | Class::Call
            | Class::Return
            | Class::Trap
            | Class::Nop
            | Class::Fence => {}
            Class::Branch(condition) => self.decides(at, condition)?,
            Class::JumpTo | Class::CallTo => {
                let operand = at.operand(0)?;
                self.reads(at, (operand, 8))?;
            }
            Class::Push => {
                let mark = self.source(at, at.operand(0)?)?;
                self.marks.words.push(mark);
            }
            Class::Pop => {
                let mark = self.marks.words.last().copied().unwrap_or_default();
                let operand = at.operand(0)?;
                self.writes(at, operand, mark)?;
            }
            Class::Move => self.moves(at)?,
            Class::ZeroExtend | Class::SignExtend => {
                let (to, from) = (at.operand(0)?, at.operand(1)?);
                self.reads(at, (from, bytes_of(from)))?;
                self.writes(at, to, Mark::ALL)?;
            }
            Class::Lea => self.lea(at)?,
            Class::Alu(alu) => self.alu(at, alu)?,
            Class::Compare | Class::Test | Class::BitTest => {
                let (a, b) = (at.operand(0)?, at.operand(1)?);
                let bytes = bytes_of(a);
                self.reads(at, (a, bytes))?;
                // A bit of a register has a number of one byte.
                let one = insn.class == Class::BitTest;
                self.reads(at, (b, if one { 1 } else { bytes }))?;
                self.flags_of(at, (Mark::ALL, 1));
            }
            Class::Define => self.define(at)?,
            Class::Scan => self.scan(at)?,
            Class::MultiplyPair => self.multiply_pair(at)?,
            Class::MultiplyWide => self.wide(at, false)?,
            Class::Divide => self.wide(at, true)?,
            Class::ExtendLow | Class::ExtendHigh => self.extend(at)?,
            Class::SetByte(condition) => {
                self.decides(at, condition)?;
                let operand = at.operand(0)?;
                self.writes(at, operand, Mark::ALL)?;
            }
            Class::Select(condition) => self.select(at, condition)?,
            Class::Exchange | Class::ExchangeAdd | Class::CompareExchange => self.exchange(at)?,
            Class::Vector | Class::VectorFlags => self.vectors(at)?,
        }
        Ok(())
    }

    /// U3: the flags of a condition are written.
    fn decides(&mut self, at: At<'_, '_>, condition: Condition) -> Result<(), Fault> {
        let set = Set::of(condition);
        planted!(BranchesOnAnything, self.reads_flags(at, set, DECIDES), Ok(()))
    }

    /// `mov`: whole words are copied, and of 32 bits what is written of them.
    fn moves(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let (to, from) = (at.operand(0)?, at.operand(1)?);
        let mark = self.source(at, from)?;
        let bytes = bytes_of(to);
        let whole = bytes == 8 || matches!(to, Operand::Memory(..));
        if whole {
            let scanned = match (to, from) {
                (Operand::Register(to, _), Operand::Register(from, _)) => {
                    self.marks.scanned & bit(from) != 0 && to != from
                }
                _ => false,
            };
            self.writes(at, to, mark)?;
            if let (true, Operand::Register(r, _)) = (scanned, to) {
                self.marks.scanned |= bit(r);
            }
            return Ok(());
        }
        if bytes == 4 {
            // With zeros above.
            let mark = self.nodes.least(&[mark], bytes);
            return self.writes(at, to, mark);
        }
        self.demand(at.insn.offset, (mark, bytes), READ)?;
        self.writes(at, to, Mark::ALL)
    }

    /// `lea`: a sum of registers.
    fn lea(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let (to, from) = (at.operand(0)?, at.operand(1)?);
        let mut marks = [Mark::ALL; 2];
        if let Operand::Memory(address, _) = from {
            let registers = address.base.into_iter().chain(address.index.map(|(r, _)| r));
            for (r, mark) in registers.zip(&mut marks) {
                *mark = self.register(r);
            }
        }
        let result = self.nodes.least(&marks, bytes_of(to));
        self.writes(at, to, result)
    }

    fn alu(&mut self, at: At<'_, '_>, alu: Alu) -> Result<(), Fault> {
        let to = at.operand(0)?;
        let bytes = bytes_of(to);
        let one = at.insn.is_of_one_register() || Machine::are_one(at.state, at.insn);
        let cleared = matches!(alu, Alu::Xor | Alu::Sub) && one;
        if cleared {
            // 0 in each case.
            self.flags_of(at, (Mark::ALL, 1));
            return self.writes(at, to, Mark::ALL);
        }
        if alu == Alu::Carry {
            self.decides(at, Condition::Below)?;
            if one && at.insn.raw().mnemonic() == Mnemonic::Sbb {
                // Nothing but the carry.
                self.flags_of(at, (Mark::ALL, 1));
                return self.writes(at, to, Mark::ALL);
            }
        }
        let bits = match alu {
            Alu::Add
            | Alu::Sub
            | Alu::And
            | Alu::Or
            | Alu::Xor
            | Alu::Not
            | Alu::Negate
            | Alu::ShiftLeft => true,
            Alu::Carry | Alu::ShiftRight | Alu::Rotate | Alu::DoubleShift | Alu::Unary => false,
        };
        // Narrower operations read no more than their bytes.
        let lowest = bits && bytes >= 4;
        let last = at.insn.operands().saturating_sub(1);
        let (mut marks, mut counted) = ([self.source(at, to)?, Mark::ALL], None);
        if !lowest {
            self.reads(at, (to, bytes))?;
        }
        for n in 1..=last {
            let operand = at.operand(n)?;
            // A shift reads one byte of what it counts by.
            let count = n == last && shifts(alu);
            counted = count.then_some(operand);
            match &mut marks {
                [_, second] if lowest && !count => *second = self.source(at, operand)?,
                _ => self.reads(at, (operand, if count { 1 } else { bytes }))?,
            }
        }
        let most = if alu == Alu::And { masked(at, bytes) } else { bytes };
        // What a double shift makes of 16 bits is not defined where it is by more.
        let undefined = (alu, bytes) == (Alu::DoubleShift, 2);
        let result = match lowest {
            true => self.nodes.least(&marks, most),
            false if planted!(ShortShiftIsWritten, undefined, false) => Mark::NONE,
            false => Mark::ALL,
        };
        match counted {
            Some(count) => self.flags_of_shift(at, count, (result, bytes)),
            None => self.flags_of(at, (result, bytes)),
        }
        self.writes(at, to, result)
    }

    /// Results that depend on operands 1 and more.
    fn define(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let to = at.operand(0)?;
        let bytes = bytes_of(to);
        let mnemonic = at.insn.raw().mnemonic();
        let shifts = matches!(mnemonic, Mnemonic::Shlx | Mnemonic::Sarx | Mnemonic::Shrx);
        // A number of bits has one byte.
        let counts = shifts || mnemonic == Mnemonic::Bzhi;
        let by_bytes = matches!(mnemonic, Mnemonic::Shlx | Mnemonic::Imul | Mnemonic::Andn);
        let lowest = bytes >= 4 && by_bytes;
        let mut marks = [Mark::ALL; 3];
        // `imul` of two operands reads the first one too.
        let first = u32::from(!(mnemonic == Mnemonic::Imul && at.insn.operands() == 2));
        for (n, mark) in (first..at.insn.operands()).zip(&mut marks) {
            let operand = at.operand(n)?;
            let count = counts && n == 2;
            if lowest && !count {
                *mark = self.source(at, operand)?;
            } else {
                self.reads(at, (operand, if count { 1 } else { bytes }))?;
            }
        }
        let result = self.nodes.least(&marks, bytes);
        self.flags_of(at, (result, bytes));
        self.writes(at, to, result)
    }

    /// `bsf`, `bsr`: where the source is 0 the destination stays, and the zero flag says so.
    fn scan(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let (to, from) = (at.operand(0)?, at.operand(1)?);
        self.reads(at, (from, bytes_of(from)))?;
        self.flags_of(at, (Mark::ALL, 1));
        if let Operand::Register(r, 4 | 8) = to {
            self.marks.scanned = bit(r);
            return Ok(());
        }
        self.writes(at, to, Mark::NONE)
    }

    /// `cmov`. Behind a scan that found nothing, what it left is not chosen.
    fn select(&mut self, at: At<'_, '_>, condition: Condition) -> Result<(), Fault> {
        let (to, from) = (at.operand(0)?, at.operand(1)?);
        self.decides(at, condition)?;
        let scanned = self.marks.scanned;
        let is_scanned = |operand| match operand {
            Operand::Register(r, 4 | 8) => scanned & bit(r) != 0,
            _ => false,
        };
        let bytes = bytes_of(to);
        let (a, b) = (self.source(at, to)?, self.source(at, from)?);
        let (a, b) = match condition {
            Condition::Equal if is_scanned(to) => (b, b),
            Condition::NotEqual if is_scanned(from) => (a, a),
            _ => (a, b),
        };
        let result = self.nodes.least(&[a, b], bytes);
        self.writes(at, to, result)
    }

    fn multiply_pair(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let (high, low, from) = (at.operand(0)?, at.operand(1)?, at.operand(2)?);
        let bytes = bytes_of(high);
        self.reads(at, (from, bytes))?;
        self.reads(at, (Operand::Register(RDX, bytes), bytes))?;
        self.writes(at, low, Mark::ALL)?;
        self.writes(at, high, Mark::ALL)
    }

    /// `mul`, `imul`, `div`, `idiv` of rax and rdx.
    fn wide(&mut self, at: At<'_, '_>, divides: bool) -> Result<(), Fault> {
        let from = at.operand(0)?;
        let bytes = bytes_of(from);
        self.reads(at, (from, bytes))?;
        let both = if bytes == 1 && divides { 2 } else { bytes };
        self.reads(at, (Operand::Register(RAX, both), both))?;
        if divides && bytes > 1 {
            self.reads(at, (Operand::Register(RDX, bytes), bytes))?;
        }
        self.flags_of(at, (Mark::ALL, 1));
        if bytes == 1 {
            self.results(RAX, 2, Mark::ALL);
            return Ok(());
        }
        self.results(RAX, bytes, Mark::ALL);
        self.results(RDX, bytes, Mark::ALL);
        Ok(())
    }

    /// `cbw` to `cqo`.
    fn extend(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let (reads, (r, bytes)) = match at.insn.raw().mnemonic() {
            Mnemonic::Cbw => (1, (RAX, 2)),
            Mnemonic::Cwde => (2, (RAX, 4)),
            Mnemonic::Cdqe => (4, (RAX, 8)),
            Mnemonic::Cwd => (2, (RDX, 2)),
            Mnemonic::Cdq => (4, (RDX, 4)),
            _ => (8, (RDX, 8)),
        };
        self.reads(at, (Operand::Register(RAX, reads), reads))?;
        self.results(r, bytes, Mark::ALL);
        Ok(())
    }

    /// `xchg`, `xadd`, `cmpxchg`: all that is there is demanded.
    fn exchange(&mut self, at: At<'_, '_>) -> Result<(), Fault> {
        let (a, b) = (at.operand(0)?, at.operand(1)?);
        let bytes = bytes_of(a);
        self.reads(at, (a, bytes))?;
        self.reads(at, (b, bytes))?;
        if at.insn.class == Class::CompareExchange {
            let rax = Operand::Register(RAX, bytes);
            self.reads(at, (rax, bytes))?;
            // Of 32 bits neither is zero-extended where it stays.
            for place in [rax, a] {
                match place {
                    Operand::Register(r, _) => {
                        let before = self.register(r);
                        self.set_register(r, before.with_lowest(bytes));
                    }
                    _ => self.writes(at, place, Mark::ALL)?,
                }
            }
        } else {
            self.writes(at, a, Mark::ALL)?;
            self.writes(at, b, Mark::ALL)?;
        }
        self.flags_of(at, (Mark::ALL, 1));
        Ok(())
    }
}

/// Bytes of an operand.
pub(super) fn bytes_of(operand: Operand) -> u8 {
    match operand {
        Operand::Register(_, bytes) | Operand::Memory(_, bytes) => bytes,
        Operand::Vector(_) => 16,
        Operand::Constant => 0,
    }
}

/// The bytes of the first operand that `and` with a constant leaves; all if there is none.
fn masked(at: At<'_, '_>, bytes: u8) -> u8 {
    match at.insn.operand(1) {
        Ok(crate::x64::Operand::Immediate(mask)) => {
            let unused = mask.leading_zeros().wrapping_shr(3) as u8;
            let used = 8_u8.saturating_sub(unused).max(1).min(bytes);
            planted!(MaskedIsOneByte, used, 1)
        }
        _ => bytes,
    }
}

/// Whether the last operand is what is shifted by.
fn shifts(alu: Alu) -> bool {
    match alu {
        Alu::ShiftLeft | Alu::ShiftRight | Alu::Rotate | Alu::DoubleShift => true,
        Alu::Add
        | Alu::Sub
        | Alu::And
        | Alu::Or
        | Alu::Xor
        | Alu::Carry
        | Alu::Unary
        | Alu::Not
        | Alu::Negate => false,
    }
}
