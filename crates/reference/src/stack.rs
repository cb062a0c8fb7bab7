//! The operand stack of typed values: operands popped, results pushed (specification 4.2.13).
//!
//! [`machine`](crate::machine) unwinds it to labels and frames. Operators of `prova_num` are
//! applied with [`Stack::unary`] and its like, which take the operand types from the function's
//! signature.
//!
//! 1. Popping checks the type. Validation has shown that no check fails (specification 3.3), so a
//!    failure is a [`Stop::Bug`].
//! 2. The last operand is on top: `binary` pops its second operand first.
//!
//! Deterministic mode lives here too: the `*_float` methods, and [`Stack::canonical`] for vectors,
//! replace each NaN result by the canonical one. They serve the operators that compute; those that
//! only move bits (`abs`, `neg`, `copysign`, loads, constants, …) keep every NaN.
//!
//! Time: constant for an operator. Noticed by: the tests of every family.

use crate::machine::Stop;
use crate::value::{Float, Number, Value};
use prova_num::NumError;

/// The operand stack of one activation, all its frames together.
pub(crate) struct Stack {
    values: Vec<Value>,
    deterministic: bool,
}

impl Stack {
    /// An empty stack.
    pub(crate) fn new(deterministic: bool) -> Stack {
        Stack { values: Vec::new(), deterministic }
    }

    /// How many values there are.
    pub(crate) fn height(&self) -> usize {
        self.values.len()
    }

    /// All values, the lowest first.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Pushes a value.
    pub(crate) fn push(&mut self, value: Value) {
        self.values.push(value);
    }

    /// Pushes a number.
    pub(crate) fn push_number(&mut self, number: impl Number) {
        self.values.push(number.into_value());
    }

    /// Pops a value of any type.
    pub(crate) fn pop(&mut self) -> Result<Value, Stop> {
        self.values.pop().ok_or(Stop::Bug("the operand stack is empty"))
    }

    /// Pops a number.
    pub(crate) fn pop_number<N: Number>(&mut self) -> Result<N, Stop> {
        N::from_value(self.pop()?).ok_or(Stop::Bug("an operand has the wrong type"))
    }

    /// Pops a reference as its cell.
    pub(crate) fn pop_ref(&mut self) -> Result<u64, Stop> {
        self.pop()?.ref_cell().ok_or(Stop::Bug("an operand is no reference"))
    }

    /// Pops an address, an index or a count: an `i64` if `wide`, else an `i32`.
    pub(crate) fn pop_address(&mut self, wide: bool) -> Result<u64, Stop> {
        if wide { self.pop_number::<u64>() } else { Ok(u64::from(self.pop_number::<u32>()?)) }
    }

    /// Pushes an address, an index or a count; only the low 32 bits count unless it is `wide`.
    pub(crate) fn push_address(&mut self, wide: bool, address: u64) {
        if wide {
            self.push_number(address);
        } else {
            self.push_number(address as u32);
        }
    }

    /// Pops `count` values; the deepest comes first.
    pub(crate) fn pop_values(&mut self, count: usize) -> Result<Vec<Value>, Stop> {
        let base = self.base_of(count)?;
        Ok(self.values.split_off(base))
    }

    /// Pushes values, the first deepest.
    pub(crate) fn push_values(&mut self, values: impl IntoIterator<Item = Value>) {
        self.values.extend(values);
    }

    /// Keeps the lowest `height` values and the uppermost `count`: what a branch does, whose label
    /// has `height` values below it and takes `count`.
    pub(crate) fn unwind(&mut self, height: usize, count: usize) -> Result<(), Stop> {
        let base = self.base_of(count)?;
        if base < height {
            return Err(Stop::Bug("the operand stack is lower than the label"));
        }
        self.values.drain(height..base);
        Ok(())
    }

    /// The height below the uppermost `count` values.
    pub(crate) fn base_of(&self, count: usize) -> Result<usize, Stop> {
        self.height().checked_sub(count).ok_or(Stop::Bug("the operand stack is too low"))
    }

    /// Pops one operand and pushes the result.
    pub(crate) fn unary<A: Number, R: Number>(
        &mut self,
        operator: impl FnOnce(A) -> R,
    ) -> Result<(), Stop> {
        let a = self.pop_number()?;
        self.push_number(operator(a));
        Ok(())
    }

    /// Pops two operands and pushes the result.
    pub(crate) fn binary<A: Number, B: Number, R: Number>(
        &mut self,
        operator: impl FnOnce(A, B) -> R,
    ) -> Result<(), Stop> {
        let b = self.pop_number()?;
        let a = self.pop_number()?;
        self.push_number(operator(a, b));
        Ok(())
    }

