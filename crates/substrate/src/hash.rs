//! The hash functions that runtimes call, and that tries are built with.

use sha2::Digest;
use std::hash::Hasher as _;
use twox_hash::XxHash64;

/// The hash function of a trie's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hasher {
    /// BLAKE2b with 32 bytes.
    Blake2,
    /// Keccak-256, as Ethereum has it.
    Keccak,
}

impl Hasher {
    /// The hash of `bytes`.
    pub fn hash(self, bytes: &[u8]) -> [u8; 32] {
        match self {
            Hasher::Blake2 => blake2_256(bytes),
            Hasher::Keccak => keccak_256(bytes),
        }
    }
}

/// BLAKE2b with `N` bytes of output, which is between 1 and 64.
fn blake2<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let hash = blake2b_simd::Params::new().hash_length(N).hash(bytes);
    std::array::from_fn(|i| hash.as_bytes()[i])
}

/// BLAKE2b with 16 bytes.
pub fn blake2_128(bytes: &[u8]) -> [u8; 16] {
    blake2(bytes)
}

/// BLAKE2b with 32 bytes.
pub fn blake2_256(bytes: &[u8]) -> [u8; 32] {
    blake2(bytes)
}

/// Keccak-256, which is not SHA3-256: the padding differs.
pub fn keccak_256(bytes: &[u8]) -> [u8; 32] {
    sha3::Keccak256::digest(bytes).into()
}

/// Keccak-512.
pub fn keccak_512(bytes: &[u8]) -> [u8; 64] {
    sha3::Keccak512::digest(bytes).into()
}

/// SHA-256.
pub fn sha2_256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}

/// xxHash64 with the seeds 0, 1, …, each in little endian; `N` is 8, 16 or 32. Not cryptographic.
pub fn twox<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (seed, word) in out.chunks_mut(8).enumerate() {
        let mut hasher = XxHash64::with_seed(seed as u64);
        hasher.write(bytes);
        word.copy_from_slice(&hasher.finish().to_le_bytes()[..word.len()]);
    }
    out
}
