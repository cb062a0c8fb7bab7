//! A `v128` ⇄ an array of lanes, and the ways in which vector operators walk lanes.
//!
//! The shape is never passed: it is the lane type of the closure, so `zip(a, b, u8::wrapping_add)`
//! adds in 16 lanes and `zip(a, b, u16::wrapping_add)` in 8. Lane 0 lies in the lowest bits
//! (invariant: `T::join(T::split(v)) == v`, float lanes included, NaN bits too). Worst case: 16
//! lane computations. Noticed by: the tests of the vector families, which read lanes from bytes
//! instead.

use core::array::from_fn;

/// A lane type; `N` is how many fill a `v128`.
pub(crate) trait Lane<const N: usize>: Copy {
    fn split(vector: u128) -> [Self; N];
    fn join(lanes: [Self; N]) -> u128;
    /// The lane as lane 0 above zeros.
    fn bits(self) -> u128;
}

/// Lanes are cut out by shifts, which the compiler turns into register moves.
macro_rules! lane {
    ($lane:ty, $bits:ty, $count:literal, $from_bits:expr, $to_bits:expr) => {
        impl Lane<$count> for $lane {
            #[inline(always)]
            fn split(vector: u128) -> [$lane; $count] {
                from_fn(|lane| $from_bits((vector >> (128 / $count * lane)) as $bits))
            }

            #[inline(always)]
            fn join(lanes: [$lane; $count]) -> u128 {
                lanes
                    .into_iter()
                    .rev()
                    .fold(0, |vector, lane| vector << (128 / $count) | lane.bits())
            }

            #[inline(always)]
            fn bits(self) -> u128 {
                let bits: $bits = $to_bits(self);
                u128::from(bits)
            }
        }
    };
}

lane!(u8, u8, 16, core::convert::identity, core::convert::identity);
lane!(i8, u8, 16, u8::cast_signed, i8::cast_unsigned);
lane!(u16, u16, 8, core::convert::identity, core::convert::identity);
lane!(i16, u16, 8, u16::cast_signed, i16::cast_unsigned);
lane!(u32, u32, 4, core::convert::identity, core::convert::identity);
lane!(i32, u32, 4, u32::cast_signed, i32::cast_unsigned);
lane!(f32, u32, 4, f32::from_bits, f32::to_bits);
lane!(u64, u64, 2, core::convert::identity, core::convert::identity);
lane!(i64, u64, 2, u64::cast_signed, i64::cast_unsigned);
lane!(f64, u64, 2, f64::from_bits, f64::to_bits);

/// Each lane by itself.
#[inline(always)]
pub(crate) fn map<const N: usize, T: Lane<N>, U: Lane<N>>(a: u128, f: impl Fn(T) -> U) -> u128 {
    U::join(T::split(a).map(f))
}

/// Lanes of the same number.
#[inline(always)]
pub(crate) fn zip<const N: usize, T: Lane<N>, U: Lane<N>>(
    a: u128,
    b: u128,
    f: impl Fn(T, T) -> U,
) -> u128 {
    let (a, b) = (T::split(a), T::split(b));
    U::join(from_fn(|lane| f(a[lane], b[lane])))
}

/// Lanes of the same number, of three vectors.
#[inline(always)]
pub(crate) fn zip3<const N: usize, T: Lane<N>>(
    a: u128,
    b: u128,
    c: u128,
    f: impl Fn(T, T, T) -> T,
) -> u128 {
    let (a, b, c) = (T::split(a), T::split(b), T::split(c));
    T::join(from_fn(|lane| f(a[lane], b[lane], c[lane])))
}

/// All ones in the lanes where the comparison holds, zeros elsewhere.
#[inline(always)]
pub(crate) fn compare<const N: usize, T: Lane<N>>(
    a: u128,
    b: u128,
    holds: impl Fn(T, T) -> bool,
) -> u128 {
    let (a, b) = (T::split(a), T::split(b));
    let ones = u128::MAX >> (128 - 128 / N);
    (0..N).rev().fold(0, |mask, lane| {
        mask << (128 / N - 1) << 1 | if holds(a[lane], b[lane]) { ones } else { 0 }
    })
}

/// Whether the test holds in every lane.
#[inline(always)]
pub(crate) fn all<const N: usize, T: Lane<N>>(a: u128, holds: impl Fn(T) -> bool) -> u32 {
    u32::from(T::split(a).into_iter().all(holds))
}

