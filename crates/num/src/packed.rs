//! Narrow lanes computed all at once inside one 128-bit integer, without leaving their places.
//!
//! `W` is the width of a lane in bits. Sixteen byte lanes cut out and put back cost some hundred
//! machine instructions; these cost a handful, because carries are kept from crossing lanes by
//! holding back each lane's top bit (Warren, *Hacker's Delight*, 2-18, "Multibyte Add, Subtract,
//! Absolute Value"). Wider lanes gain nothing and stay with `lanes.rs`. The byte and 16-bit rows of
//! `vector_integer.rs` are written with these.
//!
//! Invariants:
//! 1. No intermediate sum or difference carries out of a lane, hence none overflows 128 bits.
//! 2. A mask has all bits of a lane equal.
//!
//! Noticed by: `vector_integer/tests.rs`, all pairs of bytes, against exact integers.

/// The bit 0 of every lane.
const fn units<const W: u32>() -> u128 {
    u128::MAX / ((1 << W) - 1)
}

/// The top bit of every lane.
const fn tops<const W: u32>() -> u128 {
    units::<W>() << (W - 1)
}

/// The mask of the lanes whose top bit is set; no other bit may be.
#[inline(always)]
fn spread<const W: u32>(top_bits: u128) -> u128 {
    (top_bits << 1).wrapping_sub(top_bits >> (W - 1))
}

/// The bits of `a` where the mask is set, of `b` elsewhere.
#[inline(always)]
fn select(mask: u128, a: u128, b: u128) -> u128 {
    (a & mask) | (b & !mask)
}

/// Wrapping sum: the bits below the top are added, the top is a sum without carry.
#[inline(always)]
pub(crate) fn add<const W: u32>(a: u128, b: u128) -> u128 {
    let top = const { tops::<W>() };
    ((a & !top) + (b & !top)) ^ ((a ^ b) & top)
}

/// Wrapping difference: each lane borrows from its own top bit, which is then set right.
#[inline(always)]
pub(crate) fn sub<const W: u32>(a: u128, b: u128) -> u128 {
    let top = const { tops::<W>() };
    ((a | top) - (b & !top)) ^ ((a ^ !b) & top)
}

/// Two's complement; the minimum stays.
#[inline(always)]
pub(crate) fn neg<const W: u32>(a: u128) -> u128 {
    sub::<W>(0, a)
}

/// The absolute value; the minimum stays.
#[inline(always)]
pub(crate) fn abs<const W: u32>(a: u128) -> u128 {
    let negative = spread::<W>(a & const { tops::<W>() });
    sub::<W>(a ^ negative, negative)
}

/// The mask of the equal lanes: in the others the difference carries into the top bit, or has it.
#[inline(always)]
pub(crate) fn eq<const W: u32>(a: u128, b: u128) -> u128 {
    let (top, difference) = (const { tops::<W>() }, a ^ b);
    !spread::<W>((((difference & !top) + !top) | difference) & top)
}

/// The mask of the lanes where `a < b`, unsigned: the difference borrows.
#[inline(always)]
pub(crate) fn lt_u<const W: u32>(a: u128, b: u128) -> u128 {
    let borrow = (!a & b) | ((!a | b) & sub::<W>(a, b));
    spread::<W>(borrow & const { tops::<W>() })
}

/// The mask of the lanes where `a < b`, signed.
#[inline(always)]
pub(crate) fn lt_s<const W: u32>(a: u128, b: u128) -> u128 {
    let top = const { tops::<W>() };
    lt_u::<W>(a ^ top, b ^ top)
}

/// The smaller lanes, unsigned.
#[inline(always)]
pub(crate) fn min_u<const W: u32>(a: u128, b: u128) -> u128 {
    select(lt_u::<W>(a, b), a, b)
}

/// The greater lanes, unsigned.
#[inline(always)]
pub(crate) fn max_u<const W: u32>(a: u128, b: u128) -> u128 {
    select(lt_u::<W>(a, b), b, a)
}

/// The smaller lanes, signed.
#[inline(always)]
pub(crate) fn min_s<const W: u32>(a: u128, b: u128) -> u128 {
    select(lt_s::<W>(a, b), a, b)
}

