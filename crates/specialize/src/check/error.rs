//! Why a specialised function was refused: of which generic function, in which block, which rule.

use prova_ssa::Refused;

prova_ssa::rules! {
    /// A rule of the proof; the text of each is in [`crate::check`].
    Rule: "the specialised function is not proved", is_bug: false;
    /// S1: the certificate fits both bodies.
    Form = "form";
    /// S2: the entry compares constant arguments.
    Entry = "entry";
    /// S3: the same effects in the same order.
    Effects = "effects";
    /// S4: operands are equal terms.
    Operands = "operands";
    /// S5: blocks end alike.
    Control = "control";
    /// S6: edges lead to the places that the generic function's lead to.
    Targets = "targets";
    /// S7: what a row says holds on each edge.
    State = "state";
    /// S8: intrinsics mean what they mean.
    Intrinsics = "intrinsics";
    /// S9: stores that were put off are done.
    Cells = "cells";
    /// S10: constant memory is what was compared.
    Memory = "memory";
    /// S12: the proof takes a limited number of steps.
    Size = "size";
}

/// A specialised function that is not proved. Named are the generic function, the offset of its
/// operator, and the block of the specialised function.
pub type Rejection = Refused<Rule>;

/// A rule that is broken, while the place is known to the caller.
pub(super) type Fault = (Rule, String);

pub(super) type Verdict<T = ()> = Result<T, Fault>;

/// A rule is broken unless the condition holds.
macro_rules! demand {
    ($condition:expr, $rule:ident, $($what:tt)*) => {
        if !$condition {
            return Err(($crate::check::error::Rule::$rule, format!($($what)*)));
        }
    };
}
pub(super) use demand;
