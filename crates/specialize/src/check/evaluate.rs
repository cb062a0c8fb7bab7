//! The check's own arithmetic: the expressions of the operators' rows over `prova-num`.
//!
//! [`load`] is what a load makes of the bytes that it finds, [`evaluate`] everything else.
//!
//! Not evaluated: a result that is a NaN whose bits the machine may choose (the row's `canonical`);
//! what traps; operators with immediates, or with operands or results that are no scalars.

use prova_module::ops::{Class, Kind, ref_is_null};
use prova_module::{Opcode, for_each_wasm_op, wasm_operand};
use prova_num::*;

/// A type of operands and results.
trait Number {
    fn of(bits: u64) -> Self;
    fn bits(self) -> u64;
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(impl Number for $ty {
        fn of(bits: u64) -> $ty { bits as $ty }
        fn bits(self) -> u64 { self as u64 }
    })*};
}
numbers! { u8 u16 u32 u64 u128 }

impl Number for f32 {
    fn of(bits: u64) -> f32 {
        f32::from_bits(bits as u32)
    }
    fn bits(self) -> u64 {
        self.to_bits().into()
    }
}

impl Number for f64 {
    fn of(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// The value of an expression; `None` if it traps.
trait Expression {
    fn value(self) -> Option<u64>;
}

impl<T: Number> Expression for T {
    fn value(self) -> Option<u64> {
        Some(self.bits())
    }
}

impl<T: Number> Expression for Result<T, NumError> {
    fn value(self) -> Option<u64> {
        self.ok().map(Number::bits)
    }
}

macro_rules! rows {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($s:ident : $sk:ident)* -> $($d:ident)* $(/ $canonical:ident)?] ($($i:ident : $ik:ident)*)
        $($binder:ident $(: $bits:ident)?)? { $($e:tt)* })*) => {
        /// The expression of a row without immediates, on bits.
        fn expression(opcode: Opcode, mut args: impl Iterator<Item = u64>) -> Option<u64> {
            match opcode {
                $(Opcode::$name => row!($class args [$($s : $sk)*] ($($i)*) { $($e)* })),*
            }
        }

        /// What a load makes of the bits that it finds.
        fn loaded(opcode: Opcode, found: u64) -> Option<u64> {
            match opcode {
                $(Opcode::$name => loads!($class found $($binder $(: $bits)?)? { $($e)* })),*
            }
        }
    };
}

macro_rules! row {
    (pure $($row:tt)*) => { row!(@ $($row)*) };
    (trap $($row:tt)*) => { row!(@ $($row)*) };
    (@ $args:ident [$($s:ident : $sk:ident)*] () { $e:expr }) => {{
        $(let $s: wasm_operand!($sk) = Number::of($args.next()?);)*
        $e.value()
    }};
    ($class:tt $($row:tt)*) => { None };
}

macro_rules! loads {
    (load $found:ident $m:ident : $bits:ident { $e:expr }) => {{
        let $m: $bits = Number::of($found);
        $e.value()
    }};
    ($class:tt $($row:tt)*) => {
        None
    };
}
for_each_wasm_op!(rows);

/// What a load of a scalar gives that finds these bytes, as a little-endian number.
pub(super) fn load(opcode: Opcode, found: u64) -> Option<u64> {
    let row = opcode.row();
    let scalar = |kind: &Kind| matches!(kind, Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64);
    let plain = row.class == Class::load && row.results.iter().all(scalar);
    loaded(opcode, found).filter(|_| plain)
}

/// The result of an operator on constants; `None` if it is not evaluated, or traps.
pub(super) fn evaluate(opcode: Opcode, args: &[u64]) -> Option<u64> {
    let row = opcode.row();
    let scalar = |kind: &Kind| matches!(kind, Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64);
    let plain = matches!(row.class, Class::pure | Class::trap)
        && row.immediates.is_empty()
        && row.params.iter().chain(row.results).all(scalar);
    if !plain || args.len() != row.params.len() {
        return None;
    }
    let bits = expression(opcode, args.iter().copied())?;
    let is_nan = match row.results {
        [Kind::f32] => f32::from_bits(bits as u32).is_nan(),
        [Kind::f64] => f64::from_bits(bits).is_nan(),
        _other => false,
    };
    (!is_nan || row.canonical.is_none()).then_some(bits)
}
