//! P11: the rows of the trap map and of the call map, held against the instructions.
//!
//! Each instruction that can fault has exactly one row, each call has one, and each row names such
//! an instruction. An access that is shown never to fault may have a row, and so may a tail call.

use crate::error::{Fault, Rule, fault};
use crate::layout::Config;
use crate::step::{Effect, Faults};
use crate::x64::{Class, Insn};

/// What a trap is. The numbers are the runtime's.
pub mod traps {
    #![allow(missing_docs, reason = "the traps' own names")]
    pub const UNREACHABLE: u8 = 0;
    pub const MEMORY_OUT_OF_BOUNDS: u8 = 1;
    pub const TABLE_OUT_OF_BOUNDS: u8 = 2;
    pub const INDIRECT_CALL_TO_NULL: u8 = 3;
    pub const BAD_SIGNATURE: u8 = 4;
    pub const INTEGER_OVERFLOW: u8 = 5;
    pub const INTEGER_DIVIDE_BY_ZERO: u8 = 6;
    pub const BAD_CONVERSION_TO_INTEGER: u8 = 7;
    pub const STACK_OVERFLOW: u8 = 8;
    pub const NULL_REFERENCE: u8 = 9;
    pub const UNALIGNED: u8 = 10;
    pub const OUT_OF_FUEL: u8 = 11;
    pub const INTERRUPT: u8 = 12;
    /// The first number that is none.
    pub const COUNT: u8 = 13;
}

/// A row of the trap map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrapRow {
    /// Offset of the instruction in the code.
    pub offset: u32,
    /// The trap, one of [`traps`].
    pub kind: u8,
    /// Offset of the operator in the module.
    pub wasm_offset: u32,
}

/// A row of the call map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Offset behind the call in the code.
    pub return_offset: u32,
    /// Offset of the operator in the module.
    pub wasm_offset: u32,
}

/// The rows that are not yet used, in order.
pub(crate) struct Rows<'a> {
    traps: &'a [TrapRow],
    calls: &'a [CallRow],
    signals: bool,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(traps: &'a [TrapRow], calls: &'a [CallRow], config: &Config) -> Rows<'a> {
        Rows { traps, calls, signals: config.signals }
    }

    /// The row of the instruction, if the next one is its.
    fn row(&mut self, insn: &Insn) -> Result<Option<u8>, Fault> {
        match self.traps.split_first() {
            Some((row, rest)) if row.offset == insn.offset => {
                self.traps = rest;
                Ok(Some(row.kind))
            }
            Some((row, _)) if row.offset < insn.end() => {
                fault(Rule::Metadata, "a trap's row that names no instruction")
            }
            _ => Ok(None),
        }
    }

    /// An instruction that control reaches.
    pub(crate) fn live(&mut self, insn: &Insn, effect: &Effect) -> Result<(), Fault> {
        let row = self.row(insn)?;
        let right = match (effect.faults, row) {
            (Faults::Never, row) => row.is_none(),
            (Faults::Harmless, None) => true,
            (Faults::Harmless | Faults::Memory, Some(kind)) => {
                kind == traps::MEMORY_OUT_OF_BOUNDS
            }
            (Faults::Division, Some(kind)) => {
                matches!(kind, traps::INTEGER_OVERFLOW | traps::INTEGER_DIVIDE_BY_ZERO)
            }
            (Faults::Division, None) => !self.signals,
            (Faults::Trap, Some(kind)) => kind < traps::COUNT,
            (Faults::Memory | Faults::Trap, None) => false,
        };
        if !right {
            return fault(Rule::Metadata, "a trap's row is missing, or is not the instruction's");
        }
        self.call(insn, (effect.call, effect.tail))
    }

    fn call(&mut self, insn: &Insn, (call, tail): (bool, bool)) -> Result<(), Fault> {
        let row = match self.calls.split_first() {
            Some((row, rest)) if row.return_offset == insn.end() => {
                self.calls = rest;
                true
            }
            Some((row, _)) if row.return_offset < insn.end() => {
                return fault(Rule::Metadata, "a call's row that names no call");
            }
            _ => false,
        };
        if row != call && !(row && tail) {
            return fault(Rule::Metadata, "a call's row is missing, or is not a call's");
        }
        Ok(())
    }

    /// An instruction that no state reaches: `ud2` behind a branch, or dead code.
    pub(crate) fn dead(&mut self, insn: &Insn) -> Result<(), Fault> {
        let row = self.row(insn)?;
        let right = match insn.class {
            Class::Trap => row.is_some_and(|kind| kind < traps::COUNT),
            _ => row.is_none(),
        };
        if !right {
            return fault(Rule::Metadata, "a trap's row is missing, or is not the instruction's");
        }
        self.call(insn, (false, false))
    }

    /// Behind the last instruction: every row was used.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        if !self.traps.is_empty() || !self.calls.is_empty() {
            return fault(Rule::Metadata, "rows behind the last instruction");
        }
        Ok(())
    }
}
