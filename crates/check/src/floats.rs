//! Floats, where nobody handles faults: code that makes an integer of a float tests it once as Wasm
//! does, and the compiler's own test behind that must not lead to its `ud2`.
//!
//! ```text
//! no NaN, -2^31 - 1 < trunc(x), trunc(x) < 2^31 ─ convert ─► -2^31?
//!   ─► ud2, unless no NaN, -2^31 - 1 < x, x ≤ 0
//! ```
//!
//! - X1. The symbol of a float is its *key*: a word whose order is the order of floats as numbers
//!   (-0 lies just below 0, and counts as equal). NaNs have keys beyond the infinities. A float of
//!   4 bytes has the key of the float of 8 bytes which it becomes. So bounds of symbols bound
//!   floats, and are facts of a path (`facts`).
//! - X2. The lowest bytes of a vector register are known bits, a float, or a float that was rounded
//!   towards 0, until an instruction writes the register, or calls. Nothing is claimed of them, so
//!   what is known ends where ways meet.
//! - X3. A comparison says an order, or that a float is a NaN; where both are numbers, the order,
//!   and then nothing is unordered. A float of 4 bytes lies between the floats of 4 bytes that are
//!   next to its bounds.
//! - X4. What is rounded towards 0 is below (above) a whole number only where the float is.
//! - X5. A number above -1 and below 2^(n-1) becomes an integer of n bits that is not negative. One
//!   below 2^(n-1) that becomes the least integer is at most that.
//! - X6. The difference of x and c is exact for c / 2 ≤ x ≤ 2c (Sterbenz), so the differences of
//!   the bounds of x bound it.
//!
//! The processor's register for floats is as processes begin with it: denormals are not taken for
//! 0. Code cannot write it (no class has such an instruction).

use crate::facts::Path;
use crate::machine::Machine;
use crate::state::{Flags, Loc, State};
use crate::symbols::Def;
use crate::value::Value;
use crate::vector::{Compared, Content, Float};
use crate::x64::float::{self, Step};
use crate::x64::{Condition, Insn, Operand};

/// An order of two floats: the first is below the second, or, if it is not strict, equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    less: Float,
    strict: bool,
    more: Float,
}

