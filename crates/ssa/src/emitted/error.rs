//! Why emitted bytes were refused: which function, where in its body and in its image, which rule.

use crate::entity::Block;
use prova_module::FuncIdx;
use std::fmt;

rules! {
    /// A rule of the proof; the text of each is in [`crate::emitted`].
    Rule;
    /// E1: both modules are the same except bodies.
    Module = "module";
    /// E2: the bytes have a proved SSA form.
    Image = "image";
    /// E3: the same effects in the same order, each once.
    Effects = "effects";
    /// E4: operands are equal terms.
    Operands = "operands";
    /// E5: blocks end alike.
    Control = "control";
    /// E6: edges lead to the same places.
    Targets = "targets";
    /// E7: arguments are equal terms.
    Arguments = "arguments";
    /// E8: exceptions are caught by the same clauses.
    Handlers = "handlers";
    /// E9: within limits.
    Size = "size";
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
    /// The fault that breaks it.
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
pub(super) type Fault = crate::fault::Fault<Rule>;

pub(super) type Verdict<T = ()> = Result<T, Fault>;
