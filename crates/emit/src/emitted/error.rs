//! Why emitted bytes were refused: which function, where in its body and in its image, which rule.

use prova_module::FuncIdx;
use prova_ssa::{Refused, Where};

prova_ssa::rules! {
    /// A rule of the proof; the text of each is in [`crate::emitted`].
    Rule: "what was emitted is not proved", is_bug: false;
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
pub type Rejection = Refused<Rule>;

/// A function that is refused as a whole.
pub(crate) fn whole(func: FuncIdx, rule: Rule, what: impl Into<String>) -> Rejection {
    Refused { func, place: Where::default(), rule, what: what.into() }
}

/// A function that should have its bytes, and has others.
pub(crate) fn not_copied(func: FuncIdx) -> Rejection {
    whole(func, Rule::Module, "it is not what it was")
}

/// A rule that is broken, while the place is known to the caller.
pub(crate) type Fault = prova_ssa::fault::Fault<Rule>;

pub(crate) type Verdict<T = ()> = Result<T, Fault>;