impl Machine<'_> {
    /// Whether floats are followed.
    #[inline]
    pub(crate) fn follows_floats(&self) -> bool {
        !self.layout.config.signals && !self.masks()
    }

    /// X2: an instruction that writes or compares vector registers.
    pub(crate) fn floats(
        &mut self,
        state: &mut State,
        insn: &Insn,
        memory: Option<Value>,
    ) -> Option<Flags> {
        if !self.follows_floats() {
            return None;
        }
        let step = float::step(insn);
        if let Some(Step::Compare(bytes)) = step {
            let a = self.float(state, (insn, 0, bytes), memory)?;
            let b = self.float(state, (insn, 1, bytes), memory)?;
            return Some(Flags::Floats(Compared(a, b, bytes)));
        }
        let content = step.and_then(|step| self.written(state, insn, (step, memory)));
        if let Some(register) = insn.vector(0) {
            let stays = planted!(VectorStays, false, content.is_none());
            if !stays {
                state.vectors.set(register, content);
            }
        }
        None
    }

    /// X2: what an instruction writes to its vector register.
    fn written(
        &mut self,
        state: &mut State,
        insn: &Insn,
        (step, memory): (Step, Option<Value>),
    ) -> Option<Content> {
        let last = insn.operands().saturating_sub(1);
        match step {
            Step::Compare(_) | Step::Convert(_) => None,
            Step::Widen => match self.float(state, (insn, last, 4), memory)? {
                Float::Constant(bits) => Some(Content::Bits(bits)),
                Float::Key(key) => Some(Content::Float(key, 8)),
                Float::Rounded(_) => None,
            },
            Step::Round => match self.float(state, (insn, last.saturating_sub(1), 8), memory)? {
                Float::Key(key) => Some(Content::Rounded(key)),
                Float::Constant(_) | Float::Rounded(_) => None,
            },
            Step::Bits(bytes) => {
                let Operand::Register(r, _) = insn.operand(1).ok()? else { return None };
                let word = state.get(Loc::Register(r))?.as_constant()?;
                let half = word & u64::from(u32::MAX);
                Some(Content::Bits(if bytes == 8 { word } else { half }))
            }
            Step::Copy => state.vectors.get(insn.vector(1)?),
            Step::Xor => {
                let same = insn.vector(last)? == insn.vector(last.saturating_sub(1))?;
                planted!(XorIsZero, same, true).then_some(Content::Bits(0))
            }
            Step::Subtract(bytes) => {
                let x = self.float(state, (insn, last.saturating_sub(1), bytes), memory)?;
                let c = self.float(state, (insn, last, bytes), memory)?;
                self.difference(state, (x, c), bytes)
            }
        }
    }

    /// A float that an operand is; a new one where nothing is known of it.
    fn float(
        &mut self,
        state: &mut State,
        (insn, n, bytes): (&Insn, u32, u32),
        memory: Option<Value>,
    ) -> Option<Float> {
        let Some(register) = insn.vector(n) else {
            let bits = memory?.as_constant()?;
            return Some(Float::Constant(widened(bits, bytes)));
        };
        let same = |width| planted!(FloatOfAnyWidth, width == bytes, true);
        match state.vectors.get(register) {
            Some(Content::Bits(bits)) => return Some(Float::Constant(widened(bits, bytes))),
            Some(Content::Float(key, width)) if same(width) => return Some(Float::Key(key)),
            Some(Content::Rounded(key)) if same(8) => return Some(Float::Rounded(key)),
            Some(Content::Float(..) | Content::Rounded(_)) | None => {}
        }
        let key = self.symbols.fresh(Def::ANY);
        state.vectors.set(register, Some(Content::Float(key, bytes)));
        Some(Float::Key(key))
    }

    /// The integer of `bytes` bytes that an instruction makes of a float.
    pub(crate) fn converted(
        &mut self,
        state: &mut State,
        (insn, bytes): (&Insn, u32),
        memory: Option<Value>,
    ) -> Option<Value> {
        if !self.follows_floats() {
            return None;
        }
        let Some(Step::Convert(of)) = float::step(insn) else { return None };
        let Some(Float::Key(key)) = self.float(state, (insn, 1, of), memory) else { return None };
        let number = self.unknown(bytes);
        self.symbols.converts(number.sym, (key, bytes));
        Some(number)
    }

    /// The flags of the comparison of an integer that a float became with 0 or 1, in its width.
    pub(crate) fn converted_compared(&self, flags: Flags, bytes: u32) -> Flags {
        let Flags::Compare(a, b) = flags else { return flags };
        let of = a.as_symbol().and_then(|sym| self.symbols.converted(sym));
        let width =
            of.is_some_and(|(_, width)| planted!(ConvertedInAnyWidth, width == bytes, true));
        let with = matches!(b.as_constant(), Some(0 | 1));
        if width && with { Flags::Converted(a, b) } else { flags }
    }

    /// `path`, where a condition on floats, or on an integer that a float became, holds or does
    /// not; none if that cannot be.
    pub(crate) fn float_way(
        &mut self,
        (path, flags): (Path, Flags),
        way: (Condition, bool),
    ) -> Option<Path> {
        match flags {
            Flags::Floats(compared) => self.compared_way((path, compared), way),
            Flags::Converted(a, b) => self.converted_way(path, (a, b), way),
            Flags::Unknown | Flags::Compare(..) | Flags::Sum(..) | Flags::Zero(_) => Some(path),
        }
    }

    /// X3.
    fn compared_way(
        &mut self,
        (path, Compared(a, b, bytes)): (Path, Compared),
        way: (Condition, bool),
    ) -> Option<Path> {
        let (less, equal) = ((a, true, b), (a, false, b));
        let (not_less, more) = ((b, false, a), (b, true, a));
        // The order, and whether the condition holds of a NaN.
        let (order, of_nan) = match way {
            (Condition::Below, true) | (Condition::AboveEqual, false) => (Some(less), true),
            (Condition::Below, false) | (Condition::AboveEqual, true) => (Some(not_less), false),
            (Condition::BelowEqual, true) | (Condition::Above, false) => (Some(equal), true),
            (Condition::BelowEqual, false) | (Condition::Above, true) => (Some(more), false),
            (Condition::NotEqual, true) | (Condition::Equal, false) => (None, false),
            (Condition::NotParity, true) | (Condition::Parity, false) => (None, false),
            (Condition::Parity, true) | (Condition::NotParity, false) => {
                let ordered = self.is_number(path, a)
                    && planted!(OtherIsNumber, self.is_number(path, b), true);
                return (!ordered).then_some(path);
            }
            _ => return Some(path),
        };
        let ordered = self.is_number(path, a) && self.is_number(path, b);
        if planted!(NanIsOrdered, of_nan && !ordered, false) {
            return Some(path);
        }
        let mut path = path;
        for float in [a, b] {
            if let Float::Key(key) | Float::Rounded(key) = float
                && !ordered
            {
                path = self.bounded(path, key, NUMBERS);
            }
        }
        let Some((less, strict, more)) = order else { return Some(path) };
        self.float_order(path, Order { less, strict, more }, bytes)
    }

    /// `path`, where numbers are in an order.
    fn float_order(
        &mut self,
        path: Path,
        Order { less, strict, more }: Order,
        bytes: u32,
    ) -> Option<Path> {
        let (least, _) = self.keys(path, less, bytes);
        let (_, most) = self.keys(path, more, bytes);
        let (low, high) = (zeros(least), zeros(most));
        if low.0 > high.1 || strict && low.1 >= high.0 {
            return None;
        }
        // X4: of what is rounded the order says something where the other is a whole number.
        let of = |float, other| match (float, other) {
            (Float::Key(key), _) => Some(key),
            (Float::Rounded(key), Float::Constant(bits)) => {
                let whole = strict && is_whole(bits);
                planted!(RoundedIsIt, whole, true).then_some(key)
            }
            (Float::Rounded(_) | Float::Constant(_), _) => None,
        };
        let mut path = path;
        if let Some(key) = of(less, more) {
            let most = if strict { high.0.saturating_sub(1) } else { high.1 };
            path = self.bounded(path, key, (0, most));
        }
        if let Some(key) = of(more, less) {
            let least = if strict { low.1.saturating_add(1) } else { low.0 };
            path = self.bounded(path, key, (least, u64::MAX));
        }
        Some(path)
    }

    /// The least and the most key of a float of `bytes` bytes.
    fn keys(&self, path: Path, float: Float, bytes: u32) -> (u64, u64) {
        match float {
            Float::Constant(bits) => (key_of(bits), key_of(bits)),
            Float::Rounded(_) => NUMBERS,
            Float::Key(key) => {
                let (lo, hi) = self.facts.bounds(path, &self.symbols, key);
                let (lo, hi) = (lo.max(NUMBERS.0), hi.min(NUMBERS.1));
                if bytes == 4 { (rounded_up(lo), rounded_down(hi)) } else { (lo, hi) }
            }
        }
    }

    /// Whether a float is known to be no NaN.
    fn is_number(&self, path: Path, float: Float) -> bool {
        match float {
            Float::Constant(bits) => is_in(NUMBERS, (key_of(bits), key_of(bits))),
            Float::Key(key) | Float::Rounded(key) => {
                is_in(NUMBERS, self.facts.bounds(path, &self.symbols, key))
            }
        }
    }

    /// X6.
    fn difference(
        &mut self,
        state: &mut State,
        (x, c): (Float, Float),
        bytes: u32,
    ) -> Option<Content> {
        let Float::Constant(c) = c else { return None };
        if !self.is_number(state.path, x) {
            return None;
        }
        let (lo, hi) = self.keys(state.path, x, bytes);
        let (lo, hi, c) = (number(lo), number(hi), f64::from_bits(c));
        let exact = (1.0..LARGE).contains(&c) && lo >= c / 2.0 && hi <= c * 2.0;
        if !planted!(AnyDifferenceIsExact, exact, true) {
            return None;
        }
        let key = self.symbols.fresh(Def::ANY);
        let least = zeros(key_of((lo - c).to_bits())).0;
        let most = zeros(key_of((hi - c).to_bits())).1;
        state.path = self.bounded(state.path, key, (least, most));
        Some(Content::Float(key, bytes))
    }

    /// X5.
    fn converted_way(
        &mut self,
        path: Path,
        (number, with): (Value, Value),
        way: (Condition, bool),
    ) -> Option<Path> {
        let of = number.as_symbol().and_then(|sym| self.symbols.converted(sym));
        let Some((key, bytes)) = of else { return Some(path) };
        let (lo, hi) = self.facts.bounds(path, &self.symbols, key);
        let end = power(bytes.saturating_mul(8).saturating_sub(1));
        let below = lo >= NUMBERS.0 && hi < end;
        match (with.as_constant(), way) {
            (Some(0), (Condition::Less, true) | (Condition::GreaterEqual, false)) => {
                let positive = below && lo > MINUS_ONE;
                (!planted!(AnyIsPositive, positive, true)).then_some(path)
            }
            (Some(1), (Condition::Overflow, true) | (Condition::NotOverflow, false)) => {
                if !planted!(LeastIsNoOther, below, true) {
                    return Some(path);
                }
                // The key of the opposite number has all bits turned.
                (lo <= !end).then(|| self.bounded(path, key, (0, !end)))
            }
            _ => Some(path),
        }
    }
}

