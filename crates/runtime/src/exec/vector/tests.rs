//! K1: every operator of `prova_num`'s list, at both levels, on edges and by chance.
//!
//! The list has all operators, not those alone that are defined here: an operator that no level
//! defines is compared with itself, and nobody has to remember a new one.
//!
//! A green run does not show that a handler calls the operator of its row (the tests of handlers
//! do), nor anything of the wide level on a machine without it.

use super::{baseline, has_wide, wide};
use prova_num::NumError;
use prova_random::Rng;

/// Tuples of operands for each operator and level.
const TUPLES: usize = 4_000;

/// Values that operators treat differently, in lanes of each width.
const BYTES: [u8; 12] = [0, 1, 2, 7, 15, 16, 31, 0x7e, 0x7f, 0x80, 0x81, 0xff];
const HALVES: [u16; 8] = [0, 1, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff];
const WORDS: [u32; 10] =
    [0, 1, 31, 32, 0xffff, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff];
const LONGS: [u64; 8] =
    [0, 1, 63, 0xffff_ffff, i64::MAX as u64, i64::MIN as u64, i64::MIN as u64 + 1, u64::MAX];
const FLOATS: [f64; 24] = [
    0.0,
    -0.0,
    0.3,
    0.5,
    -0.5,
    1.0,
    -1.0,
    1.5,
    2.5,
    -2.5,
    8_388_609.0,
    16_777_217.0,
    2_147_483_520.0,
    2_147_483_647.5,
    2_147_483_648.0,
    -2_147_483_648.0,
    -2_147_483_649.5,
    4_294_967_040.0,
    4_294_967_295.5,
    4_294_967_296.0,
    1e30,
    1e-42,
    f64::INFINITY,
    f64::NEG_INFINITY,
];
const NANS_32: [u32; 5] = [0x7fc0_0000, 0xffc0_0000, 0x7fc1_2345, 0x7f80_0001, 0xffa5_5555];
const NANS_64: [u64; 5] = [
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff8_1234_5678_9abc,
    0x7ff0_0000_0000_0001,
    0xfff4_5555_5555_5555,
];

/// A type of operands.
trait Draw {
    fn draw(rng: &mut Rng) -> Self;
}

impl Draw for u8 {
    fn draw(rng: &mut Rng) -> u8 {
        if rng.percent(50) { *rng.pick(&BYTES) } else { rng.bits() as u8 }
    }
}

impl Draw for u16 {
    fn draw(rng: &mut Rng) -> u16 {
        if rng.percent(50) { *rng.pick(&HALVES) } else { rng.bits() as u16 }
    }
}

impl Draw for u32 {
    fn draw(rng: &mut Rng) -> u32 {
        match rng.below(4) {
            0 => rng.below(70) as u32,
            1 => *rng.pick(&WORDS),
            2 => f32::draw(rng).to_bits(),
            _ => rng.bits() as u32,
        }
    }
}

impl Draw for u64 {
    fn draw(rng: &mut Rng) -> u64 {
        match rng.below(4) {
            0 => rng.below(140) as u64,
            1 => *rng.pick(&LONGS),
            2 => f64::draw(rng).to_bits(),
            _ => rng.bits(),
        }
    }
}

impl Draw for f32 {
    fn draw(rng: &mut Rng) -> f32 {
        match rng.below(4) {
            0 => f32::from_bits(*rng.pick(&NANS_32)),
            1 => f32::from_bits(rng.bits() as u32),
            _ => *rng.pick(&FLOATS) as f32,
        }
    }
}

impl Draw for f64 {
    fn draw(rng: &mut Rng) -> f64 {
        match rng.below(4) {
            0 => f64::from_bits(*rng.pick(&NANS_64)),
            1 => f64::from_bits(rng.bits()),
            _ => *rng.pick(&FLOATS),
        }
    }
}

impl Draw for u128 {
    /// Lanes of one width, or bits by chance.
    fn draw(rng: &mut Rng) -> u128 {
        let lanes = |width: usize, mut lane: Box<dyn FnMut() -> u128 + '_>| {
            (0..128 / width).fold(0, |vector, _| vector << (width - 1) << 1 | lane())
        };
        match rng.below(7) {
            0 => lanes(8, Box::new(|| u8::draw(rng).into())),
            1 => lanes(16, Box::new(|| u16::draw(rng).into())),
            2 => lanes(32, Box::new(|| u32::draw(rng).into())),
            3 => lanes(64, Box::new(|| u64::draw(rng).into())),
            4 => lanes(32, Box::new(|| f32::draw(rng).to_bits().into())),
            5 => lanes(64, Box::new(|| f64::draw(rng).to_bits().into())),
            _ => lanes(64, Box::new(|| rng.bits().into())),
        }
    }
}

/// The bits of a result, or its trap.
type Bits = Result<u128, NumError>;

/// A type of results.
trait Outcome {
    fn bits(self) -> Bits;
}

