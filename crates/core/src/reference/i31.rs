//! Small integers.

use std::fmt;

/// A small integer: 31 bits, with or without a sign.
///
/// ```
/// use prova_core::*;
///
/// assert_eq!(I31::new_i32(-5).map(|small| small.get_i32()), Some(-5));
/// assert_eq!(I31::wrapping_i32(-1).get_u32(), (1 << 31) - 1);
/// assert!(I31::new_i32(1 << 30).is_none() && I31::new_u32(1 << 31).is_none());
/// assert_eq!(I31::wrapping_u32(1 << 31).get_u32(), 0);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct I31(u32);

impl I31 {
    /// A number without sign; `None` if it has more than 31 bits.
    pub fn new_u32(value: u32) -> Option<I31> {
        (value >> 31 == 0).then_some(I31(value))
    }

    /// A number with sign; `None` if it has more than 31 bits.
    pub fn new_i32(value: i32) -> Option<I31> {
        let small = I31::wrapping_i32(value);
        (small.get_i32() == value).then_some(small)
    }

    /// The low 31 bits.
    pub fn wrapping_u32(value: u32) -> I31 {
        I31(value & (u32::MAX >> 1))
    }

    /// The low 31 bits.
    pub fn wrapping_i32(value: i32) -> I31 {
        I31::wrapping_u32(value as u32)
    }

    /// The number without sign.
    pub fn get_u32(&self) -> u32 {
        self.0
    }

    /// The number with its sign.
    pub fn get_i32(&self) -> i32 {
        (self.0 << 1) as i32 >> 1
    }
}

impl fmt::Debug for I31 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("I31").field(&self.get_i32()).finish()
    }
}
