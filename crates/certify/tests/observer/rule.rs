//! The rules of the observer for code, and its report where one is broken.

use std::fmt;

/// A rule of the observer. `planted.rs` has code that breaks each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// Execution stays at instructions of the code's own bytes.
    Fetch,
    /// No executed instruction begins inside of another.
    Overlap,
    /// No instruction that talks to the system or changes the processor's modes, and none that a
    /// processor of the level may lack.
    System,
    /// An access lies in a place that there is.
    Place,
    /// The stack is accessed from the stack pointer to the end of the arguments.
    Frame,
    /// The stack pointer stays in a frame of 65,536 bytes, at multiples of 8.
    StackPointer,
    /// Linear memory is accessed below its length, or where it has to fault: in the zone of
    /// the guard shape, or close behind its length.
    Memory,
    /// Tables are accessed below their length, by whole elements.
    Table,
    /// The runtime's words are read as fields, with their widths.
    Field,
    /// Only words that belong to the code are written.
    Written,
    /// A value written to a place of references, or passed as one, is a reference of its type.
    Reference,
    /// The fuel only becomes less.
    Fuel,
    /// An indirect jump goes to this code or to the entry of a function.
    Jump,
    /// A call goes to the entry of the function whose record rdi holds, or to a builtin with a
    /// context, from an aligned stack, with its stack arguments in the frame.
    Call,
    /// The height that is passed is not above what was given.
    Height,
    /// The frame is at most 16 times what was taken off the height at a call.
    FrameSize,
    /// Under metering, a charge or a poll before each call and in each cycle.
    Metering,
    /// Where code calls or stops, the frame pointer leads to the caller's.
    Chain,
    /// Registers, stack pointer and return address are given back as they were.
    Return,
    /// A fault has a row of its kind.
    Fault,
    /// A call has a row.
    Row,
}

impl Rule {
    /// All of them.
    pub(crate) const ALL: [Rule; 21] = [
        Rule::Fetch,
        Rule::Overlap,
        Rule::System,
        Rule::Place,
        Rule::Frame,
        Rule::StackPointer,
        Rule::Memory,
        Rule::Table,
        Rule::Field,
        Rule::Written,
        Rule::Reference,
        Rule::Fuel,
        Rule::Jump,
        Rule::Call,
        Rule::Height,
        Rule::FrameSize,
        Rule::Metering,
        Rule::Chain,
        Rule::Return,
        Rule::Fault,
        Rule::Row,
    ];
}

/// A rule that was broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    /// Offset of the instruction in the code.
    pub(crate) offset: u64,
    /// Its effect.
    pub(crate) what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:#x}: {}", self.rule, self.offset, self.what)
    }
}
