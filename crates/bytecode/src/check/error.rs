//! Why a candidate was refused: which function, where in its code, which rule.

use super::Effect;
use crate::candidate::MapEntry;
use core::fmt;
use prova_module::FuncIdx;
use prova_terms::{Term, Terms, Vn};
use std::borrow::Cow;

/// A rule of the check; the text of each is in [`crate::check`]. F: of the code's form; Q: of its
/// equality with the Wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// F1: every word belongs to an instruction.
    Decoding,
    /// F2: control never falls off the end.
    End,
    /// F3: the function exists and its code is not too long.
    Size,
    /// F4: the frame holds locals and results and fits its charge.
    Frame,
    /// F5: slots lie in the frame.
    Slots,
    /// F6: branches go to instructions.
    Targets,
    /// F7: indices are in range.
    Indices,
    /// F8: indices name objects of the right kind.
    Kinds,
    /// F9: lane indices are in range.
    Lanes,
    /// F10: windows lie above the locals and in the frame.
    Windows,
    /// F11: as many results leave as the function's type says.
    Returns,
    /// F12: every instruction maps to an operator of the body.
    Map,
    /// F13: hints are in order.
    Hints,
    /// F14: charges and polls are those of the metering mode.
    Metering,
    /// F15: the ranges of handlers nest, and their targets hold values.
    Handlers,
    /// Q1: every operator in reachable code is one that the check knows.
    Operators,
    /// Q2: the code performs the effects of the Wasm, with equal arguments, in the same order, each
    /// once.
    Effects,
    /// Q3: the instruction of an effect maps to the effect's own operator.
    Places,
    /// Q4: slots are written before they are read.
    Initialised,
    /// Q5: the values of a label are in their home slots on every edge.
    Values,
    /// Q6: locals and frozen operand-stack positions are in their slots on every edge.
    Frozen,
    /// Q7: control goes to the label of its operator, and nowhere else.
    Labels,
    /// Q8: the code branches on the conditions of the Wasm, or on exact negations around an edge's
    /// code.
    Conditions,
    /// Q9: the cells that are returned hold the results.
    Results,
    /// Q10: no call overwrites a value that is used after it.
    Live,
    /// Q11: the handlers are the clauses of the `try_table`s.
    Clauses,
    /// Q12: each control operator in reach has a hint, which says where its code ends.
    Extents,
    /// Q13: references to exceptions are in their slots where exceptions may be made.
    Roots,
}

impl Rule {
    /// All rules in their order, those of form first.
    pub const ALL: [Rule; 28] = [
        Rule::Decoding,
        Rule::End,
        Rule::Size,
        Rule::Frame,
        Rule::Slots,
        Rule::Targets,
        Rule::Indices,
        Rule::Kinds,
        Rule::Lanes,
        Rule::Windows,
        Rule::Returns,
        Rule::Map,
        Rule::Hints,
        Rule::Metering,
        Rule::Handlers,
        Rule::Operators,
        Rule::Effects,
        Rule::Places,
        Rule::Initialised,
        Rule::Values,
        Rule::Frozen,
        Rule::Labels,
        Rule::Conditions,
        Rule::Results,
        Rule::Live,
        Rule::Clauses,
        Rule::Extents,
        Rule::Roots,
    ];

    /// Whether it is a rule of form.
    pub fn of_form(self) -> bool {
        self <= Rule::Handlers
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
            Rule::Targets => "targets",
            Rule::Indices => "indices",
            Rule::Kinds => "kinds",
            Rule::Lanes => "lanes",
            Rule::Windows => "windows",
            Rule::Returns => "returns",
            Rule::Map => "map",
            Rule::Hints => "hints",
            Rule::Metering => "metering",
            Rule::Handlers => "handlers",
            Rule::Operators => "operators",
            Rule::Effects => "effects",
            Rule::Places => "places",
            Rule::Initialised => "initialised",
            Rule::Values => "values",
            Rule::Frozen => "frozen",
            Rule::Labels => "labels",
            Rule::Conditions => "conditions",
            Rule::Results => "results",
            Rule::Live => "live",
            Rule::Clauses => "clauses",
            Rule::Extents => "extents",
            Rule::Roots => "roots",
        };
        let (letter, first) =
            if self.of_form() { ('F', Rule::Decoding) } else { ('Q', Rule::Operators) };
        write!(f, "{letter}{} ({name})", *self as u32 - first as u32 + 1)
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
    pub what: Reason,
}

/// How a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// In words.
    Text(Box<str>),
    /// The two sides differ. `prova-wording` has words for it.
    Differs {
        /// The component that was compared.
        component: Component,
        /// The number of the function's local cells.
        local_cells: u32,
        /// The value that the Wasm has there.
        wasm: Box<Excerpt>,
        /// The value that the code has there.
        code: Box<Excerpt>,
    },
}

