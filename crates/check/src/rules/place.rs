//! The rules of an access: sums of addresses, and the derivations from bounds and edges to a place.

use super::order::Reading;
use crate::value::{Sym, Value};
use crate::word::{Int, Word};

/// The modular sum `base + (index << shift) + disp` that an address is, where it has the form of a
/// value.
#[inline]
pub fn address<W: Word>(
    base: Value<W>,
    index: Option<(Value<W>, u8)>,
    disp: W,
) -> Option<Value<W>> {
    let sum = match index {
        Some((index, 0)) => base.sum(index)?,
        Some((index, shift)) => base.sum(index.shifted(u32::from(shift))?)?,
        None => base,
    };
    Some(sum.plus(disp))
}

/// The word of a sum of a symbol and a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordOf<W = u64> {
    /// How far the symbol is shifted.
    pub shift: u8,
    /// The constant.
    pub add: W,
    /// The symbol of the word `(symbol << shift) + add` modulo 2^64.
    pub word: Sym,
}

/// A sum of a symbol by the word of another sum of it, shifted as much more: what is left is a
/// distance from that word.
#[inline]
pub fn by_word<W: Word>(to: Value<W>, of: WordOf<W>) -> Option<Value<W>> {
    let shift = to.shift.checked_sub(of.shift)?;
    let add = planted!(WordForgetsShift, of.add.shl(u32::from(shift)), of.add);
    let add = planted!(WordIsSymbol, to.add.wrapping_sub(add), to.add);
    Some(Value { base: to.base, sym: of.word, shift, add })
}

/// Where an access to linear memory lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In the memory.
    Inside,
    /// In the memory or in what faults behind it.
    Zone,
    /// Maybe below the memory.
    Below,
    /// Maybe beyond all that belongs to it.
    Beyond,
}

/// P3: an access of `size` bytes at `to`, whose symbol lies between `lo` and `hi`, in a memory of
/// at least `min` bytes with `zone` bytes that are memory or fault. `to` is
/// base + (sym << shift) + add modulo 2^64; the integer T = (sym << shift) + add, with `add` read
/// as signed, is congruent to the distance from the base, so `0 ≤ T` and `T + size ≤ limit` place
/// the access (D1); or an edge does, which branches gave (D2, D4, D5): `within` says whether a
/// reading is at most the memory's length.
#[inline]
pub fn linear<W: Word>(
    (to, size): (Value<W>, u32),
    (lo, hi): (W, W),
    (min, zone): (W, W),
    within: impl FnOnce(Reading<W::Int>) -> bool,
) -> Reach {
    let add = to.add.signed();
    let size = W::Int::number(i64::from(size));
    let below = lo.scaled(to.shift).plus(add) < W::Int::number(0);
    if planted!(AddressBelow, below, false) {
        return Reach::Below;
    }
    let add = planted!(EndForgetsSize, add.plus(size), add);
    let end = hi.scaled(to.shift).plus(add);
    if end <= min.unsigned() {
        return Reach::Inside;
    }
    if within(Reading { sym: to.sym, shift: to.shift, add }) {
        return Reach::Inside;
    }
    if end <= zone.unsigned() { Reach::Zone } else { Reach::Beyond }
}

/// D3: whether an access of `size` bytes at `disp` behind a pointer that a conditional move made
/// lies in the `bytes` bytes from it on. Those are inside ([`linear`]) where it moved the address,
/// and elsewhere in a zone that is never mapped; so what is inside may fault.
#[inline]
pub fn masked<W: Word>((disp, size): (W, u32), bytes: W) -> bool {
    let size = W::Int::number(i64::from(size));
    let end = disp.unsigned().plus(planted!(MaskedForgetsSize, size, W::Int::number(0)));
    end <= bytes.unsigned()
}

/// P4: whether an access of 8 bytes at `to`, whose symbol is at least `lo`, is an element of a
/// table; `within` says whether a reading is at most the number of elements. The element's number
/// is the symbol by itself: its shift is an element's size.
#[inline]
pub fn element<W: Word>(to: Value<W>, lo: W, within: impl FnOnce(Reading<W::Int>) -> bool) -> bool {
    let first = to.add.signed().floor(3);
    let whole = to.add.lowest(3) == W::ZERO && (to.sym == Sym::ZERO || to.shift == 3);
    let behind = first.plus(planted!(ElementIsLength, W::Int::number(1), W::Int::number(0)));
    whole
        && lo.unsigned().plus(first) >= W::Int::number(0)
        && within(Reading { sym: to.sym, shift: 0, add: behind })
}

/// D3: the distance from the symbol of an address to the number of elements that a table has at
/// least, if the address is one of an element.
#[inline]
pub fn selected<W: Word>(to: Value<W>) -> Option<W::Int> {
    let whole = to.sym == Sym::ZERO || to.shift == 3;
    let first = to.add.signed().floor(3);
    let behind = first.plus(W::Int::number(planted!(SelectedIsBehind, 1, 2)));
    (whole && to.add.lowest(3) == W::ZERO).then_some(behind)
}

/// D6: where the entries of `size` bytes at `to` begin whose index lies between `lo` and `hi`, and
/// how many bytes they take with what lies between them.
#[inline]
pub fn entries<W: Word>(to: Value<W>, (lo, hi): (W, W), size: u32) -> (W, W::Int) {
    let first = to.add.wrapping_add(lo.shl(u32::from(to.shift.min(3))));
    let more = if hi < lo { W::ZERO } else { hi.wrapping_sub(lo) };
    let size = W::Int::number(i64::from(size));
    (first, more.scaled(to.shift).plus(planted!(JumpTableTooShort, size, W::Int::number(0))))
}
