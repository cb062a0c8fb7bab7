//! A hash for pairs of small numbers, keyed by a number drawn once per process: no module can aim
//! at collisions, and no output depends on it (maps are only looked up in, never iterated).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// The key.
#[derive(Clone, Copy, Debug)]
pub struct Key(pub(crate) u64);

/// The state of a hash.
pub struct Fold(u64, u64);

impl Default for Key {
    fn default() -> Key {
        static KEY: OnceLock<u64> = OnceLock::new();
        Key(*KEY.get_or_init(|| RandomState::new().hash_one(0u8) | 1))
    }
}

impl BuildHasher for Key {
    type Hasher = Fold;

    fn build_hasher(&self) -> Fold {
        Fold(self.0, self.0)
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    // Derived hashes write what a variant is as an `isize`, which is not to go byte by byte.
    #[inline]
    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * u128::from(self.1 ^ 0x2545_f491_4f6c_dd1d);
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