/// A value's term and those that it is made of, to a depth; it outlives the table of the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The term; the numbers in it are the walk's, and name nothing any more.
    pub term: Term,
    /// Its operands in their order; none where the excerpt ends.
    pub operands: Vec<Excerpt>,
}

impl Excerpt {
    /// How many terms deep the excerpt of an error is below its own.
    const DEPTH: u32 = 3;

    fn new(terms: &Terms, value: Vn, depth: u32) -> Excerpt {
        let term = terms.term(value);
        let below = depth.checked_sub(1);
        let operand = |(value, depth)| Excerpt::new(terms, value, depth);
        let operands = operands(term).into_iter().flat_map(|value| Some((value, below?)));
        Excerpt { term, operands: operands.map(operand).collect() }
    }
}

/// The values that a term is made of, in their order.
pub fn operands(term: Term) -> Vec<Vn> {
    match term {
        Term::Undef
        | Term::Const(_)
        | Term::Const128(_)
        | Term::Param(_)
        | Term::Effect(..)
        | Term::Phi(..)
        | Term::Opaque => Vec::new(),
        Term::High(a) | Term::IsNull(a) | Term::Second(a) => vec![a],
        Term::Join(a, b) => vec![a, b],
        Term::Select(a, b, c) => vec![a, b, c],
        Term::Pure(_, args) => args.into_iter().take_while(|&vn| vn != Vn::UNDEF).collect(),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Text(text) => f.write_str(text),
            Reason::Differs { component, .. } => write!(f, "the sides differ in {component:?}"),
        }
    }
}

impl CheckError {
    pub(super) fn new(func: FuncIdx, word: u32, fault: Fault, map: &[MapEntry]) -> CheckError {
        let entry = map.partition_point(|entry| entry.word <= word).checked_sub(1);
        let offset = entry.map(|i| map[i].offset);
        let Broken { rule, what, kept, .. } = *fault.0;
        let what = kept.unwrap_or_else(|| Reason::Text(what.into_owned().into()));
        CheckError { func, word, offset, rule, what }
    }

    /// The error's text with these words for its reason.
    pub fn text(&self, reason: impl fmt::Display) -> impl fmt::Display {
        let CheckError { func, word, offset, rule, .. } = *self;
        fmt::from_fn(move |f| {
            write!(f, "bytecode of {func} refused at word {word}")?;
            if let Some(offset) = offset {
                write!(f, " (Wasm offset {offset:#x})")?;
            }
            write!(f, ", rule {rule}: {reason}")
        })
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(&self.what).fmt(f)
    }
}

impl std::error::Error for CheckError {}

/// The component in which the two sides are compared. A label is named by the offset of the
/// operator that opens its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// A local's cell, or a cell of the stack below a label's base, on an edge to the label;
    /// without label, at an instruction whose exception a clause around it catches, or at which the
    /// frame holds references to exceptions.
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

/// A component in which the two sides differ, with the numbers of both values in the table of the
/// walk.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The component that was compared.
    pub component: Component,
    /// The value that the Wasm has there.
    pub wasm: Vn,
    /// The value that the code has there.
    pub code: Vn,
}

/// A broken rule, before it is known where; behind one pointer, so that a verdict is a word.
///
/// It is made where the candidate is refused and nowhere else, so its text costs nothing that is
/// accepted. What is kept of a difference is taken from the table when the walk has ended.
#[derive(Debug)]
pub(crate) struct Fault(Box<Broken>);

#[derive(Debug)]
struct Broken {
    rule: Rule,
    what: Cow<'static, str>,
    difference: Option<Difference>,
    kept: Option<Reason>,
}

impl Fault {
    #[cold]
    pub(super) fn new(rule: Rule, what: impl Into<Cow<'static, str>>) -> Fault {
        Fault(Box::new(Broken { rule, what: what.into(), difference: None, kept: None }))
    }

    /// The two sides differ.
    #[cold]
    pub(super) fn differs(rule: Rule, component: Component, wasm: Vn, code: Vn) -> Fault {
        let difference = Some(Difference { component, wasm, code });
        Fault(Box::new(Broken { rule, what: Cow::Borrowed(""), difference, kept: None }))
    }

    /// The component in which the two sides differ, if the fault is a difference of values.
    pub(crate) fn difference(&self) -> Option<&Difference> {
        self.0.difference.as_ref()
    }

    /// The same fault with what is kept of its difference, if it is one.
    #[cold]
    pub(super) fn kept(mut self, local_cells: u32, terms: &Terms) -> Fault {
        if let Some(Difference { component, wasm, code }) = self.0.difference {
            let excerpt = |value| Box::new(Excerpt::new(terms, value, Excerpt::DEPTH));
            let (wasm, code) = (excerpt(wasm), excerpt(code));
            self.0.kept = Some(Reason::Differs { component, local_cells, wasm, code });
        }
        self
    }
}

pub(super) type Verdict = Result<(), Fault>;
