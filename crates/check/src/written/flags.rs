//! Flags: which of them an instruction writes, and which of them a condition reads (U2, U3).
//!
//! Few instructions write all of them. What the processor's manual calls undefined is written by
//! nobody, and so is a flag that stays: it may be the host's.

use super::places::{At, Operand};
use super::{Mark, Written};
use crate::error::Fault;
use crate::x64::{Alu, Class, Condition, Insn};
use iced_x86::Mnemonic;

/// A set of the flags that conditions read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(u8);

impl Set {
    /// No flag.
    pub(super) const NONE: Set = Set(0);
    /// The carry.
    pub(super) const CARRY: Set = Set(1);
    /// The parity of the lowest byte.
    pub(super) const PARITY: Set = Set(2);
    /// Whether the result is 0.
    pub(super) const ZERO: Set = Set(4);
    /// The sign.
    pub(super) const SIGN: Set = Set(8);
    /// The overflow.
    pub(super) const OVERFLOW: Set = Set(16);
    /// All of them.
    pub(super) const ALL: Set = Set(31);

    const fn and(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    const fn both(self, other: Set) -> Set {
        Set(self.0 & other.0)
    }

    const fn without(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }

    const fn has(self, other: Set) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags that a condition reads.
    pub(super) const fn of(condition: Condition) -> Set {
        match condition {
            Condition::Overflow | Condition::NotOverflow => Set::OVERFLOW,
            Condition::Below | Condition::AboveEqual => Set::CARRY,
            Condition::Equal | Condition::NotEqual => Set::ZERO,
            Condition::BelowEqual | Condition::Above => Set::CARRY.and(Set::ZERO),
            Condition::Sign | Condition::NotSign => Set::SIGN,
            Condition::Parity | Condition::NotParity => Set::PARITY,
            Condition::Less | Condition::GreaterEqual => Set::SIGN.and(Set::OVERFLOW),
            Condition::LessEqual | Condition::Greater => {
                Set::ZERO.and(Set::SIGN).and(Set::OVERFLOW)
            }
        }
    }
}

/// The flags at one point: those of the set are written if this number of bytes of the mark are,
/// the others by nobody.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) mark: Mark,
    bytes: u8,
    set: Set,
}

impl Flags {
    /// All flags, if they are a location's one byte.
    pub(super) const fn at(mark: Mark) -> Flags {
        Flags { mark, bytes: 1, set: Set::ALL }
    }

    /// Whether all flags are written, without a look at nodes.
    pub(super) fn are_surely(self) -> bool {
        self.set == Set::ALL && self.mark.is_surely(self.bytes)
    }
}

/// The flags that an instruction without a count writes; none if all stay.
fn written_by(insn: &Insn) -> Option<Set> {
    let result = Set::ALL.without(Set::PARITY);
    match insn.class {
        Class::Compare
        | Class::Test
        | Class::ExchangeAdd
        | Class::CompareExchange
        | Class::VectorFlags => Some(Set::ALL),
        Class::BitTest => Some(Set::CARRY),
        Class::Scan => Some(Set::ZERO),
        Class::MultiplyWide => Some(Set::CARRY.and(Set::OVERFLOW)),
        Class::Divide => Some(Set::NONE),
        Class::Define => match insn.raw().mnemonic() {
            Mnemonic::Imul => Some(Set::CARRY.and(Set::OVERFLOW)),
            Mnemonic::Lzcnt | Mnemonic::Tzcnt => Some(Set::CARRY.and(Set::ZERO)),
            Mnemonic::Popcnt => Some(Set::ALL),
            Mnemonic::Shlx | Mnemonic::Sarx | Mnemonic::Shrx | Mnemonic::Rorx => None,
            Mnemonic::Andn
            | Mnemonic::Blsi
            | Mnemonic::Blsmsk
            | Mnemonic::Blsr
            | Mnemonic::Bzhi => Some(result),
            // One that has no rule.
            _ => Some(Set::NONE),
        },
        Class::Alu(alu) => match alu {
            Alu::Add | Alu::Sub | Alu::And | Alu::Or | Alu::Xor | Alu::Carry | Alu::Negate => {
                Some(Set::ALL)
            }
            Alu::Not | Alu::Unary => None,
            Alu::ShiftLeft | Alu::ShiftRight | Alu::Rotate | Alu::DoubleShift => Some(Set::NONE),
        },
        Class::Move
        | Class::ZeroExtend
        | Class::SignExtend
        | Class::Lea
        | Class::MultiplyPair
        | Class::ExtendLow
        | Class::ExtendHigh
        | Class::SetByte(_)
        | Class::Select(_)
        | Class::Branch(_)
        | Class::Jump
        | Class::Leave
        | Class::JumpTo
        | Class::Call
        | Class::CallTo
        | Class::Return
        | Class::Push
        | Class::Pop
        | Class::Trap
        | Class::Nop
        | Class::Exchange
        | Class::Fence
        | Class::Vector => None,
    }
}

