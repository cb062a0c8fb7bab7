//! Loads, stores, growth and bulk operators: the near form for memory 0 with 32-bit addresses, the
//! far form for everything else.
//!
//! Far accesses of f32 and f64 use the integer forms, because a cell holds bits, and so do stores
//! of floats that are in no float's accumulator. An address is never folded into the offset:
//! `i32.add` wraps, the offset does not.

use crate::fuse::stored_immediate;
use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::{MemArg, MemArgTarget, Operator};

/// The immediates of an access.
pub(crate) enum Access {
    /// Memory 0, 32-bit addresses, an offset of 32 bits.
    Near(u64),
    /// An offset and a memory.
    Far(u64, u64),
}

macro_rules! accesses {
    ($cx:ident, $operator:ident;
     loads $($load:ident: $near:ident $far:ident,)*;
     stores $($store:ident: $snear:ident $sfar:ident,)*) => {
        match $operator {
            $(Operator::$load { memarg } => $cx.load(Op::$near, Op::$far, memarg, false),)*
            $(Operator::$store { memarg } => $cx.store(Op::$snear, Op::$sfar, memarg),)*
            _ => return $cx.bulk_memory($operator),
        }
    };
}

impl Cx<'_> {
    /// Translates an operator on memories; says whether `operator` is one.
    pub(crate) fn memory(&mut self, operator: &Operator<'_>) -> bool {
        accesses! { self, operator;
            loads
            I32Load: I32Load I32LoadFar,
            I64Load: I64Load I64LoadFar,
            F32Load: F32Load I32LoadFar,
            F64Load: F64Load I64LoadFar,
            I32Load8S: I32Load8S I32Load8SFar,
            I32Load8U: I32Load8U I32Load8UFar,
            I32Load16S: I32Load16S I32Load16SFar,
            I32Load16U: I32Load16U I32Load16UFar,
            I64Load8S: I64Load8S I64Load8SFar,
            I64Load8U: I64Load8U I64Load8UFar,
            I64Load16S: I64Load16S I64Load16SFar,
            I64Load16U: I64Load16U I64Load16UFar,
            I64Load32S: I64Load32S I64Load32SFar,
            I64Load32U: I64Load32U I64Load32UFar,;
            stores
            I32Store: I32Store I32StoreFar,
            I64Store: I64Store I64StoreFar,
            F32Store: I32Store I32StoreFar,
            F64Store: I64Store I64StoreFar,
            I32Store8: I32Store8 I32Store8Far,
            I32Store16: I32Store16 I32Store16Far,
            I64Store8: I64Store8 I64Store8Far,
            I64Store16: I64Store16 I64Store16Far,
            I64Store32: I64Store32 I64Store32Far,
        }
        true
    }

    fn bulk_memory(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::MemorySize { mem } => self.plain(Op::MemorySize, &[mem.into()]),
            Operator::MemoryGrow { mem } => self.plain(Op::MemoryGrow, &[mem.into()]),
            Operator::MemoryFill { mem } => self.plain(Op::MemoryFill, &[mem.into()]),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.plain(Op::MemoryCopy, &[dst_mem.into(), src_mem.into()]);
            }
            Operator::MemoryInit { data_index, mem } => {
                self.plain(Op::MemoryInit, &[mem.into(), data_index.into()]);
            }
            Operator::DataDrop { data_index } => self.plain(Op::DataDrop, &[data_index.into()]),
            _ => return false,
        }
        true
    }

    /// The memory that a memory argument names.
    pub(crate) fn memory_index(&mut self, memarg: &MemArg) -> u32 {
        match memarg.target {
            MemArgTarget::Memory(memory) => memory,
            _ => {
                self.bug("a memory argument without memory");
                0
            }
        }
    }

    /// The form of an access.
    pub(crate) fn access(&mut self, memarg: &MemArg) -> Access {
        let memory = self.memory_index(memarg);
        let near = memory == 0
            && u32::try_from(memarg.offset).is_ok()
            && self.module.memories().first().is_some_and(|m| !m.memory64);
        if near { Access::Near(memarg.offset) } else { Access::Far(memarg.offset, memory.into()) }
    }

    /// Translates a load.
    pub(crate) fn load(&mut self, near: Op, far: Op, memarg: &MemArg, wide: bool) {
        let address = self.b.stack.pop();
        let access = self.access(memarg);
        if let Access::Near(offset) = access
            && let Some((op, [p, q])) = self.combine_address(near, &address, offset)
        {
            return self.emit_push(op, wide, [p, q, offset]);
        }
        let address = self.operand(&address);
        match access {
            Access::Near(offset) => self.emit_push(near, wide, [address, offset]),
            Access::Far(offset, memory) => self.emit_push(far, wide, [address, offset, memory]),
        }
    }

    /// Translates a store.
    pub(crate) fn store(&mut self, near: Op, far: Op, memarg: &MemArg) {
        let value = self.b.stack.pop();
        if let Access::Near(offset) = self.access(memarg)
            && let Some((op, imm)) = stored_immediate(near, &value)
        {
            let address = self.pop_operand();
            self.emit(op, &[address, imm, offset]);
            return;
        }
        let value = self.operand(&value);
        let address = self.pop_operand();
        let near = match (near, self.copy_of(value as u16)) {
            (Op::I32Store, Op::CopyF32) => Op::F32Store,
            (Op::I64Store, Op::CopyF64) => Op::F64Store,
            (near, _) => near,
        };
        match self.access(memarg) {
            Access::Near(offset) => self.emit(near, &[address, value, offset]),
            Access::Far(offset, memory) => self.emit(far, &[address, offset, memory, value]),
        };
    }
}
