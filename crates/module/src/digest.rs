//! The name of a module that nobody can give to another one: bytes and features → 256 bits of
//! SHA-256 (FIPS 180-4).
//!
//! ```text
//! Module::digest = SHA-256("prova module\0" ‖ 1 ‖ features: u32 ‖ bytes of the module: u64 ‖ the bytes)
//! Digest::of     = SHA-256(the bytes)
//! Digest::extend = SHA-256(the digest ‖ bytes of the label: u64 ‖ the label ‖ bytes of the data: u64 ‖ the data)
//! ```
//!
//! Numbers are little-endian. Proofs about a module (checked code) name it by [`Module::is_same`];
//! later stages extend the digest by the other inputs of their results.
//!
//! Limits are no part of it: they decide whether there is a [`Module`], never which one.
//!
//! Cost: [`Module::digest`] reads all bytes the first time; [`Module::is_same`] compares pointers
//! first, so in a process that decodes a module once nothing is ever read. Noticed by:
//! `tests/digest.rs`.

use crate::module::Module;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;

/// The first bytes of a module's digest; the last one is the version of this form.
const MODULE: &[u8; 14] = b"prova module\0\x01";

/// 256 bits that stand for what they were computed from: nobody knows two things that have the
/// same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// SHA-256 of these bytes and nothing else, as `sha256sum` has it.
    pub fn of(data: &[u8]) -> Digest {
        Digest(Sha256::digest(data).into())
    }

    /// The digest of what this one stands for together with more, whose meaning `label` says.
    #[must_use]
    pub fn extend(self, label: &str, data: &[u8]) -> Digest {
        let mut hash = Sha256::new();
        hash.update(self.0);
        for part in [label.as_bytes(), data] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Digest(hash.finalize().into())
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Module {
    /// The digest of its bytes and features, computed at the first call.
    pub fn digest(&self) -> Digest {
        *self.0.digest.get_or_init(|| {
            let bytes = self.bytes();
            let mut hash = Sha256::new();
            hash.update(MODULE);
            hash.update(self.features().bits().to_le_bytes());
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
            Digest(hash.finalize().into())
        })
    }

    /// The SHA-256 of its bytes alone, computed at the first call.
    pub fn sha256(&self) -> &[u8; 32] {
        self.0.sha256.get_or_init(|| Sha256::digest(self.bytes()).into())
    }

    /// Whether both are the same module: handles of one decoding, or of the same bytes under the
    /// same features.
    pub fn is_same(&self, other: &Module) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.digest() == other.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;
    use crate::{Features, Limits, Module};

    /// The example of FIPS 180-4.
    #[test]
    fn bytes_alone() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), abc);
    }

    #[test]
    fn no_byte_is_read_for_handles_of_one_decoding() {
        let decode =
            || Module::decode(*b"\0asm\x01\0\0\0", &Features::default(), &Limits::default());
        let (one, other) = (decode().unwrap(), decode().unwrap());
        assert!(one.is_same(&one.clone()) && one.0.digest.get().is_none());
        assert!(one.is_same(&other) && one.0.digest.get().is_some());
    }
}
