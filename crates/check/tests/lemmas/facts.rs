//! Lemmas on facts: bounds from edges, readings, distances, and what an edge shows.
//!
//! Symbols are 20 (whose bounds are asked), 21 and 22 (the others); `e` is an extent.

use crate::proof::{Proof, Runs, bounded, int, low_half, meaning, narrowed, number, range};
use crate::smt::Theory::{self, Bits, Integers};
use crate::table::{Lemma, lemma};
use prova_check::rules::numeric::{charged, either, half_of, low, of_low_half};
use prova_check::rules::order::{
    Edge, Reading, apart, bounds, cannot, distance, half_apart, lies_in, never, unshifted, whole,
    within_edge, within_least, within_length,
};
use prova_check::word::{Int, Word};
use prova_check::{Base, Sym, Value};

const S: Sym = Sym(20);
const T: Sym = Sym(21);

/// The names of an edge's distance, other side, and bound of that.
const EDGES: [[&str; 3]; 2] = [["d1", "b1", "bound1"], ["d2", "b2", "bound2"]];

/// An edge that holds: its kind (0 above, 1 below) and shift.
fn edge<W: Proof>(kind: u32, shift: u32, names: [&'static str; 3]) -> Option<Edge<W>> {
    let (s, d) = (number::<W>(S), W::any_int(names[0]));
    let (b, shift) = (W::any(names[1]), shift as u8);
    let most = W::any(names[2]);
    if kind == 0 {
        given!(s.scaled(shift).plus(d) <= b.unsigned(), b <= most);
        Some(Edge::Above { hi: most, d, shift })
    } else {
        given!(b.scaled(shift).plus(d) <= s.unsigned(), most <= b);
        Some(Edge::Below { lo: most, d, shift })
    }
}

/// Edges narrow bounds to such as hold. The case has a kind and a shift for each edge.
fn narrowed_bounds<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let def = bounded::<W>(S)?;
    let mut edges = Vec::new();
    for (edge_of, names) in case.chunks(2).zip(EDGES) {
        edges.push(edge::<W>(edge_of[0], edge_of[1], names)?);
    }
    let (lo, hi) = bounds(def, edges.into_iter());
    let s = number::<W>(S);
    // The twin takes a bound for one that is not reached.
    if twin {
        return Some(if case[0] == 0 { lo <= s && s < hi } else { lo < s && s <= hi });
    }
    Some(lo <= s && s <= hi)
}

/// A reading is the word's own number, and lies in its range.
fn read<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let bounds = bounded::<W>(S)?;
    let value = Value { base: Base::None, sym: S, shift: case[0] as u8, add: W::any("k") };
    let whole = whole(bounds, value.shift, value.add)?;
    let word = meaning(value).unsigned();
    let same = word == number::<W>(S).scaled(value.shift).plus(whole.add);
    let below = if twin { word < whole.hi } else { word <= whole.hi };
    Some(same && whole.lo <= word && below)
}

/// A reading of a symbol: a word's number.
fn reading<W: Proof>(
    sym: Sym,
    shift: u32,
    constant: &'static str,
) -> Option<(Reading<W::Int>, W::Int)> {
    let (shift, add) = (shift as u8, W::any_int(constant));
    let number = number::<W>(sym).scaled(shift).plus(add);
    given!(int::<W>(0) <= number, number <= W::MAX.unsigned());
    Some((Reading { sym, shift, add }, number))
}

/// Readings with `a + more ≤ b` have the edge of that distance.
fn edge_of_readings<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (a, x) = reading::<W>(S, case[0], "k")?;
    let (b, y) = reading::<W>(T, 0, "l")?;
    let more = int::<W>(i64::from(case[1]));
    given!(x.plus(more) <= y);
    let d = distance(a, more, b);
    let d = if twin { d.plus(int::<W>(1)) } else { d };
    Some(number::<W>(S).scaled(a.shift).plus(d) <= number::<W>(T).unsigned())
}

/// A bound of a shifted symbol is one of the symbol, rounded up.
fn edge_of_shifted<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let shift = case[0] as u8;
    let d = W::any_int("d");
    given!(d <= number::<W>(S).scaled(shift));
    let d = unshifted(d, shift);
    let d = if twin { d.plus(int::<W>(1)) } else { d };
    Some(d <= number::<W>(S).unsigned())
}

/// Bounds that show that an order cannot be.
fn impossible<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (a, b) = (number::<W>(S).unsigned(), number::<W>(T).unsigned());
    let (least, most) = (W::any("least").unsigned(), W::any("most").unsigned());
    let more = int::<W>(i64::from(case[0]));
    given!(least <= a, b <= most);
    let more_yet = if twin { more.plus(int::<W>(1)) } else { more };
    given!(cannot(least, more_yet, most));
    Some(a.plus(more) > b)
}

