//! Numbers that are not 0, where nobody handles faults: there a division must not fault for its
//! divisor, and a `ud2` not be reached. With signals nothing of this is kept.
//!
//! Code tests a divisor once as Wasm does and once more as the compiler does, each time on a word
//! that it computed anew: extended, negated, masked. So:
//!
//! - N1. That a symbol is not some word ([`Fact::Apart`]) is kept where a branch says so and bounds
//!   do not.
//! - N2. The same operation of the same words gives the same word: its symbol is found again by the
//!   operation and its operands. Its definition has only the bounds that follow from those; what a
//!   path adds is a fact.
//! - N3. A 32-bit number that is extended with its sign is the low half of the result, which is not
//!   0 if it is not. What `neg` makes of a number is 0 with it alone, and so is a product by an
//!   odd constant.
//! - N4. A shifted symbol is a word that may wrap; a symbol stands for it where it is tested, and
//!   is found again by the shifted one as in N2.
//! - N5. The lowest byte of a word, or two, are found again as in N2. A number that is extended
//!   with its sign from these is 0 with them alone, and so is its low half.
//!
//! Limits: overflow of quotients is not looked at (`docs/trust/claims.md`). Facts of N1 are not
//! claimed, so they end where ways meet.

use crate::facts::{Fact, Path};
use crate::machine::Machine;
use crate::rules::numeric::{Alone, Outcome, zero_alone};
use crate::rules::order;
use crate::symbols::Def;
use crate::value::{Base, Value};
use crate::x64::Pure;

