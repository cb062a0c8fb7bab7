//! Operands for the tests of this crate: edge values, and mixtures by chance that are the same on
//! every run.

use prova_random::Rng;

/// Words at and beside every edge that some 32-bit operator has.
pub(crate) const EDGES_32: [u32; 19] = [
    0,
    1,
    2,
    7,
    31,
    32,
    33,
    63,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_fffe,
    0xffff_ffff,
];

/// Words at and beside every edge that some 64-bit operator has.
pub(crate) const EDGES_64: [u64; 18] = [
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
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// Bits of `f32` values: zeros, subnormals, halves, bounds of the integer types, infinities, quiet
/// and signalling NaNs.
pub(crate) const FLOATS_32: [u32; 32] = [
    0x0000_0000,
    0x8000_0000,
    0x0000_0001,
    0x8000_0001,
    0x007f_ffff,
    0x0080_0000,
    0x3f00_0000,
    0xbf00_0000,
    0x3eff_ffff,
    0x3f80_0000,
    0xbf80_0000,
    0x3f7f_ffff,
    0xbf7f_ffff,
    0x3fc0_0000,
    0xbfc0_0000,
    0x4020_0000,
    0xc020_0000,
    0x4b00_0001,
    0x4eff_ffff,
    0x4f00_0000,
    0xcf00_0000,
    0xcf00_0001,
    0x4f80_0000,
    0x5f00_0000,
    0xdf00_0000,
    0x7f7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0xffc0_0000,
    0x7fa0_0001,
    0xff80_0001,
];

/// Bits of `f64` values, as in [`FLOATS_32`].
pub(crate) const FLOATS_64: [u64; 32] = [
    0x0000_0000_0000_0000,
    0x8000_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x8000_0000_0000_0001,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0xbfe0_0000_0000_0000,
    0x3fdf_ffff_ffff_ffff,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3fef_ffff_ffff_ffff,
    0xbfef_ffff_ffff_ffff,
    0x3ff8_0000_0000_0000,
    0xbff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0xc004_0000_0000_0000,
    0x4330_0000_0000_0001,
    0x41df_ffff_ffc0_0000,
    0x41e0_0000_0000_0000,
    0xc1e0_0000_0000_0000,
    0xc1e0_0000_0020_0000,
    0x41f0_0000_0000_0000,
    0x43e0_0000_0000_0000,
    0xc3e0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff4_0000_0000_0001,
    0xfff0_0000_0000_0001,
];

/// Vectors for pairwise tests: edge bytes and edge words in every mixture, and random bits.
pub(crate) fn vectors() -> Vec<u128> {
    let mut random = Rng::new(3);
    let mut vectors = vec![0, u128::MAX, u128::MAX / 255 * 0x80, u128::MAX / 0xffff * 0x8000];
    let edge_bytes = [0, 1, 2, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff, 15, 16, 31];
    for _ in 0..12 {
        let mut pick = |length: usize| random.bits() as usize % length;
        let bytes = [(); 16].map(|()| edge_bytes[pick(edge_bytes.len())]);
        let words = [(); 4].map(|()| u128::from(EDGES_32[pick(EDGES_32.len())]));
        let halves = [(); 2].map(|()| u128::from(EDGES_64[pick(EDGES_64.len())]));
        vectors.push(u128::from_le_bytes(bytes));
        vectors.push(words.into_iter().fold(0, |vector, word| vector << 32 | word));
        vectors.push(halves[0] << 64 | halves[1]);
        vectors.push(u128::from(random.bits()) << 64 | u128::from(random.bits()));
    }
    vectors
}

/// Vectors of edge floats of one width, 32 or 64 bits.
pub(crate) fn float_vectors(bits: u32) -> Vec<u128> {
    let table: Vec<u128> = match bits {
        32 => FLOATS_32.map(u128::from).to_vec(),
        _ => FLOATS_64.map(u128::from).to_vec(),
    };
    let mut random = Rng::new(4);
    let mut vector = || {
        (0..128 / bits).fold(0, |vector, _| {
            vector << (bits - 1) << 1 | table[random.bits() as usize % table.len()]
        })
    };
    (0..64).map(|_| vector()).collect()
}

/// The integers in the lanes of a vector, read from its bytes.
pub(crate) fn integers(vector: u128, bits: u32, signed: bool) -> Vec<i128> {
    let integer = |bytes: &[u8]| {
        let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | i128::from(*byte));
        if signed && bytes.last().is_some_and(|byte| *byte >= 0x80) {
            value - (1 << bits)
        } else {
            value
        }
    };
    vector.to_le_bytes().chunks(bits as usize / 8).map(integer).collect()
}

/// The vector whose lanes hold the low bits of the integers; zeros where there are none.
pub(crate) fn from_integers(integers: impl IntoIterator<Item = i128>, bits: u32) -> u128 {
    let mut bytes = [0; 16];
    let lanes = bytes.chunks_mut(bits as usize / 8);
    for (lane, integer) in lanes.zip(integers) {
        lane.copy_from_slice(&integer.to_le_bytes()[..bits as usize / 8]);
    }
    u128::from_le_bytes(bytes)
}