/// The greater lanes, signed.
#[inline(always)]
pub(crate) fn max_s<const W: u32>(a: u128, b: u128) -> u128 {
    select(lt_s::<W>(a, b), b, a)
}

/// Sum, all ones where it carries.
#[inline(always)]
pub(crate) fn add_sat_u<const W: u32>(a: u128, b: u128) -> u128 {
    let sum = add::<W>(a, b);
    let carry = (a & b) | ((a | b) & !sum);
    sum | spread::<W>(carry & const { tops::<W>() })
}

/// Difference, zero where it borrows.
#[inline(always)]
pub(crate) fn sub_sat_u<const W: u32>(a: u128, b: u128) -> u128 {
    sub::<W>(a, b) & !lt_u::<W>(a, b)
}

/// Sum, the bound on the first operand's side where the sign differs from both operands'.
#[inline(always)]
pub(crate) fn add_sat_s<const W: u32>(a: u128, b: u128) -> u128 {
    let sum = add::<W>(a, b);
    saturate_s::<W>(a, sum, (a ^ sum) & (b ^ sum))
}

/// Difference, the bound on the first operand's side where the operands' signs differ and the
/// result's is not the first's.
#[inline(always)]
pub(crate) fn sub_sat_s<const W: u32>(a: u128, b: u128) -> u128 {
    let difference = sub::<W>(a, b);
    saturate_s::<W>(a, difference, (a ^ b) & (a ^ difference))
}

/// The result, or where the top bit of `overflow` is set the bound that has the sign of `a`.
#[inline(always)]
fn saturate_s<const W: u32>(a: u128, result: u128, overflow: u128) -> u128 {
    let top = const { tops::<W>() };
    let bound = !top ^ spread::<W>(a & top);
    select(spread::<W>(overflow & top), bound, result)
}

/// The mean, halves rounded up: `a + b = 2 (a | b) - (a ^ b)`.
#[inline(always)]
pub(crate) fn avgr_u<const W: u32>(a: u128, b: u128) -> u128 {
    (a | b) - (((a ^ b) & !const { units::<W>() }) >> 1)
}

/// Left shift, the count modulo the width.
#[inline(always)]
pub(crate) fn shl<const W: u32>(a: u128, count: u32) -> u128 {
    (a & low_bits::<W>(W - count % W)) << (count % W)
}

/// Right shift that brings in zeros, the count modulo the width.
#[inline(always)]
pub(crate) fn shr_u<const W: u32>(a: u128, count: u32) -> u128 {
    (a >> (count % W)) & low_bits::<W>(W - count % W)
}

/// Right shift that brings in the sign, the count modulo the width. Where the sign has come to
/// stand, flipping and subtracting it carries it upward.
#[inline(always)]
pub(crate) fn shr_s<const W: u32>(a: u128, count: u32) -> u128 {
    let sign = const { tops::<W>() } >> (count % W);
    sub::<W>(shr_u::<W>(a, count) ^ sign, sign)
}

/// The lowest bits of every lane, from one of them to all.
#[inline(always)]
fn low_bits<const W: u32>(count: u32) -> u128 {
    ((1_u128 << count) - 1) * const { units::<W>() }
}

/// The number of ones in each byte: by pairs, by fours, by eights.
#[inline(always)]
pub(crate) fn count_ones_in_bytes(a: u128) -> u128 {
    let (low_of_2, low_of_4, low_of_8) = (u128::MAX / 3, u128::MAX / 5, u128::MAX / 17);
    let pairs = a - ((a >> 1) & low_of_2);
    let fours = (pairs & low_of_4) + ((pairs >> 2) & low_of_4);
    (fours + (fours >> 4)) & low_of_8
}

/// Bit `i` is the top bit of byte `i`: the product moves bit `8i` of a half to bit `56 + i`.
#[inline(always)]
pub(crate) fn top_bits_of_bytes(a: u128) -> u32 {
    let tops = (a >> 7) & const { units::<8>() };
    let gather = |half: u64| (half.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32;
    gather(tops as u64) | (gather((tops >> 64) as u64) << 8)
}
