//! Faults of this checker itself, which tests plant: each leaves out one thing that a rule asks.
//!
//! A rule that nobody would miss is no rule. For each fault there is wrong code that the check
//! refuses, that the second opinion refuses, and that the second opinion with this fault accepts
//! (`crates/testing/tests/second/plants.rs`).
//!
//! Limits: of the form only those rules are here whose faults the walk does not see as well; F1 and
//! F2 make what the walk reads, F6, F7, F8, F9, F11, F13 and F15 are implied by W1 to W8.

use prova_bytecode::Rule;

/// A fault of the second checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plant {
    /// A rule of form, F4, F5, F10, F12 or F14, is left out.
    Form(Rule),
    /// W1: any effect does for any other.
    Effects,
    /// W1: effects are compared without their arguments.
    Arguments,
    /// W1: effects are compared without their places in the Wasm.
    Places,
    /// W1: what may trap need not be done.
    Traps,
    /// W2: charges may stand anywhere.
    Charges,
    /// W2: polls may stand anywhere.
    Polls,
    /// W3: hints may name any word.
    Extents,
    /// W3: what is left over at the end is not looked at.
    LeftOver,
    /// W4: locals are not compared.
    Locals,
    /// W4: positions below a label's base are not compared.
    Below,
    /// W4: a label's values are not compared.
    Values,
    /// W4: branches may go to any word.
    Targets,
    /// W4: at a loop everything stays known that was known before.
    Loops,
    /// W4: behind a block's end everything stays known that was known where it was fallen through.
    Ends,
    /// Writes of the first arm of an `if` stay for the second.
    Arms,
    /// W3: what the code of a taken `br_if` wrote stays where it is not taken.
    EdgeCode,
    /// W3: of labels that share the code of an edge in a table only the first is compared.
    SharedEdges,
    /// W5: conditions are compared without their sense.
    Senses,
    /// W5: conditions are compared by their sense alone.
    Conditions,
    /// W6: results are not compared.
    Results,
    /// W7: a window may lie below what lives.
    Windows,
    /// W7: the cells in a window are not compared.
    Passed,
    /// W7: a call leaves everything above its window as it was.
    Clobbers,
    /// W8: nothing has to be in its slot where something may be thrown.
    Throws,
    /// W8: where something may be thrown only locals have to be in their slots.
    ThrowsBelow,
    /// W8: handlers need not be the clauses.
    Clauses,
    /// W8: clauses may lead to any word.
    ClauseTargets,
    /// W9: an unknown cell may be read.
    Initialised,
    /// W9: accumulators stay known in the second of two ways that part, and behind operations of
    /// the store.
    Accumulators,
    /// W11 is left out.
    NarrowCopies,
    /// W10 is left out.
    Roots,
    /// R1: subtraction is taken for commutative.
    Commutes,
    /// `a < b` of floats is taken for the negation of `a ≥ b`.
    FloatsNegate,
    /// R5: a v128 is known by its low cell alone.
    HighCells,
    /// Constants are compared by their low 32 bits.
    NarrowConstants,
    /// A NaN need not be canonical in deterministic mode.
    Canonical,
}

impl Plant {
    /// All of them.
    pub const ALL: [Plant; 41] = [
        Plant::Form(Rule::Frame),
        Plant::Form(Rule::Slots),
        Plant::Form(Rule::Windows),
        Plant::Form(Rule::Map),
        Plant::Form(Rule::Metering),
        Plant::Effects,
        Plant::Arguments,
        Plant::Places,
        Plant::Traps,
        Plant::Charges,
        Plant::Polls,
        Plant::Extents,
        Plant::LeftOver,
        Plant::Locals,
        Plant::Below,
        Plant::Values,
        Plant::Targets,
        Plant::Loops,
        Plant::Ends,
        Plant::Arms,
        Plant::EdgeCode,
        Plant::SharedEdges,
        Plant::Senses,
        Plant::Conditions,
        Plant::Results,
        Plant::Windows,
        Plant::Passed,
        Plant::Clobbers,
        Plant::Throws,
        Plant::ThrowsBelow,
        Plant::Clauses,
        Plant::ClauseTargets,
        Plant::Initialised,
        Plant::Accumulators,
        Plant::NarrowCopies,
        Plant::Roots,
        Plant::Commutes,
        Plant::FloatsNegate,
        Plant::HighCells,
        Plant::NarrowConstants,
        Plant::Canonical,
    ];
}
