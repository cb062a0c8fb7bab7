//! Lemmas on floats (X1 to X6): words as floats, as z3's theory of floats has them, or as all
//! floats of 3 to 5 bits.
//!
//! A small float has a sign, then an exponent, and one bit of fraction where it has more than 3
//! bits. The small floats of *4 bytes* have none.

use crate::proof::{Proof, Runs};
use crate::small::Small;
use crate::smt::Theory::Floats as OfFloats;
use crate::table::{Lemma, lemma};
use crate::term::{self, Term};
use prova_check::rules::float::{
    Floats, difference, is_in, is_positive, key_of, most_of_least, number, numbers, ordered,
    rounded_down, rounded_is_it, rounded_up, zeros,
};

/// Words that are floats to a solver, or by their values.
pub trait FloatProof: Proof + Floats {
    /// Whether one float is below the other.
    fn below(self, other: Self) -> bool;
    /// Whether it is below the other, or equal.
    fn below_or_equal(self, other: Self) -> bool;
    /// Whether it is no number.
    fn is_nan(self) -> bool;
    /// Rounded towards 0.
    fn towards_0(self) -> Self;
    /// The integer of `bits` bits that it becomes: the least one for all that are none of these.
    fn integer(self, bits: u32) -> Self;
    /// The difference of two floats of 4 bytes, which is one.
    fn short_less(self, other: Self) -> Self;
}

impl Floats for Term {
    const FRACTION: u32 = 52;
    const ONE: Term = term::ONE;
    const INFINITY: Term = term::INFINITY;
    const SHORT_SIGN: Term = term::SHORT_SIGN;

    fn short(self) -> Term {
        term::short(self)
    }
    fn wide(self) -> Term {
        term::wide(self)
    }
    fn less(self, other: Term) -> Term {
        term::float_difference(self, other)
    }
}

impl FloatProof for Term {
    fn below(self, other: Term) -> bool {
        term::float_below(self, other)
    }
    fn below_or_equal(self, other: Term) -> bool {
        term::float_at_most(self, other)
    }
    fn is_nan(self) -> bool {
        !term::float_at_most(self, self)
    }
    fn towards_0(self) -> Term {
        term::towards_0(self)
    }
    fn integer(self, bits: u32) -> Term {
        term::integer_of_float(self, bits)
    }
    fn short_less(self, other: Term) -> Term {
        term::short_difference(self, other)
    }
}

impl<const B: u32> Small<B> {
    /// Its value: 8 bytes hold it exactly.
    fn value(self) -> f64 {
        let bits = u32::from(self.0);
        let (negative, code) = (bits >> (B - 1) == 1, bits & ((1 << (B - 1)) - 1));
        let value = match code.cmp(&u32::from(Self::INFINITY.0)) {
            std::cmp::Ordering::Less => Self::magnitude(code),
            std::cmp::Ordering::Equal => f64::INFINITY,
            std::cmp::Ordering::Greater => f64::NAN,
        };
        if negative { -value } else { value }
    }

    /// The number of a code below infinity's; of that one the number which it would be.
    fn magnitude(code: u32) -> f64 {
        let (exponent, fraction) = (code >> Self::FRACTION, code & ((1 << Self::FRACTION) - 1));
        let bias = u32::from(Self::ONE.0) >> Self::FRACTION;
        let part = f64::from(fraction) / f64::from(1 << Self::FRACTION);
        let scale = |exponent: u32| 2_f64.powi(exponent as i32 - bias as i32);
        if exponent == 0 { part * scale(1) } else { (1.0 + part) * scale(exponent) }
    }

    /// The nearest float whose code is a multiple of `step`, of two the one whose code is even.
    fn nearest(value: f64, step: u32) -> Small<B> {
        let far = |code: u32| (Self::magnitude(code) - value.abs()).abs();
        let infinity = u32::from(Self::INFINITY.0);
        let codes = (0..=infinity).step_by(step as usize);
        let better = |a: &u32, b: &u32| {
            far(*a).total_cmp(&far(*b)).then((a / step % 2).cmp(&(b / step % 2)))
        };
        let code = if value.is_nan() {
            infinity + 1
        } else if value.is_infinite() {
            infinity
        } else {
            codes.min_by(better).unwrap_or(0)
        };
        Small((code + (u32::from(value.is_sign_negative()) << (B - 1))) as u8)
    }

    /// The step of the codes of floats of 4 bytes.
    const SHORT: u32 = if B > 3 { 2 } else { 1 };
}

impl<const B: u32> Floats for Small<B> {
    const FRACTION: u32 = if B > 3 { 1 } else { 0 };
    const ONE: Small<B> = Small([1, 2, 6][B as usize - 3]);
    const INFINITY: Small<B> = Small([3, 6, 14][B as usize - 3]);
    const SHORT_SIGN: Small<B> = Small([4, 4, 8][B as usize - 3]);

    fn short(self) -> Small<B> {
        Small(Self::nearest(self.value(), Self::SHORT).0 / Self::SHORT as u8)
    }
    fn wide(self) -> Small<B> {
        Small(self.0 * Self::SHORT as u8)
    }
    fn less(self, other: Small<B>) -> Small<B> {
        Self::nearest(self.value() - other.value(), 1)
    }
}

