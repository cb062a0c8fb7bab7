//! Accesses of shared memories as one instruction each: an operator that loads, stores or modifies,
//! with its lane, as a number, and the cells that it takes and gives.
//!
//! The bytecode has one op for all of them, which names the operator ([`SharedAccess::code`]). The
//! translator, the proof and the runtime agree on the number here.
//!
//! # Invariants
//! 1. A number has at most one meaning, and every meaning one number.
//!
//! Tests: those below.

use crate::ops::{Class, Kind, Opcode};
use wasmparser::{MemArg, MemArgTarget, Operator};

/// An operator that accesses a memory at one place, and its lane, or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedAccess {
    /// The operator.
    pub opcode: Opcode,
    /// Its lane, where it has one.
    pub lane: u8,
}

impl SharedAccess {
    /// Of an operator; `None` of one that is no such access. A wait, a notification and a bulk
    /// operator is none.
    pub fn new(opcode: Opcode, lane: u8) -> Option<SharedAccess> {
        let class = opcode.class();
        let plain = matches!(
            class,
            Class::load
                | Class::store
                | Class::atomic_load
                | Class::atomic_store
                | Class::atomic_rmw
                | Class::atomic_cmpxchg
        );
        let lanes = match matches!(class, Class::load_lane | Class::store_lane) {
            true => 16 / opcode.row().width,
            false => plain.into(),
        };
        (lane < lanes).then_some(SharedAccess { opcode, lane })
    }

    /// Its number.
    pub fn code(self) -> u32 {
        u32::from(self.lane) << 16 | self.opcode as u32
    }

    /// The access of a number, if there is one.
    pub fn of_code(code: u32) -> Option<SharedAccess> {
        let opcode = *Opcode::ALL.get(usize::from(code as u16))?;
        SharedAccess::new(opcode, u8::try_from(code >> 16).ok()?)
    }

    /// How many operands it has: the address, and what is stored or compared.
    pub fn operands(self) -> u32 {
        self.opcode.row().params.len() as u32
    }

    /// The cells of its operands.
    pub fn operand_cells(self) -> u32 {
        cells(self.opcode.row().params)
    }

    /// The cells of its result; 0 for none.
    pub fn result_cells(self) -> u32 {
        cells(self.opcode.row().results)
    }

    /// Whether a misaligned address is a trap.
    pub fn is_atomic(self) -> bool {
        !matches!(
            self.opcode.class(),
            Class::load | Class::store | Class::load_lane | Class::store_lane
        )
    }

    /// Whether it stores the operand on top and nothing else comes back.
    pub fn is_store(self) -> bool {
        self.opcode.row().results.is_empty()
    }
}

fn cells(kinds: &[Kind]) -> u32 {
    kinds.iter().map(|kind| if matches!(kind, Kind::v128) { 2 } else { 1 }).sum()
}

macro_rules! places {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The place that an operator accesses, and its lane.
        fn place(operator: &Operator<'_>) -> Option<(MemArg, u8)> {
            match operator {
                $(Operator::$op { .. } => places!(@of operator $op $($($arg)*)?),)*
                _ => None,
            }
        }
    };
    (@of $operator:ident $op:ident memarg) => {
        if let Operator::$op { memarg } = $operator { Some((*memarg, 0)) } else { None }
    };
    (@of $operator:ident $op:ident memarg lane) => {
        if let Operator::$op { memarg, lane } = $operator { Some((*memarg, *lane)) } else { None }
    };
    (@of $operator:ident $op:ident $($arg:ident)*) => { None };
}
wasmparser::for_each_operator!(places);

/// The access that an operator is, its memory and its offset.
pub fn shared_access(operator: &Operator<'_>) -> Option<(SharedAccess, u32, u64)> {
    let (memarg, lane) = place(operator)?;
    let access = SharedAccess::new(Opcode::of(operator), lane)?;
    match memarg.target {
        MemArgTarget::Memory(memory) => Some((access, memory, memarg.offset)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_meaning_are_one_to_one() {
        let mut count = 0;
        for &opcode in Opcode::ALL {
            for lane in 0..=16 {
                let Some(access) = SharedAccess::new(opcode, lane) else { continue };
                assert_eq!(SharedAccess::of_code(access.code()), Some(access));
                assert!(access.operand_cells() >= access.result_cells() || lane == 0);
                count += 1;
            }
        }
        // 7 + 7 atomic loads and stores, 49 modifications, 23 loads and stores, 14 of vectors, and
        // 60 lanes.
        assert_eq!(count, 160, "{count}");
    }

    #[test]
    fn other_operators_have_no_number() {
        let none = |opcode, lane| assert_eq!(SharedAccess::new(opcode, lane), None, "{opcode:?}");
        none(Opcode::MemoryAtomicNotify, 0);
        none(Opcode::MemoryAtomicWait32, 0);
        none(Opcode::MemoryFill, 0);
        none(Opcode::I32Add, 0);
        none(Opcode::I32Load, 1);
        none(Opcode::V128Load64Lane, 2);
        assert_eq!(SharedAccess::of_code(u32::MAX), None);
        assert_eq!(SharedAccess::of_code(Opcode::ALL.len() as u32), None);
    }
}
