//! Bytes in pieces → a 128-bit digest, at several bytes a cycle.
//!
//! The hash has two lanes of folded multiplication, eight bytes at a time. It is not cryptographic:
//! it tells apart the output of compilers, and is no defence against someone who builds two logs to
//! collide.
//!
//! 1. The digest is a function of the sequence of pieces, so callers cut lines at places that
//!    depend on the line alone.
//! 2. Each piece enters with its length: `ab|c` and `a|bc` differ.
//!
//! `tests/passes.rs` compares logs whose dumps differ in one byte.

/// The digest of a dump's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub u128);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

const LEFT: u64 = 0x9e37_79b9_7f4a_7c15;
const RIGHT: u64 = 0xd6e8_feb8_6659_fd93;

/// A digest in the making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash {
    left: u64,
    right: u64,
}

impl Default for Hash {
    fn default() -> Self {
        Self { left: RIGHT, right: LEFT }
    }
}

impl Hash {
    /// Adds a piece and its length.
    #[inline]
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let mut eight = [0; 8];
            eight.copy_from_slice(word);
            self.word(u64::from_le_bytes(eight));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            let mut eight = [0; 8];
            eight[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(eight));
        }
        self.word(bytes.len() as u64 ^ RIGHT);
    }

    /// Adds one word.
    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        self.left = fold(self.left ^ word, LEFT).wrapping_add(self.right);
        self.right = fold(self.right.rotate_left(23) ^ word, RIGHT);
    }

    /// The digest of what was added.
    pub(crate) fn digest(self) -> Digest {
        let mut last = self;
        last.word(LEFT);
        last.word(RIGHT);
        Digest(u128::from(last.left) << 64 | u128::from(last.right))
    }
}

/// The digest of one name, in 64 bits.
pub(crate) fn of_name(name: &[u8]) -> u64 {
    let mut hash = Hash::default();
    hash.add(name);
    let Digest(digest) = hash.digest();
    (digest >> 64) as u64
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(pieces: &[&[u8]]) -> Digest {
        let mut hash = Hash::default();
        for piece in pieces {
            hash.add(piece);
        }
        hash.digest()
    }

    #[test]
    fn digests_see_each_bit_and_each_cut() {
        let text = b"define hidden i32 @run(i32, i32) #0 {";
        let whole = digest(&[text]);
        assert_eq!(whole, digest(&[text]));
        for i in 0..text.len() * 8 {
            let mut other = *text;
            other[i / 8] ^= 1 << (i % 8);
            assert_ne!(whole, digest(&[&other]), "bit {i}");
        }
        for cut in 0..=text.len() {
            assert_ne!(whole, digest(&[&text[..cut], &text[cut..]]), "cut at {cut}");
        }
        assert_ne!(digest(&[b"\0"]), digest(&[b"\0\0"]));
    }
}
