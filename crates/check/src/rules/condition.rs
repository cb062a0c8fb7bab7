//! The relation between two numbers that a condition on their flags states.
//!
//! A comparison of two words (zero-extended, for 32-bit comparisons) leaves the carry flag where
//! the first is below the second, and the zero flag where they are equal. Only unsigned conditions
//! state something here; the flags of a sum state whether it had a carry.

use crate::state::Flags;
use crate::value::Value;
use crate::word::Word;
use crate::x64::Condition;

/// A relation that holds over the integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<W = u64> {
    /// Nothing that is known.
    Nothing,
    /// `a + more ≤ b`; `more` is 0 or 1.
    Order(Value<W>, i64, Value<W>),
    /// The two words are equal.
    Equal(Value<W>, Value<W>),
    /// The two words are not equal.
    Unequal(Value<W>, Value<W>),
    /// The sum of the two words had no carry.
    NoCarry(Value<W>, Value<W>),
}

/// The relation that follows where a condition holds (or, for `holds` false, does not).
#[inline]
pub fn said<W: Word>(flags: Flags<W>, condition: Condition, holds: bool) -> Said<W> {
    let zero = Value::constant(W::ZERO);
    let (a, b) = match flags {
        Flags::Unknown | Flags::Floats(_) => return Said::Nothing,
        Flags::Compare(a, b) | Flags::Converted(a, b) => (a, b),
        Flags::Zero(value) => {
            return match (condition, holds) {
                (Condition::Equal, true) | (Condition::NotEqual, false) => Said::Equal(value, zero),
                (Condition::Equal, false) | (Condition::NotEqual, true) => {
                    Said::Unequal(value, zero)
                }
                _ => planted!(ZeroOrders, Said::Nothing, Said::Order(value, 0, zero)),
            };
        }
        Flags::Sum(a, b) => {
            let no_carry = match condition {
                Condition::Below => !holds,
                Condition::AboveEqual => holds,
                Condition::NotEqual => planted!(EqualIsNoCarry, false, !holds),
                _ => planted!(AboveIsNoCarry, false, condition == Condition::Above),
            };
            return if no_carry { Said::NoCarry(a, b) } else { Said::Nothing };
        }
    };
    let more = planted!(NotBelowIsAbove, 0, 1);
    match (condition, holds) {
        (Condition::Below, true) | (Condition::AboveEqual, false) => Said::Order(a, 1, b),
        (Condition::Below, false) | (Condition::AboveEqual, true) => Said::Order(b, more, a),
        (Condition::BelowEqual, true) | (Condition::Above, false) => Said::Order(a, 0, b),
        (Condition::BelowEqual, false) | (Condition::Above, true) => Said::Order(b, 1, a),
        (Condition::Equal, true) | (Condition::NotEqual, false) => Said::Equal(a, b),
        (Condition::Equal, false) | (Condition::NotEqual, true) => Said::Unequal(a, b),
        _ => Said::Nothing,
    }
}

/// The value and the most that it is, if its sum with a constant had no carry.
#[inline]
pub fn without_carry<W: Word>(a: Value<W>, b: Value<W>) -> Option<(Value<W>, Value<W>)> {
    let (value, constant) = match (a.as_constant(), b.as_constant()) {
        (_, Some(k)) => (a, k),
        (Some(k), None) => (b, k),
        (None, None) => return None,
    };
    Some((value, Value::constant(W::MAX.wrapping_sub(constant))))
}
