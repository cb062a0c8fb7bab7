//! Memory operators: loads and stores with their bounds checks, growth, bulk operators, data
//! segments (specification 4.6.7).
//!
//! The accesses, which `vector` and `atomic` use too, work on the memory's slice with this tier's
//! bounds check; on a shared memory they are the store's. Bulk operators are the store's, which
//! check their bounds, then charge fuel,
//! then act.
//!
//! 1. An effective address is computed in 128 bits, so it never wraps.
//! 2. A store that misses its memory writes nothing.
//!
//! Time: constant for an access, linear in the bytes of a bulk operator. Noticed by:
//! `tests/memory.rs`.

use crate::machine::{Machine, Stop};
use crate::value::Number;
use prova_module::Operator::{self, *};
use prova_module::{DataIdx, MemArg, MemArgTarget, MemoryIdx};
use prova_num::*;
use prova_runtime::{MemoryAddr, MemoryFault, TrapKind};
use std::ops::Range;

/// Executes a memory operator.
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        I32Load { memarg } => load(m, memarg, i32_load),
        I64Load { memarg } => load(m, memarg, i64_load),
        F32Load { memarg } => load(m, memarg, f32_load),
        F64Load { memarg } => load(m, memarg, f64_load),
        I32Load8S { memarg } => load(m, memarg, i32_load8_s),
        I32Load8U { memarg } => load(m, memarg, i32_load8_u),
        I32Load16S { memarg } => load(m, memarg, i32_load16_s),
        I32Load16U { memarg } => load(m, memarg, i32_load16_u),
        I64Load8S { memarg } => load(m, memarg, i64_load8_s),
        I64Load8U { memarg } => load(m, memarg, i64_load8_u),
        I64Load16S { memarg } => load(m, memarg, i64_load16_s),
        I64Load16U { memarg } => load(m, memarg, i64_load16_u),
        I64Load32S { memarg } => load(m, memarg, i64_load32_s),
        I64Load32U { memarg } => load(m, memarg, i64_load32_u),
        I32Store { memarg } => store(m, memarg, i32_store),
        I64Store { memarg } => store(m, memarg, i64_store),
        F32Store { memarg } => store(m, memarg, f32_store),
        F64Store { memarg } => store(m, memarg, f64_store),
        I32Store8 { memarg } => store(m, memarg, i32_store8),
        I32Store16 { memarg } => store(m, memarg, i32_store16),
        I64Store8 { memarg } => store(m, memarg, i64_store8),
        I64Store16 { memarg } => store(m, memarg, i64_store16),
        I64Store32 { memarg } => store(m, memarg, i64_store32),
        MemorySize { mem } => {
            let (memory, wide) = find(m, mem);
            let pages = m.store.memory_size(memory);
            m.stack.push_address(wide, pages);
            Ok(())
        }
        MemoryGrow { mem } => {
            let (memory, wide) = find(m, mem);
            let delta = m.stack.pop_address(wide)?;
            let pages = m.store.with_data(m.data, |store| store.memory_grow_cell(memory, delta))?;
            m.stack.push_address(wide, pages);
            Ok(())
        }
        MemoryFill { mem } => {
            let (memory, wide) = find(m, mem);
            let count = m.stack.pop_address(wide)?;
            let byte = m.stack.pop_number::<u32>()? as u8;
            let target = m.stack.pop_address(wide)?;
            Ok(m.store.memory_fill(memory, target, byte, count)?)
        }
        MemoryCopy { dst_mem, src_mem } => copy(m, dst_mem, src_mem),
        MemoryInit { data_index, mem } => {
            let (memory, wide) = find(m, mem);
            let count = m.stack.pop_address(false)?;
            let source = m.stack.pop_address(false)?;
            let target = m.stack.pop_address(wide)?;
            let (instance, data) = (m.frame.instance, DataIdx(data_index));
            Ok(m.store.memory_init(instance, memory, data, target, source, count)?)
        }
        DataDrop { data_index } => {
            m.store.data_drop(m.frame.instance, DataIdx(data_index));
            Ok(())
        }
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no memory operator")),
    }
}

/// The count has the smaller address type of the two memories.
fn copy(m: &mut Machine<'_>, to: u32, from: u32) -> Result<(), Stop> {
    let (to, to_wide) = find(m, to);
    let (from, from_wide) = find(m, from);
    let count = m.stack.pop_address(to_wide && from_wide)?;
    let source = m.stack.pop_address(from_wide)?;
    let target = m.stack.pop_address(to_wide)?;
    Ok(m.store.memory_copy(to, from, target, source, count)?)
}

/// A memory of the current instance, and whether its addresses are 64-bit.
fn find(m: &Machine<'_>, memory: u32) -> (MemoryAddr, bool) {
    let memory = m.instance().memory_addr(MemoryIdx(memory));
    (memory, m.store.memory(memory).ty().memory64)
}

/// A word of bits as it lies in memory, little-endian.
pub(crate) trait Bits: Copy {
    /// Its size in bytes.
    const SIZE: usize;
    /// The word in `bytes`, if there are as many as it has.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// Writes the word to `bytes`, if there are as many as it has.
    fn to_bytes(self, bytes: &mut [u8]) -> Option<()>;
}

macro_rules! bits {
    ($($ty:ty)*) => {$(
        impl Bits for $ty {
            const SIZE: usize = size_of::<$ty>();

            fn from_bytes(bytes: &[u8]) -> Option<$ty> {
                Some(<$ty>::from_le_bytes(bytes.try_into().ok()?))
            }

            fn to_bytes(self, bytes: &mut [u8]) -> Option<()> {
                *<&mut [u8; size_of::<$ty>()]>::try_from(bytes).ok()? = self.to_le_bytes();
                Some(())
            }
        }
    )*};
}

