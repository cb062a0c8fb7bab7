//! Lemmas on sums of symbols (H1, C4, K1 to K5), on elements of segments and of tables, and on
//! words that are 0 with another one alone (N3 to N5).
//!
//! Symbols: 20 is a sum, 21 and 22 are its parts; 30 is another number, 31 the sum of it and 21.

use crate::proof::{Proof, Runs, bounded, int, low_half, meaning, narrowed, number};
use crate::smt::Theory::{self, Bits, Integers};
use crate::table::{Lemma, lemma};
use prova_check::rules::numeric::{Alone, zero_alone};
use prova_check::rules::order::{Reading, word_apart};
use prova_check::rules::place::{element, selected};
use prova_check::rules::sums::{
    above_part, bounds_of_sum, by_part, by_sum, elements, least_shifted, passive_element,
    passive_number, rest, segment_sum, steps,
};
use prova_check::word::{Int, Word};
use prova_check::{Base, Sym, Value};

const SUM: Sym = Sym(20);
const PART: Sym = Sym(21);
const OTHER: Sym = Sym(22);
const START: Sym = Sym(30);
const BEHIND: Sym = Sym(31);
const TABLE: Base = Base::Table(0);
const SEGMENT: Base = Base::Elements(0);

/// A sum: of which symbols, with which shifts.
fn sum<W: Proof>(i: u8, j: u8) -> Option<()> {
    let both = number::<W>(PART).scaled(i).plus(number::<W>(OTHER).scaled(j));
    given!(number::<W>(SUM).unsigned() == both);
    Some(())
}

/// One more, in a twin.
fn one<W: Word>(twin: bool) -> W {
    if twin { W::number(1) } else { W::ZERO }
}

/// H1: the bounds of a sum. The case: the shifts. Twin: the most is not reached.
fn sum_bounds<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (i, j) = (case[0] as u8, case[1] as u8);
    let (a, b) = (bounded::<W>(PART)?, bounded::<W>(OTHER)?);
    let (lo, hi) = bounds_of_sum((a, i), (b, j))?;
    let both = number::<W>(PART).scaled(i).plus(number::<W>(OTHER).scaled(j));
    let most = hi.unsigned();
    Some(lo.unsigned() <= both && if twin { both < most } else { both <= most })
}

/// C4: the rest of a sum beside a part of it; how far the other one is shifted is any.
fn sum_rest<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    let shift = W::choose("shift", 4) as u8;
    sum::<W>(0, shift)?;
    let whole = Value::symbol(SUM).plus(W::any("k"));
    let part = Value::symbol(PART).plus(W::any("l"));
    let rest = rest(whole, part, (OTHER, shift))?;
    let both = meaning(part).wrapping_add(meaning(rest)).wrapping_add(one(twin));
    Some(both == meaning(whole))
}

/// C4: a number is the same as another one, when both are shifted.
fn same_shifted<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let own = Value { add: W::any("k"), ..Value::symbol(SUM) };
    let least = least_shifted(own, case[0] as u8);
    let shifted = meaning(least).shl(case[0]);
    Some(shifted.wrapping_add(one(twin)) == meaning(own).shl(case[0]))
}

/// K1: words of two addresses that are not equal, one of which has the sum of the other's symbol
/// and a count. The case: the shift; whether the other one has a symbol. Twin: one step further.
fn apart<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let shift = case[0] as u8;
    let base = if shift == 4 { SEGMENT } else { TABLE };
    let (part, count) = if case[1] == 1 {
        sum::<W>(0, 0)?;
        (PART, number::<W>(OTHER))
    } else {
        (Sym::ZERO, number::<W>(SUM))
    };
    let at = |sym, add| Value { base, sym, shift: if sym == Sym::ZERO { 0 } else { shift }, add };
    let (a, b) = (at(part, W::any("k")), at(SUM, W::any("l")));
    given!(meaning(a) != meaning(b));
    let steps = steps(b.add.wrapping_sub(a.add), shift)?;
    Some(count != steps.wrapping_add(one(twin)))
}

/// K2: the address of an element and a number of elements. The shift of the number is any.
fn element_sum<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    sum::<W>(0, 0)?;
    let (a, b) = (case[0] as u8, W::choose("shift", 4) as u8);
    let base = Value { base: TABLE, sym: PART, shift: a, add: W::any("k") };
    let index = Value { base: Base::None, sym: OTHER, shift: b, add: W::any("l") };
    let place = Value { sym: SUM, ..elements(base, index)? };
    let both = meaning(base).wrapping_add(meaning(index)).wrapping_add(one(twin));
    Some(meaning(place) == both)
}

/// K3: a sum is at least one part and the least of the other.
fn above<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    sum::<W>(0, 0)?;
    let (lo, _) = bounded::<W>(OTHER)?;
    let d = above_part(0, (lo, 0))?.plus(int::<W>(i64::from(twin)));
    Some(number::<W>(PART).unsigned().plus(d) <= number::<W>(SUM).unsigned())
}

