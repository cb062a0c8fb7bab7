//! Accesses of shared memories: an operator on the cells of a window, by the meaning that its row
//! in the table of Wasm operators has.
//!
//! Operands lie bottom first, a v128 in two cells, and the result comes to the first cells. What is
//! not atomic is relaxed and may tear ([`crate::shared`]). A trap leaves the cells as they were.
//!
//! Tests: `tests/handlers`, which compares each operator with the reference tier.

use crate::shared::{Bytes, SharedMemory};
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::MemoryAddr;
use crate::vm::Cell;
use prova_module::ops::Opcode;
use prova_module::{SharedAccess, for_each_wasm_op, wasm_operand};
use prova_num::*;

/// Bits of an access: as they lie in memory.
trait Bits: Sized {
    fn load(bytes: Bytes<'_>, at: u64) -> Option<Self>;
    fn store(self, bytes: Bytes<'_>, at: u64) -> Option<()>;
}

macro_rules! bits {
    ($($ty:ty)*) => {$(
        impl Bits for $ty {
            fn load(bytes: Bytes<'_>, at: u64) -> Option<$ty> {
                bytes.load(at, size_of::<$ty>()).map(|bits| bits as $ty)
            }

            fn store(self, bytes: Bytes<'_>, at: u64) -> Option<()> {
                bytes.store(at, size_of::<$ty>(), self.into())
            }
        }
    )*};
}
bits! { u8 u16 u32 u64 }

impl Bits for u128 {
    fn load(bytes: Bytes<'_>, at: u64) -> Option<u128> {
        // The upper half is there first, so that an access which misses the end reads nothing.
        let high = u64::load(bytes, at.checked_add(8)?)?;
        Some(u128::from(u64::load(bytes, at)?) | u128::from(high) << 64)
    }

    fn store(self, bytes: Bytes<'_>, at: u64) -> Option<()> {
        ((self >> 64) as u64).store(bytes, at.checked_add(8)?)?;
        (self as u64).store(bytes, at)
    }
}

/// A value in cells of a window.
trait Value: Sized {
    fn read(cells: &[Cell]) -> Option<Self>;
    fn write(self, cells: &mut [Cell]) -> Option<()>;
}

macro_rules! values {
    ($($ty:ty, $value:ident => $cell:expr, $bits:ident => $of:expr;)*) => {$(
        impl Value for $ty {
            fn read(cells: &[Cell]) -> Option<$ty> {
                let $bits = *cells.first()?;
                Some($of)
            }

            fn write(self, cells: &mut [Cell]) -> Option<()> {
                let $value = self;
                *cells.first_mut()? = $cell;
                Some(())
            }
        }
    )*};
}
values! {
    u32, value => value.into(), bits => bits as u32;
    u64, value => value, bits => bits;
    f32, value => value.to_bits().into(), bits => f32::from_bits(bits as u32);
    f64, value => value.to_bits(), bits => f64::from_bits(bits);
}

impl Value for u128 {
    fn read(cells: &[Cell]) -> Option<u128> {
        let [low, high, ..] = *cells else { return None };
        Some(u128::from(low) | u128::from(high) << 64)
    }

    fn write(self, cells: &mut [Cell]) -> Option<()> {
        let [low, high, ..] = cells else { return None };
        (*low, *high) = (self as u64, (self >> 64) as u64);
        Some(())
    }
}

/// An access: the memory, the address, the lane, and the cells.
struct At<'a> {
    memory: &'a SharedMemory,
    at: u64,
    lane: u8,
    cells: &'a mut [Cell],
}

/// The body of an operator's arm: `None` is out of bounds.
macro_rules! perform {
    ($a:ident load [$p:ident : addr -> $d:ident] ($($i:tt)*) $m:ident : $bits:ident { $e:expr }) => {{
        let $m = <$bits>::load($a.memory.bytes(), $a.at)?;
        let value: wasm_operand!($d) = $e;
        value.write($a.cells)
    }};
    ($a:ident store [$p:ident : addr $v:ident : $vk:ident ->] ($($i:tt)*) $m:ident : $bits:ident { $e:expr }) => {{
        let $v = <wasm_operand!($vk)>::read($a.cells.get(1..)?)?;
        let bits: $bits = $e;
        bits.store($a.memory.bytes(), $a.at)
    }};
    ($a:ident load_lane [$p:ident : addr $v:ident : v128 -> v128] ($o:ident : memarg $l:ident : $lk:ident) $m:ident : $bits:ident { $e:expr }) => {{
        let $v = u128::read($a.cells.get(1..)?)?;
        let $l = $a.lane;
        let $m = <$bits>::load($a.memory.bytes(), $a.at)?;
        let value: u128 = $e;
        value.write($a.cells)
    }};
    ($a:ident store_lane [$p:ident : addr $v:ident : v128 ->] ($o:ident : memarg $l:ident : $lk:ident) $m:ident : $bits:ident { $e:expr }) => {{
        let $v = u128::read($a.cells.get(1..)?)?;
        let $l = $a.lane;
        let bits: $bits = $e;
        bits.store($a.memory.bytes(), $a.at)
    }};
    ($a:ident atomic_load [$p:ident : addr -> $d:ident] ($($i:tt)*) $m:ident : $bits:ident { $e:expr }) => {{
        let $m = $a.memory.atomic_load($a.at, size_of::<$bits>())? as $bits;
        let value: wasm_operand!($d) = $e;
        value.write($a.cells)
    }};
    ($a:ident atomic_store [$p:ident : addr $v:ident : $vk:ident ->] ($($i:tt)*) $m:ident : $bits:ident { $e:expr }) => {{
        let $v = <wasm_operand!($vk)>::read($a.cells.get(1..)?)?;
        let bits: $bits = $e;
        $a.memory.atomic_update($a.at, size_of::<$bits>(), |_| Some(bits.into())).map(drop)
    }};
    ($a:ident atomic_rmw [$p:ident : addr $v:ident : $vk:ident -> $d:ident] ($($i:tt)*) $m:ident : $bits:ident { $e:expr }) => {{
        let $v = <wasm_operand!($vk)>::read($a.cells.get(1..)?)?;
        let pair = |$m: $bits| -> (wasm_operand!($d), $bits) { $e };
        let new = |bits: u64| Some(pair(bits as $bits).1.into());
        let found = $a.memory.atomic_update($a.at, size_of::<$bits>(), new)? as $bits;
        pair(found).0.write($a.cells)
    }};
    ($a:ident atomic_cmpxchg [$p:ident : addr $x:ident : $xk:ident $v:ident : $vk:ident -> $d:ident] ($($i:tt)*) $m:ident : $bits:ident { $e:expr }) => {{
        let $x = <wasm_operand!($xk)>::read($a.cells.get(1..)?)?;
        let $v = <wasm_operand!($vk)>::read($a.cells.get(2..)?)?;
        let all = |$m: $bits| -> (wasm_operand!($d), $bits, $bits) { $e };
        let new = |bits: u64| {
            let (_, expected, new) = all(bits as $bits);
            (bits as $bits == expected).then_some(new.into())
        };
        let found = $a.memory.atomic_update($a.at, size_of::<$bits>(), new)? as $bits;
        all(found).0.write($a.cells)
    }};
    ($a:ident $class:ident $($rest:tt)*) => { None };
}

macro_rules! accesses {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($signature:tt)*] ($($immediates:tt)*) $($m:ident $(: $bits:ident)?)? { $($e:tt)* })*) => {
        /// Performs an access inside of the memory; `None`: it is not.
        fn access(opcode: Opcode, a: At<'_>) -> Option<()> {
            match opcode {
                $(Opcode::$name => perform! {
                    a $class [$($signature)*] ($($immediates)*) $($m $(: $bits)?)? { $($e)* }
                },)*
            }
        }
    };
}
for_each_wasm_op!(accesses);

impl Store {
    /// An access of a shared memory at the address in the first cell and `offset`, on the cells of
    /// its operands.
    ///
    /// # Errors
    ///
    /// [`TrapKind::HeapMisaligned`], [`TrapKind::MemoryOutOfBounds`]; [`TrapKind::Bug`] for a
    /// memory that is not shared.
    pub fn shared_access(
        &self,
        memory: MemoryAddr,
        SharedAccess { opcode, lane }: SharedAccess,
        offset: u64,
        cells: &mut [Cell],
    ) -> Result<(), TrapKind> {
        let memory = self.memory(memory).shared().ok_or(TrapKind::Bug)?;
        let base = *cells.first().ok_or(TrapKind::Bug)?;
        let at = base.checked_add(offset).ok_or(TrapKind::MemoryOutOfBounds)?;
        let access_of = SharedAccess { opcode, lane };
        if access_of.is_atomic() && !at.is_multiple_of(opcode.row().width.into()) {
            return Err(TrapKind::HeapMisaligned);
        }
        let at = At { memory, at, lane, cells };
        access(opcode, at).ok_or(TrapKind::MemoryOutOfBounds)
    }
}
