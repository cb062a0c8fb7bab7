//! The meaning of the operators of terms on numbers, without floats and memories. All tests that
//! compute terms take this file by its path, the unit tests too.

use prova_equal::words::{Head, Prim};

/// The greatest number of a width.
pub(crate) fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shr(128 - u32::from(bits)).unwrap_or(0)
}

/// A word of a width as a signed number.
pub(crate) fn signed(n: u128, bits: u8) -> i128 {
    let shift = 128 - u32::from(bits);
    (n << shift) as i128 >> shift
}

/// The result of an operator of a width and a number on operands with their widths; nothing for a
/// division by 0, and for operators that are none of these.
pub(crate) fn meaning(op: Head, (bits, n): (u8, u128), args: &[(u128, u8)]) -> Option<u128> {
    let made = match (op, args) {
        (Head::Sum, &[(a, _), (b, _)]) => n.wrapping_mul(a).wrapping_add(b),
        (Head::Mul, &[(a, _), (b, _)]) => a.wrapping_mul(b),
        (Head::And, &[(a, _), (b, _)]) => a & b,
        (Head::Or, &[(a, _), (b, _)]) => a | b,
        (Head::Xor, &[(a, _), (b, _)]) => a ^ b,
        (Head::Shl, &[(a, _), (b, _)]) => a << b,
        (Head::Shr, &[(a, _), (b, _)]) => a >> b,
        (Head::Sar, &[(a, width), (b, _)]) => (signed(a, width) >> b) as u128,
        (Head::Rotl, &[(a, _), (0, _)]) => a,
        (Head::Rotl, &[(a, _), (b, _)]) => a << b | a >> (u128::from(bits) - b),
        (Head::Slice, &[(a, _)]) => a >> n,
        (Head::Zext, &[(a, _)]) => a,
        (Head::Sext, &[(a, width)]) => signed(a, width) as u128,
        (Head::Cat, &[(a, _), (b, width)]) => a << width | b,
        (Head::Ite, &[(c, _), (a, _), (b, _)]) => [b, a][c as usize],
        (Head::Zero, &[(a, _)]) => u128::from(a == 0),
        (Head::Ult, &[(a, _), (b, _)]) => u128::from(a < b),
        (Head::Slt, &[(a, width), (b, _)]) => u128::from(signed(a, width) < signed(b, width)),
        (Head::Prim, &[(a, width)]) => counted(n, a, width)?,
        (Head::Prim, &[(a, width), (b, _)]) => divided(n, width, a, b)?,
        _ => return None,
    };
    Some(made & mask(bits))
}

/// Counts of bits, and bytes in the other order.
fn counted(n: u128, a: u128, bits: u8) -> Option<u128> {
    let is = |prim: Prim| n == prim as u128;
    Some(match () {
        () if is(Prim::LeadingZeros) => (a.leading_zeros() + u32::from(bits) - 128).into(),
        () if is(Prim::TrailingZeros) => a.trailing_zeros().min(bits.into()).into(),
        () if is(Prim::Ones) => a.count_ones().into(),
        () if is(Prim::SwapBytes) => a.swap_bytes() >> (128 - u32::from(bits)),
        () => return None,
    })
}

/// Quotients, remainders and upper halves.
fn divided(n: u128, bits: u8, a: u128, b: u128) -> Option<u128> {
    let (x, y) = (signed(a, bits), signed(b, bits));
    let is = |prim: Prim| n == prim as u128;
    Some(match () {
        () if is(Prim::HighU) => a.wrapping_mul(b) >> bits,
        () if is(Prim::HighS) => (x.wrapping_mul(y) >> bits) as u128,
        () if b == 0 => return None,
        () if is(Prim::DivU) => a / b,
        () if is(Prim::RemU) => a % b,
        () if is(Prim::DivS) => (x / y) as u128,
        () if is(Prim::RemS) => (x % y) as u128,
        () => return None,
    })
}
