//! Edge values for operands: a row in a place → lists of operands that tell its neighbours from it.

use super::expect::access;
use super::model::Model;
use super::place::{Choice, Place};
use prova_module::ops::{Class, Kind, Row};

/// The most lists of operands for one choice.
const LISTS_MAX: usize = 700;

const I32: [u32; 22] = [
    0,
    1,
    2,
    7,
    8,
    15,
    31,
    32,
    33,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x1234_5678,
    0x8765_4321,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ff80,
    0xffff_fffe,
    0xffff_ffff,
];

const I64: [u64; 20] = [
    0,
    1,
    2,
    31,
    63,
    64,
    65,
    0x80,
    0xff,
    0x8000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x0123_4567_89ab_cdef,
    0xfedc_ba98_7654_3210,
    i64::MAX as u64,
    i64::MIN as u64,
    u64::MAX - 1,
    u64::MAX,
];

/// Zeros, ones, halves to be rounded, the limits of integers, subnormals, infinities, NaNs of each
/// kind.
const F32: [u32; 25] = [
    0,
    0x8000_0000,
    0x3f80_0000,
    0xbf80_0000,
    0x3f00_0000,
    0xbf00_0000,
    0x3fc0_0000,
    0x4020_0000,
    0xbf7f_ffff,
    0x4049_0fdb,
    0x4eff_ffff,
    0x4f00_0000,
    0x4f7f_ffff,
    0x4f80_0000,
    0x5f00_0000,
    0x5f80_0000,
    0xcf00_0000,
    0x7f7f_ffff,
    0x0000_0001,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0x7fc1_2345,
    0xffc0_0001,
    0x7f80_0001,
];

const F64: [u64; 25] = [
    0,
    0x8000_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0xbfe0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0xbfef_ffff_ffff_ffff,
    0x4009_21fb_5444_2d18,
    0x41df_ffff_ffc0_0000,
    0x41e0_0000_0000_0000,
    0x41ef_ffff_ffe0_0000,
    0x41f0_0000_0000_0000,
    0x43e0_0000_0000_0000,
    0x43f0_0000_0000_0000,
    0xc1e0_0000_0020_0000,
    0x47ef_ffff_e000_0000,
    0x0000_0000_0000_0001,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0x7ff8_1234_5678_9abc,
    0xfff8_0000_0000_0001,
    0x7ff0_0000_0000_0001,
];

/// Vectors of integers, then of floats.
fn vectors() -> Vec<u128> {
    let mut all = vec![
        0,
        u128::MAX,
        0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
        0x8001_7fff_ff00_80ff_017f_8000_fffe_0180,
        0x8000_0000_7fff_ffff_0000_8000_ffff_8001,
        0x8000_0000_0000_0000_7fff_ffff_ffff_ffff,
        0x0000_0000_ffff_ffff_0000_0001_8000_0001,
        0x1f00_1003_2204_ff05_0611_0708_0910_0a80,
        0xffff_ffff_ffff_ffff,
    ];
    let quads = F32.chunks(4).map(|quad| {
        quad.iter().enumerate().fold(0, |all, (i, &bits)| all | u128::from(bits) << (32 * i))
    });
    let pairs = F64.chunks(2).map(|pair| {
        pair.iter().enumerate().fold(0, |all, (i, &bits)| all | u128::from(bits) << (64 * i))
    });
    all.extend(quads);
    all.extend(pairs);
    all
}

/// The lists of operands that a row is tried on.
pub(super) fn arguments(
    row: &Row,
    place: &Place,
    choice: &Choice,
    start: &Model,
) -> impl Iterator<Item = Vec<u128>> {
    // Where `f` has a parameter more, it is the local that is read.
    let kinds = row.params.iter().map(Some).chain(std::iter::repeat(None));
    let lists: Vec<Vec<u128>> = place
        .params
        .iter()
        .zip(kinds)
        .map(|(ty, kind)| of(row, kind.copied(), ty, choice, start))
        .collect();
    let all: usize = lists.iter().map(Vec::len).product();
    // A prime that divides no product of the lengths goes through all of them.
    const STRIDE: usize = 7919;
    (0..all.min(LISTS_MAX)).map(move |i| {
        let mut at = i * STRIDE % all;
        let mut args = Vec::new();
        for list in &lists {
            args.push(list[at % list.len()]);
            at /= list.len();
        }
        args
    })
}

/// The values of one operand.
fn of(row: &Row, kind: Option<Kind>, ty: &str, choice: &Choice, start: &Model) -> Vec<u128> {
    let (effect, exchange) = (row.class == Class::effect, row.class == Class::atomic_cmpxchg);
    let few = access(row.class) || effect;
    let (width, offset) = (u64::from(row.width), choice.offset);
    let size = 1u64 << 16;
    let wide = ty == "i64";
    let most = if wide { u64::MAX } else { u32::MAX.into() };
    let addresses: Vec<u64> = match kind {
        Some(Kind::addr) if access(row.class) => {
            let last = size - offset - width.min(16);
            vec![0, 1, 2, 4, 8, last, last + 1, size - 1, size, most - 7, most]
        }
        Some(Kind::addr | Kind::addr2 | Kind::addr_min) => {
            vec![0, 1, 2, 9, 100, size - 8, size, size + 1, most]
        }
        Some(Kind::index | Kind::index2 | Kind::index_min) => vec![0, 1, 2, 4, 5, 7, 8, most],
        _ => Vec::new(),
    };
    if !addresses.is_empty() {
        return addresses.into_iter().map(u128::from).collect();
    }
    let some = |all: Vec<u128>| if few { all.into_iter().step_by(4).collect() } else { all };
    match ty {
        "i32" if effect => vec![0, 1, 3, 16, 17, 0xffff_ffab],
        // The value at an address, so that an exchange takes place.
        "i32" | "i64" if exchange => {
            let found = u64::from_le_bytes(std::array::from_fn(|i| {
                start.memories[choice.memories[0] as usize].items[(offset as usize) + i]
            }));
            let found = if wide { found } else { found & 0xffff_ffff };
            vec![found.into(), (found & 0xff).into(), 1, u128::from(most)]
        }
        "i32" => some(I32.map(u128::from).to_vec()),
        "i64" => some(I64.map(u128::from).to_vec()),
        "f32" => some(F32.map(u128::from).to_vec()),
        "f64" => some(F64.map(u128::from).to_vec()),
        "v128" => some(vectors()),
        "externref" => vec![0, start.object.into()],
        "funcref" => vec![0, start.first_func.into(), u128::from(start.first_func) + 2],
        _ => vec![start.first_func.into(), u128::from(start.first_func) + 3],
    }
}