bits! { u8 u16 u32 u64 u128 }

/// Pops an address and pushes what is loaded from there, as `value` says.
pub(crate) fn load<B: Bits, R: Number>(
    m: &mut Machine<'_>,
    memarg: MemArg,
    value: impl FnOnce(B) -> R,
) -> Result<(), Stop> {
    let bits = read(m, memarg)?;
    m.stack.push_number(value(bits));
    Ok(())
}

/// Pops a value and the address below it, and stores the value there as `bits` says.
pub(crate) fn store<B: Bits, A: Number>(
    m: &mut Machine<'_>,
    memarg: MemArg,
    bits: impl FnOnce(A) -> B,
) -> Result<(), Stop> {
    let value = m.stack.pop_number()?;
    let access = Access::pop(m, memarg)?;
    access.write(m, bits(value))
}

/// Pops an address and gives the bits there.
pub(crate) fn read<B: Bits>(m: &mut Machine<'_>, memarg: MemArg) -> Result<B, Stop> {
    Access::pop(m, memarg)?.read(m)
}

/// Where a load or store goes: not known to be inside the memory.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    memory: MemoryAddr,
    address: u128,
}

impl Access {
    /// Pops an address: the effective address is its sum with the immediate offset.
    pub(crate) fn pop(m: &mut Machine<'_>, memarg: MemArg) -> Result<Access, Stop> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(Stop::Bug("an access to an array"));
        };
        let (memory, wide) = find(m, memory);
        let base = m.stack.pop_address(wide)?;
        Ok(Access { memory, address: u128::from(base) + u128::from(memarg.offset) })
    }

    /// Traps unless the address is a multiple of `size`. One beyond 64 bits is left to the bounds
    /// check.
    pub(crate) fn aligned(self, size: usize) -> Result<Access, Stop> {
        if self.address > u128::from(u64::MAX) || self.address.is_multiple_of(size as u128) {
            Ok(self)
        } else {
            Err(TrapKind::HeapMisaligned.into())
        }
    }

    /// The bits there.
    pub(crate) fn read<B: Bits>(self, m: &Machine<'_>) -> Result<B, Stop> {
        let memory = m.store.memory(self.memory);
        if let Some(shared) = memory.shared() {
            let mut buffer = [0; 16];
            let bytes = &mut buffer[..B::SIZE];
            let read = self.start().is_some_and(|at| shared.read(at, bytes));
            return B::from_bytes(bytes).filter(|_| read).ok_or(self.fault(memory.len_bytes()));
        }
        let bytes = memory.data();
        let bits = self.range(B::SIZE).and_then(|range| B::from_bytes(bytes.get(range)?));
        bits.ok_or(self.fault(bytes.len() as u64))
    }

    /// Stores bits there.
    pub(crate) fn write<B: Bits>(self, m: &mut Machine<'_>, bits: B) -> Result<(), Stop> {
        let memory = m.store.memory(self.memory);
        if let Some(shared) = memory.shared() {
            let mut buffer = [0; 16];
            let bytes = &mut buffer[..B::SIZE];
            let written = bits.to_bytes(bytes).is_some()
                && self.start().is_some_and(|at| shared.write(at, bytes));
            return if written { Ok(()) } else { Err(self.fault(memory.len_bytes())) };
        }
        let bytes = m.store.memory_data_mut(self.memory);
        let size = bytes.len() as u64;
        let written = self.range(B::SIZE).and_then(|range| bits.to_bytes(bytes.get_mut(range)?));
        written.ok_or(self.fault(size))
    }

    /// Replaces the bits there, at most 8 bytes, by what `new` makes of them, in a shared memory as
    /// one step; where it makes nothing, nothing is written. Gives the bits before.
    pub(crate) fn update<B: Bits>(
        self,
        m: &mut Machine<'_>,
        mut new: impl FnMut(B) -> Option<B>,
    ) -> Result<B, Stop> {
        let memory = m.store.memory(self.memory);
        let Some(shared) = memory.shared() else {
            let old = self.read(m)?;
            if let Some(new) = new(old) {
                self.write(m, new)?;
            }
            return Ok(old);
        };
        let bits_of = |word: u64| B::from_bytes(&word.to_le_bytes()[..B::SIZE]);
        let update = |word: u64| {
            let mut bytes = [0; 8];
            new(bits_of(word)?)?.to_bytes(&mut bytes[..B::SIZE])?;
            Some(u64::from_le_bytes(bytes))
        };
        let old = self.start().and_then(|at| shared.atomic_update(at, B::SIZE, update));
        old.and_then(bits_of).ok_or(self.fault(memory.len_bytes()))
    }

    /// The memory and the address, where that has 64 bits.
    pub(crate) fn place(self) -> Result<(MemoryAddr, u64), Stop> {
        let at = self.start().ok_or(TrapKind::MemoryOutOfBounds)?;
        Ok((self.memory, at))
    }

    fn start(self) -> Option<u64> {
        u64::try_from(self.address).ok()
    }

    /// The positions of `size` bytes, if there can be such.
    fn range(self, size: usize) -> Option<Range<usize>> {
        let start = usize::try_from(self.address).ok()?;
        Some(start..start.checked_add(size)?)
    }

    fn fault(self, size_bytes: u64) -> Stop {
        let address = self.start().unwrap_or(u64::MAX);
        Stop::Fault(MemoryFault { address, size_bytes })
    }
}
