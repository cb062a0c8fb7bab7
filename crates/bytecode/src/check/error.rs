//! Why a candidate was refused: which function, where in its code, which rule.

use super::explain::Difference;
use crate::candidate::MapEntry;
use core::fmt;
use prova_module::FuncIdx;

/// A rule of the check; the text of each is in [`crate::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// C1: every word belongs to an instruction.
    Decoding,
    /// C2: control never falls off the end.
    End,
    /// C3: the function exists and its code is not too long.
    Size,
    /// C4: the frame holds locals and results and fits its charge.
    Frame,
    /// C5: slots lie in the frame.
    Slots,
    /// C6: slots are written before they are read.
    Initialised,
    /// C7: branches go to instructions.
    Targets,
    /// C8: indices are in range.
    Indices,
    /// C9: indices name objects of the right kind.
    Kinds,
    /// C10: lane indices are in range.
    Lanes,
    /// C11: windows lie above the locals and in the frame.
    Windows,
    /// C12: results leave as the function's type says.
    Results,
    /// C13: every instruction maps to an operator of the body.
    Map,
    /// C14: hints are in order.
    Hints,
    /// C15: charges and polls are those of the metering mode.
    Metering,
    /// C16: every operator in reachable code is one that the check knows.
    Operators,
    /// C17: the code performs the effects of the Wasm, with equal arguments, in the same order, each once.
    Effects,
    /// C18: the values of a label are in their home slots on every edge.
    Values,
    /// C19: locals and frozen operand-stack positions are in their slots on every edge.
    Frozen,
    /// C20: the code branches on the conditions of the Wasm, or on exact negations around an edge's code.
    Conditions,
    /// C21: the ranges of handlers nest, and their targets hold values.
    Handlers,
}

impl Rule {
    /// All rules in the order of their numbers.
    pub const ALL: [Rule; 21] = [
        Rule::Decoding,
        Rule::End,
        Rule::Size,
        Rule::Frame,
        Rule::Slots,
        Rule::Initialised,
        Rule::Targets,
        Rule::Indices,
        Rule::Kinds,
        Rule::Lanes,
        Rule::Windows,
        Rule::Results,
        Rule::Map,
        Rule::Hints,
        Rule::Metering,
        Rule::Operators,
        Rule::Effects,
        Rule::Values,
        Rule::Frozen,
        Rule::Conditions,
        Rule::Handlers,
    ];

    /// The number behind the C, from 1.
    pub fn number(self) -> u32 {
        self as u32 + 1
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Rule::Decoding => "decoding",
            Rule::End => "end",
            Rule::Size => "size",
            Rule::Frame => "frame",
            Rule::Slots => "slots",
            Rule::Initialised => "initialised",
            Rule::Targets => "targets",
            Rule::Indices => "indices",
            Rule::Kinds => "kinds",
            Rule::Lanes => "lanes",
            Rule::Windows => "windows",
            Rule::Results => "results",
            Rule::Map => "map",
            Rule::Hints => "hints",
            Rule::Metering => "metering",
            Rule::Operators => "operators",
            Rule::Effects => "effects",
            Rule::Values => "values",
            Rule::Frozen => "frozen",
            Rule::Conditions => "conditions",
            Rule::Handlers => "handlers",
        };
        write!(f, "C{} ({name})", self.number())
    }
}

/// Why a candidate was refused. Of kind *bug*: the fault is the translator's or the check's, never
/// the module's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    /// The function.
    pub func: FuncIdx,
    /// The word of the instruction at fault; 0 for the candidate as a whole, its length for what is
    /// missing at the end.
    pub word: u32,
    /// The Wasm offset that the (unproved) map gives for this word.
    pub offset: Option<u32>,
    /// The rule that is broken.
    pub rule: Rule,
    /// How.
    pub what: Box<str>,
}

impl CheckError {
    pub(super) fn new(func: FuncIdx, word: u32, fault: Fault, map: &[MapEntry]) -> CheckError {
        let entry = map.partition_point(|entry| entry.word <= word).checked_sub(1);
        let offset = entry.map(|i| map[i].offset);
        let Broken { rule, what, .. } = *fault.0;
        CheckError { func, word, offset, rule, what: what.into() }
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CheckError { func, word, rule, what, .. } = self;
        write!(f, "bug: bytecode of {func} refused at word {word}")?;
        if let Some(offset) = self.offset {
            write!(f, " (Wasm offset {offset:#x})")?;
        }
        write!(f, ", rule {rule}: {what}")
    }
}

impl std::error::Error for CheckError {}

/// A broken rule, before it is known where; behind one pointer, so that a verdict is a word.
#[derive(Debug)]
pub(super) struct Fault(Box<Broken>);

#[derive(Debug)]
struct Broken {
    rule: Rule,
    what: String,
    difference: Option<Difference>,
}

impl Fault {
    #[cold]
    pub(super) fn new(rule: Rule, what: impl Into<String>) -> Fault {
        Fault(Box::new(Broken { rule, what: what.into(), difference: None }))
    }

    /// The same fault, seen in one component of the two sides.
    #[cold]
    pub(super) fn in_component(mut self, difference: Difference) -> Fault {
        self.0.difference = Some(difference);
        self
    }

    /// The component in which the two sides differ, if the fault is a difference of values.
    pub(super) fn difference(&self) -> Option<Difference> {
        self.0.difference
    }
}

pub(super) type Verdict = Result<(), Fault>;
