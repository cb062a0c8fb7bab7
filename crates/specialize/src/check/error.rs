//! Why a specialised function was refused: in which block, by which rule.

use prova_ssa::Block;
use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// A rule of the proof; the text of each is in [`crate::check`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$doc])* $name),* }

        impl Rule {
            /// All rules in their order.
            pub const ALL: &[Rule] = &[$(Rule::$name),*];
        }

        impl fmt::Display for Rule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Rule::$name => $text),* })
            }
        }
    };
}

rules! {
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

/// A specialised function that is not proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The block of the specialised function.
    pub block: Block,
    /// The offset, in the original module, of what the generic function does there.
    pub offset: u32,
    /// The rule.
    pub rule: Rule,
    /// The breach, in words.
    pub what: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rejection { block, offset, rule, what } = self;
        write!(f, "the specialised function is not proved in {block}, at {offset:#x}: ")?;
        write!(f, "{rule}: {what}")
    }
}

impl std::error::Error for Rejection {}

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