/// K3: a part is within where the sum is.
fn beside_sum<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    let (extent, d) = (W::any("e").unsigned(), W::any_int("d"));
    given!(number::<W>(PART).unsigned().plus(d) <= number::<W>(SUM).unsigned());
    let of = Reading { sym: PART, shift: 0, add: W::any_int("k") };
    let by = by_sum(of, (SUM, d));
    given!(number::<W>(SUM).unsigned().plus(by.add) <= extent);
    let add = of.add.plus(int::<W>(i64::from(twin)));
    Some(number::<W>(PART).unsigned().plus(add) <= extent)
}

/// K4: the address of an element of a segment and a number that is a sum. The case: whether the
/// address has a symbol. What is asked for first changes last, so that few assignments lead to
/// each planted fault. Twin: one further.
fn by_16<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    given!(W::BITS > 4);
    let (k, l) = (W::any("k"), W::any("l"));
    let numbers = [number::<W>(PART), number::<W>(OTHER)];
    let other = W::choose("other", 2) as usize;
    let by = 2 + W::choose("by", 2) as u8;
    let shift = W::choose("shift", 2) as u8;
    let (sym, own) = match case[0] {
        0 => (Sym::ZERO, 0),
        _ => (START, 3 + W::choose("segment", 2) as u8),
    };
    let base = Value { base: SEGMENT, sym, shift: own, add: k };
    let by_16 = Value { base: Base::None, sym: SUM, shift, add: l };
    let to = segment_sum(base, by_16, ((PART, by), ([PART, OTHER][other], by)))?;
    let to = if sym == Sym::ZERO { to } else { Value { sym: BEHIND, ..to } };
    given!(
        sym == Sym::ZERO
            || number::<W>(BEHIND) == number::<W>(START).wrapping_add(number::<W>(PART))
    );
    let by = u32::from(by);
    given!(number::<W>(SUM) == numbers[0].shl(by).wrapping_add(numbers[other].shl(by)));
    let whole = meaning(base).wrapping_add(meaning(by_16)).wrapping_add(one(twin));
    Some(meaning(to) == whole)
}

/// K5: a sum is within where one part and the most of the other are. The case: their shifts.
fn part_within<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (by, shift) = (case[0] as u8, case[1] as u8);
    sum::<W>(by, shift)?;
    let (_, hi) = bounded::<W>(OTHER)?;
    let extent = W::any("e").unsigned();
    let own = W::choose("own", 2) as u8;
    let of = Reading { sym: SUM, shift: own, add: W::any_int("k") };
    let part = by_part(of, (PART, by), (hi, shift))?;
    given!(number::<W>(PART).scaled(part.shift).plus(part.add) <= extent);
    let add = of.add.plus(int::<W>(i64::from(twin)));
    Some(number::<W>(SUM).scaled(own).plus(add) <= extent)
}

/// The address of an element of a segment, by its number. The case: constant, symbol; the shift of
/// the number is any.
fn passive<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let sym = [Sym::ZERO, SUM][case[0] as usize];
    let (first, add) = (Value::pointer(SEGMENT, W::ZERO), W::any("l"));
    let unshifted = Value { base: Base::None, sym, shift: 0, add: W::any("k") };
    // The shift is asked for last, so that it changes first.
    let _ = (meaning(first), meaning(unshifted));
    let shift = if case[0] == 0 { 0 } else { W::choose("shift", 4) as u8 };
    let number = Value { shift, ..unshifted };
    let to = passive_element(number, SEGMENT, add)?;
    let place = meaning(first).wrapping_add(add).wrapping_add(meaning(number).shl(4 % W::BITS));
    let place = if W::BITS > 4 { place } else { meaning(first).wrapping_add(add) };
    Some(meaning(to).wrapping_add(one(twin)) == place)
}

/// The number of an element of a segment, by its address, whose shift is any.
fn passive_by<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    given!(W::BITS > 4);
    let sym = [Sym::ZERO, SUM][case[0] as usize];
    let shift = if case[0] == 0 { 0 } else { W::choose("shift", 5) as u8 };
    let to = Value { base: SEGMENT, sym, shift, add: W::any("k") };
    let add = W::any("l");
    let own = passive_number(to, SEGMENT, add)?;
    let first = meaning(Value::pointer(SEGMENT, add));
    Some(first.wrapping_add(meaning(own).shl(4)).wrapping_add(one(twin)) == meaning(to))
}

/// D3: the element that a masked pointer was selected for has an index below the length.
fn selected_index<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    let (lo, _) = bounded::<W>(SUM)?;
    let extent = W::any("e").unsigned();
    let to = Value { base: TABLE, sym: SUM, shift: W::choose("shift", 4) as u8, add: W::any("k") };
    given!(element(to, lo, |of| number::<W>(of.sym).scaled(of.shift).plus(of.add) <= extent));
    let d = selected(to)?.plus(int::<W>(i64::from(twin)));
    Some(number::<W>(SUM).unsigned().plus(d) <= extent)
}

