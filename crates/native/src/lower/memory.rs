//! Loads and stores: where they go, and what keeps them inside their memory.
//!
//! The address is `index + offset`, the index a value of the memory's address type. Two forms:
//!
//! * *Guard*, for memories with 32-bit addresses and pages of 64 KiB, where the layout's shape is
//!   the guard and `offset + size` fits it: the index is zero-extended and the access goes to
//!   `base + index + offset` without a compare; what lies beyond the memory faults.
//! * *Explicit*, for all others: `end = index + (offset + size)`, a trap if that overflows (64-bit
//!   addresses only) or `end > length`, then the access, which cannot fault.
//!
//! Noticed by: `tests/run.rs` on both sides of each bound.

use crate::Declined;
use crate::abi;
use crate::emit::{Load, Region, V};
use crate::lower::Lowering;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I8X16, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use prova_check::{MemoryShape, offsets, traps};
use prova_module::ops::Class;
use prova_module::{MemoryIdx, Opcode};
use prova_ssa::{Access, Imm};

/// Bytes that a memory or a table has at most: what a process can address.
pub(crate) const ADDRESS_MAX: u64 = 1 << 47;

/// Where an access goes.
pub(crate) struct Place {
    /// The address, but for
    pub(crate) address: Value,
    /// this.
    pub(crate) offset: i32,
    /// How it is accessed.
    pub(crate) flags: MemFlagsData,
}

/// The CLIF type of an access of so many bytes.
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
            operands.push(V::pending(self.emit, load));
            return self.expression(opcode, imm, operands);
        }
        // A store's expression does not read what it overwrites.
        operands.push(self.emit.v(index));
        let stored = self.expression(opcode, imm, operands)?;
        let &[stored] = stored.as_slice() else {
            return Err(Declined::Bug("a store of nothing"));
        };
        self.emit.ins(|i| i.store(flags, stored, address, offset));
        Ok(Vec::new())
    }

    /// Where an access of so many bytes goes; traps where that is not in the memory.
    pub(crate) fn place(
        &mut self,
        access: &Access,
        index: Value,
        bytes: u8,
    ) -> Result<Place, Declined> {
        let emit = self.emit;
        let memory = self.module.memory(MemoryIdx(access.memory));
        let memory = memory.ok_or(Declined::Bug("no such memory"))?;
        let base = self.field(self.layout.memory_base(access.memory));
        let least = emit.constant(index).filter(|_| memory.memory64).unwrap_or(0);
        let index = match memory.memory64 {
            // Without signals its sum is no instruction that needs it whole.
            true if !emit.signals() => emit.whole(index),
            true => index,
            false => emit.ins(|i| i.uextend(I64, index)),
        };
        let end = access.offset.checked_add(bytes.into());
        let guarded = match self.layout.config().memory {
            MemoryShape::Guard { guard_bytes, .. } => {
                self.layout.config().signals
                    && !memory.memory64
                    && memory.page_size_log2 == 16
                    && end.is_some_and(|end| end <= guard_bytes)
            }
            MemoryShape::Explicit => false,
        };
        let flags = emit.flags(Region::Heap).with_endianness(abi::LITTLE);
        if guarded {
            let address = emit.ins(|i| i.iadd(base, index));
            let offset = i32::try_from(access.offset).map_err(|_| Declined::Bug("an offset"))?;
            let out = abi::trap(traps::MEMORY_OUT_OF_BOUNDS);
            return Ok(Place { address, offset, flags: flags.with_trap_code(Some(out)) });
        }
        let record = self.field(self.layout.memory(access.memory));
        let len = emit.flags(Region::Store).with_notrap();
        let len = emit.ins(|i| i.load(I64, len, record, offsets::OBJECT_LEN as i32));
        match end.filter(|end| end.checked_add(least).is_some_and(|end| end <= ADDRESS_MAX)) {
            Some(end) => {
                let end = if memory.memory64 {
                    emit.sum_or_trap(index, end, traps::MEMORY_OUT_OF_BOUNDS)
                } else {
                    let extent = self.word(end);
                    emit.ins(|i| i.iadd(index, extent))
                };
                let beyond = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThan, end, len));
                emit.trap_if(beyond, traps::MEMORY_OUT_OF_BOUNDS);
            }
            // No memory is so long.
            None => emit.trap_always(traps::MEMORY_OUT_OF_BOUNDS),
        }
        let address = emit.ins(|i| i.iadd(base, index));
        let (address, offset) = match i32::try_from(access.offset) {
            Ok(offset) => (address, offset),
            Err(_) => {
                let offset = self.word(access.offset);
                (emit.ins(|i| i.iadd(address, offset)), 0)
            }
        };
        Ok(Place { address, offset, flags: flags.with_notrap() })
    }
}
