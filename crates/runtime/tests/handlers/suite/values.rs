//! Types, edge values and chance: what the operands of an op are fed with.
//!
//! A value is its cells: 32-bit ones zero-extended, a v128 in the low and high half of a `u128`.
//! The lists hold what operators treat apart: zeros of both signs, extremes and their neighbours,
//! counts beyond the width, the borders of conversions, NaNs of both kinds with payloads. Chance is
//! a function of its seed.

use prova_random::Rng;

/// A type of operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    Func,
    /// `eqref`, of small integers and null.
    Eq,
}

impl Ty {
    /// Its name in the text format.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ty::I32 => "i32",
            Ty::I64 => "i64",
            Ty::F32 => "f32",
            Ty::F64 => "f64",
            Ty::V128 => "v128",
            Ty::Func => "funcref",
            Ty::Eq => "eqref",
        }
    }
}

/// A value in as many cells as its type has.
pub(crate) fn push_cells(ty: Ty, value: u128, cells: &mut Vec<u64>) {
    cells.push(value as u64);
    if ty == Ty::V128 {
        cells.push((value >> 64) as u64);
    }
}

/// The values of the type that operators treat differently.
pub(crate) fn edges(ty: Ty) -> Vec<u128> {
    // Under Miri even a list takes its time.
    let step = if cfg!(miri) { 7 } else { 1 };
    match ty {
        Ty::I32 => I32.iter().step_by(step).map(|&x| x.into()).collect(),
        Ty::I64 => I64.iter().step_by(step).map(|&x| x.into()).collect(),
        Ty::F32 => F32.iter().step_by(step).map(|&x| x.into()).collect(),
        Ty::F64 => F64.iter().step_by(step).map(|&x| x.into()).collect(),
        Ty::V128 => v128().into_iter().step_by(step).collect(),
        Ty::Func => (0..4).collect(),
        Ty::Eq => vec![0, 1, 3, 0x7fff_ffff, 0x8000_0001, 0xffff_ffff],
    }
}

const I32: [u32; 26] = [
    0,
    1,
    2,
    3,
    7,
    31,
    32,
    33,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x1234_5678,
    0x5555_5555,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xdead_beef,
    0xffff_ff80,
    0xffff_fffe,
    0xffff_ffff,
];

