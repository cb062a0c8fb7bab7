//! Accumulators: which operands of an instruction are in a register of the executor instead of a
//! slot.
//!
//! An executor has one accumulator for each [`RegClass`]. An instruction with one result of one
//! cell leaves it in the accumulator of the result's class, and in its slot unless it is *muted*;
//! one of the slot sources may be taken from the accumulator of its class. The [`Marks`] of an
//! instruction say which operands and results it treats so, in lane 0 above the op; the lane of an
//! operand that is not in a slot is zero (T4).
//!
//! # Invariants
//! * A1. [`Marks::ALL`] of them fit lane 0 beside every op.
//! * A2. An instruction is decoded only if its op takes its marks ([`OpInfo::takes`]).
//!
//! The check knows the contents of accumulators: none at a label, behind a call, and behind an
//! operation of the store that may trap (`check::equality::state`).

use super::{Class, Kind, Operand, Role};

/// The class of a register, and so of an accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegClass {
    /// A cell of an i32, an i64, a reference, or one that is only moved.
    Int,
    /// An f32.
    F32,
    /// An f64.
    F64,
}

impl RegClass {
    /// All of them in the order of their numbers.
    pub const ALL: [RegClass; 3] = [RegClass::Int, RegClass::F32, RegClass::F64];
}

/// Which operands of an instruction are in accumulators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u8);

/// The bits of lane 0 that hold the op.
pub(super) const OP_BITS: u32 = 10;

const MUTED: u8 = 4;

impl Marks {
    /// Every operand is in its slot.
    pub const NONE: Marks = Marks(0);

    /// How many there are: the numbers below it are [`bits`](Marks::bits).
    pub const ALL: u8 = 8;

    /// The greatest number of a slot source that can be in an accumulator, counted from 1 over
    /// those of one cell.
    pub const SOURCE_MAX: u8 = 3;

    /// Slot source `source` (from 1; 0: none) is in its accumulator; the result only there, if
    /// `muted`.
    pub const fn new(source: u8, muted: bool) -> Marks {
        Marks(source & 3 | if muted { MUTED } else { 0 })
    }

    /// The marks of a number below [`Marks::ALL`]; others are cut.
    #[inline(always)]
    pub const fn from_bits(bits: u8) -> Marks {
        Marks(bits & (Marks::ALL - 1))
    }

    /// Their number.
    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Which of the slot sources of one cell is in its accumulator, from 1; 0: none.
    #[inline(always)]
    pub const fn source(self) -> u8 {
        self.0 & 3
    }

    /// Whether the result is in the accumulator alone.
    #[inline(always)]
    pub const fn is_muted(self) -> bool {
        self.0 & MUTED != 0
    }

    /// The same with the result in the accumulator alone, or not.
    pub const fn with_muted(self, muted: bool) -> Marks {
        Marks::new(self.source(), muted)
    }
}

/// The meaning of marks for the operands of an op.
#[derive(Clone, Copy, Debug)]
pub struct Accumulators {
    /// Of the slot sources of one cell, in order: the operand value and its class.
    pub sources: [Option<(u8, RegClass)>; Marks::SOURCE_MAX as usize],
    /// The accumulator to which the result goes, of an op whose only result has one cell.
    pub result: Option<RegClass>,
    /// The marks that instructions of the op may have, a bit for each number.
    taken: u8,
}

impl Accumulators {
    pub(super) const fn of(class: Class, operands: &[Operand]) -> Accumulators {
        let (mut sources, mut result) = ([None; Marks::SOURCE_MAX as usize], None);
        let (mut count, mut results, mut value, mut i) = (0, 0, 0, 0);
        while i < operands.len() {
            let kind = operands[i].kind;
            match (kind.class(), operands[i].role) {
                (class, Role::Result) => {
                    result = class;
                    results += 1;
                }
                (Some(class), Role::Source) if count < sources.len() => {
                    sources[count] = Some((value, class));
                    count += 1;
                }
                (_, Role::Source) => {}
            }
            value += if matches!(kind, Kind::v128c) { 2 } else { 1 };
            i += 1;
        }
        if results != 1 {
            result = None;
        }
        let mutes = class.may_mute() && result.is_some();
        let mut taken = 0;
        let mut bits = 0;
        while bits < Marks::ALL {
            let marks = Marks::from_bits(bits);
            let source = marks.source() == 0
                || class.may_read_accumulators() && marks.source() as usize <= count;
            if source && (mutes || !marks.is_muted()) {
                taken |= 1 << bits;
            }
            bits += 1;
        }
        Accumulators { sources, result, taken }
    }

    /// Whether instructions may have these marks.
    #[inline(always)]
    pub const fn take(&self, marks: Marks) -> bool {
        self.taken >> marks.bits() & 1 == 1
    }
}

impl Class {
    /// Whether an instruction of the class may leave its result in the accumulator alone.
    const fn may_mute(self) -> bool {
        matches!(
            self,
            Class::pure
                | Class::trap
                | Class::load
                | Class::load_idx
                | Class::load_far
                | Class::quick
                | Class::object_load
                | Class::array_load
        )
    }

    /// Whether an instruction of the class may take a source from an accumulator.
    const fn may_read_accumulators(self) -> bool {
        self.may_mute()
            || matches!(
                self,
                Class::branch
                    | Class::pure_branch
                    | Class::pure_br
                    | Class::store
                    | Class::store_far
                    | Class::quick0
                    | Class::guard
                    | Class::object_store
                    | Class::array_store
                    | Class::br_table
                    | Class::return1
            )
    }
}

const _: () = assert!(super::OPS.len() <= 1 << OP_BITS && OP_BITS + 3 <= 16, "A1");
