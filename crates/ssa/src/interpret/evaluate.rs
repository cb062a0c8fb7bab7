//! The expressions of the operators' rows, over `prova-num` and a [`World`].
//!
//! An expression takes operands, immediates and the bits that an access finds, and gives up to
//! three values. Operations of the store keep their trap in [`Operations`], since an expression has
//! no way to return it.

use super::world::{Bits, Fault, World};
use prova_module::ops::{ref_is_null, select};
use prova_module::{Opcode, for_each_wasm_op, wasm_immediate, wasm_operand};
use prova_num::*;

/// The results of an expression, and their number.
pub(crate) type Values = ([Bits; 3], usize);

/// The store as the expressions see it.
pub(super) struct Operations<'w, W: World> {
    pub(super) world: &'w mut W,
    pub(super) instance: W::Instance,
    /// The trap of the operation.
    pub(super) trap: Option<W::Error>,
    pub(super) deterministic: bool,
}

/// Operands, immediates and bits in order.
pub(crate) struct Args {
    values: [Bits; 8],
    count: usize,
    next: usize,
}

impl Args {
    pub(crate) fn new() -> Args {
        Args { values: [0; 8], count: 0, next: 0 }
    }

    /// Appends one; more than an operator has are lost.
    pub(crate) fn push(&mut self, value: Bits) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
            self.count += 1;
        }
    }

    pub(crate) fn take<T: Number>(&mut self) -> T {
        self.next += 1;
        T::from_bits(self.values.get(self.next - 1).copied().unwrap_or(0))
    }
}

/// A type of values.
pub(crate) trait Number {
    fn from_bits(bits: Bits) -> Self;
    fn bits(self) -> Bits;
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(impl Number for $ty {
        fn from_bits(bits: Bits) -> $ty { bits as $ty }
        fn bits(self) -> Bits { self.into() }
    })*};
}
numbers! { u8 u16 u32 u64 u128 }

impl Number for f32 {
    fn from_bits(bits: Bits) -> f32 {
        f32::from_bits(bits as u32)
    }
    fn bits(self) -> Bits {
        self.to_bits().into()
    }
}

impl Number for f64 {
    fn from_bits(bits: Bits) -> f64 {
        f64::from_bits(bits as u64)
    }
    fn bits(self) -> Bits {
        self.to_bits().into()
    }
}

/// The value of an expression.
pub(crate) trait Expression {
    fn values(self) -> Result<Values, NumError>;
}

impl<T: Number> Expression for T {
    fn values(self) -> Result<Values, NumError> {
        Ok(([self.bits(), 0, 0], 1))
    }
}

impl Expression for () {
    fn values(self) -> Result<Values, NumError> {
        Ok(([0; 3], 0))
    }
}

impl<A: Number, B: Number> Expression for (A, B) {
    fn values(self) -> Result<Values, NumError> {
        Ok(([self.0.bits(), self.1.bits(), 0], 2))
    }
}

impl<A: Number, B: Number, C: Number> Expression for (A, B, C) {
    fn values(self) -> Result<Values, NumError> {
        Ok(([self.0.bits(), self.1.bits(), self.2.bits()], 3))
    }
}

impl<T: Number> Expression for Result<T, NumError> {
    fn values(self) -> Result<Values, NumError> {
        self?.values()
    }
}

macro_rules! evaluate {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($s:ident : $sk:ident)* -> $($d:ident)* $(/ $canonical:ident)?] ($($i:ident : $ik:ident)*)
        $($binder:ident $(: $bits:ident)?)? { $($e:tt)* })*) => {
        /// Evaluates the expression of an operator's row; `None` where the class says what it does.
        pub(super) fn evaluate<W: World>(
            opcode: Opcode,
            args: &mut Args,
            cx: &mut Operations<'_, W>,
        ) -> Option<Result<Values, NumError>> {
            match opcode {
                $(Opcode::$name => expression! {
                    args cx [$($s : $sk)*] ($($i : $ik)*) [$($canonical)?] $($binder $(: $bits)?)? { $($e)* }
                }),*
            }
        }
    };
}

