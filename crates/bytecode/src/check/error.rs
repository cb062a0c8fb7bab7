//! Why a candidate was refused: which function, where in its code, which rule.

use super::Effect;
use crate::candidate::MapEntry;
use core::fmt;
use prova_module::FuncIdx;
use prova_terms::Vn;
use std::borrow::Cow;

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
        CheckError { func, word, offset, rule, what: what.into_owned().into() }
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

/// What the two sides are compared in. A label is named by the offset of the operator that opens its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// A local's cell, or a cell of the stack below a label's base, on an edge to the label; without label, at an instruction
    /// whose exception a clause around it catches.
    Cell {
        /// The cell: below the local cells a local's, then the home slots.
        cell: u32,
        /// The label.
        label: Option<u32>,
    },
    /// A value of a label.
    Value {
        /// Its home slot.
        slot: u32,
        /// The label.
        label: u32,
    },
    /// An argument of an effect.
    Argument {
        /// The effect.
        effect: Effect,
        /// Its number, from 0.
        index: u32,
    },
    /// An argument cell of a call or throw.
    CallArgument {
        /// Its number, from 0.
        index: u32,
        /// Its slot in the window.
        slot: u32,
    },
    /// A result cell of the function.
    Result {
        /// Its number, from 0.
        index: u32,
    },
    /// The condition of a branch.
    Condition {
        /// Whether the code has to branch where the Wasm does, or where it does not.
        when: bool,
    },
    /// The index of a table of branches.
    TableIndex,
    /// A slot that is read.
    Read {
        /// The slot.
        slot: u32,
    },
}

/// A component in which the two sides differ, with both values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Difference {
    pub(crate) component: Component,
    pub(crate) wasm: Vn,
    pub(crate) code: Vn,
}

/// A broken rule, before it is known where; behind one pointer, so that a verdict is a word.
///
/// It is made where the candidate is refused and nowhere else, so its text costs nothing that is accepted. That of a difference is
/// made by `explain` when the walk has ended.
#[derive(Debug)]
pub(crate) struct Fault(Box<Broken>);

#[derive(Debug)]
struct Broken {
    rule: Rule,
    what: Cow<'static, str>,
    difference: Option<Difference>,
}

impl Fault {
    #[cold]
    pub(super) fn new(rule: Rule, what: impl Into<Cow<'static, str>>) -> Fault {
        Fault(Box::new(Broken { rule, what: what.into(), difference: None }))
    }

    /// The two sides differ.
    #[cold]
    pub(super) fn differs(rule: Rule, component: Component, wasm: Vn, code: Vn) -> Fault {
        let difference = Some(Difference { component, wasm, code });
        Fault(Box::new(Broken { rule, what: Cow::Borrowed(""), difference }))
    }

    /// The component in which the two sides differ, if the fault is a difference of values.
    pub(crate) fn difference(&self) -> Option<&Difference> {
        self.0.difference.as_ref()
    }

    /// The same fault with the text of its difference, if it is one.
    #[cold]
    pub(super) fn told(mut self, text: impl FnOnce(&Difference) -> String) -> Fault {
        if let Some(difference) = &self.0.difference {
            self.0.what = text(difference).into();
        }
        self
    }
}

pub(super) type Verdict = Result<(), Fault>;