/// Bit `i` says whether the test holds in lane `i`.
#[inline(always)]
pub(crate) fn bits<const N: usize, T: Lane<N>>(a: u128, holds: impl Fn(T) -> bool) -> u32 {
    T::split(a).into_iter().rev().fold(0, |word, lane| word << 1 | u32::from(holds(lane)))
}

/// The lower half of the lanes, in lanes twice as wide.
#[inline(always)]
pub(crate) fn low<const M: usize, const N: usize, T: Lane<M>, U: Lane<N>>(
    a: u128,
    f: impl Fn(T) -> U,
) -> u128 {
    let a = T::split(a);
    U::join(from_fn(|lane| f(a[lane])))
}

/// The upper half of the lanes, in lanes twice as wide.
#[inline(always)]
pub(crate) fn high<const M: usize, const N: usize, T: Lane<M>, U: Lane<N>>(
    a: u128,
    f: impl Fn(T) -> U,
) -> u128 {
    low(a >> 64, f)
}

/// The lower halves of the lanes of two vectors, combined in lanes twice as wide.
#[inline(always)]
pub(crate) fn zip_low<const M: usize, const N: usize, T: Lane<M>, U: Lane<N>>(
    a: u128,
    b: u128,
    f: impl Fn(T, T) -> U,
) -> u128 {
    let (a, b) = (T::split(a), T::split(b));
    U::join(from_fn(|lane| f(a[lane], b[lane])))
}

/// The upper halves of the lanes of two vectors, combined in lanes twice as wide.
#[inline(always)]
pub(crate) fn zip_high<const M: usize, const N: usize, T: Lane<M>, U: Lane<N>>(
    a: u128,
    b: u128,
    f: impl Fn(T, T) -> U,
) -> u128 {
    zip_low(a >> 64, b >> 64, f)
}

/// Neighbours `2i` and `2i + 1`, combined in lanes twice as wide.
#[inline(always)]
pub(crate) fn pairs<const M: usize, const N: usize, T: Lane<M>, U: Lane<N>>(
    a: u128,
    f: impl Fn(T, T) -> U,
) -> u128 {
    let a = T::split(a);
    U::join(from_fn(|lane| f(a[2 * lane], a[2 * lane + 1])))
}

/// Neighbours `2i` and `2i + 1` of two vectors, combined in lanes twice as wide.
#[inline(always)]
pub(crate) fn zip_pairs<const M: usize, const N: usize, T: Lane<M>, U: Lane<N>>(
    a: u128,
    b: u128,
    f: impl Fn([T; 2], [T; 2]) -> U,
) -> u128 {
    let (a, b) = (T::split(a), T::split(b));
    let pair = |lanes: &[T; M], lane: usize| [lanes[2 * lane], lanes[2 * lane + 1]];
    U::join(from_fn(|lane| f(pair(&a, lane), pair(&b, lane))))
}

/// The lanes of two vectors, in lanes half as wide: the first vector's below the second's.
#[inline(always)]
pub(crate) fn narrow<const N: usize, const M: usize, T: Lane<N>, U: Lane<M>>(
    a: u128,
    b: u128,
    f: impl Fn(T) -> U,
) -> u128 {
    let (a, b) = (T::split(a), T::split(b));
    U::join(from_fn(|lane| f(if lane < N { a[lane] } else { b[lane - N] })))
}

/// The lanes of a vector, in lanes half as wide, below zeros.
#[inline(always)]
pub(crate) fn narrow_zero<const N: usize, const M: usize, T: Lane<N>, U: Lane<M> + Default>(
    a: u128,
    f: impl Fn(T) -> U,
) -> u128 {
    let a = T::split(a);
    U::join(from_fn(|lane| if lane < N { f(a[lane]) } else { U::default() }))
}

/// The same value in every lane.
#[inline(always)]
pub(crate) fn splat<const N: usize, T: Lane<N>>(value: T) -> u128 {
    T::join([value; N])
}

/// One lane; the index counts modulo the number of lanes.
#[inline(always)]
pub(crate) fn get<const N: usize, T: Lane<N>>(a: u128, lane: u8) -> T {
    T::split(a >> (128 / N * (usize::from(lane) % N)))[0]
}

/// The vector with one lane replaced; the index counts modulo the number of lanes.
#[inline(always)]
pub(crate) fn set<const N: usize, T: Lane<N>>(a: u128, lane: u8, value: T) -> u128 {
    let shift = 128 / N * (usize::from(lane) % N);
    let ones = u128::MAX >> (128 - 128 / N);
    a & !(ones << shift) | value.bits() << shift
}