macro_rules! expression {
    ($args:ident $cx:ident $operands:tt $immediates:tt $canonical:tt $($binder:ident $(: $bits:ident)?)? {}) => {
        None
    };
    ($args:ident $cx:ident $operands:tt $immediates:tt [] $m:ident : $bits:ident { $e:expr }) => {
        expression!(@ $args $operands $immediates {
            let $m: $bits = $args.take();
            // A probe has no use for what it finds.
            let _ = &$m;
            Some($e.values())
        })
    };
    ($args:ident $cx:ident $operands:tt $immediates:tt [] $store:ident { $e:expr }) => {
        expression!(@ $args $operands $immediates {
            let $store = $cx;
            Some($e.values())
        })
    };
    ($args:ident $cx:ident $operands:tt $immediates:tt [] { $e:expr }) => {
        expression!(@ $args $operands $immediates { Some($e.values()) })
    };
    ($args:ident $cx:ident $operands:tt $immediates:tt [$canonical:ident] { $e:expr }) => {
        expression!(@ $args $operands $immediates {
            let value = $e;
            Some(if $cx.deterministic { $canonical(value) } else { value }.values())
        })
    };
    (@ $args:ident [$($s:ident : $sk:ident)*] ($($i:ident : $ik:ident)*) $body:block) => {{
        $(let $s: wasm_operand!($sk) = $args.take();)*
        $(let $i: wasm_immediate!($ik) = $args.take();)*
        // An expression need not use all names of its row.
        let _ = ($(&$s,)* $(&$i,)*);
        $body
    }};
}
for_each_wasm_op!(evaluate);

impl<W: World> Operations<'_, W> {
    fn done<T: Default>(&mut self, result: Result<T, W::Error>) -> T {
        result.unwrap_or_else(|trap| {
            self.trap.get_or_insert(trap);
            T::default()
        })
    }

    fn memory_size(&mut self, k: u32) -> u64 {
        self.world.memory_size(self.instance, k)
    }

    fn memory_grow(&mut self, k: u32, n: u64) -> u64 {
        let result = self.world.memory_grow(self.instance, k, n);
        self.done(result)
    }

    fn memory_fill(&mut self, k: u32, d: u64, a: u32, n: u64) {
        let result = self.world.memory_fill(self.instance, k, d, a, n);
        self.done(result)
    }

    fn memory_copy(&mut self, k: u32, j: u32, d: u64, s: u64, n: u64) {
        let result = self.world.memory_copy(self.instance, (k, j), d, s, n);
        self.done(result)
    }

    fn memory_init(&mut self, k: u32, x: u32, d: u64, s: u32, n: u32) {
        let result = self.world.memory_init(self.instance, (k, x), d, s, n);
        self.done(result)
    }

    fn data_drop(&mut self, x: u32) {
        self.world.data_drop(self.instance, x);
    }

    fn table_size(&mut self, t: u32) -> u64 {
        self.world.table_size(self.instance, t)
    }

    fn table_get(&mut self, t: u32, i: u64) -> u64 {
        let result = self.world.table_get(self.instance, t, i);
        self.done(result)
    }

    fn table_set(&mut self, t: u32, i: u64, a: u64) {
        let result = self.world.table_set(self.instance, t, i, a);
        self.done(result)
    }

    fn table_grow(&mut self, t: u32, a: u64, n: u64) -> u64 {
        let result = self.world.table_grow(self.instance, t, a, n);
        self.done(result)
    }

    fn table_fill(&mut self, t: u32, i: u64, a: u64, n: u64) {
        let result = self.world.table_fill(self.instance, t, i, a, n);
        self.done(result)
    }

    fn table_copy(&mut self, t: u32, u: u32, d: u64, s: u64, n: u64) {
        let result = self.world.table_copy(self.instance, (t, u), d, s, n);
        self.done(result)
    }

    fn table_init(&mut self, t: u32, x: u32, d: u64, s: u32, n: u32) {
        let result = self.world.table_init(self.instance, (t, x), d, s, n);
        self.done(result)
    }

    fn elem_drop(&mut self, x: u32) {
        self.world.elem_drop(self.instance, x);
    }

    fn ref_func(&mut self, f: u32) -> u64 {
        self.world.ref_func(self.instance, f)
    }

    fn ref_as_non_null(&mut self, a: u64) -> u64 {
        if a == 0 {
            self.trap = Some(self.world.fault(Fault::Null));
        }
        a
    }
}
