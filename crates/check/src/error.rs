//! The check's refusals, and the rule that each one breaks.
//!
//! A [`Rejection`] is never the program's fault: it says that the compiler made code which is not
//! proved, or that someone else made it. Each [`Rule`] has a test that breaks it alone.

use core::fmt;

/// The rule that a piece of code breaks. P-numbers are those of `docs/trust/claims.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// P1: the bytes are an instruction that the check knows, in a form that it knows.
    Instruction,
    /// P2: jumps lead to instructions of this code that are block entries; nothing falls off.
    Target,
    /// P2: an indexed jump stays in its table.
    JumpTable,
    /// P3: an access to linear memory stays inside it (or inside its reservation).
    Memory,
    /// P4: an access to a table stays inside it and stores a reference of its kind.
    Table,
    /// P5: an access to the runtime's structures has a field's place, width and right.
    Field,
    /// P6: an access to the stack stays in the frame; the stack pointer is known.
    Stack,
    /// P6: the frame is within its charge, and the charge was compared with the height.
    Height,
    /// P7: a call passes what its callee takes.
    Call,
    /// P7: a return leaves registers, stack pointer and return address as the caller expects.
    Return,
    /// P8: an indirect call's record is not null and has the signature.
    CallType,
    /// P9: a read relative to the code stays in the data of this code.
    Constant,
    /// P11: instructions that can fault, and calls, have exactly one row, and rows have those.
    Metadata,
    /// P12: each cycle passes a charge or a poll.
    Metering,
    /// P13: where code calls or may stop, the frame pointer leads to its caller's.
    Chain,
    /// P14: where an exception lands, the state is the call's without what the callee may change.
    Landing,
    /// P10: nothing that the code did not get or write decides what it does, or goes anywhere.
    Unwritten,
    /// An address is nothing that the check knows.
    Address,
    /// An edge does not establish what the certificate states at its target.
    Claim,
    /// The certificate's bytes are malformed, or beyond a limit.
    Certificate,
    /// The code is beyond a limit.
    Limit,
}

impl Rule {
    /// All rules, in order.
    pub const ALL: [Rule; 21] = [
        Rule::Instruction,
        Rule::Target,
        Rule::JumpTable,
        Rule::Memory,
        Rule::Table,
        Rule::Field,
        Rule::Stack,
        Rule::Height,
        Rule::Call,
        Rule::Return,
        Rule::CallType,
        Rule::Constant,
        Rule::Metadata,
        Rule::Metering,
        Rule::Chain,
        Rule::Landing,
        Rule::Unwritten,
        Rule::Address,
        Rule::Claim,
        Rule::Certificate,
        Rule::Limit,
    ];
}

/// A rule and what exactly is wrong, before the place is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The rule.
    pub rule: Rule,
    /// The fault, as a part of a sentence.
    pub what: &'static str,
}

/// A fault of `rule`.
pub(crate) const fn fault<T>(rule: Rule, what: &'static str) -> Result<T, Fault> {
    Err(Fault { rule, what })
}

/// Why a code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Which code it is.
    pub kind: crate::CodeKind,
    /// Offset of the guilty instruction in the code, in bytes (0 for faults of the whole).
    pub offset: u32,
    /// The rule.
    pub rule: Rule,
    /// The fault, as a part of a sentence.
    pub what: &'static str,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:#x}: {:?}: {}", self.kind, self.offset, self.rule, self.what)
    }
}

impl core::error::Error for Rejection {}