const I64: [u64; 29] = [
    0,
    1,
    2,
    3,
    31,
    32,
    33,
    63,
    64,
    65,
    127,
    0x80,
    0xffff,
    0x8000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0x0123_4567_89ab_cdef,
    0x5555_5555_5555_5555,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xdead_beef_8000_0000,
    0xffff_ffff_0000_0000,
    0xffff_ffff_8000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// ±0, ±1, halves and ties, subnormals, extremes, infinities, the borders of i32, u32, i64, u64;
/// NaNs: canonical, with payload, signalling.
const F32: [u32; 36] = [
    0,
    0x8000_0000,
    0x3f80_0000,
    0xbf80_0000,
    0x3f00_0000,
    0xbf00_0000,
    0x3fc0_0000,
    0x4020_0000,
    0xc020_0000,
    0x3f7f_ffff,
    0xbf7f_ffff,
    0x4b80_0001,
    0x0000_0001,
    0x8000_0001,
    0x007f_ffff,
    0x0080_0000,
    0x7f7f_ffff,
    0xff7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x4f00_0000,
    0x4eff_ffff,
    0xcf00_0000,
    0xcf00_0001,
    0x4f80_0000,
    0x4f7f_ffff,
    0x5f00_0000,
    0x5eff_ffff,
    0xdf00_0000,
    0x5f80_0000,
    0x7fc0_0000,
    0xffc0_0000,
    0x7fc1_2345,
    0x7f80_0001,
    0xffa5_5a5a,
    0xc2c8_0000,
];

const F64: [u64; 38] = [
    0,
    0x8000_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0xbfe0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0xc004_0000_0000_0000,
    0x3fef_ffff_ffff_ffff,
    0xbfef_ffff_ffff_ffff,
    0x4340_0000_0000_0001,
    1,
    0x8000_0000_0000_0001,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0xffef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x41e0_0000_0000_0000,
    0x41df_ffff_ffc0_0000,
    0x41df_ffff_ffff_ffff,
    0xc1e0_0000_0000_0000,
    0xc1e0_0000_0020_0000,
    0xc1e0_0000_001f_ffff,
    0x41f0_0000_0000_0000,
    0x41ef_ffff_ffff_ffff,
    0x43e0_0000_0000_0000,
    0x43df_ffff_ffff_ffff,
    0xc3e0_0000_0000_0000,
    0x43f0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff8_1234_5678_9abc,
    0x7ff0_0000_0000_0001,
    0xfff5_a5a5_a5a5_a5a5,
    0x36a0_0000_0000_0000,
];

fn v128() -> Vec<u128> {
    let of_f32 = |at: [usize; 4]| at.iter().rev().fold(0, |v, &i| v << 32 | u128::from(F32[i]));
    let of_f64 = |at: [usize; 2]| u128::from(F64[at[1]]) << 64 | u128::from(F64[at[0]]);
    vec![
        0,
        u128::MAX,
        0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
        0x1f0f_8f00_ff10_7f80_0117_0618_0509_0a1b,
        0x8080_8080_8080_8080_7f7f_7f7f_7f7f_7f7f,
        0x8000_7fff_8001_7ffe_0001_ffff_8000_8000,
        0x8000_0000_7fff_ffff_0000_0001_ffff_ffff,
        0x8000_0000_0000_0000_7fff_ffff_ffff_ffff,
        0x0000_0000_0000_0001_0000_0000_0000_0000,
        0x5555_5555_aaaa_aaaa_1234_5678_9abc_def0,
        of_f32([0, 1, 2, 9]),
        of_f32([30, 33, 34, 32]),
        of_f32([18, 19, 16, 12]),
        of_f32([20, 22, 24, 28]),
        of_f32([6, 7, 8, 11]),
        of_f64([1, 36]),
        of_f64([34, 18]),
        of_f64([20, 26]),
        of_f64([31, 14]),
    ]
}

/// Choices and values of a type: the same seed gives the same ones everywhere.
pub(crate) struct Chance(Rng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(Rng::new(seed))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// One of a list that is not empty.
    pub(crate) fn pick(&mut self, list: &[u128]) -> u128 {
        list[self.below(list.len())]
    }

    /// A value of a type: now random bits, now few of them, now a float's extreme exponents.
    pub(crate) fn value(&mut self, ty: Ty) -> u128 {
        let bits = self.bits();
        let shaped = match self.below(4) {
            0 => bits >> self.below(64),
            1 => (bits as i64 >> self.below(64)) as u64,
            _ => bits,
        };
        match ty {
            Ty::I32 => u128::from(shaped as u32),
            Ty::I64 => u128::from(shaped),
            Ty::F32 if self.below(4) == 0 => u128::from(bits as u32 | 0x7f80_0000),
            Ty::F32 => u128::from(bits as u32),
            Ty::F64 if self.below(4) == 0 => u128::from(bits | 0x7ff0_0000_0000_0000),
            Ty::F64 => u128::from(bits),
            Ty::V128 => self.vector(bits),
            Ty::Func => u128::from(bits % 4),
            // A small integer.
            Ty::Eq => u128::from(bits as u32 | 1),
        }
    }

    fn vector(&mut self, low: u64) -> u128 {
        let high = self.bits();
        let random = u128::from(high) << 64 | u128::from(low);
        let lanes = |list: &mut dyn FnMut() -> u64, count: u32| {
            (0..count).fold(0, |v, _| v << (128 / count) | u128::from(list()))
        };
        match self.below(4) {
            0 => lanes(&mut || F32[self.below(F32.len())].into(), 4),
            1 => lanes(&mut || F64[self.below(F64.len())], 2),
            _ => random,
        }
    }
}