/// N3, N5: an operation's result is 0 with its operand alone. The case: bytes of the result; which
/// operation; bytes of an operand that is extended. Twin: without asking the rule, or of a sum.
fn alone<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (bytes, which) = (case[0], case[1]);
    let by = W::any("by");
    let bits = part_bits::<W>(case[2]);
    let word = W::any("x");
    let word = if which < 2 { narrowed(word, bytes) } else { word.lowest(bits) };
    let of = match which {
        0 => Alone::Negated,
        1 => Alone::Times(by),
        _ => Alone::Extended(case[2]),
    };
    given!(twin || zero_alone(of, bytes), word != W::ZERO);
    let result = match which {
        0 => W::ZERO.wrapping_sub(word),
        1 => W::product(word, by),
        _ => {
            // With its sign.
            let sign = W::number(1).shl(bits - 1);
            word.wrapping_add(sign).lowest(bits).wrapping_sub(sign)
        }
    };
    let result = if twin && which != 1 { result.wrapping_add(by) } else { result };
    Some(if bytes == 8 { result } else { low_half(result) } != W::ZERO)
}

/// Bits of a part of a word: small words have parts of one and two bits.
fn part_bits<W: Proof>(bytes: u32) -> u32 {
    match bytes {
        4 => W::BITS / 2,
        2 => (W::BITS / 4).max(1),
        _ => (W::BITS / 8).max(1),
    }
}

/// N4: a shifted number that is not this word is, less that, not 0.
fn shifted_apart<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let value = Value { shift: case[0] as u8, add: W::any("k"), ..Value::symbol(SUM) };
    let word = W::any("w");
    given!(meaning(value) != word);
    Some(meaning(word_apart(value, word)).wrapping_add(one(twin)) != W::ZERO)
}

/// Numbers whose difference is not 0 are not equal. The case: the shift. Twin: it is not 1.
fn by_difference<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let at = |add| Value { shift: case[0] as u8, add: W::any(add), ..Value::symbol(SUM) };
    let (a, b) = (at("k"), at("l"));
    let by = a.difference(b)?;
    given!(meaning(by) != one(twin));
    Some(meaning(a) != meaning(b))
}

/// The lemmas.
pub fn lemmas() -> Vec<Lemma> {
    let mut all = Vec::new();
    let mut add = |name: String, theory: Theory, case: &[u32], runs: Runs| {
        all.push(lemma(name, theory, case, runs));
    };
    for (i, j) in [(0, 0), (0, 3), (2, 0), (3, 3)] {
        add(format!("sums.bounds.{i}.{j}"), Integers, &[i, j], runs!(sum_bounds));
    }
    add("sums.rest".to_owned(), Integers, &[], runs!(sum_rest));
    for shift in 0..4 {
        add(format!("sums.least_shifted.{shift}"), Bits, &[shift], runs!(same_shifted));
        add(format!("apart.shifted.{shift}"), Bits, &[shift], runs!(shifted_apart));
        add(format!("apart.difference.{shift}"), Bits, &[shift], runs!(by_difference));
    }
    for shift in [3, 4] {
        add(format!("steps.{shift}"), Bits, &[shift, 0], runs!(apart));
        add(format!("steps.{shift}.sum"), Bits, &[shift, 1], runs!(apart));
    }
    add("elements.3".to_owned(), Bits, &[3], runs!(element_sum));
    add("sums.above".to_owned(), Integers, &[], runs!(above));
    add("sums.beside".to_owned(), Integers, &[], runs!(beside_sum));
    for (form, name) in ["constant", "symbol"].into_iter().enumerate() {
        add(format!("passive.element.{name}"), Bits, &[form as u32], runs!(passive));
        add(format!("passive.number.{name}"), Bits, &[form as u32], runs!(passive_by));
    }
    for (form, name) in ["constant", "symbol"].into_iter().enumerate() {
        add(format!("segment.sum.{name}"), Bits, &[form as u32], runs!(by_16));
    }
    for (i, j) in [(0, 0), (0, 3), (2, 0)] {
        add(format!("sums.part.{i}.{j}"), Integers, &[i, j], runs!(part_within));
    }
    add("selected".to_owned(), Integers, &[], runs!(selected_index));
    for bytes in [4, 8] {
        add(format!("alone.negated.{bytes}"), Bits, &[bytes, 0, bytes], runs!(alone));
        add(format!("alone.times.{bytes}"), Bits, &[bytes, 1, bytes], runs!(alone));
        for part in [1, 2, 4] {
            let name = format!("alone.extended.{part}.{bytes}");
            add(name, Bits, &[bytes, 2, part], runs!(alone));
        }
    }
    all
}