/// Readings of one symbol that show that an order cannot be.
fn impossible_of_one<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (a, x) = reading::<W>(S, case[0], "k")?;
    let (b, y) = reading::<W>(S, case[0], "l")?;
    let more = int::<W>(i64::from(case[1]));
    let more_yet = if twin { more.plus(int::<W>(1)) } else { more };
    given!(never(a, more_yet, b));
    Some(x.plus(more) > y)
}

/// A reading of a symbol, the most that the symbol is, the number that is read, and an extent.
type Against<W> = (Reading<<W as Word>::Int>, W, <W as Word>::Int, <W as Word>::Int);

/// A reading of a symbol that is at most `hi`, and an extent.
fn against<W: Proof>(shift: u32) -> Option<Against<W>> {
    let hi = W::any("hi");
    given!(number::<W>(S) <= hi);
    let (of, number) = reading::<W>(S, shift, "k")?;
    Some((of, hi, number, W::any("e").unsigned()))
}

/// More by one, in a twin.
fn turned<W: Proof>(number: W::Int, twin: bool) -> W::Int {
    if twin { number.plus(int::<W>(1)) } else { number }
}

/// A bound that is at most the least extent.
fn least<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (of, hi, number, extent) = against::<W>(case[0])?;
    let least = W::any("least");
    given!(least.unsigned() <= extent, within_least(of, hi, least));
    Some(turned::<W>(number, twin) <= extent)
}

/// A length that was read is at most the present one.
fn length<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (of, _, number, extent) = against::<W>(case[0])?;
    given!(crate::proof::number::<W>(S).unsigned() <= extent, within_length(of));
    Some(turned::<W>(number, twin) <= extent)
}

/// An edge of the same symbol, with any shift.
fn same_edge<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (of, hi, number, extent) = against::<W>(case[0])?;
    let (shift, d) = (W::choose("shift", 4) as u8, W::any_int("d"));
    given!(crate::proof::number::<W>(S).scaled(shift).plus(d) <= extent);
    given!(within_edge(of, hi, (S, shift, d)));
    Some(turned::<W>(number, twin) <= extent)
}

/// A constant's edge, and the bound.
fn constant_edge<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (of, hi, number, extent) = against::<W>(case[0])?;
    let d = W::any_int("d");
    given!(d <= extent, within_edge(of, hi, (Sym::ZERO, 0, d)));
    Some(turned::<W>(number, twin) <= extent)
}

/// Two edges, one behind the other: `(s << shift) + d ≤ t`, where `t` is at most a constant that is
/// at most the extent.
fn transitive<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let def = bounded::<W>(S)?;
    let above = edge::<W>(0, case[0], EDGES[0])?;
    let (_, hi) = bounds(def, [above].into_iter());
    let (of, number) = reading::<W>(S, case[1], "k")?;
    let (extent, c) = (W::any("e").unsigned(), W::any_int("c"));
    given!(c <= extent, within_edge(of, hi, (Sym::ZERO, 0, c)));
    Some(turned::<W>(number, twin) <= extent)
}

/// A range between two words.
fn between<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let bounds = bounded::<W>(S)?;
    let value = Value { base: Base::None, sym: S, shift: case[0] as u8, add: W::any("k") };
    let (least, most) = (W::any("least"), W::any("most"));
    given!(lies_in((least, most), || range(value, bounds)));
    let word = meaning(value);
    Some(least <= word && if twin { word < most } else { word <= most })
}

/// `symbol + add ≠ constant` says that the symbol is not the rest.
fn rest<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let base = if case[0] == 0 { Base::None } else { Base::Memory(0) };
    let value = Value { base, sym: S, shift: case[1] as u8, add: W::any("k") };
    let constant = W::any("c");
    given!(meaning(value) != constant);
    let (value, constant) = apart(value, constant);
    let constant = if twin { constant.wrapping_add(W::number(1)) } else { constant };
    Some(meaning(value) != constant)
}

/// A symbol of no more than a half that is not this word: its low half with a constant is not 0.
fn half_rest<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    let (add, word) = (W::any("k"), meaning(Value::<W>::symbol(S)));
    given!(word <= W::LOW_MAX);
    let rest = half_apart(add);
    let rest = if twin { rest.wrapping_add(W::number(1)).and(W::LOW_MAX) } else { rest };
    given!(word != rest);
    Some(word.wrapping_add(add).and(W::LOW_MAX) != W::ZERO)
}

/// A number whose constant is cut to the low half has the same low half.
fn same_half<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let value = Value { base: Base::None, sym: S, shift: case[0] as u8, add: W::any("k") };
    let cut = of_low_half(value);
    let cut = if twin { meaning(cut).wrapping_add(W::number(1)) } else { meaning(cut) };
    Some(cut.and(W::LOW_MAX) == meaning(value).and(W::LOW_MAX))
}

/// The low half of a number that is known.
fn known_low<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let add = W::any("k");
    let value = match case[0] {
        4 => Value::constant(add),
        shift => Value { base: Base::None, sym: S, shift: shift as u8, add },
    };
    let bounds = bounded::<W>(value.sym)?;
    let low = low(value, || range(value, bounds))?;
    let word = meaning(low);
    let word = if twin { word.wrapping_add(W::number(1)) } else { word };
    Some(word == low_half(meaning(value)))
}

