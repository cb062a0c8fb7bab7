//! P11: the rows of the trap map and of the call map, held against the instructions.
//!
//! Each instruction that can fault has exactly one row, each call has one that names its operator,
//! and each row names such an instruction. An access that is shown never to fault may have a row,
//! and so may a tail call. Rows behind a call's first one are judged by P14 (`landing`).

use crate::error::{Fault, Rule, fault};
use crate::layout::Layout;
use crate::step::{Effect, Faults};
use crate::x64::{Class, Insn};

/// Why code stops, as rows of its trap map say it.
pub mod traps {
    /// `unreachable`.
    pub const UNREACHABLE: u8 = 1;
    /// A division by zero.
    pub const INTEGER_DIVISION_BY_ZERO: u8 = 2;
    /// A result that does not fit.
    pub const INTEGER_OVERFLOW: u8 = 3;
    /// A conversion of a NaN.
    pub const BAD_CONVERSION_TO_INTEGER: u8 = 4;
    /// An access outside of a memory.
    pub const MEMORY_OUT_OF_BOUNDS: u8 = 5;
    /// An access outside of a table.
    pub const TABLE_OUT_OF_BOUNDS: u8 = 6;
    /// An indirect call outside of a table.
    pub const UNDEFINED_ELEMENT: u8 = 7;
    /// An indirect call of a null element.
    pub const UNINITIALIZED_ELEMENT: u8 = 8;
    /// An indirect call of another type.
    pub const INDIRECT_CALL_TYPE_MISMATCH: u8 = 9;
    /// The logical stack limit.
    pub const STACK_OVERFLOW: u8 = 10;
    /// No fuel left.
    pub const OUT_OF_FUEL: u8 = 11;
    /// The epoch's deadline.
    pub const INTERRUPT: u8 = 12;
    /// An atomic access that is not aligned.
    pub const HEAP_MISALIGNED: u8 = 13;
    /// A null reference.
    pub const NULL_REFERENCE: u8 = 14;
    /// A place that nothing reaches.
    pub const BUG: u8 = 15;
    /// The logical stack limit, where a tail call would be beyond it.
    pub const TAIL_OVERFLOW: u8 = 16;
    /// An access outside of an array.
    pub const ARRAY_OUT_OF_BOUNDS: u8 = 17;
    /// A cast to a type that a reference is not of.
    pub const CAST_FAILURE: u8 = 18;
}

/// Whether a number is a trap's.
const fn is_trap(kind: u8) -> bool {
    kind >= traps::UNREACHABLE && kind <= traps::CAST_FAILURE
}

/// A row of the trap map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrapRow {
    /// Offset of the instruction in the code.
    pub code_offset: u32,
    /// The trap, one of [`traps`].
    pub kind: u8,
    /// Offset of the operator in the module.
    pub wasm_offset: u32,
}

/// A row of the call map. A call has one that names its operator, and behind it, with the same
/// offset, one for each clause that an exception may be caught by there, the first to be asked
/// first, and one for each place that holds a reference to an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallRow {
    /// Offset behind the call in the code.
    pub return_offset: u32,
    /// The content.
    pub says: Says,
}

/// The content of a row of the call map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Says {
    /// The offset in the module of the operator that calls.
    Operator(u32),
    /// A clause, and where control goes on if it catches.
    Clause(Clause),
    /// The word this number of bytes below where the frame pointer leads to holds a reference to an
    /// exception while the call waits.
    Root(u32),
}

/// A clause of a call, and its landing (P14 of `landing`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    /// The tag that it catches, in the module's index space; none: any.
    pub tag: Option<u32>,
    /// Whether it gets a reference to the exception.
    pub with_ref: bool,
    /// Offset in the code where control goes on.
    pub landing: u32,
    /// How far the stack pointer is below where the frame pointer leads to, in bytes.
    pub frame_bytes: u32,
    /// Where the runtime reads the context that it asks for the tag, in bytes from the stack
    /// pointer; none if it knows the context without.
    pub context: Option<u32>,
}

impl CallRow {
    /// The row of a call that names its operator.
    pub const fn operator(return_offset: u32, wasm_offset: u32) -> CallRow {
        CallRow { return_offset, says: Says::Operator(wasm_offset) }
    }

    /// The offset of the operator in the module, if the row names it.
    pub fn wasm_offset(&self) -> Option<u32> {
        match self.says {
            Says::Operator(offset) => Some(offset),
            Says::Clause(_) | Says::Root(_) => None,
        }
    }
}

