//! Where code and body differ.

use crate::words::Word;
use alloc::string::String;
use core::fmt;

/// Why code is not proved equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// An instruction without rule.
    Instruction,
    /// An operator without rule.
    Operator,
    /// A condition of flags that are not known.
    Flags,
    /// An access that the body does not owe here (E1).
    Access,
    /// A call that the body does not owe here (E1).
    Call,
    /// A division that may fault where the body's does not (E1).
    Division,
    /// A trap that the body does not have here (E1, E2).
    Trap,
    /// A row that says another thing than the body (E1).
    Row,
    /// An end that is not the body's (E7).
    End,
    /// A result that is another one (E7).
    Result,
    /// A merge that the relation does not claim (E4).
    Merge,
    /// A claim that does not hold on an edge (E4).
    Claim,
    /// Another place in the body than the leader's (E4).
    Position,
    /// A way back without a step of the body (E8).
    Cycle,
    /// A jump that is none of the body's.
    Jump,
    /// The stack pointer is unknown.
    Stack,
    /// More work than the code's size allows.
    Limit,
    /// Another thread stopped the proof ([`Told::stop`](crate::Told::stop)).
    Stopped,
}

impl Cause {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Cause::Instruction => "an instruction without rule",
            Cause::Operator => "an operator without rule",
            Cause::Flags => "a condition of unknown flags",
            Cause::Access => "an access that is not the next one",
            Cause::Call => "a call that is not the next action",
            Cause::Division => "a division that may fault otherwise",
            Cause::Trap => "a trap that is not the next one",
            Cause::Row => "a row that says another thing",
            Cause::End => "an end where the body goes on",
            Cause::Result => "another result",
            Cause::Merge => "a merge without claims",
            Cause::Claim => "a claim that does not hold",
            Cause::Position => "another place in the body",
            Cause::Cycle => "a cycle in which the body stands still",
            Cause::Jump => "a jump that is not the body's",
            Cause::Stack => "an unknown stack pointer",
            Cause::Limit => "too much work",
            Cause::Stopped => "stopped",
        }
    }
}

/// Why a search for a relation ended before it had tried everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ended {
    /// It took all the work that searches may take.
    Bound,
    /// Another thread stopped it.
    Stopped,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ended::Bound => "search ended at its bound",
            Ended::Stopped => "search stopped",
        })
    }
}

/// A reason to refuse, and the terms that differ, if two do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub cause: Cause,
    /// The exact place or thing.
    pub what: &'static str,
    /// The term that the body demands.
    pub demanded: Option<Word>,
    /// The term that the code has.
    pub found: Option<Word>,
}

/// A refusal.
pub(crate) const fn refuse<T>(cause: Cause, what: &'static str) -> Result<T, Refusal> {
    Err(Refusal { cause, what, demanded: None, found: None })
}

/// A refusal because of two terms.
pub(crate) const fn differ<T>(
    cause: Cause,
    what: &'static str,
    demanded: Word,
    found: Word,
) -> Result<T, Refusal> {
    Err(Refusal { cause, what, demanded: Some(demanded), found: Some(found) })
}

/// Where code and body differ first, in address order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The function.
    pub func: u32,
    /// Offset in the code.
    pub code_offset: u32,
    /// Offset in the module of the operator that the body stands at, if that is known.
    pub wasm_offset: Option<u32>,
    /// Why.
    pub cause: Cause,
    /// The exact place or thing.
    pub what: &'static str,
    /// The term that the body demands.
    pub demanded: Option<String>,
    /// The term that the code has.
    pub found: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { func, code_offset, cause, what, .. } = self;
        write!(f, "function {func} at {code_offset:#x}: {}: {what}", cause.text())?;
        if let Some(at) = self.wasm_offset {
            write!(f, " (operator at {at:#x})")?;
        }
        if let (Some(demanded), Some(found)) = (&self.demanded, &self.found) {
            write!(f, ": demanded {demanded}, found {found}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Difference {}
