//! Operators as text and as memory accesses, from the table of operators.

use prova_module::ops::Opcode;
use prova_module::{MemArg, Operator};

/// The memory argument of a load, store or atomic operator.
pub fn memarg(op: &Operator<'_>) -> Option<MemArg> {
    Opcode::immediates(op).memarg()
}

/// The operator's name in the text format.
pub fn mnemonic(op: &Operator<'_>) -> String {
    Opcode::of(op).mnemonic().to_owned()
}

/// The accesses of a memory operator to the bytes at its effective address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// It reads them.
    pub reads: bool,
    /// It writes them.
    pub writes: bool,
    /// The number of bytes.
    pub bytes: u64,
}

/// The most bytes that one access touches.
pub const ACCESS_BYTES_MAX: u64 = 16;

/// How a memory operator accesses memory.
pub fn access(op: &Operator<'_>) -> Option<Access> {
    let row = Opcode::of(op).row();
    let access = row.class.access()?;
    Some(Access { reads: access.reads, writes: access.writes, bytes: row.width.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_and_widths_follow_the_text_format() {
        let target = prova_module::MemArgTarget::Memory(0);
        let memarg = MemArg { align: 0, max_align: 3, offset: 0, target, ordering: None };
        let cases = [
            (Operator::I64Load16S { memarg }, "i64.load16_s", (true, false, 2)),
            (Operator::I32Store { memarg }, "i32.store", (false, true, 4)),
            (Operator::V128Load8x8S { memarg }, "v128.load8x8_s", (true, false, 8)),
            (Operator::F64Load { memarg }, "f64.load", (true, false, 8)),
            (Operator::V128Store32Lane { memarg, lane: 1 }, "v128.store32_lane", (false, true, 4)),
            (Operator::I64AtomicLoad8U { memarg }, "i64.atomic.load8_u", (true, false, 1)),
            (Operator::I32AtomicStore { memarg }, "i32.atomic.store", (false, true, 4)),
            (Operator::I64AtomicRmw16AddU { memarg }, "i64.atomic.rmw16.add_u", (true, true, 2)),
            (Operator::I32AtomicRmwCmpxchg { memarg }, "i32.atomic.rmw.cmpxchg", (true, true, 4)),
            (Operator::MemoryAtomicWait64 { memarg }, "memory.atomic.wait64", (true, false, 8)),
        ];
        for (op, name, (reads, writes, bytes)) in cases {
            assert_eq!(mnemonic(&op), name);
            assert_eq!(access(&op), Some(Access { reads, writes, bytes }), "{name}");
            assert!(bytes <= ACCESS_BYTES_MAX);
        }
        assert_eq!(access(&Operator::I32Add), None);
        assert_eq!(access(&Operator::MemoryAtomicNotify { memarg }), None);
        assert_eq!(mnemonic(&Operator::LocalGet { local_index: 0 }), "local.get");
        assert_eq!(mnemonic(&Operator::BrIf { relative_depth: 0 }), "br_if");
        assert_eq!(mnemonic(&Operator::I32WrapI64), "i32.wrap_i64");
    }
}
