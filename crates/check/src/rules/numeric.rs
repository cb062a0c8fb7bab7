//! The results of operations on registers.
//!
//! Operands are zero-extended from the width of the operation (`cut` for immediates, [`low`] for
//! registers), and results are narrowed to it where they are written, by [`low`] again: 32-bit
//! results zero-extend. Results of 1 and 2 bytes are not known; comparisons are of any width.

use super::order::Whole;
use crate::state::Flags;
use crate::value::Value;
use crate::word::{Int, Word};
use crate::x64::Alu;

/// The result of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<W = u64> {
    /// An unknown number.
    Unknown,
    /// This value.
    Is(Value<W>),
    /// A new number between these bounds, both inclusive.
    Between(W, W),
}

impl<W: Word> Outcome<W> {
    fn of(value: Option<Value<W>>) -> Outcome<W> {
        value.map_or(Outcome::Unknown, Outcome::Is)
    }
}

/// The least and the most of a number, if it has a reading.
pub type Range<W> = Option<(<W as Word>::Int, <W as Word>::Int)>;

/// A reading's range.
pub fn range<I>(whole: Option<Whole<I>>) -> Option<(I, I)> {
    whole.map(|whole| (whole.lo, whole.hi))
}

/// The result of a binary operation, and what the flags then are. Both operands are zero-extended
/// from `bytes`; sums and differences are modular and narrowed when written.
pub fn arithmetic<W: Word>(
    (alu, bytes): (Alu, u32),
    (a, b): (Value<W>, Value<W>),
    range: impl Fn(Value<W>) -> Range<W>,
) -> (Outcome<W>, Flags<W>) {
    let wide = bytes == 8;
    let unknown = (Outcome::Unknown, Flags::Unknown);
    if bytes < 4 {
        return unknown;
    }
    match alu {
        Alu::Add => {
            let flags = if wide { Flags::Sum(a, b) } else { Flags::Unknown };
            (Outcome::of(a.sum(b)), flags)
        }
        Alu::Sub => (Outcome::of(a.difference(b)), Flags::Compare(a, b)),
        Alu::Xor if a == b => {
            let result = planted!(XorKeepsValue, Value::constant(W::ZERO), a);
            (Outcome::Is(result), Flags::Unknown)
        }
        Alu::And if a == b => (Outcome::Is(a), Flags::Compare(a, Value::constant(W::ZERO))),
        Alu::And => {
            let result = match (a.as_constant(), b.as_constant()) {
                (Some(x), Some(y)) => Outcome::Is(Value::constant(x.and(y))),
                _ => Outcome::Between(W::ZERO, and_most::<W>(range(a), range(b))),
            };
            (result, Flags::Unknown)
        }
        Alu::Or if a.as_constant() == Some(W::ZERO) => (Outcome::Is(b), Flags::Unknown),
        Alu::Or | Alu::Xor if b.as_constant() == Some(W::ZERO) => (Outcome::Is(a), Flags::Unknown),
        // A number with bits of a constant set is no less than it.
        Alu::Or if let Some(k) = a.as_constant().or(b.as_constant()) => {
            let hi = if planted!(OrOfHalves, wide, false) { W::MAX } else { W::LOW_MAX };
            (Outcome::Between(k, hi), Flags::Unknown)
        }
        Alu::ShiftLeft => {
            let count = shift_count(b, bytes);
            let result = match count.and_then(|n| a.shifted(n)) {
                Some(value) => Outcome::Is(value),
                None => count.and_then(|n| shifted_most(range(a)?, n)).unwrap_or(Outcome::Unknown),
            };
            (result, Flags::Unknown)
        }
        Alu::ShiftRight => {
            let hi = range(a).zip(shift_count(b, bytes)).map(|((_, hi), n)| hi.floor(n));
            let result = match hi.and_then(W::of) {
                Some(hi) => Outcome::Between(W::ZERO, hi),
                None => Outcome::Unknown,
            };
            (result, Flags::Unknown)
        }
        Alu::Or
        | Alu::Xor
        | Alu::Carry
        | Alu::Rotate
        | Alu::DoubleShift
        | Alu::Unary
        | Alu::Not
        | Alu::Negate => unknown,
    }
}

/// A number that is shifted further than values are, if all its bits stay.
fn shifted_most<W: Word>((_, hi): (W::Int, W::Int), by: u32) -> Option<Outcome<W>> {
    let hi = W::of(hi)?;
    let most = planted!(ShiftLeftLosesBits, W::MAX.shr(by), W::MAX);
    (hi <= most).then(|| Outcome::Between(W::ZERO, hi.shl(by)))
}

