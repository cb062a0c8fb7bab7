//! Atomic operators, and all accesses of shared memories: those have one instruction, on a window
//! ([`prova_module::SharedAccess`]).

use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::{MemoryIdx, Operator, shared_access};

macro_rules! atomics {
    ($cx:ident, $operator:ident; $($name:ident)*) => {
        match $operator {
            $(Operator::$name { memarg } => {
                let memory = $cx.memory_index(memarg);
                $cx.plain(Op::$name, &[memarg.offset, memory.into()]);
            })*
            Operator::AtomicFence { .. } => $cx.plain(Op::AtomicFence, &[]),
            _ => return false,
        }
    };
}

impl Cx<'_> {
    /// Translates an access of a shared memory; says whether `operator` is one.
    #[inline]
    pub(crate) fn shared(&mut self, operator: &Operator<'_>) -> bool {
        self.shares && self.shared_access(operator)
    }

    fn shared_access(&mut self, operator: &Operator<'_>) -> bool {
        let Some((access, memory, offset)) = shared_access(operator) else { return false };
        if !self.module.is_shared(MemoryIdx(memory)) {
            return false;
        }
        let count = access.operands() as usize;
        self.home_top(count);
        let Some(at) = self.b.stack.height().checked_sub(count) else { return true };
        let window = self.b.stack.get(at).home;
        let values = [window.into(), access.code().into(), offset, memory.into()];
        self.emit(Op::SharedAccess, &values);
        self.b.stack.truncate(at);
        if access.result_cells() > 0 {
            self.b.stack.push_home(access.result_cells() == 2);
        }
        true
    }

    /// Translates an atomic operator; says whether `operator` is one.
    pub(crate) fn atomic(&mut self, operator: &Operator<'_>) -> bool {
        atomics! { self, operator;
            I32AtomicLoad I64AtomicLoad I32AtomicLoad8U I32AtomicLoad16U
            I64AtomicLoad8U I64AtomicLoad16U I64AtomicLoad32U
            I32AtomicStore I64AtomicStore I32AtomicStore8 I32AtomicStore16
            I64AtomicStore8 I64AtomicStore16 I64AtomicStore32
            I32AtomicRmwAdd I64AtomicRmwAdd I32AtomicRmw8AddU I32AtomicRmw16AddU
            I64AtomicRmw8AddU I64AtomicRmw16AddU I64AtomicRmw32AddU
            I32AtomicRmwSub I64AtomicRmwSub I32AtomicRmw8SubU I32AtomicRmw16SubU
            I64AtomicRmw8SubU I64AtomicRmw16SubU I64AtomicRmw32SubU
            I32AtomicRmwAnd I64AtomicRmwAnd I32AtomicRmw8AndU I32AtomicRmw16AndU
            I64AtomicRmw8AndU I64AtomicRmw16AndU I64AtomicRmw32AndU
            I32AtomicRmwOr I64AtomicRmwOr I32AtomicRmw8OrU I32AtomicRmw16OrU
            I64AtomicRmw8OrU I64AtomicRmw16OrU I64AtomicRmw32OrU
            I32AtomicRmwXor I64AtomicRmwXor I32AtomicRmw8XorU I32AtomicRmw16XorU
            I64AtomicRmw8XorU I64AtomicRmw16XorU I64AtomicRmw32XorU
            I32AtomicRmwXchg I64AtomicRmwXchg I32AtomicRmw8XchgU I32AtomicRmw16XchgU
            I64AtomicRmw8XchgU I64AtomicRmw16XchgU I64AtomicRmw32XchgU
            I32AtomicRmwCmpxchg I64AtomicRmwCmpxchg I32AtomicRmw8CmpxchgU I32AtomicRmw16CmpxchgU
            I64AtomicRmw8CmpxchgU I64AtomicRmw16CmpxchgU I64AtomicRmw32CmpxchgU
            MemoryAtomicNotify MemoryAtomicWait32 MemoryAtomicWait64
        }
        true
    }
}