impl<const B: u32> FloatProof for Small<B> {
    fn below(self, other: Small<B>) -> bool {
        self.value() < other.value()
    }
    fn below_or_equal(self, other: Small<B>) -> bool {
        self.value() <= other.value()
    }
    fn is_nan(self) -> bool {
        self.value().is_nan()
    }
    fn towards_0(self) -> Small<B> {
        Self::nearest(self.value().trunc(), 1)
    }
    fn integer(self, bits: u32) -> Small<B> {
        let (whole, end) = (self.value().trunc(), 2_f64.powi(bits as i32 - 1));
        let fits = -end <= whole && whole < end;
        let number = if fits { whole } else { -end } as i32;
        Small((number & ((1 << bits) - 1)) as u8)
    }
    fn short_less(self, other: Small<B>) -> Small<B> {
        let value = self.wide().value() - other.wide().value();
        Small(Self::nearest(value, Self::SHORT).0 / Self::SHORT as u8)
    }
}

/// A float that is a number.
fn float<W: FloatProof>(name: &'static str) -> Option<W> {
    let float = W::any(name);
    given!(!float.is_nan());
    Some(float)
}

/// A float of 4 bytes that is a number, and its wide one.
fn short<W: FloatProof>(name: &'static str) -> Option<(W, W)> {
    let short = W::any(name);
    given!(short <= W::SHORT_SIGN.wrapping_add(W::SHORT_SIGN.wrapping_sub(W::number(1))));
    let wide = short.wide();
    given!(!wide.is_nan());
    Some((short, wide))
}

