//! A rule that a proof finds broken, while only its caller knows the place: the part that the three
//! proofs of this crate ([`crate::check`], [`crate::passes`], [`crate::emitted`]) share.
//!
//! Each has its own rules (`rules!`), and a rejection that adds the place. A fault is one word, so
//! that a verdict is no larger than its result.

use std::fmt;

/// A rule that is broken, and what breaks it.
#[derive(Debug)]
pub(crate) struct Fault<R>(Box<(R, String)>);

impl<R> Fault<R> {
    #[cold]
    pub(crate) fn new(rule: R, what: impl Into<String>) -> Fault<R> {
        Fault(Box::new((rule, what.into())))
    }

    /// As [`Fault::new`], out of the way of the code that demands.
    #[cold]
    #[inline(never)]
    pub(crate) fn broken(rule: R, what: fmt::Arguments<'_>) -> Fault<R> {
        Fault::new(rule, what.to_string())
    }

    /// The same words for another rule.
    #[cold]
    pub(crate) fn of(self, rule: R) -> Fault<R> {
        Fault::new(rule, self.0.1)
    }

    /// The rule, and what breaks it.
    pub(crate) fn into_parts(self) -> (R, String) {
        *self.0
    }
}

/// The rules of a proof, each with its name in messages: the type, its `ALL`, its `Display`.
macro_rules! rules {
    (
        $(#[$whole:meta])* $type:ident;
        $($(#[$doc:meta])* $name:ident = $text:literal;)*
    ) => {
        $(#[$whole])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($(#[$doc])* $name),* }

        impl $type {
            /// All rules in their order.
            pub const ALL: &[$type] = &[$($type::$name),*];
        }

        impl From<prova_terms::budget::Overspent> for $crate::fault::Fault<$type> {
            #[cold]
            fn from(over: prova_terms::budget::Overspent) -> Self {
                $crate::fault::Fault::new($type::Size, over.to_string())
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($type::$name => $text),* })
            }
        }
    };
}

/// A rule of the type `Rule` that is in scope is broken unless the condition holds.
macro_rules! demand {
    ($condition:expr, $rule:ident, $($what:tt)*) => {
        if !$condition {
            return Err($crate::fault::Fault::broken(Rule::$rule, format_args!($($what)*)));
        }
    };
}
