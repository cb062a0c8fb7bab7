//! The expressions of the table's rows as functions over `prova-num` and a [`Model`] of the store.
//!
//! Values travel as 128 bits: an i32 or f32 zero-extended, a reference or address as a cell.

use super::model::Model;
use prova_module::ops::{ref_is_null, select};
use prova_module::{for_each_wasm_op, wasm_immediate, wasm_operand};
use prova_num::*;

/// The result of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// One value for each part of the expression's value.
    Values(Vec<u128>),
    /// The operator traps.
    Trap(NumError),
}

/// An expression. Arguments: the operands, bottom first, then the immediates, then the bits that an
/// access finds. `None` if the arguments do not fit.
pub type Evaluate = fn(&mut dyn Iterator<Item = u128>, &mut Model) -> Option<Outcome>;

/// A type of values.
pub(super) trait Bits: Sized {
    fn from_bits(bits: u128) -> Self;
    fn bits(self) -> u128;
}

macro_rules! bits {
    ($($ty:ident)*) => {$(impl Bits for $ty {
        fn from_bits(bits: u128) -> $ty { bits as $ty }
        fn bits(self) -> u128 { self.into() }
    })*};
}
bits! { u8 u16 u32 u64 u128 }

impl Bits for f32 {
    fn from_bits(bits: u128) -> f32 {
        f32::from_bits(bits as u32)
    }
    fn bits(self) -> u128 {
        self.to_bits().into()
    }
}

impl Bits for f64 {
    fn from_bits(bits: u128) -> f64 {
        f64::from_bits(bits as u64)
    }
    fn bits(self) -> u128 {
        self.to_bits().into()
    }
}

/// The value of an expression.
trait Expression {
    fn outcome(self) -> Outcome;
}

macro_rules! single {
    ($($ty:ident)*) => {$(impl Expression for $ty {
        fn outcome(self) -> Outcome { Outcome::Values(vec![self.bits()]) }
    })*};
}
single! { u8 u16 u32 u64 u128 f32 f64 }

impl Expression for () {
    fn outcome(self) -> Outcome {
        Outcome::Values(Vec::new())
    }
}

impl<A: Bits, B: Bits> Expression for (A, B) {
    fn outcome(self) -> Outcome {
        Outcome::Values(vec![self.0.bits(), self.1.bits()])
    }
}

impl<A: Bits, B: Bits, C: Bits> Expression for (A, B, C) {
    fn outcome(self) -> Outcome {
        Outcome::Values(vec![self.0.bits(), self.1.bits(), self.2.bits()])
    }
}

impl<T: Expression> Expression for Result<T, NumError> {
    fn outcome(self) -> Outcome {
        self.map_or_else(Outcome::Trap, T::outcome)
    }
}

macro_rules! expressions {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($s:ident : $sk:ident)* -> $($d:ident)* $(/ $canonical:ident)?] ($($i:ident : $ik:ident)*)
        $($binder:ident $(: $bits:ident)?)? { $($e:tt)* })*) => {
        &[$(expression! {
            [$($s : $sk)*] ($($i : $ik)*) $($binder $(: $bits)?)? { $($e)* }
        }),*]
    };
}

macro_rules! expression {
    ([$($operands:tt)*] ($($immediates:tt)*) $($binder:ident $(: $bits:ident)?)? {}) => { None };
    ([$($operands:tt)*] ($($immediates:tt)*) $m:ident : $bits:ident { $e:expr }) => {
        expression!(@ args cx [$($operands)*] ($($immediates)*) {
            let $m = <$bits as Bits>::from_bits(args.next().unwrap_or_default());
            $e.outcome()
        })
    };
    ([$($operands:tt)*] ($($immediates:tt)*) $cx:ident { $e:expr }) => {
        expression!(@ args cx [$($operands)*] ($($immediates)*) {
            let $cx = cx;
            $e.outcome()
        })
    };
    ([$($operands:tt)*] ($($immediates:tt)*) { $e:expr }) => {
        expression!(@ args cx [$($operands)*] ($($immediates)*) { $e.outcome() })
    };
    (@ $args:ident $cx:ident [$($s:ident : $sk:ident)*] ($($i:ident : $ik:ident)*) $body:block) => {
        Some({
            #[allow(unused_variables, reason = "an expression need not use all names of its row")]
            fn evaluate($args: &mut dyn Iterator<Item = u128>, $cx: &mut Model) -> Option<Outcome> {
                $(let $s = <wasm_operand!($sk) as Bits>::from_bits($args.next()?);)*
                $(let $i = <wasm_immediate!($ik) as Bits>::from_bits($args.next()?);)*
                Some($body)
            }
            evaluate as Evaluate
        })
    };
}

/// The expression of each row, in the order of the table; `None` where the class says what the
/// operator does.
pub(super) const EXPRESSIONS: &[Option<Evaluate>] = for_each_wasm_op!(expressions);
