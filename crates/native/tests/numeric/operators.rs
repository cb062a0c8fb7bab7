//! All functions of `prova-num` as a table: names, types, and the function on bits. Tests of other
//! crates take this file by its path.

use prova_num::*;

/// A value as bits, and back.
pub(crate) trait Value: Sized {
    const TYPE: &'static str;
    fn of(bits: u128) -> Self;
    fn bits(self) -> u128;
}

macro_rules! values {
    ($($ty:ident $name:literal |$bits:ident| $of:expr, |$value:ident| $to:expr;)*) => {$(
        impl Value for $ty {
            const TYPE: &'static str = $name;
            fn of($bits: u128) -> $ty { $of }
            fn bits(self) -> u128 { let $value = self; $to }
        }
    )*};
}
values! {
    u32 "i32" |b| b as u32, |v| v.into();
    u64 "i64" |b| b as u64, |v| v.into();
    u128 "v128" |b| b, |v| v;
    f32 "f32" |b| f32::from_bits(b as u32), |v| v.to_bits().into();
    f64 "f64" |b| f64::from_bits(b as u64), |v| v.to_bits().into();
    u8 "i32" |b| b as u8, |v| v.into();
    u16 "i32" |b| b as u16, |v| v.into();
}

/// The result of an operator.
pub(crate) trait Outcome {
    const TYPES: &'static [&'static str];
    fn outcome(self) -> Result<[u128; 2], NumError>;
}

macro_rules! outcomes {
    ($($ty:ident)*) => {$(
        impl Outcome for $ty {
            const TYPES: &'static [&'static str] = &[<$ty as Value>::TYPE];
            fn outcome(self) -> Result<[u128; 2], NumError> { Ok([self.bits(), 0]) }
        }
    )*};
}
outcomes! { u8 u16 u32 u64 u128 f32 f64 }

impl<A: Value, B: Value> Outcome for (A, B) {
    const TYPES: &'static [&'static str] = &[A::TYPE, B::TYPE];
    fn outcome(self) -> Result<[u128; 2], NumError> {
        Ok([self.0.bits(), self.1.bits()])
    }
}

impl<T: Outcome> Outcome for Result<T, NumError> {
    const TYPES: &'static [&'static str] = T::TYPES;
    fn outcome(self) -> Result<[u128; 2], NumError> {
        self?.outcome()
    }
}

/// An operator of `prova-num`.
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    pub(crate) params: Vec<&'static str>,
    pub(crate) results: &'static [&'static str],
    pub(crate) apply: fn([u128; 3]) -> Result<[u128; 2], NumError>,
}

fn outcome_types<T: Outcome>(_: fn() -> T) -> &'static [&'static str] {
    T::TYPES
}

macro_rules! operators {
    ($(($name:ident ($($operand:ident: $type:ty),*) -> $result:ty))*) => {
        pub(crate) fn operators() -> Vec<Operator> {
            vec![$(Operator {
                name: stringify!($name),
                params: vec![$(<$type as Value>::TYPE),*],
                results: outcome_types(|| -> $result { unreachable!("never called") }),
                apply: |operands: [u128; 3]| {
                    let mut operands = operands.into_iter();
                    $(let $operand = <$type as Value>::of(operands.next().unwrap_or(0));)*
                    $name($($operand),*).outcome()
                },
            }),*]
        }
    };
}
for_each_num!(operators);
