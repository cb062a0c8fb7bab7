//! Vector operators for the executors: the machine's SIMD where there is some, `prova_num`'s
//! elsewhere.
//!
//! ```text
//! prova_num ◄── integer (SSE2) ◄── float (SSE2) = baseline ◄── avx2 = wide
//!                                        │                       │
//!                 `match` executor, tail's handlers     tail's handlers where `has_wide`
//! ```
//!
//! An arrow is a glob import that the later module's own operators shadow: each module offers every
//! operator of `prova_num`, in the best form that it knows. `prova_num` alone defines the
//! operators; here are only other ways to compute the same bits. Names, operands and results are
//! the same, so the rows of the op table need not know.
//!
//! Why at all: a vector that is computed in general registers is stored in two halves, and the load
//! of sixteen bytes that follows has to wait until both have left the store buffer. A result from a
//! vector register is forwarded.
//!
//! # Invariants
//! * K1. For all operands the result equals that from `prova_num`'s operator of the same name, bit
//!   for bit. Of a NaN whose bits the specification leaves open, only quietness is guaranteed.
//! * K2. An operator is only called by code that runs where its `target_feature` is: SSE2 is part
//!   of x86-64, and the handlers over `wide` are only linked under [`has_wide`].
//!
//! Noticed by: `tests` for K1, which compares every operator of `prova_num`'s list at both levels;
//! the tests of handlers, which run every op.
//!
//! # Limits
//! Under Miri, and on other targets, there is neither level.

#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) mod avx2;
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) mod float;
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) mod integer;

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
pub(super) use prova_num as baseline;
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) use {avx2 as wide, float as baseline};

/// Whether this machine has what the operators in `wide` are made of.
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) fn has_wide() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

/// A conversion between the contents of a machine register and the bits that `prova_num` uses.
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) trait Operand {
    type Bits;
    fn of(bits: Self::Bits) -> Self;
    fn bits(self) -> Self::Bits;
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
macro_rules! operands {
    (vectors $($vector:ty)*; scalars $($scalar:ty)*) => {
        $(impl Operand for $vector {
            type Bits = u128;
            #[inline(always)]
            fn of(bits: u128) -> $vector {
                // SAFETY: both have 16 bytes, and all bits are a value of either.
                unsafe { std::mem::transmute::<u128, $vector>(bits) }
            }
            #[inline(always)]
            fn bits(self) -> u128 {
                // SAFETY: as above.
                unsafe { std::mem::transmute::<$vector, u128>(self) }
            }
        })*
        $(impl Operand for $scalar {
            type Bits = $scalar;
            #[inline(always)]
            fn of(bits: $scalar) -> $scalar {
                bits
            }
            #[inline(always)]
            fn bits(self) -> $scalar {
                self
            }
        })*
    };
}
#[cfg(all(target_arch = "x86_64", not(miri)))]
operands! {
    vectors std::arch::x86_64::__m128i std::arch::x86_64::__m128 std::arch::x86_64::__m128d;
    scalars u8 u32 u64 f32 f64
}

/// Operators under the names and signatures of `prova_num`, from expressions over machine
/// registers.
#[cfg(all(target_arch = "x86_64", not(miri)))]
macro_rules! operators {
    ([$features:literal] $($name:ident ($($a:ident: $ty:ty),*) -> $result:ty { $e:expr })*) => {$(
        #[inline]
        #[target_feature(enable = $features)]
        pub(in crate::exec) fn $name(
            $($a: <$ty as $crate::exec::vector::Operand>::Bits),*
        ) -> <$result as $crate::exec::vector::Operand>::Bits {
            $(let $a = <$ty as $crate::exec::vector::Operand>::of($a);)*
            <$result as $crate::exec::vector::Operand>::bits($e)
        }
    )*};
}
#[cfg(all(target_arch = "x86_64", not(miri)))]
use operators;

/// Operators that are another one under another name.
#[cfg(all(target_arch = "x86_64", not(miri)))]
macro_rules! aliases {
    ([$features:literal] $($name:ident ($($a:ident),*) = $same:ident)*) => {$(
        #[inline]
        #[target_feature(enable = $features)]
        pub(in crate::exec) fn $name($($a: u128),*) -> u128 {
            $same($($a),*)
        }
    )*};
}
#[cfg(all(target_arch = "x86_64", not(miri)))]
use aliases;

#[cfg(all(test, target_arch = "x86_64", not(miri)))]
mod tests;