impl Machine<'_> {
    /// N1: `path`, where a symbol is another word.
    pub(crate) fn apart(&mut self, path: Path, (number, word): (Value, u64)) -> Path {
        match number.as_symbol() {
            Some(sym) if !self.layout.config.signals => {
                self.facts.push(path, &self.symbols, Fact::Apart { sym, word })
            }
            None if number.shift > 0 && !self.layout.config.signals => {
                let word = order::word_apart(number, word);
                let name = self.same((Pure::Word, 8), (word, Value::constant(0)));
                let Some(sym) = name.and_then(Value::as_symbol) else { return path };
                self.facts.push(path, &self.symbols, Fact::Apart { sym, word: 0 })
            }
            _ => path,
        }
    }

    /// Whether a number is known not to be 0.
    pub(crate) fn is_not_zero(&self, path: Path, number: Value) -> bool {
        let key = planted!(ShiftedIsItsSymbol, number, Value::symbol(number.sym));
        let name = || self.symbols.known_same((Pure::Word, 8, (key, Value::constant(0))));
        let known = |number| self.facts.is_not_zero(path, &self.symbols, number);
        let by_symbol = planted!(ShiftedIsItsSymbol, false, number.shift > 0);
        known(number)
            || (number.shift > 0 && name().is_some_and(|sym| known(Value::symbol(sym))))
            || (by_symbol && known(Value::symbol(number.sym)))
            || self.is_not_zero_with(path, number)
    }

    /// N3, N5: whether a number is 0 only where another one is, which is known not to be 0.
    fn is_not_zero_with(&self, path: Path, number: Value) -> bool {
        let with = number.as_symbol().and_then(|sym| self.symbols.zero_with(sym));
        with.is_some_and(|with| {
            let apart = self.facts.is_not_zero(path, &self.symbols, with);
            planted!(WithAnyIsApart, apart, true)
        })
    }

    /// N3: the product of a number and an odd constant, which is 0 with that number alone.
    pub(crate) fn multiplied(
        &mut self,
        path: &mut Path,
        (number, constant): (Value, Value),
        bytes: u32,
    ) -> Option<Value> {
        let by = constant.as_constant()?;
        if !zero_alone(Alone::Times(by), bytes) {
            return None;
        }
        let product = self.same((Pure::Multiply, bytes), (number, constant))?;
        self.symbols.is_zero_with(product.sym, number);
        if self.is_not_zero(*path, number) {
            *path = self.apart(*path, (product, 0));
        }
        Some(product)
    }

    /// Whether two numbers cannot be equal, where nobody handles faults: a second test of a divisor
    /// leads to a `ud2`. Of addresses nothing is said: the code of a record may be replaced, so
    /// that what was read of it first and a distance may be what is read of it later.
    pub(crate) fn are_apart(&self, path: Path, a: Value, b: Value) -> bool {
        let numbers = (a.base, b.base) == (Base::None, Base::None);
        if self.layout.config.signals || !planted!(AddressesAreApart, numbers, true) {
            return false;
        }
        let apart = || a.difference(b).is_some_and(|by| self.is_not_zero(path, by));
        planted!(AnyEqualIsImpossible, apart(), true)
    }

    /// N3: `neg` of a number that is not 0.
    pub(crate) fn negated(&mut self, path: &mut Path, number: Value, bytes: u32) -> Option<Value> {
        let known = zero_alone::<u64>(Alone::Negated, bytes) && !self.layout.config.signals;
        if !known || planted!(AnyNegatedIsApart, !self.is_not_zero(*path, number), false) {
            return None;
        }
        let new = self.unknown(bytes);
        *path = self.apart(*path, (new, 0));
        Some(new)
    }

    /// N3: a number of `bytes` bytes, extended with its sign to 64 bits.
    pub(crate) fn sign_extended(
        &mut self,
        path: &mut Path,
        (number, bytes): (Value, u32),
    ) -> Option<Value> {
        let narrow = planted!(ByteIsHalf, bytes != 4, bytes == 2);
        if planted!(TwoBytesAreHalf, narrow, bytes == 1) {
            return self.part_extended(number, bytes);
        }
        let whole = self.same((Pure::Extend, 8), (number, Value::constant(0)))?;
        match number.as_symbol() {
            Some(half) if self.symbols.known_half(whole).is_none() => {
                self.symbols.halves_to(whole, half);
            }
            None if planted!(ExtendedIsApart, self.is_not_zero(*path, number), true) => {
                *path = self.apart(*path, (whole, 0))
            }
            _ => {}
        }
        Some(whole)
    }

    /// N5: the lowest bytes of a word.
    pub(crate) fn same_part(&mut self, whole: Value, bytes: u32) -> Option<Value> {
        let number = planted!(PartOfAddress, whole.base == Base::None, true);
        if self.layout.config.signals || !number {
            return None;
        }
        let most = if bytes == 1 { 0xff } else { 0xffff };
        let name = (Pure::Part, planted!(PartsAreAlike, bytes, 1), (whole, Value::constant(0)));
        Some(Value::symbol(self.symbols.same(name, Def::at_most(most))))
    }

    /// N5: one byte, or two, extended with the sign to 64 bits.
    fn part_extended(&mut self, part: Value, bytes: u32) -> Option<Value> {
        let whole = self.same((Pure::Extend, 8), (part, Value::constant(bytes.into())))?;
        let half = self.symbols.low_half(whole);
        self.symbols.is_zero_with(whole.sym, part);
        self.symbols.is_zero_with(half, part);
        Some(whole)
    }

    /// N2: the result of an operation on words of `bytes` bytes, of which the operands are
    /// zero-extended.
    pub(crate) fn same(
        &mut self,
        (pure, bytes): (Pure, u32),
        (a, b): (Value, Value),
    ) -> Option<Value> {
        let numbers = (a.base, b.base) == (Base::None, Base::None);
        let numbers_only = planted!(SameOfAddresses, numbers, true);
        if self.layout.config.signals || bytes < 4 || !numbers_only {
            return None;
        }
        let turned = matches!(pure, Pure::And | Pure::Xor);
        let key = if turned { (a.min(b), a.max(b)) } else { (a, b) };
        let whole = if bytes == 4 { u64::from(u32::MAX) } else { u64::MAX };
        let most = match (pure, a.as_constant(), b.as_constant()) {
            (Pure::And, Some(k), _) | (Pure::And, None, Some(k)) => whole.min(k),
            _ => whole,
        };
        let name = (pure, planted!(WidthsAreSame, bytes, 8), key);
        Some(Value::symbol(self.symbols.same(name, Def::at_most(most))))
    }

    /// The result of an operation, as a word that is found again (N2).
    pub(crate) fn found(
        &mut self,
        path: &mut Path,
        (operation, operands): ((Pure, u32), (Value, Value)),
        outcome: Outcome<u64>,
    ) -> Outcome<u64> {
        let bounds = match outcome {
            Outcome::Is(_) => return outcome,
            Outcome::Unknown => (0, u64::MAX),
            Outcome::Between(lo, hi) => (lo, hi),
        };
        let Some(same) = self.same(operation, operands) else { return outcome };
        let Def { lo, hi, .. } = self.symbols.def(same.sym);
        if lo >= bounds.0 && hi <= bounds.1 {
            return Outcome::Is(same);
        }
        // F4: facts bound nothing there, so a word with these bounds is a new one.
        if self.masks() {
            return outcome;
        }
        *path = self.bounded(*path, same.sym, bounds);
        Outcome::Is(same)
    }
}
