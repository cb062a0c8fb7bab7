//! Loads and stores: where they go, and what keeps them inside their memory.
//!
//! The address is `index + offset`, the index a value of the memory's address type. Three forms:
//!
//! * *Guard*, for memories with 32-bit addresses and pages of 64 KiB, where the layout's shape is
//!   the guard and `offset + size` fits it: the index is zero-extended and the access goes to
//!   `base + index + offset` without a compare; what lies beyond the memory faults.
//! * *Masked*, for all memories where that is the layout's shape: a conditional move makes the
//!   address one that is never mapped where `index + (offset + size) > length`, and the access goes
//!   through what it made; so it faults there, and also stays inside where a branch before it was
//!   mispredicted. Accesses behind it by the same index use the same pointer.
//! * *Explicit*, for all others. Where pages have 64 KiB and `offset + size` fits what faults
//!   behind a memory's length (L7 of the layout), a trap if `index > length`, then the access,
//!   which faults where it is not inside; so one comparison serves all such accesses by an index.
//!   Else: `end = index + (offset + size)`, a trap if that overflows (64-bit addresses only) or
//!   `end > length`, then the access, which cannot fault.
//!
//! `memory.copy` and `memory.fill` of a known number of bytes, [`FEW_BYTES`] at most, are such
//! accesses too, in the explicit form that compares ends: a trap comes before any byte is written.
//! In the masked shape the comparison is there as well, and the access goes through the masked
//! pointer behind it.
//!
//! Noticed by: `tests/run.rs` on both sides of each bound.

use crate::Declined;
use crate::abi;
use crate::emit::{Load, Region, V};
use crate::lower::Lowering;
use crate::lower::vector::constant_of;
use crate::reach::Reached;
use crate::sunk;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I8X16, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use prova_check::{MemoryShape, offsets, traps};
use prova_module::ops::Class;
use prova_module::{MemoryIdx, Opcode, memory_cost};
use prova_ssa::{Access, Imm};

/// Bytes that a memory or a table has at most: what a process can address.
pub(crate) const ADDRESS_MAX: u64 = 1 << 47;

/// Where an access goes.
pub(crate) struct Place {
    /// The base address.
    pub(crate) address: Value,
    /// The offset from the base, in bytes.
    pub(crate) offset: i32,
    /// The flags of the access.
    pub(crate) flags: MemFlagsData,
}

/// The CLIF type of an access of `bytes` bytes.
pub(crate) fn accessed(bytes: u8) -> Type {
    match bytes {
        1 => I8,
        2 => I16,
        4 => I32,
        8 => I64,
        _ => I8X16,
    }
}