/// Bounds of a float's key, which hold.
fn bounds<W: FloatProof>(float: W, [lo, hi]: [&'static str; 2]) -> Option<(W, W)> {
    let (lo, hi) = (W::any(lo), W::any(hi));
    given!(lo <= key_of(float), key_of(float) <= hi);
    Some((lo, hi))
}

/// Bits of an integer of 4 or 8 bytes.
fn bits<W: FloatProof>(bytes: u32) -> u32 {
    if bytes == 8 { W::BITS } else { W::BITS / 2 }
}

/// X1: keys have the order of floats. The case: whether equal ones count.
fn key_order<W: FloatProof>(case: &[u32], twin: bool) -> Option<bool> {
    let (a, b) = (float::<W>("a")?, float::<W>("b")?);
    let (x, y) = (zeros(key_of(a)), zeros(key_of(b)));
    // In the twin zeros are two floats.
    let (x, y) = if twin { ((key_of(a), key_of(a)), (key_of(b), key_of(b))) } else { (x, y) };
    Some(if case[0] == 0 { a.below(b) == (x.1 < y.0) } else { a.below_or_equal(b) == (x.0 <= y.1) })
}

/// X1: keys of NaNs lie beyond those of numbers.
fn key_nan<W: FloatProof>(_: &[u32], twin: bool) -> Option<bool> {
    let a = W::any("a");
    let key = key_of(a);
    let (least, most) = numbers();
    let most = if twin { W::MAX } else { most };
    Some(a.is_nan() != is_in((least, most), (key, key)))
}

/// X1: a key is one of a single float.
fn key_number<W: FloatProof>(_: &[u32], twin: bool) -> Option<bool> {
    let a = W::any("a");
    let key = key_of(a);
    let key = if twin { W::MAX.wrapping_sub(key) } else { key };
    Some(number(key) == a)
}

/// X3: what an order says of keys. The case: whether it is strict. Twin: it is turned.
fn order<W: FloatProof>(case: &[u32], twin: bool) -> Option<bool> {
    let (a, b) = (float::<W>("a")?, float::<W>("b")?);
    let (least, _) = bounds(a, ["lo1", "hi1"])?;
    let (_, most) = bounds(b, ["lo2", "hi2"])?;
    let strict = case[0] == 1;
    let (x, y) = if twin { (b, a) } else { (a, b) };
    given!(if strict { x.below(y) } else { x.below_or_equal(y) });
    let Some((most, least)) = ordered(least, strict, most) else { return Some(false) };
    Some(key_of(a) <= most && least <= key_of(b))
}

/// X4: what is rounded towards 0 is below (1: above) a whole number only where the float is. Twin:
/// equal to it or below.
fn rounded<W: FloatProof>(case: &[u32], twin: bool) -> Option<bool> {
    let (a, c) = (float::<W>("a")?, float::<W>("c")?);
    let r = a.towards_0();
    let whole = c.towards_0().below_or_equal(c) && c.below_or_equal(c.towards_0());
    given!(twin || rounded_is_it(true, whole));
    let (x, y, z) = if case[0] == 0 { (r, c, a) } else { (c, r, a) };
    given!(if twin { whole && x.below_or_equal(y) } else { x.below(y) });
    Some(match (case[0], twin) {
        (0, false) => z.below(c),
        (0, true) => z.below_or_equal(c),
        (_, false) => c.below(z),
        (_, true) => c.below_or_equal(z),
    })
}

/// X3: a float of 4 bytes lies between those next to its bounds. The case: which bound. Twin: one
/// key further.
fn next_to<W: FloatProof>(case: &[u32], twin: bool) -> Option<bool> {
    let (_, wide) = short::<W>("x")?;
    let (key, bound) = (key_of(wide), W::any("bound"));
    given!(is_in(numbers(), (bound, bound)));
    let more = if twin { W::number(1) } else { W::ZERO };
    if case[0] == 0 {
        given!(bound <= key);
        return Some(rounded_up(bound).wrapping_add(more) <= key);
    }
    given!(key <= bound);
    Some(key <= rounded_down(bound).wrapping_sub(more))
}

/// X6: the bounds of a difference. The case: bytes. Twin: they are not reached.
fn subtracted<W: FloatProof>(case: &[u32], twin: bool) -> Option<bool> {
    let (lo, hi, d) = if case[0] == 8 {
        let (x, c) = (float::<W>("x")?, W::any("c"));
        let (lo, hi) = difference(bounds(x, ["lo", "hi"])?, c)?;
        (lo, hi, x.less(c))
    } else {
        let ((x, x_wide), (c, c_wide)) = (short::<W>("x")?, short::<W>("c")?);
        let (lo, hi) = difference(bounds(x_wide, ["lo", "hi"])?, c_wide)?;
        (lo, hi, x.short_less(c).wide())
    };
    let key = key_of(d);
    Some(lo <= key && if twin { key < hi } else { key <= hi })
}

/// X6: a difference of floats of 4 bytes is the difference of their wide ones, where a number that
/// has no other bounds than itself has a difference. Twin: of any two numbers.
fn exact<W: FloatProof>(_: &[u32], twin: bool) -> Option<bool> {
    let ((x, x_wide), (c, c_wide)) = (short::<W>("x")?, short::<W>("c")?);
    let key = key_of(x_wide);
    given!(twin || difference((key, key), c_wide).is_some());
    let (short, wide) = (x.short_less(c).wide(), x_wide.less(c_wide));
    Some(short.below_or_equal(wide) && wide.below_or_equal(short))
}

/// X5: a number above -1 and below an integer's end becomes none that is negative. The case: bytes.
/// Twin: no least is known.
fn positive<W: FloatProof>(case: &[u32], twin: bool) -> Option<bool> {
    let bits = bits::<W>(case[0]);
    let a = W::any("a");
    let (lo, hi) = (W::any("lo"), W::any("hi"));
    given!(twin || lo <= key_of(a), key_of(a) <= hi, is_exponent::<W>(bits));
    given!(is_positive((lo, hi), bits));
    Some(a.integer(bits) < W::number(1).shl(bits - 1))
}

/// X5: what becomes the least integer is at most that. Twin: below it.
fn least<W: FloatProof>(case: &[u32], twin: bool) -> Option<bool> {
    let bits = bits::<W>(case[0]);
    let a = W::any("a");
    let bounds = bounds(a, ["lo", "hi"])?;
    given!(is_exponent::<W>(bits));
    let most = most_of_least(bounds, bits)?;
    given!(a.integer(bits) == W::number(1).shl(bits - 1));
    Some(if twin { key_of(a) < most } else { key_of(a) <= most })
}

/// Whether the end of integers of `bits` bits is a float, or infinity: small ones are not.
fn is_exponent<W: FloatProof>(bits: u32) -> bool {
    W::ONE.wrapping_add(W::number(u64::from(bits - 1)).shl(W::FRACTION)) <= W::INFINITY
}

/// The lemmas.
pub fn lemmas() -> Vec<Lemma> {
    let mut all = Vec::new();
    let mut add = |name: &str, case: &[u32], runs: Runs| {
        all.push(lemma(format!("float.{name}"), OfFloats, case, runs));
    };
    add("key.less", &[0], runs!(key_order));
    add("key.at_most", &[1], runs!(key_order));
    add("key.nan", &[], runs!(key_nan));
    add("key.number", &[], runs!(key_number));
    add("order.at_most", &[0], runs!(order));
    add("order.less", &[1], runs!(order));
    add("rounded.below", &[0], runs!(rounded));
    add("rounded.above", &[1], runs!(rounded));
    add("short.up", &[0], runs!(next_to));
    add("short.down", &[1], runs!(next_to));
    add("difference.exact", &[], runs!(exact));
    for (bytes, name) in [(4, "4"), (8, "8")] {
        add(&format!("positive.{name}"), &[bytes], runs!(positive));
        add(&format!("least.{name}"), &[bytes], runs!(least));
    }
    all
}

/// Lemmas that no solver is asked about: z3 does not answer within minutes. They are tried on all
/// small floats; `rules::float` has tests on floats of 4 bytes.
pub fn tried() -> [Lemma; 2] {
    [4, 8].map(|bytes| {
        lemma(format!("float.difference.{bytes}"), OfFloats, &[bytes], runs!(subtracted))
    })
}