/// Low halves of numbers with one symbol are one word, where what they depend on is one.
fn halves<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let shift = W::choose("shift", 4) as u8;
    let a = Value { base: Base::None, sym: S, shift, add: W::any("k") };
    let b = Value { base: Base::None, sym: S, shift: case[0] as u8, add: W::any("l") };
    let ((x, k), (y, l)) = (half_of(a), half_of(b));
    given!(twin || x == y, k == l);
    Some(low_half(meaning(a)) == low_half(meaning(b)))
}

/// A number that is one of two, each in its range.
fn one_of_two<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (a, b) = (number::<W>(S), number::<W>(T));
    let (x, y) = (bounded::<W>(S)?, bounded::<W>(T)?);
    let ranges = [(x.0.unsigned(), x.1.unsigned()), (y.0.unsigned(), y.1.unsigned())];
    let (lo, hi) = either::<W>(ranges[0], ranges[1]);
    let word = if case[0] == 0 { a } else { b };
    Some(lo <= word && if twin { word < hi } else { word <= hi })
}

/// P12: the word for the fuel is more than it was, by numbers.
fn charge<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let was = Value { base: Base::None, sym: S, shift: case[0] as u8, add: W::any("k") };
    let now = Value { base: Base::None, sym: S, shift: case[1] as u8, add: W::any("l") };
    let most = W::any("most").unsigned();
    let (before, after) = (meaning(was).unsigned(), meaning(now).unsigned());
    given!(before <= most, charged(was, now, most));
    Some(before.plus(int::<W>(i64::from(twin))) < after)
}

/// An immediate is cut to the width of the operation.
fn immediate<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let value = Value::constant(W::any("k"));
    let cut = prova_check::rules::numeric::cut(value, case[0]);
    let word = meaning(cut);
    let word = if twin { word.wrapping_add(W::number(1)) } else { word };
    Some(word == narrowed(meaning(value), case[0]))
}

/// The lemmas.
pub fn lemmas() -> Vec<Lemma> {
    let mut all = Vec::new();
    let mut add = |name: String, theory: Theory, case: &[u32], runs: Runs| {
        all.push(lemma(name, theory, case, runs));
    };
    for k in 0..4 {
        add(format!("bounds.above.{k}"), Integers, &[0, k], runs!(narrowed_bounds));
        add(format!("bounds.below.{k}"), Integers, &[1, k], runs!(narrowed_bounds));
        add(format!("bounds.both.{k}"), Integers, &[0, k, 1, 0], runs!(narrowed_bounds));
        add(format!("bounds.twice.{k}"), Integers, &[0, k, 0, 0], runs!(narrowed_bounds));
        add(format!("reading.{k}"), Integers, &[k], runs!(read));
        for more in 0..2 {
            let name = format!("distance.{k}.{more}");
            add(name, Integers, &[k, more], runs!(edge_of_readings));
        }
        add(format!("edge_of_shifted.{k}"), Integers, &[k], runs!(edge_of_shifted));
        add(format!("within.least.{k}"), Integers, &[k], runs!(least));
        add(format!("within.edge.{k}"), Integers, &[k], runs!(same_edge));
        add(format!("within.constant.{k}"), Integers, &[k], runs!(constant_edge));
        add(format!("within.transitive.{k}.0"), Integers, &[k, 0], runs!(transitive));
        if k > 0 {
            add(format!("within.transitive.0.{k}"), Integers, &[0, k], runs!(transitive));
        }
        add(format!("between.{k}"), Integers, &[k], runs!(between));
        add(format!("low.{k}"), Integers, &[k], runs!(known_low));
        add(format!("halves.{k}"), Bits, &[k], runs!(halves));
        add(format!("charge.{k}"), Integers, &[k, k], runs!(charge));
    }
    add("within.length".to_owned(), Integers, &[0], runs!(length));
    add("low.constant".to_owned(), Bits, &[4], runs!(known_low));
    for more in 0..2 {
        add(format!("cannot.{more}"), Integers, &[more], runs!(impossible));
        for k in [0, 2] {
            add(format!("never.{k}.{more}"), Integers, &[k, more], runs!(impossible_of_one));
        }
        add(format!("either.{more}"), Integers, &[more], runs!(one_of_two));
    }
    for shift in 0..2 {
        add(format!("apart.number.{shift}"), Bits, &[0, shift], runs!(rest));
    }
    add("apart.pointer".to_owned(), Bits, &[1, 0], runs!(rest));
    add("apart.half".to_owned(), Bits, &[], runs!(half_rest));
    for shift in 0..4 {
        add(format!("halves.cut.{shift}"), Bits, &[shift], runs!(same_half));
    }
    for bytes in [4, 8] {
        add(format!("cut.{bytes}"), Bits, &[bytes], runs!(immediate));
    }
    all
}
