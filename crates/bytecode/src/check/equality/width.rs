//! The width of each store and read-modify-write: the size of the value that a row's expression
//! has.
//!
//! An executor takes it from the type of the expression; here the same expression is typed, never
//! evaluated.

use crate::ops::Op;
use crate::ops::kind::marker;

/// The Rust type of a slot operand's value in an executor.
trait Native {
    type Value;
}

macro_rules! native {
    ($($kind:ident $ty:ty)*) => {$(impl Native for marker::$kind { type Value = $ty; })*};
}
native! { i32 u32 i64 u64 f32 f32 f64 f64 v128 u128 lane u8 i32s u32 i64s u64 }

fn f32_bits(value: f32) -> u32 {
    value.to_bits()
}

fn f64_bits(value: f64) -> u64 {
    value.to_bits()
}

macro_rules! width {
    (store [<- $p:ident : $pk:ident $v:ident : $vk:ident $o:ident : $ok:ident] { $e:expr }) => {
        width!(@ [$v : $vk] $e)
    };
    (object_store [<- $a:ident : $ak:ident $v:ident : $vk:ident $o:ident : $ok:ident] { $e:expr }) => {
        width!(@ [$v : $vk] $e)
    };
    (array_store [<- $a:ident : $ak:ident $q:ident : $qk:ident $v:ident : $vk:ident] { $e:expr }) => {
        width!(@ [$v : $vk] $e)
    };
    (store_far [<- $p:ident : $pk:ident $o:ident : $ok:ident $k:ident : mem $($s:ident : $sk:ident)*] { $e:expr }) => {
        width!(@ [$($s : $sk)*] $e)
    };
    (atomic_store [<- $p:ident : $pk:ident $o:ident : $ok:ident $k:ident : mem $($s:ident : $sk:ident)*] { $e:expr }) => {
        width!(@ [$($s : $sk)*] $e)
    };
    ($class:ident [$($o:tt)*] $m:ident : $mt:ty { $e:expr }) => { size_of::<$mt>() as u8 };
    (@ [$($s:ident : $sk:ident)*] $e:expr) => {{
        fn size<R>(_: impl FnOnce($(<marker::$sk as Native>::Value),*) -> R) -> u8 {
            size_of::<R>() as u8
        }
        #[allow(unused_imports, reason = "a plain store has no operator in its expression")]
        use prova_num::*;
        size(|$($s),*| $e)
    }};
    ($class:ident [$($o:tt)*] $($m:ident)? { $($e:tt)* }) => { 0 };
}

macro_rules! widths {
    ($($name:ident $mnemonic:literal $class:ident [$($o:tt)*] $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
        /// The bytes that an op reads or writes in a memory or object; 0 for one that does neither
        /// by itself.
        pub(super) fn width(op: Op) -> u8 {
            match op { $(Op::$name => width!($class [$($o)*] $($m $(: $mt)?)? { $($e)* })),* }
        }
    };
}
crate::for_each_op!(widths);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_mnemonics() {
        for (op, bytes) in [
            (Op::I32Store8, 1),
            (Op::I32Store, 4),
            (Op::I64Store32, 4),
            (Op::F32Store, 4),
            (Op::F64Store, 8),
            (Op::I64StoreFar, 8),
            (Op::V128Store, 16),
            (Op::V128Store16Lane, 2),
            (Op::V128Store64Lane, 8),
            (Op::I64AtomicStore16, 2),
            (Op::I32Load8S, 1),
            (Op::V128Load32Splat, 4),
            (Op::I64AtomicRmw32AddU, 4),
            (Op::ObjectLoad16S, 2),
            (Op::ObjectStore8, 1),
            (Op::ObjectStore64, 8),
            (Op::ArrayLoad32, 4),
            (Op::ArrayStore16, 2),
            (Op::I32Add, 0),
        ] {
            assert_eq!(width(op), bytes, "{op:?}");
        }
    }
}