impl Lowering<'_> {
    /// A load or store.
    pub(crate) fn access(
        &mut self,
        opcode: Opcode,
        imm: Imm,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        let (Imm::Access(access), Some(&index)) = (imm, args.first()) else {
            return Err(Declined::Bug("an access without address"));
        };
        let width = opcode.row().width;
        let Place { address, offset, flags } = self.place(&access, index, width)?;
        let mut operands: Vec<V<'_>> = args.iter().map(|&value| self.emit.v(value)).collect();
        if matches!(opcode.class(), Class::load | Class::load_lane) {
            let load = Load { ty: accessed(width), address, offset, flags };
            operands.push(match self.is_shared(access.memory) {
                true => self.emit.v(self.seen(load)),
                false => V::pending(self.emit, load),
            });
            return self.expression(opcode, imm, operands);
        }
        // A store's expression does not read what it overwrites.
        operands.push(self.emit.v(index));
        let stored = self.expression(opcode, imm, operands)?;
        let &[stored] = stored.as_slice() else {
            return Err(Declined::Bug("a store of nothing"));
        };
        let flags = sunk::flags_of_store(&self.emit.stores, flags);
        planted!(
            LostStore,
            self.emit.ins(|i| i.store(flags, stored, address, offset)),
            return Ok(Vec::new())
        );
        Ok(Vec::new())
    }

    /// Whether threads share a memory.
    pub(crate) fn is_shared(&self, memory: u32) -> bool {
        self.module.memory(MemoryIdx(memory)).is_some_and(|ty| ty.shared)
    }

    /// The value of a load of a shared memory: two of one place are not one, and nothing that was
    /// stored is taken for what is loaded. To Cranelift, that is an atomic load, which to the
    /// processor is a load. A vector is loaded behind one of its lower half, over which Cranelift
    /// carries no knowledge of memory.
    fn seen(&self, Load { ty, address, offset, flags }: Load) -> Value {
        let emit = self.emit;
        let step = self.word(i64::from(offset) as u64);
        let at = emit.ins(|i| i.iadd(address, step));
        if ty != I8X16 {
            return emit.ins(|i| i.atomic_load(ty, flags, at));
        }
        emit.ins(|i| i.atomic_load(I64, flags, at));
        emit.ins(|i| i.load(ty, flags, at, 0))
    }

    /// The place of an access of `bytes` bytes; traps where it is not in the memory.
    pub(crate) fn place(
        &mut self,
        access: &Access,
        index: Value,
        bytes: u8,
    ) -> Result<Place, Declined> {
        let emit = self.emit;
        let memory = self.module.memory(MemoryIdx(access.memory));
        let memory = memory.ok_or(Declined::Bug("no such memory"))?;
        let end = access.offset.checked_add(bytes.into());
        let guarded = match self.layout.config().memory {
            MemoryShape::Guard { guard_bytes, .. } => {
                self.layout.config().signals
                    && !memory.memory64
                    && memory.page_size_log2 == 16
                    && end.is_some_and(|end| end <= guard_bytes)
            }
            MemoryShape::Explicit => false,
            MemoryShape::Masked => return self.masked(access.memory, access.offset, index, bytes),
        };
        if !guarded {
            let faults = self.layout.config().signals
                && memory.page_size_log2 == 16
                && end.is_some_and(|end| end <= offsets::LENGTH_GUARD_BYTES);
            return self.compared(access.memory, access.offset, index, (bytes, faults));
        }
        let base = self.base(self.layout.memory_base(planted!(OtherMemory, access.memory, 0)));
        let index = emit.ins(|i| i.uextend(I64, index));
        let address = emit.ins(|i| i.iadd(base, index));
        let offset = i32::try_from(access.offset).map_err(|_| Declined::Bug("an offset"))?;
        let offset = planted!(WrongOffset, offset, offset + 4);
        let flags = emit.flags(Region::Heap).with_endianness(abi::LITTLE);
        let out = abi::trap(traps::MEMORY_OUT_OF_BOUNDS);
        Ok(Place { address, offset, flags: flags.with_trap_code(Some(out)) })
    }

    /// The place of an access of `bytes` bytes, compared with the memory's length in any shape:
    /// where it `faults`, its index alone.
    fn compared(
        &mut self,
        memory: u32,
        offset: u64,
        index: Value,
        (bytes, faults): (u8, bool),
    ) -> Result<Place, Declined> {
        let emit = self.emit;
        let ty = self.module.memory(MemoryIdx(memory)).ok_or(Declined::Bug("no such memory"))?;
        let base = self.base(self.layout.memory_base(memory));
        let least = emit.constant(index).filter(|_| ty.memory64).unwrap_or(0);
        let end = offset.checked_add(bytes.into());
        let end = end.filter(|end| end.checked_add(least).is_some_and(|end| end <= ADDRESS_MAX));
        let end = end.map(|end| if faults { 0 } else { end });
        let reach = end.map(|end| self.reach(memory, index, end));
        let narrow = index;
        let index = match reach {
            Some(Reached::Inside(Some(wide))) => wide,
            // Without signals its sum is no instruction that needs it whole.
            _ if ty.memory64 && !emit.signals() => emit.whole(index),
            _ if ty.memory64 => emit.computed_once(index),
            _ => emit.ins(|i| i.uextend(I64, index)),
        };
        match reach.zip(end) {
            Some((Reached::Inside(_), _)) => {}
            Some((Reached::Not, end)) => {
                self.compare(memory, (narrow, index), end);
                self.was_compared((memory, narrow), end, index);
            }
            // No memory is so long.
            None => emit.trap_always(traps::MEMORY_OUT_OF_BOUNDS),
        }
        let flags = emit.flags(Region::Heap).with_endianness(abi::LITTLE);
        // What is behind the length of a shared memory faults, also where it was compared.
        let flags = if faults || ty.shared {
            flags.with_trap_code(Some(abi::trap(traps::MEMORY_OUT_OF_BOUNDS)))
        } else {
            flags.with_notrap()
        };
        let address = emit.ins(|i| i.iadd(base, index));
        let (address, offset) = match i32::try_from(offset) {
            Ok(offset) => (address, offset),
            Err(_) => {
                let offset = self.word(offset);
                (emit.ins(|i| i.iadd(address, offset)), 0)
            }
        };
        Ok(Place { address, offset, flags })
    }

    /// Compares an index, which has 64 bits as `index`, with a memory's length: where the bytes up
    /// to `end` behind it are not in the memory, it traps; for 0, where it is beyond the length.
    fn compare(&mut self, memory: u32, (narrow, index): (Value, Value), end: u64) {
        let emit = self.emit;
        let memory64 = self.emit.type_of(narrow) == I64;
        let len = self.memory_len(memory);
        let end = if end == 0 {
            index
        } else if memory64 {
            emit.sum_or_trap(index, end, traps::MEMORY_OUT_OF_BOUNDS)
        } else {
            let extent = self.word(end);
            emit.ins(|i| i.iadd(index, extent))
        };
        let beyond = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThan, end, len));
        emit.trap_if(beyond, traps::MEMORY_OUT_OF_BOUNDS);
    }

    /// The place of an access of `bytes` bytes, through a pointer that leads nowhere where the
    /// access is not in the memory.
    fn masked(
        &mut self,
        memory: u32,
        offset: u64,
        index: Value,
        bytes: u8,
    ) -> Result<Place, Declined> {
        let emit = self.emit;
        let ty = self.module.memory(MemoryIdx(memory)).ok_or(Declined::Bug("no such memory"))?;
        let out = abi::trap(traps::MEMORY_OUT_OF_BOUNDS);
        let flags = emit.flags(Region::Heap).with_endianness(abi::LITTLE);
        let flags = flags.with_trap_code(Some(out));
        let end = offset.checked_add(bytes.into()).filter(|&end| end <= ADDRESS_MAX);
        let Some(end) = end else {
            // No memory is so long.
            emit.trap_always(traps::MEMORY_OUT_OF_BOUNDS);
            return Ok(Place { address: self.nowhere(), offset: 0, flags });
        };
        let near = end <= u64::from(offsets::NOWHERE_BYTES);
        let displaced = if near { offset as i32 } else { 0 };
        if self.is_at_constant(memory, index, end) {
            let address = self.word(emit.constant(index).unwrap_or(0).wrapping_add(offset));
            let base = self.base(self.layout.memory_base(memory));
            let address = emit.ins(|i| i.iadd(base, address));
            return Ok(Place { address, offset: 0, flags: flags.with_notrap() });
        }
        let shares = near && !self.layout.moves();
        if shares && let Some(address) = self.inside.pointer(self.body, (memory, index), end) {
            return Ok(Place { address, offset: displaced, flags });
        }
        let base = self.base(self.layout.memory_base(memory));
        let from = self.clamped(index, ty.memory64, ADDRESS_MAX);
        let len = self.memory_len(memory);
        let extent = self.word(end);
        let end_at = emit.ins(|i| i.iadd(from, extent));
        let beyond = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThan, end_at, len));
        let address = emit.ins(|i| i.iadd(base, from));
        let address = if near {
            address
        } else {
            let offset = self.word(offset);
            emit.ins(|i| i.iadd(address, offset))
        };
        let nowhere = self.nowhere();
        let address = emit.ins(|i| i.select_spectre_guard(beyond, nowhere, address));
        if shares {
            self.inside.points((memory, index), (end, address));
        }
        Ok(Place { address, offset: displaced, flags })
    }

    /// An address of the zone that is never mapped.
    pub(crate) fn nowhere(&self) -> Value {
        let store = self.store_words();
        let at = offsets::STORE_NOWHERE as i32;
        self.emit.ins(|i| i.load(I64, abi::immutable(), store, at))
    }

    /// An index as a word of 64 bits, at most `most` where it has 64 bits: so sums with it do not
    /// wrap, and it is beyond every length if it was.
    pub(crate) fn clamped(&self, index: Value, wide: bool, most: u64) -> Value {
        let emit = self.emit;
        if !wide {
            return emit.ins(|i| i.uextend(I64, index));
        }
        let most = self.word(most);
        emit.ins(|i| i.umin(index, most))
    }

    /// `memory.copy` or `memory.fill` of a known number of bytes, if they are few: both ranges are
    /// compared, the epoch is tested, the bytes are paid for, all are read, then all are written.
    /// Whether it was appended.
    pub(crate) fn few_bytes(
        &mut self,
        opcode: Opcode,
        (to, from): (u32, u32),
        args: &[Value],
    ) -> Result<bool, Declined> {
        let &[at, second, n] = args else { return Ok(false) };
        let few = self.emit.constant(n).filter(|n| (1..=FEW_BYTES).contains(n));
        let copies = opcode == Opcode::MemoryCopy;
        let (Some(n), true) = (few, copies || opcode == Opcode::MemoryFill) else {
            return Ok(false);
        };
        if self.is_shared(to) || copies && self.is_shared(from) {
            return Ok(false);
        }
        let to = self.range(to, at, n as u8)?;
        let from = if copies { Some(self.range(from, second, n as u8)?) } else { None };
        let metering = self.layout.config().metering;
        if metering.epoch {
            self.poll()?;
        }
        if metering.fuel {
            self.charge(memory_cost(n))?;
        }
        let read: Vec<(i32, Value)> = pieces(n as i32)
            .into_iter()
            .map(|(at, ty)| match &from {
                Some(from) => {
                    let value = self.emit.ins(|i| i.load(ty, from.flags, from.address, at));
                    planted!(StoreBeforeLoad, (at, value), {
                        self.emit.ins(|i| i.store(to.flags, value, to.address, at));
                        (at, value)
                    })
                }
                None => (at, self.repeated(second, ty)),
            })
            .collect();
        for (at, value) in read {
            self.emit.ins(|i| i.store(to.flags, value, to.address, at));
        }
        Ok(true)
    }

    /// The place of the `bytes` bytes at an index, compared with the memory's length in any shape.
    fn range(&mut self, memory: u32, index: Value, bytes: u8) -> Result<Place, Declined> {
        let place = self.compared(memory, 0, index, (bytes, false))?;
        if self.layout.masks() { self.masked(memory, 0, index, bytes) } else { Ok(place) }
    }

    /// The low byte of a word in each byte of a type.
    fn repeated(&self, value: Value, ty: Type) -> Value {
        let emit = self.emit;
        if let Some(value) = emit.constant(value) {
            let bytes = [value as u8; 16];
            if ty == I8X16 {
                return constant_of(emit, ty, u128::from_le_bytes(bytes));
            }
            let word = u64::from_le_bytes([value as u8; 8]) >> (64 - ty.bits());
            return emit.ins(|i| i.iconst(ty, word as i64));
        }
        let byte = emit.ins(|i| i.ireduce(I8, value));
        if ty == I8X16 {
            return emit.ins(|i| i.splat(ty, byte));
        }
        let (word, ones) = (emit.ins(|i| i.uextend(I64, byte)), self.word(0x0101_0101_0101_0101));
        let ones = planted!(FillOfFewerBytes, ones, self.word(0x0101_0101_0101_0100));
        let word = emit.ins(|i| i.imul(word, ones));
        if ty == I64 { word } else { emit.ins(|i| i.ireduce(ty, word)) }
    }
}

/// Bytes of a `memory.copy` or `memory.fill` with inline code, at most.
const FEW_BYTES: u64 = 128;

/// Offsets and types of accesses that together cover `bytes` bytes, at least one; they may overlap.
fn pieces(bytes: i32) -> Vec<(i32, Type)> {
    let (size, ty) = match bytes {
        16.. => (16, I8X16),
        8.. => (8, I64),
        4.. => (4, I32),
        2.. => (2, I16),
        _ => (1, I8),
    };
    let whole = (0..bytes / size).map(|i| (i * size, ty));
    let rest = (bytes % size != 0).then_some((bytes - size, ty));
    whole.chain(rest).collect()
}
