//! `ext_hashing_*`: a range → the address of its hash.

use super::{Row, row};
use crate::hash::{blake2_128, blake2_256, keccak_256, keccak_512, sha2_256, twox};
use crate::host::Call;
use prova_core::Result;

pub(crate) const ROWS: &[Row] = &[
    row("ext_hashing_keccak_256_version_1", "I", "i", |c, a| hash(c, a, keccak_256)),
    row("ext_hashing_keccak_512_version_1", "I", "i", |c, a| hash(c, a, keccak_512)),
    row("ext_hashing_sha2_256_version_1", "I", "i", |c, a| hash(c, a, sha2_256)),
    row("ext_hashing_blake2_128_version_1", "I", "i", |c, a| hash(c, a, blake2_128)),
    row("ext_hashing_blake2_256_version_1", "I", "i", |c, a| hash(c, a, blake2_256)),
    row("ext_hashing_twox_64_version_1", "I", "i", |c, a| hash(c, a, twox::<8>)),
    row("ext_hashing_twox_128_version_1", "I", "i", |c, a| hash(c, a, twox::<16>)),
    row("ext_hashing_twox_256_version_1", "I", "i", |c, a| hash(c, a, twox::<32>)),
];

/// Hashing costs a unit a byte, and 64 for what every hash costs.
fn hash<const N: usize>(
    call: &mut Call<'_>,
    args: &[u64],
    hash: impl FnOnce(&[u8]) -> [u8; N],
) -> Result<u64> {
    let bytes = call.bytes(args[0])?;
    call.work += 64 + bytes.len() as u64;
    call.give_at(&hash(&bytes))
}
