//! Why a body was refused: which function, where in its Wasm, in which block, which rule.

use crate::entity::Block;
use prova_module::FuncIdx;
use std::fmt;

/// A rule of the check; the text of each is in [`crate::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// C1: the module defines the function, and the body has an entry with its parameters.
    Function,
    /// C2: the instructions are the operators, in their order, each once.
    Operators,
    /// C3: operands are the values that the Wasm's operands are.
    Operands,
    /// C4: an instruction has as many results as its operator, of its types.
    Results,
    /// C5: offsets are those of the operators.
    Offsets,
    /// C6: charges and polls stand where the facts have segments, the entry and loops.
    Metering,
    /// C7: the blocks stand in the order of the Wasm, each once.
    Blocks,
    /// C8: a block ends as its last operator does.
    Control,
    /// C9: an edge leads to the block of its label.
    Targets,
    /// C10: a block's parameters are its label's values, then locals.
    Parameters,
    /// C11: arguments are the values of the edge, and of the locals along it.
    Arguments,
    /// C12: a local that is read has one value on all ways to the read.
    Locals,
    /// C13: the handlers are the `try_table`s, their clauses in order.
    Handlers,
    /// C14: the proof takes no more than a limited number of steps.
    Size,
}

impl Rule {
    /// All rules in their order.
    pub const ALL: [Rule; 14] = [
        Rule::Function,
        Rule::Operators,
        Rule::Operands,
        Rule::Results,
        Rule::Offsets,
        Rule::Metering,
        Rule::Blocks,
        Rule::Control,
        Rule::Targets,
        Rule::Parameters,
        Rule::Arguments,
        Rule::Locals,
        Rule::Handlers,
        Rule::Size,
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Function => "function",
            Rule::Operators => "operators",
            Rule::Operands => "operands",
            Rule::Results => "results",
            Rule::Offsets => "offsets",
            Rule::Metering => "metering",
            Rule::Blocks => "blocks",
            Rule::Control => "control",
            Rule::Targets => "targets",
            Rule::Parameters => "parameters",
            Rule::Arguments => "arguments",
            Rule::Locals => "locals",
            Rule::Handlers => "handlers",
            Rule::Size => "size",
        })
    }
}

/// A body that is not proved equal to its Wasm. The fault is never the module's: it is a bug of
/// what made the body, or of the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The function.
    pub func: FuncIdx,
    /// The offset in the module of the operator at which the rule is broken.
    pub offset: u32,
    /// The block of the body there, if there is one.
    pub block: Option<Block>,
    /// The rule.
    pub rule: Rule,
    /// What breaks it.
    pub what: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rejection { func, offset, block, rule, what } = self;
        write!(f, "{func}: the SSA form is not proved at {offset:#x}")?;
        if let Some(block) = block {
            write!(f, " in {block}")?;
        }
        write!(f, ": {rule}: {what}: a bug")
    }
}

impl std::error::Error for Rejection {}

/// A rule that is broken, while the place is known to the caller. It is one word, so that a verdict
/// is too.
#[derive(Debug)]
pub(super) struct Fault(Box<(Rule, String)>);

pub(super) type Verdict<T = ()> = Result<T, Fault>;

impl Fault {
    #[cold]
    pub(super) fn new(rule: Rule, what: impl Into<String>) -> Fault {
        Fault(Box::new((rule, what.into())))
    }

    /// As [`Fault::new`], out of the way of the code that demands.
    #[cold]
    #[inline(never)]
    pub(super) fn broken(rule: Rule, what: fmt::Arguments<'_>) -> Fault {
        Fault::new(rule, what.to_string())
    }

    /// The same words for another rule.
    #[cold]
    pub(super) fn of(self, rule: Rule) -> Fault {
        Fault::new(rule, self.0.1)
    }

    /// The rule, and what breaks it.
    pub(super) fn into_parts(self) -> (Rule, String) {
        *self.0
    }
}

/// The rule is broken unless the condition holds.
macro_rules! demand {
    ($condition:expr, $rule:ident, $($what:tt)*) => {
        if !$condition {
            return Err($crate::check::error::Fault::broken(
                $crate::check::error::Rule::$rule,
                format_args!($($what)*),
            ));
        }
    };
}