macro_rules! outcomes {
    ($($ty:ty: |$x:ident| $bits:expr;)*) => {$(
        impl Outcome for $ty {
            fn bits(self) -> Bits {
                let $x = self;
                Ok($bits)
            }
        }
    )*};
}
outcomes! {
    u8: |x| x.into();
    u16: |x| x.into();
    u32: |x| x.into();
    u64: |x| x.into();
    u128: |x| x;
    f32: |x| x.to_bits().into();
    f64: |x| x.to_bits().into();
    (u64, u64): |x| u128::from(x.0) << 64 | u128::from(x.1);
}

impl<T: Outcome> Outcome for Result<T, NumError> {
    fn bits(self) -> Bits {
        self.and_then(T::bits)
    }
}

/// Operators of float lanes where the machine decides the bits of a NaN. Minima and maxima are not
/// among them: there `prova_num` decides.
const NAN_MAKERS: [&str; 9] =
    ["add", "sub", "mul", "div", "sqrt", "demote", "promote", "relaxed_madd", "relaxed_nmadd"];

/// The same bits, but that an operator that makes NaNs may make any quiet one.
fn same(name: &str, want: u128, have: u128) -> bool {
    let quiet32 = |x: u32| x & 0x7fc0_0000 == 0x7fc0_0000;
    let quiet64 = |x: u64| x >> 51 & 0xfff == 0xfff;
    let lane32 = |at: u32| {
        let (x, y) = ((want >> at) as u32, (have >> at) as u32);
        x == y || quiet32(x) && quiet32(y)
    };
    let lane64 = |at: u32| {
        let (x, y) = ((want >> at) as u64, (have >> at) as u64);
        x == y || quiet64(x) && quiet64(y)
    };
    let makes = |shape: &str| {
        let operator = name.strip_prefix(shape).and_then(|rest| rest.strip_prefix('_'));
        operator.is_some_and(|operator| NAN_MAKERS.iter().any(|&it| operator.starts_with(it)))
    };
    want == have
        || makes("f32x4") && [0, 32, 64, 96].into_iter().all(lane32)
        || makes("f64x2") && [0, 64].into_iter().all(lane64)
}

/// Operands, in bits, and what both give.
type Tuple = (Vec<u128>, Bits, Bits);

/// The first operands, in bits, on which an operator does not give what it should.
fn difference(name: &str, call: &mut dyn FnMut(&mut Rng) -> Tuple) -> Option<String> {
    let mut rng = Rng::new(12);
    (0..TUPLES).find_map(|_| {
        let (operands, want, have) = call(&mut rng);
        let agree = match (want, have) {
            (Ok(want), Ok(have)) => same(name, want, have),
            (want, have) => want == have,
        };
        (!agree).then(|| format!("{name} {operands:x?}: {have:x?}, not {want:x?}"))
    })
}

/// A function that says which operators of a module do not agree with those of `prova_num`.
macro_rules! level {
    (
        $differences:ident $module:ident
        $(($name:ident ($($operand:ident: $ty:ty),*) -> $result:ty))*
    ) => {
        fn $differences() -> Vec<String> {
            let mut wrong = Vec::new();
            $(wrong.extend(difference(stringify!($name), &mut |rng| {
                $(let $operand = <$ty as Draw>::draw(rng);)*
                let want = prova_num::$name($($operand),*).bits();
                #[allow(unused_unsafe, reason = "operators of `prova_num` are safe to call")]
                // SAFETY: K2: SSE2 is there, and the test of `wide` asks for it.
                let have = unsafe { $module::$name($($operand),*) }.bits();
                (vec![$($operand.bits().unwrap_or(0)),*], want, have)
            }));)*
            wrong
        }
    };
}

macro_rules! at_baseline {
    ($($rows:tt)*) => { level! { baseline_differences baseline $($rows)* } };
}
macro_rules! at_wide {
    ($($rows:tt)*) => { level! { wide_differences wide $($rows)* } };
}
prova_num::for_each_num!(at_baseline);
prova_num::for_each_num!(at_wide);
level! { planted_differences planted
    (i32x4_add (a: u128, b: u128) -> u128)
    (i32x4_sub (a: u128, b: u128) -> u128)
    (f64x2_min (a: u128, b: u128) -> u128)
    (f64x2_max (a: u128, b: u128) -> u128)
}

/// The baseline with two faults: one in all lanes, and one that only NaNs and zeros show.
mod planted {
    pub(super) use super::baseline::*;

    pub(super) fn i32x4_add(a: u128, b: u128) -> u128 {
        prova_num::i32x4_sub(a, b)
    }

    pub(super) fn f64x2_max(a: u128, b: u128) -> u128 {
        prova_num::f64x2_pmax(a, b)
    }
}

#[test]
fn the_baseline_computes_what_num_does() {
    assert_eq!(baseline_differences(), [""; 0]);
}

#[test]
fn the_wide_level_computes_what_num_does() {
    if has_wide() {
        assert_eq!(wide_differences(), [""; 0]);
    } else {
        println!("not run: this machine has no AVX2");
    }
}

/// The planted faults, and nothing else.
#[test]
fn a_wrong_operator_is_seen() {
    let found = planted_differences();
    let names: Vec<&str> = found.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["i32x4_add", "f64x2_max"], "{}", found.join("\n"));
}