/// The most that the bits are which two numbers share: no more than either.
fn and_most<W: Word>(a: Range<W>, b: Range<W>) -> W {
    let hi = match (a, b) {
        (Some((_, x)), Some((_, y))) => {
            planted!(AndIsLess, x.lesser(y), x.lesser(y).minus(W::Int::number(1)))
        }
        (Some((_, x)), None) | (None, Some((_, x))) => x,
        (None, None) => W::MAX.unsigned(),
    };
    W::of(hi).unwrap_or(W::MAX)
}

/// The bounds of a number that is one of two.
pub fn either<W: Word>(a: (W::Int, W::Int), b: (W::Int, W::Int)) -> (W, W) {
    let least = planted!(ArmOfSelectForgotten, a.0.lesser(b.0), a.0);
    let most = a.1.greater(b.1);
    (W::of(least).unwrap_or(W::ZERO), W::of(most).unwrap_or(W::MAX))
}

/// The low half of a word, zero-extended, if it is a value that is known: a constant's, or a number
/// that has no more.
#[inline]
pub fn low<W: Word>(value: Value<W>, range: impl FnOnce() -> Range<W>) -> Option<Value<W>> {
    if let Some(constant) = value.as_constant() {
        return Some(Value::constant(constant.and(W::LOW_MAX)));
    }
    let most = planted!(LowHalfKeepsMore, W::LOW_MAX, W::MAX);
    range().is_some_and(|(_, hi)| hi <= most.unsigned()).then_some(value)
}

/// The parts of a value that determine its low half, for one symbol (S2): the shift, and the
/// constant's low half.
pub fn half_of<W: Word>(value: Value<W>) -> (u8, W) {
    (planted!(HalfForgetsShift, value.shift, 0), value.add.and(W::LOW_MAX))
}

/// A number with the same low half, whose constant has no more.
pub fn of_low_half<W: Word>(value: Value<W>) -> Value<W> {
    Value { add: half_of(value).1, ..value }
}

/// The flags after `cmp`, and after `test` of a number with itself. Both operands are zero-extended
/// from the width of the operation, at any width.
#[inline]
pub fn compared<W: Word>(test: bool, (a, b): (Value<W>, Value<W>)) -> Flags<W> {
    match test {
        false => Flags::Compare(a, b),
        true if a == b => Flags::Compare(a, Value::constant(W::ZERO)),
        true => Flags::Unknown,
    }
}

/// An immediate cut to the width of the operation; other values have theirs already.
#[inline]
pub fn cut<W: Word>(value: Value<W>, bytes: u32) -> Value<W> {
    let bits = match bytes {
        4 => W::LOW_MAX,
        2 => W::number(0xffff),
        1 => planted!(NarrowIsWhole, W::number(0xff), W::MAX),
        _ => return value,
    };
    match value.as_constant() {
        Some(k) => Value::constant(k.and(bits)),
        None => value,
    }
}

/// The count of a shift by a constant, as the processor masks it.
fn shift_count<W: Word>(value: Value<W>, bytes: u32) -> Option<u32> {
    let bits = if bytes == 8 { W::BITS } else { W::BITS >> 1 };
    let mask = planted!(ShiftRightCountUnmasked, bits.saturating_sub(1), 255);
    value.as_constant().map(|n| n.count(mask))
}

/// An operation on a word, of which the result may be 0 with that alone.
#[derive(Clone, Copy, Debug)]
pub enum Alone<W = u64> {
    /// `0 - word`.
    Negated,
    /// The product by this constant.
    Times(W),
    /// Extended with its sign from that many bytes.
    Extended(u32),
}

/// N3, N5: whether a result of `bytes` bytes is 0 only where the operand is.
#[inline]
pub fn zero_alone<W: Word>(of: Alone<W>, bytes: u32) -> bool {
    match of {
        Alone::Negated => bytes >= 4,
        Alone::Times(by) => planted!(EvenIsOdd, by.lowest(1) != W::ZERO, true),
        Alone::Extended(from) => from <= bytes,
    }
}

/// P12: whether the word for the fuel, `!f` of the fuel `f` that is left, is more than it was by a
/// constant, without a carry; `most` is the greatest that it was.
pub fn charged<W: Word>(was: Value<W>, now: Value<W>, most: W::Int) -> bool {
    let charge = now.difference(was).and_then(Value::as_constant);
    let fits = |k: W| most <= W::MAX.wrapping_sub(k).unsigned();
    charge.is_some_and(|k| k > W::ZERO && planted!(ChargeWraps, fits(k), true))
}