    /// Pops three operands and pushes the result.
    pub(crate) fn ternary<A: Number, B: Number, C: Number, R: Number>(
        &mut self,
        operator: impl FnOnce(A, B, C) -> R,
    ) -> Result<(), Stop> {
        let c = self.pop_number()?;
        let b = self.pop_number()?;
        let a = self.pop_number()?;
        self.push_number(operator(a, b, c));
        Ok(())
    }

    /// Pops one operand of an operator that may trap, and pushes the result.
    pub(crate) fn unary_trap<A: Number, R: Number>(
        &mut self,
        operator: impl FnOnce(A) -> Result<R, NumError>,
    ) -> Result<(), Stop> {
        let a = self.pop_number()?;
        self.push_number(operator(a)?);
        Ok(())
    }

    /// Pops two operands of an operator that may trap, and pushes the result.
    pub(crate) fn binary_trap<A: Number, B: Number, R: Number>(
        &mut self,
        operator: impl FnOnce(A, B) -> Result<R, NumError>,
    ) -> Result<(), Stop> {
        let b = self.pop_number()?;
        let a = self.pop_number()?;
        self.push_number(operator(a, b)?);
        Ok(())
    }

    /// [`Stack::unary`] with a float result, canonical in deterministic mode.
    pub(crate) fn unary_float<A: Number, R: Float>(
        &mut self,
        operator: impl FnOnce(A) -> R,
    ) -> Result<(), Stop> {
        self.unary(operator)?;
        self.canonical(R::canonicalize)
    }

    /// [`Stack::binary`] with a float result, canonical in deterministic mode.
    pub(crate) fn binary_float<A: Number, B: Number, R: Float>(
        &mut self,
        operator: impl FnOnce(A, B) -> R,
    ) -> Result<(), Stop> {
        self.binary(operator)?;
        self.canonical(R::canonicalize)
    }

    /// Replaces the NaNs of the value on top, if the mode is deterministic: `canonicalize` is the
    /// function of `prova_num` for its type.
    pub(crate) fn canonical<A: Number>(
        &mut self,
        canonicalize: impl FnOnce(A) -> A,
    ) -> Result<(), Stop> {
        if self.deterministic { self.unary(canonicalize) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_num::{f32_canonicalize, i32_sub};

    fn stack(values: &[Value]) -> Stack {
        let mut stack = Stack::new(true);
        stack.push_values(values.iter().copied());
        stack
    }

    #[test]
    fn the_last_operand_is_on_top() {
        let mut stack = stack(&[Value::I32(7), Value::I32(2)]);
        assert!(stack.binary(i32_sub).is_ok());
        assert_eq!(stack.values, [Value::I32(5)]);
    }

    #[test]
    fn a_wrong_type_or_a_missing_operand_is_a_bug() {
        assert!(matches!(stack(&[Value::F32(1)]).pop_number::<u32>(), Err(Stop::Bug(_))));
        assert!(matches!(stack(&[]).pop(), Err(Stop::Bug(_))));
        assert!(matches!(stack(&[Value::I32(1)]).pop_ref(), Err(Stop::Bug(_))));
        assert!(matches!(stack(&[Value::I32(1)]).pop_values(2), Err(Stop::Bug(_))));
        assert!(matches!(stack(&[Value::I32(1)]).unwind(1, 1), Err(Stop::Bug(_))));
    }

    #[test]
    fn unwinding_keeps_what_is_below_and_what_the_label_takes() {
        let mut stack = stack(&[1, 2, 3, 4, 5].map(Value::I32));
        assert!(stack.unwind(1, 2).is_ok());
        assert_eq!(stack.values, [1, 4, 5].map(Value::I32));
    }

    #[test]
    fn only_a_deterministic_stack_replaces_nans() {
        let nan = Value::F32(0xffc0_1234);
        for (deterministic, expected) in [(true, Value::F32(0x7fc0_0000)), (false, nan)] {
            let mut stack = Stack::new(deterministic);
            stack.push(nan);
            assert!(stack.canonical(f32_canonicalize).is_ok());
            assert_eq!(stack.values, [expected]);
        }
    }

    #[test]
    fn addresses_have_the_width_of_their_memory() {
        let mut stack = stack(&[Value::I64(1 << 40), Value::I32(u32::MAX)]);
        assert_eq!(stack.pop_address(false).ok(), Some(0xffff_ffff));
        assert_eq!(stack.pop_address(true).ok(), Some(1 << 40));
        stack.push_address(false, u64::MAX);
        stack.push_address(true, u64::MAX);
        assert_eq!(stack.values, [Value::I32(u32::MAX), Value::I64(u64::MAX)]);
    }
}
