//! A rule that a proof finds broken, while only its caller knows the place: the part that the
//! proofs of this crate ([`crate::check`], [`crate::replace`]) share with the proof of emission.
//!
//! Each has its own rules (`rules!`); a [`Refused`] adds the place. A fault is one word, so that a
//! verdict is no larger than its result.

use crate::budget::Overspent;
use crate::refused::{Refused, Rules, Where};
use prova_module::FuncIdx;
use std::fmt;

/// A rule that is broken, and what breaks it.
#[derive(Debug)]
pub struct Fault<R>(Box<(R, String)>);

impl<R> Fault<R> {
    /// A rule, and what breaks it.
    #[cold]
    pub fn new(rule: R, what: impl Into<String>) -> Fault<R> {
        Fault(Box::new((rule, what.into())))
    }

    /// As [`Fault::new`], out of the way of the code that demands.
    #[cold]
    #[inline(never)]
    pub fn broken(rule: R, what: fmt::Arguments<'_>) -> Fault<R> {
        Fault::new(rule, what.to_string())
    }

    /// The same words for another rule.
    #[cold]
    pub fn of(self, rule: R) -> Fault<R> {
        Fault::new(rule, self.0.1)
    }

    /// The refusal of a function, now that the place is known.
    #[cold]
    pub fn at(self, func: FuncIdx, place: Where) -> Refused<R> {
        let (rule, what) = *self.0;
        Refused { func, place, rule, what }
    }
}

impl<R: Rules> From<Overspent> for Fault<R> {
    #[cold]
    fn from(over: Overspent) -> Fault<R> {
        Fault::new(R::SIZE, over.to_string())
    }
}

/// A rule of the type `Rule` that is in scope is broken unless the condition holds.
#[macro_export]
macro_rules! demand {
    ($condition:expr, $rule:ident, $($what:tt)*) => {
        if !$condition {
            return Err($crate::fault::Fault::broken(Rule::$rule, format_args!($($what)*)));
        }
    };
}
