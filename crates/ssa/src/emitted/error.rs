//! Why emitted bytes were refused: which function, where in its body and in its image, which rule.

use crate::entity::Block;
use prova_module::FuncIdx;
use std::fmt;

/// A rule of the proof; the text of each is in [`crate::emitted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// E1: both modules are the same but for bodies.
    Module,
    /// E2: the bytes have a proved SSA form.
    Image,
    /// E3: the same effects in the same order, each once.
    Effects,
    /// E4: operands are equal terms.
    Operands,
    /// E5: blocks end alike.
    Control,
    /// E6: edges lead to the same places.
    Targets,
    /// E7: arguments are equal terms.
    Arguments,
    /// E8: exceptions are caught by the same clauses.
    Handlers,
    /// E9: within limits.
    Size,
}

impl Rule {
    /// All rules in their order.
    pub const ALL: [Rule; 9] = [
        Rule::Module,
        Rule::Image,
        Rule::Effects,
        Rule::Operands,
        Rule::Control,
        Rule::Targets,
        Rule::Arguments,
        Rule::Handlers,
        Rule::Size,
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Module => "module",
            Rule::Image => "image",
            Rule::Effects => "effects",
            Rule::Operands => "operands",
            Rule::Control => "control",
            Rule::Targets => "targets",
            Rule::Arguments => "arguments",
            Rule::Handlers => "handlers",
            Rule::Size => "size",
        })
    }
}

/// Emitted bytes that are not proved equal to their body: a bug of the emitter, or what the proof
/// does not see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The function.
    pub func: FuncIdx,
    /// The block of the body.
    pub block: Option<Block>,
    /// The block of the emitted function's SSA form.
    pub image: Option<Block>,
    /// The rule.
    pub rule: Rule,
    /// What breaks it.
    pub what: String,
}

impl Rejection {
    /// A function that should have its bytes, and has others.
    pub(crate) fn not_copied(func: FuncIdx) -> Rejection {
        let what = "it is not what it was".to_owned();
        Rejection { func, block: None, image: None, rule: Rule::Module, what }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rejection { func, block, image, rule, what } = self;
        write!(f, "{func}: what was emitted is not proved")?;
        if let Some(block) = block {
            write!(f, " in {block}")?;
        }
        if let Some(image) = image {
            write!(f, " (emitted: {image})")?;
        }
        write!(f, ": {rule}: {what}")
    }
}

impl std::error::Error for Rejection {}

/// A rule that is broken, while the place is known to the caller.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) rule: Rule,
    pub(super) what: String,
}

pub(super) type Verdict<T = ()> = Result<T, Fault>;

impl Fault {
    #[cold]
    pub(super) fn new(rule: Rule, what: impl Into<String>) -> Fault {
        Fault { rule, what: what.into() }
    }
}

/// The rule is broken unless the condition holds.
macro_rules! demand {
    ($condition:expr, $rule:ident, $($what:tt)*) => {
        if !$condition {
            return Err($crate::emitted::error::Fault::new(
                $crate::emitted::error::Rule::$rule,
                format!($($what)*),
            ));
        }
    };
}
pub(super) use demand;
