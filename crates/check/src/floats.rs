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
use crate::rules::float::{self, Floats as _};
use crate::state::{Flags, Loc, State};
use crate::symbols::Def;
use crate::value::Value;
use crate::vector::{Compared, Content, Float};
use crate::x64::float::{Step, step};
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
        let step = step(insn);
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
                let half = planted!(HalfIsWord, word & u64::from(u32::MAX), word);
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
        let Some(Step::Convert(of)) = step(insn) else { return None };
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
                path = self.bounded(path, key, float::numbers());
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
        let (most, least) = float::ordered(least, strict, most)?;
        // X4: of what is rounded the order says something where the other is a whole number.
        let of = |float, other| match (float, other) {
            (Float::Key(key), _) => Some(key),
            (Float::Rounded(key), Float::Constant(bits)) => {
                float::rounded_is_it(strict, float::is_whole(bits)).then_some(key)
            }
            (Float::Rounded(_) | Float::Constant(_), _) => None,
        };
        let mut path = path;
        if let Some(key) = of(less, more) {
            path = self.bounded(path, key, (0, most));
        }
        if let Some(key) = of(more, less) {
            path = self.bounded(path, key, (least, u64::MAX));
        }
        Some(path)
    }

    /// The least and the most key of a float of `bytes` bytes.
    fn keys(&self, path: Path, float: Float, bytes: u32) -> (u64, u64) {
        match float {
            Float::Constant(bits) => (float::key_of(bits), float::key_of(bits)),
            Float::Rounded(_) => float::numbers(),
            Float::Key(key) => {
                let (lo, hi) = self.facts.bounds(path, &self.symbols, key);
                let (lo, hi) = (lo.max(float::numbers().0), hi.min(float::numbers().1));
                if bytes == 4 { (float::rounded_up(lo), float::rounded_down(hi)) } else { (lo, hi) }
            }
        }
    }

    /// Whether a float is known to be no NaN.
    fn is_number(&self, path: Path, float: Float) -> bool {
        match float {
            Float::Constant(bits) => {
                float::is_in(float::numbers(), (float::key_of(bits), float::key_of(bits)))
            }
            Float::Key(key) | Float::Rounded(key) => {
                float::is_in(float::numbers(), self.facts.bounds(path, &self.symbols, key))
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
        let bounds = float::difference(self.keys(state.path, x, bytes), c)?;
        let key = self.symbols.fresh(Def::ANY);
        state.path = self.bounded(state.path, key, bounds);
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
        let bounds = self.facts.bounds(path, &self.symbols, key);
        let bits = bytes.saturating_mul(8);
        match (with.as_constant(), way) {
            (Some(0), (Condition::Less, true) | (Condition::GreaterEqual, false)) => {
                let positive = float::is_positive(bounds, bits);
                (!planted!(AnyIsPositive, positive, true)).then_some(path)
            }
            (Some(1), (Condition::Overflow, true) | (Condition::NotOverflow, false)) => {
                let Some(most) = float::most_of_least(bounds, bits) else { return Some(path) };
                (bounds.0 <= most).then(|| self.bounded(path, key, (0, most)))
            }
            _ => Some(path),
        }
    }
}

/// The float of 8 bytes that these bits of a float of 4 or 8 bytes stand for.
fn widened(bits: u64, bytes: u32) -> u64 {
    if bytes == 8 { bits } else { bits.wide() }
}
