//! Machine words, and the integers that they are read as: what the rules of the check compute with.
//!
//! The rules (`value`, `rules`) are generic over [`Word`]. The check runs them on `u64` and `i128`.
//! Its tests run the same functions on words of four and five bits, all values of them, and on
//! symbolic terms, from which they write lemmas for a solver (`tests/lemmas`).
//!
//! - N1. A word is a number modulo 2^[`Word::BITS`]: its operations wrap.
//! - N2. An [`Int`] holds the sum of a few shifted words exactly. Beyond its bounds sums stay at
//!   the bound.

use core::fmt::Debug;

/// A machine word (N1).
pub trait Word: Copy + Debug + PartialEq + PartialOrd {
    /// The integers that words are read as.
    type Int: Int;
    /// Bits of a word. A *low half* has `BITS / 2`.
    const BITS: u32;
    /// The word 0.
    const ZERO: Self;
    /// The largest word.
    const MAX: Self;
    /// The largest low half.
    const LOW_MAX: Self;

    /// A number, modulo 2^BITS.
    fn number(n: u64) -> Self;
    /// The sum.
    fn wrapping_add(self, other: Self) -> Self;
    /// The difference.
    fn wrapping_sub(self, other: Self) -> Self;
    /// Shifted left by `by` bits, fewer than BITS.
    fn shl(self, by: u32) -> Self;
    /// Shifted right by `by` bits, fewer than BITS.
    fn shr(self, by: u32) -> Self;
    /// The bits that both have.
    fn and(self, other: Self) -> Self;
    /// The lowest `by` bits, fewer than BITS.
    fn lowest(self, by: u32) -> Self;
    /// The lowest bits as a count, at most `mask`, whose set bits are the lowest ones.
    fn count(self, mask: u32) -> u32;
    /// Read as an unsigned number.
    fn unsigned(self) -> Self::Int;
    /// Read as a signed number, in two's complement.
    fn signed(self) -> Self::Int;
    /// The word that is this number, if there is one.
    fn of(n: Self::Int) -> Option<Self>;

    /// `(self << shift)` over the integers; shifts beyond 3 do not occur (V1).
    fn scaled(self, shift: u8) -> Self::Int;
}

/// An integer (N2).
pub trait Int: Copy + Debug + PartialEq + PartialOrd {
    /// A small number.
    fn number(n: i64) -> Self;
    /// The sum.
    fn plus(self, other: Self) -> Self;
    /// The difference.
    fn minus(self, other: Self) -> Self;
    /// Divided by 2^`by`, rounded down; `by` is at most 63.
    fn floor(self, by: u32) -> Self;
    /// The smaller one.
    fn lesser(self, other: Self) -> Self;
    /// The larger one.
    fn greater(self, other: Self) -> Self;
}

impl Word for u64 {
    type Int = i128;
    const BITS: u32 = 64;
    const ZERO: u64 = 0;
    const MAX: u64 = u64::MAX;
    const LOW_MAX: u64 = 0xffff_ffff;

    #[inline]
    fn number(n: u64) -> u64 {
        n
    }
    #[inline]
    fn wrapping_add(self, other: u64) -> u64 {
        self.wrapping_add(other)
    }
    #[inline]
    fn wrapping_sub(self, other: u64) -> u64 {
        self.wrapping_sub(other)
    }
    #[inline]
    fn shl(self, by: u32) -> u64 {
        self.wrapping_shl(by)
    }
    #[inline]
    fn shr(self, by: u32) -> u64 {
        self.wrapping_shr(by)
    }
    #[inline]
    fn and(self, other: u64) -> u64 {
        self & other
    }
    #[inline]
    fn lowest(self, by: u32) -> u64 {
        self & 1_u64.wrapping_shl(by).wrapping_sub(1)
    }
    #[inline]
    fn count(self, mask: u32) -> u32 {
        (self & u64::from(mask)) as u32
    }
    #[inline]
    fn unsigned(self) -> i128 {
        i128::from(self)
    }
    #[inline]
    fn signed(self) -> i128 {
        i128::from(self as i64)
    }
    #[inline]
    fn of(n: i128) -> Option<u64> {
        u64::try_from(n).ok()
    }
    #[inline]
    fn scaled(self, shift: u8) -> i128 {
        i128::from(self) << shift.min(3)
    }
}

impl Int for i128 {
    #[inline]
    fn number(n: i64) -> i128 {
        i128::from(n)
    }
    #[inline]
    fn plus(self, other: i128) -> i128 {
        self.saturating_add(other)
    }
    #[inline]
    fn minus(self, other: i128) -> i128 {
        self.saturating_sub(other)
    }
    #[inline]
    fn floor(self, by: u32) -> i128 {
        self >> by.min(63)
    }
    #[inline]
    fn lesser(self, other: i128) -> i128 {
        self.min(other)
    }
    #[inline]
    fn greater(self, other: i128) -> i128 {
        self.max(other)
    }
}
