//! The contents of vector registers, and comparisons of floats, as `floats` follows them.

use crate::value::Sym;
use alloc::vec::Vec;

/// The lowest bytes of a vector register (X2 of `floats`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// These eight bytes.
    Bits(u64),
    /// A float of that many bytes with this key.
    Float(Sym, u32),
    /// A float of 8 bytes: the one with this key, rounded towards 0.
    Rounded(Sym),
}

/// The vector registers of which something is known.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Vectors(Vec<(u8, Content)>);

impl Vectors {
    /// Whether nothing is known.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn get(&self, register: u8) -> Option<Content> {
        self.0.iter().find(|(r, _)| *r == register).map(|&(_, content)| content)
    }

    pub(crate) fn set(&mut self, register: u8, content: Option<Content>) {
        self.0.retain(|(r, _)| *r != register);
        self.0.extend(content.map(|content| (register, content)));
    }
}

/// A float that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Float {
    /// A constant, by the bits of the float of 8 bytes that it is.
    Constant(u64),
    /// The one with this key.
    Key(Sym),
    /// The one with this key, rounded towards 0.
    Rounded(Sym),
}

/// A comparison of two floats of that many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared(pub(crate) Float, pub(crate) Float, pub(crate) u32);