/// The rows that are not yet used, in order.
pub(crate) struct Rows<'a> {
    traps: &'a [TrapRow],
    calls: &'a [CallRow],
    /// Where the next row of each is for; the greatest number where there is none.
    next: (u32, u32),
    signals: bool,
    /// Whether calls need rows: elsewhere they may have none.
    calls_have_rows: bool,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(traps: &'a [TrapRow], calls: &'a [CallRow], layout: &Layout) -> Rows<'a> {
        let signals = layout.config.signals;
        let calls_have_rows = !layout.contexts();
        let mut rows = Rows { traps, calls, next: (0, 0), signals, calls_have_rows };
        rows.ahead();
        rows
    }

    fn ahead(&mut self) {
        self.next = (
            self.traps.first().map_or(u32::MAX, |row| row.code_offset),
            self.calls.first().map_or(u32::MAX, |row| row.return_offset),
        );
    }

    /// Whether an instruction has no rows, and no row ahead names a part of it.
    #[inline]
    fn has_none(&self, insn: &Insn) -> bool {
        let end = insn.end();
        self.next.0 >= end && self.next.1 > end
    }

    /// Whether the next row says that this instruction may fault as an access to linear memory.
    #[inline]
    pub(crate) fn says_memory(&self, insn: &Insn) -> bool {
        self.next.0 == insn.offset
            && self.traps.first().is_some_and(|row| row.kind == traps::MEMORY_OUT_OF_BOUNDS)
    }

    /// The row of the instruction, if the next one is its.
    fn row(&mut self, insn: &Insn) -> Result<Option<u8>, Fault> {
        match self.traps.split_first() {
            Some((row, rest)) if row.code_offset == insn.offset => {
                self.traps = rest;
                Ok(Some(row.kind))
            }
            Some((row, _)) if row.code_offset < insn.end() => {
                fault(Rule::Metadata, "a trap's row that names no instruction")
            }
            _ => Ok(None),
        }
    }

    /// An instruction that control reaches: the rows behind its call's first one.
    #[inline]
    pub(crate) fn live(&mut self, insn: &Insn, effect: &Effect) -> Result<&'a [CallRow], Fault> {
        let needs_none = match effect.faults {
            Faults::Never | Faults::Harmless | Faults::HarmlessTable | Faults::HarmlessNull => {
                !effect.call
            }
            Faults::Memory | Faults::Table | Faults::Null | Faults::Division | Faults::Trap => {
                false
            }
        };
        if needs_none && self.has_none(insn) {
            return Ok(&[]);
        }
        let judged = self.judge(insn, effect);
        self.ahead();
        judged
    }

    fn judge(&mut self, insn: &Insn, effect: &Effect) -> Result<&'a [CallRow], Fault> {
        let row = self.row(insn)?;
        let right = match (effect.faults, row) {
            (Faults::Never, row) => row.is_none(),
            (Faults::Harmless | Faults::HarmlessTable | Faults::HarmlessNull, None) => true,
            (Faults::Harmless | Faults::Memory, Some(kind)) => {
                planted!(RowOfAnyKind, kind == traps::MEMORY_OUT_OF_BOUNDS, true)
            }
            (Faults::Table | Faults::HarmlessTable, Some(kind)) => {
                let of_table =
                    matches!(kind, traps::TABLE_OUT_OF_BOUNDS | traps::UNDEFINED_ELEMENT);
                // Our own code has such rows where it may fault alone.
                let there = effect.faults == Faults::Table || !self.calls_have_rows;
                planted!(ElementHasAnyRow, of_table, true) && there
            }
            (Faults::Null | Faults::HarmlessNull, Some(kind)) => {
                matches!(kind, traps::UNINITIALIZED_ELEMENT | traps::NULL_REFERENCE)
            }
            (Faults::Division, Some(kind)) => {
                matches!(kind, traps::INTEGER_OVERFLOW | traps::INTEGER_DIVISION_BY_ZERO)
            }
            (Faults::Division, None) => !self.signals,
            (Faults::Trap, Some(kind)) => is_trap(kind),
            (Faults::Memory | Faults::Table | Faults::Null | Faults::Trap, None) => false,
        };
        if !right {
            return fault(Rule::Metadata, "a trap's row is missing, or is not the instruction's");
        }
        self.call(insn, (effect.call, effect.tail))
    }

    /// The rows of a call, without the first one; `tail` says that there need be none.
    fn call(&mut self, insn: &Insn, (call, tail): (bool, bool)) -> Result<&'a [CallRow], Fault> {
        if self.calls.first().is_some_and(|row| row.return_offset < insn.end()) {
            return fault(Rule::Metadata, "a call's row that names no call");
        }
        let count = self.calls.iter().take_while(|row| row.return_offset == insn.end()).count();
        let (rows, rest) = self.calls.split_at_checked(count).unwrap_or((&[], &[]));
        self.calls = rest;
        let Some((first, rows)) = rows.split_first() else {
            if call && self.calls_have_rows {
                return fault(Rule::Metadata, "a call's row is missing, or is not a call's");
            }
            return Ok(&[]);
        };
        if !call && !tail {
            return fault(Rule::Metadata, "a call's row is missing, or is not a call's");
        }
        let names = |row: &CallRow| row.wasm_offset().is_some();
        if !names(first)
            || planted!(LaterRowsName, rows.iter().any(names), rows.first().is_some_and(names))
        {
            return fault(Rule::Metadata, "not the first row of a call, and no other, names it");
        }
        Ok(rows)
    }

    /// An instruction that no state reaches: a `ud2` behind a branch, which has a row, or dead
    /// code, which may have rows. Whether it is a `ud2` that has none, which is allowed for
    /// `rowless` alone.
    pub(crate) fn dead(&mut self, insn: &Insn, rowless: bool) -> Result<bool, Fault> {
        let row = self.row(insn)?;
        let trap = insn.class == Class::Trap;
        let right = match row {
            Some(kind) => is_trap(kind),
            None => planted!(DeadNeedsNoRow, rowless || !trap, true),
        };
        if !right {
            return fault(Rule::Metadata, "a trap's row is missing, or is not the instruction's");
        }
        // Nothing runs here, so nothing waits.
        let called = self.call(insn, (false, true));
        self.ahead();
        called.map(|_| trap && row.is_none())
    }

    /// Behind the last instruction: every row was used.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        if !self.traps.is_empty() || !self.calls.is_empty() {
            return fault(Rule::Metadata, "rows behind the last instruction");
        }
        Ok(())
    }
}
