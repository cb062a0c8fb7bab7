//! The vocabulary of lemmas: words of any kind, the meaning of values, the processor's operations.
//!
//! A lemma is a function, generic over the words: it asks for variables, leaves by `None` where a
//! hypothesis does not hold or the rule says nothing, and ends with whether the claim holds.

use crate::small::{self, Small};
use crate::term::{self, Number, Term};
use prova_check::rules::numeric::Range;
use prova_check::rules::order::whole;
use prova_check::word::{Int, Word};
use prova_check::x64::{Alu, Condition};
use prova_check::{Base, Sym, Value};

/// Leaves a lemma where a hypothesis does not hold.
macro_rules! given {
    ($($hypothesis:expr),+ $(,)?) => {
        $(
            let holds: bool = $hypothesis;
            if !holds {
                return None;
            }
        )+
    };
}

/// Words that lemmas can quantify over.
pub trait Proof: Word {
    /// Any word, the same wherever the name is the same.
    fn any(name: &'static str) -> Self;
    /// Any integer.
    fn any_int(name: &'static str) -> Self::Int;
    /// One of `0..count`.
    fn choose(name: &'static str, count: u32) -> u32;
    /// The bits of either.
    fn or(self, other: Self) -> Self;
    /// The bits of one alone.
    fn xor(self, other: Self) -> Self;
    /// The product, as a word.
    fn product(self, other: Self) -> Self;
}

impl Proof for Term {
    fn any(name: &'static str) -> Term {
        term::word(name)
    }
    fn any_int(name: &'static str) -> Number {
        term::integer(name)
    }
    fn choose(name: &'static str, count: u32) -> u32 {
        let which = term::integer(name);
        (1..count).find(|&n| which == Number::number(i64::from(n))).unwrap_or(0)
    }
    fn or(self, other: Term) -> Term {
        term::or(self, other)
    }
    fn xor(self, other: Term) -> Term {
        term::xor(self, other)
    }
    fn product(self, other: Term) -> Term {
        term::product(self, other)
    }
}

impl<const B: u32> Proof for Small<B> {
    fn any(name: &'static str) -> Small<B> {
        Small(small::choose(name, 1 << B) as u8)
    }
    fn any_int(name: &'static str) -> i128 {
        small::integer::<B>(name)
    }
    fn choose(name: &'static str, count: u32) -> u32 {
        small::choose(name, count)
    }
    fn or(self, other: Small<B>) -> Small<B> {
        Small(self.0 | other.0)
    }
    fn xor(self, other: Small<B>) -> Small<B> {
        Small(self.0 ^ other.0)
    }
    fn product(self, other: Small<B>) -> Small<B> {
        Small::number(u64::from(self.0) * u64::from(other.0))
    }
}

/// One integer.
pub fn int<W: Proof>(n: i64) -> W::Int {
    W::Int::number(n)
}

/// The names of a symbol: its number, its least, its most, its record.
fn names(sym: Sym) -> [&'static str; 4] {
    match sym.0 {
        20 => ["s20", "lo20", "hi20", "record20"],
        21 => ["s21", "lo21", "hi21", "record21"],
        22 => ["s22", "lo22", "hi22", "record22"],
        30 => ["s30", "lo30", "hi30", "record30"],
        31 => ["s31", "lo31", "hi31", "record31"],
        other => panic!("a symbol without names: {other}"),
    }
}

/// The number of a symbol.
pub fn number<W: Proof>(sym: Sym) -> W {
    if sym == Sym::ZERO { W::ZERO } else { W::any(names(sym)[0]) }
}

/// Where what a value is counted from lies.
pub fn base<W: Proof>(base: Base, sym: Sym) -> W {
    match base {
        Base::None => W::ZERO,
        _ if base.by_symbol() => W::any(names(sym)[3]),
        _ => W::any("base"),
    }
}

/// The word that a value is: `base + (sym << shift) + add`, modulo 2^BITS.
pub fn meaning<W: Proof>(value: Value<W>) -> W {
    let start = base::<W>(value.base, value.sym).wrapping_add(value.add);
    if value.base.by_symbol() || value.sym == Sym::ZERO {
        return start;
    }
    start.wrapping_add(number::<W>(value.sym).shl(u32::from(value.shift)))
}

/// Bounds of a symbol, which hold of it.
pub fn bounded<W: Proof>(sym: Sym) -> Option<(W, W)> {
    if sym == Sym::ZERO {
        return Some((W::ZERO, W::ZERO));
    }
    let s = number::<W>(sym);
    let lo = W::any(names(sym)[1]);
    given!(lo <= s);
    let hi = W::any(names(sym)[2]);
    given!(s <= hi);
    Some((lo, hi))
}

/// The range of a number whose symbol has bounds.
pub fn range<W: Proof>(value: Value<W>, bounds: (W, W)) -> Range<W> {
    if value.base != Base::None {
        return None;
    }
    whole(bounds, value.shift, value.add).map(|whole| (whole.lo, whole.hi))
}

/// A low half.
pub fn low_half<W: Proof>(word: W) -> W {
    word.and(W::LOW_MAX)
}

/// The greatest word of this number of bytes (1, 2, 4 or 8).
pub fn most<W: Proof>(bytes: u32) -> W {
    match bytes {
        8 => W::MAX,
        4 => W::LOW_MAX,
        2 => W::number(0xffff),
        _ => W::number(0xff),
    }
}

/// A word as an operation of this number of bytes (1, 2, 4 or 8) reads or writes it.
pub fn narrowed<W: Proof>(word: W, bytes: u32) -> W {
    if bytes == 8 { word } else { word.and(most(bytes)) }
}

/// The processor: result, carry flag, zero flag of an operation of `bytes` bytes on operands that
/// are zero-extended. Counts of shifts are constants.
pub fn processor<W: Proof>(alu: Alu, bytes: u32, x: W, y: W) -> (W, bool, bool) {
    let bits = if bytes == 8 { W::BITS } else { W::BITS / 2 };
    let count = || y.count(bits - 1);
    let (all, carry) = match alu {
        Alu::Add => {
            let sum = x.wrapping_add(y);
            let most = if bytes == 8 { W::MAX } else { W::LOW_MAX };
            (sum, x.unsigned().plus(y.unsigned()) > most.unsigned())
        }
        Alu::Sub => (x.wrapping_sub(y), x < y),
        Alu::And => (x.and(y), false),
        Alu::Or => (x.or(y), false),
        Alu::Xor => (x.xor(y), false),
        Alu::ShiftLeft => (x.shl(count()), false),
        Alu::ShiftRight => (x.shr(count()), false),
        Alu::Carry | Alu::Rotate | Alu::DoubleShift | Alu::Unary | Alu::Not | Alu::Negate => {
            panic!("not exact")
        }
    };
    let result = narrowed(all, bytes);
    (result, carry, result == W::ZERO)
}

/// Whether an unsigned condition holds of the flags.
pub fn holds(condition: Condition, carry: bool, zero: bool) -> bool {
    match condition {
        Condition::Below => carry,
        Condition::AboveEqual => !carry,
        Condition::Equal => zero,
        Condition::NotEqual => !zero,
        Condition::BelowEqual => carry || zero,
        Condition::Above => !carry && !zero,
        _ => panic!("a condition that says nothing"),
    }
}

/// The unsigned conditions.
pub const CONDITIONS: [Condition; 6] = [
    Condition::Below,
    Condition::AboveEqual,
    Condition::Equal,
    Condition::NotEqual,
    Condition::BelowEqual,
    Condition::Above,
];

/// The body of a lemma on words of one kind: its case, whether it is the twin.
pub type Run = fn(&[u32], bool) -> Option<bool>;

/// The body of a lemma on words of each kind.
#[derive(Clone, Copy)]
pub struct Runs {
    /// On terms.
    pub term: Run,
    /// On words of three, four and five bits.
    pub small: [Run; 3],
}

impl std::fmt::Debug for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runs")
    }
}

/// The runs of a lemma's body.
macro_rules! runs {
    ($body:ident) => {
        $crate::proof::Runs {
            term: $body::<$crate::term::Term>,
            small: [
                $body::<$crate::small::Small<3>>,
                $body::<$crate::small::Small<4>>,
                $body::<$crate::small::Small<5>>,
            ],
        }
    };
}