/// The flags that a shift writes whose count is not 0: the overflow is written by a count of 1
/// alone, and the carry of few bits not by a count that is more.
fn written_by_shift(insn: &Insn, bytes: u8) -> Set {
    let result = Set::ZERO.and(Set::SIGN).and(Set::PARITY);
    let wide = bytes >= 4;
    match insn.raw().mnemonic() {
        Mnemonic::Rol | Mnemonic::Ror => Set::CARRY,
        Mnemonic::Shld | Mnemonic::Shrd if !wide => Set::NONE,
        Mnemonic::Shl | Mnemonic::Shr | Mnemonic::Sar | Mnemonic::Shld | Mnemonic::Shrd => {
            if wide {
                result.and(Set::CARRY)
            } else {
                result
            }
        }
        // One that has no rule.
        _ => Set::NONE,
    }
}

impl Written {
    /// No flag is written.
    pub(super) fn lose_flags(&mut self) {
        self.set_flags(Flags::at(Mark::NONE));
    }

    fn set_flags(&mut self, flags: Flags) {
        (self.marks.flags, self.marks.scanned) = (flags, 0);
    }

    /// U3: the flags of a set are written.
    pub(super) fn reads_flags(
        &mut self,
        at: At<'_, '_>,
        set: Set,
        what: &'static str,
    ) -> Result<(), Fault> {
        let Flags { mark, bytes, set: has } = self.marks.flags;
        let mark = if planted!(FlagsAreAll, has.has(set), true) { mark } else { Mark::NONE };
        self.demand(at.insn.offset, (mark, bytes.max(1)), what)
    }

    /// U2: the flags of a result; those that depend on it are written if these bytes of it are.
    pub(super) fn flags_of(&mut self, at: At<'_, '_>, (mark, bytes): (Mark, u8)) {
        if let Some(set) = planted!(FlagsNeverStay, written_by(at.insn), Some(Set::ALL)) {
            self.set_flags(Flags { mark, bytes, set });
        }
    }

    /// U2: the same of a shift by an operand: with a count of 0 they stay.
    pub(super) fn flags_of_shift(
        &mut self,
        at: At<'_, '_>,
        count: Operand,
        (mark, bytes): (Mark, u8),
    ) {
        let set = written_by_shift(at.insn, bytes);
        if let Operand::Constant = count {
            let bits = if bytes == 8 { 63 } else { 31 };
            if planted!(ShiftsByNothing, at.insn.raw().immediate8() & bits != 0, true) {
                self.set_flags(Flags { mark, bytes, set });
            }
            return;
        }
        let before = self.marks.flags;
        if before.mark.is_surely(before.bytes) && mark.is_surely(bytes) {
            self.set_flags(Flags { set: before.set.both(set), ..Flags::at(Mark::ALL) });
        } else {
            self.lose_flags();
        }
    }
}
