//! The arithmetic of sums of two symbols that do not wrap, and of addresses of elements (K1 to K3
//! of `counts`, C4 of `claims`, H1 of `hosted`).
//!
//! A sum is over the integers: with a symbol `s` of `x` and `y`, `s = (x << i) + (y << j)`.

use super::order::Reading;
use crate::value::{Base, Sym, Value};
use crate::word::{Int, Word};

/// The bounds of a symbol, and how far it is shifted.
pub type Bounded<W> = ((W, W), u8);

/// H1: the bounds of a sum, if they show that it does not wrap.
#[inline]
pub fn bounds_of_sum<W: Word>((a, i): Bounded<W>, (b, j): Bounded<W>) -> Option<(W, W)> {
    let hi = W::of(a.1.scaled(i).plus(b.1.scaled(j)));
    let hi = planted!(SumWraps, hi, Some(W::MAX))?;
    let lo = W::of(a.0.scaled(i).plus(b.0.scaled(j))).unwrap_or(W::ZERO);
    Some((lo, hi))
}

/// C4: the rest of a number beside a part of it, if the symbol of one is the sum of the other's
/// symbol and of `other`, shifted.
#[inline]
pub fn rest<W: Word>(sum: Value<W>, part: Value<W>, (other, shift): (Sym, u8)) -> Option<Value<W>> {
    let plain = planted!(RestForgetsShift, shift == 0, true);
    plain.then(|| Value::symbol(other).plus(sum.add.wrapping_sub(part.add)))
}

/// C4: of the numbers that are the same when they are shifted the one whose constant is nearest to
/// 0.
#[inline]
pub fn least_shifted<W: Word>(own: Value<W>, shift: u8) -> Value<W> {
    let by = u32::from(shift.min(3));
    Value { add: halved(own.add.shl(by), by), ..own }
}

/// A word shifted right, with its sign.
fn halved<W: Word>(word: W, by: u32) -> W {
    let none = W::Int::number(0);
    let number = word.signed().floor(by);
    let least = |n| W::of(n).unwrap_or(W::ZERO);
    if number < none { W::ZERO.wrapping_sub(least(none.minus(number))) } else { least(number) }
}

/// K1: the number of elements of `2^shift` bytes that one address is not behind another one, where
/// the words `(p << shift) + k` and `(q << shift) + l` are not equal; `more` is `l - k`. None if
/// that says nothing of `q - p`.
#[inline]
pub fn steps<W: Word>(more: W, shift: u8) -> Option<W> {
    let (none, by) = (W::Int::number(0), u32::from(shift.min(4)));
    if planted!(StepIsCut, more.lowest(by) != W::ZERO, false) {
        return None;
    }
    let before = more.signed().floor(by);
    let steps = none.minus(before);
    W::of(planted!(StepBackIsStep, steps, steps.greater(before)))
}

/// K2: the sum of the address of an element and a number of elements, which has the shift of both;
/// its symbol is still the base's, and has to be the sum of both symbols.
#[inline]
pub fn elements<W: Word>(base: Value<W>, index: Value<W>) -> Option<Value<W>> {
    let same = planted!(SumForgetsShift, base.shift == index.shift, true);
    let table = matches!(base.base, Base::Table(_)) && index.base == Base::None;
    (table && same).then(|| base.plus(index.add))
}

/// K3: the distance that a sum is at least from one part, for the least of the other part; none if
/// that is 0. Only of parts that are not shifted.
#[inline]
pub fn above_part<W: Word>(shift: u8, (lo, by): (W, u8)) -> Option<W::Int> {
    let plain = shift == 0 && by == 0 && lo != W::ZERO;
    let d = lo.unsigned();
    plain.then(|| planted!(SumIsFarAbove, d, d.plus(W::Int::number(1))))
}

/// K3: the reading of a sum that bounds a reading of a part, for `part + d ≤ sum`.
#[inline]
pub fn by_sum<I: Int>(of: Reading<I>, (sum, d): (Sym, I)) -> Reading<I> {
    let above = planted!(SumIsBesideIt, d, d.plus(I::number(1)));
    Reading { sym: sum, shift: 0, add: of.add.minus(above) }
}

/// K4: the sum of the address of an element of a segment and a number by 16, of which these are the
/// parts; its symbol is the number's, or still the base's, and then has to be the sum of both.
#[inline]
pub fn segment_sum<W: Word>(
    base: Value<W>,
    number: Value<W>,
    (part, other): ((Sym, u8), (Sym, u8)),
) -> Option<Value<W>> {
    let twice = planted!(PartsOfTwoSymbols, part == other, part.1 == other.1);
    let by_16 = twice && planted!(PartIsByFour, part.1 == 3, true);
    let whole = base.sym == Sym::ZERO || planted!(SegmentForgetsShift, base.shift == 4, true);
    let plain = number.base == Base::None && planted!(NumberIsShifted, number.shift == 0, true);
    let sym = if base.sym == Sym::ZERO { part.0 } else { base.sym };
    let add = base.add.wrapping_add(number.add);
    (by_16 && whole && plain).then_some(Value { base: base.base, sym, shift: 4, add })
}

/// K5: the reading of a part of a sum that is no less than the sum's, for the most of the other
/// part.
#[inline]
pub fn by_part<W: Word>(
    of: Reading<W::Int>,
    (part, by): (Sym, u8),
    (hi, shift): (W, u8),
) -> Option<Reading<W::Int>> {
    let plain = planted!(SumIsShifted, of.shift == 0, true);
    let add = of.add.plus(planted!(OtherPartIsNone, hi.scaled(shift), W::Int::number(0)));
    plain.then_some(Reading { sym: part, shift: by, add })
}

/// The address that is `number` elements of an element segment, and `add` bytes, behind the
/// segment's first element.
#[inline]
pub fn passive_element<W: Word>(number: Value<W>, base: Base, add: W) -> Option<Value<W>> {
    let whole = planted!(ShiftedIsNumber, number.shift == 0, true);
    let plain = is_segment(base) && number.base == Base::None && whole;
    let shift = if number.sym == Sym::ZERO { 0 } else { 4 };
    let add = times_16(number.add).wrapping_add(add);
    plain.then_some(Value { base, sym: number.sym, shift, add })
}

/// The number of elements that an address is behind the first one and `add` bytes.
#[inline]
pub fn passive_number<W: Word>(to: Value<W>, base: Base, add: W) -> Option<Value<W>> {
    let is = is_segment(base) && to.base == base;
    let whole = to.sym == Sym::ZERO || planted!(AnyShiftIsElements, to.shift == 4, true);
    let rest = to.add.wrapping_sub(add);
    let cut = planted!(SolvedIsCut, rest.lowest(ELEMENT) == W::ZERO, true);
    (is && whole && cut).then(|| Value::symbol(to.sym).plus(halved(rest, ELEMENT)))
}

/// Whether addresses with a base are of elements of a segment.
pub fn is_segment(base: Base) -> bool {
    matches!(base, Base::Elements(_) | Base::MaybeElements(_))
}

/// The shift of an element of a segment: it has 16 bytes.
const ELEMENT: u32 = 4;

fn times_16<W: Word>(word: W) -> W {
    word.shl(ELEMENT)
}
