//! Why a pass's body was refused: which function, in which block of the new body, which rule.

use crate::refused::Refused;
use crate::relate::walk::Broken;

rules! {
    /// A rule of the check of passes; the text of each is in `replace`.
    PassRule: "the new body is not proved equal to the old one", is_bug: true;
    /// Q1: the new body is well formed, and of the same function and metering.
    Form = "form";
    /// Q2: each block of the new body starts with one of the old; none of those is walked twice.
    Blocks = "blocks";
    /// Q3: a parameter of the new body is a value that is in scope where its block starts.
    Scope = "scope";
    /// Q4: a block that edges pass over is pure, and its values are used in it alone.
    Threaded = "threaded";
    /// Q5: what is claimed of a parameter is in scope, and holds on every edge.
    Claims = "claims";
    /// Q6: a trap that is gone is covered by an equal one that comes before it on every way.
    Covers = "covers";
    /// Q7: effects are the same, in the same order.
    Effects = "effects";
    /// Q8: operands of effects and of terminators are equal.
    Operands = "operands";
    /// Q9: an effect that is gone changes nothing and cannot trap.
    Removal = "removal";
    /// Q10: blocks end alike.
    Control = "control";
    /// Q11: edges lead to the same place.
    Targets = "targets";
    /// Q12: arguments are what the parameters stand for.
    Arguments = "arguments";
    /// Q13: places of traps and calls are the same.
    Offsets = "offsets";
    /// Q15: what a store wrote that is gone is overwritten before anything sees it.
    Dying = "dying";
    /// Q14: the proof takes a limited number of steps.
    Size = "size";
}

impl PassRule {
    /// The rule that a rule of the walk is.
    pub(crate) fn of(broken: Broken) -> PassRule {
        match broken {
            Broken::Effects => PassRule::Effects,
            Broken::Operands | Broken::Unknown => PassRule::Operands,
            Broken::Results => PassRule::Form,
            Broken::Control => PassRule::Control,
            Broken::Offsets => PassRule::Offsets,
        }
    }
}

/// A new body that is not proved equal to the old one: a bug of the pass, or of its check.
pub type PassRejection = Refused<PassRule>;

/// A rule that is broken, while the place is known to the caller.
pub(crate) type Fault = crate::fault::Fault<PassRule>;

pub(crate) type Verdict<T = ()> = Result<T, Fault>;