/// The keys of floats that are no NaNs.
const NUMBERS: (u64, u64) = (key_of(0xfff0 << 48), key_of(0x7ff0 << 48));
/// The key of -1.
const MINUS_ONE: u64 = key_of(0xbff0 << 48);
/// Doubling what is less does not overflow.
const LARGE: f64 = (1_u128 << 127) as f64;
const SIGN: u64 = 1 << 63;

/// The key of the float of 8 bytes with these bits (X1).
const fn key_of(bits: u64) -> u64 {
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The float with a key.
fn number(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

/// The key of a power of 2, up to 2^64.
const fn power(n: u32) -> u64 {
    key_of((1023_u64.saturating_add(n as u64)) << 52)
}

/// The least and the most key of floats that are equal to the one with this key.
fn zeros(key: u64) -> (u64, u64) {
    if key == SIGN || key == !SIGN { (!SIGN, SIGN) } else { (key, key) }
}

/// Whether one range lies in another.
fn is_in(all: (u64, u64), (lo, hi): (u64, u64)) -> bool {
    all.0 <= lo && hi <= all.1
}

/// The float of 8 bytes that these bits of a float of 4 or 8 bytes stand for.
fn widened(bits: u64, bytes: u32) -> u64 {
    if bytes == 8 { bits } else { f64::from(f32::from_bits(bits as u32)).to_bits() }
}

/// The key of the least float of 4 bytes that is no less.
fn rounded_up(key: u64) -> u64 {
    let at = number(key);
    let near = at as f32;
    let up = if f64::from(near) < at { near.next_up() } else { near };
    key_of(f64::from(up).to_bits())
}

/// The key of the greatest float of 4 bytes that is no more.
fn rounded_down(key: u64) -> u64 {
    let at = number(key);
    let near = at as f32;
    let down = if f64::from(near) > at { near.next_down() } else { near };
    key_of(f64::from(down).to_bits())
}

/// Whether a float of 8 bytes is a whole number.
fn is_whole(bits: u64) -> bool {
    let number = bits & !SIGN;
    match number >> 52 {
        0x7ff => false,
        exponent @ 1023.. => {
            let fraction = 1075_u64.saturating_sub(exponent);
            number & 1_u64.checked_shl(fraction as u32).unwrap_or(0).wrapping_sub(1) == 0
                || fraction == 0
        }
        _ => number == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{NUMBERS, is_in, is_whole, key_of, number, power, rounded_down, rounded_up, zeros};

    /// Floats in their order.
    const ORDER: [f64; 14] = [
        f64::NEG_INFINITY,
        f64::MIN,
        -9_223_372_036_854_775_808.0,
        -2_147_483_648.5,
        -1.0,
        -f64::MIN_POSITIVE,
        -0.0,
        0.0,
        5e-324,
        0.5,
        4_294_967_295.0,
        18_446_744_073_709_551_616.0,
        f64::MAX,
        f64::INFINITY,
    ];

    #[test]
    fn keys_have_the_order_of_floats() {
        for (i, a) in ORDER.iter().enumerate() {
            let key = key_of(a.to_bits());
            assert_eq!(number(key).to_bits(), a.to_bits(), "{a}");
            assert!(is_in(NUMBERS, (key, key)), "{a}");
            for b in &ORDER[i + 1..] {
                let other = key_of(b.to_bits());
                assert!(key < other, "{a} and {b}");
                assert_eq!(zeros(key) == zeros(other), a == b, "{a} and {b}");
            }
        }
        for nan in [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)] {
            let key = key_of(nan.to_bits());
            assert!(!is_in(NUMBERS, (key, key)), "{nan}");
        }
        assert_eq!(power(31), key_of(2_147_483_648_f64.to_bits()));
        assert_eq!(!power(63), key_of((-9_223_372_036_854_775_808_f64).to_bits()));
    }

    #[test]
    fn bounds_are_rounded_inwards() {
        let key = |at: f64| key_of(at.to_bits());
        for (at, up, down) in [
            (-2_147_483_648.5, -2_147_483_648.0, -2_147_483_904.0),
            (4_294_967_295.0, 4_294_967_296.0, 4_294_967_040.0),
            (0.5, 0.5, 0.5),
            (-0.0, -0.0, -0.0),
            (1e300, f64::INFINITY, f64::from(f32::MAX)),
            (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY),
        ] {
            assert_eq!((rounded_up(key(at)), rounded_down(key(at))), (key(up), key(down)), "{at}");
        }
    }

    #[test]
    fn whole_numbers_are_told() {
        let big = 4_503_599_627_370_496_f64;
        for whole in [0.0, -0.0, 1.0, -1.0, 6.0, -2_147_483_649.0, big, big + 1.0, 1e300] {
            assert!(is_whole(whole.to_bits()), "{whole}");
        }
        let halves = [0.5, -0.5, 1.5, -2_147_483_648.5, big / 2.0 + 0.5, 5e-324];
        for other in halves.into_iter().chain([f64::INFINITY, f64::NAN]) {
            assert!(!is_whole(other.to_bits()), "{other}");
        }
    }
}
