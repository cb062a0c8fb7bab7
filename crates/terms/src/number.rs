//! The number of a value: what it is in three bits, then the index of a node or the value's own
//! content.
//!
//! A value without arguments (parameter, result of an effect, place at a join, small constant) *is*
//! its number and takes no place in the table.

/// The number of a value. Two values of one table with the same number are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vn(pub(crate) u64);

pub(crate) const CONST: u64 = 1;
pub(crate) const PHI: u64 = 2;
pub(crate) const EFFECT: u64 = 3;
pub(crate) const PARAM: u64 = 4;
/// Where the three bits start.
pub(crate) const TAG: u32 = 61;
/// Bits of the second of two contents.
pub(crate) const HALF: u32 = 29;

impl Vn {
    /// No value: of a place that nothing has written on every path. It is no operand of a term.
    pub const UNDEF: Vn = Vn(0);

    fn pair(tag: u64, first: u32, second: u32) -> Vn {
        Vn(tag << TAG | (first as u64) << HALF | second as u64 & ((1 << HALF) - 1))
    }

    /// The value of place `cell` (below 2²⁹) at the join `label`; the high half of a v128 is the
    /// value of the next place.
    #[inline]
    pub fn phi(label: u32, cell: u32) -> Vn {
        Vn::pair(PHI, label, cell)
    }

    /// The parameter in place `cell` (below 2²⁹); of a v128, the high half is in the next place.
    #[inline]
    pub fn param(cell: u32) -> Vn {
        Vn::pair(PARAM, 0, cell)
    }

    /// Result `k` (below 2²⁹) of effect `n`.
    #[inline]
    pub fn effect(n: u32, k: u32) -> Vn {
        Vn::pair(EFFECT, n, k)
    }

    /// A constant of 64 bits, if it is small: every one of 32 bits is.
    #[inline]
    pub(crate) fn small(bits: u64) -> Option<Vn> {
        if bits >> TAG == 0 { Some(Vn(CONST << TAG | bits)) } else { None }
    }

    /// A constant that is at most 32 bits wide.
    #[inline]
    pub fn index(bits: u32) -> Vn {
        Vn(CONST << TAG | bits as u64)
    }

    /// The index of its node, if it has one.
    #[inline]
    pub(crate) fn node(self) -> Option<usize> {
        (self.0 >> TAG == 0).then_some(self.0 as usize)
    }
}
