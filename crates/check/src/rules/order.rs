//! The arithmetic of facts: edges `(a << shift) + d ≤ b` over the integers, bounds, readings.
//!
//! A value is a word `(sym << shift) + add` modulo 2^64. Its *reading* is an integer that is equal
//! to it as an unsigned number; there is one where the bounds of the symbol show that nothing
//! wraps. Derivations (D2 and D4 of `tests/lemmas/derive.rs`) are chains of these functions.

use crate::value::{Sym, Value};
use crate::word::{Int, Word};

/// A value that is read as an integer: `(sym << shift) + add`, shown to be at least 0 and below
/// 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<I = i128> {
    /// The symbol.
    pub sym: Sym,
    /// How far it is shifted: 0 to 3.
    pub shift: u8,
    /// The constant.
    pub add: I,
}

/// An edge, as the bounds of one symbol see it.
#[derive(Clone, Copy, Debug)]
pub enum Edge<W: Word> {
    /// `(sym << shift) + d ≤ b` for some `b ≤ hi`.
    Above {
        /// The most that the other side is.
        hi: W,
        /// The distance.
        d: W::Int,
        /// The shift.
        shift: u8,
    },
    /// `(a << shift) + d ≤ sym` for some `a ≥ lo`.
    Below {
        /// The least that the other side is.
        lo: W,
        /// The distance.
        d: W::Int,
        /// The shift.
        shift: u8,
    },
}

/// The bounds of a symbol, both inclusive: those of its definition, narrowed by edges. Where the
/// edges contradict each other, any bounds do.
#[inline]
pub fn bounds<W: Word>(def: (W, W), edges: impl Iterator<Item = Edge<W>>) -> (W, W) {
    let (mut lo, mut hi) = (def.0.unsigned(), def.1.unsigned());
    for edge in edges {
        match edge {
            Edge::Above { hi: most, d, shift } => {
                let most =
                    planted!(BoundForgetsDistance, most.unsigned().minus(d), most.unsigned());
                let by = planted!(BoundForgetsShift, u32::from(shift.min(3)), 3);
                hi = hi.lesser(most.floor(by));
            }
            Edge::Below { lo: least, d, shift } => lo = lo.greater(least.scaled(shift).plus(d)),
        }
    }
    let none = if hi < W::Int::number(0) { W::ZERO } else { def.1 };
    (W::of(lo).unwrap_or(def.0), W::of(hi).unwrap_or(none))
}

/// A number as an integer: the constant that its reading has, and its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<I> {
    /// The constant of the reading.
    pub add: I,
    /// The least that it is.
    pub lo: I,
    /// The most that it is.
    pub hi: I,
}

/// The reading of `(sym << shift) + add`, where the symbol's bounds show that it does not wrap;
/// `add` is read as a signed word first, then as an unsigned one.
#[inline]
pub fn whole<W: Word>((lo, hi): (W, W), shift: u8, add: W) -> Option<Whole<W::Int>> {
    for add in [add.signed(), add.unsigned()] {
        let (lo, hi) = (lo.scaled(shift).plus(add), hi.scaled(shift).plus(add));
        let fits = planted!(WrappedReading, hi <= W::MAX.unsigned(), true);
        if lo >= W::Int::number(0) && fits {
            return Some(Whole { add, lo, hi });
        }
    }
    None
}

/// The distance of the edge that says `a + more ≤ b`, for two readings.
#[inline]
pub fn distance<I: Int>(a: Reading<I>, more: I, b: Reading<I>) -> I {
    planted!(DistanceTurned, a.add.minus(b.add), b.add.minus(a.add)).plus(more)
}

/// The distance of the edge `d' ≤ b` that `d ≤ b << shift` says: `⌈d / 2^shift⌉`.
#[inline]
pub fn unshifted<I: Int>(d: I, shift: u8) -> I {
    let none = I::number(0);
    let up = planted!(UnshiftedRoundsTooFar, none, I::number(-1));
    none.minus(none.minus(d).plus(up).floor(u32::from(shift.min(3))))
}

/// Whether the least and the most show that `a + more ≤ b` cannot be.
#[inline]
pub fn cannot<I: Int>(least: I, more: I, most: I) -> bool {
    least.plus(more) > most
}

/// Whether two readings of one symbol show that `a + more ≤ b` is false for every value of the
/// symbol.
#[inline]
pub fn never<I: Int>(a: Reading<I>, more: I, b: Reading<I>) -> bool {
    let least = a.add.plus(more);
    let above = planted!(NeverIsNotStrict, least > b.add, least >= b.add);
    a.sym == b.sym && a.shift == b.shift && above
}

/// Whether the bound `hi` of its symbol shows that a reading is at most `least`.
#[inline]
pub fn within_least<W: Word>(of: Reading<W::Int>, hi: W, least: W) -> bool {
    hi.scaled(of.shift).plus(of.add) <= least.unsigned()
}

/// Whether a reading of a symbol that is a length which was read is at most the present length.
#[inline]
pub fn within_length<I: Int>(of: Reading<I>) -> bool {
    of.shift == 0 && of.add <= planted!(LengthPlusOne, I::number(0), I::number(1))
}

/// Whether the edge `(a << shift) + d ≤ extent` shows that a reading, whose symbol is at most `hi`,
/// is at most the extent. A constant's edge serves every symbol that is at most that constant.
#[inline]
pub fn within_edge<W: Word>(of: Reading<W::Int>, hi: W, (a, shift, d): (Sym, u8, W::Int)) -> bool {
    let same = planted!(EdgeOfAnotherShift, shift == of.shift, true);
    (a == of.sym && same && of.add <= d)
        || (a == Sym::ZERO && of.add.plus(hi.scaled(of.shift)) <= d)
}

/// Whether all numbers of a range lie between two words; what any word is needs no range.
#[inline]
pub fn lies_in<W: Word>(
    (lo, hi): (W, W),
    range: impl FnOnce() -> Option<(W::Int, W::Int)>,
) -> bool {
    (lo == W::ZERO && hi == W::MAX)
        || range().is_some_and(|(l, h)| l >= lo.unsigned() && h <= hi.unsigned())
}

/// The word that a symbol of no more than a half is not if its sum with a constant has another low
/// half than 0.
#[inline]
pub fn half_apart<W: Word>(add: W) -> W {
    let word = W::ZERO.wrapping_sub(add);
    planted!(HalfApartIsWhole, word.and(W::LOW_MAX), word)
}

/// The consequence of `number ≠ constant` for a symbol: `symbol + add ≠ constant` modulo 2^64 gives
/// `symbol ≠ constant - add`, also where the sum wraps.
#[inline]
pub fn apart<W: Word>(number: Value<W>, constant: W) -> (Value<W>, W) {
    if number.base == crate::value::Base::None && number.shift == 0 {
        let rest = planted!(UnequalForgetsConstant, constant.wrapping_sub(number.add), constant);
        return (Value::symbol(number.sym), rest);
    }
    (number, constant)
}

/// N4: the number that is not 0 where another one is not this word.
#[inline]
pub fn word_apart<W: Word>(number: Value<W>, word: W) -> Value<W> {
    number.plus(planted!(WordIsForgotten, W::ZERO.wrapping_sub(word), W::ZERO))
}
